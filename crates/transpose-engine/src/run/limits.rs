//! What holds for a whole run, whatever is read and written.

use crate::run::finish::OTHER_LABEL;
use crate::run::{FILTERED, NO_ROWS};
use crate::scan::chunks::Reading;
use std::path::{Path, PathBuf};
use transpose_codes::time::Timestamp;
use transpose_core::accounting::Ledger;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::Grain;
use transpose_core::terms::UnroutedPolicy;
use transpose_io::Input;

/// What a run may take of the machine, what it may replace, and what ends it.
#[derive(Clone)]
pub struct Limits<'a> {
    /// How the inputs are read.
    pub reading: Reading,
    /// How much memory the run may take, in bytes; beyond that, what is counted goes to disk.
    /// `None` for any amount.
    pub memory: Option<u64>,
    /// Where that is written.
    pub temp_dir: &'a Path,
    /// The file for rows that cannot be converted, which are put there unchanged while the rest is
    /// converted. Without it nothing is written when there is such a row.
    pub quarantine: Option<PathBuf>,
    /// After how many rejected rows to give up.
    pub max_rejects: Option<u64>,
    /// How many per cent of the rows may be filtered; nothing may appear beyond. With 100 a run may
    /// convert nothing at all, and its inputs may have no rows.
    pub max_filtered: u8,
    /// What happens to rows that no output of a set takes, for outputs with routes.
    pub unrouted: UnroutedPolicy,
    /// Whether existing files may be replaced.
    pub overwrite: bool,
    /// Whether to stop before anything appears.
    pub dry_run: bool,
    /// Whether hashes of outputs are wanted.
    pub hash: bool,
    /// The moment of the run.
    pub now: Timestamp,
    /// Called now and then with the input that is read.
    pub progress: &'a (dyn Fn(&Input) + Sync),
}

impl Limits<'_> {
    /// Why nothing may appear when so many rows of the ledger are filtered, if so. What belongs to
    /// others is not missing.
    pub(crate) fn filtered(&self, ledger: &Ledger, grain: Grain) -> Option<Fatal> {
        let rows_of = |reason: &&'static str| ledger.filtered.get(reason).map_or(0, |amounts| amounts.rows);
        let read = ledger.read.rows - rows_of(&OTHER_LABEL);
        let refused =
            |code, message: String| Some(Fatal::input(Diagnostic::new(code, Location::default(), message)));
        if read == 0 {
            // Messages without usages say so in their header and summary records.
            let is_empty = ledger.read.rows == 0 && grain == Grain::Event && self.max_filtered < 100;
            return is_empty.then(|| refused(&NO_ROWS, "the inputs have no rows".into())).flatten();
        }
        let reasons = ledger.filtered.keys().filter(|reason| **reason != OTHER_LABEL);
        let (most, filtered) =
            reasons.clone().fold((None, 0), |(most, sum): (Option<&&str>, u64), reason| {
                let most = most.filter(|most| rows_of(most) >= rows_of(reason)).or(Some(reason));
                (most, sum + rows_of(reason))
            });
        let is_beyond = u128::from(filtered) * 100 > u128::from(read) * u128::from(self.max_filtered);
        let most = most.filter(|_| is_beyond)?;
        let part = if filtered == read { "all".to_owned() } else { format!("{filtered} of") };
        let only = if reasons.count() == 1 { "as" } else { "most of them as" };
        refused(&FILTERED, format!("{part} {read} rows are filtered, {only} `{most}`"))
    }
}
