//! The account of a deal in one period: what it brings in, what earnings are set against, and what
//! is left over. Between periods it is in the balances ([`crate::balances`]).

use super::statement::too_long;
use crate::arithmetic::account::{recoup, shortfall};
use crate::arithmetic::money::grossed_up;
use crate::arithmetic::number::{Exact, decimal, exact, fits, per_cent, round, rounded, text, zero};
use crate::basis::explain::plain;
use crate::policies::{Policies, Rates, WithholdingBase};
use num_traits::Signed;
use serde_json::{Value, json};
use transpose_codes::Currency;
use transpose_codes::decimal::{Decimal, MAX_DIGITS};
use transpose_codes::time::Period;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::terms::{ClosingBalance, Earnings, Rounding, Royalties, StatementTotals};

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

/// What an account is closed with.
pub(crate) struct Closing<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) period: Option<Period>,
    /// The currency of reporting.
    pub(crate) currency: Currency,
    pub(crate) opening: Option<OpeningBalance>,
}

impl Closing<'_> {
    /// Fills what the statement and the account say, once it is known what usages earn.
    pub(crate) fn close(&self, royalties: &mut Royalties, rows: Earnings) -> Result<(), Vec<Diagnostic>> {
        let policies = self.policies;
        let opening = self.known_opening().map_err(|diagnostic| vec![diagnostic])?;
        let unreported = royalties.unreported;
        let earned = exact(rows.earned) + exact(unreported.earned);
        let withheld = exact(rows.withheld) + exact(unreported.withheld);
        let gross = exact(rows.gross) + exact(unreported.gross);
        // Corrections and late refunds are set against the advance as earnings are.
        let income = &earned + exact(opening.adjustments);
        let after = recoup(&exact(opening.unrecouped), &income);
        let missing = self.missing(&exact(opening.earned), &income);
        let expired = if self.expires() { after.unrecouped.clone().max(zero()) } else { zero() };
        let due = &after.payable + &missing;
        let tax = self.tax(&due);
        let of_payment = |base| if policies.withholding_from == Some(base) { tax.clone() } else { zero() };
        let (from_payment, grossed_up) =
            (of_payment(WithholdingBase::Payment), of_payment(WithholdingBase::GrossUp));
        let mut places = policies.places(self.currency);
        // Balances may have more places than amounts are rounded to.
        let amounts = [&earned, &income, &after.recouped, &after.unrecouped];
        places = (places..=MAX_DIGITS)
            .find(|places| amounts.iter().all(|one| fits(one, *places)))
            .unwrap_or(places);
        let held = |number: &Exact| self.held(number, places).map_err(|diagnostic| vec![diagnostic]);
        let totals = StatementTotals {
            currency: self.currency.code().into(),
            gross: held(&gross)?,
            share: held(&(&earned + &withheld))?,
            withheld: held(&(&withheld + &tax))?,
            earned: held(&earned)?,
            adjusted: held(&exact(opening.adjustments))?,
            recouped: held(&after.recouped)?,
            shortfall: held(&missing)?,
            grossed_up: held(&grossed_up)?,
            payable: held(&(&due - &from_payment))?,
            expired: held(&expired)?,
            unrecouped: held(&(&after.unrecouped - &expired))?,
        };
        royalties.explanation.push_str(&explained(&opening, &totals).to_string());
        royalties.explanation.push('\n');
        if earned.is_negative() {
            let message =
                format!("{} {} were earned under the deal `{}`", plain(&earned), self.currency, policies.id);
            royalties.diagnostics.push(Diagnostic::new(&NEGATIVE_MONTH, policies.place.clone(), message));
        }
        royalties.closing = match self.period {
            Some(period) => Some(ClosingBalance {
                account: policies.id.as_str().into(),
                period,
                currency: totals.currency.clone(),
                earned: totals.earned,
                withheld_of_earnings: held(&withheld)?,
                withheld_of_payment: held(&from_payment)?,
                grossed_up: totals.grossed_up,
                recouped: totals.recouped,
                payable: totals.payable,
                expired: totals.expired,
                unrecouped: totals.unrecouped,
            }),
            None => None,
        };
        royalties.totals = totals;
        Ok(())
    }

    /// What is missing of a guarantee whose term ends in the period.
    fn missing(&self, before: &Exact, income: &Exact) -> Exact {
        let Some((period, advance)) = self.period.zip(self.policies.advance.as_ref()) else { return zero() };
        let ends =
            advance.at_end && advance.last.last() <= period.last() && period.first() <= advance.last.last();
        if ends { shortfall(&exact(advance.amount), &(before + income)) } else { zero() }
    }

    /// Whether what is left of an advance is not set against later earnings.
    fn expires(&self) -> bool {
        let Some((period, advance)) = self.period.zip(self.policies.advance.as_ref()) else { return false };
        advance.expires && period.first() <= advance.last.last() && advance.last.last() <= period.last()
    }

    /// The tax on a payment, where it is not withheld of earnings.
    fn tax(&self, due: &Exact) -> Exact {
        let policies = self.policies;
        let rate = policies.withholding.as_ref().and_then(Rates::single);
        let Some(rate) = rate.filter(|_| due.is_positive()).map(|rate| per_cent(&rate)) else {
            return zero();
        };
        let tax = match policies.withholding_from {
            None | Some(WithholdingBase::Earnings) => zero(),
            Some(WithholdingBase::Payment) => due * rate,
            Some(WithholdingBase::GrossUp) => {
                grossed_up(due, &rate).map_or_else(zero, |payment| payment - due)
            }
        };
        round(&tax, policies.places(self.currency), policies.rounding.mode.unwrap_or(Rounding::HalfUp))
    }

    /// The number, which is rounded already, as a decimal. What has too many digits is refused.
    fn held(&self, number: &Exact, places: u32) -> Result<Decimal, Diagnostic> {
        let mode = self.policies.rounding.mode.unwrap_or(Rounding::HalfUp);
        decimal(&rounded(number, places, mode), places).ok_or_else(|| too_long(self.policies, number))
    }

    /// What the account brings into the period. Without balances that is known only where a term
    /// begins, or where there is no advance.
    fn known_opening(&self) -> Result<OpeningBalance, Diagnostic> {
        let policies = self.policies;
        let known = self.opening.or_else(|| match self.period {
            Some(period) => first_opening(policies, period),
            None => policies.advance.is_none().then(OpeningBalance::default),
        });
        known.ok_or_else(|| {
            let since =
                policies.advance.as_ref().map(|advance| advance.first.to_string()).unwrap_or_default();
            let place = policies.advance.as_ref().map_or(&policies.place, |advance| &advance.place);
            let message = format!(
                "the deal `{}` has an advance since {since}, and what is left of it is unknown",
                policies.id
            );
            Diagnostic::new(&NO_OPENING, place.clone(), message)
        })
    }
}

/// The account as auditors see it.
fn explained(opening: &OpeningBalance, totals: &StatementTotals) -> Value {
    json!({
        "step": "account", "gross": shown(totals.gross), "share": shown(totals.share),
        "withheld": shown(totals.withheld), "opening": shown(opening.unrecouped),
        "earned": shown(totals.earned), "adjustments": shown(totals.adjusted),
        "recouped": shown(totals.recouped), "shortfall": shown(totals.shortfall),
        "grossed-up": shown(totals.grossed_up), "payable": shown(totals.payable),
        "expired": shown(totals.expired), "unrecouped": shown(totals.unrecouped),
    })
}

/// An amount as auditors see it.
fn shown(amount: Decimal) -> String {
    text(&exact(amount), MAX_DIGITS)
}
