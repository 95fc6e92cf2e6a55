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
//!   hold, the `reduction` where what all labels get is above a ceiling, and `counted-days` where
//!   figures count by days;
//! - `most-favoured`: `model` and `key` of a rate of which another `deal` has more than the `own`,
//!   and that `rate`, which is taken;
//! - `subscribers`: of a sales context, how many there are and what they are made of: `counted`, or
//!   `by-plan` with factors, or the `equivalents` of the figures, with `partial-days`; `trials`;
//! - `total`: of a part of the pool's scope, all plays and the `parts` that make them;
//! - `exchange`: `from`, `rate`, `direction`, `date`, `source`, where it is;
//! - `scope`: `territory`, `tier` (absent: all); `candidates` with `model`, `amount`, `shortfall`
//!   and `parts`; `winner`;
//! - `kind`: a sales context, `usage` and `qualified`; `plays`, `returns`; `model`; `gross` of one
//!   play, the recipient's `share` and the `withholding` in per cent, `unit`: what one play is
//!   paid; `amount`;
//! - `rounding`: `at`, `places`, `mode`; `sums` with `currency` or sales context, `exact`,
//!   `rounded`;
//! - `unallocated`: `model`, the pool or scope, `amount`, and why it is not paid;
//! - `account`: what the statement says: `gross`, `share`, `withheld`, `earned`, and `opening`,
//!   `adjustments`, `recouped`, `shortfall`, `grossed-up`, `payable`, `unrecouped`.
//!
//! Late refunds are taken back by the deal that paid the sales: its lines follow, a `deal` line
//! first.
//!
//! A part of a candidate names its sales context or pool, its `rate` (or `share`, `minimum`), its
//! base figures with the place where they are (`from`), what amounts of its currency are multiplied
//! with (`exchange`), the plays of the recipient and all plays with their source, and its `amount`.
//! `tests/royalties/audit.py` works everything out again from these lines.

mod account;
mod payments;
mod scopes;
mod statement;

pub(crate) use account::{Closing, OpeningBalance, advance_in, first_opening};

use crate::arithmetic::number::whole;
use crate::arithmetic::plays::MissingDuration;
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, BasisInput, Candidate};
use crate::deal::Deal;
use crate::figures::ContextFigures;
use crate::models::AgreedModel;
use crate::policies::{self, Rates, RoundingLevel, Scope, TotalSource, WithholdingBase};
use payments::PaidUsage;
use serde_json::{Value, json};
use transpose_codes::decimal::Decimal;
use transpose_core::diagnostics::{Diagnostic, Severity};
use transpose_core::model::Field;
use transpose_core::terms::{Rounding, Royalties};

/// What is written into contexts: their number, the field, the text.
pub(crate) type Summaries = Vec<(usize, Field, String)>;

/// Late refunds of sales that another deal paid.
pub(crate) struct EarlierDeal<'a> {
    pub(crate) deal: &'a Deal,
    /// For each kind of usages whether the deal paid the sales.
    pub(crate) pays: Vec<bool>,
}

/// Works out royalties. The error lists everything that keeps them from being worked out. The
/// account is closed later, once every row is rounded: see [`Closing`].
pub(crate) fn work_out(
    deal: &Deal,
    earlier: &[EarlierDeal<'_>],
    input: BasisInput<'_>,
    figures: Vec<Option<ContextFigures>>,
) -> Result<(Royalties, Summaries), Vec<Diagnostic>> {
    let late = earlier_payments(earlier, input, &figures)?;
    let mut basis = Basis::new(input, figures);
    let candidates: Vec<Candidate> = deal.models.iter().map(|model| model.amounts(&mut basis)).collect();
    refuse_errors(&mut basis)?;
    let policies = &deal.policies;
    let mut lines = vec![opening_line(deal, &basis)];
    lines.extend(basis.exchanges.values().cloned());
    lines.extend(basis.favoured.values().cloned());
    lines.extend(basis.subscriber_counts.values().cloned());
    lines.extend(basis.total_counts.values().cloned());
    let winners = scopes::winners(deal, &basis, &candidates, &mut lines);
    let (mut paid, stranded) = payments::pay(deal, &mut basis, &candidates, &winners, &mut lines);
    let compared = payments::compared(deal, &mut basis, &candidates, &winners);
    for (usages, shown) in late {
        paid.extend(usages);
        lines.extend(shown);
    }
    lines.append(&mut basis.unallocated);
    let mode = policies.rounding.mode.unwrap_or(Rounding::HalfUp);
    let sums = statement::sums(&basis, &paid, mode, &mut lines);
    let units = statement::units(&mut basis, &paid, &sums, |amounts| amounts.net.clone());
    let further = statement::further(&mut basis, &paid, mode);
    let summaries = statement::summaries(&basis, &candidates, &winners, &paid, &sums, mode);
    let compared: Vec<(Box<str>, Decimal)> = compared
        .into_iter()
        .map(|(model, net)| (model.into(), statement::held(&mut basis, &net, mode)))
        .collect();
    let royalties = Royalties {
        compared,
        units,
        sums: statement::whole_sums(&mut basis, &sums),
        places: basis.places(),
        rounding: (policies.rounding.at == Some(RoundingLevel::Row)).then_some(mode),
        deal: policies.id.as_str().into(),
        further,
        unreported: statement::unreported(&mut basis, &stranded, &paid, mode),
        explanation: lines.iter().fold(String::new(), |all, line| all + &line.to_string() + "\n"),
        ..Royalties::default()
    };
    refuse_errors(&mut basis)?;
    Ok((Royalties { diagnostics: basis.diagnostics, ..royalties }, summaries))
}

/// What late refunds take back, each by the deal that paid the sale, with what auditors see.
fn earlier_payments<'a>(
    earlier: &'a [EarlierDeal<'a>],
    input: BasisInput<'a>,
    figures: &[Option<ContextFigures>],
) -> Result<Vec<(Vec<PaidUsage<'a>>, Vec<Value>)>, Vec<Diagnostic>> {
    let mut late = Vec::new();
    for EarlierDeal { deal, pays } in earlier {
        let input = BasisInput {
            policies: &deal.policies,
            period: None,
            pays: Some(pays),
            favoured: &[],
            reduction: None,
            is_earlier: true,
            ..input
        };
        let mut basis = Basis::new(input, figures.to_vec());
        let candidates: Vec<Candidate> = deal.models.iter().map(|model| model.amounts(&mut basis)).collect();
        refuse_errors(&mut basis)?;
        let mut lines = vec![opening_line(deal, &basis)];
        lines.extend(basis.exchanges.values().cloned());
        let winners = scopes::winners(deal, &basis, &candidates, &mut lines);
        let (paid, _) = payments::pay(deal, &mut basis, &candidates, &winners, &mut lines);
        refuse_errors(&mut basis)?;
        late.push((paid, lines));
    }
    Ok(late)
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
        "counts": policies.counts.map(|counts| policies::COUNTS.iter().find(|(_, known)| *known == counts).map(|(word, _)| *word)),
        "previews": policies.previews,
        "missing-duration": policies.missing.map(|missing| if missing == MissingDuration::Count { "count" } else { "exclude" }),
        "minimum-seconds": basis.threshold().map(|micros| plain(&(whole(micros) / whole(1_000_000)))),
        "total": policies.total.map(TotalSource::word),
        "withholding": policies.withholding.as_ref().and_then(Rates::single).map(|rate| plain(&rate)),
        "withholding-from": policies.withholding_from.map(WithholdingBase::word),
        "reduction": basis.reduction().map(amount),
        "counted-days": basis.days().map(|(active, days)| json!({ "of-deal": active.to_string(), "of-period": days.to_string() })),
        "stands": policies.place.to_string(),
    })
}
