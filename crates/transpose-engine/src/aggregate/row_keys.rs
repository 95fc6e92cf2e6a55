//! The keys of a row as they lie in a chunk, ready to be interned.

use crate::aggregate::interner::Key;
use transpose_core::model::{EventBatch, Span};

/// A key of a row.
pub(crate) struct RowKey<'a> {
    space: u32,
    spans: &'a [Span],
    bytes: &'a [u8],
    arena: &'a [u8],
}

impl Key for RowKey<'_> {
    #[inline]
    fn space(&self) -> u32 {
        self.space
    }
    #[inline]
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| span.bytes(self.bytes, self.arena))
    }
}

/// The rows of a chunk with what their keys borrow from.
#[derive(Clone, Copy)]
pub(crate) struct KeyedRows<'a> {
    pub(crate) events: &'a EventBatch,
    pub(crate) bytes: &'a [u8],
    /// The space of the items' keys.
    pub(crate) space: u32,
}

impl<'a> KeyedRows<'a> {
    #[inline]
    fn key(self, row: usize, from: usize, runs: usize) -> RowKey<'a> {
        let start = row * (self.events.item_runs + self.events.context_runs) + from;
        let spans = self.events.keys.get(start..start + runs).unwrap_or(&[]);
        RowKey { space: self.space, spans, bytes: self.bytes, arena: &self.events.arena }
    }

    /// The item key of a row.
    #[inline]
    pub(crate) fn item(self, row: usize) -> RowKey<'a> {
        self.key(row, 0, self.events.item_runs)
    }

    /// The context key of a row.
    #[inline]
    pub(crate) fn context(self, row: usize) -> RowKey<'a> {
        self.key(row, self.events.item_runs, self.events.context_runs)
    }
}
