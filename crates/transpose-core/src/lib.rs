//! The canonical usage model and the contract between the engine and the formats.
//!
//! Invariant: this crate does no I/O, starts no thread, reads no clock and knows no format by name.
//!
//! | module | holds |
//! |---|---|
//! | [`field`] | every field of the model, once, with its meaning; sets of fields |
//! | [`entity`] | header and sales contexts: few, owned |
//! | [`batch`] | events and blocks: many, flat, borrowed from the input chunk |
//! | [`format`](mod@format) | what a plugin implements: manifest, recognition, decoder, encoder |
//! | [`option`] | typed options with a schema |
//! | [`table`] | what a table looks like, and what it may be written as besides text |
//! | [`terms`] | what an agreement answers while events become usages |
//! | [`registry`] | the formats and codes that are linked in |
//! | [`diagnostic`] | codes, places, findings |
//! | [`citation`] | rules by name, and which codes implement them |
//! | [`loss`], [`ledger`] | what a conversion loses, and that nothing else is lost |
//! | [`account`] | what an encoder has written and lost, in sums |

pub mod account;
pub mod batch;
pub mod citation;
pub mod diagnostic;
pub mod entity;
pub mod field;
pub mod format;
pub mod ledger;
pub mod loss;
pub mod option;
pub mod registry;
pub mod report;
pub mod table;
pub mod terms;

pub use inventory;
