//! How cells are written: the kinds of cells, and numbers, dates, texts and files in the notations
//! of a column.

pub(crate) mod cell;
pub(crate) mod characters;
pub(crate) mod clock;
pub(crate) mod date;
pub(crate) mod encoding;
pub(crate) mod number;
pub(crate) mod rules;
pub(crate) mod style;
