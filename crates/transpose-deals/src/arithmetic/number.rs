//! Exact numbers: any fraction of whole numbers, however long. Decimal text and rounding at the
//! ends.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use transpose_codes::decimal::{Decimal, MAX_DIGITS};
use transpose_core::terms::Rounding;

/// An exact number.
pub(crate) type Exact = BigRational;

/// How many decimal places an unrounded amount is shown with; real statements show as many.
pub(crate) const SHOWN_PLACES: u32 = 17;

/// A decimal as an exact number.
pub(crate) fn exact(decimal: Decimal) -> Exact {
    Exact::new(BigInt::from(decimal.mantissa()), power(decimal.scale()))
}

/// A whole number as an exact number.
pub(crate) fn whole(number: impl Into<BigInt>) -> Exact {
    Exact::from_integer(number.into())
}

/// Nothing.
pub(crate) fn zero() -> Exact {
    Exact::zero()
}

/// A number in per cent as a factor: 85 becomes 17/20.
pub(crate) fn per_cent(number: &Exact) -> Exact {
    number / whole(100)
}

/// The sum of many fractions. Halves are added up by themselves, so that long denominators are few.
pub(crate) fn sum(parts: &[Exact]) -> Exact {
    match parts {
        [] => zero(),
        [one] => one.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            sum(left) + sum(right)
        }
    }
}

/// The quotient, or nothing where the divisor is zero.
pub(crate) fn quotient(above: &Exact, below: &Exact) -> Option<Exact> {
    (!below.is_zero()).then(|| above / below)
}

/// The number in units of the last of so many decimal places.
pub(crate) fn rounded(number: &Exact, places: u32, mode: Rounding) -> BigInt {
    let scaled = number * whole(power(places));
    let (above, below) = (scaled.numer().abs(), scaled.denom());
    let (units, rest) = (&above / below, &above % below);
    let twice: BigInt = rest * 2;
    let raised = match mode {
        Rounding::Down => false,
        Rounding::HalfUp => twice >= *below,
        Rounding::HalfEven => twice > *below || (twice == *below && units.bit(0)),
    };
    let units = if raised { units + 1 } else { units };
    if scaled.is_negative() { -units } else { units }
}

/// The number rounded to so many decimal places.
pub(crate) fn round(number: &Exact, places: u32, mode: Rounding) -> Exact {
    from_units(&rounded(number, places, mode), places)
}

/// So many units of the last decimal place as a number.
pub(crate) fn from_units(units: &BigInt, places: u32) -> Exact {
    Exact::new(units.clone(), power(places))
}

/// Units of the last decimal place as text with exactly so many places: `-5` with two places is
/// `-0.05`.
pub(crate) fn fixed_text(units: &BigInt, places: u32) -> String {
    let places = places as usize;
    let sign = if units.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", units.abs().to_string(), width = places + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - places).unwrap_or((&digits, ""));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The number as decimal text without needless zeros, to at most so many places; further digits are
/// rounded, halves away from zero.
pub(crate) fn text(number: &Exact, places: u32) -> String {
    let text = fixed_text(&rounded(number, places, Rounding::HalfUp), places);
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Whether the number has no digits beyond so many decimal places.
pub(crate) fn fits(number: &Exact, places: u32) -> bool {
    (number * whole(power(places))).is_integer()
}

/// The number as a fraction, `670/2000` reduced to `67/200`; whole numbers have no denominator.
pub(crate) fn fraction_text(number: &Exact) -> String {
    if number.is_integer() {
        number.numer().to_string()
    } else {
        format!("{}/{}", number.numer(), number.denom())
    }
}

/// Units of the last decimal place as a decimal, unless it has more digits than one holds.
pub(crate) fn decimal(units: &BigInt, places: u32) -> Option<Decimal> {
    let units = units.to_i128().filter(|units| units.unsigned_abs() < 10_u128.pow(MAX_DIGITS))?;
    Decimal::try_from_i128_with_scale(units, places).ok()
}

/// Ten to the power of so many places.
pub(crate) fn power(places: u32) -> BigInt {
    BigInt::from(10).pow(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::RoundingStrategy;
    use transpose_codes::decimal::{Grammar, parse, to_text};

    const MODES: [(Rounding, RoundingStrategy); 3] = [
        (Rounding::HalfUp, RoundingStrategy::MidpointAwayFromZero),
        (Rounding::HalfEven, RoundingStrategy::MidpointNearestEven),
        (Rounding::Down, RoundingStrategy::ToZero),
    ];

    fn number(text: &str) -> Exact {
        exact(parse(text, Grammar::PLAIN).unwrap())
    }

    #[test]
    fn halves_go_where_the_mode_says() {
        for (amount, expected) in [
            ("1.665", ["1.67", "1.66", "1.66"]),
            ("-1.665", ["-1.67", "-1.66", "-1.66"]),
            ("-0.001", ["0.00", "0.00", "0.00"]),
            ("0.015", ["0.02", "0.02", "0.01"]),
        ] {
            let shown = MODES.map(|(mode, _)| fixed_text(&rounded(&number(amount), 2, mode), 2));
            assert_eq!(shown, expected, "{amount}");
        }
    }

    #[test]
    fn text_is_plain_and_short() {
        let third = whole(2) / whole(3);
        assert_eq!(text(&third, 17), "0.66666666666666667");
        assert_eq!(
            (text(&-&third, 0), text(&whole(100), 2), text(&number("-0.10"), 17)),
            ("-1".into(), "100".into(), "-0.1".into())
        );
        assert_eq!((fraction_text(&third), fraction_text(&whole(-4))), ("2/3".into(), "-4".into()));
        assert!(fits(&number("1.25"), 2) && !fits(&third, 28));
    }

    #[test]
    fn what_is_too_long_is_no_decimal() {
        assert_eq!(decimal(&power(27), 0).map(|decimal| decimal.to_string().len()), Some(28));
        assert_eq!((decimal(&power(28), 2), decimal(&power(60), 2)), (None, None));
        assert_eq!(quotient(&whole(1), &zero()), None);
    }

    proptest! {
        #[test]
        fn rounding_is_that_of_decimals(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..12, places in 0_u32..12) {
            let decimal = Decimal::new(mantissa, scale);
            for (mode, strategy) in MODES {
                let expected = to_text(&decimal.round_dp_with_strategy(places, strategy));
                prop_assert_eq!(text(&round(&exact(decimal), places, mode), 28), expected);
            }
        }

        #[test]
        fn text_comes_back(mantissa: i64, scale in 0_u32..18) {
            let value = exact(Decimal::new(mantissa, scale));
            prop_assert_eq!(number(&text(&value, 18)), value);
        }
    }
}
