//! Times and durations of rows, read quickly.
//!
//! A report covers a few weeks, so the days of its times repeat. The [`Clock`] remembers what each
//! date represents and reads only the time of day anew; whatever it does not know, or does not
//! understand at once, goes to the full parser.

use transpose_codes::time::TimeError;
use transpose_codes::{Duration, DurationError, Timestamp};

/// Dates seen before, by their day of the month. One per worker.
#[derive(Debug)]
pub(crate) struct Clock {
    days: [Day; SLOTS],
}

const SLOTS: usize = 32;
const DAY: i64 = 86_400_000_000;

#[derive(Clone, Copy, Debug)]
struct Day {
    /// The date as it is written, with the `T` or the space after it.
    text: [u8; 11],
    /// Its midnight, in microseconds since 1970.
    midnight: i64,
}

/// A time in microseconds since 1970 UTC, and whether it had an offset.
pub(crate) type Moment = (i64, bool);

impl Default for Clock {
    fn default() -> Self {
        // A true statement, so that no text can match a slot that was never filled.
        Self { days: [Day { text: *b"1970-01-01T", midnight: 0 }; SLOTS] }
    }
}

impl Clock {
    /// Reads a time, as [`Timestamp::parse`] does.
    #[expect(
        clippy::inline_always,
        reason = "it is a part of the loop over the rows, and callgrind shows a call of it"
    )]
    #[inline(always)]
    pub(crate) fn moment(&mut self, text: &[u8]) -> Result<Moment, TimeError> {
        if let Some((date, rest)) = text.split_first_chunk::<11>()
            && let Some((time, zone)) = rest.split_first_chunk::<8>()
            && let [] | [b'Z'] = zone
            && let Some(day) = self.days.get(slot(date))
            && day.text == *date
            && let Some(seconds) = time_of_day(*time)
        {
            return Ok((day.midnight + seconds * 1_000_000, !zone.is_empty()));
        }
        self.full(text)
    }

    /// The same, for columns other than that of the event's time.
    #[inline(never)]
    pub(crate) fn other(&mut self, text: &[u8]) -> Result<Moment, TimeError> {
        self.moment(text)
    }

    #[inline(never)]
    fn full(&mut self, text: &[u8]) -> Result<Moment, TimeError> {
        let moment = Timestamp::parse(text)?;
        if let (Some(date), None | Some(0)) = (text.first_chunk::<11>(), moment.offset_minutes)
            && text.get(13) == Some(&b':')
            && let Some(day) = self.days.get_mut(slot(date))
        {
            *day = Day { text: *date, midnight: moment.micros.div_euclid(DAY) * DAY };
        }
        Ok((moment.micros, moment.offset_minutes.is_some()))
    }
}

/// The slot of a date: the days of a month differ.
fn slot(date: &[u8; 11]) -> usize {
    let [.., tens, ones, _] = *date;
    (usize::from(tens & 3) * 10 + usize::from(ones & 15)) % SLOTS
}

/// The seconds of `hh:mm:ss`.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn time_of_day(text: [u8; 8]) -> Option<i64> {
    // Digits become their value and colons zero; then all eight are checked at once: adding brings
    // out the high bit of what is too large.
    let values = u64::from_le_bytes(text) ^ u64::from_le_bytes(*b"00:00:00");
    let room = u64::from_le_bytes([0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f, 0x76, 0x76]);
    if (values | values.wrapping_add(room)) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let place = |byte: u32| i64::from((values >> (byte * 8)) as u8);
    let two = |byte: u32| place(byte) * 10 + place(byte + 1);
    let (hours, minutes, seconds) = (two(0), two(3), two(6));
    (hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// Reads seconds into microseconds, as [`Duration::parse_seconds_bytes`] does.
#[inline]
pub(crate) fn micros(text: &[u8]) -> Result<i64, DurationError> {
    let mut seconds = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || text.len() > 9 {
            return Duration::parse_seconds_bytes(text).map(|parsed| parsed.duration.micros());
        }
        seconds = seconds * 10 + i64::from(digit);
    }
    if text.is_empty() { Err(DurationError::Empty) } else { Ok(seconds * 1_000_000) }
}

/// Reads an ISO 8601 duration into microseconds, as [`Duration::parse_iso`] does.
#[inline(never)]
pub(crate) fn iso_micros(text: &[u8]) -> Result<i64, DurationError> {
    if let Some(micros) = Duration::plain_iso_micros(text) {
        return Ok(micros);
    }
    // Bytes that are no UTF-8 are no duration either.
    let text = std::str::from_utf8(text).unwrap_or("?");
    Duration::parse_iso(text).map(|parsed| parsed.duration.micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(text: &[u8]) -> Result<Moment, TimeError> {
        Timestamp::parse(text).map(|moment| (moment.micros, moment.offset_minutes.is_some()))
    }

    #[test]
    fn known_days_read_like_unknown_ones() {
        let mut clock = Clock::default();
        let texts = [
            "2026-10-03T11:22:33Z",
            "2026-10-03T23:59:59Z",
            "2026-10-03T00:00:00",
            "2026-10-03 00:00:01",
            "2026-10-03T24:00:00Z",
            "2026-10-03T11:60:00Z",
            "2026-10-03T11:22:60Z",
            "2026-10-03T11:22:33+01:00",
            "2026-10-03T11:22:33.5Z",
            "2026-10-03T11-22-33Z",
            "2026-10-03T1a:22:33Z",
            "2026-10-03T11:22",
            "2026-02-30T11:22:33Z",
            "1969-12-31T23:00:00Z",
            "1969-12-31T01:00:00Z",
            "2026-11-03T11:22:33Z",
            "2026-10-03T11:22:33\u{fffd}",
            "2026-10-03",
            "",
            "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}11:22:33Z",
        ];
        for _ in 0..2 {
            for text in texts {
                assert_eq!(clock.moment(text.as_bytes()), full(text.as_bytes()), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn clock_agrees_with_the_full_parser(texts in proptest::collection::vec("20(26|24)-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9:](Z|\\.5Z|\\+01:00|)", 1..20)) {
            let mut clock = Clock::default();
            for text in texts {
                prop_assert_eq!(clock.moment(text.as_bytes()), full(text.as_bytes()), "{}", text);
            }
        }

        #[test]
        fn any_bytes_after_a_known_day(tail in proptest::collection::vec(any::<u8>(), 8..10)) {
            let mut clock = Clock::default();
            clock.moment(b"2026-10-03T11:22:33Z").unwrap();
            let text = [&b"2026-10-03T"[..], &tail].concat();
            prop_assert_eq!(clock.moment(&text), full(&text));
        }

        #[test]
        fn seconds_agree_with_the_full_parser(text in "[0-9]{0,12}|-?[0-9]{1,3}(\\.[0-9]{1,8})?|[0-9a:+ ]{0,6}") {
            prop_assert_eq!(micros(text.as_bytes()), Duration::parse_seconds_bytes(text.as_bytes()).map(|parsed| parsed.duration.micros()));
        }
    }
}
