//! Reads the rows of figures, and refuses rows whose keys are equal or overlap.

use super::{COLUMNS, Column, HEADINGS, Row};
use crate::toml::document::{Lines, Node};
use crate::toml::reader::{MISSPELT_KEY, Reader, WRONG_VALUE, nearest, without_errors};
use crate::toml::value::{self, ValueError};
use std::collections::BTreeMap;
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Date;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::model::{Field, Kind, Value};

transpose_core::codes! {
    /// The file is not a table of text.
    pub(crate) UNREADABLE: "DEA0201" "unreadable-figures" Error
        "The figures cannot be read as CSV in UTF-8."
        "Save the sheet as `CSV UTF-8`; a cell with a quote in it needs quotes around it."
    /// A heading that does not exist.
    pub(crate) UNKNOWN_HEADING: "DEA0202" "unknown-heading" Error
        "The figures have a column that does not exist. Unknown columns are refused because a misspelt one would silently be left out."
        "Correct the heading or remove the column; `transpose init figures` prints every heading."
    /// A column that must be there is not, or is there twice.
    pub(crate) WRONG_HEADINGS: "DEA0203" "wrong-headings" Error
        "The header row lacks the territory, or has a heading twice."
        "Correct the header row; `transpose init figures` prints a complete one."
    /// A cell that is not what its heading promises.
    pub(crate) WRONG_FIGURE: "DEA0204" "wrong-figure" Error
        "The cell is not in the notation that its column takes, or its value is impossible."
        "Correct the cell; leave it empty when there is no value."
    /// Two rows for the same key.
    pub(crate) DUPLICATE_ROW: "DEA0205" "duplicate-figures" Error
        "Two rows have the same period, territory, service and plan, so it is undecided which one holds."
        "Keep one of the rows, or add their amounts."
    /// Two rows that both hold for some plan.
    pub(crate) OVERLAPPING_ROWS: "DEA0206" "overlapping-figures" Error
        "A blank cell means any value, and another row gives figures for one of those: both would be counted."
        "Fill the blank cell of the key, or remove one of the rows."
    /// A row with more or fewer cells than the header row.
    pub(crate) RAGGED_ROW: "DEA0207" "ragged-figures" Error
        "The row has another number of cells than the header row, so it is unclear which cell is which."
        "Add or remove separators; a number with a comma in it needs a decimal point or quotes."
}

/// The rows of a file; the failure holds everything that is wrong with it.
pub(super) fn rows(name: &str, bytes: &[u8]) -> Result<Vec<Row>, Fatal> {
    let lines = Lines::new(name, "");
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
        let place = Lines::new(name, &String::from_utf8_lossy(valid)).place(error.valid_up_to());
        Fatal::usage(Diagnostic::new(&UNREADABLE, place, "the file is not UTF-8"))
    })?;
    let is_toml =
        name.len() >= 5 && name.get(name.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(".toml"));
    let mut collector = Collector { rows: Vec::new(), diagnostics: Vec::new() };
    if is_toml {
        read_toml(name, text, &mut collector)?;
    } else {
        read_csv(name, text, &mut collector);
    }
    if collector.rows.is_empty() && collector.diagnostics.is_empty() {
        let help = "add one row for each territory and plan; `transpose init figures` prints an example";
        let diagnostic =
            Diagnostic::new(&WRONG_HEADINGS, lines.whole(), "the figures have no rows").help(help);
        collector.diagnostics.push(diagnostic);
    }
    collector.compare_keys();
    without_errors(collector.diagnostics)?;
    Ok(collector.rows)
}

/// A cell, its column and its place.
struct Cell {
    column: Column,
    heading: &'static str,
    text: String,
    place: Location,
}

struct Collector {
    rows: Vec<Row>,
    diagnostics: Vec<Diagnostic>,
}

impl Collector {
    fn row(&mut self, place: &Location, cells: Vec<Cell>) {
        let mut row = Row {
            place: place.clone(),
            period: None,
            territory: Value::from(""),
            service: None,
            plan: None,
            currency: None,
            narrow: Vec::new(),
            sums: BTreeMap::new(),
            facts: BTreeMap::new(),
            deal: BTreeMap::new(),
        };
        let before = self.diagnostics.len();
        for cell in cells {
            let text = cell.text.trim();
            if text.is_empty() {
                continue;
            }
            if let Err(error) = fill(&mut row, &cell, text) {
                self.diagnostics.push(error.diagnostic(&WRONG_FIGURE, cell.place, cell.heading, text));
            }
        }
        if self.diagnostics.len() == before {
            if row.territory.first().is_empty() {
                let help = "write an ISO 3166-1 code of two letters, such as `GB`";
                let diagnostic =
                    Diagnostic::new(&WRONG_FIGURE, place.clone(), "`territory` is empty").help(help);
                self.diagnostics.push(diagnostic);
                return;
            }
            self.rows.push(row);
        }
    }

    /// Refuses rows with the same key, and rows whose blanks cover another row.
    fn compare_keys(&mut self) {
        let mut keys: BTreeMap<_, u64> = BTreeMap::new();
        let mut duplicates = Vec::new();
        for row in &self.rows {
            let period = row.period.map(|period| (period.first(), period.last()));
            let key = (period, &row.territory, row.texts());
            if let Some(line) = keys.get(&key) {
                let message = format!("the row repeats the key of line {line}: {}", row.key());
                duplicates.push(Diagnostic::new(&DUPLICATE_ROW, row.place.clone(), message));
            } else {
                keys.insert(key, row.line());
            }
        }
        let mut territories: BTreeMap<&Value, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            territories.entry(&row.territory).or_default().push(row);
        }
        for rows in territories.values() {
            let mut masks: Vec<u8> = rows.iter().map(|row| mask(&parts(row))).collect();
            masks.sort_unstable();
            masks.dedup();
            // For each mask and each part of it: the first row with the values of that part.
            let mut first: BTreeMap<(u8, u8), BTreeMap<KeyParts<'_>, usize>> = BTreeMap::new();
            for wide in rows {
                let own = parts(wide);
                let own_mask = mask(&own);
                // A row is wider than those that have a value where it has none.
                let narrower = masks.iter().filter(|other| **other & !own_mask != 0);
                let overlapping = narrower.filter_map(|other| {
                    let common = own_mask & other;
                    let by_values = first.entry((*other, common)).or_insert_with(|| {
                        let mut by_values = BTreeMap::new();
                        for (place, row) in rows.iter().enumerate() {
                            let row = parts(row);
                            if mask(&row) == *other {
                                by_values.entry(only(row, common)).or_insert(place);
                            }
                        }
                        by_values
                    });
                    by_values.get(&only(own, common)).copied()
                });
                if let Some(other) = overlapping.min().and_then(|place| rows.get(place)) {
                    let message =
                        format!("the row also covers {}, which line {} is about", other.key(), other.line());
                    duplicates.push(Diagnostic::new(&OVERLAPPING_ROWS, wide.place.clone(), message));
                }
            }
        }
        self.diagnostics.extend(duplicates);
    }
}

/// The parts of a key that may be blank: the days of the period, and texts.
type KeyParts<'a> = (Option<(Date, Date)>, [Option<&'a Value>; 4]);

fn parts(row: &Row) -> KeyParts<'_> {
    (row.period.map(|period| (period.first(), period.last())), row.texts())
}

/// Which parts are not blank, a bit for each.
fn mask((period, texts): &KeyParts<'_>) -> u8 {
    let bits = std::iter::once(period.is_some()).chain(texts.iter().map(Option::is_some));
    bits.enumerate().map(|(place, is_there)| u8::from(is_there) << place).sum()
}

/// The parts of a mask, and the others blank.
fn only((period, texts): KeyParts<'_>, mask: u8) -> KeyParts<'_> {
    let mut place = 0;
    let texts = texts.map(|text| {
        place += 1;
        text.filter(|_| mask >> place & 1 == 1)
    });
    (period.filter(|_| mask & 1 == 1), texts)
}

fn fill(row: &mut Row, cell: &Cell, text: &str) -> Result<(), ValueError> {
    match cell.column {
        Column::Period => row.period = Some(value::period(text)?),
        Column::Territory => row.territory = Value::from(value::territory(text)?.code()),
        Column::Service => row.service = Some(Value::from(text)),
        Column::Plan => row.plan = Some(Value::from(text)),
        Column::Currency => row.currency = Some((value::currency(text)?, cell.place.clone())),
        Column::Narrow(field) => row.narrow.push((field, Value::from(value::canonical(field.kind(), text)?))),
        Column::Sum(field) => {
            let amount = value::decimal(text)?;
            possible(field, amount)?;
            row.sums.insert(field, (amount, cell.place.clone()));
        }
        Column::Same(field) => {
            let fact = value::canonical(field.kind(), text)?;
            if field.kind() == Kind::Decimal {
                possible(field, value::decimal(&fact)?)?;
            }
            row.facts.insert(field, (fact, cell.place.clone()));
        }
        Column::Deal(figure) => {
            let number = value::decimal(text)?;
            if number < Decimal::ZERO {
                return Err(ValueError::new("it cannot be negative"));
            }
            row.deal.insert(figure, (number, cell.place.clone()));
        }
    }
    Ok(())
}

/// Refuses amounts that cannot be: fewer than no subscribers, a share above 100, a rate of zero.
fn possible(field: Field, amount: Decimal) -> Result<(), ValueError> {
    let negative = amount < Decimal::ZERO;
    let message = match field {
        Field::SUBSCRIBERS
        | Field::USERS
        | Field::TRIAL_SUBSCRIBERS
        | Field::TOTAL_USAGES
        | Field::TUNING_HOURS
        | Field::UNIT_PRICE
            if negative =>
        {
            "it cannot be negative"
        }
        Field::EXCHANGE_RATE if amount <= Decimal::ZERO => "a rate is greater than zero",
        Field::MUSIC_SHARE if negative || amount > Decimal::ONE_HUNDRED => "a share is between 0 and 100",
        _ => return Ok(()),
    };
    Err(ValueError::new(message))
}

fn column(heading: &str) -> Option<(&'static str, Column)> {
    let plain = heading.trim().to_lowercase();
    let words: Vec<&str> =
        plain.split(|c: char| c == '_' || c == '-' || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    let plain = words.join("-");
    COLUMNS.iter().find(|(known, _)| *known == plain).copied()
}

fn read_csv(name: &str, text: &str, collector: &mut Collector) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(name, text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(text))
        .comment(Some(b'#'))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Option<(&'static str, Column)>>> = None;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let place = error.position().map_or_else(
                    || lines.whole(),
                    |position| lines.place(usize::try_from(position.byte()).unwrap_or_default()),
                );
                collector.diagnostics.push(Diagnostic::new(
                    &UNREADABLE,
                    place,
                    "the row cannot be read as CSV",
                ));
                return;
            }
        };
        let start =
            record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or_default());
        // A position may lie before empty lines and comments that are skipped.
        let place = lines.place(content_start(text, start));
        let Some(columns) = &columns else {
            columns = Some(header(&record, &place, &mut collector.diagnostics));
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != columns.len() {
            let message = format!("the row has {} cells, the header row has {}", record.len(), columns.len());
            collector.diagnostics.push(Diagnostic::new(&RAGGED_ROW, place, message));
            continue;
        }
        let cells = columns.iter().zip(record.iter()).enumerate().filter_map(|(index, (column, text))| {
            let (heading, column) = (*column)?;
            let place = place.clone().cell(index as u32 + 1, heading);
            Some(Cell { column, heading, text: text.to_owned(), place })
        });
        collector.row(&place, cells.collect());
    }
    if columns.is_none() {
        let message = "the figures have no header row";
        collector.diagnostics.push(Diagnostic::new(&WRONG_HEADINGS, lines.whole(), message));
    }
}

/// The first byte at or after a position that belongs to a row.
fn content_start(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..) {
        if rest.starts_with(['\r', '\n']) {
            at += 1;
        } else if rest.starts_with('#') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            break;
        }
    }
    at
}

/// The separator of the header row: the one of comma, semicolon and tab that is there most often.
fn separator(text: &str) -> u8 {
    let header =
        text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for candidate in [b';', b'\t'] {
        if count(candidate) > count(best) {
            best = candidate;
        }
    }
    best
}

fn header(
    record: &csv::StringRecord,
    place: &Location,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Option<(&'static str, Column)>> {
    let columns: Vec<_> = record.iter().map(column).collect();
    let mut seen: Vec<Column> = Vec::new();
    for (index, (heading, known)) in record.iter().zip(&columns).enumerate() {
        let name = shown(heading.trim().as_bytes());
        let cell = place.clone().cell(index as u32 + 1, &name);
        let is_repeated = known.is_some_and(|(_, column)| seen.contains(&column));
        seen.extend(known.map(|(_, column)| column).filter(|_| !is_repeated));
        if known.is_none() {
            let help = nearest(heading.trim(), &HEADINGS).map_or_else(
                || format!("the headings are `{}`", HEADINGS.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("unknown heading `{name}`");
            diagnostics.push(Diagnostic::new(&UNKNOWN_HEADING, cell, message).help(help));
        } else if is_repeated {
            let message = format!("the heading `{name}` appears twice");
            diagnostics.push(Diagnostic::new(&WRONG_HEADINGS, cell, message));
        }
    }
    let has_territory = columns.iter().flatten().any(|(_, column)| *column == Column::Territory);
    if !has_territory {
        let message = "the header row has no `territory`";
        diagnostics.push(Diagnostic::new(&WRONG_HEADINGS, place.clone(), message));
    }
    columns
}

fn read_toml(name: &str, text: &str, collector: &mut Collector) -> Result<(), Fatal> {
    let (mut reader, root) = Reader::open(name, text)?;
    reader.only(&root, &["figure"]);
    for table in reader.tables(&root, "figure") {
        let mut cells = Vec::new();
        for entry in &table.entries {
            let Some((heading, column)) = column(&entry.key) else {
                let place = reader.lines.place(entry.at);
                let help = nearest(&entry.key, &HEADINGS).map_or_else(
                    || format!("the keys here are `{}`", HEADINGS.join("`, `")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("unknown key `{}` in {}", entry.key, table.name);
                reader.diagnostics.push(Diagnostic::new(&MISSPELT_KEY, place, message).help(help));
                continue;
            };
            let text = match &entry.node {
                Node::Text(text) | Node::Integer(text) | Node::Time(text) => text.clone(),
                Node::Float(number) => {
                    let message = format!("`{}` is a binary fraction", entry.key);
                    let help = format!("write `{} = \"{number}\"`, which is exact", entry.key);
                    reader.advise(&WRONG_VALUE, entry.at, message, help);
                    continue;
                }
                other => {
                    reader.wrong(entry.at, &entry.key, other, "text in quotes or a whole number");
                    continue;
                }
            };
            cells.push(Cell { column, heading, text, place: reader.lines.place(entry.at) });
        }
        let place = reader.lines.place(table.at);
        collector.row(&place, cells);
    }
    collector.diagnostics.append(&mut reader.diagnostics);
    Ok(())
}
