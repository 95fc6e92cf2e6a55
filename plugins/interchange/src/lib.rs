//! The canonical model as files: for looking into a report, for tests, and for handing it over to
//! other engines.
//!
//! A format is one file here. The layouts are our own; nothing in them was taken from a partner.
//!
//! Invariant: this crate does no I/O, starts no thread and reads no clock.

mod csv;
mod events;

pub use csv::format as csv;
pub use events::format as events;
