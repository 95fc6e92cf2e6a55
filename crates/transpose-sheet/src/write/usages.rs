//! Writing: the encoder of a table of sums.
//!
//! A row is a usage. The value of a column is that of the usage or else of the recording, release
//! or work that it is of, of its sales context, of the header, or a constant of the layout. Which
//! column of which entity that is has been settled once for each shape.

use crate::control_totals::{Totals, Wanted};
use crate::delimited::quoting::NO_QUOTE;
use crate::diagnostics;
use crate::diagnostics::{INEXACT, TOO_MANY_ROWS};
use crate::layout::options::WriteOptions;
use crate::layout::{Column, Layout, Piece, Returns, Source};
use crate::notation::kinds::{CellKind, CellReading, Repairs};
use crate::write::cells::{INCOMPLETE, Put, Spot};
use crate::write::events::supplied;
use crate::write::finish::{Finish, FinishedRow};
use crate::write::lines;
use crate::write::lines::{Common, Lines};
use crate::write::returns::{Back, Override};
use std::sync::{Arc, Mutex};
use transpose_core::accounting::{Change, Losses, NO_CURRENCY, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{
    BlockEncoder, EncodeRequest, Encoded, Encoder, FileNumber, Numbers, TableShape, Tally,
};
use transpose_core::model::{Block, Blocks, Entity, EntityRef, Field, FieldSet, Group, Shape, Slot, Value};
use transpose_sync::lock;

/// Writes a table of sums.
pub(crate) struct SumsEncoder {
    layout: Arc<Layout>,
    line_end: &'static [u8],
    put: Put,
    finish: Option<Finish>,
    bom: bool,
    common: Common,
    /// The top of the file, as far as it is known before the rows.
    head: Vec<u8>,
    /// The fields that cells are made of.
    wanted: Vec<Field>,
    /// For each column which of them.
    cells: Vec<Planned>,
    shapes: Vec<ShapePlan>,
    /// For each sales context its values of the wanted fields.
    contexts: Vec<Vec<Option<Box<[u8]>>>>,
    /// What rows have whose entities do not tell: from the head, the agreement and the constants.
    rest: Vec<Option<Box<[u8]>>>,
    back: Back,
    /// Whether returns are lost that the source does not announce.
    counts_returns: bool,
    /// Alternatives of which one must be filled, with what is said otherwise. For each alternative
    /// its fields, each with those that are in for it.
    require: Vec<Vec<Vec<usize>>>,
    require_text: String,
    money: Currencies,
    sums: Wanted,
    totals: Mutex<Totals>,
    dropped: Vec<(Subject, String)>,
    /// The name of the file, where the layout makes one, or why it cannot.
    name: Option<String>,
    notes: Vec<Diagnostic>,
}

/// What a column is made of, as numbers of wanted fields.
#[derive(Default)]
struct Planned {
    main: Option<usize>,
    other: Option<usize>,
    instead: Vec<usize>,
    /// Its place among the sums.
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
pub(crate) struct Row<'a> {
    usage: EntityRef<'a>,
    /// The release, the recording and the work.
    entities: [Option<EntityRef<'a>>; 3],
    context: Option<usize>,
    line: Option<u64>,
}

/// The state of encoding one batch.
#[derive(Default)]
struct Run<'a> {
    known: Vec<Known<'a>>,
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
struct Known<'a> {
    entity: EntityRef<'a>,
    group: Option<Group>,
    /// For recordings the release that they are on, and their work.
    release: Option<usize>,
    work: Option<usize>,
    written: bool,
}

impl SumsEncoder {
    /// Begins a table; everything that can be refused is refused here.
    pub(crate) fn create(layout: &Arc<Layout>, brief: &EncodeRequest<'_>) -> Result<Self, Fatal> {
        let options = WriteOptions::of(layout, brief.options)?;
        let finish = Finish::new(layout, &options);
        let WriteOptions { line_end, bom, .. } = options;
        let put = Put::new(layout, options);
        let common = Common::of(layout, brief);
        let mut diagnostics = common.check(layout, brief);
        let sums = Wanted::of(layout);
        let mut wanted = Vec::new();
        let mut number = |field: Field| {
            wanted.iter().position(|known| *known == field).unwrap_or_else(|| {
                wanted.push(field);
                wanted.len() - 1
            })
        };
        let cells: Vec<Planned> = layout
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
                Planned {
                    main: column.field.map(&mut number),
                    other: column.other.as_ref().map(|(field, _)| number(*field)),
                    instead: column.instead.iter().map(|field| number(*field)).collect(),
                    sum: column.field.and_then(|field| sums.place(field)),
                    each: column.field.is_some() && column.field == sums.each,
                    switch: layout.switch.as_ref().is_some_and(|when| when.column == place),
                    refund: layout.refund.as_ref().is_some_and(|when| when.column == place),
                }
            })
            .collect();
        let back = Back::new(layout.returns, &mut number);
        let mut sources = |field: &Field| -> Vec<usize> {
            let column = layout.columns.iter().find(|column| column.field == Some(*field));
            let instead = column.map_or(&[][..], |column| &column.instead);
            std::iter::once(field).chain(instead).map(|field| number(*field)).collect()
        };
        let require: Vec<Vec<Vec<usize>>> =
            layout.require.iter().map(|fields| fields.iter().map(&mut sources).collect()).collect();
        let shapes: Vec<ShapePlan> =
            brief.shapes.iter().map(|shape| shape_plan(layout, &wanted, shape)).collect();
        let values = |entity: &Entity| -> Vec<Option<Box<[u8]>>> {
            wanted.iter().map(|field| entity.text(*field).map(|text| text.as_bytes().into())).collect()
        };
        let contexts: Vec<_> = brief.contexts.iter().map(values).collect();
        let rest: Vec<Option<Box<[u8]>>> = wanted
            .iter()
            .map(|field| {
                let told = supplied(brief, *field);
                let constant = || layout.constants.iter().find(|(known, _)| known == field);
                let text = told.or_else(|| constant().map(|(_, text)| text.to_string()));
                text.map(|text| text.into_bytes().into())
            })
            .collect();
        let told = |want: usize| {
            let has = |shape: &ShapePlan| shape.at.get(want).copied().flatten().is_some();
            let of = |values: &Vec<Option<Box<[u8]>>>| values.get(want).is_some_and(Option::is_some);
            shapes.iter().any(has) || contexts.iter().any(of) || of(&rest)
        };
        for ((place, column), planned) in layout.columns.iter().enumerate().zip(&cells) {
            let extra = shapes.iter().any(|shape| shape.extras.get(place).copied().flatten().is_some());
            if column.default.is_some() || extra {
                continue;
            }
            diagnostics.extend(
                lines::given_names(column).filter(|name| common.given(name).is_none()).map(lines::no_text),
            );
            let made = planned.main.into_iter().chain(planned.other).chain(planned.instead.iter().copied());
            let some = made.clone().next().is_some();
            if column.required && some && !made.into_iter().any(told) && !planned.switch {
                let field = column.field.unwrap_or(Field::QUANTITY);
                diagnostics.push(Diagnostic::new(
                    &diagnostics::NO_SOURCE,
                    Location::default().field(field),
                    format!("the column `{}` is required, and the input has no `{field}`", column.heading),
                ));
            }
        }
        if !diagnostics.is_empty() {
            return Err(Fatal { failure: Failure::Use, diagnostics });
        }
        let dropped = several(layout, brief);
        let holds = |field: Field| {
            cells.iter().any(|planned| planned.main.and_then(|want| wanted.get(want)) == Some(&field))
        };
        let counts_returns = !brief.reads.contains(Field::RETURNS) && !holds(Field::RETURNS);
        let money = Currencies::of(brief);
        let either = layout
            .require
            .iter()
            .map(|fields| fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and "));
        let require_text = format!("the row has neither {}", either.collect::<Vec<_>>().join(" nor "));
        let mut encoder = Self {
            layout: Arc::clone(layout),
            line_end,
            put,
            finish,
            bom,
            common,
            head: Vec::new(),
            wanted,
            cells,
            shapes,
            contexts,
            rest,
            back,
            counts_returns,
            require,
            require_text,
            money,
            sums,
            totals: Mutex::default(),
            dropped,
            name: None,
            notes: Vec::new(),
        };
        (encoder.name, encoder.notes) = encoder.layout.file_names.build(&encoder.common);
        encoder.head = encoder.lines().top(&Totals::default())?;
        let notes = encoder.lines().notes();
        encoder.notes.extend(notes);
        Ok(encoder)
    }

    /// The lines before and after the rows.
    fn lines(&self) -> Lines<'_> {
        let Self { layout, put, common, finish, bom, line_end, sums, .. } = self;
        Lines { layout, put, common, finish: finish.as_ref(), bom: *bom, line_end, wanted: sums }
    }

    /// A value of a row; nothing where it is absent or empty.
    fn value<'a>(&'a self, want: usize, row: &Row<'a>) -> Option<&'a [u8]> {
        let of = |entity: EntityRef<'a>| {
            let column = (*self.shapes.get(entity.shape_index())?.at.get(want)?)?;
            entity.cell(column).first().filter(|value| !value.is_empty())
        };
        let group = self.wanted.get(want).map(|field| field.group());
        let own = match group {
            Some(Group::Header) => None,
            Some(Group::Usage | Group::Context) => of(row.usage),
            _ => row.entities.iter().flatten().find_map(|entity| of(*entity)),
        };
        let context = || row.context.and_then(|context| self.contexts.get(context));
        own.or_else(|| context()?.get(want)?.as_deref()).or_else(|| self.rest.get(want)?.as_deref())
    }

    /// Writes the rows of a block.
    fn block<'a>(
        &'a self,
        run: &mut Run<'a>,
        block: Block<'a>,
        out: &mut Vec<u8>,
        report: &mut RunReport,
    ) -> Result<u64, Fatal> {
        let only = self.survey(run, block);
        let before = run.rows;
        for usage in block.entities() {
            let Some(plan) = self.shapes.get(usage.shape_index()) else { continue };
            if plan.group != Group::Usage {
                continue;
            }
            let row = placed(run, usage, usage.parent().or(only));
            self.usage(run, plan, &row, out, report)?;
        }
        self.unwritten(run);
        Ok(run.rows - before)
    }

    /// Lists the entities of a block and what belongs to what; answers what a usage that names
    /// nothing is of.
    fn survey<'a>(&self, run: &mut Run<'a>, block: Block<'a>) -> Option<usize> {
        run.known.clear();
        let (mut release, mut recording, mut recordings) = (None, None, 0);
        for (index, entity) in block.entities().enumerate() {
            let group = self.shapes.get(entity.shape_index()).map(|plan| plan.group);
            let mut known =
                Known { entity, group, release: None, work: None, written: group == Some(Group::Usage) };
            match group {
                // A part of a release is no release of recordings.
                Some(Group::Release) if entity.field(Field::USED_RESOURCES).first().is_none() => {
                    release = Some(index);
                }
                Some(Group::Recording) => {
                    let is_release = |own: &usize| {
                        run.known.get(*own).is_some_and(|known| known.group == Some(Group::Release))
                    };
                    known.release = entity.parent().filter(is_release).or(release);
                    recording = Some(index);
                    recordings += 1;
                }
                Some(Group::Work) => {
                    let only = recording.filter(|_| recordings == 1);
                    let owner = entity.parent().or(only).and_then(|owner| run.known.get_mut(owner));
                    if let Some(owner) = owner.filter(|owner| owner.work.is_none()) {
                        owner.work = Some(index);
                    }
                }
                _ => {}
            }
            run.known.push(known);
        }
        match recordings {
            0 => release,
            1 => recording,
            _ => None,
        }
    }

    /// Counts what no row of the block holds.
    fn unwritten(&self, run: &mut Run<'_>) {
        let Run { known, losses, line, .. } = run;
        for known in known.iter().filter(|known| !known.written) {
            let Some(plan) = self.shapes.get(known.entity.shape_index()) else { continue };
            let line = (*line > 0).then(|| *line + u64::from(known.entity.line()));
            for (column, field) in plan.at.iter().zip(&self.wanted) {
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
        run: &mut Run<'a>,
        plan: &ShapePlan,
        row: &Row<'a>,
        out: &mut Vec<u8>,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let cell = |column: Option<usize>| {
            column.and_then(|column| row.usage.cell(column).first()).filter(|value| !value.is_empty())
        };
        let inexact = || {
            let location = Location { line: row.line, ..Location::default() };
            let message = "quantity, returns, price, duration or amount of a usage is not an exact number, or a sum is too long";
            Fatal::input(Diagnostic::new(&INEXACT, location, message))
        };
        let currency = self.money.of.get(row.context.unwrap_or(usize::MAX)).or(self.money.of.last());
        let (price, owed) = currency.copied().unwrap_or((None, 0));
        let account = &mut run.account;
        account
            .add(cell(plan.quantity), cell(plan.price), cell(plan.duration), price)
            .and_then(|()| account.add_returns(cell(plan.returns)))
            .and_then(|()| account.add_owed(cell(plan.amount), owed))
            .ok_or_else(inexact)?;
        let returned = cell(plan.returns).filter(|returns| !is_zero(returns));
        let Some(returned) = returned else {
            self.row(run, row, &[], false, out, report);
            return Ok(());
        };
        if self.layout.returns == Returns::Column {
            if self.counts_returns {
                run.losses.field(Change::Lost, Field::RETURNS, row.line, "the layout has no column for it");
            }
            self.row(run, row, &[], false, out, report);
            return Ok(());
        }
        let value = |want: usize| self.value(want, row);
        let parts = self.back.parts(returned, value).ok_or_else(inexact)?;
        for (overrides, back) in parts {
            self.row(run, row, &overrides, back, out, report);
        }
        Ok(())
    }

    /// Writes a row.
    fn row<'a>(
        &'a self,
        run: &mut Run<'a>,
        row: &Row<'a>,
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
        for sum in &mut run.summed {
            sum.0 = false;
        }
        run.each = None;
        let of_release = matches!(row.entities, [Some(_), None, _]);
        for (number, (column, planned)) in self.layout.columns.iter().zip(&self.cells).enumerate() {
            if number > 0 {
                out.push(self.put.delimiter);
            }
            self.cell(run, row, (number, column, planned), &value, (of_release, back), report);
            if run.text.is_empty()
                && let Some(default) = &column.default
            {
                run.text.extend_from_slice(default.as_bytes());
            }
            if run.text.is_empty() && column.required {
                let mut location = Location::default().cell(number as u32 + 1, &column.heading);
                (location.line, location.field) = (row.line, column.field);
                self.put.lacks(&INCOMPLETE, location, "the row has no value for it", report);
            }
            self.put.cell(column, &run.text, out);
        }
        let given = |sources: &Vec<usize>| sources.iter().any(|want| value(*want).is_some());
        let filled = |alternative: &Vec<Vec<usize>>| alternative.iter().all(given);
        if !self.require.is_empty() && !self.require.iter().any(filled) {
            let location = Location { line: row.line, ..Location::default() };
            self.put.lacks(&INCOMPLETE, location, &self.require_text, report);
        }
        // A row of one empty cell would read as a blank line.
        if out.len() == start && self.put.quote != NO_QUOTE {
            out.extend_from_slice(&[self.put.quote; 2]);
        }
        out.extend_from_slice(self.line_end);
        if let Some(finish) = &self.finish {
            let place = FinishedRow { columns: &self.layout.columns, line: row.line.unwrap_or(0) };
            finish.row(out, start, &mut run.text, &place, report);
        }
        let summed = run.summed.iter().map(|(told, text)| told.then_some(text.as_slice()));
        run.totals.add(summed, run.each.as_deref());
        run.rows += 1;
    }

    /// Makes the text of a cell.
    #[inline]
    fn cell<'a>(
        &self,
        run: &mut Run<'_>,
        row: &Row<'a>,
        (number, column, planned): (usize, &Column, &Planned),
        value: &dyn Fn(usize) -> Option<&'a [u8]>,
        (of_release, back): (bool, bool),
        report: &mut RunReport,
    ) {
        run.text.clear();
        let other = planned.other.filter(|_| of_release);
        let want = other.or(planned.main);
        let field = want.and_then(|want| self.wanted.get(want)).copied();
        let spot = Spot { number, column, field, line: row.line };
        let kind = match (&column.other, other) {
            (Some((_, kind)), Some(_)) => *kind,
            _ => column.format.kind,
        };
        match &column.source {
            Source::Text(text) => run.text.extend_from_slice(text.as_bytes()),
            Source::Template(pieces) => {
                let of = |field: Field| value(self.wanted.iter().position(|known| *known == field)?);
                lines::template(pieces, &self.common, of, &mut run.text);
                self.fit(run, spot, report);
            }
            Source::Given(name) => {
                let read = || self.extra(row, number).map(<[u8]>::to_vec);
                let given = self.common.given(name).map(|text| text.as_bytes().to_vec());
                run.text.extend(given.or_else(read).unwrap_or_default());
                self.fit(run, spot, report);
            }
            Source::Extra if !planned.refund && !planned.switch => {
                run.text.extend_from_slice(self.extra(row, number).unwrap_or(&[]));
                self.fit(run, spot, report);
            }
            _ => {}
        }
        let instead = || planned.instead.iter().find_map(|want| value(*want));
        let Some(found) = want.and_then(value).or_else(instead) else {
            self.decided(planned, of_release, back, &mut run.text);
            return;
        };
        let mut noted = self.put.text(column, found, &mut run.text);
        let negative = back && kind == CellKind::Money && found.first() != Some(&b'-');
        if negative && noted.is_clean() {
            run.again.clear();
            run.again.push(b'-');
            run.again.extend_from_slice(found);
            noted = self.put.text(column, &run.again, &mut run.text);
        }
        if let Some(sum) = planned.sum.and_then(|sum| run.summed.get_mut(sum)) {
            sum.0 = true;
            sum.1.clear();
            // What is summed is what is written.
            let written = noted.rounded() || negative;
            let reading = CellReading { quote: NO_QUOTE, repairs: Repairs::default() };
            if !written || column.format.read(&run.text, reading, &mut sum.1).is_err() {
                sum.1.clear();
                sum.1.extend_from_slice(found);
            }
        }
        if planned.each {
            run.each = Some(found.to_vec());
        }
        if !noted.is_clean() {
            self.put.note(noted, spot, found, &mut run.losses, report);
        }
    }

    /// Makes a text fit its column that is no value of the model.
    fn fit(&self, run: &mut Run<'_>, spot: Spot<'_>, report: &mut RunReport) {
        let mut noted = crate::write::cells::Noted::default();
        self.put.fit(spot.column, &mut run.text, &mut noted);
        if !noted.is_clean() {
            let value = run.text.clone();
            self.put.note(noted, spot, &value, &mut run.losses, report);
        }
    }

    /// The text of a column that identifies its row, where no value does.
    fn decided(&self, planned: &Planned, of_release: bool, back: bool, text: &mut Vec<u8>) {
        for (decides, holds, when) in
            [(planned.switch, of_release, &self.layout.switch), (planned.refund, back, &self.layout.refund)]
        {
            if let Some(when) = when.as_ref().filter(|_| decides) {
                text.extend_from_slice(if holds { &when.word } else { &when.otherwise }.as_bytes());
            }
        }
    }

    /// What the same layout was read from.
    fn extra<'a>(&self, row: &Row<'a>, number: usize) -> Option<&'a [u8]> {
        let column = (*self.shapes.get(row.usage.shape_index())?.extras.get(number)?)?;
        row.usage.cell(column).first()
    }

    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        lock(&self.totals)
    }
}

/// A usage with the entities that it is of.
fn placed<'a>(run: &mut Run<'a>, usage: EntityRef<'a>, of: Option<usize>) -> Row<'a> {
    let mut entities = [None; 3];
    let mut take = |run: &mut Run<'a>, index: Option<usize>, place: usize| {
        let known = run.known.get_mut(index?)?;
        known.written = true;
        if let Some(slot) = entities.get_mut(place) {
            *slot = Some(known.entity);
        }
        Some((known.group, known.release, known.work))
    };
    match of.and_then(|of| run.known.get(of)).and_then(|known| known.group) {
        Some(Group::Release) => {
            take(run, of, 0);
        }
        Some(Group::Recording) => {
            if let Some((_, release, work)) = take(run, of, 1) {
                take(run, release, 0);
                take(run, work, 2);
            }
        }
        Some(Group::Work) => {
            take(run, of, 2);
        }
        _ => {}
    }
    let line = (run.line > 0).then(|| run.line + u64::from(usage.line()));
    Row { usage, entities, context: usage.context_index(), line }
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

/// Values of the head and of sales contexts of which a cell holds only the first.
fn several(layout: &Layout, brief: &EncodeRequest<'_>) -> Vec<(Subject, String)> {
    let written = layout.written();
    let entities = brief.contexts.iter().chain([brief.header]);
    let many = entities
        .flat_map(Entity::iter)
        .filter(|(field, value): &(Field, &Value)| written.contains(*field) && value.iter().count() > 1);
    let fields: FieldSet = many.map(|(field, _)| field).collect();
    fields.iter().map(|field| (Subject::Field(field), "the column takes one value".to_owned())).collect()
}

impl Currencies {
    fn of(brief: &EncodeRequest<'_>) -> Self {
        let mut codes: Vec<Box<str>> = Vec::new();
        let mut number = |code: &str| {
            codes.iter().position(|known| **known == *code).unwrap_or_else(|| {
                codes.push(code.into());
                codes.len() - 1
            })
        };
        let mut of: Vec<_> = brief
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

impl Encoder for SumsEncoder {
    fn begin(&self, _part: FileNumber, out: &mut Vec<u8>) -> Tally {
        self.lines().begin(&self.head, &self.totals(), out)
    }

    fn header_depends_on_rows(&self) -> bool {
        self.lines().count_first()
    }

    fn end(&self, _part: FileNumber, file: &Tally, _message: &Tally, out: &mut Vec<u8>) -> Tally {
        let lines = self.lines().foot(&self.totals(), file.lines, out);
        Tally { lines, ..Tally::default() }
    }

    fn file_name(&self, _part: FileNumber) -> String {
        self.name.clone().unwrap_or_else(|| crate::write::events::file_name(&self.layout, self.put.delimiter))
    }

    fn gz_replaces_extension(&self) -> bool {
        self.layout.file_names.replaces
    }

    fn diagnostics(&self) -> &[Diagnostic] {
        &self.notes
    }

    fn table(&self) -> Option<TableShape> {
        crate::write::events::table(&self.layout, self.put.delimiter, self.finish.as_ref())
    }

    fn max_file_size(&self) -> Option<u64> {
        None
    }

    fn final_check(&self) -> Option<Fatal> {
        let mut diagnostics = Vec::new();
        let totals = self.totals();
        if let Some(most) = self.layout.max_rows.filter(|most| totals.rows > *most) {
            let message = format!("the table has {} rows, and the layout allows {most}", totals.rows);
            diagnostics.push(Diagnostic::new(&TOO_MANY_ROWS, Location::default(), message));
        }
        if totals.overflow {
            let message = "a sum that the file has to state has more than 28 digits";
            diagnostics.push(Diagnostic::new(&INEXACT, Location::default(), message));
        }
        diagnostics.extend(self.put.refusal().into_iter().flat_map(|fatal| fatal.diagnostics));
        let coding = self.finish.as_ref().and_then(|finish| finish.refusal(&self.layout));
        diagnostics.extend(coding.into_iter().flat_map(|fatal| fatal.diagnostics));
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let lost = reads.difference(self.layout.written()).iter().map(|field| {
            let reason = if field.group() == Group::Event {
                "a row aggregates many plays".to_owned()
            } else {
                format!("`{}` has no column for it", self.layout.manifest.id)
            };
            (Subject::Field(field), reason)
        });
        let kept = |name: &str| self.layout.columns.iter().any(|column| *column.heading == *name);
        let extras = extras.iter().filter(|name| !kept(name)).cloned().map(|name| {
            (Subject::Extra(name), format!("`{}` has no column for it", self.layout.manifest.id))
        });
        self.dropped.iter().cloned().chain(lost).chain(extras).collect()
    }
}

impl BlockEncoder for SumsEncoder {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let mut run = Run { line: numbers.line, ..Run::default() };
        run.summed.resize_with(self.sums.sums.len(), Default::default);
        for block in blocks.iter() {
            let rows = self.block(&mut run, block, &mut out.bytes, report)?;
            if rows > 0 {
                out.marks.push((
                    out.bytes.len() as u32,
                    Tally { lines: rows, summaries: 0, blocks: 1, usages: rows },
                ));
            }
        }
        let Run { losses, account, totals, .. } = run;
        losses.flush(report);
        account.add_to(&self.money.codes, &mut report.ledger.written).map_err(|what| {
            let message = format!("the sum of {what} has more than 28 digits");
            Fatal::input(Diagnostic::new(&INEXACT, Location::default(), message))
        })?;
        self.totals().merge(&totals);
        Ok(())
    }
}
