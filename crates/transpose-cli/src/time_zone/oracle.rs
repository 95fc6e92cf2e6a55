//! Days in every time zone, compared with `chrono-tz`.
//!
//! It has its own copy of the IANA database, an older one. Where rules have changed since,
//! the days that differ are listed.

use super::{Zone, zone};
use chrono::offset::LocalResult;
use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use transpose_codes::{Date, Period};

const DAY: i64 = 86_400_000_000;

/// From 1970-01-03 to 2037-12-29, in days since 1970-01-01.
const DAYS: RangeInclusive<i32> = 2..=24_834;

/// A time zone as both sides have it; moments are microseconds since 1970 UTC.
struct Pair {
    ours: Zone,
    theirs: Tz,
}

impl Pair {
    /// How many microseconds the oracle's local time is ahead of UTC.
    fn ahead(&self, moment: i64) -> i64 {
        let moment = DateTime::from_timestamp_micros(moment).unwrap().naive_utc();
        i64::from(self.theirs.offset_from_utc_datetime(&moment).fix().local_minus_utc()) * 1_000_000
    }

    /// The first moment of a day by the oracle: the earlier midnight of two, or the end of the gap
    /// that holds it.
    fn start(&self, day: i32) -> i64 {
        let midnight = NaiveDate::from_epoch_days(day).unwrap().and_hms_opt(0, 0, 0).unwrap();
        match self.theirs.from_local_datetime(&midnight) {
            LocalResult::Single(moment) => moment.timestamp_micros(),
            LocalResult::Ambiguous(one, other) => one.timestamp_micros().min(other.timestamp_micros()),
            LocalResult::None => {
                let midnight = midnight.and_utc().timestamp_micros();
                let (mut before, mut after) = (midnight - 2 * DAY, midnight + 2 * DAY);
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    let late = middle + self.ahead(middle) >= midnight;
                    *if late { &mut after } else { &mut before } = middle;
                }
                after
            }
        }
    }

    /// The day of a moment by the oracle. A day that has begun does not end when clocks go back
    /// over its midnight.
    fn day_of(&self, moment: i64) -> i32 {
        let day = (moment + self.ahead(moment)).div_euclid(DAY) as i32;
        if self.start(day + 1) <= moment { day + 1 } else { day }
    }

    /// The moments at which clocks change, as one side or the other has it. The oracle is asked
    /// for each day, and the moment then taken is at most a day late.
    fn changes(&self) -> BTreeSet<i64> {
        let mut changes = BTreeSet::new();
        let (first, last) = (i64::from(*DAYS.start()) * DAY, i64::from(*DAYS.end()) * DAY);
        for day in DAYS {
            let moment = i64::from(day) * DAY;
            if self.ahead(moment - DAY) != self.ahead(moment) {
                changes.insert(moment);
            }
        }
        if let Zone::Named(zone) = &self.ours {
            let ours = zone.following(jiff::Timestamp::from_microsecond(first).unwrap());
            let ours = ours.map(|change| change.timestamp().as_microsecond());
            changes.extend(ours.take_while(|moment| *moment < last));
        }
        changes
    }

    /// Whether a day begins and ends at the same moments.
    fn has_same_day(&self, day: i32) -> bool {
        let ours = self.ours.moments(Period::from(Date::from_days(day).unwrap()));
        ours == (self.start(day)..self.start(day + 1))
    }

    /// The days around changes that are not the same.
    fn differences(&self) -> BTreeSet<i32> {
        let mut differ = BTreeSet::new();
        for change in self.changes() {
            let day = change.div_euclid(DAY) as i32;
            differ.extend((day - 2..=day + 2).filter(|day| !self.has_same_day(*day)));
            for moment in [change - 1, change, change + DAY / 48] {
                let day = self.day_of(moment);
                if self.ours.date(moment).map(Date::days_since_epoch) != Some(day) {
                    differ.insert(day);
                }
            }
        }
        differ
    }
}

/// Every zone that the oracle knows.
fn pairs() -> impl Iterator<Item = Pair> {
    TZ_VARIANTS.iter().map(|theirs| Pair { ours: zone(theirs.name()).unwrap(), theirs: *theirs })
}

/// Zones whose rules are newer here than there, with the first and the last day that differ.
const NEWER: [(&str, &str, &str); 18] = [
    ("Africa/Casablanca", "2026-09-20", "2037-11-18"),
    ("Africa/El_Aaiun", "2026-09-20", "2037-11-18"),
    ("America/Bogota", "1992-05-02", "1992-05-03"),
    ("America/Edmonton", "2026-11-01", "2037-11-04"),
    ("America/Ensenada", "1970-04-26", "1975-10-26"),
    ("America/Inuvik", "2026-11-01", "2037-11-04"),
    ("America/Rainy_River", "2026-11-01", "2037-11-04"),
    ("America/Santa_Isabel", "1970-04-26", "1975-10-26"),
    ("America/Tijuana", "1970-04-26", "1975-10-26"),
    ("America/Vancouver", "2026-11-01", "2037-11-04"),
    ("America/Winnipeg", "2026-11-01", "2037-11-04"),
    ("America/Yellowknife", "2026-11-01", "2037-11-04"),
    ("Asia/Tehran", "1979-05-26", "1979-05-27"),
    ("Canada/Central", "2026-11-01", "2037-11-04"),
    ("Canada/Mountain", "2026-11-01", "2037-11-04"),
    ("Canada/Pacific", "2026-11-01", "2037-11-04"),
    ("Iran", "1979-05-26", "1979-05-27"),
    ("Mexico/BajaNorte", "1970-04-26", "1975-10-26"),
];

#[test]
fn days_of_every_zone_begin_at_the_same_moments() {
    let text =
        |day: Option<&i32>| day.map(|day| Date::from_days(*day).unwrap().to_string()).unwrap_or_default();
    let differences: Vec<_> = pairs()
        .filter_map(|pair| {
            let days = pair.differences();
            (!days.is_empty()).then(|| (pair.theirs.name(), text(days.first()), text(days.last())))
        })
        .collect();
    let listed = NEWER.map(|(zone, first, last)| (zone, first.to_owned(), last.to_owned()));
    assert_eq!(differences, listed);
}

#[test]
fn names_of_zones_are_the_same() {
    let theirs: BTreeSet<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let ours = jiff::tz::TimeZoneDatabase::bundled();
    let ours: BTreeSet<String> = ours.available().map(|name| name.to_string()).collect();
    let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    // The zone of machines whose place nobody has set, which the oracle leaves out.
    assert!(ours.symmetric_difference(&theirs).eq(&["Factory"]));
}
