//! Subscribers times a minimum, by market share.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::pool::per_subscriber;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "subscriber-minimum",
    pays: "subscribers times a minimum, by market share",
    keys: &[KeySpec::amount("minimum", "minimum = \"4.50\"").favoured()],
    needs: &[Need::Counts, Need::Pool, Need::Total, Need::Subscribers],
    template: Some("minimum = \"4.50\""),
    read: |keys| Some(Arc::new(SubscriberMinimum { minimum: keys.rates("minimum")? })),
};

#[derive(Debug)]
struct SubscriberMinimum {
    minimum: Rates,
}

impl RoyaltyModel for SubscriberMinimum {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.minimum]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        let currency = basis.policies().currency;
        shared(basis, PoolContent::Amounts, |basis, contexts| {
            Pool::of_contexts(basis, contexts, |basis, context| {
                let each = basis.rate(&self.minimum, context, None);
                let count = basis.subscribers(context);
                let factor = basis.factor(currency, context);
                let value = basis.for_days(per_subscriber(&count, &each) * &factor);
                let part = json!({
                    "subscribers": amount(&count), "minimum": plain(&each),
                    "exchange": amount(&factor), "amount": amount(&value),
                });
                (value, part)
            })
        })
    }
}
