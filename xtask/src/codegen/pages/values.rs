//! The page of the sets of allowed values.

use super::facts::{Facts, Set};
use super::markdown::{anchor, code, plain};
use std::fmt::Write as _;

/// Sets that repeat the lists of ISO and CISAC: their values are counted, not listed.
const STANDARD: [&str; 3] = ["CurrencyCode", "LanguageCode", "TerritoryCode"];

/// The page.
pub(super) fn page(facts: &Facts) -> String {
    let mut out = String::from(
        "# Allowed values\n\n\
         The sets that cells take their values from. DDEX extends them without a new version of the standard, so an unknown value is a warning. \
         `transpose explain SET` lists a set, `transpose explain VALUE` lists the sets of a value.\n\n",
    );
    let index: Vec<String> =
        facts.sets.iter().map(|set| format!("[{}](#{})", set.name, anchor(&set.name))).collect();
    let _ = writeln!(out, "{}", index.join(", "));
    for set in &facts.sets {
        section(facts, set, &mut out);
    }
    out
}

fn section(facts: &Facts, set: &Set, out: &mut String) {
    let _ = write!(
        out,
        "\n## {}\n\n{} values, {}. Source: {}.\n\n",
        set.name,
        set.values.len(),
        set.status,
        plain(&set.source)
    );
    if !set.note.is_empty() {
        let _ = write!(out, "Note: {}\n\n", plain(&set.note));
    }
    if !set.aliases.is_empty() {
        let names: Vec<String> = set.aliases.iter().map(|name| code(name)).collect();
        let _ = write!(out, "Records also name it {}.\n\n", names.join(", "));
    }
    let users = users(facts, set);
    let users = if users.is_empty() { "no known cell".to_owned() } else { users.join(", ") };
    let _ = writeln!(out, "Used by {users}.");
    let standard = STANDARD.iter().any(|name| set.name.ends_with(name));
    let current: Vec<String> =
        set.values.iter().filter(|value| !set.deprecated.contains(value)).map(|value| code(value)).collect();
    if !standard && !current.is_empty() {
        let _ = write!(out, "\nValues: {}.\n", current.join(", "));
    }
    if !set.deprecated.is_empty() {
        let values: Vec<String> = set.deprecated.iter().map(|value| code(value)).collect();
        let _ = write!(out, "\nDeprecated: {}.\n", values.join(", "));
    }
}

/// The cells that take values of a set, in the newest version of each record type.
fn users(facts: &Facts, set: &Set) -> Vec<String> {
    let mut found = Vec::new();
    for family in facts.families() {
        let Some(record) = facts.versions(family).first().copied() else { continue };
        let takes = |name: &str| facts.set(name).is_some_and(|known| std::ptr::eq(known, set));
        let cells: Vec<String> =
            record.cells.iter().filter(|cell| takes(&cell.set)).map(|cell| code(&cell.name)).collect();
        if !cells.is_empty() {
            let link = format!("[{}](records/{family}.md#{})", record.name, anchor(&record.heading()));
            found.push(format!("{link} {}", cells.join(" and ")));
        }
    }
    found
}
