//! The table of validation rules.

use super::{HEAD, list, text};
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The source file with the table.
pub(super) fn table(facts: &Value) -> Outcome<String> {
    let mut out = format!(
        "{HEAD}//!\n//! The rules of the validation.\n\n\
         use crate::explain::Rule;\n\
         use transpose_core::diagnostics::Severity::{{Error, Info, Warning}};\n\n\
         /// The rules, in the order of the facts.\n\
         #[rustfmt::skip]\npub(crate) static RULES: &[Rule] = &[\n"
    );
    let mut seen = BTreeSet::new();
    for rule in list(facts, "rules")? {
        let id = text(rule, "id")?;
        if !seen.insert(id) {
            return Err(format!("rule {id} occurs twice; keep one").into());
        }
        let optional = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        writeln!(
            out,
            "    Rule {{ id: {id:?}, severity: {}, about: {:?}, note: {:?}, unreported: {:?} }},",
            severity(text(rule, "severity")?)?,
            text(rule, "about")?,
            optional("note"),
            optional("unreported"),
        )?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn severity(word: &str) -> Outcome<&'static str> {
    match word {
        "error" => Ok("Error"),
        "warning" => Ok("Warning"),
        "info" => Ok("Info"),
        other => Err(format!("`{other}` is no severity, expected `error`, `warning` or `info`").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_listed_once_and_with_known_severities() {
        let rule = serde_json::json!({"id": "V-A-1", "severity": "info", "about": "It \"holds\"."});
        let facts = |rules: &[&Value]| serde_json::json!({"rules": rules});
        let expected =
            r#"Rule { id: "V-A-1", severity: Info, about: "It \"holds\".", note: "", unreported: "" },"#;
        assert!(table(&facts(&[&rule])).unwrap().contains(expected));
        assert!(table(&facts(&[&rule, &rule])).is_err());
        let odd = serde_json::json!({"id": "V-A-2", "severity": "bad", "about": "It holds."});
        assert!(table(&facts(&[&odd])).is_err());
    }
}
