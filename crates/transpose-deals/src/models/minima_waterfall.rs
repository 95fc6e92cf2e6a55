//! The greater of shares of revenue and cost of content, less performance royalties, floored for
//! each subscriber; by market share. In the shape of the US statutory licence (37 CFR 385.21,
//! 385.22), where the share of the cost of content of some offerings is capped for each subscriber.

use super::{KeySpec, Measure, ModelSpec, Need, RoyaltyModel};
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
        KeySpec {
            name: "cap",
            measure: Measure::AmountOr("none"),
            example: "cap = \"1.10\"` (of the share of content cost, for each subscriber) or `cap = \"none\"",
            only_with: None,
            favoured: false,
        },
        KeySpec::amount("floor", "floor = \"0.50\""),
    ],
    needs: &[Need::Counts, Need::Pool, Need::Total, Need::Subscribers],
    template: None,
    read: |keys| {
        let cap = if keys.is_word("cap") { None } else { Some(keys.rates("cap")?) };
        let floor = keys.rates("floor")?;
        let below = cap.as_ref().and_then(Rates::single).zip(floor.single());
        if below.is_some_and(|(cap, floor)| cap < floor) {
            keys.contradict("`cap` is below `floor`, so the cap could never hold");
        }
        Some(Arc::new(MinimaWaterfall {
            revenue: keys.rates("revenue-share")?,
            cost: keys.rates("content-cost-share")?,
            cap,
            floor,
        }))
    },
};

#[derive(Debug)]
struct MinimaWaterfall {
    revenue: Rates,
    cost: Rates,
    cap: Option<Rates>,
    floor: Rates,
}

impl RoyaltyModel for MinimaWaterfall {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        [&self.revenue, &self.cost, &self.floor].into_iter().chain(&self.cap).collect()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        shared(basis, PoolContent::Revenue, |basis, contexts| self.pool(basis, contexts))
    }
}

impl MinimaWaterfall {
    fn pool(&self, basis: &mut Basis<'_>, contexts: &[usize]) -> Pool {
        let mut pool = Pool::default();
        let (mut revenue, mut cost, mut performance, mut floor) = (zero(), zero(), zero(), zero());
        let mut capped = self.cap.as_ref().map(|_| zero());
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
            let cap = self.cap.as_ref().map(|cap| basis.rate(cap, context, None));
            if let Some((capped, cap)) = capped.as_mut().zip(cap.as_ref()) {
                *capped += &count * cap * &factor;
            }
            let part = json!({
                "net-revenue": plain(&net), "revenue-share": plain(&of_revenue),
                "content-cost": plain(&content), "content-cost-share": plain(&of_cost),
                "performance-royalties": plain(&performed), "subscribers": amount(&count),
                "cap": cap.as_ref().map(plain), "floor": plain(&each), "exchange": amount(&factor),
            });
            pool.explain(basis, context, part);
        }
        // Shares and floors may differ between the contexts of a pool, so they are in the sums
        // already.
        let steps = Waterfall {
            revenue,
            revenue_rate: whole(1),
            content_cost: capped.map_or_else(|| cost.clone(), |cap| cap.min(cost.clone())),
            content_cost_rate: whole(1),
            cap: None,
            performance_royalties: performance,
            subscribers: floor,
            floor: whole(1),
        }
        .steps();
        pool.parts.push(json!({
            "of-cost": amount(&steps.of_cost), "all-in": amount(&steps.all_in), "after-performance": amount(&steps.after_performance),
            "floor": amount(&steps.floor), "pool": amount(&steps.pool),
        }));
        pool.value = basis.for_days(steps.pool);
        pool
    }
}
