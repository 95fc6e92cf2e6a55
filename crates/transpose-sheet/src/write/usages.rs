//! Writing: usages as rows of a table.
//!
//! A row is a usage. The value of a column is that of the usage or else of the recording, release
//! or work that it is of, of its sales context, of the header, or a constant of the layout. Which
//! column of which entity that is was decided once for each shape.

use crate::control_totals::{TotalFields, Totals};
use crate::delimited::quoting::NO_QUOTE;
use crate::diagnostics::{INEXACT, TOO_MANY_ROWS};
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout, Piece, Returns, Source};
use crate::notation::kinds::{CellKind, CellReading, Repairs};
use crate::write::cells::{CellRef, INCOMPLETE};
use crate::write::common::{supplied, template};
use crate::write::returns::{Override, ReturnSplit};
use crate::write::table::{OutputTable, Rows, TableEncoder, no_source};
use std::sync::Arc;
use transpose_core::accounting::{Change, Losses, NO_CURRENCY, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{BlockEncoder, EncodeRequest, EncodedBatch, Numbers, Tally};
use transpose_core::model::{Block, Blocks, Entity, EntityRef, Field, FieldSet, Group, Shape, Slot, Value};
use transpose_sync::lock;

/// Usages as rows of a table.
pub(crate) struct UsageRows {
    /// The fields that cells are made of.
    wanted: Vec<Field>,
    /// For each column which of them.
    columns: Vec<ColumnPlan>,
    shapes: Vec<ShapePlan>,
    /// For each sales context its values of the wanted fields.
    contexts: Vec<Vec<Option<Box<[u8]>>>>,
    /// The values of rows whose entities do not have them: from the header, the agreement and the
    /// constants.
    rest: Vec<Option<Box<[u8]>>>,
    returns: ReturnSplit,
    /// Whether returns are lost that the source does not announce.
    counts_returns: bool,
    /// Alternatives of which one must be filled, with what is said otherwise. For each alternative
    /// its fields, each with those that are in for it.
    require: Vec<Vec<Vec<usize>>>,
    require_text: String,
    money: Currencies,
    dropped: Vec<(Subject, String)>,
}

/// What a column is made of, as numbers of wanted fields.
#[derive(Default)]
struct ColumnPlan {
    main: Option<usize>,
    other: Option<usize>,
    instead: Vec<usize>,
    /// Its place among the summed fields.
    sum: Option<usize>,
    each: bool,
    switch: bool,
    refund: bool,
}

/// Where the entities of a shape have their values.
struct ShapePlan {
    group: Group,
    /// For each wanted field the column of the shape.
    at: Vec<Option<usize>>,
    /// For each column of the layout the column of the shape that it was read from.
    extras: Vec<Option<usize>>,
    quantity: Option<usize>,
    returns: Option<usize>,
    price: Option<usize>,
    duration: Option<usize>,
    amount: Option<usize>,
}

/// The currencies of amounts, for the account.
struct Currencies {
    codes: Vec<Box<str>>,
    /// Of each sales context that of prices, and that of reporting; the last is for usages without
    /// one.
    of: Vec<(Option<usize>, usize)>,
}

/// A usage with everything that it is of.
#[derive(Clone, Copy)]
pub(crate) struct UsageRow<'a> {
    usage: EntityRef<'a>,
    /// The release, the recording and the work.
    entities: [Option<EntityRef<'a>>; 3],
    context: Option<usize>,
    line: Option<u64>,
}

/// The state of encoding one batch.
#[derive(Default)]
struct BatchState<'a> {
    known: Vec<BlockEntity<'a>>,
    text: Vec<u8>,
    again: Vec<u8>,
    summed: Vec<(bool, Vec<u8>)>,
    each: Option<Vec<u8>>,
    losses: Losses,
    account: UsageTotals,
    totals: Totals,
    line: u64,
    rows: u64,
}

/// An entity of the block at hand.
struct BlockEntity<'a> {
    entity: EntityRef<'a>,
    group: Option<Group>,
    /// For recordings the release that they are on, and their work.
    release: Option<usize>,
    work: Option<usize>,
    written: bool,
}

impl TableEncoder<UsageRows> {
    /// Begins a table; everything that can be refused is refused here.
    pub(crate) fn create(layout: &Arc<Layout>, request: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = WriteOptions::of(layout, request.options)?;
        let table = OutputTable::new(Arc::clone(layout), request, options, TotalFields::of(layout));
        let mut refusals = table.common.check(layout, request);
        let mut wanted = Vec::new();
        let mut number = |field: Field| {
            wanted.iter().position(|known| *known == field).unwrap_or_else(|| {
                wanted.push(field);
                wanted.len() - 1
            })
        };
        let columns: Vec<ColumnPlan> = layout
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                for piece in
                    if let Source::Template(pieces) = &column.source { pieces.as_slice() } else { &[] }
                {
                    if let Piece::Field(field) = piece {
                        number(*field);
                    }
                }
                ColumnPlan {
                    main: column.field.map(&mut number),
                    other: column.other.as_ref().map(|(field, _)| number(*field)),
                    instead: column.instead.iter().map(|field| number(*field)).collect(),
                    sum: column.field.and_then(|field| table.summed.place(field)),
                    each: column.field.is_some() && column.field == table.summed.each,
                    switch: layout.switch.as_ref().is_some_and(|when| when.column == place),
                    refund: layout.refund.as_ref().is_some_and(|when| when.column == place),
                }
            })
            .collect();
        let returns = ReturnSplit::new(layout.returns, &mut number);
        let mut sources = |field: &Field| -> Vec<usize> {
            let column = layout.columns.iter().find(|column| column.field == Some(*field));
            let instead = column.map_or(&[][..], |column| &column.instead);
            std::iter::once(field).chain(instead).map(|field| number(*field)).collect()
        };
        let require: Vec<Vec<Vec<usize>>> =
            layout.require.iter().map(|fields| fields.iter().map(&mut sources).collect()).collect();
        let shapes: Vec<ShapePlan> =
            request.shapes.iter().map(|shape| shape_plan(layout, &wanted, shape)).collect();
        let values = |entity: &Entity| -> Vec<Option<Box<[u8]>>> {
            wanted.iter().map(|field| entity.text(*field).map(|text| text.as_bytes().into())).collect()
        };
        let contexts: Vec<_> = request.contexts.iter().map(values).collect();
        let rest: Vec<Option<Box<[u8]>>> = wanted
            .iter()
            .map(|field| {
                let stated = supplied(request, *field);
                let constant = || layout.constants.iter().find(|(known, _)| known == field);
                let text = stated.or_else(|| constant().map(|(_, text)| text.to_string()));
                text.map(|text| text.into_bytes().into())
            })
            .collect();
        let stated = |want: usize| {
            let has = |shape: &ShapePlan| shape.at.get(want).copied().flatten().is_some();
            let of = |values: &Vec<Option<Box<[u8]>>>| values.get(want).is_some_and(Option::is_some);
            shapes.iter().any(has) || contexts.iter().any(of) || of(&rest)
        };
        for ((place, column), plan) in layout.columns.iter().enumerate().zip(&columns) {
            let extra = shapes.iter().any(|shape| shape.extras.get(place).copied().flatten().is_some());
            if column.default.is_some() || extra {
                continue;
            }
            refusals.extend(table.common.missing_texts(column));
            let made = plan.main.into_iter().chain(plan.other).chain(plan.instead.iter().copied());
            let some = made.clone().next().is_some();
            if column.required && some && !made.into_iter().any(stated) && !plan.switch {
                let field = column.field.unwrap_or(Field::QUANTITY);
                refusals.push(no_source(column, field));
            }
        }
        let table = table.build(refusals)?;
        let dropped = dropped_values(layout, request);
        let holds = |field: Field| {
            columns.iter().any(|plan| plan.main.and_then(|want| wanted.get(want)) == Some(&field))
        };
        let counts_returns = !request.reads.contains(Field::RETURNS) && !holds(Field::RETURNS);
        let money = Currencies::of(request);
        let either = layout
            .require
            .iter()
            .map(|fields| fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and "));
        let require_text = format!("the row has neither {}", either.collect::<Vec<_>>().join(" nor "));
        let rows = UsageRows {
            wanted,
            columns,
            shapes,
            contexts,
            rest,
            returns,
            counts_returns,
            require,
            require_text,
            money,
            dropped,
        };
        Ok(Self { table, rows })
    }

    /// A value of a row; nothing where it is absent or empty.
    fn value<'a>(&'a self, want: usize, row: &UsageRow<'a>) -> Option<&'a [u8]> {
        let of = |entity: EntityRef<'a>| {
            let column = (*self.rows.shapes.get(entity.shape_index())?.at.get(want)?)?;
            entity.cell(column).first().filter(|value| !value.is_empty())
        };
        let group = self.rows.wanted.get(want).map(|field| field.group());
        let own = match group {
            Some(Group::Header) => None,
            Some(Group::Usage | Group::Context) => of(row.usage),
            _ => row.entities.iter().flatten().find_map(|entity| of(*entity)),
        };
        let context = || row.context.and_then(|context| self.rows.contexts.get(context));
        own.or_else(|| context()?.get(want)?.as_deref()).or_else(|| self.rows.rest.get(want)?.as_deref())
    }

    /// Writes the rows of a block.
    fn block<'a>(
        &'a self,
        state: &mut BatchState<'a>,
        block: Block<'a>,
        out: &mut Vec<u8>,
        report: &mut RunReport,
    ) -> Result<u64, Fatal> {
        let only = self.survey(state, block);
        let before = state.rows;
        for usage in block.entities() {
            let Some(plan) = self.rows.shapes.get(usage.shape_index()) else { continue };
            if plan.group != Group::Usage {
                continue;
            }
            let row = usage_row(state, usage, usage.parent().or(only));
            self.usage(state, plan, &row, out, report)?;
        }
        self.unwritten(state);
        Ok(state.rows - before)
    }

    /// Lists the entities of a block and what belongs to what; answers what a usage that names
    /// nothing is of.
    fn survey<'a>(&self, state: &mut BatchState<'a>, block: Block<'a>) -> Option<usize> {
        state.known.clear();
        let (mut release, mut recording, mut recordings) = (None, None, 0);
        for (index, entity) in block.entities().enumerate() {
            let group = self.rows.shapes.get(entity.shape_index()).map(|plan| plan.group);
            let mut known = BlockEntity {
                entity,
                group,
                release: None,
                work: None,
                written: group == Some(Group::Usage),
            };
            match group {
                // A part of a release is no release of recordings.
                Some(Group::Release) if entity.field(Field::USED_RESOURCES).first().is_none() => {
                    release = Some(index);
                }
                Some(Group::Recording) => {
                    let is_release = |own: &usize| {
                        state.known.get(*own).is_some_and(|known| known.group == Some(Group::Release))
                    };
                    known.release = entity.parent().filter(is_release).or(release);
                    recording = Some(index);
                    recordings += 1;
                }
                Some(Group::Work) => {
                    let only = recording.filter(|_| recordings == 1);
                    let owner = entity.parent().or(only).and_then(|owner| state.known.get_mut(owner));
                    if let Some(owner) = owner.filter(|owner| owner.work.is_none()) {
                        owner.work = Some(index);
                    }
                }
                _ => {}
            }
            state.known.push(known);
        }
        match recordings {
            0 => release,
            1 => recording,
            _ => None,
        }
    }

    /// Counts what no row of the block holds.
    fn unwritten(&self, state: &mut BatchState<'_>) {
        let BatchState { known, losses, line, .. } = state;
        for known in known.iter().filter(|known| !known.written) {
            let Some(plan) = self.rows.shapes.get(known.entity.shape_index()) else { continue };
            let line = (*line > 0).then(|| *line + u64::from(known.entity.line()));
            for (column, field) in plan.at.iter().zip(&self.rows.wanted) {
                if let Some(column) = column
                    && known.entity.cell(*column).first().is_some()
                {
                    losses.field(Change::Lost, *field, line, "no row is about it");
                }
            }
        }
    }

    /// Writes the rows of a usage, and accounts for it.
    fn usage<'a>(
        &'a self,
        state: &mut BatchState<'a>,
        plan: &ShapePlan,
        row: &UsageRow<'a>,
        out: &mut Vec<u8>,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let cell = |column: Option<usize>| {
            column.and_then(|column| row.usage.cell(column).first()).filter(|value| !value.is_empty())
        };
        let inexact = || {
            let location = Location { line: row.line, ..Location::default() };
            let message = "quantity, returns, price, duration or amount of a usage is not an exact number";
            Fatal::input(Diagnostic::new(&INEXACT, location, message))
        };
        let currency =
            self.rows.money.of.get(row.context.unwrap_or(usize::MAX)).or(self.rows.money.of.last());
        let (price, royalties) = currency.copied().unwrap_or((None, 0));
        let account = &mut state.account;
        account
            .add(cell(plan.quantity), cell(plan.price), cell(plan.duration), price)
            .and_then(|()| account.add_returns(cell(plan.returns)))
            .and_then(|()| account.add_royalties(cell(plan.amount), royalties))
            .ok_or_else(inexact)?;
        let returned = cell(plan.returns).filter(|returns| !is_zero(returns));
        let Some(returned) = returned else {
            self.row(state, row, &[], false, out, report);
            return Ok(());
        };
        if self.table.layout.returns == Returns::Column {
            if self.rows.counts_returns {
                state.losses.field(Change::Lost, Field::RETURNS, row.line, "the layout has no column for it");
            }
            self.row(state, row, &[], false, out, report);
            return Ok(());
        }
        let value = |want: usize| self.value(want, row);
        let rows = self.rows.returns.rows(returned, value).ok_or_else(inexact)?;
        for (overrides, back) in rows {
            self.row(state, row, &overrides, back, out, report);
        }
        Ok(())
    }

    /// Writes a row.
    fn row<'a>(
        &'a self,
        state: &mut BatchState<'a>,
        row: &UsageRow<'a>,
        overrides: &[Override],
        back: bool,
        out: &mut Vec<u8>,
        report: &mut RunReport,
    ) {
        let value = |want: usize| match overrides.iter().find(|(known, _)| *known == want) {
            Some((_, text)) => Some(&**text).filter(|text| !text.is_empty()),
            None => self.value(want, row),
        };
        let start = out.len();
        for sum in &mut state.summed {
            sum.0 = false;
        }
        state.each = None;
        let of_release = matches!(row.entities, [Some(_), None, _]);
        for (number, (column, plan)) in self.table.layout.columns.iter().zip(&self.rows.columns).enumerate() {
            if number > 0 {
                out.push(self.table.cells.delimiter);
            }
            self.cell(state, row, (number, column, plan), &value, (of_release, back), report);
            if state.text.is_empty()
                && let Some(default) = &column.default
            {
                state.text.extend_from_slice(default.as_bytes());
            }
            if state.text.is_empty() && column.required {
                let mut location = Location::default().cell(number as u32 + 1, &column.heading);
                (location.line, location.field) = (row.line, column.field);
                self.table.cells.lacks(&INCOMPLETE, location, "the row has no value for it", report);
            }
            self.table.cells.cell(column, &state.text, out);
        }
        let given = |sources: &Vec<usize>| sources.iter().any(|want| value(*want).is_some());
        let filled = |alternative: &Vec<Vec<usize>>| alternative.iter().all(given);
        if !self.rows.require.is_empty() && !self.rows.require.iter().any(filled) {
            let location = Location { line: row.line, ..Location::default() };
            self.table.cells.lacks(&INCOMPLETE, location, &self.rows.require_text, report);
        }
        self.table.end_row(out, start, row.line.unwrap_or(0), &mut state.text, report);
        let summed = state.summed.iter().map(|(stated, text)| stated.then_some(text.as_slice()));
        state.totals.add(summed, state.each.as_deref());
        state.rows += 1;
    }

    /// Makes the text of a cell.
    #[inline]
    fn cell<'a>(
        &self,
        state: &mut BatchState<'_>,
        row: &UsageRow<'a>,
        (number, column, plan): (usize, &Column, &ColumnPlan),
        value: &dyn Fn(usize) -> Option<&'a [u8]>,
        (of_release, back): (bool, bool),
        report: &mut RunReport,
    ) {
        state.text.clear();
        let other = plan.other.filter(|_| of_release);
        let want = other.or(plan.main);
        let field = want.and_then(|want| self.rows.wanted.get(want)).copied();
        let cell = CellRef { number, column, field, line: row.line };
        let kind = match (&column.other, other) {
            (Some((_, kind)), Some(_)) => *kind,
            _ => column.format.kind,
        };
        match &column.source {
            Source::Text(text) => state.text.extend_from_slice(text.as_bytes()),
            Source::Template(pieces) => {
                let of = |field: Field| value(self.rows.wanted.iter().position(|known| *known == field)?);
                template(pieces, &self.table.common, of, &mut state.text);
                self.table.fit_text(cell, &mut state.text, &mut state.losses, report);
            }
            Source::Given(name) => {
                let read = || self.extra(row, number).map(<[u8]>::to_vec);
                let given = self.table.common.given(name).map(|text| text.as_bytes().to_vec());
                state.text.extend(given.or_else(read).unwrap_or_default());
                self.table.fit_text(cell, &mut state.text, &mut state.losses, report);
            }
            Source::Extra if !plan.refund && !plan.switch => {
                state.text.extend_from_slice(self.extra(row, number).unwrap_or(&[]));
                self.table.fit_text(cell, &mut state.text, &mut state.losses, report);
            }
            _ => {}
        }
        let instead = || plan.instead.iter().find_map(|want| value(*want));
        let Some(found) = want.and_then(value).or_else(instead) else {
            self.write_decider(plan, of_release, back, &mut state.text);
            return;
        };
        let mut outcome = self.table.cells.text(column, found, &mut state.text);
        let negative = back && kind == CellKind::Money && found.first() != Some(&b'-');
        if negative && outcome.is_clean() {
            state.again.clear();
            state.again.push(b'-');
            state.again.extend_from_slice(found);
            outcome = self.table.cells.text(column, &state.again, &mut state.text);
        }
        if let Some(sum) = plan.sum.and_then(|sum| state.summed.get_mut(sum)) {
            sum.0 = true;
            sum.1.clear();
            // What is summed is what is written.
            let written = outcome.rounded() || negative;
            let reading = CellReading { quote: NO_QUOTE, repairs: Repairs::default() };
            if !written || column.format.read(&state.text, reading, &mut sum.1).is_err() {
                sum.1.clear();
                sum.1.extend_from_slice(found);
            }
        }
        if plan.each {
            state.each = Some(found.to_vec());
        }
        if !outcome.is_clean() {
            self.table.cells.report(outcome, cell, found, &mut state.losses, report);
        }
    }

    /// The text of a column that identifies its row, where no value does.
    fn write_decider(&self, plan: &ColumnPlan, of_release: bool, back: bool, text: &mut Vec<u8>) {
        for (decides, holds, when) in [
            (plan.switch, of_release, &self.table.layout.switch),
            (plan.refund, back, &self.table.layout.refund),
        ] {
            if let Some(when) = when.as_ref().filter(|_| decides) {
                text.extend_from_slice(if holds { &when.word } else { &when.otherwise }.as_bytes());
            }
        }
    }

    /// What the same layout was read from.
    fn extra<'a>(&self, row: &UsageRow<'a>, number: usize) -> Option<&'a [u8]> {
        let column = (*self.rows.shapes.get(row.usage.shape_index())?.extras.get(number)?)?;
        row.usage.cell(column).first()
    }
}

/// A usage with the entities that it is of.
fn usage_row<'a>(state: &mut BatchState<'a>, usage: EntityRef<'a>, of: Option<usize>) -> UsageRow<'a> {
    let mut entities = [None; 3];
    let mut take = |state: &mut BatchState<'a>, index: Option<usize>, place: usize| {
        let known = state.known.get_mut(index?)?;
        known.written = true;
        if let Some(slot) = entities.get_mut(place) {
            *slot = Some(known.entity);
        }
        Some((known.group, known.release, known.work))
    };
    match of.and_then(|of| state.known.get(of)).and_then(|known| known.group) {
        Some(Group::Release) => {
            take(state, of, 0);
        }
        Some(Group::Recording) => {
            if let Some((_, release, work)) = take(state, of, 1) {
                take(state, release, 0);
                take(state, work, 2);
            }
        }
        Some(Group::Work) => {
            take(state, of, 2);
        }
        _ => {}
    }
    let line = (state.line > 0).then(|| state.line + u64::from(usage.line()));
    UsageRow { usage, entities, context: usage.context_index(), line }
}

fn is_zero(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

fn shape_plan(layout: &Layout, wanted: &[Field], shape: &Shape) -> ShapePlan {
    let extra = |column: &Column| {
        let of = |slot: &Slot| matches!(slot, Slot::Extra(name) if *name == column.heading);
        matches!(column.source, Source::Extra | Source::Given(_))
            .then(|| shape.columns.iter().position(of))
            .flatten()
    };
    ShapePlan {
        group: shape.group,
        at: wanted.iter().map(|field| shape.column(*field)).collect(),
        extras: layout.columns.iter().map(extra).collect(),
        quantity: shape.column(Field::QUANTITY),
        returns: shape.column(Field::RETURNS),
        price: shape.column(Field::PRICE),
        duration: shape.column(Field::USAGE_DURATION),
        amount: shape.column(Field::AMOUNT),
    }
}

/// Values of the header and of sales contexts of which a cell holds only the first.
fn dropped_values(layout: &Layout, request: &EncodeRequest<'_>) -> Vec<(Subject, String)> {
    let written = layout.written();
    let entities = request.contexts.iter().chain([request.header]);
    let many = entities
        .flat_map(Entity::iter)
        .filter(|(field, value): &(Field, &Value)| written.contains(*field) && value.iter().count() > 1);
    let fields: FieldSet = many.map(|(field, _)| field).collect();
    fields.iter().map(|field| (Subject::Field(field), "the column takes one value".to_owned())).collect()
}

impl Currencies {
    fn of(request: &EncodeRequest<'_>) -> Self {
        let mut codes: Vec<Box<str>> = Vec::new();
        let mut number = |code: &str| {
            codes.iter().position(|known| **known == *code).unwrap_or_else(|| {
                codes.push(code.into());
                codes.len() - 1
            })
        };
        let mut of: Vec<_> = request
            .contexts
            .iter()
            .map(|context| {
                let price = context.price_currency().map(&mut number);
                (price, number(context.text(Field::CURRENCY).unwrap_or(NO_CURRENCY)))
            })
            .collect();
        of.push((None, number(NO_CURRENCY)));
        Self { codes, of }
    }
}

impl Rows for UsageRows {
    fn check(table: &OutputTable, totals: &Totals, refusals: &mut Vec<Diagnostic>) {
        if let Some(most) = table.layout.max_rows.filter(|most| totals.rows > *most) {
            let message = format!("the table has {} rows, and the layout allows {most}", totals.rows);
            refusals.push(Diagnostic::new(&TOO_MANY_ROWS, Location::default(), message));
        }
        if totals.is_too_long() {
            let message = "a sum that the file has to state has more than 28 digits";
            refusals.push(Diagnostic::new(&INEXACT, Location::default(), message));
        }
    }

    fn drops(&self, table: &OutputTable, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let lost = reads.difference(table.layout.written()).iter().map(|field| {
            let reason = if field.group() == Group::Event {
                "a row aggregates many plays".to_owned()
            } else {
                table.no_column()
            };
            (Subject::Field(field), reason)
        });
        let kept = |name: &str| table.layout.columns.iter().any(|column| *column.heading == *name);
        let extras = extras.iter().filter(|name| !kept(name)).cloned();
        let extras = extras.map(|name| (Subject::Extra(name), table.no_column()));
        self.dropped.iter().cloned().chain(lost).chain(extras).collect()
    }
}

impl BlockEncoder for TableEncoder<UsageRows> {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let mut state = BatchState { line: numbers.line, ..BatchState::default() };
        state.summed.resize_with(self.table.summed.fields.len(), Default::default);
        for block in blocks.iter() {
            let rows = self.block(&mut state, block, &mut out.bytes, report)?;
            if rows > 0 {
                out.marks.push((
                    out.bytes.len() as u32,
                    Tally { lines: rows, summaries: 0, blocks: 1, usages: rows },
                ));
            }
        }
        let BatchState { losses, account, totals, .. } = state;
        losses.flush(report);
        account.add_to(&self.rows.money.codes, &mut report.ledger.written);
        lock(&self.table.totals).merge(&totals);
        Ok(())
    }
}
