//! Durations: ISO 8601, the cue form `T2M4S`, seconds, and clock notation.
//!
//! A duration is exact to the microsecond. Further digits of a text are rounded half up, and
//! [`ParsedDuration::rounded`] says so.
//!
//! `read` and `write` have the notations, `error` says why a text is no duration.

mod error;
mod read;
mod write;

pub use error::DurationError;

use std::fmt;

/// A length of time in microseconds. Parsers refuse negative ones; a difference may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

/// A duration and whether reading it lost digits below the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsedDuration {
    /// The duration.
    pub duration: Duration,
    /// True when digits beyond the microsecond were rounded away.
    pub rounded: bool,
}

const MICROS: i64 = 1_000_000;

impl Duration {
    /// The duration of zero.
    pub const ZERO: Self = Self(0);

    /// A duration of `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A duration of `seconds` seconds, unless that is more than 292,000 years.
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        match seconds.checked_mul(MICROS) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless it is too long.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The difference, unless it is too long.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(24);
        self.write_iso(&mut out);
        f.pad(std::str::from_utf8(&out).unwrap_or_default())
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Duration({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn adds_without_overflow() {
        let max = Duration::from_micros(i64::MAX);
        assert_eq!(max.checked_add(Duration::from_micros(1)), None);
        assert_eq!(
            Duration::from_seconds(2).unwrap().checked_sub(Duration::from_micros(1)).unwrap().micros(),
            1_999_999
        );
        assert_eq!(Duration::from_seconds(i64::MAX), None);
        assert!(Duration::ZERO.is_zero());
    }

    proptest! {
        #[test]
        fn round_trips(micros in 0..=i64::MAX) {
            let duration = Duration::from_micros(micros);
            let exact = Ok(ParsedDuration { duration, rounded: false });
            prop_assert_eq!(Duration::parse_iso(&duration.to_string()), exact);
            let mut out = Vec::new();
            duration.write_seconds(&mut out);
            prop_assert_eq!(Duration::parse_seconds_bytes(&out), exact);
        }
    }
}
