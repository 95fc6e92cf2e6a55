//! A report of sums that is made of events, from the first row to the last byte.
//!
//! What is wanted of each event, what counts it, and what becomes of the counts once everything is
//! read. Who reads the events is not known here: it may be a conversion of its own, or a run in
//! which one reading feeds many reports.

use crate::aggregate::budget::Budget;
use crate::aggregate::counter::Counter;
use crate::aggregate::totals::Totals;
use crate::aggregate::usage_kinds::{UsageKind, UsageKinds};
use crate::aggregate::users::{PlaysByUser, UserPlays};
use crate::aggregate::worker::{CountingRules, CountingWorker, RefundRules};
use crate::consolidate::SortedGroups;
use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::in_memory::{DescribedItems, consolidate};
use crate::consolidate::on_disk::{ConsolidationPlan, SortedOnDisk};
use crate::consolidate::shapes::Shapes;
use crate::diagnostics;
use crate::emit;
use crate::emit::blocks::{self, BlockEncoding};
use crate::emit::usages::{UsageColumns, UsageWriter, list_columns};
use crate::enrich::catalogue::Catalogue;
use crate::enrich::tracklists::Tracklists;
use crate::filter::marks::RowMarks;
use crate::filter::refund_cutoff::RefundCutoff;
use crate::filter::refund_pairs::RefundPair;
use crate::filter::route_rule::RouteRule;
use crate::output::files::OutputFiles;
use crate::output::slices::OutputSlices;
use crate::royalties::allocations::Allocations;
use crate::royalties::final_amounts;
use crate::royalties::rates;
use crate::royalties::rounding::PaidAmounts;
use crate::royalties::rows::Rows;
use crate::run::Run;
use crate::run::output::{Output, OutputInProgress, PendingOutput};
use crate::storage::scratch::Scratch;
use std::collections::BTreeMap;
use std::sync::Arc;
use transpose_codes::duration::Duration;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, Severity};
use transpose_core::format::{EventDecoder, Projection};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_core::terms::{
    ActiveUsers, BelowThreshold, ConflictPolicy, RoyaltyTerms, ServiceCounts, ServiceTotal, StatementTotals,
    Terms,
};
use transpose_sync::unpoisoned;

/// Fields that distinguish releases and recordings; needed even where the target does not hold
/// them.
const IDENTITY: [Field; 10] = [
    Field::ICPN,
    Field::GRID,
    Field::RELEASE_ID,
    Field::RELEASE_ARTIST,
    Field::RELEASE_TITLE,
    Field::RECORDING_ID,
    Field::ISRC,
    Field::RECORDING_ARTIST,
    Field::RECORDING_TITLE,
    Field::RECORDING_DURATION,
];

/// What describes a release.
const OF_RELEASES: [Field; 4] = [Field::ICPN, Field::GRID, Field::RELEASE_ARTIST, Field::RELEASE_TITLE];

/// Whether releases, or recordings, are distinguished by an identity for a target that writes the
/// given fields. One that describes no releases has none; rows of a table that does not show an
/// identifier would look the same.
fn is_reported(identity: Field, writes: FieldSet, table: bool) -> bool {
    if identity.group() != Group::Release || writes.contains(identity) {
        return true;
    }
    let describes = OF_RELEASES.into_iter().any(|field| writes.contains(field));
    let named = matches!(identity, Field::RELEASE_ARTIST | Field::RELEASE_TITLE);
    if table { named && !writes.of(Group::Release).is_empty() } else { describes }
}

/// What is wanted of the releases and recordings of a source, for a target that writes the given
/// fields.
pub(crate) fn item_fields(writes: FieldSet, table: bool) -> FieldSet {
    let described =
        writes.of(Group::Release).union(writes.of(Group::Recording)).union(writes.of(Group::Work));
    let told = IDENTITY.into_iter().filter(|identity| is_reported(*identity, writes, table));
    described.union(told.collect())
}

/// The decoders whose keys are counted. A key names its space: inputs whose keys mean the same
/// share one, and the first decoder of each explains it.
#[derive(Default)]
pub(crate) struct KeySpaces<'a> {
    decoders: Vec<Box<dyn EventDecoder + 'a>>,
    reads: FieldSet,
}

impl<'a> KeySpaces<'a> {
    /// The space of a decoder's keys.
    pub(crate) fn of(&mut self, decoder: &dyn EventDecoder) -> u32 {
        self.reads = self.reads.union(decoder.preamble().reads);
        let same = |space| self.decoders.iter().position(|known| known.key_space() == Some(space));
        decoder.key_space().and_then(same).unwrap_or(self.decoders.len()) as u32
    }

    /// Keeps a decoder if it is the first of its space.
    pub(crate) fn keep(&mut self, space: u32, decoder: Box<dyn EventDecoder + 'a>) {
        if space as usize == self.decoders.len() {
            self.decoders.push(decoder);
        }
    }
}

/// A report of sums in the making.
pub(crate) struct EventsToBlocks<'a> {
    run: &'a Run<'a>,
    output: &'a Output<'a>,
    terms: &'a dyn Terms,
    projection: Projection,
    counter: Counter,
    /// What decides about refunds.
    cutoff: RefundCutoff,
    /// Whether the events are sales.
    sells: bool,
    budget: Option<Budget>,
    threads: usize,
    /// What the whole service counted, where it is known.
    service_totals: Option<Vec<ServiceTotal>>,
    /// What each user played, for agreements that pay by that.
    users: Option<PlaysByUser>,
    /// Which of the service's rows the report is about; none for all.
    rule: Option<(&'a RouteRule, Vec<&'a RouteRule>)>,
    /// How many rows of the service were left out: rejected, or dropped as duplicates.
    left_out: u64,
}

impl<'a> EventsToBlocks<'a> {
    /// Prepares to count with so much memory; refused without an agreement.
    pub(crate) fn new(
        run: &'a Run<'a>,
        output: &'a Output<'a>,
        sells: bool,
        budget: Option<Budget>,
    ) -> Result<Self, Fatal> {
        let terms = output.require_terms()?;
        let writes = output.writes();
        let per_user = terms.royalties().is_some_and(RoyaltyTerms::per_user);
        let missing = terms.qualifying().is_some_and(|play| play.missing_qualifies);
        let row = per_user.then_some(Field::USER).into_iter();
        let row = row.chain(missing.then_some(Field::EVENT_DURATION));
        let mut projection = Projection {
            item: item_fields(writes, output.format.manifest().traits.merges_rows),
            context: terms.reads(),
            time: output.period.moments.is_some() || sells || !terms.turns().is_empty(),
            duration: true,
            optional: FieldSet::EMPTY,
            now: Some(run.limits.now.micros),
            row: row.collect(),
        };
        let traits = output.format.manifest().traits;
        let listed = traits.lists_recordings && run.source.catalogue.is_some();
        if listed || (!traits.merges_rows && writes.contains(Field::TRACK_COUNT)) {
            projection.item.insert(Field::TRACK_COUNT);
        }
        let latest = terms.conflict() == ConflictPolicy::Latest;
        let users = per_user.then(|| {
            PlaysByUser::new(
                budget.map(|budget| budget.consolidating - budget.counting),
                output.route.is_some(),
            )
        });
        let threads = run.reading().threads;
        let counter = Counter::new(threads, budget, run.limits.temp_dir, latest);
        let mut header = Entity::default();
        terms.header(&mut header);
        let cutoff = RefundCutoff::new(terms.refunds(), &output.period, &header);
        Ok(Self {
            run,
            output,
            terms,
            projection,
            counter,
            cutoff,
            sells,
            budget,
            threads,
            service_totals: None,
            users,
            rule: None,
            left_out: 0,
        })
    }

    /// What is wanted of each event.
    pub(crate) fn projection(&self) -> &Projection {
        &self.projection
    }

    /// What decides whether an event of a decoder's input counts and where; `pairs` are the refunds
    /// whose sales are known. `row` are the fields of a row's cells.
    pub(crate) fn rules<'b>(
        &'b self,
        decoder: &'b dyn EventDecoder,
        pairs: Option<&'b RowMarks<RefundPair>>,
        row: &[Field],
    ) -> CountingRules<'b> {
        let cell = |wanted| row.iter().position(|field| *field == wanted);
        let user = cell(Field::USER);
        let terms = self.terms;
        CountingRules {
            decoder,
            terms,
            turns: terms.turns(),
            offsets: &self.output.period.offsets,
            // What was not played has no length that could fall short.
            qualifying: terms
                .qualifying()
                .filter(|_| decoder.preamble().reads.contains(Field::EVENT_DURATION)),
            duration: cell(Field::EVENT_DURATION),
            sales: self.sells.then(|| RefundRules {
                period: self.output.period.moments.clone(),
                cutoff: &self.cutoff,
                pairs,
                policy: terms.refunds(),
            }),
            users: self.users.as_ref().zip(user),
        }
    }

    /// Those who count the events of an input side by side.
    pub(crate) fn workers(&self, input: usize, space: u32) -> Vec<CountingWorker<'_>> {
        (0..self.threads).map(|worker| CountingWorker::new(&self.counter, worker, input, space)).collect()
    }

    /// Where plays of the service are counted by user, if the agreement pays so.
    pub(crate) fn users(&self) -> Option<&PlaysByUser> {
        self.users.as_ref()
    }

    /// What the whole service counted.
    pub(crate) fn set_service_totals(&mut self, totals: Option<Vec<ServiceTotal>>) {
        self.service_totals = totals;
    }

    /// Which of the service's rows the report is about: no context of the others is due.
    /// `before` are the rules of the outputs of the set that choose first.
    pub(crate) fn set_rule(&mut self, rule: &'a RouteRule, before: Vec<&'a RouteRule>) {
        self.rule = Some((rule, before));
    }

    /// How many rows of the service were left out: rejected, or dropped as duplicates.
    pub(crate) fn set_left_out(&mut self, rows: u64) {
        self.left_out = rows;
    }

    /// Makes the report of everything that was counted; nothing appears yet. `has` are the fields
    /// of the inputs as they are.
    pub(crate) fn finish(
        self,
        output: OutputInProgress<'_>,
        has: FieldSet,
        spaces: &KeySpaces<'_>,
        sources: &[Arc<str>],
    ) -> Result<PendingOutput, Fatal> {
        let Self {
            terms, projection, counter, budget, threads, service_totals, users, rule, left_out, ..
        } = self;
        let reached = |context: &Entity| {
            rule.as_ref().is_none_or(|(rule, before)| {
                rule.reaches(context) && !before.iter().any(|rule| rule.takes_all_of(context))
            })
        };
        let (due, mut elsewhere): (Vec<_>, Vec<_>) = terms.due().into_iter().partition(reached);
        if terms.royalties().is_none() {
            elsewhere.clear();
        }
        for context in due {
            counter.usage_kind(UsageKind::new(&context, false))?;
        }
        let shapes = Shapes::new(projection.item.intersection(spaces.reads));
        let decoders: Vec<&dyn EventDecoder> = spaces.decoders.iter().map(AsRef::as_ref).collect();
        let policy = terms.conflict();
        let mut item_diagnostics = ItemDiagnostics::default();
        let mut counted = counter.finish()?;
        let contexts = std::mem::take(&mut counted.contexts);
        let plays_by_user = users
            .zip(terms.royalties())
            .map(|(users, royalties)| users.finish(&counted.usage_kinds, &contexts, royalties))
            .transpose()?;
        let writer = ReportWriter {
            terms,
            threads,
            shapes: &shapes,
            usage_kinds: &counted.usage_kinds,
            has,
            reads: spaces.reads,
            sources,
            service_totals: service_totals.as_deref(),
            plays_by_user: plays_by_user.as_ref().map(|(plays, _)| plays.as_slice()),
            active_users: plays_by_user.as_ref().map_or(&[], |(_, active)| active.as_slice()),
            left_out,
            elsewhere,
            catalogue: self.run.source.catalogue,
        };
        if let Some(spilled) = counted.spilled.take() {
            let scratch = Scratch::create(self.run.limits.temp_dir)?;
            let budget = budget.map_or(usize::MAX, |budget| budget.consolidating);
            let plan = ConsolidationPlan { decoders: &decoders, shapes: &shapes, policy, budget };
            let sorted = SortedOnDisk::new(&counted, &spilled, &plan, &scratch, &mut item_diagnostics)?;
            let bytes = spilled.bytes() + scratch.bytes();
            drop(spilled);
            let sorted = SortedGroups::OnDisk(sorted);
            let mut pending = writer.write(output, item_diagnostics, contexts, sorted)?;
            pending.outcome.spilled = bytes;
            Ok(pending)
        } else {
            let interner = unpoisoned(std::mem::take(&mut counted.in_memory.dictionary).into_inner());
            let items =
                DescribedItems::describe(interner, &decoders, &shapes, threads, &mut item_diagnostics)?;
            let (state, kinds) = (&counted.in_memory, &counted.usage_kinds);
            let sorted = consolidate(&items, state, kinds, &shapes, policy, threads, &mut item_diagnostics)?;
            writer.write(output, item_diagnostics, contexts, SortedGroups::InMemory(sorted))
        }
    }
}

/// Writes the report of what was counted, wherever it lies.
struct ReportWriter<'b> {
    terms: &'b dyn Terms,
    threads: usize,
    shapes: &'b Shapes,
    usage_kinds: &'b UsageKinds,
    /// The fields of the inputs as they are, and once they are enriched.
    has: FieldSet,
    reads: FieldSet,
    /// The names of the inputs.
    sources: &'b [Arc<str>],
    service_totals: Option<&'b [ServiceTotal]>,
    plays_by_user: Option<&'b [UserPlays]>,
    active_users: &'b [ActiveUsers],
    left_out: u64,
    catalogue: Option<&'b Catalogue>,
    /// Contexts that are due and that the rule of the output does not reach. Deals look at their
    /// figures; the report does not show them.
    elsewhere: Vec<Entity>,
}

impl ReportWriter<'_> {
    fn write(
        &self,
        mut output: OutputInProgress<'_>,
        mut item_diagnostics: ItemDiagnostics,
        mut contexts: Vec<Entity>,
        mut sorted: SortedGroups<'_>,
    ) -> Result<PendingOutput, Fatal> {
        let Self { terms, threads, usage_kinds, reads, .. } = *self;
        let refused = item_diagnostics.refused(self.sources);
        if !refused.is_empty() {
            return Err(Fatal { failure: Failure::Input, diagnostics: refused });
        }
        item_diagnostics.into_report(self.sources, &mut output.report);
        let timed = reads.contains(Field::EVENT_DURATION);
        let counted = &sorted.totals().contexts;
        set_totals(&mut contexts, counted, self.service_totals, terms, timed);
        if output.output.writes().contains(Field::CONTEXT_RETURNS) {
            set_returns(&mut contexts, sorted.totals(), usage_kinds);
        }
        let before: Vec<Option<String>> = contexts.iter().map(total_usages).collect();
        report_terms(terms.complete(&mut contexts), &mut output.report)?;
        let writes = output.output.writes();
        if writes.contains(Field::TOTAL_USAGES) {
            let stated =
                contexts.iter().zip(before).filter(|(context, before)| total_usages(context) != *before);
            let open = contexts.len() - stated.count();
            report_left_out(self.left_out, open, terms, &mut output.report);
        }
        let totals = sorted.totals();
        let users = self.active_users;
        let service = self.service_totals.map(|totals| ServiceCounts { totals, users });
        let by_user = self.plays_by_user;
        let reported = contexts.len();
        let mut elsewhere = self.elsewhere.clone();
        report_terms(terms.complete(&mut elsewhere), &mut output.report)?;
        contexts.append(&mut elsewhere);
        let mut royalties =
            rates::ask(terms, usage_kinds, totals, &mut contexts, reported, service, by_user)?;
        contexts.truncate(reported);
        let mut amounts = None;
        if let Some(royalties) = &mut royalties {
            report_terms(std::mem::take(&mut royalties.diagnostics), &mut output.report)?;
            amounts = Some(PaidAmounts::new(royalties, usage_kinds, &contexts)?);
        }
        // A message refers to sales contexts, a table repeats of them what it shows.
        let traits = output.output.format.manifest().traits;
        let (rows, shown) = if traits.merges_rows {
            let (rows, shown) = Rows::shown(usage_kinds, &contexts, amounts.as_ref(), writes);
            (rows, Some(shown))
        } else {
            (Rows::apart(usage_kinds), None)
        };
        sorted.arrange(|groups| rows.arrange(groups), threads)?;
        let mut allocations = None;
        if let (Some(royalties), Some(amounts)) = (&mut royalties, &mut amounts) {
            // Rows of a table may be of several sales contexts, each with a net revenue of its own.
            let net = &amounts.net;
            if !traits.contexts_in_rows {
                allocations = Allocations::new(usage_kinds, &contexts, sorted.totals(), net, writes)?;
            }
            let (paid, earnings) = amounts.divide_all(royalties, usage_kinds, &rows, &sorted)?;
            if writes.contains(Field::AMOUNT) || allocations.is_some() {
                output.report.ledger.read.royalties.clone_from(&paid);
                output.report.ledger.converted.royalties = paid;
            }
            if let Some(terms) = terms.royalties() {
                let closed = terms.close(royalties, earnings);
                closed.map_err(|diagnostics| Fatal { failure: Failure::Use, diagnostics })?;
                report_terms(std::mem::take(&mut royalties.diagnostics), &mut output.report)?;
                final_amounts::settle(&mut contexts, royalties.totals.payable);
            }
            if let Some(allocations) = &mut allocations {
                allocations.divide(usage_kinds, &contexts, &amounts.net, &rows, &sorted)?;
            }
        }
        let qualified = writes.contains(Field::QUALIFIED)
            && (amounts.is_some() || !writes.contains(Field::ROYALTY_BEARING));
        let (amounts, allocations) = (amounts.as_ref(), allocations.as_ref());
        let lists = list_columns(&self.shapes.recording);
        let columns =
            UsageColumns { rows: &rows, amounts, allocations, timed, qualified, writes, lists: &lists };
        let usages = UsageWriter::new(usage_kinds, columns);
        let shapes = blocks::shapes(self.shapes, &usages);
        let mut header = Entity::default();
        terms.header(&mut header);
        if let Some(royalties) = &royalties {
            state(&royalties.totals, &mut header);
        }
        let shown = shown.as_deref().unwrap_or(&contexts);
        let encoder = output.create_blocks(&header, shown, &shapes, reads)?;
        let encoder = encoder.as_ref();
        output.report.diagnostics.extend(encoder.diagnostics().iter().cloned());
        output.note_losses(encoder, self.has, reads, &[], &contexts);
        let mut files = OutputFiles::new(encoder, output.spec(), None)?;
        let listed = self.catalogue.filter(|_| traits.lists_recordings);
        let of_releases = &self.shapes.release;
        let tracklists =
            listed.map(|catalogue| Tracklists::new(catalogue, of_releases, &self.shapes.recording));
        let encoding = BlockEncoding {
            shapes: &shapes,
            contexts: shown,
            usages: &usages,
            tracklists: tracklists.as_ref(),
            encoder,
        };
        let mut report = RunReport::default();
        emit::emit(&sorted, encoding, &mut files, threads, &mut report)?;
        output.report.merge(report).map_err(|error| diagnostics::imbalance(&error))?;
        let slices = OutputSlices::whole(output.spec(), encoder, files);
        let mut pending = output.finish(slices, true)?;
        pending.outcome.royalties = royalties;
        Ok(pending)
    }
}

/// Puts what a statement says into the header.
fn state(totals: &StatementTotals, header: &mut Entity) {
    header.set(Field::STATEMENT_CURRENCY, &*totals.currency);
    for (field, amount) in totals.amounts() {
        header.set(field, amount.to_string());
    }
}

fn total_usages(context: &Entity) -> Option<String> {
    context.text(Field::TOTAL_USAGES).map(str::to_owned)
}

/// Says that the totals of `open` sales contexts lack the usages of rows that were left out.
fn report_left_out(left_out: u64, open: usize, terms: &dyn Terms, report: &mut RunReport) {
    if left_out > 0 && open > 0 {
        let (rows, lack) = if left_out == 1 { ("row", "is") } else { ("rows", "are") };
        let contexts = if open == 1 { "one sales context" } else { &format!("{open} sales contexts") };
        let message = format!("{left_out} {rows} of the inputs {lack} not in the totals of {contexts}");
        let place = Location { field: Some(Field::TOTAL_USAGES), ..Location::default() };
        let help = format!("Give {}.", terms.key(Field::TOTAL_USAGES));
        let diagnostic = Diagnostic::new(&diagnostics::PARTIAL_TOTAL, place, message).help(help);
        report.diagnostics.push(diagnostic);
    }
}

/// Reports what an agreement has found, or ends with its errors.
fn report_terms(diagnostics: Vec<Diagnostic>, report: &mut RunReport) -> Result<(), Fatal> {
    let (errors, diagnostics): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().partition(|diagnostic| diagnostic.code.severity == Severity::Error);
    report.diagnostics.extend(diagnostics);
    if errors.is_empty() { Ok(()) } else { Err(Fatal { failure: Failure::Use, diagnostics: errors }) }
}

/// Gives each sales context the number of its returned sales.
fn set_returns(contexts: &mut [Entity], totals: &Totals, usage_kinds: &UsageKinds) {
    let mut returns = vec![0_u64; contexts.len()];
    for (kind, (_, returned)) in (0_u32..).zip(&totals.kinds) {
        let sum = usage_kinds.context_of(kind).and_then(|context| returns.get_mut(context as usize));
        if let Some(sum) = sum {
            *sum = sum.saturating_add(*returned);
        }
    }
    for (context, returned) in contexts.iter_mut().zip(returns) {
        context.set(Field::CONTEXT_RETURNS, returned.to_string());
    }
}

/// Gives each sales context the totals of its usages: those of the whole service (ARCH-66) where
/// they are known, else of what was counted here. `timed` says whether the source knows how long
/// was played.
fn set_totals(
    contexts: &mut [Entity],
    counted: &[(u64, i64)],
    service: Option<&[ServiceTotal]>,
    terms: &dyn Terms,
    timed: bool,
) {
    let drops = terms.qualifying().is_some_and(|qualifying| qualifying.below == BelowThreshold::Drop);
    let mut whole: BTreeMap<&Entity, (u64, i128)> = BTreeMap::new();
    for total in service.into_iter().flatten().filter(|total| total.bearing || !drops) {
        let sum = whole.entry(&total.context).or_default();
        *sum = (sum.0 + total.plays, sum.1 + total.micros);
    }
    let totals = contexts.iter().zip(counted).map(|(context, (plays, micros))| {
        let (all, time) = whole.get(context).copied().unwrap_or_default();
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        (all.max(*plays), time.max(*micros))
    });
    let totals: Vec<(u64, i64)> = totals.collect();
    for (context, (plays, micros)) in contexts.iter_mut().zip(totals) {
        context.set(Field::TOTAL_USAGES, plays.to_string());
        if !timed {
            continue;
        }
        let mut text = Vec::new();
        Duration::from_micros(micros).write_iso(&mut text);
        context.set(Field::TOTAL_DURATION, String::from_utf8_lossy(&text).into_owned());
    }
}
