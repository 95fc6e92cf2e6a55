//! Sales: wholesale prices, shares of what was paid, and the totals at the end of a file.

use super::number::{Exact, per_cent, round, whole};
use transpose_core::terms::Rounding;

/// Units times a price; what was returned has negative units.
pub fn extended(units: i128, price: &Exact) -> Exact {
    super::pool::per_play(units, price)
}

/// A price with sales tax, without it. The tax is in per cent and not negative.
pub fn without_tax(price: &Exact, tax: &Exact) -> Exact {
    price / (whole(1) + per_cent(tax))
}

/// Where a share of a price is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitRounding {
    /// Nowhere.
    Never,
    /// The price without tax, and what one unit is worth, to so many places.
    Unit(u32, Rounding),
}

/// What one unit is worth: a part of its price without tax.
pub fn of_retail(without_tax: &Exact, rate: &Exact, rounded: UnitRounding) -> Exact {
    match rounded {
        UnitRounding::Never => without_tax * rate,
        UnitRounding::Unit(places, mode) => {
            let price = round(without_tax, places, mode);
            round(&(price * rate), places, mode)
        }
    }
}

/// What the last line of a file says about its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailerTotals {
    /// How many rows there are.
    pub rows: usize,
    /// Units, less returns.
    pub units: i128,
    /// The sum of the amounts.
    pub amount: Exact,
}

/// Adds up rows of units and amounts.
pub fn totals(rows: &[(i128, Exact)]) -> TrailerTotals {
    let units = rows.iter().map(|(units, _)| units).sum();
    TrailerTotals { rows: rows.len(), units, amount: rows.iter().map(|(_, amount)| amount).sum() }
}
