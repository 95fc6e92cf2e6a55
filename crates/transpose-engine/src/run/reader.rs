//! The one loop that reads an input of a run.
//!
//! Workers decode chunks and make of each a [`ChunkResult`]; one of them at a time takes the
//! results in the order of the input, so that nothing depends on threads: reports are added up,
//! rejected rows go to the quarantine file, and what was encoded goes to the outputs.
//!
//! Invariant: what is read through here is accounted for once, in the report of the reader or in
//! those of the outputs. A run with one output and no route keeps everything in the reader's
//! report, which becomes the output's in the end.

use crate::diagnostics;
use crate::run::output::OutputInProgress;
use crate::run::quarantine::Quarantine;
use crate::run::{Run, message};
use crate::scan::chunks::{DecodedChunk, ScanTotals, scan};
use crate::scan::open::{name_source, open_blocks, open_events};
use crate::scan::ordered::{Flow, OrderedConsumer};
use std::sync::{Arc, Mutex};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, Severity};
use transpose_core::format::{BlockDecoder, Decoder, EncodedBatch, EventDecoder, Preamble, Tally};
use transpose_core::model::{Entity, FieldSet};
use transpose_io::{Input, OutputSet};
use transpose_sync::{into_inner, lock};

/// What one chunk has come to.
pub(crate) struct ChunkResult {
    /// What was found in it, but for what is an output's own.
    pub(crate) report: RunReport,
    /// Its rejected rows, as they go to the quarantine file.
    pub(crate) rejects: Vec<u8>,
    /// What the outputs made of it.
    pub(crate) outputs: Vec<OutputChunk>,
}

/// What an output made of a chunk.
pub(crate) struct OutputChunk {
    /// The number of the output.
    pub(crate) output: usize,
    pub(crate) report: RunReport,
    /// What was encoded, by the first moment of its slice; 0 where there are no slices.
    pub(crate) encoded: Vec<(i64, EncodedBatch)>,
}

/// What makes a result of a chunk.
type Work<'a, S> = &'a (dyn Fn(&mut S, DecodedChunk<'_>) -> Result<ChunkResult, Fatal> + Sync);

/// Reads the inputs of a run, one after the other.
pub(crate) struct Reader<'a> {
    run: &'a Run<'a>,
    pub(crate) report: RunReport,
    /// The fields that the opened inputs have a place for, as they are.
    pub(crate) reads: FieldSet,
    /// The version of the last input, for formats with versions.
    pub(crate) source_version: Option<String>,
    /// Whether too many rows were rejected.
    pub(crate) gave_up: bool,
    /// How many errors the closing records of the inputs have, counts that are wrong included.
    closing_errors: u64,
    trailers: Vec<(u64, Entity)>,
    quarantine: Option<Quarantine>,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub(crate) fn new(run: &'a Run<'a>) -> Self {
        Self {
            run,
            report: RunReport::default(),
            reads: FieldSet::EMPTY,
            source_version: None,
            gave_up: false,
            closing_errors: 0,
            trailers: Vec::new(),
            quarantine: None,
        }
    }

    /// Opens an input of events, enriched.
    pub(crate) fn open_events(&mut self, input: &Input) -> Result<Box<dyn EventDecoder + 'a>, Fatal> {
        let decoder = open_events(self.run.source.format, input, self.run.source.options)?;
        self.note_head(input, decoder.preamble());
        Ok(self.run.enrichment().of(decoder))
    }

    /// Opens an input of blocks.
    pub(crate) fn open_blocks(&mut self, input: &Input) -> Result<Box<dyn BlockDecoder>, Fatal> {
        let decoder = open_blocks(self.run.source.format, input, self.run.source.options)?;
        self.note_head(input, decoder.preamble());
        Ok(decoder)
    }

    fn note_head(&mut self, input: &Input, preamble: &Preamble) {
        let mut diagnostics = preamble.diagnostics.clone();
        name_source(&mut diagnostics, input);
        self.report.diagnostics.extend(diagnostics);
        self.source_version.clone_from(&preamble.version);
        self.reads = self.reads.union(preamble.reads);
    }

    /// Reads the body of an input; `workers` are the states of the workers, which do the `work`.
    /// Answers nothing when the run gave up.
    pub(crate) fn read<S: Send>(
        &mut self,
        input: &Input,
        decoder: &dyn Decoder,
        workers: &mut [S],
        outputs: &mut [OutputInProgress<'_>],
        work: Work<'_, S>,
    ) -> Result<Option<ScanTotals>, Fatal> {
        let limits = &self.run.limits;
        if let (Some(path), None) = (&limits.quarantine, &self.quarantine) {
            self.quarantine = Some(Quarantine::create(path, limits.overwrite)?);
        }
        let reading = self.run.reading();
        let flow = Flow::default();
        let source: Arc<str> = input.name().into();
        let trailers = Mutex::new(Vec::new());
        let Self { report, quarantine, gave_up, .. } = self;
        let consumer = OrderedConsumer::new(reading.threads * 4, |result: ChunkResult| {
            merge(report, result.report, &source)?;
            if let Some(quarantine) = quarantine.as_mut().filter(|_| !result.rejects.is_empty()) {
                quarantine.append(&result.rejects, decoder)?;
            }
            for chunk in result.outputs {
                let Some(output) = outputs.get_mut(chunk.output) else { continue };
                merge(&mut output.report, chunk.report, &source)?;
                if let Some(slices) = &mut output.slices {
                    for (slice, encoded) in &chunk.encoded {
                        slices.write(*slice, encoded)?;
                    }
                }
            }
            (limits.progress)(input);
            let of_outputs = outputs.iter().map(|output| output.report.ledger.rejects());
            let rejects = report.ledger.rejects() + of_outputs.sum::<u64>();
            if rejects > limits.max_rejects.unwrap_or(u64::MAX) {
                *gave_up = true;
                flow.stop();
            }
            Ok(())
        });
        let scanned = scan(input, decoder, reading, &flow, workers, &|worker, chunk| {
            if !chunk.batch.trailers.is_empty() {
                lock(&trailers).extend_from_slice(&chunk.batch.trailers);
            }
            let number = chunk.number;
            consumer.submit(number, work(worker, chunk)?, &flow)
        });
        drop(consumer);
        let totals = scanned.map_err(|fatal| fatal.in_source(input.name()))?;
        self.trailers = into_inner(trailers);
        self.trailers.sort_by_key(|(line, _)| *line);
        Ok((!self.gave_up).then_some(totals))
    }

    /// Checks the closing records of an input, and those of its message when this is the `last` of
    /// its files, which comes with what the others hold. Answers what the file holds.
    pub(crate) fn finish_input(
        &mut self,
        input: &Input,
        decoder: &dyn Decoder,
        totals: &ScanTotals,
        last: Option<(&dyn BlockDecoder, &Tally)>,
    ) -> Tally {
        let tally = totals.tally(decoder);
        let trailers = std::mem::take(&mut self.trailers);
        let mut found = message::closing(decoder, &trailers, totals, &tally, last);
        name_source(&mut found, input);
        let errors = found.iter().filter(|diagnostic| diagnostic.code.severity == Severity::Error);
        self.closing_errors += errors.count() as u64;
        self.report.diagnostics.extend(found);
        tally
    }

    /// Why nothing may appear of inputs that do not end as they should, if so: a part of a report
    /// would look like a whole one. Rows that cannot be converted refuse the run by themselves.
    pub(crate) fn unclosed(&self, rejects: u64) -> Option<Fatal> {
        if self.closing_errors == 0 || rejects > 0 || self.run.limits.quarantine.is_some() {
            return None;
        }
        let message = match self.closing_errors {
            1 => "the end of the inputs has an error, so a part may be missing".to_owned(),
            many => format!("the end of the inputs has {many} errors, so a part may be missing"),
        };
        Some(Fatal::input(Diagnostic::new(&diagnostics::UNCLOSED, Location::default(), message)))
    }

    /// Ends the quarantine file, if rows may be quarantined.
    pub(crate) fn finish_quarantine(&mut self) -> Result<Option<OutputSet>, Fatal> {
        self.quarantine.take().map(Quarantine::finish).transpose()
    }
}

/// Adds the report of a chunk.
fn merge(all: &mut RunReport, mut chunk: RunReport, source: &Arc<str>) -> Result<(), Fatal> {
    chunk.diagnostics.name_source(source);
    // A chunk reports its rejected rows last; the order must not show where the chunks are.
    chunk.diagnostics.sort_by_line();
    all.merge(chunk).map_err(|error| diagnostics::imbalance(&error))
}
