//! Dates, times and periods: the proleptic Gregorian calendar of ISO 8601, RFC 3339 date-times,
//! partial dates, and the periods and creation times of file names.
//!
//! | type | is |
//! |---|---|
//! | [`Date`] | a day from 0001-01-01 to 9999-12-31 |
//! | [`PartialDate`] | a year, a month or a day |
//! | [`Timestamp`] | a moment, exact to the microsecond, with the offset that its text had |
//! | [`LocalOffsets`] | how much local time is ahead of UTC, from which moment on |
//! | [`Period`] | a year, quarter, month, week, day or range of days, and how it is written |
//!
//! A text of the wrong shape and a date that does not exist are two errors: the first asks for
//! another format, the second for another report.

mod calendar;
mod date;
mod digits;
mod error;
mod offsets;
mod partial_date;
mod period;
mod timestamp;

pub use date::{Date, parse_date};
pub use error::{TimeError, TimePart};
pub use offsets::LocalOffsets;
pub use partial_date::{PartialDate, Precision};
pub use period::{Period, PeriodForm};
pub use timestamp::Timestamp;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "[0-9TZQW:. +-]{0,34}") {
            let _ = (Timestamp::parse(&bytes), Timestamp::parse_compact(&bytes), parse_date(&bytes));
            let _ = (Timestamp::parse(text.as_bytes()), Period::parse(&text), PartialDate::parse(&text));
        }
    }
}
