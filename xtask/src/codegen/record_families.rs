//! The families of records: one file of facts each, with what the family is in a message, what its
//! cells mean, and the definitions of its versions.

use super::meanings::{Meanings, known, variant};
use super::{HEAD, list, load, strings, text};
use crate::{Outcome, files};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The folder with a file for each family.
pub(super) const FOLDER: &str = "records";

/// What a family can be in a message, in the order in which the tables list families; see
/// `families::Role` of the plugin.
const ROLES: [(&str, u8); 16] = [
    ("head", 0),
    ("foot", 1),
    ("summary", 2),
    ("release", 3),
    ("sub-release", 3),
    ("recording", 4),
    ("claim", 5),
    ("work", 6),
    ("controller", 7),
    ("cue", 8),
    ("usage", 9),
    ("embodiment", 10),
    ("allocation", 11),
    ("split", 12),
    ("opaque", 13),
    ("single", 14),
];

/// What a family can be written for, see `families::Purpose` of the plugin.
const PURPOSES: [&str; 18] = [
    "release",
    "sub-release",
    "recording",
    "bare-recording",
    "work",
    "controller",
    "cue",
    "claim",
    "unclaimed",
    "upload",
    "uploads",
    "usage",
    "stream",
    "download",
    "video",
    "advertised-usage",
    "allocation",
    "split",
];

/// The families of records, in the order of their tables.
pub(super) struct Families(Vec<Family>);

/// A family of records.
pub(super) struct Family {
    /// Its name: the record type without a version.
    pub(super) name: String,
    /// The place of its role among [`ROLES`].
    rank: u8,
    facts: Value,
    pub(super) cells: Meanings,
}

impl Families {
    /// Reads the families below the folder of the plugin.
    pub(super) fn load(folder: &Path) -> Outcome<Self> {
        let mut facts = BTreeMap::new();
        for path in files::entries(&folder.join("spec").join(FOLDER))? {
            let file = files::name(&path);
            let family = load(folder, &format!("{FOLDER}/{file}"))?;
            let name = text(&family, "family")?.to_owned();
            if file != format!("{name}.json") {
                return Err(format!("the facts of the family {name} stand in {file}").into());
            }
            facts.insert(name, family);
        }
        Self::read(&facts)
    }

    fn read(facts: &BTreeMap<String, Value>) -> Outcome<Self> {
        let mut all = Vec::new();
        for (name, family) in facts {
            let stated = |error| format!("{name}: {error}");
            all.push(Family::read(name, family, facts).map_err(stated)?);
        }
        all.sort_by(|a: &Family, b: &Family| a.rank.cmp(&b.rank).then_with(|| a.name.cmp(&b.name)));
        Ok(Self(all))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Family> {
        self.0.iter()
    }

    /// Whether there is a family of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.iter().any(|family| family.name == name)
    }

    /// The source file with the table of families.
    pub(super) fn table(&self) -> Outcome<String> {
        let mut out = format!(
            "{HEAD}//!\n//! The families of records, and what a record type is by the letters it begins with.\n\n\
             use crate::families::{{Family, Purpose, Role}};\n\n\
             /// The families by role and name; where one is to be chosen, the first that fits is taken.\n\
             #[rustfmt::skip]\npub(crate) static FAMILIES: &[Family] = &[\n"
        );
        for family in self.iter() {
            writeln!(out, "    Family {{ {}, ..Family::BASE }},", family.source()?)?;
        }
        out.push_str("];\n\n");
        self.letters(&mut out)?;
        self.kin(&mut out)?;
        let summaries = self.iter().filter(|family| family.role() == "summary");
        let mut options = vec!["auto"];
        options.extend(summaries.map(|family| family.name.as_str()));
        writeln!(
            out,
            "/// The values of the option that sets the family of summary records.\n\
             #[rustfmt::skip]\npub(crate) static SUMMARY_OPTIONS: &[&str] = &{options:?};"
        )?;
        Ok(out)
    }

    /// Writes a function that answers the role of a family by its letters. As numbers, families of
    /// one role follow each other, so that few comparisons distinguish them. What two parties agree
    /// on is known by other letters.
    fn letters(&self, out: &mut String) -> Outcome {
        let known = || self.iter().filter(|family| family.role() != "opaque");
        out.push_str("/// What a family of these four letters is.\n#[inline]\n");
        out.push_str("pub(crate) const fn role(letters: [u8; 4]) -> Option<Role> {\n");
        for Family { name, .. } in known() {
            writeln!(out, "    const {name}: u32 = u32::from_be_bytes(*b{name:?});")?;
        }
        let roles = known().map(|family| (family.role(), family.name.clone()));
        write_match(out, "u32::from_be_bytes(letters)", roles)
    }

    /// Writes a function that answers the role that all families with the same first letters have.
    fn kin(&self, out: &mut String) -> Outcome {
        let mut shared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for family in self.iter().filter(|family| family.role() != "opaque") {
            if let Some((letters, number)) = family.name.split_at_checked(2)
                && number.bytes().all(|digit| digit.is_ascii_digit())
            {
                shared.entry(letters).or_default().push(family.role());
            }
        }
        out.push_str("/// What a family is that is not known, when all known ones with these two letters are the same.\n");
        out.push_str("pub(crate) const fn kin(letters: [u8; 2]) -> Option<Role> {\n");
        let roles = shared.iter().filter_map(|(letters, roles)| {
            let role = roles.first().filter(|role| roles.iter().all(|other| other == *role))?;
            Some((*role, format!("b{letters:?}")))
        });
        write_match(out, "&letters", roles)
    }
}

/// Writes a match that answers a role for each pattern, and ends the function around it.
fn write_match<'a>(
    out: &mut String,
    subject: &str,
    patterns: impl Iterator<Item = (&'a str, String)>,
) -> Outcome {
    let mut arms: Vec<(&str, Vec<String>)> = Vec::new();
    for (role, pattern) in patterns {
        match arms.iter_mut().find(|(known, _)| *known == role) {
            Some((_, patterns)) => patterns.push(pattern),
            None => arms.push((role, vec![pattern])),
        }
    }
    writeln!(out, "    Some(match {subject} {{")?;
    for (role, patterns) in arms {
        writeln!(out, "        {} => Role::{},", patterns.join(" | "), variant(role))?;
    }
    out.push_str("        _ => return None,\n    })\n}\n\n");
    Ok(())
}

impl Family {
    fn read(name: &str, facts: &Value, all: &BTreeMap<String, Value>) -> Outcome<Self> {
        let role = text(facts, "role")?;
        let names = ROLES.map(|(role, _)| role);
        known("a role", role, &names)?;
        let rank = ROLES.iter().find(|(known, _)| *known == role).map_or(u8::MAX, |(_, rank)| *rank);
        if name.len() != 4 || !name.is_ascii() {
            return Err("the name of a family has four letters".into());
        }
        for other in ["counterpart", "follows"].iter().filter_map(|key| facts.get(*key)) {
            let other = other.as_str().unwrap_or_default();
            if !all.contains_key(other) {
                return Err(format!("it names the family `{other}`, which has no file").into());
            }
        }
        if let Some(purpose) = facts.get("writes") {
            known("what a family is written for", purpose.as_str().unwrap_or_default(), &PURPOSES)?;
        }
        for version in list(facts, "versions")? {
            let record = text(version, "type")?;
            if record.split('.').next() != Some(name) {
                return Err(format!("{record} is no version of it").into());
            }
        }
        let cells = meanings(name, facts, all, role == "single", all.len())?;
        Ok(Self { name: name.to_owned(), rank, facts: facts.clone(), cells })
    }

    /// What the family is in a message.
    pub(super) fn role(&self) -> &str {
        self.facts.get("role").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether records of the family are around the blocks and have no entity of their own.
    pub(super) fn is_frame(&self) -> bool {
        matches!(self.role(), "head" | "foot")
    }

    /// The definitions of its versions.
    pub(super) fn versions(&self) -> &[Value] {
        self.facts.get("versions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The fields of its entry in the table that say something.
    fn source(&self) -> Outcome<String> {
        let optional = |key: &str| self.facts.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut out = format!("name: {:?}, role: Role::{}", self.name, variant(self.role()));
        let purpose = optional("writes");
        if !purpose.is_empty() {
            write!(out, ", writes: Some(Purpose::{})", variant(purpose))?;
        }
        if let Some(marks) = self.facts.get("marks") {
            write!(out, ", marks: {}", strings(Some(marks))?)?;
        }
        for key in ["counterpart", "follows"].into_iter().filter(|key| !optional(key).is_empty()) {
            write!(out, ", {key}: {:?}", optional(key))?;
        }
        for key in ["part", "basic"] {
            if self.facts.get(key).and_then(Value::as_bool) == Some(true) {
                write!(out, ", {key}: true")?;
            }
        }
        Ok(out)
    }
}

/// The meanings of the cells of a family, with those of the family that it is like; `depth` ends a
/// circle.
fn meanings(
    name: &str,
    facts: &Value,
    all: &BTreeMap<String, Value>,
    single: bool,
    depth: usize,
) -> Outcome<Meanings> {
    let cells = facts.get("cells").ok_or("the family has no `cells`")?;
    let like = match cells.get("like").and_then(Value::as_str) {
        None => Meanings::default(),
        Some(_) if depth == 0 => return Err("it is like itself".into()),
        Some(other) => {
            let facts = all.get(other).ok_or_else(|| format!("it is like `{other}`, which has no file"))?;
            meanings(other, facts, all, single, depth - 1)?
        }
    };
    Meanings::read(cells, &like, single).map_err(|error| format!("cells of {name}: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn families(facts: &[Value]) -> Outcome<Families> {
        let named = |family: &Value| (family["family"].as_str().unwrap().to_owned(), family.clone());
        Families::read(&facts.iter().map(named).collect())
    }

    fn family(name: &str, role: &str) -> Value {
        json!({"family": name, "role": role, "cells": {}, "versions": []})
    }

    #[test]
    fn families_stand_by_role_and_name() {
        let facts = ["SU02", "SU01"].map(|name| family(name, "usage"));
        let more = [family("RE02", "sub-release"), family("RE01", "release"), family("DE01", "opaque")];
        let found = families(&[&facts[..], &more].concat()).unwrap();
        let names: Vec<&str> = found.iter().map(|family| family.name.as_str()).collect();
        assert_eq!(names, ["RE01", "RE02", "SU01", "SU02", "DE01"]);
        let table = found.table().unwrap();
        assert!(table.contains("        SU01 | SU02 => Role::Usage,\n"), "{table}");
        assert!(table.contains("        b\"SU\" => Role::Usage,\n"), "{table}");
        // Releases differ, and what two parties agree on has no letters of its own.
        assert!(!table.contains("b\"RE\" =>") && !table.contains("DE01 =>"), "{table}");
    }

    #[test]
    fn odd_families_are_refused() {
        let odd = |key: &str, value: Value| {
            let mut facts = family("SU02", "usage");
            facts[key] = value;
            families(&[facts]).err().map(|error| error.to_string()).unwrap_or_default()
        };
        for (key, value, stated) in [
            ("role", json!("play"), "`play` is not a role"),
            ("writes", json!("song"), "`song` is not what a family is written for"),
            ("counterpart", json!("SU09"), "the family `SU09`, which has no file"),
            ("cells", json!({"like": "SU02"}), "it is like itself"),
            ("versions", json!([{"type": "SU01.02"}]), "SU01.02 is no version of it"),
        ] {
            assert!(odd(key, value).contains(stated), "{key}");
        }
    }
}
