//! The table of sets of allowed values.

use super::{HEAD, list, status, text};
use crate::Outcome;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The source file with the table.
pub(super) fn table(facts: &Value) -> Outcome<String> {
    let mut out = format!(
        "{HEAD}//!\n//! The sets of allowed values, sorted for lookup.\n\n\
         use transpose_records::spec::{{AllowedValues, Status}};\n\n\
         /// The sets, sorted by name.\n\
         #[rustfmt::skip]\npub(crate) static SETS: &[AllowedValues] = &[\n"
    );
    let sets = facts.get("sets").and_then(Value::as_object).ok_or("avs.json has no sets")?;
    let sorted: BTreeMap<&String, &Value> = sets.iter().collect();
    for (name, set) in sorted {
        let values = |key: &str| -> Outcome<BTreeSet<&str>> {
            list(set, key)?
                .iter()
                .map(|value| value.as_str().ok_or_else(|| format!("{name}: a value is no text").into()))
                .collect()
        };
        writeln!(
            out,
            "    AllowedValues {{ name: {name:?}, status: Status::{}, source: {:?}, values: &{:?}, deprecated: &{:?} }},",
            status(text(set, "status")?)?,
            set.get("source").and_then(Value::as_str).unwrap_or_default(),
            values("values")?.into_iter().collect::<Vec<_>>(),
            values("deprecated")?.into_iter().collect::<Vec<_>>(),
        )?;
    }
    out.push_str("];\n\n/// Names that records use for a set of another name.\n#[rustfmt::skip]\npub(crate) static ALIASES: &[(&str, &str)] = &[\n");
    let aliases = facts.get("_readme").and_then(|readme| readme.get("aliases")).and_then(Value::as_object);
    let aliases: BTreeMap<_, _> = aliases.into_iter().flatten().collect();
    for (alias, name) in aliases {
        writeln!(out, "    ({alias:?}, {:?}),", name.as_str().unwrap_or_default())?;
    }
    out.push_str("];\n");
    Ok(out)
}
