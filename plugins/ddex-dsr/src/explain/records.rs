//! Record types: their versions, and one of them cell by cell.

use super::{age, cells, edition, kind, records, slot, topic_of, versions, wrapped};
use crate::tables;
use std::fmt::Write as _;
use transpose_records::spec::{CellSpec, RecordSpec, Status};

/// Explains a record, or a cell after a `/`.
pub(super) fn explain(topic: &str) -> Option<String> {
    let (name, cell) = topic.split_once('/').map_or((topic, None), |(name, cell)| (name, Some(cell)));
    let spec = find(name)?;
    match cell {
        None => Some(text(spec)),
        // A type alone represents whichever of its versions has the cell, the newest first.
        Some(cell) if !name.contains(['.', '@']) => {
            versions(spec.family()).into_iter().find_map(|spec| cells::of(spec, cell))
        }
        Some(cell) => cells::of(spec, cell),
    }
}

/// The record of a name: a version (`SU02.03`), or a type (`SU02`) for its newest version, each in
/// its newest generation or the one after `@`.
pub(super) fn find(name: &str) -> Option<&'static RecordSpec> {
    let (name, generation) = name.split_once('@').map_or((name, None), |(name, after)| (name, Some(after)));
    let known = |spec: &&RecordSpec| generation.is_none_or(|only| spec.generation.eq_ignore_ascii_case(only));
    let exact = records().filter(known).filter(|spec| spec.name.eq_ignore_ascii_case(name));
    let exact = exact.min_by_key(|spec| age(spec.generation));
    // The first versions have no number: their name is that of the type, which represents the
    // newest.
    if exact.is_some() && (name.contains('.') || generation.is_some()) {
        return exact;
    }
    versions(name).into_iter().find(known).or_else(|| {
        tables::is_deal_specific(name.to_ascii_uppercase().as_bytes()).then(|| find(tables::AGREED)).flatten()
    })
}

fn text(spec: &RecordSpec) -> String {
    let mut out = format!("{}  {}\n", spec.name, spec.title);
    let latest = if spec.latest { ", the latest known" } else { "" };
    let _ = writeln!(out, "definition: {} ({}){latest}", spec.generation, edition(spec.generation));
    out.push_str(&wrapped(format!("source: {}", spec.source.join("; ")).split(' '), 0));
    let _ = writeln!(out, "facts: {}", sureness(spec));
    if !spec.complete {
        let more = if spec.trailing.is_empty() {
            "its cells are not known".to_owned()
        } else {
            spec.trailing.join(", ")
        };
        let _ = writeln!(out, "the list of cells may go on: {more}");
    }
    let namesakes = namesakes(spec);
    if !namesakes.is_empty() {
        let _ = writeln!(out, "{namesakes}");
    }
    let _ = write!(out, "profiles:\n{}", wrapped(profiles(spec), 2));
    if !spec.notes.is_empty() {
        let _ = write!(out, "note: {}", wrapped(spec.notes.split(' '), 0));
    }
    list_versions(spec, &mut out);
    list_cells(spec, &mut out);
    list_changes(spec, &mut out);
    list_bases(spec, &mut out);
    out
}

/// How many of the cells are certain.
fn sureness(spec: &RecordSpec) -> String {
    let count = |status| spec.cells.iter().filter(|cell| cell.status == status).count();
    let counts = Status::ALL.map(|status| (status.name(), count(status)));
    if let Some((all, _)) = counts.iter().find(|(_, count)| *count == spec.cells.len()) {
        return (*all).to_owned();
    }
    let stated = counts.iter().filter(|(_, count)| *count > 0);
    stated.map(|(status, count)| format!("{count} {status}")).collect::<Vec<_>>().join(", ")
}

/// The same name in other generations, and whether it means the same.
fn namesakes(spec: &RecordSpec) -> String {
    let others = records().filter(|other| other.name == spec.name && other.generation != spec.generation);
    let stated = others.map(|other| {
        let relation = if same_cells(spec, other) { "the same cells" } else { "other cells" };
        format!("{} has {relation} in {}; see `{}`", spec.name, other.generation, topic_of(other))
    });
    stated.collect::<Vec<_>>().join("\n")
}

fn same_cells(a: &RecordSpec, b: &RecordSpec) -> bool {
    let equal = a.cells.iter().zip(b.cells).all(|(a, b)| {
        (a.name, a.kind, a.values, a.multi, a.obligation) == (b.name, b.kind, b.values, b.multi, b.obligation)
    });
    equal && a.cells.len() == b.cells.len()
}

/// The versions of profiles that use the record in this generation; where none does, what the facts
/// say.
fn profiles(spec: &RecordSpec) -> Vec<String> {
    let mut found = Vec::new();
    for profile in tables::profiles() {
        let mut binds = false;
        profile.structure.records(&mut |name| {
            let bound = tables::bound(name, profile);
            binds |=
                bound.is_some_and(|bound| (bound.name, bound.generation) == (spec.name, spec.generation));
        });
        if binds {
            found.push(format!("{} {}", profile.profile, profile.version));
        }
    }
    if found.is_empty() {
        found.extend(spec.profiles.iter().map(|&name| name.to_owned()));
    }
    let last = found.len().saturating_sub(1);
    found.iter_mut().take(last).for_each(|name| name.push(','));
    found
}

fn list_versions(shown: &RecordSpec, out: &mut String) {
    let versions: Vec<_> = versions(shown.family()).into_iter().map(|spec| (topic_of(spec), spec)).collect();
    let width = versions.iter().map(|(topic, _)| topic.len()).max().unwrap_or_default();
    out.push_str("versions:\n");
    for (topic, spec) in versions {
        let mark = if std::ptr::eq(spec, shown) { '>' } else { ' ' };
        let (generation, cells) = (spec.generation, spec.cells.len());
        let _ = writeln!(out, "{mark} {topic:width$}  {generation:9}  {cells:>2} cells  {}", sureness(spec));
    }
}

fn list_cells(spec: &RecordSpec, out: &mut String) {
    let names = spec.cells.iter().map(|cell| cell.name.len()).max().unwrap_or_default();
    let kinds = spec.cells.iter().map(|cell| kind(cell).len()).max().unwrap_or_default();
    let statuses = spec.cells.iter().map(|cell| cell.status.name().len()).max().unwrap_or_default();
    out.push_str("cells:\n");
    for cell in spec.cells {
        let _ = writeln!(
            out,
            "{:>3}  {:names$}  {}  {:kinds$}  {:statuses$}  {}",
            cell.number,
            cell.name,
            cell.obligation.letter(),
            kind(cell),
            cell.status.name(),
            slot(cell),
        );
        if !cell.condition.is_empty() {
            out.push_str(&wrapped(cell.condition.split(' '), 8));
        }
    }
}

/// What facts rest on where it is not the definition itself.
fn list_bases(spec: &RecordSpec, out: &mut String) {
    let based = spec.cells.iter().filter(|cell| !cell.basis.is_empty());
    list_by_text("basis of facts", based.map(|cell| (cell.number, cell.basis.to_owned())), out);
}

/// What single versions of profiles change.
fn list_changes(spec: &RecordSpec, out: &mut String) {
    let same = |other: &&RecordSpec| (other.name, other.generation) == (spec.name, spec.generation);
    for other in tables::records().iter().filter(same).filter(|other| !other.only.is_empty()) {
        let changes = spec.cells.iter().zip(other.cells).filter_map(|(own, other)| change(own, other));
        list_by_text(&format!("in {}", other.only), changes, out);
    }
}

/// How a cell differs from the one that the record has by itself.
fn change(own: &CellSpec, other: &CellSpec) -> Option<(u32, String)> {
    let mut stated = Vec::new();
    if own.name != other.name {
        stated.push(format!("named {}", other.name));
    }
    if kind(own) != kind(other) {
        stated.push(kind(other));
    }
    if own.obligation != other.obligation {
        stated.push(other.obligation.letter().to_string());
    }
    if own.condition != other.condition {
        stated.push(other.condition.to_owned());
    }
    (!stated.is_empty()).then(|| (own.number, stated.join(", ")))
}

/// Texts about cells under a title, each text once with the cells it holds for.
fn list_by_text(title: &str, stated: impl Iterator<Item = (u32, String)>, out: &mut String) {
    let mut texts: Vec<(String, Vec<u32>)> = Vec::new();
    for (number, text) in stated {
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, cells)) => cells.push(number),
            None => texts.push((text, vec![number])),
        }
    }
    if !texts.is_empty() {
        let _ = writeln!(out, "{title}:");
    }
    for (text, cells) in texts {
        let word = if cells.len() == 1 { "cell" } else { "cells" };
        out.push_str(&wrapped(format!("{word} {}: {text}", runs(&cells)).split(' '), 2));
    }
}

/// Rising numbers, with runs of three and more drawn together: `1, 3-6`.
fn runs(numbers: &[u32]) -> String {
    let mut out = String::new();
    for run in numbers.chunk_by(|a, b| a + 1 == *b) {
        let gap = if out.is_empty() { "" } else { ", " };
        let _ = match run {
            [first, .., last] if run.len() > 2 => write!(out, "{gap}{first}-{last}"),
            [first, last] => write!(out, "{gap}{first}, {last}"),
            _ => write!(out, "{gap}{}", run.first().copied().unwrap_or_default()),
        };
    }
    out
}
