//! Numbers as partners write them: other decimal marks, groups of thousands, signs in other places,
//! a fixed number of decimals.
//!
//! A number is read exactly, by the parser of [`transpose_codes::decimal`], and written exactly or
//! rounded half up, which is reported.

use crate::diagnostics;
use crate::notation::kinds::{CellError, not_utf8};
use serde::Deserialize;
use transpose_codes::decimal::{self, Decimal, Grammar, SignRule};

/// The most decimal places that a layout may ask for.
pub(crate) const MOST_PLACES: u32 = 20;

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) decimals: Decimals,
    /// What may be between thousands; it is read only.
    pub(crate) grouping: Option<char>,
    /// As many decimal places are written.
    pub(crate) places: Option<u32>,
    /// At most as many are written.
    pub(crate) max_places: Option<u32>,
    /// Whether the zero before the decimal mark is left out.
    pub(crate) bare_fraction: bool,
    pub(crate) sign: Sign,
    /// Whether it is a whole number.
    pub(crate) whole: bool,
    /// How a share of a hundred is written.
    pub(crate) percent: PercentNotation,
}

/// How a share of a hundred is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PercentNotation {
    /// As any number.
    #[default]
    Plain,
    /// With its sign behind it; read with it or without.
    Percent,
    /// As a part of one.
    Fraction,
}

impl Number {
    /// Reads a number, without spaces around it, into canonical notation: the digits as they are
    /// written, a minus in front of what is negative.
    pub(crate) fn read(&self, text: &str, out: &mut Vec<u8>) -> Result<(), CellError> {
        let wrong = |error: &dyn std::fmt::Display| {
            let code =
                if self.whole { &diagnostics::UNREADABLE_NUMBER } else { &diagnostics::UNREADABLE_AMOUNT };
            (code, error.to_string())
        };
        let text = if self.percent == PercentNotation::Percent {
            text.strip_suffix('%').unwrap_or(text).trim_end()
        } else {
            text
        };
        if let Some(plain) = in_plain_digits(text) {
            self.read(&plain, out)?;
            return Err(other_notation(&plain));
        }
        let (negative, body) = unsigned(text);
        let comma = match self.decimals {
            Decimals::Dot => false,
            Decimals::Comma => true,
            Decimals::Either => body.contains(','),
        };
        let mark = if comma { b',' } else { b'.' };
        let grammar = Grammar {
            decimal_comma: comma,
            grouping: self.grouping,
            sign: SignRule::Unsigned,
            allow_trailing_dot: false,
        };
        let start = out.len();
        let parsed = if body.as_bytes().first() == Some(&mark) {
            out.push(b'0');
            out.extend_from_slice(body.as_bytes());
            let whole = std::str::from_utf8(out.get(start..).unwrap_or(&[])).unwrap_or("");
            decimal::parse(whole, grammar)
        } else {
            decimal::parse(body, grammar)
        };
        out.truncate(start);
        let value = parsed.map_err(|error| wrong(&error))?;
        if self.whole && !value.fract().is_zero() {
            return Err(wrong(&decimal::DecimalError::NotWhole));
        }
        if negative && !value.is_zero() {
            out.push(b'-');
        }
        let digits = out.len();
        for byte in body.bytes() {
            match byte {
                b'0'..=b'9' => out.push(byte),
                _ if byte == mark && self.whole => break,
                _ if byte == mark => out.push(b'.'),
                _ => {}
            }
        }
        if self.percent == PercentNotation::Fraction {
            hundredfold(digits, out);
        }
        // One digit stays before the mark, and only there.
        let zeros = leading_zeros(digits, out);
        let fraction = out.get(digits + zeros).is_none_or(|byte| *byte == b'.');
        if zeros > 0 {
            out.drain(digits..digits + zeros - usize::from(fraction));
        } else if fraction {
            out.insert(digits, b'0');
        }
        Ok(())
    }

    /// Writes a canonical number. Answers whether decimals were lost.
    pub(crate) fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<bool, CellError> {
        let text = std::str::from_utf8(value).map_err(|_| not_utf8())?;
        let parsed = decimal::parse(text, Grammar::LENIENT)
            .map_err(|error| (&diagnostics::UNREADABLE_AMOUNT, error.to_string()))?;
        Ok(self.write_decimal(parsed, out))
    }

    /// The same of a number that has been read.
    pub(crate) fn write_decimal(&self, value: Decimal, out: &mut Vec<u8>) -> bool {
        let value = if self.percent == PercentNotation::Fraction { hundredth(value) } else { value };
        let most = if self.whole { Some(0) } else { self.places.or(self.max_places) };
        let kept = most.map_or(value, |places| decimal::half_up(value, places));
        let negative = kept.is_sign_negative() && !kept.is_zero();
        match (negative, self.sign) {
            (true, Sign::Minus) => out.push(b'-'),
            (true, Sign::Parentheses) => out.push(b'('),
            _ => {}
        }
        let start = out.len();
        decimal::write(&kept.abs(), out);
        // As many zeros behind as the layout wants or, where it says nothing, as the value came
        // with.
        let wanted = match (self.whole, self.places, self.max_places) {
            (true, ..) | (_, None, Some(_)) => 0,
            (_, Some(places), _) => places,
            (_, None, None) => kept.scale(),
        };
        let digits = out.get(start..).unwrap_or(&[]);
        let has = digits.iter().position(|byte| *byte == b'.').map_or(0, |dot| digits.len() - dot - 1);
        if wanted as usize > has {
            if has == 0 {
                out.push(b'.');
            }
            out.resize(out.len() + wanted as usize - has, b'0');
        }
        if self.decimals == Decimals::Comma
            && let Some(dot) = out.iter_mut().skip(start).find(|byte| **byte == b'.')
        {
            *dot = b',';
        }
        if self.bare_fraction && out.get(start) == Some(&b'0') && out.len() > start + 1 {
            out.remove(start);
        }
        match (negative, self.sign) {
            (true, Sign::Trailing) => out.push(b'-'),
            (true, Sign::Parentheses) => out.push(b')'),
            _ => {}
        }
        if self.percent == PercentNotation::Percent {
            out.push(b'%');
        }
        kept != value
    }
}

fn leading_zeros(start: usize, out: &[u8]) -> usize {
    out.iter().skip(start).take_while(|byte| **byte == b'0').count()
}

/// Moves the decimal point of the number from `start` on by two places.
fn hundredfold(start: usize, out: &mut Vec<u8>) {
    let point = out.iter().skip(start).position(|byte| *byte == b'.').map(|place| start + place);
    let point = point.unwrap_or(out.len());
    if point < out.len() {
        out.remove(point);
    }
    if out.len() < point + 2 {
        out.resize(point + 2, b'0');
    }
    if out.len() > point + 2 {
        out.insert(point + 2, b'.');
    }
}

/// The hundredth part of a number, exactly where 28 places are enough.
fn hundredth(value: Decimal) -> Decimal {
    let mut part = value;
    if part.set_scale(value.scale() + 2).is_ok() { part } else { value / Decimal::ONE_HUNDRED }
}

/// Takes the sign off, wherever it is.
fn unsigned(text: &str) -> (bool, &str) {
    if let Some(rest) = text.strip_prefix('-') {
        return (true, rest);
    }
    if let Some(rest) = text.strip_prefix('+') {
        return (false, rest);
    }
    if let Some(rest) = text.strip_suffix('-') {
        return (true, rest);
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// The mark between the whole and its decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Decimals {
    #[default]
    Dot,
    Comma,
    /// What is found is read, a dot is written.
    Either,
}

/// How a negative number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    #[default]
    Minus,
    Trailing,
    Parentheses,
}

/// The remark about a number that was read from another notation.
pub(crate) fn other_notation(plain: &str) -> CellError {
    let message = format!("in scientific or typographic notation, read as `{plain}`");
    (&diagnostics::NUMBER_NOTATION, message)
}

/// The most places by which an exponent moves the decimal mark.
const FARTHEST: u32 = 40;

/// A number that a program wrote with an exponent, or with a typographic minus, in plain digits;
/// nothing for any other text. It is the same number, digit by digit.
pub(crate) fn in_plain_digits(text: &str) -> Option<String> {
    let typographic = text.strip_prefix('\u{2212}');
    let (sign, rest) = match typographic.or_else(|| text.strip_prefix('-')) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let Some(at) = rest.find(['e', 'E']) else {
        return typographic.map(|rest| format!("-{rest}"));
    };
    let (mantissa, exponent) = (rest.get(..at)?, rest.get(at + 1..)?);
    let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.unsigned_abs() <= FARTHEST)?;
    let mark = if mantissa.contains(',') { ',' } else { '.' };
    let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 60 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let place = i32::try_from(whole.len()).ok()? + exponent;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let behind = place - i32::try_from(digits.len()).ok()?;
    let padded = format!("{}{digits}{}", zeros(1 - place), zeros(behind));
    let place = usize::try_from(place.max(1)).ok()?;
    let (whole, fraction) = padded.split_at_checked(place)?;
    let fraction = if fraction.is_empty() { String::new() } else { format!("{mark}{fraction}") };
    Some(format!("{sign}{whole}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_move_the_mark_and_nothing_else() {
        for (text, plain) in [
            ("7.89993E-3", "0.00789993"),
            ("1e3", "1000"),
            ("-2.5e+1", "-25"),
            ("2,5e1", "25"),
            ("1.25e1", "12.5"),
            ("12345.678e-2", "123.45678"),
            (".5E-1", "0.05"),
            ("\u{2212}0.50", "-0.50"),
        ] {
            assert_eq!(in_plain_digits(text).as_deref(), Some(plain), "{text}");
        }
        for text in ["5", "-0.50", "e5", "1e", "1e99", "1e5x", "12,345.6e1", "eur 5", "1.5.0e1"] {
            assert_eq!(in_plain_digits(text), None, "{text}");
        }
    }

    use proptest::prelude::*;

    /// A number of so many decimals as integers alone make it: half of the last place away from
    /// zero.
    fn by_hand(mantissa: i64, scale: u32, places: u32) -> i128 {
        let mantissa = i128::from(mantissa);
        if places >= scale {
            return mantissa * 10_i128.pow(places - scale);
        }
        let unit = 10_i128.pow(scale - places);
        (mantissa.abs() + unit / 2) / unit * mantissa.signum()
    }

    /// The text of an integer with a decimal mark before its last digits.
    fn text_of(mantissa: i128, places: u32, mark: &str) -> String {
        let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = places as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places as usize);
        let minus = if mantissa < 0 { "-" } else { "" };
        let mark = if places == 0 { "" } else { mark };
        format!("{minus}{whole}{mark}{fraction}")
    }

    fn any_number() -> impl Strategy<Value = Number> {
        let decimals = prop_oneof![Just(Decimals::Dot), Just(Decimals::Comma)];
        let sign = prop_oneof![Just(Sign::Minus), Just(Sign::Trailing), Just(Sign::Parentheses)];
        let percent = prop_oneof![
            Just(PercentNotation::Plain),
            Just(PercentNotation::Percent),
            Just(PercentNotation::Fraction)
        ];
        (decimals, sign, percent, any::<bool>()).prop_map(|(decimals, sign, percent, bare_fraction)| Number {
            decimals,
            bare_fraction,
            sign,
            percent,
            ..Number::default()
        })
    }

    proptest! {
        #[test]
        fn numbers_survive_both_ways(number in any_number(), mantissa in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..9) {
            let value = text_of(mantissa.into(), scale, ".");
            let (mut written, mut back) = (Vec::new(), Vec::new());
            prop_assert_eq!(number.write(value.as_bytes(), &mut written), Ok(false));
            let written = String::from_utf8(written).unwrap();
            number.read(&written, &mut back).unwrap();
            let back = String::from_utf8(back).unwrap();
            // A value is the same whatever zeros are behind it.
            prop_assert_eq!(back.parse::<Decimal>().unwrap(), value.parse::<Decimal>().unwrap(), "{}", written);
        }

        #[test]
        fn places_round_half_away_from_zero(mantissa in -100_000_000_i64..100_000_000, scale in 0_u32..8, places in 0_u32..8) {
            let number = Number { places: Some(places), decimals: Decimals::Comma, ..Number::default() };
            let value = text_of(mantissa.into(), scale, ".");
            let mut written = Vec::new();
            let lost = number.write(value.as_bytes(), &mut written).unwrap();
            let kept = by_hand(mantissa, scale, places);
            prop_assert_eq!(String::from_utf8(written).unwrap(), text_of(kept, places, ","));
            let exact = kept * 10_i128.pow(8 - places) == i128::from(mantissa) * 10_i128.pow(8 - scale);
            prop_assert_eq!(lost, !exact);
        }

        #[test]
        fn grouped_numbers_are_read(mantissa in 0_i64..1_000_000_000_000, scale in 0_u32..4) {
            let plain = text_of(mantissa.into(), scale, ",");
            let (whole, fraction) = plain.split_at(plain.find(',').unwrap_or(plain.len()));
            let mut grouped = String::new();
            for (place, digit) in whole.chars().enumerate() {
                if place > 0 && (whole.len() - place) % 3 == 0 {
                    grouped.push('.');
                }
                grouped.push(digit);
            }
            grouped.push_str(fraction);
            let number = Number { decimals: Decimals::Comma, grouping: Some('.'), ..Number::default() };
            let mut out = Vec::new();
            number.read(&grouped, &mut out).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), text_of(mantissa.into(), scale, "."));
        }

        #[test]
        fn no_text_makes_it_stumble(text in "[0-9.,()+%\\- ]{0,12}|\\PC{0,8}", number in any_number(), whole: bool) {
            let number = Number { whole, ..number };
            let mut out = Vec::new();
            if number.read(&text, &mut out).is_ok() {
                let out = String::from_utf8(out).unwrap();
                prop_assert!(decimal::parse(&out, Grammar::PLAIN).is_ok(), "{} from {}", out, text);
            }
            let _ = number.write(text.as_bytes(), &mut Vec::new());
        }
    }

    #[test]
    fn fractions_are_parts_of_hundred_in_the_model() {
        let number =
            Number { percent: PercentNotation::Fraction, decimals: Decimals::Either, ..Number::default() };
        for (file, model, written) in [
            ("0.85", "85", "0.85"),
            ("0,8525", "85.25", "0.8525"),
            (".5", "50", "0.50"),
            ("1", "100", "1.00"),
            ("0", "0", "0.00"),
            ("0.001", "0.1", "0.001"),
            ("-0.0700", "-7.00", "-0.0700"),
            ("12", "1200", "12.00"),
        ] {
            let mut read = Vec::new();
            number.read(file, &mut read).unwrap();
            assert_eq!(String::from_utf8_lossy(&read), model, "{file}");
            let mut out = Vec::new();
            assert!(!number.write(&read, &mut out).unwrap());
            assert_eq!(String::from_utf8_lossy(&out), written, "{file}");
            let mut again = Vec::new();
            number.read(written, &mut again).unwrap();
            assert_eq!(again, read);
        }
    }
}
