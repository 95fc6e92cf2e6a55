//! Sets of allowed values, and single values.

use super::{families, topic_of, wrapped};
use crate::tables;
use std::fmt::Write as _;
use transpose_records::spec::AllowedValues;

/// A set with more values than this lists them in rows.
const LONG: usize = 100;

/// Explains a set by its name, or by the name that records use for it.
pub(super) fn set(topic: &str) -> Option<String> {
    let by_name = || tables::sets().iter().find(|set| set.name.eq_ignore_ascii_case(topic));
    tables::set(topic).or_else(by_name).map(text)
}

/// Explains an allowed value: the sets that have it.
pub(super) fn value(topic: &str) -> Option<String> {
    let mut out = String::new();
    for set in tables::sets() {
        for value in set.values.iter().filter(|value| value.eq_ignore_ascii_case(topic)) {
            let _ = writeln!(out, "  {}", marked(set, value, set.name));
        }
    }
    let mut spellings: Vec<&str> = Vec::new();
    let values = tables::sets().iter().flat_map(|set| set.values);
    for value in values.filter(|value| value.eq_ignore_ascii_case(topic)) {
        if !spellings.contains(value) {
            spellings.push(value);
        }
    }
    (!spellings.is_empty()).then(|| format!("{}  an allowed value of\n{out}", spellings.join(", ")))
}

/// A text about a value, with a mark where the value is deprecated.
fn marked(set: &AllowedValues, value: &str, text: &str) -> String {
    let mark = if set.deprecated.contains(&value) { "  (deprecated)" } else { "" };
    format!("{text}{mark}")
}

fn text(set: &AllowedValues) -> String {
    let mut out = format!("{}  {} values\n", set.name, set.values.len());
    let _ = writeln!(out, "status: {}\nsource: {}", set.status.name(), set.source);
    if set.values.len() > LONG {
        let current = set.values.iter().filter(|value| !set.deprecated.contains(value));
        let _ = write!(out, "values:\n{}", wrapped(current, 2));
        if !set.deprecated.is_empty() {
            let _ = writeln!(out, "deprecated: {}", set.deprecated.join(", "));
        }
    } else {
        out.push_str("values:\n");
        for value in set.values {
            let _ = writeln!(out, "  {}", marked(set, value, value));
        }
    }
    let users = users(set);
    if !users.is_empty() {
        let _ = write!(out, "used by:\n{}", wrapped(users, 2));
    }
    out
}

/// The cells that take values of a set, in the newest version of each record type.
fn users(set: &AllowedValues) -> Vec<String> {
    let newest = families().into_iter().filter_map(|versions| versions.into_iter().next());
    let cells = newest.flat_map(|spec| spec.cells.iter().map(move |cell| (spec, cell)));
    let takes = |name: &str| tables::set(name).is_some_and(|found| std::ptr::eq(found, set));
    cells
        .filter(|(_, cell)| !cell.values.is_empty() && takes(cell.values))
        .map(|(spec, cell)| format!("{}/{}", topic_of(spec), cell.number))
        .collect()
}
