//! Writing: the encoders of tables of events and of usages, and what both need around the rows.

pub(crate) mod cells;
pub(crate) mod events;
mod finish;
pub(crate) mod lines;
mod returns;
pub(crate) mod usages;
