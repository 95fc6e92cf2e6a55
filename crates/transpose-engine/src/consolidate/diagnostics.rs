//! What is wrong with items: found once for each, in any order, and reported in the order of the
//! inputs.

use crate::consolidate::shapes::Side;
use crate::consolidate::variants::is_same_code;
use crate::diagnostics;
use crate::scan::position::SourceLine;
use crate::storage::varint::Cells;
use std::collections::BTreeMap;
use std::sync::Arc;
use transpose_core::accounting::{Change, FIRST, RunReport, Subject};
use transpose_core::diagnostics::{CellDiagnostic, Code, Diagnostic, KEPT, Location, shown};
use transpose_core::model::{Field, Shape, Slot};
use transpose_core::terms::ConflictPolicy;

/// What was found once per item, in any order: the first of each kind are kept, the rest are
/// counted, so that memory is bounded.
#[derive(Default)]
pub(crate) struct ItemDiagnostics {
    kept: Vec<ItemDiagnostic>,
    counts: BTreeMap<&'static str, (&'static Code, u64)>,
    changes: BTreeMap<(Change, Field), u64>,
}

struct ItemDiagnostic {
    /// What comes first is first: the place, then the order at that place.
    at: (SourceLine, u32),
    diagnostic: Diagnostic,
    /// What happened to the value.
    change: Option<(Change, Field)>,
}

/// Why a value is not what was found.
fn reason(change: Change) -> &'static str {
    match change {
        Change::Guessed => "the value was repaired",
        _ => "the value is not valid and is left out",
    }
}

/// How many notes are kept before those that nobody will see are thrown away.
const NOTES: usize = 4096;

impl ItemDiagnostics {
    /// Notes what is wrong with a value of an item that was read first at a place.
    pub(crate) fn cell_diagnostic(
        &mut self,
        first: SourceLine,
        order: u32,
        cell_diagnostic: &CellDiagnostic,
        change: Option<Change>,
    ) {
        let diagnostic = diagnostics::of_cell(cell_diagnostic, Location::line(first.line(), 0));
        self.add((first, order), diagnostic, change.map(|change| (change, cell_diagnostic.field)));
    }

    /// Notes that an item read at a place describes one side in another way: the cells of the first
    /// description and its own.
    pub(crate) fn conflict(
        &mut self,
        side: Side,
        shape: &Shape,
        (first, other): (&[u8], &[u8]),
        at: SourceLine,
        policy: ConflictPolicy,
    ) {
        let code = if policy == ConflictPolicy::Refuse {
            &diagnostics::CONFLICT_REFUSED
        } else {
            &diagnostics::CONFLICT
        };
        let what = match side {
            Side::Release => "release",
            Side::Recording => "recording",
        };
        let cells = Cells(first).zip(Cells(other)).zip(&shape.columns);
        let differs = |a: &[u8], b: &[u8], slot: &Slot| match slot {
            Slot::Field(field) => a != b && !is_same_code(field.spec().kind.code_system(), a, b),
            Slot::Extra(_) | Slot::Structure => a != b,
        };
        let differing = cells
            .into_iter()
            .find(|((a, b), slot)| a.is_some_and(|a| b.is_some_and(|b| differs(a, b, slot))));
        let mut location = Location::line(at.line(), 0);
        let mut message = format!("one {what} is described in several ways");
        let mut value = &[][..];
        if let Some(((Some(ours), Some(theirs)), Slot::Field(field))) = differing {
            location = location.field(*field);
            message =
                format!("one {what} has two values of `{field}`: `{}` and `{}`", shown(ours), shown(theirs));
            value = theirs;
        }
        let diagnostic = Diagnostic::new(code, location, message).value(value);
        // Conflicts come after whatever is wrong with the item itself, those of the release first.
        let order = u32::MAX - u32::from(side == Side::Release);
        self.add((at, order), diagnostic, None);
    }

    fn add(&mut self, at: (SourceLine, u32), diagnostic: Diagnostic, change: Option<(Change, Field)>) {
        self.counts.entry(diagnostic.code.id).or_insert((diagnostic.code, 0)).1 += 1;
        if let Some(change) = change {
            *self.changes.entry(change).or_default() += 1;
        }
        self.kept.push(ItemDiagnostic { at, diagnostic, change });
        if self.kept.len() >= 2 * NOTES {
            self.prune();
        }
    }

    /// Adds what another worker has found.
    pub(crate) fn merge(&mut self, other: Self) {
        self.kept.extend(other.kept);
        for (id, (code, count)) in other.counts {
            self.counts.entry(id).or_insert((code, 0)).1 += count;
        }
        for (change, count) in other.changes {
            *self.changes.entry(change).or_default() += count;
        }
        if self.kept.len() >= 2 * NOTES {
            self.prune();
        }
    }

    fn prune(&mut self) {
        self.kept.sort_by_key(|item_diagnostic| item_diagnostic.at);
        let (mut of_code, mut of_field) = (BTreeMap::new(), BTreeMap::new());
        self.kept.retain(|item_diagnostic| {
            let seen: &mut usize = of_code.entry(item_diagnostic.diagnostic.code.id).or_default();
            *seen += 1;
            let first = item_diagnostic.change.is_some_and(|change| {
                let seen: &mut usize = of_field.entry(change).or_default();
                *seen += 1;
                *seen <= FIRST
            });
            first || *seen <= KEPT
        });
    }

    /// The conflicts that the agreement does not allow, in order; `sources` are the names of the
    /// inputs.
    pub(crate) fn refused(&mut self, sources: &[Arc<str>]) -> Vec<Diagnostic> {
        self.prune();
        let refused = self
            .kept
            .iter()
            .filter(|item_diagnostic| *item_diagnostic.diagnostic.code == diagnostics::CONFLICT_REFUSED);
        let named = |item_diagnostic: &ItemDiagnostic| {
            let mut diagnostic = item_diagnostic.diagnostic.clone();
            diagnostic.location.source = sources.get(item_diagnostic.at.0.input()).cloned();
            diagnostic
        };
        refused.map(named).collect()
    }

    /// Everything as a report; `sources` are the names of the inputs.
    pub(crate) fn into_report(mut self, sources: &[Arc<str>], report: &mut RunReport) {
        self.prune();
        for ItemDiagnostic { at, mut diagnostic, change } in self.kept {
            if let Some((change, field)) = change {
                report.loss.add(change, Subject::Field(field), 1, Some(at.0.line()), reason(change));
                if let Some(left) = self.changes.get_mut(&(change, field)) {
                    *left = left.saturating_sub(1);
                }
            }
            if let Some((_, left)) = self.counts.get_mut(diagnostic.code.id) {
                *left = left.saturating_sub(1);
            }
            diagnostic.location.source = sources.get(at.0.input()).cloned();
            report.diagnostics.push(diagnostic);
        }
        for ((change, field), left) in self.changes {
            report.loss.add(change, Subject::Field(field), left, None, reason(change));
        }
        for (code, left) in self.counts.into_values().filter(|(_, left)| *left > 0) {
            report.diagnostics.count(code, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_in_order() {
        let mut item_diagnostics = ItemDiagnostics::default();
        let cell_diagnostic = |message: String| CellDiagnostic {
            code: &diagnostics::CONFLICT,
            field: Field::ISRC,
            cell: (1, "ISRC".into()),
            value: Box::default(),
            message,
            repaired: false,
        };
        for line in (1..=30_000_u64).rev() {
            item_diagnostics.cell_diagnostic(
                SourceLine::new(0, line),
                0,
                &cell_diagnostic(format!("{line}")),
                Some(Change::Lost),
            );
        }
        assert!(item_diagnostics.kept.len() <= 2 * NOTES);
        let mut report = RunReport::default();
        item_diagnostics.into_report(&["a.csv".into()], &mut report);
        let lines: Vec<_> =
            report.diagnostics.iter().filter_map(|diagnostic| diagnostic.location.line).collect();
        assert_eq!(lines, (1..=KEPT as u64).collect::<Vec<_>>());
        assert_eq!(report.diagnostics.counts().map(|(_, count)| count).sum::<u64>(), 30_000);
        let (_, _, entry) = report.loss.iter().next().unwrap();
        assert_eq!((entry.count, &entry.lines[..]), (30_000, &[1, 2, 3, 4, 5][..]));
    }
}
