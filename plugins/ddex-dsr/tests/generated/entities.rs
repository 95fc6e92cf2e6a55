//! Every record becomes the entity that its table says: with its values, under what it names, in
//! the sales context that it names.

use super::rows::Row;
use super::structure::some;
use super::{format_of, generator, wishes};
use ddex_dsr::facts;
use std::collections::BTreeMap;
use transpose_core::model::{Entity, Field, Group, Value};
use transpose_records::spec::{CellSlot, Structure};
use transpose_testkit::Canonical;
use transpose_testkit::canonical::{EntityText, Unit};
use transpose_testkit::dsr::File;

/// The values of a row by field or extra, as its table has them. What appears twice in a record is
/// left out.
fn values(row: &Row) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    let mut twice = Vec::new();
    for (cell, value) in row.spec.cells.iter().zip(&row.values) {
        let name = match cell.slot {
            CellSlot::Field(field) => field.id().to_owned(),
            CellSlot::Extra(name) => name.to_owned(),
            CellSlot::Structure => continue,
        };
        if value.is_filled() && out.insert(name.clone(), value.list().to_vec()).is_some() {
            twice.push(name);
        }
    }
    out.retain(|name, _| !twice.contains(name));
    out
}

fn of_entity(entity: &Entity) -> BTreeMap<String, Vec<String>> {
    let list = |value: &Value| value.iter().map(str::to_owned).collect();
    let fields = entity.iter().map(|(field, value)| (field.id().to_owned(), list(value)));
    let extras = entity.extras.iter().map(|(name, value)| (name.to_string(), list(value)));
    fields.chain(extras).collect()
}

/// What differs between a row and what it was read as.
fn differs(row: &Row, entities: &[&Entity]) -> Option<String> {
    let mut found: BTreeMap<String, Vec<String>> =
        entities.iter().flat_map(|entity| of_entity(entity)).collect();
    let expected = values(row);
    // A GRid among the namespaced identifiers fills its own field too.
    if row.spec.holds(Field::GRID).is_none() {
        found.remove(Field::GRID.id());
    }
    found.retain(|name, _| {
        expected.contains_key(name)
            || row.spec.cells.iter().filter(|cell| cell.extra() == Some(name)).count() < 2
    });
    (found != expected).then(|| format!("{}: {found:?}, expected {expected:?}", row.raw[0]))
}

/// Whether works follow the records of the rights holders that they are of.
fn holders_have_works(structure: &Structure) -> bool {
    let is =
        |item: &Structure, lead: &str| matches!(item, Structure::Record(name, _) if name.starts_with(lead));
    match structure {
        Structure::Record(..) => false,
        Structure::Group(_, body, _) => holders_have_works(body),
        Structure::Sequence(items, _) | Structure::Choice(items, _) => {
            items.windows(2).any(|pair| is(&pair[0], "LI") && is(&pair[1], "MW"))
                || items.iter().any(holders_have_works)
        }
    }
}

/// What a row belongs to, by the references in its block.
fn parent(rows: &[Row], at: usize, holders: bool) -> Option<usize> {
    let row = &rows[at];
    let before = &rows[..at];
    let last = |lead: &str| before.iter().rposition(|row| row.raw[0].starts_with(lead));
    let first = |lead: &str| before.iter().position(|row| row.raw[0].starts_with(lead));
    let named = |lead: &str, own: &str, by: &[&str]| {
        let name = row.get(by).first()?;
        rows.iter().position(|row| row.raw[0].starts_with(lead) && row.get(&[own]).first() == Some(name))
    };
    let resource = |by: &[&str]| named("AS", "ResourceReference", by);
    match &row.raw[0][..2] {
        "RE" | "AS" => None,
        "MW" => resource(&["ResourceReference"]).or_else(|| {
            let after_holder = at > 0 && holders && rows[at - 1].raw[0].starts_with("LI");
            if after_holder { Some(at - 1) } else { last("AS") }
        }),
        "RC" => named("MW", "MusicalWorkReference", &["MusicalWorkReference"])
            .or_else(|| resource(&["ResourceReference"])),
        "SU" => {
            let is_link = |at: &usize| row.spec.cells[*at].slot == CellSlot::Structure;
            let by_id = row.at(&["DspResourceId"]).filter(is_link);
            by_id
                .and_then(|_| named("AS", "DspResourceId", &["DspResourceId"]))
                .or_else(|| resource(&["TransactedResource", "TransactedResourceReference"]))
                .or_else(|| {
                    named("RE", "ReleaseReference", &["TransactedRelease", "TransactedReleaseReference"])
                })
                // A usage that names nothing is of everything in its block.
                .or_else(|| last("AS").filter(|last| first("AS") == Some(*last)))
        }
        "LI" | "ST" => {
            named("SU", "SalesTransactionId", &["ParentSalesTransactionId"]).or_else(|| last("SU"))
        }
        "DE" => at.checked_sub(1),
        // Everything else belongs to a resource.
        _ => resource(&["ResourceReference", "ParentResourceReference", "CueResourceReference"])
            .or_else(|| last("AS")),
    }
}

/// Compares the rows of a block with what they were read as; the answer is empty when all fits.
fn compare_block(rows: &[Row], parts: &[EntityText], holders: bool, ids: &[&str]) -> Vec<String> {
    if rows.len() != parts.len() {
        return vec![format!("{} records, {} entities", rows.len(), parts.len())];
    }
    let mut wrong = Vec::new();
    for (at, (row, part)) in rows.iter().zip(parts).enumerate() {
        let expected = parent(rows, at, holders);
        if part.parent != expected {
            wrong.push(format!("{} of {:?}, expected {expected:?}", row.raw[0], part.parent));
        }
        if part.group == Group::Opaque {
            let line = row.raw.join("\t");
            assert_eq!(part.entity.extras.get("Line").map(Value::first), Some(&*line));
            continue;
        }
        let context =
            row.get(&["SummaryRecordId"]).first().and_then(|id| ids.iter().position(|known| *known == id));
        if part.context != context {
            wrong.push(format!("{} in {:?}, expected {context:?}", row.raw[0], part.context));
        }
        wrong.extend(differs(row, &[&part.entity]));
    }
    wrong
}

/// Compares a single record with the entities that it became.
fn compare_line(rows: &[Row], parts: &[EntityText], ids: &[&str]) -> Vec<String> {
    let [row, ..] = rows else { return vec!["no record".into()] };
    let entities: Vec<&Entity> =
        parts.iter().filter(|part| part.group != Group::Opaque).map(|part| &part.entity).collect();
    let mut wrong: Vec<String> = differs(row, &entities).into_iter().collect();
    let context =
        row.get(&["SummaryRecordId"]).first().and_then(|id| ids.iter().position(|known| *known == id));
    let place = |group: Group| parts.iter().position(|part| part.group == group);
    let item = place(Group::Recording).or(place(Group::Release));
    for part in parts {
        let (parent, named) = match part.group {
            Group::Usage | Group::Claim => (item, context),
            Group::Allocation => (place(Group::Usage), None),
            Group::Opaque => continue,
            _ => (None, None),
        };
        if (part.parent, part.context) != (parent, named) {
            wrong.push(format!(
                "{:?} of {:?} in {:?}, expected {parent:?} in {named:?}",
                part.group, part.parent, part.context
            ));
        }
    }
    wrong
}

fn compare(file: &File, single: bool, holders: bool) -> Vec<String> {
    let text = file.text();
    let read = Canonical::read(format_of(file).as_ref(), "m", text.as_bytes(), &[]).unwrap();
    let rows: Vec<Row> = file.lines.iter().map(Row::of).collect();
    let mut wrong = Vec::new();
    let summaries: Vec<Row> = rows.iter().filter(|row| row.spec.name.starts_with("SY")).cloned().collect();
    assert_eq!(summaries.len(), read.preamble.contexts.len());
    for (row, context) in summaries.iter().zip(&read.preamble.contexts) {
        wrong.extend(differs(row, &[context]));
    }
    let ids: Vec<&str> = summaries.iter().map(|row| row.get(&["SummaryRecordId"]).first().unwrap()).collect();
    let mut blocks: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
    for (line, row) in file.lines.iter().zip(rows).filter(|(line, _)| line.block > 0) {
        blocks.entry(line.block).or_default().push(row);
    }
    assert_eq!(blocks.len(), read.units.len());
    for (unit, rows) in read.units.iter().zip(blocks.values()) {
        let Unit::Block { parts, .. } = unit else { panic!("a report of blocks") };
        wrong.extend(if single {
            compare_line(rows, parts, &ids)
        } else {
            compare_block(rows, parts, holders, &ids)
        });
    }
    wrong
}

#[test]
fn records_become_what_their_tables_say() {
    let mut wrong = Vec::new();
    for profile in facts::profiles() {
        let single = profile.variant == "single-record-block";
        let holders = holders_have_works(&profile.structure);
        for wish in wishes() {
            for file in generator(profile, wish).message() {
                let said = compare(&file, single, holders);
                wrong.extend(
                    said.into_iter().map(|text| format!("{} {}: {text}", profile.profile, profile.version)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", some(&wrong));
}
