//! `transpose convert`: one report becomes another. `summary` prints what happened, as text or
//! JSON.

mod summary;

use crate::arguments::{
    self, EnrichmentOptions, InputFormat, InputOptions, InputRequest, LossOptions, ReadOptions, RejectPolicy,
    RunOptions, Selection, SideFiles,
};
use crate::balances::{self, BalancesFile};
use crate::commands::of_labels;
use crate::diagnostics::{WithHelp as _, argument_error, joined};
use crate::exit::Exit;
use crate::files::LockedFolders;
use crate::messages::Messages;
use crate::open;
use crate::packing::Packing;
use crate::progress::Progress;
use crate::summary::aborted;
use crate::{Program, clock, files};
use serde_json::Value;
use std::path::{Path, PathBuf};
use summary::Summary;
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::Grain;
use transpose_core::terms::Terms;
use transpose_deals::PeriodTerms;
use transpose_engine::receipt::{self, Particulars};
use transpose_engine::{
    CompanionFile, Destination, HeldFiles, Limits, Outcome, Output, Route, RouteRule, Run, RunOutcome,
    Slicing, Source, destination,
};
use transpose_io::Input;

/// Converts reports to another format
///
/// The format of the inputs is detected from the content. Outputs appear complete under their final
/// names or not at all.
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
    /// The output: a folder (existing, or ending in `/`) in which the format names the files, a
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
    /// Replacements for characters that the target table cannot hold: a CSV file of two columns,
    /// the character (or `U+2019`) and its replacement
    #[arg(long, value_name = "FILE")]
    characters: Option<PathBuf>,
    #[command(flatten)]
    read_options: ReadOptions,
    #[command(flatten)]
    input_options: InputOptions,
    /// The container of the output, such as `csv`, `csv.gz`, `xls`, `xlsx` or `spreadsheetml`; by
    /// default from the output name. `transpose formats FORMAT` lists those that fit
    #[arg(long, value_name = "CONTAINER")]
    container: Option<String>,
    #[command(flatten)]
    options: RunOptions,
    /// The file of balances between periods (advances, adjustments), read and replaced, for
    /// agreements with a `[[deal]]`; the first run creates it
    #[arg(long, value_name = "FILE", requires = "agreement")]
    balances: Option<PathBuf>,
    /// Recompute a period that the balances already have
    #[arg(long, requires = "balances")]
    redo: bool,
    /// Write the calculation of each amount, one JSON object per line
    #[arg(long, value_name = "FILE", requires = "agreement")]
    explain_amounts: Option<PathBuf>,
    #[command(flatten)]
    loss: LossOptions,
}

/// What a conversion came to.
struct Conversion {
    particulars: Particulars,
    outcome: Outcome,
    quarantine: Option<PathBuf>,
    /// Whether the receipt was written.
    recorded: Result<(), Fatal>,
}

impl Conversion {
    fn tell(self, convert: &Convert, messages: &Messages) -> Exit {
        let summary = Summary {
            particulars: &self.particulars,
            outcome: &self.outcome,
            quarantine: self.quarantine.as_deref(),
            dry_run: convert.options.dry_run,
        };
        let exit = summary.ending().tell(messages, &summary.text(), self.recorded);
        messages.object(&summary.object(exit));
        exit
    }
}

impl Convert {
    pub(crate) fn run(&self, program: Program, messages: &Messages) -> Exit {
        let run = || {
            let Some(slices) = self.slices()? else {
                return Ok(self
                    .convert(self.selection.period, None, program, messages)?
                    .tell(self, messages));
            };
            // All slices appear together.
            let mut held = HeldFiles::new(self.options.overwrite.allowed);
            let mut conversions = Vec::new();
            for slice in slices {
                let conversion = self.convert(Some(slice), Some(&mut held), program, messages)?;
                if conversion.outcome.refused.is_some() {
                    return Ok(conversion.tell(self, messages));
                }
                conversions.push(conversion);
            }
            let mut written = held.commit()?;
            let mut worst = Exit::Done;
            for mut conversion in conversions {
                conversion.outcome.take_written(&mut written);
                if conversion.tell(self, messages) != Exit::Done {
                    worst = Exit::Diagnostics;
                }
            }
            Ok(worst)
        };
        run().unwrap_or_else(|fatal| aborted(messages, &fatal))
    }

    /// The periods to convert one after the other, for a report of usages that is split: it takes
    /// one run for each slice.
    fn slices(&self) -> Result<Option<Vec<Period>>, Fatal> {
        let whole = self.selection.period;
        let Some(split_by) = self.selection.split_by else { return Ok(None) };
        let registry = self.input_options.registry()?;
        if open::format_and_version(&registry, &self.to)?.0.manifest().grain != Grain::Aggregate {
            return Ok(None);
        }
        let refused = |message: &str, help: &str| Err(argument_error(message).with_help(help));
        let Some(whole) = whole else {
            let message = "an aggregate report covers one period, and `--split-by` does not say which";
            return refused(message, "Give `--period` with the whole time, which is cut into slices.");
        };
        let once = self.options.receipt.is_some()
            || self.selection.delivery_log.received.is_some()
            || self.options.on_reject == Some(RejectPolicy::Quarantine)
            || self.options.quarantine.is_some()
            || self.balances.is_some()
            || self.explain_amounts.is_some()
            || self.selection.refuses_outside()
            || self.inputs.iter().any(|input| input.as_os_str() == "-");
        if once {
            let message = "aggregate reports are split by converting once per slice, which a pipe, `--receipt`, `--received`, `--quarantine`, `--balances`, `--explain-amounts` and `--outside refuse` do not allow";
            return refused(message, "Leave `--split-by` out, and convert once for each `--period`.");
        }
        match split_by.slices(whole) {
            Some(slices) => Ok(Some(slices)),
            None => {
                refused("the period has more than 400 slices", "Give a shorter period or a longer slice.")
            }
        }
    }

    /// Converts the inputs for a period; the files of a slice go to `held`.
    fn convert(
        &self,
        asked: Option<Period>,
        held: Option<&mut HeldFiles>,
        program: Program,
        messages: &Messages,
    ) -> Result<Conversion, Fatal> {
        let now = clock::now()?;
        let registry = self.input_options.registry()?;
        let (target, version) = open::format_and_version(&registry, &self.to)?;
        open::require_writable(target)?;
        let destination = destination(&self.output);
        let packing = Packing::new(target, self.container.as_deref(), &destination)?;
        let mut target_options = packing.options(&self.set);
        self.options.extend(target, &mut target_options);
        if let Some(path) = &self.characters {
            target_options.push(("characters".into(), open::text(path)?));
        }
        let quarantine = self.options.quarantine_path(&self.inputs, &folder(&destination))?;
        self.check_paths(&destination, quarantine.as_deref())?;
        if self.selection.split_by.is_some() && !matches!(destination, Destination::Folder(_)) {
            let wrong = argument_error("`--split-by` writes several files");
            return Err(wrong.with_help("Give a folder with `-o FOLDER/`."));
        }
        let deny_loss = self.loss.denied()?;
        let mut terms = self.side_files.terms(asked)?;
        self.options.refuse_placeholders(terms.as_ref())?;
        let balances =
            self.balances.as_deref().map(|path| BalancesFile::open(path, self.redo)).transpose()?;
        let carried = match (&balances, &mut terms) {
            (Some(balances), Some(terms)) => balances.carry(terms)?,
            _ => Diagnostics::default(),
        };
        // Refunds are paired with their sales in a pass before the conversion.
        let sells = terms.as_ref().is_some_and(|terms| terms.agreement().has_shops());
        // The sales contexts of tables of usages are gathered in a pass before the conversion.
        let sums = self.input_format.from.as_deref().is_some_and(|from| {
            open::format_and_version(&registry, from).is_ok_and(|(format, _)| {
                format.manifest().traits.contexts_in_rows && format.manifest().grain == Grain::Aggregate
            })
        });
        let request = InputRequest {
            paths: &self.inputs,
            from: self.input_format.from.as_deref(),
            containers: &self.input_options.containers,
            reads_twice: sells || sums || self.selection.reads_twice(),
            enrichment: &self.enrichment,
            folder: &folder(&destination),
        };
        let mut received = None;
        let opened = self.options.open(&registry, &request, |inputs| {
            let (inputs, log) = self.selection.delivery_log.check(inputs)?;
            received = log;
            Ok(inputs)
        })?;
        let source = opened.format;
        let period = asked.or_else(|| terms.as_ref().and_then(PeriodTerms::period));
        // Of a deal that holds on some days of the period, the plays of these days.
        let paid = terms.as_ref().and_then(PeriodTerms::paid_period);
        if asked.is_some() && terms.is_none() && source.manifest().grain == Grain::Aggregate {
            let message =
                format!("`{}` holds aggregates, from which `--period` cannot filter", source.manifest().id);
            return Err(argument_error(message).with_help("Leave `--period` out."));
        }
        let progress = Progress::new(&opened.inputs, messages);
        let update = |_: &Input| progress.update();
        let slicing: Slicing<'_> = &|moment| self.selection.slice(moment);
        let slicing = Some(slicing)
            .filter(|_| self.selection.split_by.is_some() && target.manifest().grain == Grain::Event);
        // Messages name their period in the names of files.
        let label = asked.filter(|_| held.is_some() && !target.manifest().traits.states_contexts);
        let label = label.map(|period| period.to_string());
        // Plays of other labels count for what the deal divides, and are not paid.
        let counts_plays =
            source.manifest().grain == Grain::Event && target.manifest().grain == Grain::Aggregate;
        let labels = terms.as_ref().filter(|_| counts_plays).and_then(PeriodTerms::paid_labels);
        let outputs = [Output {
            route: labels.map(|labels| Route::of_deal(RouteRule(vec![of_labels(labels)]))),
            format: target,
            version: version.as_deref(),
            options: &target_options,
            terms: terms.as_ref().map(|terms| terms as &dyn Terms),
            personal_data: self.enrichment.personal_data(target)?,
            period: self.selection.period(paid.or(period)),
            slicing,
            destination,
            label: label.as_deref(),
            compression: packing.compression,
            container: packing.container(),
            deny_loss: deny_loss.as_deref(),
        }];
        let limits = self.options.limits(&opened.temp_dir, quarantine.clone(), now, &update);
        let run = Run {
            source: Source {
                inputs: &opened.inputs,
                format: source,
                options: &self.read_options.read_set,
                catalogue: opened.catalogue.as_ref(),
                make_ids: self.enrichment.make_ids,
                duplicates: self.selection.duplicates,
            },
            outputs: &outputs,
            limits: Limits {
                // Every slice filters what belongs to the others.
                max_filtered: if held.is_some() { 100 } else { limits.max_filtered },
                ..limits
            },
        };
        let moment = clock::moment(now);
        let locked = std::sync::Mutex::new(None);
        let companions = |outcomes: &[Outcome]| {
            // Until the files are in place.
            if let Ok(mut locked) = locked.lock() {
                locked.get_or_insert_with(|| self.lock_shared());
            }
            let mut extras = self.companions(balances.as_ref(), &opened.inputs, outcomes)?;
            if let Some(received) = &received {
                extras.extend(received.after(&moment)?);
            }
            Ok(extras)
        };
        let outcome = match held {
            None => run.run(&companions),
            Some(held) => run.run_slice(held, &companions),
        };
        drop(locked);
        progress.clear();
        let mut outcome = outcome.and_then(RunOutcome::into_only).unwrap_or_else(Outcome::failed);
        outcome.report.diagnostics = joined([
            arguments::warnings(terms.as_ref()),
            carried,
            opened.catalogue_diagnostics,
            opened.opener.diagnostics(),
            std::mem::take(&mut outcome.report.diagnostics),
        ]);
        let particulars = Particulars {
            program: program.to_string(),
            files: self.files_read(),
            containers: opened.inputs.iter().map(|input| input.container().map(str::to_owned)).collect(),
            source: open::name_with_version(source.manifest(), outcome.source_version.as_deref()),
            target: open::target_name(target, version.as_deref()),
            period: period.map(|period| period.to_string()),
            now: moment,
        };
        // The list is none of the reports.
        outcome.written.retain(|file| received.as_ref().is_none_or(|list| list.path() != file.path));
        let recorded = self.options.write_receipt(|| self.receipt(&particulars, &outcome));
        Ok(Conversion { particulars, outcome, quarantine, recorded })
    }

    /// Locks what runs share.
    fn lock_shared(&self) -> LockedFolders {
        let shared = [&self.balances, &self.selection.delivery_log.received];
        LockedFolders::of(shared.into_iter().flatten().map(PathBuf::as_path))
    }

    /// The companion files of the report.
    fn companions(
        &self,
        balances: Option<&BalancesFile<'_>>,
        inputs: &[Input],
        outcomes: &[Outcome],
    ) -> Result<Vec<CompanionFile>, Fatal> {
        let mut extras = Vec::new();
        if let (Some(path), [outcome]) = (&self.explain_amounts, outcomes) {
            extras.push(balances::explanation(path.clone(), outcome, self.options.overwrite.allowed)?);
        }
        if let Some(balances) = balances {
            extras.extend(balances.after(outcomes, inputs)?);
        }
        Ok(extras)
    }

    /// Refuses outputs that would overwrite an input or each other.
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

    /// The files that are read, each with its role.
    fn files_read(&self) -> Vec<(&'static str, PathBuf)> {
        let side_files = [("agreement", &self.side_files.agreement), ("figures", &self.side_files.figures)];
        let files = self
            .inputs
            .iter()
            .map(|path| ("input", path.clone()))
            .chain(side_files.into_iter().filter_map(|(role, path)| path.clone().map(|path| (role, path))))
            .chain(self.enrichment.catalogue.iter().map(|path| ("catalogue", path.clone())))
            .chain(self.input_options.layouts.files.iter().map(|path| ("layout", path.clone())));
        files.collect()
    }

    fn receipt(&self, particulars: &Particulars, outcome: &Outcome) -> Result<Value, Fatal> {
        let mut value = receipt::receipt(particulars, outcome)?;
        if let Some(object) = value.as_object_mut().filter(|_| self.options.dry_run) {
            object.insert("dry-run".into(), true.into());
        }
        Ok(value)
    }
}

/// The folder of the outputs.
fn folder(destination: &Destination) -> PathBuf {
    match destination {
        Destination::Folder(folder) => folder.clone(),
        Destination::File(path) => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        },
        Destination::Stdout => PathBuf::from("."),
    }
}
