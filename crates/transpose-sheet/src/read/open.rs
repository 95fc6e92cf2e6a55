//! Opening a table: its preface is read, and its columns find those of the layout.

use crate::control_totals::{TotalFields, Totals};
use crate::delimited::index::{Dialect, Index, MAX_ROW};
use crate::delimited::quoting::{NO_QUOTE, bare, unquote};
use crate::delimited::row::RowView;
use crate::diagnostics;
use crate::layout::options::ReadOptions;
use crate::layout::{Column, Layout, Returns, RowCondition, Source};
use crate::notation::GIVEN;
use crate::notation::kinds::{CellReading, Repairs};
use crate::read::heading;
use crate::read::heading::ColumnMatch;
use crate::read::preface::{
    Headings, HeadingsError, LONGEST, Preface, PrefaceError, PrefaceLine, read_preface,
};
use crate::read::recognise;
use crate::read::rejection::RowError;
use std::sync::{Arc, Mutex};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{Chunk, Head, Origin, Preamble, Probe, Validation};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_text::quoting::write_quoted;

/// How much of an input is looked at before its body is read.
pub(crate) const PROBE: usize = 2 * LONGEST;

/// An opened table.
pub(crate) struct InputTable {
    pub(crate) layout: Arc<Layout>,
    pub(crate) dialect: Dialect,
    /// The line of headings as it is in the file; empty where there is none.
    pub(crate) line: Vec<u8>,
    /// Everything that is above it.
    pub(crate) above: Vec<u8>,
    /// The headings.
    pub(crate) names: Vec<Box<str>>,
    /// For each column of the file the column of the layout.
    pub(crate) columns: Vec<Option<usize>>,
    /// For each field the column of the file.
    pub(crate) places: Vec<Option<u32>>,
    pub(crate) preamble: Preamble,
    pub(crate) repairs: Repairs,
    /// What preface lines say about all of them.
    pub(crate) claims: Vec<Claim>,
    /// How many lines that are not blank come before the rows.
    pub(crate) preface_lines: u64,
    /// What is summed, for lines that state it.
    pub(crate) summed: TotalFields,
    /// How many rows were read and what they come to.
    pub(crate) totals: Mutex<Totals>,
}

/// What a line says about all rows: how many there are, or a sum.
pub(crate) struct Claim {
    /// Where it is said.
    pub(crate) location: Location,
    /// What is said.
    pub(crate) what: Source,
    /// The number.
    pub(crate) value: Box<str>,
}

/// The first bytes of an input, and what they are called.
pub(crate) struct Beginning<'a> {
    pub(crate) name: Arc<str>,
    pub(crate) bytes: &'a [u8],
    pub(crate) complete: bool,
}

impl<'a> Beginning<'a> {
    /// No more than [`PROBE`] bytes, so that nothing depends on how the input is buffered.
    pub(crate) fn of(head: &'a mut dyn Head) -> Result<Self, Fatal> {
        let name: Arc<str> = head.name().into();
        let bytes = head.bytes(PROBE)?;
        let complete = bytes.len() < PROBE;
        Ok(Self { name, bytes: bytes.get(..PROBE).unwrap_or(bytes), complete })
    }

    fn place(&self, line: u64, byte: u64) -> Location {
        Location { source: Some(Arc::clone(&self.name)), ..Location::line(line, byte) }
    }
}

impl InputTable {
    /// Opens a table of a layout.
    pub(crate) fn open(
        layout: &Arc<Layout>,
        beginning: &Beginning<'_>,
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let ReadOptions { delimiter: stated, repairs } = ReadOptions::of(layout, options)?;
        let Beginning { bytes, complete, .. } = *beginning;
        let probe = Probe { name: "", bytes, complete };
        let (other, delimiter) = match stated {
            Some(delimiter) => ("", delimiter),
            None if layout.headed => recognise::delimiter(layout, &probe),
            None => ("", layout.delimiter),
        };
        let quote = layout.quote_beside(delimiter);
        let Preface { headings, lines, body } = read_preface(layout, bytes, delimiter, complete)
            .map_err(|why| preface_diagnostic(layout, why, beginning))?;
        let found =
            if layout.headed { heading::match_columns(layout, &headings.names) } else { in_order(layout) };
        let start = beginning.place(headings.lines.max(1), headings.start as u64);
        refuse(layout, &headings, &found, &start).map_err(|mut fatal| {
            if let Some(other) = recognise::other_delimiter(layout, delimiter, &probe) {
                let message = format!("the columns are separated by a {other}");
                let help = format!("read the file with the option `delimiter={other}`");
                fatal.diagnostics.insert(
                    0,
                    Diagnostic::new(&diagnostics::OTHER_DELIMITER, start.clone(), message).help(help),
                );
            }
            fatal
        })?;
        let mut places = vec![None; Field::COUNT];
        let mut reads = FieldSet::EMPTY;
        for (place, column) in (0_u32..).zip(&found.columns) {
            let column = column.and_then(|column| layout.columns.get(column));
            for field in column.into_iter().flat_map(Column::fields) {
                if let Some(slot) = places.get_mut(field.index()) {
                    *slot = Some(place);
                    reads.insert(field);
                }
            }
        }
        for (field, _) in &layout.constants {
            reads.insert(*field);
        }
        if layout.returns == Returns::Rows {
            reads.insert(Field::RETURNS);
        }
        let extras = found.extras.iter().filter_map(|place| headings.names.get(*place)).cloned().collect();
        let mut diagnostics =
            if layout.headed { notes(layout, &headings, &found, &start) } else { Vec::new() };
        if !other.is_empty() {
            let message = format!("the cells are separated by a {other}");
            diagnostics.push(Diagnostic::new(&diagnostics::DELIMITER_FOUND, start.clone(), message));
        }
        let dialect = Dialect { delimiter, quote, columns: headings.names.len() as u32, limit: MAX_ROW };
        let line = bytes.get(headings.start..headings.end).unwrap_or(&[]);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let mut header = Entity::default();
        let mut claims = Vec::new();
        let cells = CellReading { quote, repairs };
        let mut said = PrefaceValues { header: &mut header, reads: &mut reads, claims: &mut claims, cells };
        for found in &lines {
            said.line(layout, found, beginning)?;
        }
        let above = if lines.is_empty() { &[][..] } else { bytes.get(..headings.start).unwrap_or(&[]) };
        let preface_lines = lines
            .iter()
            .filter(|found| found.cells.len() > 1 || found.cells.iter().any(|cell| !cell.is_empty()));
        let preface_lines = preface_lines.count() as u64 + u64::from(layout.headed);
        let preamble = Preamble {
            header,
            reads,
            extras,
            body: body.start as u64,
            line: body.lines + 1 - added_line(layout, &headings),
            diagnostics,
            ..Preamble::default()
        };
        Ok(Self {
            layout: Arc::clone(layout),
            dialect,
            line,
            above: above.to_vec(),
            names: headings.names,
            columns: found.columns,
            places,
            preamble,
            repairs,
            claims,
            preface_lines,
            summed: TotalFields::of(layout),
            totals: Mutex::default(),
        })
    }

    /// Takes from the first row what was in the line before it: where lines of fixed width were
    /// cut, rows have that too.
    pub(crate) fn take_first_row(&mut self, beginning: &Beginning<'_>) {
        if self.layout.fixed.is_none() {
            return;
        }
        let index = self.peek(beginning);
        let Some(row) = self.whole_rows(&index, beginning).next() else { return };
        for place in 0..self.names.len() as u32 {
            let Some(column) = self.column(place) else { continue };
            let mut text = Vec::new();
            if column.is_carried_text() {
                unquote(row.raw(place), self.dialect.quote, &mut text);
                let (name, text) = (column.heading.clone(), String::from_utf8_lossy(&text).into_owned());
                self.preamble.header.extras.insert(name, text.into());
            } else if let Some(field) = column.field.filter(|field| field.group() == Group::Header)
                // What is wrong with it is reported where rows are read.
                && column.format.read(row.raw(place), self.cells(), &mut text).is_ok_and(|present| present)
            {
                self.preamble.header.set_default(field, String::from_utf8_lossy(&text).into_owned());
            }
        }
    }

    /// Finds the rows in the first bytes of the input. One that goes on beyond them is left out.
    pub(crate) fn peek(&self, beginning: &Beginning<'_>) -> Index {
        let Beginning { bytes, complete, .. } = *beginning;
        let chunk = Chunk { bytes, own: bytes.len(), last: complete };
        let mut index = Index::default();
        index.run(self.dialect, chunk, self.preamble.body as usize);
        index
    }

    /// Those of them that have the shape of a row.
    pub(crate) fn whole_rows<'a>(
        &self,
        index: &'a Index,
        beginning: &Beginning<'a>,
    ) -> impl Iterator<Item = RowView<'a>> + use<'a> {
        let dialect = self.dialect;
        let origin = Origin { byte: 0, line: self.preamble.line };
        index.views(beginning.bytes, origin).filter(move |row| row.is_whole(dialect))
    }

    /// Where the first line begins that does not begin before the chunk.
    pub(crate) fn sync(chunk: Chunk<'_>) -> usize {
        memchr::memchr(b'\n', chunk.bytes).map_or(chunk.bytes.len(), |place| place + 1)
    }

    /// Rejects a row whose cell does not hold the text that the layout has there.
    pub(crate) fn check_text(&self, row: RowView<'_>, place: u32) -> Result<(), RowError> {
        let Some(Source::Text(text)) = self.column(place).map(|column| &column.source) else { return Ok(()) };
        if bare(row.raw(place), self.dialect.quote) == text.as_bytes().trim_ascii() {
            return Ok(());
        }
        Err(RowError::Cell(place, (&diagnostics::OTHER_TEXT, format!("expected the text `{text}`"))))
    }

    /// The column of the file that decides something about its row.
    pub(crate) fn deciding(&self, when: Option<&RowCondition>) -> Option<u32> {
        let of = |when: &RowCondition| self.columns.iter().position(|column| *column == Some(when.column));
        when.and_then(of).map(|place| place as u32)
    }

    /// Whether a deciding cell has its word.
    pub(crate) fn decides(&self, when: Option<&RowCondition>, raw: &[u8]) -> bool {
        let is =
            |when: &RowCondition| bare(raw, self.dialect.quote).eq_ignore_ascii_case(when.word.as_bytes());
        when.is_some_and(is)
    }

    /// Takes from the name of the file what its content does not say.
    pub(crate) fn take_name(&mut self, name: &str) {
        let stated = self.layout.file_names.values_of(name);
        for (field, text) in stated.fields {
            self.preamble.reads.insert(field);
            self.preamble.header.set_default(field, text);
        }
        for (name, text) in stated.given {
            self.preamble.header.extras.entry(format!("{GIVEN}{name}").into()).or_insert_with(|| text.into());
        }
    }

    /// The column of the layout behind a column of the file.
    pub(crate) fn column(&self, place: u32) -> Option<&Column> {
        self.columns.get(place as usize).copied().flatten().and_then(|column| self.layout.columns.get(column))
    }

    /// How a column of the file is called.
    pub(crate) fn name(&self, place: u32) -> &str {
        self.names.get(place as usize).map_or("", |name| name)
    }

    /// How cells are read.
    pub(crate) fn cells(&self) -> CellReading {
        CellReading { quote: self.dialect.quote, repairs: self.repairs }
    }

    /// What a file of rejected rows begins with, so that it can be corrected and read in its turn.
    pub(crate) fn quarantine_head(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.above);
        if !self.layout.headed {
            return;
        }
        for name in heading::QUARANTINE {
            out.extend_from_slice(name.as_bytes());
            out.push(self.dialect.delimiter);
        }
        out.extend_from_slice(&self.line);
        out.push(b'\n');
    }

    /// A rejected row with its line and the reason; without headings, which could name these, the
    /// row alone.
    pub(crate) fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        let (delimiter, quote) = (self.dialect.delimiter, self.dialect.quote);
        if self.layout.headed {
            if let Some(line) = diagnostic.location.line {
                out.extend_from_slice(line.to_string().as_bytes());
            }
            out.push(delimiter);
            out.extend_from_slice(diagnostic.code.id.as_bytes());
            out.push(delimiter);
            let message = diagnostic.message.replace(['\n', '\r'], " ");
            if quote == NO_QUOTE {
                let plain = |byte| if byte == delimiter { b' ' } else { byte };
                out.extend(message.bytes().map(plain));
            } else {
                write_quoted(message.as_bytes(), quote, out);
            }
            out.push(delimiter);
        }
        out.extend_from_slice(row);
        if row.last() != Some(&b'\n') {
            out.push(b'\n');
        }
    }
}

impl Validation for InputTable {
    fn check_file_name(&self, name: &str, diagnostics: &mut Vec<Diagnostic>) {
        self.layout.file_names.check(name, &self.preamble.header, diagnostics);
    }
}

/// Where what preface lines say goes.
struct PrefaceValues<'a> {
    header: &'a mut Entity,
    reads: &'a mut FieldSet,
    claims: &'a mut Vec<Claim>,
    cells: CellReading,
}

impl PrefaceValues<'_> {
    fn line(&mut self, layout: &Layout, found: &PrefaceLine, beginning: &Beginning<'_>) -> Result<(), Fatal> {
        let Some(line) = layout.preface.get(found.line) else { return Ok(()) };
        let mut value = Vec::new();
        for (number, (cell, range)) in line.cells.iter().zip(&found.cells).enumerate() {
            let raw = beginning.bytes.get(range.clone()).unwrap_or(&[]);
            let mut location = beginning.place(found.at.lines + 1, found.at.start as u64);
            location = location.cell(number as u32 + 1, &cell.heading);
            location.field = cell.field;
            value.clear();
            match &cell.source {
                Source::Given(name) => {
                    unquote(raw, self.cells.quote, &mut value);
                    let text = String::from_utf8_lossy(&value).trim().to_owned();
                    if !text.is_empty() {
                        self.header.extras.insert(format!("{GIVEN}{name}").into(), text.into());
                    }
                    continue;
                }
                Source::Field | Source::Count(_) | Source::Sum(_) => {}
                Source::Text(_) | Source::Template(_) | Source::Extra | Source::End => continue,
            }
            let present = cell.format.read(raw, self.cells, &mut value).map_err(|(code, message)| {
                Fatal::input(Diagnostic::new(code, location.clone(), message).value(raw))
            })?;
            let text = String::from_utf8_lossy(&value).into_owned();
            match cell.field {
                Some(field) if present => {
                    self.reads.insert(field);
                    self.header.set(field, text);
                }
                None if present => {
                    self.claims.push(Claim { location, what: cell.source.clone(), value: text.into() });
                }
                _ if cell.required => {
                    let message = "the cell is empty, and the layout demands it";
                    return Err(Fatal::input(Diagnostic::new(&diagnostics::EMPTY_CELL, location, message)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Columns of a table without headings: those of the layout in their order.
fn in_order(layout: &Layout) -> ColumnMatch {
    let columns = (0..layout.columns.len()).map(Some).collect();
    ColumnMatch { columns, missing: Vec::new(), extras: Vec::new(), repeated: None }
}

/// What is said about an input that does not begin as its layout says.
fn preface_diagnostic(layout: &Layout, why: PrefaceError, beginning: &Beginning<'_>) -> Fatal {
    Fatal::input(match why {
        PrefaceError::Headings(why, at) => {
            let location = match at.lines {
                0 => beginning.place(1, 0),
                lines => beginning.place(lines + 1, at.start as u64),
            };
            unreadable(why, beginning.bytes, location)
        }
        PrefaceError::Line(line, cell, at) => {
            let cells = layout.preface.get(line).map_or(&[][..], |line| &line.cells);
            let text = match cells.get(cell).map(|cell| &cell.source) {
                Some(Source::Text(text)) => text,
                _ => "",
            };
            let location = beginning.place(at.lines + 1, at.start as u64).cell(cell as u32 + 1, "");
            Diagnostic::new(&diagnostics::OTHER_LINE, location, format!("expected the text `{text}` here"))
        }
    })
}

/// What is said about an input without a line of headings.
fn unreadable(why: HeadingsError, bytes: &[u8], location: Location) -> Diagnostic {
    match why {
        HeadingsError::Empty => {
            Diagnostic::new(&diagnostics::EMPTY_FILE, location, "there is no line of headings")
        }
        HeadingsError::Utf16 => Diagnostic::new(
            &diagnostics::UNSUPPORTED_ENCODING,
            location,
            "the text is UTF-16, expected UTF-8",
        ),
        HeadingsError::NotText(what) => Diagnostic::new(
            &diagnostics::NOT_TEXT,
            location,
            format!("the input is no table of text, it seems to be {what}"),
        ),
        HeadingsError::Endless => {
            let old = memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', bytes).is_some();
            let message = if old {
                "lines end with CR alone, expected LF or CR LF"
            } else {
                "the first line is no line of headings: it does not end within 64 KiB or has more than 4096 columns"
            };
            Diagnostic::new(&diagnostics::NO_HEADING_LINE, location, message)
        }
    }
}

/// Refuses a table that lacks a required column or has a column twice.
fn refuse(layout: &Layout, headings: &Headings, found: &ColumnMatch, start: &Location) -> Result<(), Fatal> {
    let mut diagnostics = Vec::new();
    if let Some((column, first, second)) = found.repeated {
        let name = |place: usize| headings.names.get(place).map_or("", |name| name);
        let meant = layout.columns.get(column).map_or("", |column| &column.heading);
        let message = format!(
            "columns {} (`{}`) and {} (`{}`) both mean `{meant}`",
            first + 1,
            name(first),
            second + 1,
            name(second)
        );
        diagnostics.push(Diagnostic::new(
            &diagnostics::REPEATED_HEADING,
            start.clone().cell(second as u32 + 1, name(second)),
            message,
        ));
    }
    for column in
        found.missing.iter().filter_map(|column| layout.columns.get(*column)).filter(|column| column.required)
    {
        let near = heading::nearest(&column.heading, &headings.names, &found.extras);
        let near = near.map_or(String::new(), |near| format!("; the nearest heading found is `{near}`"));
        let mut location = start.clone();
        location.field = column.field;
        diagnostics.push(Diagnostic::new(
            &diagnostics::MISSING_HEADING,
            location,
            format!("the required heading `{}` is missing{near}", column.heading),
        ));
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(Fatal {
        diagnostics,
        ..Fatal::input(Diagnostic::new(&diagnostics::MISSING_HEADING, start.clone(), ""))
    })
}

/// One where the line of headings is in no file: lines of fixed width without a line before them
/// get one when they are cut. Rows that were quarantined have one of their own.
fn added_line(layout: &Layout, headings: &Headings) -> u64 {
    let cut = layout.fixed.as_ref().is_some_and(|fixed| fixed.preface.is_empty());
    let aside = headings.names.first().is_some_and(|name| Some(&&**name) == heading::QUARANTINE.first());
    u64::from(cut && !aside)
}

/// What is worth knowing about the line of headings.
fn notes(layout: &Layout, headings: &Headings, found: &ColumnMatch, start: &Location) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    if headings.bom {
        notes.push(Diagnostic::new(
            &diagnostics::BYTE_ORDER_MARK,
            start.clone(),
            "the byte order mark was dropped",
        ));
    }
    let list = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
    if !found.extras.is_empty() {
        let names =
            found.extras.iter().filter_map(|place| headings.names.get(*place)).map(|name| &**name).collect();
        notes.push(Diagnostic::new(
            &diagnostics::EXTRA_COLUMN,
            start.clone(),
            format!("columns passed over: {}", list(names)),
        ));
    }
    // Where only given columns are written, the others were not forgotten.
    if !found.missing.is_empty() && !layout.given_only {
        let names = found
            .missing
            .iter()
            .filter_map(|column| layout.columns.get(*column))
            .map(|column| &*column.heading)
            .collect();
        notes.push(Diagnostic::new(
            &diagnostics::ABSENT_COLUMN,
            start.clone(),
            format!("columns not in the table: {}", list(names)),
        ));
    }
    notes
}
