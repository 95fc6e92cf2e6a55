//! Numbers that belong together: quantity times price is the amount, a share of the gross amount is
//! the net one.

use crate::infer::facts::Facts;
use crate::infer::numbers::value;
use crate::infer::sample::Grid;
use std::ops::Range;
use transpose_codes::Decimal;

/// How many rows prove a relation.
const ROWS: usize = 500;

/// How many columns of numbers are tried.
const COLUMNS: usize = 20;

/// How many rows must say something: where a factor is one, or nothing, everything is related.
const LEAST: usize = 3;

/// Columns of which two make the third.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The first times the second is the third.
    Product { count: usize, unit: usize, total: usize },
    /// So much per cent, or such a part of one, of a column is another one.
    Share { gross: usize, share: usize, net: usize },
}

/// A relation, and how many rows prove it.
pub(super) type ProvenRelation = (Relation, usize);

/// Finds the relations between columns of numbers.
pub(super) fn relations(grid: &Grid<'_>, rows: Range<usize>, facts: &[Facts]) -> Vec<ProvenRelation> {
    let columns: Vec<usize> = (0..facts.len())
        .filter(|column| facts.get(*column).is_some_and(|facts| facts.measures() && facts.filled > 0))
        .take(COLUMNS)
        .collect();
    let values: Vec<Vec<Option<Decimal>>> = columns
        .iter()
        .map(|column| {
            let comma = facts.get(*column).is_some_and(Facts::comma);
            rows.clone().take(ROWS).map(|row| value(&grid.text(row, *column), comma)).collect()
        })
        .collect();
    let mut found = Vec::new();
    for (a, first) in columns.iter().zip(&values) {
        for (b, second) in columns.iter().zip(&values).filter(|(b, _)| *b != a) {
            for (c, third) in columns.iter().zip(&values).filter(|(c, _)| *c != a && *c != b) {
                let whole = |column: &usize| facts.get(*column).is_some_and(Facts::whole);
                // Of two factors the whole number counts; of two whole ones the first.
                if whole(a)
                    && (!whole(b) || a < b)
                    && let Some(rows) = proves(first, second, third, 0)
                {
                    found.push((Relation::Product { count: *a, unit: *b, total: *c }, rows));
                }
                if !whole(a) && !whole(c) && is_share(second) {
                    let scale =
                        if second.iter().flatten().any(|share| *share > Decimal::ONE) { 2 } else { 0 };
                    if let Some(rows) = proves(first, second, third, scale) {
                        found.push((Relation::Share { gross: *a, share: *b, net: *c }, rows));
                    }
                }
            }
        }
    }
    found
}

/// Whether numbers may be shares: from nothing to all, few of them different.
fn is_share(values: &[Option<Decimal>]) -> bool {
    let mut different: Vec<Decimal> = values.iter().flatten().copied().collect();
    different.sort_unstable();
    different.dedup();
    let within = |most: Decimal| different.iter().all(|share| (Decimal::ZERO..=most).contains(share));
    different.len() <= 20 && different.iter().any(|share| !share.is_zero()) && within(Decimal::ONE_HUNDRED)
}

/// How many rows prove that the product of two columns, its point moved to the left, is the third;
/// nothing where rows say otherwise.
fn proves(
    first: &[Option<Decimal>],
    second: &[Option<Decimal>],
    third: &[Option<Decimal>],
    scale: u32,
) -> Option<usize> {
    let (mut proving, mut against) = (0, 0);
    let one = Decimal::from(10_u64.pow(scale));
    for ((a, b), c) in first.iter().zip(second).zip(third) {
        let (Some(a), Some(b), Some(c)) = (a, b, c) else { continue };
        let Some(mut product) = a.checked_mul(*b) else { continue };
        if product.set_scale(product.scale() + scale).is_err() {
            continue;
        }
        // Signs of what was returned are written in many ways.
        let gap = (product.abs() - c.abs()).abs();
        // The amount was rounded, or else the price was; a price of few digits proves nothing.
        let unit = |decimal: &Decimal| Decimal::new(5, decimal.scale().min(27) + 1);
        let room = unit(b).checked_mul(a.abs()).unwrap_or_default();
        let rounded = gap > unit(c);
        if rounded && room > c.abs().checked_div(Decimal::from(20)).unwrap_or_default() {
            continue;
        }
        if rounded && gap > room {
            against += 1;
            if against > 5 && against * 20 > proving {
                return None;
            }
        } else if !a.is_zero() && !b.is_zero() && a.abs() != one && *b != one && !c.is_zero() && a != b {
            proving += 1;
        }
    }
    (proving >= LEAST && against * 20 <= proving).then_some(proving)
}
