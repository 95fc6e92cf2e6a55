//! One reading, many reports.
//!
//! The inputs are read once, with everything that any of the reports wants of a row. A row is then
//! dealt out: outputs form *sets*, and in each set the first output whose rule takes the row gets
//! it. So the labels of a service are one set, in which every play goes to one label, and each
//! society that gets everything is a set of its own. From there on a report is made by what makes
//! it when it is converted alone (`Counting`, `pass_events`), so the bytes are the same.
//!
//! **Balance.** What was read is what was dealt out, rejected or filtered; what a set's outputs
//! have read and what none of them took is what was dealt out; and each output balances by itself.
//! Nothing appears before all of this holds for all outputs.
//!
//! **Memory.** Sums lie in a table for each output, and all of them share one limit. Outputs of
//! sums open their files one after the other at the end; outputs of events are open while the
//! inputs are read, which bounds their number ([`MOST_OPEN`]).
//!
//! **The whole service.** Deals divide by what the whole service counted. Plays are counted by
//! context key while they are dealt out, once for each period and threshold that an agreement asks
//! for, and each agreement then places the keys in its own sales contexts.

use crate::aggregate::counter::{CountingRules, CountingWorker, Rows};
use crate::diagnostics;
use crate::enrich::decoder::Enrichment;
use crate::enrich::privacy::PersonalData;
use crate::filter::period::{self, KnownDuplicates, RowFilter, Screening};
use crate::filter::refund_pairs::PairedRefunds;
use crate::output::files;
use crate::output::slices::OutputSlices;
use crate::run::events_to_blocks::{Counting, Spaces};
use crate::run::{Beside, Job, OnReject, Outcome, Part, Quarantine, Ready, Run, pass_events, quarantined};
use crate::scan::chunks::{DecodedChunk, scan};
use crate::scan::ordered::{Flow, OrderedConsumer};
use crate::scan::rejects::account;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use transpose_codes::decimal::Decimal;
use transpose_core::accounting::{Amounts, Imbalance, RunReport};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{EventDecoder, EventEncoder, Grain, Projection};
use transpose_core::model::{Batch, Entity, Field, FieldSet, Reject};
use transpose_core::terms::{DuplicatePolicy, UnroutedPolicy};
use transpose_io::{OutputSet, WrittenFile};
use transpose_sync::{into_inner, lock};

mod router;
mod service_totals;

pub use crate::filter::route_rule::{Condition, Rule};
use router::{Dealer, Taker, Untaken, part};
use service_totals::{Listener, Service, Teller, View, whole};

transpose_core::codes! {
    /// Rows that no output of a set takes.
    pub NOT_TAKEN: "ENG0701" "rows-not-taken" Warning
        "No output of the set has a rule for these rows, so none of its reports holds them. They are counted, and the run balances with them."
        "Add an output for them, or leave out the rule of the last output of the set, which then takes the rest; `untaken = \"refuse\"` in the job refuses to write anything."
    /// The same where the job refuses it.
    pub NOT_TAKEN_REFUSED: "ENG0702" "untaken-refused" Error
        "The job says that every row has to go to an output of the set, and some do not."
        "Add an output for them, or write `untaken = \"report\"`."
    /// More outputs of events than files can be open.
    pub TOO_MANY_OPEN: "ENG0703" "too-many-open-outputs" Error
        "Outputs of single plays are written while the inputs are read, all at once; so there can only be so many of them."
        "Split the job into several."
    /// Inputs that cannot be dealt out.
    pub NO_EVENTS: "ENG0704" "job-needs-events" Error
        "A job deals single plays and sales out to its outputs. These inputs hold sums, or a catalogue."
        "Convert such a report with `transpose convert`."
}

/// How many outputs of events there may be.
pub const MOST_OPEN: usize = 200;

/// How many outputs there may be.
pub const MOST_OUTPUTS: usize = 2000;

/// How many kinds of rows that nobody took are told one by one.
const TOLD: usize = 20;

/// One of the reports of a run.
#[derive(Clone)]
pub struct Output<'a> {
    /// What the run calls it.
    pub name: String,
    /// The number of its set, from 0. In each set the first output that takes a row gets it.
    pub set: usize,
    /// Which rows it takes.
    pub rule: Rule,
    /// How it is made. Inputs, their format, reading and limits are those of the first output's
    /// job.
    pub job: Job<'a>,
}

/// A run: one reading, many reports.
pub struct Many<'a> {
    /// The reports.
    pub outputs: &'a [Output<'a>],
    /// The names of the sets.
    pub sets: &'a [String],
    /// What happens to rows that stand several times.
    pub duplicates: DuplicatePolicy,
    /// What happens to rows that no output of a set takes.
    pub unrouted: UnroutedPolicy,
    /// Asked for what is to appear together with the reports, once all of them have come to their
    /// end.
    pub beside: Beside<'a>,
}

/// What a set came to.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// The name of the set.
    pub name: String,
    /// What its outputs have read together.
    pub taken: Amounts,
    /// What none of them took.
    pub untaken: Amounts,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// What was found before rows were dealt out, and the account of the inputs: `converted` is
    /// what was dealt out.
    pub report: RunReport,
    /// What each output came to, in order.
    pub outputs: Vec<Outcome>,
    /// What each set came to.
    pub sets: Vec<Shared>,
    /// Files that appeared beside the reports.
    pub beside: Vec<WrittenFile>,
    /// The version that was read, for formats with versions.
    pub source_version: Option<String>,
    /// Why nothing was written, if so.
    pub refused: Option<Fatal>,
}

/// What an output wants of the rows of one input.
struct Feed<'a> {
    /// Which cells of a row are its own.
    cells: Vec<usize>,
    /// What they hold, as far as the output asked for it.
    fields: Vec<Field>,
    screen: RowFilter<'a>,
    /// For sums, what decides whether a row counts.
    rules: Option<CountingRules<'a>>,
}

/// One worker's state.
struct Hand<'a> {
    dealer: Dealer<'a>,
    teller: Teller<'a>,
    counters: Vec<Option<CountingWorker<'a>>>,
    scratch: Batch,
}

/// What a chunk has come to.
struct Parts {
    report: RunReport,
    rejects: Vec<u8>,
    outputs: Vec<(usize, Part)>,
}

/// Everything that lasts from input to input.
struct State<'a> {
    runs: Vec<Run<'a>>,
    sinks: Vec<Option<OutputSlices<'a>>>,
    quarantine: Option<Quarantine>,
    dealt: Amounts,
    untaken: Untaken,
    service: Service,
}

impl Many<'_> {
    /// Runs it. A fatal end leaves nothing behind; a refusal at the end comes with the whole
    /// report.
    pub fn run(&self) -> Result<Ran, Fatal> {
        let Some(first) = self.outputs.first() else {
            return Err(diagnostics::bug("a run without an output"));
        };
        if first.job.source.manifest().grain != Grain::Event {
            let message = format!("`{}` holds no single plays", first.job.source.manifest().id);
            return Err(Fatal::usage(Diagnostic::new(&NO_EVENTS, Location::default(), message)));
        }
        let open = self.outputs.iter().filter(|output| output.job.target.manifest().grain == Grain::Event);
        if open.count() > MOST_OPEN || self.outputs.len() > MOST_OUTPUTS {
            let message = format!(
                "the job has {} outputs; at most {MOST_OUTPUTS} are possible, {MOST_OPEN} of them of single plays",
                self.outputs.len()
            );
            return Err(Fatal::usage(Diagnostic::new(&TOO_MANY_OPEN, Location::default(), message)));
        }
        let screening = Screening { duplicates: self.duplicates, ..Screening::default() };
        // Rows are read with everything that anybody may get; what an output may not have is kept
        // from it.
        let personal = |output: &&Output<'_>| {
            output.job.target.writes(output.job.version).iter().any(Field::is_personal)
        };
        let reader = self.outputs.iter().find(personal).unwrap_or(first);
        let mut users = self.outputs.iter().map(|output| &output.job.completion.users);
        let hashed = users.find(|users| matches!(users, PersonalData::Hash(_))).cloned();
        let completion =
            Enrichment { users: hashed.unwrap_or(PersonalData::Keep), ..reader.job.completion.clone() };
        let base = Job { period: None, slicing: None, screening, completion, ..reader.job.clone() };
        if self.duplicates == DuplicatePolicy::Off {
            return self.feed(&base, KnownDuplicates::default());
        }
        let searched = base.search()?;
        let base = Job { inputs: searched.again.as_deref().unwrap_or(base.inputs), ..base.clone() };
        let known = KnownDuplicates { marks: searched.marks.as_ref(), redelivered: &searched.redelivered };
        let mut ran = self.feed(&base, known)?;
        let mut diagnostics = searched.diagnostics;
        diagnostics.merge(std::mem::take(&mut ran.report.diagnostics));
        ran.report.diagnostics = diagnostics;
        Ok(ran)
    }

    /// Reads the inputs once and makes all reports.
    fn feed(&self, base: &Job<'_>, known: KnownDuplicates<'_>) -> Result<Ran, Fatal> {
        let sells = base.sells()?;
        let paired = if sells { base.pair()? } else { PairedRefunds::default() };
        let inputs = if sells { &paired.again } else { base.inputs };
        let sums =
            self.outputs.iter().filter(|output| output.job.target.manifest().grain == Grain::Aggregate);
        let several = sums.count();
        let budget = base.budget().map(|budget| budget.among(several));
        let threads = base.reading().threads;
        let jobs: Vec<Job<'_>> =
            self.outputs.iter().map(|output| Job { inputs, ..output.job.clone() }).collect();
        let sources = base.sources();
        let mut opener = Run::new(base);
        let mut decoders = Vec::new();
        let mut reads = FieldSet::EMPTY;
        for input in inputs {
            let decoder = opener.open_events(input)?;
            reads = reads.union(decoder.preamble().reads);
            decoders.push(decoder);
        }
        let mut countings = Vec::new();
        let mut encoders: Vec<Option<Box<dyn EventEncoder>>> = Vec::new();
        let mut state = State {
            runs: jobs.iter().map(Run::new).collect(),
            sinks: Vec::new(),
            quarantine: None,
            dealt: Amounts::default(),
            untaken: Untaken::new(),
            service: Service::new(),
        };
        for (output, job) in self.outputs.iter().zip(&jobs) {
            let made = (|| {
                if job.target.manifest().grain == Grain::Aggregate {
                    return Ok((Some(Counting::new(job, sells, threads, budget, true)?), None));
                }
                let mut header = Entity::default();
                if let Some(terms) = job.terms {
                    terms.header(&mut header);
                }
                let given = reads.difference(job.withheld());
                Ok((None, Some(job.create_events(&header, given)?)))
            })();
            let (counting, encoder) = made.map_err(|fatal| named(fatal, &output.name))?;
            countings.push(counting);
            encoders.push(encoder);
        }
        for ((job, run), encoder) in jobs.iter().zip(&mut state.runs).zip(&encoders) {
            run.adopt(&decoders, &opener);
            state.sinks.push(match encoder {
                Some(encoder) => {
                    run.drops(encoder.as_ref(), reads.difference(job.withheld()), &[], &[]);
                    Some(OutputSlices::new(job.spec(), encoder.as_ref())?)
                }
                None => None,
            });
        }
        let takers: Vec<Taker<'_>> =
            self.outputs.iter().map(|output| Taker { set: output.set, rule: &output.rule }).collect();
        let deciding = router::fields(&takers, sells);
        let views = views(&jobs);
        let base_rules = base.screen(&sources, known);
        let screens: Vec<period::FilterRules<'_>> = jobs
            .iter()
            .map(|job| {
                let mut rules = job.screen(&sources, KnownDuplicates::default());
                if sells && job.target.manifest().grain == Grain::Aggregate {
                    // Refunds of the period's sales may come after it, so that is decided where
                    // sales are counted.
                    rules.period = None;
                }
                rules
            })
            .collect();
        let mut spaces = Spaces::default();
        for ((number, input), mut decoder) in inputs.iter().enumerate().zip(decoders) {
            // What all outputs want of a row together; what decides where it goes comes first.
            let mut wanted = Projection { row: deciding.clone(), duration: true, ..Projection::default() };
            wanted.now = Some(base.now.micros);
            let has = decoder.preamble().reads;
            let mut asked: Vec<Vec<Field>> = Vec::new();
            for ((job, counting), screen) in jobs.iter().zip(&countings).zip(&screens) {
                let mut own = Vec::new();
                if let Some(counting) = counting {
                    let projection = counting.projection();
                    wanted.item = wanted.item.union(projection.item);
                    wanted.context = wanted.context.union(projection.context);
                    wanted.time |= projection.time;
                    own.extend(&projection.row);
                } else {
                    let fields = job.target.writes(job.version).intersection(reads);
                    own.extend(fields.difference(job.withheld()).iter());
                    wanted.time |= job.period.is_some();
                }
                screen.add_cells(has, &mut own);
                asked.push(own);
            }
            wanted.time |= views.iter().any(|view| view.period.is_some());
            for field in asked.iter().flatten() {
                if !wanted.row.contains(field) {
                    wanted.row.push(*field);
                }
            }
            decoder.project(&wanted)?;
            base.restrict(input, decoder.as_ref(), known.marks.is_some() || sells);
            let space = spaces.of(decoder.as_ref());
            let shared = decoder.as_ref();
            let sieve = base_rules.row_filter(number, shared, &wanted.row, &mut opener.report);
            let mut feeds = Vec::new();
            for (((counting, screen), fields), run) in
                countings.iter().zip(&screens).zip(asked).zip(&mut state.runs)
            {
                feeds.push(Feed {
                    cells: fields
                        .iter()
                        .filter_map(|field| wanted.row.iter().position(|known| known == field))
                        .collect(),
                    screen: screen.row_filter(number, shared, &fields, &mut run.report),
                    rules: counting
                        .as_ref()
                        .map(|counting| counting.rules(shared, paired.pairs.as_ref(), &fields)),
                    fields,
                });
            }
            let listeners: Vec<Listener<'_>> = jobs
                .iter()
                .zip(&countings)
                .filter_map(|(job, counting)| listener(job, counting.as_ref()?))
                .collect();
            let user = wanted.row.iter().position(|field| *field == Field::USER);
            let mut hands: Vec<Hand<'_>> = (0..threads)
                .map(|_| Hand {
                    dealer: Dealer::new(shared, &takers, self.sets.len(), &deciding),
                    teller: Teller::new(&views, &listeners, shared, user),
                    counters: Vec::new(),
                    scratch: Batch::default(),
                })
                .collect();
            for counting in &countings {
                let mut workers = counting
                    .iter()
                    .flat_map(|counting| counting.workers(number, space))
                    .collect::<Vec<_>>()
                    .into_iter();
                for hand in &mut hands {
                    hand.counters.push(workers.next());
                }
            }
            let each = Each { base, sieve, feeds: &feeds, encoders: &encoders, space, decoder: shared };
            let gave_up = each.scan(input, &mut hands, &mut state, &mut opener)?;
            for Hand { dealer, teller, .. } in hands {
                dealer.close(&mut state.dealt, &mut state.untaken)?;
                teller.close(&mut state.service);
            }
            drop(feeds);
            spaces.keep(space, decoder);
            if gave_up {
                break;
            }
        }
        self.finish(base, opener, state, countings, &spaces, &views, &sources)
    }
}

impl Many<'_> {
    /// Makes the reports of what was counted, checks that everything balances, and lets the files
    /// appear.
    #[expect(clippy::too_many_arguments, reason = "everything that the reading has left behind")]
    fn finish<'a>(
        &self,
        base: &Job<'_>,
        opener: Run<'_>,
        state: State<'a>,
        countings: Vec<Option<Counting<'a>>>,
        spaces: &Spaces<'_>,
        views: &[View],
        sources: &[Arc<str>],
    ) -> Result<Ran, Fatal> {
        let State { runs, sinks, quarantine, dealt, untaken, service } = state;
        let gave_up = opener.gave_up();
        let (mut report, source_version) = opener.into_report();
        report.ledger.read.add(&dealt).map_err(|error| diagnostics::imbalance(&error))?;
        report.ledger.converted = dealt.clone();
        report.ledger.written = dealt;
        report.ledger.balance(false).map_err(|error| diagnostics::imbalance(&error))?;
        let sets = self.shared(&runs, &untaken, &report.ledger.converted)?;
        let mut refused = self.told(base, untaken, gave_up, &mut report, &runs);
        let (mut outcomes, mut paths) = (Vec::new(), Vec::new());
        let mut set = OutputSet::new(base.overwrite).with_threads(base.reading().threads);
        for (((output, run), sinks), counting) in self.outputs.iter().zip(runs).zip(sinks).zip(countings) {
            if refused.is_some() {
                outcomes.push(run.abandon());
                continue;
            }
            let ready = match (counting, sinks) {
                (Some(mut counting), _) => {
                    counting.limit(&output.rule);
                    if let Some(view) =
                        view(&output.job).and_then(|view| views.iter().position(|known| *known == view))
                        && let Some(terms) = output.job.terms
                    {
                        counting.know(whole(&service, view, views, terms));
                    }
                    counting.finish(run, spaces, sources)
                }
                (None, Some(sinks)) => run.end(sinks, false),
                (None, None) => Err(diagnostics::bug("an output that nobody makes")),
            };
            let Ready { mut outcome, set: more, .. } = ready.map_err(|fatal| named(fatal, &output.name))?;
            outcome.report.diagnostics.name_source(&place_of(&output.name));
            if let Some(fatal) = outcome.refused.take() {
                refused = Some(named(fatal, &output.name));
            }
            if let Some(more) = more {
                paths.extend(more.paths().into_iter().map(|path| (outcomes.len(), path)));
                set.join(more).map_err(|error| diagnostics::io(&error))?;
            }
            outcomes.push(outcome);
        }
        let mut beside = Vec::new();
        if refused.is_none() && !base.dry_run {
            let aside = quarantine.map(Quarantine::finish).transpose()?;
            beside = self.commit(set, aside, &paths, &mut outcomes)?;
        }
        Ok(Ran { report, outputs: outcomes, sets, beside, source_version, refused })
    }

    /// Lets all files appear, or none; answers those beside the reports.
    fn commit(
        &self,
        mut set: OutputSet,
        aside: Option<OutputSet>,
        paths: &[(usize, PathBuf)],
        outcomes: &mut [Outcome],
    ) -> Result<Vec<WrittenFile>, Fatal> {
        files::add(&mut set, (self.beside)(outcomes)?)?;
        if let Some(aside) = aside {
            set.join(aside).map_err(|error| diagnostics::io(&error))?;
        }
        let written = files::commit(set)?;
        let (reports, beside): (Vec<_>, Vec<_>) =
            written.into_iter().partition(|written| paths.iter().any(|(_, path)| *path == written.path));
        for written in reports {
            let output = paths.iter().find(|(_, path)| *path == written.path).map(|(output, _)| *output);
            if let Some(outcome) = output.and_then(|output| outcomes.get_mut(output)) {
                outcome.written.push(written);
            }
        }
        Ok(beside)
    }

    /// Adds up what the outputs of each set have read and what none of them took: both together are
    /// what was dealt out.
    fn shared(&self, runs: &[Run<'_>], untaken: &Untaken, dealt: &Amounts) -> Result<Vec<Shared>, Fatal> {
        let shared = |name: &String| Shared { name: name.clone(), ..Shared::default() };
        let mut sets: Vec<Shared> = self.sets.iter().map(shared).collect();
        let add =
            |sum: &mut Amounts, more: &Amounts| sum.add(more).map_err(|error| diagnostics::imbalance(&error));
        for (output, run) in self.outputs.iter().zip(runs) {
            if let Some(set) = sets.get_mut(output.set) {
                add(&mut set.taken, &run.report.ledger.read)?;
            }
        }
        for ((set, _), amounts) in untaken {
            if let Some(set) = sets.get_mut(*set) {
                add(&mut set.untaken, amounts)?;
            }
        }
        for set in &sets {
            let mut sum = set.taken.clone();
            add(&mut sum, &set.untaken)?;
            same(&set.name, &sum, dealt).map_err(|error| diagnostics::imbalance(&error))?;
        }
        Ok(sets)
    }

    /// Tells what nobody took; answers why nothing may be written, if so.
    fn told(
        &self,
        base: &Job<'_>,
        untaken: Untaken,
        gave_up: bool,
        report: &mut RunReport,
        runs: &[Run<'_>],
    ) -> Option<Fatal> {
        let refusal =
            |code, message: String| Some(Fatal::input(Diagnostic::new(code, Location::default(), message)));
        let rejects =
            report.ledger.rejects() + runs.iter().map(|run| run.report.ledger.rejects()).sum::<u64>();
        if gave_up {
            let most = base.max_rejects.unwrap_or_default();
            return refusal(
                &diagnostics::TOO_MANY_REJECTS,
                format!("{rejects} rows are rejected, and at most {most} may be"),
            );
        }
        let mut refused = None;
        for ((set, said), amounts) in untaken {
            let name = self.sets.get(set).map_or("", String::as_str);
            let said = if said.is_empty() { String::new() } else { format!(" with {said}") };
            let message = format!("no output of the set `{name}` takes {} rows{said}", amounts.rows);
            if self.unrouted == UnroutedPolicy::Refuse {
                let diagnostic = Diagnostic::new(&NOT_TAKEN_REFUSED, Location::default(), message);
                let fatal = refused.get_or_insert_with(|| Fatal {
                    diagnostics: Vec::new(),
                    ..Fatal::input(diagnostic.clone())
                });
                if fatal.diagnostics.len() < TOLD {
                    fatal.diagnostics.push(diagnostic);
                }
            } else {
                report.diagnostics.push(Diagnostic::new(&NOT_TAKEN, Location::default(), message));
            }
        }
        if rejects > 0 && base.on_reject == OnReject::Fail {
            return refusal(&diagnostics::REJECTED, format!("{rejects} rows cannot be converted"));
        }
        refused
    }
}

/// Compares what a set has accounted for with what was dealt out. Money is compared over all
/// currencies: a row may not name its own, and the agreement of an output knows it.
fn same(set: &str, sum: &Amounts, dealt: &Amounts) -> Result<(), Imbalance> {
    let paid = |amounts: &Amounts| {
        let sums = amounts.paid.values().try_fold(Decimal::ZERO, |sum, paid| sum.checked_add(*paid));
        sums.map_or("too much".into(), |sum| sum.normalize().to_string())
    };
    let moved = |amounts: &Amounts| (amounts.plays + amounts.returns).normalize().to_string();
    for (what, a, b) in [
        ("rows", sum.rows.to_string(), dealt.rows.to_string()),
        ("plays", moved(sum), moved(dealt)),
        ("microseconds", sum.micros.to_string(), dealt.micros.to_string()),
        ("amounts paid", paid(sum), paid(dealt)),
    ] {
        if a != b {
            let what = format!("{what} dealt out to the set `{set}`").into();
            return Err(Imbalance { what, read: b, accounted: a });
        }
    }
    Ok(())
}

/// What is done with the rows of one input.
struct Each<'a> {
    base: &'a Job<'a>,
    sieve: RowFilter<'a>,
    feeds: &'a [Feed<'a>],
    encoders: &'a [Option<Box<dyn EventEncoder>>],
    space: u32,
    decoder: &'a dyn EventDecoder,
}

impl Each<'_> {
    /// Reads the body and merges everything in the order of the input; answers whether the run gave
    /// up.
    fn scan(
        &self,
        input: &transpose_io::Input,
        hands: &mut [Hand<'_>],
        state: &mut State<'_>,
        opener: &mut Run<'_>,
    ) -> Result<bool, Fatal> {
        let base = self.base;
        if let (OnReject::Quarantine(path), None) = (&base.on_reject, &state.quarantine) {
            state.quarantine = Some(Quarantine::create(path, base.overwrite)?);
        }
        let flow = Flow::default();
        let source: Arc<str> = input.name().into();
        let trailers = Mutex::new(Vec::new());
        let State { runs, sinks, quarantine, .. } = state;
        let threads = base.reading().threads;
        let mut gave_up = false;
        let opened = &mut *opener;
        let stopped = &mut gave_up;
        let consumer = OrderedConsumer::new(threads * 4, |parts: Parts| {
            merge(opened, parts.report, &source)?;
            if let Some(quarantine) = quarantine.as_mut().filter(|_| !parts.rejects.is_empty()) {
                quarantine.append(&parts.rejects, self.decoder)?;
            }
            for (output, part) in parts.outputs {
                let (Some(run), Some(sinks)) = (runs.get_mut(output), sinks.get_mut(output)) else {
                    continue;
                };
                merge(run, part.report, &source)?;
                for (slice, encoded) in &part.encoded {
                    if let Some(sinks) = sinks {
                        sinks.write(*slice, encoded)?;
                    }
                }
            }
            (base.progress)(input);
            let rejects = opened.report.ledger.rejects()
                + runs.iter().map(|run| run.report.ledger.rejects()).sum::<u64>();
            if rejects > base.max_rejects.unwrap_or(u64::MAX) {
                *stopped = true;
                flow.stop();
            }
            Ok(())
        });
        let scanned = scan(input, self.decoder, base.reading(), &flow, hands, &|hand, decoded| {
            if !decoded.batch.trailers.is_empty() {
                lock(&trailers).extend_from_slice(&decoded.batch.trailers);
            }
            let number = decoded.number;
            let parts = self.hand_out(hand, decoded)?;
            consumer.submit(number, parts, &flow)
        });
        drop(consumer);
        let scanned = scanned.map_err(|fatal| fatal.in_source(input.name()))?;
        if gave_up {
            opener.give_up_reading();
            return Ok(true);
        }
        opener.set_trailers(into_inner(trailers));
        opener.finish_input(input, self.decoder, &scanned, None)?;
        Ok(false)
    }

    /// Deals the rows of a chunk out, and has each output take its own.
    fn hand_out(&self, hand: &mut Hand<'_>, mut decoded: DecodedChunk<'_>) -> Result<Parts, Fatal> {
        self.sieve.apply(&mut decoded)?;
        let DecodedChunk { number, bytes, origin, numbers, batch, mut report } = decoded;
        account(&batch.rejects, &mut report);
        let mut rejects: BTreeMap<u32, Reject> =
            batch.rejects.iter().map(|reject| (reject.start, reject.clone())).collect();
        let events = &batch.events;
        hand.teller.count(Rows { events, bytes, space: self.space })?;
        let dealt = hand.dealer.deal(events, bytes)?;
        let mut outputs = Vec::new();
        for (output, rows) in dealt.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            let Some(feed) = self.feeds.get(output) else { continue };
            part(events, rows, &feed.cells, &mut hand.scratch.events);
            let mut own = DecodedChunk {
                number,
                bytes,
                origin,
                numbers,
                batch: &mut hand.scratch,
                report: RunReport::default(),
            };
            feed.screen.apply(&mut own)?;
            let counter = (hand.counters.get_mut(output), &feed.rules);
            let (report, more, encoded) = if let (Some(Some(worker)), Some(rules)) = counter {
                let (report, rejects) = worker.count(own, rules)?;
                (report, rejects, Vec::new())
            } else {
                let Some(Some(encoder)) = self.encoders.get(output) else {
                    return Err(diagnostics::bug("an output without an encoder"));
                };
                pass_events(own, self.decoder, encoder.as_ref(), &feed.fields, None)?
            };
            for reject in more {
                rejects.entry(reject.start).or_insert(reject);
            }
            outputs.push((output, Part { report, quarantine: Vec::new(), encoded }));
        }
        let rejects: Vec<Reject> = rejects.into_values().collect();
        Ok(Parts { report, rejects: quarantined(&rejects, bytes, self.decoder), outputs })
    }
}

/// Adds the report of a chunk to that of a run.
fn merge(run: &mut Run<'_>, mut report: RunReport, source: &Arc<str>) -> Result<(), Fatal> {
    report.diagnostics.name_source(source);
    // A chunk tells of its rejected rows last; the order must not show where the chunks are.
    report.diagnostics.sort_by_line();
    run.report.merge(report).map_err(|error| diagnostics::imbalance(&error))
}

/// Which plays of the whole service an output's agreement asks for, if it does.
fn view(job: &Job<'_>) -> Option<View> {
    let terms = job.terms.filter(|terms| terms.royalties().is_some())?;
    let threshold = terms.qualifying().map(|qualifying| qualifying.micros);
    Some(View { period: job.period.clone(), threshold })
}

/// An output that wants to know what each user played of the whole service.
fn listener<'a>(job: &'a Job<'_>, counting: &'a Counting<'_>) -> Option<Listener<'a>> {
    let (terms, view) = (job.terms?, view(job)?);
    Some(Listener { users: counting.users()?, terms, royalties: terms.royalties()?, view })
}

/// The views of all outputs, each once.
fn views(jobs: &[Job<'_>]) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for view in jobs.iter().filter_map(view) {
        if !views.contains(&view) {
            views.push(view);
        }
    }
    views
}

/// A failure that says which output it is of.
fn named(mut fatal: Fatal, output: &str) -> Fatal {
    for diagnostic in &mut fatal.diagnostics {
        diagnostic.location.source.get_or_insert_with(|| place_of(output));
    }
    fatal
}

/// Where a diagnostic stands that is of an output and of no line of an input.
fn place_of(output: &str) -> Arc<str> {
    format!("output `{output}`").into()
}
