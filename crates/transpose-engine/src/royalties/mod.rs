//! Royalties: what is payable for each usage, rounded and allocated.

pub(crate) mod allocations;
mod fraction;
pub(crate) mod rates;
pub(crate) mod rounding;
pub(crate) mod rows;
