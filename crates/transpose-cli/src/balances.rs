//! The companion files of reports that pay royalties: the account balances between periods, and the
//! explanation of amounts.

use crate::diagnostics::{WithHelp as _, argument_error, usage_error};
use crate::open;
use std::fs;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::terms::Terms as _;
use transpose_deals::{Balances, PeriodTerms};
use transpose_engine::diagnostics::io;
use transpose_engine::{CompanionFile, Outcome};
use transpose_io::{Input, sha256_file};

transpose_core::codes! {
    /// Accounts that changed while the run was under way.
    pub(crate) CHANGED: "CLI0501" "accounts-changed" Error
        "Another run changed the balances during this one. Replacing the file would lose its changes."
        "Run again: what the other run has changed is then read."
}

/// The file with the balances of deals, which a run reads and replaces.
pub(crate) struct BalancesFile<'a> {
    path: &'a Path,
    /// The text that was read; `None` if there was no file.
    text: Option<String>,
    balances: Balances,
    redo: bool,
}

impl<'a> BalancesFile<'a> {
    /// Reads the balances, if the file exists. With `redo`, a period that they contain is computed
    /// again.
    pub(crate) fn open(path: &'a Path, redo: bool) -> Result<Self, Fatal> {
        let source = path.to_string_lossy();
        let text = if path.exists() { Some(open::text(path)?) } else { None };
        let balances = match &text {
            Some(text) => Balances::parse(&source, text)?,
            None => Balances::new(&source),
        };
        Ok(Self { path, text, balances, redo })
    }

    /// Carries the balances of the deals into the period; returns warnings.
    pub(crate) fn carry(&self, terms: &mut PeriodTerms) -> Result<Diagnostics, Fatal> {
        let mut diagnostics = Diagnostics::default();
        if terms.royalties().is_some() {
            diagnostics.extend(self.balances.carry(terms, self.redo)?);
        }
        Ok(diagnostics)
    }

    /// The balances after the run; `None` if no deal has any.
    pub(crate) fn after(
        &self,
        outcomes: &[Outcome],
        inputs: &[Input],
    ) -> Result<Option<CompanionFile>, Fatal> {
        let closings = outcomes.iter().filter_map(|outcome| outcome.royalties.as_ref()?.closing.as_ref());
        let mut balances = self.balances.clone();
        let mut any = false;
        let digest = digest(inputs)?;
        for closing in closings {
            balances.record(closing, &digest)?;
            any = true;
        }
        if !any {
            return Ok(None);
        }
        let now = fs::read_to_string(self.path).ok();
        if now != self.text {
            let message = format!("`{}` is no longer what it was when the run began", self.path.display());
            return Err(usage_error(&CHANGED, message));
        }
        let (path, bytes) = (self.path.to_path_buf(), balances.to_text().into_bytes());
        Ok(Some(CompanionFile { path, bytes, replace: true }))
    }
}

/// The hashes of the inputs, which identify a run.
fn digest(inputs: &[Input]) -> Result<String, Fatal> {
    let mut hashes = Vec::new();
    for input in inputs {
        hashes.push(match input.path() {
            Some(path) => format!("sha256:{}", sha256_file(path).map_err(|error| io(&error))?),
            None => format!("`{}`", input.name()),
        });
    }
    Ok(hashes.join(" "))
}

/// The explanation of the amounts of a report, as a file.
pub(crate) fn explanation(path: PathBuf, outcome: &Outcome, replace: bool) -> Result<CompanionFile, Fatal> {
    let Some(payable) = &outcome.royalties else {
        let message = "there are no amounts to explain: the agreement has no `[[deal]]`, or the target holds single plays";
        return Err(argument_error(message).with_help(
            "Add a `[[deal]]` to the agreement (`transpose init agreement`), or leave the explanation out.",
        ));
    };
    Ok(CompanionFile { path, bytes: payable.explanation.clone().into_bytes(), replace })
}
