//! Record tables: lines of tab-separated cells whose first cell names the type of the record; and
//! the simplest of them, a line for each event.
//!
//! Invariant: this crate does no I/O and knows no standard by name. A family of formats brings its
//! tables ([`spec`]); the rules of bytes, cells and escapes (ARCH-1 to ARCH-38) and the order of
//! records in a block are here.
//!
//! | module | holds |
//! |---|---|
//! | [`spec`] | what the tables say: records, cells, values, profiles, order in a message |
//! | [`escape`] | the notation of delimiters inside data |
//! | [`line`](mod@line) | lines and their cells |
//! | [`index`] | the lines and cells of a whole chunk |
//! | [`cell`] | whether a text fits the type of its cell |
//! | [`grammar`] | which record may follow which |
//! | [`write`](mod@write) | cells in their notation |
//! | [`line_format`] | a format with one event a line, from what is particular to it |

pub mod cell;
pub mod escape;
pub mod grammar;
pub mod index;
pub mod line;
pub mod line_format;
mod scan;
pub mod spec;
pub mod write;
