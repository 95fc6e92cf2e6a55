//! The canonical usage model and the contract between the engine and the formats.
//!
//! Invariant: this crate does no I/O, starts no thread, reads no clock and knows no format by name.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | fields with their meaning; headers and sales contexts; events and blocks |
//! | [`format`](mod@format) | what a plugin implements: manifest, recognition, decoder, encoder |
//! | [`diagnostics`] | codes, places, and how diagnostics are collected |
//! | [`accounting`] | what a conversion loses, and that nothing else is lost |
//! | [`terms`] | what an agreement answers while events become usages |

pub mod accounting;
pub mod diagnostics;
pub mod format;
pub mod model;
pub mod terms;

pub use inventory;
