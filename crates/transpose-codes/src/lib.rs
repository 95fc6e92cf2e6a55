//! Codes of the music industry and the one exact decimal parser.
//!
//! Each code is a small checked type with one parser, one canonical form, and an error that says
//! what is wrong.
//!
//! | modules | hold |
//! |---|---|
//! | [`isrc`], [`iswc`], [`icpn`], [`grid`], [`dpid`], [`isni`], [`party_id`] | identifiers |
//! | [`territory`], [`currency`] | codes of lists, in static tables |
//! | [`time`], [`duration`], [`serial`] | dates, times, periods, durations, spreadsheet dates |
//! | [`bank_holidays`] | working days in the parts of the United Kingdom |
//! | [`decimal`], [`boolean`] | values |
//! | [`mojibake`] | repair of text that was encoded twice |
//!
//! Invariant: this crate does no I/O, reads no clock and knows no file format. It is the lowest
//! crate of the workspace, and nothing in it allocates while parsing.

pub mod bank_holidays;
pub mod boolean;
mod check_digit;
mod compact;
pub mod comparison;
pub mod currency;
pub mod decimal;
mod digits;
pub mod dpid;
pub mod duration;
pub mod grid;
pub mod icpn;
pub mod isni;
pub mod isrc;
pub mod iswc;
pub mod mojibake;
pub mod party_id;
pub mod serial;
mod tables;
pub mod territory;
pub mod time;

pub use comparison::CodeSystem;
pub use currency::{Currency, CurrencyError};
pub use decimal::{Decimal, DecimalError};
pub use dpid::{Dpid, DpidError};
pub use duration::{Duration, DurationError, ParsedDuration};
pub use grid::{Grid, GridError};
pub use icpn::{Icpn, IcpnError, IcpnRepair, ParsedIcpn};
pub use isni::{Isni, IsniError};
pub use isrc::{Isrc, IsrcError};
pub use iswc::{Iswc, IswcError};
pub use party_id::{PartyId, PartyIdError};
pub use territory::{Territory, TerritoryError, TerritoryKind};
pub use time::{Date, PartialDate, Period, TimeError, Timestamp};

/// A code, and whether its text was in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsedCode<T> {
    /// The code itself.
    pub code: T,
    /// True when the text differed from the canonical form of the code (case, separators, prefix,
    /// spaces).
    pub normalised: bool,
}

impl<T> ParsedCode<T> {
    /// A code whose text was canonical.
    pub const fn exact(code: T) -> Self {
        Self { code, normalised: false }
    }

    /// The same for another value made of the code.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> ParsedCode<U> {
        ParsedCode { code: f(self.code), normalised: self.normalised }
    }
}

/// Implements `as_str`, `as_bytes` and `Display` for a code that is stored as ASCII bytes.
macro_rules! ascii_code {
    ($name:ident, $len:literal, $error:ident) => {
        impl $name {
            /// The canonical text of the code.
            pub fn as_str(&self) -> &str {
                // The bytes are ASCII by construction, so the fallback is never taken.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// The canonical text of the code as ASCII bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text).map(|parsed| parsed.code)
            }
        }
    };
}
pub(crate) use ascii_code;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_keeps_the_flag() {
        let parsed = ParsedCode { code: 2_u8, normalised: true }.map(u16::from);
        assert_eq!(parsed, ParsedCode { code: 2_u16, normalised: true });
        assert!(!ParsedCode::exact(1).normalised);
    }
}
