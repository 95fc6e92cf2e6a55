//! Finds rows and cells in a chunk of delimited text: one pass, no allocation per row, every answer
//! a function of the row's own bytes.
//!
//! The grammar is that of RFC 4180, read generously where that is safe: a quote opens a quoted cell
//! only as the first byte of a cell; `""` inside a quoted cell represents one quote; a quote
//! anywhere else is an ordinary character. Lines end with LF or CR LF, or with CR CR LF; any other
//! CR is data. A blank line is a line and no row.
//!
//! A stray quote must not swallow the rows after it. So a row ends at its first line break, and is
//! marked as damaged, when its quote is never closed, when it runs over [`MAX_ROW`], and when it
//! spans several lines without coming out as a row of the table: with another number of cells,
//! with text after a closing quote, or with a cell that holds as many delimiters as a row has (two
//! rows, each with a stray quote in one column). Whether that is so depends only on the bytes from
//! the row's first byte on, so the rows of a chunk are the same wherever the input was cut. A row
//! that already has too many cells is given up at once, which keeps the work linear in the size of
//! the input, whatever is in it.
//!
//! Advice for those who change this file: every byte of every table goes through `scan` and `take`,
//! so nothing in them may allocate or look at a byte again; `ends` grows by blocks and is
//! reused from chunk to chunk. `regular` keeps quoted cells out of `walk`, which is much slower
//! and only for blocks with damage or line breaks in quotes. `inline(always)` is
//! needed: the pass is compiled anew for each set of instructions. `cargo bench -p transpose-sheet`
//! measures it: "nothing but rows" is this file alone, "sums, every title quoted" is `regular`.
//! `cargo xtask bench --guard` counts the instructions of whole runs. `naive` in the tests is the
//! grammar again, byte by byte; a change of what a row is begins there.

use crate::delimited::scan::{Masks, parity};
use transpose_core::format::{Chunk, IndexOutcome};
use transpose_text::scan::{self, BLOCK, ByteSet};

/// The most bytes that a row may have.
pub(crate) const MAX_ROW: usize = 1 << 20;

/// The fewest delimiters in a cell of several lines by which it is told from text.
const FEWEST: usize = 3;

/// What is wrong with the shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Nothing.
    None,
    /// A closing quote is followed by something other than the end of the cell.
    TextAfterQuote,
    /// A quote is never closed; the row was cut at its first line break.
    Unterminated,
    /// The row spans several lines and is no row of the table; it was cut at its first line break.
    Stray,
    /// The row is longer than [`MAX_ROW`]; it was cut at its first line break.
    TooLong,
}

/// A row of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it begins.
    pub(crate) start: u32,
    /// Where it ends, its line end included.
    pub(crate) end: u32,
    /// Its first cell end.
    pub(crate) first: u32,
    /// How many cells it has; none when it was cut.
    pub(crate) count: u32,
    /// How many line ends are between the start of the pass and the row.
    pub(crate) line: u32,
    /// What is wrong with its shape.
    pub(crate) damage: Damage,
}

/// How rows and cells are distinguished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What is between cells.
    pub(crate) delimiter: u8,
    /// What is around cells with a delimiter or a line end in them.
    pub(crate) quote: u8,
    /// How many cells a row has.
    pub(crate) columns: u32,
    /// The most bytes that a row may have.
    pub(crate) limit: usize,
}

/// The rows and cells of one chunk. Its memory is reused from chunk to chunk.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rows: Vec<Row>,
    /// Where cells end, row after row; longer than what is in use, so that ends can be stored
    /// several at a time.
    ends: Vec<u32>,
}

impl Index {
    /// The rows.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where the cells of a row end.
    #[inline]
    pub(crate) fn ends(&self, row: &Row) -> &[u32] {
        let first = row.first as usize;
        self.ends.get(first..first + row.count as usize).unwrap_or(&[])
    }

    /// Finds the chunk's own rows from `start` on.
    pub(crate) fn run(&mut self, dialect: Dialect, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.rows.clear();
        let state = State {
            dialect,
            bytes: chunk.bytes,
            last: chunk.last,
            own: chunk.own,
            used: 0,
            lines: 0,
            row: start,
            first: 0,
            quoted: false,
            after_quote: false,
            broken: None,
            breaks: 0,
            skip: 0,
        };
        scan::run(Pass { index: self, state })
    }
}

/// A pass over a chunk.
struct Pass<'i, 'a> {
    index: &'i mut Index,
    state: State<'a>,
}

impl scan::Pass for Pass<'_, '_> {
    type Output = IndexOutcome;

    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn run(self, find: impl Fn(&[u8; BLOCK], ByteSet) -> u64) -> IndexOutcome {
        let Self { index, mut state } = self;
        while state.row <= state.own {
            match state.scan(index, &find) {
                Step::Again => {}
                Step::More => return IndexOutcome::More,
                Step::End => break,
            }
        }
        let rows = index.rows.len() as u64;
        IndexOutcome::Done { end: state.row, lines: u64::from(state.lines), units: rows, usages: rows }
    }
}

/// How a pass goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// From the next row, which may begin before the place that was reached.
    Again,
    /// Not without more bytes.
    More,
    /// Not at all: the next row is not the chunk's own, or there is none.
    End,
}

/// How far a pass has come.
struct State<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
    last: bool,
    own: usize,
    /// How many cell ends are in use.
    used: usize,
    /// How many line ends lie behind.
    lines: u32,
    /// Where the current row begins.
    row: usize,
    /// The first cell end of the current row.
    first: usize,
    /// Whether the place reached lies in a quoted cell.
    quoted: bool,
    /// Whether text follows a closing quote of the current row.
    after_quote: bool,
    /// The first line break in quotes of the current row.
    broken: Option<usize>,
    /// How many line breaks the current row has in quotes.
    breaks: u32,
    /// Quotes before this place are already accounted for.
    skip: usize,
}

impl State<'_> {
    /// Reads from the start of the current row to the end of the last own row, or until a row is
    /// cut.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn scan(&mut self, index: &mut Index, find: &impl Fn(&[u8; BLOCK], ByteSet) -> u64) -> Step {
        let marks = (self.dialect.delimiter, self.dialect.quote);
        let mut base = self.row & !(BLOCK - 1);
        let mut live = u64::MAX << (self.row & (BLOCK - 1));
        let bytes = self.bytes;
        let mut tail;
        while let Some(rest) = bytes.get(base..).filter(|rest| !rest.is_empty()) {
            let block = if let Some(block) = rest.first_chunk::<BLOCK>() {
                block
            } else {
                tail = [0; BLOCK];
                tail.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
                &tail
            };
            // One place for all blocks: of two the compiler makes one that takes the blocks apart
            // byte by byte.
            let mut found = Masks::of(block, marks, find);
            found =
                Masks { cells: found.cells & live, lines: found.lines & live, quotes: found.quotes & live };
            live = u64::MAX;
            if index.ends.len() < self.used + 2 * BLOCK {
                index.ends.resize((self.used + 2 * BLOCK) * 2, 0);
            }
            let regular = if found.quotes == 0 && !self.quoted && self.broken.is_none() {
                Some(found)
            } else {
                self.regular(index, base, found)
            };
            let step = match regular {
                Some(found) => self.take(index, base, found),
                None => self.walk(index, base, found),
            };
            if let Some(step) = step {
                return step;
            }
            base += BLOCK;
        }
        self.close(index)
    }

    /// The cell ends and line ends of a block whose quotes are all where they belong; `None` when
    /// that is not certain.
    #[inline]
    fn regular(&mut self, index: &Index, base: usize, found: Masks) -> Option<Masks> {
        let ahead = base + BLOCK - self.row.min(base + BLOCK);
        if self.broken.is_some() || self.after_quote || self.skip > base || ahead >= self.dialect.limit {
            return None;
        }
        let inside = parity(found.quotes) ^ if self.quoted { u64::MAX } else { 0 };
        let (opening, closing) = (found.quotes & inside, found.quotes & !inside);
        let cells = found.cells & !inside;
        // A quote in the last place needs a look at the next block.
        if found.lines & inside != 0 || closing >> (BLOCK - 1) != 0 {
            return None;
        }
        // An escape closes and opens again at once. Any other opening quote is the first byte of a
        // cell.
        let begin =
            self.cell_start(index).checked_sub(base).filter(|bit| *bit < BLOCK).map_or(0, |bit| 1_u64 << bit);
        if opening & !(cells << 1 | closing << 1 | begin) != 0 {
            return None;
        }
        let mut ends = closing & !(cells >> 1 | opening >> 1);
        while ends != 0 {
            let place = base + ends.trailing_zeros() as usize;
            if self.bytes.get(place + 1..place + 3) != Some(b"\r\n") {
                return None;
            }
            ends &= ends - 1;
        }
        self.quoted = inside >> (BLOCK - 1) != 0;
        Some(Masks { cells, lines: found.lines, quotes: 0 })
    }

    /// Takes over the cell ends and line ends of a block in which quotes play no part.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn take(&mut self, index: &mut Index, base: usize, found: Masks) -> Option<Step> {
        let total = self.used + found.cells.count_ones() as usize;
        let mut bits = found.cells;
        let mut next = self.used;
        while next < total {
            let slots = index.ends.get_mut(next..).and_then(|slots| slots.first_chunk_mut::<4>())?;
            for slot in slots {
                *slot = base as u32 + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
            next += 4;
        }
        let mut lines = found.lines;
        while lines != 0 {
            let bit = lines.trailing_zeros();
            let place = base + bit as usize;
            let below = found.cells & (u64::MAX >> (63 - bit));
            let used = self.used + below.count_ones() as usize;
            lines &= lines - 1;
            if place - self.row >= self.dialect.limit {
                return Some(self.cut(index, Damage::TooLong));
            }
            self.end_row(index, used, place, place + 1);
            if self.row > self.own {
                self.used = used;
                return Some(Step::End);
            }
        }
        self.used = total;
        None
    }

    /// Takes a block byte of interest by byte of interest.
    fn walk(&mut self, index: &mut Index, base: usize, found: Masks) -> Option<Step> {
        let mut bits = found.cells | found.quotes;
        while bits != 0 {
            let bit = bits.trailing_zeros();
            let place = base + bit as usize;
            bits &= bits - 1;
            if place < self.skip {
                continue;
            }
            if place - self.row >= self.dialect.limit {
                return Some(self.over(index));
            }
            let is = |mask: u64| mask >> bit & 1 != 0;
            if self.quoted {
                if is(found.quotes) {
                    self.closing_quote(place);
                    if self.broken.is_some() && !self.quoted && self.swallows(index, place) {
                        return Some(self.cut(index, Damage::Stray));
                    }
                } else if is(found.lines) {
                    self.breaks += 1;
                    self.broken.get_or_insert(place);
                }
            } else if is(found.quotes) {
                self.quoted = place == self.cell_start(index);
            } else if is(found.lines) {
                if self.broken.is_some() && self.used + 1 - self.first != self.dialect.columns as usize {
                    return Some(self.cut(index, Damage::Stray));
                }
                if let Some(slot) = index.ends.get_mut(self.used) {
                    *slot = place as u32;
                }
                self.end_row(index, self.used + 1, place, place + 1);
                self.used = self.first;
                if self.row > self.own {
                    return Some(Step::End);
                }
            } else {
                if let Some(slot) = index.ends.get_mut(self.used) {
                    *slot = place as u32;
                }
                self.used += 1;
            }
            let wide = self.used + 1 - self.first > self.dialect.columns as usize;
            if self.broken.is_some() && (wide || self.after_quote) {
                return Some(self.cut(index, Damage::Stray));
            }
        }
        None
    }

    /// Decides what a quote in a quoted cell is: half of an escape, or its end.
    fn closing_quote(&mut self, place: usize) {
        let at = |ahead: usize| self.bytes.get(place + ahead).copied();
        if at(1) == Some(self.dialect.quote) {
            self.skip = place + 2;
            return;
        }
        self.quoted = false;
        // Where the bytes end and more will come, the row is incomplete and will be read again.
        let rest = self.bytes.get(place + 1..).unwrap_or(&[]);
        let returns = rest.iter().take_while(|byte| **byte == b'\r').count();
        self.after_quote |= match at(1 + returns) {
            Some(b'\n') => false,
            None => returns > 0 && self.last,
            Some(byte) => returns > 0 || byte != self.dialect.delimiter,
        };
    }

    /// Whether the quoted cell that ends at a place holds as many delimiters as a row has, beside a
    /// line break: two rows of which each has a stray quote in one column.
    fn swallows(&self, index: &Index, place: usize) -> bool {
        let known = self.last || place + 1 < self.bytes.len();
        let cell = self.bytes.get(self.cell_start(index)..place).unwrap_or(&[]);
        let least = (self.dialect.columns as usize).saturating_sub(1).max(FEWEST);
        known
            && memchr::memchr(b'\n', cell).is_some()
            && memchr::memchr_iter(self.dialect.delimiter, cell).nth(least - 1).is_some()
    }

    /// Where the current cell begins.
    #[inline]
    fn cell_start(&self, index: &Index) -> usize {
        if self.used == self.first {
            return self.row;
        }
        index.ends.get(self.used - 1).map_or(0, |end| *end as usize + 1)
    }

    /// Ends the current row; the cell ends up to `used` are its own, `place` is where its last cell
    /// ends but for a CR, `end` where the next row begins.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions, see `scan`")]
    #[inline(always)]
    fn end_row(&mut self, index: &mut Index, used: usize, place: usize, end: usize) {
        let mut content = place;
        // Programs that add a CR to every line end add one to CR LF too.
        while end > place && content > self.row && self.bytes.get(content - 1) == Some(&b'\r') {
            content -= 1;
        }
        if content > self.row {
            if let Some(slot) = index.ends.get_mut(used - 1) {
                *slot = content as u32;
            }
            index.rows.push(Row {
                start: self.row as u32,
                end: end as u32,
                first: self.first as u32,
                count: (used - self.first) as u32,
                line: self.lines,
                damage: if self.after_quote { Damage::TextAfterQuote } else { Damage::None },
            });
        }
        self.lines += self.breaks + u32::from(end > place);
        self.next_row(used, end);
    }

    #[inline]
    fn next_row(&mut self, used: usize, start: usize) {
        self.row = start;
        self.first = used;
        self.after_quote = false;
        self.broken = None;
        self.breaks = 0;
    }

    /// Ends a row that is longer than allowed.
    fn over(&mut self, index: &mut Index) -> Step {
        self.cut(index, if self.quoted { Damage::Unterminated } else { Damage::TooLong })
    }

    /// Ends the current row at its first line break, whatever the quotes say.
    fn cut(&mut self, index: &mut Index, damage: Damage) -> Step {
        let from = self.bytes.get(self.row..).unwrap_or(&[]);
        let found = self.broken.or_else(|| memchr::memchr(b'\n', from).map(|at| self.row + at));
        let end = match found {
            Some(place) => place + 1,
            None if self.last => self.bytes.len(),
            None => return Step::More,
        };
        let (start, first) = (self.row as u32, self.first as u32);
        index.rows.push(Row { start, end: end as u32, first, count: 0, line: self.lines, damage });
        self.lines += u32::from(found.is_some());
        self.used = self.first;
        self.quoted = false;
        self.skip = 0;
        self.next_row(self.first, end);
        Step::Again
    }

    /// Ends the pass at the end of the bytes.
    fn close(&mut self, index: &mut Index) -> Step {
        let len = self.bytes.len();
        let left = len.saturating_sub(self.row);
        if left == 0 {
            return if self.last { Step::End } else { Step::More };
        }
        // Two more bytes, so that the last quote before the limit has been understood.
        if left >= self.dialect.limit && (self.last || left >= self.dialect.limit + 2) {
            return self.over(index);
        }
        if !self.last {
            return Step::More;
        }
        if self.quoted {
            return self.cut(index, Damage::Unterminated);
        }
        if self.broken.is_some() && self.used + 1 - self.first != self.dialect.columns as usize {
            return self.cut(index, Damage::Stray);
        }
        if let Some(slot) = index.ends.get_mut(self.used) {
            *slot = len as u32;
        }
        self.end_row(index, self.used + 1, len, len);
        self.used = self.first;
        Step::End
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row with its cells, by byte of the whole input.
    #[derive(Debug, PartialEq)]
    struct ExpectedRow {
        start: usize,
        end: usize,
        cells: Vec<std::ops::Range<usize>>,
        line: u64,
        damage: Damage,
    }

    fn dialect(columns: u32, limit: usize) -> Dialect {
        Dialect { delimiter: b',', quote: b'"', columns, limit }
    }

    /// The grammar of the module's documentation, byte by byte.
    fn naive(dialect: Dialect, bytes: &[u8]) -> (Vec<ExpectedRow>, u64) {
        let (mut rows, mut row, mut line) = (Vec::new(), 0, 0);
        while row < bytes.len() {
            let (end, cells, damage) = naive_row(dialect, bytes, row);
            let blank = bytes[row..end].iter().find(|byte| **byte != b'\r') == Some(&b'\n');
            if !blank {
                rows.push(ExpectedRow { start: row, end, cells, line, damage });
            }
            line += memchr::memchr_iter(b'\n', &bytes[row..end]).count() as u64;
            row = end;
        }
        (rows, line)
    }

    fn naive_row(dialect: Dialect, bytes: &[u8], row: usize) -> (usize, Vec<std::ops::Range<usize>>, Damage) {
        let cut = |damage| {
            let end = bytes[row..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |place| row + place + 1);
            (end, Vec::new(), damage)
        };
        let over = |quoted| cut(if quoted { Damage::Unterminated } else { Damage::TooLong });
        let columns = dialect.columns as usize;
        let (mut cells, mut start) = (Vec::new(), row);
        let (mut quoted, mut after, mut broken) = (false, false, false);
        let mut place = row;
        while place < bytes.len() {
            if place - row >= dialect.limit {
                return over(quoted);
            }
            match bytes[place] {
                b'"' if quoted && bytes.get(place + 1) == Some(&b'"') => place += 1,
                b'"' if quoted => {
                    quoted = false;
                    let cell = &bytes[start..place];
                    let delimiters = memchr::memchr_iter(b',', cell).count();
                    if cell.contains(&b'\n') && delimiters >= FEWEST.max(columns - 1) {
                        return cut(Damage::Stray);
                    }
                    let rest = &bytes[place + 1..];
                    after |= !(rest.is_empty()
                        || rest.starts_with(b",")
                        || rest.iter().find(|byte| **byte != b'\r') == Some(&b'\n'));
                }
                b'"' => quoted = place == start,
                b'\n' if quoted => broken = true,
                b'\n' => {
                    let mut content = place;
                    while content > row && bytes[content - 1] == b'\r' {
                        content -= 1;
                    }
                    cells.push(start..content);
                    if broken && (cells.len() != columns || after) {
                        return cut(Damage::Stray);
                    }
                    return (place + 1, cells, if after { Damage::TextAfterQuote } else { Damage::None });
                }
                b',' if !quoted => {
                    cells.push(start..place);
                    start = place + 1;
                }
                _ => {}
            }
            if broken && (after || cells.len() + 1 > columns) {
                return cut(Damage::Stray);
            }
            place += 1;
        }
        if bytes.len() - row >= dialect.limit {
            return over(quoted);
        }
        if quoted {
            return cut(Damage::Unterminated);
        }
        cells.push(start..bytes.len());
        if broken && cells.len() != columns {
            return cut(Damage::Stray);
        }
        (bytes.len(), cells, if after { Damage::TextAfterQuote } else { Damage::None })
    }

    fn seen(index: &Index, begin: usize, line: u64) -> Vec<ExpectedRow> {
        let cells = |row: &Row| {
            let mut start = row.start as usize;
            let ends = index.ends(row).iter().map(|end| {
                let range = begin + start..begin + *end as usize;
                start = *end as usize + 1;
                range
            });
            ends.collect()
        };
        let seen = |row: &Row| ExpectedRow {
            start: begin + row.start as usize,
            end: begin + row.end as usize,
            cells: cells(row),
            line: line + u64::from(row.line),
            damage: row.damage,
        };
        index.rows().iter().map(seen).collect()
    }

    fn whole(dialect: Dialect, bytes: &[u8]) -> (Vec<ExpectedRow>, u64) {
        let mut index = Index::default();
        let outcome = index.run(dialect, Chunk { bytes, own: bytes.len(), last: true }, 0);
        let IndexOutcome::Done { end, lines, units, usages } = outcome else {
            panic!("more than everything")
        };
        assert_eq!((end, units, usages), (bytes.len(), index.rows().len() as u64, index.rows().len() as u64));
        (seen(&index, 0, 0), lines)
    }

    /// Reads as the engine does: chunks that guess their first row, are proved at the seam, and ask
    /// for more.
    fn chunked(dialect: Dialect, bytes: &[u8], chunk: usize, overlap: usize) -> (Vec<ExpectedRow>, u64) {
        let mut index = Index::default();
        let (mut rows, mut next, mut line) = (Vec::new(), 0, 0);
        for begin in (0..bytes.len()).step_by(chunk) {
            let mut upto = bytes.len().min(begin + chunk + overlap);
            let view =
                |upto: usize| Chunk { bytes: &bytes[begin..upto], own: chunk, last: upto == bytes.len() };
            let guess = memchr::memchr(b'\n', &bytes[begin..upto]).map_or(upto - begin, |place| place + 1);
            // A wrong guess must be harmless.
            if guess <= chunk {
                index.run(dialect, view(upto), guess);
            }
            if next > begin + chunk {
                continue;
            }
            loop {
                match index.run(dialect, view(upto), next - begin) {
                    IndexOutcome::More => {
                        assert!(upto < bytes.len());
                        upto = bytes.len().min(upto + 3);
                    }
                    IndexOutcome::Done { end, lines, units, .. } => {
                        let found = seen(&index, begin, line);
                        assert_eq!(found.len() as u64, units);
                        rows.extend(found);
                        line += lines;
                        next = begin + end;
                        break;
                    }
                }
            }
        }
        assert_eq!(next, bytes.len());
        (rows, line)
    }

    fn cells(columns: u32, text: &str) -> Vec<(Vec<&str>, Damage, u64)> {
        let (rows, _) = whole(dialect(columns, MAX_ROW), text.as_bytes());
        rows.into_iter()
            .map(|row| (row.cells.into_iter().map(|range| &text[range]).collect(), row.damage, row.line))
            .collect()
    }

    #[test]
    fn rows_and_cells_are_found() {
        use Damage::{None, Stray, TextAfterQuote, Unterminated};
        for (text, expected) in [
            ("", vec![]),
            ("\n\r\n", vec![]),
            ("a,b\nc,d", vec![(vec!["a", "b"], None, 0), (vec!["c", "d"], None, 1)]),
            ("a,b\r\n\r\nc,\r\n", vec![(vec!["a", "b"], None, 0), (vec!["c", ""], None, 2)]),
            ("a\rb,c\n", vec![(vec!["a\rb", "c"], None, 0)]),
            ("a,b\r", vec![(vec!["a", "b\r"], None, 0)]),
            (",\n", vec![(vec!["", ""], None, 0)]),
            ("a\n", vec![(vec!["a"], None, 0)]),
            ("\"a,\"\"\n\",b\nc,d\n", vec![(vec!["\"a,\"\"\n\"", "b"], None, 0), (vec!["c", "d"], None, 2)]),
            ("12\" mix,\"\"\n", vec![(vec!["12\" mix", "\"\""], None, 0)]),
            ("\"a\"x,b\nc,d\n", vec![(vec!["\"a\"x", "b"], TextAfterQuote, 0), (vec!["c", "d"], None, 1)]),
            (
                "\"a,b\nc,d\ne,f\n",
                vec![(vec![], Unterminated, 0), (vec!["c", "d"], None, 1), (vec!["e", "f"], None, 2)],
            ),
            (
                "\"a,b\n\"c\",d\ne,f\n",
                vec![(vec![], Stray, 0), (vec!["\"c\"", "d"], None, 1), (vec!["e", "f"], None, 2)],
            ),
            ("x,\"a\ny,b\"\n", vec![(vec!["x", "\"a\ny,b\""], None, 0)]),
            ("x,\"a\ny,b\",z\n", vec![(vec![], Stray, 0), (vec!["y", "b\"", "z"], None, 1)]),
        ] {
            assert_eq!(cells(2, text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_rows_end_with_their_line() {
        let text = "aaaaaaaaaaaa,b\nc,d\n\"aaaaaaaaaaaaaaaa\",b\ne,f\n\"a\n\",aaaaaaaaaaaaaaa\ng,h\n";
        let (rows, lines) = whole(dialect(2, 12), text.as_bytes());
        let damage: Vec<_> = rows.iter().map(|row| (row.line, row.damage)).collect();
        let expected = [
            (0, Damage::TooLong),
            (1, Damage::None),
            (2, Damage::Unterminated),
            (3, Damage::None),
            (4, Damage::TooLong),
            (5, Damage::Unterminated),
            (6, Damage::None),
        ];
        assert_eq!((damage.as_slice(), lines), (&expected[..], 7));
    }

    #[test]
    fn hostile_quotes_cost_linear_work() {
        // Each line closes the quote of the line before and opens another one.
        let text = "y\",\"z\n".repeat(400_000);
        let (rows, lines) = whole(dialect(23, MAX_ROW), text.as_bytes());
        assert_eq!((rows.len(), lines), (400_000, 400_000));
    }

    #[test]
    fn every_cut_gives_the_same_rows() {
        let text =
            "a,b\r\n\"c\nd\",e\r\n\r\nx\"y,\"p\"\"q\"\r\n\"stray,1\r\nf,g\n\"h\"i,j\n\"k\",l\nlast,\"row\"";
        for limit in [9, MAX_ROW] {
            let expected = naive(dialect(2, limit), text.as_bytes());
            assert_eq!(whole(dialect(2, limit), text.as_bytes()), expected);
            for chunk in 1..text.len() + 2 {
                for overlap in [0, 1, 7] {
                    assert_eq!(
                        chunked(dialect(2, limit), text.as_bytes(), chunk, overlap),
                        expected,
                        "chunk {chunk}, limit {limit}"
                    );
                }
            }
        }
    }

    fn soup() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just("a"), 4 => Just(","), 2 => Just("\""), 2 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n"),
            2 => Just("\"b\""), 1 => Just("\"b,\"\"c\""), 1 => Just("\"\""), 1 => Just("dddddddddddddddddddddddd"),
            1 => Just("\"e\nf\""), 2 => Just(",\"gggggg\",\"hhhh, hhh\""), 2 => Just("\r\n\"i\",\"j\",k\r\n"),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn pass_agrees_with_the_grammar(bytes in soup(), columns in 1_u32..6, limit in prop_oneof![Just(7_usize), 8..200_usize, Just(MAX_ROW)]) {
            let dialect = dialect(columns, limit);
            prop_assert_eq!(whole(dialect, &bytes), naive(dialect, &bytes));
        }

        #[test]
        fn chunks_agree_with_the_grammar(bytes in soup(), columns in 1_u32..6, limit in prop_oneof![8..200_usize, Just(MAX_ROW)],
            chunk in 1_usize..200, overlap in 0_usize..80) {
            let dialect = dialect(columns, limit);
            prop_assert_eq!(chunked(dialect, &bytes, chunk, overlap), naive(dialect, &bytes));
        }

        #[test]
        fn bare_soup_agrees_too(bytes in proptest::collection::vec(prop::sample::select(b"a,\"\n\r".to_vec()), 0..200), columns in 1_u32..5) {
            let dialect = dialect(columns, MAX_ROW);
            let expected = naive(dialect, &bytes);
            prop_assert_eq!(&whole(dialect, &bytes), &expected);
            prop_assert_eq!(chunked(dialect, &bytes, 17, 5), expected);
        }
    }
}
