//! Everything that a format makes of an input, as owned values: small inputs only.
//!
//! The input is read here as one chunk and without the engine, so that a snapshot shows the
//! decoder's work and nothing else.

use crate::framed;
use std::collections::BTreeSet;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{CellDiagnostic, Diagnostic, Fatal, Reject, Severity};
use transpose_core::format::{
    Batch, BytesHead, Chunk, EventDecoder, Format, IndexOutcome, Opened, Origin, Preamble, Projection, Tally,
};
use transpose_core::model::{Blocks, Entity, EntityRef, Field, FieldSet, Group};
use transpose_engine::inspect::owned;

/// One entity of a block.
#[derive(Clone, Debug)]
pub struct EntityText {
    /// What it describes.
    pub group: Group,
    /// Its values.
    pub entity: Entity,
    /// What it belongs to, as an index of the block's parts.
    pub parent: Option<usize>,
    /// The index of its sales context.
    pub context: Option<usize>,
    /// Its line, from 1.
    pub line: u64,
}

/// One event or one block.
#[derive(Clone, Debug)]
pub enum Unit {
    /// A play or sale.
    Event {
        /// Its line, from 1.
        line: u64,
        /// Its values.
        entity: Entity,
        /// What is wrong with its cells.
        cell_diagnostics: Vec<CellDiagnostic>,
    },
    /// A block.
    Block {
        /// Its own identifier.
        id: Option<String>,
        /// What it holds, in order.
        parts: Vec<EntityText>,
    },
}

/// Everything that a format makes of an input.
pub struct Canonical {
    /// What is known before the body.
    pub preamble: Preamble,
    /// The events or blocks, in order.
    pub units: Vec<Unit>,
    /// The rows or blocks that cannot be converted.
    pub rejects: Vec<Reject>,
    /// The closing records, with their lines.
    pub trailers: Vec<(u64, Entity)>,
    /// What was found in head, body and end.
    pub diagnostics: Vec<Diagnostic>,
    /// Lines, blocks and usages.
    pub tally: Tally,
}

impl Canonical {
    /// Reads an input that is wholly in memory and not compressed.
    pub fn read(
        format: &dyn Format,
        name: &str,
        bytes: &[u8],
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let (bytes, notes) = framed::text(format, name, bytes)?;
        let bytes = &*bytes;
        let mut opened = format.open(&mut BytesHead { name, bytes }, options)?;
        let fields: Vec<Field> = opened.preamble().reads.iter().collect();
        if let Opened::Events(decoder) = &mut opened {
            let row = fields.clone();
            decoder.project(&Projection { row, time: true, duration: true, ..Projection::default() })?;
        }
        let decoder = opened.decoder();
        let preamble = decoder.preamble().clone();
        let body = bytes.get(usize::try_from(preamble.body).unwrap_or(usize::MAX)..).unwrap_or(&[]);
        let chunk = Chunk { bytes: body, own: body.len(), last: true };
        let mut worker = decoder.chunks();
        let mut tally =
            Tally { lines: preamble.line - 1, summaries: preamble.contexts.len() as u64, ..Tally::default() };
        // The end of the input is there, so there is never more to wait for.
        if let IndexOutcome::Done { lines, units, usages, .. } = worker.index(chunk, 0) {
            tally.add(Tally { lines, summaries: 0, blocks: units, usages });
        }
        let mut batch = Batch::default();
        let mut report = RunReport::default();
        worker.decode(chunk, Origin { byte: preamble.body, line: preamble.line }, &mut batch, &mut report);
        let mut diagnostics: Vec<Diagnostic> = notes.iter().chain(&preamble.diagnostics).cloned().collect();
        diagnostics.extend(report.diagnostics.iter().cloned());
        decoder.finish(&batch.trailers, &tally, &mut diagnostics);
        let units = match &opened {
            Opened::Events(decoder) => events_of(decoder.as_ref(), &batch, body, &fields),
            Opened::Blocks(decoder) => {
                if preamble.part.is_none_or(|part| part.of == 1) {
                    decoder.finish_message(&batch.trailers, &tally, &mut diagnostics);
                }
                blocks_of(&preamble, &batch, body)
            }
        };
        let Batch { mut rejects, trailers, .. } = batch;
        for diagnostic in
            diagnostics.iter_mut().chain(rejects.iter_mut().map(|reject| &mut reject.diagnostic))
        {
            diagnostic.location.source.get_or_insert_with(|| name.into());
        }
        Ok(Self { preamble, units, rejects, trailers, diagnostics, tally })
    }

    /// The fields that have a value anywhere.
    pub fn fields(&self) -> FieldSet {
        let entities = self.units.iter().flat_map(|unit| match unit {
            Unit::Event { entity, .. } => vec![entity],
            Unit::Block { parts, .. } => parts.iter().map(|part| &part.entity).collect(),
        });
        let all = entities.chain(&self.preamble.contexts).chain(std::iter::once(&self.preamble.header));
        all.fold(FieldSet::EMPTY, |sum, entity| sum.union(entity.fields()))
    }

    /// The cells that only the family understands, by name.
    pub fn extras(&self) -> BTreeSet<&str> {
        let parts = self.units.iter().flat_map(|unit| match unit {
            Unit::Event { entity, .. } => vec![entity],
            Unit::Block { parts, .. } => parts.iter().map(|part| &part.entity).collect(),
        });
        parts
            .chain(&self.preamble.contexts)
            .flat_map(|entity| entity.extras.keys())
            .map(AsRef::as_ref)
            .collect()
    }
}

fn events_of(decoder: &dyn EventDecoder, batch: &Batch, chunk: &[u8], fields: &[Field]) -> Vec<Unit> {
    let events = &batch.events;
    let first = decoder.preamble().line;
    let cells = events.cells.chunks(events.row_cells.max(1));
    let mut scratch = Vec::new();
    let rows = events.rows.iter().zip(cells.map(Some).chain(std::iter::repeat(None)));
    rows.map(|(row, cells)| {
        let mut entity = Entity::default();
        let mut cell_diagnostics = Vec::new();
        for (field, cell) in fields.iter().zip(cells.unwrap_or(&[])) {
            match decoder.canonical_cell(*field, cell.bytes(chunk, &events.arena), &mut scratch) {
                Ok(true) => entity.set(*field, String::from_utf8_lossy(&scratch).into_owned()),
                Ok(false) => {}
                Err(cell_diagnostic) => {
                    // A repaired value is passed on, together with what was wrong with it.
                    if cell_diagnostic.code.severity < Severity::Error && !scratch.is_empty() {
                        entity.set(*field, String::from_utf8_lossy(&scratch).into_owned());
                    }
                    cell_diagnostics.push(cell_diagnostic);
                }
            }
        }
        Unit::Event { line: first + u64::from(row.line), entity, cell_diagnostics }
    })
    .collect()
}

fn blocks_of(preamble: &Preamble, batch: &Batch, chunk: &[u8]) -> Vec<Unit> {
    let blocks =
        Blocks { batch: &batch.blocks, chunk, shapes: &preamble.shapes, contexts: &preamble.contexts };
    let part = |entity: EntityRef<'_>| {
        let shape = entity.shape()?;
        Some(EntityText {
            group: shape.group,
            entity: owned(entity, shape),
            parent: entity.parent(),
            context: entity.context_index(),
            line: preamble.line + u64::from(entity.line()),
        })
    };
    let unit = |block: transpose_core::model::Block<'_>| Unit::Block {
        id: block.id().map(|id| String::from_utf8_lossy(id).into_owned()),
        parts: block.entities().filter_map(part).collect(),
    };
    blocks.iter().map(unit).collect()
}
