//! A JSON schema of layouts, for editors that complete keys, say what they mean, and mark what is
//! wrong.
//!
//! Which keys there are, and what each takes, comes from the types that read a layout; what they
//! mean comes from the tables of `docs/layouts.md`. A key that the page does not explain, or a row
//! of the page that is no key, is a failure: so the page is complete. Tests see to it that every
//! key is in an example of the page, too, and that every example is a layout.

use crate::layout::raw::{OneOrMany, RawLayout};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use transpose_core::model::Field;

/// Where the tables of keys are: the heading of the section, and the type whose keys it explains.
const SECTIONS: [(&str, &str); 7] = [
    ("## The file", "RawLayout"),
    ("## `[table]`", "RawTable"),
    ("## Conditions", "RawWhen"),
    ("## Cells", "RawCell"),
    ("## Fixed width", "RawCell"),
    ("## Preface and trailer lines", "RawLine"),
    ("## File names", "RawFileName"),
];

/// Keys that hold ids of fields.
const FIELDS: [&str; 6] = ["field", "or-field", "sum", "each", "else-field", "require"];

/// The schema as text; `page` is that of `docs/layouts.md`.
pub fn schema(page: &str) -> Result<String, String> {
    let generator = SchemaSettings::draft07().into_generator();
    let mut root = generator.into_root_schema_for::<RawLayout>().to_value();
    let meanings = meanings(page);
    let mut stated = BTreeSet::new();
    let mut missing = Vec::new();
    describe("RawLayout", &mut root, &meanings, &mut stated, &mut missing);
    if let Some(types) = root.get_mut("definitions").and_then(Value::as_object_mut) {
        for (name, definition) in types {
            describe(name, definition, &meanings, &mut stated, &mut missing);
        }
    }
    if !missing.is_empty() {
        return Err(format!("docs/layouts.md does not explain {}", missing.join(", ")));
    }
    let unknown: Vec<String> = meanings
        .keys()
        .filter(|key| !stated.contains(*key))
        .map(|(of, key)| format!("`{key}` of {of}"))
        .collect();
    if !unknown.is_empty() {
        return Err(format!("docs/layouts.md explains keys that do not exist: {}", unknown.join(", ")));
    }
    if let Some(object) = root.as_object_mut() {
        object.insert("title".into(), "Layout of a table, for Transpose".into());
        object.insert(
            "description".into(),
            "One table of a partner, described as data; docs/layouts.md is the reference.".into(),
        );
        if let Some(types) = object.get_mut("definitions").and_then(Value::as_object_mut) {
            types.insert("Field".into(), fields());
        }
    }
    // Our names of types mean nothing to readers.
    let text = format!("{root:#}\n").replace("\"Raw", "\"").replace("/definitions/Raw", "/definitions/");
    Ok(text)
}

impl schemars::JsonSchema for OneOrMany {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    }
}

/// Every field that a cell may hold, with its meaning.
fn fields() -> Value {
    let all: Vec<Value> =
        Field::all().map(|field| json!({"const": field.id(), "description": field.spec().about})).collect();
    json!({"description": "A field of the model.", "type": "string", "oneOf": all})
}

/// What the page says of each key, by the type that it belongs to.
fn meanings(page: &str) -> BTreeMap<(&'static str, String), String> {
    let mut meanings = BTreeMap::new();
    let mut of = None;
    for line in page.lines() {
        if line.starts_with("## ") {
            of = SECTIONS.iter().find(|(heading, _)| line == *heading).map(|(_, name)| *name);
        }
        let (Some(of), Some(row)) = (of, line.strip_prefix("| `")) else { continue };
        let Some((keys, meaning)) = row.strip_suffix(" |").and_then(|row| row.split_once(" | ")) else {
            continue;
        };
        // `a = "b"`, `[c]`: the keys are a and c.
        for key in format!("`{keys}").split("`, `") {
            let key = key.trim_matches(['`', '[']);
            let key: String = key.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            meanings.insert((of, key), meaning.replace('`', ""));
        }
    }
    meanings
}

/// Puts meanings to the keys of a type.
fn describe(
    name: &str,
    schema: &mut Value,
    meanings: &BTreeMap<(&'static str, String), String>,
    stated: &mut BTreeSet<(&'static str, String)>,
    missing: &mut Vec<String>,
) {
    let Some((_, of)) = SECTIONS.iter().find(|(_, of)| *of == name) else { return };
    let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (key, value) in keys {
        if ["RawCell", "RawLine"].contains(of) && FIELDS.contains(&key.as_str()) || key == "require" {
            *value = of_fields(key);
        }
        if key == "constants" {
            *value = json!({"type": "object", "propertyNames": {"$ref": "#/definitions/Field"}, "additionalProperties": {"type": "string"}});
        }
        let known = (*of, key.clone());
        match meanings.get(&known) {
            Some(meaning) => {
                described(value, meaning);
                stated.insert(known);
            }
            None => missing.push(format!("`{key}` of {of}")),
        }
    }
}

/// What a key takes that names fields.
fn of_fields(key: &str) -> Value {
    let one = json!({"$ref": "#/definitions/Field"});
    match key {
        "require" => json!({"type": "array", "items": {"type": "array", "items": one}}),
        "else-field" => json!({"anyOf": [one, {"type": "array", "items": one}]}),
        _ => one,
    }
}

/// Adds a description; beside a reference other keys are not looked at, so the reference goes
/// inside.
fn described(value: &mut Value, meaning: &str) {
    if let Some(reference) = value.get("$ref").cloned() {
        *value = json!({"allOf": [{"$ref": reference}]});
    }
    if let Some(object) = value.as_object_mut() {
        let mut first = Map::new();
        first.insert("description".into(), meaning.into());
        first.append(object);
        *object = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/layouts.md")).unwrap()
    }

    #[test]
    fn every_key_has_its_meaning() {
        let schema: Value = serde_json::from_str(&schema(&page()).unwrap()).unwrap();
        assert_eq!(
            schema["properties"]["grain"]["description"]
                .as_str()
                .map(|text| text.starts_with("event: a row is")),
            Some(true)
        );
        let cell = &schema["definitions"]["Cell"];
        assert_eq!(cell["additionalProperties"], false);
        assert!(cell["properties"]["decimals"]["description"].as_str().unwrap().contains("comma"));
        let fields = schema["definitions"]["Field"]["oneOf"].as_array().unwrap();
        assert_eq!(fields.len(), Field::COUNT);
    }

    /// Whether a value fits a schema, by as much of the standard as ours uses.
    fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
        let Some(rules) = schema.as_object() else { return schema != &Value::Bool(false) };
        rules.iter().all(|(rule, said)| {
            let any = || said.as_array().unwrap().iter().filter(|schema| fits(root, schema, value)).count();
            match (rule.as_str(), value) {
                ("$ref", _) => {
                    let path = said.as_str().unwrap().trim_start_matches('#');
                    fits(root, root.pointer(path).unwrap(), value)
                }
                ("type", _) => {
                    let is = |name: &Value| match name.as_str().unwrap() {
                        "object" => value.is_object(),
                        "array" => value.is_array(),
                        "string" => value.is_string(),
                        "boolean" => value.is_boolean(),
                        "integer" => value.is_i64(),
                        "null" => value.is_null(),
                        other => panic!("{other}"),
                    };
                    said.as_array().map_or_else(|| is(said), |names| names.iter().any(is))
                }
                ("enum", _) => said.as_array().unwrap().contains(value),
                ("const", _) => said == value,
                ("allOf", _) => any() == said.as_array().unwrap().len(),
                ("anyOf", _) => any() > 0,
                ("oneOf", _) => any() == 1,
                ("items", Value::Array(items)) => items.iter().all(|item| fits(root, said, item)),
                ("required", Value::Object(keys)) => {
                    said.as_array().unwrap().iter().all(|key| keys.contains_key(key.as_str().unwrap()))
                }
                ("properties", Value::Object(keys)) => keys
                    .iter()
                    .all(|(key, value)| said.get(key).is_none_or(|schema| fits(root, schema, value))),
                ("propertyNames", Value::Object(keys)) => {
                    keys.keys().all(|key| fits(root, said, &key.as_str().into()))
                }
                ("additionalProperties", Value::Object(keys)) => {
                    let known = rules.get("properties");
                    keys.iter()
                        .filter(|(key, _)| known.is_none_or(|known| known.get(key).is_none()))
                        .all(|(_, value)| fits(root, said, value))
                }
                _ => true,
            }
        })
    }

    #[test]
    fn layouts_fit_the_schema_and_faulty_ones_do_not() {
        let schema: Value = serde_json::from_str(&schema(&page()).unwrap()).unwrap();
        let layout = |text: &str| -> Value {
            serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
        };
        let template = crate::template_layout();
        assert!(fits(&schema, &schema, &layout(template)));
        let mut count = 0;
        for family in ["labels", "massivemusic", "interchange"] {
            let folder = format!("{}/../../plugins/{family}/layouts", env!("CARGO_MANIFEST_DIR"));
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "toml") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(fits(&schema, &schema, &layout(&text)), "{}", path.display());
                    count += 1;
                }
            }
        }
        assert!(count >= 10, "{count}");
        for (from, to) in [
            ("heading = \"Title\"", "headding = \"Title\""),
            ("field = \"recording.title\"", "field = \"recording.titel\""),
            ("decimals = \"dot\"", "decimals = \"point\""),
            ("required = true", "required = \"yes\""),
            ("grain = \"aggregate\"", "grain = \"sum\""),
            ("reference = ", "# reference = "),
            ("\"context.currency\" = ", "\"context.curency\" = "),
        ] {
            assert!(template.contains(from), "{from}");
            assert!(!fits(&schema, &schema, &layout(&template.replacen(from, to, 1))), "{to}");
        }
    }

    /// The blocks of TOML of the page.
    fn examples(page: &str) -> Vec<&str> {
        page.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
    }

    /// What a fragment needs to be a layout.
    const HEAD: [(&str, &str); 5] = [
        ("id", "label.acme"),
        ("title", "Acme"),
        ("grain", "aggregate"),
        ("reference", "acme.pdf"),
        ("confidence", "low"),
    ];

    /// An example as a whole layout: what it lacks is added.
    fn whole(example: &str) -> String {
        let keys: toml::Table = toml::from_str(example).unwrap();
        let lacking = HEAD.iter().filter(|(key, _)| !keys.contains_key(*key));
        let mut text = String::new();
        for (key, value) in lacking {
            text.extend([key, " = \"", value, "\"\n"]);
        }
        if !keys.contains_key("directions") {
            text += "directions = [\"read\"]\n";
        }
        text += example;
        if !keys.contains_key("column") {
            text += "[[column]]\nheading = \"Title\"\nfield = \"recording.title\"\n";
        }
        text
    }

    /// Adds the keys of a part of a layout, by the type that they belong to.
    fn keys(of: &'static str, part: &toml::Value, found: &mut BTreeSet<(&'static str, String)>) {
        if let Some(items) = part.as_array() {
            for item in items {
                keys(of, item, found);
            }
        }
        for (key, value) in part.as_table().into_iter().flatten() {
            found.insert((of, key.clone()));
            let inner = match key.as_str() {
                "table" => "RawTable",
                "switch" | "refund" => "RawWhen",
                "before" | "after" => "RawLine",
                "column" | "cells" => "RawCell",
                "file-name" => "RawFileName",
                _ => continue,
            };
            keys(inner, value, found);
        }
    }

    /// The keys that the page explains and no example has.
    fn without_example(page: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        for example in examples(page) {
            keys("RawLayout", &toml::Value::Table(toml::from_str(example).unwrap()), &mut found);
        }
        let explained = meanings(page).into_keys().filter(|key| !found.contains(key));
        explained.map(|(of, key)| format!("`{key}` of {of}")).collect()
    }

    #[test]
    fn every_example_is_a_layout_and_fits_the_schema() {
        let page = page();
        let schema: Value = serde_json::from_str(&schema(&page).unwrap()).unwrap();
        assert!(examples(&page).len() > 10);
        for example in examples(&page) {
            let text = whole(example);
            if let Err(fatal) = crate::Layout::parse("layouts.md", &text) {
                panic!("{fatal}\n{text}");
            }
            let value = serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap();
            assert!(fits(&schema, &schema, &value), "{text}");
        }
    }

    #[test]
    fn every_key_is_in_an_example() {
        let page = page();
        assert_eq!(without_example(&page), [""; 0]);
        let lacking = page.replace("days = \"last\"\n", "");
        assert_eq!(without_example(&lacking), ["`days` of RawCell"]);
    }

    #[test]
    fn every_kind_is_explained() {
        let page = page();
        let schema: Value = serde_json::from_str(&schema(&page).unwrap()).unwrap();
        let kinds = schema["definitions"]["Kind"]["oneOf"].as_array().unwrap().iter();
        let kinds: BTreeSet<_> = kinds.map(|kind| kind["const"].as_str().unwrap()).collect();
        let section = page.split("\n## Kinds\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let explained: BTreeSet<_> = rows.flat_map(|(kinds, _)| kinds.split("`, `")).collect();
        assert_eq!(kinds, explained);
    }

    #[test]
    fn page_and_types_must_agree() {
        let page = page();
        let lacking = page.replace("| `places` |", "| places |");
        assert!(schema(&lacking).unwrap_err().contains("`places` of RawCell"));
        let more = page.replace("| `places` |", "| `places`, `colour` |");
        assert!(schema(&more).unwrap_err().contains("`colour` of RawCell"));
    }
}
