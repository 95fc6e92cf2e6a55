//! Parsers for values that several flags take: pairs, words, periods.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use transpose_codes::time::Period;

/// `KEY=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("expected `KEY=VALUE`".into()),
    }
}

/// One of several words, each of which stands for a value.
pub(crate) fn word<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().map(|(word, _)| *word)).try_map(|text| {
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, value)| *value).ok_or("expected one of the possible values")
    })
}

/// A reporting period.
pub(crate) fn period(text: &str) -> Result<Period, String> {
    Period::parse(text).map_err(|error| {
        format!("{error}; expected `2026`, `2026-10`, `2026-10-05`, `2026-Q4`, `2026-W41` or `2026-10-01--2026-10-15`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_pairs() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("a").is_err());
    }
}
