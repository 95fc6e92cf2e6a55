//! The price without sales tax that follows from what was paid, exactly rounded.

use transpose_codes::decimal::Decimal;

/// What happens to digits beyond the last place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PriceMode {
    /// To the nearest; halves to the even digit.
    HalfEven,
    /// To the nearest; halves up.
    HalfUp,
    /// They are cut off.
    Down,
    /// The last place is raised when anything is beyond it.
    Up,
}

impl PriceMode {
    /// The words of the agreement.
    pub(crate) const WORDS: [(&str, Self); 4] =
        [("half-even", Self::HalfEven), ("half-up", Self::HalfUp), ("down", Self::Down), ("up", Self::Up)];
}

/// How prices are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PriceRounding {
    /// How many decimal places a price has.
    pub(crate) places: u32,
    /// What happens to further digits.
    pub(crate) mode: PriceMode,
}

/// What was paid, divided by one and the tax, which is in per cent. Nothing when the exact quotient
/// has too many digits to be held, or one of the numbers is negative.
pub(crate) fn without_tax(paid: Decimal, tax: Decimal, rounding: PriceRounding) -> Option<Decimal> {
    let (paid, tax) = (paid.normalize(), tax.normalize());
    if paid.mantissa() < 0 || tax.mantissa() < 0 {
        return None;
    }
    // paid / (1 + tax / 100) in whole numbers: one division, so one rounding.
    let power = |places: u32| 10_i128.checked_pow(places);
    let hundred = power(tax.scale() + 2)?;
    let above = paid.mantissa().checked_mul(hundred)?.checked_mul(power(rounding.places)?)?;
    let below = hundred.checked_add(tax.mantissa())?.checked_mul(power(paid.scale())?)?;
    let (whole, rest) = (above.checked_div(below)?, above.checked_rem(below)?);
    let twice = rest.checked_mul(2)?;
    let raised = match rounding.mode {
        PriceMode::Down => false,
        PriceMode::Up => rest > 0,
        PriceMode::HalfUp => twice >= below,
        PriceMode::HalfEven => twice > below || (twice == below && whole % 2 == 1),
    };
    Decimal::try_from_i128_with_scale(whole + i128::from(raised), rounding.places).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use transpose_codes::decimal::{Grammar, parse};

    fn decimal(text: &str) -> Decimal {
        parse(text, Grammar::PLAIN).unwrap()
    }

    #[test]
    fn prices_are_rounded_once_and_as_agreed() {
        for (paid, tax, places, expected) in [
            // half-even, half-up, down, up
            ("1.20", "20", 2, ["1.00", "1.00", "1.00", "1.00"]),
            ("0.99", "20", 2, ["0.82", "0.83", "0.82", "0.83"]),
            ("0.99", "20", 4, ["0.8250", "0.8250", "0.8250", "0.8250"]),
            ("1.29", "19", 4, ["1.0840", "1.0840", "1.0840", "1.0841"]),
            ("0.99", "5.5", 2, ["0.94", "0.94", "0.93", "0.94"]),
            ("0.99", "0", 2, ["0.99", "0.99", "0.99", "0.99"]),
            ("0", "20", 2, ["0.00", "0.00", "0.00", "0.00"]),
            ("9.99", "8.875", 3, ["9.176", "9.176", "9.175", "9.176"]),
            ("3.75", "50", 0, ["2", "3", "2", "3"]),
        ] {
            for ((_, mode), expected) in PriceMode::WORDS.iter().zip(expected) {
                let rounding = PriceRounding { places, mode: *mode };
                let price = without_tax(decimal(paid), decimal(tax), rounding).unwrap();
                assert_eq!(price.to_string(), expected, "{paid}, {tax} %, {rounding:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_held_is_no_price() {
        let rounding = PriceRounding { places: 6, mode: PriceMode::HalfEven };
        assert_eq!(without_tax(Decimal::MAX, decimal("20"), rounding), None);
        assert_eq!(without_tax(decimal("-1"), decimal("20"), rounding), None);
        assert_eq!(without_tax(decimal("1"), decimal("-20"), rounding), None);
    }

    proptest! {
        /// The price with tax is what was paid, to within one unit of the last place.
        #[test]
        fn tax_comes_back(cents in 0_i64..10_000_000, tax in 0_i64..100_000, places in 0_u32..8) {
            let rounding = PriceRounding { places, mode: PriceMode::Down };
            let price = without_tax(Decimal::new(cents, 2), Decimal::new(tax, 3), rounding).unwrap();
            let factor = Decimal::new(100_000 + tax, 5);
            let unit = Decimal::new(1, places);
            prop_assert!(price * factor <= Decimal::new(cents, 2));
            prop_assert!((price + unit) * factor > Decimal::new(cents, 2));
        }
    }
}
