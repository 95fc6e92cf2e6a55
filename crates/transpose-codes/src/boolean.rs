//! Booleans: `true` or `false`, in lower case.

use crate::ParsedCode;
use std::fmt;

/// Reads `true` or `false`; another case is accepted and reported as normalised.
pub fn parse(text: &str) -> Result<ParsedCode<bool>, BooleanError> {
    match text {
        "true" => Ok(ParsedCode::exact(true)),
        "false" => Ok(ParsedCode::exact(false)),
        "" => Err(BooleanError::Empty),
        _ if text.eq_ignore_ascii_case("true") => Ok(ParsedCode { code: true, normalised: true }),
        _ if text.eq_ignore_ascii_case("false") => Ok(ParsedCode { code: false, normalised: true }),
        _ => Err(BooleanError::Other),
    }
}

/// The canonical text of a boolean.
pub const fn as_str(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Why a text is not a boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BooleanError {
    /// There is no text.
    Empty,
    /// The text is neither `true` nor `false`.
    Other,
}

impl fmt::Display for BooleanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the value is empty, expected `true` or `false`",
            Self::Other => "expected `true` or `false`",
        })
    }
}

impl std::error::Error for BooleanError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_values_and_notes_case() {
        for (text, code, normalised) in
            [("true", true, false), ("false", false, false), ("TRUE", true, true), ("False", false, true)]
        {
            assert_eq!(parse(text), Ok(ParsedCode { code, normalised }), "{text}");
            assert_eq!(as_str(code), text.to_lowercase());
        }
    }

    #[test]
    fn refuses_everything_else() {
        assert_eq!(parse(""), Err(BooleanError::Empty));
        for text in ["1", "0", "yes", " true", "true ", "t", "trÜe", "\0"] {
            assert_eq!(parse(text), Err(BooleanError::Other), "{text}");
        }
    }
}
