//! Units times a rate by the length of the recording, as the US statutory rate of mechanical
//! licences (37 CFR 385.11): a rate up to so many minutes, and one for each started minute of
//! longer recordings.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::{Exact, exact, whole};
use crate::arithmetic::pool::per_play;
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate, CountedUsage, UsageAmount, named};
use crate::policies::{Rates, UNKNOWN_WEIGHT};
use crate::toml::value;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "length-rate",
    pays: "plays or units times a rate by the length of the recording",
    keys: &[
        KeySpec::amount("rate", "rate = \"0.124\""),
        KeySpec::amount("rate-per-minute", "rate-per-minute = \"0.0239\""),
        KeySpec::amount("up-to-minutes", "up-to-minutes = \"5\""),
    ],
    needs: &[Need::Counts, Need::Length],
    template: None,
    read: |keys| {
        let (rate, by_minute) = (keys.rates("rate")?, keys.rates("rate-per-minute")?);
        let up_to = keys.rates("up-to-minutes")?;
        Some(Arc::new(LengthRate { rate, by_minute, up_to }))
    },
};

#[derive(Debug)]
struct LengthRate {
    rate: Rates,
    by_minute: Rates,
    up_to: Rates,
}

impl RoyaltyModel for LengthRate {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.rate, &self.by_minute, &self.up_to]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        Candidate::by_usage(basis, |basis, context, usage| self.amount(basis, context, usage))
    }
}

impl LengthRate {
    fn amount(&self, basis: &mut Basis<'_>, context: usize, usage: &CountedUsage<'_>) -> Option<UsageAmount> {
        let entity = usage.total.usage;
        let Some(minutes) = minutes(usage) else {
            let message = format!("a usage of {} has no length", named(basis.context(context)));
            basis.report_model(&UNKNOWN_WEIGHT, message);
            return None;
        };
        let short = minutes <= basis.rate(&self.up_to, context, Some(entity));
        let rate = if short {
            basis.rate(&self.rate, context, Some(entity))
        } else {
            basis.rate(&self.by_minute, context, Some(entity)) * &minutes
        };
        let currency = basis.policies().currency;
        let factor = basis.factor(currency, context);
        let unit = &rate * &factor;
        let part = json!({
            "started-minutes": plain(&minutes), "rate": plain(&rate), "currency": currency.code(),
            "exchange": amount(&factor), "plays": usage.plays.to_string(),
            "amount": amount(&per_play(usage.plays, &unit)),
        });
        Some(UsageAmount { unit, currency, part })
    }
}

/// The length of what was used, in started minutes; at least one.
fn minutes(usage: &CountedUsage<'_>) -> Option<Exact> {
    let text = usage.total.usage.text(Field::STARTED_MINUTES)?;
    value::decimal(text).ok().map(exact).map(|minutes| minutes.max(whole(1)))
}
