//! What `transpose explain` tells about record types, cells, value sets and profiles.

use crate::tables;
use std::fmt::Write as _;
use transpose_records::spec::{AllowedValues, CellSlot, CellSpec, ProfileSpec, RecordSpec, family};

/// Explains `SU02.03`, `SU02.03/8`, `SU02` (its newest version), a set of allowed values, or a profile.
pub(crate) fn explain(topic: &str) -> Option<String> {
    let topic = topic.trim();
    let (name, cell) = topic.split_once('/').map_or((topic, None), |(name, cell)| (name, Some(cell)));
    if let Some(spec) = find(name) {
        return match cell {
            None => Some(record(spec)),
            Some(number) => {
                let number: u32 = number.parse().ok()?;
                spec.cells.iter().find(|cell| cell.number == number).map(|cell| detail(spec, cell))
            }
        };
    }
    let set =
        tables::set(topic).or_else(|| tables::sets().iter().find(|set| set.name.eq_ignore_ascii_case(topic)));
    if let Some(set) = set {
        return Some(values(set));
    }
    let profiles: Vec<_> =
        tables::profiles().iter().filter(|known| known.profile.eq_ignore_ascii_case(topic)).collect();
    (!profiles.is_empty()).then(|| profiles.into_iter().map(profile).collect::<Vec<_>>().join("\n"))
}

/// The record with that very name in its newest generation, or the newest version of a family.
fn find(name: &str) -> Option<&'static RecordSpec> {
    let name = name.to_ascii_uppercase();
    let rank =
        |spec: &RecordSpec| tables::GENERATIONS.iter().position(|generation| *generation == spec.generation);
    let exact = tables::records()
        .iter()
        .filter(|spec| spec.name.eq_ignore_ascii_case(&name))
        .min_by_key(|spec| rank(spec));
    if name.contains('.') {
        return exact;
    }
    let kin = tables::records().iter().filter(|spec| family(spec.name).eq_ignore_ascii_case(&name));
    kin.min_by(|a, b| rank(a).cmp(&rank(b)).then(b.name.cmp(a.name))).or(exact)
}

fn record(spec: &RecordSpec) -> String {
    let mut out = format!("{}  {}\n", spec.name, spec.title);
    let versions: Vec<String> = tables::records()
        .iter()
        .filter(|known| known.family() == spec.family())
        .map(|known| format!("{} ({})", known.name, known.generation))
        .collect();
    let _ = writeln!(
        out,
        "definition: {}{}",
        spec.generation,
        if spec.latest { ", the latest known" } else { "" }
    );
    let _ = writeln!(out, "versions: {}", versions.join(", "));
    let _ = writeln!(out, "profiles: {}", spec.profiles.join(", "));
    if !spec.complete {
        let _ = writeln!(out, "the list of cells may go on: {}", spec.trailing.join(", "));
    }
    if !spec.notes.is_empty() {
        let _ = writeln!(out, "note: {}", spec.notes);
    }
    let width = spec.cells.iter().map(|cell| cell.name.len()).max().unwrap_or_default();
    for cell in spec.cells {
        let _ = writeln!(
            out,
            "{:>3}  {:width$}  {}  {}{}  {}",
            cell.number,
            cell.name,
            cell.obligation.letter(),
            kind(cell),
            if cell.multi { ", several" } else { "" },
            slot(cell),
        );
    }
    out
}

fn detail(spec: &RecordSpec, cell: &CellSpec) -> String {
    let mut out = format!("{}/{}  {}\n", spec.name, cell.number, cell.name);
    let _ = writeln!(out, "record: {}, definition {}", spec.title, spec.generation);
    let _ = writeln!(out, "type: {}{}", kind(cell), if cell.multi { ", several values" } else { "" });
    let condition = if cell.condition.is_empty() { String::new() } else { format!(": {}", cell.condition) };
    let _ = writeln!(out, "obligation: {}{condition}", cell.obligation.letter());
    let basis = if cell.basis.is_empty() { String::new() } else { format!(" ({})", cell.basis) };
    let _ = writeln!(out, "status: {}{basis}", cell.status.name());
    let _ = writeln!(out, "field: {}", slot(cell));
    out
}

fn kind(cell: &CellSpec) -> String {
    if cell.values.is_empty() {
        cell.kind.name().to_owned()
    } else {
        format!("{} of {}", cell.kind.name(), cell.values)
    }
}

fn slot(cell: &CellSpec) -> &'static str {
    match cell.slot {
        CellSlot::Field(field) => field.id(),
        CellSlot::Extra(_) => "(kept for this family)",
        CellSlot::Structure => "(structure)",
    }
}

fn values(set: &AllowedValues) -> String {
    let mut out =
        format!("{}  {} values, {}\nsource: {}\n", set.name, set.values.len(), set.status.name(), set.source);
    for value in set.values {
        let deprecated = if set.deprecated.contains(value) { "  (deprecated)" } else { "" };
        let _ = writeln!(out, "  {value}{deprecated}");
    }
    out
}

fn profile(spec: &ProfileSpec) -> String {
    let mut out = format!(
        "{} {}  {}, {}, definition {}\n",
        spec.profile,
        spec.version,
        spec.variant,
        spec.status.name(),
        spec.generation
    );
    let mut records = Vec::new();
    spec.structure.records(&mut |name| {
        if !records.contains(&name) {
            records.push(name);
        }
    });
    let _ = writeln!(out, "records: {}", records.join(", "));
    let _ = writeln!(out, "message version: {}", spec.message_version);
    for rule in spec.rules {
        let _ = writeln!(out, "  - {rule}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_records_cells_sets_and_profiles() {
        for (topic, begins, holds) in [
            ("SU02.03", "SU02.03  ", "usage.quantity"),
            ("su02", "SU02.03  ", "versions: "),
            ("RE02", "RE02  ", "UsedResources"),
            ("SU02.03/8", "SU02.03/8  NumberOfStreams", "status: derived"),
            ("UseType_DSR", "UseType_DSR  ", "Broadcast  (deprecated)"),
            ("BasicAudioProfile", "BasicAudioProfile ", "records: HEAD, "),
        ] {
            let text = explain(topic).unwrap();
            assert!(text.starts_with(begins) && text.contains(holds), "{topic}: {text}");
        }
        for topic in ["", "SU02.99", "SU02.03/99", "SU02.03/x", "nothing"] {
            assert_eq!(explain(topic), None, "{topic}");
        }
    }
}
