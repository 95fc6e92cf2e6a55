//! Reads durations.

use super::{Duration, DurationError, MICROS, ParsedDuration};

impl Duration {
    /// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds: `PT3M2S`, `PT182S`,
    /// `PT1M30.5S`, `P1DT2H`.
    ///
    /// Years and months are refused, because their length is not fixed.
    pub fn parse_iso(text: &str) -> Result<ParsedDuration, DurationError> {
        let bytes = text.as_bytes();
        match bytes {
            [] => Err(DurationError::Empty),
            [b'-', b'P', ..] => Err(DurationError::Negative),
            [b'P', rest @ ..] => designated(rest),
            _ => Err(DurationError::Shape),
        }
    }

    /// The microseconds of an ISO 8601 duration given as bytes, rounded as [`Duration::parse_iso`]
    /// does; `None` when it is not one.
    pub fn iso_micros(text: &[u8]) -> Option<i64> {
        Self::plain_iso_micros(text)
            .or_else(|| Some(Self::parse_iso(std::str::from_utf8(text).ok()?).ok()?.duration.micros()))
    }

    /// The microseconds of a duration in the common notation: `PT`, hours, minutes, seconds, of up
    /// to nine digits each and six decimal places.
    pub fn plain_iso_micros(text: &[u8]) -> Option<i64> {
        let rest = text.strip_prefix(b"PT")?;
        let (mut total, mut number, mut digits, mut unit) = (0_i64, 0_i64, 0, 0);
        let mut fraction: Option<u32> = None;
        for byte in rest {
            match byte {
                b'0'..=b'9' => {
                    number = number * 10 + i64::from(byte - b'0');
                    digits += 1;
                    if let Some(places) = &mut fraction {
                        *places += 1;
                    }
                    if digits > 9 || fraction.is_some_and(|places| places > 6) {
                        return None;
                    }
                }
                b'.' if digits > 0 && fraction.is_none() => fraction = Some(0),
                b'H' | b'M' | b'S' if digits > 0 => {
                    let (order, micros) = match byte {
                        b'H' => (1, 3_600_000_000),
                        b'M' => (2, 60_000_000),
                        _ => (3, 1_000_000),
                    };
                    // Units are in order, and only seconds have decimal places.
                    if order <= unit || (fraction.is_some() && order != 3) || fraction == Some(0) {
                        return None;
                    }
                    total += number * micros / 10_i64.pow(fraction.unwrap_or(0));
                    (number, digits, unit, fraction) = (0, 0, order, None);
                }
                _ => return None,
            }
        }
        (digits == 0 && unit > 0).then_some(total)
    }

    /// Reads the start of a cue, `T2M4S`; the `P` in front, which the cue form lacks, is accepted.
    pub fn parse_cue(text: &str) -> Result<ParsedDuration, DurationError> {
        match text.as_bytes() {
            [] => Err(DurationError::Empty),
            [b'P', rest @ ..] | rest @ [b'T', ..] => designated(rest),
            _ => Err(DurationError::Shape),
        }
    }

    /// Reads seconds, whole or with a dot and decimals: `182`, `12.5`.
    pub fn parse_seconds(text: &str) -> Result<ParsedDuration, DurationError> {
        Self::parse_seconds_bytes(text.as_bytes())
    }

    /// Reads seconds as [`Duration::parse_seconds`] does, from bytes.
    pub fn parse_seconds_bytes(bytes: &[u8]) -> Result<ParsedDuration, DurationError> {
        // Twelve digits of whole seconds cannot overflow: nearly every row ends here.
        if (1..=12).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit) {
            let seconds = bytes.iter().fold(0_i64, |seconds, digit| seconds * 10 + (digit - b'0') as i64);
            return Ok(ParsedDuration { duration: Self(seconds * MICROS), rounded: false });
        }
        match bytes {
            [] => return Err(DurationError::Empty),
            [b'-', b'0'..=b'9', ..] => return Err(DurationError::Negative),
            _ => {}
        }
        let (number, rest) = Number::read(bytes, false)?;
        if rest.is_empty() { total([Some((number, MICROS))]) } else { Err(DurationError::Shape) }
    }

    /// Reads `hh:mm:ss`, `hh:mm:ss.f`, `mm:ss` or `mm:ss.f`; only the first part may be 60 or more.
    pub fn parse_clock(text: &str) -> Result<ParsedDuration, DurationError> {
        let bytes = text.as_bytes();
        match bytes {
            [] => return Err(DurationError::Empty),
            [b'-', ..] => return Err(DurationError::Negative),
            _ => {}
        }
        let (first, rest) = Number::read(bytes, false)?;
        let [b':', rest @ ..] = rest else { return Err(DurationError::Shape) };
        let (second, rest) = Number::read(rest, false)?;
        let (hours, minutes, seconds) = match rest {
            [] => (None, first, second),
            [b':', rest @ ..] => {
                let (third, rest) = Number::read(rest, false)?;
                if !rest.is_empty() {
                    return Err(DurationError::Shape);
                }
                (Some(first), second, third)
            }
            _ => return Err(DurationError::Shape),
        };
        if minutes.has_fraction || hours.is_some_and(|hours| hours.has_fraction) {
            return Err(DurationError::Shape);
        }
        if seconds.whole > 59 || (hours.is_some() && minutes.whole > 59) {
            return Err(DurationError::ClockRange);
        }
        total([
            hours.map(|hours| (hours, 3600 * MICROS)),
            Some((minutes, 60 * MICROS)),
            Some((seconds, MICROS)),
        ])
    }
}

/// Reads what follows the `P`: numbers with their designators, each at most once and from large to
/// small.
fn designated(bytes: &[u8]) -> Result<ParsedDuration, DurationError> {
    const DATE: [(u8, i64); 4] = [(b'Y', 0), (b'M', 0), (b'W', 7 * 86_400 * MICROS), (b'D', 86_400 * MICROS)];
    const TIME: [(u8, i64); 3] = [(b'H', 3600 * MICROS), (b'M', 60 * MICROS), (b'S', MICROS)];
    let mut rest = bytes;
    let mut units = DATE.iter();
    let mut in_time = false;
    let mut parts: [Option<(Number, i64)>; 5] = [None; 5];
    let mut slots = parts.iter_mut();
    let mut last_has_fraction = false;
    // A `P` or a `T` with nothing after it is no duration.
    let mut needs_part = true;
    while let [first, after @ ..] = rest {
        if *first == b'T' && !in_time {
            (in_time, needs_part, units, rest) = (true, true, TIME.iter(), after);
            continue;
        }
        if *first == b'-' {
            return Err(DurationError::Negative);
        }
        if last_has_fraction {
            return Err(DurationError::Shape);
        }
        let (number, after) = Number::read(rest, true)?;
        let [letter, after @ ..] = after else { return Err(DurationError::Shape) };
        let Some((_, unit)) = units.find(|(known, _)| known == letter) else {
            return Err(DurationError::Shape);
        };
        if *unit == 0 {
            return Err(DurationError::CalendarUnit);
        }
        let Some(slot) = slots.next() else { return Err(DurationError::Shape) };
        *slot = Some((number, *unit));
        (last_has_fraction, needs_part, rest) = (number.has_fraction, false, after);
    }
    if needs_part { Err(DurationError::Shape) } else { total(parts) }
}

/// A number as it is written: a whole part and up to eighteen decimals.
#[derive(Clone, Copy)]
struct Number {
    whole: i64,
    fraction: i64,
    /// Ten to the power of the decimals kept.
    divisor: i64,
    /// There is a digit other than zero after the decimals kept.
    more: bool,
    has_fraction: bool,
}

impl Number {
    /// Reads digits, and optionally a dot (or the comma that ISO 8601 allows) and digits.
    fn read(bytes: &[u8], comma: bool) -> Result<(Self, &[u8]), DurationError> {
        let mut number = Self { whole: 0, fraction: 0, divisor: 1, more: false, has_fraction: false };
        let (whole, mut rest) = split_digits(bytes);
        if whole.is_empty() {
            return Err(DurationError::Shape);
        }
        for digit in whole {
            let digit = (digit - b'0') as i64;
            number.whole = number
                .whole
                .checked_mul(10)
                .and_then(|w| w.checked_add(digit))
                .ok_or(DurationError::TooLong)?;
        }
        if let [mark, after @ ..] = rest
            && (*mark == b'.' || (comma && *mark == b','))
        {
            let (fraction, after) = split_digits(after);
            if fraction.is_empty() {
                return Err(DurationError::Shape);
            }
            for (digit, place) in fraction.iter().zip(0_u32..) {
                if place < 18 {
                    number.fraction = number.fraction * 10 + (digit - b'0') as i64;
                    number.divisor *= 10;
                } else {
                    number.more |= *digit != b'0';
                }
            }
            number.has_fraction = true;
            rest = after;
        }
        Ok((number, rest))
    }
}

fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(len).unwrap_or((bytes, &[]))
}

/// Adds up numbers of units; each fraction is rounded half up to a microsecond.
fn total<const N: usize>(parts: [Option<(Number, i64)>; N]) -> Result<ParsedDuration, DurationError> {
    let mut micros = 0_i64;
    let mut rounded = false;
    for (number, unit) in parts.into_iter().flatten() {
        let scaled = i128::from(number.fraction) * i128::from(unit);
        let divisor = i128::from(number.divisor);
        let (quotient, remainder) = (scaled / divisor, scaled % divisor);
        rounded |= remainder != 0 || number.more;
        let fraction = (quotient + i128::from(remainder * 2 >= divisor && remainder != 0)) as i64;
        micros = number
            .whole
            .checked_mul(unit)
            .and_then(|whole| whole.checked_add(fraction))
            .and_then(|part| micros.checked_add(part))
            .ok_or(DurationError::TooLong)?;
    }
    Ok(ParsedDuration { duration: Duration(micros), rounded })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn iso(text: &str) -> Result<(i64, bool), DurationError> {
        Duration::parse_iso(text).map(|parsed| (parsed.duration.micros(), parsed.rounded))
    }

    #[test]
    fn reads_iso_8601() {
        for (text, micros) in [
            ("PT0S", 0),
            ("PT182S", 182_000_000),
            ("PT3M2S", 182_000_000),
            ("PT00H03M02S", 182_000_000),
            ("PT1H2M3S", 3_723_000_000),
            ("PT1M30.5S", 90_500_000),
            ("PT1M30,5S", 90_500_000),
            ("PT0.000001S", 1),
            ("PT1.5M", 90_000_000),
            ("P1D", 86_400_000_000),
            ("P1DT1S", 86_401_000_000),
            ("P1W", 604_800_000_000),
            ("PT1H", 3_600_000_000),
        ] {
            assert_eq!(iso(text), Ok((micros, false)), "{text}");
        }
    }

    #[test]
    fn says_when_it_rounded() {
        assert_eq!(iso("PT1.0000000S"), Ok((1_000_000, false)));
        assert_eq!(iso("PT1.0000004S"), Ok((1_000_000, true)));
        assert_eq!(iso("PT1.0000005S"), Ok((1_000_001, true)));
        assert_eq!(iso("PT0.9999999S"), Ok((1_000_000, true)));
        assert_eq!(iso("PT1.0000000000000000000000001S"), Ok((1_000_000, true)));
        assert_eq!(iso("PT1.0000000000000000000000000S"), Ok((1_000_000, false)));
    }

    #[test]
    fn refuses_bad_iso_8601() {
        for (text, error) in [
            ("", DurationError::Empty),
            ("P", DurationError::Shape),
            ("PT", DurationError::Shape),
            ("P1DT", DurationError::Shape),
            ("182", DurationError::Shape),
            ("T2M4S", DurationError::Shape),
            ("PT2S3M", DurationError::Shape),
            ("PT2M2M", DurationError::Shape),
            ("PT2", DurationError::Shape),
            ("PTS", DurationError::Shape),
            ("PT1.S", DurationError::Shape),
            ("PT.5S", DurationError::Shape),
            ("PT1.5M2S", DurationError::Shape),
            ("P1.5DT2H", DurationError::Shape),
            ("PTT1S", DurationError::Shape),
            ("pt3m2s", DurationError::Shape),
            ("PT3M 2S", DurationError::Shape),
            ("PT+3S", DurationError::Shape),
            ("PT\u{0663}S", DurationError::Shape),
            ("-PT5S", DurationError::Negative),
            ("PT-5S", DurationError::Negative),
            ("P1Y", DurationError::CalendarUnit),
            ("P1M", DurationError::CalendarUnit),
            ("PT99999999999999999999S", DurationError::TooLong),
            ("PT9223372036855S", DurationError::TooLong),
            ("PT9999999999999H", DurationError::TooLong),
        ] {
            assert_eq!(iso(text), Err(error), "{text}");
        }
    }

    #[test]
    fn reads_the_cue_form() {
        let cue = |text| Duration::parse_cue(text).map(|parsed| parsed.duration.micros());
        assert_eq!(cue("T2M4S"), Ok(124_000_000));
        assert_eq!(cue("PT2M4S"), Ok(124_000_000));
        assert_eq!(cue("T"), Err(DurationError::Shape));
        assert_eq!(cue("2M4S"), Err(DurationError::Shape));
        let mut out = Vec::new();
        Duration::from_micros(124_000_000).write_cue(&mut out);
        assert_eq!(out, b"T2M4S");
    }

    #[test]
    fn reads_seconds() {
        for (text, result) in [
            ("182", Ok((182_000_000, false))),
            ("0", Ok((0, false))),
            ("007", Ok((7_000_000, false))),
            ("12.5", Ok((12_500_000, false))),
            ("0.0000001", Ok((0, true))),
            ("1234567890123", Ok((1_234_567_890_123_000_000, false))),
            ("", Err(DurationError::Empty)),
            ("-5", Err(DurationError::Negative)),
            ("-", Err(DurationError::Shape)),
            ("+5", Err(DurationError::Shape)),
            ("5.", Err(DurationError::Shape)),
            (".5", Err(DurationError::Shape)),
            ("12,5", Err(DurationError::Shape)),
            ("3:02", Err(DurationError::Shape)),
            ("5 ", Err(DurationError::Shape)),
            ("1e3", Err(DurationError::Shape)),
            ("99999999999999999999", Err(DurationError::TooLong)),
        ] {
            let parsed =
                Duration::parse_seconds(text).map(|parsed| (parsed.duration.micros(), parsed.rounded));
            assert_eq!(parsed, result, "{text}");
        }
        assert_eq!(Duration::parse_seconds_bytes(b"\xff\xfe"), Err(DurationError::Shape));
    }

    #[test]
    fn reads_clock_notation() {
        for (text, result) in [
            ("03:02", Ok(182_000_000)),
            ("3:02", Ok(182_000_000)),
            ("182:05", Ok(10_925_000_000)),
            ("00:03:02", Ok(182_000_000)),
            ("01:02:03.5", Ok(3_723_500_000)),
            ("100:00:00", Ok(360_000_000_000)),
            ("", Err(DurationError::Empty)),
            ("182", Err(DurationError::Shape)),
            ("1:2:3:4", Err(DurationError::Shape)),
            ("1.5:00", Err(DurationError::Shape)),
            (":30", Err(DurationError::Shape)),
            ("3:", Err(DurationError::Shape)),
            ("3:60", Err(DurationError::ClockRange)),
            ("1:60:00", Err(DurationError::ClockRange)),
            ("-3:02", Err(DurationError::Negative)),
            ("9999999999999999:00:00", Err(DurationError::TooLong)),
        ] {
            assert_eq!(Duration::parse_clock(text).map(|parsed| parsed.duration.micros()), result, "{text}");
        }
    }

    proptest! {
        #[test]
        fn quick_durations_agree_with_the_parser(text in "PT([0-9]{1,10}H)?([0-9]{0,9}M)?([0-9]{0,4}(\\.[0-9]{0,7})?S)?[HMS.]?") {
            let slow = Duration::parse_iso(&text).ok().map(|parsed| parsed.duration.micros());
            if let Some(quick) = Duration::plain_iso_micros(text.as_bytes()) {
                prop_assert_eq!(Some(quick), slow);
            }
            prop_assert_eq!(Duration::iso_micros(text.as_bytes()), slow);
        }

        #[test]
        fn never_panics(text in "[-PT0-9.,:YMWDHS]{0,30}") {
            let _ = (Duration::parse_iso(&text), Duration::parse_cue(&text));
            let _ = (Duration::parse_seconds(&text), Duration::parse_clock(&text));
        }
    }
}
