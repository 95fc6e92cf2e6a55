//! Cells in their notation: text, numbers, durations; every record with all its tabs (ARCH-10) and
//! a line feed.

use crate::escape::Escapes;
use crate::{cell, escape};
use transpose_codes::Duration;
use transpose_codes::decimal::{self, Grammar};

/// Writes text, escaped in the notation of an edition (ARCH-20, ARCH-21). Answers how many control
/// characters became spaces.
pub fn text(value: &[u8], escapes: Escapes, out: &mut Vec<u8>) -> u64 {
    escape::encode_as(value, escapes, out)
}

/// Writes a number in the notation of ARCH-31 to ARCH-33: no needless zeros, zero is `0`. `false`
/// when it is none; then nothing is written.
pub fn number(value: &[u8], out: &mut Vec<u8>) -> bool {
    if is_canonical(value) {
        out.extend_from_slice(value);
        return true;
    }
    match std::str::from_utf8(value).ok().and_then(|text| decimal::parse(text, Grammar::LENIENT).ok()) {
        Some(value) => {
            decimal::write(&value, out);
            true
        }
        None => false,
    }
}

/// Whether a number needs no change: digits without a leading zero, or with decimals that do not
/// end in zero.
fn is_canonical(value: &[u8]) -> bool {
    match value {
        [b'0'] => true,
        [b'1'..=b'9', ..] if !value.contains(&b'.') => cell::is_integer(value),
        [b'1'..=b'9', .., b'1'..=b'9'] | [b'0', b'.', .., b'1'..=b'9'] => cell::is_decimal(value),
        _ => false,
    }
}

/// Writes a duration as ARCH-37 wants it: `PT[[hhH]mmM]ssS`, seconds always and minutes where there
/// are hours. Answers its microseconds, or `None` when it is no duration; then nothing is written.
pub fn duration(value: &[u8], out: &mut Vec<u8>) -> Option<i64> {
    if let Some(micros) = Duration::plain_iso_micros(value) {
        if Duration::is_clock(value) {
            out.extend_from_slice(value);
        } else {
            Duration::from_micros(micros).write_clock(out);
        }
        return Some(micros);
    }
    let parsed = Duration::parse_iso(std::str::from_utf8(value).ok()?).ok()?;
    let plain = value.strip_prefix(b"PT").is_some_and(|rest| {
        rest.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'H' | b'M' | b'S' | b'.'))
    });
    if plain && !parsed.rounded && Duration::is_clock(value) {
        out.extend_from_slice(value);
    } else {
        parsed.duration.write_clock(out);
    }
    Some(parsed.duration.micros())
}

/// Writes a whole number.
pub fn whole(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        count += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - count..).unwrap_or(&[]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> Option<String> {
        let mut out = Vec::new();
        number(value.as_bytes(), &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn numbers_lose_needless_zeros() {
        for (value, expected) in [
            ("5", Some("5")),
            ("5.", Some("5")),
            ("5.0", Some("5")),
            ("5.10", Some("5.1")),
            ("0.00", Some("0")),
            ("0", Some("0")),
            ("007", Some("7")),
            ("10", Some("10")),
            ("0.05", Some("0.05")),
            ("-1.50", Some("-1.5")),
            ("12,5", None),
            ("", None),
            ("12345678901234567890", Some("12345678901234567890")),
        ] {
            assert_eq!(written(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn durations_keep_their_form_where_it_is_allowed() {
        for (value, expected) in [
            ("PT182S", Some(("PT182S", 182_000_000))),
            ("PT1M30.5S", Some(("PT1M30.5S", 90_500_000))),
            ("P1DT1H", Some(("PT25H0M0S", 90_000_000_000))),
            ("PT5M", Some(("PT5M0S", 300_000_000))),
            ("PT1H39S", Some(("PT1H0M39S", 3_639_000_000))),
            ("PT0.0000005S", Some(("PT0.000001S", 1))),
            ("90", None),
        ] {
            let mut out = Vec::new();
            let micros = duration(value.as_bytes(), &mut out);
            assert_eq!(
                micros.map(|micros| (std::str::from_utf8(&out).unwrap(), micros)),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn whole_numbers_are_digits() {
        for value in [0, 7, 10, 1234, u64::MAX] {
            let mut out = Vec::new();
            whole(value, &mut out);
            assert_eq!(out, value.to_string().as_bytes());
        }
    }
}
