//! Notations: how values of the model are written in cells, texts and names of files.
//!
//! The entry point is [`CellFormat`](format::CellFormat), `read` from a raw cell to canonical
//! notation and `write` back: a kind ([`kinds`]) with the [`number`]s, [`date`]s and [`codes`] of
//! its column. [`clock`] reads the times of rows quickly, [`characters`] and [`encoding`] say which
//! characters a table can hold, [`rules`] check what notation does not, and [`file_name`] makes and
//! compares names. Nothing here knows a layout, a column or a row.

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
