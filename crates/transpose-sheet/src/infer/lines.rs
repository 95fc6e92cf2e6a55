//! Preface and trailer lines: labels with values, totals that are proven.

use crate::infer::choose::notation;
use crate::infer::dates::{DateReading, Dates, Notation, Precision};
use crate::infer::facts::Facts;
use crate::infer::numbers::value;
use crate::infer::render::{Key, inline, style};
use crate::infer::words::Words;
use crate::infer::{SampleAnalysis, UNCLEAR_DATES, UNPROVEN_TOTAL};
use std::fmt::Write as _;
use transpose_codes::{Currency, Decimal, decimal};
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::format::Grain;
use transpose_core::model::{Field, Group, Kind};

/// The most sums that are tried for a total.
const SUMS: usize = 24;

/// A line of the layout: its cells, each as keys, and what is said about it.
pub(super) struct Line {
    pub(super) cells: Vec<Vec<Key>>,
    pub(super) comment: Option<String>,
}

/// How a single text is written as a date.
pub(super) fn written(text: &str) -> Option<DateReading> {
    let mut dates = Dates::default();
    dates.see(text);
    dates.written(1)
}

/// The preface lines, the fields that they hold, and what has to be looked at.
pub(super) fn preface(found: &SampleAnalysis<'_>, words: &Words) -> (Vec<Line>, Vec<Field>, Vec<Diagnostic>) {
    let (mut lines, mut fields, mut diagnostics) = (Vec::new(), Vec::new(), Vec::new());
    for row in &found.frame.preface {
        let texts: Vec<String> =
            (0..found.grid.filled_width(*row)).map(|column| found.grid.whole(*row, column)).collect();
        let mut cells: Vec<Vec<Key>> = Vec::new();
        let mut comment = None;
        let count = texts.len();
        let mut texts = texts.iter().peekable();
        while let Some(label) = texts.next() {
            let value = texts.peek().map_or("", |text| text.as_str());
            match labelled(found, words, label, value, &fields) {
                Some(Ok((field, keys))) => {
                    cells.push(vec![Key::text("text", label)]);
                    cells.push(keys);
                    fields.push(field);
                    comment = Some("likely: the label is known".to_owned());
                    texts.next();
                }
                Some(Err((one, two))) => {
                    let message = format!("the date `{value}` after `{label}` may be {} or {}", one.0, two.0);
                    diagnostics.push(found.diagnostic(&UNCLEAR_DATES, Some(*row), message));
                    comment = Some(format!(
                        "CHECK: `{value}` is {} or {}; choose one for the second cell",
                        one.0, two.0
                    ));
                    cells.push(vec![Key::text("text", label)]);
                    cells.push(Vec::new());
                    texts.next();
                }
                // A label that no one knows is a text all the same, where one value is behind it.
                None if cells.is_empty() && count == 2 && !label.is_empty() => {
                    comment = Some(format!("here: {}", shown(value)));
                    cells.push(vec![Key::text("text", label)]);
                    cells.push(Vec::new());
                    texts.next();
                }
                None => {
                    comment.get_or_insert_with(|| format!("here: {}", shown(label)));
                    cells.push(Vec::new());
                }
            }
        }
        lines.push(Line { cells, comment });
    }
    (lines, fields, diagnostics)
}

/// The field of a value that is after a label, with the keys of its cell.
fn labelled(
    found: &SampleAnalysis<'_>,
    words: &Words,
    label: &str,
    value: &str,
    taken: &[Field],
) -> Option<Result<(Field, Vec<Key>), (Notation, Notation)>> {
    if value.is_empty() || found.grain != Grain::Aggregate {
        return None;
    }
    let fields = words.fields(label.trim_end_matches([':', '=']), Grain::Aggregate);
    for (field, _) in fields {
        let whole = matches!(field.group(), Group::Header | Group::Context);
        if !whole || taken.contains(&field) || found.column_of(field).is_some() {
            continue;
        }
        let mut keys = vec![Key::text("field", field.id())];
        match field.kind() {
            Kind::Currency if Currency::parse(value).is_ok() => {}
            Kind::Text => {}
            Kind::Date => match notation(written(value)?, &found.notations) {
                Ok(found) => keys.extend(dated(found)),
                Err(unclear) => return Some(Err(unclear)),
            },
            _ => continue,
        }
        return Some(Ok((field, keys)));
    }
    None
}

/// The keys of a date that is written so.
pub(super) fn dated((format, precision): Notation) -> Vec<Key> {
    let format = Key::text("format", format);
    match precision {
        Precision::Month => vec![Key::text("kind", "month"), format],
        _ if format.value == "\"%Y-%m-%d\"" => Vec::new(),
        _ => vec![format],
    }
}

/// The trailer lines, and what has to be looked at.
pub(super) fn trailer(found: &SampleAnalysis<'_>, words: &Words) -> (Vec<Line>, Vec<Diagnostic>) {
    let (mut lines, mut diagnostics) = (Vec::new(), Vec::new());
    for row in &found.frame.trailer {
        let width = found.grid.filled_width(*row);
        let label = found.grid.whole(*row, 0);
        if width > 0 && label.is_empty() {
            let message =
                "a line after the rows does not begin with a word, and a layout cannot know it".to_owned();
            diagnostics.push(found.diagnostic(&UNPROVEN_TOTAL, Some(*row), message));
            continue;
        }
        let mut cells = Vec::new();
        let mut comments = Vec::new();
        for column in 0..width {
            let text = found.grid.whole(*row, column);
            let number = value(&text, comma(found));
            match number {
                _ if text.is_empty() => cells.push(Vec::new()),
                Some(number) if column > 0 => {
                    let place = (found.grid.width(*row) == found.frame.width).then_some(column);
                    if let Some((keys, proof)) = total(found, words, &label, number, place) {
                        cells.push(keys);
                        comments.push(proof);
                    } else {
                        cells.push(Vec::new());
                        let message = format!(
                            "`{}` after `{}` is neither the number of rows nor the sum of a column",
                            shown(&text),
                            shown(&label)
                        );
                        comments.push(format!("CHECK: {message}"));
                        diagnostics.push(found.diagnostic(&UNPROVEN_TOTAL, Some(*row), message));
                    }
                }
                _ => cells.push(vec![Key::text("text", &text)]),
            }
        }
        lines.push(Line { cells, comment: (!comments.is_empty()).then(|| comments.join("; ")) });
    }
    (lines, diagnostics)
}

/// Whether decimals follow a comma in the amounts of the sample.
fn comma(found: &SampleAnalysis<'_>) -> bool {
    found.facts.iter().any(|facts| facts.measures() && facts.comma())
}

/// What a total is: the number of rows, or the sum of a field; with what proves it.
fn total(
    found: &SampleAnalysis<'_>,
    words: &Words,
    label: &str,
    number: Decimal,
    place: Option<usize>,
) -> Option<(Vec<Key>, String)> {
    let rows = found.frame.rows.clone().filter(|row| found.grid.filled(*row) > 0).count();
    let counts = || {
        (number == Decimal::from(rows as u64))
            .then(|| (vec![Key::text("count", "rows")], format!("certain: there are {rows} rows")))
    };
    if words.counts_rows(label)
        && let Some(count) = counts()
    {
        return Some(count);
    }
    let meant =
        words.fields(label, Grain::Aggregate).into_iter().filter_map(|(field, _)| found.column_of(field));
    let usual = [Field::AMOUNT, Field::QUANTITY, Field::GROSS_AMOUNT]
        .into_iter()
        .filter_map(|field| found.column_of(field));
    let mut columns: Vec<usize> = Vec::new();
    for column in place.into_iter().chain(meant).chain(usual).chain(0..found.frame.width) {
        if !columns.contains(&column) && columns.len() < SUMS {
            columns.push(column);
        }
    }
    for column in columns {
        let (Some(facts), Some(Some(choice))) = (found.facts.get(column), found.choices.get(column)) else {
            continue;
        };
        if !facts.measures() || sum(found, column, facts) != Some(number) {
            continue;
        }
        let mut keys = vec![Key::text("sum", choice.field.id())];
        // A total often has other decimals than the cells.
        keys.extend(
            style(found, column, choice.field)
                .into_iter()
                .filter(|key| matches!(key.name, "decimals" | "leading-zero" | "grouping" | "sign")),
        );
        return Some((
            keys,
            format!("certain: {} adds up to {}", found.called(column), decimal::to_text(&number)),
        ));
    }
    counts()
}

/// The exact sum of a column.
fn sum(found: &SampleAnalysis<'_>, column: usize, facts: &Facts) -> Option<Decimal> {
    let comma = facts.comma();
    let cells =
        found.frame.rows.clone().map(|row| found.grid.text(row, column)).filter(|text| !text.is_empty());
    let mut sum = ExactSum::default();
    for text in cells {
        sum.add_decimal(value(&text, comma)?);
    }
    sum.total()
}

/// A bounded text in one line.
pub(super) fn shown(text: &str) -> String {
    transpose_core::diagnostics::shown(text.as_bytes())
}

/// A comment without anything that would end it.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Lines as TOML.
pub(super) fn render(name: &str, lines: &[Line], out: &mut String) {
    for line in lines {
        let cells: Vec<String> = line.cells.iter().map(|keys| inline(keys)).collect();
        let comment =
            line.comment.as_ref().map_or(String::new(), |comment| format!("  # {}", one_line(comment)));
        let _ = write!(out, "\n[[{name}]]\ncells = [{}]{comment}\n", cells.join(", "));
    }
}
