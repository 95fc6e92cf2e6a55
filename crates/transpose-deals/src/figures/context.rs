//! The rows of figures that make one sales context, added up.

use super::{Figure, Row, amount, heading_of, summed};
use crate::arithmetic::number::{Exact, exact};
use crate::toml::value;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Decimal};
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::model::{Entity, Field};

transpose_core::codes! {
    /// Rows of one context that disagree.
    pub(crate) CONTRADICTING_FIGURES: "DEA0308" "contradicting-figures" Error
        "Several rows make one sales context, and a fact that can hold only one value differs between them."
        "Correct one of the rows, or separate the contexts with another `service` or `use-type` in the agreement."
    /// A sum that lacks a part.
    pub(crate) PARTIAL_FIGURES: "DEA0309" "partial-figures" Warning
        "Several rows make one sales context, and one of them leaves an amount empty that others give: the sum may be too small."
        "Fill the cell; write `0` when the amount is zero."
    /// A total below the plays that were counted.
    pub(crate) TOTAL_BELOW_PLAYS: "DEA0311" "total-below-plays" Error
        "The figures state fewer usages for the whole service than were counted in the report itself (ARCH-66)."
        "Correct `total-usages`, or leave the cell empty to report the counted plays."
    /// Revenue whose parts do not make the whole.
    pub(crate) DEDUCTIONS_DIFFER: "DEA0314" "deductions-differ" Error
        "Net revenue is gross revenue less deductions, and the figures of a sales context say something else."
        "Correct one of `gross-revenue`, `deductions` and `net-revenue`, or leave one of the first two empty: it then follows from the others."
    /// A sum with too many digits.
    pub(crate) SUM_TOO_LONG: "DEA0313" "sum-too-long" Error
        "The sum has more digits than an exact decimal holds (28)."
        "Check the amounts of the rows; one of them is unlikely to be right."
}

/// What the figures say about one sales context.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContextFigures {
    pub(crate) sums: BTreeMap<Field, Decimal>,
    same: BTreeMap<Field, String>,
    pub(crate) place: Location,
    /// Plays of the whole service that qualify.
    pub(crate) qualified: Option<Decimal>,
    /// The subscribers of each row, with its plan.
    pub(crate) subscribers: Vec<(String, Exact)>,
    /// Subscribers times their factors, where every row states one.
    pub(crate) equivalents: Option<Exact>,
    /// Days of subscribers who were there for a part of the period.
    pub(crate) partial_days: Option<Decimal>,
}

impl ContextFigures {
    /// Adds up the rows of one context, and checks that they agree where they must.
    pub(crate) fn add_up(context: &Entity, rows: &[&Row], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut figures =
            Self { place: rows.first().map(|row| row.place.clone()).unwrap_or_default(), ..Self::default() };
        for field in summed() {
            let parts: Vec<&(Decimal, Location)> =
                rows.iter().filter_map(|row| row.sums.get(&field)).collect();
            let [first, others @ ..] = parts.as_slice() else { continue };
            let heading = heading_of(field).unwrap_or_default();
            let total = others.iter().try_fold(first.0, |total, (part, _)| decimal::sum(total, *part));
            if let Some(total) = total {
                figures.sums.insert(field, total);
            } else {
                let message = format!("the sum of `{heading}` has too many digits");
                diagnostics.push(Diagnostic::new(&SUM_TOO_LONG, first.1.clone(), message));
            }
            for row in rows.iter().filter(|row| !row.sums.contains_key(&field)) {
                let line = first.1.line.unwrap_or_default();
                let message =
                    format!("`{heading}` is empty, but line {line} of the same sales context gives it");
                diagnostics.push(Diagnostic::new(&PARTIAL_FIGURES, row.place.clone(), message));
            }
        }
        figures.count_for_deals(rows);
        for row in rows {
            for (field, (text, place)) in &row.facts {
                let heading = heading_of(*field).unwrap_or_default();
                // The rule may state the fact as well; then it is part of the context's identity.
                let other = figures.same.get(field).map(String::as_str).or_else(|| context.text(*field));
                match other {
                    Some(other) if other != text => {
                        let message =
                            format!("`{heading}` is {text}, but the same sales context has {other} already");
                        diagnostics.push(Diagnostic::new(&CONTRADICTING_FIGURES, place.clone(), message));
                    }
                    _ => _ = figures.same.insert(*field, text.clone()),
                }
            }
        }
        figures
    }

    /// Adds up what only deals look at.
    fn count_for_deals(&mut self, rows: &[&Row]) {
        let sum = |figure| {
            let mut parts = rows.iter().filter_map(|row| row.deal.get(&figure).map(|(number, _)| *number));
            let first = parts.next()?;
            parts.try_fold(first, decimal::sum)
        };
        self.qualified = sum(Figure::Qualified);
        self.partial_days = sum(Figure::PartialDays);
        let counted =
            rows.iter().filter_map(|row| row.sums.get(&Field::SUBSCRIBERS).map(|(count, _)| (row, count)));
        self.subscribers = counted
            .clone()
            .map(|(row, count)| {
                let plan = row.plan.as_ref().map(|plan| plan.first().to_owned()).unwrap_or_default();
                (plan, exact(*count))
            })
            .collect();
        let parts: Option<Vec<Exact>> = counted
            .map(|(row, count)| {
                row.deal.get(&Figure::Factor).map(|(factor, _)| exact(*count) * exact(*factor))
            })
            .collect();
        self.equivalents = parts.filter(|parts| !parts.is_empty()).map(|parts| parts.iter().sum());
    }

    /// Writes the figures into a context.
    pub(crate) fn apply(&self, context: &mut Entity, diagnostics: &mut Vec<Diagnostic>) {
        for (field, total) in &self.sums {
            if *field == Field::TOTAL_USAGES {
                let counted = context.text(*field).and_then(|text| value::decimal(text).ok());
                if let Some(counted) = counted.filter(|counted| counted > total) {
                    let message = format!(
                        "`total-usages` is {}, but {} plays were counted",
                        amount(total),
                        amount(&counted)
                    );
                    diagnostics.push(Diagnostic::new(&TOTAL_BELOW_PLAYS, self.place.clone(), message));
                    continue;
                }
            }
            context.set(*field, amount(total));
        }
        for (field, text) in &self.same {
            context.set(*field, text.as_str());
        }
        self.deduct(context, diagnostics);
    }

    /// Of gross revenue, deductions and net revenue the first two follow from the others.
    fn deduct(&self, context: &mut Entity, diagnostics: &mut Vec<Diagnostic>) {
        let [gross, less, net] = [Field::GROSS_REVENUE, Field::DEDUCTIONS, Field::NET_REVENUE]
            .map(|field| self.sums.get(&field).copied());
        let (field, value) = match (gross, less, net) {
            (Some(gross), None, Some(net)) => (Field::DEDUCTIONS, decimal::sum(gross, -net)),
            (None, Some(less), Some(net)) => (Field::GROSS_REVENUE, decimal::sum(net, less)),
            (Some(gross), Some(less), Some(net)) if decimal::sum(net, less) != Some(gross) => {
                let [gross, less, net] = [gross, less, net].map(|value| amount(&value));
                let message =
                    format!("`gross-revenue` {gross} less `deductions` {less} is not `net-revenue` {net}");
                diagnostics.push(Diagnostic::new(&DEDUCTIONS_DIFFER, self.place.clone(), message));
                return;
            }
            _ => return,
        };
        if let Some(value) = value {
            context.set(field, amount(&value));
        }
    }
}
