//! Where lines and cells end, found for a whole chunk in one pass over blocks of 64 bytes.
//!
//! The pass also tells which lines are *clean*: no pipe, no backslash, no control character, no space beside a tab or a line end. In such a
//! line every cell is its value as it stands, and nothing needs to be looked for again.
//!
//! On x86-64 the work is done with SSE2, which every such processor has; elsewhere it is left to the compiler. Both give the same masks.

use crate::line::is_escaped;

/// One line of an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub start: u32,
    /// Where its content ends: before the line break.
    pub end: u32,
    /// Where the next line begins.
    pub next: u32,
    /// Its first cell end.
    first: u32,
    /// How many cells it has.
    count: u32,
    /// Whether each of its cells is its value as it stands.
    pub clean: bool,
    /// Whether it has a line break.
    pub ended: bool,
}

impl Row {
    /// The content of the line.
    pub fn content(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }
}

/// The lines and cells of a text. Its memory is reused from text to text.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    /// Where cells end, line after line; longer than what is in use, so that those of a block can be stored together.
    ends: Vec<u32>,
}

impl Index {
    /// The lines in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where the cells of a line end.
    #[inline]
    pub fn ends(&self, row: &Row) -> &[u32] {
        let first = row.first as usize;
        self.ends.get(first..first + row.count as usize).unwrap_or(&[])
    }

    /// A cell of a line as it stands; empty where the line has no such cell.
    #[inline]
    pub fn cell<'a>(&self, row: &Row, number: usize, text: &'a [u8]) -> &'a [u8] {
        let (start, end) = self.range(row, number);
        text.get(start..end).unwrap_or(&[])
    }

    /// The range of a cell; the empty one at the end of the line where the line has no such cell.
    #[inline]
    pub fn range(&self, row: &Row, number: usize) -> (usize, usize) {
        let ends = self.ends(row);
        let Some(end) = ends.get(number) else { return (row.end as usize, row.end as usize) };
        let before = number.checked_sub(1).and_then(|before| ends.get(before));
        (before.map_or(row.start, |end| end + 1) as usize, *end as usize)
    }

    /// Finds the lines of `text` from `start` on. A text is smaller than 2 GiB.
    ///
    /// `escapes` tells that a tab after a run of backslashes whose length leaves 1 when divided by three is data.
    pub fn run(&mut self, text: &[u8], start: usize, escapes: bool) {
        self.rows.clear();
        let rest = text.get(start..).unwrap_or(&[]);
        let mut pass = Pass {
            text,
            escapes,
            used: 0,
            line: start as u32,
            first: 0,
            dirty: false,
            delimiter: 1,
            space: 0,
            backslash: 0,
            cr: 0,
        };
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        let mut base = start;
        for block in blocks {
            pass.block(block, base, self);
            base += BLOCK;
        }
        if !tail.is_empty() {
            // Letters are of no interest.
            let mut block = [b'x'; BLOCK];
            if let Some(head) = block.get_mut(..tail.len()) {
                head.copy_from_slice(tail);
            }
            pass.block(&block, base, self);
        }
        pass.end(self);
    }
}

/// How many bytes a block has: as many as a mask has bits.
const BLOCK: usize = 64;

/// Where the bytes of interest stand in a block, the first byte as the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    /// Tabs and line feeds.
    cells: u64,
    /// Line feeds.
    lines: u64,
    /// Spaces.
    spaces: u64,
    /// Pipes and backslashes.
    special: u64,
    /// Control characters other than tabs and line feeds.
    control: u64,
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod vector {
    use super::{BLOCK, Masks};
    use safe_arch::{
        cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, max_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    type Parts = [m128i; 4];

    fn parts(block: &[u8; BLOCK]) -> Parts {
        let (parts, _) = block.as_chunks::<16>();
        let mut loaded = Parts::default();
        for (part, bytes) in loaded.iter_mut().zip(parts) {
            *part = load_unaligned_m128i(bytes);
        }
        loaded
    }

    fn equal(parts: Parts, byte: u8) -> Parts {
        let wanted = set_splat_i8_m128i(byte.cast_signed());
        parts.map(|part| cmp_eq_mask_i8_m128i(part, wanted))
    }

    fn bits(parts: Parts) -> u64 {
        let masks = parts.map(|part| u64::from(move_mask_i8_m128i(part).cast_unsigned()));
        masks.iter().rev().fold(0, |bits, mask| bits << 16 | mask)
    }

    /// The same for what most blocks do not have.
    fn rare(parts: Parts) -> u64 {
        let any = parts.into_iter().fold(m128i::default(), |any, part| any | part);
        if move_mask_i8_m128i(any) == 0 { 0 } else { bits(parts) }
    }

    fn zipped(one: Parts, other: Parts, with: fn(m128i, m128i) -> m128i) -> Parts {
        let mut zipped = one;
        zipped.iter_mut().zip(other).for_each(|(part, other)| *part = with(*part, other));
        zipped
    }

    #[inline]
    pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
        let parts = parts(block);
        let (tabs, lines, spaces) = (equal(parts, b'\t'), equal(parts, b'\n'), equal(parts, b' '));
        // Pipe and backslash differ in the bit of the small letters only.
        let case = set_splat_i8_m128i(0x20);
        let special = equal(parts.map(|part| part | case), b'|');
        let low = equal(parts.map(|part| max_u8_m128i(part, case)), b' ');
        let cells = zipped(tabs, lines, |tab, line| tab | line);
        // What is low is a tab, a line feed or a space, or a control character.
        let known = zipped(cells, spaces, |cell, space| cell | space);
        let control = zipped(low, known, |low, known| low ^ known);
        Masks {
            cells: bits(cells),
            lines: rare(lines),
            spaces: bits(spaces),
            special: rare(special),
            control: rare(control),
        }
    }

    #[inline]
    pub(super) fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
        bits(equal(parts(block), byte))
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use vector::{mask, masks};

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable::{mask, masks};

/// The same without vector instructions of its own.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable {
    use super::{BLOCK, Masks};

    fn gather(block: &[u8; BLOCK], wanted: impl Fn(u8) -> bool) -> u64 {
        block.iter().rev().fold(0_u64, |mask, byte| mask << 1 | u64::from(wanted(*byte)))
    }

    pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
        Masks {
            cells: gather(block, |byte| matches!(byte, b'\t' | b'\n')),
            lines: mask(block, b'\n'),
            spaces: mask(block, b' '),
            special: gather(block, |byte| matches!(byte, b'|' | b'\\')),
            control: gather(block, |byte| byte < b' ' && !matches!(byte, b'\t' | b'\n')),
        }
    }

    pub(super) fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
        gather(block, |found| found == byte)
    }
}

/// The state between blocks.
struct Pass<'a> {
    text: &'a [u8],
    escapes: bool,
    /// How many cell ends are in use.
    used: usize,
    /// Where the current line begins.
    line: u32,
    /// The first cell end of the current line.
    first: usize,
    /// Whether the current line is known not to be clean.
    dirty: bool,
    /// Whether the last byte of the block before was a tab or a line feed, a space, a backslash, a carriage return: 0 or 1.
    delimiter: u64,
    space: u64,
    backslash: u64,
    cr: u64,
}

impl Pass<'_> {
    #[inline]
    fn block(&mut self, block: &[u8; BLOCK], base: usize, out: &mut Index) {
        let Masks { mut cells, mut lines, spaces, special, control } = masks(block);
        let mut returns = 0;
        let mut dirty = special;
        if control | self.cr != 0 {
            // A carriage return belongs to the line break when a line feed follows; any other is a control character.
            returns = mask(block, b'\r');
            dirty |= control & !(returns & (lines >> 1 | 1 << (BLOCK - 1)));
            dirty |= self.cr & !lines;
        }
        // Whether a carriage return at the end belongs to a line break is seen in the next block.
        self.cr = returns >> (BLOCK - 1);
        if special | self.backslash != 0 {
            let backslashes = mask(block, b'\\');
            let mut doubtful = cells & !lines & (backslashes << 1 | self.backslash);
            self.backslash = backslashes >> (BLOCK - 1);
            while self.escapes && doubtful != 0 {
                let bit = doubtful.trailing_zeros();
                doubtful &= doubtful - 1;
                // The line is not clean, since a backslash stands in it.
                let line = self.text.get(self.line as usize..).unwrap_or(&[]);
                if is_escaped(line, base + bit as usize - self.line as usize) {
                    cells &= !(1 << bit);
                }
            }
        }
        let edges = (cells << 1 | self.delimiter) | (cells | returns) >> 1;
        dirty |= spaces & edges;
        dirty |= self.space & (cells | returns);
        (self.delimiter, self.space) = (cells >> (BLOCK - 1), spaces >> (BLOCK - 1));

        if out.ends.len() < self.used + BLOCK {
            out.ends.resize((out.ends.len() * 2).max(self.used + 16 * BLOCK), 0);
        }
        let mut bits = cells;
        for slot in
            out.ends.get_mut(self.used..).unwrap_or(&mut []).iter_mut().take(cells.count_ones() as usize)
        {
            *slot = base as u32 + bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
        }
        while lines != 0 {
            let bit = lines.trailing_zeros();
            lines &= lines - 1;
            let upto = u64::MAX >> (BLOCK as u32 - 1 - bit);
            let stop = self.used + (cells & upto).count_ones() as usize;
            self.push(base as u32 + bit, stop, dirty & upto != 0, true, out);
            dirty &= !upto;
        }
        self.used += cells.count_ones() as usize;
        self.dirty |= dirty != 0;
    }

    /// Adds the current line, which ends at `place`; `stop` is the number of cell ends up to its own.
    #[inline]
    fn push(&mut self, place: u32, stop: usize, dirty: bool, ended: bool, out: &mut Index) {
        let mut end = place;
        if place > self.line && self.text.get(place as usize - 1) == Some(&b'\r') {
            end -= 1;
            if let Some(last) = out.ends.get_mut(stop - 1) {
                *last = end;
            }
        }
        out.rows.push(Row {
            start: self.line,
            end,
            next: place + u32::from(ended),
            first: self.first as u32,
            count: (stop - self.first) as u32,
            clean: !(dirty || self.dirty),
            ended,
        });
        (self.line, self.first, self.dirty) = (place + 1, stop, false);
    }

    /// Adds what stands after the last line break.
    fn end(&mut self, out: &mut Index) {
        let place = self.text.len() as u32;
        if self.line < place {
            if out.ends.len() <= self.used {
                out.ends.resize(self.used + 1, 0);
            }
            if let Some(slot) = out.ends.get_mut(self.used) {
                *slot = place;
            }
            self.used += 1;
            // A space or a carriage return at the very end was seen by no block.
            let open = self.text.last().is_some_and(|byte| *byte <= b' ');
            self.push(place, self.used, open, false, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{self, Line};
    use proptest::prelude::*;

    /// The same by the slow way: line after line, cell after cell.
    fn check(text: &[u8], start: usize, escapes: bool) {
        let mut index = Index::default();
        index.run(text, start, escapes);
        let mut at = start;
        let mut rows = index.rows().iter();
        let mut ranges = Vec::new();
        while let Some(line) = Line::at(text, at) {
            let row = rows.next().unwrap();
            let found = (row.start as usize, row.end as usize, row.next as usize, row.ended);
            assert_eq!(found, (line.start, line.end, line.next, line.is_ended(text)), "{text:?}");
            line::cells(text, line, escapes, &mut ranges);
            assert_eq!(index.ends(row).len(), ranges.len(), "{text:?}");
            for (number, (from, to)) in ranges.iter().enumerate() {
                assert_eq!(index.range(row, number), (*from as usize, *to as usize), "{text:?}");
            }
            assert_eq!(index.cell(row, ranges.len(), text), b"");
            let content = line.content(text);
            let plain = !content.iter().any(|byte| matches!(byte, b'|' | b'\\' | 0..=8 | 10..=31))
                && content
                    .split(|byte| *byte == b'\t')
                    .all(|cell| cell.first() != Some(&b' ') && cell.last() != Some(&b' '));
            // A line without an end may go on, so nothing is promised where it ends in a space or a carriage return.
            assert!(row.clean == plain || (!row.ended && !row.clean), "{row:?} {text:?}");
            at = line.next;
        }
        assert_eq!(rows.next(), None, "{text:?}");
    }

    #[test]
    fn every_byte_value_is_told_apart() {
        for byte in 0..=u8::MAX {
            let mut block = [0_u8; BLOCK];
            for (place, slot) in block.iter_mut().enumerate() {
                *slot = byte.wrapping_add(place as u8);
            }
            assert_eq!(masks(&block), portable::masks(&block), "{byte}");
            for wanted in [b'\r', b'\\', 0xff] {
                assert_eq!(mask(&block, wanted), portable::mask(&block, wanted), "{byte}");
            }
        }
    }

    #[test]
    fn what_stands_before_the_start_does_not_count() {
        check(b"\\\\\\\tb", 2, true);
        check(b"ab\\\tb", 3, true);
    }

    #[test]
    fn borders_of_blocks_are_no_borders_of_lines() {
        for pad in 50..70 {
            for piece in
                ["\r\n", "a \t", "\t a", " \n", "\n b", "\r", " \r\n", "\\\t", "\\\\\\\tx", "\n\n", "", " "]
            {
                let text = format!("{}{piece}", "y".repeat(pad));
                check(text.as_bytes(), 0, true);
                let more = format!("{text}z\tz\nlast line\tz");
                check(more.as_bytes(), 0, true);
                check(more.as_bytes(), 0, false);
                check(more.as_bytes(), 7, true);
            }
        }
    }

    proptest! {
        #[test]
        fn index_agrees_with_the_slow_way(
            text in proptest::collection::vec(
                prop_oneof![3 => Just(b'\t'), 2 => Just(b'\n'), 2 => Just(b'\\'), 1 => Just(b'\r'), 2 => Just(b' '), 1 => Just(b'|'), 8 => any::<u8>()],
                0..400,
            ),
            start in 0usize..80,
            escapes: bool,
        ) {
            check(&text, start.min(text.len()), escapes);
        }

        #[test]
        fn lines_of_words_are_clean(words in proptest::collection::vec("[a-z]{0,6}", 1..60), width in 1usize..9) {
            let lines: Vec<String> = words.chunks(width).map(|line| line.join("\t")).collect();
            let text = lines.join("\n") + "\n";
            let mut index = Index::default();
            index.run(text.as_bytes(), 0, true);
            prop_assert!(index.rows().iter().all(|row| row.clean && row.ended));
            prop_assert_eq!(index.rows().len(), lines.len());
        }
    }
}
