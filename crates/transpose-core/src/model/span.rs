//! Positions of text: batches hold these instead of the text itself.

/// A piece of text: a range of the chunk or of the arena, a list of such pieces, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(super) start: u32,
    pub(super) len: u32,
}

const ARENA: u32 = 1 << 31;
pub(super) const LIST: u32 = 1 << 31;

impl Span {
    /// No value.
    pub const ABSENT: Self = Self { start: u32::MAX, len: 0 };

    /// A range of the chunk. Chunks are smaller than 2 GiB.
    pub const fn chunk(start: usize, end: usize) -> Self {
        Self { start: start as u32, len: (end - start) as u32 }
    }

    /// A range of the arena.
    pub const fn arena(start: usize, end: usize) -> Self {
        Self { start: start as u32 | ARENA, len: (end - start) as u32 }
    }

    /// The range of the chunk, for a single piece of it.
    pub fn in_chunk(self) -> Option<std::ops::Range<usize>> {
        let is_piece = self.start & ARENA == 0 && self.len & LIST == 0;
        is_piece.then(|| self.start as usize..self.start as usize + self.len as usize)
    }

    /// Whether there is no value.
    pub const fn is_absent(self) -> bool {
        self.start == u32::MAX
    }

    /// The bytes of a single piece; empty for absent values and lists.
    #[inline]
    pub fn bytes<'a>(self, chunk: &'a [u8], arena: &'a [u8]) -> &'a [u8] {
        // Nothing and lists lie beyond the end of either, so they need no look of their own: this
        // is asked several times for each row.
        let (from, start) =
            if self.start & ARENA == 0 { (chunk, self.start) } else { (arena, self.start & !ARENA) };
        let start = start as usize;
        from.get(start..start + self.len as usize).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_lists_have_no_bytes_of_their_own() {
        let text = [b'x'; 64];
        for span in [Span::ABSENT, Span { start: 0, len: LIST }, Span { start: 3, len: 2 | LIST }] {
            assert!(span.bytes(&text, &text).is_empty());
        }
        assert_eq!(Span::chunk(2, 5).bytes(b"abcdefg", b"tuvwxyz"), b"cde");
        assert_eq!(Span::arena(2, 5).bytes(b"abcdefg", b"tuvwxyz"), b"vwx");
    }
}
