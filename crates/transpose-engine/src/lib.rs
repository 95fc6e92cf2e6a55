//! The engine: chunks, workers, aggregation, ordered writing, the receipt.
//!
//! Invariant: this crate knows no format and no agreement by name; it sees only `transpose-core` and `transpose-io`.
//!
//! | module | does |
//! |---|---|
//! | [`chunks`](crate::Reading) | reads a body in chunks by position, side by side, and proves that they fit together |
//! | `aggregate` | counts events by interned keys |
//! | `canonical` | turns keys into releases and recordings, finds conflicting descriptions, sorts |
//! | `emit` | builds and encodes blocks from totals, side by side, in order |
//! | `sink` | files that are split between blocks and appear together or not at all |
//! | [`convert`](crate::Job) | one conversion from end to end |
//! | [`receipt`] | what a run has done, as JSON |
//! | [`survey`] | what an input holds, without converting it |

mod aggregate;
mod blocks;
mod canonical;
mod chunks;
pub mod codes;
mod convert;
mod emit;
mod interner;
mod order;
pub mod receipt;
mod sink;
pub mod survey;

pub use chunks::Reading;
pub use convert::{InputHead, Job, OnReject, Outcome};
pub use sink::{Destination, destination};
