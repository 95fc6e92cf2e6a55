//! ISRC, the code of a recording (ISO 3901): two letters, three letters or digits, seven
//! digits.

use crate::compact::{is_separator, labelled};
use crate::tables::isrc_prefixes::PREFIXES;
use crate::{ParsedCode, ascii_code};
use std::fmt;

/// An ISRC in its canonical form: twelve characters, upper case, no hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isrc([u8; 12]);

impl Isrc {
    /// Reads an ISRC; hyphens, spaces, lower case and an `ISRC` label are accepted and reported as
    /// normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, IsrcError> {
        // Nearly every ISRC is already canonical: check its shape without looking for separators.
        if let Ok(bytes) = <[u8; 12]>::try_from(text.as_bytes())
            && wrong_place(&bytes).is_none()
        {
            return Ok(ParsedCode::exact(Self(bytes)));
        }
        let compact = labelled::<12>(text, "ISRC", is_separator).map_err(IsrcError::Character)?;
        let Some(bytes) = compact.exactly() else {
            return Err(if compact.len() == 0 { IsrcError::Empty } else { IsrcError::Length(compact.len()) });
        };
        match wrong_place(&bytes) {
            Some((place, expected)) => Err(IsrcError::Shape { place, expected }),
            None => Ok(ParsedCode { code: Self(bytes), normalised: true }),
        }
    }

    /// The two-letter prefix, which since 2010 is no longer certain to be the country of the
    /// recording.
    pub fn prefix(&self) -> &str {
        self.as_str().get(..2).unwrap_or_default()
    }

    /// Whether the prefix has ever been allocated. One that has not is most often a typing error; a
    /// newer one may be missing from the list.
    pub fn has_known_prefix(&self) -> bool {
        is_known_prefix(&self.0)
    }

    /// The registrant: prefix and registrant code, five characters.
    pub fn registrant(&self) -> &str {
        self.as_str().get(..5).unwrap_or_default()
    }
}

ascii_code!(Isrc, 12, IsrcError);

/// Whether a code in canonical form begins with a prefix that has been allocated.
pub fn is_known_prefix(code: &[u8]) -> bool {
    let Some(&[first, second]) = code.first_chunk() else { return false };
    let row = LETTERS.get(usize::from(first.wrapping_sub(b'A'))).copied().unwrap_or_default();
    row.checked_shr(u32::from(second.wrapping_sub(b'A'))).is_some_and(|rest| rest & 1 == 1)
}

/// For each first letter the second letters of prefixes, one bit each.
#[expect(clippy::indexing_slicing, reason = "it is computed while compiling")]
static LETTERS: [u32; 26] = {
    let mut letters = [0; 26];
    let mut at = 0;
    while at < PREFIXES.len() {
        let [first, second] = PREFIXES[at];
        letters[(first - b'A') as usize] |= 1 << (second - b'A');
        at += 1;
    }
    letters
};

/// The first place (from one) that holds the wrong kind of character, and the kind that belongs
/// there.
fn wrong_place(bytes: &[u8; 12]) -> Option<(u8, &'static str)> {
    for (&byte, place) in bytes.iter().zip(1_u8..) {
        let (fits, expected) = match place {
            1..=2 => (byte.is_ascii_uppercase(), "a letter"),
            3..=5 => (byte.is_ascii_uppercase() || byte.is_ascii_digit(), "a letter or digit"),
            _ => (byte.is_ascii_digit(), "a digit"),
        };
        if !fits {
            return Some((place, expected));
        }
    }
    None
}

/// Why a text is not an ISRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsrcError {
    /// There is no text, or only separators.
    Empty,
    /// The number of letters and digits is not twelve.
    Length(usize),
    /// A character that no ISRC holds.
    Character(char),
    /// There is a letter where a digit belongs, or a digit where a letter belongs.
    Shape {
        /// The place in the canonical form, counted from one.
        place: u8,
        /// What belongs there.
        expected: &'static str,
    },
}

impl fmt::Display for IsrcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the ISRC is empty, expected 12 letters and digits"),
            Self::Length(found) => write!(f, "an ISRC has 12 letters and digits, found {found}"),
            Self::Character(found) => write!(f, "an ISRC has letters and digits only, found {found:?}"),
            Self::Shape { place, expected } => write!(f, "character {place} of an ISRC is {expected}"),
        }
    }
}

impl std::error::Error for IsrcError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_partners_write() {
        for (text, code, normalised) in [
            ("USRC17607839", "USRC17607839", false),
            ("des870612205", "DES870612205", true),
            ("US-RC1-76-07839", "USRC17607839", true),
            (" USRC17607839 ", "USRC17607839", true),
            ("ISRC US-RC1-76-07839", "USRC17607839", true),
            ("isrc:USRC17607839", "USRC17607839", true),
            ("ISRCUSRC17607839", "USRC17607839", true),
            ("ISRC12345678", "ISRC12345678", false),
            ("US\u{2010}RC1\u{a0}7607839", "USRC17607839", true),
        ] {
            let parsed = Isrc::parse(text).unwrap();
            assert_eq!((parsed.code.as_str(), parsed.normalised), (code, normalised), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_isrc() {
        for (text, error) in [
            ("", IsrcError::Empty),
            (" - ", IsrcError::Empty),
            ("USRC1760783", IsrcError::Length(11)),
            ("USRC176078390", IsrcError::Length(13)),
            ("USRC1760783O", IsrcError::Shape { place: 12, expected: "a digit" }),
            ("1SRC17607839", IsrcError::Shape { place: 1, expected: "a letter" }),
            ("000000000000", IsrcError::Shape { place: 1, expected: "a letter" }),
            ("USRC17607839|", IsrcError::Character('|')),
            ("ÜSRC17607839", IsrcError::Character('Ü')),
            ("US\0C17607839", IsrcError::Character('\0')),
            ("N/A", IsrcError::Character('/')),
            ("USRC176078\u{0663}9", IsrcError::Character('\u{0663}')),
        ] {
            assert_eq!(Isrc::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn tells_its_parts() {
        let isrc: Isrc = "USRC17607839".parse().unwrap();
        assert_eq!((isrc.prefix(), isrc.registrant()), ("US", "USRC1"));
        assert_eq!(format!("{isrc:>14}"), "  USRC17607839");
    }

    #[test]
    fn prefixes_are_those_that_were_allocated() {
        assert!(PREFIXES.is_sorted());
        for (prefix, known) in
            [("US", true), ("QZ", true), ("YU", true), ("ZZ", true), ("XX", false), ("AA", false)]
        {
            let isrc: Isrc = format!("{prefix}RC17607839").parse().unwrap();
            assert_eq!(isrc.has_known_prefix(), known, "{prefix}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in "\\PC{0,20}") {
            if let Ok(parsed) = Isrc::parse(&text) {
                prop_assert_eq!(parsed.normalised, parsed.code.as_str() != text);
                prop_assert_eq!(Isrc::parse(parsed.code.as_str()), Ok(ParsedCode::exact(parsed.code)));
            }
        }

        #[test]
        fn reads_its_own_form(text in "[A-Z]{2}[A-Z0-9]{3}[0-9]{7}") {
            prop_assert_eq!(Isrc::parse(&text).unwrap().code.to_string(), text.clone());
            prop_assert_eq!(Isrc::parse(&text.to_lowercase()).unwrap().code.to_string(), text);
        }
    }
}
