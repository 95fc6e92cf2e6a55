//! The reference pages that follow from what is linked.

use snapshots::pages::{Rules, all};
use std::collections::BTreeSet;
use std::path::PathBuf;
use transpose_core::diagnostics::Severity;
use transpose_core::format::Registry;

/// How many rules no diagnostic reports yet. It only ever falls.
const MISSING: usize = 1;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn pages_are_up_to_date() {
    for (name, text) in all(&root()).unwrap() {
        let path = root().join("docs/dsr").join(name);
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        let line = found.lines().zip(text.lines()).position(|(found, text)| found != text);
        assert!(
            found == text,
            "docs/dsr/{name} differs in line {:?}; run `cargo xtask codegen` and commit the result",
            line.map(|line| line + 1)
        );
    }
}

#[test]
fn every_rule_is_reported_by_a_diagnostic() {
    let rules = Rules::load(&root()).unwrap();
    let registry = Registry::load().unwrap();
    let missing: Vec<&str> = rules.missing(&registry).iter().map(|rule| rule.id.as_str()).collect();
    println!("{} of {} rules have no diagnostic: {}", missing.len(), rules.rules.len(), missing.join(", "));
    assert!(missing.len() <= MISSING, "no diagnostic names {}", missing.join(", "));
    for rule in rules.rules.iter().filter(|rule| !rule.unreported.is_empty()) {
        let code = registry.codes().find(|code| code.implements(&rule.id));
        assert!(code.is_none(), "{} says that nothing reports it, but {code:?} does", rule.id);
    }
}

#[test]
fn every_rule_that_a_diagnostic_names_is_listed() {
    let rules = Rules::load(&root()).unwrap();
    let known: BTreeSet<&str> = rules.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(known.len(), rules.rules.len());
    for code in Registry::load().unwrap().codes() {
        let words = code.about.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for word in words.filter(|word| word.starts_with("V-")) {
            assert!(known.contains(word), "{} names {word}, which rules.json does not list", code.id);
        }
    }
}

#[test]
fn every_rule_has_a_row_of_its_own() {
    let rules = Rules::load(&root()).unwrap();
    let pages = all(&root()).unwrap();
    let page = &pages["rules.md"];
    let severities = [Severity::Error, Severity::Warning, Severity::Info].map(Severity::name);
    for rule in &rules.rules {
        assert!(severities.contains(&rule.severity.as_str()), "{}: {}", rule.id, rule.severity);
        let row = format!("\n| {} | {} | {}", rule.id, rule.severity, rule.about);
        assert_eq!(page.matches(&row).count(), 1, "{row}");
    }
    // One that is known to have a diagnostic, by the words of the code itself.
    let row = page.lines().find(|line| line.starts_with("| V-CELL-3 |")).unwrap();
    assert!(row.ends_with("| [DSR0204](#dsr0204-empty-mandatory-cell) error |"), "{row}");
    assert!(page.contains("\n### DSR0204 empty-mandatory-cell\n\nerror: "));
}
