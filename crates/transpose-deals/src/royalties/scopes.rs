//! The greatest of the candidates in each scope.

use crate::arithmetic::greater::{GreatestAmount, by_scope};
use crate::basis::explain::{amount, area, with};
use crate::basis::{Basis, Candidate, Key};
use crate::deal::Deal;
use crate::models::AgreedModel;
use crate::policies::{Policies, Scope};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transpose_codes::time::Period;

/// The greatest candidate in each part of the scope.
pub(super) type Winners = BTreeMap<Key, GreatestAmount>;

/// Where candidates are compared; a single one is the greatest everywhere.
pub(super) fn scope(policies: &Policies) -> Scope {
    policies.scope.unwrap_or(Scope::Overall)
}

/// The word of a model, by its place among the candidates.
pub(super) fn word(deal: &Deal, winner: usize) -> &'static str {
    deal.models.get(winner).map_or("", AgreedModel::word)
}

/// The place of the model by which periods of a term are paid.
fn paid_until_true_up(deal: &Deal, period: Option<Period>) -> Option<usize> {
    let term = deal.policies.true_up.as_ref()?;
    period.filter(|period| term.has(*period))?;
    deal.models.iter().position(|model| model.word() == term.pays)
}

/// Finds the greatest candidate in each part of the scope; auditors see all of them.
pub(super) fn winners(
    deal: &Deal,
    basis: &Basis<'_>,
    candidates: &[Candidate],
    lines: &mut Vec<Value>,
) -> Winners {
    let scope = scope(&deal.policies);
    let cells = basis.contexts().into_iter().map(|context| {
        let amounts = candidates.iter().map(|candidate| candidate.amount(basis, context)).collect();
        (scope.key(basis.context(context)), amounts)
    });
    let mut winners = by_scope(cells);
    // Within a term periods are paid by one model, and all are compared at its end.
    let paid = paid_until_true_up(deal, basis.period());
    if let Some(paid) = paid {
        winners = winners.into_iter().map(|(key, best)| (key, best.given_to(paid))).collect();
    }
    // For each scope and model what auditors see.
    let mut parts: BTreeMap<(Key, usize), Vec<&Value>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for (context, part) in &candidate.parts {
            parts.entry((scope.key(basis.context(*context)), index)).or_default().push(part);
        }
    }
    for (key, best) in &winners {
        let compared = deal.models.iter().zip(&best.shortfalls).enumerate();
        let shown = compared.map(|(index, (model, shortfall))| {
            let parts = parts.get(&(key.clone(), index));
            json!({
                "model": model.word(), "amount": amount(&(&best.amount - shortfall)),
                "shortfall": amount(shortfall), "parts": parts,
            })
        });
        let line = json!({
            "step": "scope", "candidates": shown.collect::<Vec<_>>(), "winner": word(deal, best.winner),
            "amount": amount(&best.amount), "until-true-up": paid.map(|_| true),
        });
        lines.push(with(area(key), line));
    }
    winners
}
