//! Delimited text: where rows and cells begin and end, what is damaged, and the quotes around
//! cells.
//!
//! The entry point is [`Index::run`](index::Index::run), once for each chunk; `scan` finds the
//! bytes of interest for it. [`RowView`](row::RowView) then hands out the raw cells of a row, and
//! [`quoting`] what is inside of them. Nothing here knows what a cell means or which columns a
//! table should have: delimiter, quote, number of columns and longest row are all that is asked
//! for.

pub(crate) mod index;
pub(crate) mod quoting;
pub(crate) mod row;
mod scan;
