//! Ceilings of a job: what the outputs of a set get together is at most a share of the revenue.
//! Where it is more, every gross amount of the set is reduced in proportion, and the reports are
//! made anew from the same inputs; nothing has appeared by then.

use super::outputs::PreparedOutput;
use crate::diagnostics::usage_error;
use transpose_codes::decimal::{self, Decimal};
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_deals::job::{Ceiling, Job};
use transpose_engine::Outcome;

transpose_core::codes! {
    /// Amounts above a ceiling.
    pub(crate) REDUCED: "CLI0502" "amounts-reduced" Warning
        "What the outputs of a set get together is above the ceiling of the job, so each is reduced in proportion."
        "Nothing, if that is agreed; the explanation of the amounts has the `reduction`."
    /// A ceiling that cannot be worked out.
    pub(crate) NO_CEILING: "CLI0503" "ceiling-unknown" Error
        "A ceiling is a share of the net revenue of the figures, in the currency in which all outputs of the set are reported."
        "Give every row of the figures of the period its `net-revenue`, and let all agreements of the set report in one currency."
}

/// A set whose outputs get too much.
pub(super) struct Reduction {
    set: usize,
    to: Decimal,
    of: Decimal,
    pub(super) warning: Diagnostic,
}

impl Reduction {
    /// Reduces the amounts of the outputs of the set.
    pub(super) fn apply(&self, job: &Job, prepared: &mut [PreparedOutput<'_>]) {
        let outputs = job.outputs.iter().zip(prepared).filter(|(output, _)| output.set == self.set);
        for terms in outputs.filter_map(|(_, prepared)| prepared.terms.as_mut()) {
            terms.reduce(self.to, self.of);
        }
    }
}

/// The sets whose outputs get more than the job allows.
pub(super) fn exceeded(
    job: &Job,
    prepared: &[PreparedOutput<'_>],
    outcomes: &[Outcome],
) -> Result<Vec<Reduction>, Fatal> {
    let mut reductions = Vec::new();
    for ceiling in &job.ceilings {
        let outputs = job.outputs.iter().zip(prepared.iter().zip(outcomes));
        let of_set = outputs.filter(|(output, _)| output.set == ceiling.set).map(|(_, made)| made);
        let paid: Vec<_> = of_set
            .filter_map(|(prepared, outcome)| {
                Some((prepared.terms.as_ref()?, &outcome.royalties.as_ref()?.totals))
            })
            .collect();
        let Some((terms, first)) = paid.first() else { continue };
        if paid.iter().any(|(_, totals)| totals.currency != first.currency) {
            return Err(unknown(job, ceiling, "its outputs are reported in several currencies"));
        }
        let Some(revenue) = terms.net_revenue() else {
            return Err(unknown(job, ceiling, "the figures lack `net-revenue`"));
        };
        let sum = paid.iter().try_fold(Decimal::ZERO, |sum, (_, totals)| decimal::sum(sum, totals.gross));
        let most = revenue.checked_mul(ceiling.share).map(|most| most / Decimal::ONE_HUNDRED);
        let Some((sum, most)) = sum.zip(most) else {
            return Err(unknown(job, ceiling, "an amount has too many digits"));
        };
        if sum > most {
            let message = format!(
                "the outputs of the set `{}` come to {sum} {}, above {} % of {revenue}: each amount is multiplied with {} / {sum}",
                name(job, ceiling),
                first.currency,
                ceiling.share,
                most.normalize()
            );
            let warning = Diagnostic::new(&REDUCED, ceiling.place.clone(), message);
            reductions.push(Reduction { set: ceiling.set, to: most, of: sum, warning });
        }
    }
    Ok(reductions)
}

fn name<'a>(job: &'a Job, ceiling: &Ceiling) -> &'a str {
    job.sets.get(ceiling.set).map(String::as_str).unwrap_or_default()
}

fn unknown(job: &Job, ceiling: &Ceiling, why: &str) -> Fatal {
    let message = format!("the ceiling of the set `{}` is unknown: {why}", name(job, ceiling));
    let mut fatal = usage_error(&NO_CEILING, message);
    for diagnostic in &mut fatal.diagnostics {
        diagnostic.location = ceiling.place.clone();
    }
    fatal
}
