//! Emit: groups become blocks, encoded in order.

pub(crate) mod blocks;
pub(crate) mod on_disk;
pub(crate) mod usages;
