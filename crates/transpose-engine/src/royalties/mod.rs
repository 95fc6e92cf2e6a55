//! Royalties: what is payable for each usage, rounded and allocated.

pub(crate) mod allocations;
pub(crate) mod rounding;
pub(crate) mod rows;
