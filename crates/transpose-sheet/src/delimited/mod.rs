//! Delimited text: where rows and cells begin and end, what is damaged, and the quotes around
//! cells.
//!
//! Nothing here knows what a cell means or which columns a table should have; a [`Dialect`]
//! (delimiter, quote, number of columns, longest row) is all that is asked for.
//!
//! [`Dialect`]: index::Dialect

pub(crate) mod index;
pub(crate) mod quoting;
pub(crate) mod row;
mod scan;
