//! The layouts against the facts: headings, order, what must be filled, widths, fixed texts and how
//! sure the source is.
//!
//! The files are read as TOML, not through the engine of layouts, so that the facts and the files
//! are compared with nothing in between.

use serde_json::Value as Facts;
use std::collections::BTreeSet;
use toml::{Table, Value};
use transpose_core::format::Registry;
use transpose_sheet::LayoutFormat;

const SPEC: &str = include_str!("../spec/layouts.json");

/// Cells that the facts demand and that a layout may leave empty when it is written, with the
/// reason.
const RELAXED: [(&str, &str, &str); 1] =
    [("label.apple.financial", "Apple Identifier", "nobody but Apple has one for what was sold")];

/// Layouts without facts, or with facts of another layout.
const OURS: [&str; 2] = ["label.standard", "label.orchard.statement-older"];

fn facts() -> Vec<Facts> {
    let spec: Facts = serde_json::from_str(SPEC).unwrap();
    spec["layouts"].as_array().unwrap().clone()
}

fn text(value: &Facts) -> &str {
    value.as_str().unwrap()
}

/// The layout files of the family, by id.
fn layouts() -> Vec<(String, Table)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts");
    let mut layouts: Vec<(String, Table)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let table: Table = std::fs::read_to_string(entry.unwrap().path()).unwrap().parse().unwrap();
            (table["id"].as_str().unwrap().to_owned(), table)
        })
        .collect();
    layouts.sort_by(|a, b| a.0.cmp(&b.0));
    layouts
}

fn layout(id: &str) -> Table {
    let found = layouts().into_iter().find(|(known, _)| known == id);
    found.unwrap_or_else(|| panic!("there is no layout `{id}`")).1
}

fn list<'a>(table: &'a Table, key: &str) -> Vec<&'a Table> {
    let items = table.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item.as_table().unwrap()).collect()
}

fn string<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

/// The layouts that facts speak of, each with its columns among theirs: variants have a layout
/// each.
fn variants(facts: &Facts) -> Vec<(String, Vec<Facts>)> {
    let id = format!("label.{}", text(&facts["id"]));
    let columns = facts["columns"].as_array().cloned().unwrap_or_default();
    let Some(variants) = facts["variants"].as_object() else { return vec![(id, columns)] };
    let named = |(name, variant): (&String, &Facts)| {
        let id = if name == "atp" { id.clone() } else { format!("{id}-{name}") };
        let number = |number: &Facts| usize::try_from(number.as_u64().unwrap()).unwrap();
        let blank: Vec<usize> = variant["blank"].as_array().into_iter().flatten().map(number).collect();
        let pick = |place: usize| {
            let mut column = columns[place - 1].clone();
            if blank.contains(&place) {
                column["required"] = false.into();
            }
            column
        };
        (id, variant["columns"].as_array().unwrap().iter().map(number).map(pick).collect())
    };
    variants.iter().map(named).collect()
}

#[test]
fn every_layout_is_registered_and_those_of_the_facts_are_there() {
    let _ = std::any::type_name::<LayoutFormat>();
    let registry = Registry::load().unwrap();
    let registered: BTreeSet<String> =
        registry.formats().map(|format| format.manifest().id.to_string()).collect();
    let files: BTreeSet<String> = layouts().into_iter().map(|(id, _)| id).collect();
    // A label may also have records, or a format in code.
    assert!(files.is_subset(&registered), "{files:?}");
    let mut expected: BTreeSet<String> = OURS.map(str::to_owned).into();
    for facts in facts() {
        expected.extend(variants(&facts).into_iter().map(|(id, _)| id));
        // A layout that a service sends is read back by whoever gets it.
        let directions = facts["direction"].as_array().unwrap();
        for (id, _) in variants(&facts) {
            let manifest = registry.format(&id).unwrap_or_else(|| panic!("{id} is missing")).manifest();
            assert_eq!(manifest.writes, directions.contains(&"write".into()), "{id}");
            assert!(manifest.reads || !directions.contains(&"read".into()), "{id}");
        }
    }
    let missing: Vec<_> = expected.difference(&registered).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn headings_stand_in_the_order_of_the_facts() {
    for facts in facts().iter().filter(|facts| facts["kind"] != "fixed_width") {
        for (id, columns) in variants(facts) {
            let layout = layout(&id);
            let ours: Vec<_> =
                list(&layout, "column").iter().map(|column| string(column, "heading").unwrap()).collect();
            let theirs: Vec<_> = columns.iter().map(|column| text(&column["name"])).collect();
            assert_eq!(ours, theirs, "{id}");
        }
    }
    let orchard = facts().into_iter().find(|facts| facts["id"] == "orchard.statement").unwrap();
    let layout = layout("label.orchard.statement-older");
    let ours: Vec<_> =
        list(&layout, "column").iter().map(|column| string(column, "heading").unwrap().into()).collect();
    assert_eq!(Facts::Array(ours), orchard["older_layout"]);
}

/// Whether a cell is always filled: it must be, or there is something to fill it with.
fn filled(column: &Table) -> bool {
    let key = |key: &str| column.contains_key(key);
    column.get("required").and_then(Value::as_bool) == Some(true)
        || key("default")
        || key("text")
        || key("given")
}

#[test]
fn what_must_be_filled_is_what_the_facts_say() {
    for facts in facts().iter().filter(|facts| facts["kind"] != "fixed_width") {
        let read_only = *facts["direction"].as_array().unwrap() == ["read"];
        for (id, columns) in variants(facts) {
            let layout = layout(&id);
            for (column, facts) in list(&layout, "column").into_iter().zip(&columns) {
                let heading = text(&facts["name"]);
                let relaxed = RELAXED.iter().any(|(other, cell, _)| *other == id && *cell == heading);
                let demanded = facts["required"].as_bool().unwrap() && !relaxed;
                // Facts of statements often know no more than the name of a column.
                let known = !read_only || demanded;
                let variant = id.ends_with("-ath") || facts["rules"].is_array();
                assert!(
                    filled(column) == demanded || !known || (variant && !demanded),
                    "{id}: `{heading}` is demanded: {demanded}"
                );
            }
        }
    }
}

#[test]
fn delimiters_lines_and_fixed_texts_are_those_of_the_facts() {
    for facts in facts().iter().filter(|facts| facts["kind"] == "delimited") {
        for (id, _) in variants(facts) {
            let layout = layout(&id);
            let table = layout["table"].as_table().unwrap();
            if let Some([delimiter]) = facts["delimiter"].as_str().map(str::as_bytes)
                && id != "label.soundexchange.rou.template-ath"
            {
                let ours = string(table, "delimiter").unwrap_or(",");
                assert_eq!(ours.as_bytes(), [*delimiter], "{id}");
            }
            let lines = |rows: &Facts| -> Vec<Vec<String>> {
                let rows = rows.as_array().into_iter().flatten();
                let cells = rows.filter_map(|row| row["cells"].as_array());
                // What the facts say in words, such as `MM/DD/YYYY`, is no fixed text.
                let cells = cells.map(|cells| cells.iter().map(|cell| text(cell).to_owned()).collect());
                cells.collect()
            };
            for (key, rows) in [("before", &facts["header_rows"]), ("after", &facts["trailer"])] {
                let theirs = lines(rows);
                let ours: Vec<Vec<Option<String>>> = list(&layout, key)
                    .iter()
                    .filter_map(|line| line.get("cells").and_then(Value::as_array))
                    .map(|cells| {
                        cells
                            .iter()
                            .map(|cell| string(cell.as_table().unwrap(), "text").map(str::to_owned))
                            .collect()
                    })
                    .collect();
                for (theirs, ours) in theirs.iter().zip(&ours) {
                    assert_eq!(ours[0].as_deref(), Some(&*theirs[0]), "{id}");
                    let fixed = ours[1].as_deref();
                    assert!(fixed.is_none() || fixed == Some(&*theirs[1]), "{id}: {fixed:?}");
                }
                assert!(theirs.is_empty() || theirs.len() == ours.len(), "{id}: {theirs:?} {ours:?}");
            }
        }
    }
}

#[test]
fn reports_of_use_with_headers_have_fourteen_lines() {
    for id in ["label.soundexchange.rou.headed", "label.soundexchange.rou.headed-ath"] {
        let layout = layout(id);
        let lines = list(&layout, "before");
        let facts = facts().into_iter().find(|facts| facts["id"] == "soundexchange.rou.headed").unwrap();
        let rows = facts["header_rows"].as_array().unwrap();
        assert_eq!(lines.len(), rows.len());
        for (line, row) in lines.iter().zip(rows) {
            let cells = line.get("cells").and_then(Value::as_array);
            let cell = cells.and_then(|cells| cells.first()).and_then(Value::as_table);
            let longest = cell.and_then(|cell| cell.get("max-length")).and_then(Value::as_integer);
            let date = cell.and_then(|cell| string(cell, "format")).map(|_| 8);
            assert_eq!(longest.or(date), row["max_width"].as_i64(), "{row}");
        }
        assert_eq!(lines[10]["cells"][0]["text"].as_str(), facts["quoting"]["default"].as_str());
        assert_eq!(lines[11]["cells"][0]["text"].as_str(), facts["delimiter"]["default"].as_str());
        assert_eq!(lines[12]["cells"].as_array().map(Vec::len), Some(0));
        assert_eq!(lines[13]["headings"].as_bool(), Some(true));
    }
}

/// The cells of a record of fixed width, each with its column, its width and its text.
fn cells_of(cells: &[&Table]) -> Vec<(u64, u64, Option<String>)> {
    let mut start = 1;
    cells
        .iter()
        .map(|cell| {
            let width = u64::try_from(cell["width"].as_integer().unwrap()).unwrap();
            start += width;
            (start - width, width, string(cell, "text").map(str::to_owned))
        })
        .collect()
}

#[test]
fn widths_are_those_of_the_facts() {
    for facts in facts().iter().filter(|facts| facts["kind"] == "fixed_width") {
        let id = format!("label.{}", text(&facts["id"]));
        let layout = layout(&id);
        let lines = |key: &str| -> Vec<Vec<Table>> {
            let cells = |line: &Table| -> Vec<Table> {
                let cells = line["cells"].as_array().unwrap();
                cells.iter().map(|cell| cell.as_table().unwrap().clone()).collect()
            };
            list(&layout, key).into_iter().map(cells).collect()
        };
        let rows: Vec<Table> = list(&layout, "column").into_iter().cloned().collect();
        let records = [lines("before"), vec![rows], lines("after")].concat();
        let mut theirs = facts["records"].as_array().unwrap().clone();
        if id == "label.luminate.i3" {
            // These facts list the older header; the current one is that of the other file.
            let other = self::facts().into_iter().find(|facts| facts["id"] == "luminate.m3").unwrap();
            theirs[0] = other["records"][0].clone();
        }
        assert_eq!(records.len(), theirs.len(), "{id}");
        for (ours, theirs) in records.iter().zip(&theirs) {
            let ours = cells_of(&ours.iter().collect::<Vec<_>>());
            for field in theirs["fields"].as_array().unwrap() {
                let (start, width) = (field["start"].as_u64().unwrap(), field["width"].as_u64().unwrap());
                let blank = field["type"] == "blank";
                let cell = ours.iter().find(|(place, ..)| *place == start);
                // What is blank at the end of a record need not be a cell.
                if blank && cell.is_none() {
                    continue;
                }
                let (.., fixed) = cell.unwrap_or_else(|| panic!("{id}: no cell at {start}"));
                // What the facts take together may be several cells.
                let ends = ours.iter().any(|(place, found, _)| place + found == start + width);
                assert!(ends, "{id}: {field}");
                if let Some(text) = field["fixed"].as_str() {
                    assert_eq!(fixed.as_deref(), Some(text), "{id}: {field}");
                }
            }
        }
    }
}

#[test]
fn confidence_is_that_of_the_facts() {
    for facts in facts() {
        let theirs = match text(&facts["verdict"]) {
            // The content is known, the layout is not.
            "approximate" => "low",
            _ => text(&facts["confidence"]).split([' ', '-', ';']).next().unwrap(),
        };
        for (id, _) in variants(&facts) {
            let layout = layout(&id);
            let ours = string(&layout, "confidence").unwrap_or_default();
            assert_eq!(ours.split(',').next(), Some(theirs), "{id}");
            assert!(!string(&layout, "reference").unwrap_or_default().is_empty(), "{id}");
        }
    }
}
