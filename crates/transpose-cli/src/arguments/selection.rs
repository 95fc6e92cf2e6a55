//! Which plays are reported: period, time zone, duplicates, slices.

use super::slices::SplitBy;
use super::values::{period, word};
use crate::delivery_log::DeliveryLog;
use crate::time_zone::{Zone, zone};
use transpose_codes::time::Period;
use transpose_core::terms::{DuplicatePolicy, OutsidePolicy, PeriodBasis};
use transpose_engine::{PeriodSelection, Slice};

/// Which plays take part.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// The reporting period, such as `2026-10`, `2026-Q4`, `2026-W41`, `2026-10-05` or
    /// `2026-10-01--2026-10-15`; plays outside it are filtered
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    pub(crate) period: Option<Period>,
    /// The time zone of the days of the period: an offset from UTC such as `+02:00`, or a name such
    /// as `Europe/Berlin`, whose days have 23 or 25 hours where clocks change
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone, allow_hyphen_values = true)]
    time_zone: Zone,
    /// Which time decides whether a play belongs to the period: when it was played, or when it was
    /// logged, where the report has it
    #[arg(long, value_name = "MOMENT", default_value = "played", value_parser = word(&PeriodBasis::WORDS))]
    period_by: PeriodBasis,
    /// How to handle plays outside the period: filter and count them, or fail
    #[arg(long, value_name = "ACTION", default_value = "filter", value_parser = word(&OutsidePolicy::WORDS))]
    outside: OutsidePolicy,
    /// How to handle duplicate plays or sales: do not check, report them, or report and drop them
    #[arg(long, value_name = "ACTION", default_value = "off", value_parser = word(&DuplicatePolicy::WORDS))]
    pub(crate) duplicates: DuplicatePolicy,
    /// Write one output per month, week or day; `--output` is a folder. Single plays are routed in
    /// one pass, and file names end in the slice, such as `_2026-W41`; for aggregate reports
    /// `--period` is cut into slices, and the inputs are read once per slice
    #[arg(long, value_name = "SLICE")]
    pub(crate) split_by: Option<SplitBy>,
    #[command(flatten)]
    pub(crate) delivery_log: DeliveryLog,
}

impl Selection {
    /// Whether a play outside the period makes the run fail.
    pub(crate) fn refuses_outside(&self) -> bool {
        self.outside == OutsidePolicy::Refuse
    }

    /// Which plays belong to a period.
    pub(crate) fn period(&self, period: Option<Period>) -> PeriodSelection {
        let moments = period.map(|period| self.time_zone.moments(period));
        let offsets = self.time_zone.offsets();
        PeriodSelection { moments, basis: self.period_by, outside: self.outside, offsets }
    }

    /// Whether the inputs are read more than once.
    pub(crate) fn reads_twice(&self) -> bool {
        self.duplicates != DuplicatePolicy::Off || self.delivery_log.received.is_some()
    }

    /// The slice of time that contains a moment.
    pub(crate) fn slice(&self, moment: i64) -> Slice {
        let split_by = self.split_by.unwrap_or(SplitBy::Day);
        let period = self.time_zone.date(moment).and_then(|date| split_by.of(date));
        let slice =
            period.map(|period| Slice { label: period.to_string(), moments: self.time_zone.moments(period) });
        let whole = || Slice { label: "undated".into(), moments: i64::MIN..i64::MAX };
        slice.filter(|slice| slice.moments.contains(&moment)).unwrap_or_else(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(zone: &str, split_by: SplitBy) -> Selection {
        Selection {
            period: None,
            time_zone: crate::time_zone::zone(zone).unwrap(),
            period_by: PeriodBasis::Played,
            outside: OutsidePolicy::Filter,
            duplicates: DuplicatePolicy::Off,
            split_by: Some(split_by),
            delivery_log: DeliveryLog::default(),
        }
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
}
