//! What a deal leaves open although its models need it.

use super::{At, Deal, OPEN_POLICIES};
use crate::arithmetic::plays::Counts;
use crate::toml::document::Table;
use crate::toml::reader::Reader;
use transpose_core::diagnostics::Diagnostic;

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
    let any = |of: fn(&super::ModelTerms) -> bool| deal.models.iter().any(|model| of(&model.terms));
    let plays = any(super::ModelTerms::is_for_plays);
    need("model", true, "[[deal.model]] with model = \"per-play\" and rate = \"0.005\"");
    need(
        "greater-of",
        deal.models.len() > 1,
        "greater-of = \"territory-and-tier\" (or territory, tier, overall)",
    );
    need("counts", plays, "counts = \"qualified\" (or all, qualified-and-previews)");
    // What `counts` still leaves open is asked for with it.
    let partly = plays && deal.counts != Some(Counts::All);
    need("previews", partly, "previews = \"none\" (or the list of tiers that are preview clips)");
    need("missing-duration", partly && threshold, "missing-duration = \"exclude\"");
    need(
        "pool",
        any(super::ModelTerms::is_pooled),
        "pool = \"territory-and-tier\" (or territory, tier, overall)",
    );
    need("total", any(super::ModelTerms::needs_total), "total = \"figures\" (or service, report)");
    need(
        "subscribers",
        any(super::ModelTerms::needs_subscribers),
        "subscribers = \"counted\" (or equivalents)",
    );
    need(
        "rounding",
        true,
        "[deal.rounding] with places = 2 (or \"currency\"), mode = \"half-up\" (or half-even, down), at = \"statement\" (or block, row, unit)",
    );
    if let Some(entry) = table.entry("rounding")
        && let crate::toml::document::Node::Table(entries) = &entry.node
    {
        let absent = |key: &str| !entries.iter().any(|entry| entry.key == key);
        let summed = matches!(deal.rounding.at, Some(At::Block | At::Statement));
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
    let message = format!("the deal `{}` leaves open: `{}`", deal.id, keys.join("`, `"));
    let place = reader.lines.place(table.at);
    let help = format!("add the lines {}", examples.join("; "));
    reader.diagnostics.push(Diagnostic::new(&OPEN_POLICIES, place, message).help(help));
}
