//! Days, weekdays, weeks, periods and date-times with `chrono`.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Weekday};
use proptest::prelude::*;
use transpose_codes::time::{TimePart, parse_date};
use transpose_codes::{Date, PartialDate, Period, TimeError, Timestamp};

/// Two centuries and the year after: three turns of centuries, one of them a leap year.
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2100;

fn theirs(date: Date) -> NaiveDate {
    NaiveDate::from_ymd_opt(date.year().into(), date.month().into(), date.day().into()).unwrap()
}

/// The days since 1970-01-01.
fn days(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

/// Checks that a day is the same in every respect.
fn assert_same(ours: Date, theirs: NaiveDate) {
    assert_eq!(ours.days_since_epoch(), days(theirs), "{theirs}");
    assert_eq!(u32::from(ours.weekday()), theirs.weekday().number_from_monday(), "{theirs}");
    assert_eq!(Date::from_days(days(theirs)), Some(ours), "{theirs}");
    let text = theirs.to_string();
    assert_eq!((ours.to_string(), parse_date(text.as_bytes())), (text, Ok(ours)));
    let week = theirs.iso_week();
    match Period::week_of(ours) {
        Some(period) => {
            assert_eq!(period.to_string(), format!("{:04}-W{:02}", week.year(), week.week()));
            assert!(period.contains(days(theirs)));
        }
        None => assert!(theirs >= NaiveDate::from_ymd_opt(9999, 12, 27).unwrap(), "{theirs}"),
    }
}

/// The last week of the calendar is cut off, and so it is no week of it.
#[test]
fn the_last_days_of_the_calendar_are_in_no_week() {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
    for back in 0..10 {
        let date = last.checked_sub_days(Days::new(back)).unwrap();
        let ours = Date::from_days(days(date)).unwrap();
        assert_same(ours, date);
        assert_eq!(Period::week_of(ours).is_none(), date.iso_week() == last.iso_week());
    }
}

#[test]
fn every_day_of_two_centuries_is_the_same() {
    let mut count = 0;
    for year in YEARS {
        for month in 0..=13 {
            for day in 0..=32 {
                let theirs = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into());
                let ours = Date::new(year, month, day);
                assert_eq!(ours.is_ok(), theirs.is_some(), "{year}-{month}-{day}");
                if let (Ok(ours), Some(theirs)) = (ours, theirs) {
                    assert_same(ours, theirs);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 201 * 365 + 49);
}

/// Weeks are the same in every year that has dates; one that leaves the calendar is refused.
#[test]
fn every_week_of_every_year_is_the_same() {
    for year in 1..=9999_u16 {
        for week in 0..=54_u8 {
            let monday = NaiveDate::from_isoywd_opt(year.into(), week.into(), Weekday::Mon);
            let period = Period::parse(&format!("{year:04}-W{week:02}"));
            let Some(monday) = monday else {
                assert_eq!(period, Err(TimeError::Impossible(TimePart::Week)), "{year}-W{week}");
                continue;
            };
            let sunday = monday.checked_add_days(Days::new(6)).unwrap();
            if sunday.year() > 9999 {
                assert_eq!(period, Err(TimeError::Impossible(TimePart::Week)), "{year}-W{week}");
                continue;
            }
            let period = period.unwrap();
            assert_eq!((theirs(period.first()), theirs(period.last())), (monday, sunday), "{year}-W{week}");
            assert_eq!(period.to_string(), format!("{year:04}-W{week:02}"));
        }
    }
}

#[test]
fn months_quarters_and_years_end_on_the_same_day() {
    let last_of = |year: i32, month: u32| {
        let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        NaiveDate::from_ymd_opt(year, month, 1).unwrap().pred_opt().unwrap()
    };
    for year in YEARS {
        for month in 1..=12 {
            for text in [format!("{year}-{month:02}"), format!("{year}-Q{}", month / 3), format!("{year}")] {
                let end = match text.len() {
                    7 if text.contains('Q') && month % 3 > 0 => continue,
                    4 => 12,
                    _ => month,
                };
                let period = Period::parse(&text).unwrap();
                assert_eq!(theirs(period.last()), last_of(year.into(), end), "{text}");
                assert_eq!(period.first().day(), 1);
                if let Ok(partial) = PartialDate::parse(&text) {
                    assert_eq!((partial.first(), partial.last()), (period.first(), period.last()));
                }
            }
        }
    }
}

/// The microseconds of a date-time, the minutes of its offset, and whether digits were cut off.
type Moment = (i64, Option<i16>, bool);

fn by_chrono(text: &str, offset: bool) -> Option<Moment> {
    let cut = |nanos: u32| !nanos.is_multiple_of(1000);
    if offset {
        let parsed = DateTime::parse_from_rfc3339(text).ok()?;
        let minutes = parsed.offset().local_minus_utc() / 60;
        Some((
            parsed.timestamp_micros(),
            Some(i16::try_from(minutes).ok()?),
            cut(parsed.timestamp_subsec_nanos()),
        ))
    } else {
        let parsed: NaiveDateTime = text.parse().ok()?;
        let parsed = parsed.and_utc();
        Some((parsed.timestamp_micros(), None, cut(parsed.timestamp_subsec_nanos())))
    }
}

prop_compose! {
    /// A date-time whose numbers may be a little out of range. A second of 60 is left out: it is a
    /// leap second to the oracle, and none to us.
    fn date_time()(
        year in 1..=9999_u16,
        (month, day) in (0..=13_u8, 0..=32_u8),
        (hour, minute, second) in (0..=24_u8, 0..=60_u8, (0..=61_u8).prop_filter("leap second", |s| *s != 60)),
        fraction in "(\\.[0-9]{1,9})?",
        offset in prop::option::of((prop::bool::ANY, 0..=24_u8, 0..=60_u8)),
    ) -> (String, bool) {
        let zone = match offset {
            None => String::new(),
            Some((_, 0, 0)) => "Z".into(),
            Some((west, hours, minutes)) => format!("{}{hours:02}:{minutes:02}", if west { '-' } else { '+' }),
        };
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}");
        (text, offset.is_some())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_day_is_the_same(count in -719_162..=2_932_896_i32) {
        let ours = Date::from_days(count).unwrap();
        prop_assert_eq!(theirs(ours), NaiveDate::from_epoch_days(count).unwrap());
        assert_same(ours, theirs(ours));
    }

    #[test]
    fn any_date_time_is_read_alike((text, offset) in date_time()) {
        let ours = Timestamp::parse(text.as_bytes()).ok();
        let ours = ours.map(|ours| (ours.micros, ours.offset_minutes, ours.truncated));
        prop_assert_eq!(ours, by_chrono(&text, offset), "{}", text);
    }

    #[test]
    fn any_moment_is_written_alike(
        micros in -62_000_000_000_000_000..253_000_000_000_000_000_i64,
        offset in -1439..=1439_i16,
    ) {
        let ours = Timestamp::utc(micros).with_offset(offset);
        prop_assert_eq!(by_chrono(&ours.to_string(), true), Some((micros, Some(offset), false)));
        let local = DateTime::from_timestamp_micros(micros + i64::from(offset) * 60_000_000).unwrap();
        prop_assert_eq!(ours.local_date().map(theirs), Some(local.date_naive()));
        let mut compact = Vec::new();
        ours.write_compact(&mut compact);
        prop_assert_eq!(String::from_utf8(compact).unwrap(), local.format("%Y%m%dT%H%M%S").to_string());
    }

    #[test]
    fn a_period_begins_at_the_midnight_of_its_first_day(
        count in -719_162..=2_932_800_i32,
        length in 0..90_i32,
        offset in -1439..=1439_i16,
    ) {
        let (first, last) = (Date::from_days(count).unwrap(), Date::from_days(count + length).unwrap());
        let midnight = |date: NaiveDate| {
            let zone = chrono::FixedOffset::east_opt(i32::from(offset) * 60).unwrap();
            let local = date.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(zone);
            local.unwrap().timestamp_micros()
        };
        let after = theirs(last).succ_opt().unwrap();
        prop_assert_eq!(
            Period::range(first, last).unwrap().micros_range(offset),
            midnight(theirs(first))..midnight(after)
        );
    }
}
