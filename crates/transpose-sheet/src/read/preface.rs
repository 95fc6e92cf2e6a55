//! The top of a table: the lines before its rows, with the line of headings among them.

use crate::layout::{Column, Layout, Line, Source};
use crate::notation::cell::{bare, unquote};
use crate::read::heading::{Headings, NoHeadings, Place, no_text, row, row_at, row_of_names};
use std::ops::Range;
use transpose_core::format::{Probe, Recognition};

/// The top of a file.
#[derive(Debug)]
pub(crate) struct Top {
    /// The line of headings, or what stands for it where there is none: the names of the layout.
    pub(crate) headings: Headings,
    /// The lines before the rows.
    pub(crate) lines: Vec<Found>,
    /// Where the rows begin.
    pub(crate) body: Place,
}

/// A line of a file.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its number among the lines before of the layout.
    pub(crate) line: usize,
    /// Where it stands.
    pub(crate) at: Place,
    /// Where its cells stand.
    pub(crate) cells: Vec<Range<usize>>,
}

/// Why a file has no such top.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoTop {
    /// A line is not there.
    Headings(NoHeadings, Place),
    /// A line does not say what it must: its number, its cell, and where it stands.
    Line(usize, usize, Place),
}

/// Reads the top of a file from its first bytes.
pub(crate) fn top(layout: &Layout, bytes: &[u8], delimiter: u8, complete: bool) -> Result<Top, NoTop> {
    let marks = (delimiter, layout.quote);
    no_text(bytes).map_err(|why| NoTop::Headings(why, Place::default()))?;
    let bom = bytes.starts_with(b"\xef\xbb\xbf");
    let mut at = Place { start: if bom { 3 } else { 0 }, lines: 0 };
    let mut headings = None;
    let mut lines = Vec::new();
    for (number, line) in layout.before.iter().enumerate() {
        if line.headings {
            let found = names(bytes, at, marks, complete)?;
            at = Place { start: found.end, lines: found.lines };
            headings = Some(found);
            continue;
        }
        if let Some((cell, next)) = whole_line(line, bytes, at) {
            lines.push(Found { line: number, at, cells: vec![cell] });
            at = next;
            continue;
        }
        // Where a line tells by its text what it is, blank lines before it mean nothing.
        let read = if line.mark().is_some() { row } else { row_at };
        let (start, cells, next) =
            read(bytes, at, marks, complete).map_err(|why| NoTop::Headings(why, at))?;
        let text = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or(&[]);
        if line.cells.is_empty() && !cells.iter().all(|cell| bare(text(cell), layout.quote).is_empty()) {
            // A blank line that is not there is not missed.
            continue;
        }
        if let Some(cell) = unlike(line, &cells, bytes, layout.quote) {
            return Err(NoTop::Line(number, cell, start));
        }
        lines.push(Found { line: number, at: start, cells });
        at = next;
    }
    let headings = match headings {
        Some(headings) => headings,
        None if layout.headed => {
            let found = names(bytes, at, marks, complete)?;
            at = Place { start: found.end, lines: found.lines };
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
    Ok(Top { headings: Headings { bom, ..headings }, lines, body: at })
}

/// A line of a single text that stands there as it is. Such a text may be the very character that
/// divides or quotes cells.
fn whole_line(line: &Line, bytes: &[u8], at: Place) -> Option<(Range<usize>, Place)> {
    let [Column { source: Source::Text(text), .. }] = &line.cells[..] else { return None };
    let rest = bytes.get(at.start..)?.strip_prefix(text.as_bytes())?;
    let end = at.start + text.len();
    let (len, breaks) = match rest {
        [b'\n', ..] => (1, 1),
        [b'\r', b'\n', ..] => (2, 1),
        [] => (0, 0),
        _ => return None,
    };
    Some((at.start..end, Place { start: end + len, lines: at.lines + breaks }))
}

fn names(bytes: &[u8], at: Place, marks: (u8, u8), complete: bool) -> Result<Headings, NoTop> {
    row_of_names(bytes, at, marks, complete).map_err(|why| NoTop::Headings(why, at))
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

/// Whether a file is of a layout without headings, judged by the texts that the layout demands.
pub(crate) fn recognise(layout: &Layout, probe: &Probe<'_>) -> Recognition {
    let Ok(found) = top(layout, probe.bytes, layout.delimiter, probe.complete) else {
        return Recognition::No;
    };
    let texts = |cells: &[Column]| cells.iter().filter(|cell| matches!(cell.source, Source::Text(_))).count();
    let before: usize = layout.before.iter().map(|line| texts(&line.cells)).sum();
    let marks = (layout.delimiter, layout.quote);
    let first = row(probe.bytes, found.body, marks, probe.complete);
    let fits = match &first {
        Ok((_, cells, _)) => {
            let row = Line { cells: layout.columns.clone(), headings: false, each: None };
            cells.len() == layout.columns.len() && unlike(&row, cells, probe.bytes, layout.quote).is_none()
        }
        Err(NoHeadings::Empty) => before > 0,
        Err(_) => false,
    };
    match (fits, before, texts(&layout.columns)) {
        (false, ..) | (true, 0, 0) => Recognition::No,
        (true, 0, _) => Recognition::Possible("the texts that every row has".into()),
        (true, ..) => Recognition::Certain("the lines before the rows".into()),
    }
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
            let found = top(&layout, file.as_bytes(), b'|', true).unwrap();
            assert_eq!((found.lines.len(), found.headings.names.len(), found.body.lines), (2, 2, 3));
            assert!(top(&layout, file.replacen('^', "|", 1).as_bytes(), b'|', true).is_err());
        }
    }
}
