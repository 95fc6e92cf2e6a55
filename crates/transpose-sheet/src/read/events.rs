//! Reading: the decoder of a column table.
//!
//! Per row it looks at the number of cells, the time, the duration, and the cells that are wanted
//! of each row; everything else is handed on as raw bytes. Neighbouring columns of one key become
//! one run, delimiters and quotes included, so that a key is compared as it is and understood once
//! ([`EventDecoder::check_key`], [`EventDecoder::resolve_key`]). Columns that no one needs are
//! never touched.
//!
//! Advice for those who change this file: `measure` runs for every row and may neither allocate nor
//! look at a cell that the projection does not name; whatever most layouts do not need goes behind
//! one flag of the plan (`particular`, `dependent`) into a function of its own that is not inlined.
//! What depends on a key is done once for each key (`check_key`, `resolve_key`), not here. `cargo
//! bench -p transpose-sheet` measures it: "sums" is what a conversion to usages asks for, "nothing
//! but rows" what indexing costs without it; `cargo xtask bench --guard` counts instructions.

use crate::control_totals::Totals;
use crate::delimited::index::{Index, MAX_ROW};
use crate::delimited::quoting::{bare, split};
use crate::delimited::row::RowView;
use crate::diagnostics;
use crate::layout::{Column, Layout, Source};
use crate::notation::clock::{Clock, iso_micros as iso_in_micros, micros as seconds_in_micros};
use crate::notation::kinds::{
    CellError, CellKind, duration_cell_error, empty, is_repair, not_utf8, serial_moment, territory,
    time_cell_error, unsigned,
};
use crate::notation::rules::Rule;
use crate::read::open::{Beginning, InputTable};
use crate::read::rejection::RowError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_codes::time::{TimeError, parse_date};
use transpose_codes::{Duration, DurationError, Timestamp};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{CellDiagnostic, Diagnostic, Fatal, Location, Reject};
use transpose_core::format::{
    Batch, Chunk, ChunkDecoder, Decoder, Dimension, EventDecoder, Head, IndexOutcome, Origin, Preamble,
    Projection, Tally, Validation,
};
use transpose_core::model::{Entity, EventRow, Field, FieldSet, Span};
use transpose_sync::lock;

/// Reads a table of a layout.
pub(crate) struct EventTableDecoder {
    table: InputTable,
    /// Whether it has been said for the whole file that times have no offset.
    no_offset_reported: bool,
    plan: Plan,
    signs: Signs,
}

/// What is taken from each row. Whatever is added here belongs into [`EventDecoder::columns`] too:
/// other columns may come empty.
#[derive(Debug, Default)]
struct Plan {
    item: Vec<ColumnRun>,
    context: Vec<ColumnRun>,
    cells: Vec<Option<u32>>,
    time: Option<MeasuredColumn>,
    duration: Option<MeasuredColumn>,
    /// Whether durations are written as in ISO 8601.
    iso: bool,
    /// Other columns whose cells must not be empty.
    required: Vec<u32>,
    /// Which fields of a key are wanted.
    wanted: FieldSet,
    /// Which of them decide the sales context.
    context_fields: FieldSet,
    /// The column that says which of its two fields a column holds.
    switch: Option<u32>,
    /// The column that says that money is given back, and the column with the money.
    refund: Option<(u32, u32)>,
    /// Row cells that depend on another cell of their row.
    adjust: Vec<(usize, CellAdjustment)>,
    /// The rules of the columns.
    checks: Vec<(u32, Rule)>,
    /// Whether there are such cells or rules: most layouts have none, and their rows are not looked
    /// at again.
    dependent: bool,
    /// The column that says when a row was logged.
    logged: Option<u32>,
    /// The moment of the run.
    now: Option<i64>,
    /// Columns in which every row has a certain text.
    texts: Vec<u32>,
    /// Whether there are such columns, the time or the duration is written in a way of its own, or
    /// the end of a play represents its duration.
    particular: bool,
}

/// What a row cell depends on.
#[derive(Clone, Copy, Debug)]
enum CellAdjustment {
    /// It is there when the switch is so.
    Switched(bool),
    /// It is money, negative when it is given back.
    Money,
    /// It is the duration, which follows from the end of the play.
    Ended,
}

/// How the prices of refunds were written, and the first line of each.
#[derive(Debug)]
struct Signs {
    positive: AtomicU64,
    negative: AtomicU64,
}

impl Default for Signs {
    fn default() -> Self {
        Self { positive: AtomicU64::new(u64::MAX), negative: AtomicU64::new(u64::MAX) }
    }
}

/// A column that is read in every row.
#[derive(Clone, Copy, Debug)]
struct MeasuredColumn {
    column: u32,
    /// Whether its cells must not be empty.
    required: bool,
}

/// Neighbouring columns of the file, first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ColumnRun {
    first: u32,
    last: u32,
}

impl EventTableDecoder {
    pub(crate) fn open(
        layout: &Arc<Layout>,
        head: &mut dyn Head,
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let beginning = Beginning::of(head)?;
        let mut table = InputTable::open(layout, &beginning, options)?;
        table.take_first_row(&beginning);
        table.take_name(&beginning.name);
        let mut decoder =
            Self { table, no_offset_reported: false, plan: Plan::default(), signs: Signs::default() };
        if let Some(diagnostic) = decoder.first_time_without_offset(&beginning) {
            decoder.table.preamble.diagnostics.push(diagnostic);
            decoder.no_offset_reported = true;
        }
        Ok(decoder)
    }

    /// The diagnostic for the whole file when its first readable time has no offset.
    fn first_time_without_offset(&self, beginning: &Beginning<'_>) -> Option<Diagnostic> {
        let (table, column) = (&self.table, self.place(Field::EVENT_TIME)?);
        let index = table.peek(beginning);
        let (row, moment) = table.whole_rows(&index, beginning).find_map(|row| {
            let text = bare(row.raw(column), table.dialect.quote);
            Timestamp::parse(text).ok().map(|moment| (row, moment))
        })?;
        if moment.offset_minutes.is_some() {
            return None;
        }
        let location = Location { source: Some(Arc::clone(&beginning.name)), ..row.location() };
        Some(self.no_offset(location, column, row.raw(column)))
    }

    fn no_offset(&self, location: Location, column: u32, raw: &[u8]) -> Diagnostic {
        let location = location.cell(column + 1, self.table.name(column)).field(Field::EVENT_TIME);
        Diagnostic::new(&diagnostics::NO_OFFSET, location, "the time has no offset, read as UTC").value(raw)
    }

    /// The column of the file that holds a field.
    fn place(&self, field: Field) -> Option<u32> {
        self.table.places.get(field.index()).copied().flatten()
    }

    /// What the cells of a key say about it: whether the switch is set, and whether it gives money
    /// back.
    fn deciders(&self, dimension: Dimension, key: &[&[u8]]) -> (bool, bool) {
        let (switch, refund) = (
            self.table.deciding(self.table.layout.switch.as_ref()),
            self.table.deciding(self.table.layout.refund.as_ref()),
        );
        let (mut switched, mut back) = (false, false);
        if switch.is_some() || refund.is_some() {
            for (place, _, raw) in self.cells(dimension, key) {
                switched |=
                    switch == Some(place) && self.table.decides(self.table.layout.switch.as_ref(), raw);
                back |= refund == Some(place) && self.table.decides(self.table.layout.refund.as_ref(), raw);
            }
        }
        (switched, back)
    }

    /// A cell of a column in canonical notation, read as one of the column's two fields.
    fn read_as(
        &self,
        column: &Column,
        field: Field,
        raw: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, CellError> {
        if column.field == Some(field) {
            return column.format.read(raw, self.table.cells(), out);
        }
        column.kind_of(field).read(raw, self.table.cells(), out)
    }

    /// The columns of the given fields and of what they depend on, as runs of neighbours.
    fn runs(&self, fields: FieldSet) -> Vec<ColumnRun> {
        let mut places: Vec<u32> = fields.iter().filter_map(|field| self.place(field)).collect();
        let columns = || places.iter().filter_map(|place| self.table.column(*place));
        let switched = columns().any(|column| column.other.is_some());
        let money = columns().any(|column| column.format.kind == CellKind::Money);
        let (switch, refund) = (
            self.table.deciding(self.table.layout.switch.as_ref()),
            self.table.deciding(self.table.layout.refund.as_ref()),
        );
        places.extend(switch.filter(|_| switched));
        places.extend(refund.filter(|_| money));
        places.sort_unstable();
        places.dedup();
        let mut runs: Vec<ColumnRun> = Vec::new();
        for place in places {
            match runs.last_mut() {
                Some(run) if run.last + 1 == place => run.last = place,
                _ => runs.push(ColumnRun { first: place, last: place }),
            }
        }
        runs
    }

    /// Each cell of a key, with its column.
    fn cells<'a>(
        &'a self,
        dimension: Dimension,
        key: &'a [&'a [u8]],
    ) -> impl Iterator<Item = (u32, &'a Column, &'a [u8])> {
        let runs = match dimension {
            Dimension::Item => &self.plan.item,
            Dimension::Context => &self.plan.context,
        };
        let (delimiter, quote) = (self.table.dialect.delimiter, self.table.dialect.quote);
        runs.iter().zip(key).flat_map(move |(run, bytes)| {
            (run.first..=run.last)
                .zip(split(bytes, delimiter, quote))
                .filter_map(|(place, raw)| self.table.column(place).map(|column| (place, column, raw)))
        })
    }

    fn cell_diagnostic(
        &self,
        place: u32,
        field: Field,
        raw: &[u8],
        (code, message): CellError,
    ) -> CellDiagnostic {
        let cell = (place + 1, self.table.name(place).into());
        CellDiagnostic { code, field, cell, value: raw.into(), message, repaired: is_repair(code) }
    }
}

impl Decoder for EventTableDecoder {
    fn preamble(&self) -> &Preamble {
        &self.table.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker {
            decoder: self,
            index: Index::default(),
            clock: Clock::default(),
            scratch: Vec::new(),
        })
    }

    fn largest_unit(&self) -> usize {
        MAX_ROW * 16
    }

    fn quarantine_header(&self, out: &mut Vec<u8>) {
        self.table.quarantine_head(out);
    }

    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        self.table.quarantine(diagnostic, row, out);
    }

    fn finish(&self, trailers: &[(u64, Entity)], _tally: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        self.table.compare(trailers, diagnostics);
        let Some((_, column)) = self.plan.refund else { return };
        for (signs, message) in [
            (&self.signs.positive, "the price of this refund is positive; it is read as money given back"),
            (&self.signs.negative, "the price of this refund is negative"),
        ] {
            let line = signs.load(Ordering::Relaxed);
            if line < u64::MAX {
                let mut location = Location::default().cell(column + 1, self.table.name(column));
                location.line = Some(line);
                location.field = self.table.column(column).and_then(|column| column.field);
                diagnostics.push(Diagnostic::new(&diagnostics::REFUND_SIGN, location, message));
            }
        }
    }

    fn validation(&self) -> Option<&dyn Validation> {
        Some(&self.table)
    }
}

impl EventDecoder for EventTableDecoder {
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal> {
        let cells: Vec<_> = projection.row.iter().map(|field| self.place(*field)).collect();
        let is_made = |field: Option<Field>| field.is_some_and(|field| projection.optional.contains(field));
        let is_required = |place: u32| {
            self.table.column(place).is_some_and(|column| column.required && !is_made(column.field))
        };
        let measure = |field: Field| {
            self.place(field).map(|column| MeasuredColumn { column, required: is_required(column) })
        };
        let time = measure(Field::EVENT_TIME).filter(|_| projection.time);
        // The end of a play becomes its duration row by row.
        let ended = |measure: &MeasuredColumn| {
            let end = self.table.column(measure.column).is_some_and(|column| column.source == Source::End);
            end && projection.row.contains(&Field::EVENT_DURATION)
        };
        let duration = measure(Field::EVENT_DURATION).filter(|measure| projection.duration || ended(measure));
        // Keys are checked once each, by `check_key`.
        let mut required: Vec<u32> = cells.iter().filter_map(|place| *place).collect();
        let measured = |place: u32| [time, duration].iter().flatten().any(|measure| measure.column == place);
        required.retain(|place| is_required(*place) && !measured(*place));
        required.sort_unstable();
        required.dedup();
        let adjust = |(cell, field): (usize, &Field)| {
            let column = self.place(*field).and_then(|place| self.table.column(place))?;
            if column.source == Source::End {
                return Some((cell, CellAdjustment::Ended));
            }
            match &column.other {
                Some((other, _)) => Some((cell, CellAdjustment::Switched(other == field))),
                None if column.format.kind == CellKind::Money && self.table.layout.refund.is_some() => {
                    Some((cell, CellAdjustment::Money))
                }
                None => None,
            }
        };
        let adjust: Vec<_> = projection.row.iter().enumerate().filter_map(adjust).collect();
        let wanted = projection.item.union(projection.context);
        let asked: FieldSet = wanted.union(projection.row.iter().copied().collect());
        let money = asked.iter().filter_map(|field| self.place(field)).find(|place| {
            self.table.column(*place).is_some_and(|column| column.format.kind == CellKind::Money)
        });
        let refund = self.table.deciding(self.table.layout.refund.as_ref()).zip(money);
        let checks = self.checks();
        let dependent = !checks.is_empty() || !adjust.is_empty() || refund.is_some();
        let own = |measure: Option<MeasuredColumn>| {
            let column = measure.and_then(|measure| self.table.column(measure.column));
            column.is_some_and(|column| column.format.particular || column.source == Source::End)
        };
        let is_text = |place: &u32| {
            self.table.column(*place).is_some_and(|column| matches!(column.source, Source::Text(_)))
        };
        let texts: Vec<u32> = (0..self.table.names.len() as u32).filter(is_text).collect();
        let particular = own(time) || own(duration) || !texts.is_empty();
        self.plan = Plan {
            wanted,
            context_fields: projection.context,
            switch: self.table.deciding(self.table.layout.switch.as_ref()),
            refund,
            checks,
            dependent,
            logged: self.place(Field::EVENT_LOGGED),
            now: projection.now,
            adjust,
            item: self.runs(projection.item),
            context: self.runs(projection.context),
            cells,
            time,
            duration,
            iso: duration.and_then(|measure| self.table.column(measure.column)).is_some_and(is_iso),
            texts,
            particular,
            required,
        };
        Ok(())
    }

    fn columns(&self) -> Option<Vec<u32>> {
        let Plan {
            item,
            context,
            cells,
            time,
            duration,
            required,
            switch,
            refund,
            checks,
            logged,
            texts,
            ..
        } = &self.plan;
        let runs = item.iter().chain(context).flat_map(|run| run.first..=run.last);
        let measured = [time, duration].into_iter().flatten().map(|measure| measure.column);
        let single = cells.iter().flatten().chain(required).chain(switch).chain(logged).copied();
        let single = single.chain(refund.iter().flat_map(|(word, money)| [*word, *money]));
        let checked = checks.iter().map(|(column, _)| *column).chain(texts.iter().copied());
        // The end of a play follows from its time.
        let start = self.plan.particular.then(|| self.place(Field::EVENT_TIME)).flatten();
        let checked = checked.chain(start);
        let mut columns: Vec<u32> = runs.chain(measured).chain(single).chain(checked).collect();
        columns.sort_unstable();
        columns.dedup();
        Some(columns)
    }

    fn key_space(&self) -> Option<&[u8]> {
        Some(&self.table.line)
    }

    fn check_key(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic> {
        let quote = self.table.dialect.quote;
        for (place, column, raw) in self.cells(dimension, key) {
            let Some(field) = column.field else { continue };
            let text = bare(raw, quote);
            if text.is_empty() {
                if column.required {
                    return Err(self.cell_diagnostic(place, field, raw, empty()));
                }
                continue;
            }
            let Ok(text) = std::str::from_utf8(text) else {
                return Err(self.cell_diagnostic(place, field, raw, not_utf8()));
            };
            if column.format.kind == CellKind::Territory {
                territory(text).map_err(|error| self.cell_diagnostic(place, field, raw, error))?;
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
        let (switched, back) = self.deciders(dimension, key);
        for (place, column, raw) in self.cells(dimension, key) {
            let Some((field, kind)) = column.meaning(switched) else { continue };
            if !self.plan.wanted.contains(field) {
                continue;
            }
            out.clear();
            if let Err(error) = self.read_as(column, field, raw, &mut out) {
                diagnostics.push(self.cell_diagnostic(place, field, raw, error));
            }
            if back && kind == CellKind::Money && unsigned(&out) {
                out.insert(0, b'-');
            }
            if !out.is_empty() {
                sink(field, &out);
            }
        }
        if dimension == Dimension::Context {
            for (field, text) in &self.table.layout.constants {
                if self.plan.context_fields.contains(*field) {
                    sink(*field, text.as_bytes());
                }
            }
        }
    }

    fn canonical_cell(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic> {
        out.clear();
        if let Some((_, text)) = self.table.layout.constants.iter().find(|(known, _)| *known == field) {
            out.extend_from_slice(text.as_bytes());
            return Ok(true);
        }
        let Some((place, column)) =
            self.place(field).and_then(|place| Some((place, self.table.column(place)?)))
        else {
            return Ok(false);
        };
        if column.source == Source::End {
            // The row was looked at as a whole.
            out.extend_from_slice(raw);
            return Ok(!raw.is_empty());
        }
        if self.table.layout.quoted_empty && raw == [self.table.dialect.quote; 2] {
            return Ok(true);
        }
        self.read_as(column, field, raw, out).map_err(|error| self.cell_diagnostic(place, field, raw, error))
    }
}

fn is_iso(column: &Column) -> bool {
    column.format.kind == CellKind::Duration
}

/// The moment of a canonical time or date, in UTC; 0 for none.
fn moment(text: &[u8]) -> i64 {
    if text.len() <= 10 {
        return midnight(text);
    }
    Timestamp::parse(text).map_or(0, |moment| moment.micros)
}

/// The first moment of a date, in UTC.
fn midnight(text: &[u8]) -> i64 {
    parse_date(text).map_or(0, |date| i64::from(date.days_since_epoch()) * 86_400_000_000)
}

/// Decodes the chunks that one worker takes.
struct Worker<'a> {
    decoder: &'a EventTableDecoder,
    index: Index,
    clock: Clock,
    /// A value, for tables that write times in ways of their own.
    scratch: Vec<u8>,
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        InputTable::sync(chunk)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.decoder.table.index(&mut self.index, chunk, start)
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut RunReport) {
        let Self { decoder, index, clock, scratch } = self;
        let plan = &decoder.plan;
        let mut totals = Totals::default();
        let has_trailer = !decoder.table.layout.trailer.is_empty();
        let rows = index.views(chunk.bytes, origin);
        let events = &mut batch.events;
        events.item_runs = plan.item.len();
        events.context_runs = plan.context.len();
        events.row_cells = plan.cells.len();
        events.rows.reserve(rows.len());
        events.keys.reserve(rows.len() * (plan.item.len() + plan.context.len()));
        events.cells.reserve(rows.len() * plan.cells.len());
        for row in rows {
            if has_trailer && decoder.table.take_trailer_line(row, &mut batch.trailers, report) {
                continue;
            }
            if decoder.table.passes_over(row, report) {
                continue;
            }
            totals.rows += 1;
            let bounds = row.row;
            let mut event = EventRow {
                start: bounds.start,
                len: bounds.end - bounds.start,
                line: bounds.line,
                plays: 1,
                time: 0,
                micros: 0,
            };
            if let Err(error) = decoder.measure(row, (clock, scratch), &mut event, report) {
                totals.rejected += 1;
                let diagnostic = decoder.table.describe(row, error);
                batch.rejects.push(Reject {
                    start: bounds.start,
                    len: event.len,
                    diagnostic,
                    plays: 1,
                    returns: 0,
                    micros: event.micros,
                });
                continue;
            }
            events.rows.push(event);
            for run in plan.item.iter().chain(&plan.context) {
                events.keys.push(row.span(run.first, run.last));
            }
            for place in &plan.cells {
                events.cells.push(place.map_or(Span::ABSENT, |place| row.span(place, place)));
            }
            if plan.dependent {
                decoder.check(row, clock, report);
                decoder.adjust(row, event.micros, &mut events.cells, &mut events.arena);
            }
        }
        lock(&decoder.table.totals).merge(&totals);
    }
}

impl EventTableDecoder {
    /// Checks a row and reads its time and duration.
    #[inline]
    fn measure(
        &self,
        row: RowView<'_>,
        (clock, scratch): (&mut Clock, &mut Vec<u8>),
        event: &mut EventRow,
        report: &mut RunReport,
    ) -> Result<(), RowError> {
        let (plan, quote) = (&self.plan, self.table.dialect.quote);
        if !row.is_whole(self.table.dialect) {
            return Err(RowError::Shape);
        }
        if plan.particular {
            return self.measure_slowly(row, scratch, event);
        }
        // The duration comes first, so that a row rejected for another reason still says how long
        // it was played.
        let mut missing = None;
        if let Some(MeasuredColumn { column, required }) = plan.duration {
            let text = bare(row.raw(column), quote);
            match if plan.iso { iso_in_micros(text) } else { seconds_in_micros(text) } {
                Ok(micros) => event.micros = micros,
                Err(DurationError::Empty) => missing = required.then_some(column),
                Err(error) => return Err(RowError::Cell(column, duration_cell_error(text, plan.iso, error))),
            }
        }
        if let Some(MeasuredColumn { column, required }) = plan.time {
            let text = bare(row.raw(column), quote);
            match clock.moment(text) {
                Ok((time, has_offset)) => {
                    event.time = time;
                    if !has_offset && !self.no_offset_reported {
                        self.report_no_offset(row, column, report);
                    }
                }
                Err(TimeError::Empty) if required => {
                    // Of two that are missing, the one that is first is named.
                    missing = Some(missing.map_or(column, |other| column.min(other)));
                }
                Err(TimeError::Empty) => {}
                Err(TimeError::DateOnly) if self.takes_dates(column) => event.time = midnight(text),
                Err(error) => event.time = self.time_cell_error(row, column, error, report)?,
            }
        }
        for column in &plan.required {
            if bare(row.raw(*column), quote).is_empty() {
                missing = Some(missing.map_or(*column, |other| other.min(*column)));
                break;
            }
        }
        missing.map_or(Ok(()), |column| Err(RowError::Cell(column, empty())))
    }

    /// The same for tables that write times in a way of their own, or have texts that every row
    /// must have.
    #[inline(never)]
    fn measure_slowly(
        &self,
        row: RowView<'_>,
        scratch: &mut Vec<u8>,
        event: &mut EventRow,
    ) -> Result<(), RowError> {
        let quote = self.table.dialect.quote;
        for place in &self.plan.texts {
            self.table.check_text(row, *place)?;
        }
        let is_end = |measure: &MeasuredColumn| {
            self.table.column(measure.column).is_some_and(|column| column.source == Source::End)
        };
        // A duration that the row states by itself comes first: a row rejected for another reason
        // still states it.
        let (duration, end) = match self.plan.duration {
            Some(measure) if is_end(&measure) => (None, Some(measure.column)),
            other => (other, None),
        };
        if let Some(MeasuredColumn { column, .. }) = duration {
            self.whole(row, column, scratch)?;
            event.micros = Duration::iso_micros(scratch).unwrap_or(0);
        }
        let start = end.and_then(|_| self.place(Field::EVENT_TIME));
        if let Some(column) = self.plan.time.map(|measure| measure.column).or(start) {
            self.whole(row, column, scratch)?;
            event.time = moment(scratch);
        }
        if let Some(column) = end {
            self.whole(row, column, scratch)?;
            let micros = if scratch.is_empty() { 0 } else { moment(scratch) - event.time };
            if micros < 0 {
                let message = "the play ends before it begins".to_owned();
                return Err(RowError::Cell(column, (&diagnostics::NEGATIVE_DURATION, message)));
            }
            event.micros = micros;
        }
        for column in &self.plan.required {
            if bare(row.raw(*column), quote).is_empty() {
                return Err(RowError::Cell(*column, empty()));
            }
        }
        Ok(())
    }

    /// The value of a cell, into `value`, which is overwritten.
    fn whole(&self, row: RowView<'_>, place: u32, value: &mut Vec<u8>) -> Result<(), RowError> {
        value.clear();
        let Some(column) = self.table.column(place) else { return Ok(()) };
        let read = column.format.read(row.raw(place), self.table.cells(), value);
        let present = read.map_err(|error| RowError::Cell(place, error))?;
        if !present && column.required {
            return Err(RowError::Cell(place, empty()));
        }
        Ok(())
    }

    /// The rules of the columns of the file.
    fn checks(&self) -> Vec<(u32, Rule)> {
        let rules = |place: u32| self.table.column(place).map_or(&[][..], |column| &column.rules);
        let places = 0..self.table.names.len() as u32;
        places.flat_map(|place| rules(place).iter().map(move |rule| (place, *rule))).collect()
    }

    /// Reports which rules a row breaks.
    #[inline(never)]
    fn check(&self, row: RowView<'_>, clock: &mut Clock, report: &mut RunReport) {
        let (plan, quote) = (&self.plan, self.table.dialect.quote);
        let logged = plan.logged.and_then(|place| clock.other(bare(row.raw(place), quote)).ok());
        let logged = logged.map(|(time, _)| time).or(plan.now);
        for (place, rule) in &plan.checks {
            let Some(column) = self.table.column(*place) else { continue };
            // When the row was logged is itself compared with now.
            let logged = if plan.logged == Some(*place) { plan.now } else { logged };
            let raw = row.raw(*place);
            if let Some(code) = rule.broken(column.format.vocabulary.as_ref(), raw, quote, logged, clock) {
                report.diagnostics.report(code, || {
                    let mut location = row.location().cell(*place + 1, self.table.name(*place));
                    location.field = column.field;
                    let message = rule.message(column.format.vocabulary.as_ref());
                    Diagnostic::new(code, location, message).value(raw)
                });
            }
        }
    }

    /// Completes the row cells, the last in `cells`, that depend on another cell of their row.
    #[inline(never)]
    fn adjust(&self, row: RowView<'_>, micros: i64, cells: &mut [Span], arena: &mut Vec<u8>) {
        let Self { plan, signs, .. } = self;
        let layout = &self.table.layout;
        let switched =
            plan.switch.is_some_and(|place| self.table.decides(layout.switch.as_ref(), row.raw(place)));
        let refund =
            plan.refund.filter(|(place, _)| self.table.decides(layout.refund.as_ref(), row.raw(*place)));
        let price = refund.map(|(_, money)| bare(row.raw(money), self.table.dialect.quote));
        if let Some(price) = price.filter(|price| !price.is_empty()) {
            let line = row.line();
            if unsigned(price) {
                signs.positive.fetch_min(line, Ordering::Relaxed);
            } else if price.iter().any(|byte| matches!(byte, b'-' | b'(')) {
                signs.negative.fetch_min(line, Ordering::Relaxed);
            }
        }
        let first = cells.len().saturating_sub(plan.cells.len());
        for (cell, adjust) in &plan.adjust {
            let Some(span) = cells.get_mut(first + cell) else { continue };
            match adjust {
                CellAdjustment::Switched(when) if *when != switched => *span = Span::ABSENT,
                CellAdjustment::Switched(_) => {}
                CellAdjustment::Ended => {
                    let start = arena.len();
                    Duration::from_micros(micros).write_iso(arena);
                    *span = Span::arena(start, arena.len());
                }
                CellAdjustment::Money => {
                    if let Some(price) = price.filter(|price| unsigned(price)) {
                        let start = arena.len();
                        arena.push(b'-');
                        arena.extend_from_slice(price);
                        *span = Span::arena(start, arena.len());
                    }
                }
            }
        }
    }

    /// A time that is none as it is: read by a repair, which is reported, or refused.
    #[cold]
    fn time_cell_error(
        &self,
        row: RowView<'_>,
        column: u32,
        error: TimeError,
        report: &mut RunReport,
    ) -> Result<i64, RowError> {
        let text = bare(row.raw(column), self.table.dialect.quote);
        let kind = self.table.column(column).map_or(CellKind::Timestamp, |column| column.format.kind);
        let Some(time) = serial_moment(text, self.table.repairs) else {
            return Err(RowError::Cell(column, time_cell_error(kind, text, self.table.repairs, error)));
        };
        // Where the cell goes on into an output, it is reported there.
        if !self.plan.cells.contains(&Some(column)) {
            report.diagnostics.report(&diagnostics::SERIAL_DATE_READ, || {
                let error = time_cell_error(kind, text, self.table.repairs, error);
                self.table.describe_cell(row, column, error)
            });
        }
        Ok(time)
    }

    /// Whether a date alone may be in a column of times.
    fn takes_dates(&self, place: u32) -> bool {
        self.table.column(place).is_some_and(|column| column.format.kind == CellKind::DateOrTimestamp)
    }

    #[cold]
    fn report_no_offset(&self, row: RowView<'_>, column: u32, report: &mut RunReport) {
        report
            .diagnostics
            .report(&diagnostics::NO_OFFSET, || self.no_offset(row.location(), column, row.raw(column)));
    }
}
