//! Writing: from events or usages to the bytes of a table.
//!
//! A table that is written is a [`TableEncoder`](table::TableEncoder) over its rows: [`events`] or
//! [`usages`], each the entry point of its grain. `table` holds what is the same for both: options,
//! preface, headings and trailer (`lines`), the name of the file, what keeps it from appearing. A
//! value goes through [`cells`] into its row, and the row through `row_finisher` into the file;
//! `returns` makes rows of what was returned.

mod cells;
mod common;
pub(crate) mod events;
mod lines;
mod returns;
mod row_finisher;
pub(crate) mod table;
pub(crate) mod usages;
