//! Tables of text, whatever they hold: where the bytes are that divide them, and how a cell is
//! quoted.
//!
//! | module | holds |
//! |---|---|
//! | [`scan`] | the masks of wanted bytes in blocks of 64, with what the processor has |
//! | [`quoting`] | quotes around cells, as in RFC 4180 |
//!
//! This is a crate of its own because column tables, record tables, containers and side files all
//! need it, and some of them see no formats.
//!
//! Invariant: [`scan::run`] has the only `unsafe` of the workspace.

pub mod quoting;
pub mod scan;
