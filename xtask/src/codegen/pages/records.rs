//! A page for each record type: its versions, each cell by cell.

use super::super::meanings::Slot;
use super::changes;
use super::facts::{Cell, Facts, Profile, Record};
use super::markdown::{anchor, code, head, plain, row, runs};
use std::fmt::Write as _;

/// The page of a record type.
pub(super) fn page(facts: &Facts, family: &str) -> String {
    let versions = facts.versions(family);
    let title = versions.first().map(|record| plain(&record.title)).unwrap_or_default();
    let mut out = format!("# {family}: {title}\n\n");
    out.push_str("What the columns mean is said in [the overview](../README.md#how-to-read-the-pages).\n\n");
    head(&mut out, &["version", "definition", "cells", "facts", "used by"]);
    for record in &versions {
        let count = format!("{}{}", record.cells.len(), if record.complete { "" } else { " or more" });
        let name = format!("[{}](#{})", record.name, anchor(&record.heading()));
        row(&mut out, &[&name, &record.generation, &count, &record.sureness(), &users(facts, record)]);
    }
    for (at, record) in versions.iter().enumerate() {
        section(facts, record, &mut out);
        if let Some(before) = versions.get(at + 1) {
            changed(before, record, &mut out);
        }
    }
    out
}

/// The profiles that bind a record; where none does, those that are said to.
fn users(facts: &Facts, record: &Record) -> String {
    let users: Vec<String> = facts.users(record).into_iter().map(Profile::link).collect();
    if users.is_empty() {
        record.profiles.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ")
    } else {
        users.join(", ")
    }
}

fn section(facts: &Facts, record: &Record, out: &mut String) {
    let _ = write!(out, "\n## {}\n\n", record.heading());
    if record.latest {
        out.push_str("The latest known version.\n\n");
    }
    let source: Vec<String> = record.source.iter().map(|source| plain(source)).collect();
    let _ = write!(out, "Source: {}.\n\n", source.join("; "));
    if !record.notes.is_empty() {
        let _ = write!(out, "Note: {}\n\n", plain(&record.notes));
    }
    if !record.complete {
        let more: Vec<String> = record.trailing.iter().map(|name| code(name)).collect();
        let more =
            if more.is_empty() { "not known".to_owned() } else { format!("perhaps {}", more.join(", ")) };
        let _ = write!(out, "More cells may follow: {more}.\n\n");
    }
    head(out, &["no.", "cell", "type", "several", "M/O/C", "condition", "field", "facts"]);
    for cell in &record.cells {
        let several = if cell.multi { "yes" } else { "" };
        row(
            out,
            &[
                &cell.number.to_string(),
                &code(&cell.name),
                &kind(facts, cell),
                several,
                &cell.obligation,
                &plain(&cell.condition),
                &field(cell),
                &cell.status,
            ],
        );
    }
    let based = record.cells.iter().filter(|cell| !cell.basis.is_empty());
    by_text(
        "What facts rest on where it is not the definition itself:",
        based.map(|cell| (cell.number, plain(&cell.basis))),
        out,
    );
    for change in &record.overrides {
        by_text(&format!("In {}:", change.profile), change.cells.iter().cloned(), out);
    }
}

/// The type of a cell with its set and its form.
fn kind(facts: &Facts, cell: &Cell) -> String {
    let mut out = cell.kind.clone();
    if let Some(set) = facts.set(&cell.set) {
        let _ = write!(out, " [{}](../allowed-values.md#{})", set.name, anchor(&set.name));
    }
    if !cell.pattern.is_empty() {
        let _ = write!(out, " {}", code(&cell.pattern));
    }
    out
}

fn field(cell: &Cell) -> String {
    match &cell.slot {
        Slot::Field(id) => code(id),
        Slot::Extra(name) if *name == cell.name => "extra".to_owned(),
        Slot::Extra(name) => format!("extra {}", code(name)),
        Slot::Structure => "structure".to_owned(),
    }
}

/// Texts about cells under a title, each once with the cells it holds for.
fn by_text(title: &str, stated: impl Iterator<Item = (u64, String)>, out: &mut String) {
    let mut texts: Vec<(String, Vec<u64>)> = Vec::new();
    for (number, text) in stated {
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, cells)) => cells.push(number),
            None => texts.push((text, vec![number])),
        }
    }
    if !texts.is_empty() {
        let _ = write!(out, "\n{title}\n\n");
    }
    for (text, cells) in texts {
        let word = if cells.len() == 1 { "cell" } else { "cells" };
        let _ = writeln!(out, "- {word} {}: {text}", runs(&cells));
    }
}

fn changed(old: &Record, new: &Record, out: &mut String) {
    let changes = changes::between(old, new);
    let before = format!("[{}](#{})", old.heading(), anchor(&old.heading()));
    if changes.is_empty() {
        let _ = write!(out, "\nThe cells are those of {before}.\n");
        return;
    }
    let _ = write!(out, "\nWhat changed since {before}:\n\n");
    for change in changes {
        let _ = writeln!(out, "- {change}");
    }
}
