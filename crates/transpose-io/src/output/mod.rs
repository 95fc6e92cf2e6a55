//! Outputs that appear together and complete, or not at all.
//!
//! Every output is written to a temporary file in the directory it belongs to. The commit renames
//! all of them, and takes the finished renames back when one of them fails. What is not a regular
//! file (standard output, a named pipe, `/dev/null`) cannot be renamed over: its data waits in a
//! temporary file and is copied at the very end.
//!
//! | module | holds |
//! |---|---|
//! | [`target`] | what a path represents, and copying to what is no regular file |
//! | [`mod@file`] | one output while it is written |
//! | [`mod@place`] | the renames of the commit, and taking them back |

mod file;
mod place;
mod target;
#[cfg(test)]
mod tests;

pub use file::OutputFile;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempPath;

use crate::Compression;
use crate::error::{IoError, IoErrorKind, Operation, Subject};
use crate::gzip::pack::Pool;
use crate::temporary;
use crate::traces;
use place::{place, sync_directories, take_back};
use target::{Target, classify, copy_out, key, parent, subject_of};

/// All outputs of one run; dropping it without a commit removes every trace of them.
#[derive(Debug)]
pub struct OutputSet {
    overwrite: bool,
    /// Where the data of outputs that are no regular files waits for the commit.
    spool: PathBuf,
    entries: Vec<Entry>,
    /// The final paths that are taken, spelled in one way.
    claimed: HashMap<PathBuf, OutputId>,
    /// The directories this set created, outermost first.
    created_dirs: Vec<PathBuf>,
    /// Compresses for all outputs of the set.
    pool: Arc<Pool>,
}

/// Names one output of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputId(usize);

/// One output as it is after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// The final path, `-` for standard output.
    pub path: PathBuf,
    /// The number of bytes on disk.
    pub bytes: u64,
    /// The number of bytes before compression.
    pub uncompressed: u64,
    /// The SHA-256 of the bytes on disk in hexadecimal digits, where it was asked for.
    pub sha256: Option<String>,
}

/// What is known of an output once all its bytes are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedOutput {
    /// The output in its set.
    pub id: OutputId,
    /// The number of bytes on disk.
    pub bytes: u64,
    /// The number of bytes before compression.
    pub uncompressed: u64,
    /// The SHA-256 of the bytes on disk in hexadecimal digits, where it was asked for.
    pub sha256: Option<String>,
}

#[derive(Debug)]
struct Entry {
    temp: TempPath,
    target: Target,
    finished: Arc<OnceLock<FinishedOutput>>,
    /// Whether it takes the place of an existing file, whatever the set says.
    replaces: bool,
}

impl OutputSet {
    /// An empty set; `overwrite` allows outputs to replace existing files.
    pub fn new(overwrite: bool) -> Self {
        Self {
            overwrite,
            spool: std::env::temp_dir(),
            entries: Vec::new(),
            claimed: HashMap::new(),
            created_dirs: Vec::new(),
            pool: Arc::new(Pool::new(crate::default_threads())),
        }
    }

    /// Chooses the largest number of threads that compress, instead of as many as the machine
    /// offers.
    ///
    /// It holds for outputs begun from now on. The bytes are the same for any number.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.pool = Arc::new(Pool::new(threads));
        self
    }

    /// Chooses the directory in which the data for standard output and pipes waits, instead of the
    /// system's own.
    #[must_use]
    pub fn with_spool(mut self, dir: &Path) -> Self {
        self.spool = dir.to_path_buf();
        self
    }

    /// Begins an output whose final path is known; `-` is standard output.
    pub fn create(&mut self, path: &Path, compression: Compression) -> Result<OutputFile, IoError> {
        let target = self.claim(OutputId(self.entries.len()), path)?;
        let subject = subject_of(&target, path);
        let dir = if matches!(target, Target::Stream(_)) { self.spool.clone() } else { parent(path) };
        self.begin(&dir, target, &subject, compression)
    }

    /// Begins an output that takes the place of the file at a path, whether this set may replace
    /// files or not.
    pub fn replace(&mut self, path: &Path) -> Result<OutputFile, IoError> {
        let overwrite = std::mem::replace(&mut self.overwrite, true);
        let begun = self.create(path, Compression::None);
        self.overwrite = overwrite;
        if let Some(entry) = self.entries.last_mut().filter(|_| begun.is_ok()) {
            entry.replaces = true;
        }
        begun
    }

    /// The paths that the outputs of this set will have, of those that have one.
    pub fn paths(&self) -> Vec<PathBuf> {
        let path = |entry: &Entry| match &entry.target {
            Target::File(path) | Target::Stream(path) => Some(path.clone()),
            Target::Unnamed | Target::Discarded => None,
        };
        self.entries.iter().filter_map(path).collect()
    }

    /// Begins an output in a directory; its final path must be given with [`OutputSet::set_path`]
    /// before the commit.
    pub fn create_in(&mut self, dir: &Path, compression: Compression) -> Result<OutputFile, IoError> {
        self.ensure_dir(dir)?;
        self.begin(dir, Target::Unnamed, &Subject::of(dir), compression)
    }

    /// Gives an output its final path, which should lie in the directory it was begun in.
    pub fn set_path(&mut self, id: OutputId, path: &Path) -> Result<(), IoError> {
        if self.entries.get(id.0).is_none() {
            return Err(internal(path, "a path was given to an output of another set"));
        }
        let target = self.claim(id, path)?;
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.target = target;
        }
        Ok(())
    }

    /// Reads an output of this set that is finished and not yet in place.
    pub fn reopen(&self, id: OutputId) -> Result<crate::Input, IoError> {
        match self.entries.get(id.0) {
            Some(entry) if entry.finished.get().is_some() => {
                crate::Input::open(&entry.temp, &crate::Limits::default())
            }
            _ => Err(internal(Path::new("output"), "only a finished output can be read again")),
        }
    }

    /// An empty set with the same settings, which compresses with the threads of this one.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            overwrite: self.overwrite,
            spool: self.spool.clone(),
            entries: Vec::new(),
            claimed: HashMap::new(),
            created_dirs: Vec::new(),
            pool: Arc::clone(&self.pool),
        }
    }

    /// Takes the outputs of another set in, after those of this one; all of them must be finished,
    /// and the ids of the other hold no longer.
    pub fn join(&mut self, mut other: Self) -> Result<(), IoError> {
        let before = self.entries.len();
        for (path, OutputId(id)) in std::mem::take(&mut other.claimed) {
            let id = OutputId(before + id);
            if *self.claimed.entry(path.clone()).or_insert(id) != id {
                return Err(IoError::new(Operation::Create, &Subject::of(&path), IoErrorKind::Duplicate));
            }
        }
        self.entries.append(&mut other.entries);
        self.created_dirs.append(&mut other.created_dirs);
        Ok(())
    }

    /// Takes an output out of the set: it will never appear.
    pub fn discard(&mut self, id: OutputId) {
        self.claimed.retain(|_, holder| *holder != id);
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.target = Target::Discarded;
        }
    }

    /// Puts all outputs in place, in the order they were begun, or none of them.
    pub fn commit(mut self) -> Result<Vec<WrittenFile>, IoError> {
        for entry in &self.entries {
            self.check(entry)?;
        }
        let mut traces = traces::hold();
        let mut written = Vec::with_capacity(self.entries.len());
        let mut streams = Vec::new();
        let mut placed = Vec::new();
        let mut outcome = Ok(());
        for entry in std::mem::take(&mut self.entries) {
            let Entry { temp, target, finished, replaces } = entry;
            let path = match target {
                Target::File(path) => {
                    match place(temp, &path, self.overwrite || replaces) {
                        Ok(done) => {
                            done.note(&mut traces);
                            placed.push(done);
                        }
                        Err(error) => {
                            outcome = Err(error);
                            break;
                        }
                    }
                    path
                }
                Target::Stream(path) => {
                    streams.push((temp, path.clone()));
                    path
                }
                Target::Unnamed | Target::Discarded => continue,
            };
            if let Some(FinishedOutput { bytes, uncompressed, sha256, .. }) = finished.get().cloned() {
                written.push(WrittenFile { path, bytes, uncompressed, sha256 });
            }
        }
        // Streams cannot be undone, so they come when nothing else can fail any more. A signal may
        // end them, which takes back what is in place.
        drop(traces);
        for (temp, path) in streams {
            outcome = outcome.and_then(|()| copy_out(&temp, &path));
        }
        let mut traces = traces::hold();
        traces.settle();
        match outcome {
            Ok(()) => {
                self.created_dirs.clear();
                sync_directories(&placed);
                drop(placed);
                drop(traces);
                Ok(written)
            }
            Err(error) => Err(take_back(placed, error)),
        }
    }

    fn begin(
        &mut self,
        dir: &Path,
        target: Target,
        subject: &Subject,
        compression: Compression,
    ) -> Result<OutputFile, IoError> {
        let (file, temp) = temporary::create(dir)
            .map_err(|error| IoError::new(Operation::Create, subject, error).and_note(&in_dir(dir)))?
            .into_parts();
        let id = OutputId(self.entries.len());
        let finished = Arc::new(OnceLock::new());
        self.entries.push(Entry { temp, target, finished: Arc::clone(&finished), replaces: false });
        let pool = (compression == Compression::Gzip).then(|| Arc::clone(&self.pool));
        Ok(OutputFile::over(file, subject.clone(), pool, id, finished).spooled(in_dir(dir)))
    }

    /// Finds out what a path represents, whether this set may write it, and reserves it for one
    /// output.
    fn claim(&mut self, id: OutputId, path: &Path) -> Result<Target, IoError> {
        let target = classify(path)?;
        if matches!(target, Target::File(_)) {
            self.refuse_existing(path)?;
            self.ensure_dir(&parent(path))?;
            // The directory is there now, so two spellings of it give the same key.
            if *self.claimed.entry(key(path)).or_insert(id) != id {
                return Err(IoError::new(Operation::Create, &Subject::of(path), IoErrorKind::Duplicate));
            }
        }
        Ok(target)
    }

    fn refuse_existing(&self, path: &Path) -> Result<(), IoError> {
        if !self.overwrite && fs::symlink_metadata(path).is_ok() {
            return Err(IoError::new(Operation::Create, &Subject::of(path), IoErrorKind::Exists));
        }
        Ok(())
    }

    fn check(&self, entry: &Entry) -> Result<(), IoError> {
        let path = match &entry.target {
            Target::Unnamed => return Err(internal(&entry.temp, "an output was never given its path")),
            Target::File(path) | Target::Stream(path) => path,
            Target::Discarded => return Ok(()),
        };
        if entry.finished.get().is_none() {
            return Err(internal(path, "it was not finished before the commit"));
        }
        if matches!(entry.target, Target::File(_)) {
            if !matches!(classify(path)?, Target::File(_)) {
                return Err(IoError::new(Operation::Place, &Subject::of(path), IoErrorKind::Exists));
            }
            if !entry.replaces {
                self.refuse_existing(path)?;
            }
        }
        Ok(())
    }

    /// Creates a directory with its parents and remembers those that were missing.
    fn ensure_dir(&mut self, dir: &Path) -> Result<(), IoError> {
        let mut missing = Vec::new();
        for ancestor in dir.ancestors() {
            if ancestor.as_os_str().is_empty() || fs::metadata(ancestor).is_ok() {
                break;
            }
            missing.push(ancestor);
        }
        for dir in missing.into_iter().rev() {
            match fs::create_dir(dir) {
                Ok(()) => {
                    traces::hold().made_dir(dir);
                    self.created_dirs.push(dir.to_path_buf());
                }
                // Another process was quicker, so it is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
                Err(error) => return Err(IoError::new(Operation::Create, &Subject::of(dir), error)),
            }
        }
        Ok(())
    }
}

impl Drop for OutputSet {
    fn drop(&mut self) {
        self.entries.clear();
        for dir in self.created_dirs.drain(..).rev() {
            // A directory that is no longer empty is in use by others and stays.
            let _ = fs::remove_dir(dir);
        }
    }
}

fn internal(path: &Path, what: &'static str) -> IoError {
    IoError::new(Operation::Place, &Subject::of(path), IoErrorKind::Internal(what))
}

fn in_dir(dir: &Path) -> String {
    format!("temporary file in `{}`", dir.display())
}
