//! DDEX Digital Sales Reporting (DSR) messages.
//!
//! A profile is one file in `profiles/`; what profiles share is here. Record tables, profile
//! structures and allowed-value sets are generated from the facts in `spec/`.
//!
//! Invariant: this crate does no I/O, starts no thread and reads no clock.

mod accounts;
mod diagnostics;
mod explain;
mod families;
mod footer;
mod format;
mod generated;
mod names;
mod options;
mod profiles;
mod read;
mod summaries;
mod tables;
mod write;

pub use profiles::{basic_audio, formats};

/// The facts about records, profiles and sets of allowed values, as tables.
pub mod facts {
    pub use crate::tables::{
        GENERATIONS, bound, is_deal_specific, profiles, record, record_of, records, set, sets,
    };
}
