//! Rows of delimited text: where they begin, where their cells end, and what is damaged.

pub(crate) mod index;
pub(crate) mod row;
mod scan;
