//! What a part of a run has found, lost and accounted for; merged in the order of the input.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::field::Field;
use crate::ledger::{Imbalance, Ledger};
use crate::loss::Loss;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many findings of one code are kept in full, unless another number is asked for; the rest are
/// counted.
pub const KEPT: usize = 20;

/// Findings: the first of each code in full, the rest as a count.
#[derive(Clone, Debug)]
pub struct Findings {
    kept: Vec<Diagnostic>,
    counts: BTreeMap<&'static str, Count>,
    most: usize,
}

/// The findings of one code.
#[derive(Clone, Copy, Debug)]
struct Count {
    code: &'static Code,
    all: u64,
    /// How many of them are kept in full.
    kept: usize,
}

impl Default for Findings {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl Findings {
    /// Findings of which the first `most` of each code are kept in full.
    pub const fn keeping(most: usize) -> Self {
        Self { kept: Vec::new(), counts: BTreeMap::new(), most }
    }

    /// Adds a finding. Personal data is taken out of it: messages go to logs and to other people.
    pub fn push(&mut self, mut finding: Diagnostic) {
        if finding.location.field.is_some_and(Field::is_personal) {
            finding.value = None;
        }
        let most = self.most;
        let count = self.of_code(finding.code);
        // Once one was only counted, none is kept any more: what is kept are the first.
        let keep = count.all == count.kept as u64 && count.kept < most;
        count.all += 1;
        if keep {
            count.kept += 1;
            self.kept.push(finding);
        }
    }

    /// Whether another finding of this code would be kept in full; callers may save themselves the
    /// work of describing it.
    pub fn keeps(&self, code: &'static Code) -> bool {
        self.most > 0
            && self
                .counts
                .get(code.id)
                .is_none_or(|count| count.all == count.kept as u64 && count.kept < self.most)
    }

    /// Counts a finding without a description.
    pub fn count(&mut self, code: &'static Code, times: u64) {
        self.of_code(code).all += times;
    }

    fn of_code(&mut self, code: &'static Code) -> &mut Count {
        self.counts.entry(code.id).or_insert(Count { code, all: 0, kept: 0 })
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

    /// Puts the findings into an order of the caller's; equal ones stay as they are.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&Diagnostic) -> K) {
        self.kept.sort_by_key(key);
    }

    /// Forgets the codes that are not wanted, with their counts.
    pub fn retain(&mut self, wanted: impl Fn(&'static Code) -> bool) {
        self.kept.retain(|finding| wanted(finding.code));
        self.counts.retain(|_, count| wanted(count.code));
    }

    /// Adds the findings of a later part.
    pub fn merge(&mut self, later: Self) {
        let Self { kept, counts, .. } = later;
        for finding in kept {
            self.push(finding);
        }
        for (_, count) in counts {
            self.count(count.code, count.all - count.kept as u64);
        }
    }

    /// The findings that were kept in full, in the order of the input.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// How many findings there are of each code.
    pub fn counts(&self) -> impl Iterator<Item = (&'static Code, u64)> {
        self.counts.values().map(|count| (count.code, count.all))
    }

    /// How many findings are of the given severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.counts().filter(|(code, _)| code.severity == severity).map(|(_, count)| count).sum()
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
    /// A report whose findings keep the first `most` of each code in full.
    pub fn keeping(most: usize) -> Self {
        Self { findings: Findings::keeping(most), ..Self::default() }
    }

    /// Adds the report of a later part.
    pub fn merge(&mut self, later: Self) -> Result<(), Imbalance> {
        self.findings.merge(later.findings);
        self.loss.merge(later.loss);
        self.ledger.merge(&later.ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Location;

    crate::codes! {
        FIRST: "TST0001" "first" Error "About." "Help."
        SECOND: "TST0002" "second" Warning "About." "Help."
    }

    fn part(most: usize, lines: std::ops::Range<u64>) -> Findings {
        let mut findings = Findings::keeping(most);
        findings.extend(lines.map(|line| Diagnostic::new(&FIRST, Location::line(line, 0), "")));
        findings
    }

    fn lines(findings: &Findings) -> Vec<u64> {
        findings.iter().filter_map(|finding| finding.location.line).collect()
    }

    /// However the findings are cut into parts, the first are kept and all are counted.
    #[test]
    fn parts_are_merged_as_if_they_had_been_one() {
        for most in [0, 1, 5, 20] {
            for cut in 0..=12 {
                let mut findings = part(most, 0..cut);
                findings.merge(part(most, cut..12));
                assert_eq!(lines(&findings), (0..12.min(most as u64)).collect::<Vec<_>>());
                assert_eq!(findings.of(Severity::Error), 12);
                assert_eq!(findings.keeps(&FIRST), most > 12);
                assert_eq!(findings.keeps(&SECOND), most > 0);
            }
        }
    }

    #[test]
    fn personal_data_is_not_told() {
        let mut findings = Findings::default();
        for field in [Field::USER, Field::DEVICE] {
            findings.push(Diagnostic::new(&FIRST, Location::default().field(field), "").value(b"u-1"));
        }
        let told: Vec<_> = findings.iter().map(|finding| finding.value.as_deref()).collect();
        assert_eq!(told, [None, Some("u-1")]);
    }

    #[test]
    fn what_was_only_counted_is_followed_by_counts() {
        let mut findings = part(5, 0..2);
        findings.count(&FIRST, 3);
        findings.merge(part(5, 5..7));
        assert_eq!((lines(&findings), findings.of(Severity::Error)), (vec![0, 1], 7));
        findings.push(Diagnostic::new(&SECOND, Location::default(), ""));
        findings.retain(|code| code == &SECOND);
        assert_eq!((findings.iter().count(), findings.of(Severity::Error)), (1, 0));
    }
}
