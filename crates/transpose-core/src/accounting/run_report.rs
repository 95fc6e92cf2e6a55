//! What a part of a run has found, lost and accounted for; merged in the order of the input.

use crate::accounting::{Imbalance, Ledger, Loss};
use crate::diagnostics::Diagnostics;

/// Diagnostics, loss and ledger of a part of a run.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// What was found.
    pub diagnostics: Diagnostics,
    /// What was lost.
    pub loss: Loss,
    /// What was accounted for.
    pub ledger: Ledger,
}

impl RunReport {
    /// A report whose diagnostics keep the first `most` of each code in full.
    pub fn keeping(most: usize) -> Self {
        Self { diagnostics: Diagnostics::keeping(most), ..Self::default() }
    }

    /// Adds the report of a later part.
    pub fn merge(&mut self, later: Self) -> Result<(), Imbalance> {
        self.diagnostics.merge(later.diagnostics);
        self.loss.merge(later.loss);
        self.ledger.merge(&later.ledger)
    }
}
