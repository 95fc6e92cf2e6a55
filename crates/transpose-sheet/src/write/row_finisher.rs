//! Rows that are not written as plain UTF-8 with as few quotes as possible: quotes around every
//! cell, lines of fixed width, other encodings, the byte order mark.
//!
//! A row is first written as always and then, where an option or the layout asks for it, written
//! once more: a delimited row is taken apart, and each cell is quoted or padded. So a table without
//! these options pays nothing.
//!
//! A character that an encoding does not have is never replaced silently. What the user's file of
//! characters (`--characters`) has for it is written; otherwise, unless an option allows `?`, the
//! run is refused, with the first places as diagnostics and, at the end, each character of each
//! column with how often it occurs.

use crate::delimited::quoting::{quoted, split, unquote};
use crate::diagnostics::BAD_OPTION;
use crate::fixed_width::{FixedWidthText, Record};
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout};
use crate::notation::characters::{Changes, Mapping, REASON, named};
use crate::notation::encoding::TextEncoding;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_sync::lock;

transpose_core::codes! {
    /// A character that the encoding does not have.
    pub UNMAPPABLE: "CON0220" "unmappable-character" Error
        "The text is to be written in an encoding that does not have the character. Writing something else would change the value, so nothing is written."
        "Write UTF-8, UTF-16 or a workbook, or allow `?` in the place of such characters with the option `unmappable=replace`, which counts them as loss."
    /// A character that was replaced.
    pub REPLACED: "CON0221" "replaced-character" Warning
        "The encoding of the text does not have the character, and the option `unmappable=replace` allows `?` in its place. The value counts as shortened in the loss report."
        "Write UTF-8, UTF-16 or a workbook to keep the character."
}

/// What rows go through after they are written.
#[derive(Debug)]
pub(crate) struct RowFinisher {
    /// Whether every cell is quoted.
    pub(crate) all_quoted: bool,
    /// The encoding, unless it is UTF-8.
    pub(crate) encoding: Option<TextEncoding>,
    /// Whether a character that the encoding does not have may become `?`.
    pub(crate) replace: bool,
    /// What represents characters that the encoding does not have.
    mapping: Arc<Mapping>,
    /// The lines, where they have fixed widths.
    fixed: Option<Arc<FixedWidthText>>,
    /// Whether an empty cell with quotes is another thing than one without.
    quoted_empty: bool,
    delimiter: u8,
    quote: u8,
    line_end: &'static [u8],
    missing: Mutex<BTreeMap<(u32, char), u64>>,
}

/// How many pairs of column and character the last diagnostic of a refused run is made of.
const PAIRS: usize = 200;

/// The row that is being finished.
pub(crate) struct RowContext<'a> {
    pub(crate) columns: &'a [Column],
    pub(crate) line: u64,
}

impl RowContext<'_> {
    /// Its line in the input, where it has one; a usage aggregates many.
    fn line(&self) -> Option<u64> {
        (self.line > 0).then_some(self.line)
    }
}

impl RowFinisher {
    /// What rows of a layout go through under these options, if anything.
    pub(crate) fn new(layout: &Layout, options: &WriteOptions) -> Option<Self> {
        let needed = options.all_quoted || options.encoding.is_some() || layout.fixed.is_some();
        needed.then(|| Self {
            all_quoted: options.all_quoted,
            encoding: options.encoding,
            replace: options.replace,
            mapping: Arc::clone(&options.mapping),
            fixed: layout.fixed.clone(),
            quoted_empty: layout.quoted_empty,
            delimiter: options.delimiter,
            quote: layout.quote,
            line_end: options.line_end,
            missing: Mutex::default(),
        })
    }

    /// Writes the row that begins at `start` of `out`, with its line end, once more. `scratch` is
    /// overwritten.
    pub(crate) fn row(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        scratch: &mut Vec<u8>,
        place: &RowContext<'_>,
        report: &mut RunReport,
    ) {
        if let Some(encoding) = self.encoding.filter(|_| !self.mapping.is_empty()) {
            scratch.clear();
            let row = out.get(start..).unwrap_or_default();
            if !row.is_ascii() && !encoding.encode(&String::from_utf8_lossy(row), scratch) {
                self.map(encoding, out, start, place, report);
            }
        }
        if let Some(fixed) = &self.fixed {
            scratch.clear();
            scratch.extend_from_slice(out.get(start..).unwrap_or_default());
            out.truncate(start);
            self.widen(fixed, &fixed.row, scratch, out);
        } else if self.all_quoted {
            scratch.clear();
            self.quote(out.get(start..).unwrap_or_default(), scratch);
            out.truncate(start);
            out.extend_from_slice(scratch);
        }
        let Some(encoding) = self.encoding else { return };
        scratch.clear();
        scratch.extend_from_slice(out.get(start..).unwrap_or_default());
        out.truncate(start);
        // Cells are UTF-8 by now; a decoder has seen to it.
        let text = String::from_utf8_lossy(scratch);
        if !encoding.encode(&text, out) {
            self.report_missing(encoding, text.as_bytes(), place, report);
        }
    }

    /// Writes a line with its line end, whose cells have delimiters between them, at fixed widths.
    fn widen(&self, fixed: &FixedWidthText, record: &Record, line: &[u8], out: &mut Vec<u8>) {
        let line = line.strip_suffix(self.line_end).unwrap_or(line);
        let mut plain = Vec::new();
        let cells = split(line, self.delimiter, self.quote);
        record.pad(cells, fixed.length, out, &mut |cell, slot, out| {
            if cell.first() == Some(&self.quote) {
                plain.clear();
                unquote(cell, self.quote, &mut plain);
                slot.pad(&plain, out);
            } else {
                slot.pad(cell, out);
            }
        });
        out.extend_from_slice(self.line_end);
    }

    /// Writes what the user has chosen for characters that the encoding does not have.
    #[cold]
    fn map(
        &self,
        encoding: TextEncoding,
        out: &mut Vec<u8>,
        start: usize,
        place: &RowContext<'_>,
        report: &mut RunReport,
    ) {
        let row = out.split_off(start);
        let row = row.strip_suffix(self.line_end).unwrap_or(&row);
        let (mut plain, mut text) = (Vec::new(), Vec::new());
        for (number, cell) in (0_u32..).zip(split(row, self.delimiter, self.quote)) {
            if number > 0 {
                out.push(self.delimiter);
            }
            plain.clear();
            unquote(cell, self.quote, &mut plain);
            let mut mapped = Vec::new();
            text.clear();
            for character in String::from_utf8_lossy(&plain).chars() {
                match self.mapping.of(character).filter(|_| !character.is_ascii() && !encoding.has(character))
                {
                    Some(to) => {
                        text.extend_from_slice(to.as_bytes());
                        mapped.push(character);
                    }
                    None => text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            if mapped.is_empty() {
                out.extend_from_slice(cell);
                continue;
            }
            quoted(&text, self.delimiter, self.quote, out);
            let column = place.columns.get(number as usize);
            let field = column.and_then(|column| column.field);
            let heading = column.map_or("", |column| &column.heading);
            let mut location = Location::default().cell(number + 1, heading);
            (location.line, location.field) = (place.line(), field);
            if let Some(field) = field {
                report.loss.add(Change::Shortened, Subject::Field(field), 1, place.line(), REASON);
            }
            Changes::mapped(mapped).report(&location, &plain, report);
        }
        out.extend_from_slice(self.line_end);
    }

    /// Puts every cell of a row into quotes.
    fn quote(&self, row: &[u8], out: &mut Vec<u8>) {
        let row = row.strip_suffix(self.line_end).unwrap_or(row);
        for (number, cell) in split(row, self.delimiter, self.quote).enumerate() {
            if number > 0 {
                out.push(self.delimiter);
            }
            // Where nothing and an empty text are two things, quotes distinguish them.
            if cell.first() == Some(&self.quote) || cell.is_empty() && self.quoted_empty {
                out.extend_from_slice(cell);
                continue;
            }
            out.push(self.quote);
            out.extend_from_slice(cell);
            out.push(self.quote);
        }
        out.extend_from_slice(self.line_end);
    }

    /// Notes the characters of a row that the encoding does not have.
    #[cold]
    fn report_missing(
        &self,
        encoding: TextEncoding,
        row: &[u8],
        place: &RowContext<'_>,
        report: &mut RunReport,
    ) {
        for (number, cell) in (0_u32..).zip(split(row, self.delimiter, self.quote)) {
            let text = String::from_utf8_lossy(cell);
            let mut missing: Vec<char> = text.chars().filter(|character| !encoding.has(*character)).collect();
            if missing.is_empty() {
                continue;
            }
            if !self.replace {
                self.count(number, &missing);
            }
            missing.sort_unstable();
            missing.dedup();
            let column = place.columns.get(number as usize);
            let field = column.and_then(|column| column.field);
            let code = if self.replace { &REPLACED } else { &UNMAPPABLE };
            if let Some(field) = field.filter(|_| self.replace) {
                let reason = "the encoding does not have all of its characters";
                report.loss.add(Change::Shortened, Subject::Field(field), 1, place.line(), reason);
            }
            report.diagnostics.report(code, || {
                let names: Vec<String> = missing.into_iter().take(8).map(named).collect();
                let message = format!("the encoding does not have {}", names.join(", "));
                let heading = column.map_or("", |column| &column.heading);
                let mut location = Location::default().cell(number + 1, heading);
                (location.line, location.field) = (place.line(), field);
                Diagnostic::new(code, location, message).value(cell)
            });
        }
    }

    /// Counts characters by column. Of too many pairs the first in their order are kept, so that
    /// the answer depends on the table alone.
    fn count(&self, column: u32, missing: &[char]) {
        let mut counts = lock(&self.missing);
        for character in missing {
            let pair = (column, *character);
            if counts.len() == PAIRS && counts.last_key_value().is_some_and(|(last, _)| *last < pair) {
                continue;
            }
            *counts.entry(pair).or_default() += 1;
            if counts.len() > PAIRS {
                counts.pop_last();
            }
        }
    }

    /// The refusal of a table that has characters which the encoding does not have: one diagnostic
    /// for each column.
    pub(crate) fn refusal(&self, layout: &Layout) -> Option<Fatal> {
        let counts = lock(&self.missing);
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for (number, column) in (0_u32..).zip(&layout.columns) {
            let of_column = counts.range((number, '\0')..=(number, char::MAX));
            let names: Vec<String> =
                of_column.map(|((_, character), count)| format!("{} ×{count}", named(*character))).collect();
            if names.is_empty() {
                continue;
            }
            let mut location = Location::default().cell(number + 1, &column.heading);
            location.field = column.field;
            let message = format!("the encoding has no {}", names.join(", "));
            diagnostics.push(Diagnostic::new(&UNMAPPABLE, location, message));
        }
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }

    /// Lines that are no rows (before, headings, after), with the mark before them; refused if the
    /// encoding does not have all of their characters.
    pub(crate) fn lines(&self, bom: bool, lines: &[u8]) -> Result<Vec<u8>, Fatal> {
        let mut finished = Vec::new();
        if let Some(fixed) = &self.fixed {
            let end = self.line_end.last().copied().unwrap_or(b'\n');
            for (number, line) in lines.split_inclusive(|byte| *byte == end).enumerate() {
                if let Some(record) = fixed.record_of(number, line) {
                    self.widen(fixed, record, line, &mut finished);
                }
            }
        } else if self.all_quoted {
            self.quote(lines, &mut finished);
        } else {
            finished.extend_from_slice(lines);
        }
        let mark: &[u8] = if bom { b"\xef\xbb\xbf" } else { b"" };
        let text = [mark, &finished].concat();
        let Some(encoding) = self.encoding else { return Ok(text) };
        let mut out = Vec::new();
        if encoding.encode(&String::from_utf8_lossy(&text), &mut out) {
            return Ok(out);
        }
        let message = "the encoding does not have all characters of the headings";
        Err(Fatal::usage(Diagnostic::new(&BAD_OPTION, Location::default(), message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let head =
            "id = \"a.b\"\ntitle = \"A\"\ndirections = [\"write\"]\ngrain = \"event\"\nreference = \"r\"";
        Layout::parse("a.toml", &format!("{head}\n[[column]]\nheading = \"A\"\n")).unwrap()
    }

    fn row_finisher(layout: &Layout, options: &[(&str, &str)]) -> RowFinisher {
        let options: Vec<_> = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        RowFinisher::new(layout, &WriteOptions::of(layout, &options).unwrap()).unwrap()
    }

    #[test]
    fn nothing_stays_nothing_where_quotes_tell_it_from_an_empty_text() {
        let layout = Layout { quoted_empty: true, ..layout() };
        let finisher = row_finisher(&layout, &[("quote", "all"), ("line-end", "lf")]);
        let mut out = Vec::new();
        finisher.quote(b"a,,\"\"\n", &mut out);
        assert_eq!(out, b"\"a\",,\"\"\n");
    }

    #[test]
    fn every_cell_is_quoted_on_request() {
        let finisher = row_finisher(&layout(), &[("quote", "all"), ("delimiter", "semicolon")]);
        for (row, quoted) in [
            ("a;b\r\n", "\"a\";\"b\"\r\n"),
            ("\"a;\"\"b\";;\r\n", "\"a;\"\"b\";\"\";\"\"\r\n"),
            ("\"a\r\nb\"\r\n", "\"a\r\nb\"\r\n"),
        ] {
            let mut out = Vec::new();
            finisher.quote(row.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), quoted);
        }
    }

    #[test]
    fn refusal_does_not_depend_on_the_order_of_counting() {
        let many: Vec<char> = ('一'..).take(2 * PAIRS).collect();
        let counted = |order: &[(u32, &[char])]| {
            let finisher = row_finisher(&layout(), &[("encoding", "windows-1252")]);
            for (column, missing) in order {
                finisher.count(*column, missing);
            }
            finisher.missing.into_inner().unwrap()
        };
        let (low, high) = many.split_at(PAIRS);
        let one = counted(&[(0, low), (1, high), (0, &many), (0, low)]);
        let other = counted(&[(0, high), (0, low), (0, low), (1, high), (0, low)]);
        assert_eq!(one, other);
        assert!(one.len() == PAIRS && one.values().all(|count| *count == 3));
    }
}
