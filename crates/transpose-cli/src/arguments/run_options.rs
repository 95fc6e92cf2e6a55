//! Options that `convert` and `run` share: rejected rows, receipts, threads, memory, replacing
//! files.

use super::memory::Memory;
use super::output::Overwrite;
use super::threads::Threads;
use crate::diagnostics::argument_error;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;

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
    /// Write a receipt as JSON: what was read, written, rejected and lost, with hashes of all files
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) threads: Threads,
    #[command(flatten)]
    pub(crate) memory: Memory,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
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

impl RunOptions {
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
        self.overwrite.write(path, format!("{:#}\n", make()?).as_bytes())
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
