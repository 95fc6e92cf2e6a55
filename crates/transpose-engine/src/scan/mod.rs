//! Scan: inputs are read in chunks, by several workers, and their results taken in order.

pub(crate) mod chunks;
pub(crate) mod open;
pub(crate) mod ordered;
pub(crate) mod position;
pub(crate) mod rejects;
pub(crate) mod rescan;
