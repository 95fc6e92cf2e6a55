//! The table of records: every record type with its cells.

use super::meanings::{Meaning, Slot, constants, variant};
use super::record_families::{Families, Family};
use super::{GENERATIONS, HEAD, list, status, strings, text};
use crate::Outcome;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const TABLE_HEAD: &str = "//!
//! Every record type with its cells. A record is identified by its type and its generation.

use transpose_core::model::{Field as G, Group};
use transpose_records::spec::CellSlot::{self, Extra as X, Field as F, Structure as S};
use transpose_records::spec::CellType as T;
use transpose_records::spec::Link as L;
use transpose_records::spec::Obligation::{self, Conditional as C, Mandatory as M, Optional as O};
use transpose_records::spec::Status::{self, Confirmed, EditionBefore, Inferred};
use transpose_records::spec::{CellSpec, RecordSpec};

#[expect(clippy::too_many_arguments, reason = \"one cell a line\")]
#[rustfmt::skip]
const fn c(
    n: u32, name: &'static str, kind: T, values: &'static str, multi: bool, obligation: Obligation,
    condition: &'static str, status: Status, basis: &'static str, slot: CellSlot,
) -> CellSpec {
    CellSpec::new(n, name, kind, values, multi, obligation, condition, status, basis, slot)
}

/// The record types, the newest generation first.
#[rustfmt::skip]
pub(crate) static RECORDS: &[RecordSpec] = &[
";

/// The source file with the table.
pub(super) fn table(families: &Families) -> Outcome<String> {
    let constants = constants()?;
    let mut out = format!("{HEAD}{TABLE_HEAD}");
    let mut seen = BTreeSet::new();
    for (family, record) in sorted(families)? {
        let (name, generation) = (text(record, "type")?, text(record, "generation")?);
        if !seen.insert((name, generation)) {
            return Err(format!("record {name} occurs twice in generation {generation}; keep one").into());
        }
        definition(&mut out, family, record, None, &constants)?;
        for patch in record.get("profile_overrides").and_then(Value::as_array).into_iter().flatten() {
            // The header and the footer are the same for every profile but for what their readers
            // know anyway.
            if !family.is_frame() {
                definition(&mut out, family, record, Some(patch), &constants)?;
            }
        }
    }
    out.push_str("];\n");
    Ok(out)
}

/// The definitions by generation, the newest first, then by family and name. The published schemas
/// list records by name alone.
fn sorted(families: &Families) -> Outcome<Vec<(&Family, &Value)>> {
    let mut found = Vec::new();
    for (place, family) in families.iter().enumerate() {
        for record in family.versions() {
            let (name, generation) = (text(record, "type")?, text(record, "generation")?);
            let age = GENERATIONS.iter().position(|(known, _)| *known == generation);
            let age = age.ok_or_else(|| format!("{name}: `{generation}` is no generation"))?;
            let place = if generation == "xsd" { 0 } else { place };
            found.push(((age, place, name), (family, record)));
        }
    }
    found.sort_by_key(|(key, _)| *key);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// One record type; with a patch, as one version of one profile changes it.
fn definition(
    out: &mut String,
    family: &Family,
    record: &Value,
    patch: Option<&Value>,
    constants: &BTreeMap<String, String>,
) -> Outcome {
    let name = text(record, "type")?;
    let only = match patch {
        None => String::new(),
        Some(patch) => format!("{} {}", text(patch, "profile")?, text(patch, "version")?),
    };
    writeln!(
        out,
        "    RecordSpec {{ name: {name:?}, generation: {:?}, only: {only:?}, title: {:?}, latest: {}, complete: {}, trailing: {}, profiles: {}, source: {}, notes: {:?}, cells: &[",
        text(record, "generation")?,
        text(record, "title")?,
        record.get("latest_known").and_then(Value::as_bool).unwrap_or(false),
        record.get("cells_complete").and_then(Value::as_bool).unwrap_or(false),
        strings(record.get("possible_trailing_cells"))?,
        strings(record.get("profiles"))?,
        strings(record.get("source"))?,
        record.get("notes").and_then(Value::as_str).unwrap_or_default(),
    )?;
    for (index, cell) in list(record, "cells")?.iter().enumerate() {
        let number = index as u64 + 1;
        if cell.get("n").and_then(Value::as_u64) != Some(number) {
            return Err(
                format!("{name}: cell {number} has another number; cells are numbered without gaps").into()
            );
        }
        let change = patch.and_then(|patch| {
            let changes = patch.get("cells").and_then(Value::as_array)?;
            changes.iter().find(|change| change.get("n").and_then(Value::as_u64) == Some(number))
        });
        let get = |key: &str| {
            change.and_then(|change| change.get(key)).or_else(|| cell.get(key)).and_then(Value::as_str)
        };
        let need = |key: &str| get(key).ok_or_else(|| format!("{name}: cell {number} has no `{key}`"));
        // The facts of one record print a space after a name.
        let cell_name = need("name")?.trim_end();
        let basis = ["basis", "name_basis"].iter().find_map(|key| get(key));
        let multi = cell.get("multi").and_then(Value::as_bool).unwrap_or(false);
        writeln!(
            out,
            "        c({number}, {cell_name:?}, T::{}, {:?}, {multi}, {}, {:?}, {}, {:?}, {},",
            kind(need("type")?)?,
            get("avs").unwrap_or_default(),
            need("mandatory")?,
            get("condition").unwrap_or_default(),
            status(need("status")?)?,
            basis.unwrap_or_default(),
            meaning(&family.cells.of(cell_name, number), constants)?,
        )?;
    }
    out.push_str("    ] },\n");
    Ok(())
}

/// The last argument of a cell, and what it names and describes beside its value.
fn meaning(meaning: &Meaning, constants: &BTreeMap<String, String>) -> Outcome<String> {
    let mut out = match &meaning.slot {
        Slot::Structure => "S)".to_owned(),
        Slot::Extra(name) => format!("X({name:?}))"),
        Slot::Field(id) => {
            let constant = constants.get(id).ok_or_else(|| format!("the model has no field `{id}`"))?;
            format!("F(G::{constant}))")
        }
    };
    if let Some(link) = &meaning.link {
        write!(out, ".linking(L::{})", variant(link))?;
    }
    if let Some(entity) = &meaning.of {
        write!(out, ".of(Group::{})", variant(entity))?;
    }
    Ok(out)
}

fn kind(name: &str) -> Outcome<&'static str> {
    Ok(match name {
        "FixedString" => "FixedString",
        "String" => "String",
        "NamespacedString" => "NamespacedString",
        "PartyId" => "PartyId",
        "DPID" => "Dpid",
        "AVS" => "Avs",
        "Territory" => "Territory",
        "Currency" => "Currency",
        "Integer" => "Integer",
        "Decimal" => "Decimal",
        "Boolean" => "Boolean",
        "Date" => "Date",
        "Datetime" => "Datetime",
        "Duration" => "Duration",
        "Time" => "Time",
        other => return Err(format!("`{other}` is no type of cell").into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_with_what_they_mean() {
        let constants = BTreeMap::from([("usage.price".to_owned(), "PRICE".to_owned())]);
        let cell = |slot, link: Option<&str>, of: Option<&str>| {
            let owned = |word: &str| word.to_owned();
            meaning(&Meaning { slot, link: link.map(owned), of: of.map(owned) }, &constants)
        };
        let extra = |name: &str| Slot::Extra(name.to_owned());
        let field = |id: &str| Slot::Field(id.to_owned());
        assert_eq!(cell(field("usage.price"), None, None).unwrap(), "F(G::PRICE))");
        assert!(cell(field("no.field"), None, None).is_err());
        let linked = cell(Slot::Structure, Some("recording-id"), None).unwrap();
        assert_eq!(linked, "S).linking(L::RecordingId)");
        assert_eq!(cell(extra("Mood"), None, Some("usage")).unwrap(), "X(\"Mood\")).of(Group::Usage)");
        assert!(kind("Money").is_err());
    }
}
