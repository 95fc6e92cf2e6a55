//! A share of the net revenue, by market share.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::per_cent;
use crate::arithmetic::pool::revenue_pool;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "revenue-share",
    pays: "a share of the net revenue, by market share",
    keys: &[KeySpec::share("share", "share = \"60\"").favoured()],
    needs: &[Need::Counts, Need::Pool, Need::Total],
    template: Some("share = \"60\""),
    read: |keys| Some(Arc::new(RevenueShare { share: keys.rates("share")? })),
};

#[derive(Debug)]
struct RevenueShare {
    share: Rates,
}

impl RoyaltyModel for RevenueShare {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.share]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        shared(basis, PoolContent::Revenue, |basis, contexts| {
            Pool::of_contexts(basis, contexts, |basis, context| {
                let net = basis.figure(context, Field::NET_REVENUE);
                let share = basis.rate(&self.share, context, None);
                let value = basis.for_days(revenue_pool(&net, &per_cent(&share)));
                let part = json!({
                    "net-revenue": plain(&net), "share": plain(&share), "amount": amount(&value),
                });
                (value, part)
            })
        })
    }
}
