//! Performances times a rate. By census each play is one performance, and each recording is paid
//! for its own, and where the first tuning hours of a channel are free, for the part above them
//! (37 CFR 380.10); by tuning hours performances follow from the hours of all listeners (37 CFR
//! 370, PPL), and are a pool.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::plays::{part_above, performances};
use crate::arithmetic::pool::per_play;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate, UsageAmount};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "per-performance",
    pays: "performances times a rate",
    keys: &[
        KeySpec::amount("rate", "rate = \"0.0024\"").favoured(),
        KeySpec::word(
            "performances",
            &[("census", &[]), ("census-above-hours", &[]), ("tuning-hours", &[Need::Pool, Need::Total])],
            "performances = \"census\"`, `performances = \"census-above-hours\"` or `performances = \"tuning-hours\"",
        ),
        KeySpec::amount("free-hours", "free-hours = \"159140\"")
            .only_with("performances", "census-above-hours"),
        KeySpec::amount("tracks-per-hour", "tracks-per-hour = \"12.5\"")
            .only_with("performances", "tuning-hours"),
    ],
    needs: &[Need::Counts],
    template: None,
    read: |keys| {
        let rate = keys.rates("rate")?;
        let counting = match keys.word("performances")? {
            "tuning-hours" => Counting::TuningHours { tracks: keys.rates("tracks-per-hour")? },
            "census-above-hours" => Counting::AboveHours { free: keys.rates("free-hours")? },
            _ => Counting::Census,
        };
        Some(Arc::new(PerPerformance { rate, counting }))
    },
};

#[derive(Debug)]
struct PerPerformance {
    rate: Rates,
    counting: Counting,
}

/// What performances are.
#[derive(Debug)]
enum Counting {
    Census,
    /// By census, less the part that falls on the first tuning hours of a channel.
    AboveHours {
        free: Rates,
    },
    /// By the tracks in an hour.
    TuningHours {
        tracks: Rates,
    },
}

impl RoyaltyModel for PerPerformance {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        let of_counting = match &self.counting {
            Counting::Census => None,
            Counting::AboveHours { free } => Some(free),
            Counting::TuningHours { tracks } => Some(tracks),
        };
        std::iter::once(&self.rate).chain(of_counting).collect()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        match &self.counting {
            Counting::Census => Candidate::by_rate(basis, &self.rate),
            Counting::AboveHours { free } => self.above_hours(basis, free),
            Counting::TuningHours { tracks } => self.by_hours(basis, tracks),
        }
    }
}

impl PerPerformance {
    fn above_hours(&self, basis: &mut Basis<'_>, free: &Rates) -> Candidate {
        let currency = basis.policies().currency;
        Candidate::by_usage(basis, |basis, context, usage| {
            let rate = basis.rate(&self.rate, context, Some(usage.total.usage));
            let free = basis.rate(free, context, None);
            let hours = basis.figure(context, Field::TUNING_HOURS);
            let part = part_above(&hours, &free);
            let factor = basis.factor(currency, context);
            let unit = &rate * &part * &factor;
            let part = json!({
                "rate": plain(&rate), "currency": currency.code(), "exchange": amount(&factor),
                "tuning-hours": plain(&hours), "free-hours": plain(&free), "paid-part": amount(&part),
                "plays": usage.plays.to_string(), "amount": amount(&per_play(usage.plays, &unit)),
            });
            Some(UsageAmount { unit, currency, part })
        })
    }

    fn by_hours(&self, basis: &mut Basis<'_>, tracks: &Rates) -> Candidate {
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
