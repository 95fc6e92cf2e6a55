//! One report of a run: what it is made with, its state while the inputs are read, and its end.

use crate::diagnostics;
use crate::enrich::privacy::PersonalData;
use crate::filter::period::PeriodSelection;
use crate::filter::route_rule::RouteRule;
use crate::output::slices::{FinishedFiles, OutputSlices, SliceTally};
use crate::output::spec::{Destination, OutputSpec, Slicing};
use crate::run::fingerprint::Fingerprint;
use crate::run::{Run, WrittenFiles};
use crate::scan::open::other_grain;
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::format::{
    BlockEncoder, Container, Created, EncodeRequest, Encoder, EventEncoder, Format, Grain, OutputIdentity,
    Tally,
};
use transpose_core::model::{Entity, Field, FieldSet, Shape};
use transpose_core::terms::{Royalties, Terms};
use transpose_io::{Compression, OutputSet, WrittenFile};

/// One report of a run: which rows it is about, and how it is written.
#[derive(Clone)]
pub struct Output<'a> {
    /// Which of the source's rows it takes, of a run with many outputs; `None` where it takes all
    /// and is the only output.
    pub route: Option<Route>,
    /// The format.
    pub format: &'a dyn Format,
    /// The version of the format, what follows the `@`.
    pub version: Option<&'a str>,
    /// Options of the format.
    pub options: &'a [(String, String)],
    /// The agreement with its figures.
    pub terms: Option<&'a dyn Terms>,
    /// What happens to personal data.
    pub personal_data: PersonalData,
    /// The reporting period, for sources of events.
    pub period: PeriodSelection,
    /// To which slices of time rows are divided, each with files of its own; `None` for one output.
    pub slicing: Option<Slicing<'a>>,
    /// Where the output goes.
    pub destination: Destination,
    /// What is in the names that the format gives, for one of several outputs of one kind.
    pub label: Option<&'a str>,
    /// How it is packed.
    pub compression: Compression,
    /// What its table is put into, for a target that is a table; `None` for its own text.
    pub container: Option<&'a dyn Container>,
    /// Which losses are refused: `None` allows all, an empty list refuses every loss.
    pub deny_loss: Option<&'a [String]>,
}

/// Which rows of a run an output takes.
///
/// The only output of a run may have a route too, without a name: its deal pays for the plays that
/// the rule takes, and all others count for what is divided.
#[derive(Clone, Debug)]
pub struct Route {
    /// What the run calls the output.
    pub name: String,
    /// The name of its set. In each set the first output whose rule holds for a row takes it.
    pub set: String,
    /// Which rows it takes.
    pub rule: RouteRule,
}

impl Output<'_> {
    /// What its rows are: single plays or usages.
    pub(crate) fn grain(&self) -> Grain {
        self.format.manifest().grain
    }

    /// The fields that it has a place for.
    pub(crate) fn writes(&self) -> FieldSet {
        self.format.writes(self.version)
    }

    /// Personal data that it does not get; one that has no place for any is asked for none.
    pub(crate) fn withheld(&self) -> FieldSet {
        if self.writes().iter().any(Field::is_personal) {
            self.personal_data.withheld()
        } else {
            FieldSet::EMPTY
        }
    }

    /// The agreement, which an output of aggregates cannot do without.
    pub(crate) fn require_terms(&self) -> Result<&dyn Terms, Fatal> {
        self.terms.ok_or_else(|| {
            let id = &self.format.manifest().id;
            let message = format!("`{id}` is made of usages in sales contexts, and no agreement is given");
            Fatal::usage(Diagnostic::new(&diagnostics::NO_AGREEMENT, Location::default(), message))
        })
    }

    /// A failure that names the output, of a run with many.
    pub(crate) fn name_failure(&self, fatal: Fatal) -> Fatal {
        match self.route.as_ref().filter(|route| !route.is_alone()) {
            Some(route) => fatal.in_source(&route.location()),
            None => fatal,
        }
    }
}

impl Route {
    /// The route of the only output of a run, to the plays that its deal pays for.
    pub fn of_deal(rule: RouteRule) -> Self {
        Self { name: String::new(), set: String::new(), rule }
    }

    /// Whether it is the route of the only output.
    pub(crate) fn is_alone(&self) -> bool {
        self.name.is_empty()
    }

    /// Where a diagnostic is that is of the output and of no line of an input.
    pub(crate) fn location(&self) -> String {
        format!("output `{}`", self.name)
    }
}

/// What an output came to.
#[derive(Debug)]
pub struct Outcome {
    /// Diagnostics, loss and ledger.
    pub report: RunReport,
    /// The files that are now in place; empty when the run was refused or dry.
    pub written: Vec<WrittenFile>,
    /// What was written of the message.
    pub tally: Tally,
    /// What was written of each slice of time, where rows were divided to slices.
    pub slices: Vec<SliceTally>,
    /// How many bytes went to disk on the way, because they did not fit into memory.
    pub spilled: u64,
    /// The royalties, where the agreement says so: how they came about, and the balance after the
    /// period.
    pub royalties: Option<Royalties>,
    /// The version that was read, for formats with versions.
    pub source_version: Option<String>,
    /// The identifier of the message that was made, for formats of messages.
    pub message_id: Option<String>,
    /// The identifier of the message that was converted, where one was.
    pub source_message_id: Option<String>,
    /// Why nothing was written, if so.
    pub refused: Option<Fatal>,
}

impl Outcome {
    /// Fills in what is known of its files since they have appeared.
    pub fn take_written(&mut self, written: &mut WrittenFiles) {
        self.written.iter_mut().for_each(|file| written.fill(file));
    }

    /// The outcome of a run that came to no end.
    pub fn failed(fatal: Fatal) -> Self {
        Self { refused: Some(fatal), ..Self::of(RunReport::default()) }
    }

    fn of(report: RunReport) -> Self {
        Self {
            report,
            written: Vec::new(),
            tally: Tally::default(),
            slices: Vec::new(),
            spilled: 0,
            royalties: None,
            source_version: None,
            message_id: None,
            source_message_id: None,
            refused: None,
        }
    }
}

/// An output that has come to its end; nothing has appeared yet.
pub(crate) struct PendingOutput {
    /// What it came to, but for what was written.
    pub(crate) outcome: Outcome,
    /// The files that may appear; none when the output was refused or the run is dry.
    pub(crate) files: Option<OutputSet>,
    /// What the run calls it, for messages.
    pub(crate) name: String,
}

/// An output while the inputs are read.
pub(crate) struct OutputInProgress<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) output: &'a Output<'a>,
    /// What was found in its rows. Without a route that is the report of the reader, which becomes
    /// the output's when everything is read.
    pub(crate) report: RunReport,
    /// Where encoded rows go, for outputs that are written while the inputs are read.
    pub(crate) slices: Option<OutputSlices<'a>>,
    /// The identifier of the message that is made, for formats of messages.
    message_id: Option<String>,
    /// What the target has no place for; the count is the number of rows where it is not known.
    dropped: Vec<(Subject, Option<u64>, String)>,
}

impl<'a> OutputInProgress<'a> {
    /// An output without a row.
    pub(crate) fn new(run: &'a Run<'a>, output: &'a Output<'a>) -> Self {
        Self {
            run,
            output,
            report: RunReport::default(),
            slices: None,
            message_id: None,
            dropped: Vec::new(),
        }
    }

    /// What the run calls it, for messages.
    fn name(&self) -> String {
        let route = self.output.route.as_ref().filter(|route| !route.is_alone());
        route.map(Route::location).unwrap_or_default()
    }

    /// Where its files go, and how they are written.
    pub(crate) fn spec(&self) -> OutputSpec<'a> {
        let Run { source, limits, .. } = self.run;
        let output = self.output;
        OutputSpec {
            destination: &output.destination,
            label: output.label,
            slicing: output.slicing,
            inputs: source.inputs,
            compression: output.compression,
            container: output.container,
            overwrite: limits.overwrite,
            hash: limits.hash,
            threads: self.run.reading().threads,
            temp_dir: limits.temp_dir,
            now: limits.now,
        }
    }

    /// Begins to write a target of events.
    pub(crate) fn create_events(
        &self,
        header: &Entity,
        reads: FieldSet,
    ) -> Result<Box<dyn EventEncoder>, Fatal> {
        let created = self.create(header, &[], &[], reads)?;
        created.events().ok_or_else(|| other_grain(self.output.format))
    }

    /// Begins to write a target of aggregates.
    pub(crate) fn create_blocks(
        &self,
        header: &Entity,
        contexts: &[Entity],
        shapes: &[Shape],
        reads: FieldSet,
    ) -> Result<Box<dyn BlockEncoder>, Fatal> {
        let created = self.create(header, contexts, shapes, reads)?;
        created.blocks().ok_or_else(|| other_grain(self.output.format))
    }

    fn create(
        &self,
        header: &Entity,
        contexts: &[Entity],
        shapes: &[Shape],
        reads: FieldSet,
    ) -> Result<Created, Fatal> {
        let Output { format, version, terms, .. } = *self.output;
        let mut options = terms.map_or(&[][..], Terms::options).to_vec();
        options.extend_from_slice(self.output.options);
        let now = self.run.limits.now;
        let options = &options;
        let fingerprint = self.fingerprint(options, header, contexts);
        let name = self.output.route.as_ref().map_or("", |route| &route.name);
        let identity = OutputIdentity { name, fingerprint: &fingerprint };
        let request =
            EncodeRequest { version, options, header, contexts, shapes, reads, terms, now, identity };
        format.create(&request)
    }

    /// What distinguishes the output from all others.
    fn fingerprint(&self, options: &[(String, String)], header: &Entity, contexts: &[Entity]) -> String {
        let Self { output, run, report, .. } = self;
        let mut hash = Fingerprint::default();
        hash.add(output.format.manifest().id.as_bytes());
        hash.add(output.version.unwrap_or_default().as_bytes());
        if let Some(route) = output.route.as_ref().filter(|route| !route.is_alone()) {
            hash.add(route.set.as_bytes());
            hash.add(route.name.as_bytes());
        }
        for (key, value) in options {
            hash.add(key.as_bytes());
            hash.add(value.as_bytes());
        }
        for digest in output.terms.iter().flat_map(|terms| terms.fingerprint()) {
            hash.add(&digest);
        }
        hash.add_entity(header);
        for context in contexts {
            hash.add_entity(context);
        }
        let converted = &report.ledger.converted;
        hash.add(&converted.rows.to_le_bytes());
        hash.add(converted.plays.to_string().as_bytes());
        hash.add(&converted.micros.to_le_bytes());
        for (currency, paid) in converted.paid.iter().chain(&converted.money) {
            hash.add(currency.as_bytes());
            hash.add(paid.to_string().as_bytes());
        }
        hash.add(&run.limits.now.micros.to_le_bytes());
        hash.finish()
    }

    /// Notes the fields that the source has a place for and the target has not. `has` are those of
    /// the inputs as they are, `offered` those that the target was offered.
    pub(crate) fn note_losses(
        &mut self,
        encoder: &dyn Encoder,
        has: FieldSet,
        offered: FieldSet,
        extras: &[Box<str>],
        contexts: &[Entity],
    ) {
        let withheld = has.intersection(self.output.withheld());
        self.dropped.extend(withheld.iter().map(|field| {
            (Subject::Field(field), None, "personal data is left out (`--user-ids`)".to_owned())
        }));
        self.message_id = encoder.message_id().map(str::to_owned);
        // What the rules looked at has become the sales context, and played time is summed.
        let mut kept = self.output.terms.map_or(FieldSet::EMPTY, Terms::reads);
        if self.output.writes().contains(Field::USAGE_DURATION) {
            kept.insert(Field::EVENT_DURATION);
        }
        if self.output.grain() == Grain::Event {
            kept = FieldSet::EMPTY;
        }
        let event = self.run.source.format.manifest().grain == Grain::Event;
        for (subject, reason) in encoder.drops(offered.difference(kept), extras) {
            // What is in sales contexts is counted there; everything else was in the rows, and was
            // never looked at.
            let count = match &subject {
                // The engine summed it; the source has no such value to lose.
                Subject::Field(Field::TOTAL_DURATION) if event => continue,
                Subject::Field(field) => {
                    contexts.iter().filter(|context| context.value(*field).is_some()).count()
                }
                Subject::Extra(_) => 0,
            };
            self.dropped.push((subject, Some(count as u64).filter(|count| *count > 0), reason));
        }
        let losses = encoder.context_losses().into_iter();
        self.dropped.extend(losses.map(|(subject, count, reason)| (subject, Some(count), reason)));
    }

    /// The output, refused with its whole report.
    pub(crate) fn refuse(self, fatal: Fatal) -> PendingOutput {
        let name = self.name();
        let outcome = Outcome { refused: Some(fatal), ..Outcome::of(self.report) };
        PendingOutput { outcome, files: None, name }
    }

    /// The output, refused because too many rows were rejected.
    pub(crate) fn give_up(self) -> PendingOutput {
        let most = self.run.limits.max_rejects.unwrap_or_default();
        let rejects = self.report.ledger.rejects();
        let message = format!("{rejects} rows are rejected, and `--max-rejects` is {most}");
        let diagnostic = Diagnostic::new(&diagnostics::TOO_MANY_REJECTS, Location::default(), message);
        self.refuse(Fatal::input(diagnostic))
    }

    /// The output, which is not made because another was refused.
    pub(crate) fn abandon(self) -> PendingOutput {
        let name = self.name();
        PendingOutput { outcome: Outcome::of(self.report), files: None, name }
    }

    /// Checks the account and ends the files, or refuses with the whole report. `rows_merge` says
    /// whether several rows may have become one.
    pub(crate) fn finish(
        mut self,
        slices: OutputSlices<'_>,
        rows_merge: bool,
    ) -> Result<PendingOutput, Fatal> {
        let rows = self.report.ledger.read.rows;
        for (subject, count, reason) in std::mem::take(&mut self.dropped) {
            self.report.loss.add(Change::Lost, subject, count.unwrap_or(rows), None, &reason);
        }
        if let Some(refused) = self.refusal(&slices) {
            return Ok(self.refuse(refused));
        }
        let ledger = &self.report.ledger;
        ledger.balance(rows_merge).map_err(|error| diagnostics::imbalance(&error))?;
        if self.output.writes().contains(Field::AMOUNT) {
            ledger.balance_royalties().map_err(|error| diagnostics::imbalance(&error))?;
        }
        let FinishedFiles { set, tally, notes, slices } = slices.finish()?;
        self.report.diagnostics.extend(notes);
        let name = self.name();
        let outcome = Outcome { tally, slices, message_id: self.message_id, ..Outcome::of(self.report) };
        Ok(PendingOutput { outcome, files: (!self.run.limits.dry_run).then_some(set), name })
    }

    /// Why nothing may appear, if so.
    fn refusal(&self, slices: &OutputSlices<'_>) -> Option<Fatal> {
        let ledger = &self.report.ledger;
        let rejects = ledger.rejects();
        if rejects > 0 && self.run.limits.quarantine.is_none() {
            let message = format!("{rejects} of {} rows cannot be converted", ledger.read.rows);
            let diagnostic = Diagnostic::new(&diagnostics::REJECTED, Location::default(), message);
            return Some(Fatal::input(diagnostic));
        }
        let refused = self.output.period.refused(ledger).or_else(|| self.denied());
        let refused = refused.or_else(|| slices.refusal());
        // What a route does not take never comes here.
        let grain =
            if self.run.is_job() { Grain::Aggregate } else { self.run.source.format.manifest().grain };
        refused.or_else(|| self.run.limits.filtered(ledger, grain))
    }

    fn denied(&self) -> Option<Fatal> {
        let fields = self.output.deny_loss?;
        let denied = |subject: &Subject| {
            let id = subject.to_string();
            fields.is_empty()
                || fields.iter().any(|field| {
                    id == *field || id.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with('.'))
                })
        };
        let losses = self.report.loss.iter().filter(|(_, subject, _)| denied(subject));
        let diagnostics = losses.map(|(change, subject, entry)| {
            let (change, count) = (change.name(), entry.count);
            let message = format!("`{subject}` is {change} {count} times, and `--deny loss` forbids it");
            Diagnostic::new(&diagnostics::DENIED_LOSS, Location::default(), message)
        });
        let diagnostics: Vec<Diagnostic> = diagnostics.collect();
        (!diagnostics.is_empty()).then_some(Fatal { failure: Failure::Input, diagnostics })
    }
}
