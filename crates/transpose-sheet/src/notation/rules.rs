//! What a table must keep to beyond the notation of its cells.
//!
//! A row that breaks a rule is reported with its place and is converted all the same: the platform
//! that takes the rows may refuse it, and who reads the diagnostic can still correct it.

use crate::delimited::quoting::bare;
use crate::diagnostics;
use crate::notation::clock::Clock;
use crate::notation::kinds::Vocabulary;
use transpose_core::diagnostics::Code;

const DAY: i64 = 86_400_000_000;

/// A rule about the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A time lies no more than so many days before the row was logged.
    MaxAge(u32),
    /// A time does not lie after the row was logged.
    NotInFuture,
    /// A whole number is above zero.
    Positive,
    /// A text has at most so many characters.
    MaxLength(u32),
    /// A word is one of those that the column names.
    Known,
}

impl Rule {
    /// The code of a cell that breaks the rule; empty cells break none. `logged` is when the row
    /// was logged, in microseconds since 1970.
    pub(crate) fn broken(
        self,
        vocabulary: Option<&Vocabulary>,
        raw: &[u8],
        quote: u8,
        logged: Option<i64>,
        clock: &mut Clock,
    ) -> Option<&'static Code> {
        let text = bare(raw, quote);
        if text.is_empty() {
            return None;
        }
        match self {
            Self::MaxAge(days) => {
                let (time, _) = clock.other(text).ok()?;
                (logged?.saturating_sub(time) > i64::from(days) * DAY).then_some(&diagnostics::TOO_OLD)
            }
            Self::NotInFuture => {
                let (time, _) = clock.other(text).ok()?;
                (time > logged?).then_some(&diagnostics::IN_FUTURE)
            }
            Self::Positive => (!is_positive(text)).then_some(&diagnostics::NOT_POSITIVE),
            Self::MaxLength(most) => is_longer(raw, quote, most as usize).then_some(&diagnostics::TOO_LONG),
            Self::Known => {
                let Vocabulary { values, synonyms, .. } = vocabulary?;
                let is = |word: &String| word.as_bytes().eq_ignore_ascii_case(text);
                (!values.iter().chain(synonyms).any(is)).then_some(&diagnostics::OTHER_WORD)
            }
        }
    }

    /// What is said about a cell that breaks the rule.
    pub(crate) fn message(self, vocabulary: Option<&Vocabulary>) -> String {
        match (self, vocabulary) {
            (Self::MaxAge(days), _) => format!("the time is more than {days} days old"),
            (Self::NotInFuture, _) => "the time is in the future".into(),
            (Self::Positive, _) => "expected a whole number above zero".into(),
            (Self::MaxLength(most), _) => format!("the text has more than {most} characters"),
            (Self::Known, Some(Vocabulary { values, .. })) => {
                format!("expected one of `{}`; kept as it is", values.join("`, `"))
            }
            (Self::Known, _) => "the word is not known".into(),
        }
    }
}

fn is_positive(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) && text.iter().any(|byte| *byte != b'0')
}

/// Whether a cell has more than so many characters.
fn is_longer(raw: &[u8], quote: u8, most: usize) -> bool {
    // No text has more characters than bytes, so nearly every cell is decided by its length.
    if raw.len() <= most {
        return false;
    }
    let text = bare(raw, quote);
    let quotes = if text.len() < raw.len() { memchr::memchr_iter(quote, text).count() / 2 } else { 0 };
    text.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count() - quotes > most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(rule: Rule, raw: &str, logged: Option<i64>) -> Option<&'static str> {
        let vocabulary =
            Vocabulary { values: vec!["online".into()], synonyms: vec!["on line".into()], open: true };
        rule.broken(Some(&vocabulary), raw.as_bytes(), b'"', logged, &mut Clock::default())
            .map(|code| code.id)
    }

    #[test]
    fn age_is_counted_from_the_logging() {
        let logged = Some(61 * DAY);
        for (rule, time, expected) in [
            (Rule::MaxAge(61), "1970-01-01T00:00:00Z", None),
            (Rule::MaxAge(61), "1969-12-31T23:59:59.999999Z", Some("SHT0411")),
            (Rule::MaxAge(61), "1970-01-01T00:00:00+00:01", Some("SHT0411")),
            (Rule::MaxAge(61), "soon", None),
            (Rule::NotInFuture, "1970-03-03T00:00:00Z", None),
            (Rule::NotInFuture, "1970-03-03T00:00:00.000001Z", Some("SHT0412")),
            (Rule::NotInFuture, "", None),
        ] {
            assert_eq!(broken(rule, time, logged), expected, "{rule:?} {time}");
        }
        assert_eq!(broken(Rule::MaxAge(61), "1969-12-31T23:59:59Z", None), None);
        assert_eq!(broken(Rule::MaxAge(61), "0001-01-01T00:00:00Z", Some(i64::MAX)), Some("SHT0411"));
    }

    #[test]
    fn ids_lengths_and_words() {
        for (rule, raw, expected) in [
            (Rule::Positive, "1", None),
            (Rule::Positive, "\"0042\"", None),
            (Rule::Positive, " ", None),
            (Rule::Positive, "0", Some("SHT0413")),
            (Rule::Positive, "00", Some("SHT0413")),
            (Rule::Positive, "-7", Some("SHT0413")),
            (Rule::Positive, "1.0", Some("SHT0413")),
            (Rule::Positive, "abc", Some("SHT0413")),
            (Rule::MaxLength(3), "abc", None),
            (Rule::MaxLength(3), "abcd", Some("SHT0414")),
            (Rule::MaxLength(3), "\"a\"\"b\"", None),
            (Rule::MaxLength(3), "\u{e9}\u{e9}\u{e9}", None),
            (Rule::MaxLength(3), "\u{e9}\u{e9}\u{e9}\u{e9}", Some("SHT0414")),
            (Rule::Known, "ONLINE", None),
            (Rule::Known, "on line", None),
            (Rule::Known, "radio", Some("SHT0415")),
        ] {
            assert_eq!(broken(rule, raw, None), expected, "{rule:?} {raw}");
        }
    }
}
