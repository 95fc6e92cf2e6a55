//! Options that `convert` and `run` share: rejected rows, receipts, threads, memory, replacing
//! files; and how their inputs are opened by them.

use super::enrichment::EnrichmentOptions;
use super::input::RepeatedInputs;
use super::memory::Memory;
use super::output::Overwrite;
use super::threads::Threads;
use crate::diagnostics::argument_error;
use crate::open::{self, Containers, Opener};
use crate::stale::EarlierFiles;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use transpose_codes::time::{Period, Timestamp};
use transpose_core::diagnostics::{Diagnostics, Failure, Fatal};
use transpose_core::format::{Format, Registry};
use transpose_core::terms::UnroutedPolicy;
use transpose_deals::PeriodTerms;
use transpose_engine::{Catalogue, Limits};
use transpose_io::Input;

/// Options that `convert` and `run` share.
#[derive(clap::Args)]
pub(crate) struct RunOptions {
    /// How to handle rows that cannot be converted: write nothing, or quarantine them unchanged
    #[arg(long, value_name = "ACTION")]
    pub(crate) on_reject: Option<RejectPolicy>,
    /// The file for quarantined rows; by default beside the output. Implies `--on-reject
    /// quarantine`
    #[arg(long, value_name = "FILE")]
    pub(crate) quarantine: Option<PathBuf>,
    /// Stop when more rows than this are rejected
    #[arg(long, value_name = "N")]
    pub(crate) max_rejects: Option<u64>,
    /// Write nothing when more than this share of the rows is filtered, in per cent, by default 98;
    /// 100 accepts a run that converts nothing, and inputs without rows
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_filtered: Option<u8>,
    /// Write a receipt as JSON: what was read, written, rejected and lost, with hashes of all files
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) threads: Threads,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
    /// Write messages although mandatory cells have no value; the receipt says so
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// Use an agreement and figures in which placeholders of the templates still stand
    #[arg(long)]
    pub(crate) allow_placeholders: bool,
    #[command(flatten)]
    repeated: RepeatedInputs,
    /// Check everything, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What happens to rows that cannot be converted.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RejectPolicy {
    /// Write nothing
    Fail,
    /// Quarantine them, unchanged, with line number and reason
    Quarantine,
}

/// The inputs that a run asks for.
pub(crate) struct InputRequest<'a> {
    pub(crate) paths: &'a [PathBuf],
    /// The format of the inputs, where the command or the job names it.
    pub(crate) from: Option<&'a str>,
    pub(crate) containers: &'a Containers,
    /// Whether there is a pass before the conversion, for which a pipe is copied.
    pub(crate) reads_twice: bool,
    pub(crate) enrichment: &'a EnrichmentOptions,
    /// The folder of the outputs.
    pub(crate) folder: &'a Path,
}

/// The inputs of a run, opened, and what goes with them.
pub(crate) struct RunInputs<'a> {
    pub(crate) inputs: Vec<Input>,
    pub(crate) format: &'a dyn Format,
    pub(crate) catalogue: Option<Catalogue>,
    /// What was found in the catalogue.
    pub(crate) catalogue_diagnostics: Diagnostics,
    /// Knows what is found about containers while inputs are read.
    pub(crate) opener: Opener<'a>,
    pub(crate) temp_dir: PathBuf,
}

/// How many per cent of the rows may be filtered unless the user says so.
pub(crate) const MAX_FILTERED: u8 = 98;

/// The option of formats of messages by which mandatory cells may be empty.
const ALLOW_INCOMPLETE: &str = "allow-incomplete";

impl RunOptions {
    /// Adds what these options ask of an output to the options of its format.
    pub(crate) fn extend(&self, format: &dyn Format, options: &mut Vec<(String, String)>) {
        if self.allow_incomplete && format.options().iter().any(|known| known.name == ALLOW_INCOMPLETE) {
            options.push((ALLOW_INCOMPLETE.to_owned(), "true".to_owned()));
        }
    }

    /// Refuses an agreement or figures that are still those of a template.
    pub(crate) fn refuse_placeholders(&self, terms: Option<&PeriodTerms>) -> Result<(), Fatal> {
        let diagnostics = terms.filter(|_| !self.allow_placeholders).map(PeriodTerms::placeholders);
        match diagnostics {
            Some(diagnostics) if !diagnostics.is_empty() => Err(Fatal { failure: Failure::Use, diagnostics }),
            _ => Ok(()),
        }
    }

    /// Opens the inputs of a run, recognises their format and reads the catalogue; `select` says
    /// which of the inputs are read. Removes what killed runs have left behind.
    pub(crate) fn open<'a>(
        &self,
        registry: &'a Registry,
        request: &InputRequest<'_>,
        select: impl FnOnce(Vec<Input>) -> Result<Vec<Input>, Fatal>,
    ) -> Result<RunInputs<'a>, Fatal> {
        // Whether the inputs are packed is not known yet.
        let threads = self.threads.reading().within(self.memory.limit(), true).threads;
        let temp_dir = self.memory.temp_dir()?;
        self.repeated.check(request.paths)?;
        let opener = request.containers.opener(registry, Some(&temp_dir)).of(request.from);
        let inputs = if request.reads_twice {
            opener.replayable_inputs(request.paths, threads, &temp_dir)?
        } else {
            opener.inputs(request.paths, threads)?
        };
        let inputs = select(inputs)?;
        let format = open::choose_common_format(registry, request.from, &inputs)?.format;
        let (catalogue, catalogue_diagnostics) = request.enrichment.read(registry, self.threads.reading())?;
        // A failure to clean up does not matter.
        let _ = transpose_io::clean_stale(request.folder);
        let _ = transpose_io::clean_stale(&temp_dir);
        Ok(RunInputs { inputs, format, catalogue, catalogue_diagnostics, opener, temp_dir })
    }

    /// What the run may take, replace and reject.
    pub(crate) fn limits<'a>(
        &self,
        temp_dir: &'a Path,
        quarantine: Option<PathBuf>,
        now: Timestamp,
        progress: &'a (dyn Fn(&Input) + Sync),
    ) -> Limits<'a> {
        Limits {
            reading: self.threads.reading(),
            memory: self.memory.limit(),
            temp_dir,
            quarantine,
            max_rejects: self.max_rejects,
            max_filtered: self.max_filtered.unwrap_or(MAX_FILTERED),
            unrouted: UnroutedPolicy::default(),
            overwrite: self.overwrite.allowed,
            dry_run: self.dry_run,
            hash: self.receipt.is_some(),
            now,
            progress,
        }
    }

    /// The quarantine file, if rejected rows are set aside; by default it is in `folder`, that of
    /// the outputs.
    pub(crate) fn quarantine_path(
        &self,
        inputs: &[PathBuf],
        folder: &Path,
    ) -> Result<Option<PathBuf>, Fatal> {
        match (self.on_reject, &self.quarantine) {
            (Some(RejectPolicy::Fail), Some(_)) => {
                Err(argument_error("`--quarantine` and `--on-reject fail` contradict each other"))
            }
            (Some(RejectPolicy::Fail) | None, None) => Ok(None),
            (_, Some(path)) => Ok(Some(path.clone())),
            (Some(RejectPolicy::Quarantine), None) => {
                let first = inputs.first().map_or(Path::new("-"), PathBuf::as_path);
                Ok(Some(folder.join(rejects_name(first))))
            }
        }
    }

    /// Writes the receipt, if the user wants one.
    pub(crate) fn write_receipt(&self, make: impl FnOnce() -> Result<Value, Fatal>) -> Result<(), Fatal> {
        let Some(path) = &self.receipt else { return Ok(()) };
        let mut receipt = make()?;
        if let Some(object) = receipt.as_object_mut().filter(|_| self.allow_incomplete) {
            object.insert(ALLOW_INCOMPLETE.to_owned(), true.into());
        }
        self.overwrite.write(path, format!("{receipt:#}\n").as_bytes())
    }

    /// The files of the run before of a job, for the same periods, which are replaced.
    pub(crate) fn earlier_files(&self, job: &Path, periods: &[Option<Period>]) -> EarlierFiles {
        let receipt = self.receipt.as_deref().filter(|_| self.overwrite.allowed && !self.dry_run);
        receipt.map(|receipt| EarlierFiles::of_receipt(receipt, job, periods)).unwrap_or_default()
    }

    /// Refuses an existing receipt before the work begins.
    pub(crate) fn refuse_existing_receipt(&self) -> Result<(), Fatal> {
        self.receipt.as_ref().map_or(Ok(()), |path| self.overwrite.check(path))
    }
}

/// The name of the file for the rejected rows of an input: `report.csv.gz` gives
/// `report.rejects.csv`.
fn rejects_name(input: &Path) -> String {
    let name = input.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.') {
        _ if name == "-" => "stdin.rejects.csv".into(),
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}.rejects.{extension}"),
        _ => format!("{name}.rejects"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_are_named_after_the_input() {
        for (input, name) in [
            ("in/report.csv", "report.rejects.csv"),
            ("report.csv.gz", "report.rejects.csv"),
            ("-", "stdin.rejects.csv"),
            ("report", "report.rejects"),
            (".hidden", ".hidden.rejects"),
        ] {
            assert_eq!(rejects_name(Path::new(input)), name);
        }
    }
}
