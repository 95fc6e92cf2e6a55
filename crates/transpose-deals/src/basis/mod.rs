//! What the models of a deal are worked out from: the usages that count, the figures of their
//! sales contexts, all plays of the service, rates of exchange. And what a model makes of it: a
//! [`Candidate`].
//!
//! Amounts are exact fractions. A base that is absent is never taken for zero: it is reported, and
//! since every report of this kind is an error, what was worked out with it is never seen.
//!
//! Invariant: what is asked of a [`Basis`] more than once is reported once.
//!
//! | module | holds |
//! |---|---|
//! | `mod` | [`Basis`], which models ask |
//! | `totals` | all plays of the service, by which pools are divided |
//! | `pools` | what is shared by plays |
//! | `exchange` | rates of exchange |
//! | `candidate` | what a model comes to |
//! | `explain` | numbers and sales contexts as auditors see them |

mod candidate;
mod exchange;
pub(crate) mod explain;
pub(crate) mod pools;
mod totals;

pub(crate) use candidate::{Candidate, UsageAmount};
pub(crate) use totals::Totals;

use crate::arithmetic::calendar::{active_days, pro_rated};
use crate::arithmetic::number::{Exact, exact, per_cent, whole, zero};
use crate::arithmetic::pool::equivalents;
use crate::figures::{ContextFigures, heading_of};
use crate::policies::{Policies, ProRating, Rates, Scope, SubscriberCounting, TotalSource};
use crate::toml::value;
use explain::{amount, plain, site, with};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use transpose_codes::Currency;
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Code, Diagnostic, Location};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::{ActiveUsers, ServiceTotal, UsageTotal};

transpose_core::codes! {
    /// A deal that needs a figure that is not there.
    pub(crate) FIGURE_MISSING: "DEA0520" "missing-deal-figure" Error
        "A model of the deal is worked out from a figure that is absent. Absent is not zero."
        "Fill the cell of the figures; write `0` when the number is zero."
    /// Plays where the deal does not hold.
    pub(crate) TERRITORY_WITHOUT_DEAL: "DEA0523" "territory-without-deal" Error
        "There are plays in a territory, or of a tier, that the deal is not for, and no royalties are due for them under it."
        "Add the territory to `territories` of the deal, or the tier to its `tiers`, or report these plays in an output of their own."
    /// A context for which no rate fits.
    pub(crate) NO_RATE: "DEA0524" "no-rate" Error
        "None of the elements of a list of rates fits a usage, so what it is worth is unknown."
        "Add an element for it, or one without conditions at the end of the list."
    /// Subscribers without a factor.
    pub(crate) NO_FACTOR: "DEA0542" "plan-without-factor" Error
        "The deal counts subscribers by factors of their plans, and the figures have a plan without one."
        "Add the plan to `[deal.subscriber-factors]`."
    /// A deal that begins or ends in the period.
    pub(crate) PART_OF_PERIOD: "DEA0536" "part-of-period" Error
        "The deal holds on some days of the period only, and it does not say whether figures count by days."
        "Write `pro-rating = \"days\"`, or `pro-rating = \"none\"` where the figures are for the days of the deal already."
}

/// The key of a pool, or of a part of a scope: territory and tier, each empty where it does not
/// matter.
pub(crate) type Key = (String, String);

/// What was counted in the period, and under which policies.
#[derive(Clone, Copy)]
pub(crate) struct BasisInput<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) period: Option<Period>,
    /// The shortest play that qualifies, in microseconds.
    pub(crate) threshold: Option<i64>,
    /// The currency of reporting.
    pub(crate) reporting: Currency,
    /// The name of the figures, for messages.
    pub(crate) source: Option<&'a str>,
    pub(crate) contexts: &'a [Entity],
    /// How many of the contexts, the first ones, the report is about. The figures of the others
    /// belong to pools and minima, whatever rule an output has.
    pub(crate) reported: usize,
    pub(crate) usages: &'a [UsageTotal<'a>],
    /// For each kind of usages whether the deal pays it; without one it pays all.
    pub(crate) pays: Option<&'a [bool]>,
    /// The deals whose rates are the least that this one pays.
    pub(crate) favoured: &'a [FavouredRates<'a>],
    /// What of every gross amount is paid, where what all get together is above a ceiling.
    pub(crate) reduction: Option<&'a Exact>,
    /// What is missing of guarantees whose terms had the days of the report, by the ids of deals.
    pub(crate) breakage: &'a BTreeMap<String, Decimal>,
    /// The deal paid sales of an earlier period, of which there are late refunds. The figures are
    /// not those of that period.
    pub(crate) is_earlier: bool,
    /// What the whole service counted, where that is known.
    pub(crate) service: Option<&'a [ServiceTotal]>,
    /// The users of the service with plays that count, for models that pay by user.
    pub(crate) active: &'a [ActiveUsers],
}

/// Rates of another deal, which are the least that a most favoured one pays.
#[derive(Clone, Copy)]
pub(crate) struct FavouredRates<'a> {
    /// The id of the other deal.
    pub(crate) deal: &'a str,
    /// The word of the model that has them.
    pub(crate) model: &'static str,
    pub(crate) rates: &'a Rates,
}

impl<'a> BasisInput<'a> {
    /// The kinds of usages that the deal pays, with their places among all.
    fn paid_usages(&self) -> impl Iterator<Item = (usize, &'a UsageTotal<'a>)> + use<'a> {
        let pays = self.pays;
        let pays = move |number: usize| pays.is_none_or(|pays| pays.get(number).copied().unwrap_or(false));
        self.usages.iter().enumerate().filter(move |(number, _)| pays(*number))
    }
}

/// Usages of one kind that count.
pub(crate) struct CountedUsage<'a> {
    /// The place among all kinds of usages.
    pub(crate) number: usize,
    pub(crate) total: &'a UsageTotal<'a>,
    /// Plays less returns.
    pub(crate) plays: i128,
    /// For how many plays each of them counts.
    pub(crate) weight: Exact,
}

/// What models are worked out from. What is wrong with it is collected.
pub(crate) struct Basis<'a> {
    input: BasisInput<'a>,
    /// What the figures say about each context.
    figures: Vec<Option<ContextFigures>>,
    /// Whether each context takes part.
    included: Vec<bool>,
    /// For each context the kinds of usages that count, with their plays less returns.
    usages: Vec<Vec<(usize, i128)>>,
    /// The model that is being worked out, and where it is.
    model: (&'static str, Location),
    pub(crate) diagnostics: Vec<Diagnostic>,
    reported: BTreeSet<String>,
    /// Rates of exchange that were used, for auditors.
    pub(crate) exchanges: BTreeMap<String, Value>,
    /// How the subscribers of each context were counted, for auditors.
    pub(crate) subscriber_counts: BTreeMap<usize, Value>,
    /// What all plays of the parts of a scope are made of, for auditors.
    pub(crate) total_counts: BTreeMap<Key, Value>,
    /// Rates of other deals that were taken, because the deal is most favoured; for auditors.
    pub(crate) favoured: BTreeMap<String, Value>,
    /// What is not paid, for auditors.
    pub(crate) unallocated: Vec<Value>,
}

impl<'a> Basis<'a> {
    /// `figures` are those of each context.
    pub(crate) fn new(input: BasisInput<'a>, figures: Vec<Option<ContextFigures>>) -> Self {
        let BasisInput { policies, contexts, .. } = input;
        let includes = |context: &Entity| policies.holds_for(context) && policies.counts_play(context, true);
        // Where the report is the whole, what it leaves out is no part of it.
        let whole_report = policies.total == Some(TotalSource::Report);
        let within = |index: usize| index < input.reported || !whole_report;
        let included: Vec<bool> =
            contexts.iter().enumerate().map(|(index, context)| within(index) && includes(context)).collect();
        let mut usages = vec![Vec::new(); contexts.len()];
        for (number, total) in input.paid_usages() {
            let included = included.get(total.context).copied().unwrap_or(false);
            let counts = contexts
                .get(total.context)
                .is_some_and(|context| policies.counts_play(context, total.bearing));
            if let Some(usages) = usages.get_mut(total.context).filter(|_| included && counts) {
                usages.push((number, i128::from(total.plays) - i128::from(total.returns)));
            }
        }
        let mut basis = Self {
            input,
            figures,
            included,
            usages,
            model: ("", policies.place.clone()),
            diagnostics: Vec::new(),
            reported: BTreeSet::new(),
            exchanges: BTreeMap::new(),
            favoured: BTreeMap::new(),
            subscriber_counts: BTreeMap::new(),
            total_counts: BTreeMap::new(),
            unallocated: Vec::new(),
        };
        basis.check_territories();
        basis.check_period();
        basis
    }

    fn check_territories(&mut self) {
        let mut elsewhere: BTreeMap<String, u64> = BTreeMap::new();
        for (_, total) in self.input.paid_usages() {
            let context = self.input.contexts.get(total.context);
            if let Some(context) = context.filter(|context| !self.input.policies.holds_for(context)) {
                let text = |field| context.text(field).unwrap_or_default();
                let place = if self.input.policies.tiers.is_empty() {
                    text(Field::TERRITORY).to_owned()
                } else {
                    format!("{} in {}", text(Field::SERVICE), text(Field::TERRITORY))
                };
                let plays = elsewhere.entry(place).or_default();
                *plays = plays.saturating_add(total.plays);
            }
        }
        let policies = self.input.policies;
        for (place, plays) in elsewhere.into_iter().filter(|(_, plays)| *plays > 0) {
            let message = format!("{plays} plays in {place}, which the deal `{}` is not for", policies.id);
            let place = policies.place.clone();
            self.diagnostics.push(Diagnostic::new(&TERRITORY_WITHOUT_DEAL, place, message));
        }
    }

    fn check_period(&mut self) {
        let policies = self.input.policies;
        let partly = self.input.period.is_some_and(|period| !policies.covers(period));
        if partly && policies.pro_rating.is_none() {
            let message = format!("the deal `{}` leaves open: `pro-rating`", policies.id);
            self.diagnostics.push(Diagnostic::new(&PART_OF_PERIOD, policies.place.clone(), message));
        }
    }

    /// What of every gross amount is paid, where it is not all.
    pub(crate) fn reduction(&self) -> Option<&'a Exact> {
        self.input.reduction
    }

    /// What was missing of a guarantee, in the currency of reporting.
    pub(crate) fn breakage(&self, account: &str) -> Option<Exact> {
        self.input.breakage.get(account).copied().map(exact)
    }

    /// Says which model is worked out from now on.
    pub(crate) fn begin(&mut self, word: &'static str, place: &Location) {
        self.model = (word, place.clone());
    }

    pub(crate) fn policies(&self) -> &'a Policies {
        self.input.policies
    }

    /// The shortest play that qualifies, in microseconds.
    pub(crate) fn threshold(&self) -> Option<i64> {
        self.input.threshold
    }

    pub(crate) fn period(&self) -> Option<Period> {
        self.input.period
    }

    /// The currency of reporting.
    pub(crate) fn reporting(&self) -> Currency {
        self.input.reporting
    }

    /// The decimal places of amounts in the currency of reporting.
    pub(crate) fn places(&self) -> u32 {
        self.input.policies.places(self.input.reporting)
    }

    /// Reports something once.
    pub(crate) fn report(&mut self, code: &'static Code, place: &Location, message: String) {
        if self.reported.insert(format!("{}{message}", code.id)) {
            self.diagnostics.push(Diagnostic::new(code, place.clone(), message));
        }
    }

    /// Reports something about the deal once.
    pub(crate) fn report_deal(&mut self, code: &'static Code, message: String) {
        let policies = self.input.policies;
        self.report(code, &policies.place, message);
    }

    /// Reports something about the model once.
    pub(crate) fn report_model(&mut self, code: &'static Code, message: String) {
        let place = self.model.1.clone();
        self.report(code, &place, message);
    }

    /// How many kinds of usages there are.
    pub(crate) fn kinds(&self) -> usize {
        self.input.usages.len()
    }

    /// How many contexts there are.
    pub(crate) fn len(&self) -> usize {
        self.input.contexts.len()
    }

    pub(crate) fn context(&self, index: usize) -> &'a Entity {
        static NOTHING: std::sync::LazyLock<Entity> = std::sync::LazyLock::new(Entity::default);
        self.input.contexts.get(index).unwrap_or(&NOTHING)
    }

    /// The contexts that take part.
    pub(crate) fn contexts(&self) -> Vec<usize> {
        let included = self.included.iter().enumerate().filter(|(_, included)| **included);
        included.map(|(index, _)| index).collect()
    }

    /// Whether the report is about any of the contexts.
    pub(crate) fn reports(&self, contexts: &[usize]) -> bool {
        contexts.iter().any(|context| *context < self.input.reported)
    }

    /// The contexts that take part, by the parts of a scope.
    pub(crate) fn contexts_by(&self, scope: Scope) -> BTreeMap<Key, Vec<usize>> {
        let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for context in self.contexts() {
            groups.entry(scope.key(self.context(context))).or_default().push(context);
        }
        groups
    }

    /// The usages of a context that count.
    pub(crate) fn usages(&self, context: usize) -> Vec<CountedUsage<'a>> {
        let usages = self.usages.get(context).into_iter().flatten();
        let input = usages.filter_map(|(number, plays)| {
            let total = self.input.usages.get(*number)?;
            Some(CountedUsage { number: *number, total, plays: *plays, weight: weight(total.usage) })
        });
        input.collect()
    }

    /// The plays of a context that count, each as often as its weight says.
    pub(crate) fn plays(&self, context: usize) -> Exact {
        self.usages(context).iter().map(|usage| whole(usage.plays) * &usage.weight).sum()
    }

    /// The plays of a context that count, whatever their weight.
    pub(crate) fn logged_plays(&self, context: usize) -> i128 {
        self.usages.get(context).into_iter().flatten().map(|(_, plays)| plays).sum()
    }

    /// Where the figures of a context are.
    pub(crate) fn place(&self, context: usize) -> Location {
        let own = self.figures.get(context).and_then(Option::as_ref).map(|figures| figures.place.clone());
        own.unwrap_or_else(|| Location { source: self.input.source.map(Into::into), ..Location::default() })
    }

    /// Where the figures of a context come from, for auditors.
    pub(crate) fn source(&self, context: usize) -> String {
        match self.figures.get(context) {
            Some(Some(figures)) => figures.place.to_string(),
            _ => "report".to_owned(),
        }
    }

    fn missing(&mut self, context: usize, heading: &str) -> Exact {
        let message = format!(
            "`{heading}` is missing for {}, and `{}` of the deal `{}` needs it",
            named(self.context(context)),
            self.model.0,
            self.input.policies.id
        );
        let place = self.place(context);
        self.report(&FIGURE_MISSING, &place, message);
        zero()
    }

    /// A figure of a context, if it is there.
    pub(crate) fn known(&self, context: usize, field: Field) -> Option<Exact> {
        let texts = self.context(context).value(field)?;
        texts.iter().map(|text| value::decimal(text).ok().map(exact)).sum()
    }

    /// A figure of a context that the model needs.
    pub(crate) fn figure(&mut self, context: usize, field: Field) -> Exact {
        match self.known(context, field) {
            Some(figure) => figure,
            None => self.missing(context, heading_of(field).unwrap_or_default()),
        }
    }

    /// How many users have plays that count in a context.
    pub(crate) fn active_users(&self, context: usize) -> Exact {
        let scope = Scope::TerritoryAndTier;
        let own = scope.key(self.context(context));
        let plays = |active: &&ActiveUsers| active.contexts.iter().any(|context| scope.key(context) == own);
        let users: u64 = self.input.active.iter().filter(plays).map(|active| active.users).sum();
        whole(users)
    }

    /// The subscribers of a context, counted as the deal says, with the trials above those that are
    /// free.
    pub(crate) fn subscribers(&mut self, context: usize) -> Exact {
        let mut counted = self.paying_subscribers(context);
        let mut trials_told = Value::Null;
        if let Some(share) = self.input.policies.free_trials.clone() {
            let trials = self.figure(context, Field::TRIAL_SUBSCRIBERS);
            let of = self.figure(context, Field::SUBSCRIBERS);
            trials_told = json!({ "trials": plain(&trials), "of": plain(&of), "free": plain(&share) });
            counted += (trials - of * per_cent(&share)).max(zero());
        }
        let line = self.subscribers_told(context, &counted, &trials_told);
        self.subscriber_counts.insert(context, line);
        counted
    }

    /// How the subscribers of a context were counted.
    fn subscribers_told(&self, context: usize, counted: &Exact, trials: &Value) -> Value {
        let policies = self.input.policies;
        let figures = self.figures.get(context).and_then(Option::as_ref);
        let equivalents = policies.subscribers == Some(SubscriberCounting::Equivalents);
        let factor = |plan: &str| {
            policies
                .subscriber_factors
                .iter()
                .find(|(known, _)| known == plan)
                .map(|(_, factor)| plain(factor))
        };
        let by_plan = figures.filter(|_| equivalents && !policies.subscriber_factors.is_empty());
        let by_plan = by_plan.map(|figures| {
            let plans = figures.subscribers.iter();
            plans
                .map(|(plan, count)| json!({ "plan": plan, "count": plain(count), "factor": factor(plan) }))
                .collect::<Vec<_>>()
        });
        let days = self.input.period.map_or(0, |period| active_days(period, None, None).1);
        let line = json!({
            "step": "subscribers", "by-plan": by_plan,
            "equivalents": figures.filter(|_| equivalents).and_then(|figures| figures.equivalents.as_ref().map(amount)),
            "partial-days": figures.filter(|_| equivalents).and_then(|figures| figures.partial_days.map(|days| plain(&exact(days)))),
            "days": days.to_string(), "counted": self.known(context, Field::SUBSCRIBERS).filter(|_| !equivalents).as_ref().map(plain),
            "trials": trials, "subscribers": amount(counted), "from": self.source(context),
        });
        with(site(self.context(context)), line)
    }

    /// The subscribers of a context by the factors of their plans.
    fn by_plan(&mut self, context: usize) -> Option<Exact> {
        let figures = self.figures.get(context).and_then(Option::as_ref)?;
        let policies = self.input.policies;
        let factor = |plan: &str| {
            policies.subscriber_factors.iter().find(|(known, _)| known == plan).map(|(_, factor)| factor)
        };
        let counted = figures.subscribers.clone();
        let unknown = counted.iter().find(|(plan, _)| factor(plan).is_none()).map(|(plan, _)| plan.clone());
        if let Some(plan) = unknown {
            let message = format!(
                "`subscriber-factors` of the deal `{}` has no factor for the plan `{plan}` of {}",
                policies.id,
                named(self.context(context))
            );
            self.report_deal(&NO_FACTOR, message);
            return Some(zero());
        }
        let counts = counted.iter().filter_map(|(plan, count)| factor(plan).map(|factor| count * factor));
        (!counted.is_empty()).then(|| counts.sum())
    }

    fn paying_subscribers(&mut self, context: usize) -> Exact {
        if self.input.policies.subscribers != Some(SubscriberCounting::Equivalents) {
            return self.figure(context, Field::SUBSCRIBERS);
        }
        let of_plans =
            if self.input.policies.subscriber_factors.is_empty() { None } else { self.by_plan(context) };
        let figures = self.figures.get(context).and_then(Option::as_ref);
        let days = self.input.period.map_or(0, |period| active_days(period, None, None).1);
        let known = figures.and_then(|figures| {
            let counted = of_plans.clone().or_else(|| figures.equivalents.clone())?;
            let whole_period = [(counted, whole(1))];
            equivalents(&whole_period, &figures.partial_days.map_or_else(zero, exact), days)
        });
        match known {
            Some(count) => count,
            None => self.missing(context, "subscriber-factor"),
        }
    }

    /// A figure of the whole period for the days of the deal.
    pub(crate) fn for_days(&self, amount: Exact) -> Exact {
        let part = self.days().and_then(|(active, days)| pro_rated(&amount, active, days));
        part.unwrap_or(amount)
    }

    /// The days of the deal and of the period, where figures count by days.
    pub(crate) fn days(&self) -> Option<(i128, i128)> {
        let policies = self.input.policies;
        let period = self.input.period.filter(|_| policies.pro_rating == Some(ProRating::Days))?;
        Some(active_days(period, policies.from, policies.until))
    }

    /// The greatest of a rate and those of the deals with which this one is compared.
    fn favour(&mut self, own: &Exact, key: &str, context: usize, usage: Option<&Entity>) -> Exact {
        let (word, favoured, entity) = (self.model.0, self.input.favoured, self.context(context));
        let mut best = own.clone();
        for other in favoured.iter().filter(|other| other.model == word && other.rates.key == key) {
            let Some(rate) = other.rates.find(entity, usage).filter(|rate| *rate > best) else { continue };
            let line = json!({
                "step": "most-favoured", "model": word, "key": key, "own": plain(own),
                "deal": other.deal, "rate": plain(&rate),
            });
            let place = format!("{context} {word} {key} {}", usage.map(usage_key).unwrap_or_default());
            self.favoured.insert(place, with(site(entity), line));
            best = rate;
        }
        best
    }

    /// A rate for a context, or for a usage of it.
    pub(crate) fn rate(&mut self, rates: &Rates, context: usize, usage: Option<&Entity>) -> Exact {
        if let Some(rate) = rates.find(self.context(context), usage) {
            return self.favour(&rate, rates.key, context, usage);
        }
        let price = usage
            .and_then(|usage| usage.text(Field::USAGE_RETAIL_PRICE).or_else(|| usage.text(Field::PRICE)));
        let price = price.map(|price| format!(" at {price}")).unwrap_or_default();
        let message = format!("`{}` has no element for {}{price}", rates.key, named(self.context(context)));
        self.report(&NO_RATE, &rates.place, message);
        zero()
    }
}

/// The texts of a kind of usages, which tell it from others.
fn usage_key(usage: &Entity) -> String {
    usage.iter().map(|(_, value)| value.first()).collect::<Vec<_>>().join(" ")
}

/// For how many plays each play of a kind of usages counts.
pub(crate) fn weight(usage: &Entity) -> Exact {
    let text = usage.text(Field::PLAY_WEIGHT);
    text.and_then(|text| value::decimal(text).ok()).map_or_else(|| whole(1), exact)
}

/// A sales context in words, for messages.
pub(crate) fn named(context: &Entity) -> String {
    let parts = [("territory", Field::TERRITORY), ("tier", Field::SERVICE), ("use type", Field::USE_TYPE)];
    let parts =
        parts.iter().filter_map(|(name, field)| context.text(*field).map(|text| format!("{name} {text}")));
    parts.collect::<Vec<_>>().join(", ")
}
