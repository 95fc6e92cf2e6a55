//! The table of summary records by profile: which one a sales context takes that was not read from
//! one, and how they are.

use super::meanings::constants;
use super::record_families::Families;
use super::{HEAD, list, text};
use crate::Outcome;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How the end user pays, as far as it decides; see `summaries::Model` of the plugin.
const MODELS: [&str; 4] = ["sale", "advertising", "subscription", "other"];

/// The source file with the table; every profile has one entry.
pub(super) fn table(facts: &Value, families: &Families, profiles: &BTreeSet<String>) -> Outcome<String> {
    let constants = constants()?;
    let mut out = format!(
        "{HEAD}//!\n//! Which summary record a sales context takes that was not read from one, and how they stand.\n\n\
         use crate::summaries::{{Candidate, SummaryRules}};\n\
         use transpose_core::model::Field as G;\n\n\
         /// The rules of each profile. The candidates are for sales, advertising, subscriptions, and else.\n\
         #[rustfmt::skip]\npub(crate) static SUMMARY_RULES: &[SummaryRules] = &[\n"
    );
    let mut left = profiles.clone();
    for rules in list(facts, "summaries")? {
        for profile in list(rules, "profiles")? {
            let profile = profile.as_str().unwrap_or_default();
            if !left.remove(profile) {
                return Err(format!("summaries.json: `{profile}` is no profile, or has rules already").into());
            }
        }
        let together = rules.get("together").and_then(Value::as_bool).unwrap_or(false);
        let names = super::strings(rules.get("profiles"))?;
        writeln!(out, "    SummaryRules {{ profiles: {names}, together: {together}, candidates: [")?;
        for model in MODELS {
            out.push_str("        &[");
            for (place, entry) in list(rules, model)?.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                out.push_str(&candidate(entry, families, &constants)?);
            }
            out.push_str("],\n");
        }
        out.push_str("    ] },\n");
    }
    if let Some(profile) = left.first() {
        return Err(format!("summaries.json says nothing of {profile}").into());
    }
    out.push_str("];\n");
    Ok(out)
}

/// A candidate: the name of a family, or an object with conditions.
fn candidate(entry: &Value, families: &Families, constants: &BTreeMap<String, String>) -> Outcome<String> {
    let name = entry.as_str().map_or_else(|| text(entry, "family"), Ok)?;
    let unless = entry.get("unless").and_then(Value::as_str).unwrap_or_default();
    for name in [name, unless].iter().filter(|name| !name.is_empty()) {
        if !families.has(name) {
            return Err(format!("summaries.json names the family `{name}`, which has no file").into());
        }
    }
    let mut with = Vec::new();
    for field in entry.get("with").and_then(Value::as_array).into_iter().flatten() {
        let id = field.as_str().unwrap_or_default();
        let constant = constants
            .get(id)
            .ok_or_else(|| format!("summaries.json names the field `{id}`, which the model does not have"))?;
        with.push(format!("G::{constant}"));
    }
    let incomplete = entry.get("incomplete").and_then(Value::as_bool).unwrap_or(false);
    Ok(format!(
        "Candidate {{ family: {name:?}, with: &[{}], unless: {unless:?}, incomplete: {incomplete} }}",
        with.join(", ")
    ))
}
