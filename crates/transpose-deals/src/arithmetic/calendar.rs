//! Parts of periods, and the period that a play or a refund belongs to.

use super::number::{Exact, quotient, whole};
use transpose_codes::bank_holidays::day_of_next_month;
use transpose_codes::time::{Date, PartialDate, Period, Timestamp};
use transpose_core::terms::RefundPolicy;

const HOUR: i64 = 3_600_000_000;

/// How many days of a period lie between two days, both included, and how many it has.
pub fn active_days(period: Period, from: Option<Date>, until: Option<Date>) -> (i128, i128) {
    let day = |date: Date| i128::from(date.days_since_epoch());
    let first = from.map_or(day(period.first()), |from| day(from).max(day(period.first())));
    let last = until.map_or(day(period.last()), |until| day(until).min(day(period.last())));
    ((last - first + 1).max(0), day(period.last()) - day(period.first()) + 1)
}

/// The part of an amount for so many days of the period.
pub fn pro_rated(amount: &Exact, active: i128, days: i128) -> Option<Exact> {
    quotient(&(amount * whole(active)), &whole(days))
}

/// The calendar month of a moment, where local time is so many minutes ahead of UTC. A moment
/// without an offset is in UTC.
pub fn month(moment: Timestamp, offset_minutes: i16) -> Option<Period> {
    let date = moment.assume_offset(0).with_offset(offset_minutes).local_date()?;
    PartialDate::parse(&format!("{:04}-{:02}", date.year(), date.month())).ok().map(Period::from)
}

/// The report that something of an earlier day comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// That of its own month.
    Own(Period),
    /// As an adjustment in a later one; the first is its own month, the second that of the report.
    Adjustment(Period, Period),
}

/// In which report a play comes that was logged later: its own month, or, once that is closed, the
/// month in which it was logged.
pub fn late_play(played: Timestamp, logged: Timestamp, closed: Timestamp) -> Option<Delivery> {
    let own = month(played, 0)?;
    if logged.micros < closed.micros {
        return Some(Delivery::Own(own));
    }
    Some(Delivery::Adjustment(own, month(logged, 0)?))
}

/// When refunds of a period are closed; nothing at the end of the calendar.
pub fn cut_off(refunds: &RefundPolicy, period: Period) -> Option<Timestamp> {
    let day = day_of_next_month(period.last(), refunds.day)?;
    let midnight = Period::from(day).micros_range(0).start;
    Some(Timestamp::utc(midnight + i64::from(refunds.hour) * HOUR))
}

/// In which report a refund comes: it cancels in that of the sale, or adjusts the next one.
pub fn refund(sold: Timestamp, logged: Timestamp, refunds: &RefundPolicy) -> Option<Delivery> {
    let own = month(sold, 0)?;
    if logged < cut_off(refunds, own)? {
        return Some(Delivery::Own(own));
    }
    let mut next = month_after(own)?;
    // The first report that is still open.
    while logged >= cut_off(refunds, next)? {
        next = month_after(next)?;
    }
    Some(Delivery::Adjustment(own, next))
}

/// The month after the one in which a period ends.
pub fn month_after(period: Period) -> Option<Period> {
    let first = day_of_next_month(period.last(), 1)?;
    month(Timestamp::utc(Period::from(first).micros_range(0).start), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn days_of_a_period_are_counted_at_both_ends() {
        let period = Period::parse("2026-10").unwrap();
        let date = |text| Some(Date::parse(text).unwrap());
        for (from, until, active) in [
            (None, None, 31),
            (date("2026-10-31"), None, 1),
            (date("2026-09-01"), date("2026-10-01"), 1),
            (date("2026-11-01"), None, 0),
            (None, date("2026-09-30"), 0),
        ] {
            assert_eq!(active_days(period, from, until), (active, 31), "{from:?} {until:?}");
        }
    }

    #[test]
    fn a_very_late_refund_waits_for_the_report_that_is_open() {
        let refunds = RefundPolicy::default();
        let delivery = refund(stamp("2026-10-05T00:00:00Z"), stamp("2027-01-04T00:00:00Z"), &refunds);
        let months = [Period::parse("2026-10").unwrap(), Period::parse("2027-01").unwrap()];
        assert_eq!(delivery, Some(Delivery::Adjustment(months[0], months[1])));
        let end = Period::parse("9999-12").unwrap();
        assert_eq!((cut_off(&refunds, end), month_after(end)), (None, None));
    }
}
