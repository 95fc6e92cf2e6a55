//! `transpose run`: one reading of the inputs, many reports.

use super::convert::exit_of;
use crate::arguments::{self, EnrichmentOptions, RunOptions};
use crate::balances::{self, BalancesFile};
use crate::clock;
use crate::diagnostics::{AndHelp as _, placed, wrong_argument};
use crate::exit::Exit;
use crate::messages::Messages;
use crate::open::{self, Containers};
use crate::packing::Packing;
use crate::progress::Progress;
use crate::text::{counted, duration, number, printable, table};
use crate::time_zone::{self, Zone};
use crate::{Program, files};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostics, Fatal, Severity};
use transpose_core::format::Format;
use transpose_core::terms::{DuplicatePolicy, Terms};
use transpose_deals::job;
use transpose_deals::{Agreement, Figures, PeriodTerms};
use transpose_engine::fanout::{Condition, Many, Output, Ran, Rule};
use transpose_engine::{CompanionFile, Destination, Job, OnReject, Outcome, Screening, destination, receipt};
use transpose_io::Input;

/// Makes many reports of one reading of the inputs
///
/// A job names the inputs and the reports: which rows each takes, its format, agreement and file.
/// Every row goes to one output of each set. Nothing appears before all reports are complete and
/// balance with the inputs.
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
    /// The folder in which the reports appear
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    options: RunOptions,
    /// Work a period out again that the accounts (`balances`) already hold
    #[arg(long)]
    redo: bool,
}

/// What an output is made with.
struct Made<'a> {
    format: &'a dyn Format,
    version: Option<String>,
    deal: Option<PeriodTerms>,
    period: Option<Period>,
    destination: Destination,
    packing: Packing,
    options: Vec<(String, String)>,
}

impl Run {
    pub(crate) fn run(&self, program: Program, messages: &Messages) -> Exit {
        self.made(program, messages).unwrap_or_else(|fatal| {
            let exit = messages.fatal(&fatal);
            messages.object(&json!({"summary": {"exit": exit.code(), "complete": false}}));
            exit
        })
    }

    fn made(&self, program: Program, messages: &Messages) -> Result<Exit, Fatal> {
        let now = clock::now()?;
        let job = job::Job::parse(&self.job.to_string_lossy(), &open::text(&self.job)?)?;
        let registry = open::registry(&job.layouts)?;
        let root = self.root()?;
        let zone = match &job.time_zone {
            Some(text) => time_zone::zone(text)
                .map_err(|error| wrong_argument(format!("`time-zone` is `{text}`: {error}")))?,
            None => Zone::Offset(0),
        };
        let accounts = job.balances.as_deref().map(|path| BalancesFile::open(path, self.redo)).transpose()?;
        let mut made = outputs(&job, &registry, &root)?;
        let mut carried = Diagnostics::default();
        for (output, deal) in job.outputs.iter().zip(made.iter_mut().map(|made| &mut made.deal)) {
            if let (Some(accounts), Some(deal)) = (&accounts, deal) {
                carried.merge(accounts.carry(deal).map_err(|fatal| placed(fatal, &output.place))?);
            }
        }
        let quarantine = self.options.quarantine_path(&job.inputs, &root)?;
        self.check_paths(&job, quarantine.as_deref())?;
        let memory = self.options.memory.limit();
        let threads = self.options.threads.reading().within(memory, true).threads;
        let temp_dir = self.options.memory.temp_dir()?;
        let containers = Containers::with_columns(job.columns.clone());
        let opener = containers.opener(&registry, Some(&temp_dir)).of(job.from.as_deref());
        let sells =
            made.iter().any(|made| made.deal.as_ref().is_some_and(|deal| deal.agreement().has_shops()));
        let inputs = if sells || job.duplicates != DuplicatePolicy::Off {
            opener.kept_inputs(&job.inputs, threads, &temp_dir)?
        } else {
            opener.inputs(&job.inputs, threads)?
        };
        let source = open::choose_one(&registry, job.from.as_deref(), &inputs)?.format;
        let enrichment = EnrichmentOptions::with_catalogue(job.catalogue.clone(), job.make_ids);
        let (catalogue, known) = enrichment.read(&registry, self.options.threads.reading())?;
        let _ = transpose_io::clean_stale(&root);
        let _ = transpose_io::clean_stale(&temp_dir);
        let progress = Progress::new(&inputs, messages);
        let step = |_: &Input| progress.update();
        let mut outputs = Vec::with_capacity(made.len());
        for (output, made) in job.outputs.iter().zip(&made) {
            outputs.push(Output {
                name: output.name.clone(),
                set: output.set,
                rule: rule(&output.when),
                job: Job {
                    inputs: &inputs,
                    source,
                    source_options: &job.read_options,
                    target: made.format,
                    version: made.version.as_deref(),
                    target_options: &made.options,
                    terms: made.deal.as_ref().map(|deal| deal as &dyn Terms),
                    completion: enrichment.completion(catalogue.as_ref(), made.format)?,
                    period: made.period.map(|period| zone.moments(period)),
                    screening: Screening { period_by: job.period_by, ..Screening::default() },
                    slicing: None,
                    destination: made.destination.clone(),
                    compression: made.packing.compression,
                    container: made.packing.container(),
                    overwrite: self.options.overwrite.allowed,
                    dry_run: self.options.dry_run,
                    on_reject: quarantine.clone().map_or(OnReject::Fail, OnReject::Quarantine),
                    max_rejects: self.options.max_rejects,
                    deny_loss: None,
                    reading: self.options.threads.reading(),
                    memory,
                    temp_dir: temp_dir.clone(),
                    hash: self.options.receipt.is_some(),
                    now,
                    progress: &step,
                    beside: None,
                },
            });
        }
        let many = Many {
            outputs: &outputs,
            sets: &job.sets,
            duplicates: job.duplicates,
            unrouted: job.unrouted,
            beside: &|outcomes| {
                beside(&job, &root, accounts.as_ref(), &inputs, outcomes, self.options.overwrite.allowed)
            },
        };
        let ran = many.run();
        progress.clear();
        let mut ran = ran?;
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend(job.warnings.iter().cloned());
        for deal in made.iter().filter_map(|made| made.deal.as_ref()) {
            diagnostics.merge(arguments::warnings(Some(deal)));
        }
        diagnostics.merge(carried);
        diagnostics.merge(known);
        diagnostics.merge(opener.notes());
        diagnostics.merge(std::mem::take(&mut ran.report.diagnostics));
        ran.report.diagnostics = diagnostics;
        let told = Told {
            job: &job,
            made: &made,
            source: open::named(source.manifest(), ran.source_version.as_deref()),
            now: clock::moment(now),
        };
        let kept = self.write_receipt(program, &told, &ran);
        let exit = told.tell(&ran, self.options.dry_run, messages);
        let exit = match kept {
            Ok(()) => exit,
            Err(fatal) => messages.fatal(&fatal),
        };
        messages.object(&json!({"summary": told.object(&ran, exit, self.options.dry_run)}));
        Ok(exit)
    }

    /// The folder of the reports.
    fn root(&self) -> Result<PathBuf, Fatal> {
        match destination(&self.output) {
            Destination::Folder(folder) => Ok(folder),
            Destination::File(path) if !path.exists() => Ok(path),
            _ => Err(wrong_argument("a job writes several files, and `-o` names no folder")
                .and_help("Give a folder with `-o FOLDER/`.")),
        }
    }

    /// Refuses to write over what is read, and two things under one name.
    fn check_paths(&self, job: &job::Job, quarantine: Option<&Path>) -> Result<(), Fatal> {
        let read: Vec<(&str, &Path)> = read(job, &self.job);
        let quarantine = quarantine.map(|path| ("the quarantine file", path));
        let receipt = self.options.receipt.as_deref().map(|path| ("the receipt", path));
        let balances = job.balances.as_deref().map(|path| ("the accounts", path));
        let written: Vec<_> = [quarantine, receipt, balances].into_iter().flatten().collect();
        files::refuse_same(&read, &written)?;
        self.options.refuse_existing_receipt()
    }

    fn write_receipt(&self, program: Program, told: &Told<'_>, ran: &Ran) -> Result<(), Fatal> {
        let Some(path) = &self.options.receipt else { return Ok(()) };
        let files = read(told.job, &self.job);
        let mut value = told.object(ran, exit(ran), self.options.dry_run);
        if let Some(object) = value.as_object_mut() {
            object.insert("receipt".into(), receipt::LAYOUT.into());
            object.insert("program".into(), program.to_string().into());
            object.insert("created".into(), told.now.clone().into());
            let files = files.iter().map(|(role, path)| receipt::file(role.trim_start_matches("the "), path));
            object.insert("inputs".into(), files.collect::<Result<Vec<_>, _>>()?.into());
        }
        self.options.overwrite.write(path, format!("{value:#}\n").as_bytes())
    }
}

/// What each output is made with; everything wrong with the side files is told at once.
fn outputs<'a>(
    job: &job::Job,
    registry: &'a transpose_core::format::Registry,
    root: &Path,
) -> Result<Vec<Made<'a>>, Fatal> {
    let mut agreements: BTreeMap<PathBuf, Agreement> = BTreeMap::new();
    let mut figures: BTreeMap<PathBuf, Figures> = BTreeMap::new();
    let mut made = Vec::with_capacity(job.outputs.len());
    let mut wrong: Option<Fatal> = None;
    for output in &job.outputs {
        let one = || -> Result<Made<'a>, Fatal> {
            let (format, version) = open::versioned(registry, &output.format)?;
            open::writable(format)?;
            let deal = deal(job, output, &mut agreements, &mut figures)?;
            let period = output.period.or(job.period).or_else(|| deal.as_ref().and_then(PeriodTerms::period));
            let destination = match &output.file {
                Some(file) if !file.to_string_lossy().ends_with('/') => Destination::File(root.join(file)),
                Some(folder) => Destination::Folder(root.join(folder)),
                None => Destination::Folder(root.to_path_buf()),
            };
            let packing = Packing::new(format, output.container.as_deref(), &destination)?;
            let mut options = packing.options(&output.options);
            if let Some(path) = &output.characters {
                options.push(("characters".into(), open::text(path)?));
            }
            Ok(Made { format, version, deal, period, destination, packing, options })
        };
        match { one }() {
            Ok(one) => made.push(one),
            Err(fatal) => {
                let mut fatal = placed(fatal, &output.place);
                match &mut wrong {
                    Some(wrong) => wrong.diagnostics.append(&mut fatal.diagnostics),
                    None => wrong = Some(fatal),
                }
            }
        }
    }
    wrong.map_or(Ok(made), Err)
}

/// The agreement of an output with its figures; files that several outputs name are read once.
fn deal(
    job: &job::Job,
    output: &job::Output,
    agreements: &mut BTreeMap<PathBuf, Agreement>,
    figures: &mut BTreeMap<PathBuf, Figures>,
) -> Result<Option<PeriodTerms>, Fatal> {
    let Some(path) = &output.agreement else { return Ok(None) };
    if !agreements.contains_key(path) {
        let agreement = Agreement::parse(&path.to_string_lossy(), &open::text(path)?)?;
        agreements.insert(path.clone(), agreement);
    }
    let wanted = output.figures.as_ref().or(job.figures.as_ref());
    if let Some(path) = wanted
        && !figures.contains_key(path)
    {
        figures.insert(path.clone(), Figures::parse(&path.to_string_lossy(), &open::bytes(path)?)?);
    }
    let figures = wanted.and_then(|path| figures.get(path)).cloned();
    let Some(agreement) = agreements.get(path).cloned() else { return Ok(None) };
    PeriodTerms::new(agreement, figures, output.period.or(job.period)).map(Some)
}

/// The files that a job reads, with the parts that they play.
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

/// Files that appear beside the reports: accounts, and how amounts came about.
fn beside(
    job: &job::Job,
    root: &Path,
    accounts: Option<&BalancesFile<'_>>,
    inputs: &[Input],
    outcomes: &[Outcome],
    replace: bool,
) -> Result<Vec<CompanionFile>, Fatal> {
    let mut extras = Vec::new();
    for (output, outcome) in job.outputs.iter().zip(outcomes) {
        if let Some(path) = &output.explain {
            let explained = balances::explanation(root.join(path), outcome, replace);
            extras.push(explained.map_err(|fatal| placed(fatal, &output.place))?);
        }
    }
    if let Some(accounts) = accounts {
        extras.extend(accounts.after(outcomes, inputs)?);
    }
    Ok(extras)
}

/// Which rows an output takes.
fn rule(when: &[job::Wanted]) -> Rule {
    let condition = |wanted: &job::Wanted| Condition {
        name: wanted.name.clone(),
        fields: wanted.fields.clone(),
        values: wanted.values.clone(),
    };
    Rule(when.iter().map(condition).collect())
}

fn exit(ran: &Ran) -> Exit {
    let reports = std::iter::once(&ran.report).chain(ran.outputs.iter().map(|outcome| &outcome.report));
    ran.refused.as_ref().map_or_else(|| exit_of(reports), Exit::from)
}

/// What is told of a run.
struct Told<'a> {
    job: &'a job::Job,
    made: &'a [Made<'a>],
    source: String,
    now: String,
}

impl Told<'_> {
    /// Tells people; answers how the run ended.
    fn tell(&self, ran: &Ran, dry_run: bool, messages: &Messages) -> Exit {
        messages.diagnostics(&ran.report.diagnostics);
        for outcome in &ran.outputs {
            messages.diagnostics(&outcome.report.diagnostics);
        }
        if let Some(fatal) = &ran.refused {
            messages.fatal(fatal);
        }
        messages.note(&self.summary(ran, dry_run));
        exit(ran)
    }

    fn summary(&self, ran: &Ran, dry_run: bool) -> String {
        let ledger = &ran.report.ledger;
        let mut out = format!("{} to {}\n", self.source, counted(ran.outputs.len() as u64, "report"));
        let head = ["set", "output", "rows", "plays", "duration", "owed", "files"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let row = |set: &str,
                   name: &str,
                   amounts: &transpose_core::accounting::Amounts,
                   owed: String,
                   files: usize| {
            vec![
                set.to_owned(),
                name.to_owned(),
                number(amounts.rows),
                (amounts.plays + amounts.returns).normalize().to_string(),
                duration(amounts.micros),
                owed,
                if files > 0 { number(files as u64) } else { String::new() },
            ]
        };
        for (place, set) in ran.sets.iter().enumerate() {
            for (output, outcome) in self.job.outputs.iter().zip(&ran.outputs) {
                if output.set == place {
                    let ledger = &outcome.report.ledger;
                    let owed = ledger.written.owed.iter();
                    let owed = owed.map(|(currency, sum)| format!("{} {currency}", sum.normalize()));
                    let owed = owed.collect::<Vec<_>>().join(" ");
                    rows.push(row(&set.name, &output.name, &ledger.read, owed, outcome.written.len()));
                }
            }
            if set.untaken.rows > 0 {
                rows.push(row(&set.name, "(nobody)", &set.untaken, String::new(), 0));
            }
        }
        rows.push(row("", "dealt out", &ledger.converted, String::new(), 0));
        out.push_str(&table(2, &[2, 3, 4, 5, 6], &rows));
        let mut why: Vec<Vec<String>> = Vec::new();
        let reports = std::iter::once(("inputs", &ran.report)).chain(
            self.job
                .outputs
                .iter()
                .zip(&ran.outputs)
                .map(|(output, outcome)| (output.name.as_str(), &outcome.report)),
        );
        let mut found = [0_u64; 3];
        for (name, report) in reports {
            for (what, parts) in
                [("rejected", &report.ledger.rejected), ("filtered", &report.ledger.filtered)]
            {
                why.extend(parts.iter().map(|(reason, amounts)| {
                    vec![name.to_owned(), what.to_owned(), number(amounts.rows), (*reason).to_owned()]
                }));
            }
            for (count, severity) in
                found.iter_mut().zip([Severity::Error, Severity::Warning, Severity::Info])
            {
                *count += report.diagnostics.of(severity);
            }
        }
        if !why.is_empty() {
            out.push_str("left out\n");
            out.push_str(&table(2, &[2], &why));
        }
        let words = ["error", "warning", "note"];
        let found: Vec<String> =
            found.into_iter().zip(words).map(|(count, word)| counted(count, word)).collect();
        let _ = writeln!(out, "found: {}", found.join(", "));
        if ran.refused.is_some() {
            out.push_str("nothing was written\n");
        } else if dry_run {
            out.push_str("dry run: nothing was written\n");
        } else {
            out.push_str("each set balances with the inputs; written:\n");
            let reports = ran.outputs.iter().flat_map(|outcome| &outcome.written);
            for file in reports.chain(&ran.beside) {
                let path = printable(&file.path.to_string_lossy());
                let _ = writeln!(out, "  {path}  ({} bytes)", number(file.bytes));
            }
        }
        out
    }

    /// The same for pipelines, and for the receipt.
    fn object(&self, ran: &Ran, exit: Exit, dry_run: bool) -> Value {
        let outputs =
            self.job.outputs.iter().zip(self.made).zip(&ran.outputs).map(|((output, made), outcome)| {
                let versions = &made.format.manifest().versions;
                let version =
                    made.version.as_deref().or_else(|| versions.first().map(|version| version.id.as_ref()));
                let mut value = receipt::outcome(outcome);
                if let Some(object) = value.as_object_mut() {
                    object.insert("name".into(), output.name.as_str().into());
                    object.insert("set".into(), self.job.sets.get(output.set).cloned().into());
                    object.insert("target".into(), open::named(made.format.manifest(), version).into());
                    object.insert("period".into(), made.period.map(|period| period.to_string()).into());
                }
                value
            });
        let sets = ran.sets.iter().map(|set| {
            json!({"set": set.name, "taken": receipt::amounts(&set.taken), "untaken": receipt::amounts(&set.untaken)})
        });
        json!({
            "exit": exit.code(),
            "complete": ran.refused.is_none(),
            "dry-run": dry_run,
            "source": self.source,
            "ledger": receipt::ledger(&ran.report.ledger),
            "sets": sets.collect::<Vec<_>>(),
            "reports": outputs.collect::<Vec<_>>(),
            "beside": ran.beside.iter().map(receipt::written).collect::<Vec<_>>(),
            "findings": receipt::counts(&ran.report.diagnostics),
            "refused": ran.refused.as_ref().map(|fatal| fatal.diagnostics.iter().map(receipt::diagnostic).collect::<Vec<_>>()),
        })
    }
}
