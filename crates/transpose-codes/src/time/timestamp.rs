//! Moments: RFC 3339 date-times and the compact form of file names.

use super::calendar::{DAY, MICROS, MINUTE, civil};
use super::digits::{four, push_two, push_year, two};
use super::{Date, TimeError, TimePart, parse_date};
use crate::digits::push_fraction;
use std::fmt;

/// A moment, exact to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z; without an offset, the local time counted as if it
    /// were UTC.
    pub micros: i64,
    /// Minutes that local time was ahead of UTC, when the text says so.
    pub offset_minutes: Option<i16>,
    /// True when the text had digits other than zero below the microsecond, which were cut off.
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
    /// after.
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

    /// Writes `yyyymmddThhmmss` in local time, for file names; a fraction is left out.
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
            return Err(TimeError::Impossible(TimePart::Offset));
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

/// Microseconds of a local time, counted as if it were UTC.
fn at(date: Date, hour: u8, minute: u8, second: u8) -> Result<i64, TimeError> {
    let part = match (hour, minute, second) {
        (24.., _, _) => TimePart::Hour,
        (_, 60.., _) => TimePart::Minute,
        (_, _, 60..) => TimePart::Second,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stamp(text: &str) -> Result<Timestamp, TimeError> {
        Timestamp::parse(text.as_bytes())
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
            ("2026-02-30T00:00:00", TimeError::Impossible(TimePart::Day)),
            ("2026-02-03T25:00:00", TimeError::Impossible(TimePart::Hour)),
            ("2026-02-03T24:00:00", TimeError::Impossible(TimePart::Hour)),
            ("2026-02-03T12:60:00", TimeError::Impossible(TimePart::Minute)),
            ("2016-12-31T23:59:60Z", TimeError::Impossible(TimePart::Second)),
            ("2026-02-03T12:00:00+24:00", TimeError::Impossible(TimePart::Offset)),
            ("2026-02-03T12:00:00+01:60", TimeError::Impossible(TimePart::Offset)),
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
        assert_eq!(stamp("1970-01-01T00:30:00+01:00").unwrap().local_date(), Date::new(1970, 1, 1).ok());
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
        assert_eq!(compact("20260532T031500"), Err(TimeError::Impossible(TimePart::Day)));
        assert_eq!(compact(""), Err(TimeError::Empty));
    }

    proptest! {
        #[test]
        fn moments_round_trip(micros in -62_000_000_000_000_000..250_000_000_000_000_000_i64, offset in -1439..=1439_i16) {
            let moment = Timestamp::utc(micros).with_offset(offset);
            prop_assert_eq!(stamp(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn any_moment_can_be_written(micros: i64, offset: Option<i16>) {
            let moment = Timestamp { micros, offset_minutes: offset, truncated: false };
            prop_assert!(moment.to_string().len() >= 19);
            let _ = moment.local_date();
        }
    }
}
