//! {{TITLE}}: one play a line, six cells divided by `|`, no quoting; lines that begin with `#` are
//! comments.
//!
//! Replace this text by what the format is, where it was taken from and when. The first line tells
//! the format from every other.

use std::collections::BTreeMap;
use transpose_codes::{Duration, Isrc, Territory, Timestamp};
use transpose_core::model::{EventRow, Span, Entity, Field, FieldSet, Kind};
use transpose_core::format::{Batch, Chunk, ChunkDecoder, Created, Decoder, Dimension, Encoded, Encoder, EncodeRequest, EventDecoder, EventEncoder, Events, FileNumber, Format, FormatTraits, Grain, Head, Indexed, Manifest, Numbers, Opened, options, OptionSpec, Origin, Preamble, Probe, Projection, Recognition, Status, Tally};
use transpose_core::diagnostics::{CellDiagnostic, Reject, Code, Diagnostic, Fatal, Location};
use transpose_core::accounting::{Change, Subject, RunReport};

transpose_core::register!(|| Ok(vec![Box::new(Lines { manifest: manifest() }) as Box<dyn Format>]));

transpose_core::codes! {
    /// The first line is another one.
    WRONG_START: "{{CODES}}0001" "{{NAME}}-wrong-start" Error
        "The first line names the format and its edition, and this input begins with something else."
        "Check that the right file was given."
    /// A line has too many or too few cells.
    CELL_COUNT: "{{CODES}}0002" "{{NAME}}-wrong-cell-count" Error
        "Each line has six cells. A delimiter inside a title makes one too many."
        "Take the delimiter out of the text."
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
const FIRST: &[u8] = b"#{{ID}} 1";

/// What stands between cells.
const DELIMITER: u8 = b'|';

/// The cells of a line: what each is called, what it means, and whether it must be filled.
const CELLS: [(&str, Field, bool); 6] = [
    ("time", Field::EVENT_TIME, true),
    ("country", Field::TERRITORY, true),
    ("isrc", Field::ISRC, false),
    ("artist", Field::RECORDING_ARTIST, false),
    ("title", Field::RECORDING_TITLE, true),
    ("seconds", Field::EVENT_DURATION, true),
];

/// The cells that are looked at in every row, by their place in [`CELLS`].
const TIME: usize = 0;
const SECONDS: usize = 5;

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
        extension: "txt".into(),
        traits: FormatTraits::default(),
        about: "One line for each play.".into(),
    }
}

fn fields() -> FieldSet {
    CELLS.iter().map(|(_, field, _)| *field).collect()
}

/// The format.
struct Lines {
    manifest: Manifest,
}

impl Format for Lines {
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
        CELLS.iter().filter(|(_, _, required)| *required).map(|(_, field, _)| *field).collect()
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

/// Which cells are wanted of each row, by their places in [`CELLS`].
#[derive(Default)]
struct Plan {
    item: Vec<usize>,
    context: Vec<usize>,
    row: Vec<Option<usize>>,
}

fn place(field: Field) -> Option<usize> {
    CELLS.iter().position(|(_, known, _)| *known == field)
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
fn canonical(field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, String> {
    if raw.is_empty() {
        return Ok(false);
    }
    let text = std::str::from_utf8(raw).map_err(|_| "the cell is not UTF-8".to_owned())?;
    match field.kind() {
        Kind::Isrc => {
            out.extend_from_slice(Isrc::parse(text).map_err(|error| error.to_string())?.code.as_bytes());
        }
        Kind::Territory => {
            out.extend_from_slice(Territory::parse(text).map_err(|error| error.to_string())?.code.code().as_bytes());
        }
        Kind::DateTime => {
            Timestamp::parse(raw).map_err(|error| error.to_string())?;
            out.extend_from_slice(raw);
        }
        Kind::Duration => {
            Duration::parse_seconds(text).map_err(|error| error.to_string())?.duration.write_iso(out);
        }
        _ => out.extend_from_slice(raw),
    }
    Ok(true)
}

fn fault(place: usize, field: Field, raw: &[u8], message: String) -> CellDiagnostic {
    let name = CELLS.get(place).map_or("", |(name, _, _)| name);
    CellDiagnostic {
        code: &BAD_CELL,
        field,
        cell: (place as u32 + 1, name.into()),
        value: raw.into(),
        message,
        repaired: false,
    }
}

/// A cell, checked. An empty cell that must be filled is a fault.
fn checked(place: usize, raw: &[u8], out: &mut Vec<u8>) -> Result<(Field, bool), CellDiagnostic> {
    let Some((_, field, required)) = CELLS.get(place).copied() else { return Ok((Field::EVENT_ID, false)) };
    out.clear();
    match canonical(field, raw, out) {
        Ok(false) if required => Err(fault(place, field, raw, "the cell is empty".into())),
        Ok(filled) => Ok((field, filled)),
        Err(message) => Err(fault(place, field, raw, message)),
    }
}

impl Decoder for Reader {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker { plan: &self.plan, lines: Vec::new() })
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

/// A line of a chunk that is a row.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    /// Before the line end.
    end: usize,
    /// After the line end.
    next: usize,
    /// Counted from the first line of the chunk.
    number: u32,
}

struct Worker<'a> {
    plan: &'a Plan,
    lines: Vec<Line>,
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        chunk.bytes.iter().position(|byte| *byte == b'\n').map_or(chunk.bytes.len(), |place| place + 1)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> Indexed {
        self.lines.clear();
        let (mut at, mut number, mut ends) = (start, 0, 0);
        while at <= chunk.own {
            let rest = chunk.bytes.get(at..).unwrap_or(&[]);
            let (length, next) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(place) => (place, at + place + 1),
                None if !chunk.last => return Indexed::More,
                None if rest.is_empty() => break,
                None => (rest.len(), chunk.bytes.len()),
            };
            let content = rest.get(..length).unwrap_or(rest);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            if !content.is_empty() && !content.starts_with(b"#") {
                self.lines.push(Line { start: at, end: at + content.len(), next, number });
            }
            ends += u64::from(length < rest.len());
            number += 1;
            at = next;
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
        for line in &self.lines {
            let mut cells = [Span::ABSENT; CELLS.len()];
            let mut found = 0;
            let mut start = line.start;
            let content = chunk.bytes.get(line.start..line.end).unwrap_or(&[]);
            for cell in content.split(|byte| *byte == DELIMITER) {
                if let Some(place) = cells.get_mut(found) {
                    *place = Span::chunk(start, start + cell.len());
                }
                found += 1;
                start += cell.len() + 1;
            }
            let cell = |place: usize| cells.get(place).copied().unwrap_or(Span::ABSENT);
            let bytes = |place: usize| cell(place).bytes(chunk.bytes, &[]);
            let mut row = EventRow {
                start: line.start as u32,
                len: (line.next - line.start) as u32,
                line: line.number,
                plays: 1,
                time: 0,
                micros: 0,
            };
            let outcome = if found == CELLS.len() {
                checked(TIME, bytes(TIME), &mut scratch)
                    .and_then(|_| checked(SECONDS, bytes(SECONDS), &mut scratch))
                    .map_err(|fault| (fault.code, fault.message, Some(fault.cell), fault.value))
            } else {
                Err((&CELL_COUNT, format!("the line has {found} cells, expected {}", CELLS.len()), None, content.into()))
            };
            if let Err((code, message, cell, value)) = outcome {
                batch.rejects.push(reject(code, message, cell, &value, &row, origin));
                continue;
            }
            row.time = Timestamp::parse(bytes(TIME)).map_or(0, |time| time.micros);
            row.micros = Duration::parse_seconds_bytes(bytes(SECONDS)).map_or(0, |parsed| parsed.duration.micros());
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
        "{{FILE}}.txt".into()
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
    for (place, (_, field, _)) in CELLS.iter().enumerate() {
        if place > 0 {
            out.push(DELIMITER);
        }
        let column = events.fields.iter().position(|given| given == field);
        let Some(cell) = column.and_then(|column| cells.get(column)) else { continue };
        value.clear();
        // A cell that is wrong was found before: its row is not among these.
        if !events.decoder.canonical_cell(*field, cell.bytes(events.chunk, &batch.arena), &mut value).unwrap_or(false) {
            continue;
        }
        let loss = notation(*field, &mut value);
        if let Some(reason) = loss {
            report.loss.add(Change::Shortened, Subject::Field(*field), 1, line, reason);
        }
        out.extend_from_slice(&value);
    }
    out.push(b'\n');
}

/// Turns a canonical value into what a cell holds; says what is lost, if anything.
fn notation(field: Field, value: &mut Vec<u8>) -> Option<&'static str> {
    if field.kind() == Kind::Duration {
        let parsed = std::str::from_utf8(value).ok().and_then(|text| Duration::parse_iso(text).ok())?;
        value.clear();
        parsed.duration.write_seconds(value);
        return None;
    }
    let mut lost = None;
    for byte in value {
        if matches!(*byte, DELIMITER | b'\r' | b'\n') {
            *byte = b' ';
            lost = Some("delimiters and line breaks become spaces");
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_notation_comes_from_each_kind_of_cell() {
        for (field, raw, expected) in [
            (Field::ISRC, "gb-aaa-26-00001", Ok("GBAAA2600001")),
            (Field::TERRITORY, "FR", Ok("FR")),
            (Field::TERRITORY, "ZZ", Err(())),
            (Field::EVENT_DURATION, "90", Ok("PT1M30S")),
            (Field::EVENT_DURATION, "-1", Err(())),
            (Field::EVENT_TIME, "2026-02-30T00:00:00Z", Err(())),
            (Field::RECORDING_TITLE, "Low Tide", Ok("Low Tide")),
        ] {
            let mut out = Vec::new();
            let found = canonical(field, raw.as_bytes(), &mut out).map(|_| String::from_utf8(out).unwrap());
            assert_eq!(found.as_deref().map_err(drop), expected, "{field} {raw}");
        }
    }

    #[test]
    fn delimiters_in_text_are_counted_as_loss() {
        let mut value = b"Left|Right\n".to_vec();
        assert!(notation(Field::RECORDING_TITLE, &mut value).is_some());
        assert_eq!(value, b"Left Right ");
    }
}
