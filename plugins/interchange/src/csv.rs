//! `canonical.csv`: the canonical model as one flat table, one row for each usage.
//!
//! The layout is our own. A row holds everything that is known of a usage: the message, the sales
//! context, the release, the recording with its work, the usage itself. So it can be loaded as it
//! is (DuckDB, pandas, a spreadsheet), at the price of repeating the message and the release in
//! every row.
//!
//! **Columns.** Every field that the source has a place for, in the order of the table of fields;
//! the heading is the id of the field (`release.icpn`). Plays that were summed on the way have,
//! instead, the fields that the sums have a value for.
//!
//! **Cells.** Values are in canonical notation. A cell is quoted as in RFC 4180 where it holds a
//! comma, a quote or a line break; lines end in LF. An absent value is an empty cell, an empty text
//! is `""`. A field that may hold several values (the table of fields says which) has them divided
//! by `|`; inside such a cell `\` is written `\\` and a pipe that is data `\|`. Other fields have
//! no escapes.
//!
//! **Formulas.** Text that begins with `=`, `+`, `-` or `@` is data and is written unchanged,
//! although a spreadsheet may take it for a formula: an engine that loads the table must get the
//! title that was reported. Whoever opens the file in a spreadsheet imports it as text.
//!
//! **Which rows.** A usage of a recording gets the release that precedes the recording in its
//! block; a usage of a release has no recording; a recording with several works gets its first.
//! What no row can hold (further works, releases and recordings without usages, cells that only the
//! source's family understands) is counted as lost.

use serde::Deserialize;
use transpose_core::accounting::{Change, Losses, NO_CURRENCY, RunReport, Subject, UsageTotals};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{
    BlockEncoder, Created, EncodeRequest, EncodedBatch, Encoder, FileNumber, Format, FormatTraits, Grain,
    Head, Manifest, Numbers, Opened, OptionKind, OptionSpec, Probe, Recognition, Status, Tally, options,
};
use transpose_core::model::{
    Block, Blocks, Cell, Entity, EntityRef, Field, FieldSet, Group, Shape, Slot, Value,
};
use transpose_text::quoting::{needs_quotes, write_text};

transpose_core::register!(|| Ok(vec![format()]));

transpose_core::codes! {
    /// An option is wrong.
    BAD_OPTION: "INT0001" "bad-option" Error
        "The format takes no option of that name."
        "List the options with `transpose formats canonical.csv`."
    /// The format is only written.
    WRITE_ONLY: "INT0002" "write-only" Error
        "The format passes a report to other programs; it is written and cannot be read."
        "Convert from the report that the table was made of."
    /// A quantity, price or duration cannot be accounted for.
    INEXACT: "INT0003" "inexact-amount" Error
        "Quantities, prices and durations are summed exactly, so that the output can be compared with the input. This is impossible for a value that is not a number, or a sum of more than 28 digits."
        "Correct the value in the source."
}

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    name: "heading",
    kind: OptionKind::Flag,
    default: "true",
    about: "Whether the first line holds the ids of the fields; without it tables of several messages can be put one after the other.",
}];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Options {
    heading: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { heading: true }
    }
}

/// The format.
pub fn format() -> Box<dyn Format> {
    Box::new(Csv {
        manifest: Manifest {
            id: "canonical.csv".into(),
            title: "Canonical model, one flat table".into(),
            grain: Grain::Aggregate,
            reads: false,
            writes: true,
            status: Status::Preview,
            reference: "our own; plugins/interchange/src/csv.rs".into(),
            confidence: "".into(),
            versions: Vec::new(),
            extension: "csv".into(),
            traits: FormatTraits::default(),
            about: "One row for each usage with everything that is known of it: message, sales context, release, recording, work, usage. \
                    For looking into a report and for loading it into DuckDB, pandas and the like. Columns are the fields that the \
                    source has a place for, headed by their ids. Comma, LF, quotes as in RFC 4180; an absent value is an empty cell, an \
                    empty text is `\"\"`; several values are divided by `|`, with `\\|` and `\\\\` for a pipe and a backslash in them. \
                    Nothing is changed to please a spreadsheet: text that begins with `=` stays as it is. Any size is written in a stream."
                .into(),
        },
    })
}

struct Csv {
    manifest: Manifest,
}

impl Format for Csv {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn recognise(&self, _probe: &Probe<'_>) -> Recognition {
        Recognition::No
    }

    fn reads(&self, _version: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }

    fn writes(&self, _version: Option<&str>) -> FieldSet {
        Field::all().filter(|field| is_flat(field.group())).collect()
    }

    fn needs(&self, _version: Option<&str>) -> FieldSet {
        FieldSet::EMPTY
    }

    fn open(&self, head: &mut dyn Head, _options: &[(String, String)]) -> Result<Opened, Fatal> {
        let message = format!("`{}` cannot be read as `canonical.csv`", head.name());
        Err(Fatal::usage(Diagnostic::new(&WRITE_ONLY, Location::default(), message)))
    }

    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal> {
        let options: Options = options::parse(OPTIONS, request.options).map_err(|error| {
            Fatal::usage(Diagnostic::new(&BAD_OPTION, Location::default(), error.to_string()))
        })?;
        Ok(Created::Blocks(Box::new(Writer::new(request, &options))))
    }

    fn explain(&self, _topic: &str) -> Option<String> {
        None
    }
}

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    field: Field,
    /// Whether its cells are lists.
    many: bool,
    /// Whether a comma comes before its cells: everywhere but in the first column.
    comma: bool,
}

/// A part of a row that one entity fills.
struct Cells {
    filled: Vec<FilledColumn>,
    /// How many commas are behind the last column that the entity has a value for.
    commas: usize,
}

/// A column of the table that a shape has a value for.
struct FilledColumn {
    /// How many commas come before it: its own, and those of columns that the shape does not have.
    commas: usize,
    /// The column of the shape.
    place: usize,
    column: Column,
}

impl Cells {
    fn new(columns: &[Column], shape: &Shape) -> Self {
        let mut cells = Self { filled: Vec::new(), commas: 0 };
        for column in columns {
            cells.commas += usize::from(column.comma);
            if let Some(place) = shape.column(column.field) {
                cells.filled.push(FilledColumn { commas: cells.commas, place, column: *column });
                cells.commas = 0;
            }
        }
        cells
    }
}

/// Where the entities of a shape have their values.
struct Plan {
    group: Group,
    /// The entity's part of a row.
    cells: Cells,
    /// For recordings, the columns of works: some sources describe both in one record.
    works: Cells,
    /// Columns of the shape that have no place in a row.
    beyond: Vec<(usize, Field)>,
    /// The resources of a sub-release.
    used: Option<usize>,
    quantity: Option<usize>,
    returns: Option<usize>,
    price: Option<usize>,
    duration: Option<usize>,
    amount: Option<usize>,
}

/// Writes the table.
struct Writer {
    head: Vec<u8>,
    /// How many lines the head has.
    lines: u64,
    name: String,
    columns: FieldSet,
    releases: Vec<Column>,
    recordings: Vec<Column>,
    works: Vec<Column>,
    usages: Vec<Column>,
    plans: Vec<Plan>,
    /// The beginning of a row, up to the columns of releases, for each sales context; the last is
    /// for usages without one.
    contexts: Vec<Vec<u8>>,
    /// The currency of each sales context, as an index of `currencies`.
    currency: Vec<Option<usize>>,
    /// The currency in which each sales context is reported; the last is for usages without one.
    royalties: Vec<usize>,
    currencies: Vec<Box<str>>,
    /// Values of the header and the sales contexts that have no place.
    dropped: Vec<(Subject, String)>,
}

impl Writer {
    fn new(request: &EncodeRequest<'_>, options: &Options) -> Self {
        let entities = || request.contexts.iter().chain([request.header]);
        let mut fields = entities().fold(FieldSet::EMPTY, |fields, entity| fields.union(entity.fields()));
        let summed = !request.reads.of(Group::Event).is_empty();
        if summed {
            let slots = request.shapes.iter().flat_map(|shape| &shape.columns);
            fields = fields.union(slots.filter_map(field_of).collect());
        } else {
            fields = fields.union(request.reads);
        }
        let fields: FieldSet = fields.iter().filter(|field| is_flat(field.group())).collect();
        let first = fields.iter().next();
        let of = |group: Group| -> Vec<Column> {
            let column =
                |field: Field| Column { field, many: field.spec().many, comma: Some(field) != first };
            fields.of(group).iter().map(column).collect()
        };
        let mut top = of(Group::Header);
        top.extend(of(Group::Context));

        let mut dropped = Vec::new();
        for entity in entities() {
            for (field, value) in entity.iter() {
                let several = !field.spec().many && value.iter().count() > 1;
                let placed = top.iter().any(|column| column.field == field);
                let reason = match (placed, several) {
                    (false, _) => "neither header nor sales context has a column for it",
                    (true, true) => "the column takes one value",
                    (true, false) => continue,
                };
                let subject = Subject::Field(field);
                if !dropped.iter().any(|(known, _)| *known == subject) {
                    dropped.push((subject, reason.to_owned()));
                }
            }
        }
        let context_text = |context: Option<&Entity>| {
            let mut out = Vec::new();
            for column in &top {
                if column.comma {
                    out.push(b',');
                }
                let value = context.and_then(|context| context.value(column.field));
                if let Some(value) = value.or_else(|| request.header.value(column.field)) {
                    owned(value, column.many, &mut out);
                }
            }
            out
        };
        let contexts = request.contexts.iter().map(Some).chain([None]).map(context_text).collect();
        let mut currencies: Vec<Box<str>> = Vec::new();
        let mut number = |code: &str| {
            let known = currencies.iter().position(|known| **known == *code);
            known.unwrap_or_else(|| {
                currencies.push(code.into());
                currencies.len() - 1
            })
        };
        let currency =
            request.contexts.iter().map(|context| context.price_currency().map(&mut number)).collect();
        let reported = request.contexts.iter().map(|context| context.text(Field::CURRENCY));
        let royalties = reported.chain([None]).map(|code| number(code.unwrap_or(NO_CURRENCY))).collect();
        let ids: Vec<&str> = fields.iter().map(Field::id).collect();
        let head = if options.heading { format!("{}\n", ids.join(",")) } else { String::new() };
        let name = request.header.text(Field::MESSAGE_ID).unwrap_or("canonical");
        let mut writer = Self {
            head: head.into_bytes(),
            lines: u64::from(options.heading),
            name: format!("{name}.csv"),
            columns: fields,
            releases: of(Group::Release),
            recordings: of(Group::Recording),
            works: of(Group::Work),
            usages: of(Group::Usage),
            plans: Vec::new(),
            contexts,
            currency,
            royalties,
            currencies,
            dropped,
        };
        writer.plans = request.shapes.iter().map(|shape| writer.plan(shape)).collect();
        writer
    }

    fn plan(&self, shape: &Shape) -> Plan {
        let (own, works): (&[Column], &[Column]) = match shape.group {
            Group::Release => (&self.releases, &[]),
            Group::Recording => (&self.recordings, &self.works),
            Group::Work => (&self.works, &[]),
            Group::Usage => (&self.usages, &[]),
            _ => (&[], &[]),
        };
        let placed = |field: Field| own.iter().chain(works).any(|column| column.field == field);
        let fields = shape.columns.iter().enumerate();
        let fields = fields.filter_map(|(index, slot)| Some((index, field_of(slot)?)));
        Plan {
            group: shape.group,
            cells: Cells::new(own, shape),
            works: Cells::new(works, shape),
            beyond: fields.filter(|(_, field)| !placed(*field)).collect(),
            used: shape.column(Field::USED_RESOURCES),
            quantity: shape.column(Field::QUANTITY),
            returns: shape.column(Field::RETURNS),
            price: shape.column(Field::PRICE),
            duration: shape.column(Field::USAGE_DURATION),
            amount: shape.column(Field::AMOUNT),
        }
    }
}

/// Whether a row has columns for it: of these there is at most one for a usage. The others are
/// counted where they are met.
const fn is_flat(group: Group) -> bool {
    matches!(
        group,
        Group::Header | Group::Context | Group::Release | Group::Recording | Group::Work | Group::Usage
    )
}

fn field_of(slot: &Slot) -> Option<Field> {
    if let Slot::Field(field) = slot { Some(*field) } else { None }
}

/// An entity of the block that is being written, other than a usage.
struct ItemCells<'a> {
    entity: EntityRef<'a>,
    group: Option<Group>,
    /// For recordings, the release that they are on.
    release: usize,
    /// For recordings, the work on their rows.
    work: usize,
    /// Its part of a row in `texts`.
    text: Option<(usize, usize)>,
    /// Whether it is on a row.
    written: bool,
}

/// No entity.
const NONE: usize = usize::MAX;

/// The state of encoding one batch.
struct Run<'a> {
    known: Vec<ItemCells<'a>>,
    /// Parts of rows that several usages share.
    texts: Vec<u8>,
    losses: Losses,
    account: UsageTotals,
    /// The line of the batch's first row, 0 when it was made here.
    line: u64,
}

impl Run<'_> {
    fn line(&self, entity: EntityRef<'_>) -> Option<u64> {
        (self.line > 0).then(|| self.line + u64::from(entity.line()))
    }

    /// Counts what no row of the block holds.
    fn unwritten(&mut self) {
        for index in 0..self.known.len() {
            let Some(known) = self.known.get(index) else { continue };
            if known.written {
                continue;
            }
            let (entity, line) = (known.entity, self.line(known.entity));
            let reason = match known.group {
                Some(Group::Work) => "a row holds the first work of a recording that was used",
                Some(group) if !is_flat(group) => "a row is a usage, and there may be several of these",
                _ => "no usage refers to it",
            };
            let Some(shape) = entity.shape() else { continue };
            for (column, field) in shape.columns.iter().enumerate() {
                if let (Some(field), Some(_)) = (field_of(field), entity.cell(column).first()) {
                    self.losses.field(Change::Lost, field, line, reason);
                }
            }
        }
    }

    /// Marks an entity as written, and its part of a row as made.
    fn keep(&mut self, index: usize, start: usize) -> (usize, usize) {
        let text = (start, self.texts.len());
        if let Some(known) = self.known.get_mut(index) {
            known.text = Some(text);
            known.written = true;
        }
        text
    }
}

impl Writer {
    fn block<'a>(&self, run: &mut Run<'a>, block: Block<'a>, out: &mut Vec<u8>) -> Result<u64, Fatal> {
        let only = self.survey(run, block);
        let mut rows = 0;
        for usage in block.entities() {
            if self.plans.get(usage.shape_index()).is_none_or(|plan| plan.group != Group::Usage) {
                continue;
            }
            let (release, recording) = place(&run.known, usage.parent().unwrap_or(only));
            self.row(run, usage, release, recording, out)?;
            rows += 1;
        }
        run.unwritten();
        Ok(rows)
    }

    /// Lists the entities of a block and what belongs to what; answers what a usage that names
    /// nothing refers to.
    fn survey<'a>(&self, run: &mut Run<'a>, block: Block<'a>) -> usize {
        run.known.clear();
        // What a usage without a release or without a recording has in their columns.
        run.texts.clear();
        let blank = commas(&self.releases).max(commas(&self.recordings) + commas(&self.works));
        run.texts.resize(blank, b',');
        let (mut release, mut recording, mut recordings) = (NONE, NONE, 0);
        for (index, entity) in block.entities().enumerate() {
            let plan = self.plans.get(entity.shape_index());
            let group = plan.map(|plan| plan.group);
            if group == Some(Group::Usage) {
                continue;
            }
            // Nothing refers to a usage; its place is kept where something else follows it.
            while run.known.len() < index {
                run.known.push(ItemCells {
                    entity,
                    group: None,
                    release: NONE,
                    work: NONE,
                    text: None,
                    written: true,
                });
            }
            let mut known =
                ItemCells { entity, group, release: NONE, work: NONE, text: None, written: false };
            match (group, plan) {
                (Some(Group::Release), Some(plan)) => {
                    let part = plan.used.is_some_and(|column| entity.cell(column).first().is_some());
                    if !part {
                        release = index;
                    }
                }
                (Some(Group::Recording), Some(plan)) => {
                    let own =
                        entity.parent().filter(|own| group_of(&run.known, *own) == Some(Group::Release));
                    known.release = own.unwrap_or(release);
                    // Its own record describes the work.
                    if plan.works.filled.iter().any(|filled| entity.cell(filled.place).first().is_some()) {
                        known.work = index;
                    }
                    recording = index;
                    recordings += 1;
                }
                (Some(Group::Work), Some(_)) => {
                    let only = if recordings == 1 { recording } else { NONE };
                    let owner = run.known.get_mut(entity.parent().unwrap_or(only));
                    if let Some(owner) =
                        owner.filter(|owner| owner.group == Some(Group::Recording) && owner.work == NONE)
                    {
                        owner.work = index;
                    }
                }
                _ => {}
            }
            run.known.push(known);
        }
        match recordings {
            0 => release,
            1 => recording,
            _ => NONE,
        }
    }

    fn row(
        &self,
        run: &mut Run<'_>,
        usage: EntityRef<'_>,
        release: usize,
        recording: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Fatal> {
        let Some(plan) = self.plans.get(usage.shape_index()) else { return Ok(()) };
        let release = self.release(run, release);
        let recording = self.recording(run, recording);
        let start = out.len();
        let context = usage.context_index();
        let top = context.and_then(|context| self.contexts.get(context)).or(self.contexts.last());
        out.extend_from_slice(top.map_or(&[], Vec::as_slice));
        for (from, to) in [release, recording] {
            out.extend_from_slice(run.texts.get(from..to).unwrap_or(&[]));
        }
        let Run { losses, line, .. } = run;
        part(&plan.cells, usage, *line, losses, out);
        if out.len() == start {
            // The only cell of a row is empty; an empty line would be no row.
            out.extend_from_slice(b"\"\"");
        }
        out.push(b'\n');
        if !plan.beyond.is_empty() {
            beyond(run, plan, usage);
        }
        let cell = |column: Option<usize>| {
            column.and_then(|column| usage.cell(column).first()).filter(|bytes| !bytes.is_empty())
        };
        let currency = context.and_then(|context| self.currency.get(context).copied().flatten());
        let (quantity, price, duration) = (cell(plan.quantity), cell(plan.price), cell(plan.duration));
        let royalties = context.and_then(|context| self.royalties.get(context)).or(self.royalties.last());
        let (returns, amount, royalties) =
            (cell(plan.returns), cell(plan.amount), royalties.copied().unwrap_or(0));
        let counted = run.account.add(quantity, price, duration, currency);
        let counted = counted.and_then(|()| run.account.add_returns(returns));
        counted.and_then(|()| run.account.add_royalties(amount, royalties)).ok_or_else(|| {
            let location = Location { line: run.line(usage), ..Location::default() };
            let message =
                "quantity, returns, price, amount or duration of a usage is not an exact number, or a sum is too long";
            Fatal::input(Diagnostic::new(&INEXACT, location, message))
        })
    }

    /// The columns of a release, made when the first usage asks for them.
    fn release(&self, run: &mut Run<'_>, index: usize) -> (usize, usize) {
        if let Some(text) = run.known.get(index).and_then(|known| known.text) {
            return text;
        }
        let start = run.texts.len();
        let Some(entity) = run.known.get(index).map(|known| known.entity) else {
            return (0, commas(&self.releases));
        };
        self.shared(run, entity);
        run.keep(index, start)
    }

    /// The columns of a recording and of its work.
    fn recording(&self, run: &mut Run<'_>, index: usize) -> (usize, usize) {
        if let Some(text) = run.known.get(index).and_then(|known| known.text) {
            return text;
        }
        let start = run.texts.len();
        let Some((entity, work)) = run.known.get(index).map(|known| (known.entity, known.work)) else {
            return (0, commas(&self.recordings) + commas(&self.works));
        };
        self.shared(run, entity);
        match run.known.get_mut(work).filter(|_| work != index) {
            Some(known) => {
                known.written = true;
                let work = known.entity;
                self.shared(run, work);
            }
            None => self.works_of(run, entity),
        }
        run.keep(index, start)
    }

    fn works_of(&self, run: &mut Run<'_>, entity: EntityRef<'_>) {
        let Some(plan) = self.plans.get(entity.shape_index()) else { return };
        let Run { texts, losses, line, .. } = run;
        part(&plan.works, entity, *line, losses, texts);
    }

    fn shared(&self, run: &mut Run<'_>, entity: EntityRef<'_>) {
        let Some(plan) = self.plans.get(entity.shape_index()) else { return };
        let Run { texts, losses, line, .. } = run;
        part(&plan.cells, entity, *line, losses, texts);
        beyond(run, plan, entity);
    }
}

fn group_of(known: &[ItemCells<'_>], index: usize) -> Option<Group> {
    known.get(index).and_then(|known| known.group)
}

/// The release and the recording of a usage that refers to an entity.
fn place(known: &[ItemCells<'_>], index: usize) -> (usize, usize) {
    match known.get(index) {
        Some(found) if found.group == Some(Group::Release) => (index, NONE),
        Some(found) if found.group == Some(Group::Recording) => (found.release, index),
        _ => (NONE, NONE),
    }
}

/// Writes the part of a row that an entity fills.
fn part(cells: &Cells, entity: EntityRef<'_>, line: u64, losses: &mut Losses, out: &mut Vec<u8>) {
    for FilledColumn { commas, place, column } in &cells.filled {
        for _ in 0..*commas {
            out.push(b',');
        }
        match entity.cell(*place) {
            Cell::Absent => {}
            Cell::One(bytes) if column.many => list(std::iter::once(bytes), out),
            Cell::One(bytes) => text(bytes, out),
            Cell::Many(values) if column.many => list(values.iter(), out),
            Cell::Many(values) => {
                if let Some(first) = values.iter().next() {
                    text(first, out);
                }
                if values.iter().len() > 1 {
                    let line = (line > 0).then(|| line + u64::from(entity.line()));
                    losses.field(Change::Shortened, column.field, line, "the column takes one value");
                }
            }
        }
    }
    out.resize(out.len() + cells.commas, b',');
}

/// What is in columns without values: so many commas.
fn commas(columns: &[Column]) -> usize {
    columns.iter().filter(|column| column.comma).count()
}

#[cold]
fn beyond(run: &mut Run<'_>, plan: &Plan, entity: EntityRef<'_>) {
    let line = run.line(entity);
    for (column, field) in &plan.beyond {
        if entity.cell(*column).first().is_some() {
            run.losses.field(Change::Lost, *field, line, "the version of the source has no place for it");
        }
    }
}

fn owned(value: &Value, many: bool, out: &mut Vec<u8>) {
    if many {
        list(value.iter().map(str::as_bytes), out);
    } else {
        text(value.first().as_bytes(), out);
    }
}

/// Writes a text; an empty one is reported from an absent one by its quotes.
fn text(bytes: &[u8], out: &mut Vec<u8>) {
    write_text(bytes, b',', b'"', out);
}

/// Writes several values, divided by pipes.
fn list<'a>(values: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let start = out.len();
    let (mut quotes, mut count) = (false, 0);
    for value in values {
        if count > 0 {
            out.push(b'|');
        }
        count += 1;
        quotes |= needs_quotes(value, b',', b'"');
        for byte in value {
            match byte {
                b'"' => out.push(b'"'),
                b'|' | b'\\' => out.push(b'\\'),
                _ => {}
            }
            out.push(*byte);
        }
    }
    // One empty value; none at all stays absent.
    quotes |= count == 1 && out.len() == start;
    if quotes {
        out.insert(start, b'"');
        out.push(b'"');
    }
}

impl Encoder for Writer {
    fn begin(&self, _part: FileNumber, out: &mut Vec<u8>) -> Tally {
        out.extend_from_slice(&self.head);
        Tally { lines: self.lines, ..Tally::default() }
    }

    fn end(&self, _part: FileNumber, _file: &Tally, _message: &Tally, _out: &mut Vec<u8>) -> Tally {
        Tally::default()
    }

    fn file_name(&self, _part: FileNumber) -> String {
        self.name.clone()
    }

    fn max_file_size(&self) -> Option<u64> {
        None
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let told = |field: &Field| is_flat(field.group()) || field.group() == Group::Event;
        let lost = reads.difference(self.columns).iter().filter(told).map(|field| {
            let reason = if field.group() == Group::Event {
                "a row aggregates many plays"
            } else {
                "aggregates do not carry it"
            };
            (Subject::Field(field), reason.to_owned())
        });
        let extras = extras
            .iter()
            .cloned()
            .map(|name| (Subject::Extra(name), "the model has no field for it".to_owned()));
        self.dropped.iter().cloned().chain(lost).chain(extras).collect()
    }
}

impl BlockEncoder for Writer {
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        let mut run = Run {
            known: Vec::new(),
            texts: Vec::new(),
            losses: Losses::default(),
            account: UsageTotals::default(),
            line: numbers.line,
        };
        for block in blocks.iter() {
            let rows = self.block(&mut run, block, &mut out.bytes)?;
            out.marks
                .push((out.bytes.len() as u32, Tally { lines: rows, summaries: 0, blocks: 1, usages: rows }));
        }
        let Run { losses, account, .. } = run;
        losses.flush(report);
        account.add_to(&self.currencies, &mut report.ledger.written);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transpose_codes::Timestamp;
    use transpose_core::model::{BlockBatch, Blocks, Span};

    /// A release, a recording and a usage; the last shape has a field that the source does not
    /// announce.
    fn shapes() -> Vec<Shape> {
        let shape = |group, fields: &[Field]| Shape {
            record: "T".into(),
            group,
            columns: fields.iter().copied().map(Slot::Field).collect(),
        };
        vec![
            shape(Group::Release, &[Field::RELEASE_TITLE, Field::USED_RESOURCES]),
            shape(Group::Recording, &[Field::RECORDING_TITLE, Field::ISRC]),
            shape(Group::Usage, &[Field::QUANTITY, Field::PRICE, Field::PROMOTION]),
            shape(Group::Work, &[Field::WORK_TITLE]),
        ]
    }

    const READS: [Field; 7] = [
        Field::CURRENCY,
        Field::RELEASE_TITLE,
        Field::RECORDING_TITLE,
        Field::ISRC,
        Field::WORK_TITLE,
        Field::QUANTITY,
        Field::PRICE,
    ];

    /// An entity: its shape, what it belongs to, and its values; several values are divided by `;`,
    /// `~` is absent.
    type EntityValues<'a> = (usize, Option<u32>, &'a [&'a str]);

    fn written(reads: &[Field], entities: &[EntityValues<'_>]) -> (String, RunReport) {
        let shapes = shapes();
        let mut context = Entity::default();
        context.set(Field::CURRENCY, "EUR");
        let contexts = [context];
        let mut batch = BlockBatch::default();
        batch.begin_block(Span::ABSENT, 0);
        for (shape, parent, values) in entities {
            batch.push_entity(*shape, shapes[*shape].columns.len(), 0);
            for (column, value) in values.iter().enumerate().filter(|(_, value)| **value != "~") {
                let spans: Vec<Span> = value.split(';').map(|value| batch.text(value.as_bytes())).collect();
                let span = if let [one] = spans[..] { one } else { batch.list(&spans) };
                batch.set(column, span);
            }
            let row = batch.last_entity().unwrap();
            row.parent = parent.unwrap_or(row.parent);
            row.context = if *shape == 2 { 0 } else { row.context };
        }
        batch.end_block(0);
        let header = Entity::default();
        let request = EncodeRequest {
            version: None,
            options: &[],
            header: &header,
            contexts: &contexts,
            shapes: &shapes,
            reads: reads.iter().copied().collect(),
            terms: None,
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
            identity: transpose_core::format::OutputIdentity::default(),
        };
        let encoder = format().create(&request).unwrap().blocks().unwrap();
        let (mut out, mut report) = (EncodedBatch::default(), RunReport::default());
        encoder.begin(FileNumber { number: 1, of: 1 }, &mut out.bytes);
        let blocks = Blocks { batch: &batch, chunk: &[], shapes: &shapes, contexts: &contexts };
        encoder.encode(blocks, Numbers::default(), &mut out, &mut report).unwrap();
        assert_eq!(out.marks.last().map(|(end, _)| *end as usize), Some(out.bytes.len()));
        (String::from_utf8(out.bytes).unwrap(), report)
    }

    fn losses(report: &RunReport) -> Vec<String> {
        let lines = report.loss.iter();
        lines
            .map(|(change, subject, entry)| {
                format!("{} {subject} {}: {}", change.name(), entry.count, entry.reason)
            })
            .collect()
    }

    #[test]
    fn rows_hold_everything_that_a_usage_refers_to() {
        let (text, report) = written(
            &READS,
            &[
                (0, None, &["Album", "~"]),
                (1, None, &["One", "GBAAA0000001"]),
                (1, None, &["Two", "~"]),
                (3, Some(2), &["Work"]),
                (2, Some(1), &["2", "0.5", "~"]),
                (2, Some(2), &["3", "~", "~"]),
                (2, Some(0), &["1", "~", "~"]),
            ],
        );
        let expected = "context.currency,release.title,recording.isrc,recording.title,work.title,usage.quantity,usage.price\n\
                        EUR,Album,GBAAA0000001,One,,2,0.5\nEUR,Album,,Two,Work,3,\nEUR,Album,,,,1,\n";
        assert_eq!(text, expected);
        assert_eq!(losses(&report), [""; 0]);
        let amounts = &report.ledger.written;
        assert_eq!((amounts.rows, amounts.plays.to_string(), amounts.money.len()), (3, "6".to_owned(), 1));
    }

    #[test]
    fn a_usage_without_reference_means_the_only_recording() {
        let alone: &[EntityValues<'_>] = &[(0, None, &["A"]), (1, None, &["One"]), (2, None, &["1"])];
        assert!(written(&READS, alone).0.ends_with("\nEUR,A,,One,,1,\n"));
        let several: &[EntityValues<'_>] = &[(1, None, &["One"]), (1, None, &["Two"]), (2, None, &["1"])];
        let (text, report) = written(&READS, several);
        assert!(text.ends_with("\nEUR,,,,,1,\n"), "{text}");
        assert_eq!(losses(&report), ["lost recording.title 2: no usage refers to it"]);
        assert!(written(&READS, &[(2, Some(9), &["1"])]).0.ends_with("\nEUR,,,,,1,\n"));
    }

    #[test]
    fn absent_empty_and_zero_are_three_things() {
        for (value, cell) in [("~", ""), ("", "\"\""), ("0", "0")] {
            let (text, _) = written(&READS, &[(1, None, &[value, value]), (2, Some(0), &["1", "~"])]);
            assert!(text.ends_with(&format!("\nEUR,,{cell},{cell},,1,\n")), "{text}");
        }
    }

    #[test]
    fn cells_are_quoted_and_lists_escaped_only_where_they_must() {
        for (value, single, list) in [
            ("=1+1", "=1+1", "=1+1"),
            (" a ", " a ", " a "),
            ("a,b", "\"a,b\"", "\"a,b\""),
            ("a\nb", "\"a\nb\"", "\"a\nb\""),
            ("a\rb", "\"a\rb\"", "\"a\rb\""),
            ("\"", "\"\"\"\"", "\"\"\"\""),
            ("a|b\\c", "a|b\\c", "a\\|b\\\\c"),
            ("é\u{1f3b5}", "é\u{1f3b5}", "é\u{1f3b5}"),
        ] {
            let (text, _) = written(&READS, &[(1, None, &[value, value]), (2, Some(0), &["1", "~"])]);
            assert!(text.ends_with(&format!("\nEUR,,{list},{single},,1,\n")), "{text}");
        }
        let (text, report) = written(&READS, &[(1, None, &["a;b", "x,;y|z;"]), (2, Some(0), &["1", "~"])]);
        assert!(text.ends_with("\nEUR,,\"x,|y\\|z|\",a,,1,\n"), "{text}");
        assert_eq!(losses(&report), ["shortened recording.title 1: the column takes one value"]);
    }

    #[test]
    fn what_no_row_holds_is_counted() {
        let (_, report) = written(
            &READS,
            &[
                (0, None, &["Album", "~"]),
                (1, None, &["One", "GBAAA0000001;GBAAA0000002"]),
                (3, Some(1), &["First"]),
                (3, Some(1), &["Second"]),
                (1, None, &["Two", "GBAAA0000003"]),
                (2, Some(1), &["1", "~", "free"]),
            ],
        );
        assert_eq!(
            losses(&report),
            [
                "lost recording.isrc 1: no usage refers to it",
                "lost recording.title 1: no usage refers to it",
                "lost work.title 1: a row holds the first work of a recording that was used",
                "lost usage.promotion 1: the version of the source has no place for it",
            ]
        );
    }

    #[test]
    fn a_part_of_a_release_is_no_release_of_recordings() {
        let entities: &[EntityValues<'_>] = &[
            (0, None, &["Album", "~"]),
            (0, None, &["Side A", "A1;A2"]),
            (1, None, &["One"]),
            (2, Some(1), &["1"]),
            (2, Some(2), &["1"]),
        ];
        assert!(written(&READS, entities).0.ends_with("\nEUR,Side A,,,,1,\nEUR,Album,,One,,1,\n"));
    }

    #[test]
    fn a_row_of_one_empty_cell_is_no_blank_line() {
        let header = Entity::default();
        let request = EncodeRequest {
            version: None,
            options: &[],
            header: &header,
            contexts: &[],
            shapes: &shapes()[2..3],
            reads: [Field::PROMOTION].into_iter().collect(),
            terms: None,
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
            identity: transpose_core::format::OutputIdentity::default(),
        };
        let writer = Writer::new(&request, &Options::default());
        let mut batch = BlockBatch::default();
        batch.begin_block(Span::ABSENT, 0);
        batch.push_entity(0, 3, 0);
        batch.end_block(0);
        let blocks = Blocks { batch: &batch, chunk: &[], shapes: request.shapes, contexts: &[] };
        let (mut out, mut report) = (EncodedBatch::default(), RunReport::default());
        writer.encode(blocks, Numbers::default(), &mut out, &mut report).unwrap();
        assert_eq!(out.bytes, b"\"\"\n");
    }

    #[test]
    fn heading_may_be_left_out() {
        let header = Entity::default();
        let create = |options: &[(String, String)]| {
            let reads = READS.into_iter().collect();
            let now = Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap();
            let (version, terms) = (None, None);
            let request = EncodeRequest {
                version,
                options,
                header: &header,
                contexts: &[],
                shapes: &[],
                reads,
                terms,
                now,
                identity: transpose_core::format::OutputIdentity::default(),
            };
            let mut out = Vec::new();
            format().create(&request).map(|created| {
                (created.encoder().begin(FileNumber { number: 1, of: 1 }, &mut out).lines, out)
            })
        };
        let option = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert_eq!(create(&option("heading", "false")).unwrap(), (0, Vec::new()));
        assert_eq!(create(&[]).unwrap().0, 1);
        assert_eq!(
            create(&option("headings", "false")).unwrap_err().failure,
            transpose_core::diagnostics::Failure::Use
        );
    }

    #[test]
    fn sums_of_plays_drop_what_only_plays_have() {
        let mut reads = READS.to_vec();
        reads.extend([Field::EVENT_ID, Field::PLAN]);
        let shapes = shapes();
        let request = EncodeRequest {
            version: None,
            options: &[],
            header: &Entity::default(),
            contexts: &[],
            shapes: &shapes,
            reads: reads.into_iter().collect(),
            terms: None,
            now: Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap(),
            identity: transpose_core::format::OutputIdentity::default(),
        };
        let drops = Writer::new(&request, &Options::default()).drops(request.reads, &["Own".into()]);
        let drops: Vec<String> =
            drops.iter().map(|(subject, reason)| format!("{subject}: {reason}")).collect();
        assert_eq!(
            drops,
            [
                "context.plan: aggregates do not carry it",
                "context.currency: aggregates do not carry it",
                "event.id: a row aggregates many plays",
                "Own: the model has no field for it",
            ]
        );
    }
}
