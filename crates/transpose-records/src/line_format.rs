//! Formats with one event a line: what is particular to one is a [`LineFormat`], and [`Lines`]
//! makes a format of it.
//!
//! ```text
//! #acme.radio 1                                   the first line names the format
//! 2026-10-01T08:00:00Z|FR|GBAAA2600001|Low Tide   a line for each event, a cell for each column
//! ```
//!
//! A format says what its columns are, how a line is cut into cells, and what a cell means. The
//! rest is here: recognition, chunks and keys, rejected rows with their place, the quarantine, and
//! the losses of writing.
//!
//! Invariant: a row is a line that has a cell for each column and whose time and played duration
//! can be read. Every other cell is looked at once for each distinct key. Methods of the format
//! that are called for each row are called without dispatch, and put what they make into buffers
//! that are kept from row to row.

use crate::line::{Line, Range};
use memchr::memchr;
use std::sync::Arc;
use transpose_codes::{Duration, Timestamp};
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{CellDiagnostic, Code, Diagnostic, Fatal, Location, Reject};
use transpose_core::format::{
    Batch, Chunk, ChunkDecoder, Created, Decoder, Dimension, EncodeRequest, EncodedBatch, Encoder,
    EventDecoder, EventEncoder, Events, FileNumber, Format, Head, IndexOutcome, Manifest, Numbers, Opened,
    OptionSpec, Origin, Preamble, Probe, Projection, Recognition, Tally,
};
use transpose_core::model::{EventRow, Field, FieldSet, Span};

/// A column: what its cells are called and what they mean.
#[derive(Clone, Copy, Debug)]
pub struct LineColumn {
    /// The name, as the document of the format has it.
    pub name: &'static str,
    /// The field. No two columns have the same.
    pub field: Field,
    /// Whether the cell must be filled.
    pub required: bool,
}

/// The kinds of diagnostics that a format has of its own.
#[derive(Clone, Copy, Debug)]
pub struct LineCodes {
    /// The first line is another one.
    pub wrong_start: &'static Code,
    /// A line has too many or too few cells.
    pub cell_count: &'static Code,
    /// A cell does not hold what it should.
    pub bad_cell: &'static Code,
    /// An option is wrong.
    pub bad_option: &'static Code,
}

/// What is particular to a format with one event a line.
pub trait LineFormat: Send + Sync + 'static {
    /// What the format is. The last part of its id is the name that is proposed for a file.
    fn manifest(&self) -> Manifest;

    /// The first line of every file, by which the format is recognised.
    fn first_line(&self) -> &'static str;

    /// The type that every line begins with, where lines are records: the first cell, before the
    /// columns.
    fn record_type(&self) -> Option<&'static str> {
        None
    }

    /// The cells of each line, in order, without the type of the record.
    fn columns(&self) -> &'static [LineColumn];

    /// The kinds of diagnostics.
    fn codes(&self) -> LineCodes;

    /// Whether a line says nothing about any event. An empty line is passed over in any case. A
    /// quarantine file gives its reasons in lines that begin with `#`, so it is an input again
    /// where these are comments.
    fn is_comment(&self, _line: &[u8]) -> bool {
        false
    }

    /// Cuts a line into cells, as ranges of the line, the type of the record included. `cells` is
    /// empty; there may be more or fewer than there should be, and the line is then rejected.
    fn split(&self, line: &[u8], cells: &mut Vec<Range>);

    /// Puts the canonical notation of a cell that is not empty into `out`, which is; `false` when
    /// the cell means that there is no value. The error says what is wrong with the cell.
    fn canonical(&self, field: Field, cell: &str, out: &mut Vec<u8>) -> Result<bool, String>;

    /// What is between two cells.
    fn delimiter(&self) -> u8;

    /// Adds a canonical value to a line in the notation of the format; says what is lost, if
    /// anything.
    fn write(&self, field: Field, value: &[u8], out: &mut Vec<u8>) -> Option<&'static str>;
}

/// The format that a [`LineFormat`] describes.
pub struct Lines<F> {
    manifest: Manifest,
    format: Arc<F>,
}

impl<F: LineFormat> Lines<F> {
    /// Makes a format of what is particular to it.
    pub fn new(format: F) -> Self {
        Self { manifest: format.manifest(), format: Arc::new(format) }
    }

    fn check(&self, options: &[(String, String)]) -> Result<(), Fatal> {
        let checked = transpose_core::format::options::parse::<NoOptions>(&[], options);
        checked.map(drop).map_err(|error| {
            let code = self.format.codes().bad_option;
            Fatal::usage(Diagnostic::new(code, Location::default(), error.to_string()))
        })
    }
}

/// What options are read into where a format has none.
type NoOptions = std::collections::BTreeMap<String, String>;

fn fields<F: LineFormat>(format: &F) -> FieldSet {
    format.columns().iter().map(|column| column.field).collect()
}

/// Where the body begins, when the bytes begin as they should.
fn body(first_line: &str, bytes: &[u8]) -> Option<usize> {
    match bytes.strip_prefix(first_line.as_bytes())? {
        [b'\n', ..] => Some(first_line.len() + 1),
        [b'\r', b'\n', ..] => Some(first_line.len() + 2),
        [] => Some(first_line.len()),
        _ => None,
    }
}

impl<F: LineFormat> Format for Lines<F> {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        match body(self.format.first_line(), probe.bytes) {
            Some(_) => Recognition::Certain("the first line names it".into()),
            None => Recognition::No,
        }
    }

    fn reads(&self, _version: Option<&str>) -> FieldSet {
        fields(&*self.format)
    }

    fn writes(&self, _version: Option<&str>) -> FieldSet {
        fields(&*self.format)
    }

    fn needs(&self, _version: Option<&str>) -> FieldSet {
        let required = self.format.columns().iter().filter(|column| column.required);
        required.map(|column| column.field).collect()
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal> {
        self.check(options)?;
        let first = self.format.first_line();
        let Some(body) = body(first, head.bytes(first.len() + 2)?) else {
            let message = format!("the first line is not `{first}`");
            let code = self.format.codes().wrong_start;
            return Err(Fatal::input(Diagnostic::new(code, Location::line(1, 0), message)));
        };
        let reads = fields(&*self.format);
        let preamble = Preamble { reads, body: body as u64, line: 2, ..Preamble::default() };
        Ok(Opened::Events(Box::new(LineDecoder::new(Arc::clone(&self.format), preamble))))
    }

    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        self.check(request.options)?;
        let name = self.manifest.id.rsplit('.').next().unwrap_or_default().replace('-', "_");
        let file_name = format!("{name}.{}", self.manifest.extension);
        Ok(Created::Events(Box::new(LineEncoder { format: Arc::clone(&self.format), file_name })))
    }

    fn explain(&self, _topic: &str) -> Option<String> {
        None
    }
}

/// Reads lines. Columns are named by their place.
struct LineDecoder<F> {
    format: Arc<F>,
    preamble: Preamble,
    /// How many cells a line has before those of the columns.
    before: usize,
    /// The columns that are looked at in every row.
    time: Option<usize>,
    duration: Option<usize>,
    /// What is wanted of each row.
    item: Vec<usize>,
    context: Vec<usize>,
    row: Vec<Option<usize>>,
}

impl<F: LineFormat> LineDecoder<F> {
    fn new(format: Arc<F>, preamble: Preamble) -> Self {
        let mut new = Self {
            before: usize::from(format.record_type().is_some()),
            format,
            preamble,
            time: None,
            duration: None,
            item: Vec::new(),
            context: Vec::new(),
            row: Vec::new(),
        };
        (new.time, new.duration) = (new.place(Field::EVENT_TIME), new.place(Field::EVENT_DURATION));
        new
    }

    fn place(&self, field: Field) -> Option<usize> {
        self.format.columns().iter().position(|column| column.field == field)
    }

    fn key(&self, dimension: Dimension) -> &[usize] {
        match dimension {
            Dimension::Item => &self.item,
            Dimension::Context => &self.context,
        }
    }

    /// The canonical notation of a cell, in `out`; nothing when the cell has no value.
    fn canonical(
        &self,
        place: usize,
        raw: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Field>, CellDiagnostic> {
        out.clear();
        let Some(column) = self.format.columns().get(place) else { return Ok(None) };
        let found = match std::str::from_utf8(raw) {
            Ok("") => Ok(false),
            Ok(cell) => self.format.canonical(column.field, cell, out),
            Err(_) => Err("the cell is not UTF-8".to_owned()),
        };
        let message = match found {
            Ok(true) => return Ok(Some(column.field)),
            Ok(false) if !column.required => return Ok(None),
            Ok(false) => "the cell is empty".to_owned(),
            Err(message) => message,
        };
        Err(CellDiagnostic {
            code: self.format.codes().bad_cell,
            field: column.field,
            cell: ((self.before + place) as u32 + 1, column.name.into()),
            value: raw.into(),
            message,
            repaired: false,
        })
    }
}

impl<F: LineFormat> Decoder for LineDecoder<F> {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(LineWorker { decoder: self, lines: Vec::new(), cells: Vec::new(), value: Vec::new() })
    }

    fn largest_unit(&self) -> usize {
        // No line of a log is nearly as long.
        16 << 20
    }

    fn quarantine_header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.format.first_line().as_bytes());
        out.push(b'\n');
    }

    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        let line = diagnostic.location.line.unwrap_or_default();
        let reason = diagnostic.message.replace(['\r', '\n'], " ");
        out.extend_from_slice(format!("#line {line}: {} {reason}\n", diagnostic.code.id).as_bytes());
        out.extend_from_slice(row);
        if !row.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
}

impl<F: LineFormat> EventDecoder for LineDecoder<F> {
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal> {
        let places = |fields: FieldSet| fields.iter().filter_map(|field| self.place(field)).collect();
        let (item, context) = (places(projection.item), places(projection.context));
        let row = projection.row.iter().map(|field| self.place(*field)).collect();
        (self.item, self.context, self.row) = (item, context, row);
        Ok(())
    }

    fn check_key(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic> {
        let mut out = Vec::new();
        for (place, raw) in self.key(dimension).iter().zip(key) {
            // What describes the item may be wrong and is then left out; without its context a play
            // has no place in a report.
            let outcome = self.canonical(*place, raw, &mut out);
            if dimension == Dimension::Context || raw.is_empty() {
                outcome?;
            }
        }
        Ok(())
    }

    fn resolve_key(
        &self,
        dimension: Dimension,
        key: &[&[u8]],
        sink: &mut dyn FnMut(Field, &[u8]),
        diagnostics: &mut Vec<CellDiagnostic>,
    ) {
        let mut out = Vec::new();
        for (place, raw) in self.key(dimension).iter().zip(key) {
            match self.canonical(*place, raw, &mut out) {
                Ok(Some(field)) => sink(field, &out),
                Ok(None) => {}
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
    }

    fn canonical_cell(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic> {
        out.clear();
        let Some(place) = self.place(field) else { return Ok(false) };
        Ok(self.canonical(place, raw, out)?.is_some())
    }
}

/// A cell of a line.
fn cell(line: &[u8], (start, end): Range) -> &[u8] {
    line.get(start as usize..end as usize).unwrap_or(&[])
}

/// Reads the lines of chunks.
struct LineWorker<'a, F> {
    decoder: &'a LineDecoder<F>,
    /// The lines that are rows, each with its number from the first line of the chunk.
    lines: Vec<(Line, u32)>,
    /// The cells of the line at hand, as ranges of the line.
    cells: Vec<Range>,
    /// The canonical value at hand.
    value: Vec<u8>,
}

impl<F: LineFormat> LineWorker<'_, F> {
    /// Checks the line whose cells were found, and reads what differs from row to row.
    fn read(&mut self, line: &[u8], row: &mut EventRow, origin: Origin) -> Result<(), Diagnostic> {
        let decoder = self.decoder;
        let codes = decoder.format.codes();
        if let Some(expected) = decoder.format.record_type() {
            let found = self.cells.first().map_or(&[][..], |range| cell(line, *range));
            if found != expected.as_bytes() {
                let mut place = origin.locate(row.line, row.start);
                place.cell = Some((1, "record type".into()));
                let message = format!("the record is no `{expected}`");
                return Err(Diagnostic::new(codes.bad_cell, place, message).value(found));
            }
        }
        let count = decoder.before + decoder.format.columns().len();
        if self.cells.len() != count {
            let message = format!("the line has {} cells, expected {count}", self.cells.len());
            let place = origin.locate(row.line, row.start);
            return Err(Diagnostic::new(codes.cell_count, place, message).value(line));
        }
        if self.value_of(decoder.time, line, row, origin)? {
            row.time = Timestamp::parse(&self.value).map_or(0, |time| time.micros);
        }
        if self.value_of(decoder.duration, line, row, origin)? {
            let text = std::str::from_utf8(&self.value).unwrap_or_default();
            row.micros = Duration::parse_iso(text).map_or(0, |parsed| parsed.duration.micros());
        }
        Ok(())
    }

    /// Whether there is a value in a cell of the line; it is then in the buffer.
    fn value_of(
        &mut self,
        place: Option<usize>,
        line: &[u8],
        row: &EventRow,
        origin: Origin,
    ) -> Result<bool, Diagnostic> {
        let Some(place) = place else { return Ok(false) };
        let raw = cell(line, self.cells.get(self.decoder.before + place).copied().unwrap_or_default());
        match self.decoder.canonical(place, raw, &mut self.value) {
            Ok(found) => Ok(found.is_some()),
            Err(wrong) => {
                let mut location = origin.locate(row.line, row.start);
                location.cell = Some(wrong.cell);
                Err(Diagnostic::new(wrong.code, location, wrong.message).value(&wrong.value))
            }
        }
    }
}

impl<F: LineFormat> ChunkDecoder for LineWorker<'_, F> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        memchr(b'\n', chunk.bytes).map_or(chunk.bytes.len(), |place| place + 1)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.lines.clear();
        let (mut at, mut number, mut ends) = (start, 0, 0);
        while at <= chunk.own {
            let found = Line::at(chunk.bytes, at);
            let ended = found.is_some_and(|line| line.is_ended(chunk.bytes));
            if !ended && !chunk.last {
                return IndexOutcome::More;
            }
            let Some(line) = found else { break };
            let content = line.content(chunk.bytes);
            if !content.is_empty() && !self.decoder.format.is_comment(content) {
                self.lines.push((line, number));
            }
            ends += u64::from(ended);
            number += 1;
            at = line.next;
        }
        let units = self.lines.len() as u64;
        IndexOutcome::Done { end: at, lines: ends, units, usages: units }
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, _report: &mut RunReport) {
        let decoder = self.decoder;
        batch.events.item_runs = decoder.item.len();
        batch.events.context_runs = decoder.context.len();
        batch.events.row_cells = decoder.row.len();
        for index in 0..self.lines.len() {
            let Some((line, number)) = self.lines.get(index).copied() else { break };
            let content = line.content(chunk.bytes);
            self.cells.clear();
            decoder.format.split(content, &mut self.cells);
            let mut row = EventRow {
                start: line.start as u32,
                len: (line.next - line.start) as u32,
                line: number,
                plays: 1,
                time: 0,
                micros: 0,
            };
            if let Err(diagnostic) = self.read(content, &mut row, origin) {
                let (start, len) = (row.start, row.len);
                batch.rejects.push(Reject { start, len, diagnostic, plays: 1, returns: 0, micros: 0 });
                continue;
            }
            let cell = |place: usize| {
                self.cells.get(decoder.before + place).map_or(Span::ABSENT, |(start, end)| {
                    Span::chunk(line.start + *start as usize, line.start + *end as usize)
                })
            };
            batch.events.rows.push(row);
            batch.events.keys.extend(decoder.item.iter().chain(&decoder.context).map(|place| cell(*place)));
            batch.events.cells.extend(decoder.row.iter().map(|place| place.map_or(Span::ABSENT, cell)));
        }
    }
}

/// Writes lines.
struct LineEncoder<F> {
    format: Arc<F>,
    file_name: String,
}

impl<F: LineFormat> Encoder for LineEncoder<F> {
    fn begin(&self, _file_number: FileNumber, out: &mut Vec<u8>) -> Tally {
        out.extend_from_slice(self.format.first_line().as_bytes());
        out.push(b'\n');
        Tally { lines: 1, ..Tally::default() }
    }

    fn end(&self, _file_number: FileNumber, _file: &Tally, _message: &Tally, _out: &mut Vec<u8>) -> Tally {
        Tally::default()
    }

    fn file_name(&self, _file_number: FileNumber) -> String {
        self.file_name.clone()
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let fields = reads.difference(fields(&*self.format));
        let extras = extras.iter().cloned().map(Subject::Extra);
        let subjects = fields.iter().map(Subject::Field).chain(extras);
        subjects.map(|subject| (subject, "the format has no cell for it".into())).collect()
    }
}

impl<F: LineFormat> EventEncoder for LineEncoder<F> {
    fn encode(
        &self,
        events: Events<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let batch = events.batch;
        // Each column with the place of its cell in a row, if the source has it.
        let columns = self.format.columns().iter().map(|column| column.field);
        let columns: Vec<(Field, Option<usize>)> =
            columns.map(|field| (field, events.fields.iter().position(|given| *given == field))).collect();
        let mut value = Vec::new();
        let mut tally = Tally::default();
        for (index, row) in batch.rows.iter().enumerate() {
            let cells = batch.cells.get(index * batch.row_cells..).unwrap_or(&[]);
            let record_type = self.format.record_type();
            out.bytes.extend_from_slice(record_type.unwrap_or_default().as_bytes());
            for (place, (field, cell)) in columns.iter().enumerate() {
                if place > 0 || record_type.is_some() {
                    out.bytes.push(self.format.delimiter());
                }
                let Some(cell) = cell.and_then(|cell| cells.get(cell)) else { continue };
                let raw = cell.bytes(events.chunk, &batch.arena);
                // A row with a cell that is wrong was rejected before and is not among these.
                if !events.decoder.canonical_cell(*field, raw, &mut value).unwrap_or(false) {
                    continue;
                }
                if let Some(lost) = self.format.write(*field, &value, &mut out.bytes) {
                    let line = Some(numbers.line + u64::from(row.line));
                    report.loss.add(Change::Shortened, Subject::Field(*field), 1, line, lost);
                }
            }
            out.bytes.push(b'\n');
            tally.add(Tally { lines: 1, summaries: 0, blocks: 1, usages: 1 });
        }
        let plays = batch.rows.iter().map(|row| u64::from(row.plays)).sum();
        let micros = batch.rows.iter().map(|row| i128::from(row.micros)).sum();
        report.ledger.written.play(batch.rows.len() as u64, plays, micros);
        if tally.lines > 0 {
            out.marks.push((out.bytes.len() as u32, tally));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
