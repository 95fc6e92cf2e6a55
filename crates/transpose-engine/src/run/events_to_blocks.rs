//! A report of sums that is made of events, from the first row to the last byte.
//!
//! What is wanted of each event, what counts it, and what becomes of the counts once everything is
//! read. Who reads the events is not known here: it may be a conversion of its own, or a run in
//! which one reading feeds many reports.

use crate::aggregate::budget::Budget;
use crate::aggregate::counter::{Counter, CountingRules, CountingWorker, RefundRules};
use crate::aggregate::usage_kinds::{UsageKind, UsageKinds};
use crate::aggregate::users::PlaysByUser;
use crate::consolidate::SortedGroups;
use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::in_memory::{DescribedItems, consolidate};
use crate::consolidate::on_disk::{self, SortedOnDisk};
use crate::consolidate::shapes::Shapes;
use crate::diagnostics;
use crate::emit;
use crate::emit::blocks::{self, BlockEncoding};
use crate::emit::usages::{UsageColumns, UsageWriter};
use crate::filter::marks::RowMarks;
use crate::filter::refund_cutoff::RefundCutoff;
use crate::filter::refund_pairs::RefundPair;
use crate::filter::route_rule::Rule;
use crate::output::files::OutputFiles;
use crate::output::slices::OutputSlices;
use crate::royalties::allocations::Allocations;
use crate::royalties::rounding::{self, Amounts};
use crate::royalties::rows::Rows;
use crate::run::{Job, Ready, Run};
use crate::storage::scratch::Scratch;
use std::borrow::Cow;
use std::sync::Arc;
use transpose_codes::duration::Duration;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location, Severity};
use transpose_core::format::{EventDecoder, Projection};
use transpose_core::model::{Entity, Field, FieldSet, Group};
use transpose_core::terms::{ConflictPolicy, RoyaltyTerms, ServiceTotal, Terms};
use transpose_sync::unpoisoned;

/// Fields that tell releases and recordings apart; needed even where the target does not hold them.
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

/// Whether releases, or recordings, are told apart by an identity for a target that writes the
/// given fields. One that describes no releases has none; rows of a table that does not show an
/// identifier would look the same.
fn is_told(identity: Field, writes: FieldSet, table: bool) -> bool {
    if identity.group() != Group::Release || writes.contains(identity) {
        return true;
    }
    let describes = OF_RELEASES.into_iter().any(|field| writes.contains(field));
    let named = matches!(identity, Field::RELEASE_ARTIST | Field::RELEASE_TITLE);
    if table { named && !writes.of(Group::Release).is_empty() } else { describes }
}

/// The decoders whose keys are counted. A key names its space: inputs whose keys mean the same
/// share one, and the first decoder of each explains it.
#[derive(Default)]
pub(crate) struct Spaces<'a> {
    decoders: Vec<Box<dyn EventDecoder + 'a>>,
    reads: FieldSet,
}

impl<'a> Spaces<'a> {
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
pub(crate) struct Counting<'a> {
    job: &'a Job<'a>,
    terms: &'a dyn Terms,
    projection: Projection,
    counter: Counter,
    /// What decides about refunds.
    cutoff: RefundCutoff,
    /// Whether the events are sales.
    sells: bool,
    budget: Option<Budget>,
    threads: usize,
    /// What the whole service counted, where somebody knows.
    whole: Option<Vec<ServiceTotal>>,
    /// What each user played, for agreements that pay by that.
    users: Option<PlaysByUser>,
    /// Which of the service's rows the report is about; none for all.
    rule: Option<&'a Rule>,
}

impl<'a> Counting<'a> {
    /// Prepares to count with so many threads and so much memory; refused without an agreement.
    /// `service` tells whether the plays of the whole service are told apart from those of the
    /// report.
    pub(crate) fn new(
        job: &'a Job<'a>,
        sells: bool,
        threads: usize,
        budget: Option<Budget>,
        service: bool,
    ) -> Result<Self, Fatal> {
        let Some(terms) = job.terms else {
            let message = format!(
                "`{}` is made of usages in sales contexts, and no agreement is given",
                job.target.manifest().id
            );
            return Err(Fatal::usage(Diagnostic::new(
                &diagnostics::NO_AGREEMENT,
                Location::default(),
                message,
            )));
        };
        let writes = job.target.writes(job.version);
        let item = writes.of(Group::Release).union(writes.of(Group::Recording)).union(writes.of(Group::Work));
        let per_user = terms.royalties().is_some_and(RoyaltyTerms::per_user);
        let mut projection = Projection {
            item,
            context: terms.reads(),
            time: job.period.is_some() || sells || !terms.turns().is_empty(),
            duration: true,
            now: Some(job.now.micros),
            row: per_user.then_some(Field::USER).into_iter().collect(),
        };
        let table = job.target.manifest().traits.merges_rows;
        for identity in IDENTITY.into_iter().filter(|identity| is_told(*identity, writes, table)) {
            projection.item.insert(identity);
        }
        let latest = terms.conflict() == ConflictPolicy::Latest;
        let users = per_user
            .then(|| PlaysByUser::new(budget.map(|budget| budget.consolidating - budget.counting), service));
        let counter = Counter::new(threads, budget, job.temp_dir.clone(), latest);
        let mut header = Entity::default();
        terms.header(&mut header);
        let cutoff = RefundCutoff::new(terms.refunds(), job.period.as_ref(), &header);
        Ok(Self {
            job,
            terms,
            projection,
            counter,
            cutoff,
            sells,
            budget,
            threads,
            whole: None,
            users,
            rule: None,
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
        let user = row.iter().position(|field| *field == Field::USER);
        let terms = self.terms;
        CountingRules {
            decoder,
            terms,
            turns: terms.turns(),
            // What was not played has no length that could fall short.
            qualifying: terms
                .qualifying()
                .filter(|_| decoder.preamble().reads.contains(Field::EVENT_DURATION)),
            sales: self.sells.then(|| RefundRules {
                period: self.job.period.clone(),
                cutoff: &self.cutoff,
                pairs,
                unmatched: terms.refunds().unmatched,
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

    /// Tells what the whole service counted.
    pub(crate) fn know(&mut self, whole: Vec<ServiceTotal>) {
        self.whole = Some(whole);
    }

    /// Tells which of the service's rows the report is about: nothing is due for the others.
    pub(crate) fn limit(&mut self, rule: &'a Rule) {
        self.rule = Some(rule);
    }

    /// Makes the report of everything that was counted; nothing appears yet.
    pub(crate) fn finish(
        self,
        run: Run<'a>,
        spaces: &Spaces<'_>,
        sources: &[Arc<str>],
    ) -> Result<Ready, Fatal> {
        let Self { job, terms, projection, counter, budget, threads, whole, users, rule, .. } = self;
        let policy = terms.conflict();
        for context in terms.due().into_iter().filter(|context| rule.is_none_or(|rule| rule.reaches(context)))
        {
            counter.usage_kind(UsageKind::new(&context, false))?;
        }
        let reads = spaces.reads;
        let shapes = Shapes::new(projection.item.intersection(reads));
        let decoders: Vec<&dyn EventDecoder> = spaces.decoders.iter().map(AsRef::as_ref).collect();
        let mut item_diagnostics = ItemDiagnostics::default();
        let mut counted = counter.finish()?;
        let contexts = std::mem::take(&mut counted.contexts);
        let by_user = users.zip(terms.royalties());
        let by_user =
            by_user.map(|(users, royalties)| users.finish(&counted.usage_kinds, &contexts, royalties));
        let by_user = by_user.transpose()?;
        let by_user = by_user.as_deref();
        let finish = Finish {
            job,
            terms,
            shapes: &shapes,
            usage_kinds: &counted.usage_kinds,
            reads,
            whole: whole.as_deref(),
            by_user,
        };
        if let Some(spilled) = counted.spilled.take() {
            let spill = Scratch::create(&job.temp_dir)?;
            let budget = budget.map_or(usize::MAX, |budget| budget.consolidating);
            let plan = on_disk::ConsolidationPlan { decoders: &decoders, shapes: &shapes, policy, budget };
            let sorted = SortedOnDisk::new(&counted, &spilled, &plan, &spill, &mut item_diagnostics)?;
            let bytes = spilled.bytes() + spill.bytes();
            drop(spilled);
            let sorted = SortedGroups::OnDisk(sorted);
            let mut ready = finish.run(run, item_diagnostics, sources, contexts, sorted)?;
            ready.outcome.spilled = bytes;
            Ok(ready)
        } else {
            let dictionary = std::mem::take(&mut counted.world.dictionary);
            let dictionary = unpoisoned(dictionary.into_inner());
            let items =
                DescribedItems::describe(dictionary, &decoders, &shapes, threads, &mut item_diagnostics)?;
            let usage_kinds = &counted.usage_kinds;
            let sorted = consolidate(
                &items,
                &counted.world,
                usage_kinds,
                &shapes,
                policy,
                threads,
                &mut item_diagnostics,
            )?;
            finish.run(run, item_diagnostics, sources, contexts, SortedGroups::InMemory(sorted))
        }
    }
}

/// The end, wherever what was counted lies.
struct Finish<'b> {
    job: &'b Job<'b>,
    terms: &'b dyn Terms,
    shapes: &'b Shapes,
    usage_kinds: &'b UsageKinds,
    reads: FieldSet,
    whole: Option<&'b [ServiceTotal]>,
    by_user: Option<&'b [Vec<(u64, u64)>]>,
}

impl Finish<'_> {
    fn run(
        &self,
        mut run: Run<'_>,
        mut item_diagnostics: ItemDiagnostics,
        sources: &[Arc<str>],
        mut contexts: Vec<Entity>,
        mut sorted: SortedGroups<'_>,
    ) -> Result<Ready, Fatal> {
        let Self { job, terms, usage_kinds, reads, .. } = *self;
        let refused = item_diagnostics.refused(sources);
        if !refused.is_empty() {
            return Err(Fatal { failure: Failure::Input, diagnostics: refused });
        }
        item_diagnostics.into_report(sources, &mut run.report);
        let timed = reads.contains(Field::EVENT_DURATION);
        total(&mut contexts, &sorted.sums().contexts, timed);
        told(terms.complete(&mut contexts), &mut run.report)?;
        let writes = job.target.writes(job.version);
        let mut owed =
            rounding::ask(terms, usage_kinds, sorted.sums(), &mut contexts, self.whole, self.by_user)?;
        let mut amounts = None;
        if let Some(owed) = &mut owed {
            told(std::mem::take(&mut owed.diagnostics), &mut run.report)?;
            amounts = Some(Amounts::new(owed, usage_kinds, &contexts)?);
        }
        // A message refers to sales contexts, a table repeats of them what it shows.
        let traits = job.target.manifest().traits;
        let (rows, shown) = if traits.merges_rows {
            let (rows, shown) =
                Rows::shown(usage_kinds, &contexts, amounts.as_ref().map(|amounts| &amounts.rates), writes);
            (rows, Cow::Owned(shown))
        } else {
            (Rows::apart(usage_kinds), Cow::Borrowed(contexts.as_slice()))
        };
        sorted.arrange(|groups| rows.arrange(groups), job.reading().threads)?;
        let mut allocations = None;
        if let (Some(owed), Some(amounts)) = (&owed, &mut amounts) {
            // Rows of a table may be of several sales contexts, each with a net revenue of its own.
            if !traits.contexts_in_rows {
                allocations = Allocations::new(usage_kinds, &contexts, sorted.sums(), amounts, writes)?;
            }
            if writes.contains(Field::AMOUNT) || allocations.is_some() {
                let total = amounts.divide_all(owed, usage_kinds, &rows, &sorted)?;
                run.report.ledger.read.owed.clone_from(&total);
                run.report.ledger.converted.owed = total;
            }
            if let Some(allocations) = &mut allocations {
                allocations.divide(usage_kinds, &contexts, amounts, &rows, &sorted)?;
            }
        }
        let qualified = writes.contains(Field::QUALIFIED)
            && (amounts.is_some() || !writes.contains(Field::ROYALTY_BEARING));
        let (amounts, allocations) = (amounts.as_ref(), allocations.as_ref());
        let written = UsageColumns { rows: &rows, amounts, allocations, timed, qualified, writes };
        let usages = UsageWriter::new(usage_kinds, written);
        let shapes = blocks::shapes(self.shapes, &usages);
        let mut header = Entity::default();
        terms.header(&mut header);
        let encoder = job.create_blocks(&header, &shown, &shapes, reads)?;
        run.drops(encoder.as_ref(), reads, &[], &contexts);
        let mut sink = OutputFiles::new(encoder.as_ref(), job.spec(), None)?;
        let mut report = RunReport::default();
        let encoding =
            BlockEncoding { shapes: &shapes, contexts: &shown, usages: &usages, encoder: encoder.as_ref() };
        emit::emit(&sorted, encoding, &mut sink, job.reading().threads, &mut report)?;
        run.report.merge(report).map_err(|error| diagnostics::imbalance(&error))?;
        let mut ready = run.end(OutputSlices::whole(job.spec(), encoder.as_ref(), sink), true)?;
        ready.outcome.owed = owed;
        Ok(ready)
    }
}

/// Tells what an agreement has found, or ends with its errors.
fn told(diagnostics: Vec<Diagnostic>, report: &mut RunReport) -> Result<(), Fatal> {
    let (errors, diagnostics): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().partition(|diagnostic| diagnostic.code.severity == Severity::Error);
    report.diagnostics.extend(diagnostics);
    if errors.is_empty() { Ok(()) } else { Err(Fatal { failure: Failure::Use, diagnostics: errors }) }
}

/// Gives each sales context the sum of its usages; `timed` tells whether the source knows how long
/// was played.
fn total(contexts: &mut [Entity], sums: &[(u64, i64)], timed: bool) {
    for (context, (plays, micros)) in contexts.iter_mut().zip(sums) {
        context.set(Field::TOTAL_USAGES, plays.to_string());
        if !timed {
            continue;
        }
        let mut text = Vec::new();
        Duration::from_micros(*micros).write_iso(&mut text);
        context.set(Field::TOTAL_DURATION, String::from_utf8_lossy(&text).into_owned());
    }
}
