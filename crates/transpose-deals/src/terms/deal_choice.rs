//! Which deal of an agreement holds.

use super::PeriodTerms;
use crate::agreement::context_rules::Rule;
use crate::deal::Deal;
use crate::job::Condition;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::model::{Entity, Field};

transpose_core::codes! {
    /// A label for which there is no deal.
    pub(crate) LABEL_WITHOUT_DEAL: "DEA0506" "label-without-deal" Error
        "The label is to be paid, and the agreement has no deal with it that is in force, so the royalties are unknown."
        "Add a `[[deal]]` for the label, or correct its name: the `label` of a deal is the `name` under `[recipient]`."
    /// Several deals that could hold.
    pub(crate) UNDECIDED_DEAL: "DEA0507" "undecided-deal" Error
        "Several deals of the agreement hold in the period, and nothing says which one the report is for."
        "Write `deal = \"ID\"` in the output of a job, or name the label in its `when`, or as `name` under `[recipient]`."
    /// A deal that does not hold in the period.
    pub(crate) DEAL_NOT_IN_FORCE: "DEA0510" "deal-not-in-force" Error
        "The agreement has deals, and none of them holds in the period."
        "Correct `from` and `until` of the deal, or the period."
}

impl PeriodTerms {
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

    /// The names of the label whose plays the deal pays for; none where every play is the
    /// recipient's, and where no deal was chosen.
    pub fn paid_labels(&self) -> Option<Vec<String>> {
        if self.agreement.deals.is_empty() {
            return None;
        }
        let policies = &self.deal().ok()?.policies;
        (!policies.all_plays).then(|| policies.names().map(str::to_owned).collect())
    }

    /// The deal of an output of a job: the one with the given id, or the one for the labels,
    /// territories and tiers that its rule takes. A deal with another label is refused.
    pub fn choose_for(
        &mut self,
        id: Option<&str>,
        labels: &[String],
        when: &[Condition],
    ) -> Result<(), Fatal> {
        let is_for = |deal: &Deal| {
            let policies = &deal.policies;
            policies.all_plays || policies.names().any(|name| labels.iter().any(|label| label == name))
        };
        if let Some(id) = id {
            let named = self.in_force().find(|(_, deal)| deal.policies.id == id);
            self.chosen =
                Some(named.map(|(index, _)| index).ok_or_else(|| Fatal::usage(self.without_deal(id)))?);
        } else if self.deal().is_err() && !labels.is_empty() {
            let found: Vec<usize> =
                self.in_force().filter(|(_, deal)| is_for(deal)).map(|(index, _)| index).collect();
            let contexts = self.reached(when);
            let holds = |index: &usize| {
                let deal = self.agreement.deals.get(*index);
                deal.is_some_and(|deal| contexts.iter().all(|context| deal.policies.holds_for(context)))
            };
            let holding: Vec<usize> = found.iter().copied().filter(holds).collect();
            if let ([one], _) | (_, [one]) = (found.as_slice(), holding.as_slice()) {
                self.chosen = Some(*one);
            }
        }
        let deal = self.deal().map_err(Fatal::usage)?;
        match labels.first() {
            Some(label) if !is_for(deal) => Err(Fatal::usage(self.without_deal(label))),
            _ => Ok(()),
        }
    }

    /// The sales contexts that a rule of an output reaches, as far as the agreement, the figures
    /// and the rule say.
    fn reached(&self, when: &[Condition]) -> Vec<Entity> {
        let listed = |field| {
            let of_field = when.iter().filter(move |condition| condition.fields == [field]);
            of_field
                .flat_map(|condition| &condition.values)
                .filter(|value| !matches!(value.as_str(), "*" | ""))
        };
        let mut territories: Vec<&str> = listed(Field::TERRITORY).map(String::as_str).collect();
        if territories.is_empty() {
            let rows = self.figures.iter().flat_map(|figures| &figures.rows);
            territories.extend(rows.filter(|row| row.covers(self.period)).map(|row| row.territory.first()));
        }
        let reaches = |rule: &&Rule| {
            when.iter().all(|condition| {
                let [field] = condition.fields.as_slice() else { return true };
                let wanted = rule.wanted(*field);
                let any = condition.values.iter().any(|value| value == "*");
                any || wanted.is_empty() || wanted.iter().any(|value| condition.values.contains(value))
            })
        };
        let rules = self.agreement.rules.iter().filter(reaches);
        rules
            .flat_map(|rule| {
                territories.iter().map(|territory| self.outcome(rule, Some((*territory).into())))
            })
            .collect()
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
                // A recipient is never paid under the deal of another label.
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
}
