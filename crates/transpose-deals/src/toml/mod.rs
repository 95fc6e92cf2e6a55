//! Side files in TOML: tables and keys with the lines they are in, and values in the notation of
//! their field.
//!
//! Invariant: nothing in here knows what a key means.

pub(crate) mod document;
pub(crate) mod reader;
pub(crate) mod value;
