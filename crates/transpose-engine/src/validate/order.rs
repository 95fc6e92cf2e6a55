//! Whether block ids run 1, 2, 3 … through all files of a message (V-REC-14).

use crate::diagnostics;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostic, Location, shown};

/// Where a block begins.
#[derive(Clone, Debug)]
pub(super) struct BlockStart {
    pub(super) line: u64,
    pub(super) byte: u64,
    pub(super) id: Box<[u8]>,
}

/// A block whose id is not the number that is expected.
#[derive(Clone, Debug)]
struct OrderBreak {
    at: BlockStart,
    expected: u64,
}

/// The block ids of one chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct ChunkOrder {
    /// How many blocks without a known id come first.
    unknown: u64,
    /// The first known id, as a number if it is one, and where it is.
    first: Option<(Option<u64>, BlockStart)>,
    /// The number that the block after the last would have, if that can be said.
    next: Option<u64>,
    breaks: u64,
    first_break: Option<OrderBreak>,
}

impl ChunkOrder {
    /// Adds a block whose id is not known.
    pub(super) fn push_unknown(&mut self) {
        match self.first {
            None => self.unknown += 1,
            Some(_) => self.next = self.next.and_then(|next| next.checked_add(1)),
        }
    }

    /// Adds a block by the number that its id is, if it is one; `start` says where it is.
    #[inline]
    pub(super) fn push(&mut self, number: Option<u64>, start: impl Fn() -> BlockStart) {
        if self.first.is_none() {
            self.first = Some((number, start()));
        } else if let Some(expected) = self.next.filter(|next| Some(*next) != number) {
            self.breaks += 1;
            self.first_break.get_or_insert_with(|| OrderBreak { at: start(), expected });
        }
        self.next = number.and_then(|number| number.checked_add(1));
    }
}

/// The block ids of a message.
#[derive(Debug)]
pub(super) struct BlockOrder {
    expected: Option<u64>,
    breaks: u64,
    first: Option<(Arc<str>, OrderBreak)>,
}

impl BlockOrder {
    pub(super) fn new() -> Self {
        Self { expected: Some(1), breaks: 0, first: None }
    }

    /// Forgets what is expected: files are missing here.
    pub(super) fn jump(&mut self) {
        self.expected = None;
    }

    /// Adds the next chunk of a file.
    pub(super) fn add(&mut self, stretch: ChunkOrder, source: &Arc<str>) {
        let ChunkOrder { unknown, first, next, breaks, first_break } = stretch;
        self.expected = self.expected.and_then(|expected| expected.checked_add(unknown));
        let Some((number, start)) = first else { return };
        let seam = self.expected.filter(|expected| Some(*expected) != number);
        if let Some(expected) = seam {
            self.breaks += 1;
            self.first.get_or_insert_with(|| (Arc::clone(source), OrderBreak { at: start, expected }));
        }
        self.breaks += breaks;
        if let Some(found) = first_break {
            self.first.get_or_insert_with(|| (Arc::clone(source), found));
        }
        self.expected = next;
    }

    /// What is to be said.
    pub(super) fn diagnostic(self) -> Option<Diagnostic> {
        let (source, OrderBreak { at, expected }) = self.first?;
        let id = shown(&at.id);
        let place = Location {
            source: Some(source),
            block: Some(id.as_str().into()),
            ..Location::line(at.line, at.byte)
        };
        let mut message = format!("block `{id}` found where `{expected}` is expected");
        if self.breaks > 1 {
            message = format!("{message}; the numbers break off {} times", self.breaks);
        }
        Some(Diagnostic::new(&diagnostics::BLOCK_ORDER, place, message).value(&at.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::candidates::number;

    /// What is said about ids in chunks of a size; `?` is a block without a known one.
    fn said(ids: &[&str], size: usize) -> Option<String> {
        let mut order = BlockOrder::new();
        let source: Arc<str> = "a".into();
        let mut line = 0;
        for chunk in ids.chunks(size) {
            let mut stretch = ChunkOrder::default();
            for id in chunk {
                line += 1;
                match *id {
                    "?" => stretch.push_unknown(),
                    id => stretch.push(number(id.as_bytes()), || BlockStart {
                        line,
                        byte: 0,
                        id: id.as_bytes().into(),
                    }),
                }
            }
            order.add(stretch, &source);
        }
        order
            .diagnostic()
            .map(|diagnostic| format!("{}: {}", diagnostic.location.line.unwrap(), diagnostic.message))
    }

    #[test]
    fn the_first_break_is_told_wherever_chunks_are_cut() {
        for (ids, expected) in [
            (&["1", "2", "3", "4"][..], None),
            (&[], None),
            (&["?", "2", "?", "?", "5"], None),
            (&["2", "3"], Some("1: block `2` found where `1` is expected")),
            (&["1", "2", "4", "5"], Some("3: block `4` found where `3` is expected")),
            (
                &["1", "3", "?", "4", "7"],
                Some("2: block `3` found where `2` is expected; the numbers break off 3 times"),
            ),
            (&["a", "b", "c"], Some("1: block `a` found where `1` is expected")),
            (
                &["1", "a", "7", "9"],
                Some("2: block `a` found where `2` is expected; the numbers break off 2 times"),
            ),
            (&["01", "2"], Some("1: block `01` found where `1` is expected")),
            (&["999999999999999999"], Some("1: block `999999999999999999` found where `1` is expected")),
        ] {
            for size in 1..=ids.len().max(1) {
                assert_eq!(said(ids, size).as_deref(), expected, "{ids:?} by {size}");
            }
        }
    }
}
