//! What a model comes to: gross amounts in the currency of reporting.

use super::explain::{amount, plain, site, with};
use super::{Basis, CountedUsage};
use crate::arithmetic::number::{Exact, whole, zero};
use crate::arithmetic::pool::per_play;
use crate::policies::Rates;
use num_traits::Signed;
use serde_json::{Value, json};
use transpose_codes::Currency;

/// What a model comes to, usage by usage.
pub(crate) struct Candidate {
    /// For each kind of usages what one play is worth.
    pub(crate) units: Vec<Option<Exact>>,
    /// For each kind of usages the currency that its amount was made in.
    pub(crate) currencies: Vec<Currency>,
    /// For each context what is payable there although nothing was played.
    pub(crate) stranded: Vec<Exact>,
    /// What auditors see, by context.
    pub(crate) parts: Vec<(usize, Value)>,
    /// Net revenue of each context that belongs to the recipient, for models that share revenue.
    pub(crate) net_revenue: Vec<Option<Exact>>,
    /// The recipient's part of the plays of each context.
    pub(crate) market_share: Vec<Option<Exact>>,
}

/// What one play or sale of a kind of usages is worth, and how that came about.
pub(crate) struct UsageAmount {
    pub(crate) unit: Exact,
    /// The currency that it was made in.
    pub(crate) currency: Currency,
    /// For auditors.
    pub(crate) part: Value,
}

impl Candidate {
    pub(crate) fn new(basis: &Basis<'_>) -> Self {
        let contexts = basis.len();
        Self {
            units: vec![None; basis.kinds()],
            currencies: vec![basis.reporting(); basis.kinds()],
            stranded: vec![zero(); contexts],
            parts: Vec::new(),
            net_revenue: vec![None; contexts],
            market_share: vec![None; contexts],
        }
    }

    /// One in which the usages of each kind are worth what the given function says; nothing where
    /// that is unknown.
    pub(crate) fn by_usage<'a>(
        basis: &mut Basis<'a>,
        mut amount: impl FnMut(&mut Basis<'a>, usize, &CountedUsage<'a>) -> Option<UsageAmount>,
    ) -> Self {
        let mut candidate = Self::new(basis);
        for context in basis.contexts() {
            // A context that is due without any plays needs neither a rate nor a price.
            let sold = |usage: &CountedUsage<'_>| usage.total.plays > 0 || usage.total.returns > 0;
            for usage in basis.usages(context).into_iter().filter(sold) {
                if let Some(UsageAmount { unit, currency, mut part }) = amount(basis, context, &usage) {
                    if let Some(part) = part.as_object_mut().filter(|_| usage.weight != whole(1)) {
                        part.insert("weight".into(), json!(plain(&usage.weight)));
                        let weighed = per_play(usage.plays, &unit) * &usage.weight;
                        part.insert("amount".into(), super::explain::amount(&weighed));
                    }
                    candidate.explain(basis, context, part);
                    candidate.set(&usage, unit, currency);
                }
            }
        }
        candidate
    }

    /// One in which plays share a sum, each alike; without any the first context carries it. `part`
    /// is what auditors see of the sum.
    pub(crate) fn by_plays(basis: &Basis<'_>, sum: &Exact, currency: Currency, part: &Value) -> Self {
        let mut candidate = Self::new(basis);
        let contexts = basis.contexts();
        let plays: Exact = contexts.iter().map(|context| basis.plays(*context)).sum();
        for (number, context) in contexts.into_iter().enumerate() {
            let carried = if plays.is_positive() {
                for usage in basis.usages(context) {
                    candidate.set(&usage, sum / &plays, currency);
                }
                sum * basis.plays(context) / &plays
            } else if number == 0 {
                sum.clone()
            } else {
                zero()
            };
            if !plays.is_positive()
                && let Some(slot) = candidate.stranded.get_mut(context)
            {
                slot.clone_from(&carried);
            }
            let mut part = part.clone();
            if let Some(part) = part.as_object_mut() {
                part.insert("plays".into(), json!(plain(&basis.plays(context))));
                part.insert("of-plays".into(), json!(plain(&plays)));
                part.insert("amount".into(), amount(&carried));
            }
            candidate.explain(basis, context, part);
        }
        candidate
    }

    /// One in which plays or sales are paid at a rate or price of the deal, in its currency.
    pub(crate) fn by_rate(basis: &mut Basis<'_>, rates: &Rates) -> Self {
        Self::by_usage(basis, |basis, context, usage| {
            let own = rates.currency(basis.context(context), Some(usage.total.usage));
            let currency = own.unwrap_or(basis.policies().currency);
            let rate = basis.rate(rates, context, Some(usage.total.usage));
            let factor = basis.factor(currency, context);
            let unit = &rate * &factor;
            let part = json!({
                rates.key: plain(&rate), "currency": currency.code(), "exchange": amount(&factor),
                "plays": usage.plays.to_string(), "amount": amount(&per_play(usage.plays, &unit)),
            });
            Some(UsageAmount { unit, currency, part })
        })
    }

    /// Says what one play of a kind of usages is worth that counts for one.
    pub(crate) fn set(&mut self, usage: &CountedUsage<'_>, unit: Exact, currency: Currency) {
        if let Some(slot) = self.units.get_mut(usage.number) {
            *slot = Some(unit * &usage.weight);
        }
        if let Some(slot) = self.currencies.get_mut(usage.number) {
            *slot = currency;
        }
    }

    /// An amount that is payable in a context whatever was played: its plays carry it.
    pub(crate) fn set_whole(&mut self, basis: &Basis<'_>, context: usize, amount: Exact, currency: Currency) {
        let plays = basis.plays(context);
        if plays.is_positive() {
            for usage in basis.usages(context) {
                self.set(&usage, &amount / &plays, currency);
            }
        } else if let Some(slot) = self.stranded.get_mut(context) {
            *slot = amount;
        }
    }

    /// Shows auditors how an amount of a context came about.
    pub(crate) fn explain(&mut self, basis: &Basis<'_>, context: usize, part: Value) {
        self.parts.push((context, with(site(basis.context(context)), part)));
    }

    /// What it comes to in a context.
    pub(crate) fn amount(&self, basis: &Basis<'_>, context: usize) -> Exact {
        let unit = |kind: usize| self.units.get(kind).and_then(Option::as_ref);
        let usages = basis.usages(context).into_iter();
        let earned = usages.filter_map(|usage| unit(usage.number).map(|unit| per_play(usage.plays, unit)));
        earned.sum::<Exact>() + self.stranded.get(context).cloned().unwrap_or_else(zero)
    }
}
