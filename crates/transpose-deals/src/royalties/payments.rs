//! From the gross amount of the winner to what usages are paid: the deal's share or fee, and
//! withholding.

use super::scopes::{self, Winners, word};
use crate::arithmetic::money::{less_fee, share_of, withheld};
use crate::arithmetic::number::{Exact, exact, per_cent, round, whole, zero};
use crate::arithmetic::pool::per_play;
use crate::basis::explain::{amount, area, plain, site, with};
use crate::basis::{Basis, Candidate, Key};
use crate::deal::Deal;
use crate::policies::{Policies, RecipientShare, RoundingLevel};
use crate::toml::value;
use num_traits::{Signed, Zero};
use serde_json::{Value, json};
use std::ops::AddAssign;
use transpose_core::model::{Entity, Field};

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
pub(super) struct PaidUsage<'a> {
    /// The place among all kinds of usages.
    pub(super) kind: usize,
    pub(super) context: usize,
    pub(super) plays: i128,
    /// The model that won.
    pub(super) model: &'static str,
    /// The policies of the deal that pays.
    pub(super) policies: &'a Policies,
    /// Of one play.
    pub(super) amounts: Amounts,
    /// The currency that its amount was made in.
    pub(super) currency: &'static str,
}

impl PaidUsage<'_> {
    pub(super) fn amount(&self) -> Exact {
        per_play(self.plays, &self.amounts.net)
    }
}

/// An amount on its way to the recipient.
#[derive(Clone, Debug, Default)]
pub(super) struct Amounts {
    /// Before the recipient's share or fee.
    pub(super) gross: Exact,
    /// The recipient's share.
    pub(super) own: Exact,
    /// The share less what is withheld of earnings.
    pub(super) net: Exact,
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, more: Self) {
        self.gross += more.gross;
        self.own += more.own;
        self.net += more.net;
    }
}

/// What usages are paid, and what is payable without any plays.
pub(super) fn pay<'a>(
    deal: &Deal,
    basis: &mut Basis<'a>,
    candidates: &[Candidate],
    winners: &Winners,
    lines: &mut Vec<Value>,
) -> (Vec<PaidUsage<'a>>, Amounts) {
    let (mut paid, mut unreported) = (Vec::new(), Amounts::default());
    for (key, contexts) in basis.contexts_by(scopes::scope(&deal.policies)) {
        let Some(winner) = winners.get(&key).map(|best| best.winner) else { continue };
        let Some(candidate) = candidates.get(winner) else { continue };
        // A minimum of contexts without plays is carried by the other plays of the scope.
        let stranded: Exact = contexts.iter().filter_map(|context| candidate.stranded.get(*context)).sum();
        let plays: Exact = contexts.iter().map(|context| basis.plays(*context)).sum();
        let carried = plays.is_positive();
        let more = if carried { &stranded / &plays } else { zero() };
        if !carried && !stranded.is_zero() && basis.reports(&contexts) {
            // Withheld by the territory that each minimum comes from.
            let parts =
                contexts.iter().filter_map(|context| Some((*context, candidate.stranded.get(*context)?)));
            let mut sum = Amounts::default();
            for (context, minimum) in parts {
                sum += keep(basis, context, minimum);
            }
            leave_unreported(basis, &key, word(deal, winner), &sum.net);
            unreported += sum;
        }
        for context in contexts {
            for usage in basis.usages(context) {
                let Some(gross) = candidate.units.get(usage.number).cloned().flatten() else { continue };
                let part = rights_share(usage.total.usage);
                let gross = (gross + &more * &usage.weight) * per_cent(&part);
                let mut amounts = keep(basis, context, &gross);
                if let (Some(RoundingLevel::Unit), Some(mode)) =
                    (deal.policies.rounding.at, deal.policies.rounding.mode)
                {
                    let unit = round(&amounts.net, basis.places(), mode);
                    if unit.is_zero() && !amounts.net.is_zero() && usage.plays != 0 {
                        let message = format!(
                            "what one play is paid under the deal `{}` rounds to zero at {} places, and {} is due",
                            deal.policies.id,
                            basis.places(),
                            plain(&per_play(usage.plays, &amounts.net))
                        );
                        basis.report_deal(&UNIT_ZERO, message);
                    }
                    amounts.net = unit;
                }
                let withheld = withholding(basis.policies(), basis.context(context));
                let unit = &amounts.net;
                let line = json!({
                    "step": "kind", "usage": usage_shown(usage.total.usage), "qualified": usage.total.bearing,
                    "plays": usage.total.plays.to_string(), "returns": usage.total.returns.to_string(),
                    "deal": deal.policies.id, "model": word(deal, winner), "gross": amount(&amounts.gross),
                    "share": share_shown(&deal.policies), "withholding": plain(&withheld),
                    "unit": amount(unit), "amount": amount(&per_play(usage.plays, unit)),
                });
                let mut line = with(site(basis.context(context)), line);
                if let Some(line) = line.as_object_mut().filter(|_| part != whole(100)) {
                    line.insert("rights-share".into(), json!(plain(&part)));
                }
                lines.push(line);
                let currency = candidate.currencies.get(usage.number).map_or("", |currency| currency.code());
                let (kind, plays, policies) = (usage.number, usage.plays, basis.policies());
                paid.push(PaidUsage {
                    kind,
                    context,
                    plays,
                    model: word(deal, winner),
                    policies,
                    amounts,
                    currency,
                });
            }
        }
    }
    (paid, unreported)
}

/// What each model would be paid, where models are compared over a term.
pub(super) fn compared(
    deal: &Deal,
    basis: &mut Basis<'_>,
    candidates: &[Candidate],
    winners: &Winners,
) -> Vec<(&'static str, Exact)> {
    let term = deal.policies.true_up.as_ref().zip(basis.period());
    if !term.is_some_and(|(term, period)| term.has(period)) {
        return Vec::new();
    }
    let mut compared = Vec::new();
    let (unallocated, reported) = (basis.unallocated.len(), basis.diagnostics.len());
    for (place, model) in deal.models.iter().enumerate() {
        let won = winners.iter().map(|(key, best)| (key.clone(), best.clone().given_to(place))).collect();
        let (paid, unreported) = pay(deal, basis, candidates, &won, &mut Vec::new());
        let net: Exact = paid.iter().map(PaidUsage::amount).sum();
        compared.push((model.word(), net + unreported.net));
    }
    // What is not paid is not reported.
    basis.unallocated.truncate(unallocated);
    basis.diagnostics.truncate(reported);
    compared
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

/// What of a gross amount is left below a ceiling, after the deal's share or fee, and after what is
/// withheld of it.
fn keep(basis: &Basis<'_>, context: usize, gross: &Exact) -> Amounts {
    let policies = basis.policies();
    let gross = basis.reduction().map_or_else(|| gross.clone(), |reduction| gross * reduction);
    let own = match &policies.take {
        Some(RecipientShare::Share(share)) => share_of(&gross, &per_cent(share)),
        Some(RecipientShare::Fee(fee)) => less_fee(&gross, &per_cent(fee)).1,
        None => gross.clone(),
    };
    let net = withheld(&own, &-(&own * per_cent(&withholding(policies, basis.context(context)))));
    Amounts { gross, own, net }
}

/// The recipient's part of the rights in what was used, in per cent.
fn rights_share(usage: &Entity) -> Exact {
    let text = usage.text(Field::USAGE_RIGHTS_SHARE);
    text.and_then(|text| value::decimal(text).ok()).map_or_else(|| whole(100), exact)
}

/// What is withheld of the earnings in a context, in per cent. Where no element of a list fits,
/// nothing is.
fn withholding(policies: &Policies, context: &Entity) -> Exact {
    let rates = policies.withholding.as_ref().filter(|_| policies.withholds_earnings());
    rates.and_then(|rates| rates.find(context, None)).unwrap_or_else(zero)
}

/// What of gross amounts is the recipient's, in per cent.
pub(super) fn share_shown(policies: &Policies) -> String {
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
