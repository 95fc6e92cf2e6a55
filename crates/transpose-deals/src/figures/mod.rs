//! Period figures: revenue, subscribers, users and rates per period, territory, service and plan.
//!
//! As CSV: a header row with the headings of [`HEADINGS`] in any order, hyphens, underscores or
//! spaces, any case; comma, semicolon or tab between cells; lines that begin with `#` are comments.
//! As TOML (by the name's ending): `[[figure]]` tables with the same keys, amounts as whole numbers
//! or as text.
//!
//! Amounts are exact decimals in the currency of reporting. A blank period, service or plan
//! represents any.
//!
//! Invariant: an empty cell is absent, which is not zero; and no two rows are for the same usages.
//!
//! `read` reads the rows, `context` adds up those that make one sales context.

mod context;
mod read;

pub(crate) use context::ContextFigures;

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use transpose_codes::Currency;
use transpose_codes::decimal::{self, Decimal};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Fatal, Location};
use transpose_core::model::{Field, Value};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Period,
    Territory,
    Service,
    Plan,
    Currency,
    /// Narrows a row to contexts with this value.
    Narrow(Field),
    /// An amount, added up when several rows make one context.
    Sum(Field),
    /// A fact that all rows of one context must agree on.
    Same(Field),
    /// A number that only deals look at.
    Deal(Figure),
}

/// A number that only deals look at, and reports do not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    /// Plays of the whole service that qualify.
    Qualified,
    /// For how many each subscriber of the row counts.
    Factor,
    /// The days of subscribers who were there for a part of the period and are not counted
    /// otherwise.
    PartialDays,
}

/// The headings and what is below them.
const COLUMNS: &[(&str, Column)] = &[
    ("period", Column::Period),
    ("territory", Column::Territory),
    ("service", Column::Service),
    ("plan", Column::Plan),
    ("currency", Column::Currency),
    ("net-revenue", Column::Sum(Field::NET_REVENUE)),
    ("subscribers", Column::Sum(Field::SUBSCRIBERS)),
    ("users", Column::Sum(Field::USERS)),
    ("trial-subscribers", Column::Sum(Field::TRIAL_SUBSCRIBERS)),
    ("unit-price", Column::Same(Field::UNIT_PRICE)),
    ("indirect-value", Column::Sum(Field::INDIRECT_VALUE)),
    ("total-usages", Column::Sum(Field::TOTAL_USAGES)),
    ("transaction-currency", Column::Same(Field::TRANSACTION_CURRENCY)),
    ("exchange-rate", Column::Same(Field::EXCHANGE_RATE)),
    ("exchange-rate-source", Column::Same(Field::EXCHANGE_RATE_SOURCE)),
    ("exchange-rate-date", Column::Same(Field::EXCHANGE_RATE_DATE)),
    ("music-share", Column::Same(Field::MUSIC_SHARE)),
    ("content-cost", Column::Sum(Field::CONTENT_COST)),
    ("performance-royalties", Column::Sum(Field::PERFORMANCE_ROYALTIES)),
    ("gross-revenue", Column::Sum(Field::GROSS_REVENUE)),
    ("deductions", Column::Sum(Field::DEDUCTIONS)),
    ("tuning-hours", Column::Sum(Field::TUNING_HOURS)),
    ("qualified-usages", Column::Deal(Figure::Qualified)),
    ("subscriber-factor", Column::Deal(Figure::Factor)),
    ("partial-days", Column::Deal(Figure::PartialDays)),
    ("commercial-model", Column::Narrow(Field::COMMERCIAL_MODEL)),
    ("use-type", Column::Narrow(Field::USE_TYPE)),
];

/// The headings that figures may have.
pub const HEADINGS: [&str; COLUMNS.len()] = {
    let mut headings = [""; COLUMNS.len()];
    let mut index = 0;
    while index < COLUMNS.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
        {
            headings[index] = COLUMNS[index].0;
        }
        index += 1;
    }
    headings
};

/// The heading that supplies a field, if there is one.
pub(crate) fn heading_of(field: Field) -> Option<&'static str> {
    COLUMNS
        .iter()
        .find(|(_, column)| matches!(column, Column::Sum(known) | Column::Same(known) if *known == field))
        .map(|(heading, _)| *heading)
}

/// The fields that are added up when several rows make one context.
pub(crate) fn summed() -> impl Iterator<Item = Field> {
    COLUMNS.iter().filter_map(|(_, column)| match column {
        Column::Sum(field) => Some(*field),
        _ => None,
    })
}

/// One row of figures, checked.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) place: Location,
    pub(crate) period: Option<Period>,
    pub(crate) territory: Value,
    pub(crate) service: Option<Value>,
    pub(crate) plan: Option<Value>,
    pub(crate) currency: Option<(Currency, Location)>,
    pub(crate) narrow: Vec<(Field, Value)>,
    pub(crate) sums: BTreeMap<Field, (Decimal, Location)>,
    pub(crate) facts: BTreeMap<Field, (String, Location)>,
    pub(crate) deal: BTreeMap<Figure, (Decimal, Location)>,
}

impl Row {
    /// The line, for messages about other rows.
    pub(crate) fn line(&self) -> u64 {
        self.place.line.unwrap_or_default()
    }

    /// The parts of the key that may be blank, the period aside.
    fn texts(&self) -> [Option<&Value>; 4] {
        let narrow = |field| self.narrow.iter().find(|(known, _)| *known == field).map(|(_, value)| value);
        [self.service.as_ref(), self.plan.as_ref(), narrow(Field::COMMERCIAL_MODEL), narrow(Field::USE_TYPE)]
    }

    /// Whether the row holds for the period.
    pub(crate) fn covers(&self, period: Option<Period>) -> bool {
        match (self.period, period) {
            (Some(own), Some(wanted)) => same_days(own, wanted),
            _ => true,
        }
    }

    /// The key as it would be written in a message.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("territory {}", self.territory.first());
        for (name, value) in [("service", &self.service), ("plan", &self.plan)] {
            if let Some(value) = value {
                let _ = write!(key, ", {name} {}", value.first());
            }
        }
        key
    }
}

/// Whether two periods are the same days, however they are written.
pub(crate) fn same_days(a: Period, b: Period) -> bool {
    a.first() == b.first() && a.last() == b.last()
}

/// Period figures as read from their file.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The name of the file, for messages.
    pub source: String,
    /// A hash of its bytes.
    pub(crate) digest: [u8; 32],
    pub(crate) rows: Vec<Row>,
}

impl Figures {
    /// Reads figures as CSV, or as TOML when the name ends in `.toml`; the failure holds everything
    /// that is wrong.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, Fatal> {
        let rows = read::rows(name, bytes)?;
        Ok(Self { source: name.to_owned(), digest: Sha256::digest(bytes).into(), rows })
    }

    /// The periods that rows name, in order, each once.
    pub fn periods(&self) -> Vec<Period> {
        let mut periods: Vec<Period> = self.rows.iter().filter_map(|row| row.period).collect();
        periods.sort_by_key(|period| (period.first(), period.last()));
        periods.dedup_by(|a, b| same_days(*a, *b));
        periods
    }
}

/// An amount in the notation of the model.
pub(crate) fn amount(value: &Decimal) -> String {
    decimal::to_text(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "\u{feff}# Figures of October.\r\nPeriod,Territory,service,PLAN,Net Revenue,subscribers,exchange_rate\r\n\
                        \r\n2026-10,gb,,premium,1234.50,100,\r\n# free\r\n2026-10,GB,,free,,0,1.17\r\n,,,,,,\r\n";

    fn codes(fatal: &Fatal) -> Vec<(&str, String)> {
        fatal
            .diagnostics
            .iter()
            .map(|diagnostic| (diagnostic.code.id, diagnostic.location.to_string()))
            .collect()
    }

    #[test]
    fn headings_are_read_in_any_case_and_comments_are_skipped() {
        let figures = Figures::parse("figures.csv", GOOD.as_bytes()).unwrap();
        assert_eq!(figures.rows.len(), 2);
        let [premium, free] = figures.rows.as_slice() else { panic!() };
        assert_eq!((premium.line(), free.line()), (4, 6));
        assert_eq!(amount(&premium.sums[&Field::NET_REVENUE].0), "1234.5");
        assert_eq!(premium.sums[&Field::SUBSCRIBERS].1.to_string(), "figures.csv:4 cell 6 (subscribers)");
        assert!(!free.sums.contains_key(&Field::NET_REVENUE), "empty is absent");
        assert_eq!(amount(&free.sums[&Field::SUBSCRIBERS].0), "0", "zero is zero");
        assert_eq!(figures.periods().len(), 1);
    }

    #[test]
    fn separators_of_spreadsheets_are_recognised() {
        for separator in [";", "\t"] {
            let text = GOOD.replace(',', separator);
            assert_eq!(Figures::parse("f.csv", text.as_bytes()).unwrap().rows.len(), 2);
        }
    }

    #[test]
    fn toml_holds_the_same_figures() {
        let text = "[[figure]]\nperiod = \"2026-10\"\nterritory = \"GB\"\nplan = \"premium\"\nnet-revenue = \"1234.50\"\n\
                    subscribers = 1_000\n[[figure]]\nterritory = \"GB\"\nplan = \"free\"\nperiod = 2026-10-05\n";
        let figures = Figures::parse("figures.TOML", text.as_bytes()).unwrap();
        assert_eq!(amount(&figures.rows[0].sums[&Field::SUBSCRIBERS].0), "1000");
        assert_eq!(amount(&figures.rows[0].sums[&Field::NET_REVENUE].0), "1234.5");
        assert_eq!(figures.periods().len(), 2);
        let text = "[[figure]]\nterritory = \"GB\"\nnet-revenue = 12.50\nnetrevenue = 1\nplan = true\n";
        let fatal = Figures::parse("figures.toml", text.as_bytes()).unwrap_err();
        assert_eq!(fatal.diagnostics[0].advice(), "write `net-revenue = \"12.50\"`, which is exact");
        assert_eq!(fatal.diagnostics[1].advice(), "did you mean `net-revenue`?");
        assert_eq!(
            fatal.diagnostics.iter().filter_map(|diagnostic| diagnostic.location.line).collect::<Vec<_>>(),
            [3, 4, 5]
        );
    }

    #[test]
    fn wrong_cells_are_named_by_line_and_heading() {
        let head = "period,territory,plan,net-revenue,subscribers,exchange-rate,music-share,currency\n";
        for (row, code, place, help) in [
            ("2026-10,UK,a,1,,,,", "DEA0204", "f.csv:2 cell 2 (territory)", "GB"),
            ("2026-10,,a,1,,,,", "DEA0204", "f.csv:2", "GB"),
            ("2026-13,GB,a,1,,,,", "DEA0204", "f.csv:2 cell 1 (period)", "2026-Q4"),
            ("2026-10,GB,a,\"1,234.50\",,,,", "DEA0204", "f.csv:2 cell 4 (net-revenue)", "1234.50"),
            ("2026-10,GB,a,€5,,,,", "DEA0204", "f.csv:2 cell 4 (net-revenue)", "symbol"),
            ("2026-10,GB,a,1e5,,,,", "DEA0204", "f.csv:2 cell 4 (net-revenue)", "exponent"),
            ("2026-10,GB,a,,-1,,,", "DEA0204", "f.csv:2 cell 5 (subscribers)", "cell"),
            ("2026-10,GB,a,,,0,,", "DEA0204", "f.csv:2 cell 6 (exchange-rate)", "cell"),
            ("2026-10,GB,a,,,,100.01,", "DEA0204", "f.csv:2 cell 7 (music-share)", "cell"),
            ("2026-10,GB,a,,,,,€", "DEA0204", "f.csv:2 cell 8 (currency)", "`EUR`"),
            ("2026-10,GB,a,1", "DEA0207", "f.csv:2", "separators"),
            ("2026-10,GB,a,1,5,,,,,", "DEA0207", "f.csv:2", "decimal point"),
        ] {
            let fatal = Figures::parse("f.csv", format!("{head}{row}\n").as_bytes()).unwrap_err();
            assert_eq!(codes(&fatal), [(code, place.to_owned())], "{row}");
            assert!(fatal.diagnostics[0].advice().contains(help), "{row}: {}", fatal.diagnostics[0].advice());
        }
    }

    #[test]
    fn header_rows_are_checked() {
        for (head, code, help) in [
            ("territory,netrevenue", "DEA0202", "`net-revenue`"),
            ("territory,colour", "DEA0202", "`period`, `territory`"),
            ("plan,net-revenue", "DEA0203", "transpose init figures"),
            ("territory,Territory", "DEA0203", "header row"),
            ("", "DEA0203", "header row"),
            ("territory", "DEA0203", "one row for each territory"),
        ] {
            let fatal = Figures::parse("f.csv", format!("{head}\n").as_bytes()).unwrap_err();
            assert_eq!(fatal.diagnostics[0].code.id, code, "{head}");
            assert!(
                fatal.diagnostics[0].advice().contains(help),
                "{head}: {}",
                fatal.diagnostics[0].advice()
            );
        }
    }

    #[test]
    fn duplicate_and_overlapping_rows_are_refused() {
        for (rows, code, line) in [
            ("2026-10,GB,,a\n2026-10,gb,, a \n", "DEA0205", 3),
            ("2026-10,GB,,a\n2026-10-01--2026-10-31,GB,,a\n", "DEA0205", 3),
            ("2026-10,GB,,a\n2026-10,GB,,\n", "DEA0206", 3),
            (",GB,s,a\n2026-10,GB,,a\n", "DEA0206", 2),
        ] {
            let text = format!("period,territory,service,plan\n{rows}");
            let fatal = Figures::parse("f.csv", text.as_bytes()).unwrap_err();
            assert_eq!(
                (fatal.diagnostics[0].code.id, fatal.diagnostics[0].location.line),
                (code, Some(line)),
                "{rows}"
            );
        }
        let text =
            "period,territory,service,plan\n2026-10,GB,,a\n2026-11,GB,,a\n2026-10,FR,,\n2026-10,GB,s,b\n";
        assert!(Figures::parse("f.csv", text.as_bytes()).is_ok());
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_with_their_line() {
        let fatal = Figures::parse("f.csv", b"territory\nGB\n\xff\n").unwrap_err();
        assert_eq!(codes(&fatal), [("DEA0201", "f.csv:3".to_owned())]);
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Figures::parse("f.csv", &bytes);
            let _ = Figures::parse("f.toml", &bytes);
        }

        #[test]
        fn damaged_figures_never_panic(at in 0_usize..200, junk in "[\"\\n\\r#,;0-9.\u{feff}-]{0,8}") {
            let at = (0..=at.min(GOOD.len())).rev().find(|at| GOOD.is_char_boundary(*at)).unwrap_or(0);
            let _ = Figures::parse("f.csv", format!("{}{junk}{}", &GOOD[..at], &GOOD[at..]).as_bytes());
        }
    }
}
