//! The account of a deal in one period: what it brings in, what earnings are set against, and what
//! is left over. Between periods it is in the balances ([`crate::balances`]).

use super::statement::too_long;
use crate::arithmetic::account::{recoup, shortfall};
use crate::arithmetic::money::grossed_up;
use crate::arithmetic::number::{Exact, decimal, exact, fits, per_cent, round, rounded, text, zero};
use crate::basis::explain::plain;
use crate::policies::{Policies, Rates, WithholdingBase};
use num_traits::{Signed, Zero};
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
    /// What is missing of a guarantee, where tracks get it.
    pub(crate) BREAKAGE_TO_TRACKS: "DEA0545" "breakage-to-tracks" Warning
        "The term of a guarantee has ended, and what is missing of it is not in this payment: it goes to the tracks of the term."
        "Report the term as one period under a deal with the model `breakage` and the same balances."
    /// An account of which nothing is known.
    pub(crate) NO_OPENING: "DEA0531" "no-opening-balance" Error
        "The deal has an advance or a guarantee, or compares models over a term, and what earlier periods left of it is unknown."
        "Give the balances of the periods before. Where there are none, write `[[account]]` with `opening` (and `earned` of a guarantee) into the balances."
}

/// What an account brings into a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpeningBalance {
    /// What of advances, and of months that were negative, is left to be earned.
    pub(crate) unrecouped: Decimal,
    /// What was earned in the term so far.
    pub(crate) earned: Decimal,
    /// Corrections and late refunds of the period.
    pub(crate) adjustments: Decimal,
    /// What each model came to in the earlier periods of a term over which they are compared.
    pub(crate) compared: Vec<(String, Decimal)>,
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
    let compares = policies
        .true_up
        .as_ref()
        .is_some_and(|term| term.first.first() < period.first() && period.first() <= term.last.last());
    (!running && !compares)
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
        let true_up = self.true_up(&opening, royalties);
        let adjusted = exact(opening.adjustments) + &true_up;
        let income = &earned + &adjusted;
        let after = recoup(&exact(opening.unrecouped), &income);
        let missing = self.missing(&exact(opening.earned), &income);
        let to_tracks = policies.advance.as_ref().is_some_and(|advance| advance.to_tracks);
        let (missing, breakage) = if to_tracks { (zero(), missing) } else { (missing, zero()) };
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
            adjusted: held(&adjusted)?,
            recouped: held(&after.recouped)?,
            shortfall: held(&missing)?,
            grossed_up: held(&grossed_up)?,
            payable: held(&(&due - &from_payment))?,
            expired: held(&expired)?,
            unrecouped: held(&(&after.unrecouped - &expired))?,
        };
        let mut line = explained(&opening, &totals);
        if let Some(line) = line.as_object_mut() {
            for (key, amount) in [("true-up", &true_up), ("breakage", &breakage)] {
                if !amount.is_zero() {
                    line.insert(key.to_owned(), json!(shown(held(amount)?)));
                }
            }
        }
        royalties.explanation.push_str(&line.to_string());
        royalties.explanation.push('\n');
        if earned.is_negative() {
            let message =
                format!("{} {} were earned under the deal `{}`", plain(&earned), self.currency, policies.id);
            royalties.diagnostics.push(Diagnostic::new(&NEGATIVE_MONTH, policies.place.clone(), message));
        }
        if !breakage.is_zero() {
            let message = format!(
                "{} {} are missing of the guarantee of the deal `{}`",
                held(&breakage)?,
                self.currency,
                policies.id
            );
            royalties.diagnostics.push(Diagnostic::new(&BREAKAGE_TO_TRACKS, policies.place.clone(), message));
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
                breakage: held(&breakage)?,
                true_up: held(&true_up)?,
                compared: royalties.compared.clone(),
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

    /// What the greatest model of a term that ends comes to more than the one that paid.
    fn true_up(&self, opening: &OpeningBalance, royalties: &Royalties) -> Exact {
        let term = self.policies.true_up.as_ref().zip(self.period);
        let Some((term, _)) = term.filter(|(term, period)| term.ends_in(*period)) else { return zero() };
        let sums = royalties.compared.iter().map(|(model, amount)| {
            let earlier = opening.compared.iter().filter(|(known, _)| **known == **model);
            let earlier: Exact = earlier.map(|(_, amount)| exact(*amount)).sum();
            (model, earlier + exact(*amount))
        });
        let sums: Vec<_> = sums.collect();
        let paid = sums.iter().find(|(model, _)| ***model == *term.pays).map(|(_, sum)| sum.clone());
        let most = sums.into_iter().map(|(_, sum)| sum).max();
        most.zip(paid).map_or_else(zero, |(most, paid)| most - paid)
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
        let known = self.opening.clone().or_else(|| match self.period {
            Some(period) => first_opening(policies, period),
            None => (policies.advance.is_none() && policies.true_up.is_none()).then(OpeningBalance::default),
        });
        known.ok_or_else(|| {
            let (message, place) = match (&policies.advance, &policies.true_up) {
                (None, Some(term)) => (
                    format!(
                        "the deal `{}` compares models since {}, and what they came to is unknown",
                        policies.id, term.first
                    ),
                    &term.place,
                ),
                (advance, _) => (
                    format!(
                        "the deal `{}` has an advance since {}, and what is left of it is unknown",
                        policies.id,
                        advance.as_ref().map(|advance| advance.first.to_string()).unwrap_or_default()
                    ),
                    advance.as_ref().map_or(&policies.place, |advance| &advance.place),
                ),
            };
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
