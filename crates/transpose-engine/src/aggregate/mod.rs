//! Aggregate: events are counted by item, sales context and usage kind.

pub(crate) mod budget;
pub(crate) mod counter;
pub(crate) mod interner;
pub(crate) mod row_keys;
pub(crate) mod sales;
pub(crate) mod spill;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod totals;
pub(crate) mod usage_kinds;
pub(crate) mod users;
pub(crate) mod worker;
