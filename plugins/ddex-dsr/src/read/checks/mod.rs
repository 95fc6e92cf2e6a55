//! What only validation looks at: rules between the cells of one record, the notation of numbers,
//! and what a partner demands.
//!
//! Which rules concern a record is found once, from its table. A cell that was read the quick way
//! keeps the rules about single cells (see [`make_strict`]), so that a line costs a look at which
//! of its cells are filled.
//!
//! | module | does |
//! |---|---|
//! | `rules` | the kinds of rules, and which of them a record and a partner bring with them |
//! | `apply` | what each rule says about a line |
//! | `numbers` | the plain forms of numbers |

mod apply;
mod numbers;
mod rules;

pub(super) use apply::Values;
pub(super) use numbers::{is_amount, is_count, is_plain, is_share};

use crate::read::columns::{Column, QuickCheck};
use rules::{Rule, is_percentage, is_reference};

/// How the cells of a line were read, one bit for each; no record has as many cells as there are
/// bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Those that have a value.
    pub(super) filled: u64,
    /// Those that were not read the quick way.
    pub(super) slow: u64,
}

impl Marks {
    /// Of a record about which nothing is known.
    pub(super) const ALL: Self = Self { filled: u64::MAX, slow: u64::MAX };

    pub(super) fn is_slow(self, at: usize) -> bool {
        self.slow & bit(at) != 0
    }

    /// Whether one of several doubts remains: all of its first cells are filled and none of its
    /// second.
    #[inline]
    fn leave(self, doubts: &[(u64, u64)]) -> bool {
        doubts.iter().any(|(filled, empty)| self.filled & filled == *filled && self.filled & empty == 0)
    }
}

fn bit(at: usize) -> u64 {
    1_u64.checked_shl(at as u32).unwrap_or(0)
}

/// Makes the quick way of reading a cell keep the rules about single cells; what breaks one is then
/// read the slow way and judged by it.
pub(super) fn make_strict(column: &mut Column) {
    column.quick = match column.quick {
        QuickCheck::Integer => QuickCheck::Count,
        QuickCheck::Decimal if is_percentage(column.spec) => QuickCheck::Share,
        QuickCheck::Decimal => QuickCheck::Amount,
        QuickCheck::Free if is_reference(column.spec) => QuickCheck::Reference,
        other => other,
    };
}

/// The rules about the cells of one record.
#[derive(Default)]
pub(super) struct Checks {
    rules: Vec<Rule>,
    /// What the rules look at, and all of their doubts.
    cells: u64,
    doubts: Vec<(u64, u64)>,
    /// Whether a partner refuses the record.
    refused: bool,
}

impl Checks {
    /// Whether anything may have to be said about a line.
    #[inline]
    pub(super) fn concern(&self, marks: Marks) -> bool {
        self.refused || marks.slow & self.cells != 0 || marks.leave(&self.doubts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_core::diagnostics::Location;
    use transpose_core::format::Demands;
    use transpose_core::model::{BlockBatch, Span};

    #[test]
    fn every_cell_has_a_mark() {
        for record in crate::tables::records() {
            assert!(record.cells.len() < u64::BITS as usize, "{}", record.name);
        }
    }

    /// What a line that was read the quick way is reported is what all rules say.
    #[test]
    fn rules_that_are_not_in_doubt_are_kept() {
        for spec in crate::tables::records() {
            let columns: Vec<Column> = spec
                .cells
                .iter()
                .map(|cell| {
                    let mut column = Column::new(cell);
                    make_strict(&mut column);
                    column
                })
                .collect();
            let checks = Checks::new(spec, &Demands::default(), &columns);
            for seed in 0..64_u64 {
                // Which cells are filled, with what the quick way lets pass.
                let filled = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mut text = Vec::new();
                let row: Vec<Span> = columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| {
                        if filled & bit(at) == 0 || column.quick == QuickCheck::Key {
                            return Span::ABSENT;
                        }
                        let start = text.len();
                        text.extend_from_slice(match column.quick {
                            QuickCheck::Count | QuickCheck::Amount => &b"12"[..],
                            QuickCheck::Share => b"12.5",
                            QuickCheck::Boolean => [&b"true"[..], b"false"][at % 2],
                            QuickCheck::Reference => b"A1",
                            _ => b"EUR_",
                        });
                        Span::chunk(start, text.len())
                    })
                    .collect();
                let batch = BlockBatch::default();
                let holds = |at: usize| !row[at].is_absent();
                let values = Values { row: &row, batch: &batch, text: &text, holds: &holds };
                let marks = Marks {
                    filled: (0..row.len())
                        .filter(|at| !row[*at].is_absent())
                        .fold(0, |all, at| all | bit(at)),
                    slow: 0,
                };
                let said = |marks| {
                    let mut said = Vec::new();
                    let place = || Location::default();
                    checks.apply(spec, &columns, &values, marks, &place, &mut |diagnostic| {
                        said.push((diagnostic.code.id, diagnostic.location.to_string(), diagnostic.message));
                    });
                    said
                };
                let all = said(Marks::ALL);
                assert_eq!(said(marks), all, "{} {filled:x}", spec.name);
                assert!(checks.concern(marks) || all.is_empty());
            }
        }
    }
}
