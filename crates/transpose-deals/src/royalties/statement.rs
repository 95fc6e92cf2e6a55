//! Rounding: the sums of a statement, what one play is worth, and what summaries of sales contexts
//! say.

use super::Summaries;
use super::payments::PaidUsage;
use super::scopes::{self, Winners, word};
use crate::arithmetic::allot::spread;
use crate::arithmetic::number::{
    Exact, decimal, fixed_text, from_units, power, round, rounded, text, whole, zero,
};
use crate::basis::explain::{amount, site, with};
use crate::basis::{Basis, Candidate};
use crate::deal::Deal;
use crate::policies::{MODES, RoundingLevel, Summary};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transpose_codes::decimal::Decimal;
use transpose_core::model::Field;
use transpose_core::terms::{Rounding, UnitRate};

transpose_core::codes! {
    /// An amount with too many digits.
    pub(crate) AMOUNT_TOO_LONG: "DEA0528" "amount-too-long" Error
        "An amount has more than 28 digits, or what one play is worth is a fraction of more than 38. No deal is that large."
        "Check rates and figures; one of them is unlikely to be right."
}

/// The decimal places of a unit whose exact fraction is too long; its sum is exact all the same. It
/// is cut, so that its usages never make more than the sum.
const UNIT_PLACES: u32 = 20;

/// A sum that amounts of usages have to make.
pub(super) struct StatementSum {
    /// The currency that the amounts were made in; empty for all.
    currency: &'static str,
    /// The sales context, where each has a sum of its own.
    context: Option<usize>,
    exact: Exact,
    rounded: BigInt,
}

/// The sums that are rounded; none where units or rows are.
pub(super) fn sums(
    basis: &Basis<'_>,
    paid: &[PaidUsage],
    mode: Rounding,
    lines: &mut Vec<Value>,
) -> Vec<StatementSum> {
    let (policies, places) = (basis.policies(), basis.places());
    let at = policies.rounding.at;
    let mut sums = Vec::new();
    let mut blocks: BTreeMap<&'static str, BTreeMap<usize, Exact>> = BTreeMap::new();
    if matches!(at, Some(RoundingLevel::Block | RoundingLevel::Statement)) {
        for one in paid {
            let block = if at == Some(RoundingLevel::Block) { one.currency } else { "" };
            *blocks.entry(block).or_default().entry(one.context).or_insert_with(zero) += one.amount();
        }
    }
    for (currency, contexts) in blocks {
        let exact: Exact = contexts.values().sum();
        let whole_sum = rounded(&exact, places, mode);
        let scale = whole(power(places));
        let parts: Vec<Exact> = contexts.values().map(|amount| amount * &scale).collect();
        // Summaries show what each context was given, so each has a sum of its own, and these make
        // the whole.
        let shown = [Summary::AllocatedRevenue, Summary::FinalAmount];
        let apart = shown.iter().any(|summary| policies.summaries.contains(summary));
        match spread(&whole_sum, &parts).filter(|_| apart) {
            Some(parts) => {
                sums.extend(contexts.into_iter().zip(parts).map(|((context, exact), rounded)| {
                    StatementSum { currency, context: Some(context), exact, rounded }
                }));
            }
            None => sums.push(StatementSum { currency, context: None, exact, rounded: whole_sum }),
        }
    }
    let mode_word = MODES.iter().find(|(_, known)| *known == mode).map(|(word, _)| *word);
    let shown = sums.iter().map(|sum| {
        let named = sum.context.map(|context| site(basis.context(context))).unwrap_or_default();
        let currency = if sum.currency.is_empty() { basis.reporting().code() } else { sum.currency };
        with(named, json!({ "currency": currency, "exact": amount(&sum.exact), "rounded": fixed_text(&sum.rounded, places) }))
    });
    lines.push(json!({
        "step": "rounding", "at": at.map(RoundingLevel::word), "places": places, "mode": mode_word, "sums": shown.collect::<Vec<_>>(),
    }));
    sums
}

/// What was earned: what is rounded as a sum counts as rounded.
pub(super) fn earned(
    basis: &Basis<'_>,
    paid: &[PaidUsage],
    sums: &[StatementSum],
    stranded: &Exact,
    mode: Rounding,
) -> Exact {
    let places = basis.places();
    let earned: Exact = if sums.is_empty() {
        paid.iter().map(PaidUsage::amount).sum()
    } else {
        from_units(&sums.iter().map(|sum| &sum.rounded).sum(), places)
    };
    earned + round(stranded, places, mode)
}

/// The sums in units of the last decimal place.
pub(super) fn whole_sums(basis: &mut Basis<'_>, sums: &[StatementSum]) -> Vec<i128> {
    let places = basis.places();
    let mut units = Vec::new();
    for sum in sums {
        match sum.rounded.to_i128().filter(|_| decimal(&sum.rounded, places).is_some()) {
            Some(sum) => units.push(sum),
            None => too_long(basis, &sum.exact),
        }
    }
    units
}

/// What one play of each kind is worth, as the engine takes it.
pub(super) fn units(
    deal: &Deal,
    basis: &mut Basis<'_>,
    paid: &[PaidUsage],
    sums: &[StatementSum],
) -> Vec<Option<UnitRate>> {
    let places = basis.places();
    let mut units: Vec<Option<UnitRate>> = vec![None; basis.kinds()];
    let numbered: BTreeMap<(&str, Option<usize>), u32> =
        sums.iter().enumerate().map(|(index, sum)| ((sum.currency, sum.context), index as u32)).collect();
    for one in paid {
        let keys =
            [(one.currency, Some(one.context)), (one.currency, None), ("", Some(one.context)), ("", None)];
        let sum = keys.iter().find_map(|key| numbered.get(key).copied());
        // Whoever rounds takes it in units of the last place, so that has to fit as well.
        let fraction = |number: &Exact| {
            let scaled = number * whole(power(places));
            scaled.numer().to_i128().and(scaled.denom().to_i128())?;
            Some((number.numer().to_i128()?, number.denom().to_i128()?))
        };
        let short = || fraction(&round(&one.unit, UNIT_PLACES, Rounding::Down));
        let Some((numerator, denominator)) = fraction(&one.unit).or_else(short) else {
            too_long(basis, &one.unit);
            continue;
        };
        let unit = UnitRate { numerator, denominator, model: word(deal, one.winner).into(), sum };
        if let Some(slot) = units.get_mut(one.kind) {
            *slot = Some(unit);
        }
    }
    units
}

/// The number as a decimal; reported where it has too many digits.
pub(super) fn held(basis: &mut Basis<'_>, number: &Exact, mode: Rounding) -> Decimal {
    let places = basis.places();
    decimal(&rounded(number, places, mode), places).unwrap_or_else(|| {
        too_long(basis, number);
        Decimal::ZERO
    })
}

fn too_long(basis: &mut Basis<'_>, number: &Exact) {
    let digits = number.numer().abs().to_string().len();
    let message = format!("an amount of the deal `{}` has {digits} digits", basis.policies().id);
    basis.report_deal(&AMOUNT_TOO_LONG, message);
}

/// What summaries of sales contexts say.
pub(super) fn summaries(
    basis: &Basis<'_>,
    candidates: &[Candidate],
    winners: &Winners,
    paid: &[PaidUsage],
    sums: &[StatementSum],
    mode: Rounding,
) -> Summaries {
    let (policies, places) = (basis.policies(), basis.places());
    let scope = scopes::scope(policies);
    let mut out = Vec::new();
    let revenue = revenue(basis, paid, sums);
    for context in basis.contexts() {
        let winner = winners.get(&scope.key(basis.context(context))).map_or(0, |best| best.winner);
        // Shares of the market are those of the winner, or else of the first model that has any.
        let of = |get: fn(&Candidate) -> &Vec<Option<Exact>>| {
            let order = candidates.get(winner).into_iter().chain(candidates);
            order.into_iter().find_map(|candidate| get(candidate).get(context).cloned().flatten())
        };
        for summary in &policies.summaries {
            match summary {
                Summary::AllocatedRevenue => {
                    let shown = revenue.get(&context).cloned().unwrap_or_else(zero);
                    out.push((context, Field::ALLOCATED_REVENUE, text(&round(&shown, places, mode), places)));
                }
                Summary::AllocatedNetRevenue => {
                    let revenue = of(|candidate| &candidate.net_revenue);
                    out.extend(revenue.map(|revenue| {
                        (context, Field::ALLOCATED_NET_REVENUE, text(&round(&revenue, places, mode), places))
                    }));
                }
                Summary::AllocatedUsages => {
                    out.push((context, Field::ALLOCATED_USAGES, basis.plays(context).to_string()));
                }
                Summary::MarketShare => {
                    let share = of(|candidate| &candidate.market_share);
                    out.extend(
                        share.map(|share| (context, Field::MARKET_SHARE, text(&(share * whole(100)), 10))),
                    );
                }
                // Only the account tells it: see `final_amounts`.
                Summary::FinalAmount => {}
                Summary::RightsController => {
                    out.push((context, Field::RIGHTS_CONTROLLER, policies.label.clone()));
                    out.extend(policies.party.clone().map(|id| (context, Field::RIGHTS_CONTROLLER_ID, id)));
                }
            }
        }
    }
    out
}

/// What each sales context is given.
fn revenue(basis: &Basis<'_>, paid: &[PaidUsage], sums: &[StatementSum]) -> BTreeMap<usize, Exact> {
    let mut revenue: BTreeMap<usize, Exact> = BTreeMap::new();
    if sums.is_empty() {
        for one in paid {
            *revenue.entry(one.context).or_insert_with(zero) += one.amount();
        }
    }
    for (context, sum) in sums.iter().filter_map(|sum| sum.context.map(|context| (context, sum))) {
        *revenue.entry(context).or_insert_with(zero) += from_units(&sum.rounded, basis.places());
    }
    revenue
}

/// What is to be paid for each sales context: what it is given, or its part of what the account
/// leaves to be paid, in proportion to it. What no context brought in belongs to the first.
pub(super) fn final_amounts(
    basis: &Basis<'_>,
    paid: &[PaidUsage],
    sums: &[StatementSum],
    payable: Option<&Exact>,
    mode: Rounding,
) -> Summaries {
    if !basis.policies().summaries.contains(&Summary::FinalAmount) {
        return Summaries::new();
    }
    let places = basis.places();
    let revenue = revenue(basis, paid, sums);
    let contexts = basis.contexts();
    let given: Vec<Exact> = contexts
        .iter()
        .map(|context| revenue.get(context).map_or_else(zero, |revenue| round(revenue, places, mode)))
        .collect();
    let whole_sum: Exact = given.iter().sum();
    let amounts = match payable.filter(|payable| **payable != whole_sum) {
        None => given,
        Some(payable) => {
            let units = rounded(payable, places, mode);
            let scaled = payable * whole(power(places));
            let parts = given
                .iter()
                .map(|given| if whole_sum.is_zero() { zero() } else { given / &whole_sum * &scaled });
            let parts: Vec<Exact> = parts.collect();
            let shares = spread(&units, &parts)
                .map(|shares| shares.iter().map(|share| from_units(share, places)).collect());
            shares.unwrap_or_else(|| {
                let mut shares = vec![zero(); given.len()];
                if let Some(first) = shares.first_mut() {
                    first.clone_from(payable);
                }
                shares
            })
        }
    };
    let contexts = contexts.into_iter().zip(amounts);
    contexts.map(|(context, amount)| (context, Field::FINAL_AMOUNT, text(&amount, places))).collect()
}
