//! Dates as spreadsheets count them: days since the beginning of 1900 or of 1904, the time of day
//! as a fraction.
//!
//! Only the workbook says which of the two its numbers mean, and they are four years and a day
//! apart. So a number is read as a date only when the caller names the [`Epoch`].

use crate::time::{Date, Timestamp};

const DAY: i64 = 86_400_000_000;

/// Where days are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Epoch {
    /// The first of January 1900 is day 1, and there is a day 60 that never existed: 29
    /// February 1900.
    Y1900,
    /// The first of January 1904 is day 0.
    Y1904,
}

/// A number that may be a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial {
    days: i64,
    /// The time of day in microseconds, a whole number of milliseconds, as spreadsheets keep it.
    micros: i64,
    /// Whether there is a fraction.
    timed: bool,
}

/// The last day of the year 9999 in the count from 1900.
const LAST: i64 = 2_958_465;

impl Serial {
    /// Reads digits with an optional fraction, such as `46301` or `46301.5`; `None` when it is
    /// another text or no day up to the year 9999.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
            Some(place) => (text.get(..place)?, Some(text.get(place + 1..)?)),
            None => (text, None),
        };
        let digits = |part: &[u8], most: usize| {
            !part.is_empty() && part.len() <= most && part.iter().all(u8::is_ascii_digit)
        };
        if !digits(whole, 7) || !fraction.is_none_or(|part| digits(part, 32)) {
            return None;
        }
        let number =
            |part: &[u8]| part.iter().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'));
        let mut days = number(whole);
        let mut micros = 0;
        if let Some(part) = fraction {
            // Twelve decimals are a tenth of a microsecond.
            let part = part.get(..12).unwrap_or(part);
            let scale = i128::from(10_i64.pow(part.len() as u32));
            let exact = i128::from(number(part)) * i128::from(DAY / 1000);
            let millis = ((exact + scale / 2) / scale) as i64;
            micros = millis * 1000;
            days += micros / DAY;
            micros %= DAY;
        }
        (days <= LAST).then_some(Self { days, micros, timed: fraction.is_some() })
    }

    /// The moment, without an offset; `None` for a day that never existed.
    pub fn moment(self, epoch: Epoch) -> Option<Timestamp> {
        let days = match (epoch, self.days) {
            (Epoch::Y1900, 0 | 60) => return None,
            // The day that never existed shifts all days after it.
            (Epoch::Y1900, 1..60) => self.days - 25_568,
            (Epoch::Y1900, _) => self.days - 25_569,
            (Epoch::Y1904, _) => self.days - 24_107,
        };
        let micros = days.checked_mul(DAY)?.checked_add(self.micros)?;
        Date::from_days(i32::try_from(days).ok()?)?;
        Some(Timestamp { micros, offset_minutes: None, truncated: false })
    }

    /// Whether the number has a time of day.
    pub const fn has_time(self) -> bool {
        self.timed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(serial: &str, epoch: Epoch) -> Option<String> {
        let mut out = Vec::new();
        Serial::parse(serial.as_bytes())?.moment(epoch)?.write_rfc3339(&mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn known_days() {
        // Counted with `datetime` of Python, from 1899-12-30 and 1904-01-01.
        for (serial, epoch, expected) in [
            ("46301", Epoch::Y1900, Some("2026-10-06T00:00:00")),
            ("46301.5", Epoch::Y1900, Some("2026-10-06T12:00:00")),
            ("46301.489583333336", Epoch::Y1900, Some("2026-10-06T11:45:00")),
            ("46301.9999999999", Epoch::Y1900, Some("2026-10-07T00:00:00")),
            ("1", Epoch::Y1900, Some("1900-01-01T00:00:00")),
            ("59", Epoch::Y1900, Some("1900-02-28T00:00:00")),
            ("60", Epoch::Y1900, None),
            ("61", Epoch::Y1900, Some("1900-03-01T00:00:00")),
            ("0", Epoch::Y1900, None),
            ("2958465", Epoch::Y1900, Some("9999-12-31T00:00:00")),
            ("2958466", Epoch::Y1900, None),
            ("0", Epoch::Y1904, Some("1904-01-01T00:00:00")),
            ("44839.5", Epoch::Y1904, Some("2026-10-06T12:00:00")),
            ("", Epoch::Y1900, None),
            (".5", Epoch::Y1900, None),
            ("5.", Epoch::Y1900, None),
            ("-5", Epoch::Y1900, None),
            ("1e5", Epoch::Y1900, None),
            ("99999999", Epoch::Y1900, None),
        ] {
            assert_eq!(text(serial, epoch).as_deref(), expected, "{serial} {epoch:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9.]{0,40}") {
            if let Some(serial) = Serial::parse(text.as_bytes()) {
                let _ = (serial.moment(Epoch::Y1900), serial.moment(Epoch::Y1904));
            }
        }

        /// The two counts lie 1462 days apart.
        #[test]
        fn counts_differ_by_four_years_and_a_day(days in 61_i64..2_900_000) {
            let moment = |days: i64, epoch| Serial::parse(days.to_string().as_bytes()).unwrap().moment(epoch).unwrap().micros;
            prop_assert_eq!(moment(days, Epoch::Y1904) - moment(days, Epoch::Y1900), 1462 * DAY);
        }
    }
}
