//! Dates of which the day, or the month as well, may be unknown.

use super::calendar::days_in_month;
use super::digits::{four, two};
use super::{Date, TimeError};
use std::fmt;

/// A year, a month or a day, ordered by the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    first: Date,
    precision: Precision,
}

/// How much of a partial date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// The year.
    Year,
    /// The year and the month.
    Month,
    /// The day.
    Day,
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let (first, precision) = match *text.as_bytes() {
            [] => return Err(TimeError::Empty),
            [y0, y1, y2, y3] => (Date::new(four(y0, y1, y2, y3)?, 1, 1)?, Precision::Year),
            [y0, y1, y2, y3, b'-', m0, m1] => {
                (Date::new(four(y0, y1, y2, y3)?, two(m0, m1)?, 1)?, Precision::Month)
            }
            _ => (Date::parse(text)?, Precision::Day),
        };
        Ok(Self { first, precision })
    }

    /// How much is known.
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.first.year
    }

    /// The first day it can be.
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day it can be.
    pub const fn last(self) -> Date {
        let Date { year, month, day } = self.first;
        match self.precision {
            Precision::Year => Date { year, month: 12, day: 31 },
            Precision::Month => Date { year, month, day: days_in_month(year, month) },
            Precision::Day => Date { year, month, day },
        }
    }

    /// The day, when it is known.
    pub fn day(self) -> Option<Date> {
        (self.precision == Precision::Day).then_some(self.first)
    }
}

impl From<Date> for PartialDate {
    fn from(first: Date) -> Self {
        Self { first, precision: Precision::Day }
    }
}

impl PartialOrd for PartialDate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PartialDate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.first, self.precision).cmp(&(other.first, other.precision))
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, .. } = self.first;
        match self.precision {
            Precision::Year => write!(f, "{year:04}"),
            Precision::Month => write!(f, "{year:04}-{month:02}"),
            Precision::Day => self.first.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimePart;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn partial_dates_keep_their_precision() {
        for (text, first, last) in [
            ("2026", "2026-01-01", "2026-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2026-10-05", "2026-10-05", "2026-10-05"),
        ] {
            let partial = PartialDate::parse(text).unwrap();
            assert_eq!((partial.first(), partial.last()), (date(first), date(last)));
            assert_eq!(partial.to_string(), text);
        }
        for (text, error) in [
            ("", TimeError::Empty),
            ("26", TimeError::Shape),
            ("0000", TimeError::Impossible(TimePart::Year)),
            ("2026-13", TimeError::Impossible(TimePart::Month)),
            ("2026-1", TimeError::Shape),
        ] {
            assert_eq!(PartialDate::parse(text), Err(error), "{text}");
        }
        assert!(PartialDate::parse("2026").unwrap() < PartialDate::parse("2026-01").unwrap());
    }
}
