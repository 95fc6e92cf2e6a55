//! Cells: one in full, or all of one name.

use super::{families, kind, slot, topic_of, versions, wrapped};
use std::fmt::Write as _;
use transpose_records::spec::{CellSpec, Obligation, RecordSpec};

/// Explains the cell of a record that has the given number or name; all of them where a record has
/// the name twice.
pub(super) fn of(spec: &RecordSpec, cell: &str) -> Option<String> {
    let number: Option<u32> = cell.parse().ok();
    let meant = |known: &&CellSpec| {
        number.map_or(known.name.eq_ignore_ascii_case(cell), |number| known.number == number)
    };
    let texts: Vec<String> = spec.cells.iter().filter(meant).map(|cell| text(spec, cell)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Explains a name of cells: every record that has it, in the newest version that does.
pub(super) fn named(name: &str) -> Option<String> {
    let mut found: Vec<(&RecordSpec, &CellSpec)> = Vec::new();
    for versions in families() {
        let cells = |spec: &'static RecordSpec| {
            spec.cells
                .iter()
                .filter(|cell| cell.name.eq_ignore_ascii_case(name))
                .map(move |cell| (spec, cell))
        };
        let newest = versions.into_iter().find(|spec| cells(spec).next().is_some());
        found.extend(newest.into_iter().flat_map(cells));
    }
    let (_, first) = found.first()?;
    let records = if found.len() == 1 { "one record".to_owned() } else { format!("{} records", found.len()) };
    let mut out = format!("{}  a cell of {records}\n", first.name);
    let rows: Vec<[String; 3]> = found
        .iter()
        .map(|(spec, cell)| [format!("{}/{}", topic_of(spec), cell.number), kind(cell), slot(cell)])
        .collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).len()).max().unwrap_or_default()
    };
    let (topics, kinds) = (width(|[topic, ..]| topic), width(|[_, kind, _]| kind));
    let statuses = found.iter().map(|(_, cell)| cell.status.name().len()).max().unwrap_or_default();
    for ((_, cell), [topic, kind, slot]) in found.iter().zip(&rows) {
        let (letter, status) = (cell.obligation.letter(), cell.status.name());
        let _ = writeln!(out, "  {topic:topics$}  {letter}  {kind:kinds$}  {status:statuses$}  {slot}");
        if !cell.condition.is_empty() {
            out.push_str(&wrapped(cell.condition.split(' '), 6));
        }
    }
    Some(out)
}

fn text(spec: &RecordSpec, cell: &CellSpec) -> String {
    let mut out = format!("{}/{}  {}\n", topic_of(spec), cell.number, cell.name);
    let _ = writeln!(out, "record: {}, definition {}", spec.title, spec.generation);
    out.push_str(&wrapped(format!("source: {}", spec.source.join("; ")).split(' '), 0));
    let _ = writeln!(out, "type: {}", kind(cell));
    let obligation = match cell.obligation {
        Obligation::Mandatory => "mandatory",
        Obligation::Conditional => "conditional",
        Obligation::Optional => "optional",
    };
    let condition = if cell.condition.is_empty() { String::new() } else { format!(": {}", cell.condition) };
    let stated = format!("obligation: {} ({obligation}){condition}", cell.obligation.letter());
    out.push_str(&wrapped(stated.split(' '), 0));
    let basis = if cell.basis.is_empty() { String::new() } else { format!(" ({})", cell.basis) };
    let _ = writeln!(out, "status: {}{basis}", cell.status.name());
    let about = cell.field().map(|field| format!(": {}", field.spec().about)).unwrap_or_default();
    out.push_str(&wrapped(format!("field: {}{about}", slot(cell)).split(' '), 0));
    let others = versions(spec.family());
    let others = others.into_iter().filter(|other| !std::ptr::eq(*other, spec));
    let places: Vec<String> = others
        .flat_map(|other| other.cells.iter().map(move |cell| (other, cell)))
        .filter(|(_, other)| other.name == cell.name)
        .map(|(other, cell)| format!("{}/{}", topic_of(other), cell.number))
        .collect();
    if !places.is_empty() {
        let _ = writeln!(out, "in other versions: {}", places.join(", "));
    }
    out
}
