//! Subscribers times a minimum, whatever was played.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::pool::per_subscriber;
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "fixed-subscriber-minimum",
    pays: "subscribers times a minimum, whatever was played",
    keys: &[KeySpec::amount("minimum", "minimum = \"1.75\"").favoured()],
    needs: &[Need::Counts, Need::Subscribers],
    template: None,
    read: |keys| Some(Arc::new(FixedSubscriberMinimum { minimum: keys.rates("minimum")? })),
};

#[derive(Debug)]
struct FixedSubscriberMinimum {
    minimum: Rates,
}

impl RoyaltyModel for FixedSubscriberMinimum {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.minimum]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let mut candidate = Candidate::new(basis);
        let currency = basis.policies().currency;
        for context in basis.contexts() {
            let each = basis.rate(&self.minimum, context, None);
            let subscribers = basis.subscribers(context);
            let factor = basis.factor(currency, context);
            let total = basis.for_days(per_subscriber(&subscribers, &each) * &factor);
            let part = json!({
                "minimum": plain(&each), "currency": currency.code(), "exchange": amount(&factor),
                "subscribers": amount(&subscribers), "from": basis.source(context),
                "amount": amount(&total),
            });
            candidate.explain(basis, context, part);
            candidate.set_whole(basis, context, total, currency);
        }
        candidate
    }
}
