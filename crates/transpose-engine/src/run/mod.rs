//! A run: inputs of one format are read once, and become one report or many.
//!
//! This is the last stage, which drives all others. By what is read and what is written:
//!
//! | from | to | module |
//! |---|---|---|
//! | single plays | aggregates | `events`, `events_to_blocks` |
//! | single plays | single plays | `events`, `encode_events` |
//! | aggregates | aggregates | `blocks` |
//!
//! All of them read through `reader`, the one scan loop. `convert` is a run with one output and no
//! route; a job is a run whose outputs have routes ([`fanout`](crate::fanout)).
//!
//! Invariant: files appear all together at the end, after every account has balanced, or not at
//! all.
//!
//! | module | does besides |
//! |---|---|
//! | `source`, `output`, `limits` | what a run reads, a report that it makes, what holds for all |
//! | `reader`, `event_worker` | the scan loop, and what a worker makes of a chunk of events |
//! | `message` | which inputs are files of one message |
//! | `quarantine` | the file of rejected rows |
//! | `finish` | the end of a run over events |
//! | `ledger_of_blocks` | the account of aggregates that are passed on |
//! | `fingerprint` | what distinguishes an output from all others |

mod blocks;
mod encode_events;
mod event_worker;
mod events;
mod events_to_blocks;
mod fingerprint;
mod finish;
mod ledger_of_blocks;
mod limits;
pub(crate) mod message;
mod output;
mod quarantine;
mod reader;
mod source;

pub(crate) use events_to_blocks::item_fields;
pub use limits::Limits;
pub use output::{Outcome, Output, Route};
pub use source::Source;

use crate::aggregate::budget::Budget;
use crate::diagnostics;
use crate::enrich::decoder::Enrichment;
use crate::enrich::privacy::PersonalData;
use crate::fanout::SetOutcome;
use crate::filter::duplicates::{DuplicateSearch, SearchOutcome};
use crate::filter::period::{FilterRules, KnownDuplicates, PeriodSelection};
use crate::output::files::{self, CompanionFile};
use crate::output::slices::SPLIT_SUMS;
use crate::scan::chunks::Reading;
use output::PendingOutput;
use reader::Reader;
use std::collections::HashMap;
use std::path::PathBuf;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{EventDecoder, Grain};
use transpose_core::model::Field;
use transpose_core::terms::{DuplicatePolicy, Terms};
use transpose_io::{Compression, Input, OutputSet, WrittenFile};

transpose_core::codes! {
    /// More outputs of events than files can be open.
    pub TOO_MANY_OPEN: "ENG0703" "too-many-open-outputs" Error
        "Outputs of single plays are written while the inputs are read, all at once; so there can only be so many of them."
        "Split the job into several."
    /// Aggregates under an agreement that pays.
    pub SUMS_UNDER_DEAL: "ENG0705" "aggregates-under-deal" Error
        "Royalties are worked out from single plays and sales. A report of aggregates has amounts of its own, which would appear under the name of a deal that never made them."
        "Convert the plays that the report was made from, or leave the agreement out and pass the report on as it is."
    /// Plays of others only.
    pub NO_PLAYS_OF_LABEL: "ENG0706" "no-plays-of-label" Error
        "A deal pays for the plays of its own label. None of the rows belongs to it, so the report would be empty, or the label is spelt otherwise."
        "Correct `label` of the deal, or list the spellings of the rows as `aliases`; write `plays = \"all\"` where every play is the recipient's."
    /// Nearly everything is left out.
    pub FILTERED: "ENG0707" "nearly-all-filtered" Error
        "All or nearly all rows that were read are left out, as for a wrong month or a wrong time zone. A report of the few others would look like a whole one."
        "Check `--period` and the inputs; `--max-filtered 100` accepts any share, and a share such as `--max-filtered 99` one that is usual."
    /// A slice of time without plays.
    pub EMPTY_SLICE: "ENG0710" "empty-slice" Info
        "`--split-by` makes a report of each slice of the period. Nothing was played in this one, so there is no report of it."
        "Nothing, if that is right; `--period` with the slice alone and `--max-filtered 100` makes a report of nothing."
    /// Nothing to convert.
    pub NO_ROWS: "ENG0708" "no-rows" Error
        "The inputs have headings and no plays or sales, as when an export failed. The report would say that nothing was played."
        "Check the export; `--max-filtered 100` makes a report of nothing."
    /// Inputs that cannot be routed.
    pub NO_EVENTS: "ENG0704" "job-needs-events" Error
        "A job routes single plays and sales to its outputs. These inputs hold aggregates, or a catalogue."
        "Convert such a report with `transpose convert`."
}

/// How many outputs of single plays there may be.
pub const MOST_OPEN: usize = 200;

/// How many outputs there may be.
pub const MOST_OUTPUTS: usize = 2000;

/// A run: what is read, what is made of it, and what holds for all of it.
pub struct Run<'a> {
    /// What is read.
    pub source: Source<'a>,
    /// What is made of it: one output without a route, or any number with routes.
    pub outputs: &'a [Output<'a>],
    /// What the run may take and replace.
    pub limits: Limits<'a>,
}

/// Answers with files that appear together with the outputs, such as balances and explanations;
/// asked once all outputs have come to their end.
pub type CompanionFiles<'a> = &'a (dyn Fn(&[Outcome]) -> Result<Vec<CompanionFile>, Fatal> + Sync);

/// What a run came to.
#[derive(Debug, Default)]
pub struct RunOutcome {
    /// Of a run with routes: what was found before rows were routed, and the account of the inputs,
    /// in which `converted` is what was routed.
    pub report: RunReport,
    /// What each output came to, in order.
    pub outputs: Vec<Outcome>,
    /// What each set came to, of a run with routes.
    pub sets: Vec<SetOutcome>,
    /// Files that appeared together with the outputs.
    pub companions: Vec<WrittenFile>,
    /// The version that was read, for formats with versions.
    pub source_version: Option<String>,
    /// Why nothing was written, if so, of a run with routes; otherwise the output says it.
    pub refused: Option<Fatal>,
}

impl RunOutcome {
    /// Whether there are files that appear.
    fn appears(&self) -> bool {
        self.outputs.iter().any(|output| !output.written.is_empty())
    }

    /// Fills in what is known of its files once they have appeared.
    fn take_written(&mut self, mut written: WrittenFiles) {
        let files = self.outputs.iter_mut().flat_map(|output| &mut output.written);
        files.chain(&mut self.companions).for_each(|file| written.fill(file));
    }

    /// The outcome of the only output of a run without routes, to which all files belong.
    pub fn into_only(mut self) -> Result<Outcome, Fatal> {
        let mut outcome = self.outputs.pop().ok_or_else(|| diagnostics::bug("a run without an output"))?;
        outcome.written.append(&mut self.companions);
        Ok(outcome)
    }
}

impl Run<'_> {
    /// Runs it. A fatal end leaves nothing behind; a refusal at the end comes with the whole
    /// report.
    pub fn run(&self, companions: CompanionFiles<'_>) -> Result<RunOutcome, Fatal> {
        let mut held = HeldFiles::new(self.limits.overwrite);
        let mut outcome = self.run_into(&mut held, companions)?;
        if outcome.appears() {
            outcome.take_written(held.commit()?);
        }
        Ok(outcome)
    }

    /// Runs it for one of several slices of time, whose files appear together. Where nothing is of
    /// the slice, there is no file.
    pub fn run_slice(
        &self,
        held: &mut HeldFiles,
        companions: CompanionFiles<'_>,
    ) -> Result<RunOutcome, Fatal> {
        let mut own = HeldFiles(held.0.beside());
        let mut outcome = self.run_into(&mut own, companions)?;
        if outcome.outputs.iter().all(|output| output.report.ledger.converted.rows == 0) {
            for output in &mut outcome.outputs {
                output.written.clear();
                let message = "nothing was played in the slice, and no report of it is written";
                let diagnostic = Diagnostic::new(&EMPTY_SLICE, Location::default(), message);
                output.report.diagnostics.push(diagnostic);
            }
        } else {
            held.join(own.0)?;
        }
        Ok(outcome)
    }

    /// Runs it, and leaves its files to those that hold them.
    fn run_into(&self, held: &mut HeldFiles, companions: CompanionFiles<'_>) -> Result<RunOutcome, Fatal> {
        self.check()?;
        let found = self.find_duplicates()?;
        let inputs = found.again.as_deref().unwrap_or(self.source.inputs);
        let run = Run {
            source: Source { inputs, ..self.source.clone() },
            outputs: self.outputs,
            limits: self.limits.clone(),
        };
        let mut reader = Reader::new(&run);
        reader.report.diagnostics = found.diagnostics;
        let known = KnownDuplicates { marks: found.marks.as_ref(), redelivered: &found.redelivered };
        let mut pending = match run.source.format.manifest().grain {
            Grain::Aggregate => blocks::read(&run, reader)?,
            Grain::Event | Grain::Catalogue => events::read(&run, known, reader)?,
        };
        if let Some(only) = pending.outputs.first_mut().filter(|_| !self.is_job()) {
            only.outcome.spilled += found.spilled;
        }
        pending.hold(run.is_job(), held, companions)
    }

    /// Whether rows are routed to outputs.
    fn is_routed(&self) -> bool {
        self.outputs.iter().any(|output| output.route.is_some())
    }

    /// Whether there are any number of outputs, each with a name.
    fn is_job(&self) -> bool {
        self.outputs.iter().any(|output| output.route.as_ref().is_some_and(|route| !route.is_alone()))
    }

    /// Refuses what cannot be made, before anything is read.
    fn check(&self) -> Result<(), Fatal> {
        let source = self.source.format.manifest();
        let refused =
            |code, message: String| Err(Fatal::usage(Diagnostic::new(code, Location::default(), message)));
        if self.is_job() {
            if source.grain != Grain::Event {
                return refused(&NO_EVENTS, format!("`{}` holds no single plays", source.id));
            }
            let open = self.outputs.iter().filter(|output| output.grain() == Grain::Event).count();
            if open > MOST_OPEN || self.outputs.len() > MOST_OUTPUTS {
                let message = format!(
                    "the job has {} outputs; at most {MOST_OUTPUTS} are possible, {MOST_OPEN} of them of single plays",
                    self.outputs.len()
                );
                return refused(&TOO_MANY_OPEN, message);
            }
            return Ok(());
        }
        let [output] = self.outputs else {
            return Err(diagnostics::bug("a run without routes has one output"));
        };
        let target = output.format.manifest();
        if output.slicing.is_some() && target.grain != Grain::Event {
            return refused(&SPLIT_SUMS, format!("`{}` holds aggregates, not single plays", target.id));
        }
        match (source.grain, target.grain) {
            (Grain::Event, Grain::Aggregate) => output.require_terms().map(drop),
            (Grain::Aggregate, Grain::Aggregate) if output.terms.and_then(Terms::royalties).is_some() => {
                let message = format!(
                    "`{}` holds aggregates, and the agreement has deals; its amounts are not those of the deals",
                    source.id
                );
                refused(&SUMS_UNDER_DEAL, message)
            }
            (Grain::Event, Grain::Event) | (Grain::Aggregate, Grain::Aggregate) => Ok(()),
            (Grain::Catalogue, _) | (_, Grain::Catalogue) => {
                let message = format!(
                    "`{}` cannot become `{}`: a catalogue holds no usage; join it with `--catalogue`",
                    source.id, target.id
                );
                refused(&diagnostics::GRAIN, message)
            }
            (Grain::Aggregate, Grain::Event) => {
                let message =
                    format!("`{}` holds aggregates and `{}` needs single events", source.id, target.id);
                refused(&diagnostics::GRAIN, message)
            }
        }
    }

    /// Finds the rows that appear several times, where somebody asks for it.
    fn find_duplicates(&self) -> Result<SearchOutcome, Fatal> {
        if self.source.duplicates == DuplicatePolicy::Off {
            return Ok(SearchOutcome::default());
        }
        let sources = self.source.names();
        let known = KnownDuplicates::default();
        let aggregates = self.outputs.iter().any(|output| output.grain() == Grain::Aggregate);
        let sells = aggregates && self.source.may_sell();
        let rules = match self.outputs {
            [output] if !self.is_routed() => events::filter_rules(self, output, known, sells, &sources),
            _ => FilterRules {
                duplicates: self.source.duplicates,
                period: PeriodSelection::default(),
                known,
                sliced: false,
                hands_on: false,
                sources: &sources,
            },
        };
        DuplicateSearch {
            inputs: self.source.inputs,
            source: self.source.format,
            options: self.source.options,
            make_ids: self.source.make_ids,
            rules: &rules,
            time: sells || self.outputs.iter().any(|output| output.period.moments.is_some()),
            now: self.limits.now.micros,
            reading: self.reading(),
            memory: self.budget().map(|budget| budget.counting),
            temp_dir: self.limits.temp_dir,
        }
        .run()
    }

    /// How the inputs are read, with no more workers than the limit of memory allows.
    fn reading(&self) -> Reading {
        self.limits.reading.within(self.limits.memory, self.packs())
    }

    /// How much memory each step may take.
    fn budget(&self) -> Option<Budget> {
        self.limits.memory.map(|limit| Budget::new(limit, self.reading(), self.packs()))
    }

    /// Whether something is packed or unpacked on the way.
    fn packs(&self) -> bool {
        let inputs = self.source.inputs.iter().map(Input::compression);
        inputs.chain(self.outputs.iter().map(|output| output.compression)).any(|it| it == Compression::Gzip)
    }

    /// How rows are enriched. They are read with everything that any output may get; what one with
    /// a route may not have is kept from it later.
    fn enrichment(&self) -> Enrichment<'_> {
        let mut personal = self.outputs.iter().map(|output| &output.personal_data);
        let personal_data =
            if !self.outputs.iter().any(|output| output.writes().iter().any(Field::is_personal)) {
                None
            } else if self.is_job() {
                personal.find(|personal| matches!(personal, PersonalData::Hash(_)))
            } else {
                personal.next()
            };
        let Source { catalogue, make_ids, .. } = self.source;
        Enrichment { catalogue, make_ids, personal_data: personal_data.cloned().unwrap_or_default() }
    }

    /// Leaves unread what no one needs, for containers that keep columns apart. Rows that are
    /// quarantined are quarantined whole.
    fn restrict(&self, input: &Input, decoder: &dyn EventDecoder) {
        if self.limits.quarantine.is_none()
            && let Some(columns) = decoder.columns()
        {
            input.restrict(&columns);
        }
    }
}

/// A run that has come to its end; nothing has appeared yet.
struct PendingRun {
    outcome: RunOutcome,
    outputs: Vec<PendingOutput>,
    quarantine: Option<OutputSet>,
}

impl PendingRun {
    /// A run with its outputs, all of them as they were read by `reader`.
    fn new(
        mut outcome: RunOutcome,
        mut outputs: Vec<PendingOutput>,
        mut reader: Reader<'_>,
    ) -> Result<Self, Fatal> {
        for output in &mut outputs {
            output.outcome.source_version.clone_from(&reader.source_version);
        }
        outcome.source_version.clone_from(&reader.source_version);
        if outcome.refused.is_some() {
            for output in &mut outputs {
                output.files = None;
            }
        }
        let appears = outputs.iter().any(|output| output.files.is_some());
        let quarantine = if appears { reader.finish_quarantine()? } else { None };
        Ok(Self { outcome, outputs, quarantine })
    }

    /// A run with one output and no route.
    fn of_only(output: PendingOutput, reader: Reader<'_>) -> Result<Self, Fatal> {
        Self::new(RunOutcome::default(), vec![output], reader)
    }

    /// Hands all files over; they appear when those that hold them say so, or never.
    fn hold(
        self,
        is_job: bool,
        held: &mut HeldFiles,
        companions: CompanionFiles<'_>,
    ) -> Result<RunOutcome, Fatal> {
        let Self { mut outcome, outputs, quarantine } = self;
        let mut appears = false;
        for PendingOutput { outcome: mut of_output, files, .. } in outputs {
            if let Some(files) = files {
                of_output.written = held.join(files)?;
                appears = true;
            }
            outcome.outputs.push(of_output);
        }
        if !appears {
            return Ok(outcome);
        }
        let mut set = held.beside();
        files::add(&mut set, companions(&outcome.outputs)?)?;
        outcome.companions = held.join(set)?;
        if let Some(quarantine) = quarantine {
            // A run without routes does not count the rejected rows among its files.
            let aside = held.join(quarantine)?;
            outcome.companions.extend(aside.into_iter().filter(|_| is_job));
        }
        Ok(outcome)
    }
}

/// Files that have appeared, by their paths.
pub struct WrittenFiles(HashMap<PathBuf, WrittenFile>);

impl WrittenFiles {
    /// Fills in what is known of a file since it has appeared.
    pub(crate) fn fill(&mut self, file: &mut WrittenFile) {
        if let Some(known) = self.0.remove(&file.path) {
            *file = known;
        }
    }
}

/// Files of runs that have ended, which appear together.
pub struct HeldFiles(OutputSet);

impl HeldFiles {
    /// No files yet; `overwrite` allows them to replace others.
    pub fn new(overwrite: bool) -> Self {
        Self(OutputSet::new(overwrite))
    }

    /// Lets all of them appear, or none.
    pub fn commit(self) -> Result<WrittenFiles, Fatal> {
        let written = files::commit(self.0)?;
        Ok(WrittenFiles(written.into_iter().map(|file| (file.path.clone(), file)).collect()))
    }

    fn beside(&self) -> OutputSet {
        self.0.beside()
    }

    /// Takes the files of a set; answers their paths, with sizes that are known once they appear.
    fn join(&mut self, set: OutputSet) -> Result<Vec<WrittenFile>, Fatal> {
        let written =
            set.paths().into_iter().map(|path| WrittenFile { path, bytes: 0, uncompressed: 0, sha256: None });
        let written = written.collect();
        self.0.join(set).map_err(|error| diagnostics::io(&error))?;
        Ok(written)
    }
}
