//! A page for each profile: its versions in both variants, each with the order of its records.

use super::facts::{Facts, Profile, Record, gather};
use super::markdown::{anchor, code, head, plain, row};
use serde_json::Value;
use std::fmt::Write as _;

/// The page of a profile.
pub(super) fn page(facts: &Facts, name: &str) -> String {
    let versions: Vec<&Profile> = facts.profiles.iter().filter(|profile| profile.page() == name).collect();
    let mut out = format!("# {name}\n\n");
    head(
        &mut out,
        &["version", "variant", "name in the header", "also read", "definition", "facts", "message version"],
    );
    for profile in &versions {
        let also: Vec<String> = profile.other_names().map(code).collect();
        row(
            &mut out,
            &[
                &format!("[{}](#{})", profile.version, anchor(&profile.heading())),
                &profile.variant,
                &code(profile.header_name()),
                &also.join(", "),
                &profile.generation,
                &profile.status,
                &code(&profile.message_version),
            ],
        );
    }
    for profile in versions {
        section(facts, profile, &mut out);
    }
    out
}

fn section(facts: &Facts, profile: &Profile, out: &mut String) {
    let _ = write!(out, "\n## {}\n\n", profile.heading());
    if !profile.assumed.is_empty() {
        let _ = write!(out, "Note: {}.\n\n", plain(&profile.assumed));
    }
    let _ = write!(out, "Source: {}.\n\nThe order of records:\n\n", plain(&profile.source));
    let order = Order { facts, profile };
    match item_list(&profile.structure) {
        Some(items) if is_once(&profile.structure) => items.iter().for_each(|item| order.node(item, 0, out)),
        _ => order.node(&profile.structure, 0, out),
    }
    if !profile.rules.is_empty() {
        out.push_str("\nRules:\n\n");
    }
    for rule in &profile.rules {
        let _ = writeln!(out, "- {}", plain(rule));
    }
    out.push_str("\nThe records it binds:\n\n");
    head(out, &["record", "what it is", "definition", "cells", "facts"]);
    for record in profile.records().iter().filter_map(|name| facts.bound(name, profile)) {
        let title = plain(&record.title);
        let cells = record.cells.len().to_string();
        row(out, &[&record.link(), &title, &record.generation, &cells, &record.sureness()]);
    }
}

/// The order of records as an indented list.
struct Order<'a> {
    facts: &'a Facts,
    profile: &'a Profile,
}

impl Order<'_> {
    fn node(&self, node: &Value, depth: usize, out: &mut String) {
        if is_empty(node) {
            return;
        }
        let mut line = |text: String| {
            let _ = writeln!(out, "{}- {text}", "  ".repeat(depth));
        };
        let often = often(node);
        if let Some(name) = node.get("record").and_then(Value::as_str) {
            let link = self.facts.bound(name, self.profile).map_or_else(|| code(name), Record::link);
            line(format!("{link}{often}"));
            return;
        }
        // What a named part holds is right below its name.
        let (label, inner) = match node.get("body") {
            Some(body) => {
                let name = node.get("name").and_then(Value::as_str).unwrap_or("part");
                (Some(format!("**{name}**{often}")), body)
            }
            None => (None, node),
        };
        let items: &[Value] = match item_list(inner) {
            Some(items) if label.is_none() || is_once(inner) => items,
            _ => std::slice::from_ref(inner),
        };
        let choice = items.len() > 1 && inner.get("kind").and_then(Value::as_str) == Some("choice");
        if let (None, [only], true) = (&label, items, is_once(node)) {
            self.node(only, depth, out);
            return;
        }
        let what = if choice { "one of" } else { "in this order" };
        match label {
            Some(label) if choice => line(format!("{label}, {what}:")),
            Some(label) => line(format!("{label}:")),
            None => line(format!("{what}{often}:")),
        }
        for item in items {
            self.node(item, depth + 1, out);
        }
    }
}

fn item_list(node: &Value) -> Option<&[Value]> {
    node.get("items").and_then(Value::as_array).map(Vec::as_slice)
}

/// Whether a part has no record at all, as one choice of the schemas.
fn is_empty(node: &Value) -> bool {
    let mut names = Vec::new();
    gather(node, &mut names);
    names.is_empty()
}

fn is_once(node: &Value) -> bool {
    often(node).is_empty()
}

/// How often a part occurs, as it is behind it; nothing for once.
fn often(node: &Value) -> String {
    let min = node.get("min").and_then(Value::as_u64).unwrap_or(1);
    let max = node.get("max").map_or(Some(1), Value::as_u64);
    match (min, max) {
        (1, Some(1)) => String::new(),
        (0, Some(1)) => ", at most once".to_owned(),
        (0, None) => ", any number of times".to_owned(),
        (1, None) => ", at least once".to_owned(),
        (min, None) => format!(", at least {min} times"),
        (min, Some(max)) => format!(", {min} to {max} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(structure: &Value) -> String {
        let facts = Facts { records: Vec::new(), profiles: Vec::new(), sets: Vec::new() };
        let profile = Profile {
            name: "P".into(),
            written: String::new(),
            accept: Vec::new(),
            version: "1".into(),
            assumed: String::new(),
            variant: String::new(),
            generation: String::new(),
            status: String::new(),
            message_version: String::new(),
            source: String::new(),
            rules: Vec::new(),
            structure: structure.clone(),
        };
        let mut out = String::new();
        Order { facts: &facts, profile: &profile }.node(structure, 0, &mut out);
        out
    }

    #[test]
    fn order_is_an_indented_list() {
        let record = |name: &str, min: u64, max: Option<u64>| json!({"kind": "record", "record": name, "min": min, "max": max});
        let resource = json!({"kind": "choice", "min": 1, "max": null, "items": [
            {"kind": "sequence", "min": 1, "max": 1, "items": [record("A", 1, Some(1)), record("M", 0, Some(1))]},
            {"kind": "sequence", "min": 1, "max": 1, "items": [record("B", 1, Some(1))]},
            {"kind": "choice", "min": 1, "max": null, "items": []},
        ]});
        let block = json!({"kind": "group", "name": "Block", "min": 0, "max": null, "body":
            {"kind": "sequence", "min": 1, "max": 1, "items": [record("R", 0, Some(3)), resource]}});
        let expected = "\
- **Block**, any number of times:
  - `R`, 0 to 3 times
  - one of, at least once:
    - in this order:
      - `A`
      - `M`, at most once
    - `B`
";
        assert_eq!(listed(&block), expected);
        let repeated = json!({"kind": "group", "name": "Part", "min": 1, "max": 1, "body":
            {"kind": "choice", "min": 1, "max": null, "items": [record("A", 1, Some(1)), record("B", 1, Some(1))]}});
        assert_eq!(listed(&repeated), "- **Part**:\n  - one of, at least once:\n    - `A`\n    - `B`\n");
        let chosen = json!({"kind": "group", "name": "Part", "min": 1, "max": 1, "body":
            {"kind": "choice", "min": 1, "max": 1, "items": [record("A", 1, Some(1)), record("B", 1, Some(1))]}});
        assert_eq!(listed(&chosen), "- **Part**, one of:\n  - `A`\n  - `B`\n");
        let again = json!({"kind": "sequence", "min": 0, "max": null, "items": [record("A", 0, Some(1))]});
        assert_eq!(listed(&again), "- in this order, any number of times:\n  - `A`, at most once\n");
    }
}
