//! What becomes of a refund, by the moments of the sale and of the refund.
//!
//! Refunds of a period are closed at the *cut-off*: 00:00 UTC on the 4th of the month after the
//! month in which the period ends, unless the agreement names another day or hour. A refund before
//! it cancels: the report of the sale's period shows the return. One at or after it is too late for
//! that report and becomes an *adjustment* in the first report whose own cut-off is still ahead,
//! with the period of the sale.
//!
//! - in the period, before the cut-off of the period: a return
//! - in the period, at or after it: nothing here: filtered, the next report adjusts
//! - before the period, before the cut-off of the sale's own period: nothing here: filtered, that
//!   period's report shows it
//! - before the period, at or after that, but not before the cut-off of the period before this one,
//!   and before the cut-off of this one: an adjustment, with the sale's period
//! - before the period, otherwise: nothing here: filtered as outside the period
//! - after the period, at any time: nothing here: filtered as outside the period
//! - is not in the inputs, as for a sale before the period: an adjustment or rejected, as the
//!   agreement says; an adjustment of a refund before the cut-off of the period before is in the
//!   report of that period
//!
//! The own period of a sale before the period is the calendar month of the sale, in the time zone
//! of the period. Without a period, every sale is in its month, and all reports are one: a refund
//! cancels before the cut-off of that month and adjusts from then on.

use crate::filter::period::PeriodSelection;
use std::ops::Range;
use transpose_codes::time::{Date, LocalOffsets};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::RefundPolicy;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// What becomes of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundDecision {
    /// It cancels a sale of this report.
    Return,
    /// It adjusts an earlier report, with the first and last day of its period where they are
    /// known.
    Adjustment(Option<(Date, Date)>),
    /// It came after the cut-off: the next report adjusts.
    TooLate,
    /// An earlier report shows it.
    Earlier,
    /// It belongs to another report.
    Outside,
    /// Its sale is not in the inputs.
    Unmatched,
    /// Its sale is not in the inputs, and the cut-off of the period before was not over yet: the
    /// report of that period adjusts.
    UnmatchedEarlier,
}

impl RefundDecision {
    /// Whether the report shows it.
    pub(crate) fn is_counted(self) -> bool {
        matches!(self, Self::Return | Self::Adjustment(_))
    }
}

/// Judges refunds for one report.
pub(crate) struct RefundCutoff {
    refunds: RefundPolicy,
    period: Option<PeriodWindow>,
    offsets: LocalOffsets,
}

/// The reporting period with its cut-offs, in microseconds since 1970 UTC.
struct PeriodWindow {
    moments: Range<i64>,
    /// From the cut-off of the period before to that of this one.
    open: Range<i64>,
    /// How much local time is ahead of UTC at its beginning.
    ahead: i64,
}

impl RefundCutoff {
    /// For a period given by its moments and, in the header, by its days.
    pub(crate) fn new(refunds: RefundPolicy, period: &PeriodSelection, header: &Entity) -> Self {
        let day = |field| header.text(field).and_then(|text| Date::parse(text).ok());
        let offsets = period.offsets.clone();
        let period = period.moments.as_ref().map(|moments| {
            let ahead = day(Field::PERIOD_START)
                .map_or(0, |first| i64::from(first.days_since_epoch()) * DAY - moments.start);
            let last = day(Field::PERIOD_END).or_else(|| date(moments.end - 1 + ahead));
            let before = date(moments.start - 1 + ahead);
            let open = cut_off(&refunds, before)..cut_off(&refunds, last);
            PeriodWindow { moments: moments.clone(), open, ahead }
        });
        Self { refunds, period, offsets }
    }

    /// Judges a refund by its own moment and that of its sale, where the sale is known.
    pub(crate) fn decide(&self, refund: i64, sale: Option<i64>) -> RefundDecision {
        let Some(PeriodWindow { moments, open, .. }) = &self.period else {
            return match sale {
                None => RefundDecision::Unmatched,
                Some(sale) if refund < self.closing(sale) => RefundDecision::Return,
                Some(sale) => RefundDecision::Adjustment(month(self.local(sale))),
            };
        };
        match sale {
            Some(sale) if moments.contains(&sale) => {
                if refund < open.end {
                    RefundDecision::Return
                } else {
                    RefundDecision::TooLate
                }
            }
            Some(sale) if sale < moments.start => {
                if refund < self.closing(sale) {
                    RefundDecision::Earlier
                } else if open.contains(&refund) {
                    RefundDecision::Adjustment(month(self.local(sale)))
                } else {
                    RefundDecision::Outside
                }
            }
            None if open.contains(&refund) => RefundDecision::Unmatched,
            None if moments.contains(&refund) && refund < open.start => RefundDecision::UnmatchedEarlier,
            // The sale is of a later report; or the refund cancelled a sale of an earlier one, or
            // waits for a later one.
            Some(_) | None => RefundDecision::Outside,
        }
    }

    /// The cut-off of the month of a sale.
    fn closing(&self, sale: i64) -> i64 {
        cut_off(&self.refunds, date(self.local(sale)))
    }

    /// The local time of a moment. Where only the days of the period are known, it is as much ahead
    /// as at their beginning.
    fn local(&self, moment: i64) -> i64 {
        let ahead = self.period.as_ref().filter(|_| self.offsets.is_empty()).map_or(0, |period| period.ahead);
        self.offsets.local(moment).saturating_add(ahead)
    }

    /// The period of sales that are not in the inputs, where the agreement knows it.
    pub(crate) fn original(&self) -> Option<(Date, Date)> {
        self.refunds.original.map(|period| (period.first(), period.last()))
    }
}

/// The day of a moment in local time.
fn date(micros: i64) -> Option<Date> {
    i32::try_from(micros.div_euclid(DAY)).ok().and_then(Date::from_days)
}

/// The first and last day of the month of a moment in local time.
fn month(micros: i64) -> Option<(Date, Date)> {
    let day = date(micros)?;
    let first = Date::new(day.year(), day.month(), 1).ok()?;
    let next = after(first)?;
    Some((first, Date::from_days(next.days_since_epoch() - 1)?))
}

/// The first day of the next month.
fn after(day: Date) -> Option<Date> {
    let (year, month) = if day.month() == 12 { (day.year() + 1, 1) } else { (day.year(), day.month() + 1) };
    Date::new(year, month, 1).ok()
}

/// The moment at which refunds are closed of a period with the given last day; after all moments
/// where the calendar ends.
fn cut_off(refunds: &RefundPolicy, last: Option<Date>) -> i64 {
    let Some(first) = last.and_then(after) else { return i64::MAX };
    let days = i64::from(first.days_since_epoch()) + i64::from(refunds.day) - 1;
    days * DAY + i64::from(refunds.hour) * HOUR
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_codes::time::{Period, Timestamp};
    use transpose_core::terms::UnmatchedPolicy;

    fn at(text: &str) -> i64 {
        Timestamp::parse(text.as_bytes()).unwrap().micros
    }

    fn cutoff_of(period: &str, minutes: i16, refunds: RefundPolicy) -> RefundCutoff {
        let period = Period::parse(period).unwrap();
        let mut header = Entity::default();
        header.set(Field::PERIOD_START, period.first().to_string());
        header.set(Field::PERIOD_END, period.last().to_string());
        let period = PeriodSelection { moments: Some(period.micros_range(minutes)), ..Default::default() };
        RefundCutoff::new(refunds, &period, &header)
    }

    fn adjusts(first: &str, last: &str) -> RefundDecision {
        RefundDecision::Adjustment(Some((Date::parse(first).unwrap(), Date::parse(last).unwrap())))
    }

    #[test]
    fn the_table_holds_at_its_boundaries() {
        let month = |period: &str| cutoff_of(period, 0, RefundPolicy::default());
        for (period, sale, refund, expected) in [
            // The last moment that counts, and the first that does not.
            ("2026-10", "2026-10-31T23:59:59.999999Z", "2026-11-03T23:59:59.999999Z", RefundDecision::Return),
            ("2026-10", "2026-10-31T23:59:59.999999Z", "2026-11-04T00:00:00Z", RefundDecision::TooLate),
            ("2026-10", "2026-10-01T00:00:00Z", "2026-10-01T00:00:01Z", RefundDecision::Return),
            ("2026-10", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", RefundDecision::Outside),
            (
                "2026-10",
                "2026-09-30T23:59:59.999999Z",
                "2026-10-03T23:59:59.999999Z",
                RefundDecision::Earlier,
            ),
            (
                "2026-10",
                "2026-09-30T23:59:59.999999Z",
                "2026-10-04T00:00:00Z",
                adjusts("2026-09-01", "2026-09-30"),
            ),
            (
                "2026-10",
                "2026-08-31T12:00:00Z",
                "2026-11-03T23:59:59.999999Z",
                adjusts("2026-08-01", "2026-08-31"),
            ),
            ("2026-10", "2026-08-31T12:00:00Z", "2026-11-04T00:00:00Z", RefundDecision::Outside),
            ("2026-10", "2026-08-31T12:00:00Z", "2026-10-03T12:00:00Z", RefundDecision::Outside),
            ("2026-10", "2026-08-31T12:00:00Z", "2026-09-03T12:00:00Z", RefundDecision::Earlier),
            // Ends of years and of February.
            ("2026-12", "2026-12-31T23:59:59Z", "2027-01-03T23:59:59.999999Z", RefundDecision::Return),
            ("2026-12", "2026-12-31T23:59:59Z", "2027-01-04T00:00:00Z", RefundDecision::TooLate),
            ("2027-01", "2026-12-31T23:59:59Z", "2027-01-04T00:00:00Z", adjusts("2026-12-01", "2026-12-31")),
            ("2028-02", "2028-02-29T23:59:59Z", "2028-03-03T23:59:59Z", RefundDecision::Return),
            ("2028-03", "2028-02-29T23:59:59Z", "2028-03-04T00:00:00Z", adjusts("2028-02-01", "2028-02-29")),
            ("2027-02", "2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z", RefundDecision::Outside),
            // Other periods close with the month in which they end.
            ("2026-Q4", "2026-10-02T00:00:00Z", "2027-01-03T00:00:00Z", RefundDecision::Return),
            ("2026-W41", "2026-10-05T00:00:00Z", "2026-11-03T00:00:00Z", RefundDecision::Return),
            ("2026-W41", "2026-10-05T00:00:00Z", "2026-11-04T00:00:00Z", RefundDecision::TooLate),
            // Of the weeks of a month one has its adjustments: the first that ends in the next
            // month.
            ("2026-W44", "2026-09-05T00:00:00Z", "2026-11-20T00:00:00Z", adjusts("2026-09-01", "2026-09-30")),
            ("2026-W45", "2026-09-05T00:00:00Z", "2026-11-20T00:00:00Z", RefundDecision::Outside),
        ] {
            assert_eq!(
                month(period).decide(at(refund), Some(at(sale))),
                expected,
                "{period}: {sale}, {refund}"
            );
        }
    }

    #[test]
    fn every_late_refund_adjusts_exactly_one_month() {
        for refund in [
            "2026-10-04T00:00:00Z",
            "2026-11-03T23:59:59.999999Z",
            "2026-12-31T00:00:00Z",
            "2027-01-04T00:00:00Z",
        ] {
            let months = ["2026-09", "2026-10", "2026-11", "2026-12", "2027-01"];
            let adjusted = months.into_iter().filter(|month| {
                let decision = cutoff_of(month, 0, RefundPolicy::default())
                    .decide(at(refund), Some(at("2026-08-15T00:00:00Z")));
                decision == adjusts("2026-08-01", "2026-08-31")
            });
            assert_eq!(adjusted.count(), 1, "{refund}");
        }
    }

    #[test]
    fn periods_in_local_time_close_in_utc() {
        // Two hours ahead: the month begins and ends two hours earlier, and closes when it does
        // everywhere.
        let decide = cutoff_of("2026-10", 120, RefundPolicy::default());
        for (sale, refund, expected) in [
            ("2026-10-31T21:59:59.999999Z", "2026-11-03T23:59:59.999999Z", RefundDecision::Return),
            ("2026-10-31T22:00:00Z", "2026-11-01T00:00:00Z", RefundDecision::Outside),
            ("2026-09-30T22:00:00Z", "2026-11-04T00:00:00Z", RefundDecision::TooLate),
            ("2026-09-30T21:59:59Z", "2026-10-04T00:00:00Z", adjusts("2026-09-01", "2026-09-30")),
        ] {
            assert_eq!(decide.decide(at(refund), Some(at(sale))), expected, "{sale}, {refund}");
        }
        // Fourteen hours ahead, a day whose end is the day before in UTC.
        let decide = cutoff_of("2026-11-01", 840, RefundPolicy::default());
        assert_eq!(
            decide.decide(at("2026-12-03T23:59:59Z"), Some(at("2026-11-01T09:59:59Z"))),
            RefundDecision::Return
        );
    }

    #[test]
    fn day_and_hour_are_those_of_the_agreement() {
        let refunds = RefundPolicy { day: 10, hour: 6, ..RefundPolicy::default() };
        let decide = cutoff_of("2026-10", 0, refunds);
        let sale = Some(at("2026-10-15T00:00:00Z"));
        assert_eq!(decide.decide(at("2026-11-10T05:59:59.999999Z"), sale), RefundDecision::Return);
        assert_eq!(decide.decide(at("2026-11-10T06:00:00Z"), sale), RefundDecision::TooLate);
    }

    #[test]
    fn sales_that_are_not_there_are_told_only_by_the_report_that_adjusts() {
        let original = Period::parse("2026-09").ok();
        let refunds =
            RefundPolicy { unmatched: UnmatchedPolicy::Adjust, original, ..RefundPolicy::default() };
        let decide = cutoff_of("2026-10", 0, refunds);
        assert_eq!(decide.decide(at("2026-10-03T23:59:59Z"), None), RefundDecision::UnmatchedEarlier);
        assert_eq!(decide.decide(at("2026-09-30T23:59:59Z"), None), RefundDecision::Outside);
        assert_eq!(decide.decide(at("2026-10-04T00:00:00Z"), None), RefundDecision::Unmatched);
        assert_eq!(decide.decide(at("2026-11-04T00:00:00Z"), None), RefundDecision::Outside);
        assert_eq!(decide.original().unwrap().1, Date::parse("2026-09-30").unwrap());
    }

    #[test]
    fn without_a_period_every_sale_is_in_its_month() {
        let decide =
            RefundCutoff::new(RefundPolicy::default(), &PeriodSelection::default(), &Entity::default());
        let sale = Some(at("2026-10-15T00:00:00Z"));
        assert_eq!(decide.decide(at("2026-11-03T23:59:59Z"), sale), RefundDecision::Return);
        assert_eq!(decide.decide(at("2026-11-04T00:00:00Z"), sale), adjusts("2026-10-01", "2026-10-31"));
        assert_eq!(decide.decide(at("2026-11-04T00:00:00Z"), None), RefundDecision::Unmatched);
    }

    #[test]
    fn the_end_of_the_calendar_closes_nothing() {
        let decide = cutoff_of("9999-12", 0, RefundPolicy::default());
        assert_eq!(decide.decide(i64::MAX - 1, Some(at("9999-12-31T00:00:00Z"))), RefundDecision::Return);
    }
}
