//! The end of a run over events: what was counted is written, and everything is accounted for.

use crate::diagnostics;
use crate::fanout::{RoutedTotals, Routing};
use crate::filter::period::{DUPLICATE_ID_REASON, DUPLICATE_REASON, REDELIVERED_REASON};
use crate::run::events::service_view;
use crate::run::events_to_blocks::{EventsToBlocks, KeySpaces};
use crate::run::output::{OutputInProgress, PendingOutput};
use crate::run::reader::Reader;
use crate::run::{NO_PLAYS_OF_LABEL, PendingRun, Run, RunOutcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use transpose_core::accounting::{Amounts, Ledger, RunReport};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::format::Grain;

/// Why rows are left out that belong to other labels, as it is in the ledger.
pub(crate) const OTHER_LABEL: &str = "other-label";

/// What the reading of events has left behind.
pub(crate) struct EventsRead<'a, 'b> {
    pub(crate) reader: Reader<'a>,
    pub(crate) outputs: Vec<OutputInProgress<'a>>,
    /// What was counted for each output of aggregates.
    pub(crate) counts: Vec<Option<EventsToBlocks<'a>>>,
    pub(crate) spaces: &'b KeySpaces<'a>,
    /// The names of the inputs.
    pub(crate) sources: &'b [Arc<str>],
}

/// Ends all outputs; nothing appears yet.
pub(crate) fn finish(
    run: &Run<'_>,
    read: EventsRead<'_, '_>,
    routing: Option<(&Routing<'_>, &RoutedTotals)>,
) -> Result<PendingRun, Fatal> {
    match routing {
        Some((routing, totals)) if !run.is_job() => finish_of_deal(read, routing, totals),
        Some((routing, totals)) => finish_routed(run, read, routing, totals),
        None => finish_only(read),
    }
}

/// Ends the only output of a run, whose report is that of the reader.
fn finish_only(read: EventsRead<'_, '_>) -> Result<PendingRun, Fatal> {
    let EventsRead { mut reader, mut outputs, mut counts, spaces, sources } = read;
    let (Some(mut output), Some(counts)) = (outputs.pop(), counts.pop()) else {
        return Err(diagnostics::bug("a run without an output"));
    };
    output.report = std::mem::take(&mut reader.report);
    let mut counts = counts;
    if let Some(counts) = &mut counts {
        counts.set_left_out(left_out(&output.report.ledger));
    }
    let pending = if reader.gave_up {
        output.give_up()
    } else if let Some(fatal) = reader.unclosed(output.report.ledger.rejects()) {
        output.refuse(fatal)
    } else {
        end(output, counts, &reader, spaces, sources)?
    };
    PendingRun::of_only(pending, reader)
}

/// Ends the only output of a run, whose deal pays for some of the rows. The others were counted for
/// what the deal divides; they are left out of the report.
fn finish_of_deal(
    read: EventsRead<'_, '_>,
    routing: &Routing<'_>,
    totals: &RoutedTotals,
) -> Result<PendingRun, Fatal> {
    let EventsRead { mut reader, mut outputs, mut counts, spaces, sources } = read;
    let (Some(mut output), Some(mut counts)) = (outputs.pop(), counts.pop()) else {
        return Err(diagnostics::bug("a run without an output"));
    };
    let sets = routing.balance(totals, std::iter::once(&output.report.ledger.read))?;
    let mut report = std::mem::take(&mut reader.report);
    let of_label = output.report.ledger.read.rows;
    let mut others = 0;
    for set in &sets {
        others += set.unrouted.rows;
        let read = report.ledger.read.add(&set.unrouted);
        let left = report.ledger.filtered(OTHER_LABEL).add(&set.unrouted);
        read.and(left).map_err(|error| diagnostics::imbalance(&error))?;
    }
    if others == 0 {
        report.ledger.filtered.remove(OTHER_LABEL);
    }
    let own = std::mem::take(&mut output.report);
    report.merge(own).map_err(|error| diagnostics::imbalance(&error))?;
    output.report = report;
    let spec = output.output;
    if let Some(counts) = &mut counts {
        counts.set_left_out(left_out(&output.report.ledger));
        // Where nothing else was read, these plays are not known to be those of the whole service.
        let service = spec.terms.zip(service_view(spec)).filter(|_| others > 0);
        let service = service.and_then(|(terms, view)| routing.service_totals(totals, &view, terms));
        counts.set_service_totals(service);
    }
    let pending = if reader.gave_up {
        output.give_up()
    } else if let Some(fatal) = reader.unclosed(output.report.ledger.rejects()) {
        output.refuse(fatal)
    } else if of_label == 0 && others > 0 {
        let fields = spec.route.iter().flat_map(|route| &route.rule.0).flat_map(|wanted| &wanted.fields);
        let states = fields.clone().any(|field| reader.reads.contains(*field));
        let wanted = spec.route.iter().flat_map(|route| &route.rule.0).flat_map(|wanted| &wanted.values);
        let wanted = wanted.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        let message = if states {
            format!("none of {others} rows is of {wanted}")
        } else {
            format!("the deal is with {wanted}, and the inputs name no label")
        };
        let diagnostic = Diagnostic::new(&NO_PLAYS_OF_LABEL, Location::default(), message);
        output.refuse(Fatal::input(diagnostic))
    } else {
        end(output, counts, &reader, spaces, sources)?
    };
    PendingRun::of_only(pending, reader)
}

/// Ends one output: what was counted is written now, what was encoded is written already.
fn end(
    mut output: OutputInProgress<'_>,
    counts: Option<EventsToBlocks<'_>>,
    reader: &Reader<'_>,
    spaces: &KeySpaces<'_>,
    sources: &[Arc<str>],
) -> Result<PendingOutput, Fatal> {
    match (counts, output.slices.take()) {
        (Some(counts), _) => counts.finish(output, reader.reads, spaces, sources),
        (None, Some(slices)) => output.finish(slices, false),
        (None, None) => Err(diagnostics::bug("an output without a counter")),
    }
}

/// Checks that everything that was routed is accounted for, and ends the outputs one after the
/// other. Once one is refused, the others are not made.
fn finish_routed(
    run: &Run<'_>,
    read: EventsRead<'_, '_>,
    routing: &Routing<'_>,
    totals: &RoutedTotals,
) -> Result<PendingRun, Fatal> {
    let EventsRead { mut reader, outputs, counts, spaces, sources } = read;
    let mut report = std::mem::take(&mut reader.report);
    let ledger = &mut report.ledger;
    ledger.read.add(&totals.routed).map_err(|error| diagnostics::imbalance(&error))?;
    ledger.converted = totals.routed.clone();
    ledger.written = totals.routed.clone();
    ledger.balance(false).map_err(|error| diagnostics::imbalance(&error))?;
    let sets = routing.balance(totals, outputs.iter().map(|output| &output.report.ledger.read))?;
    let mut refused = refusal(run, &reader, &outputs, routing, totals, &mut report);
    let mut pending = Vec::with_capacity(outputs.len());
    for (output, mut counts) in outputs.into_iter().zip(counts) {
        if refused.is_some() {
            pending.push(output.abandon());
            continue;
        }
        let spec = output.output;
        if let (Some(counts), Some(route)) = (&mut counts, &spec.route) {
            let before = run.outputs.iter().take_while(|other| !std::ptr::eq(*other, spec));
            let before =
                before.filter_map(|other| other.route.as_ref()).filter(|other| other.set == route.set);
            counts.set_rule(&route.rule, before.map(|other| &other.rule).collect());
            counts.set_left_out(left_out(&report.ledger));
            let service = spec.terms.zip(service_view(spec));
            let service = service.and_then(|(terms, view)| routing.service_totals(totals, &view, terms));
            counts.set_service_totals(service);
        }
        let ended = end(output, counts, &reader, spaces, sources);
        let mut ended = ended.map_err(|fatal| spec.name_failure(fatal))?;
        if let Some(route) = &spec.route {
            ended.outcome.report.diagnostics.name_source(&route.location().into());
        }
        if let Some(fatal) = ended.outcome.refused.take() {
            refused = Some(spec.name_failure(fatal));
        }
        pending.push(ended);
    }
    refused = refused.or_else(|| same_message_id(&pending));
    let outcome = RunOutcome { report, sets, refused, ..RunOutcome::default() };
    PendingRun::new(outcome, pending, reader)
}

/// How many rows are missing from what is known of the service. What was played outside the period,
/// or is no use under the agreement, is not missing.
fn left_out(ledger: &Ledger) -> u64 {
    let dropped = [DUPLICATE_REASON, DUPLICATE_ID_REASON, REDELIVERED_REASON]
        .iter()
        .filter_map(|reason| ledger.filtered.get(reason));
    // Rows of returns alone are no part of what was played or sold.
    let plays = |amounts: &&Amounts| amounts.returns.is_zero() || !amounts.plays.is_zero();
    ledger.rejected.values().chain(dropped).filter(plays).map(|amounts| amounts.rows).sum()
}

/// The refusal of a run whose outputs are two messages with one identifier.
fn same_message_id(pending: &[PendingOutput]) -> Option<Fatal> {
    let mut known: BTreeMap<&str, &PendingOutput> = BTreeMap::new();
    for output in pending {
        let Some(id) = output.outcome.message_id.as_deref() else { continue };
        let Some(other) = known.insert(id, output) else { continue };
        let message = format!(
            "the messages of {} and {} have the identifier `{}`",
            other.name,
            output.name,
            shown(id.as_bytes())
        );
        let diagnostic = Diagnostic::new(&diagnostics::SAME_MESSAGE_ID, Location::default(), message);
        return Some(Fatal::usage(diagnostic));
    }
    None
}

/// Why no output of a routed run may be written, if so; unrouted rows are reported.
fn refusal(
    run: &Run<'_>,
    reader: &Reader<'_>,
    outputs: &[OutputInProgress<'_>],
    routing: &Routing<'_>,
    totals: &RoutedTotals,
    report: &mut RunReport,
) -> Option<Fatal> {
    let rejects = outputs.iter().map(|output| output.report.ledger.rejects());
    let rejects = report.ledger.rejects() + rejects.sum::<u64>();
    let refused =
        |code, message: String| Some(Fatal::input(Diagnostic::new(code, Location::default(), message)));
    if reader.gave_up {
        let most = run.limits.max_rejects.unwrap_or_default();
        let message = format!("{rejects} rows are rejected, and at most {most} may be");
        return refused(&diagnostics::TOO_MANY_REJECTS, message);
    }
    let unrouted = routing.report_unrouted(totals, run.limits.unrouted, report);
    if rejects > 0 && run.limits.quarantine.is_none() {
        return refused(&diagnostics::REJECTED, format!("{rejects} rows cannot be converted"));
    }
    let unrouted = unrouted.or_else(|| reader.unclosed(rejects));
    unrouted.or_else(|| run.limits.filtered(&report.ledger, Grain::Event))
}
