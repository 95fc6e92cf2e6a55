//! Parts of periods.

use super::number::{Exact, quotient, whole};
use transpose_codes::time::{Date, Period};

/// How many days of a period lie between two days, both included, and how many it has.
pub(crate) fn active_days(period: Period, from: Option<Date>, until: Option<Date>) -> (i128, i128) {
    let day = |date: Date| i128::from(date.days_since_epoch());
    let first = from.map_or(day(period.first()), |from| day(from).max(day(period.first())));
    let last = until.map_or(day(period.last()), |until| day(until).min(day(period.last())));
    ((last - first + 1).max(0), day(period.last()) - day(period.first()) + 1)
}

/// The part of an amount for so many days of the period.
pub(crate) fn pro_rated(amount: &Exact, active: i128, days: i128) -> Option<Exact> {
    quotient(&(amount * whole(active)), &whole(days))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
