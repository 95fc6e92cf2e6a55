//! A sum for the period, whatever was played or subscribed. Plays carry it, each alike; without any
//! it is payable all the same.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::Exact;
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "flat-fee",
    pays: "a sum for the period, whatever was played or subscribed",
    keys: &[KeySpec::amount("amount", "amount = \"500.00\"")],
    needs: &[Need::Counts],
    template: None,
    read: |keys| {
        let fee = keys.rates("amount")?;
        let amount = keys.single("amount", &fee)?;
        Some(Arc::new(FlatFee { fee, amount }))
    },
};

#[derive(Debug)]
struct FlatFee {
    fee: Rates,
    /// The one number that it is.
    amount: Exact,
}

impl RoyaltyModel for FlatFee {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.fee]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let Some(first) = basis.contexts().first().copied() else { return Candidate::new(basis) };
        let currency = basis.policies().currency;
        let factor = basis.factor(currency, first);
        let fee = basis.for_days(&self.amount * &factor);
        let part = json!({
            "fee": plain(&self.amount), "currency": currency.code(), "exchange": amount(&factor),
        });
        Candidate::by_plays(basis, &fee, currency, &part)
    }
}
