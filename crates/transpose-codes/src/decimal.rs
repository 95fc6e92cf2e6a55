//! The one exact decimal parser and writer.
//!
//! A grammar says how numbers are written in a source; a text that fits it is read exactly, with
//! its scale, and any other is refused. Nothing is rounded, and nothing passes through a binary
//! float.

use std::fmt;

pub use rust_decimal::Decimal;

/// The most significant digits, and the most decimal places, that a number may have.
pub const MAX_DIGITS: u32 = 28;

/// How numbers are written in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grammar {
    /// The decimal mark is a comma and not a dot.
    pub decimal_comma: bool,
    /// The mark between groups of three digits, when there may be one; the decimal mark wins when
    /// both are the same.
    pub grouping: Option<char>,
    /// How the sign is written.
    pub sign: SignRule,
    /// Nothing needs to follow the decimal mark: `5.` is five.
    pub allow_trailing_dot: bool,
}

/// How the sign of a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignRule {
    /// There is none.
    Unsigned,
    /// A minus in front: `-1.29`.
    Minus,
    /// A minus or a plus in front: `+1.29`.
    PlusMinus,
    /// A sign in front or a minus behind or parentheses around: `-1.29`, `1.29-`, `(1.29)`.
    Accounting,
}

impl Grammar {
    /// An optional minus, digits, and optionally a dot and digits.
    pub const PLAIN: Self =
        Self { decimal_comma: false, grouping: None, sign: SignRule::Minus, allow_trailing_dot: false };

    /// [`Grammar::PLAIN`], and nothing needs to follow the dot: `5.` is five. For what is read and
    /// not written: numbers of the canonical model, which keep the notation of their source, and
    /// cells of standards that allow it.
    pub const LENIENT: Self = Self { allow_trailing_dot: true, ..Self::PLAIN };

    const fn mark(self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }
}

/// Reads a number that fits the grammar, exactly and with its scale: `1.50` has two decimal places.
pub fn parse(text: &str, grammar: Grammar) -> Result<Decimal, DecimalError> {
    if text.is_empty() {
        return Err(DecimalError::Empty);
    }
    let (negative, body) = sign(text, grammar.sign);
    let mark = grammar.mark();
    let mut number = Mantissa::default();
    let mut groups = Groups::default();
    let mut fraction = None;
    for c in body.chars() {
        match c {
            '0'..='9' => {
                number.push(c as u8 - b'0');
                if let Some(places) = fraction.as_mut() {
                    *places += 1;
                } else {
                    groups.digit();
                }
            }
            _ if c == mark && fraction.is_none() => fraction = Some(0_u32),
            _ if Some(c) == grammar.grouping && c != mark && fraction.is_none() => groups.mark()?,
            _ => return Err(refusal(text, c, grammar)),
        }
    }
    groups.end()?;
    if groups.digits == 0 {
        return Err(if body.is_empty() { DecimalError::NoDigits } else { DecimalError::NoWholeDigits });
    }
    if fraction == Some(0) && !grammar.allow_trailing_dot {
        return Err(DecimalError::TrailingMark);
    }
    let mantissa = if negative { -number.value() } else { number.value() };
    let scale = fraction.unwrap_or_default();
    if number.digits > MAX_DIGITS || scale > MAX_DIGITS {
        return Err(DecimalError::TooLong);
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| DecimalError::TooLong)
}

/// Reads a whole number: digits with an optional minus.
pub fn parse_integer(text: &str) -> Result<i64, DecimalError> {
    let (negative, body) = sign(text, SignRule::Minus);
    if body.is_empty() {
        return Err(if text.is_empty() { DecimalError::Empty } else { DecimalError::NoDigits });
    }
    let mut value = 0_i64;
    for c in body.chars() {
        let Some(digit) = c.to_digit(10) else {
            return Err(match refusal(text, c, Grammar::PLAIN) {
                DecimalError::ManyMarks => DecimalError::NotWhole,
                error => error,
            });
        };
        // Negative numbers are counted downwards, so that the smallest one fits.
        let digit = if negative { -i64::from(digit) } else { i64::from(digit) };
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(DecimalError::TooLong)?;
    }
    Ok(value)
}

/// A plain decimal of at most 18 digits, with an optional minus, as its digits and the number of
/// decimal places; `None` for everything else, which [`parse`] may still understand. For sums over
/// many cells.
pub fn scaled(text: &[u8]) -> Option<(i64, u32)> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.len() > 19 {
        return None;
    }
    let (mut number, mut whole, mut places) = (0_i64, 0_u32, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                // Nineteen digits still fit; they are refused below.
                number = number.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                *places.as_mut().unwrap_or(&mut whole) += 1;
            }
            b'.' if places.is_none() => places = Some(0),
            _ => return None,
        }
    }
    let fraction = places.unwrap_or(0);
    let plain = whole > 0 && places != Some(0) && whole + fraction <= 18;
    plain.then_some((if digits.len() < text.len() { -number } else { number }, fraction))
}

/// Writes a number in plain notation, with a dot, without trailing zeros; zero is `0`.
pub fn write(value: &Decimal, out: &mut Vec<u8>) {
    write_digits(value, false, out);
}

/// As [`write`](fn@write), with all decimal places of the scale: `3.50` of an amount in cents.
pub fn write_places(value: &Decimal, out: &mut Vec<u8>) {
    write_digits(value, true, out);
}

fn write_digits(value: &Decimal, all_places: bool, out: &mut Vec<u8>) {
    let mantissa = value.mantissa();
    let mut digits = [b'0'; 40];
    let mut rest = mantissa.unsigned_abs();
    let mut slots = digits.iter_mut().rev();
    // At least one digit more than the scale, so that `0.5` has its zero.
    let mut wanted = value.scale() as usize + 1;
    let mut len = 0;
    while rest > 0 || wanted > 0 {
        let Some(slot) = slots.next() else { break };
        // Division of 64 bits is several times faster, and enough for nearly every amount.
        if let Ok(small) = u64::try_from(rest) {
            *slot = b'0' + (small % 10) as u8;
            rest = (small / 10) as u128;
        } else {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        len += 1;
        wanted = wanted.saturating_sub(1);
    }
    let digits = digits.get(digits.len() - len..).unwrap_or_default();
    let (whole, mut fraction) =
        digits.split_at_checked(len - value.scale() as usize).unwrap_or((digits, &[]));
    while let Some(shorter) = fraction.strip_suffix(b"0").filter(|_| !all_places) {
        fraction = shorter;
    }
    if mantissa < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(whole);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

/// The text that [`write`](fn@write) writes.
pub fn to_text(value: &Decimal) -> String {
    let mut out = Vec::with_capacity(16);
    write(value, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The number rounded to at most `places` decimal places; half of the last one rounds away from
/// zero.
pub fn half_up(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

/// The exact sum, or nothing when it has more digits than a decimal holds.
pub fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    // An addition that runs out of digits rounds and says so only by a smaller scale.
    let scale = a.scale().max(b.scale());
    if a.is_zero() || b.is_zero() {
        // Nothing is added, and the library answers with one of them as it is.
        let mut sum = if a.is_zero() { b } else { a };
        sum.rescale(scale);
        if sum.is_zero() {
            sum.set_sign_positive(true);
        }
        return Some(sum);
    }
    a.checked_add(b).filter(|sum| sum.scale() == scale)
}

/// Splits the sign off; a sign that the rule does not allow stays and is refused later.
fn sign(text: &str, rule: SignRule) -> (bool, &str) {
    let accounting = rule == SignRule::Accounting;
    if rule == SignRule::Unsigned {
        return (false, text);
    }
    if let Some(rest) = text.strip_prefix('-') {
        return (true, rest);
    }
    if (accounting || rule == SignRule::PlusMinus)
        && let Some(rest) = text.strip_prefix('+')
    {
        return (false, rest);
    }
    if accounting {
        if let Some(rest) = text.strip_suffix('-') {
            return (true, rest);
        }
        if let Some(rest) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            return (true, rest);
        }
    }
    (false, text)
}

/// Why character `c` of `text` does not fit.
fn refusal(text: &str, c: char, grammar: Grammar) -> DecimalError {
    let bare = text.trim_start_matches(['+', '-']);
    if bare.eq_ignore_ascii_case("nan")
        || bare.eq_ignore_ascii_case("inf")
        || bare.eq_ignore_ascii_case("infinity")
    {
        return DecimalError::NotANumber;
    }
    match c {
        'e' | 'E' if text.starts_with(|first: char| first.is_ascii_digit() || "+-.,(".contains(first)) => {
            DecimalError::Exponent
        }
        '.' | ',' if c == grammar.mark() => DecimalError::ManyMarks,
        ',' if !grammar.decimal_comma => DecimalError::Comma,
        '+' | '-' | '(' | ')' => DecimalError::Sign,
        _ if c.is_whitespace() => DecimalError::Whitespace,
        _ => DecimalError::Character(c),
    }
}

/// The digits read so far; beyond [`MAX_DIGITS`] they are only counted.
#[derive(Default)]
struct Mantissa {
    low: u64,
    high: u128,
    digits: u32,
}

impl Mantissa {
    fn push(&mut self, digit: u8) {
        if digit == 0 && self.digits == 0 {
            return;
        }
        // Eighteen digits fit into 64 bits; the wide half takes the rest.
        if self.digits < 18 {
            self.low = self.low * 10 + digit as u64;
        } else if self.digits < MAX_DIGITS {
            let before = if self.digits == 18 { self.low as u128 } else { self.high };
            self.high = before * 10 + digit as u128;
        }
        self.digits = self.digits.saturating_add(1);
    }

    fn value(&self) -> i128 {
        // 28 digits are far below the limit of 127 bits.
        if self.digits > 18 { self.high.cast_signed() } else { self.low as i128 }
    }
}

/// Checks that grouping marks separate groups of three digits.
#[derive(Default)]
struct Groups {
    digits: u32,
    since_mark: u32,
    marked: bool,
}

impl Groups {
    fn digit(&mut self) {
        self.digits = self.digits.saturating_add(1);
        self.since_mark = self.since_mark.saturating_add(1);
    }

    fn mark(&mut self) -> Result<(), DecimalError> {
        let fits = if self.marked { self.since_mark == 3 } else { (1..=3).contains(&self.since_mark) };
        self.marked = true;
        self.since_mark = 0;
        if fits { Ok(()) } else { Err(DecimalError::Grouping) }
    }

    fn end(&self) -> Result<(), DecimalError> {
        if self.marked && self.since_mark != 3 { Err(DecimalError::Grouping) } else { Ok(()) }
    }
}

/// Why a text is not a number of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecimalError {
    /// There is no text.
    Empty,
    /// There is a sign and nothing else.
    NoDigits,
    /// There is no digit before the decimal mark.
    NoWholeDigits,
    /// There is no digit after the decimal mark.
    TrailingMark,
    /// There is a second decimal mark.
    ManyMarks,
    /// There is a comma where the decimal mark is a dot.
    Comma,
    /// Grouping marks do not separate groups of three digits.
    Grouping,
    /// A sign the grammar does not know, or in the wrong place.
    Sign,
    /// Scientific notation.
    Exponent,
    /// `NaN` or an infinity.
    NotANumber,
    /// White space in or around the number.
    Whitespace,
    /// Another character that is no digit.
    Character(char),
    /// A fraction where a whole number belongs.
    NotWhole,
    /// More digits than can be kept exactly.
    TooLong,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the number is empty",
            Self::NoDigits => "there is no digit",
            Self::NoWholeDigits => "no digit before the decimal mark, write `0.5`",
            Self::TrailingMark => "no digit after the decimal mark",
            Self::ManyMarks => "more than one decimal mark",
            Self::Comma => "a comma in the number, expected a dot as decimal mark and no grouping",
            Self::Grouping => "grouping marks do not part groups of three digits",
            Self::Sign => "an unexpected sign",
            Self::Exponent => "scientific notation, expected plain digits",
            Self::NotANumber => "not a number",
            Self::Whitespace => "white space in the number",
            Self::Character(found) => return write!(f, "expected digits, found {found:?}"),
            Self::NotWhole => "expected a whole number, found a fraction",
            Self::TooLong => "too many digits to keep exactly",
        })
    }
}

impl std::error::Error for DecimalError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EUROPEAN: Grammar = Grammar { decimal_comma: true, grouping: Some('.'), ..Grammar::PLAIN };
    const ACCOUNTS: Grammar = Grammar { grouping: Some(','), sign: SignRule::Accounting, ..Grammar::PLAIN };

    #[test]
    fn digits_and_places_are_split() {
        for (text, expected) in [
            ("12.50", Some((1250, 2))),
            ("-0.1", Some((-1, 1))),
            ("7", Some((7, 0))),
            ("5.", None),
            (".5", None),
            ("1.2.3", None),
            ("+1", None),
            ("", None),
            ("-", None),
            ("999999999999999999", Some((999_999_999_999_999_999, 0))),
            ("9999999999999999999", None),
            ("1000000000000000000", None),
            ("1.000000000000000000", None),
        ] {
            assert_eq!(scaled(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn sums_are_exact_or_absent() {
        let of = |text| parse(text, Grammar::PLAIN).unwrap();
        assert_eq!(sum(of("0.1"), of("0.20")), Some(of("0.30")));
        let sums = [sum(of("0.00"), of("5")), sum(of("5.0"), of("0")), sum(of("0"), -of("0.00"))];
        assert_eq!(sums.map(|sum| sum.unwrap().to_string()), ["5.00", "5.0", "0.00"]);
        assert_eq!(sum(Decimal::MAX, of("0.0")), Some(Decimal::MAX));
        assert_eq!(sum(Decimal::MAX, of("0.1")), None);
        assert_eq!(sum(of("9999999999999999999999999999"), of("0.001")), None);
    }

    proptest! {
        #[test]
        fn sums_of_cents_are_those_of_integers(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000) {
            prop_assert_eq!(sum(Decimal::new(a, 2), Decimal::new(b, 2)), Some(Decimal::new(a + b, 2)));
        }

        #[test]
        fn what_is_split_is_what_is_parsed(text in "-?[0-9]{0,12}(\\.[0-9]{0,12})?") {
            if let Some((number, scale)) = scaled(text.as_bytes()) {
                let value = parse(&text, Grammar::PLAIN).unwrap();
                prop_assert_eq!((value.mantissa(), value.scale()), (i128::from(number), scale));
            }
        }
    }

    #[test]
    fn keeps_value_and_scale() {
        for (text, grammar, mantissa, scale) in [
            ("0", Grammar::PLAIN, 0, 0),
            ("-0", Grammar::PLAIN, 0, 0),
            ("-0.00", Grammar::PLAIN, 0, 2),
            ("5", Grammar::PLAIN, 5, 0),
            ("5.0", Grammar::PLAIN, 50, 1),
            ("007", Grammar::PLAIN, 7, 0),
            ("1.50", Grammar::PLAIN, 150, 2),
            ("-12.345", Grammar::PLAIN, -12345, 3),
            ("5.", Grammar::LENIENT, 5, 0),
            ("1234567890123456789012345678", Grammar::PLAIN, 1_234_567_890_123_456_789_012_345_678, 0),
            ("0.0000000000000000000000000001", Grammar::PLAIN, 1, 28),
            ("00000000000000000000000000000000001", Grammar::PLAIN, 1, 0),
            ("123456789012345678", Grammar::PLAIN, 123_456_789_012_345_678, 0),
            ("1234567890123456789.5", Grammar::PLAIN, 12_345_678_901_234_567_895, 1),
            ("1.234.567,89", EUROPEAN, 123_456_789, 2),
            ("1234567,89", EUROPEAN, 123_456_789, 2),
            ("(1,234.50)", ACCOUNTS, -123_450, 2),
            ("1.29-", ACCOUNTS, -129, 2),
            ("+1.29", ACCOUNTS, 129, 2),
            ("-1.29", ACCOUNTS, -129, 2),
        ] {
            let value = parse(text, grammar).unwrap();
            assert_eq!((value.mantissa(), value.scale()), (mantissa, scale), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, grammar, error) in [
            ("", Grammar::PLAIN, DecimalError::Empty),
            ("-", Grammar::PLAIN, DecimalError::NoDigits),
            (".", Grammar::LENIENT, DecimalError::NoWholeDigits),
            (".5", Grammar::PLAIN, DecimalError::NoWholeDigits),
            ("5.", Grammar::PLAIN, DecimalError::TrailingMark),
            ("1.2.3", Grammar::PLAIN, DecimalError::ManyMarks),
            ("12,5", Grammar::PLAIN, DecimalError::Comma),
            ("+5", Grammar::PLAIN, DecimalError::Sign),
            ("--5", Grammar::PLAIN, DecimalError::Sign),
            ("5-", Grammar::PLAIN, DecimalError::Sign),
            ("(5)", Grammar::PLAIN, DecimalError::Sign),
            ("-5", Grammar { sign: SignRule::Unsigned, ..Grammar::PLAIN }, DecimalError::Sign),
            ("-(5)", ACCOUNTS, DecimalError::Sign),
            ("(5", ACCOUNTS, DecimalError::Sign),
            ("()", ACCOUNTS, DecimalError::NoDigits),
            ("1e3", Grammar::PLAIN, DecimalError::Exponent),
            ("1.91774E+11", Grammar::PLAIN, DecimalError::Exponent),
            ("1_000.5", Grammar::PLAIN, DecimalError::Character('_')),
            ("NaN", Grammar::PLAIN, DecimalError::NotANumber),
            ("-inf", Grammar::PLAIN, DecimalError::NotANumber),
            (" 5", Grammar::PLAIN, DecimalError::Whitespace),
            ("5\n", Grammar::PLAIN, DecimalError::Whitespace),
            ("5\u{a0}000", Grammar::PLAIN, DecimalError::Whitespace),
            ("\u{0665}", Grammar::PLAIN, DecimalError::Character('\u{0665}')),
            ("\u{2212}5", Grammar::PLAIN, DecimalError::Character('\u{2212}')),
            ("$5", Grammar::PLAIN, DecimalError::Character('$')),
            ("eur", Grammar::PLAIN, DecimalError::Character('e')),
            ("12345678901234567890123456789", Grammar::PLAIN, DecimalError::TooLong),
            ("0.00000000000000000000000000001", Grammar::PLAIN, DecimalError::TooLong),
            ("1,23", ACCOUNTS, DecimalError::Grouping),
            ("1234,567", ACCOUNTS, DecimalError::Grouping),
            ("1,,234", ACCOUNTS, DecimalError::Grouping),
            (",234", ACCOUNTS, DecimalError::Grouping),
            ("1,23.4", ACCOUNTS, DecimalError::Grouping),
            ("1.23,5", EUROPEAN, DecimalError::Grouping),
            ("1,5.0", EUROPEAN, DecimalError::Character('.')),
        ] {
            assert_eq!(parse(text, grammar), Err(error), "{text}");
        }
    }

    #[test]
    fn reads_whole_numbers_of_64_bits() {
        for (text, result) in [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("0042", Ok(42)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(DecimalError::TooLong)),
            ("", Err(DecimalError::Empty)),
            ("-", Err(DecimalError::NoDigits)),
            ("5.0", Err(DecimalError::NotWhole)),
            ("12,5", Err(DecimalError::Comma)),
            ("1e3", Err(DecimalError::Exponent)),
            ("+5", Err(DecimalError::Sign)),
            ("5 ", Err(DecimalError::Whitespace)),
            ("0x10", Err(DecimalError::Character('x'))),
            ("\u{0665}", Err(DecimalError::Character('\u{0665}'))),
        ] {
            assert_eq!(parse_integer(text), result, "{text}");
        }
    }

    #[test]
    fn writes_plain_notation() {
        for (mantissa, scale, text) in [
            (0, 0, "0"),
            (0, 5, "0"),
            (50, 1, "5"),
            (5, 1, "0.5"),
            (-5, 3, "-0.005"),
            (150, 2, "1.5"),
            (-129, 2, "-1.29"),
            (1000, 0, "1000"),
            (79_228_162_514_264_337_593_543_950_335, 0, "79228162514264337593543950335"),
            (79_228_162_514_264_337_593_543_950_335, 28, "7.9228162514264337593543950335"),
            (1, 28, "0.0000000000000000000000000001"),
        ] {
            let value = Decimal::try_from_i128_with_scale(mantissa, scale).unwrap();
            assert_eq!(to_text(&value), text);
        }
    }

    proptest! {
        #[test]
        fn round_trips(mantissa in -(10_i128.pow(28) - 1)..10_i128.pow(28), scale in 0_u32..=28) {
            let value = Decimal::try_from_i128_with_scale(mantissa, scale).unwrap();
            prop_assert_eq!(parse(&to_text(&value), Grammar::PLAIN), Ok(value));
            let kept = parse(&value.to_string(), Grammar::PLAIN).unwrap();
            prop_assert_eq!((kept.mantissa(), kept.scale()), (mantissa, scale));
        }

        #[test]
        fn never_panics(text in "[-+0-9.,()eE _]{0,40}", comma: bool) {
            let grammar = Grammar { decimal_comma: comma, ..ACCOUNTS };
            let _ = (parse(&text, grammar), parse_integer(&text));
        }
    }
}
