//! Why a text is not a date, a time or a period.

use std::fmt;

/// A part of a date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimePart {
    /// The year, from 1 to 9999.
    Year,
    /// The quarter.
    Quarter,
    /// The month.
    Month,
    /// The ISO 8601 week.
    Week,
    /// The day of the month.
    Day,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second; leap seconds are not counted.
    Second,
    /// The offset from UTC.
    Offset,
}

/// Why a text is not a date, a time or a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// There is no text.
    Empty,
    /// The text is not written as expected.
    Shape,
    /// There is a date where a date and a time belong.
    DateOnly,
    /// The shape is right, but this part is out of range.
    Impossible(TimePart),
    /// The period ends before it begins.
    Reversed,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the date or time is empty",
            Self::Shape => "not a date or time of the expected form",
            Self::DateOnly => "a date without a time, expected `YYYY-MM-DDThh:mm:ss`",
            Self::Reversed => "the period ends before it begins",
            Self::Impossible(part) => {
                return f.write_str(match part {
                    TimePart::Year => "there is no such year, expected 0001 to 9999",
                    TimePart::Quarter => "there is no such quarter, expected Q1 to Q4",
                    TimePart::Month => "there is no such month, expected 01 to 12",
                    TimePart::Week => "the year has no such week",
                    TimePart::Day => "the month has no such day",
                    TimePart::Hour => "there is no such hour, expected 00 to 23",
                    TimePart::Minute => "there is no such minute, expected 00 to 59",
                    TimePart::Second => "there is no such second, expected 00 to 59",
                    TimePart::Offset => "there is no such offset from UTC",
                });
            }
        })
    }
}

impl std::error::Error for TimeError {}
