//! ISWC, the code of a musical work (ISO 15707): `T`, nine digits and a check digit.

use crate::compact::{is_separator, labelled};
use crate::{ParsedCode, ascii_code, check_digit};
use std::fmt;

/// An ISWC in its canonical form: `T` and ten digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iswc([u8; 11]);

impl Iswc {
    /// Reads `T0345246801` or `T-034.524.680-1`; dots, hyphens, spaces, lower case and an `ISWC`
    /// label are normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, IswcError> {
        let compact =
            labelled::<11>(text, "ISWC", |c| c == '.' || is_separator(c)).map_err(IswcError::Character)?;
        let Some(bytes) = compact.exactly() else {
            return Err(if compact.len() == 0 { IswcError::Empty } else { IswcError::Length(compact.len()) });
        };
        let [b'T', digits @ .., last] = &bytes else { return Err(IswcError::Shape) };
        if !digits.iter().chain([last]).all(u8::is_ascii_digit) {
            return Err(IswcError::Shape);
        }
        let expected = check_digit::iswc(digits);
        if expected != *last {
            return Err(IswcError::CheckDigit { code: Self(bytes), expected: expected as char });
        }
        Ok(ParsedCode { code: Self(bytes), normalised: bytes != text.as_bytes() })
    }
}

ascii_code!(Iswc, 11, IswcError);

/// Why a text is not an ISWC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IswcError {
    /// There is no text, or only separators.
    Empty,
    /// The number of letters and digits is not eleven.
    Length(usize),
    /// A character that no ISWC holds.
    Character(char),
    /// The first character is not `T`, or another is no digit.
    Shape,
    /// The shape is right and the check digit is not; the code is usable where check digits are not
    /// enforced.
    CheckDigit {
        /// The code as it was written.
        code: Iswc,
        /// The check digit that its other digits give.
        expected: char,
    },
}

impl fmt::Display for IswcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the ISWC is empty, expected `T` and 10 digits"),
            Self::Length(found) => write!(f, "an ISWC has `T` and 10 digits, found {found} characters"),
            Self::Character(found) => write!(f, "an ISWC has `T` and digits only, found {found:?}"),
            Self::Shape => f.write_str("an ISWC is `T` followed by 10 digits"),
            Self::CheckDigit { expected, .. } => {
                write!(f, "the check digit of the ISWC is wrong, its other digits give {expected}")
            }
        }
    }
}

impl std::error::Error for IswcError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_both_written_forms() {
        for (text, normalised) in [
            ("T0345246801", false),
            ("T-034.524.680-1", true),
            ("t-034524680-1", true),
            ("ISWC T-034.524.680-1", true),
            ("iswc:T0345246801", true),
            (" T0345246801", true),
        ] {
            let parsed = Iswc::parse(text).unwrap();
            assert_eq!((parsed.code.as_str(), parsed.normalised), ("T0345246801", normalised), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", IswcError::Empty),
            ("...", IswcError::Empty),
            ("0345246801", IswcError::Length(10)),
            ("T03452468011", IswcError::Length(12)),
            ("S0345246801", IswcError::Shape),
            ("T034524680X", IswcError::Shape),
            ("T0345246801\t1", IswcError::Length(12)),
            ("T034,524,680,1", IswcError::Character(',')),
        ] {
            assert_eq!(Iswc::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_keeps_the_code() {
        let Err(IswcError::CheckDigit { code, expected }) = Iswc::parse("T-034.524.680-2") else { panic!() };
        assert_eq!((code.as_str(), expected), ("T0345246802", '1'));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,20}") {
            let _ = Iswc::parse(&text);
        }

        #[test]
        fn notices_any_one_wrong_check_digit(body in "[0-9]{9}") {
            let good = (0..10).filter(|d| Iswc::parse(&format!("T{body}{d}")).is_ok()).count();
            prop_assert_eq!(good, 1);
        }
    }
}
