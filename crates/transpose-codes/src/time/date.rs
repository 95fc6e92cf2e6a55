//! Days of the calendar.

use super::calendar::{civil, days_in_month};
use super::digits::{four, push_two, push_year, two};
use super::{TimeError, TimePart};
use std::fmt;

/// A day of the calendar, from 0001-01-01 to 9999-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Date {
    /// The day with this year, month and day, if it exists.
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Self, TimeError> {
        if year < 1 || year > 9999 {
            return Err(TimeError::Impossible(TimePart::Year));
        }
        if month < 1 || month > 12 {
            return Err(TimeError::Impossible(TimePart::Month));
        }
        if day < 1 || day > days_in_month(year, month) {
            return Err(TimeError::Impossible(TimePart::Day));
        }
        Ok(Self { year, month, day })
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        parse_date(text.as_bytes())
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, from one.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from one.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The days since 1970-01-01, negative before it.
    pub const fn days_since_epoch(self) -> i32 {
        // Years begin in March, so that the leap day is the last one; eras have 400 years.
        let year = self.year as i32 - if self.month <= 2 { 1 } else { 0 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (self.month as i32 + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day as i32 - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The day `days` after 1970-01-01, unless it is out of range.
    pub fn from_days(days: i32) -> Option<Self> {
        let (year, month, day) = civil(i64::from(days));
        u16::try_from(year).ok().and_then(|year| Self::new(year, month, day).ok())
    }

    /// The day of the week, from 1 for Monday to 7 for Sunday.
    pub const fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.days_since_epoch() + 3).rem_euclid(7) + 1) as u8
    }

    /// Writes `YYYY-MM-DD`.
    pub fn write(self, out: &mut Vec<u8>) {
        push_year(i64::from(self.year), out);
        out.push(b'-');
        push_two(self.month, out);
        out.push(b'-');
        push_two(self.day, out);
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl std::str::FromStr for Date {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Reads `YYYY-MM-DD` from bytes.
pub fn parse_date(bytes: &[u8]) -> Result<Date, TimeError> {
    match *bytes {
        [] => Err(TimeError::Empty),
        [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] => {
            Date::new(four(y0, y1, y2, y3)?, two(m0, m1)?, two(d0, d1)?)
        }
        _ => Err(TimeError::Shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn dates_follow_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2024-02-29", 19_782),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(date(text).days_since_epoch(), days, "{text}");
            assert_eq!(Date::from_days(days), Some(date(text)));
            assert_eq!(date(text).to_string(), text);
        }
        assert_eq!(Date::from_days(2_932_897), None);
        assert_eq!(Date::from_days(-719_163), None);
        assert_eq!((Date::from_days(i32::MAX), Date::from_days(i32::MIN)), (None, None));
        assert_eq!(date("2026-10-05").weekday(), 1);
    }

    #[test]
    fn impossible_and_misshapen_dates_differ() {
        for (text, error) in [
            ("", TimeError::Empty),
            ("2026-02-30", TimeError::Impossible(TimePart::Day)),
            ("2023-02-29", TimeError::Impossible(TimePart::Day)),
            ("1900-02-29", TimeError::Impossible(TimePart::Day)),
            ("2026-04-31", TimeError::Impossible(TimePart::Day)),
            ("2026-01-00", TimeError::Impossible(TimePart::Day)),
            ("2026-13-01", TimeError::Impossible(TimePart::Month)),
            ("2026-00-01", TimeError::Impossible(TimePart::Month)),
            ("0000-01-01", TimeError::Impossible(TimePart::Year)),
            ("2026/01/01", TimeError::Shape),
            ("01-01-2026", TimeError::Shape),
            ("2026-1-01", TimeError::Shape),
            ("20260101", TimeError::Shape),
            ("2026-01-01 ", TimeError::Shape),
            ("+026-01-01", TimeError::Shape),
            ("2026-01-é", TimeError::Shape),
        ] {
            assert_eq!(Date::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_round_trip(days in -719_162..=2_932_896_i32) {
            let date = Date::from_days(days).unwrap();
            prop_assert_eq!(date.days_since_epoch(), days);
            prop_assert_eq!(Date::parse(&date.to_string()), Ok(date));
        }
    }
}
