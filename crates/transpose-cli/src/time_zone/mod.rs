//! Time zones, in which days begin and end. In tests, `oracle` compares them with another copy of
//! the IANA database.

#[cfg(test)]
mod oracle;

use jiff::tz::TimeZone;
use std::ops::Range;
use transpose_codes::time::{Date, LocalOffsets, Period};

/// The last moment of the century, in microseconds since 1970.
const LAST_CHANGE: i64 = 4_102_444_800_000_000;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// A fixed offset from UTC, in minutes.
    Offset(i16),
    /// A zone of the IANA database.
    Named(TimeZone),
}

impl Zone {
    /// The day that contains a moment, given in microseconds since 1970-01-01 UTC. A day that has
    /// begun does not end when clocks go back over midnight, as those of Newfoundland did at 00:01.
    pub(crate) fn date(&self, moment: i64) -> Option<Date> {
        match self {
            Self::Offset(minutes) => {
                let local = moment.checked_add(i64::from(*minutes) * 60_000_000)?;
                Date::from_days(i32::try_from(local.div_euclid(86_400_000_000)).ok()?)
            }
            Self::Named(zone) => {
                let date = jiff::Timestamp::from_microsecond(moment).ok()?.to_zoned(zone.clone()).date();
                let part = |part: i8| u8::try_from(part).ok();
                let date =
                    Date::new(u16::try_from(date.year()).ok()?, part(date.month())?, part(date.day())?)
                        .ok()?;
                let next = Date::from_days(date.days_since_epoch() + 1);
                let has_begun = |next: &Date| midnight(zone, *next).is_some_and(|start| start <= moment);
                Some(next.filter(has_begun).unwrap_or(date))
            }
        }
    }

    /// How much local time is ahead of UTC, until the end of the century.
    pub(crate) fn offsets(&self) -> LocalOffsets {
        let changes = match self {
            Self::Offset(minutes) => vec![(i64::MIN, i64::from(*minutes) * 60_000_000)],
            Self::Named(zone) => {
                let offset = |moment| i64::from(zone.to_offset(moment).seconds()) * 1_000_000;
                let first = (i64::MIN, offset(jiff::Timestamp::UNIX_EPOCH));
                let changes = zone.following(jiff::Timestamp::UNIX_EPOCH).map(|change| change.timestamp());
                let changes = changes.take_while(|change| change.as_microsecond() < LAST_CHANGE);
                [first]
                    .into_iter()
                    .chain(changes.map(|change| (change.as_microsecond(), offset(change))))
                    .collect()
            }
        };
        LocalOffsets::new(changes)
    }

    /// The moments of a period, in microseconds since 1970-01-01 UTC: from the beginning of the
    /// first day to the end of the last, exclusive.
    pub(crate) fn moments(&self, period: Period) -> Range<i64> {
        match self {
            Self::Offset(minutes) => period.micros_range(*minutes),
            Self::Named(zone) => {
                let whole = period.micros_range(0);
                let after = Date::from_days(period.last().days_since_epoch() + 1);
                let start = midnight(zone, period.first()).unwrap_or(whole.start);
                start..after.and_then(|after| midnight(zone, after)).unwrap_or(whole.end)
            }
        }
    }
}

/// The first moment of a day. If clocks change at midnight, it is the earlier of two midnights or
/// the first moment after the gap.
fn midnight(zone: &TimeZone, date: Date) -> Option<i64> {
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(date.month()).ok()?, i8::try_from(date.day()).ok()?);
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    Some(zone.to_zoned(date.at(0, 0, 0, 0)).ok()?.timestamp().as_microsecond())
}

/// `UTC`, an offset from UTC, or the name of a zone.
pub(crate) fn zone(text: &str) -> Result<Zone, String> {
    if let Ok(minutes) = offset(text) {
        return Ok(Zone::Offset(minutes));
    }
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("expected `UTC`, an offset such as `+02:00`, or a name such as `Europe/Berlin`".into());
    }
    // The database is bundled, so that a run does not depend on the machine.
    let bundled = jiff::tz::TimeZoneDatabase::bundled();
    bundled.get(text).map(Zone::Named).map_err(|_| {
        "there is no such time zone; expected an offset such as `+02:00`, or a name of the IANA database such as `Europe/Berlin`"
            .into()
    })
}

/// An offset from UTC, in minutes.
pub(crate) fn offset(text: &str) -> Result<i16, String> {
    if matches!(text, "UTC" | "utc" | "Z" | "z") {
        return Ok(0);
    }
    let number = |digits: &[u8]| match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
        }
        _ => None,
    };
    if let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text.as_bytes()
        && let (Some(hours @ 0..=14), Some(minutes @ 0..=59)) = (number(&[*h1, *h2]), number(&[*m1, *m2]))
    {
        let total = hours * 60 + minutes;
        return Ok(if *sign == b'-' { -total } else { total });
    }
    Err("expected `UTC` or an offset such as `+02:00`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn moments(name: &str, period: &str) -> Range<i64> {
        zone(name).unwrap().moments(Period::parse(period).unwrap())
    }

    fn hours(name: &str, period: &str) -> i64 {
        let moments = moments(name, period);
        (moments.end - moments.start) / HOUR
    }

    #[test]
    fn time_zones_are_offsets() {
        for (text, minutes) in [("UTC", 0), ("Z", 0), ("+02:00", 120), ("-05:30", -330), ("+14:00", 840)] {
            assert_eq!(offset(text), Ok(minutes), "{text}");
        }
        for text in ["", "+2", "+15:00", "+02:60", "02:00", "+02-00", "+0२:00"] {
            assert!(offset(text).unwrap_err().starts_with("expected"), "{text}");
        }
    }

    #[test]
    fn zones_are_offsets_or_names() {
        assert_eq!(zone("utc"), Ok(Zone::Offset(0)));
        assert_eq!(zone("-05:30"), Ok(Zone::Offset(-330)));
        assert!(matches!(zone("America/New_York"), Ok(Zone::Named(_))));
        for text in
            ["", "+2", "02:00", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0"]
        {
            assert!(zone(text).is_err(), "{text}");
        }
    }

    /// The dates of clock changes are from the laws of each place.
    #[test]
    fn days_are_as_long_as_clocks_say() {
        for (name, day, length) in [
            ("Europe/London", "2026-03-29", 23),
            ("Europe/London", "2026-10-25", 25),
            ("Europe/London", "2026-10-26", 24),
            ("America/New_York", "2026-03-08", 23),
            ("America/New_York", "2026-11-01", 25),
            ("Europe/London", "2026-W43", 7 * 24 + 1),
            ("Europe/London", "2026-10", 31 * 24 + 1),
            ("Europe/London", "2026-Q1", 90 * 24 - 1),
            ("Asia/Kolkata", "2028-02", 29 * 24),
            ("+05:30", "2027-02", 28 * 24),
            ("UTC", "2028", 366 * 24),
            // Samoa crossed the date line and had no 30 December.
            ("Pacific/Apia", "2011-12-30", 0),
        ] {
            assert_eq!(hours(name, day), length, "{name} {day}");
        }
        // Lord Howe Island moves its clocks by half an hour.
        let day = moments("Australia/Lord_Howe", "2026-10-04");
        assert_eq!(day.end - day.start, 23 * HOUR + HOUR / 2);
    }

    #[test]
    fn periods_begin_at_local_midnight() {
        // 2026-10-01T00:00+01:00 and 2026-11-01T00:00Z.
        assert_eq!(moments("Europe/London", "2026-10"), 1_790_809_200_000_000..1_793_491_200_000_000);
        let berlin = moments("Europe/Berlin", "2026-10-05");
        assert_eq!(berlin, moments("+02:00", "2026-10-05"));
        // Each day ends when the next begins, also when clocks change.
        for name in ["Europe/London", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia"] {
            let days = (0..4000).filter_map(|day| Date::from_days(14_000 + day));
            let days: Vec<_> = days.map(|day| moments(name, &day.to_string())).collect();
            assert!(
                days.windows(2).all(|days| days[0].end == days[1].start && days[0].start <= days[0].end),
                "{name}"
            );
        }
        assert!(moments("Europe/London", "9999").end > moments("Europe/London", "9999").start);
    }
}
