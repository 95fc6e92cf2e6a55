//! Dates, times and periods: the proleptic Gregorian calendar of ISO 8601, RFC 3339 date-times
//! (ARCH-36), partial dates (ARCH-35), and the periods and creation times of file names (ARCH-115,
//! ARCH-117).
//!
//! A text of the wrong shape and a date that does not exist are two errors: the first asks for
//! another format, the second for another report.

use crate::duration::{push_fraction, push_number};
use std::fmt;
use std::ops::Range;

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROS;
const MINUTE: i64 = 60 * MICROS;

/// A day of the calendar, from 0001-01-01 to 9999-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day with this year, month and day, if it exists.
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Self, TimeError> {
        if year < 1 || year > 9999 {
            return Err(TimeError::Impossible(Part::Year));
        }
        if month < 1 || month > 12 {
            return Err(TimeError::Impossible(Part::Month));
        }
        if day < 1 || day > days_in_month(year, month) {
            return Err(TimeError::Impossible(Part::Day));
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

    /// The day that is so many days after 1970-01-01, unless it is out of range.
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

/// A year, a month or a day (ARCH-35), ordered by the first day.
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

/// A moment, exact to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z; without an offset, the local time counted as if it
    /// were UTC.
    pub micros: i64,
    /// Minutes that local time was ahead of UTC, when the text told them.
    pub offset_minutes: Option<i16>,
    /// True when the text had digits other than zero below the microsecond, which are cut off.
    pub truncated: bool,
}

impl Timestamp {
    /// A moment in UTC.
    pub const fn utc(micros: i64) -> Self {
        Self { micros, offset_minutes: Some(0), truncated: false }
    }

    /// Reads an ISO 8601 date-time: `YYYY-MM-DD`, `T` or a space, `hh:mm` or `hh:mm:ss` with up to
    /// nine decimals, and optionally `Z`, `+hh:mm`, `+hhmm` or `+hh`.
    pub fn parse(bytes: &[u8]) -> Result<Self, TimeError> {
        if let Some((head, rest)) = bytes.split_first_chunk::<19>()
            && let [
                y0,
                y1,
                y2,
                y3,
                b'-',
                m0,
                m1,
                b'-',
                d0,
                d1,
                b'T' | b't' | b' ',
                h0,
                h1,
                b':',
                i0,
                i1,
                b':',
                s0,
                s1,
            ] = *head
        {
            let date = Date::new(four(y0, y1, y2, y3)?, two(m0, m1)?, two(d0, d1)?)?;
            let local = at(date, two(h0, h1)?, two(i0, i1)?, two(s0, s1)?)?;
            return if rest.is_empty() {
                Ok(Self { micros: local, offset_minutes: None, truncated: false })
            } else {
                let (micros, truncated, rest) = fraction(rest)?;
                Self { micros: local + micros, offset_minutes: None, truncated }.offset(rest)
            };
        }
        if let Some((head, rest)) = bytes.split_first_chunk::<16>()
            && let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', h0, h1, b':', i0, i1] =
                *head
        {
            let date = Date::new(four(y0, y1, y2, y3)?, two(m0, m1)?, two(d0, d1)?)?;
            let local = at(date, two(h0, h1)?, two(i0, i1)?, 0)?;
            return Self { micros: local, offset_minutes: None, truncated: false }.offset(rest);
        }
        match bytes {
            [] => Err(TimeError::Empty),
            _ if parse_date(bytes).is_ok() => Err(TimeError::DateOnly),
            _ => Err(TimeError::Shape),
        }
    }

    /// Reads the compact form of file names, `yyyymmddThhmmss`, with optional milliseconds directly
    /// after (ARCH-117).
    pub fn parse_compact(bytes: &[u8]) -> Result<Self, TimeError> {
        let Some((head, rest)) = bytes.split_first_chunk::<15>() else {
            return Err(if bytes.is_empty() { TimeError::Empty } else { TimeError::Shape });
        };
        let [y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, i0, i1, s0, s1] = *head else {
            return Err(TimeError::Shape);
        };
        let date = Date::new(four(y0, y1, y2, y3)?, two(m0, m1)?, two(d0, d1)?)?;
        let local = at(date, two(h0, h1)?, two(i0, i1)?, two(s0, s1)?)?;
        let millis = match *rest {
            [] => 0,
            [a, b, c] => i64::from(four(b'0', a, b, c)?),
            _ => return Err(TimeError::Shape),
        };
        Ok(Self { micros: local + millis * 1000, offset_minutes: None, truncated: false })
    }

    /// The same local time with an offset, when it had none.
    #[must_use]
    pub const fn assume_offset(self, offset_minutes: i16) -> Self {
        if self.offset_minutes.is_some() {
            return self;
        }
        let micros = self.micros.saturating_sub(offset_minutes as i64 * MINUTE);
        Self { micros, offset_minutes: Some(offset_minutes), truncated: self.truncated }
    }

    /// The same moment shown with another offset.
    #[must_use]
    pub const fn with_offset(self, offset_minutes: i16) -> Self {
        Self { offset_minutes: Some(offset_minutes), ..self }
    }

    /// The local day, in days since 1970-01-01.
    pub const fn local_days(self) -> i32 {
        self.local().div_euclid(DAY) as i32
    }

    /// The local date, unless it is out of the range of [`Date`].
    pub fn local_date(self) -> Option<Date> {
        Date::from_days(self.local_days())
    }

    /// Writes `YYYY-MM-DDThh:mm:ss`, a fraction when there is one, and the offset when it is known:
    /// `Z` or `+hh:mm`.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let (days, of_day) = (self.local().div_euclid(DAY), self.local().rem_euclid(DAY).unsigned_abs());
        let (year, month, day) = civil(days);
        let seconds = of_day / MICROS as u64;
        push_year(year, out);
        for (mark, part) in [
            (b'-', month),
            (b'-', day),
            (b'T', (seconds / 3600) as u8),
            (b':', (seconds / 60 % 60) as u8),
            (b':', (seconds % 60) as u8),
        ] {
            out.push(mark);
            push_two(part, out);
        }
        push_fraction(of_day % MICROS as u64, out);
        match self.offset_minutes {
            None => {}
            Some(0) => out.push(b'Z'),
            Some(offset) => {
                out.push(if offset < 0 { b'-' } else { b'+' });
                push_two((offset.unsigned_abs() / 60) as u8, out);
                out.push(b':');
                push_two((offset.unsigned_abs() % 60) as u8, out);
            }
        }
    }

    /// Writes `yyyymmddThhmmss` in local time, for file names (ARCH-117); a fraction is left out.
    pub fn write_compact(self, out: &mut Vec<u8>) {
        let (days, of_day) = (self.local().div_euclid(DAY), self.local().rem_euclid(DAY).unsigned_abs());
        let (year, month, day) = civil(days);
        let seconds = of_day / MICROS as u64;
        push_year(year, out);
        push_two(month, out);
        push_two(day, out);
        out.push(b'T');
        push_two((seconds / 3600) as u8, out);
        push_two((seconds / 60 % 60) as u8, out);
        push_two((seconds % 60) as u8, out);
    }

    const fn local(self) -> i64 {
        match self.offset_minutes {
            Some(offset) => self.micros.saturating_add(offset as i64 * MINUTE),
            None => self.micros,
        }
    }

    /// Reads the offset that ends a date-time whose local time is known.
    fn offset(self, bytes: &[u8]) -> Result<Self, TimeError> {
        let (sign, h0, h1, m0, m1) = match *bytes {
            [] => return Ok(self),
            [b'Z' | b'z'] => return Ok(self.assume_offset(0)),
            [sign @ (b'+' | b'-'), h0, h1] => (sign, h0, h1, b'0', b'0'),
            [sign @ (b'+' | b'-'), h0, h1, m0, m1] | [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
                (sign, h0, h1, m0, m1)
            }
            _ => return Err(TimeError::Shape),
        };
        let (hours, minutes) = (i16::from(two(h0, h1)?), i16::from(two(m0, m1)?));
        if hours > 23 || minutes > 59 {
            return Err(TimeError::Impossible(Part::Offset));
        }
        let offset = hours * 60 + minutes;
        Ok(self.assume_offset(if sign == b'-' { -offset } else { offset }))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(32);
        self.write_rfc3339(&mut out);
        f.pad(std::str::from_utf8(&out).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self}{})", if self.truncated { ", truncated" } else { "" })
    }
}

/// A reporting period in one of the forms of file names (ARCH-115).
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
            return Err(TimeError::Impossible(Part::Quarter));
        }
        let first = Date::new(year, quarter * 3 - 2, 1)?;
        let last = Date::new(year, quarter * 3, days_in_month(year, quarter * 3))?;
        Ok(Self { first, last, form: PeriodForm::Quarter })
    }

    /// An ISO 8601 week of a year, from one to 52 or 53.
    pub fn week(year: u16, week: u8) -> Result<Self, TimeError> {
        let impossible = TimeError::Impossible(Part::Week);
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

    /// The moments of the period where local time is so many minutes ahead of UTC, in microseconds
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
        let form = match date.precision {
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

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a count of days since 1970-01-01.
const fn civil(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    // Both are small by construction.
    (year, month.unsigned_abs() as u8, day.unsigned_abs() as u8)
}

/// Microseconds of a local time, counted as if it were UTC.
fn at(date: Date, hour: u8, minute: u8, second: u8) -> Result<i64, TimeError> {
    let part = match (hour, minute, second) {
        (24.., _, _) => Part::Hour,
        (_, 60.., _) => Part::Minute,
        (_, _, 60..) => Part::Second,
        _ => {
            let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
            return Ok(i64::from(date.days_since_epoch()) * DAY + seconds * MICROS);
        }
    };
    Err(TimeError::Impossible(part))
}

/// Reads a dot and one to nine digits, if there is a dot: microseconds, whether digits were cut
/// off, and the rest.
fn fraction(bytes: &[u8]) -> Result<(i64, bool, &[u8]), TimeError> {
    let [b'.' | b',', rest @ ..] = bytes else { return Ok((0, false, bytes)) };
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some((digits, rest)) = rest.split_at_checked(len) else { return Err(TimeError::Shape) };
    if !(1..=9).contains(&len) {
        return Err(TimeError::Shape);
    }
    let nanos =
        digits.iter().chain(std::iter::repeat(&b'0')).take(9).fold(0_i64, |n, d| n * 10 + (d - b'0') as i64);
    Ok((nanos / 1000, nanos % 1000 != 0, rest))
}

fn two(a: u8, b: u8) -> Result<u8, TimeError> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    if a > 9 || b > 9 { Err(TimeError::Shape) } else { Ok(a * 10 + b) }
}

fn four(a: u8, b: u8, c: u8, d: u8) -> Result<u16, TimeError> {
    Ok(u16::from(two(a, b)?) * 100 + u16::from(two(c, d)?))
}

fn push_two(number: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + number / 10 % 10, b'0' + number % 10]);
}

/// Writes a year with at least four digits, and a sign when it is out of the usual range.
fn push_year(year: i64, out: &mut Vec<u8>) {
    match u16::try_from(year) {
        Ok(year) if year <= 9999 => {
            push_two((year / 100) as u8, out);
            push_two((year % 100) as u8, out);
        }
        _ => {
            out.push(if year < 0 { b'-' } else { b'+' });
            push_number(year.unsigned_abs(), out);
        }
    }
}

/// A part of a date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The year, from 1 to 9999.
    Year,
    /// The quarter.
    Quarter,
    /// The month.
    Month,
    /// The ISO 8601 week.
    Week,
    /// The day of the month.
    Day,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second; leap seconds are not counted.
    Second,
    /// The offset from UTC.
    Offset,
}

/// Why a text is not a date, a time or a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// There is no text.
    Empty,
    /// The text is not written as expected.
    Shape,
    /// A date stands where a date and a time belong.
    DateOnly,
    /// The shape is right and there is no such date or time, because of this part.
    Impossible(Part),
    /// The period ends before it begins.
    Reversed,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the date or time is empty",
            Self::Shape => "not a date or time of the expected form",
            Self::DateOnly => "a date without a time, expected `YYYY-MM-DDThh:mm:ss`",
            Self::Reversed => "the period ends before it begins",
            Self::Impossible(part) => {
                return f.write_str(match part {
                    Part::Year => "there is no such year, expected 0001 to 9999",
                    Part::Quarter => "there is no such quarter, expected Q1 to Q4",
                    Part::Month => "there is no such month, expected 01 to 12",
                    Part::Week => "the year has no such week",
                    Part::Day => "the month has no such day",
                    Part::Hour => "there is no such hour, expected 00 to 23",
                    Part::Minute => "there is no such minute, expected 00 to 59",
                    Part::Second => "there is no such second, expected 00 to 59",
                    Part::Offset => "there is no such offset from UTC",
                });
            }
        })
    }
}

impl std::error::Error for TimeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn stamp(text: &str) -> Result<Timestamp, TimeError> {
        Timestamp::parse(text.as_bytes())
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
            ("2026-02-30", TimeError::Impossible(Part::Day)),
            ("2023-02-29", TimeError::Impossible(Part::Day)),
            ("1900-02-29", TimeError::Impossible(Part::Day)),
            ("2026-04-31", TimeError::Impossible(Part::Day)),
            ("2026-01-00", TimeError::Impossible(Part::Day)),
            ("2026-13-01", TimeError::Impossible(Part::Month)),
            ("2026-00-01", TimeError::Impossible(Part::Month)),
            ("0000-01-01", TimeError::Impossible(Part::Year)),
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
            ("0000", TimeError::Impossible(Part::Year)),
            ("2026-13", TimeError::Impossible(Part::Month)),
            ("2026-1", TimeError::Shape),
        ] {
            assert_eq!(PartialDate::parse(text), Err(error), "{text}");
        }
        assert!(PartialDate::parse("2026").unwrap() < PartialDate::parse("2026-01").unwrap());
    }

    #[test]
    fn reads_date_times() {
        for (text, micros, offset, truncated) in [
            ("1970-01-01T00:00:00Z", 0, Some(0), false),
            ("1970-01-01T00:00:00", 0, None, false),
            ("1970-01-01 00:00", 0, None, false),
            ("1970-01-01T00:01Z", 60_000_000, Some(0), false),
            ("1970-01-01T01:00:00+01:00", 0, Some(60), false),
            ("1970-01-01T01:00:00+0100", 0, Some(60), false),
            ("1970-01-01T01:00:00+01", 0, Some(60), false),
            ("1969-12-31T18:30:00-05:30", 0, Some(-330), false),
            ("2014-03-13T11:39:28.8981203Z", 1_394_710_768_898_120, Some(0), true),
            ("2014-03-13T11:39:28.8981200Z", 1_394_710_768_898_120, Some(0), false),
            ("2014-03-13t11:39:28.898z", 1_394_710_768_898_000, Some(0), false),
            ("1970-01-01T00:00:00.123456789", 123_456, None, true),
            ("1969-12-31T23:59:59.5Z", -500_000, Some(0), false),
        ] {
            let parsed = Timestamp { micros, offset_minutes: offset, truncated };
            assert_eq!(stamp(text), Ok(parsed), "{text}");
        }
        assert!(size_of::<Timestamp>() <= 16);
    }

    #[test]
    fn refuses_bad_date_times() {
        for (text, error) in [
            ("", TimeError::Empty),
            ("2026-10-05", TimeError::DateOnly),
            ("2026-02-30T00:00:00", TimeError::Impossible(Part::Day)),
            ("2026-02-03T25:00:00", TimeError::Impossible(Part::Hour)),
            ("2026-02-03T24:00:00", TimeError::Impossible(Part::Hour)),
            ("2026-02-03T12:60:00", TimeError::Impossible(Part::Minute)),
            ("2016-12-31T23:59:60Z", TimeError::Impossible(Part::Second)),
            ("2026-02-03T12:00:00+24:00", TimeError::Impossible(Part::Offset)),
            ("2026-02-03T12:00:00+01:60", TimeError::Impossible(Part::Offset)),
            ("2026-02-03T12:00:00.", TimeError::Shape),
            ("2026-02-03T12:00:00.1234567890", TimeError::Shape),
            ("2026-02-03T12:00:00 Z", TimeError::Shape),
            ("2026-02-03T12:00:00+1", TimeError::Shape),
            ("2026-02-03T12", TimeError::Shape),
            ("2026-02-03T12:0", TimeError::Shape),
            ("2026-02-03_12:00:00", TimeError::Shape),
            ("03/02/2026 12:00:00", TimeError::Shape),
            ("2026-02-0aT12:00:00", TimeError::Shape),
            ("46296.5", TimeError::Shape),
        ] {
            assert_eq!(stamp(text), Err(error), "{text}");
        }
        assert_eq!(Timestamp::parse(&[0xff; 19]), Err(TimeError::Shape));
    }

    #[test]
    fn writes_local_time_with_its_offset() {
        for (text, rfc3339, compact) in [
            ("2026-05-15T03:15:00Z", "2026-05-15T03:15:00Z", "20260515T031500"),
            ("2026-05-15 03:15", "2026-05-15T03:15:00", "20260515T031500"),
            ("2026-05-15T03:15:00.250-0330", "2026-05-15T03:15:00.25-03:30", "20260515T031500"),
            ("2026-12-31T23:30:00+14:00", "2026-12-31T23:30:00+14:00", "20261231T233000"),
        ] {
            let parsed = stamp(text).unwrap();
            let mut out = Vec::new();
            parsed.write_compact(&mut out);
            assert_eq!((parsed.to_string().as_str(), out.as_slice()), (rfc3339, compact.as_bytes()));
        }
        assert_eq!(Timestamp::utc(0).with_offset(60).to_string(), "1970-01-01T01:00:00+01:00");
        assert_eq!(stamp("1970-01-01T01:00:00").unwrap().assume_offset(60).micros, 0);
        assert_eq!(stamp("1970-01-01T00:30:00+01:00").unwrap().local_date(), Some(date("1970-01-01")));
        assert_eq!(Timestamp::utc(i64::MAX).to_string(), "+294247-01-10T04:00:54.775807Z");
        assert_eq!(Timestamp::utc(i64::MIN).local_date(), None);
    }

    #[test]
    fn reads_the_compact_form() {
        let compact = |text: &str| Timestamp::parse_compact(text.as_bytes()).map(|stamp| stamp.to_string());
        assert_eq!(compact("20260515T031500").unwrap(), "2026-05-15T03:15:00");
        assert_eq!(compact("20260515T031500123").unwrap(), "2026-05-15T03:15:00.123");
        assert_eq!(compact("20260515T03150012"), Err(TimeError::Shape));
        assert_eq!(compact("20260515"), Err(TimeError::Shape));
        assert_eq!(compact("20260532T031500"), Err(TimeError::Impossible(Part::Day)));
        assert_eq!(compact(""), Err(TimeError::Empty));
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
            ("2026-Q5", TimeError::Impossible(Part::Quarter)),
            ("2026-Q0", TimeError::Impossible(Part::Quarter)),
            ("2026-W00", TimeError::Impossible(Part::Week)),
            ("2026-W54", TimeError::Impossible(Part::Week)),
            ("2025-W53", TimeError::Impossible(Part::Week)),
            ("9999-W53", TimeError::Impossible(Part::Week)),
            ("0000-W01", TimeError::Impossible(Part::Year)),
            ("2026-13", TimeError::Impossible(Part::Month)),
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
        let moment = stamp("1970-01-01T00:00:00+01:00").unwrap();
        assert!(day.micros_range(60).contains(&moment.micros));
        assert!(!day.micros_range(0).contains(&moment.micros));
    }

    proptest! {
        #[test]
        fn days_round_trip(days in -719_162..=2_932_896_i32) {
            let date = Date::from_days(days).unwrap();
            prop_assert_eq!(date.days_since_epoch(), days);
            prop_assert_eq!(Date::parse(&date.to_string()), Ok(date));
        }

        #[test]
        fn moments_round_trip(micros in -62_000_000_000_000_000..250_000_000_000_000_000_i64, offset in -1439..=1439_i16) {
            let moment = Timestamp::utc(micros).with_offset(offset);
            prop_assert_eq!(stamp(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn weeks_round_trip(year in 2..9998_u16, week in 1..=52_u8) {
            let period = Period::week(year, week).unwrap();
            prop_assert_eq!(Period::parse(&period.to_string()), Ok(period));
            prop_assert_eq!(period.first().weekday(), 1);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "[0-9TZQW:. +-]{0,34}") {
            let _ = (Timestamp::parse(&bytes), Timestamp::parse_compact(&bytes), parse_date(&bytes));
            let _ = (stamp(&text), Period::parse(&text), PartialDate::parse(&text));
        }

        #[test]
        fn any_moment_can_be_written(micros: i64, offset: Option<i16>) {
            let moment = Timestamp { micros, offset_minutes: offset, truncated: false };
            prop_assert!(moment.to_string().len() >= 19);
            let _ = moment.local_date();
        }
    }
}
