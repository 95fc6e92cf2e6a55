//! GRid, the Global Release Identifier: `A1`, issuer (5), release (10) and a check character (ISO
//! 7064 Mod 37,36).

use crate::compact::{is_separator, labelled};
use crate::{ParsedCode, ascii_code, check_digit};
use std::fmt;

/// A GRid in its canonical form: eighteen characters, upper case, no hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grid([u8; 18]);

impl Grid {
    /// Reads a GRid; hyphens, spaces, lower case and a `GRID:` label are accepted and reported as
    /// normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, GridError> {
        let compact = labelled::<18>(text, "GRID", is_separator).map_err(GridError::Character)?;
        let Some(bytes) = compact.exactly() else {
            return Err(if compact.len() == 0 { GridError::Empty } else { GridError::Length(compact.len()) });
        };
        let [body @ .., last] = &bytes;
        if !body.starts_with(b"A1") {
            return Err(GridError::Scheme);
        }
        match check_digit::mod_37_36(body) {
            Some(expected) if expected != *last => {
                Err(GridError::CheckCharacter { code: Self(bytes), expected: expected as char })
            }
            _ => Ok(ParsedCode { code: Self(bytes), normalised: bytes != text.as_bytes() }),
        }
    }
}

ascii_code!(Grid, 18, GridError);

/// Why a text is not a GRid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GridError {
    /// There is no text, or only separators.
    Empty,
    /// The number of letters and digits is not eighteen.
    Length(usize),
    /// A character that no GRid holds.
    Character(char),
    /// The first two characters are not `A1`.
    Scheme,
    /// The shape is right and the check character is not.
    CheckCharacter {
        /// The code as it was written.
        code: Grid,
        /// The check character that its other characters give.
        expected: char,
    },
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the GRid is empty, expected 18 letters and digits"),
            Self::Length(found) => write!(f, "a GRid has 18 letters and digits, found {found}"),
            Self::Character(found) => write!(f, "a GRid has letters and digits only, found {found:?}"),
            Self::Scheme => f.write_str("a GRid begins with `A1`"),
            Self::CheckCharacter { expected, .. } => {
                write!(f, "the check character of the GRid is wrong, its other characters give {expected}")
            }
        }
    }
}

impl std::error::Error for GridError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_partners_write() {
        for (text, normalised) in [
            ("A12425GABC1234002M", false),
            ("A1-2425G-ABC1234002-M", true),
            ("GRID:A1-2425G-ABC1234002-M", true),
            ("grid: a12425gabc1234002m", true),
        ] {
            let parsed = Grid::parse(text).unwrap();
            assert_eq!(
                (parsed.code.as_str(), parsed.normalised),
                ("A12425GABC1234002M", normalised),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", GridError::Empty),
            ("A12425GABC1234002", GridError::Length(17)),
            ("A22425GABC1234002M", GridError::Scheme),
            ("A12425GABC123400_M", GridError::Character('_')),
        ] {
            assert_eq!(Grid::parse(text), Err(error), "{text}");
        }
        let Err(GridError::CheckCharacter { code, expected }) = Grid::parse("A12425GABC1234002N") else {
            panic!()
        };
        assert_eq!((code.as_str(), expected), ("A12425GABC1234002N", 'M'));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,30}") {
            let _ = Grid::parse(&text);
        }
    }
}
