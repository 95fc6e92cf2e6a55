//! What is added to events and removed from them before they reach a target: catalogue,
//! identifiers, personal data.

use crate::diagnostics::{SIDE_FILE, WithHelp as _, usage_error};
use crate::open::{Containers, bytes, choose_common_format};
use std::path::PathBuf;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{Format, Grain, Registry};
use transpose_engine::{Catalogue, PersonalData, Reading, UserKey};
use transpose_io::Input;

/// The catalogue, the handling of personal data, and identifiers.
#[derive(clap::Args)]
pub(crate) struct EnrichmentOptions {
    /// A catalogue of tracks and releases, joined to events that only have ids: a table with track
    /// ids, release ids or both; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Vec<PathBuf>,
    /// How to handle user ids and other personal data. By default only the users' own service gets
    /// them
    #[arg(long, value_name = "WHAT")]
    user_ids: Option<UserIds>,
    /// The file with the secret key for `--user-ids hash`; without it the variable
    /// `TRANSPOSE_USER_KEY` is the key
    #[arg(long, value_name = "FILE")]
    pub(crate) user_key: Option<PathBuf>,
    /// Make an id from the content of events without one; equal rows get equal ids
    #[arg(long)]
    pub(crate) make_ids: bool,
}

/// What happens to personal data.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum UserIds {
    /// Keep it
    Keep,
    /// Drop it
    Drop,
    /// Hash user ids with a secret key, drop the rest
    Hash,
}

impl EnrichmentOptions {
    /// The options of a job; whether personal data is kept depends on each target.
    pub(crate) fn with_catalogue(catalogue: Vec<PathBuf>, make_ids: bool) -> Self {
        Self { catalogue, user_ids: None, user_key: None, make_ids }
    }

    /// Reads the catalogue, if there is one, and returns its diagnostics with it.
    pub(crate) fn read(
        &self,
        registry: &Registry,
        reading: Reading,
    ) -> Result<(Option<Catalogue>, Diagnostics), Fatal> {
        if self.catalogue.is_empty() {
            return Ok((None, Diagnostics::default()));
        }
        let opener = Containers::default().opener(registry, None);
        let inputs = opener.inputs(&self.catalogue, reading.threads)?;
        let format = choose_common_format(registry, None, &inputs)?.format;
        if format.manifest().grain != Grain::Catalogue {
            let name = inputs.first().map_or("", Input::name);
            let message = format!("`{name}` is `{}`, which is no catalogue", format.manifest().id);
            return Err(usage_error(&SIDE_FILE, message)
                .with_help("Give a table with track ids or release ids and their descriptions."));
        }
        let (catalogue, found) = Catalogue::read(&inputs, format, &[], reading)?;
        let mut diagnostics = opener.diagnostics();
        diagnostics.merge(found);
        Ok((Some(catalogue), diagnostics))
    }

    /// What happens to personal data on its way to a target.
    pub(crate) fn personal_data(&self, target: &dyn Format) -> Result<PersonalData, Fatal> {
        Ok(match self.user_ids {
            Some(UserIds::Drop) => PersonalData::Drop,
            Some(UserIds::Hash) => PersonalData::Hash(self.key()?),
            None if target.personal().is_empty() => PersonalData::Drop,
            Some(UserIds::Keep) | None => PersonalData::Keep,
        })
    }

    fn key(&self) -> Result<UserKey, Fatal> {
        let key = match &self.user_key {
            Some(path) => bytes(path)?,
            None => std::env::var_os("TRANSPOSE_USER_KEY").unwrap_or_default().into_encoded_bytes(),
        };
        UserKey::new(key.trim_ascii())
    }
}
