//! A fee for each sales context that takes part, whatever was played.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "lump-sum",
    pays: "a fee for each sales context, whatever was played",
    keys: &[KeySpec::amount("fee", "fee = \"500.00\"")],
    needs: &[Need::Counts],
    template: None,
    read: |keys| Some(Arc::new(LumpSum { fee: keys.rates("fee")? })),
};

#[derive(Debug)]
struct LumpSum {
    fee: Rates,
}

impl RoyaltyModel for LumpSum {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.fee]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let mut candidate = Candidate::new(basis);
        let currency = basis.policies().currency;
        for context in basis.contexts() {
            let fee = basis.rate(&self.fee, context, None);
            let factor = basis.factor(currency, context);
            let total = basis.for_days(&fee * &factor);
            let part = json!({
                "fee": plain(&fee), "currency": currency.code(), "exchange": amount(&factor),
                "amount": amount(&total),
            });
            candidate.explain(basis, context, part);
            candidate.set_whole(basis, context, total, currency);
        }
        candidate
    }
}
