//! Whether every routed row is accounted for in each set.

use crate::diagnostics;
use crate::fanout::{RoutedTotals, Routing};
use transpose_core::accounting::{Amounts, ExactSum, Imbalance, RunReport};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::terms::UnroutedPolicy;

transpose_core::codes! {
    /// Rows that no output of a set takes.
    pub NOT_TAKEN: "ENG0701" "rows-not-taken" Warning
        "No output of the set has a rule for these rows, so none of its reports holds them. They are counted, and the run balances with them."
        "Add an output for them, or remove the rule of the last output of the set, which then takes the rest; `untaken = \"refuse\"` in the job refuses to write anything."
    /// The same where the job refuses it.
    pub NOT_TAKEN_REFUSED: "ENG0702" "untaken-refused" Error
        "The job says that every row has to go to an output of the set, and some do not."
        "Add an output for them, or write `untaken = \"report\"`."
}

/// How many groups of unrouted rows a refusal names.
const NAMED: usize = 20;

/// What a set came to.
#[derive(Clone, Debug, Default)]
pub struct SetOutcome {
    /// The name of the set.
    pub name: String,
    /// What its outputs have read together.
    pub routed: Amounts,
    /// What none of them took.
    pub unrouted: Amounts,
}

impl Routing<'_> {
    /// Adds up what the outputs of each set have read and what none of them took; a failure where
    /// both together are not what was routed. `read` are the amounts of the outputs, by number.
    pub(crate) fn balance<'b>(
        &self,
        totals: &RoutedTotals,
        read: impl Iterator<Item = &'b Amounts>,
    ) -> Result<Vec<SetOutcome>, Fatal> {
        let outcome = |name: &&str| SetOutcome { name: (*name).to_owned(), ..SetOutcome::default() };
        let mut sets: Vec<SetOutcome> = self.sets.iter().map(outcome).collect();
        for (route, read) in self.routes.iter().zip(read) {
            if let Some(set) = sets.get_mut(route.set) {
                add(&mut set.routed, read)?;
            }
        }
        for ((set, _), amounts) in &totals.unrouted {
            if let Some(set) = sets.get_mut(*set) {
                add(&mut set.unrouted, amounts)?;
            }
        }
        for set in &sets {
            let mut sum = set.routed.clone();
            add(&mut sum, &set.unrouted)?;
            same(&set.name, &sum, &totals.routed).map_err(|error| diagnostics::imbalance(&error))?;
        }
        Ok(sets)
    }

    /// Reports unrouted rows, or answers why nothing may be written.
    pub(crate) fn report_unrouted(
        &self,
        totals: &RoutedTotals,
        policy: UnroutedPolicy,
        report: &mut RunReport,
    ) -> Option<Fatal> {
        let mut refused: Option<Fatal> = None;
        for ((set, said), amounts) in &totals.unrouted {
            let name = self.sets.get(*set).copied().unwrap_or_default();
            let said = if said.is_empty() { String::new() } else { format!(" with {said}") };
            let message = format!("no output of the set `{name}` takes {} rows{said}", amounts.rows);
            let found = |code| Diagnostic::new(code, Location::default(), message);
            match (policy, &mut refused) {
                (UnroutedPolicy::Report, _) => report.diagnostics.push(found(&NOT_TAKEN)),
                (UnroutedPolicy::Refuse, None) => refused = Some(Fatal::input(found(&NOT_TAKEN_REFUSED))),
                (UnroutedPolicy::Refuse, Some(fatal)) if fatal.diagnostics.len() < NAMED => {
                    fatal.diagnostics.push(found(&NOT_TAKEN_REFUSED));
                }
                (UnroutedPolicy::Refuse, Some(_)) => {}
            }
        }
        refused
    }
}

fn add(sum: &mut Amounts, more: &Amounts) -> Result<(), Fatal> {
    sum.add(more).map_err(|error| diagnostics::imbalance(&error))
}

/// Compares what a set has accounted for with what was routed. Money is compared over all
/// currencies: a row may not name its own, and the agreement of an output knows it.
fn same(set: &str, sum: &Amounts, routed: &Amounts) -> Result<(), Imbalance> {
    let paid = |amounts: &Amounts| {
        let mut sum = ExactSum::default();
        amounts.paid.values().for_each(|paid| sum.merge(paid));
        sum.to_string()
    };
    let moved = |amounts: &Amounts| amounts.moved().to_string();
    for (what, a, b) in [
        ("rows", sum.rows.to_string(), routed.rows.to_string()),
        ("plays", moved(sum), moved(routed)),
        ("microseconds", sum.micros.to_string(), routed.micros.to_string()),
        ("amounts paid", paid(sum), paid(routed)),
    ] {
        if a != b {
            let what = format!("{what} routed to the set `{set}`").into();
            return Err(Imbalance { what, read: b, accounted: a });
        }
    }
    Ok(())
}
