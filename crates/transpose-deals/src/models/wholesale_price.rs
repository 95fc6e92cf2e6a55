//! Units times a price.

use super::{KeySpec, ModelSpec, RoyaltyModel};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "wholesale-price",
    pays: "units times a price",
    keys: &[KeySpec::price("wholesale-price", "wholesale-price = \"0.70\"")],
    needs: &[],
    template: None,
    read: |keys| Some(Arc::new(WholesalePrice { price: keys.rates("wholesale-price")? })),
};

#[derive(Debug)]
struct WholesalePrice {
    price: Rates,
}

impl RoyaltyModel for WholesalePrice {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.price]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        Candidate::by_rate(basis, &self.price)
    }
}
