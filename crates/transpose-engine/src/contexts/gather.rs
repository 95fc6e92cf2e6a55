//! Sales contexts of tables of sums.
//!
//! A message lists its sales contexts before its usages, and targets want to know them before
//! anything else. A table of sums reports in each row where and how something was used. So such
//! inputs are read before they are converted: the contexts that differ are gathered with what was
//! used in them, and put in order. In the conversion each usage gets the number of its context, and
//! the columns that made it are taken out of its shape.
//!
//! A context is known by the bytes of its cells, so a row costs one look-up, and none where it has
//! the context of the row before.
//!
//! **Several inputs.** Tables of one sender to one recipient, such as the months of a statement,
//! are one report: their rows follow each other in the order of the inputs. The period is from the
//! first day of the first to the last day of the last; what else their heads do not agree on is
//! left out and reported. What a head says about the sales context holds for the rows of its own
//! table.

use crate::contexts::total::UsageSum;
use crate::diagnostics;
use crate::scan::chunks::{DecodedChunk, Reading, scan};
use crate::scan::open::{name_source, open_blocks};
use crate::scan::ordered::Flow;
use crate::scan::rescan;
use crate::storage::varint::{put, put_text, take, take_text};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use transpose_codes::duration::Duration;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{BlockDecoder, Format, Grain, Preamble};
use transpose_core::model::{
    Block, BlockBatch, Blocks, Cell, Entity, EntityRef, EntityRow, Field, FieldSet, Group, Shape, Slot, Value,
};
use transpose_io::Input;

transpose_core::codes! {
    /// More sales contexts than a report can have.
    pub TOO_MANY_CONTEXTS: "ENG0601" "too-many-contexts" Error
        "Each combination of territory, service, currency and the like is a sales context, and the table has more of them than are held in memory. A column that differs from row to row is no part of a sales context."
        "Check that the layout gives columns the right fields; convert a part of the rows at a time."
    /// Heads of tables that do not agree.
    pub HEADS_DIFFER: "ENG0602" "heads-differ" Info
        "Tables that are converted together have one head. What they do not agree on, such as the identifier of a statement, has no place in it; the period is from the first day of the first to the last day of the last."
        "Convert the tables one at a time if the value is needed."
    /// Tables of different parties.
    pub OTHER_PARTIES: "ENG0603" "other-parties" Error
        "Tables are converted together only if they have one sender and one recipient; otherwise usages could not be attributed."
        "Convert the tables one at a time."
}

/// How many sales contexts there may be.
const MOST: usize = 1 << 18;

/// Fields of the head that tables have to agree on to be one report.
const PARTIES: [Field; 6] = [
    Field::SENDER_ID,
    Field::SENDER_NAME,
    Field::RECIPIENT_ID,
    Field::RECIPIENT_NAME,
    Field::PARTNER,
    Field::PARTNER_NAME,
];

/// Where the usages of a shape have their sales context, and what is summed for it.
struct Columns {
    context: Vec<(usize, Field)>,
    quantity: Option<usize>,
    duration: Option<usize>,
}

/// How the sales contexts of a table are reported.
pub(crate) struct ContextPlan {
    shapes: Vec<Option<Columns>>,
    /// What the head says about the sales context of every row.
    head: Entity,
}

impl ContextPlan {
    /// The plan for a source of a format; nothing for one that is no table of sums, or lists its
    /// sales contexts itself.
    pub(crate) fn new(format: &dyn Format, preamble: &Preamble) -> Option<Self> {
        let manifest = format.manifest();
        let in_rows = manifest.traits.contexts_in_rows && manifest.grain == Grain::Aggregate;
        if !in_rows || !preamble.contexts.is_empty() {
            return None;
        }
        let usages = |shape: &Shape| (shape.group == Group::Usage).then(|| columns(shape));
        let mut head = Entity::default();
        head.fill_from(&preamble.header, Group::Context);
        Some(Self { shapes: preamble.shapes.iter().map(usages).collect(), head })
    }

    /// Writes what reports the sales context of a usage; answers false for what is none.
    #[inline]
    fn key(&self, entity: EntityRef<'_>, out: &mut Vec<u8>) -> bool {
        let shape = entity.shape_index();
        let Some(Some(columns)) = self.shapes.get(shape) else { return false };
        out.clear();
        put(shape as u64, out);
        for (column, _) in &columns.context {
            match entity.cell(*column) {
                Cell::Absent => out.push(ABSENT),
                Cell::One(text) => {
                    out.push(ONE);
                    put_text(text, out);
                }
                Cell::Many(list) => {
                    out.push(MANY);
                    put(list.iter().len() as u64, out);
                    list.iter().for_each(|text| put_text(text, out));
                }
            }
        }
        true
    }

    /// The sales context that a key reports.
    fn context(&self, mut key: &[u8]) -> Option<Entity> {
        let text = |key: &mut &[u8]| take_text(key).map(|text| String::from_utf8_lossy(text).into());
        let shape = take(&mut key)? as usize;
        let mut context = Entity::default();
        for (_, field) in &self.shapes.get(shape)?.as_ref()?.context {
            let (kind, rest) = key.split_first()?;
            key = rest;
            match *kind {
                ONE => context.set(*field, Value::One(text(&mut key)?)),
                MANY => {
                    let count = take(&mut key)?;
                    let texts = (0..count).map(|_| text(&mut key)).collect::<Option<Vec<_>>>()?;
                    context.set(*field, Value::Many(texts));
                }
                _ => {}
            }
        }
        context.fill_from(&self.head, Group::Context);
        Some(context)
    }
}

fn columns(shape: &Shape) -> Columns {
    let context = shape.columns.iter().enumerate().filter_map(|(column, slot)| match slot {
        Slot::Field(field) if field.group() == Group::Context => Some((column, *field)),
        _ => None,
    });
    Columns {
        context: context.collect(),
        quantity: shape.column(Field::QUANTITY),
        duration: shape.column(Field::USAGE_DURATION),
    }
}

const ABSENT: u8 = 0;
const ONE: u8 = 1;
const MANY: u8 = 2;

/// What was used in a sales context.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContextTotal {
    usages: UsageSum,
    micros: i64,
    /// Whether the table says how long was played.
    timed: bool,
}

impl ContextTotal {
    fn merge(&mut self, other: &Self) -> Result<(), Fatal> {
        self.usages.merge(&other.usages);
        self.timed |= other.timed;
        self.micros =
            self.micros.checked_add(other.micros).ok_or_else(|| diagnostics::overflow("durations"))?;
        Ok(())
    }

    /// How many usages there are.
    pub(crate) fn rows(&self) -> u64 {
        self.usages.usages
    }

    /// Writes the totals into their context, where it has none of its own.
    pub(crate) fn total(&self, context: &mut Entity) -> Result<(), Fatal> {
        let sum = self.usages.sum().ok_or_else(|| diagnostics::overflow("usages"))?;
        context.set_default(Field::TOTAL_USAGES, sum.to_string());
        if self.timed {
            let mut text = Vec::new();
            Duration::from_micros(self.micros).write_iso(&mut text);
            context.set_default(Field::TOTAL_DURATION, String::from_utf8_lossy(&text).into_owned());
        }
        Ok(())
    }
}

/// Numbers keys as they are met, without an allocation for those that are known.
#[derive(Default)]
struct ContextKeys {
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
    key: Vec<u8>,
    /// The key before, with its number: neighbours are mostly of one context.
    last: Option<(Vec<u8>, u32)>,
}

impl ContextKeys {
    /// The number of the key at hand; `new` gives it when the key is met for the first time.
    #[inline]
    fn number(&mut self, new: impl FnOnce(&[u8]) -> Result<u32, Fatal>) -> Result<u32, Fatal> {
        if let Some((_, number)) = self.last.as_ref().filter(|(last, _)| *last == self.key) {
            return Ok(*number);
        }
        let number = if let Some(number) = self.numbers.get(self.key.as_slice()) {
            *number
        } else {
            if self.numbers.len() >= MOST {
                return Err(too_many());
            }
            let number = new(&self.key)?;
            self.numbers.insert(self.key.as_slice().into(), number);
            number
        };
        let (last, known) = self.last.get_or_insert_default();
        last.clone_from(&self.key);
        *known = number;
        Ok(number)
    }
}

/// One worker's part of the first reading.
#[derive(Default)]
pub(crate) struct ContextGatherer {
    keys: ContextKeys,
    sums: Vec<ContextTotal>,
}

impl ContextGatherer {
    /// Adds the usages of a chunk.
    pub(crate) fn add(&mut self, plan: &ContextPlan, blocks: Blocks<'_>) -> Result<(), Fatal> {
        for usage in blocks.iter().flat_map(Block::entities) {
            if !plan.key(usage, &mut self.keys.key) {
                continue;
            }
            let number = self.keys.number(|_| {
                self.sums.push(ContextTotal::default());
                Ok(self.sums.len() as u32 - 1)
            })?;
            let columns = plan.shapes.get(usage.shape_index()).and_then(Option::as_ref);
            let (Some(sum), Some(columns)) = (self.sums.get_mut(number as usize), columns) else { continue };
            let cell = |column: Option<usize>| column.and_then(|column| usage.cell(column).first());
            sum.usages.add(cell(columns.quantity));
            if let Some(micros) = cell(columns.duration).and_then(Duration::iso_micros) {
                sum.timed = true;
                sum.micros =
                    sum.micros.checked_add(micros).ok_or_else(|| diagnostics::overflow("durations"))?;
            }
        }
        Ok(())
    }

    /// Adds what was found to what others have found.
    pub(crate) fn merge_into(
        self,
        plan: &ContextPlan,
        all: &mut BTreeMap<Entity, ContextTotal>,
    ) -> Result<(), Fatal> {
        for (key, number) in self.keys.numbers {
            let Some(sum) = self.sums.get(number as usize) else { continue };
            let context = plan.context(&key).ok_or_else(no_context)?;
            if all.len() >= MOST && !all.contains_key(&context) {
                return Err(too_many());
            }
            all.entry(context).or_default().merge(sum)?;
        }
        Ok(())
    }
}

fn no_context() -> Fatal {
    diagnostics::bug("a key of no sales context")
}

#[cold]
fn too_many() -> Fatal {
    let message = format!("the table has more than {MOST} sales contexts");
    Fatal::input(Diagnostic::new(&TOO_MANY_CONTEXTS, Location::default(), message))
}

/// The sales contexts of all inputs.
pub(crate) struct GatheredContexts {
    /// The inputs as they are to be read from now on.
    pub(crate) again: Vec<Input>,
    /// For each input how its sales contexts are reported.
    plans: Vec<Option<ContextPlan>>,
    numbers: BTreeMap<Entity, u32>,
    /// The contexts in order, with their totals.
    pub(crate) contexts: Vec<Entity>,
    /// The head of the report.
    pub(crate) header: Entity,
    /// The shapes without the columns of contexts.
    pub(crate) shapes: Vec<Shape>,
    /// What was noteworthy.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl GatheredContexts {
    /// Header, sales contexts and shapes.
    pub(crate) fn parts(&self) -> (&Entity, &Vec<Entity>, &Vec<Shape>) {
        (&self.header, &self.contexts, &self.shapes)
    }
}

/// How inputs are read before they are converted.
pub(crate) struct ContextGathering<'a> {
    pub(crate) source: &'a dyn Format,
    pub(crate) options: &'a [(String, String)],
    pub(crate) reading: Reading,
}

/// An input with its decoder, which has read nothing but the head.
pub(crate) type OpenedInput<'a> = (&'a Input, Box<dyn BlockDecoder>);

impl ContextGathering<'_> {
    /// Reads tables; answers nothing for other sources.
    pub(crate) fn gather_contexts(
        &self,
        files: &[OpenedInput<'_>],
    ) -> Result<Option<GatheredContexts>, Fatal> {
        let plans: Vec<Option<ContextPlan>> =
            files.iter().map(|(_, decoder)| ContextPlan::new(self.source, decoder.preamble())).collect();
        let Some((_, first)) = files.first().filter(|_| plans.iter().any(Option::is_some)) else {
            return Ok(None);
        };
        let mut all = BTreeMap::new();
        let mut again = Vec::with_capacity(files.len());
        for ((input, _), plan) in files.iter().zip(&plans) {
            if let Some(plan) = plan {
                self.gather(input, plan, &mut all).map_err(|mut fatal| {
                    name_source(&mut fatal.diagnostics, input);
                    fatal
                })?;
            }
            let why = "the sales contexts of a table are gathered before it is converted";
            again.push(rescan::reopen(input, self.reading, why)?);
        }
        let (mut contexts, mut numbers) = (Vec::with_capacity(all.len()), BTreeMap::new());
        for (number, (context, sum)) in (0_u32..).zip(all) {
            let mut summed = context.clone();
            sum.total(&mut summed)?;
            contexts.push(summed);
            numbers.insert(context, number);
        }
        let shapes = first.preamble().shapes.iter().map(without_context).collect();
        let (header, diagnostics) = head(files);
        Ok(Some(GatheredContexts { again, plans, numbers, contexts, header, shapes, diagnostics }))
    }

    /// Reads a table from end to end. What keeps rows from being read is reported when they are
    /// converted.
    fn gather(
        &self,
        input: &Input,
        plan: &ContextPlan,
        all: &mut BTreeMap<Entity, ContextTotal>,
    ) -> Result<(), Fatal> {
        // A decoder may keep sums of what it has read, so the one of the conversion stays fresh.
        let decoder = open_blocks(self.source, input, self.options)?;
        let decoder = decoder.as_ref();
        let shapes = &decoder.preamble().shapes;
        let mut workers: Vec<ContextGatherer> =
            (0..self.reading.threads.max(1)).map(|_| ContextGatherer::default()).collect();
        scan(input, decoder, self.reading, &Flow::default(), &mut workers, &|worker, decoded| {
            let DecodedChunk { bytes, batch, .. } = decoded;
            worker.add(plan, Blocks { batch: &batch.blocks, chunk: bytes, shapes, contexts: &[] })
        })?;
        input.release(u64::MAX);
        workers.into_iter().try_for_each(|worker| worker.merge_into(plan, all))
    }
}

fn without_context(shape: &Shape) -> Shape {
    let of_context = |slot: &Slot| matches!(slot, Slot::Field(field) if field.group() == Group::Context);
    let columns = shape.columns.iter();
    let columns = columns.map(|slot| if of_context(slot) { Slot::Structure } else { slot.clone() });
    Shape { columns: columns.collect(), ..shape.clone() }
}

/// One worker's part of the conversion of an input.
#[derive(Default)]
pub(crate) struct ContextPlacer {
    keys: ContextKeys,
    contexts: Vec<u32>,
}

impl ContextPlacer {
    /// Gives the usages of a chunk of an input their sales contexts.
    pub(crate) fn place(
        &mut self,
        gathered: &GatheredContexts,
        input: usize,
        batch: &mut BlockBatch,
        chunk: &[u8],
    ) -> Result<(), Fatal> {
        let Some(Some(plan)) = gathered.plans.get(input) else { return Ok(()) };
        self.contexts.clear();
        let blocks = Blocks { batch, chunk, shapes: &gathered.shapes, contexts: &[] };
        for usage in blocks.iter().flat_map(Block::entities) {
            let mut number = EntityRow::NONE;
            if plan.key(usage, &mut self.keys.key) {
                number = self.keys.number(|key| {
                    let number =
                        plan.context(key).and_then(|context| gathered.numbers.get(&context).copied());
                    number.ok_or_else(no_context)
                })?;
            }
            self.contexts.push(number);
        }
        batch.set_contexts(&self.contexts);
        Ok(())
    }
}

/// The inputs as one report, refused where they are of different parties or have different columns.
pub(crate) fn together(files: &[OpenedInput<'_>]) -> Result<(), Fatal> {
    let [(first, one), rest @ ..] = files else { return Ok(()) };
    let one = one.preamble();
    let mut diagnostics = Vec::new();
    for (input, other) in rest {
        let two = other.preamble();
        let place = || Location { source: Some(input.name().into()), ..Location::default() };
        for field in PARTIES.into_iter().filter(|field| one.header.value(*field) != two.header.value(*field))
        {
            let message = format!("`{field}` is not that of `{}`", first.name());
            diagnostics.push(Diagnostic::new(&OTHER_PARTIES, place(), message));
        }
        if one.shapes != two.shapes {
            let message = format!("the columns of the table are not those of `{}`", first.name());
            diagnostics.push(Diagnostic::new(&diagnostics::FILES_DISAGREE, place(), message));
        }
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(Fatal { failure: Failure::Input, diagnostics }) }
}

/// The head of the report that tables make together, with what they do not agree on.
pub(crate) fn head(files: &[OpenedInput<'_>]) -> (Entity, Vec<Diagnostic>) {
    let heads = || files.iter().map(|(_, decoder)| &decoder.preamble().header);
    let mut head = heads().next().cloned().unwrap_or_default();
    let mut diagnostics = Vec::new();
    let all = heads().fold(FieldSet::EMPTY, |all, head| all.union(head.fields()));
    for field in all.iter() {
        if field.group() == Group::Context {
            head.unset(field);
            continue;
        }
        let first = head.value(field);
        if heads().all(|other| other.value(field) == first) {
            continue;
        }
        let texts = heads().filter_map(|other| other.text(field));
        match field {
            Field::PERIOD_START => set(&mut head, field, texts.min()),
            Field::PERIOD_END => set(&mut head, field, texts.max()),
            _ => {
                head.unset(field);
                let message = format!("`{field}` differs between the tables and is left out");
                diagnostics.push(Diagnostic::new(&HEADS_DIFFER, Location::default(), message));
            }
        }
    }
    let extras: Vec<Box<str>> = head.extras.keys().cloned().collect();
    for name in
        extras.iter().filter(|name| heads().any(|other| other.extras.get(*name) != head.extras.get(*name)))
    {
        diagnostics.push(Diagnostic::new(
            &HEADS_DIFFER,
            Location::default(),
            format!("`{name}` differs between the tables and is left out"),
        ));
    }
    head.extras.retain(|name, value| heads().all(|other| other.extras.get(name) == Some(value)));
    (head, diagnostics)
}

fn set(head: &mut Entity, field: Field, text: Option<&str>) {
    if let Some(text) = text {
        head.set(field, text);
    }
}
