//! Notations: how values of the model are written in cells, texts and names of files.
//!
//! Everything here works on values and bytes; what a layout says arrives as small structs
//! ([`CellFormat`](format::CellFormat), [`Number`](number::Number),
//! [`TextLimits`](characters::TextLimits)), and nothing here knows a layout, a column or a row.
//!
//! | file | holds |
//! |---|---|
//! | [`kinds`] | what a cell may hold, from raw bytes to canonical notation and back |
//! | [`format`](mod@format) | a kind with what a column says beyond it |
//! | [`number`], [`date`], [`codes`] | numbers, formats of dates, tables of codes |
//! | [`clock`] | times and durations of rows, read quickly |
//! | [`characters`], [`encoding`] | which characters a table can hold, and its bytes |
//! | [`rules`] | what values must keep to beyond their notation |
//! | [`file_name`] | names of files, put together from values and compared with them |

pub(crate) mod characters;
pub(crate) mod clock;
pub(crate) mod codes;
pub(crate) mod date;
pub(crate) mod encoding;
pub(crate) mod file_name;
pub(crate) mod format;
pub(crate) mod kinds;
pub(crate) mod number;
pub(crate) mod rules;

/// What the name of an option begins with that gives a text: `{text.vendor}` in templates and in
/// names of files.
pub(crate) const GIVEN: &str = "text.";
