//! `transpose run`: one reading of the inputs, many reports. `outputs` opens what each output of a
//! job needs, `ceilings` finds sets that get too much, `summary` prints what happened.

mod ceilings;
mod outputs;
mod summary;

use crate::arguments::{self, EnrichmentOptions, InputRequest, RunInputs, RunOptions};
use crate::balances::{self, BalancesFile};
use crate::clock;
use crate::commands::of_labels;
use crate::delivery_log::DeliveryLog;
use crate::diagnostics::{WithHelp as _, argument_error, joined, located_at};
use crate::exit::Exit;
use crate::files::LockedFolders;
use crate::messages::Messages;
use crate::open::{self, Containers};
use crate::progress::Progress;
use crate::summary::aborted;
use crate::time_zone::{self, Zone};
use crate::{Program, files, globs};
use outputs::PreparedOutput;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use summary::Summary;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostics, Failure, Fatal, Location};
use transpose_core::format::Registry;
use transpose_core::model::Field;
use transpose_core::terms::{DuplicatePolicy, PeriodBasis, Terms};
use transpose_deals::job::{self, Job};
use transpose_engine::distinct::{RowSource, distinct_values};
use transpose_engine::{
    CompanionFile, CompanionFiles, Condition, Destination, Limits, Outcome, Output, PeriodSelection, Route,
    RouteRule, RunOutcome, Source, destination,
};
use transpose_io::Input;

/// Makes many reports from one reading of the inputs
///
/// A job names the inputs and the reports: which rows each takes, its format, agreement and file.
/// Every row is routed to one output of each set. Nothing appears before all reports are complete
/// and balance with the inputs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose run examples/northwind/job.toml -o out/
  transpose run job.toml -o out/ --period 2026-11
  transpose run job.toml -o out/ --receipt out/receipt.json --overwrite --redo
  transpose init job > job.toml")]
pub(crate) struct Run {
    /// The job (`transpose init job` prints one)
    #[arg(value_name = "JOB.toml")]
    job: PathBuf,
    /// The folder for the reports
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    options: RunOptions,
    /// The reporting period, in place of the job's; `{period}` in the job stands for it
    #[arg(long, value_name = "PERIOD", value_parser = arguments::period)]
    period: Option<Period>,
    /// Recompute a period that the balances already have
    #[arg(long)]
    redo: bool,
    /// Convert inputs again that are in the job's list of received files
    #[arg(long)]
    again: bool,
}

impl Run {
    pub(crate) fn run(&self, program: Program, messages: &Messages) -> Exit {
        self.make(program, messages).unwrap_or_else(|fatal| aborted(messages, &fatal))
    }

    fn make(&self, program: Program, messages: &Messages) -> Result<Exit, Fatal> {
        let now = clock::now()?;
        let (job, registry) = self.open_job()?;
        let root = self.root()?;
        let zone = zone(&job)?;
        let balances = job.balances.as_deref().map(|path| BalancesFile::open(path, self.redo)).transpose()?;
        let mut prepared = outputs::prepare(&job, &self.options, &registry, &root)?;
        let mut carried = Diagnostics::default();
        for (output, terms) in job.outputs.iter().zip(prepared.iter_mut().map(|prepared| &mut prepared.terms))
        {
            if let (Some(balances), Some(terms)) = (&balances, terms) {
                carried.merge(balances.carry(terms).map_err(|fatal| located_at(fatal, &output.place))?);
            }
        }
        let quarantine = self.options.quarantine_path(&job.inputs, &root)?;
        self.check_paths(&job, quarantine.as_deref())?;
        let containers = Containers::with_columns(job.columns.clone());
        let sells = prepared
            .iter()
            .filter_map(|output| output.terms.as_ref())
            .any(|terms| terms.agreement().has_shops());
        let enrichment = EnrichmentOptions::with_catalogue(job.catalogue.clone(), job.make_ids);
        let request = InputRequest {
            paths: &job.inputs,
            from: job.from.as_deref(),
            containers: &containers,
            reads_twice: sells
                || job.duplicates != DuplicatePolicy::Off
                || job.received.is_some()
                || !job.ceilings.is_empty(),
            enrichment: &enrichment,
            folder: &root,
        };
        let log = DeliveryLog::new(job.received.clone(), self.again);
        let mut received = None;
        let opened = self.options.open(&registry, &request, |inputs| {
            let (inputs, new) = log.check(inputs)?;
            received = new;
            Ok(inputs)
        })?;
        let progress = Progress::new(&opened.inputs, messages);
        let update = |_: &Input| progress.update();
        let replace = self.options.overwrite.allowed;
        let making = Making { job: &job, opened: &opened, zone: &zone, enrichment: &enrichment };
        let mut reduced = Diagnostics::default();
        let moment = clock::moment(now);
        let locked = std::sync::Mutex::new(None);
        let outcome = loop {
            let mut above = None;
            let limits = self.options.limits(&opened.temp_dir, quarantine.clone(), now, &update);
            // The command wins over the job.
            let max_filtered = self.options.max_filtered.or(job.max_filtered).unwrap_or(limits.max_filtered);
            let limits = Limits { unrouted: job.unrouted, max_filtered, ..limits };
            let found = std::sync::Mutex::new(None);
            let outcome = making.run(&prepared, limits, &|outcomes| {
                let exceeded = if reduced.is_empty() {
                    ceilings::exceeded(&job, &prepared, outcomes)?
                } else {
                    Vec::new()
                };
                if !exceeded.is_empty() {
                    let warning = exceeded.iter().map(|one| one.warning.clone());
                    let fatal = Fatal { failure: Failure::Use, diagnostics: warning.collect() };
                    if let Ok(mut found) = found.lock() {
                        *found = Some(exceeded);
                    }
                    return Err(fatal);
                }
                // Until the files are in place.
                let shared = || [&job.balances, &job.received].into_iter().flatten().map(PathBuf::as_path);
                if let Ok(mut locked) = locked.lock() {
                    locked.get_or_insert_with(|| LockedFolders::of(shared()));
                }
                let inputs = &opened.inputs;
                let mut extras = companions(&job, &root, balances.as_ref(), inputs, outcomes, replace)?;
                if let Some(received) = &received {
                    extras.extend(received.after(&moment)?);
                }
                Ok(extras)
            });
            if let Ok(found) = found.into_inner() {
                above = found;
            }
            let Some(above) = above else { break outcome };
            for one in above {
                one.apply(&job, &mut prepared);
                reduced.push(one.warning);
            }
        };
        drop(locked);
        progress.clear();
        let mut outcome = outcome?;
        // The list is none of the reports.
        outcome.companions.retain(|file| received.as_ref().is_none_or(|list| list.path() != file.path));
        let mut warnings = Diagnostics::default();
        warnings.extend(job.warnings.iter().cloned());
        for output in &prepared {
            warnings.merge(arguments::warnings(output.terms.as_ref()));
        }
        if outcome.refused.is_none() {
            let written = outcome.outputs.iter().flat_map(|output| &output.written);
            let periods: Vec<_> = prepared.iter().map(|output| output.period).collect();
            let earlier = self.options.earlier_files(&self.job, &periods);
            let kept = earlier.remove(&root, written.chain(&outcome.companions));
            outcome.report.diagnostics.merge(kept);
        }
        let found = std::mem::take(&mut outcome.report.diagnostics);
        outcome.report.diagnostics = joined([
            warnings,
            carried,
            reduced,
            opened.catalogue_diagnostics,
            opened.opener.diagnostics(),
            found,
        ]);
        let summary = Summary {
            job: &job,
            prepared: &prepared,
            outcome: &outcome,
            source: open::name_with_version(opened.format.manifest(), outcome.source_version.as_deref()),
            now: moment,
            dry_run: self.options.dry_run,
        };
        let recorded = self.options.write_receipt(|| summary.receipt(program, &read(&job, &self.job)));
        let exit = summary.ending().tell(messages, &summary.text(), recorded);
        messages.object(&json!({"summary": summary.object(exit)}));
        Ok(exit)
    }

    /// The job with its paths as files, and the formats. Where outputs are listed by what the rows
    /// say, the inputs are read for it.
    fn open_job(&self) -> Result<(Job, Registry), Fatal> {
        let text = open::text(&self.job)?;
        let parse = |given: &job::Given| -> Result<Job, Fatal> {
            with_files(Job::parse(&self.job.to_string_lossy(), &text, given)?)
        };
        let mut given = job::Given { period: self.period, ..job::Given::default() };
        let job = parse(&given)?;
        let registry = open::registry(&job.layouts)?;
        if job.listed.is_empty() {
            return Ok((job, registry));
        }
        for condition in &job.listed {
            given.values.insert(condition.name.clone(), self.values(&job, &registry, &condition.fields)?);
        }
        Ok((parse(&given)?, registry))
    }

    /// The values that the rows of the period have in the first of some fields.
    fn values(&self, job: &Job, registry: &Registry, fields: &[Field]) -> Result<Vec<String>, Fatal> {
        if job.inputs.iter().any(|path| path.as_os_str() == "-") {
            let message = "outputs are listed by what the rows say, which reads the inputs before the run";
            return Err(
                argument_error(message).with_help("Name files as inputs, or list the values in `each`.")
            );
        }
        let containers = Containers::with_columns(job.columns.clone());
        let enrichment = EnrichmentOptions::with_catalogue(job.catalogue.clone(), false);
        let request = InputRequest {
            paths: &job.inputs,
            from: job.from.as_deref(),
            containers: &containers,
            reads_twice: false,
            enrichment: &enrichment,
            folder: &self.root()?,
        };
        let opened = self.options.open(registry, &request, Ok)?;
        let zone = zone(job)?;
        // Rows that are logged in the period may have been played before it.
        let by_time = job.period.filter(|_| job.period_by == PeriodBasis::Played);
        let moments = by_time.map(|period| zone.moments(period));
        let source = RowSource {
            format: opened.format,
            options: &job.read_options,
            catalogue: opened.catalogue.as_ref(),
            moments: moments.as_ref(),
            reading: self.options.threads.reading(),
        };
        Ok(distinct_values(&opened.inputs, source, fields)?.into_iter().collect())
    }

    /// The folder of the reports.
    fn root(&self) -> Result<PathBuf, Fatal> {
        match destination(&self.output) {
            Destination::Folder(folder) => Ok(folder),
            Destination::File(path) if !path.exists() => Ok(path),
            _ => Err(argument_error("a job writes several files, and `-o` names no folder")
                .with_help("Give a folder with `-o FOLDER/`.")),
        }
    }

    /// Refuses outputs that would overwrite an input or each other.
    fn check_paths(&self, job: &Job, quarantine: Option<&Path>) -> Result<(), Fatal> {
        let read: Vec<(&str, &Path)> = read(job, &self.job);
        let quarantine = quarantine.map(|path| ("the quarantine file", path));
        let receipt = self.options.receipt.as_deref().map(|path| ("the receipt", path));
        let balances = job.balances.as_deref().map(|path| ("the accounts", path));
        let written: Vec<_> = [quarantine, receipt, balances].into_iter().flatten().collect();
        files::refuse_same(&read, &written)?;
        self.options.refuse_existing_receipt()
    }
}

/// What the reports of a job are made of.
struct Making<'a> {
    job: &'a Job,
    opened: &'a RunInputs<'a>,
    zone: &'a Zone,
    enrichment: &'a EnrichmentOptions,
}

impl Making<'_> {
    /// Makes the reports once.
    fn run(
        &self,
        prepared: &[PreparedOutput<'_>],
        limits: Limits<'_>,
        companions: CompanionFiles<'_>,
    ) -> Result<RunOutcome, Fatal> {
        let Self { job, opened, zone, enrichment } = *self;
        let mut outputs = Vec::with_capacity(prepared.len());
        for (output, prepared) in job.outputs.iter().zip(prepared) {
            outputs.push(Output {
                route: Some(Route {
                    name: output.name.clone(),
                    set: job.sets.get(output.set).cloned().unwrap_or_default(),
                    rule: rule(&output.when, prepared),
                }),
                format: prepared.format,
                version: prepared.version.as_deref(),
                options: &prepared.options,
                terms: prepared.terms.as_ref().map(|terms| terms as &dyn Terms),
                personal_data: enrichment.personal_data(prepared.format)?,
                period: PeriodSelection {
                    moments: prepared.paid_period().map(|period| zone.moments(period)),
                    basis: job.period_by,
                    outside: job.outside,
                    offsets: zone.offsets(),
                },
                slicing: None,
                label: None,
                destination: prepared.destination.clone(),
                compression: prepared.packing.compression,
                container: prepared.packing.container(),
                deny_loss: None,
            });
        }
        let run = transpose_engine::Run {
            source: Source {
                inputs: &opened.inputs,
                format: opened.format,
                options: &job.read_options,
                catalogue: opened.catalogue.as_ref(),
                make_ids: job.make_ids,
                duplicates: job.duplicates,
            },
            outputs: &outputs,
            limits,
        };
        run.run(companions)
    }
}

/// The time zone of days.
fn zone(job: &Job) -> Result<Zone, Fatal> {
    let Some(text) = &job.time_zone else { return Ok(Zone::Offset(0)) };
    time_zone::zone(text).map_err(|error| argument_error(format!("`time-zone` is `{text}`: {error}")))
}

/// The job with files in place of patterns; everything that is not there is reported together.
fn with_files(mut job: Job) -> Result<Job, Fatal> {
    let places: BTreeMap<PathBuf, Location> = std::mem::take(&mut job.places).into_iter().collect();
    let place = |path: &Path| places.get(path).cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    for paths in [&mut job.inputs, &mut job.catalogue, &mut job.layouts] {
        let mut found = Vec::with_capacity(paths.len());
        for path in paths.iter() {
            match globs::expand(path, &place(path)) {
                Ok(files) => found.extend(files),
                Err(fatal) => wrong.extend(fatal.diagnostics),
            }
        }
        *paths = found;
    }
    let of_outputs = job.outputs.iter_mut().map(|output| (&mut output.figures, Some(&output.place)));
    for (figures, at) in [(&mut job.figures, None)].into_iter().chain(of_outputs) {
        let Some(path) = figures else { continue };
        match globs::expand_one(path, &at.cloned().unwrap_or_else(|| place(path))) {
            Ok(file) => *path = file,
            Err(fatal) => wrong.extend(fatal.diagnostics),
        }
    }
    if wrong.is_empty() { Ok(job) } else { Err(Fatal { failure: Failure::Use, diagnostics: wrong }) }
}

/// The files that a job reads, each with its role.
fn read<'a>(job: &'a Job, own: &'a Path) -> Vec<(&'static str, &'a Path)> {
    let mut read = vec![("the job", own)];
    read.extend(job.inputs.iter().map(|path| ("input", path.as_path())));
    read.extend(job.catalogue.iter().map(|path| ("catalogue", path.as_path())));
    read.extend(job.layouts.iter().map(|path| ("layout", path.as_path())));
    let side = job.outputs.iter().flat_map(|output| {
        [("agreement", output.agreement.as_deref()), ("figures", output.figures.as_deref())]
    });
    let side = side.chain([("figures", job.figures.as_deref())]);
    for (role, path) in side.filter_map(|(role, path)| Some((role, path?))) {
        if !read.contains(&(role, path)) {
            read.push((role, path));
        }
    }
    read
}

/// The companion files of the reports: balances, and explanations of amounts.
fn companions(
    job: &Job,
    root: &Path,
    balances: Option<&BalancesFile<'_>>,
    inputs: &[Input],
    outcomes: &[Outcome],
    replace: bool,
) -> Result<Vec<CompanionFile>, Fatal> {
    let mut extras = Vec::new();
    for (output, outcome) in job.outputs.iter().zip(outcomes) {
        if let Some(path) = &output.explain {
            let explained = balances::explanation(root.join(path), outcome, replace);
            extras.push(explained.map_err(|fatal| located_at(fatal, &output.place))?);
        }
    }
    if let Some(balances) = balances {
        extras.extend(balances.after(outcomes, inputs)?);
    }
    Ok(extras)
}

/// The rule that routes rows to an output: that of the job, and of them those of the label that its
/// deal is with.
fn rule(when: &[job::Condition], prepared: &PreparedOutput<'_>) -> RouteRule {
    let condition = |wanted: &job::Condition| Condition {
        name: wanted.name.clone(),
        fields: wanted.fields.clone(),
        values: wanted.values.clone(),
    };
    let labels = prepared.paid_labels().map(of_labels);
    RouteRule(when.iter().map(condition).chain(labels).collect())
}
