//! Enrich: rows get what a catalogue knows, identifiers, and users nobody can name.

pub(crate) mod catalogue;
pub(crate) mod decoder;
pub(crate) mod privacy;
