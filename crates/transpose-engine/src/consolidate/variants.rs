//! Several descriptions of one release or recording, and which of them is reported.

use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::shapes::{Shapes, Side};
use crate::scan::position::SourceLine;
use crate::storage::varint::{Cells, put_cell};
use std::borrow::Cow;
use transpose_core::terms::ConflictPolicy;

/// How an item describes one side, with where it was read and how often it was played.
#[derive(Clone)]
pub(crate) struct Variant<'a> {
    pub(crate) cells: Cow<'a, [u8]>,
    /// Where it was read first.
    pub(crate) first: SourceLine,
    /// Where it was read last, where the policy asks for it.
    pub(crate) last: SourceLine,
    /// How often it was played, where the policy asks for it.
    pub(crate) plays: u64,
}

/// The descriptions of one identity that contradict each other.
#[derive(Default)]
pub(crate) struct Variants<'a>(Vec<Variant<'a>>);

impl<'a> Variants<'a> {
    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a description; they come in the order of reading.
    pub(crate) fn add(&mut self, more: Variant<'a>) {
        for known in &mut self.0 {
            let same = known.cells == more.cells;
            if same || agree(&known.cells, &more.cells) {
                if !same {
                    complete(&mut known.cells, &more.cells);
                }
                known.last = known.last.max(more.last);
                known.plays = known.plays.saturating_add(more.plays);
                return;
            }
        }
        self.0.push(more);
    }

    /// Notes each description that contradicts the first.
    pub(crate) fn note(
        &self,
        side: Side,
        shapes: &Shapes,
        policy: ConflictPolicy,
        item_diagnostics: &mut ItemDiagnostics,
    ) {
        let Some((first, others)) = self.0.split_first() else { return };
        for variant in others {
            item_diagnostics.conflict(
                side,
                shapes.of(side),
                (&first.cells, &variant.cells),
                variant.first,
                policy,
            );
        }
    }

    /// The cells of the description that is reported.
    pub(crate) fn choose(&mut self, policy: ConflictPolicy) -> Cow<'a, [u8]> {
        if self.0.is_empty() {
            return Cow::Borrowed(&[]);
        }
        let mut chosen = 0;
        for (index, variant) in self.0.iter().enumerate() {
            // The first of equals stays.
            let better = self.0.get(chosen).is_some_and(|best| match policy {
                ConflictPolicy::First | ConflictPolicy::Refuse => false,
                ConflictPolicy::MostPlayed => variant.plays > best.plays,
                ConflictPolicy::Latest => variant.last > best.last,
            });
            if better {
                chosen = index;
            }
        }
        self.0.swap_remove(chosen).cells
    }
}

/// Whether two descriptions contradict each other nowhere; a value that one of them lacks is no
/// contradiction.
fn agree(ours: &[u8], theirs: &[u8]) -> bool {
    Cells(ours).zip(Cells(theirs)).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// Takes over the values that a description lacks.
fn complete(ours: &mut Cow<'_, [u8]>, theirs: &[u8]) {
    let lacking = Cells(ours).zip(Cells(theirs)).any(|(a, b)| a.is_none() && b.is_some());
    if lacking {
        let mut out = Vec::with_capacity(ours.len() + theirs.len());
        Cells(ours).zip(Cells(theirs)).for_each(|(a, b)| put_cell(a.or(b), &mut out));
        *ours = Cow::Owned(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::accounting::RunReport;
    use transpose_core::model::Field;

    fn cells(values: &[Option<&str>]) -> Vec<u8> {
        let mut out = Vec::new();
        for value in values {
            put_cell(value.map(str::as_bytes), &mut out);
        }
        out
    }

    fn variant(values: &[Option<&str>], first: u64, last: u64, plays: u64) -> Variant<'static> {
        let cells = Cow::Owned(cells(values));
        Variant { cells, first: SourceLine::new(0, first), last: SourceLine::new(0, last), plays }
    }

    fn resolved(policy: ConflictPolicy, more: &[Variant<'static>]) -> (Vec<u8>, u64) {
        let shapes = Shapes::new([Field::RELEASE_TITLE, Field::RELEASE_ARTIST].into_iter().collect());
        let mut variants = Variants::default();
        for variant in more {
            variants.add(variant.clone());
        }
        let mut item_diagnostics = ItemDiagnostics::default();
        variants.note(Side::Release, &shapes, policy, &mut item_diagnostics);
        let chosen = variants.choose(policy).into_owned();
        let mut report = RunReport::default();
        item_diagnostics.into_report(&[], &mut report);
        (chosen, report.diagnostics.counts().map(|(_, count)| count).sum())
    }

    #[test]
    fn what_lacks_a_value_is_completed() {
        let more = [variant(&[Some("a"), None], 1, 1, 1), variant(&[None, Some("b")], 2, 2, 1)];
        assert_eq!(resolved(ConflictPolicy::First, &more), (cells(&[Some("a"), Some("b")]), 0));
    }

    #[test]
    fn each_policy_chooses_its_own() {
        let more = [
            variant(&[Some("a"), None], 1, 10, 5),
            variant(&[Some("b"), None], 2, 20, 3),
            variant(&[Some("c"), None], 3, 15, 4),
            variant(&[Some("c"), Some("x")], 4, 16, 4),
        ];
        for (policy, expected) in [
            (ConflictPolicy::First, [Some("a"), None]),
            (ConflictPolicy::Refuse, [Some("a"), None]),
            (ConflictPolicy::MostPlayed, [Some("c"), Some("x")]),
            (ConflictPolicy::Latest, [Some("b"), None]),
        ] {
            assert_eq!(resolved(policy, &more), (cells(&expected), 2), "{policy:?}");
        }
    }
}
