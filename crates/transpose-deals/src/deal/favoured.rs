//! Most favoured recipients: of each rate the greatest that the deal or one of those it names has,
//! from the day on which that one holds.

use super::Deal;
use crate::basis::FavouredRates;
use crate::policies::{CONTRADICTING_TERMS, Policies};
use crate::toml::reader::Reader;
use transpose_codes::time::{Date, Period};
use transpose_core::diagnostics::Diagnostic;

transpose_core::codes! {
    /// A deal that is to be compared and is not there.
    pub(crate) UNKNOWN_DEAL: "DEA0543" "unknown-favoured-deal" Error
        "A deal has the best rates of other deals, and one of those that it names is not in the agreement."
        "Correct the id under `most-favoured`, or add the `[[deal]]` to the same agreement."
    /// A deal that is to be compared and holds on some of the days.
    pub(crate) FAVOURED_IN_PART: "DEA0544" "favoured-deal-in-part" Error
        "A deal with which this one is compared begins or ends within the days that are paid, so that there is a rate before and another after."
        "End the own deal (`until`) the day before, and let one with the same terms begin (`from`) on the day."
}

/// Reports deals under `most-favoured` that cannot be compared.
pub(super) fn report(reader: &mut Reader, deals: &[Deal]) {
    for deal in deals {
        for (id, at) in &deal.policies.most_favoured {
            let found = deals.iter().find(|other| other.policies.id == *id && *id != deal.policies.id);
            let Some(other) = found else {
                let message =
                    format!("the deal `{}` is compared with `{id}`, which is not there", deal.policies.id);
                reader.report(&UNKNOWN_DEAL, *at, message);
                continue;
            };
            let mut favoured = deal.models.iter().filter(|model| model.favoured().next().is_some());
            let comparable = favoured.any(|model| other.models.iter().any(|one| one.word() == model.word()));
            let wrong = if !comparable {
                Some("they have no model in common with a rate of which the greater can be taken")
            } else if other.policies.currency != deal.policies.currency {
                Some("they are in different currencies")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                let message = format!("the deal `{}` is compared with `{id}`, and {wrong}", deal.policies.id);
                reader.report(&CONTRADICTING_TERMS, *at, message);
            }
        }
    }
}

/// The rates of other deals that are the least that a deal pays in a period.
pub(crate) fn favoured<'a>(
    deal: &Deal,
    deals: &'a [Deal],
    period: Option<Period>,
) -> Result<Vec<FavouredRates<'a>>, Diagnostic> {
    let mut holding = Vec::new();
    for (id, _) in &deal.policies.most_favoured {
        let Some(other) = deals.iter().find(|other| other.policies.id == *id) else { continue };
        match holds(&other.policies, days(&deal.policies, period)) {
            Some(true) => holding.extend(other.models.iter().flat_map(|model| {
                let (deal, model_word) = (other.policies.id.as_str(), model.word());
                model.favoured().map(move |rates| FavouredRates { deal, model: model_word, rates })
            })),
            Some(false) => {}
            None => {
                let shown =
                    period.map_or_else(|| "an unknown period".to_owned(), |period| period.to_string());
                let message = format!(
                    "the deal `{id}`, with which `{}` is compared, holds on some of the days of {shown}",
                    deal.policies.id
                );
                return Err(Diagnostic::new(&FAVOURED_IN_PART, deal.policies.place.clone(), message));
            }
        }
    }
    Ok(holding)
}

/// The days that a deal pays, each end open where nothing bounds it.
fn days(policies: &Policies, period: Option<Period>) -> (Option<Date>, Option<Date>) {
    let first = policies.from.into_iter().chain(period.map(Period::first)).max();
    let last = policies.until.into_iter().chain(period.map(Period::last)).min();
    (first, last)
}

/// Whether a deal holds on all of the days or on none of them; nothing where it is some.
fn holds(policies: &Policies, (first, last): (Option<Date>, Option<Date>)) -> Option<bool> {
    let begins = |day: Option<Date>| policies.from.is_none_or(|from| day.is_some_and(|day| from <= day));
    let ends = |day: Option<Date>| policies.until.is_none_or(|until| day.is_some_and(|day| day <= until));
    if begins(first) && ends(last) {
        return Some(true);
    }
    let before = policies.from.zip(last).is_some_and(|(from, last)| last < from);
    let after = policies.until.zip(first).is_some_and(|(until, first)| until < first);
    (before || after).then_some(false)
}
