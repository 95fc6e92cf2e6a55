//! Bank holidays of the parts of the United Kingdom, and the working days between them, for the
//! years 2000 to 2100.
//!
//! Rule: Banking and Financial Dealings Act 1971, schedule 1, with the days that royal
//! proclamation has added every year since, and the St Andrew's Day Bank Holiday (Scotland) Act
//! 2007. Exceptions of single years (jubilees, a wedding, a
//! funeral, a coronation, days moved) cannot be computed; they are in a table, which has none for
//! years to come.
//!
//! A holiday on a Saturday or Sunday has a substitute: the next weekday that is not a holiday.

use crate::tables::bank_holidays::{Change, IN_SCOTLAND, KNOWN};
use crate::time::{Date, Period};
use std::ops::RangeInclusive;

/// The years for which the rule and the table hold.
pub const YEARS: RangeInclusive<u16> = 2000..=2100;

/// A part of the United Kingdom with bank holidays of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Region {
    /// England and Wales.
    #[default]
    EnglandAndWales,
    /// Scotland: a second day of the new year and St Andrew's Day, no Easter Monday, and summer's
    /// day at the beginning of August.
    Scotland,
    /// Northern Ireland: as England and Wales, with St Patrick's Day and the twelfth of July.
    NorthernIreland,
}

impl Region {
    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::EnglandAndWales => "England and Wales",
            Self::Scotland => "Scotland",
            Self::NorthernIreland => "Northern Ireland",
        }
    }
}

/// A day without work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// What it is.
    pub name: &'static str,
    /// Whether it represents a holiday on a weekend.
    pub substitute: bool,
}

/// The bank holidays of a region and a year in order; none for a year outside [`YEARS`].
pub fn bank_holidays(region: Region, year: u16) -> Vec<Holiday> {
    if !YEARS.contains(&year) {
        return Vec::new();
    }
    let day = |month, day| Date::new(year, month, day).ok();
    let easter = easter_sunday(year);
    let mut days = vec![
        (day(1, 1), "New Year's Day"),
        (after(easter, -2), "Good Friday"),
        (day(5, 1).and_then(monday_from), "Early May bank holiday"),
        (day(5, 25).and_then(monday_from), "Spring bank holiday"),
        (day(12, 25), "Christmas Day"),
        (day(12, 26), "Boxing Day"),
    ];
    if region == Region::Scotland {
        days.push((day(1, 2), "2 January"));
        days.push((day(8, 1).and_then(monday_from), "Summer bank holiday"));
        if year >= 2007 {
            days.push((day(11, 30), "St Andrew's Day"));
        }
    } else {
        days.push((after(easter, 1), "Easter Monday"));
        days.push((day(8, 25).and_then(monday_from), "Summer bank holiday"));
    }
    if region == Region::NorthernIreland {
        days.push((day(3, 17), "St Patrick's Day"));
        days.push((day(7, 12), "Battle of the Boyne"));
    }
    let own = if region == Region::Scotland { IN_SCOTLAND } else { &[] };
    for change in KNOWN.iter().chain(own) {
        match change {
            Change::Moved { from, to, name } if to.0 == year => {
                if let Some(held) = days.iter_mut().find(|(date, _)| *date == day(from.0, from.1)) {
                    *held = (day(to.1, to.2), name);
                }
            }
            Change::Added { on, name } if on.0 == year => days.push((day(on.1, on.2), name)),
            _ => {}
        }
    }
    let mut days: Vec<Holiday> = days
        .into_iter()
        .filter_map(|(date, name)| Some(Holiday { date: date?, name, substitute: false }))
        .collect();
    days.sort_by_key(|holiday| holiday.date);
    let taken: Vec<Date> =
        days.iter().map(|holiday| holiday.date).filter(|date| date.weekday() < 6).collect();
    let mut given: Vec<Date> = Vec::new();
    for holiday in days.iter_mut().filter(|holiday| holiday.date.weekday() > 5) {
        let mut date = Some(holiday.date);
        while let Some(tried) =
            date.filter(|date| date.weekday() > 5 || taken.contains(date) || given.contains(date))
        {
            date = after(Some(tried), 1);
        }
        if let Some(date) = date {
            given.push(date);
            *holiday = Holiday { date, name: holiday.name, substitute: true };
        }
    }
    days.sort_by_key(|holiday| holiday.date);
    days
}

/// The first working day on or after a day: neither Saturday nor Sunday nor a bank holiday. Nothing
/// for a day outside [`YEARS`].
pub fn working_day_from(region: Region, date: Date) -> Option<Date> {
    let holidays = bank_holidays(region, date.year());
    let mut date = Some(date).filter(|date| YEARS.contains(&date.year()));
    while let Some(tried) =
        date.filter(|date| date.weekday() > 5 || holidays.iter().any(|holiday| holiday.date == *date))
    {
        date = after(Some(tried), 1);
    }
    date
}

/// The `day` of the month after that of `date`, if that month has it.
pub fn day_of_next_month(date: Date, day: u8) -> Option<Date> {
    let (year, month) =
        if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
    Date::new(year, month, day).ok()
}

/// When the reports of a period are due: on the 10th of the month after the one in which it ends,
/// or the next working day. Nothing when that day is outside [`YEARS`].
///
/// Source: docs.massivemusic.com, Client Usage Report: delivered on the 10th of each month or the
/// next working day in the UK. It does not say in which part of it.
pub fn report_due(region: Region, period: Period) -> Option<Date> {
    day_of_next_month(period.last(), 10).and_then(|date| working_day_from(region, date))
}

/// The day `days` later.
fn after(date: Option<Date>, days: i32) -> Option<Date> {
    date.and_then(|date| Date::from_days(date.days_since_epoch() + days))
}

/// The first Monday on or after a day.
fn monday_from(date: Date) -> Option<Date> {
    after(Some(date), (8 - i32::from(date.weekday())) % 7)
}

/// Easter Sunday of the Gregorian calendar: the Sunday after the first full moon of the church
/// tables on or after 21 March.
fn easter_sunday(year: u16) -> Option<Date> {
    let year_number = i32::from(year);
    let century = year_number / 100;
    let golden = year_number % 19;
    // How many days after 21 March the full moon is, with the corrections for leap centuries and
    // for the drift of the moon.
    let moon = (19 * golden + 15 + century - century / 4 - (8 * century + 13) / 25) % 30;
    // Two dates that the church tables avoid.
    let moon = if moon == 29 || moon == 28 && golden > 10 { moon - 1 } else { moon };
    let full = after(Date::new(year, 3, 21).ok(), moon)?;
    // Never the day of the full moon itself.
    after(Some(full), 7 - i32::from(full.weekday()) % 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGIONS: [Region; 3] = [Region::EnglandAndWales, Region::Scotland, Region::NorthernIreland];

    fn days(region: Region, year: u16) -> Vec<String> {
        bank_holidays(region, year).iter().map(|holiday| holiday.date.to_string()[5..].to_owned()).collect()
    }

    /// Dates of Easter Sunday as almanacs have them, the earliest and the latest possible among
    /// them.
    #[test]
    fn easter_is_that_of_almanacs() {
        for (year, date) in [
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2011, "2011-04-24"),
            (2019, "2019-04-21"),
            (2026, "2026-04-05"),
            (2038, "2038-04-25"),
            (2049, "2049-04-18"),
            (2076, "2076-04-19"),
            (2100, "2100-03-28"),
        ] {
            assert_eq!(easter_sunday(year).unwrap().to_string(), date);
        }
    }

    /// Years as they were published on gov.uk.
    #[test]
    fn holidays_are_those_that_were_published() {
        for (year, expected) in [
            (2002, "01-01 03-29 04-01 05-06 06-03 06-04 08-26 12-25 12-26"),
            (2011, "01-03 04-22 04-25 04-29 05-02 05-30 08-29 12-26 12-27"),
            (2012, "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26"),
            (2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
            (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
            (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
            (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
            (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ] {
            assert_eq!(days(Region::EnglandAndWales, year).join(" "), expected, "{year}");
        }
        assert!(
            REGIONS.iter().all(|region| days(*region, 1999).is_empty() && days(*region, 2101).is_empty())
        );
    }

    /// Years of Scotland and Northern Ireland as they were published on gov.uk.
    #[test]
    fn other_parts_have_holidays_of_their_own() {
        use Region::{NorthernIreland, Scotland};
        for (region, year, expected) in [
            (Scotland, 2006, "01-02 01-03 04-14 05-01 05-29 08-07 12-25 12-26"),
            (Scotland, 2011, "01-03 01-04 04-22 04-29 05-02 05-30 08-01 11-30 12-26 12-27"),
            (Scotland, 2022, "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"),
            (Scotland, 2023, "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26"),
            (Scotland, 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
            (NorthernIreland, 2021, "01-01 03-17 04-02 04-05 05-03 05-31 07-12 08-30 12-27 12-28"),
            (NorthernIreland, 2026, "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"),
        ] {
            assert_eq!(days(region, year).join(" "), expected, "{region:?} {year}");
        }
    }

    /// The months to 2040 whose report is due on another day than in England and Wales.
    #[test]
    fn due_dates_differ_where_the_tenth_is_a_holiday_of_one_part() {
        let due = |region, year: u16, month: u8| {
            report_due(region, Period::parse(&format!("{year:04}-{month:02}")).unwrap()).unwrap().to_string()
        };
        let mut found = Vec::new();
        for (year, month) in (2018..=2040).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            for region in [Region::Scotland, Region::NorthernIreland] {
                let own = due(region, year, month);
                if own != due(Region::EnglandAndWales, year, month) {
                    found.push((region, own));
                }
            }
        }
        let expected = [
            (Region::Scotland, "2020-04-13"),
            (Region::NorthernIreland, "2021-07-13"),
            (Region::Scotland, "2023-04-10"),
            (Region::NorthernIreland, "2027-07-13"),
            (Region::NorthernIreland, "2032-07-13"),
            (Region::Scotland, "2034-04-10"),
            (Region::NorthernIreland, "2038-07-13"),
            (Region::Scotland, "2039-04-11"),
        ];
        assert_eq!(found, expected.map(|(region, date)| (region, date.to_owned())));
    }

    #[test]
    fn no_holiday_is_on_a_weekend_and_no_day_is_two() {
        for (region, year) in REGIONS.iter().flat_map(|region| YEARS.map(|year| (*region, year))) {
            let holidays = bank_holidays(region, year);
            assert!(holidays.len() >= 8, "{year}");
            assert!(holidays.iter().all(|holiday| holiday.date.weekday() < 6), "{year}");
            assert!(holidays.array_windows().all(|[a, b]| a.date < b.date), "{year}");
        }
    }
}
