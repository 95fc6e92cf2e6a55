//! A source of aggregates for a target of aggregates: the blocks of one message are passed on.
//!
//! The files of a message may be several inputs in any order; tables of one sender to one recipient
//! may be one report. Where the sales contexts are stated row by row, they are gathered before.

use crate::contexts::gather::{self, ContextGathering, ContextPlacer, GatheredContexts, OpenedInput};
use crate::diagnostics;
use crate::output::slices::OutputSlices;
use crate::run::ledger_of_blocks::{self, ContextUse};
use crate::run::output::OutputInProgress;
use crate::run::quarantine::quarantined;
use crate::run::reader::{ChunkResult, OutputChunk, Reader};
use crate::run::{PendingRun, Run, message};
use crate::scan::chunks::DecodedChunk;
use crate::scan::open::name_source;
use crate::scan::rejects::report_rejects;
use message::MessageCard;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{EncodedBatch, Preamble, Tally};
use transpose_core::model::{Blocks, Field};

/// Reads the inputs and writes the output; nothing appears yet.
pub(crate) fn read(run: &Run<'_>, mut reader: Reader<'_>) -> Result<PendingRun, Fatal> {
    let mut files = Vec::new();
    for input in run.source.inputs {
        files.push((input, reader.open_blocks(input)?));
    }
    let files = one_message(run, files)?;
    let (Some((_, first)), Some(output)) = (files.first(), run.outputs.first()) else {
        return Err(diagnostics::bug("a run without an input or an output"));
    };
    let reading = run.reading();
    let gathering = ContextGathering { source: run.source.format, options: run.source.options, reading };
    let gathered = gathering.gather_contexts(&files)?;
    let Preamble { header, contexts, shapes, reads, extras, .. } = first.preamble();
    let reads = run.enrichment().reads(*reads);
    let (header, contexts, shapes) =
        gathered.as_ref().map_or((header, contexts, shapes), GatheredContexts::parts);
    let noteworthy = gathered.iter().flat_map(|gathered| &gathered.diagnostics);
    reader.report.diagnostics.extend(noteworthy.cloned());
    let mut header = header.clone();
    if let Some(terms) = output.terms {
        terms.header(&mut header);
    }
    let mut output = OutputInProgress::new(run, output);
    let encoder = output.create_blocks(&header, contexts, shapes, reads)?;
    reader.report.diagnostics.extend(encoder.diagnostics().iter().cloned());
    output.note_losses(encoder.as_ref(), reader.reads, reads, extras, contexts);
    output.slices = Some(OutputSlices::new(output.spec(), encoder.as_ref())?);
    let states_contexts = output.output.format.manifest().traits.states_contexts;
    let used = (!states_contexts).then(|| ContextUse::new(contexts.len()));
    let mut outputs = [output];
    let mut before = Tally::default();
    for (place, (input, decoder)) in files.iter().enumerate() {
        let input = gathered.as_ref().and_then(|gathered| gathered.again.get(place)).unwrap_or(input);
        let decoder = decoder.as_ref();
        let mut placers: Vec<ContextPlacer> =
            (0..reading.threads).map(|_| ContextPlacer::default()).collect();
        let read = reader.read(input, decoder, &mut placers, &mut outputs, &|placer, chunk| {
            let DecodedChunk { bytes, mut numbers, batch, mut report, .. } = chunk;
            numbers.blocks += before.blocks;
            numbers.usages += before.usages;
            report_rejects(&batch.rejects, &mut report);
            if let Some(gathered) = &gathered {
                placer.place(gathered, place, &mut batch.blocks, bytes)?;
            }
            let blocks = Blocks { batch: &batch.blocks, chunk: bytes, shapes, contexts };
            ledger_of_blocks::account(blocks, used.as_ref(), &mut report)?;
            let mut encoded = EncodedBatch::default();
            encoder.encode(blocks, numbers, &mut encoded, &mut report)?;
            let rejects = quarantined(&batch.rejects, bytes, decoder);
            let output = OutputChunk { output: 0, report: RunReport::default(), encoded: vec![(0, encoded)] };
            Ok(ChunkResult { report, rejects, outputs: vec![output] })
        })?;
        let Some(totals) = read else { break };
        let last = place + 1 == files.len();
        let file = reader.finish_input(input, decoder, &totals, last.then_some((decoder, &before)));
        before = message::whole(&before, &file);
    }
    let [mut output] = outputs;
    output.report = std::mem::take(&mut reader.report);
    if let Some(used) = used.filter(|_| !reader.gave_up) {
        used.report(contexts, output.output.writes(), &mut output.report);
    }
    let mut pending = match (output.slices.take(), reader.unclosed(output.report.ledger.rejects())) {
        _ if reader.gave_up => output.give_up(),
        (_, Some(fatal)) => output.refuse(fatal),
        (Some(slices), None) => output.finish(slices, false)?,
        (None, None) => return Err(diagnostics::bug("an output without a counter")),
    };
    pending.outcome.source_message_id = first.preamble().header.text(Field::MESSAGE_ID).map(str::to_owned);
    PendingRun::of_only(pending, reader)
}

/// The files of the message in their order; refused unless they are all there and agree.
fn one_message<'a>(run: &Run<'_>, files: Vec<OpenedInput<'a>>) -> Result<Vec<OpenedInput<'a>>, Fatal> {
    let manifest = run.source.format.manifest();
    if manifest.traits.independent_inputs {
        return gather::together(&files).map(|()| files);
    }
    let cards: Vec<MessageCard> =
        files.iter().map(|(_, decoder)| MessageCard::new(&manifest.id, decoder.preamble())).collect();
    let messages = message::messages(&cards);
    let [order] = &messages[..] else {
        let (inputs, messages) = (files.len(), messages.len());
        let message = format!("the {inputs} inputs are {messages} messages, and one is converted at a time");
        let diagnostic = Diagnostic::new(&diagnostics::SEVERAL_INPUTS, Location::default(), message);
        return Err(Fatal::usage(diagnostic));
    };
    let mut files: Vec<Option<OpenedInput<'a>>> = files.into_iter().map(Some).collect();
    let files: Vec<OpenedInput<'a>> =
        order.iter().filter_map(|index| files.get_mut(*index).and_then(Option::take)).collect();
    let sources: Vec<&str> = files.iter().map(|(input, _)| input.name()).collect();
    let found = message::completeness(&message::parts(&cards, order), &sources);
    let mut diagnostics = Vec::new();
    for (place, mut diagnostic) in found.diagnostics {
        diagnostic.location.source = sources.get(place).map(|source| (*source).into());
        diagnostics.push(diagnostic);
    }
    if let [(first, decoder), rest @ ..] = &files[..] {
        for (input, other) in rest {
            let mut differences = message::disagreements(decoder.as_ref(), first.name(), other.as_ref());
            name_source(&mut differences, input);
            diagnostics.append(&mut differences);
            if decoder.preamble().shapes != other.preamble().shapes && diagnostics.is_empty() {
                let message = format!("the records of the file are not those of `{}`", first.name());
                let place = Location { source: Some(input.name().into()), ..Location::default() };
                diagnostics.push(Diagnostic::new(&diagnostics::FILES_DISAGREE, place, message));
            }
        }
    }
    if diagnostics.is_empty() { Ok(files) } else { Err(Fatal { failure: Failure::Input, diagnostics }) }
}
