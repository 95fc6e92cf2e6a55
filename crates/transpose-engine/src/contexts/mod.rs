//! Contexts: the sales contexts of tables of usages, which state them row by row.

pub(crate) mod gather;
pub(crate) mod total;
