//! Amounts that are shared by all plays, and the part of one recipient.

use super::number::{Exact, quotient, whole};
use num_traits::Zero;

/// Plays times a rate; negative where more was returned than played.
pub(crate) fn per_play(plays: i128, rate: &Exact) -> Exact {
    whole(plays) * rate
}

/// Subscribers times a minimum for each.
pub(crate) fn per_subscriber(subscribers: &Exact, minimum: &Exact) -> Exact {
    subscribers * minimum
}

/// What is to be shared: revenue times the part of it that is for rights.
pub(crate) fn revenue_pool(revenue: &Exact, share: &Exact) -> Exact {
    revenue * share
}

/// What of the pool one play is worth; nothing where there are no plays.
pub(crate) fn worth(pool: &Exact, total: &Exact) -> Option<Exact> {
    quotient(pool, total)
}

/// A pool that is floored by minima, in the shape of the US statutory licence (37 CFR 385.21,
/// 385.22).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waterfall {
    /// The revenue of the service.
    pub(crate) revenue: Exact,
    /// The part of the revenue.
    pub(crate) revenue_rate: Exact,
    /// What the service pays for content in all.
    pub(crate) content_cost: Exact,
    /// The part of that.
    pub(crate) content_cost_rate: Exact,
    /// The most that the part of the cost of content comes to for each subscriber.
    pub(crate) cap: Option<Exact>,
    /// What was paid for performances already.
    pub(crate) performance_royalties: Exact,
    /// How many subscribers there are.
    pub(crate) subscribers: Exact,
    /// The least for each of them.
    pub(crate) floor: Exact,
}

/// The steps of a [`Waterfall`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaterfallSteps {
    /// The part of the cost of content, capped.
    pub(crate) of_cost: Exact,
    /// The greater of the parts of revenue and of the cost of content.
    pub(crate) all_in: Exact,
    /// What is left of it after performance royalties.
    pub(crate) after_performance: Exact,
    /// The floor for all subscribers.
    pub(crate) floor: Exact,
    /// What is shared: the greater of both.
    pub(crate) pool: Exact,
}

impl Waterfall {
    /// Works it out step by step.
    pub(crate) fn steps(&self) -> WaterfallSteps {
        let of_revenue = &self.revenue * &self.revenue_rate;
        let of_cost = &self.content_cost * &self.content_cost_rate;
        let cap = self.cap.as_ref().map(|cap| per_subscriber(&self.subscribers, cap));
        let of_cost = cap.map_or_else(|| of_cost.clone(), |cap| cap.min(of_cost.clone()));
        let all_in = of_revenue.max(of_cost.clone());
        let after_performance = &all_in - &self.performance_royalties;
        let floor = per_subscriber(&self.subscribers, &self.floor);
        let pool = after_performance.clone().max(floor.clone());
        WaterfallSteps { of_cost, all_in, after_performance, floor, pool }
    }
}

/// Subscribers of different kinds as one number: each kind times its factor, and the days of those
/// who were there for a part of the period. Nothing where the period has no days.
pub(crate) fn equivalents(kinds: &[(Exact, Exact)], partial_days: &Exact, days: i128) -> Option<Exact> {
    let whole_period = kinds.iter().map(|(count, factor)| count * factor).sum::<Exact>();
    if partial_days.is_zero() {
        return Some(whole_period);
    }
    quotient(partial_days, &whole(days)).map(|part| whole_period + part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_waterfall_is_never_below_its_floor(revenue in 0_i64..1_000_000, cost in 0_i64..1_000_000, performance in 0_i64..500_000, subscribers in 0_i64..10_000) {
            let tenth = whole(1) / whole(10);
            let steps = Waterfall {
                revenue: whole(revenue), revenue_rate: tenth.clone(), content_cost: whole(cost), content_cost_rate: &tenth + &tenth, cap: None,
                performance_royalties: whole(performance), subscribers: whole(subscribers), floor: tenth.clone(),
            }.steps();
            prop_assert_eq!(&steps.floor, &(whole(subscribers) * &tenth));
            prop_assert!(steps.pool >= steps.floor && steps.pool >= steps.after_performance);
        }
    }
}
