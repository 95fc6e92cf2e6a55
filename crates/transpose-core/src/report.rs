//! What a part of a run has found, lost and accounted for; merged in the order of the input.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::ledger::{Imbalance, Ledger};
use crate::loss::Loss;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many findings of one code are kept in full; the rest are counted.
pub const KEPT: usize = 20;

/// Findings: the first of each code in full, the rest as a count.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    kept: Vec<Diagnostic>,
    counts: BTreeMap<&'static str, (&'static Code, u64)>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        let (_, count) = self.counts.entry(finding.code.id).or_insert((finding.code, 0));
        *count += 1;
        if *count <= KEPT as u64 {
            self.kept.push(finding);
        }
    }

    /// Whether another finding of this code would be kept in full; callers may save themselves the work of describing it.
    pub fn keeps(&self, code: &'static Code) -> bool {
        self.counts.get(code.id).is_none_or(|(_, count)| *count < KEPT as u64)
    }

    /// Counts a finding without a description.
    pub fn count(&mut self, code: &'static Code, times: u64) {
        self.counts.entry(code.id).or_insert((code, 0)).1 += times;
    }

    /// Names the input in every place that does not name one.
    pub fn name_source(&mut self, source: &Arc<str>) {
        for finding in &mut self.kept {
            finding.location.source.get_or_insert_with(|| Arc::clone(source));
        }
    }

    /// Puts the findings into the order of their lines; those without a line come first.
    pub fn sort_by_line(&mut self) {
        self.kept.sort_by_key(|finding| finding.location.line);
    }

    /// Adds the findings of a later part.
    pub fn merge(&mut self, later: Self) {
        for finding in later.kept {
            let (_, count) = self.counts.entry(finding.code.id).or_insert((finding.code, 0));
            if *count < KEPT as u64
                && self.kept.iter().filter(|kept| kept.code == finding.code).count() < KEPT
            {
                self.kept.push(finding);
            }
        }
        for (id, (code, count)) in later.counts {
            self.counts.entry(id).or_insert((code, 0)).1 += count;
        }
    }

    /// The findings that were kept in full, in the order of the input.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// How many findings there are of each code.
    pub fn counts(&self) -> impl Iterator<Item = (&'static Code, u64)> {
        self.counts.values().copied()
    }

    /// How many findings are of the given severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.counts.values().filter(|(code, _)| code.severity == severity).map(|(_, count)| count).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Extend<Diagnostic> for Findings {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, findings: I) {
        for finding in findings {
            self.push(finding);
        }
    }
}

/// Findings, loss and ledger of a part of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was found.
    pub findings: Findings,
    /// What was lost.
    pub loss: Loss,
    /// What was accounted for.
    pub ledger: Ledger,
}

impl Report {
    /// Adds the report of a later part.
    pub fn merge(&mut self, later: Self) -> Result<(), Imbalance> {
        self.findings.merge(later.findings);
        self.loss.merge(later.loss);
        self.ledger.merge(&later.ledger)
    }
}
