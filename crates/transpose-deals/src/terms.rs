//! An agreement and its period figures together, for one period.
//!
//! Rows of figures go through the same rules as plays, so that they meet in the same sales context;
//! rows of several plans that make one context are added up exactly.

use crate::agreement::context_rules::{KnownValue, Match, Rule, SETTABLE, key_of};
use crate::agreement::{Agreement, own_key};
use crate::basis::BasisInput;
use crate::deal::Deal;
use crate::figures::{ContextFigures, Figures, Row, heading_of, same_days};
use crate::models::Need;
use crate::royalties::{self, Opening};
use crate::toml::document::quoted;
use crate::toml::reader::{MISSING_KEY, without_errors};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_core::model::{Entity, Field, FieldSet, Group, Value};
use transpose_core::terms::{
    ConflictPolicy, QualifyingPlay, RefundPolicy, Royalties, RoyaltyTerms, ServiceTotal, Terms, UsageTotal,
};

transpose_core::codes! {
    /// A play that no rule matches.
    pub(crate) NO_RULE: "DEA0301" "no-context-rule" Error
        "No `[[context]]` of the agreement matches the play, so its sales context is unknown and the row cannot be placed."
        "Add a `[[context]]` to the agreement."
    /// A play without a territory.
    pub(crate) NO_TERRITORY: "DEA0302" "no-territory" Error
        "The play has no territory, and neither the rule nor the defaults state one."
        "Correct the source, or write `territory = \"…\"` in the `[[context]]` or `\"context.territory\" = \"…\"` under `[defaults]`."
    /// The reporting period is not decided.
    pub(crate) UNDECIDED_PERIOD: "DEA0303" "undecided-period" Error
        "The figures hold several periods, and neither the agreement nor the command says which one is reported."
        "Give `--period`, or write `period` under `[message]` in the agreement."
    /// The figures have no row for the period.
    pub(crate) NO_FIGURES_FOR_PERIOD: "DEA0304" "no-figures-for-period" Error
        "The figures have rows, but none for the reporting period."
        "Add the rows of the period to the figures, or correct `--period`."
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
    /// A label for which there is no deal.
    pub(crate) LABEL_WITHOUT_DEAL: "DEA0506" "label-without-deal" Error
        "The label is to be paid, and the agreement has no deal with it that is in force, so what is owed is unknown."
        "Add a `[[deal]]` for the label, or correct its name: the `label` of a deal is the `name` under `[recipient]`."
    /// Several deals that could hold.
    pub(crate) UNDECIDED_DEAL: "DEA0507" "undecided-deal" Error
        "Several deals of the agreement hold in the period, and nothing says which one the report is for."
        "Name the label in the job, or write its name as `name` under `[recipient]`."
    /// A deal that does not hold in the period.
    pub(crate) DEAL_NOT_IN_FORCE: "DEA0510" "deal-not-in-force" Error
        "The agreement has deals, and none of them holds in the period."
        "Correct `from` and `until` of the deal, or the period."
}

/// A sales context for which there are figures.
#[derive(Clone, Debug)]
struct PlannedContext {
    context: Entity,
    figures: ContextFigures,
}

/// An agreement with its period figures, for one period.
#[derive(Clone, Debug)]
pub struct PeriodTerms {
    agreement: Agreement,
    figures: Option<Figures>,
    period: Option<Period>,
    planned: Vec<PlannedContext>,
    warnings: Vec<Diagnostic>,
    /// The deal that was chosen, where several could hold.
    chosen: Option<usize>,
    opening: Option<Opening>,
}

impl PeriodTerms {
    /// Joins an agreement and its figures; the given period wins over the agreement's, which wins
    /// over the figures'.
    pub fn new(
        agreement: Agreement,
        figures: Option<Figures>,
        period: Option<Period>,
    ) -> Result<Self, Fatal> {
        let period = decide(&agreement, figures.as_ref(), period)?;
        let warnings = agreement.warnings.clone();
        let mut terms =
            Self { agreement, figures, period, planned: Vec::new(), warnings, chosen: None, opening: None };
        let diagnostics = terms.plan();
        terms.warnings.extend(without_errors(diagnostics)?);
        Ok(terms)
    }

    /// The reporting period, when one is stated or follows from the figures.
    pub fn period(&self) -> Option<Period> {
        self.period
    }

    /// The agreement.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The figures, if there are any.
    pub fn figures(&self) -> Option<&Figures> {
        self.figures.as_ref()
    }

    /// Whether the agreement has deals, so that [`Terms::owed`] answers.
    pub fn has_deals(&self) -> bool {
        !self.agreement.deals.is_empty()
    }

    /// The deal that holds, for the given label, or the given id of a deal. Without this call it is
    /// the one whose `label` or `party-id` is that of the recipient, and without a recipient the
    /// only one.
    pub fn choose(&mut self, label: &str) -> Result<(), Fatal> {
        let named = |deal: &Deal| deal.policies.label == label || deal.policies.id == label;
        let found: Vec<usize> =
            self.in_force().filter(|(_, deal)| named(deal)).map(|(index, _)| index).collect();
        match found.as_slice() {
            [one] => {
                self.chosen = Some(*one);
                Ok(())
            }
            [] => Err(Fatal::usage(self.without_deal(label))),
            _ => Err(Fatal::usage(self.undecided())),
        }
    }

    /// The deals that hold on some day of the period.
    fn in_force(&self) -> impl Iterator<Item = (usize, &Deal)> {
        let period = self.period;
        let deals = self.agreement.deals.iter().enumerate();
        deals.filter(move |(_, deal)| period.is_none_or(|period| deal.policies.holds_in(period)))
    }

    /// The deal that holds.
    pub(crate) fn deal(&self) -> Result<&Deal, Diagnostic> {
        if let Some(deal) = self.chosen.and_then(|index| self.agreement.deals.get(index)) {
            return Ok(deal);
        }
        let recipient = self.agreement.recipient.as_ref();
        let names = |deal: &Deal| {
            recipient.is_some_and(|party| {
                party.name == deal.policies.label
                    || deal.policies.party.as_deref().is_some_and(|id| id.ends_with(party.id.as_str()))
            })
        };
        let named: Vec<&Deal> = self.in_force().map(|(_, deal)| deal).filter(|deal| names(deal)).collect();
        let all: Vec<&Deal> = self.in_force().map(|(_, deal)| deal).collect();
        match (named.as_slice(), all.as_slice()) {
            ([one], _) => Ok(one),
            (_, []) => Err(self.out_of_force()),
            ([], all) => match (recipient, all) {
                // Nobody is paid under somebody else's deal.
                (Some(party), _) => Err(self.without_deal(&party.name)),
                (None, [one]) => Ok(one),
                (None, _) => Err(self.undecided()),
            },
            _ => Err(self.undecided()),
        }
    }

    fn deals_place(&self) -> Location {
        self.agreement.deals.first().map(|deal| deal.policies.place.clone()).unwrap_or_default()
    }

    fn deal_list(&self) -> String {
        let deals = self
            .agreement
            .deals
            .iter()
            .map(|deal| format!("`{}` for {}", deal.policies.id, deal.policies.label));
        deals.collect::<Vec<_>>().join(", ")
    }

    fn without_deal(&self, label: &str) -> Diagnostic {
        let source = &self.agreement.source;
        let message = format!("no deal of {source} that is in force is for the label");
        let list = self.deal_list();
        let help = if list.is_empty() {
            format!("add a `[[deal]]` to {source}")
        } else {
            format!("add a `[[deal]]` to {source}, which has {list}")
        };
        Diagnostic::new(&LABEL_WITHOUT_DEAL, self.deals_place(), message).value(label.as_bytes()).help(help)
    }

    fn undecided(&self) -> Diagnostic {
        let message = format!("several deals could hold: {}", self.deal_list());
        Diagnostic::new(&UNDECIDED_DEAL, self.deals_place(), message)
    }

    fn out_of_force(&self) -> Diagnostic {
        let period = self.period.map(|period| format!(" {period}")).unwrap_or_default();
        let message = format!("no deal holds in the period{period}");
        Diagnostic::new(&DEAL_NOT_IN_FORCE, self.deals_place(), message)
    }

    /// What an earlier period left over; see [`crate::balances`].
    pub(crate) fn set_opening(&mut self, opening: Opening) {
        self.opening = Some(opening);
    }

    /// What is suspicious in the agreement and the figures.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The rows of the period.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let rows = self.figures.as_ref().map_or(&[][..], |figures| &figures.rows);
        rows.iter().filter(|row| row.covers(self.period))
    }

    /// Sends the rows of the period through the rules.
    fn plan(&mut self) -> Vec<Diagnostic> {
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
            // Without rules the contexts come from the source and are met in `complete`.
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
        for rule in &self.agreement.rules {
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
        if row.service.is_none()
            && self.agreement.rules.iter().any(|rule| rule.reads().contains(Field::SERVICE))
        {
            blank.push("`service`");
        }
        if row.plan.is_none() && self.agreement.rules.iter().any(|rule| rule.reads().contains(Field::PLAN)) {
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

    /// The sales context that a rule makes.
    fn outcome(&self, rule: &Rule, territory: Option<Value>) -> Entity {
        let mut context = rule.sets.clone();
        if let Some(territory) = territory {
            context.set_default(Field::TERRITORY, territory);
        }
        context.set_default(Field::SERVICE, self.agreement.service.as_str());
        context.set_default(Field::CURRENCY, self.agreement.currency.code());
        context
    }

    /// A field of a play, or the text agreed for plays that lack it.
    fn given(&self, event: &Entity, field: Field) -> Option<Value> {
        let own = event.value(field).filter(|value| !value.first().is_empty()).cloned();
        own.or_else(|| self.agreement.defaults.get(&field).map(|text| Value::from(text.as_str())))
    }

    /// The diagnostic about a play that no rule matches.
    fn unmatched(&self, event: &Entity) -> Diagnostic {
        let source = &self.agreement.source;
        if self.agreement.rules.is_empty() {
            let message = format!("{source} has no `[[context]]`, so plays have no sales context");
            let help = "add `[[context]]` with its `commercial-model` and `use-type`; `transpose init agreement` prints an example";
            return Diagnostic::new(&MISSING_KEY, Location::default(), message).help(help);
        }
        let mut found = String::new();
        for field in self.reads().iter().filter(|field| !OF_SALES.contains(field)) {
            if let Some(value) = self.given(event, field) {
                let gap = if found.is_empty() { "" } else { ", " };
                let _ = write!(found, "{gap}{} {}", short(field), value.first());
            }
        }
        let key = [Field::PLAN, Field::SERVICE, Field::TERRITORY]
            .into_iter()
            .find_map(|field| self.given(event, field).map(|value| (short(field), value)));
        let mut help = match key {
            Some((name, value)) => format!(
                "add `[[context]]` with `when = {{ {name} = {} }}` and its `commercial-model` and `use-type` to {source}",
                quoted(value.first())
            ),
            None => format!("add `[[context]]` without `when`, which matches every play, to {source}"),
        };
        let plans: BTreeSet<&String> =
            self.agreement.rules.iter().flat_map(|rule| rule.wanted(Field::PLAN)).take(8).collect();
        if !plans.is_empty() {
            let plans: Vec<&str> = plans.into_iter().map(String::as_str).collect();
            let _ = write!(help, "; its rules know the plans `{}`", plans.join("`, `"));
        }
        Diagnostic::new(
            &NO_RULE,
            Location::default(),
            format!("no `[[context]]` in {source} matches the play"),
        )
        .value(found.as_bytes())
        .help(help)
    }

    /// The diagnostic about a context that has no figures.
    fn missing(&self, context: &Entity, figures: &Figures) -> Diagnostic {
        let mut what = String::new();
        for field in [Field::TERRITORY, Field::SERVICE, Field::COMMERCIAL_MODEL, Field::USE_TYPE] {
            if let Some(text) = context.text(field) {
                let gap = if what.is_empty() { "" } else { ", " };
                let _ = write!(what, "{gap}{} {text}", short(field));
            }
        }
        let mut row = format!("territory {}", context.text(Field::TERRITORY).unwrap_or("…"));
        let wanted = identity(context, &self.agreement);
        let makers = self.agreement.rules.iter().filter(|rule| {
            identity(&self.outcome(rule, context.value(Field::TERRITORY).cloned()), &self.agreement) == wanted
        });
        let plans: Vec<&str> = makers.flat_map(|rule| rule.wanted(Field::PLAN)).map(String::as_str).collect();
        let plan = context.text(Field::PLAN).map_or(plans, |plan| vec![plan]);
        match plan.as_slice() {
            [] => {}
            [plan] => _ = write!(row, ", plan {plan}"),
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
        // What is wrong with the rows was told when they were first asked for.
        let mut told = Vec::new();
        if self.agreement.rules.is_empty() {
            let groups = self.meet(contexts, &mut told);
            let figures = contexts.iter().zip(groups).map(|(context, rows)| {
                (!rows.is_empty()).then(|| ContextFigures::add_up(context, &rows, &mut told))
            });
            return figures.collect();
        }
        let mut known: BTreeMap<_, &ContextFigures> = BTreeMap::new();
        for planned in &self.planned {
            // Completed contexts have what the figures state besides.
            let mut completed = planned.context.clone();
            planned.figures.apply(&mut completed, &mut told);
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
        for row in self.rows() {
            let meets = |context: &Entity| {
                let equal = |field, value: Option<&Value>| {
                    value.is_none_or(|value| {
                        context.text(field).is_some_and(|text| text.trim() == value.first())
                    })
                };
                equal(Field::TERRITORY, Some(&row.territory))
                    && equal(Field::SERVICE, row.service.as_ref())
                    && equal(Field::PLAN, row.plan.as_ref())
                    && row.narrow.iter().all(|(field, value)| equal(*field, Some(value)))
            };
            let count = contexts.iter().filter(|context| meets(context)).count();
            if count > 1 {
                diagnostics.push(self.ambiguous(row, count));
                continue;
            }
            let group = contexts.iter().zip(&mut groups).find(|(context, _)| meets(context));
            if let Some((_, group)) = group {
                group.push(row);
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
                diagnostics.push(self.missing(context, figures));
            }
        }
    }
}

/// What rules read in any case, so that a diagnostic can name it.
const ALWAYS_READ: [Field; 3] = [Field::TERRITORY, Field::SERVICE, Field::PLAN];

/// What is read of sales, so that neither refunds nor prices are passed over.
const OF_SALES: [Field; 3] = [Field::TRANSACTION_TYPE, Field::RETAIL_PRICE, Field::EVENT_CURRENCY];

impl Terms for PeriodTerms {
    fn reads(&self) -> FieldSet {
        let own: FieldSet = ALWAYS_READ.into_iter().chain(OF_SALES).collect();
        self.agreement.rules.iter().fold(own, |set, rule| set.union(rule.reads()))
    }

    fn context(&self, event: &Entity) -> Result<Entity, Diagnostic> {
        let mut territory = self.given(event, Field::TERRITORY);
        let is_sale =
            [Field::TRANSACTION_TYPE, Field::RETAIL_PRICE].iter().any(|field| event.value(*field).is_some());
        let sale = if is_sale {
            let known = territory.as_ref().map(Value::first);
            let sale = self.agreement.shops.sale(event, known, &self.agreement.source)?;
            territory.get_or_insert_with(|| sale.territory.code().into());
            Some(sale)
        } else {
            None
        };
        let given =
            |field| if field == Field::TERRITORY { territory.clone() } else { self.given(event, field) };
        let fields: Vec<(Field, Option<Value>)> =
            self.reads().iter().map(|field| (field, given(field))).collect();
        let known = |field| {
            let value = fields.iter().find(|(key, _)| *key == field).and_then(|(_, value)| value.as_ref());
            value.map_or(KnownValue::Absent, KnownValue::Is)
        };
        let rule = self.agreement.rules.iter().find(|rule| rule.matches(known) == Match::Yes);
        let Some(rule) = rule else { return Err(self.unmatched(event)) };
        let mut context = self.outcome(rule, territory);
        if let Some(sale) = sale {
            sale.state(self.agreement.currency, &mut context)?;
            if self.agreement.deals.iter().any(Deal::reads_retail_price) {
                sale.state_retail_price(&mut context);
            }
        }
        if context.text(Field::TERRITORY).is_none() {
            let message = "the play has no territory";
            return Err(Diagnostic::new(&NO_TERRITORY, Location::default().field(Field::TERRITORY), message));
        }
        Ok(context)
    }

    fn turns(&self) -> &[i64] {
        &self.agreement.shops.turns
    }

    fn refunds(&self) -> RefundPolicy {
        self.agreement.refunds
    }

    fn due(&self) -> Vec<Entity> {
        self.planned.iter().map(|planned| planned.context.clone()).collect()
    }

    fn complete(&self, contexts: &mut [Entity]) -> Vec<Diagnostic> {
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
        for context in contexts {
            if let Some(own) = known.get(&identity(context, &self.agreement)) {
                own.apply(context, &mut diagnostics);
            } else if context.text(Field::NET_REVENUE).is_none() {
                diagnostics.push(self.missing(context, figures));
            }
        }
        diagnostics
    }

    fn qualifying(&self) -> Option<QualifyingPlay> {
        self.agreement.qualifying
    }

    fn conflict(&self) -> ConflictPolicy {
        self.agreement.conflict
    }

    fn header(&self, header: &mut Entity) {
        let agreement = &self.agreement;
        header.set(Field::SENDER_ID, agreement.sender.id.as_str());
        header.set(Field::SENDER_NAME, agreement.sender.name.as_str());
        if let Some(recipient) = &agreement.recipient {
            header.set(Field::RECIPIENT_ID, recipient.id.as_str());
            header.set(Field::RECIPIENT_NAME, recipient.name.as_str());
        }
        header.set(Field::SERVICE_DESCRIPTION, agreement.service.as_str());
        match agreement.repertoire.as_slice() {
            [] => {}
            [one] => header.set(Field::REPERTOIRE, one.as_str()),
            several => {
                let texts = several.iter().map(|text| text.as_str().into()).collect();
                header.set(Field::REPERTOIRE, Value::Many(texts));
            }
        }
        if let Some(id) = &agreement.message_id {
            header.set(Field::MESSAGE_ID, id.as_str());
        }
        if let Some(period) = self.period {
            header.set(Field::PERIOD_START, period.first().to_string());
            header.set(Field::PERIOD_END, period.last().to_string());
        }
        for (field, text) in &agreement.defaults {
            if field.group() == Group::Header {
                header.set_default(*field, text.as_str());
            }
        }
    }

    fn fallback(&self, field: Field) -> Option<&str> {
        self.agreement.defaults.get(&field).map(String::as_str)
    }

    fn key(&self, field: Field) -> String {
        let source = &self.agreement.source;
        if let Some(key) = own_key(field) {
            let or =
                if matches!(field, Field::PERIOD_START | Field::PERIOD_END) { "`--period`, or " } else { "" };
            return format!("{or}{key} in {source}");
        }
        if let Some(heading) = heading_of(field) {
            return self.figures.as_ref().map_or_else(
                || format!("`{heading}` in the figures (`--figures FILE`)"),
                |figures| format!("`{heading}` in {}", figures.source),
            );
        }
        if SETTABLE.contains(&field) {
            return format!("`{}` under `[[context]]` in {source}", key_of(field));
        }
        format!("`\"{field}\"` under `[defaults]` in {source}")
    }

    fn options(&self) -> &[(String, String)] {
        &self.agreement.options
    }

    fn royalties(&self) -> Option<&dyn RoyaltyTerms> {
        (!self.agreement.deals.is_empty()).then_some(self as &dyn RoyaltyTerms)
    }
}

impl RoyaltyTerms for PeriodTerms {
    fn per_user(&self) -> bool {
        self.deal().is_ok_and(|deal| deal.needs(Need::Users))
    }

    fn counts_for_users(&self, context: &Entity, bearing: bool) -> bool {
        self.deal().is_ok_and(|deal| deal.policies.counts_play(context, bearing))
    }

    fn work_out(
        &self,
        contexts: &mut [Entity],
        played: &[UsageTotal<'_>],
        whole: Option<&[ServiceTotal]>,
    ) -> Result<Royalties, Vec<Diagnostic>> {
        let deal = self.deal().map_err(|diagnostic| vec![diagnostic])?;
        let input = BasisInput {
            policies: &deal.policies,
            period: self.period,
            reporting: self.agreement.currency,
            source: self.figures.as_ref().map(|figures| figures.source.as_str()),
            contexts: &*contexts,
            usages: played,
            service: whole,
        };
        let figures = self.figures_of(contexts);
        let (royalties, summaries) = royalties::work_out(deal, input, figures, self.opening)?;
        for (index, field, text) in summaries {
            if let Some(context) = contexts.get_mut(index) {
                context.set(field, text);
            }
        }
        Ok(royalties)
    }
}

/// Chooses the period: the command's, the agreement's, or the only one of the figures.
fn decide(
    agreement: &Agreement,
    figures: Option<&Figures>,
    given: Option<Period>,
) -> Result<Option<Period>, Fatal> {
    let stated = given.or(agreement.period);
    let Some(figures) = figures else { return Ok(stated) };
    let place = Location { source: Some(figures.source.as_str().into()), ..Location::default() };
    let periods = figures.periods();
    let list = periods.iter().map(|period| format!("`{period}`")).collect::<Vec<_>>().join(", ");
    let Some(period) = stated else {
        return match periods.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            [first, ..] => {
                let message = format!("the figures hold several periods: {list}");
                let help = format!(
                    "give the one to report, such as `--period {first}`, or write `period` under `[message]` in {}",
                    agreement.source
                );
                Err(Fatal::usage(Diagnostic::new(&UNDECIDED_PERIOD, place, message).help(help)))
            }
        };
    };
    if figures.rows.iter().any(|row| row.covers(Some(period))) {
        return Ok(Some(period));
    }
    let message = format!("the figures have no row for {period}, only for {list}");
    let near = periods.iter().find(|other| !same_days(**other, period));
    let wrong =
        if given.is_some() { "`--period`".to_owned() } else { format!("`period` in {}", agreement.source) };
    let help = near.map_or_else(
        || format!("add rows for {period}"),
        |near| {
            format!("add rows for {period} to {}, or correct {wrong}, for example to {near}", figures.source)
        },
    );
    Err(Fatal::usage(Diagnostic::new(&NO_FIGURES_FOR_PERIOD, place, message).help(help)))
}

/// What tells contexts apart: all that rules set, and the currency, which may not be filled in yet.
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

/// The short word for a field in messages.
fn short(field: Field) -> &'static str {
    match field {
        Field::TERRITORY => "territory",
        Field::SERVICE => "service",
        Field::PLAN => "plan",
        Field::COMMERCIAL_MODEL => "commercial model",
        Field::USE_TYPE => "use type",
        field => field.id(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::value;
    use proptest::prelude::*;
    use transpose_codes::decimal::{self, Decimal};

    const AGREEMENT: &str = r#"
[sender]
party-id = "PADPIDA2008120501W"
name = "Northwind Music"
[message]
service = "NorthwindMusic"
repertoire = ["A", "B"]
[money]
currency = "EUR"
[[context]]
when = { plan = ["premium", "family"], territory = ["GB", "FR"] }
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
service = "NorthwindPremium"
[[context]]
when = { plan = "free", "event.play-mode" = "offline" }
commercial-model = "AdvertisementSupportedModel"
use-type = "TetheredDownload"
[[context]]
when = { plan = "free" }
commercial-model = "AdvertisementSupportedModel"
use-type = "OnDemandStream"
[defaults]
"recording.type" = "SoundRecording"
"header.partner" = "4021"
[options]
max-file-size = "4GB"
"#;

    const FIGURES: &str = "\
period,territory,plan,net-revenue,subscribers,unit-price,total-usages,use-type
2026-10,GB,premium,100.10,10,,500,
2026-10,GB,family,0.205,5,,400,
2026-10,FR,premium,7,1,9.99,,
2026-10,GB,free,3,,,,OnDemandStream
2026-11,GB,premium,1,1,,,
";

    fn agreement(text: &str) -> Agreement {
        Agreement::parse("agreement.toml", text).unwrap()
    }

    fn figures(text: &str) -> Figures {
        Figures::parse("figures.csv", text.as_bytes()).unwrap()
    }

    fn period(text: &str) -> Period {
        value::period(text).unwrap()
    }

    fn terms() -> PeriodTerms {
        PeriodTerms::new(agreement(AGREEMENT), Some(figures(FIGURES)), Some(period("2026-10"))).unwrap()
    }

    fn entity(pairs: &[(Field, &str)]) -> Entity {
        let mut entity = Entity::default();
        for (field, text) in pairs {
            entity.set(*field, *text);
        }
        entity
    }

    fn event(territory: &str, plan: &str) -> Entity {
        entity(&[(Field::TERRITORY, territory), (Field::PLAN, plan)])
    }

    fn ids(diagnostics: &[Diagnostic]) -> Vec<&str> {
        diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    fn refused(agreement: Agreement, figures: &str, given: Option<Period>) -> Vec<Diagnostic> {
        PeriodTerms::new(agreement, Some(self::figures(figures)), given).unwrap_err().diagnostics
    }

    #[test]
    fn plays_find_their_context() {
        let terms = terms();
        let context = terms.context(&event("GB", "family")).unwrap();
        let expected = entity(&[
            (Field::COMMERCIAL_MODEL, "SubscriptionModel"),
            (Field::USE_TYPE, "OnDemandStream"),
            (Field::SERVICE, "NorthwindPremium"),
            (Field::TERRITORY, "GB"),
            (Field::CURRENCY, "EUR"),
        ]);
        assert_eq!(context, expected);
        let mut offline = event("DE", "free");
        offline.set(Field::PLAY_MODE, "offline");
        let context = terms.context(&offline).unwrap();
        assert_eq!(context.text(Field::USE_TYPE), Some("TetheredDownload"));
        assert_eq!(context.text(Field::SERVICE), Some("NorthwindMusic"));
        assert!(terms.reads().contains(Field::PLAY_MODE) && terms.reads().contains(Field::SERVICE));
    }

    #[test]
    fn play_without_rule_or_territory_is_explained() {
        let terms = terms();
        let diagnostic = terms.context(&event("DE", "premium")).unwrap_err();
        assert_eq!(
            (diagnostic.code.id, diagnostic.value.as_deref()),
            ("DEA0301", Some("territory DE, plan premium"))
        );
        assert!(diagnostic.advice().contains("when = { plan = \"premium\" }"), "{}", diagnostic.advice());
        assert!(diagnostic.advice().contains("`family`, `free`, `premium`"), "{}", diagnostic.advice());
        let diagnostic = terms.context(&entity(&[(Field::PLAN, "free")])).unwrap_err();
        assert_eq!(diagnostic.code.id, "DEA0302");
        let rules = AGREEMENT.find("[[context]]").unwrap()..AGREEMENT.find("[defaults]").unwrap();
        let mut bare = AGREEMENT.to_owned();
        bare.replace_range(rules, "");
        let terms = PeriodTerms::new(agreement(&bare), None, None).unwrap();
        assert_eq!(terms.context(&event("GB", "free")).unwrap_err().code.id, "DEA0103");
    }

    #[test]
    fn defaults_stand_in_for_what_plays_lack() {
        let text = AGREEMENT
            .replace("[defaults]", "[defaults]\n\"context.territory\" = \"gb\"\n\"context.plan\" = \"free\"");
        let terms = PeriodTerms::new(agreement(&text), None, None).unwrap();
        assert_eq!(terms.context(&Entity::default()).unwrap().text(Field::TERRITORY), Some("GB"));
        assert_eq!(terms.context(&event("", "")).unwrap().text(Field::TERRITORY), Some("GB"));
        assert_eq!(terms.fallback(Field::RECORDING_TYPE), Some("SoundRecording"));
    }

    #[test]
    fn rows_of_several_plans_are_added_exactly() {
        let terms = terms();
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        let due = terms.due();
        assert_eq!(due.len(), 3);
        assert_eq!(due[0], terms.context(&event("GB", "premium")).unwrap());
        let mut contexts = due;
        contexts[0].set(Field::TOTAL_USAGES, "899");
        contexts[0].set(Field::CONTEXT_ID, "1");
        contexts[1].set(Field::TOTAL_USAGES, "12");
        assert!(terms.complete(&mut contexts).is_empty());
        let texts = |index: usize, field| contexts[index].text(field);
        assert_eq!(texts(0, Field::NET_REVENUE), Some("100.305"));
        assert_eq!(texts(0, Field::SUBSCRIBERS), Some("15"));
        assert_eq!(texts(0, Field::TOTAL_USAGES), Some("900"));
        assert_eq!(texts(1, Field::TOTAL_USAGES), Some("12"));
        assert_eq!(texts(1, Field::UNIT_PRICE), Some("9.99"));
        assert_eq!(texts(2, Field::NET_REVENUE), Some("3"));
        assert_eq!(texts(2, Field::SUBSCRIBERS), None);
    }

    #[test]
    fn contexts_without_figures_name_the_missing_row() {
        let terms = terms();
        let mut contexts = [
            terms.context(&event("FR", "family")).unwrap(),
            terms.context(&event("EG", "free")).unwrap(),
            entity(&[(Field::TERRITORY, "US"), (Field::NET_REVENUE, "5")]),
        ];
        let diagnostics = terms.complete(&mut contexts);
        assert_eq!(ids(&diagnostics), ["DEA0310"]);
        assert_eq!(
            diagnostics[0].message,
            "the figures have no row for territory EG, service NorthwindMusic, commercial model AdvertisementSupportedModel, \
             use type OnDemandStream"
        );
        assert_eq!(
            diagnostics[0].advice(),
            "add a row for period 2026-10, territory EG, plan free to figures.csv"
        );
        assert_eq!(
            contexts[0].text(Field::NET_REVENUE),
            Some("7"),
            "plans of one context share their figures"
        );
    }

    #[test]
    fn total_below_the_counted_plays_is_an_error() {
        let terms = terms();
        let mut contexts = [terms.context(&event("GB", "premium")).unwrap()];
        contexts[0].set(Field::TOTAL_USAGES, "901");
        assert_eq!(ids(&terms.complete(&mut contexts)), ["DEA0311"]);
        assert_eq!(contexts[0].text(Field::TOTAL_USAGES), Some("901"));
    }

    #[test]
    fn without_figures_one_warning_says_so() {
        let terms = PeriodTerms::new(agreement(AGREEMENT), None, None).unwrap();
        let mut contexts =
            [terms.context(&event("GB", "premium")).unwrap(), terms.context(&event("GB", "free")).unwrap()];
        assert_eq!(ids(&terms.complete(&mut contexts)), ["DEA0312"]);
        assert!(terms.complete(&mut []).is_empty() && terms.due().is_empty());
    }

    #[test]
    fn period_is_given_stated_or_the_only_one() {
        let dated = agreement(&AGREEMENT.replace("[money]", "period = \"2026-11\"\n[money]"));
        let of = |terms: Result<PeriodTerms, Fatal>| terms.unwrap().period().map(|period| period.to_string());
        assert_eq!(
            of(PeriodTerms::new(dated.clone(), Some(figures(FIGURES)), Some(period("2026-10")))).as_deref(),
            Some("2026-10")
        );
        assert_eq!(
            of(PeriodTerms::new(dated.clone(), Some(figures(FIGURES)), None)).as_deref(),
            Some("2026-11")
        );
        let one = "period,territory,plan\n2026-10,GB,premium\n";
        assert_eq!(
            of(PeriodTerms::new(agreement(AGREEMENT), Some(figures(one)), None)).as_deref(),
            Some("2026-10")
        );
        let any = "territory,plan\nGB,premium\n";
        assert_eq!(of(PeriodTerms::new(agreement(AGREEMENT), Some(figures(any)), None)), None);
        assert_eq!(of(PeriodTerms::new(dated.clone(), Some(figures(any)), None)).as_deref(), Some("2026-11"));
        assert_eq!(
            of(PeriodTerms::new(
                agreement(AGREEMENT),
                Some(figures(one)),
                Some(period("2026-10-01--2026-10-31"))
            ))
            .as_deref(),
            Some("2026-10-01--2026-10-31")
        );

        let diagnostics = refused(agreement(AGREEMENT), FIGURES, None);
        assert_eq!(ids(&diagnostics), ["DEA0303"]);
        assert!(diagnostics[0].advice().contains("--period 2026-10"));
        let diagnostics = refused(dated, one, None);
        assert_eq!(ids(&diagnostics), ["DEA0304"]);
        assert!(
            diagnostics[0].advice().contains("`period` in agreement.toml, for example to 2026-10"),
            "{}",
            diagnostics[0].advice()
        );
    }

    #[test]
    fn faulty_rows_are_refused_or_named() {
        for (rows, code, help) in [
            ("GB,,1,1,,,", "DEA0306", "fill `plan` or `use-type`"),
            ("GB,free,1,1,,,", "DEA0306", "fill `use-type`"),
            ("GB,premium,1,1,USD,,", "DEA0307", "exchange-rate"),
            ("GB,premium,1,1,,9.99,\n2026-10,GB,family,1,1,,14.99,", "DEA0308", "Correct one"),
            (
                "GB,premium,79228162514264337593543950,1,,,\n2026-10,GB,family,0.12345,1,,,",
                "DEA0313",
                "Check the amounts",
            ),
        ] {
            let text = format!(
                "period,territory,plan,net-revenue,subscribers,currency,unit-price,use-type\n2026-10,{rows}\n"
            );
            let diagnostics = refused(agreement(AGREEMENT), &text, None);
            assert_eq!(ids(&diagnostics), [code], "{rows}");
            assert!(diagnostics[0].advice().contains(help), "{rows}: {}", diagnostics[0].advice());
            assert!(diagnostics[0].location.line.is_some(), "{rows}");
        }
        let text = "territory,plan,net-revenue\nGB,premium,1\nGB,family,\nGB,premum,5\n";
        let terms = PeriodTerms::new(agreement(AGREEMENT), Some(figures(text)), None).unwrap();
        let found: Vec<_> = terms.warnings().iter().map(|w| (w.code.id, w.location.line)).collect();
        assert_eq!(found, [("DEA0309", Some(3)), ("DEA0305", Some(4))]);
    }

    #[test]
    fn blank_plan_is_fine_when_one_context_results() {
        let text = "territory,plan,net-revenue,use-type,commercial-model\nGB,,1,,SubscriptionModel\n";
        let terms = PeriodTerms::new(agreement(AGREEMENT), Some(figures(text)), None).unwrap();
        assert_eq!(terms.due(), [terms.context(&event("GB", "premium")).unwrap()]);
    }

    #[test]
    fn figures_meet_the_contexts_of_the_source_without_rules() {
        let rules = AGREEMENT.find("[[context]]").unwrap()..AGREEMENT.find("[defaults]").unwrap();
        let mut bare = AGREEMENT.to_owned();
        bare.replace_range(rules, "");
        let text = "territory,service,net-revenue\nGB,One,1\nGB,Two,2\nFR,,3\n";
        let terms = PeriodTerms::new(agreement(&bare), Some(figures(text)), None).unwrap();
        let context =
            |territory, service| entity(&[(Field::TERRITORY, territory), (Field::SERVICE, service)]);
        let mut contexts = [
            context("GB", "One"),
            context("GB", "Two"),
            context("FR", "One"),
            context("FR", "Two"),
            context("SE", "One"),
        ];
        let diagnostics = terms.complete(&mut contexts);
        assert_eq!(ids(&diagnostics), ["DEA0306", "DEA0310", "DEA0310", "DEA0310"]);
        assert_eq!(contexts[1].text(Field::NET_REVENUE), Some("2"));
    }

    #[test]
    fn header_is_filled_from_the_agreement() {
        let mut header = entity(&[(Field::SENDER_NAME, "someone"), (Field::RECIPIENT_NAME, "kept")]);
        terms().header(&mut header);
        let expected = [
            (Field::SENDER_NAME, "Northwind Music"),
            (Field::SENDER_ID, "PADPIDA2008120501W"),
            (Field::RECIPIENT_NAME, "kept"),
            (Field::SERVICE_DESCRIPTION, "NorthwindMusic"),
            (Field::PERIOD_START, "2026-10-01"),
            (Field::PERIOD_END, "2026-10-31"),
            (Field::PARTNER, "4021"),
        ];
        for (field, text) in expected {
            assert_eq!(header.text(field), Some(text));
        }
        assert_eq!(header.value(Field::REPERTOIRE).unwrap().iter().count(), 2);
        assert_eq!(terms().options(), [("max-file-size".to_owned(), "4GB".to_owned())]);
    }

    #[test]
    fn example_is_complete_and_clean() {
        let agreement = agreement(include_str!("../../../examples/northwind/agreement.toml"));
        let figures = figures(include_str!("../../../examples/northwind/figures.csv"));
        let terms = PeriodTerms::new(agreement, Some(figures), None).unwrap();
        assert!(terms.warnings().is_empty(), "{:?}", terms.warnings());
        assert_eq!(terms.period(), Some(period("2026-10")));
        for territory in ["GB", "DE", "FR", "US", "JP", "BR", "SE", "EG"] {
            for plan in ["northwind-premium", "northwind-family", "northwind-student", "northwind-free"] {
                let mut contexts = [terms.context(&event(territory, plan)).unwrap()];
                assert!(terms.complete(&mut contexts).is_empty(), "{territory} {plan}");
                for field in [Field::NET_REVENUE, Field::SUBSCRIBERS, Field::USERS] {
                    assert!(contexts[0].text(field).is_some(), "{territory} {plan} {field}");
                }
            }
        }
        assert_eq!(terms.due().len(), 32);
    }

    #[test]
    fn keys_name_the_place_that_supplies_a_field() {
        let terms = terms();
        for (field, key) in [
            (Field::SENDER_ID, "`party-id` under `[sender]` in agreement.toml"),
            (Field::PERIOD_START, "`--period`, or `period` under `[message]` in agreement.toml"),
            (Field::NET_REVENUE, "`net-revenue` in figures.csv"),
            (Field::CURRENCY, "`currency` under `[money]` in agreement.toml"),
            (Field::USE_TYPE, "`use-type` under `[[context]]` in agreement.toml"),
            (Field::RECORDING_TITLE, "`\"recording.title\"` under `[defaults]` in agreement.toml"),
        ] {
            assert_eq!(terms.key(field), key);
        }
        let terms = PeriodTerms::new(agreement(AGREEMENT), None, None).unwrap();
        assert_eq!(terms.key(Field::NET_REVENUE), "`net-revenue` in the figures (`--figures FILE`)");
    }

    proptest! {
        #[test]
        fn money_is_kept_whatever_the_rows(amounts in proptest::collection::vec(-1_000_000_i64..1_000_000_000, 1..8)) {
            let plans: Vec<String> = (0..amounts.len()).map(|index| format!("\"p{index}\"")).collect();
            let from = AGREEMENT.find("[\"premium\"").unwrap();
            let to = AGREEMENT.find(", territory").unwrap();
            let mut text = AGREEMENT.to_owned();
            text.replace_range(from..to, &format!("[{}]", plans.join(", ")));
            let mut rows = String::from("territory,plan,net-revenue\n");
            for (index, cents) in amounts.iter().enumerate() {
                let _ = writeln!(rows, "GB,p{index},{}", Decimal::new(*cents, 2));
            }
            let terms = PeriodTerms::new(agreement(&text), Some(figures(&rows)), None).unwrap();
            let mut contexts = terms.due();
            prop_assert!(terms.complete(&mut contexts).is_empty());
            let total = Decimal::new(amounts.iter().sum(), 2);
            prop_assert_eq!(contexts[0].text(Field::NET_REVENUE).unwrap(), decimal::to_text(&total));
        }
    }
}
