//! Pools that are shared by plays.
//!
//! The contexts of one part of the scope `pool` make one pool. The recipient gets the part of it
//! that its plays have of all plays of the service.

use super::explain::{amount, area, plain, site, with};
use super::{Basis, Candidate, Key};
use crate::arithmetic::number::{Exact, quotient, zero};
use crate::arithmetic::pool::worth;
use crate::policies::Scope;
use num_traits::{Signed, Zero};
use serde_json::{Value, json};
use transpose_core::model::Field;

transpose_core::codes! {
    /// A pool without plays.
    pub(crate) NO_PLAYS: "DEA0525" "no-plays-in-scope" Warning
        "Nothing was played in a pool, so it cannot be shared by plays. It stays unallocated."
        "Check the figures; nothing is to be done when there were no plays."
    /// More plays than there are.
    pub(crate) PLAYS_ABOVE_TOTAL: "DEA0526" "plays-above-total" Error
        "The recipient has more plays than the whole service, and its share of the market would be above 100 per cent."
        "Correct the total, or `counts` and `total` of the deal: both numbers have to count the same plays."
}

/// What is shared, which says in which currency a pool is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolContent {
    /// Net revenue, in the currency of reporting; summaries show what of it belongs to the
    /// recipient's plays.
    Revenue,
    /// Amounts of the figures, in the currency of reporting.
    Figures,
    /// Amounts of the deal, in its currency.
    Amounts,
}

/// One pool, and how it came about.
#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) value: Exact,
    /// For auditors.
    pub(crate) parts: Vec<Value>,
}

impl Pool {
    /// One to which each context adds an amount, with what auditors see of it.
    pub(crate) fn of_contexts<'a>(
        basis: &mut Basis<'a>,
        contexts: &[usize],
        mut amount: impl FnMut(&mut Basis<'a>, usize) -> (Exact, Value),
    ) -> Self {
        let mut pool = Self::default();
        for context in contexts {
            let (value, part) = amount(basis, *context);
            pool.value += value;
            pool.explain(basis, *context, part);
        }
        pool
    }

    /// Shows auditors what a context adds.
    pub(crate) fn explain(&mut self, basis: &Basis<'_>, context: usize, part: Value) {
        let part = with(site(basis.context(context)), part);
        let Value::Object(part) = part else { return };
        self.parts.push(with(part, json!({ "from": basis.source(context) })));
    }
}

/// What a model comes to that shares pools; the given function makes the pool of contexts.
pub(crate) fn shared<'a>(
    basis: &mut Basis<'a>,
    of: PoolContent,
    mut pool: impl FnMut(&mut Basis<'a>, &[usize]) -> Pool,
) -> Candidate {
    let mut candidate = Candidate::new(basis);
    let scope = basis.policies().pool.unwrap_or(Scope::TerritoryAndTier);
    let currency = match of {
        PoolContent::Revenue | PoolContent::Figures => basis.reporting(),
        PoolContent::Amounts => basis.policies().currency,
    };
    let totals = basis.totals(scope);
    for (key, contexts) in basis.contexts_by(scope) {
        let plays: Exact = contexts.iter().map(|context| basis.plays(*context)).sum();
        let known = totals.get(&key).cloned();
        // Without plays of the recipient nothing is payable, and the figures of the pool need not
        // be there.
        if plays.is_zero() && known.as_ref().is_none_or(|(total, _)| total.is_positive()) {
            continue;
        }
        let (total, from) = known.unwrap_or_else(|| (zero(), String::new()));
        let pool = pool(basis, &contexts);
        let Some(worth) = worth(&pool.value, &total).filter(|_| total.is_positive()) else {
            if plays.is_zero() && !basis.reports(&contexts) {
                // Another report shows it.
            } else if plays.is_zero() {
                without_plays(basis, &key, &pool.value);
            } else {
                above_total(basis, &key, &plays, &total);
            }
            continue;
        };
        if plays > total {
            above_total(basis, &key, &plays, &total);
            continue;
        }
        let market = &plays / &total;
        for context in &contexts {
            for usage in basis.usages(*context) {
                candidate.set(&usage, worth.clone(), currency);
            }
            if let Some(slot) = candidate.market_share.get_mut(*context) {
                *slot = Some(market.clone());
            }
        }
        if of == PoolContent::Revenue {
            share_revenue(basis, &mut candidate, &contexts, &total);
        }
        // A part of a total that is for more days ends in no decimal.
        let total_shown = if total.is_integer() { json!(plain(&total)) } else { amount(&total) };
        let part = json!({
            "pool": pool.parts, "value": amount(&pool.value), "plays": plain(&plays), "total-plays": total_shown, "total-from": from,
            "market-share": amount(&market), "amount": amount(&(&pool.value * &market)),
        });
        let first = contexts.first().copied().unwrap_or_default();
        candidate.parts.push((first, with(area(&key), part)));
    }
    candidate
}

/// What of the net revenue itself belongs to the recipient's plays.
fn share_revenue(basis: &mut Basis<'_>, candidate: &mut Candidate, contexts: &[usize], total: &Exact) {
    let mut revenue = zero();
    for context in contexts {
        revenue += basis.figure(*context, Field::NET_REVENUE);
    }
    let revenue = basis.for_days(revenue);
    for context in contexts {
        let part = quotient(&(&revenue * basis.plays(*context)), total);
        if let Some(slot) = candidate.net_revenue.get_mut(*context) {
            *slot = part;
        }
    }
}

fn without_plays(basis: &mut Basis<'_>, key: &Key, pool: &Exact) {
    let word = basis.model.0;
    let line = json!({ "step": "unallocated", "model": word, "amount": amount(pool), "why": NO_PLAYS.name });
    basis.unallocated.push(with(area(key), line));
    let message = format!(
        "nothing was played in {}: {} {} of `{word}` stay unallocated",
        place_of(key),
        plain(pool),
        basis.reporting()
    );
    basis.report_model(&NO_PLAYS, message);
}

fn above_total(basis: &mut Basis<'_>, key: &Key, plays: &Exact, total: &Exact) {
    let message = format!(
        "{} plays were counted in {}, and the whole service has {}",
        plain(plays),
        place_of(key),
        plain(total)
    );
    basis.report_model(&PLAYS_ABOVE_TOTAL, message);
}

fn place_of((territory, tier): &Key) -> String {
    match (territory.as_str(), tier.as_str()) {
        ("", "") => "the whole".to_owned(),
        (territory, "") => territory.to_owned(),
        ("", tier) => tier.to_owned(),
        (territory, tier) => format!("{tier} in {territory}"),
    }
}
