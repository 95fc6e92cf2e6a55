//! The report as SARIF 2.1.0 (OASIS), which code hosts and editors display: one run, a rule for
//! each code, a result for each listed diagnostic.

use super::{CodeGroup, Report};
use serde_json::{Value, json};
use std::fmt::Write as _;
use transpose_core::diagnostics::{Diagnostic, Location, Severity};

/// The JSON schema of SARIF.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

impl Report<'_> {
    /// The whole report.
    pub(super) fn sarif(&self) -> String {
        let groups = self.by_code();
        let rules: Vec<Value> = groups.iter().map(rule).collect();
        let results: Vec<Value> = self
            .diagnostics
            .iter()
            .filter_map(|diagnostic| {
                let index = groups.iter().position(|group| group.code == diagnostic.code)?;
                Some(result(diagnostic, index, self.severity(diagnostic)))
            })
            .collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "transpose",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "invocations": [{"executionSuccessful": true, "exitCode": self.exit.code()}],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {"summary": self.summary_object()},
            }],
        });
        format!("{log:#}\n")
    }
}

/// A code; its properties have the number of its diagnostics and of those that are not listed.
fn rule(group: &CodeGroup<'_>) -> Value {
    let CodeGroup { code, severity, count, listed } = group;
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": first_sentence(code.about)},
        "fullDescription": {"text": code.about},
        "help": {"text": code.help},
        "defaultConfiguration": {"level": level(*severity)},
        "properties": {"count": count, "notListed": count.saturating_sub(listed.len() as u64)},
    })
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(diagnostic: &Diagnostic, rule: usize, severity: Severity) -> Value {
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": rule,
        "level": level(severity),
        "message": {"text": diagnostic.message},
        "properties": {"value": diagnostic.value.as_deref(), "field": diagnostic.location.field.map(transpose_core::model::Field::id), "help": diagnostic.advice()},
    });
    let place = location(&diagnostic.location);
    if let Some(object) = result.as_object_mut().filter(|_| place != json!({})) {
        object.insert("locations".into(), json!([place]));
    }
    result
}

fn location(location: &Location) -> Value {
    let mut place = json!({});
    let Some(object) = place.as_object_mut() else { return place };
    if let Some(source) = location.source.as_deref() {
        let mut physical = json!({"artifactLocation": {"uri": uri(source)}});
        if let (Some(line), Some(physical)) = (location.line, physical.as_object_mut()) {
            let mut region = json!({"startLine": line});
            if let (Some(byte), Some(region)) = (location.byte, region.as_object_mut()) {
                region.insert("byteOffset".into(), byte.into());
            }
            physical.insert("region".into(), region);
        }
        object.insert("physicalLocation".into(), physical);
    }
    let logical = logical(location);
    if !logical.is_empty() {
        object.insert("logicalLocations".into(), logical.into());
    }
    place
}

/// Block, record and cell, each with its path from the outermost.
fn logical(location: &Location) -> Vec<Value> {
    let cell = location.cell.as_ref();
    let parts = [
        ("block", location.block.as_deref().map(|block| (block.to_owned(), format!("block {block}")))),
        ("record", location.record.as_deref().map(|record| (record.to_owned(), record.to_owned()))),
        ("cell", cell.map(|(number, name)| (name.to_string(), format!("{number} {name}")))),
    ];
    let mut path = String::new();
    let mut logical = Vec::new();
    for (kind, part) in parts {
        let Some((name, step)) = part else { continue };
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&step);
        logical.push(json!({"kind": kind, "name": name, "fullyQualifiedName": path}));
    }
    logical
}

/// A path as a URI reference, percent-encoded.
fn uri(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut out = String::from(if absolute { "file://" } else { "" });
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a/b c.tsv"), "a/b%20c.tsv");
        assert_eq!(uri("/tmp/\u{2010}:%.tsv"), "file:///tmp/%E2%80%90%3A%25.tsv");
        assert_eq!(uri("-"), "-");
    }

    #[test]
    fn the_first_sentence_is_short() {
        assert_eq!(first_sentence("One (V-X-1). Two."), "One (V-X-1).");
        assert_eq!(first_sentence("Only one."), "Only one.");
    }
}
