//! Which plays take part: the flags of period, time zone and duplicates.

use crate::open::{self, word};
use crate::received::Remembering;
use jiff::tz::TimeZone;
use std::ops::Range;
use transpose_codes::time::{Date, Period};
use transpose_core::terms::{DuplicatePolicy, OutsidePolicy, PeriodBasis};
use transpose_engine::{Screening, Slice};

/// Which plays take part.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// The reporting period, such as `2026-10`, `2026-Q4`, `2026-W41`, `2026-10-05` or
    /// `2026-10-01--2026-10-15`; plays outside it are left out
    #[arg(long, value_name = "PERIOD", value_parser = open::period)]
    pub(crate) period: Option<Period>,
    /// The time zone in which the days of the period begin and end: an offset from UTC such as
    /// `+02:00`, or a name such as `Europe/Berlin`, whose days have 23 or 25 hours where clocks
    /// change
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone, allow_hyphen_values = true)]
    time_zone: Zone,
    /// Which moment decides whether a play belongs to the period: when it took place, or when it
    /// was logged, where the report says that
    #[arg(long, value_name = "MOMENT", default_value = "played", value_parser = word(&PeriodBasis::WORDS))]
    period_by: PeriodBasis,
    /// What happens to plays outside the period: they are left out and counted, or nothing is
    /// written
    #[arg(long, value_name = "ACTION", default_value = "filter", value_parser = word(&OutsidePolicy::WORDS))]
    outside: OutsidePolicy,
    /// What happens to rows whose play or sale stood before: nobody looks, they are told, or told
    /// and left out
    #[arg(long, value_name = "ACTION", default_value = "off", value_parser = word(&DuplicatePolicy::WORDS))]
    duplicates: DuplicatePolicy,
    /// Write one output for each month, week or day, with a folder for `--output`. Single plays are
    /// dealt out in one pass, and the names of the files end in the slice, such as `_2026-W41`; for
    /// reports of sums `--period` is cut into slices, and the inputs are read once for each
    #[arg(long, value_name = "SLICE")]
    pub(crate) split_by: Option<SplitBy>,
    #[command(flatten)]
    pub(crate) remembering: Remembering,
}

/// How plays are dealt out to outputs.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SplitBy {
    /// By calendar month
    Month,
    /// By week, from Monday to Sunday (ISO 8601)
    Week,
    /// By day
    Day,
}

/// How many slices of a period there may be: the days of a year and some.
const MOST: usize = 400;

impl SplitBy {
    /// The slice of a day.
    fn of(self, date: Date) -> Option<Period> {
        match self {
            Self::Month => Period::parse(&format!("{:04}-{:02}", date.year(), date.month())).ok(),
            Self::Week => Period::week_of(date),
            Self::Day => Period::parse(&date.to_string()).ok(),
        }
    }

    /// The slices of a period; at its ends they may be shorter. `None` where there are too many.
    pub(crate) fn slices(self, period: Period) -> Option<Vec<Period>> {
        let mut slices = Vec::new();
        let mut next = Some(period.first());
        while let Some(first) = next.filter(|first| *first <= period.last()) {
            let slice = self.of(first).or_else(|| Period::range(first, first).ok())?;
            let last = slice.last().min(period.last());
            let whole = slice.first() == first && slice.last() == last;
            slices.push(if whole { slice } else { Period::range(first, last).ok()? });
            if slices.len() > MOST {
                return None;
            }
            next = Date::from_days(last.days_since_epoch() + 1);
        }
        Some(slices)
    }
}

impl Selection {
    /// Whether plays outside the period refuse the input.
    pub(crate) fn refuses_outside(&self) -> bool {
        self.outside == OutsidePolicy::Refuse
    }

    /// What the engine is told.
    pub(crate) fn screening(&self) -> Screening {
        Screening { duplicates: self.duplicates, period_by: self.period_by, outside: self.outside }
    }

    /// Whether inputs are read more than once.
    pub(crate) fn reads_twice(&self) -> bool {
        self.duplicates != DuplicatePolicy::Off || self.remembering.received.is_some()
    }

    /// The slice of time that a moment belongs to.
    pub(crate) fn slice(&self, moment: i64) -> Slice {
        let split_by = self.split_by.unwrap_or(SplitBy::Day);
        let period = self.time_zone.date(moment).and_then(|date| split_by.of(date));
        let slice =
            period.map(|period| Slice { label: period.to_string(), moments: self.time_zone.moments(period) });
        let whole = || Slice { label: "undated".into(), moments: i64::MIN..i64::MAX };
        slice.filter(|slice| slice.moments.contains(&moment)).unwrap_or_else(whole)
    }

    /// The moments of a period, in microseconds since 1970 UTC.
    pub(crate) fn moments(&self, period: Period) -> Range<i64> {
        self.time_zone.moments(period)
    }
}

/// Where days begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// So many minutes ahead of UTC, always.
    Offset(i16),
    /// As the laws of a place have it.
    Named(TimeZone),
}

impl Zone {
    /// The day of a moment, given in microseconds since 1970 UTC. A day that has begun does not end
    /// when clocks go back over its midnight, as those of Newfoundland did at one minute past it.
    fn date(&self, moment: i64) -> Option<Date> {
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

    /// The moments of a period, in microseconds since 1970 UTC: from the first day's beginning up
    /// to, and without, that of the day after the last.
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

/// The first moment of a day; where clocks change at midnight it is the earlier of two, or the
/// first after the gap.
fn midnight(zone: &TimeZone, date: Date) -> Option<i64> {
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(date.month()).ok()?, i8::try_from(date.day()).ok()?);
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    Some(zone.to_zoned(date.at(0, 0, 0, 0)).ok()?.timestamp().as_microsecond())
}

/// `UTC`, an offset from UTC, or the name of a zone.
pub(crate) fn zone(text: &str) -> Result<Zone, String> {
    if let Ok(minutes) = open::time_zone(text) {
        return Ok(Zone::Offset(minutes));
    }
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("expected `UTC`, an offset such as `+02:00`, or a name such as `Europe/Berlin`".into());
    }
    // The names that the program carries, so that a run does not depend on the machine.
    let bundled = jiff::tz::TimeZoneDatabase::bundled();
    bundled.get(text).map(Zone::Named).map_err(|_| {
        "there is no such time zone; expected an offset such as `+02:00`, or a name of the IANA database such as `Europe/Berlin`"
            .into()
    })
}

#[cfg(test)]
mod zone_oracle;

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

    /// The dates on which clocks changed are from the laws of the places.
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
            // Samoa went over the date line: there was no 30 December.
            ("Pacific/Apia", "2011-12-30", 0),
        ] {
            assert_eq!(hours(name, day), length, "{name} {day}");
        }
        // Lord Howe Island moves its clocks by half an hour.
        let day = moments("Australia/Lord_Howe", "2026-10-04");
        assert_eq!(day.end - day.start, 23 * HOUR + HOUR / 2);
    }

    fn selection(zone: &str, split_by: SplitBy) -> Selection {
        Selection {
            period: None,
            time_zone: super::zone(zone).unwrap(),
            period_by: PeriodBasis::Played,
            outside: OutsidePolicy::Filter,
            duplicates: DuplicatePolicy::Off,
            split_by: Some(split_by),
            remembering: Remembering::default(),
        }
    }

    #[test]
    fn periods_are_cut_into_slices() {
        let cut = |period: &str, split: SplitBy| -> Vec<String> {
            let slices = split.slices(Period::parse(period).unwrap()).unwrap();
            slices.iter().map(ToString::to_string).collect()
        };
        assert_eq!(cut("2026-Q4", SplitBy::Month), ["2026-10", "2026-11", "2026-12"]);
        let weeks = ["2026-10-01--2026-10-04", "2026-W41", "2026-W42", "2026-W43", "2026-10-26--2026-10-31"];
        assert_eq!(cut("2026-10", SplitBy::Week), weeks);
        assert_eq!(cut("2026-10-05", SplitBy::Month), ["2026-10-05--2026-10-05"]);
        assert_eq!(cut("2028-02", SplitBy::Day).len(), 29);
        assert_eq!(cut("9999-12-30--9999-12-31", SplitBy::Day), ["9999-12-30", "9999-12-31"]);
        assert_eq!(SplitBy::Day.slices(Period::parse("2026-01-01--2027-12-31").unwrap()), None);
    }

    #[test]
    fn moments_belong_to_slices() {
        let moment = |text: &str| transpose_codes::time::Timestamp::parse(text.as_bytes()).unwrap().micros;
        for (time, zone, split, label) in [
            ("2026-10-05T00:00:00Z", "UTC", SplitBy::Day, "2026-10-05"),
            ("2026-10-05T00:00:00Z", "UTC", SplitBy::Week, "2026-W41"),
            ("2026-10-04T23:59:59.999999Z", "UTC", SplitBy::Week, "2026-W40"),
            ("2026-10-04T23:59:59.999999Z", "+02:00", SplitBy::Week, "2026-W41"),
            ("2026-10-31T23:30:00Z", "Europe/London", SplitBy::Month, "2026-10"),
            ("2026-09-30T23:30:00Z", "Europe/London", SplitBy::Month, "2026-10"),
            ("2021-01-03T12:00:00Z", "UTC", SplitBy::Week, "2020-W53"),
            ("2027-01-01T12:00:00Z", "UTC", SplitBy::Week, "2026-W53"),
            ("2024-12-30T12:00:00Z", "UTC", SplitBy::Week, "2025-W01"),
            ("2028-02-29T12:00:00Z", "America/New_York", SplitBy::Day, "2028-02-29"),
            // Clocks went back from 00:01 to 23:01 of the day before, so that midnight came twice.
            ("2010-11-07T02:30:59.999999Z", "America/St_Johns", SplitBy::Day, "2010-11-07"),
            ("2010-11-07T03:00:00Z", "America/St_Johns", SplitBy::Day, "2010-11-07"),
            ("2010-11-07T02:29:59.999999Z", "America/St_Johns", SplitBy::Day, "2010-11-06"),
            ("0001-01-01T00:00:00Z", "-01:00", SplitBy::Day, "undated"),
        ] {
            let slice = selection(zone, split).slice(moment(time));
            assert_eq!(slice.label, label, "{time} {zone}");
            assert!(slice.moments.contains(&moment(time)));
            if label != "undated" {
                let next = selection(zone, split).slice(slice.moments.end);
                assert!(next.moments.start == slice.moments.end && next.label != label);
            }
        }
        for moment in [i64::MIN, i64::MAX - 1] {
            assert_eq!(selection("Europe/London", SplitBy::Week).slice(moment).label, "undated");
        }
    }

    #[test]
    fn periods_begin_at_local_midnight() {
        // 2026-10-01T00:00+01:00 and 2026-11-01T00:00Z.
        assert_eq!(moments("Europe/London", "2026-10"), 1_790_809_200_000_000..1_793_491_200_000_000);
        let berlin = moments("Europe/Berlin", "2026-10-05");
        assert_eq!(berlin, moments("+02:00", "2026-10-05"));
        // Neighbours touch, whatever the clocks do between them.
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
