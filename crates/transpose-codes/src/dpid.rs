//! DPID, the DDEX party identifier with `PADPIDA`, ten digits and a check character,
//! without dashes.

use crate::compact::{Compact, is_separator};
use crate::{ParsedCode, ascii_code, check_digit};
use std::fmt;

/// A DPID in its canonical form: eighteen characters, upper case, no dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dpid([u8; 18]);

impl Dpid {
    /// Reads a DPID; dashes, spaces and lower case are accepted and reported as normalised.
    ///
    /// The check character is not enforced here, because invented ids are common in tests and
    /// agreements: ask [`Dpid::expected_check`].
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, DpidError> {
        let compact = Compact::<18>::read(text, is_separator).map_err(DpidError::Character)?;
        if compact.len() == 0 {
            return Err(DpidError::Empty);
        }
        let Some(bytes) = compact.exactly() else { return Err(DpidError::Length(compact.len())) };
        let Some(rest) = bytes.strip_prefix(b"PADPIDA") else { return Err(DpidError::Prefix) };
        match rest {
            [digits @ .., _] if digits.iter().all(u8::is_ascii_digit) => {
                Ok(ParsedCode { code: Self(bytes), normalised: bytes != text.as_bytes() })
            }
            _ => Err(DpidError::Digits),
        }
    }

    /// The check character (ISO 7064 Mod 37,36) that belongs to the id when it carries another one.
    pub fn expected_check(&self) -> Option<char> {
        let [body @ .., last] = &self.0;
        check_digit::mod_37_36(body).filter(|expected| expected != last).map(char::from)
    }
}

ascii_code!(Dpid, 18, DpidError);

/// Why a text is not a DPID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DpidError {
    /// There is no text, or only separators.
    Empty,
    /// The number of letters and digits is not eighteen.
    Length(usize),
    /// A character that no DPID holds.
    Character(char),
    /// The id does not begin with `PADPIDA`.
    Prefix,
    /// One of the ten characters after `PADPIDA` is not a digit.
    Digits,
}

impl fmt::Display for DpidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the DPID is empty, expected `PADPIDA` and 11 characters"),
            Self::Length(found) => write!(f, "a DPID has 18 letters and digits, found {found}"),
            Self::Character(found) => write!(f, "a DPID has letters and digits only, found {found:?}"),
            Self::Prefix => f.write_str("a DPID begins with `PADPIDA`"),
            Self::Digits => f.write_str("a DPID has 10 digits after `PADPIDA`"),
        }
    }
}

impl std::error::Error for DpidError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_partners_write() {
        for (text, normalised) in
            [("PADPIDA2008120501W", false), ("PA-DPIDA-2008120501-W", true), ("padpida2008120501w", true)]
        {
            let parsed = Dpid::parse(text).unwrap();
            assert_eq!(
                (parsed.code.as_str(), parsed.normalised),
                ("PADPIDA2008120501W", normalised),
                "{text}"
            );
            assert_eq!(parsed.code.expected_check(), None);
        }
        assert_eq!(Dpid::parse("PADPIDA2008120501A").unwrap().code.expected_check(), Some('W'));
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, error) in [
            ("", DpidError::Empty),
            ("DPIDA12345SDF", DpidError::Length(13)),
            ("PADPIDA2008120501", DpidError::Length(17)),
            ("PADPIDB2008120501W", DpidError::Prefix),
            ("PADPIDA200812050AW", DpidError::Digits),
            ("PADPIDA::08120501W", DpidError::Character(':')),
        ] {
            assert_eq!(Dpid::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,30}") {
            let _ = Dpid::parse(&text);
        }
    }
}
