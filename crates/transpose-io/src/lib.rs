//! Input files, gzip, atomic output and hashes.
//!
//! - [`Input`] reads a file, a pipe or standard input at any decompressed offset, from any number
//!   of threads. Gzip (RFC 1952) is recognised by its first bytes, never by a name; reports are
//!   often sent compressed (ARCH-5).
//! - A [`Source`] makes the bytes of an input from something else, as decompression does.
//! - [`OutputSet`] holds all outputs of one run: they appear complete under their final names, or
//!   not at all.
//! - [`Spill`] is a temporary file for what does not fit into memory; [`memory`] says how much
//!   does.
//! - [`sha256_file`] gives the hash a receipt records.
//!
//! Invariant: this crate knows no report format, reads no clock and writes no message. The only
//! threads it starts compress and decompress; they end with the input or the outputs they work for.
//! Every failure is an [`IoError`] that says what could not be done, where, and what to do next.

mod error;
mod gzip;
mod hash;
mod input;
pub mod memory;
mod output;
mod spill;
mod temporary;
mod traces;
mod window;

pub use crate::error::{IoError, IoErrorKind};
pub use crate::gzip::Limits;
pub use crate::hash::sha256_file;
pub use crate::input::{Input, Source};
pub use crate::output::{FinishedOutput, OutputFile, OutputId, OutputSet, WrittenFile};
pub use crate::spill::{Spill, check_temp_dir};
pub use crate::temporary::clean_stale;
pub use crate::traces::abandon;

/// How the bytes of a file are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// The bytes are as they are.
    #[default]
    None,
    /// The bytes are packed as one or more gzip members (RFC 1952).
    Gzip,
}

/// As many threads as the machine offers to this process.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
