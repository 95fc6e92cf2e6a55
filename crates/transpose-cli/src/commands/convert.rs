//! `transpose convert`: one report becomes another.

use crate::arguments::{
    self, EnrichmentOptions, InputFormat, InputOptions, ReadOptions, RejectPolicy, RunOptions, Selection,
    SideFiles,
};
use crate::balances::{self, BalancesFile};
use crate::diagnostics::{AndHelp as _, wrong_argument};
use crate::exit::Exit;
use crate::messages::Messages;
use crate::open;
use crate::packing::Packing;
use crate::progress::Progress;
use crate::text::{counted, duration, number, printable, table};
use crate::{Program, clock, files};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use transpose_codes::Decimal;
use transpose_codes::time::Period;
use transpose_core::accounting::{Amounts, RunReport};
use transpose_core::diagnostics::{Diagnostics, Fatal, Severity};
use transpose_core::format::Grain;
use transpose_core::model::Field;
use transpose_core::terms::Terms;
use transpose_engine::{CompanionFile, Destination, Job, OnReject, Outcome, Slicing, destination, receipt};
use transpose_io::Input;

/// Converts reports to another format
///
/// The format of the inputs is recognised by their content. Outputs appear complete under their
/// final names or not at all.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  transpose convert examples/northwind/subscription-2026-10.csv --to ddex.dsr.basic-audio \\
      --agreement examples/northwind/agreement.toml --figures examples/northwind/figures.csv -o out/
  transpose convert report.csv --to ddex.dsr.basic-audio@1.2 --container tsv.gz --receipt receipt.json …
  zcat report.csv.gz | transpose convert - --to massivemusic.client-usage.subscription -o - > clean.csv

`transpose help` lists the exit codes.")]
pub(crate) struct Convert {
    /// The reports to read, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The format to write, with a version after `@` where it is not the newest
    #[arg(long, value_name = "FORMAT[@VERSION]")]
    to: String,
    #[command(flatten)]
    input_format: InputFormat,
    /// Where to write: a folder (existing, or ending in `/`) in which the format names the files, a
    /// file, or `-`
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    side_files: SideFiles,
    #[command(flatten)]
    enrichment: EnrichmentOptions,
    #[command(flatten)]
    selection: Selection,
    /// An option of the format to write; `transpose formats FORMAT` lists them
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = arguments::pair)]
    set: Vec<(String, String)>,
    /// What stands for characters that the target table cannot hold: a CSV file of two columns, the
    /// character (or `U+2019`) and its replacement
    #[arg(long, value_name = "FILE")]
    characters: Option<PathBuf>,
    #[command(flatten)]
    read_options: ReadOptions,
    #[command(flatten)]
    input_options: InputOptions,
    /// What the output comes in, such as `csv`, `csv.gz`, `xls`, `xlsx` or `spreadsheetml`; by
    /// default the name of the output decides, and `transpose formats FORMAT` lists what fits
    #[arg(long, value_name = "CONTAINER")]
    container: Option<String>,
    #[command(flatten)]
    options: RunOptions,
    /// Accounts between periods (advances, adjustments), read and replaced, for agreements with a
    /// `[[deal]]`; the first run makes the file
    #[arg(long, value_name = "FILE", requires = "agreement")]
    balances: Option<PathBuf>,
    /// Work a period out again that the accounts already hold
    #[arg(long, requires = "balances")]
    redo: bool,
    /// Write how each amount came about, one JSON object a line
    #[arg(long, value_name = "FILE", requires = "agreement")]
    explain_amounts: Option<PathBuf>,
    /// Refuse to lose anything, or any of the given fields or groups of fields: `loss`,
    /// `loss=recording,release.grid`
    #[arg(long, value_name = "loss[=FIELD,...]", value_parser = denial)]
    deny: Vec<Denial>,
}

/// The fields that may not be lost; none named means every field.
type Denial = Vec<String>;

impl Convert {
    pub(crate) fn run(&self, program: Program, messages: &Messages) -> Exit {
        let run = || {
            let mut worst = Exit::Done;
            for period in self.periods()? {
                match self.convert(period, program, messages)? {
                    Exit::Done => {}
                    Exit::Diagnostics => worst = Exit::Diagnostics,
                    refused => return Ok(refused),
                }
            }
            Ok(worst)
        };
        run().unwrap_or_else(|fatal| {
            let exit = messages.fatal(&fatal);
            messages.object(&json!({"summary": {"exit": exit.code(), "complete": false}}));
            exit
        })
    }

    /// The periods that are converted one after the other: reports of sums are made slice by slice,
    /// everything else at once.
    fn periods(&self) -> Result<Vec<Option<Period>>, Fatal> {
        let whole = self.selection.period;
        let Some(split_by) = self.selection.split_by else { return Ok(vec![whole]) };
        let registry = self.input_options.registry()?;
        if open::versioned(&registry, &self.to)?.0.manifest().grain != Grain::Aggregate {
            return Ok(vec![whole]);
        }
        let refused = |message: &str, help: &str| Err(wrong_argument(message).and_help(help));
        let Some(whole) = whole else {
            let message = "a report of sums is made for one period, and `--split-by` does not say which";
            return refused(message, "Give `--period` with the whole time, which is cut into slices.");
        };
        let once = self.options.receipt.is_some()
            || self.selection.delivery_log.received.is_some()
            || self.options.on_reject == Some(RejectPolicy::Quarantine)
            || self.options.quarantine.is_some()
            || self.selection.refuses_outside()
            || self.inputs.iter().any(|input| input.as_os_str() == "-");
        if once {
            let message = "reports of sums are split by converting once for each slice, which a pipe, `--receipt`, `--received`, `--quarantine` and `--outside refuse` do not allow";
            return refused(message, "Leave `--split-by` out, and convert once for each `--period`.");
        }
        match split_by.slices(whole) {
            Some(slices) => Ok(slices.into_iter().map(Some).collect()),
            None => {
                refused("the period has more than 400 slices", "Give a shorter period or a longer slice.")
            }
        }
    }

    fn convert(&self, asked: Option<Period>, program: Program, messages: &Messages) -> Result<Exit, Fatal> {
        let now = clock::now()?;
        let registry = self.input_options.registry()?;
        let (target, version) = open::versioned(&registry, &self.to)?;
        open::writable(target)?;
        let destination = destination(&self.output);
        let packing = Packing::new(target, self.container.as_deref(), &destination)?;
        let mut target_options = packing.options(&self.set);
        if let Some(path) = &self.characters {
            target_options.push(("characters".into(), open::text(path)?));
        }
        let quarantine = self.options.quarantine_path(&self.inputs, &folder(&destination))?;
        self.check_paths(&destination, quarantine.as_deref())?;
        if self.selection.split_by.is_some() && !matches!(destination, Destination::Folder(_)) {
            let wrong = wrong_argument("`--split-by` writes several files");
            return Err(wrong.and_help("Give a folder with `-o FOLDER/`."));
        }
        let deny_loss = self.denied()?;
        let mut deal = self.side_files.deal(asked)?;
        let accounts =
            self.balances.as_deref().map(|path| BalancesFile::open(path, self.redo)).transpose()?;
        let carried = match (&accounts, &mut deal) {
            (Some(accounts), Some(deal)) => accounts.carry(deal)?,
            _ => Diagnostics::default(),
        };
        let memory = self.options.memory.limit();
        // Nobody knows yet whether they are packed.
        let threads = self.options.threads.reading().within(memory, true).threads;
        let temp_dir = self.options.memory.temp_dir()?;
        let opener = self.input_options.opener(&registry, Some(&temp_dir), self.input_format.from.as_deref());
        // Refunds are paired with their sales before anything is converted.
        let sells = deal.as_ref().is_some_and(|deal| deal.agreement().has_shops());
        // Tables of sums are asked for their sales contexts before.
        let sums = self.input_format.from.as_deref().is_some_and(|from| {
            open::versioned(&registry, from).is_ok_and(|(format, _)| {
                format.manifest().traits.contexts_in_rows && format.manifest().grain == Grain::Aggregate
            })
        });
        let inputs = if sells || sums || self.selection.reads_twice() {
            opener.kept_inputs(&self.inputs, threads, &temp_dir)?
        } else {
            opener.inputs(&self.inputs, threads)?
        };
        let (inputs, received) = self.selection.delivery_log.check(inputs)?;
        let source = open::choose_one(&registry, self.input_format.from.as_deref(), &inputs)?.format;
        let (catalogue, known) = self.enrichment.read(&registry, self.options.threads.reading())?;
        let period = asked.or_else(|| deal.as_ref().and_then(transpose_deals::PeriodTerms::period));
        if asked.is_some() && deal.is_none() && source.manifest().grain == Grain::Aggregate {
            let message =
                format!("`{}` holds sums, of which `--period` cannot leave out a part", source.manifest().id);
            return Err(wrong_argument(message).and_help("Leave `--period` out."));
        }
        // What a killed run has left in the folder; failing to remove it is no reason not to
        // convert.
        let _ = transpose_io::clean_stale(&folder(&destination));
        let _ = transpose_io::clean_stale(&temp_dir);
        let progress = Progress::new(&inputs, messages);
        let slicing: Slicing<'_> = &|moment| self.selection.slice(moment);
        let job = Job {
            inputs: &inputs,
            source,
            source_options: &self.read_options.read_set,
            target,
            version: version.as_deref(),
            target_options: &target_options,
            terms: deal.as_ref().map(|deal| deal as &dyn Terms),
            completion: self.enrichment.completion(catalogue.as_ref(), target)?,
            period: period.map(|period| self.selection.moments(period)),
            screening: self.selection.screening(),
            slicing: self
                .selection
                .split_by
                .filter(|_| target.manifest().grain == Grain::Event)
                .map(|_| slicing),
            destination,
            compression: packing.compression,
            container: packing.container(),
            overwrite: self.options.overwrite.allowed,
            dry_run: self.options.dry_run,
            on_reject: quarantine.map_or(OnReject::Fail, OnReject::Quarantine),
            max_rejects: self.options.max_rejects,
            deny_loss: deny_loss.as_deref(),
            reading: self.options.threads.reading(),
            memory,
            temp_dir,
            hash: self.options.receipt.is_some(),
            now,
            progress: &|_| progress.update(),
            beside: Some(&|outcomes| self.beside(accounts.as_ref(), &inputs, outcomes)),
        };
        let outcome = job.run();
        progress.clear();
        let mut outcome = outcome.unwrap_or_else(failed);
        let mut diagnostics = arguments::warnings(deal.as_ref());
        diagnostics.merge(carried);
        diagnostics.merge(known);
        diagnostics.merge(opener.notes());
        diagnostics.merge(std::mem::take(&mut outcome.report.diagnostics));
        outcome.report.diagnostics = diagnostics;
        let written = Written {
            source: open::named(source.manifest(), outcome.source_version.as_deref()),
            target: open::named(
                target.manifest(),
                version
                    .as_deref()
                    .or_else(|| target.manifest().versions.first().map(|version| version.id.as_ref())),
            ),
            period: period.map(|period| period.to_string()),
            now: clock::moment(now),
            containers: inputs.iter().map(|input| input.container().map(str::to_owned)).collect(),
        };
        let mut kept = self.write_receipt(program, &written, &outcome);
        if let Some(received) = received.filter(|_| outcome.refused.is_none() && !self.options.dry_run) {
            kept = kept.and(received.remember(&written.now));
        }
        messages.diagnostics(&outcome.report.diagnostics);
        let exit = exit(&outcome);
        if let Some(fatal) = &outcome.refused {
            messages.fatal(fatal);
        }
        messages.note(&self.summary(&written, &outcome));
        // A receipt that could not be written is told last, because everything else stands.
        let exit = match kept {
            Ok(()) => exit,
            Err(fatal) => messages.fatal(&fatal),
        };
        messages.object(&self.summary_object(&written, &outcome, exit));
        Ok(exit)
    }

    /// Files that appear beside the report.
    fn beside(
        &self,
        accounts: Option<&BalancesFile<'_>>,
        inputs: &[Input],
        outcomes: &[Outcome],
    ) -> Result<Vec<CompanionFile>, Fatal> {
        let mut extras = Vec::new();
        if let (Some(path), [outcome]) = (&self.explain_amounts, outcomes) {
            extras.push(balances::explanation(path.clone(), outcome, self.options.overwrite.allowed)?);
        }
        if let Some(accounts) = accounts {
            extras.extend(accounts.after(outcomes, inputs)?);
        }
        Ok(extras)
    }

    /// Refuses to write over what is read, and two things under one name.
    fn check_paths(&self, destination: &Destination, quarantine: Option<&Path>) -> Result<(), Fatal> {
        let read = self
            .inputs
            .iter()
            .map(|path| ("an input", path.as_path()))
            .chain(self.side_files.agreement.iter().map(|path| ("the agreement", path.as_path())))
            .chain(self.side_files.figures.iter().map(|path| ("the figures", path.as_path())))
            .chain(self.enrichment.catalogue.iter().map(|path| ("a catalogue", path.as_path())))
            .chain(self.enrichment.user_key.iter().map(|path| ("the key for user ids", path.as_path())))
            .chain(self.input_options.layouts.files.iter().map(|path| ("a layout", path.as_path())));
        let output = match destination {
            Destination::File(path) => Some(("the output", path.as_path())),
            Destination::Stdout => Some(("the output", Path::new("-"))),
            Destination::Folder(_) => None,
        };
        let quarantine = quarantine.map(|path| ("the quarantine file", path));
        let receipt = self.options.receipt.as_deref().map(|path| ("the receipt", path));
        let received = self.selection.delivery_log.received.as_deref();
        let received = received.map(|path| ("the list of received files", path));
        let balances = self.balances.as_deref().map(|path| ("the accounts", path));
        let explanation = self.explain_amounts.as_deref().map(|path| ("the explanation", path));
        let written = [output, quarantine, receipt, received, balances, explanation];
        let written: Vec<_> = written.into_iter().flatten().collect();
        files::refuse_same(&read.collect::<Vec<_>>(), &written)?;
        self.options.refuse_existing_receipt()
    }

    /// The fields that may not be lost: `None` allows every loss, an empty list none.
    fn denied(&self) -> Result<Option<Vec<String>>, Fatal> {
        if self.deny.is_empty() {
            return Ok(None);
        }
        if self.deny.iter().any(Vec::is_empty) {
            return Ok(Some(Vec::new()));
        }
        let fields: Vec<String> = self.deny.iter().flatten().cloned().collect();
        for name in &fields {
            let within = |field: Field| {
                field.id().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
            };
            // Cells that only their own family understands keep the capitals of their standard;
            // they are not known here.
            let cell = name.chars().any(char::is_uppercase);
            if !cell && Field::by_id(name).is_none() && !Field::all().any(within) {
                let unknown = wrong_argument(format!("`--deny loss` names `{name}`, which is no field"));
                return Err(match Field::nearest(name) {
                    Some(near) => unknown.and_help(format!("Did you mean `{near}`?")),
                    None => unknown.and_help("`transpose formats FORMAT` lists the fields of a format."),
                });
            }
        }
        Ok(Some(fields))
    }

    fn write_receipt(&self, program: Program, written: &Written, outcome: &Outcome) -> Result<(), Fatal> {
        let Some(path) = &self.options.receipt else { return Ok(()) };
        let side_files = [("agreement", &self.side_files.agreement), ("figures", &self.side_files.figures)];
        let files = self
            .inputs
            .iter()
            .map(|path| ("input", path.clone()))
            .chain(side_files.into_iter().filter_map(|(role, path)| path.clone().map(|path| (role, path))))
            .chain(self.enrichment.catalogue.iter().map(|path| ("catalogue", path.clone())))
            .chain(self.input_options.layouts.files.iter().map(|path| ("layout", path.clone())));
        let particulars = receipt::Particulars {
            program: program.to_string(),
            files: files.collect(),
            source: written.source.clone(),
            target: written.target.clone(),
            period: written.period.clone(),
            now: written.now.clone(),
            containers: written.containers.clone(),
        };
        let mut value = receipt::receipt(&particulars, outcome)?;
        if let Some(object) = value.as_object_mut().filter(|_| self.options.dry_run) {
            object.insert("dry-run".into(), true.into());
        }
        self.options.overwrite.write(path, format!("{value:#}\n").as_bytes())
    }

    /// The summary for people.
    fn summary(&self, written: &Written, outcome: &Outcome) -> String {
        let RunReport { loss, ledger, diagnostics } = &outcome.report;
        if outcome.refused.is_some() && ledger.read.rows == 0 && diagnostics.is_empty() {
            // The run ended before there was anything to account for.
            return "nothing was written\n".into();
        }
        let mut out = format!("{} to {}", written.source, written.target);
        if let Some(period) = &written.period {
            let _ = write!(out, ", period {period}");
        }
        out.push('\n');
        let parts = [
            ("read", ledger.read.clone()),
            ("converted", ledger.converted.clone()),
            ("rejected", sum(ledger.rejected.values())),
            ("filtered", sum(ledger.filtered.values())),
        ];
        let mut rows = vec![["", "rows", "plays", "duration"].map(str::to_owned).to_vec()];
        rows.extend(parts.iter().map(|(name, amounts)| {
            vec![
                (*name).to_owned(),
                number(amounts.rows),
                amounts.plays.normalize().to_string(),
                duration(amounts.micros),
            ]
        }));
        add_sales(&parts, &mut rows);
        let numbers: Vec<usize> = (1..rows.first().map_or(1, Vec::len)).collect();
        out.push_str(&table(2, &numbers, &rows));
        let mut reasons: Vec<Vec<String>> = Vec::new();
        for (what, parts) in [("rejected", &ledger.rejected), ("filtered", &ledger.filtered)] {
            reasons.extend(parts.iter().map(|(reason, amounts)| {
                let name = diagnostics
                    .counts()
                    .find(|(code, _)| code.id == *reason)
                    .map_or("", |(code, _)| code.name);
                vec![what.to_owned(), number(amounts.rows), format!("{reason} {name}").trim_end().to_owned()]
            }));
        }
        if !reasons.is_empty() {
            out.push_str("why\n");
            out.push_str(&table(2, &[1], &reasons));
        }
        if !loss.is_empty() {
            out.push_str("not carried over as it is\n");
            let entries: Vec<Vec<String>> = loss
                .iter()
                .map(|(change, subject, entry)| {
                    vec![subject.to_string(), change.name().into(), number(entry.count), entry.reason.clone()]
                })
                .collect();
            out.push_str(&table(2, &[2], &entries));
        }
        let found: Vec<String> =
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")]
                .into_iter()
                .map(|(severity, word)| counted(diagnostics.of(severity), word))
                .collect();
        let _ = writeln!(out, "found: {}", found.join(", "));
        match (&outcome.refused, &outcome.written[..]) {
            (Some(_), _) => out.push_str("nothing was written\n"),
            (None, []) => out.push_str("dry run: nothing was written\n"),
            (None, files) => {
                let tally = &outcome.tally;
                let counts = [
                    (tally.summaries, "summary record"),
                    (tally.blocks, "block"),
                    (tally.usages, "usage"),
                    (tally.lines, "line"),
                ];
                let counts: Vec<String> = counts
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, word)| counted(count, word))
                    .collect();
                let _ = writeln!(out, "written: {}", counts.join(", "));
                let slices: Vec<Vec<String>> = outcome
                    .slices
                    .iter()
                    .map(|slice| vec![slice.label.clone(), counted(slice.tally.blocks, "row")])
                    .collect();
                out.push_str(&table(2, &[1], &slices));
                for file in files {
                    let path = printable(&file.path.to_string_lossy());
                    let _ = writeln!(out, "  {path}  ({} bytes)", number(file.bytes));
                }
                let aside = self
                    .options
                    .quarantine_path(&self.inputs, &folder(&destination(&self.output)))
                    .ok()
                    .flatten();
                if let Some(path) = aside.filter(|_| ledger.rejects() > 0) {
                    let _ = writeln!(
                        out,
                        "set aside: {}\n  {}",
                        counted(ledger.rejects(), "row"),
                        printable(&path.to_string_lossy())
                    );
                }
            }
        }
        if outcome.spilled > 0 {
            let _ = writeln!(out, "to disk on the way: {} bytes", number(outcome.spilled));
        }
        out
    }

    /// The summary for pipelines.
    fn summary_object(&self, written: &Written, outcome: &Outcome, exit: Exit) -> Value {
        let outputs = outcome.written.iter().map(|file| {
            json!({"path": file.path.to_string_lossy(), "bytes": file.bytes, "uncompressed-bytes": file.uncompressed})
        });
        json!({"summary": {
            "exit": exit.code(),
            "complete": outcome.refused.is_none(),
            "dry-run": self.options.dry_run,
            "source": written.source,
            "target": written.target,
            "period": written.period,
            "ledger": receipt::ledger(&outcome.report.ledger),
            "findings": receipt::counts(&outcome.report.diagnostics),
            "loss": receipt::loss(&outcome.report.loss),
            "outputs": outputs.collect::<Vec<_>>(),
            "slices": receipt::slices(outcome),
            "spilled-bytes": outcome.spilled,
        }})
    }
}

/// What the summaries and the receipt say besides the outcome.
struct Written {
    source: String,
    target: String,
    period: Option<String>,
    now: String,
    /// What each input came in, where it was no plain text.
    containers: Vec<Option<String>>,
}

/// The outcome of a run that came to no end.
fn failed(fatal: Fatal) -> Outcome {
    Outcome {
        report: RunReport::default(),
        written: Vec::new(),
        spilled: 0,
        owed: None,
        slices: Vec::new(),
        tally: transpose_core::format::Tally::default(),
        source_version: None,
        refused: Some(fatal),
    }
}

fn exit(outcome: &Outcome) -> Exit {
    outcome.refused.as_ref().map_or_else(|| exit_of([&outcome.report]), Exit::from)
}

/// How a run ends that wrote everything.
pub(super) fn exit_of<'a>(reports: impl IntoIterator<Item = &'a RunReport>) -> Exit {
    let faulty =
        |report: &RunReport| report.ledger.rejects() > 0 || report.diagnostics.of(Severity::Error) > 0;
    if reports.into_iter().any(faulty) { Exit::Diagnostics } else { Exit::Done }
}

/// The folder in which outputs appear.
pub(super) fn folder(destination: &Destination) -> PathBuf {
    match destination {
        Destination::Folder(folder) => folder.clone(),
        Destination::File(path) => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        },
        Destination::Stdout => PathBuf::from("."),
    }
}

/// Adds columns for what only sales and statements have.
fn add_sales(parts: &[(&str, Amounts)], rows: &mut [Vec<String>]) {
    let mut add = |heading: &str, value: &dyn Fn(&Amounts) -> String| {
        let cells =
            std::iter::once(heading.to_owned()).chain(parts.iter().map(|(_, amounts)| value(amounts)));
        for (row, cell) in rows.iter_mut().zip(cells) {
            row.push(cell);
        }
    };
    if parts.iter().any(|(_, amounts)| !amounts.returns.is_zero()) {
        add("returns", &|amounts| amounts.returns.normalize().to_string());
    }
    let kinds: [(&str, fn(&Amounts) -> &BTreeMap<Box<str>, Decimal>); 2] =
        [("paid", |amounts| &amounts.paid), ("owed", |amounts| &amounts.owed)];
    for (kind, sums) in kinds {
        let currencies: BTreeSet<&str> =
            parts.iter().flat_map(|(_, amounts)| sums(amounts).keys()).map(AsRef::as_ref).collect();
        for currency in currencies {
            add(&format!("{kind} {currency}"), &|amounts| {
                sums(amounts).get(currency).copied().unwrap_or_default().normalize().to_string()
            });
        }
    }
}

/// `loss` or `loss=FIELD,...`.
fn denial(text: &str) -> Result<Denial, String> {
    match text.split_once('=') {
        None if text == "loss" => Ok(Vec::new()),
        Some(("loss", fields)) => {
            let fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).collect();
            if fields.iter().any(String::is_empty) {
                return Err("expected fields separated by commas after `loss=`".into());
            }
            Ok(fields)
        }
        _ => Err("expected `loss` or `loss=FIELD,...`".into()),
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Amounts>) -> Amounts {
    let mut sum = Amounts::default();
    for part in parts {
        // The ledger has added these before; what cannot be added is not shown.
        let _ = sum.add(part);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loss_can_be_denied() {
        assert_eq!(denial("loss"), Ok(Vec::new()));
        assert_eq!(denial("loss=a, b"), Ok(vec!["a".to_owned(), "b".into()]));
        assert!(denial("gain").is_err() && denial("loss=").is_err() && denial("loss=a,,b").is_err());
    }
}
