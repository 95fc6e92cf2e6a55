//! What a deal leaves open although its models need it.

use super::Deal;
use crate::arithmetic::plays::CountedPlays;
use crate::models::{Need, Policy};
use crate::policies::RoundingLevel;
use crate::toml::document::{Node, Table};
use crate::toml::reader::Reader;
use transpose_core::diagnostics::Diagnostic;

transpose_core::codes! {
    /// A deal that leaves policies open.
    pub(crate) OPEN_POLICIES: "DEA0502" "open-policies" Error
        "The models of a deal need decisions that change the royalties, and the deal does not make all of them. There are no hidden defaults."
        "Add the keys that the message lists; the advice gives an example line for each."
}

/// Refuses a deal that leaves something open: one diagnostic with all keys, and an example line for
/// each.
pub(super) fn report(reader: &mut Reader, table: &Table, deal: &Deal, threshold: bool) {
    let mut open: Vec<(&str, &str)> = Vec::new();
    // A key that is there and wrong has its own diagnostic.
    let absent = |key: &str| table.entry(key).is_none();
    let mut need = |key: &'static str, needed: bool, example: &'static str| {
        if needed && absent(key) {
            open.push((key, example));
        }
    };
    need("model", true, "[[deal.model]] with model = \"per-play\" and rate = \"0.005\"");
    need(
        "greater-of",
        deal.models.len() > 1,
        "greater-of = \"territory-and-tier\" (or territory, tier, overall)",
    );
    for Policy { need: wanted, key, example } in Need::POLICIES {
        // What `counts` still leaves open is asked for with it.
        let applies = match key {
            "previews" => deal.policies.counts != Some(CountedPlays::All),
            "missing-duration" => deal.policies.counts != Some(CountedPlays::All) && threshold,
            _ => true,
        };
        need(key, deal.needs(wanted) && applies, example);
    }
    need(
        "withholding-from",
        deal.policies.withholding.is_some() && deal.policies.advance.is_some(),
        "withholding-from = \"payment\" (after recoupment; or earnings, before it, or gross-up)",
    );
    need(
        "rounding",
        true,
        "[deal.rounding] with places = 2 (or \"currency\"), mode = \"half-up\" (or half-even, down), at = \"statement\" (or block, row, unit)",
    );
    if let Some(entry) = table.entry("rounding")
        && let Node::Table(entries) = &entry.node
    {
        let absent = |key: &str| !entries.iter().any(|entry| entry.key == key);
        let summed =
            matches!(deal.policies.rounding.at, Some(RoundingLevel::Block | RoundingLevel::Statement));
        for (key, example, needed) in [
            ("rounding.places", "places = 2 (or \"currency\")", absent("places")),
            ("rounding.mode", "mode = \"half-up\" (or half-even, down)", absent("mode")),
            ("rounding.at", "at = \"statement\" (or block, row, unit)", absent("at")),
            ("rounding.allocation", "allocation = \"largest-remainder\"", absent("allocation") && summed),
        ] {
            if needed {
                open.push((key, example));
            }
        }
    }
    if open.is_empty() {
        return;
    }
    let keys: Vec<&str> = open.iter().map(|(key, _)| *key).collect();
    let examples: Vec<&str> = open.iter().map(|(_, example)| *example).collect();
    let message = format!("the deal `{}` leaves open: `{}`", deal.policies.id, keys.join("`, `"));
    let place = reader.lines.place(table.at);
    let help = format!("add the lines {}", examples.join("; "));
    reader.diagnostics.push(Diagnostic::new(&OPEN_POLICIES, place, message).help(help));
}
