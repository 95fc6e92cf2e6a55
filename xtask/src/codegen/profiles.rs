//! The table of profiles: every version of every profile with the structure of its messages.

use super::{HEAD, list, status, strings, text};
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What is assumed about a profile where the facts are silent.
pub(super) fn assumption<'a>(assumed: &'a Value, profile: &Value) -> Outcome<&'a Value> {
    let same = |entry: &&Value| {
        ["profile", "version", "variant"].iter().all(|key| entry.get(key) == profile.get(key))
    };
    list(assumed, "profiles")?.iter().find(same).ok_or_else(|| {
        format!("assumed.json says nothing of {} {}", profile["profile"], profile["version"]).into()
    })
}

/// The name of a profile in the header of its messages.
fn name<'a>(profile: &'a Value, entry: &'a Value) -> Outcome<&'a str> {
    text(entry, "name").or_else(|_| text(profile, "profile"))
}

/// The names of all profiles.
pub(super) fn names(facts: &Value, assumed: &Value) -> Outcome<BTreeSet<String>> {
    let profiles = list(facts, "profiles")?.iter();
    profiles.map(|profile| Ok(name(profile, assumption(assumed, profile)?)?.to_owned())).collect()
}

/// The source file with the table.
pub(super) fn table(facts: &Value, assumed: &Value) -> Outcome<String> {
    let mut out = format!(
        "{HEAD}//!\n//! Every version of every profile with the structure of its messages.\n\n\
         use transpose_records::spec::{{ProfileSpec, Status}};\n\
         use transpose_records::spec::Structure::{{Choice, Group, Record, Sequence}};\n\n\
         /// The profiles, in the order of the facts.\n\
         #[rustfmt::skip]\npub(crate) static PROFILES: &[ProfileSpec] = &[\n"
    );
    for profile in list(facts, "profiles")? {
        let entry = assumption(assumed, profile)?;
        writeln!(
            out,
            "    ProfileSpec {{ profile: {:?}, written: {:?}, accept: {}, version: {:?}, assumed: {:?}, variant: {:?}, generation: {:?}, status: Status::{}, message_version: {:?}, rules: {}, structure:",
            name(profile, entry)?,
            text(entry, "written").unwrap_or_default(),
            strings(entry.get("accept"))?,
            text(entry, "as_version").or_else(|_| text(profile, "version"))?,
            text(entry, "why")?,
            text(profile, "variant")?,
            text(profile, "generation")?,
            status(text(profile, "status")?)?,
            text(entry, "message_version")?,
            strings(profile.get("rules"))?,
        )?;
        let tree = profile.get("structure").ok_or("a profile has no structure")?;
        structure(tree, 2, &mut out)?;
        out.push_str(" },\n");
    }
    out.push_str("];\n");
    Ok(out)
}

fn structure(node: &Value, depth: usize, out: &mut String) -> Outcome {
    let indent = "    ".repeat(depth);
    let min = node.get("min").and_then(Value::as_u64).unwrap_or(1);
    let max = match node.get("max") {
        None => "Some(1)".to_owned(),
        Some(max) => max.as_u64().map_or("None".to_owned(), |max| format!("Some({max})")),
    };
    match text(node, "kind")? {
        "record" => write!(out, "{indent}Record({:?}, ({min}, {max}))", text(node, "record")?)?,
        word @ ("sequence" | "choice") => {
            let variant = if word == "choice" { "Choice" } else { "Sequence" };
            writeln!(out, "{indent}{variant}(&[")?;
            for item in list(node, "items")? {
                structure(item, depth + 1, out)?;
                out.push_str(",\n");
            }
            write!(out, "{indent}], ({min}, {max}))")?;
        }
        "group" => {
            let name = node.get("name").and_then(Value::as_str).unwrap_or_default();
            writeln!(out, "{indent}Group({name:?}, &")?;
            structure(node.get("body").ok_or("a group has no body")?, depth + 1, out)?;
            write!(out, ", ({min}, {max}))")?;
        }
        other => return Err(format!("`{other}` is no kind of structure").into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_of_structure_are_refused() {
        assert!(structure(&serde_json::json!({"kind": "loop"}), 0, &mut String::new()).is_err());
    }
}
