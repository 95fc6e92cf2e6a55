//! A source of single plays: one reading makes all outputs of the run.
//!
//! What the outputs want of a row is read once for all of them. An output of aggregates counts its
//! rows ([`EventsToBlocks`]) and is written when everything is read; an output of single plays is
//! encoded chunk by chunk. What is done with a chunk is in
//! [`event_worker`](crate::run::event_worker).
//!
//! Outputs of aggregates open their files one after the other at the end; outputs of single plays
//! are open while the inputs are read, which bounds their number ([`MOST_OPEN`](super::MOST_OPEN)).

use crate::fanout::{RoutedTotals, Routing, ServiceView, UserPlayObserver};
use crate::filter::period::{FilterRules, KnownDuplicates, PeriodSelection};
use crate::filter::refund_pairs::{PairedRefunds, RefundPairing};
use crate::output::slices::OutputSlices;
use crate::run::event_worker::{ChunkWork, EventWorker, OutputProjection};
use crate::run::events_to_blocks::{EventsToBlocks, KeySpaces};
use crate::run::finish::{EventsRead, finish};
use crate::run::output::{Output, OutputInProgress};
use crate::run::reader::Reader;
use crate::run::{PendingRun, Run};
use std::collections::VecDeque;
use std::sync::Arc;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Batch, EventDecoder, EventEncoder, Grain, Projection};
use transpose_core::model::{Entity, Field, FieldSet};
use transpose_core::terms::DuplicatePolicy;
use transpose_io::Input;

/// Reads the inputs and makes the outputs; nothing appears yet.
pub(crate) fn read(
    run: &Run<'_>,
    known: KnownDuplicates<'_>,
    mut reader: Reader<'_>,
) -> Result<PendingRun, Fatal> {
    let counts_plays = run.outputs.iter().any(|output| output.grain() == Grain::Aggregate);
    let sells = (run.is_routed() || counts_plays) && run.source.sells()?;
    let paired = if sells { pair_refunds(run, known)? } else { PairedRefunds::default() };
    let inputs: &[Input] = if sells { &paired.again } else { run.source.inputs };
    // What an output of single plays may carry is known once every input is open; where plays are
    // only counted, an input is opened when it is read.
    let mut opened = VecDeque::new();
    if run.is_job() || !counts_plays {
        for input in inputs {
            opened.push_back(reader.open_events(input)?);
        }
    }
    let OutputMakers { counts, encoders, offered } = makers(run, &opened, sells)?;
    let mut outputs: Vec<OutputInProgress<'_>> =
        run.outputs.iter().map(|output| OutputInProgress::new(run, output)).collect();
    for (output, encoder) in outputs.iter_mut().zip(&encoders) {
        let Some(encoder) = encoder.as_deref() else { continue };
        let report = if run.is_routed() { &mut output.report } else { &mut reader.report };
        report.diagnostics.extend(encoder.diagnostics().iter().cloned());
        let offered = offered.difference(output.output.withheld());
        output.note_losses(encoder, reader.reads, offered, &[], &[]);
        output.slices = Some(OutputSlices::new(output.spec(), encoder)?);
    }
    let sources = run.source.names();
    let rules: Vec<FilterRules<'_>> =
        run.outputs.iter().map(|output| filter_rules(run, output, known, sells, &sources)).collect();
    let source_rules = FilterRules {
        duplicates: run.source.duplicates,
        period: PeriodSelection::default(),
        known,
        sliced: false,
        hands_on: false,
        sources: &sources,
    };
    let routing = run.is_routed().then(|| routing(run, sells));
    let mut routed = RoutedTotals::default();
    let mut spaces = KeySpaces::default();
    for (number, input) in inputs.iter().enumerate() {
        let mut decoder = match opened.pop_front() {
            Some(decoder) => decoder,
            None => reader.open_events(input)?,
        };
        let first = routing.as_ref().map_or(&[][..], Routing::fields);
        let mut wanted = RowNeeds::new(run, first, &counts, &rules, decoder.preamble().reads, offered);
        wanted.projection.time |= routing.as_ref().is_some_and(Routing::looks_at_times);
        decoder.project(&wanted.projection)?;
        // What an earlier reading has marked by its byte has to be found there again.
        if known.marks.is_none() && !sells {
            run.restrict(input, decoder.as_ref());
        }
        let space = spaces.of(decoder.as_ref());
        let events = decoder.as_ref();
        let row = &wanted.projection.row;
        let filter =
            routing.as_ref().map(|_| source_rules.row_filter(number, events, row, &mut reader.report));
        let mut projections = Vec::with_capacity(outputs.len());
        let by_output = outputs.iter_mut().zip(&counts).zip(&encoders).zip(&rules).zip(&wanted.outputs);
        for ((((output, counts), encoder), rules), fields) in by_output {
            let report = if run.is_routed() { &mut output.report } else { &mut reader.report };
            let cells = fields.asked.iter().filter_map(|field| row.iter().position(|known| known == field));
            projections.push(OutputProjection {
                cells: cells.collect(),
                filter: rules.row_filter(number, events, &fields.asked, report),
                rules: counts.as_ref().map(|it| it.rules(events, paired.pairs.as_ref(), &fields.asked)),
                encoder: encoder.as_deref(),
                encoded: &fields.encoded,
                slicing: output.output.slicing,
            });
        }
        let observers = observers(run, &counts);
        let cell = |wanted| row.iter().position(|field| *field == wanted);
        let (user, duration) = (cell(Field::USER), cell(Field::EVENT_DURATION));
        let mut workers: Vec<EventWorker<'_>> = (0..run.reading().threads)
            .map(|_| EventWorker {
                routing: routing.as_ref().map(|routing| routing.worker(events, &observers, user, duration)),
                counters: Vec::with_capacity(counts.len()),
                own_rows: Batch::default(),
            })
            .collect();
        for counts in &counts {
            let mut counters = counts.iter().flat_map(|counts| counts.workers(number, space));
            for worker in &mut workers {
                worker.counters.push(counters.next());
            }
        }
        let work = ChunkWork { decoder: events, space, filter, projections };
        let read = reader
            .read(input, events, &mut workers, &mut outputs, &|worker, chunk| work.chunk(worker, chunk))?;
        for worker in workers.into_iter().filter_map(|worker| worker.routing) {
            routed.add(worker)?;
        }
        let Some(totals) = read else { break };
        reader.finish_input(input, events, &totals, None);
        drop(work);
        spaces.keep(space, decoder);
    }
    let read = EventsRead { reader, outputs, counts, spaces: &spaces, sources: &sources };
    finish(run, read, routing.as_ref().map(|routing| (routing, &routed)))
}

/// Pairs refunds with their sales, which may be in any of the inputs.
fn pair_refunds(run: &Run<'_>, known: KnownDuplicates<'_>) -> Result<PairedRefunds, Fatal> {
    let drops = run.source.duplicates == DuplicatePolicy::Drop;
    let dropped = if drops { known } else { KnownDuplicates::default() };
    RefundPairing {
        dropped,
        source: run.source.format,
        options: run.source.options,
        reading: run.reading(),
        temp_dir: run.limits.temp_dir,
        budget: run.budget().map(|budget| budget.consolidating),
    }
    .pair(run.source.inputs)
}

/// What makes the outputs, by their numbers: an output is counted or encoded.
struct OutputMakers<'a> {
    counts: Vec<Option<EventsToBlocks<'a>>>,
    encoders: Vec<Option<Box<dyn EventEncoder>>>,
    /// The fields that the open inputs have a place for.
    offered: FieldSet,
}

fn makers<'a>(
    run: &'a Run<'a>,
    opened: &VecDeque<Box<dyn EventDecoder + '_>>,
    sells: bool,
) -> Result<OutputMakers<'a>, Fatal> {
    let reads = opened.iter().map(|decoder| decoder.preamble().reads);
    let offered = reads.fold(FieldSet::EMPTY, FieldSet::union);
    let aggregates = run.outputs.iter().filter(|output| output.grain() == Grain::Aggregate).count();
    let budget = run.budget().map(|budget| budget.among(aggregates));
    let mut makers = OutputMakers { counts: Vec::new(), encoders: Vec::new(), offered };
    for output in run.outputs {
        let (counts, encoder) = if output.grain() == Grain::Aggregate {
            let counts = EventsToBlocks::new(run, output, sells, budget);
            (Some(counts.map_err(|fatal| output.name_failure(fatal))?), None)
        } else {
            // The header of an input is that of the whole report only where all of it is passed on.
            let first = opened.front().filter(|_| !run.is_routed());
            let mut header = first.map_or_else(Entity::default, |first| first.preamble().header.clone());
            if let Some(terms) = output.terms {
                terms.header(&mut header);
            }
            let offered = offered.difference(output.withheld());
            let encoder = OutputInProgress::new(run, output).create_events(&header, offered);
            (None, Some(encoder.map_err(|fatal| output.name_failure(fatal))?))
        };
        makers.counts.push(counts);
        makers.encoders.push(encoder);
    }
    Ok(makers)
}

/// What decides which rows an output gets.
pub(crate) fn filter_rules<'a>(
    run: &Run<'_>,
    output: &Output<'_>,
    known: KnownDuplicates<'a>,
    sells: bool,
    sources: &'a [Arc<str>],
) -> FilterRules<'a> {
    let mut period = output.period.clone();
    let hands_on = sells && output.grain() == Grain::Aggregate;
    if hands_on {
        // Refunds of the period's sales may come after it, so that is decided where sales are
        // counted.
        period.moments = None;
    }
    // Duplicates of routed rows are looked for before they are routed.
    let (duplicates, known) = if run.is_routed() {
        (DuplicatePolicy::Off, KnownDuplicates::default())
    } else {
        (run.source.duplicates, known)
    };
    FilterRules { duplicates, period, known, sliced: output.slicing.is_some(), hands_on, sources }
}

/// What is wanted of the rows of an input.
struct RowNeeds {
    /// What all outputs want together; what decides where a row goes comes first.
    projection: Projection,
    outputs: Vec<OutputFields>,
}

/// The cells that an output wants of a row.
struct OutputFields {
    /// Those that it encodes.
    encoded: Vec<Field>,
    /// Those that it encodes or looks at, in this order.
    asked: Vec<Field>,
}

impl RowNeeds {
    /// `has` are the fields of this input, `offered` those of all open inputs.
    fn new(
        run: &Run<'_>,
        first: &[Field],
        counts: &[Option<EventsToBlocks<'_>>],
        rules: &[FilterRules<'_>],
        has: FieldSet,
        offered: FieldSet,
    ) -> Self {
        let mut projection = Projection {
            row: first.to_vec(),
            duration: true,
            now: Some(run.limits.now.micros),
            ..Projection::default()
        };
        let mut outputs = Vec::with_capacity(run.outputs.len());
        for ((output, counts), rules) in run.outputs.iter().zip(counts).zip(rules) {
            let mut fields = OutputFields { encoded: Vec::new(), asked: Vec::new() };
            if let Some(counts) = counts {
                let own = counts.projection();
                projection.item = projection.item.union(own.item);
                projection.context = projection.context.union(own.context);
                projection.time |= own.time;
                fields.asked.extend(&own.row);
            } else {
                let offered = offered.difference(output.withheld());
                fields.encoded.extend(output.writes().intersection(offered).iter());
                fields.asked.extend(&fields.encoded);
                projection.time |= output.period.moments.is_some() || output.slicing.is_some();
            }
            rules.add_cells(has, &mut fields.asked);
            for field in &fields.asked {
                if !projection.row.contains(field) {
                    projection.row.push(*field);
                }
            }
            outputs.push(fields);
        }
        Self { projection, outputs }
    }
}

/// Which rows go to which output, and what of the whole service agreements ask for.
fn routing<'a>(run: &Run<'a>, sells: bool) -> Routing<'a> {
    let routes = run.outputs.iter().filter_map(|output| output.route.as_ref());
    let routes = routes.map(|route| (route.set.as_str(), &route.rule));
    Routing::new(routes, run.outputs.iter().filter_map(service_view), sells)
}

/// Which plays of the whole service an output asks for: for the royalties of its agreement, or for
/// the totals of its sales contexts, which are those of the service whatever the output takes.
pub(crate) fn service_view(output: &Output<'_>) -> Option<ServiceView> {
    let totals = output.grain() == Grain::Aggregate && output.writes().contains(Field::TOTAL_USAGES);
    let terms = output.terms.filter(|terms| totals || terms.royalties().is_some())?;
    let qualifying = terms.qualifying();
    Some(ServiceView {
        period: output.period.moments.clone(),
        threshold: qualifying.map(|play| play.micros),
        missing_qualifies: qualifying.is_some_and(|play| play.missing_qualifies),
    })
}

/// The outputs whose agreements pay by what each user played of the whole service.
fn observers<'a>(run: &Run<'a>, counts: &'a [Option<EventsToBlocks<'a>>]) -> Vec<UserPlayObserver<'a>> {
    let observer = |(output, counts): (&'a Output<'a>, &'a Option<EventsToBlocks<'a>>)| {
        let (terms, view) = (output.terms?, service_view(output)?);
        Some(UserPlayObserver {
            users: counts.as_ref()?.users()?,
            terms,
            royalties: terms.royalties()?,
            view,
        })
    };
    run.outputs.iter().zip(counts).filter_map(observer).collect()
}
