//! Diagnostics of a run: the first of each code in full, the rest as a count.

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::Field;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many diagnostics of one code are kept in full, unless another number is asked for; the rest
/// are counted.
pub const KEPT: usize = 20;

/// Diagnostics: the first of each code in full, the rest as a count.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    counts: BTreeMap<&'static str, Count>,
    most: usize,
}

/// The diagnostics of one code.
#[derive(Clone, Copy, Debug)]
struct Count {
    code: &'static Code,
    all: u64,
    /// How many of them are kept in full.
    kept: usize,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl Diagnostics {
    /// Diagnostics of which the first `most` of each code are kept in full.
    pub const fn keeping(most: usize) -> Self {
        Self { kept: Vec::new(), counts: BTreeMap::new(), most }
    }

    /// Adds a diagnostic. Personal data is taken out of it: messages go to logs and to other
    /// people.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        if diagnostic.location.field.is_some_and(Field::is_personal) {
            diagnostic.value = None;
        }
        let most = self.most;
        let count = self.of_code(diagnostic.code);
        // Once one was only counted, none is kept any more: what is kept are the first.
        let keep = count.all == count.kept as u64 && count.kept < most;
        count.all += 1;
        if keep {
            count.kept += 1;
            self.kept.push(diagnostic);
        }
    }

    /// Whether another diagnostic of this code would be kept in full; callers may save themselves
    /// the work of describing it.
    pub fn keeps(&self, code: &'static Code) -> bool {
        self.most > 0
            && self
                .counts
                .get(code.id)
                .is_none_or(|count| count.all == count.kept as u64 && count.kept < self.most)
    }

    /// Counts a diagnostic without a description.
    pub fn count(&mut self, code: &'static Code, times: u64) {
        self.of_code(code).all += times;
    }

    /// Adds a diagnostic that is described only if it is kept in full; otherwise it is counted.
    pub fn report(&mut self, code: &'static Code, describe: impl FnOnce() -> Diagnostic) {
        if self.keeps(code) {
            self.push(describe());
        } else {
            self.count(code, 1);
        }
    }

    fn of_code(&mut self, code: &'static Code) -> &mut Count {
        self.counts.entry(code.id).or_insert(Count { code, all: 0, kept: 0 })
    }

    /// Names the input in every place that does not name one.
    pub fn name_source(&mut self, source: &Arc<str>) {
        for diagnostic in &mut self.kept {
            diagnostic.location.source.get_or_insert_with(|| Arc::clone(source));
        }
    }

    /// Puts the diagnostics into the order of their lines; those without a line come first.
    pub fn sort_by_line(&mut self) {
        self.kept.sort_by_key(|diagnostic| diagnostic.location.line);
    }

    /// Puts the diagnostics into an order of the caller's; equal ones stay as they are.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&Diagnostic) -> K) {
        self.kept.sort_by_key(key);
    }

    /// Forgets the codes that are not wanted, with their counts.
    pub fn retain(&mut self, wanted: impl Fn(&'static Code) -> bool) {
        self.kept.retain(|diagnostic| wanted(diagnostic.code));
        self.counts.retain(|_, count| wanted(count.code));
    }

    /// Adds the diagnostics of a later part.
    pub fn merge(&mut self, later: Self) {
        let Self { kept, counts, .. } = later;
        for diagnostic in kept {
            self.push(diagnostic);
        }
        for (_, count) in counts {
            self.count(count.code, count.all - count.kept as u64);
        }
    }

    /// The diagnostics that were kept in full, in the order of the input.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// How many diagnostics there are of each code.
    pub fn counts(&self) -> impl Iterator<Item = (&'static Code, u64)> {
        self.counts.values().map(|count| (count.code, count.all))
    }

    /// How many diagnostics are of the given severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.counts().filter(|(code, _)| code.severity == severity).map(|(_, count)| count).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Location;

    crate::codes! {
        FIRST: "TST0001" "first" Error "About." "Help."
        SECOND: "TST0002" "second" Warning "About." "Help."
    }

    fn part(most: usize, lines: std::ops::Range<u64>) -> Diagnostics {
        let mut diagnostics = Diagnostics::keeping(most);
        diagnostics.extend(lines.map(|line| Diagnostic::new(&FIRST, Location::line(line, 0), "")));
        diagnostics
    }

    fn lines(diagnostics: &Diagnostics) -> Vec<u64> {
        diagnostics.iter().filter_map(|diagnostic| diagnostic.location.line).collect()
    }

    /// However the diagnostics are cut into parts, the first are kept and all are counted.
    #[test]
    fn parts_are_merged_as_if_they_had_been_one() {
        for most in [0, 1, 5, 20] {
            for cut in 0..=12 {
                let mut diagnostics = part(most, 0..cut);
                diagnostics.merge(part(most, cut..12));
                assert_eq!(lines(&diagnostics), (0..12.min(most as u64)).collect::<Vec<_>>());
                assert_eq!(diagnostics.of(Severity::Error), 12);
                assert_eq!(diagnostics.keeps(&FIRST), most > 12);
                assert_eq!(diagnostics.keeps(&SECOND), most > 0);
            }
        }
    }

    #[test]
    fn personal_data_is_not_told() {
        let mut diagnostics = Diagnostics::default();
        for field in [Field::USER, Field::DEVICE] {
            diagnostics.push(Diagnostic::new(&FIRST, Location::default().field(field), "").value(b"u-1"));
        }
        let reported: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.value.as_deref()).collect();
        assert_eq!(reported, [None, Some("u-1")]);
    }

    #[test]
    fn what_was_only_counted_is_followed_by_counts() {
        let mut diagnostics = part(5, 0..2);
        diagnostics.count(&FIRST, 3);
        diagnostics.merge(part(5, 5..7));
        assert_eq!((lines(&diagnostics), diagnostics.of(Severity::Error)), (vec![0, 1], 7));
        diagnostics.push(Diagnostic::new(&SECOND, Location::default(), ""));
        diagnostics.retain(|code| code == &SECOND);
        assert_eq!((diagnostics.iter().count(), diagnostics.of(Severity::Error)), (1, 0));
    }
}
