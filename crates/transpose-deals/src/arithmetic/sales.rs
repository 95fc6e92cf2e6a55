//! Sales: shares of what was paid.

use super::number::{Exact, per_cent, round, whole};
use transpose_core::terms::Rounding;

/// A price with sales tax, without it. The tax is in per cent and not negative.
pub(crate) fn without_tax(price: &Exact, tax: &Exact) -> Exact {
    price / (whole(1) + per_cent(tax))
}

/// Where a share of a price is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitRounding {
    /// Nowhere.
    Never,
    /// The price without tax, and what one unit is worth, to so many places.
    Unit(u32, Rounding),
}

/// What one unit is worth: a part of its price without tax.
pub(crate) fn of_retail(without_tax: &Exact, rate: &Exact, rounded: UnitRounding) -> Exact {
    match rounded {
        UnitRounding::Never => without_tax * rate,
        UnitRounding::Unit(places, mode) => {
            let price = round(without_tax, places, mode);
            round(&(price * rate), places, mode)
        }
    }
}
