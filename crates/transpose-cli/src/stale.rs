//! The files of the run before: its receipt knows them, and with `--overwrite` those that the new
//! run does not write again are removed, so that no message of an earlier run is left beside the
//! new ones.
//!
//! Invariant: a file is removed only if it lies in the folder of the outputs and its content is
//! still what the receipt says, which is of the same job and period.

use crate::diagnostics::KEPT_FILE;
use serde_json::Value;
use std::path::{Path, PathBuf};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Location};
use transpose_io::{WrittenFile, sha256_file};

/// The files that an earlier run wrote, with their hashes.
#[derive(Debug, Default)]
pub(crate) struct EarlierFiles(Vec<(PathBuf, String)>);

impl EarlierFiles {
    /// The files that a receipt of a job names, of the reports for one of the periods; none where
    /// it cannot be read, for it is about to be replaced, or where it is of another job.
    pub(crate) fn of_receipt(path: &Path, job: &Path, periods: &[Option<Period>]) -> Self {
        let text = Some(path).filter(|path| path.is_file()).and_then(|path| crate::open::text(path).ok());
        let receipt: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
        let Some(receipt) = receipt else { return Self::default() };
        let list =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let job = job.to_string_lossy();
        let has = |file: &Value, key: &str, text: &str| file.get(key).is_some_and(|value| *value == *text);
        if !list(&receipt, "inputs").iter().any(|file| has(file, "role", "job") && has(file, "path", &job)) {
            return Self::default();
        }
        let periods: Vec<Value> =
            periods.iter().map(|period| period.map(|period| period.to_string()).into()).collect();
        let reports = list(&receipt, "reports");
        let same = |report: &&Value| report.get("period").is_some_and(|period| periods.contains(period));
        let files = reports.iter().filter(same).flat_map(|report| list(report, "outputs"));
        let files = files.filter_map(|file| {
            let text = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((PathBuf::from(text("path")?), text("sha256")?))
        });
        Self(files.collect())
    }

    /// Removes the files that lie below a folder and are not among those written now. Files that
    /// somebody has changed are kept and reported.
    pub(crate) fn remove<'a>(
        &self,
        folder: &Path,
        written: impl Iterator<Item = &'a WrittenFile>,
    ) -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        if self.0.is_empty() {
            return diagnostics;
        }
        let Ok(folder) = folder.canonicalize() else { return diagnostics };
        let new: Vec<PathBuf> = written.filter_map(|file| file.path.canonicalize().ok()).collect();
        for (path, hash) in &self.0 {
            let Ok(real) = path.canonicalize() else { continue };
            if !real.is_file() || !real.starts_with(&folder) || new.contains(&real) {
                continue;
            }
            let same = sha256_file(&real).is_ok_and(|now| now == *hash);
            if !same || std::fs::remove_file(&real).is_err() {
                let place = Location { source: Some(path.to_string_lossy().into()), ..Location::default() };
                let message = "the file is of an earlier run, which its receipt says, and was kept";
                diagnostics.push(Diagnostic::new(&KEPT_FILE, place, message));
            }
        }
        diagnostics
    }
}
