//! The agreement and the figures of a conversion.

use crate::open::{bytes, text};
use std::path::PathBuf;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_deals::{Agreement, Figures, PeriodTerms};

/// The agreement and the figures, which come together or not at all.
#[derive(clap::Args)]
pub(crate) struct SideFiles {
    /// The agreement: parties, sales contexts, qualifying plays (`transpose init agreement`)
    #[arg(long, value_name = "FILE")]
    pub(crate) agreement: Option<PathBuf>,
    /// The figures of the period: revenue, subscribers, rates (`transpose init figures`)
    #[arg(long, value_name = "FILE", requires = "agreement")]
    pub(crate) figures: Option<PathBuf>,
}

impl SideFiles {
    /// Reads both files. All errors of one file are reported together.
    pub(crate) fn terms(&self, period: Option<Period>) -> Result<Option<PeriodTerms>, Fatal> {
        let Some(path) = &self.agreement else { return Ok(None) };
        let agreement = Agreement::parse(&path.to_string_lossy(), &text(path)?)?;
        let figures = match &self.figures {
            Some(path) => Some(Figures::parse(&path.to_string_lossy(), &bytes(path)?)?),
            None => None,
        };
        PeriodTerms::new(agreement, figures, period).map(Some)
    }
}

/// The warnings about an agreement and its figures.
pub(crate) fn warnings(terms: Option<&PeriodTerms>) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(terms.iter().flat_map(|terms| terms.warnings().iter().cloned()));
    diagnostics
}
