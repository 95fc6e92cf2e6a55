//! Dates of a column: in which order day, month and year are.

use crate::notation::date::DateFormat;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use transpose_codes::Timestamp;

/// How exactly a notation says when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Month,
    Day,
    Moment,
}

/// A notation, such as `%d/%m/%Y`.
pub(super) type Notation = (&'static str, Precision);

/// Every notation that is tried. Those that begin with the year come first: they need no guess.
const NOTATIONS: [Notation; 33] = [
    ("%Y-%m-%d", Precision::Day),
    ("%Y/%m/%d", Precision::Day),
    ("%Y.%m.%d", Precision::Day),
    ("%Y%m%d", Precision::Day),
    ("%d/%m/%Y", Precision::Day),
    ("%m/%d/%Y", Precision::Day),
    ("%d.%m.%Y", Precision::Day),
    ("%m.%d.%Y", Precision::Day),
    ("%d-%m-%Y", Precision::Day),
    ("%m-%d-%Y", Precision::Day),
    ("%d/%m/%y", Precision::Day),
    ("%m/%d/%y", Precision::Day),
    ("%d.%m.%y", Precision::Day),
    ("%m.%d.%y", Precision::Day),
    ("%d-%b-%Y", Precision::Day),
    ("%d %b %Y", Precision::Day),
    ("%d-%b-%y", Precision::Day),
    ("%Y-%m", Precision::Month),
    ("%Y/%m", Precision::Month),
    ("%Y%m", Precision::Month),
    ("%YM%m", Precision::Month),
    ("%m/%Y", Precision::Month),
    ("%m-%Y", Precision::Month),
    ("%m.%Y", Precision::Month),
    ("%b %Y", Precision::Month),
    ("%b-%Y", Precision::Month),
    ("%b-%y", Precision::Month),
    ("%d/%m/%Y %H:%M:%S", Precision::Moment),
    ("%m/%d/%Y %H:%M:%S", Precision::Moment),
    ("%d.%m.%Y %H:%M:%S", Precision::Moment),
    ("%d/%m/%Y %H:%M", Precision::Moment),
    ("%m/%d/%Y %H:%M", Precision::Moment),
    ("%Y/%m/%d %H:%M:%S", Precision::Moment),
];

/// The notations, ready to read with.
static FORMATS: LazyLock<Vec<(Notation, DateFormat)>> = LazyLock::new(|| {
    let parsed =
        NOTATIONS.iter().map(|notation| DateFormat::parse(notation.0).map(|format| (*notation, format)));
    // The notations are a part of the program, and a test reads with each.
    parsed.filter_map(Result::ok).collect()
});

/// Whether a text is a date of our time in a notation.
fn fits(format: &DateFormat, text: &str) -> bool {
    format
        .read(text.as_bytes())
        .is_some_and(|moment| (1950..2100).contains(&moment.year) && moment.date().is_some())
}

/// What the cells of a column are as dates.
#[derive(Clone, Debug, Default)]
pub(super) struct Dates {
    /// How many cells are a date in each notation.
    counts: BTreeMap<usize, usize>,
    /// How many are times as in ISO 8601.
    pub(super) moments: usize,
}

/// The notation of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateReading {
    /// In one way.
    Certain(Notation),
    /// In the first way or the second: nothing in the column decides.
    Either(Notation, Notation),
}

impl Dates {
    /// Looks at a cell.
    pub(super) fn see(&mut self, text: &str) {
        if !(4..=40).contains(&text.len()) {
            return;
        }
        if text.len() > 12 && text.contains(':') && Timestamp::parse(text.as_bytes()).is_ok() {
            self.moments += 1;
            return;
        }
        for (index, (_, format)) in FORMATS.iter().enumerate() {
            if fits(format, text) {
                *self.counts.entry(index).or_default() += 1;
            }
        }
    }

    /// How the dates are written, if all but a few of so many cells are dates.
    pub(super) fn written(&self, of: usize) -> Option<DateReading> {
        let most = |count: usize| count > 0 && count * 100 >= of * 95;
        let mut fit: Vec<(usize, usize)> = self
            .counts
            .iter()
            .map(|(index, count)| (*index, *count))
            .filter(|(_, count)| most(*count))
            .collect();
        // What fits more cells is right: the others are days after the twelfth.
        let best = fit.iter().map(|(_, count)| *count).max()?;
        fit.retain(|(_, count)| *count == best);
        let notation = |index: usize| FORMATS.get(index).map(|(notation, _)| *notation);
        match fit[..] {
            [(one, _)] => Some(DateReading::Certain(notation(one)?)),
            [(one, _), (two, _), ..] => Some(DateReading::Either(notation(one)?, notation(two)?)),
            [] => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(texts: &[&str]) -> Option<DateReading> {
        let mut dates = Dates::default();
        for text in texts {
            dates.see(text);
        }
        dates.written(texts.len())
    }

    #[test]
    fn order_is_known_by_days_after_the_twelfth() {
        let so = |notation| Some(DateReading::Certain((notation, Precision::Day)));
        assert_eq!(written(&["2026-10-31", "2026-10-01"]), so("%Y-%m-%d"));
        assert_eq!(written(&["10/31/2026", "10/01/2026"]), so("%m/%d/%Y"));
        assert_eq!(written(&["31/10/2026", "01/10/2026"]), so("%d/%m/%Y"));
        assert_eq!(written(&["20261031"]), so("%Y%m%d"));
        assert_eq!(written(&["31-Oct-2026"]), so("%d-%b-%Y"));
        assert_eq!(
            written(&["01/10/2026", "03/04/2026"]),
            Some(DateReading::Either(("%d/%m/%Y", Precision::Day), ("%m/%d/%Y", Precision::Day)))
        );
        assert_eq!(written(&["Monday", "31/31/2026"]), None);
    }

    #[test]
    fn months_are_written_in_many_ways() {
        for (text, notation) in [
            ("2026-10", "%Y-%m"),
            ("202610", "%Y%m"),
            ("2026M10", "%YM%m"),
            ("10/2026", "%m/%Y"),
            ("Oct 2026", "%b %Y"),
            ("Oct-26", "%b-%y"),
        ] {
            assert_eq!(written(&[text]), Some(DateReading::Certain((notation, Precision::Month))), "{text}");
        }
    }

    #[test]
    fn every_notation_is_one() {
        assert_eq!(FORMATS.len(), NOTATIONS.len());
    }

    #[test]
    fn times_have_notations_too() {
        assert_eq!(
            written(&["10/31/2026 23:59:59"]),
            Some(DateReading::Certain(("%m/%d/%Y %H:%M:%S", Precision::Moment)))
        );
        let mut dates = Dates::default();
        dates.see("2026-10-31T23:59:59Z");
        assert_eq!(dates.moments, 1);
    }

    #[test]
    fn no_text_makes_it_stumble() {
        for text in ["%Y", "ü/ü/2026", "+1/+1/2026", "99999999", "é23-10-2026", "Oct"] {
            assert_eq!(written(&[text]), None, "{text}");
        }
    }
}
