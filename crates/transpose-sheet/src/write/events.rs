//! Writing: events as rows of a table.
//!
//! Headings and columns come out exactly as the layout has them. Cells are quoted as in RFC 4180
//! where they hold the delimiter, a quote or a line break, or begin or end with a space, and
//! nowhere else. Text that begins with `=`, `+`, `-` or `@` is data and is written unchanged.

use crate::control_totals::{TotalFields, Totals};
use crate::delimited::quoting::quoted;
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout, Piece, RowCondition, Source};
use crate::notation::kinds::{CellKind, count_loss};
use crate::write::cells::{CellOutcome, CellRef};
use crate::write::common::{given_names, supplied, template};
use crate::write::table::{OutputTable, Rows, TableEncoder, no_source};
use std::sync::Arc;
use transpose_codes::Timestamp;
use transpose_core::accounting::{Losses, RunReport, Subject};
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Location, Severity};
use transpose_core::format::{EncodeRequest, EncodedBatch, EventEncoder, Events, Numbers, Tally};
use transpose_core::model::{Field, FieldSet, Span};
use transpose_sync::lock;

/// Events as rows of a table.
pub(crate) struct EventRows {
    /// For each column the cell that all rows have in common, for fields that the rows do not have.
    constants: Vec<Vec<u8>>,
    /// For each column whether its text needs nothing but quotes here and there.
    plain: Vec<bool>,
    /// Whether the prices of refunds are written without a minus.
    positive_refunds: bool,
}

/// Where the cells of a column come from.
enum CellSource<'a> {
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

impl TableEncoder<EventRows> {
    /// Begins a table; everything that can be refused is refused here.
    pub(crate) fn create(layout: &Arc<Layout>, request: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = WriteOptions::of(layout, request.options)?;
        let is_read = |column: &Column| column.fields().any(|field| request.reads.contains(field));
        let layout = if layout.given_only { Arc::new(layout.with(is_read)) } else { Arc::clone(layout) };
        let positive_refunds = options.positive_refunds;
        // Events are counted and never summed.
        let table = OutputTable::new(layout, request, options, TotalFields::default());
        let mut refusals = table.common.check(&table.layout, request);
        let mut constants = Vec::with_capacity(table.layout.columns.len());
        for column in &table.layout.columns {
            constants.push(constant(&table, column, is_read(column), request, &mut refusals));
        }
        let plain = table.layout.columns.iter().map(|column| table.cells.is_plain(column)).collect();
        Ok(Self { table: table.build(refusals)?, rows: EventRows { constants, plain, positive_refunds } })
    }

    fn sources<'a>(&'a self, events: &Events<'_>) -> Vec<(&'a Column, CellSource<'a>)> {
        let cell = |field: Field| place(events, field).map(|cell| (cell, field));
        let source = |(column, constant): (&'a Column, &'a Vec<u8>)| {
            match &column.source {
                Source::Template(pieces) => {
                    let fields = pieces.iter().filter_map(|piece| match piece {
                        Piece::Field(field) => place(events, *field).map(|cell| (*field, cell)),
                        _ => None,
                    });
                    return (column, CellSource::Template(pieces, fields.collect()));
                }
                Source::End => {
                    let time = place(events, Field::EVENT_TIME);
                    return (column, time.map_or(CellSource::Constant(constant), CellSource::End));
                }
                _ => {}
            }
            let main = column.field.and_then(cell);
            let other = column.other.as_ref().and_then(|(field, _)| cell(*field));
            let source = match (main, other) {
                (None, None) => CellSource::Constant(constant),
                (Some((cell, field)), None) => CellSource::Row(cell, field),
                (main, other) => CellSource::Switched(main, other),
            };
            (column, source)
        };
        self.table.layout.columns.iter().zip(&self.rows.constants).map(source).collect()
    }

    fn encode_rows(&self, events: Events<'_>, numbers: Numbers, out: &mut Vec<u8>, report: &mut RunReport) {
        let OutputTable { layout, cells: writer, .. } = &self.table;
        let (delimiter, quote) = (writer.delimiter, writer.quote);
        let sources = self.sources(&events);
        let batch = events.batch;
        let (mut value, mut written) = (Vec::new(), Vec::new());
        let mut losses = Losses::default();
        let switch = RowDecider::new(layout.switch.as_ref(), &events);
        let refund = RowDecider::new(layout.refund.as_ref().filter(|_| self.rows.positive_refunds), &events);
        let mut cells = batch.cells.chunks_exact(batch.row_cells.max(1));
        for row in &batch.rows {
            let cells = if batch.row_cells == 0 { &[] } else { cells.next().unwrap_or(&[]) };
            let raw = |cell: usize| {
                cells.get(cell).copied().unwrap_or(Span::ABSENT).bytes(events.chunk, &batch.arena)
            };
            let decides = |decider: &Option<RowDecider<'_>>, scratch: &mut Vec<u8>| {
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
                    CellSource::Constant(cell) => {
                        out.extend_from_slice(cell);
                        continue;
                    }
                    CellSource::Template(pieces, fields) => {
                        let text = self.template(&events, pieces, fields, &raw);
                        written.clear();
                        written.extend_from_slice(&text);
                        let line = Some(numbers.line + u64::from(row.line));
                        let cell = CellRef { number: place, column, field: None, line };
                        self.table.fit_text(cell, &mut written, &mut losses, report);
                        writer.cell(column, &written, out);
                        continue;
                    }
                    CellSource::End(cell) => {
                        written.clear();
                        if let Some(end) = play_end(&events, raw(*cell), row.micros, &mut value) {
                            let _ = column.format.write(&end, &mut written);
                        }
                        writer.cell(column, &written, out);
                        continue;
                    }
                    CellSource::Row(cell, field) => (*cell, *field),
                    CellSource::Switched(main, other) => {
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
                let mut error = None;
                match events.decoder.canonical_cell(field, raw, &mut value) {
                    Ok(true) if value.is_empty() && layout.quoted_empty => {
                        out.extend_from_slice(&[quote, quote]);
                    }
                    Ok(_) => {}
                    Err(diagnostic) => {
                        // A warning keeps the value, an error withholds it.
                        if diagnostic.code.severity == Severity::Error {
                            value.clear();
                        }
                        error = Some((diagnostic.code, diagnostic.message));
                    }
                }
                if !value.is_empty() {
                    written.clear();
                    let result = if column.field == Some(field) {
                        column.format.write(&value, &mut written)
                    } else {
                        kind.write(&value, &mut written).map(|()| false)
                    };
                    match result {
                        Ok(rounded) => {
                            let minus = positive && kind == CellKind::Money;
                            if rounded || !self.rows.plain.get(place).is_some_and(|plain| *plain) {
                                if minus && written.first() == Some(&b'-') {
                                    written.remove(0);
                                }
                                let line = Some(numbers.line + u64::from(row.line));
                                let cell = CellRef { number: place, column, field: Some(field), line };
                                let mut outcome = CellOutcome::of(rounded);
                                writer.fit(column, &mut written, &mut outcome);
                                if !outcome.is_clean() {
                                    writer.report(outcome, cell, &value, &mut losses, report);
                                }
                                writer.cell(column, &written, out);
                            } else {
                                let text = written.strip_prefix(b"-").filter(|_| minus).unwrap_or(&written);
                                quoted(text, delimiter, quote, out);
                            }
                        }
                        Err(cell_error) => {
                            value.clear();
                            error = Some(cell_error);
                        }
                    }
                }
                if value.is_empty() {
                    self.absent(column, out);
                }
                if let Some((code, message)) = error {
                    let line = numbers.line + u64::from(row.line);
                    report_value(report, code, message, line, (place, column, field), raw, value.is_empty());
                }
            }
            self.table.end_row(out, start, numbers.line + u64::from(row.line), &mut written, report);
        }
        losses.flush(report);
    }

    /// What an absent value is written as.
    #[inline]
    fn absent(&self, column: &Column, out: &mut Vec<u8>) {
        if let Some(default) = &column.default {
            self.table.cells.cell(column, default.as_bytes(), out);
        } else if !self.table.cells.is_plain(column) && !self.table.layout.quoted_empty {
            self.table.cells.cell(column, b"", out);
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
        template(pieces, &self.table.common, of, &mut text);
        text
    }
}

/// The cell of a column that all rows have in common; empty where the rows have cells of their own.
fn constant(
    table: &OutputTable,
    column: &Column,
    is_read: bool,
    request: &EncodeRequest<'_>,
    refusals: &mut Vec<Diagnostic>,
) -> Vec<u8> {
    let mut cell = Vec::new();
    if let Some(field) = column.field.filter(|_| !is_read) {
        let mut value = Vec::new();
        if let Some(text) = supplied(request, field) {
            if let Err((code, message)) = column.format.write(text.as_bytes(), &mut value) {
                let location = Location::default().field(field);
                refusals.push(Diagnostic::new(code, location, message).value(text.as_bytes()));
            }
        } else if let Some(default) = &column.default {
            value.extend_from_slice(default.as_bytes());
        } else if column.required {
            refusals.push(no_source(column, field));
        }
        table.cells.cell(column, &value, &mut cell);
    } else if let Source::Text(text) = &column.source {
        table.cells.cell(column, text.as_bytes(), &mut cell);
    } else if column.field.is_none() {
        refusals.extend(table.common.missing_texts(column));
        let given = given_names(column).next().and_then(|name| table.common.given(name));
        let text = given.or(column.default.as_deref()).unwrap_or("");
        let mut text = text.as_bytes().to_vec();
        table.cells.fit(column, &mut text, &mut CellOutcome::default());
        table.cells.cell(column, &text, &mut cell);
    }
    cell
}

/// When a play ended, by its time and its duration in microseconds; `value` is overwritten.
fn play_end(events: &Events<'_>, raw: &[u8], micros: i64, value: &mut Vec<u8>) -> Option<Vec<u8>> {
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
struct RowDecider<'a> {
    cell: usize,
    when: &'a RowCondition,
    field: Field,
}

impl<'a> RowDecider<'a> {
    fn new(when: Option<&'a RowCondition>, events: &Events<'_>) -> Option<Self> {
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

/// Reports a value that was repaired or withheld.
#[cold]
fn report_value(
    report: &mut RunReport,
    code: &'static Code,
    message: String,
    line: u64,
    (place, column, field): (usize, &Column, Field),
    raw: &[u8],
    lost: bool,
) {
    count_loss(code, lost, field, line, report);
    report.diagnostics.report(code, || {
        let mut location = Location::default().cell(place as u32 + 1, &column.heading).field(field);
        location.line = Some(line);
        Diagnostic::new(code, location, message).value(raw)
    });
}

impl Rows for EventRows {
    fn totals_of_file(file: &Tally) -> Option<Totals> {
        // Of several files each counts its own rows.
        Some(Totals::of_rows(file.usages))
    }

    fn drops(&self, table: &OutputTable, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let reason = table.no_column();
        let fields = reads.difference(table.layout.written());
        let fields = fields.iter().map(Subject::Field).collect::<Vec<_>>();
        let extras = extras.iter().cloned().map(Subject::Extra);
        fields.into_iter().chain(extras).map(|subject| (subject, reason.clone())).collect()
    }
}

impl EventEncoder for TableEncoder<EventRows> {
    fn encode(
        &self,
        events: Events<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        self.encode_rows(events, numbers, &mut out.bytes, report);
        let rows = events.batch.rows.len() as u64;
        let plays = events.batch.rows.iter().map(|row| u64::from(row.plays)).sum();
        let micros = events.batch.rows.iter().map(|row| i128::from(row.micros)).sum();
        report.ledger.written.play(rows, plays, micros);
        lock(&self.table.totals).rows += rows;
        if rows > 0 {
            out.marks.push((
                out.bytes.len() as u32,
                Tally { lines: rows, summaries: 0, blocks: rows, usages: rows },
            ));
        }
        Ok(())
    }
}
