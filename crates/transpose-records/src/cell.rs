//! Whether a text fits the type of its cell (ARCH-30 to ARCH-41), and its canonical notation where
//! it differs.

use crate::spec::CellType;
use transpose_codes::decimal::{self, Grammar};
use transpose_codes::{
    Currency, Dpid, Duration, Icpn, Isrc, Iswc, IswcError, PartialDate, PartyId, Territory, Timestamp,
    boolean,
};
use transpose_core::model::Kind;

/// How a text fits its cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// As it is.
    Exact,
    /// After it was brought to canonical notation, which was appended to the output.
    Normalised,
    /// It is kept, but is not what it should be, for the given reason.
    Odd(String),
    /// It has the form of what it should be, but may be mistyped, for the given reason.
    Doubtful(String),
    /// Not at all, for the given reason.
    Wrong(String),
}

/// Checks a value of a cell by the type of the cell.
///
/// Values of sets are checked by [`crate::spec::AllowedValues::standing`] instead. The canonical
/// notation, where it differs, is appended to `out`.
pub fn check(kind: CellType, value: &[u8], out: &mut Vec<u8>) -> Fit {
    match kind {
        CellType::FixedString | CellType::String | CellType::Avs => Fit::Exact,
        CellType::Integer if is_integer(value) => Fit::Exact,
        CellType::Decimal if is_decimal(value) => Fit::Exact,
        CellType::Boolean if matches!(value, b"true" | b"false") => Fit::Exact,
        CellType::Duration if Duration::plain_iso_micros(value).is_some() => Fit::Exact,
        _ => match std::str::from_utf8(value) {
            Ok(text) => check_text(kind, text, out),
            Err(_) => Fit::Wrong("it is not UTF-8".into()),
        },
    }
}

fn check_text(kind: CellType, text: &str, out: &mut Vec<u8>) -> Fit {
    let wrong = |error: &dyn std::fmt::Display| Fit::Wrong(error.to_string());
    let odd = |error: &dyn std::fmt::Display| Fit::Odd(error.to_string());
    match kind {
        CellType::FixedString | CellType::String | CellType::Avs => Fit::Exact,
        CellType::Integer => match decimal::parse(text, Grammar::LENIENT) {
            Ok(value) if value.fract().is_zero() => normal(text, &decimal::to_text(&value), out),
            Ok(_) => Fit::Odd("expected a whole number".into()),
            Err(error) => wrong(&error),
        },
        CellType::Decimal => match decimal::parse(text, Grammar::LENIENT) {
            Ok(_) => match text.strip_suffix('.') {
                Some(whole) => normal(text, whole, out),
                None => Fit::Exact,
            },
            Err(error) => wrong(&error),
        },
        CellType::Boolean => match boolean::parse(text) {
            Ok(parsed) => normal(text, boolean::as_str(parsed.code), out),
            Err(error) => wrong(&error),
        },
        CellType::Date => match (PartialDate::parse(text), compact_date(text)) {
            (Ok(_), _) => Fit::Exact,
            (Err(_), Some(date)) => normal(text, &date, out),
            (Err(error), None) => wrong(&error),
        },
        CellType::Datetime => match Timestamp::parse(text.as_bytes()) {
            Ok(time) if time.offset_minutes.is_none() => Fit::Odd("it has no time zone".into()),
            Ok(_) => Fit::Exact,
            Err(error) => wrong(&error),
        },
        CellType::Duration => Duration::parse_iso(text).map_or_else(|error| wrong(&error), |_| Fit::Exact),
        CellType::Time => Duration::parse_cue(text).map_or_else(|error| wrong(&error), |_| Fit::Exact),
        CellType::Dpid => match Dpid::parse(text) {
            Ok(parsed) => normal(text, parsed.code.as_str(), out),
            Err(error) => odd(&error),
        },
        CellType::PartyId => match PartyId::parse(text) {
            Ok(parsed) if parsed.normalised => normal(text, &parsed.code.to_string(), out),
            Ok(_) => Fit::Exact,
            Err(error) => odd(&error),
        },
        CellType::NamespacedString if text.contains("::") => Fit::Exact,
        CellType::NamespacedString => Fit::Odd("it has no namespace, expected `namespace::id`".into()),
        CellType::Territory => match Territory::parse(text) {
            Ok(parsed) => normal(text, parsed.code.as_str(), out),
            Err(error) => odd(&error),
        },
        CellType::Currency => match Currency::parse(text) {
            Ok(parsed) => normal(text, parsed.code.as_str(), out),
            Err(error) => odd(&error),
        },
    }
}

/// The date of eight digits, `20261031`, which the basic form of ISO 8601 has.
fn compact_date(text: &str) -> Option<String> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let [year, month, day] = [text.get(..4)?, text.get(4..6)?, text.get(6..)?];
    let date = format!("{year}-{month}-{day}");
    (digits && PartialDate::parse(&date).is_ok()).then_some(date)
}

/// Checks a value by what its field demands beyond the type of the cell: identifiers that are in
/// plain string cells.
pub fn check_kind(kind: Kind, value: &[u8], out: &mut Vec<u8>) -> Fit {
    if kind == Kind::Isrc && is_isrc(value) {
        return Fit::Exact;
    }
    let Ok(text) = std::str::from_utf8(value) else { return Fit::Wrong("it is not UTF-8".into()) };
    let odd = |error: &dyn std::fmt::Display| Fit::Odd(error.to_string());
    match kind {
        Kind::Isrc => Isrc::parse(text)
            .map_or_else(|error| odd(&error), |parsed| normal(text, parsed.code.as_str(), out)),
        Kind::Iswc => match Iswc::parse(text) {
            Ok(parsed) => normal(text, parsed.code.as_str(), out),
            Err(error @ IswcError::CheckDigit { .. }) => Fit::Doubtful(error.to_string()),
            Err(error) => odd(&error),
        },
        Kind::Icpn => Icpn::parse(text)
            .map_or_else(|error| odd(&error), |parsed| normal(text, parsed.code.as_str(), out)),
        _ => Fit::Exact,
    }
}

fn normal(text: &str, canonical: &str, out: &mut Vec<u8>) -> Fit {
    if text == canonical {
        return Fit::Exact;
    }
    out.extend_from_slice(canonical.as_bytes());
    Fit::Normalised
}

/// Whether the bytes are a plain whole number of at most 18 digits.
pub fn is_integer(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit)
}

/// Whether the bytes are a plain decimal of at most 18 digits: `12`, `12.5`, `-0.1`.
pub fn is_decimal(value: &[u8]) -> bool {
    if is_integer(value) {
        return true;
    }
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let Some(dot) = digits.iter().position(|byte| *byte == b'.') else { return false };
    let (whole, fraction) = digits.split_at_checked(dot).unwrap_or((digits, &[]));
    let fraction = fraction.get(1..).unwrap_or(&[]);
    !whole.is_empty()
        && !fraction.is_empty()
        && digits.len() <= 19
        && whole.iter().chain(fraction).all(u8::is_ascii_digit)
}

/// Whether the bytes are an ISRC in canonical notation.
pub fn is_isrc(value: &[u8]) -> bool {
    match value {
        [country @ .., _, _, _, _, _, _, _, _, _, _] if value.len() == 12 => {
            country.iter().all(u8::is_ascii_uppercase)
                && value.iter().skip(2).take(3).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && value.iter().skip(5).all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_accept_what_the_rules_say() {
        use CellType as T;
        for (kind, text, expected) in [
            (T::Integer, "12", "ok"),
            (T::Integer, "-3", "ok"),
            (T::Integer, "5.", "5"),
            (T::Integer, "5.5", "odd"),
            (T::Integer, "1e3", "wrong"),
            (T::Decimal, "12.50", "ok"),
            (T::Decimal, "5.", "5"),
            (T::Decimal, "12,5", "wrong"),
            (T::Decimal, "1_000", "wrong"),
            (T::Decimal, ".", "wrong"),
            (T::Decimal, "12345678901234567890.1", "ok"),
            (T::Boolean, "true", "ok"),
            (T::Boolean, "True", "true"),
            (T::Boolean, "yes", "wrong"),
            (T::Date, "2026-10", "ok"),
            (T::Date, "2026-02-30", "wrong"),
            (T::Datetime, "2026-11-10T06:00:00Z", "ok"),
            (T::Datetime, "2026-11-10T06:00:00", "odd"),
            (T::Datetime, "2026-11-10", "wrong"),
            (T::Duration, "PT182S", "ok"),
            (T::Duration, "182", "wrong"),
            (T::Time, "T2M4S", "ok"),
            (T::Dpid, "PADPIDA2008120501W", "ok"),
            (T::Dpid, "PA-DPIDA-2008120501-W", "PADPIDA2008120501W"),
            (T::Dpid, "DPIDA12345SDF", "odd"),
            (T::PartyId, "IPI::1", "ok"),
            (T::PartyId, "SACEM", "odd"),
            (T::NamespacedString, "myns::4534", "ok"),
            (T::NamespacedString, "4534", "odd"),
            (T::Territory, "fr", "FR"),
            (T::Territory, "Atlantis", "odd"),
            (T::Currency, "EUR", "ok"),
            (T::String, "\u{7f}", "ok"),
        ] {
            let mut out = Vec::new();
            let found = match check(kind, text.as_bytes(), &mut out) {
                Fit::Exact => "ok".to_owned(),
                Fit::Normalised => String::from_utf8(out).unwrap(),
                Fit::Odd(_) | Fit::Doubtful(_) => "odd".into(),
                Fit::Wrong(_) => "wrong".into(),
            };
            assert_eq!(found, expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn identifiers_are_brought_to_canonical_notation() {
        let mut out = Vec::new();
        assert_eq!(check_kind(Kind::Isrc, b"USS1Z1412345", &mut out), Fit::Exact);
        assert_eq!(check_kind(Kind::Isrc, b"us-s1z-14-12345", &mut out), Fit::Normalised);
        assert_eq!(out, b"USS1Z1412345");
        assert!(matches!(check_kind(Kind::Isrc, b"USS1Z", &mut out), Fit::Odd(_)));
        assert_eq!(check_kind(Kind::Iswc, b"T0345246801", &mut out), Fit::Exact);
        assert!(matches!(check_kind(Kind::Iswc, b"T0345246802", &mut out), Fit::Doubtful(_)));
        assert!(matches!(check_kind(Kind::Iswc, b"T034524680", &mut out), Fit::Odd(_)));
        assert!(matches!(check_kind(Kind::Isrc, b"\xff", &mut out), Fit::Wrong(_)));
        assert_eq!(check_kind(Kind::Text, b"anything", &mut out), Fit::Exact);
    }
}
