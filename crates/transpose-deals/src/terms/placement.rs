//! From a play or sale to its sales context.

use super::{OF_SALES, PeriodTerms, short};
use crate::agreement::context_rules::{KnownValue, Rule};
use crate::deal::Deal;
use crate::models::Need;
use crate::policies::started_minutes;
use crate::toml::document::quoted;
use crate::toml::reader::MISSING_KEY;
use std::collections::BTreeSet;
use std::fmt::Write;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::{Entity, Field, Value};
use transpose_core::terms::Terms;

transpose_core::codes! {
    /// A play that no rule matches.
    pub(crate) NO_RULE: "DEA0301" "no-context-rule" Error
        "No `[[context]]` of the agreement matches the play, so its sales context is unknown and the row cannot be placed."
        "Add a `[[context]]` to the agreement."
    /// A play without a territory.
    pub(crate) NO_TERRITORY: "DEA0302" "no-territory" Error
        "The play has no territory, and neither the rule nor the defaults state one."
        "Correct the source, or write `territory = \"…\"` in the `[[context]]` or `\"context.territory\" = \"…\"` under `[defaults]`."
}

impl PeriodTerms {
    /// The sales context of an event; of sales also what was paid, and the price without tax.
    pub(super) fn place(&self, event: &Entity) -> Result<Entity, Diagnostic> {
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
        let rule = self.agreement.rule_index.first(&self.agreement.rules, known);
        let Some(rule) = rule else { return Err(self.unmatched(event)) };
        let mut context = self.outcome(rule, territory);
        if let Some(sale) = sale {
            sale.state(self.agreement.currency, &mut context)?;
            if self.agreement.deals.iter().any(Deal::reads_retail_price) {
                sale.state_retail_price(&mut context);
            }
        }
        if let Ok(deal) = self.deal() {
            deal.policies.weights.state(event, &mut context)?;
            if deal.needs(Need::Length) {
                context.set(Field::STARTED_MINUTES, started_minutes(event)?.to_string());
            }
        }
        if context.text(Field::TERRITORY).is_none() {
            let message = "the play has no territory";
            return Err(Diagnostic::new(&NO_TERRITORY, Location::default().field(Field::TERRITORY), message));
        }
        Ok(context)
    }

    /// The sales context that a rule makes.
    pub(super) fn outcome(&self, rule: &Rule, territory: Option<Value>) -> Entity {
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
}
