//! Reporting periods in the forms of file names.

use super::calendar::{DAY, MINUTE, days_in_month};
use super::digits::{four, two};
use super::{Date, PartialDate, Precision, TimeError, TimePart};
use std::fmt;
use std::ops::Range;

/// A reporting period in one of the forms of file names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first: Date,
    last: Date,
    form: PeriodForm,
}

/// How a period is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PeriodForm {
    /// `2026`.
    Year,
    /// `2026-Q4`.
    Quarter,
    /// `2026-10`.
    Month,
    /// `2026-W41`: an ISO 8601 week, from Monday to Sunday.
    Week,
    /// `2026-10-05`.
    Day,
    /// `2026-10-01--2026-10-15`, both days included.
    Range,
}

impl Period {
    /// Reads `2026`, `2026-10`, `2026-10-05`, `2026-Q4`, `2026-W41` or `2026-10-01--2026-10-15`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        match *text.as_bytes() {
            [] => Err(TimeError::Empty),
            [y0, y1, y2, y3, b'-', b'Q' | b'q', quarter] => {
                let year = four(y0, y1, y2, y3)?;
                Self::quarter(year, two(b'0', quarter)?)
            }
            [y0, y1, y2, y3, b'-', b'W' | b'w', w0, w1] => Self::week(four(y0, y1, y2, y3)?, two(w0, w1)?),
            _ => match text.split_once("--") {
                Some((first, last)) => {
                    let date = |text| match Date::parse(text) {
                        Err(TimeError::Empty) => Err(TimeError::Shape),
                        date => date,
                    };
                    Self::range(date(first)?, date(last)?)
                }
                None => PartialDate::parse(text).map(Self::from),
            },
        }
    }

    /// A quarter of a year, from one to four.
    pub fn quarter(year: u16, quarter: u8) -> Result<Self, TimeError> {
        if !(1..=4).contains(&quarter) {
            return Err(TimeError::Impossible(TimePart::Quarter));
        }
        let first = Date::new(year, quarter * 3 - 2, 1)?;
        let last = Date::new(year, quarter * 3, days_in_month(year, quarter * 3))?;
        Ok(Self { first, last, form: PeriodForm::Quarter })
    }

    /// An ISO 8601 week of a year, from one to 52 or 53.
    pub fn week(year: u16, week: u8) -> Result<Self, TimeError> {
        let impossible = TimeError::Impossible(TimePart::Week);
        let monday = monday_of_week_1(year)? + (i32::from(week) - 1) * 7;
        // A week belongs to the year that holds its Thursday.
        let thursday = Date::from_days(monday + 3).ok_or(impossible)?;
        if week == 0 || thursday.year != year {
            return Err(impossible);
        }
        let (first, last) = (Date::from_days(monday), Date::from_days(monday + 6));
        Ok(Self { first: first.ok_or(impossible)?, last: last.ok_or(impossible)?, form: PeriodForm::Week })
    }

    /// The ISO 8601 week that holds a day, unless it goes beyond the calendar.
    pub fn week_of(date: Date) -> Option<Self> {
        let (year, week) = week_number(date)?;
        Self::week(year, week).ok()
    }

    /// The days from the first to the last, both included.
    pub fn range(first: Date, last: Date) -> Result<Self, TimeError> {
        if last < first {
            return Err(TimeError::Reversed);
        }
        Ok(Self { first, last, form: PeriodForm::Range })
    }

    /// The first day.
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day, which is still part of the period.
    pub const fn last(self) -> Date {
        self.last
    }

    /// How the period is written.
    pub const fn form(self) -> PeriodForm {
        self.form
    }

    /// Whether a day, in days since 1970-01-01, is part of the period.
    pub const fn contains(self, days: i32) -> bool {
        self.first.days_since_epoch() <= days && days <= self.last.days_since_epoch()
    }

    /// The moments of the period where local time is `offset_minutes` ahead of UTC, in microseconds
    /// since 1970.
    pub const fn micros_range(self, offset_minutes: i16) -> Range<i64> {
        let offset = offset_minutes as i64 * MINUTE;
        let start = self.first.days_since_epoch() as i64 * DAY - offset;
        let end = (self.last.days_since_epoch() as i64 + 1) * DAY - offset;
        start..end
    }
}

impl From<PartialDate> for Period {
    fn from(date: PartialDate) -> Self {
        let form = match date.precision() {
            Precision::Year => PeriodForm::Year,
            Precision::Month => PeriodForm::Month,
            Precision::Day => PeriodForm::Day,
        };
        Self { first: date.first(), last: date.last(), form }
    }
}

impl From<Date> for Period {
    fn from(date: Date) -> Self {
        PartialDate::from(date).into()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, .. } = self.first;
        match self.form {
            PeriodForm::Year => write!(f, "{year:04}"),
            PeriodForm::Quarter => write!(f, "{year:04}-Q{}", month.div_ceil(3)),
            PeriodForm::Month => write!(f, "{year:04}-{month:02}"),
            PeriodForm::Week => {
                let (year, week) = week_number(self.first).unwrap_or((year, 0));
                write!(f, "{year:04}-W{week:02}")
            }
            PeriodForm::Day => self.first.fmt(f),
            PeriodForm::Range => write!(f, "{}--{}", self.first, self.last),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Period({self})")
    }
}

impl std::str::FromStr for Period {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The Monday on which ISO week 1 of a year begins: the week that holds 4 January.
fn monday_of_week_1(year: u16) -> Result<i32, TimeError> {
    let date = Date::new(year, 1, 4)?;
    Ok(date.days_since_epoch() - (i32::from(date.weekday()) - 1))
}

/// The ISO 8601 week of a day and the year that it belongs to: the year that holds its Thursday.
fn week_number(date: Date) -> Option<(u16, u8)> {
    let thursday = Date::from_days(date.days_since_epoch() + 4 - i32::from(date.weekday()))?;
    let days = thursday.days_since_epoch() - monday_of_week_1(thursday.year).ok()?;
    Some((thursday.year, u8::try_from(days / 7 + 1).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn reads_every_form_of_period() {
        for (text, first, last) in [
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-10", "2026-10-01", "2026-10-31"),
            ("2026-10-05", "2026-10-05", "2026-10-05"),
            ("2026-Q1", "2026-01-01", "2026-03-31"),
            ("2026-Q4", "2026-10-01", "2026-12-31"),
            ("2026-W41", "2026-10-05", "2026-10-11"),
            ("2026-W01", "2025-12-29", "2026-01-04"),
            ("2020-W53", "2020-12-28", "2021-01-03"),
            ("2026-10-01--2026-10-15", "2026-10-01", "2026-10-15"),
            ("2026-10-01--2026-10-31", "2026-10-01", "2026-10-31"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!((period.first(), period.last()), (date(first), date(last)), "{text}");
            assert_eq!(period.to_string(), text);
            assert!(period.contains(date(first).days_since_epoch()));
            assert!(period.contains(date(last).days_since_epoch()));
            assert!(!period.contains(date(last).days_since_epoch() + 1));
        }
        assert_eq!(Period::parse("2026-w41").unwrap().to_string(), "2026-W41");
    }

    #[test]
    fn refuses_bad_periods() {
        for (text, error) in [
            ("", TimeError::Empty),
            ("--", TimeError::Shape),
            ("2026-10-01--", TimeError::Shape),
            ("2026-Q5", TimeError::Impossible(TimePart::Quarter)),
            ("2026-Q0", TimeError::Impossible(TimePart::Quarter)),
            ("2026-W00", TimeError::Impossible(TimePart::Week)),
            ("2026-W54", TimeError::Impossible(TimePart::Week)),
            ("2025-W53", TimeError::Impossible(TimePart::Week)),
            ("9999-W53", TimeError::Impossible(TimePart::Week)),
            ("0000-W01", TimeError::Impossible(TimePart::Year)),
            ("2026-13", TimeError::Impossible(TimePart::Month)),
            ("2026-W1", TimeError::Shape),
            ("2026M01", TimeError::Shape),
            ("202601", TimeError::Shape),
            ("2026-10--2026-11", TimeError::Shape),
            ("2026-10-15--2026-10-01", TimeError::Reversed),
        ] {
            assert_eq!(Period::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_period_begins_at_local_midnight() {
        let day = Period::parse("1970-01-01").unwrap();
        assert_eq!(day.micros_range(0), 0..DAY);
        assert_eq!(day.micros_range(60), -60 * MINUTE..DAY - 60 * MINUTE);
        let moment = Timestamp::parse(b"1970-01-01T00:00:00+01:00").unwrap();
        assert!(day.micros_range(60).contains(&moment.micros));
        assert!(!day.micros_range(0).contains(&moment.micros));
    }

    proptest! {
        #[test]
        fn weeks_round_trip(year in 2..9998_u16, week in 1..=52_u8) {
            let period = Period::week(year, week).unwrap();
            prop_assert_eq!(Period::parse(&period.to_string()), Ok(period));
            prop_assert_eq!(period.first().weekday(), 1);
        }
    }
}
