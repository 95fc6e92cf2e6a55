//! `--split-by`: time cut into months, weeks or days.

use transpose_codes::time::{Date, Period};

/// How plays are routed to outputs.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SplitBy {
    /// By calendar month
    Month,
    /// By week, from Monday to Sunday (ISO 8601)
    Week,
    /// By day
    Day,
}

/// The largest number of slices: somewhat more than the days of a year.
const MOST: usize = 400;

impl SplitBy {
    /// The slice that contains a day.
    pub(super) fn of(self, date: Date) -> Option<Period> {
        match self {
            Self::Month => Period::parse(&format!("{:04}-{:02}", date.year(), date.month())).ok(),
            Self::Week => Period::week_of(date),
            Self::Day => Period::parse(&date.to_string()).ok(),
        }
    }

    /// The slices of a period; the first and the last may be shorter. `None` if there are too many.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
