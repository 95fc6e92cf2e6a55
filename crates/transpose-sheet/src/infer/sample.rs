//! The sample as rows of cells: which characters are between and around its cells.

use crate::delimited::quoting::{NO_QUOTE, bare, first_row, unquote};
use crate::infer::words::Words;
use crate::layout::QuoteWhen;
use std::borrow::Cow;

/// The most rows that are looked at.
const MOST_ROWS: usize = 200_000;

/// The most cells that are looked at, so that a file of nothing but delimiters takes no memory to
/// speak of.
const MOST_CELLS: usize = 4 << 20;

/// How many first bytes, and rows of them, say what is between cells.
const PROBE: usize = 64 << 10;
const PROBE_ROWS: usize = 200;

/// How many first rows may hold the headings.
pub(super) const HEAD_ROWS: usize = 40;

/// What is between cells, the usual ones first: the others are tried only where none of these fits.
const USUAL: [u8; 4] = [b'\t', b';', b',', b'|'];
const RARE: [u8; 3] = [b'^', b'~', b':'];

/// How the sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// None where quotes mean nothing.
    pub(super) quote: Option<u8>,
    pub(super) when: QuoteWhen,
    pub(super) crlf: bool,
    pub(super) bom: bool,
}

/// The rows of the sample.
pub(super) struct Grid<'a> {
    bytes: &'a [u8],
    pub(super) dialect: Dialect,
    /// Where each cell lies.
    cells: Vec<(u32, u32)>,
    /// The first cell of each row, and one more for the end.
    rows: Vec<u32>,
    /// The line at which each row begins, from 1.
    lines: Vec<u32>,
    /// Whether there is more than what was looked at.
    pub(super) cut: bool,
}

impl<'a> Grid<'a> {
    /// Takes a sample apart; nothing where no delimiter gives it columns.
    pub(super) fn new(bytes: &'a [u8], complete: bool, words: &Words) -> Option<Self> {
        let bom = bytes.starts_with(b"\xef\xbb\xbf");
        let body = bytes.get(if bom { 3 } else { 0 }..).unwrap_or_default();
        let head = probe(body);
        let usual = best(&USUAL, head, words);
        let (delimiter, quote) = usual.or_else(|| best(&RARE, head, words))?;
        let ends = memchr::memchr_iter(b'\n', head).count();
        let crlf = memchr::memmem::find_iter(head, b"\r\n").count() * 2 > ends;
        let dialect = Dialect { delimiter, quote: Some(quote), when: QuoteWhen::Needed, crlf, bom };
        let mut grid = Self::split(body, complete, dialect);
        let dialect =
            Dialect { quote: (quote != NO_QUOTE).then_some(quote), when: grid.quoted(), ..grid.dialect };
        grid.dialect = dialect;
        Some(grid)
    }

    fn split(bytes: &'a [u8], complete: bool, dialect: Dialect) -> Self {
        let quote = dialect.quote.unwrap_or(NO_QUOTE);
        let (mut cells, mut rows, mut lines) = (Vec::new(), vec![0], Vec::new());
        let (mut start, mut line, mut cut) = (0, 1_u64, !complete);
        while start < bytes.len() {
            let rest = bytes.get(start..).unwrap_or_default();
            let Some((row, len)) = first_row(rest, dialect.delimiter, quote, complete) else { break };
            if rows.len() > MOST_ROWS || cells.len() + row.len() > MOST_CELLS {
                cut = true;
                break;
            }
            cells.extend(row.iter().map(|cell| ((start + cell.start) as u32, (start + cell.end) as u32)));
            rows.push(cells.len() as u32);
            lines.push(line as u32);
            line += memchr::memchr_iter(b'\n', rest.get(..len).unwrap_or_default()).count() as u64;
            start += len;
        }
        Self { bytes, dialect, cells, rows, lines, cut }
    }

    /// How many rows there are, blank ones too.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line of a row, from 1.
    pub(super) fn line(&self, row: usize) -> u32 {
        self.lines.get(row).copied().unwrap_or_default()
    }

    /// How many cells a row has.
    pub(super) fn width(&self, row: usize) -> usize {
        let at = |row| self.rows.get(row).copied().unwrap_or_default() as usize;
        at(row + 1).saturating_sub(at(row))
    }

    /// How many cells a row has up to the last that holds something.
    pub(super) fn filled_width(&self, row: usize) -> usize {
        (0..self.width(row))
            .rev()
            .find(|column| !self.bare(row, *column).is_empty())
            .map_or(0, |last| last + 1)
    }

    /// How many cells of a row hold something.
    pub(super) fn filled(&self, row: usize) -> usize {
        (0..self.width(row)).filter(|column| !self.bare(row, *column).is_empty()).count()
    }

    /// A cell as it is; nothing where the row has fewer.
    pub(super) fn raw(&self, row: usize, column: usize) -> &'a [u8] {
        if column >= self.width(row) {
            return &[];
        }
        let first = self.rows.get(row).copied().unwrap_or_default() as usize;
        let (from, to) = self.cells.get(first + column).copied().unwrap_or_default();
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// A cell without quotes and the spaces around it; escaped quotes stay.
    pub(super) fn bare(&self, row: usize, column: usize) -> &'a [u8] {
        bare(self.raw(row, column), self.dialect.quote.unwrap_or(NO_QUOTE))
    }

    /// The same as text, for cells in which no escape can be.
    pub(super) fn text(&self, row: usize, column: usize) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bare(row, column))
    }

    /// The text of a cell, without spaces around it.
    pub(super) fn whole(&self, row: usize, column: usize) -> String {
        let mut out = Vec::new();
        unquote(self.raw(row, column), self.dialect.quote.unwrap_or(NO_QUOTE), &mut out);
        String::from_utf8_lossy(&out).trim().to_owned()
    }

    /// Which cells are in quotes, by the first rows after the headings.
    fn quoted(&self) -> QuoteWhen {
        let Some(quote) = self.dialect.quote.filter(|quote| *quote != NO_QUOTE) else {
            return QuoteWhen::Needed;
        };
        let (mut texts, mut quoted_texts, mut numbers, mut quoted_numbers) = (0, 0, 0, 0);
        for row in 1..self.len().min(PROBE_ROWS) {
            for column in 0..self.width(row) {
                let raw = self.raw(row, column);
                let quoted = raw.len() > 1 && raw.first() == Some(&quote) && raw.last() == Some(&quote);
                let bare = self.bare(row, column);
                // An empty cell in quotes speaks, one without does not: it may be a number that is
                // not known.
                if bare.is_empty() && !quoted {
                    continue;
                }
                let number = !bare.is_empty()
                    && bare.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b',' | b'-'));
                let (all, of_them) = if number {
                    (&mut numbers, &mut quoted_numbers)
                } else {
                    (&mut texts, &mut quoted_texts)
                };
                *all += 1;
                *of_them += usize::from(quoted);
            }
        }
        let most = |part: usize, all: usize| part * 100 >= all * 98;
        if texts == 0 || !most(quoted_texts, texts) {
            QuoteWhen::Needed
        } else if numbers > 0 && most(quoted_numbers, numbers) {
            QuoteWhen::All
        } else if quoted_numbers * 2 <= numbers {
            QuoteWhen::Text
        } else {
            QuoteWhen::Needed
        }
    }
}

/// The first bytes, up to a line end if there is one.
fn probe(bytes: &[u8]) -> &[u8] {
    let head = bytes.get(..PROBE).unwrap_or(bytes);
    if head.len() == bytes.len() {
        return head;
    }
    memchr::memrchr(b'\n', head).map_or(head, |end| head.get(..=end).unwrap_or(head))
}

/// How well a delimiter and a quote explain the first rows: names that are known, rows of one
/// width, cells in a row.
type Score = (usize, usize, usize);

/// The delimiter and the quote that explain the first rows best.
fn best(delimiters: &[u8], head: &[u8], words: &Words) -> Option<(u8, u8)> {
    let mut best: Option<(Score, (u8, u8))> = None;
    for delimiter in delimiters.iter().copied().filter(|delimiter| memchr::memchr(*delimiter, head).is_some())
    {
        for quote in quotes(head, delimiter) {
            let Some(score) = score(head, delimiter, quote, words) else { continue };
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, (delimiter, quote)));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// The quotes that are worth a try: double quotes, others that begin and end cells, and none.
fn quotes(head: &[u8], delimiter: u8) -> Vec<u8> {
    let mut quotes = vec![b'"'];
    for quote in [b'^', b'\''] {
        let seams = memchr::memmem::find_iter(head, &[quote, delimiter, quote]).count();
        let lines = memchr::memchr_iter(b'\n', head).count().max(1);
        if quote != delimiter && seams * 2 >= lines {
            quotes.insert(0, quote);
        }
    }
    if memchr::memchr(b'"', head).is_some() {
        quotes.push(NO_QUOTE);
    }
    quotes
}

fn score(head: &[u8], delimiter: u8, quote: u8, words: &Words) -> Option<Score> {
    let mut widths: Vec<usize> = Vec::new();
    let (mut start, mut known, mut rows) = (0, 0, 0);
    let mut text = Vec::new();
    while start < head.len() && rows < PROBE_ROWS {
        let rest = head.get(start..)?;
        let (row, len) = first_row(rest, delimiter, quote, true)?;
        start += len;
        rows += 1;
        // A blank line is of any width.
        if !(row.len() == 1 && row.first().is_some_and(std::ops::Range::is_empty)) {
            widths.push(row.len());
        }
        if rows <= HEAD_ROWS {
            let names = row.into_iter().filter(|cell| {
                text.clear();
                unquote(rest.get(cell.clone()).unwrap_or_default(), quote, &mut text);
                words.knows(&String::from_utf8_lossy(&text))
            });
            known = known.max(names.count());
        }
    }
    // Lines of one cell are titles and labels.
    let wide: Vec<usize> = widths.iter().copied().filter(|width| *width > 1).collect();
    let (width, count) = common(&wide).filter(|(_, count)| *count > 1)?;
    // Preface and trailer lines, and rows that a spreadsheet left short, are of other widths.
    Some((known, count * 20 / widths.len().max(1), width))
}

/// The most common number, the larger one of two, and how often it occurs.
pub(super) fn common(numbers: &[usize]) -> Option<(usize, usize)> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a == b)
        .map(|run| (run.first().copied().unwrap_or_default(), run.len()))
        .max_by_key(|(number, count)| (*count, *number))
}
