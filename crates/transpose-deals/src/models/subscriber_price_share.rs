//! Subscribers times a share of what one of them pays, without sales tax; by market share.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::per_cent;
use crate::arithmetic::pool::per_subscriber;
use crate::arithmetic::sales::without_tax;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "subscriber-price-share",
    pays: "subscribers times a share of the price that one pays, without sales tax, by market share",
    keys: &[KeySpec::share("share", "share = \"55\"").favoured(), KeySpec::amount("tax", "tax = \"20\"")],
    needs: &[Need::Counts, Need::Pool, Need::Total, Need::Subscribers],
    template: None,
    read: |keys| {
        Some(Arc::new(SubscriberPriceShare { share: keys.rates("share")?, tax: keys.rates("tax")? }))
    },
};

#[derive(Debug)]
struct SubscriberPriceShare {
    share: Rates,
    tax: Rates,
}

impl RoyaltyModel for SubscriberPriceShare {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.share, &self.tax]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        shared(basis, PoolContent::Figures, |basis, contexts| {
            Pool::of_contexts(basis, contexts, |basis, context| {
                // The price of the figures is in the currency of reporting.
                let price = basis.figure(context, Field::UNIT_PRICE);
                let tax = basis.rate(&self.tax, context, None);
                let share = basis.rate(&self.share, context, None);
                let count = basis.subscribers(context);
                let each = without_tax(&price, &tax) * per_cent(&share);
                let value = basis.for_days(per_subscriber(&count, &each));
                let part = json!({
                    "subscribers": amount(&count), "price": plain(&price), "tax": plain(&tax),
                    "share": plain(&share), "amount": amount(&value),
                });
                (value, part)
            })
        })
    }
}
