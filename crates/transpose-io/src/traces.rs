//! What this process has begun and not yet ended on disk, so that a signal can end it without a
//! trace.
//!
//! Temporary files remove themselves when they are dropped, which a process that ends at once never
//! does. So each one is noted here under its name; [`abandon`] removes what is noted, and takes
//! back what a commit has put in place so far.
//!
//! Invariant: the files of a commit are put in place, or taken back, while the traces are held;
//! only the copying to pipes, which may take any time, is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use transpose_sync::lock;

static TRACES: Mutex<Traces> = Mutex::new(Traces::new());

/// What a process has begun on disk.
pub(crate) struct Traces {
    /// Temporary files. Names are never used twice, so one that is gone does no harm.
    files: BTreeSet<PathBuf>,
    /// Directories that were made, outermost first.
    dirs: Vec<PathBuf>,
    /// Files that a commit has put in place, each with the name of what was there before.
    placed: Vec<(PathBuf, Option<PathBuf>)>,
    /// Directories in which files of killed processes were looked for.
    cleaned: BTreeSet<PathBuf>,
}

impl Traces {
    const fn new() -> Self {
        Self { files: BTreeSet::new(), dirs: Vec::new(), placed: Vec::new(), cleaned: BTreeSet::new() }
    }

    /// Notes a temporary file.
    pub(crate) fn begin(&mut self, path: &Path) {
        self.files.insert(path.to_path_buf());
    }

    /// Forgets a temporary file whose name is gone.
    pub(crate) fn end(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// Whether a directory is met for the first time.
    pub(crate) fn is_new(&mut self, dir: &Path) -> bool {
        !self.cleaned.contains(dir) && self.cleaned.insert(dir.to_path_buf())
    }

    /// Notes a directory that was made.
    pub(crate) fn made_dir(&mut self, dir: &Path) {
        self.dirs.push(dir.to_path_buf());
    }

    /// Notes a file that was put in place, and where the one is that was there before.
    pub(crate) fn placed(&mut self, path: &Path, before: Option<PathBuf>) {
        self.placed.push((path.to_path_buf(), before));
    }

    /// Forgets what was put in place: it stays, or was taken back.
    pub(crate) fn settle(&mut self) {
        self.placed.clear();
    }

    /// Removes everything, latest first. What cannot be removed is found by the next run.
    fn remove(&mut self) {
        for (path, before) in std::mem::take(&mut self.placed).into_iter().rev() {
            let _ = match before {
                Some(before) => fs::rename(before, path),
                None => fs::remove_file(path),
            };
        }
        for path in std::mem::take(&mut self.files) {
            let _ = fs::remove_file(path);
        }
        for dir in std::mem::take(&mut self.dirs).into_iter().rev() {
            // One that is no longer empty is in use by others, or has the finished outputs.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// The traces; while they are held, no signal ends the process.
pub(crate) fn hold() -> MutexGuard<'static, Traces> {
    lock(&TRACES)
}

/// Removes every trace of outputs that are not complete, for a process that ends at once; waits for
/// a commit that is under way. No output can be begun afterwards.
pub fn abandon() {
    let mut traces = hold();
    traces.remove();
    // The other threads wait until the process is gone.
    std::mem::forget(traces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_goes_and_what_was_replaced_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let put = |name: &str| fs::File::create(at(name)).map(drop).unwrap();
        fs::create_dir(at("made")).unwrap();
        ["begun", "new", "replaced", "other"].into_iter().for_each(put);
        fs::rename(at("replaced"), at("before")).unwrap();
        put("replaced");
        let old = fs::metadata(at("before")).unwrap().modified().unwrap();
        let mut traces = Traces::new();
        assert!(traces.is_new(dir.path()) && !traces.is_new(dir.path()));
        traces.begin(&at("begun"));
        traces.begin(&at("gone"));
        traces.made_dir(dir.path());
        traces.made_dir(&at("made"));
        traces.placed(&at("new"), None);
        traces.placed(&at("replaced"), Some(at("before")));
        traces.remove();
        let mut names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["other", "replaced"]);
        assert_eq!(fs::metadata(at("replaced")).unwrap().modified().unwrap(), old);
    }
}
