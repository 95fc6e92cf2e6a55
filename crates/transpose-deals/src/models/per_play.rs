//! Plays times a rate.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "per-play",
    pays: "plays times a rate",
    keys: &[KeySpec::amount("rate", "rate = \"0.005\"").favoured()],
    needs: &[Need::Counts],
    template: Some("rate = [{ tier = \"NorthwindFree\", rate = \"0.0009\" }, { rate = \"0.005\" }]"),
    read: |keys| Some(Arc::new(PerPlay { rate: keys.rates("rate")? })),
};

#[derive(Debug)]
struct PerPlay {
    rate: Rates,
}

impl RoyaltyModel for PerPlay {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.rate]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        Candidate::by_rate(basis, &self.rate)
    }
}
