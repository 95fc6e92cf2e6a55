//! {{TITLE}}: records of tab-separated cells, one [`PLAY`] a play, after one line that names the
//! format; lines that begin with `#` are comments. Cells and escapes follow the rules of
//! `transpose-records`.
//!
//! Replace this text by what the format is, where it was taken from and when. The table of cells is
//! the place to begin.

use std::collections::BTreeMap;
use transpose_codes::{Duration, Timestamp};
use transpose_core::model::{EventRow, Span, Entity, Field, FieldSet};
use transpose_core::format::{Batch, Chunk, ChunkDecoder, Created, Decoder, Dimension, Encoded, Encoder, EncodeRequest, EventDecoder, EventEncoder, Events, FileNumber, Format, FormatTraits, Grain, Head, Indexed, Manifest, Numbers, Opened, options, OptionSpec, Origin, Preamble, Probe, Projection, Recognition, Status, Tally};
use transpose_core::diagnostics::{CellDiagnostic, Reject, Code, Diagnostic, Fatal, Location};
use transpose_core::accounting::{Change, Subject, RunReport};
use transpose_records::cell::{self, Fit};
use transpose_records::escape::{self, Escapes};
use transpose_records::line;
use transpose_records::spec::CellSlot::{self, Field as F, Structure};
use transpose_records::spec::CellType as T;
use transpose_records::spec::Obligation::{self, Mandatory as M, Optional as O};
use transpose_records::spec::{CellSpec, RecordSpec, Status as Known};
use transpose_records::write;

transpose_core::register!(|| Ok(vec![Box::new(Records { manifest: manifest() }) as Box<dyn Format>]));

transpose_core::codes! {
    /// The first line is another one.
    WRONG_START: "{{CODES}}0001" "{{NAME}}-wrong-start" Error
        "The first line names the format and its edition, and this input begins with something else."
        "Check that the right file was given."
    /// A line has too many or too few cells.
    CELL_COUNT: "{{CODES}}0002" "{{NAME}}-wrong-cell-count" Error
        "Each record has the cells of its definition. A tab that belongs to a text is written with a backslash in front."
        "Correct the record in the source."
    /// A line is another record.
    WRONG_RECORD: "{{CODES}}0006" "{{NAME}}-wrong-record" Error
        "The first cell of each line is the type of its record, and the format has one type only."
        "Take the line out, or make it a comment with `#` in front."
    /// A cell does not hold what it should.
    BAD_CELL: "{{CODES}}0003" "{{NAME}}-bad-cell" Error
        "The cell does not hold what the format says, and its value is not passed on."
        "Correct the cell in the source."
    /// An option is wrong.
    BAD_OPTION: "{{CODES}}0004" "{{NAME}}-bad-option" Error
        "The format has no such option."
        "List the options with `transpose formats {{ID}}`."
}

/// The line that every file begins with.
const FIRST: &[u8] = b"HD01\t{{ID}}";

/// A play.
static PLAY: RecordSpec = RecordSpec {
    name: "PL01",
    generation: "1",
    only: "",
    title: "One play",
    latest: true,
    complete: true,
    trailing: &[],
    profiles: &[],
    notes: "",
    cells: &[
        c(1, "RecordType", T::FixedString, M, Structure),
        c(2, "Time", T::Datetime, M, F(Field::EVENT_TIME)),
        c(3, "Territory", T::Territory, M, F(Field::TERRITORY)),
        c(4, "ISRC", T::String, O, F(Field::ISRC)),
        c(5, "DisplayArtist", T::String, O, F(Field::RECORDING_ARTIST)),
        c(6, "Title", T::String, M, F(Field::RECORDING_TITLE)),
        c(7, "Duration", T::Duration, M, F(Field::EVENT_DURATION)),
    ],
};

const fn c(number: u32, name: &'static str, kind: T, obligation: Obligation, slot: CellSlot) -> CellSpec {
    CellSpec::new(number, name, kind, "", false, obligation, "", Known::Confirmed, "", slot)
}

/// The cells that are looked at in every row, by their place in the record.
const TIME: usize = 1;
const DURATION: usize = 6;

const OPTIONS: &[OptionSpec] = &[];

fn manifest() -> Manifest {
    Manifest {
        id: "{{ID}}".into(),
        title: "{{TITLE}}".into(),
        grain: Grain::Event,
        reads: true,
        writes: true,
        status: Status::Preview,
        reference: "name the document, its edition and its date".into(),
        confidence: "".into(),
        versions: Vec::new(),
        extension: "tsv".into(),
        traits: FormatTraits::default(),
        about: "One record for each play.".into(),
    }
}

fn fields() -> FieldSet {
    PLAY.cells.iter().filter_map(CellSpec::field).collect()
}

/// The format.
struct Records {
    manifest: Manifest,
}

impl Format for Records {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        if first_line(probe.bytes).is_some() { Recognition::Certain("the first line names it".into()) } else { Recognition::No }
    }

    fn reads(&self, _version: Option<&str>) -> FieldSet {
        fields()
    }

    fn writes(&self, _version: Option<&str>) -> FieldSet {
        fields()
    }

    fn needs(&self, _version: Option<&str>) -> FieldSet {
        PLAY.cells.iter().filter(|cell| cell.obligation == M).filter_map(CellSpec::field).collect()
    }

    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal> {
        check(options)?;
        let Some(body) = first_line(head.bytes(FIRST.len() + 2)?) else {
            let message = format!("the first line is not `{}`", String::from_utf8_lossy(FIRST));
            return Err(Fatal::input(Diagnostic::new(&WRONG_START, Location::line(1, 0), message)));
        };
        let preamble = Preamble { reads: fields(), body: body as u64, line: 2, ..Preamble::default() };
        Ok(Opened::Events(Box::new(Reader { preamble, plan: Plan::default() })))
    }

    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        check(request.options)?;
        Ok(Created::Events(Box::new(Writer)))
    }

    fn explain(&self, _topic: &str) -> Option<String> {
        None
    }
}

fn check(options: &[(String, String)]) -> Result<(), Fatal> {
    let checked = options::parse::<BTreeMap<String, String>>(OPTIONS, options);
    checked.map(drop).map_err(|error| Fatal::usage(Diagnostic::new(&BAD_OPTION, Location::default(), error.to_string())))
}

/// Where the body begins, when the bytes begin as they should.
fn first_line(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(FIRST)?;
    match rest {
        [b'\n', ..] => Some(FIRST.len() + 1),
        [b'\r', b'\n', ..] => Some(FIRST.len() + 2),
        [] => Some(FIRST.len()),
        _ => None,
    }
}

/// Which cells are wanted of each row, by their places in the record.
#[derive(Default)]
struct Plan {
    item: Vec<usize>,
    context: Vec<usize>,
    row: Vec<Option<usize>>,
}

fn place(field: Field) -> Option<usize> {
    PLAY.cells.iter().position(|cell| cell.field() == Some(field))
}

struct Reader {
    preamble: Preamble,
    plan: Plan,
}

impl Reader {
    fn places(&self, dimension: Dimension) -> &[usize] {
        match dimension {
            Dimension::Item => &self.plan.item,
            Dimension::Context => &self.plan.context,
        }
    }
}

/// The canonical notation of a cell, in `out`; `false` when the cell is empty.
fn canonical(spec: &CellSpec, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, String> {
    if raw.is_empty() {
        return Ok(false);
    }
    if std::str::from_utf8(raw).is_err() {
        return Err("the cell is not UTF-8".into());
    }
    let (mut text, mut ends) = (Vec::new(), Vec::new());
    if let Some(bad) = escape::decode(raw, Escapes::Tripled, &mut text, &mut ends) {
        return Err(bad.to_string());
    }
    if ends.len() > 1 {
        return Err("the cell holds several values, expected one".into());
    }
    for fit in [cell::check(spec.kind, &text, out), spec.field().map_or(Fit::Exact, |field| cell::check_kind(field.kind(), &text, out))] {
        match fit {
            Fit::Exact => {}
            Fit::Normalised => return Ok(true),
            Fit::Odd(why) | Fit::Doubtful(why) | Fit::Wrong(why) => return Err(why),
        }
    }
    out.extend_from_slice(&text);
    Ok(true)
}

/// A cell, checked. An empty cell that must be filled is a fault.
fn checked(place: usize, raw: &[u8], out: &mut Vec<u8>) -> Result<(Field, bool), CellDiagnostic> {
    out.clear();
    let Some((spec, field)) = PLAY.cells.get(place).and_then(|spec| Some((spec, spec.field()?))) else {
        return Ok((Field::EVENT_ID, false));
    };
    let fault = |message: String| CellDiagnostic {
        code: &BAD_CELL,
        field,
        cell: (spec.number, spec.name.into()),
        value: raw.into(),
        message,
        repaired: false,
    };
    match canonical(spec, raw, out) {
        Ok(false) if spec.obligation == M => Err(fault("the cell is empty".into())),
        Ok(filled) => Ok((field, filled)),
        Err(message) => Err(fault(message)),
    }
}

impl Decoder for Reader {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker { plan: &self.plan, lines: Vec::new(), cells: Vec::new() })
    }

    fn quarantine_header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(FIRST);
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

    fn finish(&self, _trailers: &[(u64, Entity)], _tally: &Tally, _diagnostics: &mut Vec<Diagnostic>) {}
}

impl EventDecoder for Reader {
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal> {
        let places = |fields: FieldSet| fields.iter().filter_map(place).collect();
        self.plan = Plan {
            item: places(projection.item),
            context: places(projection.context),
            row: projection.row.iter().map(|field| place(*field)).collect(),
        };
        Ok(())
    }

    fn check_key(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic> {
        let mut out = Vec::new();
        for (place, raw) in self.places(dimension).iter().zip(key) {
            // What describes the item may be wrong and is then left out; without its context a play
            // has no place in a report.
            let outcome = checked(*place, raw, &mut out);
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
        faults: &mut Vec<CellDiagnostic>,
    ) {
        let mut out = Vec::new();
        for (place, raw) in self.places(dimension).iter().zip(key) {
            match checked(*place, raw, &mut out) {
                Ok((field, true)) => sink(field, &out),
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
        }
    }

    fn canonical_cell(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic> {
        out.clear();
        place(field).map_or(Ok(false), |place| checked(place, raw, out).map(|(_, filled)| filled))
    }
}

struct Worker<'a> {
    plan: &'a Plan,
    /// The lines that are rows, with their numbers from the first line of the chunk.
    lines: Vec<(line::Line, u32)>,
    /// The cells of the line at hand.
    cells: Vec<line::Range>,
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        chunk.bytes.iter().position(|byte| *byte == b'\n').map_or(chunk.bytes.len(), |place| place + 1)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> Indexed {
        self.lines.clear();
        let (mut at, mut number, mut ends) = (start, 0, 0);
        while at <= chunk.own {
            let found = line::Line::at(chunk.bytes, at);
            let ended = found.is_some_and(|line| line.is_ended(chunk.bytes));
            if !ended && !chunk.last {
                return Indexed::More;
            }
            let Some(line) = found else { break };
            let content = line.content(chunk.bytes);
            if !content.is_empty() && !content.starts_with(b"#") {
                self.lines.push((line, number));
            }
            ends += u64::from(ended);
            number += 1;
            at = line.next;
        }
        let units = self.lines.len() as u64;
        Indexed::Done { end: at, lines: ends, units, usages: units }
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, _report: &mut RunReport) {
        let plan = self.plan;
        batch.events.item_runs = plan.item.len();
        batch.events.context_runs = plan.context.len();
        batch.events.row_cells = plan.row.len();
        let mut scratch = Vec::new();
        for (line, number) in &self.lines {
            let content = line.content(chunk.bytes);
            line::cells(chunk.bytes, *line, content.contains(&b'\\'), &mut self.cells);
            let cells = &self.cells;
            let cell = |place: usize| {
                cells.get(place).map_or(Span::ABSENT, |(start, end)| Span::chunk(*start as usize, *end as usize))
            };
            let bytes = |place: usize| cell(place).bytes(chunk.bytes, &[]);
            let mut row = EventRow {
                start: line.start as u32,
                len: (line.next - line.start) as u32,
                line: *number,
                plays: 1,
                time: 0,
                micros: 0,
            };
            let outcome = if bytes(0) != PLAY.name.as_bytes() {
                Err((&WRONG_RECORD, format!("the record is no `{}`", PLAY.name), None, bytes(0).into()))
            } else if cells.len() == PLAY.cells.len() {
                checked(TIME, bytes(TIME), &mut scratch)
                    .and_then(|_| checked(DURATION, bytes(DURATION), &mut scratch))
                    .map_err(|fault| (fault.code, fault.message, Some(fault.cell), fault.value))
            } else {
                let message = format!("the record has {} cells, expected {}", cells.len(), PLAY.cells.len());
                Err((&CELL_COUNT, message, None, content.into()))
            };
            if let Err((code, message, cell, value)) = outcome {
                batch.rejects.push(reject(code, message, cell, &value, &row, origin));
                continue;
            }
            row.time = Timestamp::parse(bytes(TIME)).map_or(0, |time| time.micros);
            let duration = std::str::from_utf8(bytes(DURATION)).ok().and_then(|text| Duration::parse_iso(text).ok());
            row.micros = duration.map_or(0, |parsed| parsed.duration.micros());
            batch.events.rows.push(row);
            batch.events.keys.extend(plan.item.iter().chain(&plan.context).map(|place| cell(*place)));
            batch.events.cells.extend(plan.row.iter().map(|place| place.map_or(Span::ABSENT, cell)));
        }
    }
}

fn reject(
    code: &'static Code,
    message: String,
    cell: Option<(u32, Box<str>)>,
    value: &[u8],
    row: &EventRow,
    origin: Origin,
) -> Reject {
    let mut location = Location::line(origin.line + u64::from(row.line), origin.byte + u64::from(row.start));
    location.cell = cell;
    let diagnostic = Diagnostic::new(code, location, message).value(value);
    Reject { start: row.start, len: row.len, diagnostic, plays: 1, micros: 0 }
}

struct Writer;

impl Encoder for Writer {
    fn begin(&self, _part: FileNumber, out: &mut Vec<u8>) -> Tally {
        out.extend_from_slice(FIRST);
        out.push(b'\n');
        Tally { lines: 1, ..Tally::default() }
    }

    fn end(&self, _part: FileNumber, _file: &Tally, _message: &Tally, _out: &mut Vec<u8>) -> Tally {
        Tally::default()
    }

    fn file_name(&self, _part: FileNumber) -> String {
        "{{FILE}}.tsv".into()
    }

    fn max_file_size(&self) -> Option<u64> {
        None
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let fields = reads.difference(fields()).iter().map(Subject::Field).collect::<Vec<_>>();
        let extras = extras.iter().cloned().map(Subject::Extra);
        fields.into_iter().chain(extras).map(|subject| (subject, "the format has no cell for it".into())).collect()
    }
}

impl EventEncoder for Writer {
    fn encode(
        &self,
        events: Events<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let mut tally = Tally::default();
        for index in 0..events.batch.rows.len() {
            write_row(events, index, numbers.line, &mut out.bytes, report);
            tally.add(Tally { lines: 1, summaries: 0, blocks: 1, usages: 1 });
        }
        let rows = &events.batch.rows;
        let plays = rows.iter().map(|row| u64::from(row.plays)).sum();
        let micros = rows.iter().map(|row| i128::from(row.micros)).sum();
        report.ledger.written.play(rows.len() as u64, plays, micros);
        if tally.lines > 0 {
            out.marks.push((out.bytes.len() as u32, tally));
        }
        Ok(())
    }
}

fn write_row(events: Events<'_>, index: usize, first: u64, out: &mut Vec<u8>, report: &mut RunReport) {
    let batch = events.batch;
    let line = batch.rows.get(index).map(|row| first + u64::from(row.line));
    let cells = batch.cells.get(index * batch.row_cells..(index + 1) * batch.row_cells).unwrap_or(&[]);
    let mut value = Vec::new();
    out.extend_from_slice(PLAY.name.as_bytes());
    for spec in PLAY.cells.iter().skip(1) {
        out.push(b'\t');
        let Some(field) = spec.field() else { continue };
        let column = events.fields.iter().position(|given| *given == field);
        let Some(cell) = column.and_then(|column| cells.get(column)) else { continue };
        value.clear();
        // A cell that is wrong was found before: its row is not among these.
        if !events.decoder.canonical_cell(field, cell.bytes(events.chunk, &batch.arena), &mut value).unwrap_or(false) {
            continue;
        }
        let lost = write::text(&value, out);
        report.loss.add(Change::Shortened, Subject::Field(field), lost.min(1), line, "control characters become spaces");
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_notation_comes_from_each_kind_of_cell() {
        for (cell, raw, expected) in [
            ("ISRC", "gb-aaa-26-00001", Ok("GBAAA2600001")),
            ("Territory", "FR", Ok("FR")),
            ("Territory", "ZZ", Err(())),
            ("Duration", "PT1M30S", Ok("PT1M30S")),
            ("Duration", "90", Err(())),
            ("Time", "2026-02-30T00:00:00Z", Err(())),
            ("Title", "Left\\\\|Right", Ok("Left|Right")),
            ("Title", "Left|Right", Err(())),
        ] {
            let mut out = Vec::new();
            let spec = PLAY.cell(cell).unwrap();
            let found = canonical(spec, raw.as_bytes(), &mut out).map(|_| String::from_utf8(out).unwrap());
            assert_eq!(found.as_deref().map_err(drop), expected, "{cell} {raw}");
        }
    }

    #[test]
    fn cells_are_numbered_and_hold_each_field_once() {
        for (place, cell) in PLAY.cells.iter().enumerate() {
            assert_eq!(cell.number as usize, place + 1);
        }
        assert_eq!(fields().len(), PLAY.cells.len() - 1);
    }
}
