//! Where lines and cells end, found for a whole chunk in one pass over blocks of 64 bytes.
//!
//! The pass also says which cells are *clean*: no pipe, no backslash, no control character, no
//! space beside a tab or a line end. Such a cell is its value as it is, and nothing needs to be
//! looked for again. Which lines are ASCII throughout is reported as well.
//!
//! For those who change this: every byte of every message goes through the pass, so see the advice
//! in `transpose_text::scan` first; nothing may be done for each cell that a mask says of all.

use crate::line::is_escaped;
use crate::scan::Masks;
use transpose_text::scan::{self, BLOCK, ByteSet};

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
    /// The first place in it that is not clean, and how many there are.
    dirt: u32,
    dirts: u32,
    /// Whether it is ASCII throughout.
    pub ascii: bool,
    /// Whether it has a line break.
    pub ended: bool,
}

impl Row {
    /// The content of the line.
    pub fn content(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }

    /// Whether each of its cells is its value as it is.
    pub fn is_clean(self) -> bool {
        self.dirts == 0
    }
}

/// The lines and cells of a text. Its memory is reused from text to text.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    /// Where cells end, line after line; longer than what is in use, so that those of a block can
    /// be stored together.
    ends: Vec<u32>,
    /// Places that are not clean, in order: each is in its cell or right behind it.
    dirt: Vec<u32>,
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

    /// The places of a line that are not clean, in order. Each is in its cell or right behind it,
    /// where the cell ends.
    #[inline]
    pub fn dirt(&self, row: &Row) -> &[u32] {
        let first = row.dirt as usize;
        self.dirt.get(first..first + row.dirts as usize).unwrap_or(&[])
    }

    /// A cell of a line as it is; empty where the line has no such cell.
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
    /// `escapes` says that a tab after a run of backslashes whose length leaves 1 when divided by
    /// three is data.
    pub fn run(&mut self, text: &[u8], start: usize, escapes: bool) {
        self.rows.clear();
        self.dirt.clear();
        let state = State {
            text,
            escapes,
            used: 0,
            line: start as u32,
            first: 0,
            dirt: 0,
            beyond: false,
            delimiter: 1,
            space: 0,
            backslash: 0,
            cr: 0,
        };
        scan::run(Pass { index: self, state, start });
    }
}

/// A pass over a text.
struct Pass<'i, 'a> {
    index: &'i mut Index,
    state: State<'a>,
    start: usize,
}

impl scan::Pass for Pass<'_, '_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn run(self, find: impl Fn(&[u8; BLOCK], ByteSet) -> u64) {
        let Self { index, mut state, start: mut base } = self;
        let (blocks, tail) = state.text.get(base..).unwrap_or(&[]).as_chunks::<BLOCK>();
        for block in blocks {
            state.block(block, &find, base, index);
            base += BLOCK;
        }
        if !tail.is_empty() {
            // Letters are of no interest.
            let mut block = [b'x'; BLOCK];
            if let Some(head) = block.get_mut(..tail.len()) {
                head.copy_from_slice(tail);
            }
            state.block(&block, &find, base, index);
        }
        state.end(index);
    }
}

/// The state between blocks.
struct State<'a> {
    text: &'a [u8],
    escapes: bool,
    /// How many cell ends are in use.
    used: usize,
    /// Where the current line begins.
    line: u32,
    /// The first cell end of the current line.
    first: usize,
    /// The number of places that were not clean before the current line.
    dirt: usize,
    /// Whether the current line is known not to be ASCII.
    beyond: bool,
    /// Whether the last byte of the block before was a tab or a line feed, a space, a backslash, a
    /// carriage return: 0 or 1.
    delimiter: u64,
    space: u64,
    backslash: u64,
    cr: u64,
}

impl State<'_> {
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn block(
        &mut self,
        block: &[u8; BLOCK],
        find: &impl Fn(&[u8; BLOCK], ByteSet) -> u64,
        base: usize,
        out: &mut Index,
    ) {
        let Masks { mut cells, mut lines, spaces, special, control, mut beyond } = Masks::of(block, find);
        let mut returns = 0;
        let mut dirty = special;
        if control | self.cr != 0 {
            // A carriage return belongs to the line break when a line feed follows; any other is a
            // control character.
            returns = find(block, ByteSet::One(b'\r'));
            dirty |= control & !(returns & (lines >> 1 | 1 << (BLOCK - 1)));
            dirty |= self.cr & !lines;
        }
        // Whether a carriage return at the end belongs to a line break is seen in the next block.
        self.cr = returns >> (BLOCK - 1);
        if special | self.backslash != 0 {
            let backslashes = find(block, ByteSet::One(b'\\'));
            let mut doubtful = cells & !lines & (backslashes << 1 | self.backslash);
            self.backslash = backslashes >> (BLOCK - 1);
            while self.escapes && doubtful != 0 {
                let bit = doubtful.trailing_zeros();
                doubtful &= doubtful - 1;
                // The line is not clean, since a backslash is in it.
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
        let dirts = out.dirt.len();
        if dirty != 0 {
            note(dirty, base, &mut out.dirt);
        }
        while lines != 0 {
            let bit = lines.trailing_zeros();
            lines &= lines - 1;
            let upto = u64::MAX >> (BLOCK as u32 - 1 - bit);
            let stop = self.used + (cells & upto).count_ones() as usize;
            let dirt = dirts + (dirty & upto).count_ones() as usize;
            self.beyond |= beyond & upto != 0;
            self.push(base as u32 + bit, [stop, dirt], true, out);
            beyond &= !upto;
        }
        self.used += cells.count_ones() as usize;
        self.beyond |= beyond != 0;
    }

    /// Adds the current line, which ends at `place`; before that there are so many cell ends and
    /// places that are not clean.
    #[inline]
    fn push(&mut self, place: u32, [stop, dirt]: [usize; 2], ended: bool, out: &mut Index) {
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
            dirt: self.dirt as u32,
            dirts: (dirt - self.dirt) as u32,
            ascii: !self.beyond,
            ended,
        });
        (self.line, self.first, self.dirt, self.beyond) = (place + 1, stop, dirt, false);
    }

    /// Adds what is after the last line break.
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
            if self.text.last().is_some_and(|byte| matches!(byte, b' ' | b'\r')) {
                out.dirt.push(place - 1);
            }
            self.push(place, [self.used, out.dirt.len()], false, out);
        }
    }
}

/// Writes down the places of a mask.
#[cold]
fn note(mut mask: u64, base: usize, places: &mut Vec<u32>) {
    while mask != 0 {
        places.push(base as u32 + mask.trailing_zeros());
        mask &= mask - 1;
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
            let plain = |cell: &[u8]| {
                !cell.iter().any(|byte| matches!(byte, b'|' | b'\\' | 0..=8 | 10..=31))
                    && cell.first() != Some(&b' ')
                    && cell.last() != Some(&b' ')
            };
            let mut clean = true;
            for (start, end) in &ranges {
                let found = !index.dirt(row).iter().any(|place| (*start..=*end).contains(place));
                let plain = plain(&text[*start as usize..*end as usize]);
                // A line without an end may go on, so nothing is promised where it ends in a
                // carriage return.
                assert!(found == plain || (!row.ended && !found), "{row:?} {text:?}");
                clean &= found;
            }
            assert_eq!(row.is_clean(), clean, "{text:?}");
            assert!(index.dirt(row).is_sorted());
            assert_eq!(row.ascii, line.content(text).is_ascii());
            at = line.next;
        }
        assert_eq!(rows.next(), None, "{text:?}");
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
            prop_assert!(index.rows().iter().all(|row| row.is_clean() && row.ended));
            prop_assert_eq!(index.rows().len(), lines.len());
        }
    }
}
