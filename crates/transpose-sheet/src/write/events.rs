//! Writing: the encoder of a column table.
//!
//! Headings and columns come out exactly as the layout has them. Cells are quoted as in RFC 4180
//! where they hold the delimiter, a quote or a line break, or begin or end with a space, and
//! nowhere else. Text that begins with `=`, `+`, `-` or `@` is data and is written unchanged.

use crate::control_totals::{Totals, Wanted};
use crate::delimited::quoting::{NO_QUOTE, quoted};
use crate::diagnostics;
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout, Piece, Source, When};
use crate::notation::kinds::{CellKind, is_repair};
use crate::write::cells::{Noted, Put, Spot};
use crate::write::finish::{Finish, FinishedRow};
use crate::write::lines;
use crate::write::lines::{Common, Lines};
use std::sync::{Arc, Mutex};
use transpose_codes::Timestamp;
use transpose_core::accounting::{Change, Losses, RunReport, Subject};
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Location, Severity};
use transpose_core::format::{
    EncodeRequest, Encoded, Encoder, EventEncoder, Events, FileNumber, Holds, Numbers, TableColumn,
    TableShape, Tally,
};
use transpose_core::model::{Field, FieldSet, Span};
use transpose_sync::lock;

/// Writes a table of a layout.
pub(crate) struct SheetEncoder {
    layout: Arc<Layout>,
    delimiter: u8,
    line_end: &'static [u8],
    /// For each column the cell that all rows have in common, for fields that the rows do not have.
    constants: Vec<Vec<u8>>,
    /// Whether the prices of refunds are written without a minus.
    positive_refunds: bool,
    put: Put,
    /// For each column whether its text needs nothing but quotes here and there.
    plain: Vec<bool>,
    common: Common,
    /// The lines before the rows, with that of headings.
    head: Vec<u8>,
    bom: bool,
    /// How many rows were written, for lines that tell it.
    totals: Mutex<Totals>,
    /// What rows go through after they are written, if anything.
    finish: Option<Finish>,
    /// The name of the file, where the layout makes one, or why it cannot.
    name: Option<String>,
    notes: Vec<Diagnostic>,
}

/// Where the cells of a column come from.
enum From<'a> {
    /// The row's cell with this number, of this field.
    Row(usize, Field),
    /// The same when the switch is not set, and another when it is set or there is no other.
    Switched(Option<(usize, Field)>, Option<(usize, Field)>),
    /// The same cell in every row.
    Constant(&'a [u8]),
    /// Fields and text put together: the parts, with the cells of the fields.
    Template(&'a [Piece], Vec<(Field, usize)>),
    /// The time in this cell plus the duration of the row.
    End(usize),
}

impl SheetEncoder {
    pub(crate) fn create(layout: &Arc<Layout>, brief: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = WriteOptions::of(layout, brief.options)?;
        let given = |column: &Column| column.fields().any(|field| brief.reads.contains(field));
        let layout = if layout.given_only { Arc::new(layout.with(given)) } else { Arc::clone(layout) };
        let finish = Finish::new(&layout, &options);
        let WriteOptions { delimiter, line_end, bom, positive_refunds, .. } = options;
        let put = Put::new(&layout, options);
        let common = Common::of(&layout, brief);
        let mut diagnostics = common.check(&layout, brief);
        let mut constants = Vec::with_capacity(layout.columns.len());
        for column in &layout.columns {
            let mut cell = Vec::new();
            if let Some(field) = column.field.filter(|_| !given(column)) {
                let mut value = Vec::new();
                if let Some(text) = supplied(brief, field) {
                    if let Err((code, message)) = column.format.write(text.as_bytes(), &mut value) {
                        diagnostics.push(
                            Diagnostic::new(code, Location::default().field(field), message)
                                .value(text.as_bytes()),
                        );
                    }
                } else if let Some(default) = &column.default {
                    value.extend_from_slice(default.as_bytes());
                } else if column.required {
                    diagnostics.push(Diagnostic::new(
                        &diagnostics::NO_SOURCE,
                        Location::default().field(field),
                        format!(
                            "the column `{}` is required, and the input has no `{field}`",
                            column.heading
                        ),
                    ));
                }
                put.cell(column, &value, &mut cell);
            } else if let Source::Text(text) = &column.source {
                put.cell(column, text.as_bytes(), &mut cell);
            } else if column.field.is_none() {
                diagnostics.extend(
                    lines::given_names(column)
                        .filter(|name| common.given(name).is_none() && column.default.is_none())
                        .map(lines::no_text),
                );
                let given = lines::given_names(column).next().and_then(|name| common.given(name));
                let text = given.or(column.default.as_deref()).unwrap_or("");
                let mut text = text.as_bytes().to_vec();
                put.fit(column, &mut text, &mut Noted::default());
                put.cell(column, &text, &mut cell);
            }
            constants.push(cell);
        }
        match diagnostics.pop() {
            None => {
                let (name, notes) = layout.file_names.build(&common);
                let plain = layout.columns.iter().map(|column| put.is_plain(column)).collect();
                let mut encoder = Self {
                    layout,
                    delimiter,
                    line_end,
                    constants,
                    positive_refunds,
                    put,
                    plain,
                    common,
                    head: Vec::new(),
                    bom,
                    totals: Mutex::default(),
                    finish,
                    name,
                    notes,
                };
                encoder.head = encoder.lines().top(&Totals::default())?;
                let notes = encoder.lines().notes();
                encoder.notes.extend(notes);
                Ok(encoder)
            }
            Some(last) => {
                diagnostics.push(last);
                Err(Fatal { failure: transpose_core::diagnostics::Failure::Use, diagnostics })
            }
        }
    }

    fn sources<'a>(&'a self, events: &Events<'_>) -> Vec<(&'a Column, From<'a>)> {
        let cell = |field: Field| place(events, field).map(|cell| (cell, field));
        let source = |(column, constant): (&'a Column, &'a Vec<u8>)| {
            match &column.source {
                Source::Template(pieces) => {
                    let fields = pieces.iter().filter_map(|piece| match piece {
                        Piece::Field(field) => place(events, *field).map(|cell| (*field, cell)),
                        _ => None,
                    });
                    return (column, From::Template(pieces, fields.collect()));
                }
                Source::End => {
                    let time = place(events, Field::EVENT_TIME);
                    return (column, time.map_or(From::Constant(constant), From::End));
                }
                _ => {}
            }
            let main = column.field.and_then(cell);
            let other = column.other.as_ref().and_then(|(field, _)| cell(*field));
            let source = match (main, other) {
                (None, None) => From::Constant(constant),
                (Some((cell, field)), None) => From::Row(cell, field),
                (main, other) => From::Switched(main, other),
            };
            (column, source)
        };
        self.layout.columns.iter().zip(&self.constants).map(source).collect()
    }

    fn rows(&self, events: Events<'_>, numbers: Numbers, out: &mut Vec<u8>, report: &mut RunReport) {
        let (delimiter, quote) = (self.delimiter, self.layout.quote);
        let sources = self.sources(&events);
        let batch = events.batch;
        let (mut value, mut written) = (Vec::new(), Vec::new());
        let mut losses = Losses::default();
        let switch = Decider::new(self.layout.switch.as_ref(), &events);
        let refund = Decider::new(self.layout.refund.as_ref().filter(|_| self.positive_refunds), &events);
        let mut cells = batch.cells.chunks_exact(batch.row_cells.max(1));
        for row in &batch.rows {
            let cells = if batch.row_cells == 0 { &[] } else { cells.next().unwrap_or(&[]) };
            let raw = |cell: usize| {
                cells.get(cell).copied().unwrap_or(Span::ABSENT).bytes(events.chunk, &batch.arena)
            };
            let decides = |decider: &Option<Decider<'_>>, scratch: &mut Vec<u8>| {
                decider.as_ref().is_some_and(|decider| decider.holds(&events, raw(decider.cell), scratch))
            };
            let switched = decides(&switch, &mut value);
            let positive = decides(&refund, &mut value);
            let start = out.len();
            for (place, (column, source)) in sources.iter().enumerate() {
                if place > 0 {
                    out.push(delimiter);
                }
                let (cell, field) = match source {
                    From::Constant(cell) => {
                        out.extend_from_slice(cell);
                        continue;
                    }
                    From::Template(pieces, fields) => {
                        let text = self.template(&events, pieces, fields, &raw);
                        written.clear();
                        written.extend_from_slice(&text);
                        let spot = Spot {
                            number: place,
                            column,
                            field: None,
                            line: Some(numbers.line + u64::from(row.line)),
                        };
                        self.fitted(spot, &mut written, &mut losses, report);
                        self.put.cell(column, &written, out);
                        continue;
                    }
                    From::End(cell) => {
                        written.clear();
                        if let Some(end) = ended(&events, raw(*cell), row.micros, &mut value) {
                            let _ = column.format.write(&end, &mut written);
                        }
                        self.put.cell(column, &written, out);
                        continue;
                    }
                    From::Row(cell, field) => (*cell, *field),
                    From::Switched(main, other) => {
                        let chosen = if switched { *other } else { *main };
                        // Without a word that decides, the row has one of the two.
                        let filled = |place: &(usize, Field)| switch.is_some() || !raw(place.0).is_empty();
                        match chosen.filter(filled).or(other.filter(|_| switch.is_none())) {
                            Some(chosen) => chosen,
                            None => continue,
                        }
                    }
                };
                let kind = column.kind_of(field);
                let raw = raw(cell);
                let mut trouble = None;
                match events.decoder.canonical_cell(field, raw, &mut value) {
                    Ok(true) if value.is_empty() && self.layout.quoted_empty => {
                        out.extend_from_slice(&[quote, quote]);
                    }
                    Ok(_) => {}
                    Err(fault) => {
                        // A warning keeps the value, an error withholds it.
                        if fault.code.severity == Severity::Error {
                            value.clear();
                        }
                        trouble = Some((fault.code, fault.message));
                    }
                }
                if !value.is_empty() {
                    written.clear();
                    let noted = if column.field == Some(field) {
                        column.format.write(&value, &mut written)
                    } else {
                        kind.write(&value, &mut written).map(|()| false)
                    };
                    match noted {
                        Ok(rounded) => {
                            let minus = positive && kind == CellKind::Money;
                            if rounded || !self.plain.get(place).is_some_and(|plain| *plain) {
                                if minus && written.first() == Some(&b'-') {
                                    written.remove(0);
                                }
                                let line = Some(numbers.line + u64::from(row.line));
                                let spot = Spot { number: place, column, field: Some(field), line };
                                let mut noted = Noted::of(rounded);
                                self.put.fit(column, &mut written, &mut noted);
                                if !noted.is_clean() {
                                    self.put.note(noted, spot, &value, &mut losses, report);
                                }
                                self.put.cell(column, &written, out);
                            } else {
                                let text = written.strip_prefix(b"-").filter(|_| minus).unwrap_or(&written);
                                quoted(text, delimiter, quote, out);
                            }
                        }
                        Err(wrong) => {
                            value.clear();
                            trouble = Some(wrong);
                        }
                    }
                }
                if value.is_empty() {
                    self.absent(column, out);
                }
                if let Some((code, message)) = trouble {
                    let line = numbers.line + u64::from(row.line);
                    note(report, code, message, line, (place, column, field), raw, value.is_empty());
                }
            }
            // A row of one empty cell would read as a blank line.
            if out.len() == start && quote != NO_QUOTE {
                out.extend_from_slice(&[quote, quote]);
            }
            out.extend_from_slice(self.line_end);
            if let Some(finish) = &self.finish {
                let line = numbers.line + u64::from(row.line);
                let place = FinishedRow { columns: &self.layout.columns, line };
                finish.row(out, start, &mut written, &place, report);
            }
        }
        losses.flush(report);
    }

    /// What an absent value is written as.
    #[inline]
    fn absent(&self, column: &Column, out: &mut Vec<u8>) {
        if let Some(default) = &column.default {
            self.put.cell(column, default.as_bytes(), out);
        } else if !self.put.is_plain(column) && !self.layout.quoted_empty {
            self.put.cell(column, b"", out);
        }
    }

    /// Puts a template together for a row.
    fn template<'b>(
        &self,
        events: &Events<'_>,
        pieces: &[Piece],
        fields: &[(Field, usize)],
        raw: &dyn Fn(usize) -> &'b [u8],
    ) -> Vec<u8> {
        let mut values = Vec::new();
        for (field, cell) in fields {
            let mut value = Vec::new();
            if events.decoder.canonical_cell(*field, raw(*cell), &mut value).is_ok_and(|present| present) {
                values.push((*field, value));
            }
        }
        let of = |field: Field| {
            values.iter().find(|(known, _)| *known == field).map(|(_, value)| value.as_slice())
        };
        let mut text = Vec::new();
        lines::template(pieces, &self.common, of, &mut text);
        text
    }

    /// Makes a text fit its column that is no value of the model.
    fn fitted(&self, spot: Spot<'_>, text: &mut Vec<u8>, losses: &mut Losses, report: &mut RunReport) {
        let mut noted = Noted::default();
        self.put.fit(spot.column, text, &mut noted);
        if !noted.is_clean() {
            let value = text.clone();
            self.put.note(noted, spot, &value, losses, report);
        }
    }

    /// The lines before and after the rows.
    fn lines(&self) -> Lines<'_> {
        let Self { layout, put, common, finish, bom, line_end, .. } = self;
        Lines { layout, put, common, finish: finish.as_ref(), bom: *bom, line_end, wanted: &NOTHING }
    }
}

/// Plays are counted and never summed.
static NOTHING: Wanted = Wanted { sums: Vec::new(), each: None };

/// When a play ended, by its time and its duration in microseconds; `value` is overwritten.
fn ended(events: &Events<'_>, raw: &[u8], micros: i64, value: &mut Vec<u8>) -> Option<Vec<u8>> {
    events.decoder.canonical_cell(Field::EVENT_TIME, raw, value).ok().filter(|present| *present)?;
    let start = Timestamp::parse(value).ok()?;
    let end = Timestamp { micros: start.micros.checked_add(micros)?, ..start };
    let mut text = Vec::new();
    end.assume_offset(0).write_rfc3339(&mut text);
    Some(text)
}

/// Where a row's cell of a field is among its cells.
fn place(events: &Events<'_>, field: Field) -> Option<usize> {
    events.fields.iter().position(|given| *given == field)
}

/// A cell that decides something about its row.
struct Decider<'a> {
    cell: usize,
    when: &'a When,
    field: Field,
}

impl<'a> Decider<'a> {
    fn new(when: Option<&'a When>, events: &Events<'_>) -> Option<Self> {
        let when = when?;
        let field = when.field?;
        place(events, field).map(|cell| Self { cell, when, field })
    }

    /// Whether the cell has the word; `scratch` is overwritten.
    fn holds(&self, events: &Events<'_>, raw: &[u8], scratch: &mut Vec<u8>) -> bool {
        events.decoder.canonical_cell(self.field, raw, scratch).is_ok()
            && scratch.eq_ignore_ascii_case(self.when.word.as_bytes())
    }
}

/// What the header or the agreement says about a field that the input has no column for.
pub(crate) fn supplied(brief: &EncodeRequest<'_>, field: Field) -> Option<String> {
    if let Some(text) = brief.header.text(field) {
        return Some(text.to_owned());
    }
    if let Some(text) = brief.terms.and_then(|terms| terms.fallback(field)) {
        return Some(text.to_owned());
    }
    // The report that is written is made now.
    (field == Field::CREATED).then(|| {
        let mut text = Vec::new();
        brief.now.write_rfc3339(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}

#[cold]
fn note(
    report: &mut RunReport,
    code: &'static Code,
    message: String,
    line: u64,
    (place, column, field): (usize, &Column, Field),
    raw: &[u8],
    lost: bool,
) {
    if lost {
        report.loss.add(Change::Lost, Subject::Field(field), 1, Some(line), "the value is not valid");
    } else if is_repair(code) {
        report.loss.add(Change::Guessed, Subject::Field(field), 1, Some(line), "the value was repaired");
    }
    report.diagnostics.report(code, || {
        let mut location = Location::default().cell(place as u32 + 1, &column.heading).field(field);
        location.line = Some(line);
        Diagnostic::new(code, location, message).value(raw)
    });
}

impl Encoder for SheetEncoder {
    fn begin(&self, _part: FileNumber, out: &mut Vec<u8>) -> Tally {
        let totals = lock(&self.totals);
        self.lines().begin(&self.head, &totals, out)
    }

    fn header_depends_on_rows(&self) -> bool {
        self.lines().count_first()
    }

    fn end(&self, _part: FileNumber, file: &Tally, _message: &Tally, out: &mut Vec<u8>) -> Tally {
        // Of several files each counts its own rows.
        let totals = Totals::of_rows(file.usages);
        let lines = self.lines().foot(&totals, file.lines, out);
        Tally { lines, ..Tally::default() }
    }

    fn file_name(&self, _part: FileNumber) -> String {
        self.name.clone().unwrap_or_else(|| file_name(&self.layout, self.delimiter))
    }

    fn gz_replaces_extension(&self) -> bool {
        self.layout.file_names.replaces
    }

    fn diagnostics(&self) -> &[Diagnostic] {
        &self.notes
    }

    fn table(&self) -> Option<TableShape> {
        table(&self.layout, self.delimiter, self.finish.as_ref())
    }

    fn max_file_size(&self) -> Option<u64> {
        None
    }

    fn final_check(&self) -> Option<Fatal> {
        let coding = self.finish.as_ref().and_then(|finish| finish.refusal(&self.layout));
        let found = [self.put.refusal(), coding].into_iter().flatten();
        let diagnostics: Vec<Diagnostic> = found.flat_map(|fatal| fatal.diagnostics).collect();
        (!diagnostics.is_empty())
            .then_some(Fatal { failure: transpose_core::diagnostics::Failure::Input, diagnostics })
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let reason = format!("`{}` has no column for it", self.layout.manifest.id);
        let fields = reads.difference(self.layout.written()).iter().map(Subject::Field).collect::<Vec<_>>();
        let extras = extras.iter().cloned().map(Subject::Extra);
        fields.into_iter().chain(extras).map(|subject| (subject, reason.clone())).collect()
    }
}

impl EventEncoder for SheetEncoder {
    fn encode(
        &self,
        events: Events<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        self.rows(events, numbers, &mut out.bytes, report);
        let rows = events.batch.rows.len() as u64;
        let plays = events.batch.rows.iter().map(|row| u64::from(row.plays)).sum();
        let micros = events.batch.rows.iter().map(|row| i128::from(row.micros)).sum();
        report.ledger.written.play(rows, plays, micros);
        lock(&self.totals).rows += rows;
        if rows > 0 {
            out.marks.push((
                out.bytes.len() as u32,
                Tally { lines: rows, summaries: 0, blocks: rows, usages: rows },
            ));
        }
        Ok(())
    }
}

/// The name that a layout proposes for its file.
pub(crate) fn file_name(layout: &Layout, delimiter: u8) -> String {
    let tabs = delimiter == b'\t' && layout.delimiter != b'\t';
    let extension = if tabs { "tsv" } else { &layout.manifest.extension };
    format!("{}.{extension}", layout.short().replace('-', "_"))
}

/// What the text of a layout looks like to whoever puts it into a container; nothing where it does
/// not begin with the line of headings.
pub(crate) fn table(layout: &Layout, delimiter: u8, finish: Option<&Finish>) -> Option<TableShape> {
    if !layout.headed || !layout.before.is_empty() {
        return None;
    }
    let column = |column: &Column| TableColumn {
        heading: column.heading.clone(),
        // Amounts stay text: nobody's money goes through binary.
        holds: match column.format.kind {
            CellKind::Seconds | CellKind::Integer => Holds::Numbers,
            _ => Holds::Text,
        },
    };
    Some(TableShape {
        name: layout.short().into(),
        delimiter,
        quote: layout.quote,
        quoted_empty: layout.quoted_empty,
        utf8: finish.is_none_or(|finish| finish.coding.is_none()),
        columns: layout.columns.iter().map(column).collect(),
    })
}
