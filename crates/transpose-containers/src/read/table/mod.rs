//! What a table is written with.

pub(crate) mod added_columns;
pub(crate) mod cells;
pub(crate) mod records;
pub(crate) mod rows;
pub(crate) mod sheets;
pub(crate) mod sink;
