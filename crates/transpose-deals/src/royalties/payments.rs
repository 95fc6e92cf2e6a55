//! From the gross amount of the winner to what usages are paid: the deal's share or fee, and
//! withholding.

use super::scopes::{self, Winners, word};
use crate::arithmetic::money::{less_fee, share_of, withheld};
use crate::arithmetic::number::{Exact, per_cent, round, whole, zero};
use crate::arithmetic::pool::per_play;
use crate::basis::explain::{amount, area, plain, site, with};
use crate::basis::{Basis, Candidate, Key};
use crate::deal::Deal;
use crate::policies::{Policies, RecipientShare, RoundingLevel};
use num_traits::Zero;
use serde_json::{Value, json};
use transpose_core::model::Entity;

transpose_core::codes! {
    /// A unit that rounds to nothing.
    pub(crate) UNIT_ZERO: "DEA0537" "unit-rounds-to-zero" Error
        "The deal rounds what one play is paid, and to so few places that nothing is left of it, although something is due for the plays together."
        "Round to more `places` under `[deal.rounding]`, or round the statement: `at = \"statement\"`."
    /// A minimum that no usage can carry.
    pub(crate) UNREPORTED_MINIMUM: "DEA0530" "minimum-without-plays" Warning
        "A minimum is payable whatever was played, and nothing was: no row of the report can show it. It is part of the payable amount."
        "Inform the recipient; the explanation of the amounts shows it."
}

/// What usages of one kind are paid.
pub(super) struct PaidUsage {
    /// The place among all kinds of usages.
    pub(super) kind: usize,
    pub(super) context: usize,
    pub(super) plays: i128,
    /// The place of its model among the candidates.
    pub(super) winner: usize,
    pub(super) unit: Exact,
    /// The currency that its amount was made in.
    pub(super) currency: &'static str,
}

impl PaidUsage {
    pub(super) fn amount(&self) -> Exact {
        per_play(self.plays, &self.unit)
    }
}

/// What usages are paid, and what is payable without any plays.
pub(super) fn pay(
    deal: &Deal,
    basis: &mut Basis<'_>,
    candidates: &[Candidate],
    winners: &Winners,
    lines: &mut Vec<Value>,
) -> (Vec<PaidUsage>, Exact) {
    let (mut paid, mut unreported) = (Vec::new(), zero());
    for (key, contexts) in basis.contexts_by(scopes::scope(&deal.policies)) {
        let Some(winner) = winners.get(&key).map(|best| best.winner) else { continue };
        let Some(candidate) = candidates.get(winner) else { continue };
        // A minimum of contexts without plays is carried by the other plays of the scope.
        let stranded: Exact = contexts.iter().filter_map(|context| candidate.stranded.get(*context)).sum();
        let plays: i128 = contexts.iter().map(|context| basis.plays(*context)).sum();
        let more = if plays > 0 { &stranded / whole(plays) } else { zero() };
        if plays <= 0 && !stranded.is_zero() && basis.reports(&contexts) {
            // Withheld by the territory that each minimum comes from.
            let parts =
                contexts.iter().filter_map(|context| Some((*context, candidate.stranded.get(*context)?)));
            let net: Exact = parts.map(|(context, minimum)| keep(basis, context, minimum)).sum();
            leave_unreported(basis, &key, word(deal, winner), &net);
            unreported += net;
        }
        for context in contexts {
            for usage in basis.usages(context) {
                let Some(gross) = candidate.units.get(usage.number).cloned().flatten() else { continue };
                let gross = gross + &more;
                let kept = keep(basis, context, &gross);
                let unit = match (deal.policies.rounding.at, deal.policies.rounding.mode) {
                    (Some(RoundingLevel::Unit), Some(mode)) => {
                        let unit = round(&kept, basis.places(), mode);
                        if unit.is_zero() && !kept.is_zero() && usage.plays != 0 {
                            let message = format!(
                                "what one play is paid under the deal `{}` rounds to zero at {} places, and {} is due",
                                deal.policies.id,
                                basis.places(),
                                plain(&per_play(usage.plays, &kept))
                            );
                            basis.report_deal(&UNIT_ZERO, message);
                        }
                        unit
                    }
                    _ => kept,
                };
                let withheld = withholding(basis.policies(), basis.context(context));
                let line = json!({
                    "step": "kind", "usage": usage_shown(usage.total.usage), "qualified": usage.total.bearing,
                    "plays": usage.total.plays.to_string(), "returns": usage.total.returns.to_string(),
                    "model": word(deal, winner), "gross": amount(&gross), "share": share_shown(&deal.policies),
                    "withholding": plain(&withheld), "unit": amount(&unit),
                    "amount": amount(&per_play(usage.plays, &unit)),
                });
                lines.push(with(site(basis.context(context)), line));
                let currency = candidate.currencies.get(usage.number).map_or("", |currency| currency.code());
                let (kind, plays) = (usage.number, usage.plays);
                paid.push(PaidUsage { kind, context, plays, winner, unit, currency });
            }
        }
    }
    (paid, unreported)
}

/// Reports of a minimum that no usage can carry.
fn leave_unreported(basis: &mut Basis<'_>, key: &Key, model: &str, net: &Exact) {
    let line = json!({
        "step": "unallocated", "model": model, "amount": amount(net), "why": UNREPORTED_MINIMUM.name,
    });
    basis.unallocated.push(with(area(key), line));
    let currency = basis.reporting();
    let message = format!("{} {currency} of `{model}` are payable, and nothing was played", plain(net));
    basis.report_deal(&UNREPORTED_MINIMUM, message);
}

/// What of a gross amount is left after the deal's share or fee, and after withholding.
fn keep(basis: &Basis<'_>, context: usize, gross: &Exact) -> Exact {
    let policies = basis.policies();
    let own = match &policies.take {
        Some(RecipientShare::Share(share)) => share_of(gross, &per_cent(share)),
        Some(RecipientShare::Fee(fee)) => less_fee(gross, &per_cent(fee)).1,
        None => gross.clone(),
    };
    withheld(&own, &-(&own * per_cent(&withholding(policies, basis.context(context)))))
}

/// What is withheld in a context, in per cent. Where no element of a list fits, nothing is.
fn withholding(policies: &Policies, context: &Entity) -> Exact {
    policies.withholding.as_ref().and_then(|rates| rates.find(context, None)).unwrap_or_else(zero)
}

/// What of gross amounts is the recipient's, in per cent.
fn share_shown(policies: &Policies) -> String {
    match &policies.take {
        Some(RecipientShare::Share(share)) => plain(share),
        Some(RecipientShare::Fee(fee)) => plain(&(whole(100) - fee)),
        None => plain(&whole(100)),
    }
}

/// The fields that make a kind of usages, for auditors.
fn usage_shown(usage: &Entity) -> Value {
    let cells = usage.iter().map(|(field, value)| (field.id().to_owned(), json!(value.first())));
    Value::Object(cells.collect())
}
