//! Reading: the decoder of an aggregate table.
//!
//! Each row becomes a block: the release and the recording that it names, their work, and the
//! usage. What the row says about the sales context is with the usage; the engine gathers it. A
//! value that is in the row as the model has it is not copied.

use crate::control_totals::Totals;
use crate::delimited::index::{Index, MAX_ROW};
use crate::delimited::quoting::{bare, unquote};
use crate::delimited::row::RowView;
use crate::diagnostics;
use crate::diagnostics::{NO_ALTERNATIVE, ROW_DISAGREES};
use crate::layout::{Layout, Returns, RowCondition, Source};
use crate::notation::kinds::{CellError, CellKind, count_loss, empty, not_utf8, unsigned};
use crate::read::open::{Beginning, InputTable};
use crate::read::rejection::RowError;
use std::sync::Arc;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Reject, Severity};
use transpose_core::format::{
    Batch, BlockDecoder, Chunk, ChunkDecoder, Decoder, Head, IndexOutcome, Origin, Preamble, Tally,
    Validation,
};
use transpose_core::model::{BlockBatch, Entity, Field, Group, Shape, Slot, Span};
use transpose_sync::lock;

/// The entities of a block, in their order.
const GROUPS: [Group; 4] = [Group::Release, Group::Recording, Group::Work, Group::Usage];
const RELEASE: usize = 0;
const RECORDING: usize = 1;
const WORK: usize = 2;
const USAGE: usize = 3;

/// Reads an aggregate table.
pub(crate) struct UsageTableDecoder {
    table: InputTable,
    /// For each column of the file what becomes of its cells.
    plan: Vec<ColumnPlan>,
    /// For each of [`GROUPS`] its shape, and where its cells begin among those of a row.
    groups: [Option<(usize, usize)>; 4],
    /// How many cells all entities of a row have.
    width: usize,
    /// The columns that say something about the whole file, as the first row has them.
    header: Vec<HeaderColumn>,
    /// The column that says which of its two fields a column holds, and the column that says that
    /// something was returned.
    switch: Option<u32>,
    refund: Option<u32>,
    quantity: Option<usize>,
    returns: Option<usize>,
    /// What one costs; such a price has no sign of its own in rows of what was returned.
    prices: Vec<usize>,
    /// For each alternative the cells that must be filled.
    require: Vec<Vec<usize>>,
}

/// A column of the file with what becomes of its cells.
struct ColumnPlan {
    place: u32,
    /// The column of the layout; none for one that it does not know.
    column: Option<usize>,
    cell_use: CellUse,
    /// The place of its field among the summed fields.
    sum: Option<usize>,
    /// Whether trailer lines are distinguished by it.
    each: bool,
}

/// What becomes of a cell.
enum CellUse {
    /// It goes to this cell of an entity, or to the other one when the switch is set.
    Value(usize, Option<usize>),
    /// It is kept as it is.
    Extra(usize),
    /// It must be what the first row says.
    Header(usize),
    /// It must hold the text of the layout.
    Text,
    /// It is passed over.
    Pass,
}

/// A column that says something about the whole file, as the first row has it.
struct HeaderColumn {
    field: Field,
    raw: Box<[u8]>,
    value: Box<[u8]>,
}

impl UsageTableDecoder {
    /// Opens a table.
    pub(crate) fn open(
        layout: &Arc<Layout>,
        head: &mut dyn Head,
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let beginning = Beginning::of(head)?;
        let mut table = InputTable::open(layout, &beginning, options)?;
        for (field, text) in &layout.constants {
            if matches!(field.group(), Group::Header | Group::Context) {
                table.preamble.header.set_default(*field, &**text);
            }
        }
        let header = header_columns(&mut table, &beginning);
        table.take_first_row(&beginning);
        table.take_name(&beginning.name);
        let (shapes, groups, width) = shapes(&table);
        let cell = |field: Field| cell(&shapes, &groups, &Slot::Field(field));
        let (quantity, returns) = (cell(Field::QUANTITY), cell(Field::RETURNS));
        let prices =
            [Field::PRICE, Field::RATE, Field::USAGE_RETAIL_PRICE].into_iter().filter_map(cell).collect();
        let present = |fields: &Vec<Field>| fields.iter().filter_map(|field| cell(*field)).collect();
        let require = layout.require.iter().map(present).collect();
        let switch = table.deciding(layout.switch.as_ref());
        let refund = table.deciding(layout.refund.as_ref());
        let plan = (0..table.names.len() as u32).map(|place| {
            let column = table.columns.get(place as usize).copied().flatten();
            let known = column.and_then(|column| layout.columns.get(column));
            let cell_use = match known {
                None => cell_of_extra(&table, place, &shapes, &groups).map_or(CellUse::Pass, CellUse::Extra),
                Some(column) => match (&column.source, column.field) {
                    (Source::Text(_), _) => CellUse::Text,
                    (_, Some(field)) if field.group() == Group::Header => header
                        .iter()
                        .position(|column| column.field == field)
                        .map_or(CellUse::Pass, CellUse::Header),
                    (_, Some(field)) => cell(field).map_or(CellUse::Pass, |main| {
                        CellUse::Value(main, column.other.as_ref().and_then(|(other, _)| cell(*other)))
                    }),
                    _ => cell_of_extra(&table, place, &shapes, &groups).map_or(CellUse::Pass, CellUse::Extra),
                },
            };
            let field = known.and_then(|column| column.field);
            ColumnPlan {
                place,
                column,
                cell_use,
                sum: field.and_then(|field| table.summed.place(field)),
                each: field.is_some() && field == table.summed.each,
            }
        });
        let plan = plan.collect();
        if layout.returns == Returns::Rows {
            table.preamble.reads.insert(Field::RETURNS);
        }
        table.preamble.shapes = shapes;
        Ok(Self { table, plan, groups, width, header, switch, refund, quantity, returns, prices, require })
    }

    fn layout(&self) -> &Layout {
        &self.table.layout
    }
}

/// What the first row of the table says about the whole file.
fn header_columns(table: &mut InputTable, beginning: &Beginning<'_>) -> Vec<HeaderColumn> {
    let mut columns = Vec::new();
    let index = table.peek(beginning);
    let Some(row) = table.whole_rows(&index, beginning).next() else { return columns };
    let cells = table.cells();
    for place in 0..table.names.len() as u32 {
        let Some(column) = table.column(place) else { continue };
        let Some(field) = column.field.filter(|field| field.group() == Group::Header) else { continue };
        let mut value = Vec::new();
        let raw = row.raw(place);
        // What is wrong with it is reported where the row is read.
        let read = column.format.read(raw, cells, &mut value);
        if read.is_ok_and(|present| present) {
            let text = String::from_utf8_lossy(&value).into_owned();
            table.preamble.header.set_default(field, text);
        }
        columns.push(HeaderColumn { field, raw: raw.into(), value: value.into() });
    }
    columns
}

/// The shapes of the entities that rows have, where each of [`GROUPS`] has its own and its cells,
/// and how many cells there are.
fn shapes(table: &InputTable) -> (Vec<Shape>, [Option<(usize, usize)>; 4], usize) {
    let layout = &table.layout;
    let mut columns: [Vec<Slot>; 4] = std::array::from_fn(|_| Vec::new());
    let of = |field: Field| match field.group() {
        Group::Release => Some(RELEASE),
        Group::Recording => Some(RECORDING),
        Group::Work => Some(WORK),
        Group::Usage | Group::Context => Some(USAGE),
        _ => None,
    };
    let mut push = |group: usize, slot: Slot| {
        if let Some(columns) = columns.get_mut(group).filter(|columns| !columns.contains(&slot)) {
            columns.push(slot);
        }
    };
    for place in 0..table.names.len() as u32 {
        match table.column(place) {
            None => {
                if table.preamble.extras.iter().any(|name| **name == *table.name(place)) {
                    push(USAGE, Slot::Extra(table.name(place).into()));
                }
            }
            Some(column) => {
                for field in column.fields() {
                    if let Some(group) = of(field) {
                        push(group, Slot::Field(field));
                    }
                }
                let refund = layout
                    .refund
                    .as_ref()
                    .is_some_and(|when| table.columns.get(place as usize) == Some(&Some(when.column)));
                if column.field.is_none()
                    && !refund
                    && !column.is_carried_text()
                    && matches!(column.source, Source::Extra | Source::Given(_))
                {
                    push(USAGE, Slot::Extra(column.heading.clone()));
                }
            }
        }
    }
    for (field, _) in &layout.constants {
        if let Some(group) = of(*field).filter(|_| field.group() != Group::Context) {
            push(group, Slot::Field(*field));
        }
    }
    if layout.returns == Returns::Rows {
        push(USAGE, Slot::Field(Field::QUANTITY));
        push(USAGE, Slot::Field(Field::RETURNS));
    }
    let (mut shapes, mut groups, mut width) = (Vec::new(), [None; 4], 0);
    for ((columns, group), slot) in columns.into_iter().zip(GROUPS).zip(&mut groups) {
        if columns.is_empty() && group != Group::Usage {
            continue;
        }
        *slot = Some((shapes.len(), width));
        width += columns.len();
        shapes.push(Shape { record: "".into(), group, columns });
    }
    (shapes, groups, width)
}

/// Where a value is among the cells of a row.
fn cell(shapes: &[Shape], groups: &[Option<(usize, usize)>; 4], slot: &Slot) -> Option<usize> {
    groups.iter().flatten().find_map(|(shape, first)| {
        let columns = &shapes.get(*shape)?.columns;
        columns.iter().position(|known| known == slot).map(|column| first + column)
    })
}

/// Where a cell is kept that the model has no field for.
fn cell_of_extra(
    table: &InputTable,
    place: u32,
    shapes: &[Shape],
    groups: &[Option<(usize, usize)>; 4],
) -> Option<usize> {
    let name = table.column(place).map_or(table.name(place), |column| &column.heading);
    cell(shapes, groups, &Slot::Extra(name.into()))
}

impl Decoder for UsageTableDecoder {
    fn preamble(&self) -> &Preamble {
        &self.table.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker { decoder: self, index: Index::default(), scratch: Scratch::default() })
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
    }

    fn validation(&self) -> Option<&dyn Validation> {
        Some(&self.table)
    }
}

impl BlockDecoder for UsageTableDecoder {}

/// Decodes the chunks that one worker takes.
struct Worker<'a> {
    decoder: &'a UsageTableDecoder,
    index: Index,
    scratch: Scratch,
}

/// What a worker needs for a row, reused from row to row.
#[derive(Default)]
struct Scratch {
    /// The value at hand.
    value: Vec<u8>,
    /// The cells of all entities of the row.
    cells: Vec<Span>,
    /// What is summed.
    summed: Vec<Span>,
    /// By what trailer lines are distinguished.
    each: Option<Span>,
    /// The texts that every row has, with their cells.
    constants: Vec<(usize, Span)>,
    totals: Totals,
}

impl Scratch {
    /// Adds a row to the totals.
    fn sum(&mut self, row: RowView<'_>, arena: &[u8]) {
        let Self { summed, each, totals, .. } = self;
        let bytes = |span: &Span| (!span.is_absent()).then(|| span.bytes(row.chunk, arena));
        totals.add(summed.iter().map(bytes), each.as_ref().and_then(bytes));
    }
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        InputTable::sync(chunk)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.decoder.table.index(&mut self.index, chunk, start)
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut RunReport) {
        let Self { decoder, index, scratch } = self;
        scratch.totals = Totals::default();
        decoder.constants(&mut batch.blocks, &mut scratch.constants);
        for row in index.views(chunk.bytes, origin) {
            if decoder.table.take_trailer_line(row, &mut batch.trailers, report) {
                continue;
            }
            if decoder.table.passes_over(row, report) {
                continue;
            }
            match decoder.row(row, scratch, &mut batch.blocks, report) {
                Ok(()) => scratch.sum(row, &batch.blocks.arena),
                Err(error) => batch.rejects.push(decoder.reject(row, error, scratch)),
            }
        }
        lock(&decoder.table.totals).merge(&scratch.totals);
    }
}

impl UsageTableDecoder {
    /// Puts the texts that every row has where rows can refer to them.
    fn constants(&self, batch: &mut BlockBatch, out: &mut Vec<(usize, Span)>) {
        out.clear();
        for (field, text) in &self.layout().constants {
            let slot = Slot::Field(*field);
            if let Some(cell) = cell(&self.table.preamble.shapes, &self.groups, &slot) {
                out.push((cell, batch.text(text.as_bytes())));
            }
        }
    }

    /// Turns a row into a block.
    fn row(
        &self,
        row: RowView<'_>,
        scratch: &mut Scratch,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<(), RowError> {
        if !row.is_whole(self.table.dialect) {
            return Err(RowError::Shape);
        }
        let layout = self.layout();
        scratch.cells.clear();
        scratch.cells.resize(self.width, Span::ABSENT);
        scratch.summed.clear();
        scratch.summed.resize(self.table.summed.fields.len(), Span::ABSENT);
        scratch.each = None;
        let decides = |place: Option<u32>, when: Option<&RowCondition>| {
            place.is_some_and(|place| self.table.decides(when, row.raw(place)))
        };
        let switched = decides(self.switch, layout.switch.as_ref());
        let back = decides(self.refund, layout.refund.as_ref());
        for plan in &self.plan {
            self.cell(plan, (switched, back), row, scratch, batch, report)?;
        }
        if layout.returns == Returns::Rows {
            self.take_back(back, row, scratch, batch);
        }
        let filled = |cell: &usize| scratch.cells.get(*cell).is_some_and(|span| !span.is_absent());
        let complete = |cells: &Vec<usize>| !cells.is_empty() && cells.iter().all(filled);
        if !self.require.is_empty() && !self.require.iter().any(complete) {
            let either = layout.require.iter().map(|fields| {
                fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and ")
            });
            let message = format!("the row has neither {}", either.collect::<Vec<_>>().join(" nor "));
            return Err(RowError::Row((&NO_ALTERNATIVE, message)));
        }
        self.block(row, scratch, batch);
        Ok(())
    }

    /// Takes a cell of a row to its place.
    #[inline]
    fn cell(
        &self,
        plan: &ColumnPlan,
        (switched, back): (bool, bool),
        row: RowView<'_>,
        scratch: &mut Scratch,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<(), RowError> {
        let place = plan.place;
        let raw = row.raw(place);
        let quote = self.table.dialect.quote;
        let column = plan.column.and_then(|column| self.layout().columns.get(column));
        scratch.value.clear();
        let cell = match plan.cell_use {
            CellUse::Pass => {
                let needed = column.is_some_and(|column| column.required);
                if needed && bare(raw, quote).is_empty() {
                    return Err(RowError::Cell(place, empty()));
                }
                return Ok(());
            }
            CellUse::Text => return self.table.check_text(row, place),
            CellUse::Header(first) => return self.same_header(first, place, row, scratch, report),
            CellUse::Extra(cell) => {
                if bare(raw, quote).is_empty() {
                    return Ok(());
                }
                unquote(raw, quote, &mut scratch.value);
                if std::str::from_utf8(&scratch.value).is_err() {
                    return Err(RowError::Cell(place, not_utf8()));
                }
                cell
            }
            CellUse::Value(main, other) => {
                let Some(column) = column else { return Ok(()) };
                let (cell, kind, outcome) = match (&column.other, other.filter(|_| switched)) {
                    (Some((_, kind)), Some(other)) => {
                        (other, *kind, kind.read(raw, self.table.cells(), &mut scratch.value))
                    }
                    _ => (
                        main,
                        column.format.kind,
                        column.format.read(raw, self.table.cells(), &mut scratch.value),
                    ),
                };
                match outcome {
                    Ok(true) => {}
                    Ok(false) if column.required => return Err(RowError::Cell(place, empty())),
                    Ok(false) => return Ok(()),
                    Err(error) if is_uncountable(kind, error.0) => {
                        return Err(RowError::Cell(place, error));
                    }
                    Err(error) => {
                        let lost = scratch.value.is_empty();
                        self.report_value(error, place, row, lost, report);
                        if lost {
                            return Ok(());
                        }
                    }
                }
                if back && kind == CellKind::Money && unsigned(&scratch.value) {
                    scratch.value.insert(0, b'-');
                }
                cell
            }
        };
        let span = if scratch.value == raw { row.span(place, place) } else { batch.text(&scratch.value) };
        if let Some(slot) = scratch.cells.get_mut(cell) {
            *slot = span;
        }
        if let Some(slot) = plan.sum.and_then(|sum| scratch.summed.get_mut(sum)) {
            *slot = span;
        }
        if plan.each {
            scratch.each = Some(span);
        }
        Ok(())
    }

    /// Compares what a row says about the whole file with what the first one says.
    fn same_header(
        &self,
        first: usize,
        place: u32,
        row: RowView<'_>,
        scratch: &mut Scratch,
        report: &mut RunReport,
    ) -> Result<(), RowError> {
        let (Some(first), Some(column)) = (self.header.get(first), self.table.column(place)) else {
            return Ok(());
        };
        let raw = row.raw(place);
        if *raw == *first.raw && !first.value.is_empty() {
            return Ok(());
        }
        let present = column
            .format
            .read(raw, self.table.cells(), &mut scratch.value)
            .map_err(|error| RowError::Cell(place, error))?;
        if !present && column.required {
            return Err(RowError::Cell(place, empty()));
        }
        if *scratch.value == *first.value {
            return Ok(());
        }
        report.diagnostics.report(&ROW_DISAGREES, || {
            let said = String::from_utf8_lossy(&first.value);
            let message = format!("the first row says `{said}`");
            let location = row.location().cell(place + 1, self.table.name(place)).field(first.field);
            Diagnostic::new(&ROW_DISAGREES, location, message).value(raw)
        });
        Ok(())
    }

    /// Makes returns of a negative quantity, or of that of a row that says it is about returns.
    fn take_back(&self, back: bool, row: RowView<'_>, scratch: &mut Scratch, batch: &mut BlockBatch) {
        let (Some(quantity), Some(returns)) = (self.quantity, self.returns) else { return };
        let Some(span) = scratch.cells.get(quantity).copied().filter(|span| !span.is_absent()) else {
            return;
        };
        scratch.value.clear();
        scratch.value.extend_from_slice(span.bytes(row.chunk, &batch.arena));
        let negative = scratch.value.first() == Some(&b'-');
        if !negative && !back {
            return;
        }
        let count = batch.text(scratch.value.get(usize::from(negative)..).unwrap_or(&[]));
        for price in &self.prices {
            let Some(slot) = scratch.cells.get_mut(*price).filter(|span| !span.is_absent()) else { continue };
            scratch.value.clear();
            scratch.value.extend_from_slice(slot.bytes(row.chunk, &batch.arena));
            if let Some(unsigned) = scratch.value.strip_prefix(b"-") {
                *slot = batch.text(unsigned);
            }
        }
        let zero = batch.text(b"0");
        for (cell, span) in [(quantity, zero), (returns, count)] {
            if let Some(slot) = scratch.cells.get_mut(cell) {
                *slot = span;
            }
        }
    }

    /// Writes the entities of a row, those that it has anything to say about.
    fn block(&self, row: RowView<'_>, scratch: &mut Scratch, batch: &mut BlockBatch) {
        batch.begin_block(Span::ABSENT, row.row.start as usize);
        let mut entities = [None; 4];
        for (group, place) in self.groups.iter().enumerate() {
            let Some((shape, first)) = *place else { continue };
            let columns = self.table.preamble.shapes.get(shape).map_or(0, |shape| shape.columns.len());
            let cells = first..first + columns;
            let first = scratch
                .cells
                .get(cells.clone())
                .is_some_and(|cells| cells.iter().any(|span| !span.is_absent()));
            if !first && group != USAGE {
                continue;
            }
            for (cell, span) in scratch.constants.iter().filter(|(cell, _)| cells.contains(cell)) {
                if let Some(slot) = scratch.cells.get_mut(*cell) {
                    *slot = *span;
                }
            }
            let own = scratch.cells.get(cells).unwrap_or(&[]);
            let index = batch.push_filled(shape, own, row.row.line);
            let parent = match group {
                WORK => entities.get(RECORDING).copied().flatten(),
                USAGE => {
                    let of = |group: usize| entities.get(group).copied().flatten();
                    of(RECORDING).or(of(RELEASE))
                }
                _ => None,
            };
            if let (Some(parent), Some(entity)) = (parent, batch.last_entity()) {
                entity.parent = parent;
            }
            if let Some(slot) = entities.get_mut(group) {
                *slot = Some(index);
            }
        }
        batch.end_block(row.row.end as usize);
    }

    /// A row that cannot be converted; it is counted all the same, as far as it can be read.
    #[cold]
    fn reject(&self, row: RowView<'_>, error: RowError, scratch: &mut Scratch) -> Reject {
        let mut plays = 0;
        let mut values: Vec<Option<Vec<u8>>> = vec![None; self.table.summed.fields.len()];
        let mut each = None;
        let counted = row.is_whole(self.table.dialect);
        for plan in self.plan.iter().filter(|_| counted) {
            let Some(column) = self.table.column(plan.place) else { continue };
            let mut value = Vec::new();
            let read = column.format.read(row.raw(plan.place), self.table.cells(), &mut value);
            if !read.is_ok_and(|present| present) {
                continue;
            }
            if column.field == Some(Field::QUANTITY) {
                plays = String::from_utf8_lossy(&value).parse().unwrap_or(0);
            }
            if plan.each {
                each = Some(value.clone());
            }
            if let Some(slot) = plan.sum.and_then(|sum| values.get_mut(sum)) {
                *slot = Some(value);
            }
        }
        scratch.totals.add(values.iter().map(Option::as_deref), each.as_deref());
        scratch.totals.rejected += 1;
        Reject {
            start: row.row.start,
            len: row.row.end - row.row.start,
            diagnostic: self.table.describe(row, error),
            plays,
            returns: 0,
            micros: 0,
        }
    }

    /// Reports a value that was repaired or withheld.
    #[cold]
    fn report_value(
        &self,
        (code, message): CellError,
        place: u32,
        row: RowView<'_>,
        lost: bool,
        report: &mut RunReport,
    ) {
        let line = row.line();
        let field = self.table.column(place).and_then(|column| column.field);
        if let Some(field) = field {
            count_loss(code, lost, field, line, report);
        }
        report.diagnostics.report(code, || self.table.describe_cell(row, place, (code, message)));
    }
}

/// Whether a row cannot be counted with such a cell: its number, its time or its place is not
/// known. What only describes is left out.
fn is_uncountable(kind: CellKind, code: &'static Code) -> bool {
    let describes = matches!(
        kind,
        CellKind::Text
            | CellKind::Id
            | CellKind::Isrc
            | CellKind::Icpn
            | CellKind::Grid
            | CellKind::Word
            | CellKind::Vocabulary
            | CellKind::Boolean
    );
    let kept = [diagnostics::NOT_UTF8.id, diagnostics::UNKNOWN_CODE.id];
    code.severity == Severity::Error && (!describes || kept.contains(&code.id))
}
