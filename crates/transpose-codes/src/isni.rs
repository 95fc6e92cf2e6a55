//! ISNI, the International Standard Name Identifier (ISO 27729): fifteen digits and a check
//! character (ISO 7064 Mod 11-2, a digit or `X`).

use crate::compact::{is_separator, labelled};
use crate::{ParsedCode, ascii_code, check_digit};
use std::fmt;

/// An ISNI in its canonical form: sixteen characters, no spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isni([u8; 16]);

impl Isni {
    /// Reads an ISNI; spaces, hyphens, a lower-case `x` and an `ISNI` label are accepted and
    /// reported as normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, IsniError> {
        if let Some(code) = Self::canonical(text) {
            return Ok(ParsedCode { code, normalised: false });
        }
        let compact = labelled::<16>(text, "ISNI", is_separator).map_err(IsniError::Character)?;
        let Some(bytes) = compact.exactly() else {
            return Err(if compact.len() == 0 { IsniError::Empty } else { IsniError::Length(compact.len()) });
        };
        let [digits @ .., last] = &bytes;
        if let Some(&found) = digits.iter().find(|byte| !byte.is_ascii_digit()) {
            return Err(IsniError::Character(found as char));
        }
        if !(last.is_ascii_digit() || *last == b'X') {
            return Err(IsniError::Character(*last as char));
        }
        let expected = check_digit::mod_11_2(digits);
        if expected != *last {
            return Err(IsniError::CheckCharacter { code: Self(bytes), expected: expected as char });
        }
        Ok(ParsedCode { code: Self(bytes), normalised: bytes != text.as_bytes() })
    }

    /// Reads an ISNI in canonical form, the fast path: nearly all are.
    pub(crate) fn canonical(text: &str) -> Option<Self> {
        let bytes: [u8; 16] = text.as_bytes().try_into().ok()?;
        let [digits @ .., last] = &bytes;
        (digits.iter().all(u8::is_ascii_digit) && check_digit::mod_11_2(digits) == *last)
            .then_some(Self(bytes))
    }
}

ascii_code!(Isni, 16, IsniError);

/// Why a text is not an ISNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsniError {
    /// There is no text, or only separators.
    Empty,
    /// The number of characters is not sixteen.
    Length(usize),
    /// A character that does not belong in its place.
    Character(char),
    /// The shape is right and the check character is not.
    CheckCharacter {
        /// The code as it was written.
        code: Isni,
        /// The check character that its digits give.
        expected: char,
    },
}

impl fmt::Display for IsniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the ISNI is empty, expected 16 digits"),
            Self::Length(found) => write!(f, "an ISNI has 16 characters, found {found}"),
            Self::Character(found) => write!(f, "an ISNI has 15 digits and a digit or `X`, found {found:?}"),
            Self::CheckCharacter { expected, .. } => {
                write!(f, "the check character of the ISNI is wrong, its digits give {expected}")
            }
        }
    }
}

impl std::error::Error for IsniError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_partners_write() {
        for (text, code, normalised) in [
            ("0000000081266409", "0000000081266409", false),
            ("0000 0000 8126 6409", "0000000081266409", true),
            ("ISNI 0000 0000 8126 6409", "0000000081266409", true),
            ("000000012150090x", "000000012150090X", true),
        ] {
            let parsed = Isni::parse(text).unwrap();
            assert_eq!((parsed.code.as_str(), parsed.normalised), (code, normalised), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", IsniError::Empty),
            ("81266409", IsniError::Length(8)),
            ("00000000812X6409", IsniError::Character('X')),
            ("000000008126640Y", IsniError::Character('Y')),
            ("0000/0000", IsniError::Character('/')),
        ] {
            assert_eq!(Isni::parse(text), Err(error), "{text}");
        }
        assert!(matches!(
            Isni::parse("0000000081266408"),
            Err(IsniError::CheckCharacter { expected: '9', .. })
        ));
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long(text in "[0-9]{15}[0-9X]") {
            let spaced = format!(" {text}");
            let (short, long) = (Isni::parse(&text), Isni::parse(&spaced));
            prop_assert_eq!(short.map(|parsed| parsed.code), long.map(|parsed| parsed.code));
            prop_assert!(!short.is_ok_and(|parsed| parsed.normalised));
        }

        #[test]
        fn never_panics(text in "\\PC{0,30}") {
            let _ = Isni::parse(&text);
        }
    }
}
