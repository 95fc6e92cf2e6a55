//! Scan: inputs are read in chunks, by several workers, and their results taken in order.

pub(crate) mod chunks;
pub(crate) mod ordered;
pub(crate) mod rescan;
