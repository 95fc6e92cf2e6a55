//! File names (ARCH-110 to ARCH-117).
//!
//! `DSR_Recipient_Sender_Service_Period_Territory_xofy_Created.tsv`. Elements come from data and
//! are cleaned: letters, digits, dots, dashes and U+2010 stay, everything else is dropped, so that
//! no element holds an underscore, a space or a path separator. Several service tiers are joined by
//! U+2010 (ARCH-114), several territories become `multi` (ARCH-116), and `1of1` is kept in single
//! files.

use transpose_codes::{Date, PartialDate};
use transpose_core::format::FileNumber;
use transpose_core::model::{Entity, Field};

/// The parts of a file name that are the same for all files of a message.
#[derive(Debug)]
pub(crate) struct FileName {
    before: String,
    after: String,
}

/// The longest element in characters.
const LONGEST: usize = 80;

impl FileName {
    /// Takes the parts from the header and the contexts; `created` is an RFC 3339 date and time.
    pub(crate) fn new(header: &Entity, contexts: &[Entity], created: &str) -> Self {
        let text = |field| header.text(field).map(clean).filter(|text| !text.is_empty());
        let repertoire = || {
            let mut all = header.value(Field::REPERTOIRE)?.iter();
            all.next().filter(|_| all.next().is_none()).map(clean)
        };
        let recipient = text(Field::RECIPIENT_ID).or_else(repertoire).or_else(|| text(Field::RECIPIENT_NAME));
        let sender = text(Field::SENDER_ID).or_else(|| text(Field::SENDER_NAME));
        let service = text(Field::SERVICE_DESCRIPTION)
            .unwrap_or_else(|| distinct(contexts, Field::SERVICE).join("\u{2010}"));
        let period = period(header.text(Field::PERIOD_START), header.text(Field::PERIOD_END));
        let territory = match distinct(contexts, Field::TERRITORY).as_slice() {
            [only] => only.clone(),
            _ => "multi".to_owned(),
        };
        let before = format!(
            "DSR_{}_{}_{service}_{period}_{territory}_",
            recipient.unwrap_or_default(),
            sender.unwrap_or_default()
        );
        Self { before, after: format!("_{}.tsv", compact(created)) }
    }

    /// The name of a file.
    pub(crate) fn of(&self, part: FileNumber) -> String {
        format!("{}{}of{}{}", self.before, part.number, part.of, self.after)
    }
}

fn distinct(contexts: &[Entity], field: Field) -> Vec<String> {
    let mut all: Vec<String> = contexts.iter().filter_map(|context| context.text(field)).map(clean).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// An element of a name without what may not are there.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '\u{2010}'))
        .take(LONGEST)
        .collect()
}

/// The shortest form of a period: a year, a quarter, a month, a day, or both ends.
pub(crate) fn period(start: Option<&str>, end: Option<&str>) -> String {
    let parse = |text: Option<&str>| text.and_then(|text| PartialDate::parse(text).ok());
    let (first, last) = match (parse(start), parse(end)) {
        (Some(start), Some(end)) => (start.first(), end.last()),
        (Some(only), None) | (None, Some(only)) => (only.first(), only.last()),
        (None, None) => return clean(start.or(end).unwrap_or_default()),
    };
    let ends_month = last.day() == last_day(last);
    let (year, month) = (first.year(), first.month());
    match last.month().wrapping_sub(month).wrapping_add(1) {
        _ if first == last => first.to_string(),
        months if first.day() == 1 && ends_month && last.year() == year => match (month, months) {
            (1, 12) => format!("{year:04}"),
            (1 | 4 | 7 | 10, 3) => format!("{year:04}-Q{}", month.div_ceil(3)),
            (_, 1) => format!("{year:04}-{month:02}"),
            _ => format!("{first}--{last}"),
        },
        _ => format!("{first}--{last}"),
    }
}

fn last_day(date: Date) -> u8 {
    Date::from_days(date.days_since_epoch() + 1)
        .map_or(31, |next| if next.day() == 1 { date.day() } else { 0 })
}

/// `2026-11-10T06:00:00Z` as `20261110T060000` (ARCH-117).
pub(crate) fn compact(created: &str) -> String {
    created.chars().take(19).filter(|c| c.is_ascii_digit() || *c == 'T').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_take_their_shortest_form() {
        for (start, end, expected) in [
            ("2026-01-01", "2026-12-31", "2026"),
            ("2026-04-01", "2026-06-30", "2026-Q2"),
            ("2024-02-01", "2024-02-29", "2024-02"),
            ("2023-02-01", "2023-02-28", "2023-02"),
            ("2026-02-01", "2026-04-30", "2026-02-01--2026-04-30"),
            ("2026-10-05", "2026-10-05", "2026-10-05"),
            ("2026-10-01", "2026-10-15", "2026-10-01--2026-10-15"),
            ("2026-10", "2026-10", "2026-10"),
            ("2026-12-01", "2027-01-31", "2026-12-01--2027-01-31"),
            ("../x", "", "..x"),
        ] {
            assert_eq!(period(Some(start), Some(end)), expected, "{start} {end}");
        }
    }

    #[test]
    fn names_hold_no_separators() {
        let mut header = Entity::default();
        header.set(Field::SENDER_NAME, "North_wind / Music");
        header.set(Field::PERIOD_START, "2026-10-01");
        header.set(Field::PERIOD_END, "2026-10-31");
        let mut contexts = vec![Entity::default(), Entity::default()];
        contexts[0].set(Field::SERVICE, "Premium");
        contexts[0].set(Field::TERRITORY, "FR");
        contexts[1].set(Field::SERVICE, "Free Tier");
        contexts[1].set(Field::TERRITORY, "DE");
        let name =
            FileName::new(&header, &contexts, "2026-11-10T06:00:00Z").of(FileNumber { number: 1, of: 1 });
        assert_eq!(
            name,
            "DSR__NorthwindMusic_FreeTier\u{2010}Premium_2026-10_multi_1of1_20261110T060000.tsv"
        );
        header.set(Field::RECIPIENT_ID, "PADPIDA2008120501W");
        let name = FileName::new(&header, &contexts[..1], "2026-11-10T06:00:00+01:00")
            .of(FileNumber { number: 2, of: 3 });
        assert_eq!(name, "DSR_PADPIDA2008120501W_NorthwindMusic_Premium_2026-10_FR_2of3_20261110T060000.tsv");
        assert_eq!(clean("a/b\\c\n..\0d"), "abc..d");
    }
}
