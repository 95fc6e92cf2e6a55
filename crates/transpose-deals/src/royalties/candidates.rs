//! What each model of a deal comes to: gross amounts in the currency of reporting.

use super::basis::{Case, Key, named};
use super::explain::{amount, area, plain, site, with};
use super::{NO_PLAYS, NO_SALE_PRICE, NO_USERS, PLAYS_ABOVE_TOTAL, USERS_ABOVE_SUBSCRIBERS};
use crate::arithmetic::number::{Exact, exact, per_cent, quotient, whole, zero};
use crate::arithmetic::plays::performances;
use crate::arithmetic::pool::{Waterfall, per_play, per_subscriber, revenue_pool, worth};
use crate::arithmetic::sales::{Rounded, of_retail, without_tax};
use crate::arithmetic::users::{Idle, centric, idle};
use crate::deal::{At, Model, ModelTerms, Rates, Scope};
use crate::toml::value;
use num_traits::Signed;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transpose_codes::Currency;
use transpose_core::model::{Entity, Field};

/// What a model comes to.
pub(super) struct Candidate {
    /// For each kind what one play is worth.
    pub(super) units: Vec<Option<Exact>>,
    /// For each kind the currency that its amount was made in.
    pub(super) currencies: Vec<Currency>,
    /// For each context what is owed there although nothing was played.
    pub(super) stranded: Vec<Exact>,
    /// What auditors see, by context.
    pub(super) parts: Vec<(usize, Value)>,
    /// Net revenue of each context that belongs to the recipient, for models that share revenue.
    pub(super) net_revenue: Vec<Option<Exact>>,
    /// The recipient's part of the plays of each context.
    pub(super) market_share: Vec<Option<Exact>>,
}

impl Candidate {
    fn new(case: &Case<'_>) -> Self {
        let sites = case.contexts.len();
        Self {
            units: vec![None; case.played.len()],
            currencies: vec![case.reporting; case.played.len()],
            stranded: vec![zero(); sites],
            parts: Vec::new(),
            net_revenue: vec![None; sites],
            market_share: vec![None; sites],
        }
    }

    fn set(&mut self, kind: usize, unit: Exact, currency: Currency) {
        if let Some(slot) = self.units.get_mut(kind) {
            *slot = Some(unit);
        }
        if let Some(slot) = self.currencies.get_mut(kind) {
            *slot = currency;
        }
    }

    /// What it comes to in a context.
    pub(super) fn amount(&self, case: &Case<'_>, context: usize) -> Exact {
        let unit = |kind: usize| self.units.get(kind).and_then(Option::as_ref);
        let earned =
            case.kinds(context).filter_map(|(kind, _, plays)| unit(kind).map(|unit| per_play(plays, unit)));
        earned.sum::<Exact>() + self.stranded.get(context).cloned().unwrap_or_else(zero)
    }
}

/// Works out one model.
pub(super) fn candidate(case: &mut Case<'_>, model: &Model) -> Candidate {
    match &model.terms {
        ModelTerms::PerPlay { rate } | ModelTerms::PerPerformance { rate, tracks: None } => {
            by_play(case, rate)
        }
        ModelTerms::Wholesale { price } => by_play(case, price),
        ModelTerms::RetailShare { share, tax } => retail(case, model, share, tax.as_ref()),
        ModelTerms::FixedMinimum { minimum } => fixed(case, model, minimum),
        ModelTerms::UserCentric { share, fee, idle } => users(case, model, share, fee.as_ref(), *idle),
        ModelTerms::RevenueShare { .. }
        | ModelTerms::SubscriberMinimum { .. }
        | ModelTerms::Waterfall { .. }
        | ModelTerms::PerPerformance { .. } => pooled(case, model),
    }
}

/// Plays or sales times a rate or price.
fn by_play(case: &mut Case<'_>, rates: &Rates) -> Candidate {
    let mut told = Candidate::new(case);
    let currency = case.deal.currency;
    for context in case.sites() {
        for (kind, played, plays) in case.kinds(context).collect::<Vec<_>>() {
            let rate = case.rate(rates, context, Some(played.usage));
            let factor = case.factor(currency, context);
            let unit = &rate * &factor;
            let part = json!({
                rates.key: plain(&rate), "currency": currency.code(), "exchange": amount(&factor), "plays": plays.to_string(), "amount": amount(&per_play(plays, &unit)),
            });
            told.parts.push((context, with(site(case.context(context)), part)));
            told.set(kind, unit, currency);
        }
    }
    told
}

/// A share of what was paid.
fn retail(case: &mut Case<'_>, model: &Model, share: &Rates, tax: Option<&Rates>) -> Candidate {
    let mut told = Candidate::new(case);
    for context in case.sites() {
        for (kind, played, plays) in case.kinds(context).collect::<Vec<_>>() {
            let field = if tax.is_some() { Field::USAGE_RETAIL_PRICE } else { Field::PRICE };
            let price = played.usage.text(field).and_then(|text| value::decimal(text).ok()).map(exact);
            let currency = case.context(context).price_currency().and_then(|code| Currency::parse(code).ok());
            let (Some(price), Some(currency)) = (price, currency.map(|parsed| parsed.code)) else {
                let message = format!("a usage of {} has no `{field}`", named(case.context(context)));
                case.tell(&NO_SALE_PRICE, &model.place, message);
                continue;
            };
            let rate = case.rate(share, context, Some(played.usage));
            let tax = tax.map(|tax| case.rate(tax, context, Some(played.usage)));
            let net = tax.as_ref().map_or_else(|| price.clone(), |tax| without_tax(&price, tax));
            let factor = case.factor(currency, context);
            let rounded = unit_rounding(case, currency);
            let unit = of_retail(&net, &per_cent(&rate), rounded) * &factor;
            let part = json!({
                "price": plain(&price), "tax": tax.as_ref().map(plain), "without-tax": amount(&net), "share": plain(&rate),
                "currency": currency.code(), "exchange": amount(&factor), "plays": plays.to_string(), "amount": amount(&per_play(plays, &unit)),
                "unit-places": if let Rounded::Unit(places, _) = rounded { json!(places) } else { Value::Null },
            });
            told.parts.push((context, with(site(case.context(context)), part)));
            told.set(kind, unit, currency);
        }
    }
    told
}

/// How the price without tax and what a unit is worth are rounded, in their own currency.
fn unit_rounding(case: &Case<'_>, currency: Currency) -> Rounded {
    let terms = case.deal.rounding;
    match (terms.at, terms.mode) {
        (Some(At::Unit), Some(mode)) => Rounded::Unit(case.deal.places(currency), mode),
        _ => Rounded::Never,
    }
}

/// The decimal places of amounts.
pub(super) fn places(case: &Case<'_>) -> u32 {
    case.deal.places(case.reporting)
}

/// Subscribers times a minimum, whatever was played: the plays of the context carry it.
fn fixed(case: &mut Case<'_>, model: &Model, minimum: &Rates) -> Candidate {
    let mut told = Candidate::new(case);
    let currency = case.deal.currency;
    for context in case.sites() {
        let each = case.rate(minimum, context, None);
        let subscribers = case.subscribers(context, model.word);
        let factor = case.factor(currency, context);
        let total = case.for_days(per_subscriber(&subscribers, &each) * &factor);
        let part = json!({
            "minimum": plain(&each), "currency": currency.code(), "exchange": amount(&factor), "subscribers": amount(&subscribers), "from": case.source(context), "amount": amount(&total),
        });
        told.parts.push((context, with(site(case.context(context)), part)));
        let plays = case.plays(context);
        if plays > 0 {
            for (kind, _, _) in case.kinds(context).collect::<Vec<_>>() {
                told.set(kind, &total / whole(plays), currency);
            }
        } else if let Some(slot) = told.stranded.get_mut(context) {
            *slot = total;
        }
    }
    told
}

/// What is shared in one pool, and how it came about.
struct Pool {
    value: Exact,
    parts: Vec<Value>,
    contexts: Vec<usize>,
}

/// A pool that is shared by plays.
fn pooled(case: &mut Case<'_>, model: &Model) -> Candidate {
    let mut told = Candidate::new(case);
    let scope = case.deal.pool.unwrap_or(Scope::TerritoryAndTier);
    let totals = case.totals(scope, model.word);
    let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for context in case.sites() {
        groups.entry(scope.key(case.context(context))).or_default().push(context);
    }
    for (key, contexts) in groups {
        let currency = currency_of(case, model);
        let plays: i128 = contexts.iter().map(|context| case.plays(*context)).sum();
        let known = totals.get(&key).cloned();
        // Without plays of the recipient nothing is owed, and the figures of the pool need not be
        // there.
        if plays == 0 && known.as_ref().is_none_or(|(total, _)| total.is_positive()) {
            continue;
        }
        let (total, from) = known.unwrap_or_else(|| (zero(), String::new()));
        let pool = pool(case, model, contexts);
        let Some(worth) = worth(&pool.value, &total).filter(|_| total.is_positive()) else {
            if plays == 0 {
                without_plays(case, model, &key, &pool.value);
            } else {
                above_total(case, model, &key, plays, &total);
            }
            continue;
        };
        if whole(plays) > total {
            above_total(case, model, &key, plays, &total);
            continue;
        }
        let market = whole(plays) / &total;
        for context in &pool.contexts {
            for (kind, _, _) in case.kinds(*context).collect::<Vec<_>>() {
                told.set(kind, worth.clone(), currency);
            }
            if let Some(slot) = told.market_share.get_mut(*context) {
                *slot = Some(market.clone());
            }
        }
        share_revenue(case, model, &mut told, &pool, &total);
        let part = json!({
            "pool": pool.parts, "value": amount(&pool.value), "plays": plays.to_string(), "total-plays": plain(&total), "total-from": from,
            "market-share": amount(&market), "amount": amount(&(&pool.value * &market)),
        });
        let first = pool.contexts.first().copied().unwrap_or_default();
        told.parts.push((first, with(area(&key), part)));
    }
    told
}

/// Of models that share revenue: what of the net revenue itself belongs to the recipient's plays.
fn share_revenue(case: &mut Case<'_>, model: &Model, told: &mut Candidate, pool: &Pool, total: &Exact) {
    if !matches!(model.terms, ModelTerms::RevenueShare { .. } | ModelTerms::Waterfall { .. }) {
        return;
    }
    let mut revenue = zero();
    for context in &pool.contexts {
        revenue += case.figure(*context, Field::NET_REVENUE, model.word);
    }
    let revenue = case.for_days(revenue);
    for context in &pool.contexts {
        let part = quotient(&(&revenue * whole(case.plays(*context))), total);
        if let Some(slot) = told.net_revenue.get_mut(*context) {
            *slot = part;
        }
    }
}

fn currency_of(case: &Case<'_>, model: &Model) -> Currency {
    match model.terms {
        ModelTerms::RevenueShare { .. } | ModelTerms::Waterfall { .. } => case.reporting,
        _ => case.deal.currency,
    }
}

fn without_plays(case: &mut Case<'_>, model: &Model, key: &Key, pool: &Exact) {
    let line =
        json!({ "step": "unallocated", "model": model.word, "amount": amount(pool), "why": NO_PLAYS.name });
    case.unallocated.push(with(area(key), line));
    let message = format!(
        "nothing was played in {}: {} {} of `{}` stay unallocated",
        place_of(key),
        plain(pool),
        case.reporting,
        model.word
    );
    case.tell(&NO_PLAYS, &model.place, message);
}

fn above_total(case: &mut Case<'_>, model: &Model, key: &Key, plays: i128, total: &Exact) {
    let message = format!(
        "{plays} plays were counted in {}, and the whole service has {}",
        place_of(key),
        plain(total)
    );
    case.tell(&PLAYS_ABOVE_TOTAL, &model.place, message);
}

fn place_of((territory, tier): &Key) -> String {
    match (territory.as_str(), tier.as_str()) {
        ("", "") => "the whole".to_owned(),
        (territory, "") => territory.to_owned(),
        ("", tier) => tier.to_owned(),
        (territory, tier) => format!("{tier} in {territory}"),
    }
}

fn pool(case: &mut Case<'_>, model: &Model, contexts: Vec<usize>) -> Pool {
    let mut pool = Pool { value: zero(), parts: Vec::new(), contexts };
    let (mut revenue, mut cost, mut performance, mut floor) = (zero(), zero(), zero(), zero());
    let word = model.word;
    for context in pool.contexts.clone() {
        let from = case.source(context);
        let part = match &model.terms {
            ModelTerms::RevenueShare { share } => {
                let (net, share) =
                    (case.figure(context, Field::NET_REVENUE, word), case.rate(share, context, None));
                let value = case.for_days(revenue_pool(&net, &per_cent(&share)));
                pool.value += &value;
                json!({ "net-revenue": plain(&net), "share": plain(&share), "amount": amount(&value) })
            }
            ModelTerms::SubscriberMinimum { minimum } => {
                let (each, count) = (case.rate(minimum, context, None), case.subscribers(context, word));
                let factor = case.factor(case.deal.currency, context);
                let value = case.for_days(per_subscriber(&count, &each) * &factor);
                pool.value += &value;
                json!({ "subscribers": amount(&count), "minimum": plain(&each), "exchange": amount(&factor), "amount": amount(&value) })
            }
            ModelTerms::Waterfall { revenue: of_revenue, cost: of_cost, floor: each } => {
                let net = case.figure(context, Field::NET_REVENUE, word);
                let content = case.figure(context, Field::CONTENT_COST, word);
                let performed = case.figure(context, Field::PERFORMANCE_ROYALTIES, word);
                let count = case.subscribers(context, word);
                let rates = [
                    case.rate(of_revenue, context, None),
                    case.rate(of_cost, context, None),
                    case.rate(each, context, None),
                ];
                let [of_revenue, of_cost, each] = &rates;
                revenue += &net * per_cent(of_revenue);
                cost += &content * per_cent(of_cost);
                performance += &performed;
                let factor = case.factor(case.deal.currency, context);
                floor += &count * each * &factor;
                json!({
                    "net-revenue": plain(&net), "revenue-share": plain(of_revenue), "content-cost": plain(&content), "content-cost-share": plain(of_cost),
                    "performance-royalties": plain(&performed), "subscribers": amount(&count), "floor": plain(each), "exchange": amount(&factor),
                })
            }
            ModelTerms::PerPerformance { rate, tracks: Some(tracks) } => {
                let (rate, tracks) = (case.rate(rate, context, None), case.rate(tracks, context, None));
                let hours = case.figure(context, Field::TUNING_HOURS, word);
                let count = performances(&tracks, &hours);
                let factor = case.factor(case.deal.currency, context);
                let value = case.for_days(&count * &rate * &factor);
                pool.value += &value;
                json!({ "tuning-hours": plain(&hours), "tracks-per-hour": plain(&tracks), "performances": plain(&count), "rate": plain(&rate), "exchange": amount(&factor), "amount": amount(&value) })
            }
            _ => Value::Null,
        };
        pool.parts.push(with(site(case.context(context)), with_source(part, &from)));
    }
    if let ModelTerms::Waterfall { .. } = model.terms {
        // Shares and floors may differ between the contexts of a pool, so they are in the sums
        // already.
        let steps = Waterfall {
            revenue,
            revenue_rate: whole(1),
            content_cost: cost,
            content_cost_rate: whole(1),
            performance_royalties: performance,
            subscribers: floor,
            floor: whole(1),
        }
        .steps();
        pool.parts.push(json!({
            "all-in": amount(&steps.all_in), "after-performance": amount(&steps.after_performance), "floor": amount(&steps.floor), "pool": amount(&steps.pool),
        }));
        pool.value = case.for_days(steps.pool);
    }
    pool
}

fn with_source(part: Value, from: &str) -> Value {
    match part {
        Value::Object(map) => with(map, json!({ "from": from })),
        other => other,
    }
}

/// What each user paid, by what that user played.
fn users(case: &mut Case<'_>, model: &Model, share: &Rates, fee: Option<&Rates>, policy: Idle) -> Candidate {
    let mut told = Candidate::new(case);
    let totals = if policy == Idle::ProRata {
        case.totals(Scope::TerritoryAndTier, model.word)
    } else {
        BTreeMap::new()
    };
    for context in case.sites().into_iter().filter(|context| case.plays(*context) != 0).collect::<Vec<_>>() {
        let currency = if fee.is_some() { case.deal.currency } else { case.reporting };
        let paid = match fee {
            Some(fee) => case.rate(fee, context, None),
            None => case.figure(context, Field::UNIT_PRICE, model.word),
        };
        let factor = case.factor(currency, context);
        let paid = case.for_days(paid * factor);
        let rate = per_cent(&case.rate(share, context, None));
        let rest = idle_worth(case, model, context, &(&paid * &rate), policy, &totals);
        for (kind, played, plays) in case.kinds(context).collect::<Vec<_>>() {
            let pairs: Vec<(i128, i128)> =
                played.by_user.iter().map(|(all, own)| (i128::from(*own), i128::from(*all))).collect();
            let named_plays: i128 = pairs.iter().map(|(own, _)| own).sum();
            if named_plays != i128::from(played.plays) || pairs.iter().any(|(own, all)| *all == 0 && *own > 0)
            {
                let message = format!(
                    "{named_plays} of {} plays of {} have a user",
                    played.plays,
                    named(case.context(context))
                );
                case.tell(&NO_USERS, &model.place, message);
                continue;
            }
            let earned = centric(&paid, &rate, &pairs);
            let unit = quotient(&earned, &whole(named_plays)).unwrap_or_else(zero) + &rest;
            let part = json!({
                "fee": amount(&paid), "share": plain(&(&rate * whole(100))), "users": pairs.len().to_string(), "plays": plays.to_string(),
                "of-idle-users": amount(&rest), "amount": amount(&per_play(plays, &unit)),
            });
            told.parts.push((context, with(site(case.context(context)), part)));
            told.set(kind, unit, currency);
        }
    }
    told
}

/// What one play is worth of the fees of users who played nothing.
fn idle_worth(
    case: &mut Case<'_>,
    model: &Model,
    context: usize,
    each: &Exact,
    policy: Idle,
    totals: &BTreeMap<Key, (Exact, String)>,
) -> Exact {
    if policy == Idle::Unallocated {
        unused_fees(case, model, context, each);
        return zero();
    }
    let subscribers = case.figure(context, Field::SUBSCRIBERS, model.word);
    let users = case.figure(context, Field::USERS, model.word);
    if users > subscribers {
        let message = format!(
            "{} users and {} subscribers in {}",
            plain(&users),
            plain(&subscribers),
            named(case.context(context))
        );
        let place = case.place(context);
        case.tell(&USERS_ABOVE_SUBSCRIBERS, &place, message);
    }
    let pool = each * (subscribers - users);
    let total = totals.get(&Scope::TerritoryAndTier.key(case.context(context)));
    total.and_then(|(total, _)| worth(&pool, total)).unwrap_or_else(zero)
}

/// Tells auditors what stays with the service of the fees of users who played nothing, where their
/// number is known.
fn unused_fees(case: &mut Case<'_>, model: &Model, context: usize, each: &Exact) {
    let known = case.known(context, Field::SUBSCRIBERS).zip(case.known(context, Field::USERS));
    let count = known.map_or_else(zero, |(subscribers, users)| subscribers - users);
    if count.is_positive() {
        let shared = idle(&(each * &count), Idle::Unallocated, 0, 0);
        let line = json!({ "step": "unallocated", "model": model.word, "amount": amount(&shared.unallocated), "idle-users": plain(&count), "why": "idle-users" });
        case.unallocated.push(with(site(case.context(context)), line));
    }
}

/// Whether anything tells usages of a context apart, for auditors.
pub(super) fn usage_shown(usage: &Entity) -> Value {
    let cells = usage.iter().map(|(field, value)| (field.id().to_owned(), json!(value.first())));
    Value::Object(cells.collect())
}
