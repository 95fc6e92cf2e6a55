//! The plain forms of numbers, and what is odd about a percentage.

use transpose_codes::decimal::{self, Grammar, scaled};
use transpose_records::cell::is_integer;

/// Whether a number has no needless digit: no zero at its end after a dot, none at its beginning,
/// zero as `0` (ARCH-31, ARCH-33).
pub(in crate::read) fn is_plain(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    match digits {
        [b'0'] => value.len() == 1,
        [b'0', b'.', ..] => digits.last() != Some(&b'0') && digits.len() > 2,
        [b'0', ..] => false,
        _ => {
            is_integer(digits)
                || (digits.contains(&b'.') && !matches!(digits.last(), Some(b'0' | b'.')))
                || digits.len() > 18
        }
    }
}

/// Whether a whole number is not negative and has no needless digit.
pub(in crate::read) fn is_count(value: &[u8]) -> bool {
    match value {
        [b'0'] => true,
        [b'1'..=b'9', ..] => is_integer(value),
        _ => false,
    }
}

/// Whether a decimal is not negative and has no needless digit.
pub(in crate::read) fn is_amount(value: &[u8]) -> bool {
    if !matches!(value, [b'0'] | [b'0', b'.', ..] | [b'1'..=b'9', ..]) {
        return false;
    }
    let mut dots = 0;
    for byte in value {
        if !byte.is_ascii_digit() {
            if *byte != b'.' {
                return false;
            }
            dots += 1;
        }
    }
    match dots {
        0 => value.len() <= 18,
        1 => value.len() <= 19 && !matches!(value.last(), Some(b'0' | b'.')),
        _ => false,
    }
}

/// Whether a decimal of that kind is a percentage about which there is nothing to say.
pub(in crate::read) fn is_share(value: &[u8]) -> bool {
    is_amount(value) && odd_percentage(value).is_none()
}

/// What is odd about a percentage.
pub(super) fn odd_percentage(value: &[u8]) -> Option<&'static str> {
    let number = match scaled(value) {
        Some((number, scale)) if number >= 0 => {
            let unit = 10_i64.checked_pow(scale)?;
            // Most are whole.
            return match number {
                0 => None,
                _ if number < unit => Some("which looks like a ratio; a quarter is written 25"),
                _ if number > unit.saturating_mul(100) => Some("more than 100 per cent"),
                _ => None,
            };
        }
        Some(_) => return Some("less than nothing"),
        None => decimal::parse(std::str::from_utf8(value).ok()?, Grammar::LENIENT).ok()?,
    };
    (number > transpose_codes::Decimal::from(100)).then_some("more than 100 per cent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_records::cell::is_decimal;

    #[test]
    fn numbers_have_one_plain_form() {
        for (text, plain) in [
            ("0", true),
            ("5", true),
            ("-5", true),
            ("0.5", true),
            ("12.05", true),
            ("-0.25", true),
            ("0.0", false),
            ("5.0", false),
            ("5.", false),
            ("05", false),
            ("-0", false),
            ("0.", false),
            ("2.50", false),
            ("12345678901234567890123", true),
        ] {
            assert_eq!(is_plain(text.as_bytes()), plain, "{text}");
        }
    }

    #[test]
    fn quick_numbers_have_their_plain_form() {
        for text in [
            "0",
            "7",
            "120",
            "-1",
            "01",
            "5.",
            "2.5",
            "2.50",
            "0.5",
            "00.5",
            "0.0",
            "0.",
            ".5",
            "1.2.3",
            "1.25",
            "123456789012345678",
            "1234567890123456789",
            "12345678901234567.1",
            "123456789012345678.1",
            "1e3",
            "",
            "-",
            "-0.5",
            "100",
            "250",
        ] {
            let value = text.as_bytes();
            let fine = is_decimal(value) && is_plain(value) && !text.starts_with('-');
            assert_eq!(is_amount(value), fine, "{text}");
            assert_eq!(is_count(value), fine && is_integer(value), "{text}");
            assert_eq!(is_share(value), fine && odd_percentage(value).is_none(), "{text}");
        }
    }

    #[test]
    fn percentages_lie_between_nothing_and_all() {
        for (text, odd) in [
            ("0", false),
            ("25", false),
            ("100", false),
            ("100.00", false),
            ("0.25", true),
            ("100.01", true),
            ("-1", true),
            ("1", false),
        ] {
            assert_eq!(odd_percentage(text.as_bytes()).is_some(), odd, "{text}");
        }
    }
}
