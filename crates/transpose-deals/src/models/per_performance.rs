//! Performances times a rate. By census each play is one performance, and each recording is paid
//! for its own; by tuning hours performances follow from the hours of all listeners (37 CFR 370,
//! PPL), and are a pool.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::plays::performances;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "per-performance",
    pays: "performances times a rate",
    keys: &[
        KeySpec::amount("rate", "rate = \"0.0024\""),
        KeySpec::word(
            "performances",
            &[("census", &[]), ("tuning-hours", &[Need::Pool, Need::Total])],
            "performances = \"census\"` or `performances = \"tuning-hours\"",
        ),
        KeySpec::amount("tracks-per-hour", "tracks-per-hour = \"12.5\"")
            .only_with("performances", "tuning-hours"),
    ],
    needs: &[Need::Counts],
    template: None,
    read: |keys| {
        let rate = keys.rates("rate")?;
        let tracks = keys.rates("tracks-per-hour");
        let tuned = keys.word("performances")? == "tuning-hours";
        Some(Arc::new(PerPerformance { rate, tracks: if tuned { Some(tracks?) } else { None } }))
    },
};

#[derive(Debug)]
struct PerPerformance {
    rate: Rates,
    /// The tracks in an hour, by which performances follow from tuning hours.
    tracks: Option<Rates>,
}

impl RoyaltyModel for PerPerformance {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        std::iter::once(&self.rate).chain(&self.tracks).collect()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let Some(tracks) = &self.tracks else { return Candidate::by_rate(basis, &self.rate) };
        let currency = basis.policies().currency;
        shared(basis, PoolContent::Amounts, |basis, contexts| {
            Pool::of_contexts(basis, contexts, |basis, context| {
                let rate = basis.rate(&self.rate, context, None);
                let tracks = basis.rate(tracks, context, None);
                let hours = basis.figure(context, Field::TUNING_HOURS);
                let count = performances(&tracks, &hours);
                let factor = basis.factor(currency, context);
                let value = basis.for_days(&count * &rate * &factor);
                let part = json!({
                    "tuning-hours": plain(&hours), "tracks-per-hour": plain(&tracks),
                    "performances": plain(&count), "rate": plain(&rate),
                    "exchange": amount(&factor), "amount": amount(&value),
                });
                (value, part)
            })
        })
    }
}
