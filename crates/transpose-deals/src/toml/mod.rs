//! Side files in TOML: tables and keys with the lines they are in, and values in the notation of
//! their field.
//!
//! Invariant: nothing in here knows what a key means.
//!
//! | module | holds |
//! |---|---|
//! | `document` | a tree in which every key and value knows its line |
//! | `reader` | reads tables and collects everything that is wrong with them |
//! | `value` | values in the notation of their field |

pub(crate) mod document;
pub(crate) mod reader;
pub(crate) mod value;
