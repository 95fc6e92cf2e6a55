//! The facts, as the pages need them.

use super::super::meanings::{Meanings, Slot};
use super::super::profiles::assumption;
use super::super::record_families::Families;
use super::super::{GENERATIONS, list, text};
use super::markdown::anchor;
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// How sure a fact is, the surest first.
const STATUSES: [&str; 3] = ["confirmed", "from the edition before", "inferred"];

/// All facts.
pub(super) struct Facts {
    /// The records, the newest generation first, in it the newest version of a type first.
    pub(super) records: Vec<Record>,
    /// The versions of profiles, the newest first.
    pub(super) profiles: Vec<Profile>,
    /// The sets of allowed values, by name.
    pub(super) sets: Vec<Set>,
}

/// One version of a record type in one generation.
pub(super) struct Record {
    pub(super) name: String,
    pub(super) generation: String,
    pub(super) title: String,
    pub(super) latest: bool,
    pub(super) complete: bool,
    /// Cells that may follow the known ones.
    pub(super) trailing: Vec<String>,
    /// The profiles that are said to use it.
    pub(super) profiles: Vec<String>,
    /// The documents that the definition comes from.
    pub(super) source: Vec<String>,
    pub(super) notes: String,
    pub(super) cells: Vec<Cell>,
    /// What versions of profiles change.
    pub(super) overrides: Vec<Override>,
}

/// One cell of a record.
pub(super) struct Cell {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) kind: String,
    /// The set of its allowed values; empty when there is none.
    pub(super) set: String,
    /// The form of its text, as a regular expression; empty when there is none.
    pub(super) pattern: String,
    pub(super) multi: bool,
    /// `M`, `O` or `C`.
    pub(super) obligation: String,
    pub(super) condition: String,
    pub(super) status: String,
    pub(super) basis: String,
    /// What it becomes in the canonical model.
    pub(super) slot: Slot,
}

/// What one version of a profile changes in a record.
pub(super) struct Override {
    /// The profile with its version.
    pub(super) profile: String,
    /// For each cell its number and what is reported of it.
    pub(super) cells: Vec<(u64, String)>,
}

/// One version of a profile in one variant.
pub(super) struct Profile {
    pub(super) name: String,
    /// The name that the header of this very version gets, where it is another.
    pub(super) written: String,
    pub(super) accept: Vec<String>,
    pub(super) version: String,
    pub(super) assumed: String,
    pub(super) variant: String,
    pub(super) generation: String,
    pub(super) status: String,
    pub(super) message_version: String,
    pub(super) source: String,
    pub(super) rules: Vec<String>,
    /// The order of records, as a tree.
    pub(super) structure: Value,
}

/// A set of allowed values.
pub(super) struct Set {
    pub(super) name: String,
    /// Names that records use for it.
    pub(super) aliases: Vec<String>,
    pub(super) status: String,
    pub(super) source: String,
    pub(super) note: String,
    pub(super) values: Vec<String>,
    pub(super) deprecated: Vec<String>,
}

impl Facts {
    /// Reads the facts of the family in the given folder.
    pub(super) fn load(folder: &Path) -> Outcome<Self> {
        let load = |name: &str| super::super::load(folder, name);
        let assumed = load("assumed.json")?;
        let read = |facts: &Value, key: &str| list(facts, key).map(<[Value]>::to_vec);
        let mut records = Vec::new();
        for family in Families::load(folder)?.iter() {
            for record in family.versions() {
                records.push(Record::read(record, &family.cells)?);
            }
        }
        records.sort_by(|a, b| {
            age(&a.generation)
                .cmp(&age(&b.generation))
                .then_with(|| a.family().cmp(b.family()).then_with(|| b.name.cmp(&a.name)))
        });
        let mut profiles = Vec::new();
        for profile in read(&load("profiles.json")?, "profiles")? {
            profiles.push(Profile::read(&profile, assumption(&assumed, &profile)?)?);
        }
        profiles.sort_by(|a: &Profile, b: &Profile| {
            age(&a.generation).cmp(&age(&b.generation)).then_with(|| b.version.cmp(&a.version))
        });
        let sets = sets(&load("avs.json")?)?;
        Ok(Self { records, profiles, sets })
    }

    /// The record types, sorted.
    pub(super) fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.records.iter().map(Record::family).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The versions of a record type, the newest first.
    pub(super) fn versions(&self, family: &str) -> Vec<&Record> {
        self.records.iter().filter(|record| record.family() == family).collect()
    }

    /// The pages of profiles, sorted: both variants share one.
    pub(super) fn profile_pages(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.profiles.iter().map(Profile::page).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A record as a profile binds it: in the generation of the profile, else in the newest that
    /// has it.
    pub(super) fn bound(&self, name: &str, profile: &Profile) -> Option<&Record> {
        // Records that two parties agree on have one definition.
        let agreed = name.len() == 4 && name.starts_with("DE");
        let name = if agreed { "DExx" } else { name };
        let named = |record: &&Record| record.name == name;
        let own = self.records.iter().filter(named).find(|record| record.generation == profile.generation);
        own.or_else(|| self.records.iter().find(named))
    }

    /// The profiles that bind a record.
    pub(super) fn users(&self, record: &Record) -> Vec<&Profile> {
        let binds = |profile: &&Profile| {
            let names = profile.records();
            names
                .iter()
                .any(|name| self.bound(name, profile).is_some_and(|bound| std::ptr::eq(bound, record)))
        };
        self.profiles.iter().filter(binds).collect()
    }

    /// The set of a name or an alias.
    pub(super) fn set(&self, name: &str) -> Option<&Set> {
        let by_name = self.sets.iter().find(|set| set.name == name);
        by_name.or_else(|| self.sets.iter().find(|set| set.aliases.iter().any(|alias| alias == name)))
    }
}

impl Record {
    fn read(record: &Value, meanings: &Meanings) -> Outcome<Self> {
        let name = text(record, "type")?;
        let flag = |key: &str| record.get(key).and_then(Value::as_bool).unwrap_or_default();
        let mut cells = Vec::new();
        for (index, cell) in list(record, "cells")?.iter().enumerate() {
            let optional = |key: &str| optional(cell, key);
            let cell_name = text(cell, "name")?.trim();
            let (basis, number) = (optional("basis"), index as u64 + 1);
            cells.push(Cell {
                number,
                name: cell_name.to_owned(),
                kind: text(cell, "type")?.to_owned(),
                set: optional("avs"),
                pattern: optional("pattern"),
                multi: cell.get("multi").and_then(Value::as_bool).unwrap_or_default(),
                obligation: text(cell, "mandatory")?.to_owned(),
                condition: optional("condition"),
                status: text(cell, "status")?.to_owned(),
                basis: if basis.is_empty() { optional("name_basis") } else { basis },
                slot: meanings.of(cell_name, number).slot,
            });
        }
        let mut overrides = Vec::new();
        for change in record.get("profile_overrides").and_then(Value::as_array).into_iter().flatten() {
            overrides.push(Override::read(change)?);
        }
        Ok(Self {
            name: name.to_owned(),
            generation: text(record, "generation")?.to_owned(),
            title: text(record, "title")?.to_owned(),
            latest: flag("latest_known"),
            complete: flag("cells_complete"),
            trailing: strings(record, "possible_trailing_cells"),
            profiles: strings(record, "profiles"),
            source: strings(record, "source"),
            notes: optional(record, "notes"),
            cells,
            overrides,
        })
    }

    /// The record type without its version.
    pub(super) fn family(&self) -> &str {
        self.name.split_once('.').map_or(&self.name, |(family, _)| family)
    }

    /// The heading of its section.
    pub(super) fn heading(&self) -> String {
        format!("{}, {}", self.name, self.generation)
    }

    /// A link to its section, from a page one folder below.
    pub(super) fn link(&self) -> String {
        format!("[{}](../records/{}.md#{})", self.name, self.family(), anchor(&self.heading()))
    }

    /// How many of its cells are certain.
    pub(super) fn sureness(&self) -> String {
        let count = |status| self.cells.iter().filter(|cell| cell.status == status).count();
        let stated = STATUSES.iter().filter(|status| count(**status) > 0);
        match stated.clone().collect::<Vec<_>>().as_slice() {
            [all] => (**all).to_owned(),
            _ => stated.map(|status| format!("{} {status}", count(*status))).collect::<Vec<_>>().join(", "),
        }
    }
}

impl Override {
    fn read(change: &Value) -> Outcome<Self> {
        let mut cells = Vec::new();
        for cell in list(change, "cells")? {
            let number = cell.get("n").and_then(Value::as_u64).ok_or("a changed cell has no number")?;
            let mut stated = Vec::new();
            for (key, label) in
                [("name", "name"), ("type", "type"), ("mandatory", "obligation"), ("pattern", "form")]
            {
                if let Some(text) = cell.get(key).and_then(Value::as_str) {
                    stated.push(format!("{label} {}", super::markdown::code(text)));
                }
            }
            stated.extend(
                Some(super::markdown::plain(&optional(cell, "condition"))).filter(|text| !text.is_empty()),
            );
            cells.push((number, stated.join(", ")));
        }
        // One schema has two types for the header, that of single-record blocks being the second.
        let single = text(change, "xsd_type").is_ok_and(|name| name.ends_with("SRHE"));
        let variant = if single { ", single-record blocks" } else { "" };
        Ok(Self {
            profile: format!("{} {}{variant}", text(change, "profile")?, text(change, "version")?),
            cells,
        })
    }
}

impl Profile {
    fn read(profile: &Value, entry: &Value) -> Outcome<Self> {
        Ok(Self {
            name: text(entry, "name").or_else(|_| text(profile, "profile"))?.to_owned(),
            written: optional(entry, "written"),
            accept: strings(entry, "accept"),
            version: text(entry, "as_version").or_else(|_| text(profile, "version"))?.to_owned(),
            assumed: optional(entry, "why"),
            variant: text(profile, "variant")?.to_owned(),
            generation: text(profile, "generation")?.to_owned(),
            status: text(profile, "status")?.to_owned(),
            message_version: text(entry, "message_version")?.to_owned(),
            source: text(profile, "source")?.to_owned(),
            rules: strings(profile, "rules"),
            structure: profile.get("structure").ok_or("a profile has no structure")?.clone(),
        })
    }

    /// The name that is written into the header.
    pub(super) fn header_name(&self) -> &str {
        if self.written.is_empty() { &self.name } else { &self.written }
    }

    /// The names that are read besides the one that is written.
    pub(super) fn other_names(&self) -> impl Iterator<Item = &str> {
        let names = std::iter::once(&self.name).chain(&self.accept).map(String::as_str);
        names.filter(|name| *name != self.header_name())
    }

    /// The name of its page: that of the profile without the mark of single-record blocks.
    pub(super) fn page(&self) -> &str {
        self.name.strip_suffix("SRB").unwrap_or(&self.name)
    }

    /// The heading of its section.
    pub(super) fn heading(&self) -> String {
        format!("{}, {}", self.version, self.variant)
    }

    /// A link to its section, from a page one folder below.
    pub(super) fn link(&self) -> String {
        format!(
            "[{} {}](../profiles/{}.md#{})",
            self.name,
            self.version,
            self.page(),
            anchor(&self.heading())
        )
    }

    /// The records of its structure, each once.
    pub(super) fn records(&self) -> Vec<&str> {
        let mut names = Vec::new();
        gather(&self.structure, &mut names);
        names
    }
}

/// The records below a node, each once, in order.
pub(super) fn gather<'a>(node: &'a Value, names: &mut Vec<&'a str>) {
    if let Some(name) = node.get("record").and_then(Value::as_str)
        && !names.contains(&name)
    {
        names.push(name);
    }
    let items = node.get("items").and_then(Value::as_array);
    for child in items.into_iter().flatten().chain(node.get("body")) {
        gather(child, names);
    }
}

fn sets(facts: &Value) -> Outcome<Vec<Set>> {
    let aliases = facts.get("_readme").and_then(|readme| readme.get("aliases")).and_then(Value::as_object);
    let sets: BTreeMap<&String, &Value> =
        facts.get("sets").and_then(Value::as_object).ok_or("avs.json has no sets")?.iter().collect();
    let mut read = Vec::new();
    for (name, set) in sets {
        let of = aliases.into_iter().flatten().filter(|(_, target)| target.as_str() == Some(name));
        read.push(Set {
            name: name.clone(),
            aliases: of.map(|(alias, _)| alias.clone()).collect(),
            status: text(set, "status")?.to_owned(),
            source: optional(set, "source"),
            note: optional(set, "note"),
            values: strings(set, "values"),
            deprecated: strings(set, "deprecated"),
        });
    }
    Ok(read)
}

/// How new a generation is, 0 being the newest.
pub(super) fn age(generation: &str) -> usize {
    GENERATIONS.iter().position(|(known, _)| *known == generation).unwrap_or(GENERATIONS.len())
}

fn optional(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    let items = value.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_structure_are_gathered_once() {
        let tree = serde_json::json!({"kind": "sequence", "items": [
            {"kind": "record", "record": "HEAD"},
            {"kind": "group", "body": {"kind": "choice", "items": [
                {"kind": "record", "record": "AS01"}, {"kind": "record", "record": "HEAD"}]}},
        ]});
        let mut names = Vec::new();
        gather(&tree, &mut names);
        assert_eq!(names, ["HEAD", "AS01"]);
    }
}
