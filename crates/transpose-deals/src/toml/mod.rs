//! Side files in TOML: tables and keys with the lines they stand in, and values in the notation
//! of their field.

pub(crate) mod document;
pub(crate) mod value;
