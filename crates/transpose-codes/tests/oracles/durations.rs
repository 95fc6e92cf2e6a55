//! Durations with `jiff`, which reads ISO 8601 and, in its friendly format, clock notation.

use crate::assert_differences;
use jiff::fmt::{friendly, temporal};
use jiff::{SignedDuration, SpanRelativeTo};
use proptest::prelude::*;
use transpose_codes::{Duration, DurationError, ParsedDuration};

/// What a text means to the oracle. It is exact to the nanosecond.
fn by_jiff(text: &str) -> Option<SignedDuration> {
    let date = text.split('T').next().unwrap_or_default();
    // What it reads at once has no days; what it reads as a span has a smaller range.
    if date == "P" {
        return temporal::SpanParser::new().parse_duration(text).ok();
    }
    let span = temporal::SpanParser::new().parse_span(text).ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// A duration of the oracle as we keep it: half a microsecond goes up, and the longest fits into 64
/// bits.
fn kept(theirs: SignedDuration) -> Option<ParsedDuration> {
    let nanos = theirs.as_nanos();
    let micros = i64::try_from((nanos + 500).div_euclid(1000)).ok()?;
    Some(ParsedDuration { duration: Duration::from_micros(micros), rounded: nanos % 1000 != 0 })
}

/// The text and a duration of the oracle where both differ.
fn difference(text: &str) -> Option<(&str, Result<i64, DurationError>, Option<i128>)> {
    let (ours, theirs) = (Duration::parse_iso(text), by_jiff(text));
    let same = ours.ok() == theirs.and_then(kept);
    (!same).then(|| (text, ours.map(|ours| ours.duration.micros()), theirs.map(|theirs| theirs.as_micros())))
}

/// Texts on the edge of the notation.
const EDGES: [&str; 40] = [
    "",
    "P",
    "PT",
    "T",
    "P1DT",
    "P1",
    "PT1",
    "1",
    "PT1S ",
    " PT1S",
    "P1S",
    "PT1D",
    "P1H",
    "PT1W",
    "PT2S3M",
    "PT2M2M",
    "PTT1S",
    "PT1.S",
    "PT.5S",
    "PT1.5M2S",
    "P1.5DT2H",
    "PT1.5,5S",
    "PT1..5S",
    "PT+3S",
    "PT3M 2S",
    "P1Y",
    "P1M",
    "P1Y2M3DT4H",
    "P0Y",
    "PT0.1234567891S",
    "PT0.1234567894999S",
    "P1.5D",
    "P0.5W",
    "pt3m2s",
    "-PT5S",
    "PT-5S",
    "+PT5S",
    "-PT0S",
    "P1W2D",
    "PT1e3S",
];

#[test]
fn edges_of_the_notation_differ_on_purpose_only() {
    assert_differences(
        EDGES.into_iter().filter_map(difference),
        [
            // Ours are lengths of recordings and plays: no sign, and no month of unknown length.
            ("+PT5S", Err(DurationError::Shape), Some(5_000_000)),
            ("-PT0S", Err(DurationError::Negative), Some(0)),
            ("-PT5S", Err(DurationError::Negative), Some(-5_000_000)),
            ("P0Y", Err(DurationError::CalendarUnit), Some(0)),
            // ISO 8601 has capitals, a fraction of any unit that is the last, and any number of
            // digits.
            ("pt3m2s", Err(DurationError::Shape), Some(182_000_000)),
            ("P1.5D", Ok(129_600_000_000), None),
            ("P0.5W", Ok(302_400_000_000), None),
            ("PT0.1234567891S", Ok(123_457), None),
            ("PT0.1234567894999S", Ok(123_457), None),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_iso_8601_duration_is_read_alike(
        text in "P([0-9]{1,6}W)?([0-9]{1,6}D)?(T([0-9]{1,8}([.,][0-9]{0,9})?H)?([0-9]{1,9}([.,][0-9]{0,9})?M)?([0-9]{1,11}([.,][0-9]{0,9})?S)?)?"
    ) {
        let difference = difference(&text);
        prop_assert!(difference.is_none(), "{difference:?}");
    }

    #[test]
    fn the_longest_are_refused_and_none_wraps(
        text in "PT([0-9]{1,19}H)?([0-9]{1,19}M)?([0-9]{1,19}(\\.[0-9]{1,9})?S)?"
    ) {
        let ours = Duration::parse_iso(&text);
        prop_assert_eq!(ours.ok(), by_jiff(&text).and_then(kept), "{}", text);
        prop_assert!(ours.is_ok() || ours == Err(DurationError::TooLong) || text == "PT", "{}", text);
    }

    #[test]
    fn any_duration_is_written_alike(micros: i64) {
        let theirs = SignedDuration::from_micros(micros);
        let ours = Duration::from_micros(micros);
        prop_assert_eq!(ours.to_string(), temporal::SpanPrinter::new().duration_to_string(&theirs));
        let mut seconds = Vec::new();
        ours.write_seconds(&mut seconds);
        let seconds = String::from_utf8(seconds).unwrap();
        prop_assert_eq!(friendly::SpanParser::new().parse_duration(format!("{seconds}s")).unwrap(), theirs);
    }

    #[test]
    fn any_clock_notation_is_read_alike(
        (hours, minutes) in prop_oneof![
            (0..200_u32, 0..60_u32).prop_map(|(hours, minutes)| (Some(hours), minutes)),
            (0..200_u32).prop_map(|minutes| (None, minutes)),
        ],
        // The oracle reads more than 59 seconds, and ours do not.
        seconds in 0..60_u32,
        fraction in "(\\.[0-9]{1,9})?",
    ) {
        // The oracle wants hours; without them, there may be more than 59 minutes.
        let (text, theirs) = match hours {
            Some(hours) => {
                let text = format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}");
                (text.clone(), text)
            }
            None => (
                format!("{minutes:02}:{seconds:02}{fraction}"),
                format!("{:02}:{:02}:{seconds:02}{fraction}", minutes / 60, minutes % 60),
            ),
        };
        let theirs = friendly::SpanParser::new().parse_duration(&theirs).ok();
        prop_assert_eq!(Duration::parse_clock(&text).ok(), theirs.and_then(kept), "{}", text);
    }

    #[test]
    fn any_seconds_are_read_alike(text in "[0-9]{1,19}(\\.[0-9]{0,9})?") {
        let theirs = friendly::SpanParser::new().parse_duration(format!("{text}s")).ok();
        prop_assert_eq!(Duration::parse_seconds(&text).ok(), theirs.and_then(kept), "{}", text);
    }
}
