//! Consolidate: what was counted is described and put in order.

pub(crate) mod describe;
pub(crate) mod in_memory;
