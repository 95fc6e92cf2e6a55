//! Which deal paid the sale that a late refund takes back: the one with the label that held then.

use super::PeriodTerms;
use crate::deal::Deal;
use crate::models::Need;
use crate::royalties::EarlierDeal;
use transpose_codes::time::{Date, Period};
use transpose_core::diagnostics::Diagnostic;
use transpose_core::model::{Entity, Field};
use transpose_core::terms::UsageTotal;

transpose_core::codes! {
    /// A late refund of a sale whose deal is not there.
    pub(crate) LATE_REFUND_WITHOUT_DEAL: "DEA0539" "late-refund-without-deal" Error
        "A late refund takes back what the sale was paid, and the agreement does not have the one deal with the label that held when it was made."
        "Keep the deals of earlier periods in the agreement, with `until`, and name the `original-period` under `[refunds]` where the sales are not in the inputs."
    /// A late refund of a sale that was not paid by a rate.
    pub(crate) LATE_REFUND_OF_POOL: "DEA0540" "late-refund-of-pool" Error
        "A late refund takes back what the sale was paid. Under a deal that compares several models or deals, or shares pools, that follows from all plays and figures of the period of the sale, which are not in this run."
        "Enter what is taken back into the balances, as an `[[account.adjustment]]` of kind `late-refund`, and leave the refunds out (`unmatched-refunds = \"reject\"` under `[policies]`)."
}

impl PeriodTerms {
    /// The deals other than the one of the report that paid sales of which there are late refunds.
    pub(super) fn earlier_deals<'a>(
        &'a self,
        deal: &'a Deal,
        played: &[UsageTotal<'_>],
    ) -> Result<Vec<EarlierDeal<'a>>, Vec<Diagnostic>> {
        let mut earlier: Vec<EarlierDeal<'a>> = Vec::new();
        for (number, total) in played.iter().enumerate() {
            let Some(period) = original_period(total.usage) else { continue };
            let paid = self.paid_then(deal, period).map_err(|diagnostic| vec![diagnostic])?;
            if std::ptr::eq(paid, deal) {
                continue;
            }
            let pooled =
                [Need::Pool, Need::Subscribers, Need::Users].into_iter().any(|need| paid.needs(need));
            if pooled || paid.models.len() > 1 || !paid.policies.most_favoured.is_empty() {
                let message = format!(
                    "there are late refunds of sales of {period}, which the deal `{}` paid",
                    paid.policies.id
                );
                return Err(vec![Diagnostic::new(
                    &LATE_REFUND_OF_POOL,
                    paid.policies.place.clone(),
                    message,
                )]);
            }
            let known = earlier.iter().position(|one| std::ptr::eq(one.deal, paid));
            let place = known.unwrap_or_else(|| {
                earlier.push(EarlierDeal { deal: paid, pays: vec![false; played.len()] });
                earlier.len() - 1
            });
            if let Some(pays) = earlier.get_mut(place).and_then(|one| one.pays.get_mut(number)) {
                *pays = true;
            }
        }
        Ok(earlier)
    }

    /// The deal with the label of another deal that held in a period; its own where it has no first
    /// day and no other one held then.
    fn paid_then<'a>(&'a self, deal: &'a Deal, period: Period) -> Result<&'a Deal, Diagnostic> {
        let is_same = |other: &&Deal| {
            let mut names = other.policies.names();
            other.policies.id == deal.policies.id
                || names.any(|name| deal.policies.names().any(|own| own == name))
        };
        let held: Vec<&Deal> = self
            .agreement
            .deals
            .iter()
            .filter(|other| other.policies.holds_in(period))
            .filter(is_same)
            .collect();
        match held.as_slice() {
            [one] => Ok(one),
            several => {
                let label = &deal.policies.label;
                let message = if several.is_empty() {
                    format!("there are late refunds of sales of {period}, when no deal with `{label}` held")
                } else {
                    let ids: Vec<String> =
                        several.iter().map(|deal| format!("`{}`", deal.policies.id)).collect();
                    format!(
                        "there are late refunds of sales of {period}, when several deals with `{label}` held: {}",
                        ids.join(", ")
                    )
                };
                Err(Diagnostic::new(&LATE_REFUND_WITHOUT_DEAL, deal.policies.place.clone(), message))
            }
        }
    }
}

/// The period of the sales that usages take back.
fn original_period(usage: &Entity) -> Option<Period> {
    let day = |field| usage.text(field).and_then(|text| Date::parse(text).ok());
    Period::range(day(Field::USAGE_VALID_FROM)?, day(Field::USAGE_VALID_UNTIL)?).ok()
}
