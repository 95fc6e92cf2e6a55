//! Territories: ISO 3166-1 alpha-2, ISO 3166-3, CISAC TIS numeric codes and the DDEX additions
//! (`XK`, `Worldwide`), as in the DDEX allowed-value sets.

use crate::ParsedCode;
use crate::tables::territories::TERRITORIES;
use crate::tables::territory_names::NAMES;
use std::fmt;

/// A territory: the index of its row in the table of codes, which is sorted by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Territory(u16);

/// Where the code of a territory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TerritoryKind {
    /// An ISO 3166-1 alpha-2 code, such as `GB`.
    Country,
    /// A part of a country in the DDEX list, such as `ES-CN`.
    Subdivision,
    /// A CISAC TIS numeric code of a country or a region, such as `826` or `2136`.
    Tis,
    /// A DDEX addition: `XK` or `Worldwide`.
    Ddex,
    /// A four-letter ISO 3166-3 code of a country that no longer exists, such as `DDDE`.
    Former,
}

/// A row of the table of territories.
pub(crate) struct Row {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: TerritoryKind,
    pub(crate) deprecated: bool,
}

impl Territory {
    /// Reads a code; another case of letters and leading zeros of TIS numbers are reported as
    /// normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, TerritoryError> {
        // The fast path: nearly every cell holds two capitals.
        if let Ok(pair) = <[u8; 2]>::try_from(text.as_bytes())
            && let Some(found) = by_pair(pair)
        {
            return Ok(ParsedCode::exact(found));
        }
        Self::parse_other(text)
    }

    fn parse_other(text: &str) -> Result<ParsedCode<Self>, TerritoryError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(TerritoryError::Empty);
        }
        let mut upper = [0; 9];
        let found = match trimmed.len() {
            2..=5 if trimmed.bytes().all(|byte| byte.is_ascii_digit()) => {
                by_code(trimmed.trim_start_matches('0'))
            }
            1..=9 if trimmed.eq_ignore_ascii_case("Worldwide") => by_code("Worldwide"),
            1..=9 => upper.get_mut(..trimmed.len()).and_then(|upper| {
                upper.copy_from_slice(trimmed.as_bytes());
                upper.make_ascii_uppercase();
                std::str::from_utf8(upper).ok().and_then(by_code)
            }),
            _ => None,
        };
        match found {
            Some(code) => Ok(ParsedCode { code, normalised: code.code() != text }),
            None => Err(suggest(trimmed).map_or(TerritoryError::Unknown, TerritoryError::UseInstead)),
        }
    }

    /// The code in its canonical form.
    pub fn code(self) -> &'static str {
        self.row().map_or("", |row| row.code)
    }

    /// The code in its canonical form, as [`Territory::code`].
    pub fn as_str(self) -> &'static str {
        self.code()
    }

    /// The English name.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// Where the code comes from.
    pub fn kind(self) -> TerritoryKind {
        self.row().map_or(TerritoryKind::Former, |row| row.kind)
    }

    /// Whether the code is withdrawn: `AN`, `CS`, the four-letter codes and numbers that the TIS
    /// dropped.
    pub fn is_deprecated(self) -> bool {
        self.row().is_some_and(|row| row.deprecated)
    }

    /// Every territory, in order of code.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..TERRITORIES.len() as u16).map(Self)
    }

    /// A small number for tables, below the length of [`Territory::all`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    fn row(self) -> Option<&'static Row> {
        TERRITORIES.get(self.0 as usize)
    }
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Territory({self})")
    }
}

impl std::str::FromStr for Territory {
    type Err = TerritoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map(|parsed| parsed.code)
    }
}

/// The code for an English name, an ISO 3166-1 alpha-3 code or another common way to write a
/// territory.
///
/// Case, accents, punctuation and a leading `the` do not matter. The answer is a suggestion for a
/// person or a mapping file, not a reading of the cell.
pub fn suggest(text: &str) -> Option<&'static str> {
    let mut folded = [0; LONGEST_NAME];
    let folded = fold(text, &mut folded)?;
    let find = |name: &[u8]| {
        let at = NAMES.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
        NAMES.get(at).map(|(_, code)| *code)
    };
    find(folded).or_else(|| folded.strip_prefix(b"the").and_then(find))
}

const LONGEST_NAME: usize = 48;

/// Folds a name: lower-case ASCII letters and digits only; `None` when it is longer than any known
/// name.
fn fold<'a>(text: &str, buffer: &'a mut [u8; LONGEST_NAME]) -> Option<&'a [u8]> {
    let mut len = 0;
    for c in text.chars() {
        let bytes: &[u8] = match c {
            'a'..='z' | '0'..='9' | 'A'..='Z' => &[c.to_ascii_lowercase() as u8],
            '&' => b"and",
            'à'..='å' | 'À'..='Å' => b"a",
            'ç' | 'Ç' => b"c",
            'è'..='ë' | 'È'..='Ë' => b"e",
            'ì'..='ï' | 'Ì'..='Ï' => b"i",
            'ñ' | 'Ñ' => b"n",
            'ò'..='ö' | 'Ò'..='Ö' => b"o",
            'ù'..='ü' | 'Ù'..='Ü' => b"u",
            _ => continue,
        };
        buffer.get_mut(len..len + bytes.len())?.copy_from_slice(bytes);
        len += bytes.len();
    }
    buffer.get(..len)
}

const NONE: u16 = u16::MAX;

/// The row of each pair of capitals, so that a country code is found without a search.
static PAIRS: [u16; 26 * 26] = pairs();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler: a wrong index does not build")]
const fn pairs() -> [u16; 26 * 26] {
    let mut pairs = [NONE; 26 * 26];
    let mut at = 0;
    while at < TERRITORIES.len() {
        if let [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] = *TERRITORIES[at].code.as_bytes() {
            pairs[(a - b'A') as usize * 26 + (b - b'A') as usize] = at as u16;
        }
        at += 1;
    }
    pairs
}

fn by_pair([a, b]: [u8; 2]) -> Option<Territory> {
    if !(a.is_ascii_uppercase() && b.is_ascii_uppercase()) {
        return None;
    }
    let at = *PAIRS.get((a - b'A') as usize * 26 + (b - b'A') as usize)?;
    (at != NONE).then_some(Territory(at))
}

fn by_code(code: &str) -> Option<Territory> {
    TERRITORIES.binary_search_by(|row| row.code.cmp(code)).ok().map(|at| Territory(at as u16))
}

/// Why a text is not a territory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TerritoryError {
    /// There is no text.
    Empty,
    /// The text is not a code, but a known name or another code of this territory: `GB` for `UK`.
    UseInstead(&'static str),
    /// The text is not a code of the list, which grows without notice.
    Unknown,
}

impl fmt::Display for TerritoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the territory is empty, expected a code such as `GB`"),
            Self::UseInstead(code) => write!(f, "not a territory code, use `{code}`"),
            Self::Unknown => f.write_str(
                "not a known territory code, expected an ISO 3166-1 code such as `GB`, a TIS number or `Worldwide`",
            ),
        }
    }
}

impl std::error::Error for TerritoryError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables_are_sorted_and_agree() {
        assert!(TERRITORIES.is_sorted_by(|a, b| a.code < b.code));
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        for &(name, code) in &NAMES {
            assert!(by_code(code).is_some(), "{code}");
            assert_eq!(fold(name, &mut [0; LONGEST_NAME]), Some(name.as_bytes()));
        }
        for territory in Territory::all() {
            assert_eq!(Territory::parse(territory.code()), Ok(ParsedCode::exact(territory)));
            assert!(!territory.name().is_empty());
            if territory.kind() == TerritoryKind::Country && !territory.is_deprecated() {
                assert_eq!(suggest(territory.name()), Some(territory.code()));
            }
        }
    }

    #[test]
    fn the_lists_are_complete() {
        let count = |kind| Territory::all().filter(|t| t.kind() == kind).count();
        assert_eq!(Territory::all().len(), 534);
        // The 249 countries of ISO 3166-1 and the withdrawn `AN` and `CS`.
        assert_eq!(count(TerritoryKind::Country), 251);
        assert_eq!(count(TerritoryKind::Subdivision), 3);
        assert_eq!(count(TerritoryKind::Tis), 247);
        assert_eq!(count(TerritoryKind::Ddex), 2);
        assert_eq!(count(TerritoryKind::Former), 31);
        assert_eq!(Territory::all().filter(|t| t.is_deprecated()).count(), 43);
    }

    #[test]
    fn reads_codes() {
        for (text, code, normalised) in [
            ("GB", "GB", false),
            ("gb", "GB", true),
            (" US ", "US", true),
            ("es-cn", "ES-CN", true),
            ("worldwide", "Worldwide", true),
            ("Worldwide", "Worldwide", false),
            ("XK", "XK", false),
            ("2136", "2136", false),
            ("4", "4", false),
            ("004", "4", true),
            ("csxx", "CSXX", true),
        ] {
            let parsed = Territory::parse(text).unwrap();
            assert_eq!((parsed.code.code(), parsed.normalised), (code, normalised), "{text}");
        }
    }

    #[test]
    fn refuses_and_suggests() {
        for (text, error) in [
            ("", TerritoryError::Empty),
            ("  ", TerritoryError::Empty),
            ("UK", TerritoryError::UseInstead("GB")),
            ("uk", TerritoryError::UseInstead("GB")),
            ("USA", TerritoryError::UseInstead("US")),
            ("UNITED STATES", TerritoryError::UseInstead("US")),
            ("ZZ", TerritoryError::Unknown),
            ("0", TerritoryError::Unknown),
            ("0000", TerritoryError::Unknown),
            ("999", TerritoryError::Unknown),
            ("GB\0", TerritoryError::Unknown),
            ("multi", TerritoryError::Unknown),
            ("\u{fe0f}\u{1f1ec}\u{1f1e7}", TerritoryError::Unknown),
        ] {
            assert_eq!(Territory::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn suggests_for_names_and_alpha_3() {
        for (text, code) in [
            ("Great Britain", Some("GB")),
            ("gbr", Some("GB")),
            ("The Netherlands", Some("NL")),
            ("Netherlands (Kingdom of the)", Some("NL")),
            ("Côte d’Ivoire", Some("CI")),
            ("Trinidad & Tobago", Some("TT")),
            ("Korea, Republic of", Some("KR")),
            ("Türkiye", Some("TR")),
            ("St. Lucia", Some("LC")),
            ("world", Some("Worldwide")),
            ("Kosovo", Some("XK")),
            ("the", None),
            ("", None),
            ("Atlantis", None),
        ] {
            assert_eq!(suggest(text), code, "{text}");
        }
        assert_eq!(suggest(&"x".repeat(10_000)), None);
    }

    #[test]
    fn tells_about_a_code() {
        let gb: Territory = "GB".parse().unwrap();
        assert_eq!(gb.name(), "United Kingdom of Great Britain and Northern Ireland");
        assert_eq!((gb.kind(), gb.is_deprecated()), (TerritoryKind::Country, false));
        assert!("AN".parse::<Territory>().unwrap().is_deprecated());
        assert_eq!("2120".parse::<Territory>().unwrap().name(), "Europe");
        assert!("DE".parse::<Territory>().unwrap() < gb);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = Territory::parse(&text);
        }
    }
}
