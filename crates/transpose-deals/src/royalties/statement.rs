//! Rounding: the sums of a statement, what one play is worth, and what summaries of sales contexts
//! say.

use super::Summaries;
use super::payments::{Amounts, PaidUsage, share_shown};
use super::scopes::{self, Winners};
use crate::arithmetic::allot::spread;
use crate::arithmetic::number::{
    Exact, decimal, fixed_text, from_units, power, round, rounded, text, whole, zero,
};
use crate::arithmetic::pool::per_play;
use crate::basis::explain::{amount, site, with};
use crate::basis::{Basis, Candidate};
use crate::policies::{MODES, Policies, RoundingLevel, Summary};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transpose_codes::decimal::Decimal;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::model::Field;
use transpose_core::terms::{Earnings, FurtherAmounts, Rounding, UnitRate};

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

/// The sums of what is paid; none where units or rows are rounded. Auditors see them.
pub(super) fn sums(
    basis: &Basis<'_>,
    paid: &[PaidUsage<'_>],
    mode: Rounding,
    lines: &mut Vec<Value>,
) -> Vec<StatementSum> {
    let (policies, places) = (basis.policies(), basis.places());
    // Summaries show what each context was given, so each has a sum of its own, and these make the
    // whole.
    let shown = [Summary::AllocatedRevenue, Summary::FinalAmount];
    let apart = shown.iter().any(|summary| policies.summaries.contains(summary));
    let sums = rounded_sums(basis, paid, mode, |amounts| amounts.net.clone(), apart);
    let mode_word = MODES.iter().find(|(_, known)| *known == mode).map(|(word, _)| *word);
    let shown = sums.iter().map(|sum| {
        let named = sum.context.map(|context| site(basis.context(context))).unwrap_or_default();
        let currency = if sum.currency.is_empty() { basis.reporting().code() } else { sum.currency };
        with(named, json!({ "currency": currency, "exact": amount(&sum.exact), "rounded": fixed_text(&sum.rounded, places) }))
    });
    let at = policies.rounding.at.map(RoundingLevel::word);
    lines.push(json!({
        "step": "rounding", "at": at, "places": places, "mode": mode_word, "sums": shown.collect::<Vec<_>>(),
    }));
    sums
}

/// The sums that amounts of usages make; `apart` says whether each context has one.
fn rounded_sums(
    basis: &Basis<'_>,
    paid: &[PaidUsage<'_>],
    mode: Rounding,
    of: fn(&Amounts) -> Exact,
    apart: bool,
) -> Vec<StatementSum> {
    let (policies, places) = (basis.policies(), basis.places());
    let at = policies.rounding.at;
    let mut sums = Vec::new();
    let mut blocks: BTreeMap<&'static str, BTreeMap<usize, Exact>> = BTreeMap::new();
    if matches!(at, Some(RoundingLevel::Block | RoundingLevel::Statement)) {
        for one in paid {
            let block = if at == Some(RoundingLevel::Block) { one.currency } else { "" };
            let amount = per_play(one.plays, &of(&one.amounts));
            *blocks.entry(block).or_default().entry(one.context).or_insert_with(zero) += amount;
        }
    }
    for (currency, contexts) in blocks {
        let exact: Exact = contexts.values().sum();
        let whole_sum = rounded(&exact, places, mode);
        let scale = whole(power(places));
        let parts: Vec<Exact> = contexts.values().map(|amount| amount * &scale).collect();
        match spread(&whole_sum, &parts).filter(|_| apart) {
            Some(parts) => {
                sums.extend(contexts.into_iter().zip(parts).map(|((context, exact), rounded)| {
                    StatementSum { currency, context: Some(context), exact, rounded }
                }));
            }
            None => sums.push(StatementSum { currency, context: None, exact, rounded: whole_sum }),
        }
    }
    sums
}

/// Gross and withheld amounts of usages, where they are not what is paid.
pub(super) fn further(basis: &mut Basis<'_>, paid: &[PaidUsage<'_>], mode: Rounding) -> Vec<FurtherAmounts> {
    let shared = paid.iter().any(|one| one.policies.take.is_some());
    let withheld =
        paid.iter().any(|one| one.policies.withholds_earnings() && one.policies.withholding.is_some());
    let kinds: [(bool, Field, fn(&Amounts) -> Exact); 2] = [
        (shared, Field::GROSS_AMOUNT, |amounts| amounts.gross.clone()),
        (withheld, Field::WITHHELD, |amounts| &amounts.own - &amounts.net),
    ];
    let mut further = Vec::new();
    for (_, field, of) in kinds.into_iter().filter(|(wanted, ..)| *wanted) {
        let sums = rounded_sums(basis, paid, mode, of, false);
        let units = units(basis, paid, &sums, of);
        further.push(FurtherAmounts { field, units, sums: whole_sums(basis, &sums) });
    }
    further
}

/// What no usage shows, rounded. Where the statement is rounded as a whole, that is what the whole
/// comes to beyond what usages do, so that nothing is rounded twice.
pub(super) fn unreported(
    basis: &mut Basis<'_>,
    amounts: &Amounts,
    paid: &[PaidUsage<'_>],
    mode: Rounding,
) -> Earnings {
    let whole = basis.policies().rounding.at == Some(RoundingLevel::Statement);
    let places = basis.places();
    let held_of = |basis: &mut Basis<'_>, of: fn(&Amounts) -> Exact| {
        let shown: Exact = paid.iter().map(|one| per_play(one.plays, &of(&one.amounts))).sum();
        let exact = of(amounts);
        let rounded_exact =
            if whole { round(&(&shown + exact), places, mode) - round(&shown, places, mode) } else { exact };
        held(basis, &rounded_exact, mode)
    };
    let (earned, withheld) = (
        held_of(basis, |amounts| amounts.net.clone()),
        held_of(basis, |amounts| &amounts.own - &amounts.net),
    );
    let gross = match basis.policies().take {
        Some(_) => held_of(basis, |amounts| amounts.gross.clone()),
        None => transpose_codes::decimal::sum(earned, withheld).unwrap_or(earned),
    };
    Earnings { gross, withheld, earned }
}

/// The sums in units of the last decimal place.
pub(super) fn whole_sums(basis: &mut Basis<'_>, sums: &[StatementSum]) -> Vec<i128> {
    let places = basis.places();
    let mut units = Vec::new();
    for sum in sums {
        match sum.rounded.to_i128().filter(|_| decimal(&sum.rounded, places).is_some()) {
            Some(sum) => units.push(sum),
            None => report_too_long(basis, &sum.exact),
        }
    }
    units
}

/// What one play of each kind is worth, as the engine takes it; `of` says which of its amounts.
pub(super) fn units(
    basis: &mut Basis<'_>,
    paid: &[PaidUsage<'_>],
    sums: &[StatementSum],
    of: fn(&Amounts) -> Exact,
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
        let unit = of(&one.amounts);
        let short = || fraction(&round(&unit, UNIT_PLACES, Rounding::Down));
        let Some((numerator, denominator)) = fraction(&unit).or_else(short) else {
            report_too_long(basis, &unit);
            continue;
        };
        let (model, deal) = (one.model.into(), one.policies.id.as_str().into());
        let share = share_shown(one.policies).into();
        let unit = UnitRate { numerator, denominator, model, deal, share, sum };
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
        report_too_long(basis, number);
        Decimal::ZERO
    })
}

fn report_too_long(basis: &mut Basis<'_>, number: &Exact) {
    let diagnostic = too_long(basis.policies(), number);
    basis.report_deal(&AMOUNT_TOO_LONG, diagnostic.message);
}

/// An amount that cannot be held.
pub(super) fn too_long(policies: &Policies, number: &Exact) -> Diagnostic {
    let digits = number.numer().abs().to_string().len();
    let message = format!("an amount of the deal `{}` has {digits} digits", policies.id);
    Diagnostic::new(&AMOUNT_TOO_LONG, policies.place.clone(), message)
}

/// What summaries of sales contexts say.
pub(super) fn summaries(
    basis: &Basis<'_>,
    candidates: &[Candidate],
    winners: &Winners,
    paid: &[PaidUsage<'_>],
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
                // What an account leaves of the final amount is known once it is closed.
                Summary::AllocatedRevenue | Summary::FinalAmount => {
                    let shown = revenue.get(&context).cloned().unwrap_or_else(zero);
                    let text = text(&round(&shown, places, mode), places);
                    out.extend(summary.fields().iter().map(|field| (context, *field, text.clone())));
                }
                Summary::AllocatedNetRevenue => {
                    let revenue = of(|candidate| &candidate.net_revenue);
                    out.extend(revenue.map(|revenue| {
                        (context, Field::ALLOCATED_NET_REVENUE, text(&round(&revenue, places, mode), places))
                    }));
                }
                Summary::AllocatedUsages => {
                    out.push((context, Field::ALLOCATED_USAGES, basis.logged_plays(context).to_string()));
                }
                Summary::MarketShare => {
                    let share = of(|candidate| &candidate.market_share);
                    out.extend(
                        share.map(|share| (context, Field::MARKET_SHARE, text(&(share * whole(100)), 10))),
                    );
                }
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
fn revenue(basis: &Basis<'_>, paid: &[PaidUsage<'_>], sums: &[StatementSum]) -> BTreeMap<usize, Exact> {
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
