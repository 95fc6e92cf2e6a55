//! Proposals for the inputs of all cases of labels, compared with the layouts that people wrote for
//! them.
//!
//! The proposals know no layout here: names, cells and relations alone have to identify the fields.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use transpose_sheet::infer::{Confidence, Sample, Words, infer};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A heading without what makes no difference.
fn folded(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The fields of layouts with headings by the id of the layout and the heading; empty for a column
/// without a field.
fn layouts() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut layouts = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("plugins/labels/layouts")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let table: toml::Table = toml::from_str(&text).unwrap();
        let mut columns = BTreeMap::new();
        for column in table["column"].as_array().unwrap() {
            let field = column.get("field").and_then(toml::Value::as_str).unwrap_or_default();
            let other = column.get("aliases").and_then(toml::Value::as_array).into_iter().flatten();
            for name in column.get("heading").into_iter().chain(other).filter_map(toml::Value::as_str) {
                columns.insert(folded(name), field.to_owned());
            }
        }
        layouts.insert(table["id"].as_str().unwrap().to_owned(), columns);
    }
    layouts
}

#[test]
fn proposals_agree_with_layouts_that_people_wrote() {
    let (layouts, words) = (layouts(), Words::new([]));
    let (mut same, mut silent, mut more, mut wrong) = (0, 0, 0, Vec::new());
    for (id, columns) in &layouts {
        for case in std::fs::read_dir(root().join("snapshots/cases").join(id)).into_iter().flatten() {
            for entry in std::fs::read_dir(case.unwrap().path()).unwrap() {
                let path = entry.unwrap().path();
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                if path.file_stem().is_none_or(|stem| stem != "input") {
                    continue;
                }
                let sample =
                    Sample { name: "input", bytes: text.as_bytes(), complete: true, container: None };
                let Ok(proposal) = infer(sample, &words, "label.x") else { continue };
                for guess in &proposal.columns {
                    let Some(known) = columns.get(&folded(&guess.heading)) else { continue };
                    match guess.field.map_or("", |field| field.id()) {
                        field if field == known => same += 1,
                        "" => silent += 1,
                        _ if known.is_empty() => more += 1,
                        field => {
                            let sure = guess.confidence.map_or("", Confidence::name);
                            wrong.push(format!(
                                "{id} `{}`: {field} ({sure}), and it is {known}",
                                guess.heading
                            ));
                        }
                    }
                }
            }
        }
    }
    println!("{same} alike, {silent} not found, {more} more, {} others: {wrong:#?}", wrong.len());
    let all = same + silent + more + wrong.len();
    assert!(all > 300, "{all}");
    assert!(
        same * 100 >= all * 80 && wrong.len() * 100 <= all * 4,
        "{same} of {all} alike, others: {wrong:#?}"
    );
    assert!(wrong.iter().filter(|text| text.contains(Confidence::Certain.name())).count() == 0, "{wrong:#?}");
}
