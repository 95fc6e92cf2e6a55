//! The header of a table: the lines before its rows, with the line of headings among them.

use crate::delimited::quoting::{bare, first_row, unquote};
use crate::layout::{Column, Layout, Line, Source};
use std::ops::Range;

/// The preface of a file.
#[derive(Debug)]
pub(crate) struct Preface {
    /// The line of headings, or what represents it where there is none: the names of the layout.
    pub(crate) headings: Headings,
    /// The preface lines.
    pub(crate) lines: Vec<PrefaceLine>,
    /// Where the rows begin.
    pub(crate) body: Position,
}

/// A line of a file.
#[derive(Debug)]
pub(crate) struct PrefaceLine {
    /// Its number among the preface lines of the layout.
    pub(crate) line: usize,
    /// Where it is.
    pub(crate) at: Position,
    /// Where its cells are.
    pub(crate) cells: Vec<Range<usize>>,
}

/// Why a file has no such preface.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PrefaceError {
    /// A line is not there.
    Headings(HeadingsError, Position),
    /// A line does not say what it must: its number, its cell, and where it is.
    Line(usize, usize, Position),
}

/// Reads the preface of a file from its first bytes.
pub(crate) fn read_preface(
    layout: &Layout,
    bytes: &[u8],
    delimiter: u8,
    complete: bool,
) -> Result<Preface, PrefaceError> {
    let quote = layout.quote_beside(delimiter);
    let marks = (delimiter, quote);
    no_text(bytes).map_err(|why| PrefaceError::Headings(why, Position::default()))?;
    let bom = bytes.starts_with(b"\xef\xbb\xbf");
    let mut at = after_separator_line(bytes, if bom { 3 } else { 0 });
    let mut headings = None;
    let mut lines = Vec::new();
    for (number, line) in layout.preface.iter().enumerate() {
        if line.headings {
            let found = names(bytes, at, marks, complete)?;
            at = Position { start: found.end, lines: found.lines };
            headings = Some(found);
            continue;
        }
        if let Some((cell, next)) = whole_line(line, bytes, at) {
            lines.push(PrefaceLine { line: number, at, cells: vec![cell] });
            at = next;
            continue;
        }
        // Where a line is known by its text, blank lines before it mean nothing.
        let read = if line.mark().is_some() { row } else { row_at };
        let (start, cells, next) =
            read(bytes, at, marks, complete).map_err(|why| PrefaceError::Headings(why, at))?;
        let text = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or(&[]);
        if line.cells.is_empty() && !cells.iter().all(|cell| bare(text(cell), quote).is_empty()) {
            // A blank line that is not there is not missed.
            continue;
        }
        if let Some(cell) = unlike(line, &cells, bytes, quote) {
            return Err(PrefaceError::Line(number, cell, start));
        }
        lines.push(PrefaceLine { line: number, at: start, cells });
        at = next;
    }
    let headings = match headings {
        Some(headings) => headings,
        None if layout.headed => {
            let found = names(bytes, at, marks, complete)?;
            at = Position { start: found.end, lines: found.lines };
            found
        }
        None => Headings {
            names: layout.columns.iter().map(|column| column.heading.clone()).collect(),
            start: at.start,
            end: at.start,
            lines: at.lines,
            bom,
        },
    };
    Ok(Preface { headings: Headings { bom, ..headings }, lines, body: at })
}

/// The place after a line that names the separator of cells (`sep=;`), which spreadsheets read and
/// write before the headings.
fn after_separator_line(bytes: &[u8], start: usize) -> Position {
    let rest = bytes.get(start..).unwrap_or(&[]);
    match rest.strip_prefix(b"sep=") {
        Some([separator, b'\n', ..]) if !separator.is_ascii_alphanumeric() => {
            Position { start: start + 6, lines: 1 }
        }
        Some([separator, b'\r', b'\n', ..]) if !separator.is_ascii_alphanumeric() => {
            Position { start: start + 7, lines: 1 }
        }
        _ => Position { start, lines: 0 },
    }
}

/// A line of a single text that is there as it is. Such a text may be the very character that
/// divides or quotes cells.
fn whole_line(line: &Line, bytes: &[u8], at: Position) -> Option<(Range<usize>, Position)> {
    let [Column { source: Source::Text(text), .. }] = &line.cells[..] else { return None };
    let rest = bytes.get(at.start..)?.strip_prefix(text.as_bytes())?;
    let end = at.start + text.len();
    let (len, breaks) = match rest {
        [b'\n', ..] => (1, 1),
        [b'\r', b'\n', ..] => (2, 1),
        [] => (0, 0),
        _ => return None,
    };
    Some((at.start..end, Position { start: end + len, lines: at.lines + breaks }))
}

fn names(bytes: &[u8], at: Position, marks: (u8, u8), complete: bool) -> Result<Headings, PrefaceError> {
    row_of_names(bytes, at, marks, complete).map_err(|why| PrefaceError::Headings(why, at))
}

/// The first cell that does not hold the text that the layout has there.
pub(crate) fn unlike(line: &Line, cells: &[Range<usize>], bytes: &[u8], quote: u8) -> Option<usize> {
    let mut found = Vec::new();
    line.cells.iter().enumerate().find_map(|(number, cell)| {
        let Source::Text(text) = &cell.source else { return None };
        found.clear();
        let range = cells.get(number).cloned().unwrap_or_default();
        unquote(bytes.get(range).unwrap_or(&[]), quote, &mut found);
        (!found.trim_ascii().eq_ignore_ascii_case(text.as_bytes().trim_ascii())).then_some(number)
    })
}

/// The most bytes that the line of headings may have.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The most columns that a table may have.
pub(crate) const MOST_COLUMNS: usize = 4096;

/// The line of headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headings {
    /// The headings as they are in the file.
    pub(crate) names: Vec<Box<str>>,
    /// Where the line begins, after a byte order mark and blank lines.
    pub(crate) start: usize,
    /// Where the line after it begins.
    pub(crate) end: usize,
    /// How many line ends lie before `end`.
    pub(crate) lines: u64,
    /// Whether there is a byte order mark.
    pub(crate) bom: bool,
}

/// Why there is no line of headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadingsError {
    /// The input is empty or blank.
    Empty,
    /// It is UTF-16.
    Utf16,
    /// It is no text; what it seems to be.
    NotText(&'static str),
    /// The line does not end.
    Endless,
}

/// A place in the preface of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Its byte.
    pub(crate) start: usize,
    /// How many line ends lie before it.
    pub(crate) lines: u64,
}

/// Reads a line of headings from a place on, after blank lines.
pub(crate) fn row_of_names(
    bytes: &[u8],
    from: Position,
    marks: (u8, u8),
    complete: bool,
) -> Result<Headings, HeadingsError> {
    let (from, cells, next) = row(bytes, from, marks, complete)?;
    let mut text = Vec::new();
    let names = cells.into_iter().map(|range| {
        text.clear();
        unquote(bytes.get(range).unwrap_or(&[]), marks.1, &mut text);
        String::from_utf8_lossy(&text).trim().into()
    });
    Ok(Headings { names: names.collect(), start: from.start, end: next.start, lines: next.lines, bom: false })
}

/// The first row from a place on that is not blank: where it begins, its cells, and the place after
/// it.
pub(crate) fn row(
    bytes: &[u8],
    from: Position,
    marks: (u8, u8),
    complete: bool,
) -> Result<(Position, Vec<Range<usize>>, Position), HeadingsError> {
    let Position { mut start, mut lines } = from;
    while let Some(blank) = blank(bytes.get(start..).unwrap_or(&[])) {
        start += blank;
        lines += 1;
    }
    row_at(bytes, Position { start, lines }, marks, complete)
}

/// How many bytes a blank line has that is first.
fn blank(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// The row at a place, which may be blank.
pub(crate) fn row_at(
    bytes: &[u8],
    from: Position,
    (delimiter, quote): (u8, u8),
    complete: bool,
) -> Result<(Position, Vec<Range<usize>>, Position), HeadingsError> {
    let Position { start, lines } = from;
    let rest = bytes.get(start..).unwrap_or(&[]);
    if rest.is_empty() && complete {
        return Err(HeadingsError::Empty);
    }
    let bounded = rest.get(..LONGEST).unwrap_or(rest);
    let ends = complete && bounded.len() == rest.len();
    let (cells, len) = first_row(bounded, delimiter, quote, ends).ok_or(HeadingsError::Endless)?;
    if cells.len() > MOST_COLUMNS {
        return Err(HeadingsError::Endless);
    }
    let breaks = memchr::memchr_iter(b'\n', rest.get(..len).unwrap_or(&[])).count() as u64;
    let cells = cells.into_iter().map(|range| start + range.start..start + range.end).collect();
    Ok((from, cells, Position { start: start + len, lines: lines + breaks }))
}

/// Reports what is no text at all.
pub(crate) fn no_text(bytes: &[u8]) -> Result<(), HeadingsError> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(HeadingsError::Utf16),
        [b'P', b'K', 3, 4, ..] => return Err(HeadingsError::NotText("a workbook or another archive")),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(HeadingsError::NotText("an old workbook")),
        [0x1f, 0x8b, ..] => return Err(HeadingsError::NotText("compressed")),
        [b'P', b'A', b'R', b'1', ..] => return Err(HeadingsError::NotText("Parquet")),
        _ => {}
    }
    if let Some(place) = memchr::memchr(0, bytes) {
        // Latin text in UTF-16 has a zero in every other byte.
        let utf16 = bytes.iter().skip(place % 2).step_by(2).take(8).all(|byte| *byte == 0) && bytes.len() > 8;
        return Err(if utf16 { HeadingsError::Utf16 } else { HeadingsError::NotText("binary") });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_hold_the_characters_that_divide_the_table() {
        let text = "id = \"label.acme\"\ntitle = \"Acme\"\ndirections = [\"read\"]\ngrain = \"aggregate\"\nreference = \"a.pdf\"\n\
                    [table]\ndelimiter = \"|\"\nquote = \"^\"\n[[before]]\ncells = [{ text = \"^\" }]\n[[before]]\ncells = [{ text = \"|\" }]\n\
                    [[column]]\nheading = \"A\"\n[[column]]\nheading = \"B\"\n";
        let layout = Layout::parse("acme.toml", text).unwrap();
        for end in ["\n", "\r\n"] {
            let file = ["^", "|", "^A^|^B^", ""].join(end);
            let found = read_preface(&layout, file.as_bytes(), b'|', true).unwrap();
            assert_eq!((found.lines.len(), found.headings.names.len(), found.body.lines), (2, 2, 3));
            assert!(read_preface(&layout, file.replacen('^', "|", 1).as_bytes(), b'|', true).is_err());
        }
    }

    /// Reads the line of headings from the first bytes of an input.
    fn headings(bytes: &[u8], delimiter: u8, quote: u8, complete: bool) -> Result<Headings, HeadingsError> {
        no_text(bytes)?;
        let bom = bytes.starts_with(b"\xef\xbb\xbf");
        let from = Position { start: if bom { 3 } else { 0 }, lines: 0 };
        Ok(Headings { bom, ..row_of_names(bytes, from, (delimiter, quote), complete)? })
    }

    fn read(bytes: &[u8]) -> Result<Headings, HeadingsError> {
        headings(bytes, b',', b'"', true)
    }

    #[test]
    fn line_of_headings_is_found() {
        let found = read(b"\xef\xbb\xbf\r\n\n\"A \"\"b\"\"\", c\r\nrest").unwrap();
        assert_eq!(found.names, ["A \"b\"".into(), Box::from("c")]);
        assert_eq!((found.start, found.end, found.lines, found.bom), (6, 20, 3, true));
        let found = read(b"a,\"b\nc\"").unwrap();
        assert_eq!((found.names.len(), found.end, found.lines), (2, 7, 1));
    }

    #[test]
    fn what_is_no_table_is_told_apart() {
        for (bytes, why) in [
            (&b""[..], HeadingsError::Empty),
            (b"\xef\xbb\xbf", HeadingsError::Empty),
            (b"\r\n\n", HeadingsError::Empty),
            (b"\xff\xfea\0,\0", HeadingsError::Utf16),
            (b"a\0,\0b\0,\0c\0d\0e\0f\0", HeadingsError::Utf16),
            (b"PK\x03\x04", HeadingsError::NotText("a workbook or another archive")),
            (b"a,b\0c\n", HeadingsError::NotText("binary")),
        ] {
            assert_eq!(read(bytes), Err(why), "{bytes:?}");
        }
        assert_eq!(headings(b"a,b", b',', b'"', false), Err(HeadingsError::Endless));
        assert_eq!(read(&vec![b'x'; LONGEST + 1]), Err(HeadingsError::Endless));
        assert_eq!(read(&vec![b','; MOST_COLUMNS]), Err(HeadingsError::Endless));
    }
}
