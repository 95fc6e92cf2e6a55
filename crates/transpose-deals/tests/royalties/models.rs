//! What holds for every royalty model, by its spec alone. A further model needs no test here.

use crate::support::{Kind, POLICIES, ROUNDING, parse, terms, work_out_with};
use std::collections::BTreeSet;
use transpose_deals::models::{KeySpec, MODELS, Measure, ModelSpec, Need};

/// The lines of a model by the examples of its keys, once for each word that a key may have.
fn variants(spec: &ModelSpec) -> Vec<String> {
    let words = spec.keys.iter().flat_map(|key| match key.measure {
        Measure::Word(words) => words.iter().map(|(word, _)| Some((key.name, *word))).collect(),
        _ => Vec::new(),
    });
    let chosen: Vec<Option<(&str, &str)>> = words.collect();
    let chosen = if chosen.is_empty() { vec![None] } else { chosen };
    chosen.into_iter().map(|word| lines(spec, word)).collect()
}

fn lines(spec: &ModelSpec, chosen: Option<(&str, &str)>) -> String {
    let line = |key: &KeySpec| match chosen {
        Some((name, word)) if name == key.name => format!("{name} = \"{word}\"\n"),
        _ => format!("{}\n", key.example.split('`').next().unwrap()),
    };
    let keys = spec.keys.iter().filter(|key| key.only_with.is_none() || key.only_with == chosen);
    format!("[[deal.model]]\nmodel = \"{}\"\n{}", spec.word, keys.map(line).collect::<String>())
}

#[test]
fn words_and_keys_are_told_apart() {
    let mut words = BTreeSet::new();
    for spec in MODELS {
        assert!(words.insert(spec.word), "{} is listed twice", spec.word);
        let kebab = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(kebab(spec.word) && !spec.pays.is_empty(), "{}", spec.word);
        let names: BTreeSet<&str> = spec.keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), spec.keys.len(), "{}", spec.word);
        for key in spec.keys {
            assert!(kebab(key.name) && key.example.starts_with(key.name), "{} {}", spec.word, key.name);
            let Some((other, word)) = key.only_with else { continue };
            let other = spec.keys.iter().find(|key| key.name == other).unwrap();
            let Measure::Word(words) = other.measure else { panic!("{} is no word", other.name) };
            assert!(words.iter().any(|(known, _)| *known == word), "{} {word}", spec.word);
        }
    }
}

#[test]
fn every_example_is_read() {
    for lines in MODELS.iter().flat_map(|spec| variants(spec)) {
        parse(&format!("{POLICIES}{lines}{ROUNDING}")).unwrap_or_else(|fatal| panic!("{lines}: {fatal}"));
    }
}

#[test]
fn every_key_that_is_needed_is_asked_for() {
    for lines in MODELS.iter().flat_map(|spec| variants(spec)) {
        for line in lines.lines().skip(2) {
            let without = lines.replace(&format!("{line}\n"), "");
            let fatal = parse(&format!("{POLICIES}{without}{ROUNDING}")).unwrap_err();
            let key = line.split(' ').next().unwrap();
            let missing = format!("`{key}` is missing in the model");
            assert!(fatal.diagnostics.iter().any(|one| one.message.starts_with(&missing)), "{fatal}");
        }
    }
}

#[test]
fn every_policy_that_is_needed_is_asked_for() {
    for spec in MODELS {
        for policy in Need::POLICIES.iter().filter(|policy| spec.needs.contains(&policy.need)) {
            let kept = POLICIES.lines().filter(|line| line.split(' ').next() != Some(policy.key));
            let policies = kept.collect::<Vec<_>>().join("\n") + "\n";
            let fatal = parse(&format!("{policies}{}{ROUNDING}", lines(spec, None))).unwrap_err();
            let open = format!("leaves open: `{}`", policy.key);
            assert!(fatal.diagnostics[0].message.ends_with(&open), "{}: {fatal}", spec.word);
            assert!(fatal.diagnostics[0].advice().contains(policy.example), "{fatal}");
        }
    }
}

const FIGURES: &str = "\
territory,plan,net-revenue,subscribers,users,unit-price,total-usages,qualified-usages,content-cost,performance-royalties,tuning-hours
GB,premium,415010.57,41230,39854,9.99,2000000,1800000,217000.13,31000.77,1200.5
";

/// With every figure there is, and plays that have users and a price, nothing keeps a model from
/// being worked out.
#[test]
fn every_model_is_worked_out_and_explained() {
    let played: [Kind; 2] =
        [("GB", "premium", true, 335_001, 0, "1.29"), ("GB", "premium", true, 1, 0, "0.99")];
    let users: [&[(u64, u64)]; 2] = [&[(335_001, 335_001)], &[(1, 1)]];
    for spec in MODELS {
        for lines in variants(spec) {
            let found = work_out_with(
                &terms(&format!("{POLICIES}{lines}{ROUNDING}"), FIGURES),
                &played,
                None,
                &users,
            );
            let statement = match found {
                Ok(statement) => statement,
                // What buyers paid, and what a guarantee lacks, is nothing that these usages tell.
                Err(diagnostics) => {
                    let first = &diagnostics[0].message;
                    let known = first.ends_with("has no `usage.retail-price`")
                        || first.starts_with("no breakage is known");
                    assert!(known, "{lines}: {first}");
                    continue;
                }
            };
            assert_eq!([statement.model(0), statement.model(1)], [spec.word; 2]);
            let scopes = statement.steps("scope");
            assert_eq!(scopes[0]["winner"], spec.word);
            assert!(!scopes[0]["candidates"][0]["parts"].as_array().unwrap().is_empty(), "{lines}");
        }
    }
}
