//! Amounts that a record shows twice: in the currency in which end users paid, and in that in which
//! the partners account.
//!
//! Cells of such a pair have one name, which ends in `InCurrencyOfTransaction` or in
//! `InCurrencyOfAccounting`. Where one of them has no value of its own, it is the other one at the
//! exchange rate of the sales context: an amount of accounting is one of transaction times the
//! rate. Amounts of accounting are exact; those of transaction have at most ten decimal places, the
//! last one rounded half to even, because a quotient may have no end.

use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_records::spec::RecordSpec;

const TRANSACTION: &str = "InCurrencyOfTransaction";
const ACCOUNTING: &str = "InCurrencyOfAccounting";

/// The most decimal places of an amount that was divided by a rate.
const PLACES: u32 = 10;

/// The cell that shows an amount in the other currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counterpart {
    /// Its index in the record.
    pub(crate) index: usize,
    /// Whether that is the amount of accounting, which is divided by the rate.
    pub(crate) divides: bool,
}

impl Counterpart {
    /// That of a cell, by its index.
    pub(crate) fn of(spec: &RecordSpec, index: usize) -> Option<Self> {
        let name = spec.cells.get(index)?.name;
        let (stem, other, divides) = match name.strip_suffix(TRANSACTION) {
            Some(stem) => (stem, ACCOUNTING, true),
            None => (name.strip_suffix(ACCOUNTING)?, TRANSACTION, false),
        };
        let is_other = |name: &str| name.strip_suffix(other) == Some(stem);
        let index = spec.cells.iter().position(|cell| is_other(cell.name))?;
        Some(Self { index, divides })
    }

    /// The amount of the cell, of which this one has the given amount; nothing where one of the two
    /// is no number, or the result has more digits than a decimal holds.
    pub(crate) fn convert(self, amount: &[u8], rate: &str) -> Option<String> {
        let number = |text: &str| decimal::parse(text, Grammar::LENIENT).ok();
        let amount = number(std::str::from_utf8(amount).ok()?)?;
        let rate = number(rate).filter(|rate| rate.mantissa() > 0)?;
        let converted = if self.divides { quotient(amount, rate)? } else { amount.checked_mul(rate)? };
        Some(decimal::to_text(&converted.normalize()))
    }
}

/// A quotient, rounded half to even.
fn quotient(above: Decimal, below: Decimal) -> Option<Decimal> {
    let power = |places: u32| 10_i128.checked_pow(places);
    let above_units = above.mantissa().checked_mul(power(PLACES.checked_add(below.scale())?)?)?;
    let below_units = below.mantissa().checked_mul(power(above.scale())?)?;
    let whole = above_units.checked_div_euclid(below_units)?;
    let rest = above_units.checked_rem_euclid(below_units)?;
    let twice = rest.checked_mul(2)?;
    let up = twice > below_units || (twice == below_units && whole % 2 != 0);
    Decimal::try_from_i128_with_scale(whole + i128::from(up), PLACES).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    #[test]
    fn pairs_are_found_by_their_names() {
        let spec = tables::record("SY10.01", "part8-1.4").unwrap();
        let at = |number: u32| {
            Counterpart::of(spec, number as usize - 1).map(|other| (other.index + 1, other.divides))
        };
        assert_eq!((at(33), at(34)), (Some((34, true)), Some((33, false))));
        // The currencies themselves are no amounts.
        assert_eq!((at(21), at(22), at(19)), (None, None, None));
    }

    #[test]
    fn amounts_are_exchanged_as_by_hand() {
        let into =
            |divides, amount: &str, rate| Counterpart { index: 0, divides }.convert(amount.as_bytes(), rate);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(into(false, "938.17", "1.25"), some("1172.7125"));
        assert_eq!(into(true, "1172.7125", "1.25"), some("938.17"));
        assert_eq!(into(true, "1", "3"), some("0.3333333333"));
        assert_eq!(into(true, "-2", "3"), some("-0.6666666667"));
        // Half of the last place goes to the even neighbour.
        assert_eq!(into(true, "0.0000000001", "2"), some("0"));
        assert_eq!(into(true, "0.0000000003", "2"), some("0.0000000002"));
        assert_eq!(into(true, "-0.0000000001", "2"), some("0"));
        for (amount, rate) in [("1", "0"), ("x", "1"), ("1", ""), ("9999999999999999999999999999", "0.0001")]
        {
            assert_eq!(into(true, amount, rate), None, "{amount} {rate}");
        }
    }
}
