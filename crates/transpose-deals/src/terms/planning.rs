//! Which figures belong to which sales context.
//!
//! Rows of figures go through the same rules as plays, so that they meet in the same sales context;
//! rows of several plans that make one context are added up exactly. Without rules the contexts
//! come from the source, and meet the rows by territory, service and plan.

use super::{ALWAYS_READ, OF_SALES, PeriodTerms, short};
use crate::agreement::Agreement;
use crate::agreement::context_rules::{KnownValue, Match, Rule, SETTABLE};
use crate::figures::{ContextFigures, Figures, Row};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_core::model::{Entity, Field, Value};
use transpose_core::terms::Terms;

transpose_core::codes! {
    /// A row of figures that no rule matches.
    pub(crate) UNUSED_ROW: "DEA0305" "unused-figures" Warning
        "No `[[context]]` of the agreement matches the row, so its figures are not reported."
        "Correct the row's service or plan, or add a `[[context]]`; nothing is to be done when the row belongs to another agreement."
    /// A row of figures that several contexts claim.
    pub(crate) AMBIGUOUS_ROW: "DEA0306" "ambiguous-figures" Error
        "The row fits several sales contexts, and its revenue cannot be split among them."
        "Fill the blank cells of the row, one row for each sales context."
    /// A row in another currency than the agreement's.
    pub(crate) FOREIGN_CURRENCY: "DEA0307" "foreign-currency" Error
        "Every amount is reported in the currency of reporting; this row states another one."
        "Convert the row's amounts; state the other currency as `transaction-currency` with its `exchange-rate`."
    /// A context without figures.
    pub(crate) MISSING_FIGURES: "DEA0310" "missing-figures" Error
        "There are plays in a sales context that the figures know nothing about, so its revenue and subscribers are unknown."
        "Add the row that the message names to the figures."
    /// No figures at all.
    pub(crate) FIGURES_NOT_GIVEN: "DEA0312" "figures-not-given" Warning
        "No period figures were given, so revenue, subscribers and users stay absent."
        "Give `--figures FILE`; `transpose init figures` prints an example. Nothing is to be done when the target needs none."
}

/// A sales context for which there are figures.
#[derive(Clone, Debug)]
pub(super) struct PlannedContext {
    pub(super) context: Entity,
    figures: ContextFigures,
}

impl PeriodTerms {
    /// The rows of the period.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let rows = self.figures.as_ref().map_or(&[][..], |figures| &figures.rows);
        rows.iter().filter(|row| row.covers(self.period))
    }

    /// Sends the rows of the period through the rules.
    pub(super) fn plan(&mut self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let mut groups: BTreeMap<Entity, Vec<&Row>> = BTreeMap::new();
        for row in self.rows() {
            let expected = self.agreement.currency;
            if let Some((currency, place)) =
                row.currency.as_ref().filter(|(currency, _)| *currency != expected)
            {
                let message = format!(
                    "`currency` is {}, the currency of reporting is {}",
                    currency.code(),
                    expected.code()
                );
                diagnostics.push(Diagnostic::new(&FOREIGN_CURRENCY, place.clone(), message));
            }
            // Without rules the contexts come from the source and get their rows later.
            if self.agreement.rules.is_empty() {
                continue;
            }
            let candidates = self.candidates(row);
            let mut contexts = candidates.into_iter();
            match (contexts.next(), contexts.len()) {
                (Some(context), 0) => groups.entry(context).or_default().push(row),
                (None, _) => {
                    let message = format!("no `[[context]]` matches {}", row.key());
                    diagnostics.push(Diagnostic::new(&UNUSED_ROW, row.place.clone(), message));
                }
                (Some(_), others) => diagnostics.push(self.ambiguous(row, others + 1)),
            }
        }
        let mut planned = Vec::new();
        for (context, rows) in groups {
            let figures = ContextFigures::add_up(&context, &rows, &mut diagnostics);
            planned.push((rows.first().map_or(0, |row| row.line()), PlannedContext { context, figures }));
        }
        planned.sort_by_key(|(line, _)| *line);
        self.planned = planned.into_iter().map(|(_, planned)| planned).collect();
        diagnostics
    }

    /// The contexts that plays with the row's key can have.
    fn candidates(&self, row: &Row) -> BTreeSet<Entity> {
        let known = |field| match field {
            Field::TERRITORY => KnownValue::Is(&row.territory),
            Field::SERVICE => row.service.as_ref().map_or(KnownValue::Open, KnownValue::Is),
            Field::PLAN => row.plan.as_ref().map_or(KnownValue::Open, KnownValue::Is),
            _ => KnownValue::Open,
        };
        let service = row.service.as_ref().map(Value::first);
        let currencies = self.agreement.shops.currencies(service, row.territory.first());
        let mut contexts = BTreeSet::new();
        for place in self.agreement.rule_index.candidates(known) {
            let Some(rule) = self.agreement.rules.get(place) else { continue };
            let answer = rule.matches(known);
            if answer != Match::No {
                let context = self.outcome(rule, Some(row.territory.clone()));
                // What is sold has the currency of its shop.
                if currencies.is_empty() || context.text(Field::COMMERCIAL_MODEL) != Some(PAY_AS_YOU_GO) {
                    contexts.insert(context);
                } else {
                    contexts.extend(currencies.iter().map(|currency| {
                        let mut context = context.clone();
                        if *currency != self.agreement.currency {
                            context.set_default(Field::TRANSACTION_CURRENCY, currency.code());
                        }
                        context
                    }));
                }
            }
            if answer == Match::Yes {
                break;
            }
        }
        contexts
            .retain(|context| row.narrow.iter().all(|(field, value)| context.value(*field) == Some(value)));
        contexts
    }

    fn ambiguous(&self, row: &Row, contexts: usize) -> Diagnostic {
        let read = self.reads();
        let mut blank: Vec<&str> = Vec::new();
        let of_rules = self.agreement.rule_index.reads();
        if row.service.is_none() && of_rules.contains(Field::SERVICE) {
            blank.push("`service`");
        }
        if row.plan.is_none() && of_rules.contains(Field::PLAN) {
            blank.push("`plan`");
        }
        // Rules may look at what figures have no column for; then the outcome has to be named.
        if blank.is_empty() || read.len() > ALWAYS_READ.len() + OF_SALES.len() {
            blank.extend(["`use-type`", "`commercial-model`"]);
        }
        let message = format!("the row for {} fits {contexts} sales contexts", row.key());
        let help = format!("fill {} so that the row fits one of them", blank.join(" or "));
        Diagnostic::new(&AMBIGUOUS_ROW, row.place.clone(), message).help(help)
    }

    /// Adds what the figures say to contexts.
    pub(super) fn add_figures(&self, contexts: &mut [Entity]) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let Some(figures) = &self.figures else {
            let bare = contexts.iter().filter(|context| context.text(Field::NET_REVENUE).is_none()).count();
            if bare > 0 {
                let plural = if bare == 1 { "sales context has" } else { "sales contexts have" };
                let message = format!("{bare} {plural} no figures, because none were given");
                diagnostics.push(Diagnostic::new(&FIGURES_NOT_GIVEN, Location::default(), message));
            }
            return diagnostics;
        };
        if self.agreement.rules.is_empty() {
            self.complete_plainly(figures, contexts, &mut diagnostics);
            return diagnostics;
        }
        let known: BTreeMap<_, &ContextFigures> = self
            .planned
            .iter()
            .map(|planned| (identity(&planned.context, &self.agreement), &planned.figures))
            .collect();
        let makers = OnceCell::new();
        for context in contexts {
            if let Some(own) = known.get(&identity(context, &self.agreement)) {
                own.apply(context, &mut diagnostics);
            } else if context.text(Field::NET_REVENUE).is_none() {
                diagnostics.push(self.missing(context, figures, &makers));
            }
        }
        diagnostics
    }

    /// The rules by what they make, the territory aside.
    fn makers(&self) -> Makers<'_> {
        let mut makers = Makers::new();
        for rule in &self.agreement.rules {
            let made = split(identity(&self.outcome(rule, None), &self.agreement));
            makers.entry(made.0).or_default().push((made.1, rule));
        }
        makers
    }

    /// The diagnostic about a context that has no figures.
    fn missing<'a>(
        &'a self,
        context: &Entity,
        figures: &Figures,
        makers: &OnceCell<Makers<'a>>,
    ) -> Diagnostic {
        let mut what = String::new();
        for field in [Field::TERRITORY, Field::SERVICE, Field::COMMERCIAL_MODEL, Field::USE_TYPE] {
            if let Some(text) = context.text(field) {
                let gap = if what.is_empty() { "" } else { ", " };
                let _ = write!(what, "{gap}{} {text}", short(field));
            }
        }
        let mut row = format!("territory {}", context.text(Field::TERRITORY).unwrap_or("…"));
        let (wanted, territory) = split(identity(context, &self.agreement));
        let makers = makers.get_or_init(|| self.makers()).get(&wanted);
        let of_territory = |own: &Option<Value>| own.is_none() || *own == territory;
        let makers = makers.into_iter().flatten().filter(|(own, _)| of_territory(own));
        let plans = makers.flat_map(|(_, rule)| rule.wanted(Field::PLAN)).map(String::as_str);
        let plans: Vec<&str> = plans.take(MOST_PLANS + 1).collect();
        let plan = context.text(Field::PLAN).map_or(plans, |plan| vec![plan]);
        match plan.as_slice() {
            [] => {}
            [plan] => _ = write!(row, ", plan {plan}"),
            plans if plans.len() > MOST_PLANS => row.push_str(" and plan (one row each)"),
            plans => _ = write!(row, ", plan {} (one row each)", plans.join(" and ")),
        }
        let period = self.period.map(|period| format!("period {period}, ")).unwrap_or_default();
        let source = &figures.source;
        let place = Location { source: Some(source.as_str().into()), ..Location::default() };
        Diagnostic::new(&MISSING_FIGURES, place, format!("the figures have no row for {what}"))
            .help(format!("add a row for {period}{row} to {source}"))
    }

    /// What the figures say about each context.
    pub(crate) fn figures_of(&self, contexts: &[Entity]) -> Vec<Option<ContextFigures>> {
        // What is wrong with the rows was reported when the terms were made.
        let mut reported = Vec::new();
        if self.agreement.rules.is_empty() {
            let groups = self.meet(contexts, &mut reported);
            let figures = contexts.iter().zip(groups).map(|(context, rows)| {
                (!rows.is_empty()).then(|| ContextFigures::add_up(context, &rows, &mut reported))
            });
            return figures.collect();
        }
        let mut known: BTreeMap<_, &ContextFigures> = BTreeMap::new();
        for planned in &self.planned {
            // Completed contexts have what the figures state besides.
            let mut completed = planned.context.clone();
            planned.figures.apply(&mut completed, &mut reported);
            for context in [&planned.context, &completed] {
                known.insert(identity(context, &self.agreement), &planned.figures);
            }
        }
        contexts
            .iter()
            .map(|context| known.get(&identity(context, &self.agreement)).map(|figures| (*figures).clone()))
            .collect()
    }

    /// Without rules, the contexts of the source meet the rows by territory, service and plan.
    fn meet(&self, contexts: &[Entity], diagnostics: &mut Vec<Diagnostic>) -> Vec<Vec<&Row>> {
        let mut groups: Vec<Vec<&Row>> = contexts.iter().map(|_| Vec::new()).collect();
        // For each set of fields that some row states: the contexts by their values of these.
        let mut by_fields: BTreeMap<Vec<Field>, BTreeMap<Vec<&str>, (usize, usize)>> = BTreeMap::new();
        for row in self.rows() {
            let (fields, wanted): (Vec<Field>, Vec<&str>) = stated(row).unzip();
            let by_values = by_fields.entry(fields).or_insert_with_key(|fields| {
                let mut by_values: BTreeMap<Vec<&str>, (usize, usize)> = BTreeMap::new();
                for (place, context) in contexts.iter().enumerate() {
                    let values = fields.iter().map(|field| context.text(*field).map(str::trim));
                    if let Some(values) = values.collect::<Option<Vec<&str>>>() {
                        by_values.entry(values).or_insert((place, 0)).1 += 1;
                    }
                }
                by_values
            });
            match by_values.get(&wanted) {
                Some((_, count)) if *count > 1 => diagnostics.push(self.ambiguous(row, *count)),
                Some((place, _)) => groups.get_mut(*place).into_iter().for_each(|group| group.push(row)),
                None => {}
            }
        }
        groups
    }

    fn complete_plainly(
        &self,
        figures: &Figures,
        contexts: &mut [Entity],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let groups = self.meet(contexts, diagnostics);
        for (context, rows) in contexts.iter_mut().zip(groups) {
            if !rows.is_empty() {
                let own = ContextFigures::add_up(context, &rows, diagnostics);
                own.apply(context, diagnostics);
            } else if context.text(Field::NET_REVENUE).is_none() {
                diagnostics.push(self.missing(context, figures, &OnceCell::new()));
            }
        }
    }
}

/// What a row states about the sales context that it belongs to.
fn stated(row: &Row) -> impl Iterator<Item = (Field, &str)> {
    let plain = [
        (Field::TERRITORY, Some(&row.territory)),
        (Field::SERVICE, row.service.as_ref()),
        (Field::PLAN, row.plan.as_ref()),
    ];
    let plain = plain.into_iter().filter_map(|(field, value)| Some((field, value?)));
    let narrow = row.narrow.iter().map(|(field, value)| (*field, value));
    plain.chain(narrow).map(|(field, value)| (field, value.first()))
}

/// Rules by what they make, the territory aside, each with the territory that it states.
type Makers<'a> = BTreeMap<Vec<(Field, Value)>, Vec<(Option<Value>, &'a Rule)>>;

/// How many plans a diagnostic names.
const MOST_PLANS: usize = 20;

/// The identity of a context without its territory, and the territory.
fn split(mut identity: Vec<(Field, Value)>) -> (Vec<(Field, Value)>, Option<Value>) {
    let place = identity.iter().position(|(field, _)| *field == Field::TERRITORY);
    let territory = place.map(|place| identity.remove(place).1);
    (identity, territory)
}

/// The identity of a context: all that rules set, and the currency, which may not be filled in
/// yet.
fn identity(context: &Entity, agreement: &Agreement) -> Vec<(Field, Value)> {
    let mut identity: Vec<(Field, Value)> = context
        .iter()
        .filter(|(field, _)| SETTABLE.contains(field))
        .map(|(field, value)| (field, value.clone()))
        .collect();
    let currency = context.value(Field::CURRENCY).cloned();
    identity.push((Field::CURRENCY, currency.unwrap_or_else(|| agreement.currency.code().into())));
    identity
}
