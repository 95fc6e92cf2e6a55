//! Gzip (RFC 1952): members packed and unpacked side by side, with a cap on how far data expands.
//!
//! A gzip file is a row of *members*, each of which is a header, deflate data (RFC 1951), a
//! checksum and a length. Reading and writing both work on several members at once:
//!
//! - [`pack`] writes members of one MiB each, compressed by a pool of threads.
//! - [`unpack`] finds members ahead of the reader and decompresses them on threads of its own. Each
//!   thread is a [`worker`]; [`relay`] says who decompresses what, and whose turn it is to hand
//!   bytes to the readers; [`segments`] holds the compressed bytes that they share.
//! - [`member`] takes one stream of members apart, byte by byte, and says exactly what is wrong
//!   where.
//!
//! Invariant: bytes, failures and the places of failures are the same for any number of threads.

mod member;
pub(crate) mod pack;
mod relay;
mod segments;
pub(crate) mod unpack;
mod worker;

/// How far compressed data may expand before reading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of decompressed bytes of one input.
    pub max_expansion: u64,
    /// The largest ratio of decompressed to compressed bytes, checked once 16 MiB are out.
    pub max_ratio: u64,
}

impl Default for Limits {
    /// One tebibyte in all, and a thousand bytes for each compressed byte.
    fn default() -> Self {
        Self { max_expansion: 1 << 40, max_ratio: 1000 }
    }
}

impl Limits {
    /// No limits, for bytes whose place in the stream is not known yet.
    pub(crate) const NONE: Self = Self { max_expansion: u64::MAX, max_ratio: u64::MAX };

    /// Whether so many decompressed bytes are too many for so many compressed ones.
    pub(crate) fn exceeded(&self, given: u64, taken: u64) -> bool {
        given > self.max_expansion || (given > RATIO_FREE && given > taken.saturating_mul(self.max_ratio))
    }
}

/// The first two bytes of every gzip member.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The only compression method there is: deflate.
pub(crate) const METHOD: u8 = 8;

/// Below this many bytes a high ratio is harmless, and small repetitive reports reach it.
const RATIO_FREE: u64 = 16 << 20;
