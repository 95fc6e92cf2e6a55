//! What an input holds, without converting it: for `inspect`, `plan` and `init`.

use crate::aggregate::interner::{Interner, Key as _, hash};
use crate::aggregate::row_keys::KeyedRows;
use crate::contexts::gather::{ContextGatherer, ContextPlan};
use crate::diagnostics;
use crate::run::message;
use crate::scan::chunks::{DecodedChunk, Reading, scan};
use crate::scan::open::open;
use crate::scan::ordered::{Flow, OrderedConsumer};
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::sync::Mutex;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{Dimension, Format, Opened, Preamble, Projection, Tally};
use transpose_core::model::{
    Block, Blocks, Cell, Entity, EntityRef, Field, FieldSet, Group, Shape, Slot, Value,
};
use transpose_io::Input;
use transpose_sync::{into_inner, lock};

/// What an input holds.
#[derive(Debug)]
pub struct Survey {
    /// What is known before the body.
    pub preamble: Preamble,
    /// Lines, blocks and usages, or rows.
    pub tally: Tally,
    /// Rows that could not be read.
    pub rejects: u64,
    /// The first and last moment of an event, in microseconds since 1970 UTC.
    pub times: Option<(i64, i64)>,
    /// For a source of events, each combination of what decides the sales context, with its rows;
    /// for a table of sums its sales contexts with their totals and rows.
    pub contexts: BTreeMap<Entity, u64>,
    /// The first rows or blocks, entity by entity.
    pub first: Vec<(Group, Entity)>,
    /// What was found.
    pub diagnostics: Diagnostics,
}

/// What is shown instead of personal data.
const WITHHELD: &str = "(withheld)";

/// Fields that usually decide the sales context.
const CONTEXT: [Field; 3] = [Field::TERRITORY, Field::SERVICE, Field::PLAN];

/// Reads an input from end to end; keeps the first `rows` rows or entities.
pub fn survey(
    input: &Input,
    format: &dyn Format,
    options: &[(String, String)],
    reading: Reading,
    rows: usize,
) -> Result<Survey, Fatal> {
    let mut opened = open(format, input, options)?;
    let reads = opened.preamble().reads;
    let mut fields: Vec<Field> = Vec::new();
    if let Opened::Events(decoder) = &mut opened {
        fields = reads.iter().collect();
        let context: FieldSet = CONTEXT.into_iter().filter(|field| reads.contains(*field)).collect();
        let row = fields.clone();
        decoder.project(&Projection { context, row, time: true, duration: true, ..Projection::default() })?;
    }
    let decoder = opened.decoder();
    let event_decoder = match &opened {
        Opened::Events(decoder) => Some(decoder.as_ref()),
        Opened::Blocks(_) => None,
    };
    let preamble = decoder.preamble().clone();
    let plan = ContextPlan::new(format, &preamble);
    let flow = Flow::default();
    let state = RandomState::default();
    let first = Mutex::new(Vec::new());
    let mut workers: Vec<SurveyWorker> =
        (0..reading.threads.max(1)).map(|_| SurveyWorker::default()).collect();
    let trailers = Mutex::new(Vec::new());
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(preamble.diagnostics.iter().cloned());
    let consumer = OrderedConsumer::new(reading.threads * 4, |later| {
        diagnostics.merge(later);
        Ok(())
    });
    let scanned = scan(input, decoder, reading, &flow, &mut workers, &|worker, decoded| {
        let DecodedChunk { number, bytes, batch, report, .. } = decoded;
        lock(&trailers).extend_from_slice(&batch.trailers);
        worker.rejects += batch.rejects.len() as u64;
        let mut found: RunReport = report;
        found.diagnostics.extend(batch.rejects.iter().map(|reject| reject.diagnostic.clone()));
        found.diagnostics.sort_by_line();
        consumer.submit(number, found.diagnostics, &flow)?;
        let events = &batch.events;
        let table = KeyedRows { events, bytes, space: 0 };
        for (index, row) in events.rows.iter().enumerate() {
            worker.times = Some(
                worker
                    .times
                    .map_or((row.time, row.time), |(from, to)| (from.min(row.time), to.max(row.time))),
            );
            let key = table.context(index);
            let hash = hash(&state, &key);
            let known = worker.keys.find_one(hash, &key);
            if let Some((_, count)) = worker.contexts.get_mut(known as usize) {
                *count += 1;
                continue;
            }
            let runs: Vec<&[u8]> = key.runs().collect();
            let mut entity = Entity::default();
            let mut set =
                |field, value: &[u8]| entity.set(field, String::from_utf8_lossy(value).into_owned());
            if let Some(decoder) = event_decoder {
                decoder.resolve_key(Dimension::Context, &runs, &mut set, &mut Vec::new());
            }
            worker.keys.insert(hash, &key, None).ok_or_else(diagnostics::too_many_distinct)?;
            worker.contexts.push((entity, 1));
        }
        let blocks = Blocks {
            batch: &batch.blocks,
            chunk: bytes,
            shapes: &preamble.shapes,
            contexts: &preamble.contexts,
        };
        if let Some(plan) = &plan {
            worker.sums.add(plan, blocks)?;
        }
        if number == 0 {
            let mut first = lock(&first);
            for cells in events.cells.chunks_exact(events.row_cells.max(1)).take(rows) {
                let mut entity = Entity::default();
                let mut scratch = Vec::new();
                for (field, cell) in fields.iter().zip(cells) {
                    let raw = cell.bytes(bytes, &events.arena);
                    let canonical =
                        event_decoder.map(|decoder| decoder.canonical_cell(*field, raw, &mut scratch));
                    if matches!(canonical, Some(Ok(true))) {
                        let text = String::from_utf8_lossy(&scratch).into_owned();
                        entity.set(*field, if field.is_personal() { WITHHELD.to_owned() } else { text });
                    }
                }
                first.push((Group::Event, entity));
            }
            for entity in blocks.iter().flat_map(Block::entities).take(rows) {
                let Some(shape) = entity.shape() else { continue };
                first.push((shape.group, owned(entity, shape)));
            }
        }
        Ok(())
    })?;
    drop(consumer);
    let mut survey = Survey {
        tally: scanned.tally(decoder),
        preamble,
        rejects: 0,
        times: None,
        contexts: BTreeMap::new(),
        first: into_inner(first),
        diagnostics,
    };
    let mut sums = BTreeMap::new();
    for worker in workers {
        if let Some(plan) = &plan {
            worker.sums.merge_into(plan, &mut sums)?;
        }
        survey.rejects += worker.rejects;
        if let Some((from, to)) = worker.times {
            survey.times =
                Some(survey.times.map_or((from, to), |(first, last)| (first.min(from), last.max(to))));
        }
        for (entity, count) in worker.contexts {
            *survey.contexts.entry(entity).or_default() += count;
        }
    }
    for (mut context, sum) in sums {
        sum.total(&mut context)?;
        *survey.contexts.entry(context).or_default() += sum.rows();
    }
    let mut trailers = into_inner(trailers);
    trailers.sort_by_key(|(line, _)| *line);
    // One file of several says nothing about the whole message that could be checked here.
    let none_before = Tally::default();
    let last = match &opened {
        Opened::Blocks(decoder) if decoder.preamble().part.is_none_or(|part| part.of == 1) => {
            Some((decoder.as_ref(), &none_before))
        }
        _ => None,
    };
    survey.diagnostics.extend(message::closing(decoder, &trailers, &scanned, &survey.tally, last));
    survey.diagnostics.name_source(&input.name().into());
    Ok(survey)
}

#[derive(Default)]
struct SurveyWorker {
    rejects: u64,
    times: Option<(i64, i64)>,
    keys: Interner,
    /// For each key what it means and how often it was there.
    contexts: Vec<(Entity, u64)>,
    /// Of a table of sums what was used in its sales contexts.
    sums: ContextGatherer,
}

/// An entity of a block as values of its own.
pub fn owned(entity: EntityRef<'_>, shape: &Shape) -> Entity {
    let mut out = Entity::from_record(&shape.record);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (column, slot) in shape.columns.iter().enumerate() {
        let value = match entity.cell(column) {
            Cell::Absent => continue,
            Cell::One(bytes) => Value::from(text(bytes)),
            Cell::Many(list) => Value::Many(list.iter().map(|bytes| text(bytes).into()).collect()),
        };
        match slot {
            Slot::Field(field) => out.set(*field, value),
            Slot::Extra(name) => {
                out.extras.insert(name.clone(), value);
            }
            Slot::Structure => {}
        }
    }
    out
}
