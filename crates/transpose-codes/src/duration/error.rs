//! Why a text is not a duration.

use std::fmt;

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationError {
    /// There is no text.
    Empty,
    /// The text is not written as a duration is.
    Shape,
    /// The duration is below zero.
    Negative,
    /// The duration has years or months, which have no fixed length.
    CalendarUnit,
    /// Minutes or seconds after a colon are above 59.
    ClockRange,
    /// The duration does not fit into 64 bits of microseconds.
    TooLong,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the duration is empty",
            Self::Shape => "not a duration of the expected form",
            Self::Negative => "the duration is negative",
            Self::CalendarUnit => {
                "the duration has years or months, expected days, hours, minutes and seconds"
            }
            Self::ClockRange => "minutes or seconds of the duration are above 59",
            Self::TooLong => "the duration is too long",
        })
    }
}

impl std::error::Error for DurationError {}
