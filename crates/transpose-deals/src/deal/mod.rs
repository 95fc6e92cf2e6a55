//! `[[deal]]` of an agreement: what a recipient is paid.
//!
//! ```toml
//! [[deal]]
//! id = "northwind-example-2026"
//! label = "Example Records"
//! currency = "EUR"                       # of rates, minimums and prices
//! territories = ["GB", "DE"]             # or "Worldwide"
//! tiers = ["NorthwindPremium"]           # services of the sales contexts; else all
//! greater-of = "territory-and-tier"      # where models are compared: or territory, tier, overall
//! pool = "territory-and-tier"            # where plays share revenue and minimums
//! counts = "qualified"                   # which plays: also all, qualified-and-previews
//! missing-duration = "exclude"
//! previews = "none"                      # or the tiers that are preview clips
//! total = "figures"                      # where all plays come from: also service, report
//! subscribers = "counted"                # or equivalents
//! most-favoured = ["northwind-other-2026"]   # deals whose rates are the least that this one pays
//!
//! [[deal.model]]
//! model = "per-play"
//! rate = [{ tier = "NorthwindFree", rate = "0.0009" }, { rate = "0.005" }]
//!
//! [[deal.model]]
//! model = "revenue-share"
//! share = "60"
//!
//! [deal.rounding]
//! places = "currency"
//! mode = "half-up"
//! at = "statement"
//! allocation = "largest-remainder"
//! ```
//!
//! The keys of each model are in [`crate::models`], one file a model.
//!
//! Amounts are rounded once, `at` the `statement` (the sum of everything), the `block` (what was
//! earned in one currency), the `row` or the `unit` (what one play is worth; of retail shares the
//! price without tax as well, in its own currency).
//!
//! Rates, shares (per cent), minimums and prices are a number, or a list of tables that name tier,
//! territory, use type, commercial model, price or retail price; the first that fits holds. Every
//! policy that the models need has to be said: what is left open is refused in one diagnostic with
//! the list.
//!
//! Invariant: a policy without which a model cannot be worked out is never taken for granted. What
//! is left open is refused in one diagnostic with the list.
//!
//! `open_policies` finds what a deal leaves open, `contradictions` policies that cannot both hold,
//! `favoured` the deals whose rates are the least that another one pays.

mod contradictions;
mod favoured;
mod open_policies;

pub(crate) use favoured::favoured;

use crate::models::{self, AgreedModel, Need};
use crate::policies::{self, Policies};
use crate::toml::document::Table;
use crate::toml::reader::Reader;
use transpose_codes::Currency;
use transpose_core::model::Field;
use transpose_core::terms::QualifyingPlay;

transpose_core::codes! {
    /// Two deals of one name.
    pub(crate) REPEATED_DEAL: "DEA0505" "repeated-deal" Error
        "Two `[[deal]]` have the same id, or are for the same label, territory and tier at the same time, so it is undecided which one holds."
        "Give them ids of their own, and days (`from`, `until`), `territories` or `tiers` that do not overlap."
}

/// One `[[deal]]`.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) policies: Policies,
    pub(crate) models: Vec<AgreedModel>,
}

impl Deal {
    /// Whether a model needs something.
    pub(crate) fn needs(&self, need: Need) -> bool {
        self.models.iter().any(|model| model.needs(need))
    }

    /// Whether a model looks at what the buyer paid, with tax.
    pub(crate) fn reads_retail_price(&self) -> bool {
        let mut models = self.models.iter();
        models.any(|model| model.needs(Need::RetailPrice) || model.reads(Field::USAGE_RETAIL_PRICE))
    }

    /// Whether it is undecided which of both holds.
    fn clashes(&self, other: &Self) -> bool {
        let (a, b) = (&self.policies, &other.policies);
        let before =
            |a: &Policies, b: &Policies| a.until.zip(b.from).is_some_and(|(until, from)| until < from);
        a.id == b.id || (a.label == b.label && !before(a, b) && !before(b, a) && a.shares_contexts(b))
    }
}

/// Reads all `[[deal]]`; what is wrong with them is reported.
pub(crate) fn read(
    reader: &mut Reader,
    root: &Table,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) -> Vec<Deal> {
    let tables = reader.tables(root, "deal");
    let mut deals: Vec<Deal> = Vec::new();
    for table in &tables {
        let before = reader.diagnostics.len();
        let Some(deal) = deal(reader, table, reporting, qualifying) else { continue };
        // What is half understood is not compared with others.
        if reader.diagnostics.len() > before {
            continue;
        }
        if let Some(other) = deals.iter().find(|other| other.clashes(&deal)) {
            let message = format!(
                "the deal `{}` for `{}` is the one in line {} once more",
                deal.policies.id,
                deal.policies.label,
                other.policies.place.line.unwrap_or_default()
            );
            reader.report(&REPEATED_DEAL, table.at, message);
        }
        deals.push(deal);
    }
    favoured::report(reader, &deals);
    deals
}

fn deal(
    reader: &mut Reader,
    table: &Table,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) -> Option<Deal> {
    reader.only(table, policies::KEYS);
    let policies = policies::read(reader, table);
    let tables = reader.tables_below(table, "deal", "model");
    let models = tables.iter().filter_map(|table| models::read(reader, table)).collect();
    let deal = Deal { policies: policies?, models };
    open_policies::report(reader, table, &deal, qualifying.is_some());
    contradictions::report(reader, table, &deal, reporting, qualifying);
    Some(deal)
}
