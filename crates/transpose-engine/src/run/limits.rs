//! What holds for a whole run, whatever is read and written.

use crate::scan::chunks::Reading;
use std::path::{Path, PathBuf};
use transpose_codes::time::Timestamp;
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
