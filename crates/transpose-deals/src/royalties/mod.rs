//! The royalties of a deal for everything that was counted, and how they came about.
//!
//! The steps, in their order: each model's gross amount in the currency of reporting, exchange
//! included ([`crate::models`]); the greatest in each scope (`scopes`); the deal's share or fee and
//! withholding (`payments`); rounding (`statement`); the account (`account`).
//!
//! Invariant: nothing is rounded before the place that the deal names, and what is rounded adds up
//! to what was rounded.
//!
//! # Explanation
//!
//! One JSON object a line. Numbers are decimal text; an exact amount is
//! `{"fraction": "67/200", "decimal": "0.335"}`, the decimal rounded to 17 places where it does not
//! end. Every line has a `step`, and with it:
//!
//! - `deal`: `deal`, `label`, `period`, `currency` of reporting, `deal-currency`, the policies that
//!   hold, and `counted-days` where figures count by days;
//! - `exchange`: `from`, `rate`, `direction`, `date`, `source`, where it is;
//! - `scope`: `territory`, `tier` (absent: all); `candidates` with `model`, `amount`, `shortfall`
//!   and `parts`; `winner`;
//! - `kind`: a sales context, `usage` and `qualified`; `plays`, `returns`; `model`; `gross` of one
//!   play, the recipient's `share` and the `withholding` in per cent, `unit`: what one play is
//!   paid; `amount`;
//! - `rounding`: `at`, `places`, `mode`; `sums` with `currency` or sales context, `exact`,
//!   `rounded`;
//! - `unallocated`: `model`, the pool or scope, `amount`, and why it is not paid;
//! - `account`: `opening`, `earned`, `adjustments`, `recouped`, `shortfall`, `payable`,
//!   `unrecouped`.
//!
//! A part of a candidate names its sales context or pool, its `rate` (or `share`, `minimum`), its
//! base figures with the place where they are (`from`), what amounts of its currency are multiplied
//! with (`exchange`), the plays of the recipient and all plays with their source, and its `amount`.
//! `tests/royalties/audit.py` works everything out again from these lines.

mod account;
mod payments;
mod scopes;
mod statement;

pub(crate) use account::{OpeningBalance, advance_in, first_opening};

use crate::arithmetic::number::exact;
use crate::basis::{Basis, BasisInput, Candidate};
use crate::deal::Deal;
use crate::figures::ContextFigures;
use crate::models::AgreedModel;
use crate::policies::{RoundingLevel, Scope, TotalSource};
use serde_json::{Value, json};
use transpose_core::diagnostics::{Diagnostic, Severity};
use transpose_core::model::Field;
use transpose_core::terms::{Rounding, Royalties};

/// What is written into contexts: their number, the field, the text.
pub(crate) type Summaries = Vec<(usize, Field, String)>;

/// Works out royalties. The error lists everything that keeps them from being worked out.
pub(crate) fn work_out(
    deal: &Deal,
    input: BasisInput<'_>,
    figures: Vec<Option<ContextFigures>>,
    opening: Option<OpeningBalance>,
) -> Result<(Royalties, Summaries), Vec<Diagnostic>> {
    let mut basis = Basis::new(input, figures);
    let candidates: Vec<Candidate> = deal.models.iter().map(|model| model.amounts(&mut basis)).collect();
    refuse_errors(&mut basis)?;
    let policies = &deal.policies;
    let mut lines = vec![opening_line(deal, &basis)];
    lines.extend(basis.exchanges.values().cloned());
    let winners = scopes::winners(deal, &basis, &candidates, &mut lines);
    let (paid, stranded) = payments::pay(deal, &mut basis, &candidates, &winners, &mut lines);
    lines.append(&mut basis.unallocated);
    let mode = policies.rounding.mode.unwrap_or(Rounding::HalfUp);
    let sums = statement::sums(&basis, &paid, mode, &mut lines);
    let units = statement::units(deal, &mut basis, &paid, &sums);
    let mut summaries = statement::summaries(&basis, &candidates, &winners, &paid, &sums, mode);
    let mut royalties = Royalties {
        units,
        sums: statement::whole_sums(&mut basis, &sums),
        places: basis.places(),
        rounding: (policies.rounding.at == Some(RoundingLevel::Row)).then_some(mode),
        deal: policies.id.as_str().into(),
        ..Royalties::default()
    };
    if policies.rounding.at != Some(RoundingLevel::Row) {
        let earned = statement::earned(&basis, &paid, &sums, &stranded, mode);
        royalties.closing = account::closing(&mut basis, opening, &earned, mode, &mut lines);
    }
    let payable = royalties.closing.as_ref().map(|closing| exact(closing.payable));
    summaries.extend(statement::final_amounts(&basis, &paid, &sums, payable.as_ref(), mode));
    refuse_errors(&mut basis)?;
    royalties.explanation = lines.iter().fold(String::new(), |all, line| all + &line.to_string() + "\n");
    royalties.diagnostics = basis.diagnostics;
    Ok((royalties, summaries))
}

fn refuse_errors(basis: &mut Basis<'_>) -> Result<(), Vec<Diagnostic>> {
    if basis.diagnostics.iter().any(|diagnostic| diagnostic.code.severity == Severity::Error) {
        return Err(std::mem::take(&mut basis.diagnostics));
    }
    Ok(())
}

fn opening_line(deal: &Deal, basis: &Basis<'_>) -> Value {
    let policies = &deal.policies;
    json!({
        "step": "deal",
        "deal": policies.id,
        "label": policies.label,
        "period": basis.period().map(|period| period.to_string()),
        "currency": basis.reporting().code(),
        "deal-currency": policies.currency.code(),
        "models": deal.models.iter().map(AgreedModel::word).collect::<Vec<_>>(),
        "greater-of": policies.scope.map(Scope::word),
        "pool": policies.pool.map(Scope::word),
        "total": policies.total.map(TotalSource::word),
        "counted-days": basis.days().map(|(active, days)| json!({ "of-deal": active.to_string(), "of-period": days.to_string() })),
        "stands": policies.place.to_string(),
    })
}
