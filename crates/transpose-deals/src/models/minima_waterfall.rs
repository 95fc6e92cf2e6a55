//! The greater of shares of revenue and cost of content, less performance royalties, floored for
//! each subscriber; by market share. In the shape of the US statutory licence (37 CFR 385.21,
//! 385.22).

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::{per_cent, whole, zero};
use crate::arithmetic::pool::Waterfall;
use crate::basis::explain::{amount, plain};
use crate::basis::pools::{Pool, PoolContent, shared};
use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use serde_json::json;
use std::sync::Arc;
use transpose_core::model::Field;

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "minima-waterfall",
    pays: "the greater of shares of revenue and cost of content, less performance royalties, floored for each subscriber; by market share",
    keys: &[
        KeySpec::share("revenue-share", "revenue-share = \"10.5\""),
        KeySpec::share("content-cost-share", "content-cost-share = \"21\""),
        KeySpec::amount("floor", "floor = \"0.50\""),
    ],
    needs: &[Need::Counts, Need::Pool, Need::Total, Need::Subscribers],
    template: None,
    read: |keys| {
        Some(Arc::new(MinimaWaterfall {
            revenue: keys.rates("revenue-share")?,
            cost: keys.rates("content-cost-share")?,
            floor: keys.rates("floor")?,
        }))
    },
};

#[derive(Debug)]
struct MinimaWaterfall {
    revenue: Rates,
    cost: Rates,
    floor: Rates,
}

impl RoyaltyModel for MinimaWaterfall {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        vec![&self.revenue, &self.cost, &self.floor]
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        shared(basis, PoolContent::Revenue, |basis, contexts| self.pool(basis, contexts))
    }
}

impl MinimaWaterfall {
    fn pool(&self, basis: &mut Basis<'_>, contexts: &[usize]) -> Pool {
        let mut pool = Pool::default();
        let (mut revenue, mut cost, mut performance, mut floor) = (zero(), zero(), zero(), zero());
        for context in contexts.iter().copied() {
            let net = basis.figure(context, Field::NET_REVENUE);
            let content = basis.figure(context, Field::CONTENT_COST);
            let performed = basis.figure(context, Field::PERFORMANCE_ROYALTIES);
            let count = basis.subscribers(context);
            let of_revenue = basis.rate(&self.revenue, context, None);
            let of_cost = basis.rate(&self.cost, context, None);
            let each = basis.rate(&self.floor, context, None);
            revenue += &net * per_cent(&of_revenue);
            cost += &content * per_cent(&of_cost);
            performance += &performed;
            let factor = basis.factor(basis.policies().currency, context);
            floor += &count * &each * &factor;
            let part = json!({
                "net-revenue": plain(&net), "revenue-share": plain(&of_revenue),
                "content-cost": plain(&content), "content-cost-share": plain(&of_cost),
                "performance-royalties": plain(&performed), "subscribers": amount(&count),
                "floor": plain(&each), "exchange": amount(&factor),
            });
            pool.explain(basis, context, part);
        }
        // Shares and floors may differ between the contexts of a pool, so they are in the sums
        // already.
        let steps = Waterfall {
            revenue,
            revenue_rate: whole(1),
            content_cost: cost,
            content_cost_rate: whole(1),
            performance_royalties: performance,
            subscribers: floor,
            floor: whole(1),
        }
        .steps();
        pool.parts.push(json!({
            "all-in": amount(&steps.all_in), "after-performance": amount(&steps.after_performance),
            "floor": amount(&steps.floor), "pool": amount(&steps.pool),
        }));
        pool.value = basis.for_days(steps.pool);
        pool
    }
}
