//! Currencies: the alphabetic codes of ISO 4217, and withdrawn ones that the DDEX list keeps or
//! that old reports hold.

use crate::ParsedCode;
use crate::tables::currencies::CURRENCIES;
use std::fmt;

/// A currency: the index of its row in the table of codes, which is sorted by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u8);

/// A row of the table of currencies.
pub(crate) struct Row {
    pub(crate) code: [u8; 3],
    pub(crate) minor: Option<u8>,
    pub(crate) withdrawn: bool,
    pub(crate) ddex: bool,
}

impl Currency {
    /// Reads a code; lower case and spaces around it are reported as normalised.
    pub fn parse(text: &str) -> Result<ParsedCode<Self>, CurrencyError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(CurrencyError::Empty);
        }
        let found = <[u8; 3]>::try_from(trimmed.as_bytes()).ok().and_then(|mut code| {
            code.make_ascii_uppercase();
            CURRENCIES.binary_search_by(|row| row.code.cmp(&code)).ok()
        });
        if let Some(at) = found {
            let code = Self(at as u8);
            return Ok(ParsedCode { code, normalised: code.as_str() != text });
        }
        Err(match suggest(trimmed) {
            Some(code) => CurrencyError::UseInstead(code),
            None if trimmed.len() == 3 && trimmed.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                CurrencyError::Unknown
            }
            None => CurrencyError::Shape,
        })
    }

    /// The code: three capitals.
    pub fn code(self) -> &'static str {
        self.row().and_then(|row| std::str::from_utf8(&row.code).ok()).unwrap_or_default()
    }

    /// The code: three capitals, as [`Currency::code`].
    pub fn as_str(self) -> &'static str {
        self.code()
    }

    /// How many decimal places the smallest unit has: 2 for `EUR`, 0 for `JPY`, none for units such
    /// as `XAU`.
    pub fn minor_units(self) -> Option<u8> {
        self.row().and_then(|row| row.minor)
    }

    /// Whether ISO 4217 has withdrawn the code; old reports may still carry it.
    pub fn is_deprecated(self) -> bool {
        self.row().is_some_and(|row| row.withdrawn)
    }

    /// Whether the DDEX allowed-value set, version 3, holds the code; newer codes such as `BYN`
    /// are not in it.
    pub fn in_ddex_list(self) -> bool {
        self.row().is_some_and(|row| row.ddex)
    }

    /// Every currency, in order of code.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..CURRENCIES.len() as u8).map(Self)
    }

    /// A small number for tables, below the length of [`Currency::all`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    fn row(self) -> Option<&'static Row> {
        CURRENCIES.get(self.0 as usize)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}

impl std::str::FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map(|parsed| parsed.code)
    }
}

/// The code for a common, unambiguous way to write a currency: `€`, `£`, `EURO`, `RMB`.
///
/// There is none for a bare `$` or `¥`, which several currencies use.
pub fn suggest(text: &str) -> Option<&'static str> {
    const WAYS: [(&str, &str); 14] = [
        ("€", "EUR"),
        ("EURO", "EUR"),
        ("EUROS", "EUR"),
        ("£", "GBP"),
        ("UKP", "GBP"),
        ("STG", "GBP"),
        ("US$", "USD"),
        ("US DOLLAR", "USD"),
        ("CA$", "CAD"),
        ("A$", "AUD"),
        ("RMB", "CNY"),
        ("NTD", "TWD"),
        ("₹", "INR"),
        ("₩", "KRW"),
    ];
    let text = text.trim();
    WAYS.iter().find(|(way, _)| way.eq_ignore_ascii_case(text)).map(|(_, code)| *code)
}

/// Why a text is not a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CurrencyError {
    /// There is no text.
    Empty,
    /// The text is not three letters.
    Shape,
    /// The text is not a code, but a known way to write this currency.
    UseInstead(&'static str),
    /// Three letters that are not a code of ISO 4217.
    Unknown,
}

impl fmt::Display for CurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the currency is empty, expected an ISO 4217 code such as `EUR`"),
            Self::Shape => f.write_str("a currency code has three letters, such as `EUR`"),
            Self::UseInstead(code) => write!(f, "not a currency code, use `{code}`"),
            Self::Unknown => f.write_str("not an ISO 4217 currency code"),
        }
    }
}

impl std::error::Error for CurrencyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(CURRENCIES.is_sorted_by(|a, b| a.code < b.code));
        assert!(CURRENCIES.len() < 256);
        for currency in Currency::all() {
            assert_eq!(Currency::parse(currency.code()), Ok(ParsedCode::exact(currency)));
        }
        assert_eq!(Currency::all().filter(|c| c.in_ddex_list()).count(), 175);
        for code in ["BYN", "MRU", "STN", "VES", "SLE", "VED", "ZWG", "UYW", "XCG"] {
            assert!(!code.parse::<Currency>().unwrap().is_deprecated(), "{code}");
        }
    }

    #[test]
    fn knows_minor_units() {
        for (code, minor) in [
            ("EUR", Some(2)),
            ("JPY", Some(0)),
            ("KWD", Some(3)),
            ("CLF", Some(4)),
            ("ISK", Some(0)),
            ("UGX", Some(0)),
            ("HUF", Some(2)),
            ("BYR", Some(0)),
            ("XAU", None),
        ] {
            assert_eq!(code.parse::<Currency>().unwrap().minor_units(), minor, "{code}");
        }
    }

    #[test]
    fn flags_withdrawn_codes() {
        for code in [
            "CYP", "EEK", "LTL", "LVL", "MTL", "MRO", "ROL", "SIT", "SKK", "STD", "VEF", "HRK", "BGN", "TRL",
            "GHC", "DEM", "RUR",
        ] {
            assert!(code.parse::<Currency>().unwrap().is_deprecated(), "{code}");
        }
    }

    #[test]
    fn reads_and_refuses() {
        assert!(!Currency::parse("EUR").unwrap().normalised);
        assert!(Currency::parse("eur").unwrap().normalised);
        assert!(Currency::parse(" EUR").unwrap().normalised);
        for (text, error) in [
            ("", CurrencyError::Empty),
            ("\t", CurrencyError::Empty),
            ("EU", CurrencyError::Shape),
            ("$", CurrencyError::Shape),
            ("€", CurrencyError::UseInstead("EUR")),
            ("us$", CurrencyError::UseInstead("USD")),
            ("RMB", CurrencyError::UseInstead("CNY")),
            ("QQQ", CurrencyError::Unknown),
            ("XXX", CurrencyError::Unknown),
            ("XTS", CurrencyError::Unknown),
            ("E\0R", CurrencyError::Shape),
        ] {
            assert_eq!(Currency::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,8}") {
            let _ = Currency::parse(&text);
        }
    }
}
