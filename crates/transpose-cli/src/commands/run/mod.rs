//! `transpose run`: one reading of the inputs, many reports. `outputs` opens what each output of a
//! job needs, `summary` prints what happened.

mod outputs;
mod summary;

use crate::arguments::{self, EnrichmentOptions, InputRequest, RunOptions};
use crate::balances::{self, BalancesFile};
use crate::clock;
use crate::commands::of_labels;
use crate::diagnostics::{WithHelp as _, argument_error, joined, located_at};
use crate::exit::Exit;
use crate::messages::Messages;
use crate::open::{self, Containers};
use crate::progress::Progress;
use crate::summary::aborted;
use crate::time_zone::{self, Zone};
use crate::{Program, files};
use outputs::PreparedOutput;
use serde_json::json;
use std::path::{Path, PathBuf};
use summary::Summary;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::terms::{DuplicatePolicy, Terms};
use transpose_deals::job;
use transpose_engine::{
    CompanionFile, Condition, Destination, Limits, Outcome, Output, PeriodSelection, Route, RouteRule,
    Source, destination,
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
    /// Recompute a period that the balances already have
    #[arg(long)]
    redo: bool,
}

impl Run {
    pub(crate) fn run(&self, program: Program, messages: &Messages) -> Exit {
        self.make(program, messages).unwrap_or_else(|fatal| aborted(messages, &fatal))
    }

    fn make(&self, program: Program, messages: &Messages) -> Result<Exit, Fatal> {
        let now = clock::now()?;
        let job = job::Job::parse(&self.job.to_string_lossy(), &open::text(&self.job)?)?;
        let registry = open::registry(&job.layouts)?;
        let root = self.root()?;
        let zone = match &job.time_zone {
            Some(text) => time_zone::zone(text)
                .map_err(|error| argument_error(format!("`time-zone` is `{text}`: {error}")))?,
            None => Zone::Offset(0),
        };
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
            reads_twice: sells || job.duplicates != DuplicatePolicy::Off,
            enrichment: &enrichment,
            folder: &root,
        };
        let opened = self.options.open(&registry, &request, Ok)?;
        let progress = Progress::new(&opened.inputs, messages);
        let update = |_: &Input| progress.update();
        let mut outputs = Vec::with_capacity(prepared.len());
        for (output, prepared) in job.outputs.iter().zip(&prepared) {
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
                    offsets: zone.offsets(),
                    ..PeriodSelection::default()
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
            limits: Limits {
                unrouted: job.unrouted,
                ..self.options.limits(&opened.temp_dir, quarantine, now, &update)
            },
        };
        let replace = self.options.overwrite.allowed;
        let outcome = run
            .run(&|outcomes| companions(&job, &root, balances.as_ref(), &opened.inputs, outcomes, replace));
        progress.clear();
        let mut outcome = outcome?;
        let mut warnings = Diagnostics::default();
        warnings.extend(job.warnings.iter().cloned());
        for output in &prepared {
            warnings.merge(arguments::warnings(output.terms.as_ref()));
        }
        let found = std::mem::take(&mut outcome.report.diagnostics);
        outcome.report.diagnostics =
            joined([warnings, carried, opened.catalogue_diagnostics, opened.opener.diagnostics(), found]);
        let summary = Summary {
            job: &job,
            prepared: &prepared,
            outcome: &outcome,
            source: open::name_with_version(opened.format.manifest(), outcome.source_version.as_deref()),
            now: clock::moment(now),
            dry_run: self.options.dry_run,
        };
        let recorded = self.options.write_receipt(|| summary.receipt(program, &read(&job, &self.job)));
        let exit = summary.ending().tell(messages, &summary.text(), recorded);
        messages.object(&json!({"summary": summary.object(exit)}));
        Ok(exit)
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
    fn check_paths(&self, job: &job::Job, quarantine: Option<&Path>) -> Result<(), Fatal> {
        let read: Vec<(&str, &Path)> = read(job, &self.job);
        let quarantine = quarantine.map(|path| ("the quarantine file", path));
        let receipt = self.options.receipt.as_deref().map(|path| ("the receipt", path));
        let balances = job.balances.as_deref().map(|path| ("the accounts", path));
        let written: Vec<_> = [quarantine, receipt, balances].into_iter().flatten().collect();
        files::refuse_same(&read, &written)?;
        self.options.refuse_existing_receipt()
    }
}

/// The files that a job reads, each with its role.
fn read<'a>(job: &'a job::Job, own: &'a Path) -> Vec<(&'static str, &'a Path)> {
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
    job: &job::Job,
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
