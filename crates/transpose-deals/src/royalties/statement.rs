//! From gross amounts to what is paid: the greatest in each scope, shares, withholding, rounding,
//! the account.

use super::basis::{Case, Key};
use super::candidates::{Candidate, places, usage_shown};
use super::explain::{amount, area, plain, site, with};
use super::{AMOUNT_TOO_LONG, NEGATIVE_MONTH, NO_OPENING, UNREPORTED_MINIMUM};
use crate::arithmetic::account::{recoup, shortfall};
use crate::arithmetic::allot::spread;
use crate::arithmetic::greater::{Greatest, by_scope};
use crate::arithmetic::money::{less_fee, share_of, withheld};
use crate::arithmetic::number::{
    Exact, decimal, exact, fixed_text, from_units, per_cent, power, round, rounded, text, whole, zero,
};
use crate::arithmetic::pool::per_play;
use crate::balances::{Opening, first_opening};
use crate::deal::{At, Scope, Summary, Take};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::model::Field;
use transpose_core::terms::{ClosingBalance, Rounding, Royalties, UnitRate};

/// What is written into contexts: their number, the field, the text.
type Summaries = Vec<(usize, Field, String)>;

/// The decimal places of a unit whose exact fraction is too long; its sum is exact all the same. It
/// is cut, so that its usages never make more than the sum.
const UNIT_PLACES: u32 = 20;

/// What one kind of usages is paid.
struct Paid {
    /// Its number.
    kind: usize,
    context: usize,
    plays: i128,
    /// The place of its model among the candidates.
    winner: usize,
    unit: Exact,
    /// The currency that its amount was made in.
    currency: &'static str,
}

impl Paid {
    fn amount(&self) -> Exact {
        per_play(self.plays, &self.unit)
    }
}

/// Works out what is owed of what the models come to.
pub(super) fn settle(
    mut case: Case<'_>,
    candidates: &[Candidate],
) -> Result<(Royalties, Summaries), Vec<Diagnostic>> {
    let mut lines = vec![opening_line(&case)];
    lines.extend(case.exchanges.values().cloned());
    let winners = scopes(&case, candidates, &mut lines);
    let (paid, stranded) = pay(&mut case, candidates, &winners, &mut lines);
    lines.append(&mut case.unallocated);
    let places = places(&case);
    let mode = case.deal.rounding.mode.unwrap_or(Rounding::HalfUp);
    let sums = sums(&case, &paid, places, mode, &mut lines);
    let units = units(&mut case, &paid, &sums, places);
    let summaries = summaries(&case, candidates, &winners, &paid, &sums, places, mode);
    let mut owed = Royalties {
        units,
        places,
        rounding: (case.deal.rounding.at == Some(At::Row)).then_some(mode),
        ..Royalties::default()
    };
    for sum in &sums {
        match sum.rounded.to_i128().filter(|_| decimal(&sum.rounded, places).is_some()) {
            Some(sum) => owed.sums.push(sum),
            None => case.too_long(&sum.exact),
        }
    }
    if case.deal.rounding.at != Some(At::Row) {
        let earned: Exact = if sums.is_empty() {
            paid.iter().map(Paid::amount).sum()
        } else {
            from_units(&sums.iter().map(|sum| &sum.rounded).sum(), places)
        };
        let earned = earned + round(&stranded, places, mode);
        owed.closing = closing(&mut case, &earned, places, mode, &mut lines);
    }
    if case
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code.severity == transpose_core::diagnostics::Severity::Error)
    {
        return Err(case.diagnostics);
    }
    owed.explanation = lines.iter().fold(String::new(), |all, line| all + &line.to_string() + "\n");
    owed.diagnostics = case.diagnostics;
    Ok((owed, summaries))
}

fn opening_line(case: &Case<'_>) -> Value {
    let deal = case.deal;
    json!({
        "step": "deal",
        "deal": deal.id,
        "label": deal.label,
        "period": case.terms.period().map(|period| period.to_string()),
        "currency": case.reporting.code(),
        "deal-currency": deal.currency.code(),
        "models": deal.models.iter().map(|model| model.word).collect::<Vec<_>>(),
        "greater-of": deal.scope.map(Scope::word),
        "pool": deal.pool.map(Scope::word),
        "total": deal.total.map(crate::deal::Total::word),
        "counted-days": case.days().map(|(active, days)| json!({ "of-deal": active.to_string(), "of-period": days.to_string() })),
        "stands": deal.place.to_string(),
    })
}

/// The greatest candidate in each scope.
fn scopes(case: &Case<'_>, candidates: &[Candidate], lines: &mut Vec<Value>) -> BTreeMap<Key, Greatest> {
    let scope = case.deal.scope.unwrap_or(Scope::Overall);
    let cells = case.sites().into_iter().map(|context| {
        let amounts = candidates.iter().map(|candidate| candidate.amount(case, context)).collect();
        (scope.key(case.context(context)), amounts)
    });
    let winners = by_scope(cells);
    // For each scope and model what auditors see.
    let mut shown: BTreeMap<(Key, usize), Vec<&Value>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for (context, part) in &candidate.parts {
            shown.entry((scope.key(case.context(*context)), index)).or_default().push(part);
        }
    }
    for (key, best) in &winners {
        let named = case.deal.models.iter().zip(&best.shortfalls).enumerate().map(|(index, (model, shortfall))| {
            let parts = shown.get(&(key.clone(), index));
            json!({ "model": model.word, "amount": amount(&(&best.amount - shortfall)), "shortfall": amount(shortfall), "parts": parts })
        });
        let line = json!({ "step": "scope", "candidates": named.collect::<Vec<_>>(), "winner": word(case, best.winner), "amount": amount(&best.amount) });
        lines.push(with(area(key), line));
    }
    winners
}

fn word(case: &Case<'_>, winner: usize) -> &'static str {
    case.deal.models.get(winner).map_or("", |model| model.word)
}

/// What one play of each kind is paid, and what is owed without any plays.
fn pay(
    case: &mut Case<'_>,
    candidates: &[Candidate],
    winners: &BTreeMap<Key, Greatest>,
    lines: &mut Vec<Value>,
) -> (Vec<Paid>, Exact) {
    let scope = case.deal.scope.unwrap_or(Scope::Overall);
    let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for context in case.sites() {
        groups.entry(scope.key(case.context(context))).or_default().push(context);
    }
    let (mut paid, mut unreported) = (Vec::new(), zero());
    for (key, contexts) in groups {
        let Some((winner, candidate)) = winners
            .get(&key)
            .and_then(|best| candidates.get(best.winner).map(|candidate| (best.winner, candidate)))
        else {
            continue;
        };
        // A minimum of contexts without plays is carried by the other plays of the scope.
        let stranded: Exact = contexts.iter().filter_map(|context| candidate.stranded.get(*context)).sum();
        let plays: i128 = contexts.iter().map(|context| case.plays(*context)).sum();
        let more = if plays > 0 { &stranded / whole(plays) } else { zero() };
        if plays <= 0 && !stranded.is_zero() {
            let first = contexts.first().copied().unwrap_or_default();
            let net = keep(case, first, &stranded);
            let line = json!({ "step": "unallocated", "model": word(case, winner), "amount": amount(&net), "why": UNREPORTED_MINIMUM.name });
            case.unallocated.push(with(area(&key), line));
            let message = format!(
                "{} {} of `{}` are owed, and nothing was played",
                plain(&net),
                case.reporting,
                word(case, winner)
            );
            let place = case.deal.place.clone();
            case.tell(&UNREPORTED_MINIMUM, &place, message);
            unreported += net;
        }
        for context in contexts {
            for (kind, played, plays) in case.kinds(context).collect::<Vec<_>>() {
                let Some(gross) = candidate.units.get(kind).cloned().flatten() else { continue };
                let gross = gross + &more;
                let kept = keep(case, context, &gross);
                let unit = match (case.deal.rounding.at, case.deal.rounding.mode) {
                    (Some(At::Unit), Some(mode)) => round(&kept, places(case), mode),
                    _ => kept.clone(),
                };
                let line = json!({
                    "step": "kind", "usage": usage_shown(played.usage), "qualified": played.bearing, "plays": played.plays.to_string(),
                    "returns": played.returns.to_string(), "model": word(case, winner), "gross": amount(&gross),
                    "share": share_shown(case), "withholding": plain(&withholding(case, context)), "unit": amount(&unit), "amount": amount(&per_play(plays, &unit)),
                });
                lines.push(with(site(case.context(context)), line));
                let currency = candidate.currencies.get(kind).map_or("", |currency| currency.code());
                paid.push(Paid { kind, context, plays, winner, unit, currency });
            }
        }
    }
    (paid, unreported)
}

/// What of a gross amount is left after the deal's share or fee, and after withholding.
fn keep(case: &Case<'_>, context: usize, gross: &Exact) -> Exact {
    let own = match &case.deal.take {
        Some(Take::Share(share)) => share_of(gross, &per_cent(share)),
        Some(Take::Fee(fee)) => less_fee(gross, &per_cent(fee)).1,
        None => gross.clone(),
    };
    withheld(&own, &-(&own * per_cent(&withholding(case, context))))
}

/// What is withheld in a context, in per cent. Where no element of a list fits, nothing is.
fn withholding(case: &Case<'_>, context: usize) -> Exact {
    let rates = case.deal.withholding.as_ref();
    rates.and_then(|rates| rates.find(case.context(context), None)).unwrap_or_else(zero)
}

/// What of gross amounts is the recipient's, in per cent.
fn share_shown(case: &Case<'_>) -> String {
    match &case.deal.take {
        Some(Take::Share(share)) => plain(share),
        Some(Take::Fee(fee)) => plain(&(whole(100) - fee)),
        None => plain(&whole(100)),
    }
}

/// A sum that amounts of usages have to make.
struct Sum {
    /// The currency that the amounts were made in; empty for all.
    currency: &'static str,
    /// The sales context, where each has a sum of its own.
    context: Option<usize>,
    exact: Exact,
    rounded: BigInt,
}

/// The sums that are rounded; none where units or rows are.
fn sums(case: &Case<'_>, paid: &[Paid], places: u32, mode: Rounding, lines: &mut Vec<Value>) -> Vec<Sum> {
    let at = case.deal.rounding.at;
    let mut sums = Vec::new();
    let mut blocks: BTreeMap<&'static str, BTreeMap<usize, Exact>> = BTreeMap::new();
    if matches!(at, Some(At::Block | At::Statement)) {
        for one in paid {
            let block = if at == Some(At::Block) { one.currency } else { "" };
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
        let apart = case.deal.summaries.contains(&Summary::AllocatedRevenue);
        match spread(&whole_sum, &parts).filter(|_| apart) {
            Some(parts) => {
                sums.extend(contexts.into_iter().zip(parts).map(|((context, exact), rounded)| Sum {
                    currency,
                    context: Some(context),
                    exact,
                    rounded,
                }));
            }
            None => sums.push(Sum { currency, context: None, exact, rounded: whole_sum }),
        }
    }
    let shown = sums.iter().map(|sum| {
        let named = sum.context.map(|context| site(case.context(context))).unwrap_or_default();
        let currency = if sum.currency.is_empty() { case.reporting.code() } else { sum.currency };
        with(named, json!({ "currency": currency, "exact": amount(&sum.exact), "rounded": fixed_text(&sum.rounded, places) }))
    });
    lines.push(json!({
        "step": "rounding", "at": at.map(At::word), "places": places, "mode": mode_word(mode), "sums": shown.collect::<Vec<_>>(),
    }));
    sums
}

fn mode_word(mode: Rounding) -> &'static str {
    match mode {
        Rounding::HalfUp => "half-up",
        Rounding::HalfEven => "half-even",
        Rounding::Down => "down",
    }
}

/// What one play of each kind is worth, as the engine takes it.
fn units(case: &mut Case<'_>, paid: &[Paid], sums: &[Sum], places: u32) -> Vec<Option<UnitRate>> {
    let mut units: Vec<Option<UnitRate>> = vec![None; case.played.len()];
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
            case.too_long(&one.unit);
            continue;
        };
        let unit = UnitRate { numerator, denominator, model: word(case, one.winner).into(), sum };
        if let Some(slot) = units.get_mut(one.kind) {
            *slot = Some(unit);
        }
    }
    units
}

impl Case<'_> {
    fn too_long(&mut self, number: &Exact) {
        let digits = number.numer().abs().to_string().len();
        let place = self.deal.place.clone();
        self.tell(
            &AMOUNT_TOO_LONG,
            &place,
            format!("an amount of the deal `{}` has {digits} digits", self.deal.id),
        );
    }

    fn held(&mut self, number: &Exact, places: u32, mode: Rounding) -> Decimal {
        decimal(&rounded(number, places, mode), places).unwrap_or_else(|| {
            self.too_long(number);
            Decimal::ZERO
        })
    }
}

/// The account after the period.
fn closing(
    case: &mut Case<'_>,
    earned: &Exact,
    places: u32,
    mode: Rounding,
    lines: &mut Vec<Value>,
) -> Option<ClosingBalance> {
    let period = case.terms.period()?;
    let opening = opening(case, period)?;
    let advance = case.deal.advance.as_ref();
    if earned.is_negative() {
        let message =
            format!("{} {} were earned under the deal `{}`", plain(earned), case.reporting, case.deal.id);
        let place = case.deal.place.clone();
        case.tell(&NEGATIVE_MONTH, &place, message);
    }
    // Corrections and late refunds are set against the advance as earnings are.
    let income = earned + exact(opening.adjustments);
    let after = recoup(&exact(opening.unrecouped), &income);
    let ends = advance.filter(|advance| {
        advance.at_end && advance.last.last() <= period.last() && period.first() <= advance.last.last()
    });
    let missing = ends
        .map_or_else(zero, |advance| shortfall(&exact(advance.amount), &(exact(opening.earned) + &income)));
    let payable = &after.payable + &missing;
    lines.push(json!({
        "step": "account", "opening": text(&exact(opening.unrecouped), 28), "earned": plain(earned), "adjustments": text(&exact(opening.adjustments), 28),
        "recouped": plain(&after.recouped), "shortfall": plain(&missing), "payable": plain(&payable), "unrecouped": plain(&after.unrecouped),
    }));
    Some(ClosingBalance {
        account: case.deal.id.as_str().into(),
        period,
        currency: case.reporting.code().into(),
        earned: case.held(earned, places, mode),
        recouped: case.held(&after.recouped, places, mode),
        payable: case.held(&payable, places, mode),
        unrecouped: case.held(&after.unrecouped, places, mode),
    })
}

/// What the account brings into the period. Without balances that is known only where a term
/// begins, or where there is no advance.
fn opening(case: &mut Case<'_>, period: Period) -> Option<Opening> {
    let known = case.terms.opening().copied().or_else(|| first_opening(case.deal, period));
    if known.is_none()
        && let Some(advance) = &case.deal.advance
    {
        let message = format!(
            "the deal `{}` has an advance since {}, and what is left of it is unknown",
            case.deal.id, advance.first
        );
        let place = advance.place.clone();
        case.tell(&NO_OPENING, &place, message);
    }
    known
}

/// What summaries of sales contexts say.
fn summaries(
    case: &Case<'_>,
    candidates: &[Candidate],
    winners: &BTreeMap<Key, Greatest>,
    paid: &[Paid],
    sums: &[Sum],
    places: u32,
    mode: Rounding,
) -> Summaries {
    let scope = case.deal.scope.unwrap_or(Scope::Overall);
    let mut out = Vec::new();
    let mut revenue: BTreeMap<usize, Exact> = BTreeMap::new();
    if sums.is_empty() {
        for one in paid {
            *revenue.entry(one.context).or_insert_with(zero) += one.amount();
        }
    }
    for (context, sum) in sums.iter().filter_map(|sum| sum.context.map(|context| (context, sum))) {
        *revenue.entry(context).or_insert_with(zero) += from_units(&sum.rounded, places);
    }
    for context in case.sites() {
        let winner = winners.get(&scope.key(case.context(context))).map_or(0, |best| best.winner);
        // Shares of the market are those of the winner, or else of the first model that has any.
        let of = |get: fn(&Candidate) -> &Vec<Option<Exact>>| {
            let order = candidates.get(winner).into_iter().chain(candidates);
            order.into_iter().find_map(|candidate| get(candidate).get(context).cloned().flatten())
        };
        for summary in &case.deal.summaries {
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
                    out.push((context, Field::ALLOCATED_USAGES, case.plays(context).to_string()));
                }
                Summary::MarketShare => {
                    let share = of(|candidate| &candidate.market_share);
                    out.extend(
                        share.map(|share| (context, Field::MARKET_SHARE, text(&(share * whole(100)), 10))),
                    );
                }
                Summary::RightsController => {
                    out.push((context, Field::RIGHTS_CONTROLLER, case.deal.label.clone()));
                    out.extend(case.deal.party.clone().map(|id| (context, Field::RIGHTS_CONTROLLER_ID, id)));
                }
            }
        }
    }
    out
}
