//! What a deal is worked out from: plays that count, figures, rates of exchange.

use super::{
    FIGURE_MISSING, NO_EXCHANGE_RATE, NO_RATE, NO_TOTAL, PART_OF_PERIOD, STALE_EXCHANGE_RATE,
    TERRITORY_WITHOUT_DEAL,
};
use crate::arithmetic::calendar::{active_days, pro_rated};
use crate::arithmetic::money::{Direction, Rate};
use crate::arithmetic::number::{Exact, exact, whole, zero};
use crate::arithmetic::plays::Counts;
use crate::arithmetic::pool::equivalents;
use crate::deal::{Deal, Exchange, ProRating, Rates, Scope, Subscribers, Total};
use crate::figures::heading_of;
use crate::terms::{Facts, PeriodTerms};
use crate::toml::value;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use transpose_codes::Currency;
use transpose_core::diagnostics::{Code, Diagnostic, Location};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::{ServiceTotal, UsageTotal};

/// What tells pools and scopes apart: territory and tier.
pub(super) type Key = (String, String);

/// One deal with everything that was counted.
pub(super) struct Case<'a> {
    pub(super) terms: &'a PeriodTerms,
    pub(super) deal: &'a Deal,
    pub(super) contexts: &'a [Entity],
    pub(super) played: &'a [UsageTotal<'a>],
    pub(super) whole: Option<&'a [ServiceTotal]>,
    pub(super) reporting: Currency,
    /// What the figures say about each context.
    facts: Vec<Option<Facts>>,
    /// Whether each context takes part.
    pub(super) included: Vec<bool>,
    /// For each context the kinds that count, with their plays less what was taken back.
    counted: Vec<Vec<(usize, i128)>>,
    pub(super) diagnostics: Vec<Diagnostic>,
    told: BTreeSet<String>,
    /// Rates of exchange that were used.
    pub(super) exchanges: BTreeMap<String, Value>,
    /// What nobody gets.
    pub(super) unallocated: Vec<Value>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        terms: &'a PeriodTerms,
        deal: &'a Deal,
        contexts: &'a [Entity],
        played: &'a [UsageTotal<'a>],
        whole: Option<&'a [ServiceTotal]>,
    ) -> Self {
        let facts = terms.facts_of(contexts);
        let includes = |context: &Entity| {
            let holds = context.text(Field::TERRITORY).is_none_or(|territory| deal.holds_for(territory));
            holds && deal.counts_play(context, true)
        };
        let included: Vec<bool> = contexts.iter().map(includes).collect();
        let mut counted = vec![Vec::new(); contexts.len()];
        for (index, kind) in played.iter().enumerate() {
            let included = included.get(kind.context).copied().unwrap_or(false);
            let counts =
                contexts.get(kind.context).is_some_and(|context| deal.counts_play(context, kind.bearing));
            if let Some(kinds) = counted.get_mut(kind.context).filter(|_| included && counts) {
                kinds.push((index, i128::from(kind.plays) - i128::from(kind.returns)));
            }
        }
        let mut case = Self {
            terms,
            deal,
            contexts,
            played,
            whole,
            reporting: terms.agreement().currency,
            facts,
            included,
            counted,
            diagnostics: Vec::new(),
            told: BTreeSet::new(),
            exchanges: BTreeMap::new(),
            unallocated: Vec::new(),
        };
        case.check_territories();
        case.check_period();
        case
    }

    fn check_territories(&mut self) {
        let strange: BTreeMap<&str, u64> = self.played.iter().fold(BTreeMap::new(), |mut plays, kind| {
            let territory =
                self.contexts.get(kind.context).and_then(|context| context.text(Field::TERRITORY));
            if let Some(territory) = territory.filter(|territory| !self.deal.holds_for(territory)) {
                let sum: &mut u64 = plays.entry(territory).or_default();
                *sum = sum.saturating_add(kind.plays);
            }
            plays
        });
        for (territory, plays) in strange.into_iter().filter(|(_, plays)| *plays > 0) {
            let message =
                format!("{plays} plays in {territory}, which the deal `{}` is not for", self.deal.id);
            self.diagnostics.push(Diagnostic::new(&TERRITORY_WITHOUT_DEAL, self.deal.place.clone(), message));
        }
    }

    fn check_period(&mut self) {
        let partly = self.terms.period().is_some_and(|period| !self.deal.covers(period));
        if partly && self.deal.pro_rating.is_none() {
            let message = format!("the deal `{}` leaves open: `pro-rating`", self.deal.id);
            self.diagnostics.push(Diagnostic::new(&PART_OF_PERIOD, self.deal.place.clone(), message));
        }
    }

    /// Reports something once.
    pub(super) fn tell(&mut self, code: &'static Code, place: &Location, message: String) {
        if self.told.insert(format!("{}{message}", code.id)) {
            self.diagnostics.push(Diagnostic::new(code, place.clone(), message));
        }
    }

    pub(super) fn context(&self, index: usize) -> &'a Entity {
        static NOTHING: std::sync::LazyLock<Entity> = std::sync::LazyLock::new(Entity::default);
        self.contexts.get(index).unwrap_or(&NOTHING)
    }

    /// The contexts that take part.
    pub(super) fn sites(&self) -> Vec<usize> {
        self.included.iter().enumerate().filter(|(_, included)| **included).map(|(index, _)| index).collect()
    }

    /// The kinds of a context that count, with their plays.
    pub(super) fn kinds(&self, context: usize) -> impl Iterator<Item = (usize, &'a UsageTotal<'a>, i128)> {
        let (played, kinds) = (self.played, self.counted.get(context).into_iter().flatten());
        kinds.filter_map(move |(index, plays)| played.get(*index).map(|kind| (*index, kind, *plays)))
    }

    /// The plays of a context that count.
    pub(super) fn plays(&self, context: usize) -> i128 {
        self.kinds(context).map(|(_, _, plays)| plays).sum()
    }

    /// Where the figures of a context stand.
    pub(super) fn place(&self, context: usize) -> Location {
        let own = self.facts.get(context).and_then(Option::as_ref).map(|facts| facts.place.clone());
        own.unwrap_or_else(|| {
            let source = self.terms.figures().map(|figures| figures.source.as_str().into());
            Location { source, ..Location::default() }
        })
    }

    /// Where the figures of a context come from, for auditors.
    pub(super) fn source(&self, context: usize) -> String {
        match self.facts.get(context) {
            Some(Some(facts)) => facts.place.to_string(),
            _ => "report".to_owned(),
        }
    }

    fn missing(&mut self, context: usize, heading: &str, model: &str) -> Exact {
        let message = format!(
            "`{heading}` is missing for {}, and `{model}` of the deal `{}` needs it",
            named(self.context(context)),
            self.deal.id
        );
        let place = self.place(context);
        self.tell(&FIGURE_MISSING, &place, message);
        zero()
    }

    /// A figure of a context, if it is there.
    pub(super) fn known(&self, context: usize, field: Field) -> Option<Exact> {
        let texts = self.context(context).value(field)?;
        texts.iter().map(|text| value::decimal(text).ok().map(exact)).sum()
    }

    /// A figure of a context that a model needs.
    pub(super) fn figure(&mut self, context: usize, field: Field, model: &str) -> Exact {
        match self.known(context, field) {
            Some(sum) => sum,
            None => self.missing(context, heading_of(field).unwrap_or_default(), model),
        }
    }

    /// The subscribers of a context, counted as the deal says.
    pub(super) fn subscribers(&mut self, context: usize, model: &str) -> Exact {
        if self.deal.subscribers != Some(Subscribers::Equivalents) {
            return self.figure(context, Field::SUBSCRIBERS, model);
        }
        let facts = self.facts.get(context).and_then(Option::as_ref);
        let days = self.terms.period().map_or(0, |period| active_days(period, None, None).1);
        let told = facts.and_then(|facts| {
            let whole_period = [(facts.equivalents.clone()?, whole(1))];
            equivalents(&whole_period, &facts.partial_days.map_or_else(zero, exact), days)
        });
        match told {
            Some(count) => count,
            None => self.missing(context, "subscriber-factor", model),
        }
    }

    /// A figure of the whole period for the days of the deal.
    pub(super) fn for_days(&self, amount: Exact) -> Exact {
        let part = self.days().and_then(|(active, days)| pro_rated(&amount, active, days));
        part.unwrap_or(amount)
    }

    /// The days of the deal and of the period, where figures count by days.
    pub(super) fn days(&self) -> Option<(i128, i128)> {
        let period = self.terms.period().filter(|_| self.deal.pro_rating == Some(ProRating::Days))?;
        Some(active_days(period, self.deal.from, self.deal.until))
    }

    /// A rate for a context, or for a usage of it.
    pub(super) fn rate(&mut self, rates: &Rates, context: usize, usage: Option<&Entity>) -> Exact {
        if let Some(rate) = rates.find(self.context(context), usage) {
            return rate;
        }
        let price = usage
            .and_then(|usage| usage.text(Field::USAGE_RETAIL_PRICE).or_else(|| usage.text(Field::PRICE)));
        let price = price.map(|price| format!(" at {price}")).unwrap_or_default();
        let message = format!("`{}` has no element for {}{price}", rates.key, named(self.context(context)));
        self.tell(&NO_RATE, &rates.place, message);
        zero()
    }

    /// What amounts in a currency are multiplied with, to be in the currency of reporting.
    pub(super) fn factor(&mut self, from: Currency, context: usize) -> Exact {
        if from == self.reporting {
            return whole(1);
        }
        let found = match &self.deal.exchange {
            Some(Exchange::Figures) => self.rate_of_figures(from, context),
            Some(Exchange::Listed(rates)) => rates.iter().find(|rate| rate.from == from).map(|listed| {
                let date = listed.date.to_string();
                (listed.rate.clone(), date, listed.source.clone(), listed.place.clone())
            }),
            None => None,
        };
        let Some((rate, date, source, place)) = found else {
            let message = format!(
                "there is no rate from {from} to {} for {}",
                self.reporting,
                named(self.context(context))
            );
            let place = self.deal.place.clone();
            self.tell(&NO_EXCHANGE_RATE, &place, message);
            return zero();
        };
        let first = self.terms.period().map(|period| period.first().to_string());
        if let Some(first) =
            first.filter(|first| !date.is_empty() && date.get(..10).is_some_and(|day| day < first.as_str()))
        {
            let message = format!(
                "the rate from {from} is of {}, before the period begins on {first}",
                date.get(..10).unwrap_or(&date)
            );
            self.tell(&STALE_EXCHANGE_RATE, &place, message);
        }
        let line = json!({
            "step": "exchange",
            "from": from.code(),
            "to": self.reporting.code(),
            "rate": super::explain::plain(&rate.rate),
            "direction": if rate.direction == Direction::Multiply { "multiply" } else { "divide" },
            "date": date,
            "source": source,
            "stands": place.to_string(),
        });
        self.exchanges.insert(line.to_string(), line);
        rate.factor().unwrap_or_else(zero)
    }

    /// The rate that the figures state for a context, from its currency of transaction.
    fn rate_of_figures(&self, from: Currency, context: usize) -> Option<(Rate, String, String, Location)> {
        let entity = self.context(context);
        let stated = entity.text(Field::TRANSACTION_CURRENCY) == Some(from.code());
        let rate = entity
            .text(Field::EXCHANGE_RATE)
            .filter(|_| stated)
            .and_then(|text| value::decimal(text).ok())?;
        let text = |field| entity.text(field).unwrap_or_default().to_owned();
        let rate = Rate { rate: exact(rate), direction: Direction::Multiply };
        Some((rate, text(Field::EXCHANGE_RATE_DATE), text(Field::EXCHANGE_RATE_SOURCE), self.place(context)))
    }

    /// All plays of the service in each part of a scope, and where the number comes from.
    pub(super) fn totals(&mut self, scope: Scope, model: &str) -> BTreeMap<Key, (Exact, String)> {
        let mut totals: BTreeMap<Key, (Exact, String)> = BTreeMap::new();
        let add = |totals: &mut BTreeMap<Key, (Exact, String)>, key: Key, plays: Exact, source: String| {
            let (sum, from) = totals.entry(key).or_insert_with(|| (zero(), String::new()));
            *sum += plays;
            if !from.split(' ').any(|known| known == source) {
                from.push_str(if from.is_empty() { "" } else { " " });
                from.push_str(&source);
            }
        };
        let from = self.deal.total.unwrap_or(Total::Figures);
        let sites = self.sites();
        let played_in = sites.iter().filter(|context| self.plays(**context) != 0);
        let played_in: BTreeSet<Key> = played_in.map(|context| scope.key(self.context(*context))).collect();
        for context in sites {
            let key = scope.key(self.context(context));
            match from {
                Total::Figures => match self.total_of_figures(context) {
                    Some(plays) => {
                        let source = self.source(context);
                        add(&mut totals, key, plays, source);
                    }
                    // Where the recipient has no plays, nothing is owed whatever the total.
                    None if played_in.contains(&key) => {
                        _ = self.missing(context, self.total_heading(), model);
                    }
                    None => {}
                },
                Total::Report => add(&mut totals, key, whole(self.plays(context)), from.word().to_owned()),
                // Without a whole that is refused below; its own plays stand in, so that the one
                // fault is told once.
                Total::Service if self.whole.is_none() => {
                    add(&mut totals, key, whole(self.plays(context)), from.word().to_owned());
                }
                Total::Service => add(&mut totals, key, zero(), from.word().to_owned()),
            }
        }
        if from == Total::Service {
            let Some(kinds) = self.whole else {
                let place = self.deal.place.clone();
                self.tell(&NO_TOTAL, &place, format!("`total` of the deal `{}` is service", self.deal.id));
                return totals;
            };
            for kind in kinds.iter().filter(|kind| self.counts_in_whole(kind)) {
                add(&mut totals, scope.key(&kind.context), whole(kind.plays), from.word().to_owned());
            }
        }
        totals
    }

    fn counts_in_whole(&self, kind: &ServiceTotal) -> bool {
        let holds =
            kind.context.text(Field::TERRITORY).is_none_or(|territory| self.deal.holds_for(territory));
        holds && self.deal.counts_play(&kind.context, kind.bearing)
    }

    fn total_of_figures(&self, context: usize) -> Option<Exact> {
        let facts = self.facts.get(context).and_then(Option::as_ref)?;
        let all = self.deal.counts == Some(Counts::All);
        let found = if all { facts.sums.get(&Field::TOTAL_USAGES).copied() } else { facts.qualified };
        found.map(exact)
    }

    fn total_heading(&self) -> &'static str {
        if self.deal.counts == Some(Counts::All) { "total-usages" } else { "qualified-usages" }
    }
}

/// A sales context in words, for messages.
pub(super) fn named(context: &Entity) -> String {
    let parts = [("territory", Field::TERRITORY), ("tier", Field::SERVICE), ("use type", Field::USE_TYPE)];
    let parts =
        parts.iter().filter_map(|(name, field)| context.text(*field).map(|text| format!("{name} {text}")));
    parts.collect::<Vec<_>>().join(", ")
}
