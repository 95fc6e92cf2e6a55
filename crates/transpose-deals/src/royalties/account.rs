//! The account of a deal in one period: what it brings in, what earnings are set against, and what
//! is left over. Between periods it is in the balances ([`crate::balances`]).

use super::statement::held;
use crate::arithmetic::account::{recoup, shortfall};
use crate::arithmetic::number::{Exact, exact, text, zero};
use crate::basis::Basis;
use crate::basis::explain::plain;
use crate::policies::Policies;
use num_traits::Signed;
use serde_json::{Value, json};
use transpose_codes::decimal::Decimal;
use transpose_codes::time::Period;
use transpose_core::terms::{ClosingBalance, Rounding};

transpose_core::codes! {
    /// A month in which more is returned than earned.
    pub(crate) NEGATIVE_MONTH: "DEA0527" "negative-month" Warning
        "Returns exceed earnings in the period. Nothing is paid, and the difference is recouped from later earnings."
        "Keep the balances (`balances.toml`), so that the next period knows of it."
    /// An account of which nothing is known.
    pub(crate) NO_OPENING: "DEA0531" "no-opening-balance" Error
        "The deal has an advance or a guarantee, and what earlier periods left of it is unknown."
        "Give the balances of the periods before. Where there are none, write `[[account]]` with `opening` (and `earned` of a guarantee) into the balances."
}

/// What an account brings into a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpeningBalance {
    /// What of advances, and of months that were negative, is left to be earned.
    pub(crate) unrecouped: Decimal,
    /// What was earned in the term so far.
    pub(crate) earned: Decimal,
    /// Corrections and late refunds of the period.
    pub(crate) adjustments: Decimal,
}

/// The advance that is paid in the period.
pub(crate) fn advance_in(policies: &Policies, period: Period) -> Decimal {
    let begins = policies.advance.as_ref().filter(|advance| {
        !advance.at_end && period.first() <= advance.first.first() && advance.first.first() <= period.last()
    });
    begins.map_or(Decimal::ZERO, |advance| advance.amount)
}

/// What an account begins with that is not there yet; nothing where a term has begun before.
pub(crate) fn first_opening(policies: &Policies, period: Period) -> Option<OpeningBalance> {
    let running = policies.advance.as_ref().is_some_and(|advance| {
        advance.first.first() < period.first() && period.first() <= advance.last.last()
    });
    (!running)
        .then(|| OpeningBalance { unrecouped: advance_in(policies, period), ..OpeningBalance::default() })
}

/// The account after the period.
pub(super) fn closing(
    basis: &mut Basis<'_>,
    opening: Option<OpeningBalance>,
    earned: &Exact,
    mode: Rounding,
    lines: &mut Vec<Value>,
) -> Option<ClosingBalance> {
    let policies = basis.policies();
    let period = basis.period()?;
    let opening = known_opening(basis, opening, period)?;
    if earned.is_negative() {
        let currency = basis.reporting();
        let message = format!("{} {currency} were earned under the deal `{}`", plain(earned), policies.id);
        basis.report_deal(&NEGATIVE_MONTH, message);
    }
    // Corrections and late refunds are set against the advance as earnings are.
    let income = earned + exact(opening.adjustments);
    let after = recoup(&exact(opening.unrecouped), &income);
    let ends = policies.advance.as_ref().filter(|advance| {
        advance.at_end && advance.last.last() <= period.last() && period.first() <= advance.last.last()
    });
    let missing = ends
        .map_or_else(zero, |advance| shortfall(&exact(advance.amount), &(exact(opening.earned) + &income)));
    let payable = &after.payable + &missing;
    lines.push(json!({
        "step": "account", "opening": text(&exact(opening.unrecouped), 28), "earned": plain(earned),
        "adjustments": text(&exact(opening.adjustments), 28), "recouped": plain(&after.recouped),
        "shortfall": plain(&missing), "payable": plain(&payable), "unrecouped": plain(&after.unrecouped),
    }));
    Some(ClosingBalance {
        account: policies.id.as_str().into(),
        period,
        currency: basis.reporting().code().into(),
        earned: held(basis, earned, mode),
        recouped: held(basis, &after.recouped, mode),
        payable: held(basis, &payable, mode),
        unrecouped: held(basis, &after.unrecouped, mode),
    })
}

/// What the account brings into the period. Without balances that is known only where a term
/// begins, or where there is no advance.
fn known_opening(
    basis: &mut Basis<'_>,
    given: Option<OpeningBalance>,
    period: Period,
) -> Option<OpeningBalance> {
    let policies = basis.policies();
    let known = given.or_else(|| first_opening(policies, period));
    if known.is_none()
        && let Some(advance) = &policies.advance
    {
        let message = format!(
            "the deal `{}` has an advance since {}, and what is left of it is unknown",
            policies.id, advance.first
        );
        basis.report(&NO_OPENING, &advance.place, message);
    }
    known
}
