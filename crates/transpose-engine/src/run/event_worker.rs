//! What a worker makes of a chunk of events.
//!
//! Without a route the one output gets the chunk as it was decoded, uncopied: this is the hot path
//! of `convert`. With routes each output gets a chunk of its own rows and cells.
//!
//! Invariant: an output with a route gets its rows as if it were the only output and they the only
//! rows, so what is written does not depend on what else the run makes.

use crate::aggregate::row_keys::KeyedRows;
use crate::aggregate::worker::{CountingRules, CountingWorker};
use crate::diagnostics;
use crate::fanout::{RoutingWorker, take_rows};
use crate::filter::period::RowFilter;
use crate::output::spec::Slicing;
use crate::run::encode_events::{EncodedRows, encode_events};
use crate::run::quarantine::quarantined;
use crate::run::reader::{ChunkResult, OutputChunk};
use crate::scan::chunks::DecodedChunk;
use crate::scan::rejects::report_rejects;
use std::collections::BTreeMap;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Fatal, Reject};
use transpose_core::format::{Batch, EventDecoder, EventEncoder};
use transpose_core::model::Field;

/// One worker's state while an input is read.
pub(crate) struct EventWorker<'a> {
    /// What routes its rows, where outputs have routes.
    pub(crate) routing: Option<RoutingWorker<'a>>,
    /// By output what counts its rows, for outputs of aggregates.
    pub(crate) counters: Vec<Option<CountingWorker<'a>>>,
    /// The rows of one output.
    pub(crate) own_rows: Batch,
}

/// What an output wants of the rows of an input.
pub(crate) struct OutputProjection<'a> {
    /// Which cells of a routed row are its own.
    pub(crate) cells: Vec<usize>,
    /// Which of its rows take part.
    pub(crate) filter: RowFilter<'a>,
    /// What decides whether a row counts, for outputs of aggregates.
    pub(crate) rules: Option<CountingRules<'a>>,
    /// What encodes its rows, for outputs of single plays.
    pub(crate) encoder: Option<&'a dyn EventEncoder>,
    /// The fields of the cells that are encoded.
    pub(crate) encoded: &'a [Field],
    /// To which slices of time its rows are divided.
    pub(crate) slicing: Option<Slicing<'a>>,
}

/// What is done with the chunks of one input.
pub(crate) struct ChunkWork<'a> {
    pub(crate) decoder: &'a dyn EventDecoder,
    /// The space of the keys of items.
    pub(crate) space: u32,
    /// Which rows are routed at all, where outputs have routes.
    pub(crate) filter: Option<RowFilter<'a>>,
    /// By output what it wants.
    pub(crate) projections: Vec<OutputProjection<'a>>,
}

impl ChunkWork<'_> {
    /// Makes of a chunk what the outputs want.
    pub(crate) fn chunk(
        &self,
        worker: &mut EventWorker<'_>,
        mut chunk: DecodedChunk<'_>,
    ) -> Result<ChunkResult, Fatal> {
        let EventWorker { routing, counters, own_rows } = worker;
        let Some(routing) = routing else {
            let bytes = chunk.bytes;
            let (report, rejects, encoded) = self.take(0, counters, chunk)?;
            let rejects = quarantined(&rejects, bytes, self.decoder);
            let output = OutputChunk { output: 0, report: RunReport::default(), encoded };
            return Ok(ChunkResult { report, rejects, outputs: vec![output] });
        };
        if let Some(filter) = &self.filter {
            filter.apply(&mut chunk)?;
        }
        let DecodedChunk { number, bytes, origin, numbers, batch, mut report } = chunk;
        report_rejects(&batch.rejects, &mut report);
        let mut rejects: BTreeMap<u32, Reject> =
            batch.rejects.iter().map(|reject| (reject.start, reject.clone())).collect();
        let events = &batch.events;
        let routed = routing.route(KeyedRows { events, bytes, space: self.space })?;
        let mut outputs = Vec::new();
        for (output, rows) in routed.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            let Some(projection) = self.projections.get(output) else { continue };
            take_rows(events, rows, &projection.cells, &mut own_rows.events);
            let report = RunReport::default();
            let own = DecodedChunk { number, bytes, origin, numbers, batch: &mut *own_rows, report };
            let (report, more, encoded) = self.take(output, counters, own)?;
            // A row that several outputs reject is quarantined once.
            for reject in more {
                rejects.entry(reject.start).or_insert(reject);
            }
            outputs.push(OutputChunk { output, report, encoded });
        }
        let rejects: Vec<Reject> = rejects.into_values().collect();
        Ok(ChunkResult { report, rejects: quarantined(&rejects, bytes, self.decoder), outputs })
    }

    /// Has an output count or encode rows.
    fn take(
        &self,
        output: usize,
        counters: &mut [Option<CountingWorker<'_>>],
        mut rows: DecodedChunk<'_>,
    ) -> Result<EncodedRows, Fatal> {
        let Some(projection) = self.projections.get(output) else {
            return Err(diagnostics::bug("rows of no output"));
        };
        let left_out = projection.filter.apply(&mut rows)?;
        if let (Some(Some(worker)), Some(rules)) = (counters.get_mut(output), &projection.rules) {
            let (report, rejects) = worker.count(rows, &left_out, rules)?;
            return Ok((report, rejects, Vec::new()));
        }
        let Some(encoder) = projection.encoder else {
            return Err(diagnostics::bug("an output without a counter"));
        };
        let slicing = projection.slicing.map(|slicing| (slicing, projection.filter));
        encode_events(rows, self.decoder, encoder, projection.encoded, slicing)
    }
}
