//! Royalty models: what a recipient is paid for, one file a model.
//!
//! A file holds everything that is particular to its model: the [`ModelSpec`], from which the
//! reader of `[[deal.model]]`, the question about open policies, the comment of the agreement
//! template and the page `docs/royalty-models.md` are made; the numbers of one deal; and how the
//! amounts come about. To add one, write its file and list it in [`MODELS`].
//!
//! Invariant: nothing outside of its file names a model.

mod breakage;
mod fixed_subscriber_minimum;
mod flat_fee;
mod keys;
mod length_rate;
mod minima_waterfall;
mod per_performance;
mod per_play;
mod retail_share;
mod revenue_share;
mod spec;
mod subscriber_minimum;
mod subscriber_price_share;
mod user_centric;
mod wholesale_price;

pub(crate) use keys::{AgreedModel, read};
pub use spec::{KeySpec, Measure, ModelSpec, Need, Policy};

use crate::basis::{Basis, Candidate};
use crate::policies::Rates;
use std::fmt::Debug;

/// Every model, in the order in which messages and pages list them.
pub static MODELS: &[&ModelSpec] = &[
    &per_play::SPEC,
    &fixed_subscriber_minimum::SPEC,
    &revenue_share::SPEC,
    &subscriber_minimum::SPEC,
    &subscriber_price_share::SPEC,
    &minima_waterfall::SPEC,
    &wholesale_price::SPEC,
    &retail_share::SPEC,
    &user_centric::SPEC,
    &per_performance::SPEC,
    &flat_fee::SPEC,
    &length_rate::SPEC,
    &breakage::SPEC,
];

/// A model with the numbers of one deal. Shares are in per cent.
pub(crate) trait RoyaltyModel: Debug + Send + Sync {
    fn spec(&self) -> &'static ModelSpec;

    /// All its rates, by which the deal knows which fields they look at.
    fn rates(&self) -> Vec<&Rates>;

    /// What everything that was counted comes to. What it lacks is reported to the basis.
    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate;
}
