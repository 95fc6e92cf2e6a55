//! Tables of HTML pages, which reporting systems send as `.xls`. Read as browsers do: nothing is
//! refused for its form.

use crate::read::codes::{TOO_LARGE, UNREADABLE};
use crate::read::reader::{Beginning, Fit, Mark, Reader, RegisteredReader, Table, TextTable};
use crate::read::source::fill;
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::sheets::Sheets;
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::Location;
use transpose_core::inventory;

/// The most bytes of a tag or a cell.
const LONGEST: usize = 1 << 20;

/// The most columns that one cell may take.
const WIDEST: u32 = 1000;

/// The most rows that a cell may take, as browsers have it.
const TALLEST: u32 = 65_534;

/// The reader of pages.
struct Html;

inventory::submit! { RegisteredReader(&Html) }

impl Reader for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["html"]
    }

    fn mark(&self) -> Mark {
        Mark::Text(|start| if is_html(&start.lower) { Fit::Likely } else { Fit::No })
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::Text(Arc::new(Self)))
    }
}

impl TextTable for Html {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut sheets = target.sheets();
        read(text, &mut sheets)?;
        sheets.finish()
    }
}

/// Whether a text, in lower case, is an HTML page or a part of one.
fn is_html(start: &str) -> bool {
    let begins = |tag: &str| start.starts_with(tag);
    begins("<!doctype html")
        || begins("<html")
        || begins("<table")
        || begins("<meta")
        || begins("<head")
        || begins("<")
            && (start.contains("<html") || start.contains("<table ") || start.contains("<table>"))
            && !start.contains("<workbook")
}

/// Reads the tables of a page.
fn read(mut from: &mut dyn Read, sheets: &mut Sheets<'_>) -> Result<(), Stop> {
    let mut page = Page {
        sheets,
        tables: 0,
        depth: 0,
        row: None,
        rows: 0,
        column: 0,
        cell: None,
        span: (1, 1),
        below: Vec::new(),
        hidden: None,
    };
    let mut block = vec![0; 64 << 10];
    let mut token: Vec<u8> = Vec::new();
    let mut tag = false;
    loop {
        let read = fill(&mut from, &mut block)?;
        if read == 0 {
            break;
        }
        for byte in block.get(..read).unwrap_or_default() {
            match (tag, byte) {
                (false, b'<') => {
                    page.text(&token)?;
                    token.clear();
                    tag = true;
                }
                (true, b'>') if !token.starts_with(b"!--") || token.ends_with(b"--") => {
                    page.tag(&String::from_utf8_lossy(&token))?;
                    token.clear();
                    tag = false;
                }
                _ => token.push(*byte),
            }
            if token.len() > LONGEST {
                if token.starts_with(b"!--") || page.hidden.is_some() {
                    // What is never shown may be as long as it likes.
                    token.drain(3..token.len() - 2);
                } else {
                    return stop(
                        &TOO_LARGE,
                        Location::default(),
                        "a tag or a text of the page has more than 1 MiB",
                    );
                }
            }
        }
    }
    if page.depth > 0 || tag {
        return stop(
            &UNREADABLE,
            Location::default(),
            "the page ends inside of a table: it is cut off, and rows may be missing",
        );
    }
    Ok(())
}

struct Page<'s, 'a> {
    sheets: &'s mut Sheets<'a>,
    tables: u32,
    depth: u32,
    row: Option<u32>,
    rows: u32,
    column: u32,
    cell: Option<String>,
    /// How many columns and rows the cell takes.
    span: (u32, u32),
    /// For each column, how many of the rows to come a cell above takes.
    below: Vec<u32>,
    /// The element whose text is no text: `script` or `style`.
    hidden: Option<String>,
}

impl Page<'_, '_> {
    fn text(&mut self, text: &[u8]) -> Result<(), Stop> {
        let Some(cell) = self.cell.as_mut().filter(|_| self.hidden.is_none()) else { return Ok(()) };
        if cell.len() + text.len() > LONGEST {
            return stop(&TOO_LARGE, Location::default(), "a cell has more than 1 MiB");
        }
        unescape(&String::from_utf8_lossy(text), cell);
        Ok(())
    }

    fn tag(&mut self, tag: &str) -> Result<(), Stop> {
        let closing = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        if let Some(hidden) = &self.hidden {
            if closing && *hidden == name {
                self.hidden = None;
            }
            return Ok(());
        }
        match (name.as_str(), closing) {
            ("script" | "style", false) if !tag.ends_with('/') => self.hidden = Some(name),
            ("table", false) => {
                self.depth += 1;
                // A table inside of a cell is a part of the cell.
                if self.depth == 1 {
                    self.tables += 1;
                    self.rows = 0;
                    self.below.clear();
                    self.sheets.begin(&format!("table {}", self.tables));
                }
            }
            ("table", true) if self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.end_row()?;
                    self.sheets.end()?;
                }
            }
            ("tr", false) if self.depth == 1 => {
                self.end_row()?;
                self.row = Some(self.rows);
                self.column = 0;
            }
            ("tr", true) if self.depth == 1 => self.end_row()?,
            ("td" | "th", false) if self.depth == 1 && self.row.is_some() => {
                self.end_cell()?;
                self.span = (number(tag, "colspan", WIDEST), number(tag, "rowspan", TALLEST));
                self.skip_taken();
                self.cell = Some(String::new());
            }
            ("td" | "th", true) if self.depth == 1 => self.end_cell()?,
            ("br" | "p", false) => {
                if let Some(cell) = self.cell.as_mut().filter(|cell| !cell.trim_start().is_empty()) {
                    cell.push('\u{b}');
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Stop> {
        if let (Some(cell), Some(row)) = (self.cell.take(), self.row) {
            let text = collapsed(&cell);
            if !text.is_empty() {
                self.sheets.cell(row, self.column as usize, text.as_bytes())?;
            }
            let (columns, rows) = self.span;
            let end = self.column.saturating_add(columns);
            if rows > 1 {
                let (from, end) = (self.column as usize, (end as usize).min(WIDEST as usize));
                self.below.resize(self.below.len().max(end), 0);
                // This row counts as well: it takes one off when it ends.
                if let Some(below) = self.below.get_mut(from..end) {
                    below.fill(rows);
                }
            }
            self.column = end;
        }
        Ok(())
    }

    /// Goes to the next column that no cell of a row above takes.
    fn skip_taken(&mut self) {
        while self.below.get(self.column as usize).is_some_and(|rows| *rows > 0) {
            self.column += 1;
        }
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        self.end_cell()?;
        if self.row.take().is_some() {
            self.rows += 1;
            self.below.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
        }
        Ok(())
    }
}

/// How many columns or rows a cell takes.
fn number(tag: &str, name: &str, most: u32) -> u32 {
    let lower = tag.to_ascii_lowercase();
    let value = lower
        .split_once(name)
        .map_or("", |(_, rest)| rest.trim_start().trim_start_matches(['=', ' ', '"', '\'']));
    let digits: String = value.chars().take_while(char::is_ascii_digit).take(5).collect();
    digits.parse().unwrap_or(1).clamp(1, most)
}

/// Text as it is shown: spaces and line ends of the source are one space; line breaks stay.
fn collapsed(text: &str) -> String {
    let lines = text.split('\u{b}').map(|line| {
        let words = line.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    text.trim_matches(['\n', ' ', '\u{a0}']).replace('\u{a0}', " ")
}

/// Adds a text without its references.
fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // A name is short, so what follows is not looked through for each `&`.
        let end = after.bytes().take(11).position(|byte| byte == b';');
        let name = end.and_then(|end| after.get(..end)).zip(end.and_then(|end| after.get(end + 1..)));
        let known = name.and_then(|(name, after)| letter(name).map(|letter| (letter, after)));
        if let Some((letter, after)) = known {
            out.push(letter);
            rest = after;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// The letters of Latin-1 by name, as old pages write them, from U+00A1 on.
const LATIN: &str = "iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para \
        middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml \
        Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave \
        aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde \
        ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// The letter behind the name or number of a reference.
fn letter(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        "ndash" => Some('\u{2013}'),
        "mdash" => Some('\u{2014}'),
        "lsquo" => Some('\u{2018}'),
        "rsquo" => Some('\u{2019}'),
        "ldquo" => Some('\u{201c}'),
        "rdquo" => Some('\u{201d}'),
        "hellip" => Some('\u{2026}'),
        "euro" => Some('\u{20ac}'),
        _ => {
            let place = LATIN.split_whitespace().position(|known| known == name)?;
            char::from_u32(0xa1 + u32::try_from(place).ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_letters() {
        let mut out = String::new();
        unescape("a &amp; b&#233;&#xe9;&eacute;&yuml;&iexcl; &unknown; & &;", &mut out);
        assert_eq!(out, "a & b\u{e9}\u{e9}\u{e9}\u{ff}\u{a1} &unknown; & &;");
    }
}
