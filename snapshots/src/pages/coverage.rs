//! Which profile and which record is read, written and validated in which version, and by how many
//! cases.

use super::profiles;
use ddex_dsr::facts;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_core::format::Registry;
use transpose_records::spec::{CellSlot, CellType, Obligation, ProfileSpec, RecordSpec};

/// Where the cases are.
pub(super) const CASES: &str = "snapshots/cases";

const OPENING: &str = "\
## Records

Every record in every generation: what its cells become, which versions of profiles it is written in, what is checked, and the cases that hold it to that.

| column | means |
| --- | --- |
| decoded | cells that become fields of the model, that are kept as extras of this family, and that link the record to others or frame it |
| encoded | the versions of profiles that bind the record, which are written with it |
| validated | cells that are mandatory, that have a type to be checked, and that have a set of allowed values; rules between cells are in [rules](rules.md) |
| cases | inputs that hold the record in this version, and broken variants that damage it. Besides, `plugins/ddex-dsr/tests/generated.rs` damages every cell of every record in every version |

| record | generation | decoded | encoded | validated | valid | broken |
| --- | --- | --- | --- | --- | ---: | ---: |
";

/// A record as the table lists it: name and generation.
type Key = (&'static str, &'static str);

/// How often a record occurs in cases.
#[derive(Default)]
struct Count {
    valid: BTreeSet<PathBuf>,
    broken: usize,
}

/// What the file `case.toml` of a case says, as far as the page needs it.
#[derive(Deserialize)]
pub(super) struct Plan {
    #[serde(default)]
    pub(super) to: Vec<String>,
    #[serde(default)]
    pub(super) validate: bool,
    #[serde(default)]
    pub(super) broken: Vec<BrokenInput>,
}

/// An input with one thing changed.
#[derive(Deserialize)]
pub(super) struct BrokenInput {
    line: Option<usize>,
}

/// The page; `root` is the folder of the workspace.
pub(super) fn page(root: &Path, registry: &Registry) -> Result<String, String> {
    let counts = counts(&root.join(CASES))?;
    let mut out = profiles::section(root, registry)?;
    out.push_str(OPENING);
    for record in facts::records().iter().filter(|record| record.only.is_empty()) {
        let slots =
            |wanted: fn(&CellSlot) -> bool| record.cells.iter().filter(|cell| wanted(&cell.slot)).count();
        let deal = record.name == "DExx" || facts::is_deal_specific(record.name.as_bytes());
        let decoded = if deal {
            "carried as its line".to_owned()
        } else {
            format!(
                "{} fields, {} extras, {} links",
                slots(|slot| matches!(slot, CellSlot::Field(_))),
                slots(|slot| matches!(slot, CellSlot::Extra(_))),
                slots(|slot| *slot == CellSlot::Structure),
            )
        };
        let mandatory = record.cells.iter().filter(|cell| cell.obligation == Obligation::Mandatory).count();
        let typed =
            |kind: CellType| !matches!(kind, CellType::String | CellType::FixedString | CellType::Avs);
        let validated = format!(
            "{mandatory} mandatory, {} typed, {} listed",
            record.cells.iter().filter(|cell| typed(cell.kind)).count(),
            record.cells.iter().filter(|cell| cell.kind == CellType::Avs).count(),
        );
        let count = counts.get(&(record.name, record.generation));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| [{}](records/{}.md) | {} | {decoded} | {} | {validated} | {} | {} |",
            record.name,
            record.family(),
            record.generation,
            binding(record),
            count.map_or(0, |count| count.valid.len()),
            count.map_or(0, |count| count.broken),
        );
    }
    Ok(out)
}

/// The versions of profiles that bind a record.
fn binding(record: &RecordSpec) -> String {
    let binds = |profile: &&ProfileSpec| {
        let mut found = false;
        profile.structure.records(&mut |name| {
            let bound = facts::bound(name, profile);
            found |=
                bound.is_some_and(|bound| bound.name == record.name && bound.generation == record.generation);
        });
        found
    };
    let names: Vec<String> = facts::profiles()
        .iter()
        .filter(binds)
        .map(|profile| format!("{} {}", profile.profile, profile.version))
        .collect();
    if names.is_empty() { "none; it is read where it occurs".to_owned() } else { names.join(", ") }
}

/// The records of every case.
fn counts(folder: &Path) -> Result<BTreeMap<Key, Count>, String> {
    let mut counts: BTreeMap<Key, Count> = BTreeMap::new();
    for format in entries(folder)? {
        let name = format.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("ddex.dsr.") {
            for case in entries(&format)? {
                count(&case, &mut counts)?;
            }
        }
    }
    Ok(counts)
}

fn count(case: &Path, counts: &mut BTreeMap<Key, Count>) -> Result<(), String> {
    let plan = plan(case)?;
    for text in inputs(case)? {
        let lines: Vec<Option<Key>> = keys(&text);
        for key in lines.iter().flatten() {
            counts.entry(*key).or_default().valid.insert(case.to_owned());
        }
        for broken in plan.broken.iter().filter_map(|broken| broken.line) {
            if let Some(Some(key)) = broken.checked_sub(1).and_then(|index| lines.get(index)) {
                counts.entry(*key).or_default().broken += 1;
            }
        }
    }
    Ok(())
}

/// The plan of a case.
pub(super) fn plan(case: &Path) -> Result<Plan, String> {
    let text = String::from_utf8_lossy(&bytes(&case.join("case.toml"))?).into_owned();
    toml::from_str(&text).map_err(|error| format!("{}: {error}", case.display()))
}

/// The messages that a case reads.
pub(super) fn inputs(case: &Path) -> Result<Vec<String>, String> {
    let is_message = |path: &&PathBuf| {
        path.file_stem().is_some_and(|stem| stem == "input")
            && path.extension().is_some_and(|end| end == "tsv")
    };
    let found = entries(case)?;
    let read = |path: &PathBuf| Ok(String::from_utf8_lossy(&bytes(path)?).into_owned());
    found.iter().filter(is_message).map(read).collect()
}

/// What a file holds.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The version of a profile that a message is read as.
pub(super) fn profile_of(text: &str) -> Option<&'static ProfileSpec> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().find(|line| line.starts_with("HEAD\t"));
    let mut cells = head.unwrap_or_default().split('\t').skip(2);
    let (name, version) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let named = |profile: &&ProfileSpec| {
        (profile.profile == name || profile.accept.contains(&name)) && profile.version == version
    };
    // A version that the tables do not have is read as the newest.
    let newest = || facts::profiles().iter().find(|profile| profile.profile == name);
    facts::profiles().iter().find(named).or_else(newest)
}

/// What each line of a message is.
fn keys(text: &str) -> Vec<Option<Key>> {
    let profile = profile_of(text);
    let text = text.trim_start_matches('\u{feff}');
    let key = |line: &str| {
        let name = line.split('\t').next().unwrap_or_default();
        facts::bound(name, profile?).map(|record| (record.name, record.generation))
    };
    text.lines().map(key).collect()
}

/// The paths in a folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listed =
        std::fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}
