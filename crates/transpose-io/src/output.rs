//! Outputs that appear together and complete, or not at all.
//!
//! Every output is written to a temporary file in the directory it belongs to. The commit renames
//! all of them, and takes the finished renames back when one of them fails. What is not a regular
//! file (standard output, a named pipe, `/dev/null`) cannot be renamed over: its data waits in a
//! temporary file and is copied at the very end.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::Compression;
use crate::error::{Doing, IoError, IoErrorKind, Subject};
use crate::hash::hex;
use crate::pack::{Packer, Pool};
use crate::temporary::{self, Backup};

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
    made: Vec<PathBuf>,
    /// Compresses for all outputs of the set.
    pool: Arc<Pool>,
}

/// Names one output of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputId(usize);

/// One output as it stands after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
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
pub struct Finished {
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
    finished: Arc<OnceLock<Finished>>,
    /// Whether it takes the place of an existing file, whatever the set says.
    replaces: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// The final name is not known yet.
    Unnamed,
    File(PathBuf),
    /// Something that is written to and not replaced.
    Stream(PathBuf),
    /// Nothing any more.
    Discarded,
}

impl OutputSet {
    /// An empty set; `overwrite` allows outputs to replace existing files.
    pub fn new(overwrite: bool) -> Self {
        Self {
            overwrite,
            spool: std::env::temp_dir(),
            entries: Vec::new(),
            claimed: HashMap::new(),
            made: Vec::new(),
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
            made: Vec::new(),
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
                return Err(IoError::new(Doing::Create, &Subject::of(&path), IoErrorKind::Duplicate));
            }
        }
        self.entries.append(&mut other.entries);
        self.made.append(&mut other.made);
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
    pub fn commit(mut self) -> Result<Vec<Written>, IoError> {
        for entry in &self.entries {
            self.check(entry)?;
        }
        let mut written = Vec::with_capacity(self.entries.len());
        let mut streams = Vec::new();
        let mut placed = Vec::new();
        let mut outcome = Ok(());
        for entry in std::mem::take(&mut self.entries) {
            let Entry { temp, target, finished, replaces } = entry;
            let path = match target {
                Target::File(path) => {
                    match place(temp, &path, self.overwrite || replaces) {
                        Ok(done) => placed.push(done),
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
            if let Some(Finished { bytes, uncompressed, sha256, .. }) = finished.get().cloned() {
                written.push(Written { path, bytes, uncompressed, sha256 });
            }
        }
        // Streams cannot be taken back, so they come when nothing else can fail any more.
        for (temp, path) in streams {
            outcome = outcome.and_then(|()| copy_out(&temp, &path));
        }
        match outcome {
            Ok(()) => {
                self.made.clear();
                sync_directories(&placed);
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
            .map_err(|error| IoError::new(Doing::Create, subject, error).and_note(&in_dir(dir)))?
            .into_parts();
        let id = OutputId(self.entries.len());
        let finished = Arc::new(OnceLock::new());
        self.entries.push(Entry { temp, target, finished: Arc::clone(&finished), replaces: false });
        let pool = (compression == Compression::Gzip).then(|| Arc::clone(&self.pool));
        Ok(OutputFile::over(file, subject.clone(), pool, id, finished).spooled(in_dir(dir)))
    }

    /// Finds out what a path stands for, whether this set may write it, and reserves it for one
    /// output.
    fn claim(&mut self, id: OutputId, path: &Path) -> Result<Target, IoError> {
        let target = classify(path)?;
        if matches!(target, Target::File(_)) {
            self.refuse_existing(path)?;
            self.ensure_dir(&parent(path))?;
            // The directory is there now, so two spellings of it give the same key.
            if *self.claimed.entry(key(path)).or_insert(id) != id {
                return Err(IoError::new(Doing::Create, &Subject::of(path), IoErrorKind::Duplicate));
            }
        }
        Ok(target)
    }

    fn refuse_existing(&self, path: &Path) -> Result<(), IoError> {
        if !self.overwrite && fs::symlink_metadata(path).is_ok() {
            return Err(IoError::new(Doing::Create, &Subject::of(path), IoErrorKind::Exists));
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
                return Err(IoError::new(Doing::Place, &Subject::of(path), IoErrorKind::Exists));
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
                Ok(()) => self.made.push(dir.to_path_buf()),
                // Another process was quicker, so it is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
                Err(error) => return Err(IoError::new(Doing::Create, &Subject::of(dir), error)),
            }
        }
        Ok(())
    }
}

impl Drop for OutputSet {
    fn drop(&mut self) {
        self.entries.clear();
        for dir in self.made.drain(..).rev() {
            // A directory that is no longer empty is in use by others and stays.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// One output being written; the set it belongs to decides whether it ever appears.
pub struct OutputFile {
    id: OutputId,
    subject: Subject,
    note: String,
    body: Body,
    uncompressed: u64,
    /// Whether a write failed before: what follows would leave a gap.
    failed: Option<IoError>,
    finished: Arc<OnceLock<Finished>>,
}

enum Body {
    Plain(BufWriter<Disk>),
    Gzip(Box<Packer<BufWriter<Disk>>>),
}

/// Counts and hashes what goes to the file.
struct Disk {
    file: File,
    bytes: u64,
    hash: Option<Sha256>,
    ahead: Option<Ahead>,
}

/// Brings what was written to the device while more is being written, so that little is left to
/// wait for at the end.
struct Ahead {
    more: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

/// After how many bytes the next part is brought to the device.
const STEP: u64 = 16 << 20;

impl Ahead {
    fn begin(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (more, asked) = sync_channel(1);
        let work = move || asked.iter().try_for_each(|()| sync(&file));
        Ok(Self { more, thread: std::thread::Builder::new().spawn(work)? })
    }

    /// Ends the thread. The system reports a failure of the device once only, so it must not be
    /// lost here.
    fn end(self) -> io::Result<()> {
        drop(self.more);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes ahead stopped")))
    }
}

const BUFFER: usize = 128 << 10;

impl OutputFile {
    fn over(
        file: File,
        subject: Subject,
        pool: Option<Arc<Pool>>,
        id: OutputId,
        finished: Arc<OnceLock<Finished>>,
    ) -> Self {
        let disk = BufWriter::with_capacity(BUFFER, Disk { file, bytes: 0, hash: None, ahead: None });
        let body = match pool {
            None => Body::Plain(disk),
            Some(pool) => Body::Gzip(Box::new(Packer::new(disk, pool))),
        };
        Self { id, subject, note: String::new(), body, uncompressed: 0, failed: None, finished }
    }

    fn spooled(mut self, note: String) -> Self {
        self.note = note;
        self
    }

    /// Asks for the SHA-256 of the bytes on disk; it must be chosen before the first byte is
    /// written.
    #[must_use]
    pub fn with_hash(mut self, hash: bool) -> Self {
        let disk = match &mut self.body {
            Body::Plain(disk) => disk.get_mut(),
            Body::Gzip(packer) => packer.get_mut().get_mut(),
        };
        // A hash that missed the first bytes would be wrong, so there is none.
        disk.hash = (hash && self.uncompressed == 0).then(Sha256::new);
        self
    }

    /// Names this output in its set.
    pub fn id(&self) -> OutputId {
        self.id
    }

    /// The number of bytes written so far, before compression.
    pub fn uncompressed(&self) -> u64 {
        self.uncompressed
    }

    /// Writes a whole block of bytes, with an error that names the file.
    pub fn append(&mut self, block: &[u8]) -> Result<(), IoError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let outcome = match &mut self.body {
            Body::Plain(disk) => disk.write_all(block),
            Body::Gzip(packer) => packer.append(block),
        };
        match outcome {
            Ok(()) => {
                self.uncompressed += block.len() as u64;
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Writes what is still pending, ends the compression and brings everything to the device.
    pub fn finish(mut self) -> Result<Finished, IoError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Self { id, subject, note, body, uncompressed, finished, .. } = self;
        let failed = |error| IoError::from_io(Doing::Write, &subject, error).and_note(&note);
        let disk = match body {
            Body::Plain(disk) => disk,
            Body::Gzip(packer) => packer.finish().map_err(failed)?,
        };
        let Disk { file, bytes, hash, ahead } =
            disk.into_inner().map_err(|error| failed(error.into_error()))?;
        ahead.map_or(Ok(()), Ahead::end).and_then(|()| sync(&file)).map_err(failed)?;
        let done = Finished { id, bytes, uncompressed, sha256: hash.map(hex) };
        // Set once only: finishing takes the file itself.
        let _ = finished.set(done.clone());
        Ok(done)
    }

    fn fail(&mut self, error: io::Error) -> IoError {
        let error = IoError::from_io(Doing::Write, &self.subject, error).and_note(&self.note);
        self.failed = Some(error.clone());
        error
    }
}

impl Write for OutputFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.append(buf)?;
        Ok(buf.len())
    }

    /// Brings pending bytes nearer to the file; compressed data stays pending, because a flush
    /// would change its members.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        let outcome = match &mut self.body {
            Body::Plain(disk) => disk.flush(),
            Body::Gzip(_) => Ok(()),
        };
        outcome.map_err(|error| self.fail(error).into())
    }
}

impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputFile")
            .field("id", &self.id)
            .field("subject", &self.subject)
            .field("uncompressed", &self.uncompressed)
            .finish_non_exhaustive()
    }
}

impl Write for Disk {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buf)?;
        let before = self.bytes;
        self.bytes += written as u64;
        if before / STEP != self.bytes / STEP {
            if self.ahead.is_none() {
                // Without it everything is brought there at the end.
                self.ahead = Ahead::begin(&self.file).ok();
            }
            if let Some(ahead) = &self.ahead {
                // When the last part is still under way, the next one is larger.
                let _ = ahead.more.try_send(());
            }
        }
        if let Some(hash) = &mut self.hash {
            hash.update(buf.get(..written).unwrap_or_default());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An output that has its final name, and what is needed to undo that.
struct Placed {
    path: PathBuf,
    backup: Option<Backup>,
}

/// Renames a finished temporary file to its final name.
fn place(temp: TempPath, path: &Path, overwrite: bool) -> Result<Placed, IoError> {
    let failed = |error| IoError::new(Doing::Place, &Subject::of(path), error);
    if !overwrite {
        persist_new(temp, path).map_err(failed)?;
        return Ok(Placed { path: path.to_path_buf(), backup: None });
    }
    let backup = match fs::symlink_metadata(path) {
        Ok(metadata) => {
            if metadata.is_file() {
                // The new content keeps the rights the old one had; where that is refused, a new
                // file's rights do.
                let _ = fs::set_permissions(&temp, metadata.permissions());
            }
            temporary::back_up(path, &parent(path)).map_err(failed)?
        }
        Err(_) => None,
    };
    match temp.persist(path) {
        Ok(()) => Ok(Placed { path: path.to_path_buf(), backup }),
        Err(error) => {
            let error = failed(error.error);
            match backup {
                Some(backup) if backup.moved => Err(restore(backup, path, error)),
                _ => Err(error),
            }
        }
    }
}

/// Renames without ever replacing a file, whoever creates one meanwhile.
fn persist_new(temp: TempPath, path: &Path) -> io::Result<()> {
    match temp.persist_noclobber(path) {
        Ok(()) => Ok(()),
        // Neither a rename that refuses to replace nor a hard link is known here: claim the name,
        // then take it over.
        Err(error)
            if matches!(error.error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) =>
        {
            drop(File::create_new(path)?);
            error.path.persist(path).map_err(|error| {
                let _ = fs::remove_file(path);
                error.error
            })
        }
        Err(error) => Err(error.error),
    }
}

/// Undoes finished renames, latest first, and adds to the error what could not be undone.
fn take_back(placed: Vec<Placed>, mut error: IoError) -> IoError {
    for Placed { path, backup } in placed.into_iter().rev() {
        match backup {
            Some(backup) => error = restore(backup, &path, error),
            None => {
                if fs::remove_file(&path).is_err() {
                    error = error.and_note(&format!("`{}` could not be taken back", path.display()));
                }
            }
        }
    }
    error
}

fn restore(backup: Backup, path: &Path, error: IoError) -> IoError {
    match backup.restore(path) {
        Ok(()) => error,
        Err(kept) => {
            error.and_note(&format!("the previous `{}` is kept as `{}`", path.display(), kept.display()))
        }
    }
}

/// Makes the new names last; a system that cannot sync a directory is no reason to fail.
fn sync_directories(placed: &[Placed]) {
    #[cfg(unix)]
    {
        let mut dirs: Vec<PathBuf> = placed.iter().map(|placed| parent(&placed.path)).collect();
        dirs.sort_unstable();
        dirs.dedup();
        for dir in dirs {
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
    }
    #[cfg(not(unix))]
    let _ = placed;
}

/// Brings a file to the device; what is no regular file has no device to go to.
fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if file.metadata().is_ok_and(|metadata| !metadata.is_file()) => {
            drop(error);
            Ok(())
        }
        outcome => outcome,
    }
}

/// Copies spooled data to standard output or to what stands under a path.
fn copy_out(temp: &Path, path: &Path) -> Result<(), IoError> {
    let subject = subject_of(&Target::Stream(path.to_path_buf()), path);
    let mut from = File::open(temp).map_err(|error| IoError::new(Doing::Read, &Subject::of(temp), error))?;
    let failed = |error| IoError::new(Doing::Write, &subject, error);
    let mut to = if is_standard_output(path) {
        standard_output().map_err(failed)?
    } else {
        OpenOptions::new().write(true).open(path).map(stream).map_err(failed)?
    };
    io::copy(&mut from, &mut to).and_then(|_| to.flush()).map_err(failed)
}

/// Standard output without the line buffer of the standard library.
#[cfg(unix)]
fn standard_output() -> io::Result<Stream> {
    use std::os::fd::AsFd as _;
    let mut stdout = io::stdout();
    stdout.flush()?;
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

#[cfg(unix)]
type Stream = File;

#[cfg(unix)]
fn stream(file: File) -> Stream {
    file
}

#[cfg(not(unix))]
type Stream = Box<dyn Write>;

#[cfg(not(unix))]
fn stream(file: File) -> Stream {
    Box::new(file)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
fn standard_output() -> io::Result<Stream> {
    Ok(Box::new(io::stdout()))
}

fn is_standard_output(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Finds out what a path stands for.
fn classify(path: &Path) -> Result<Target, IoError> {
    if is_standard_output(path) {
        return Ok(Target::Stream(path.to_path_buf()));
    }
    // A symbolic link to a directory or a device stands for what it points to; one to a file is
    // itself replaced.
    let metadata = fs::metadata(path);
    let ends_like_directory = path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| byte == b'/');
    if path.file_name().is_none() || ends_like_directory || metadata.as_ref().is_ok_and(fs::Metadata::is_dir)
    {
        return Err(IoError::new(Doing::Create, &Subject::of(path), IoErrorKind::IsDirectory));
    }
    match metadata {
        Ok(metadata) if !metadata.is_file() => Ok(Target::Stream(path.to_path_buf())),
        _ => Ok(Target::File(path.to_path_buf())),
    }
}

fn subject_of(target: &Target, path: &Path) -> Subject {
    match target {
        Target::Stream(path) if is_standard_output(path) => Subject::named("standard output"),
        _ => Subject::of(path),
    }
}

fn internal(path: &Path, what: &'static str) -> IoError {
    IoError::new(Doing::Place, &Subject::of(path), IoErrorKind::Internal(what))
}

fn in_dir(dir: &Path) -> String {
    format!("temporary file in `{}`", dir.display())
}

/// The directory a file lies in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The same value for two spellings of one path.
fn key(path: &Path) -> PathBuf {
    let dir = parent(path);
    let dir = fs::canonicalize(&dir).unwrap_or(dir);
    dir.join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{Input, Limits, sha256_file};

    fn put(path: &Path, bytes: &[u8]) {
        File::create(path).unwrap().write_all(bytes).unwrap();
    }

    /// All names below a directory.
    fn names(dir: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                names.extend(self::names(&entry.path()).iter().map(|inner| format!("{name}/{inner}")));
                names.push(format!("{name}/"));
            } else {
                names.push(name);
            }
        }
        names.sort();
        names
    }

    fn write(set: &mut OutputSet, path: &Path, bytes: &[u8]) {
        let mut file = set.create(path, Compression::None).unwrap();
        file.append(bytes).unwrap();
        file.finish().unwrap();
    }

    fn kind<T: fmt::Debug>(result: Result<T, IoError>) -> String {
        format!("{:?}", result.unwrap_err().kind())
    }

    #[test]
    fn outputs_appear_together_at_the_commit() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.tsv"), dir.path().join("new/deep/b.tsv"));
        let mut set = OutputSet::new(false);
        let mut first = set.create(&a, Compression::None).unwrap().with_hash(true);
        write(&mut set, &b, b"");
        for line in [&b"one\n"[..], b"", b"two\n"] {
            first.append(line).unwrap();
        }
        let done = first.finish().unwrap();
        assert_eq!((done.bytes, done.uncompressed), (8, 8));
        assert!(!a.exists() && !b.exists());
        let written = set.commit().unwrap();
        assert_eq!(written[0].path, a);
        assert_eq!(written[0].sha256, Some(sha256_file(&a).unwrap()));
        assert_eq!(written[1], Written { path: b, bytes: 0, uncompressed: 0, sha256: None });
        assert_eq!(fs::read(&a).unwrap(), b"one\ntwo\n");
        assert_eq!(names(dir.path()), ["a.tsv", "new/", "new/deep/", "new/deep/b.tsv"]);
        assert!(OutputSet::new(false).commit().unwrap().is_empty());
    }

    #[test]
    fn dropping_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(false);
        write(&mut set, &dir.path().join("a.tsv"), b"a");
        let open = set.create(&dir.path().join("x/y/b.tsv.gz"), Compression::Gzip).unwrap();
        set.create_in(&dir.path().join("x/z"), Compression::None).unwrap();
        drop(set);
        drop(open);
        assert_eq!(names(dir.path()), [""; 0]);
        // A directory others use meanwhile stays.
        let mut set = OutputSet::new(false);
        write(&mut set, &dir.path().join("x/y/b.tsv"), b"b");
        put(&dir.path().join("x/theirs"), b"");
        drop(set);
        assert_eq!(names(dir.path()), ["x/", "x/theirs"]);
    }

    #[test]
    fn never_replaces_a_file_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.tsv"), dir.path().join("b.tsv"));
        put(&a, b"old");
        assert_eq!(kind(OutputSet::new(false).create(&a, Compression::None)), "Exists");
        let mut set = OutputSet::new(false);
        write(&mut set, &dir.path().join("c.tsv"), b"c");
        write(&mut set, &b, b"new");
        put(&b, b"theirs");
        assert_eq!(kind(set.commit()), "Exists");
        assert_eq!(fs::read(&b).unwrap(), b"theirs");
        assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
        // The same when the file comes between the check and the rename.
        let temp = temporary::create(dir.path()).unwrap().into_temp_path();
        assert!(matches!(place(temp, &b, false).map(|_| ()).unwrap_err().kind(), IoErrorKind::Exists));
        assert_eq!(fs::read(&b).unwrap(), b"theirs");
        assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
    }

    #[test]
    fn replaces_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let a = dir.path().join("a.tsv");
        put(&a, b"old content");
        let mut set = OutputSet::new(true);
        write(&mut set, &a, b"new");
        write(&mut set, &dir.path().join("b.tsv"), b"b");
        assert_eq!(fs::read(&a).unwrap(), b"old content");
        set.commit().unwrap();
        assert_eq!(fs::read(&a).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a.tsv", "b.tsv"]);
    }

    #[cfg(unix)]
    #[test]
    fn keeps_rights_and_does_not_follow_links() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (plain, private) = (dir.path().join("plain"), dir.path().join("private"));
        put(&plain, b"");
        put(&private, b"");
        fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
        let (new, link) = (dir.path().join("new"), dir.path().join("link"));
        symlink(&plain, &link).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join("dangling")).unwrap();
        let dangling = dir.path().join("dangling");
        assert_eq!(kind(OutputSet::new(false).create(&dangling, Compression::None)), "Exists");
        let mut set = OutputSet::new(true);
        for path in [&private, &new, &link, &dangling] {
            write(&mut set, path, b"x");
        }
        set.commit().unwrap();
        assert_eq!(mode(&private), 0o600);
        assert_eq!(mode(&new), mode(&plain));
        assert_eq!(fs::read(&plain).unwrap(), b"");
        assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(!dir.path().join("nowhere").exists());
    }

    #[test]
    fn takes_finished_renames_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        put(&path("old"), b"old");
        let mut set = OutputSet::new(true);
        write(&mut set, &path("old"), b"new");
        write(&mut set, &path("sub/first"), b"new");
        write(&mut set, &path("second"), b"new");
        write(&mut set, &path("third"), b"new");
        // The third rename fails: its temporary file is gone.
        fs::remove_file(&set.entries[2].temp).unwrap();
        let error = set.commit().unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::NotFound), "{error}");
        assert_eq!(error.path(), Some(path("second").as_path()));
        assert_eq!(fs::read(path("old")).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["old"]);
    }

    #[test]
    fn the_name_may_come_last() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(false);
        let mut ids = Vec::new();
        for part in 0..3 {
            let mut file = set.create_in(dir.path(), Compression::None).unwrap();
            file.append(format!("{part}").as_bytes()).unwrap();
            ids.push(file.finish().unwrap().id);
        }
        for (part, id) in ids.iter().enumerate() {
            set.set_path(*id, &dir.path().join(format!("{}of3.tsv", part + 1))).unwrap();
        }
        // Naming an output again is no clash with itself, taking another's name is one.
        set.set_path(ids[0], &dir.path().join("1of3.tsv")).unwrap();
        assert_eq!(kind(set.set_path(ids[0], &dir.path().join("./2of3.tsv"))), "Duplicate");
        let written = set.commit().unwrap();
        assert_eq!(written.len(), 3);
        assert_eq!(names(dir.path()), ["1of3.tsv", "2of3.tsv", "3of3.tsv"]);
        assert_eq!(fs::read(&written[2].path).unwrap(), b"2");
    }

    #[test]
    fn refuses_wrong_use_and_wrong_paths() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(false);
        let unnamed = set.create_in(dir.path(), Compression::None).unwrap();
        unnamed.finish().unwrap();
        assert!(kind(set.commit()).starts_with("Internal"));
        let mut set = OutputSet::new(false);
        let unfinished = set.create(&dir.path().join("a"), Compression::None).unwrap();
        assert!(kind(set.set_path(OutputId(7), &dir.path().join("b"))).starts_with("Internal"));
        assert_eq!(kind(set.create(&dir.path().join("./a"), Compression::None)), "Duplicate");
        assert!(kind(set.commit()).starts_with("Internal"));
        drop(unfinished);
        let mut set = OutputSet::new(true);
        for path in [dir.path().to_path_buf(), dir.path().join("a/"), PathBuf::from("/"), PathBuf::from("..")]
        {
            assert_eq!(kind(set.create(&path, Compression::None)), "IsDirectory", "{}", path.display());
        }
        put(&dir.path().join("file"), b"");
        assert!(set.create(&dir.path().join("file/a"), Compression::None).is_err());
        assert!(set.create(Path::new(""), Compression::None).is_err());
        drop(set);
        assert_eq!(names(dir.path()), ["file"]);
    }

    #[test]
    fn packs_the_same_bytes_every_time_for_any_reader() {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..60_000).flat_map(|n| format!("SU02\t{n}\tGB\n").into_bytes()).collect();
        let mut set = OutputSet::new(false);
        for (name, step) in [("a.gz", 7_001), ("b.gz", 1 << 20)] {
            let mut file = set.create(&dir.path().join(name), Compression::Gzip).unwrap().with_hash(true);
            for block in text.chunks(step) {
                file.append(block).unwrap();
                file.flush().unwrap();
            }
            file.finish().unwrap();
        }
        let written = set.commit().unwrap();
        assert_eq!(written[0].sha256, written[1].sha256);
        assert_eq!(written[0].uncompressed, text.len() as u64);
        let path = &written[0].path;
        let packed = fs::read(path).unwrap();
        assert_eq!(packed.len() as u64, written[0].bytes);
        assert!(packed.len() < text.len() / 3);
        // No flags and no time.
        assert_eq!(&packed[..8], b"\x1f\x8b\x08\0\0\0\0\0");

        let script = "import sys,gzip; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
        let python = Command::new("python3").args(["-c", script]).arg(path).output().unwrap();
        assert!(python.stdout == text);
        if let Ok(gzip) = Command::new("gzip").arg("-dc").arg(path).output() {
            assert!(gzip.stdout == text);
        }
        let own = Input::open(path, &Limits::default()).unwrap().head(text.len() + 1).unwrap();
        assert!(own == text);
    }

    #[test]
    fn an_empty_packed_output_is_a_whole_member() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty.gz");
        let mut set = OutputSet::new(false);
        set.create(&path, Compression::Gzip).unwrap().finish().unwrap();
        set.commit().unwrap();
        assert_eq!(Input::open(&path, &Limits::default()).unwrap().head(1).unwrap(), b"");
    }

    #[test]
    fn a_late_wish_for_a_hash_gives_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(false);
        let mut file = set.create(&dir.path().join("a"), Compression::None).unwrap();
        file.append(b"abc").unwrap();
        assert_eq!(file.with_hash(true).finish().unwrap().sha256, None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn tells_a_full_disk_and_never_forgets_it() {
        let random: Vec<u8> =
            (0..1u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for threads in [None, Some(1), Some(2), Some(4)] {
            let full = || {
                let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
                let subject = Subject::of(Path::new("out.tsv"));
                let pool = threads.map(|threads| Arc::new(Pool::new(threads)));
                OutputFile::over(file, subject, pool, OutputId(0), Arc::default())
            };
            // The few bytes of a small output reach the device at the end only.
            let mut file = full();
            file.append(b"abc").unwrap();
            assert_eq!(kind(file.finish()), "DiskFull");
            let mut file = full();
            // What is compressed by other threads fails a few blocks later.
            let error = (0..20).find_map(|_| file.append(&random).err()).unwrap();
            assert!(error.to_string().starts_with("cannot write `out.tsv`: no space left on the device"));
            assert_eq!(file.write(b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert_eq!(file.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert_eq!(kind(file.finish()), "DiskFull");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_written_to_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(true).with_spool(dir.path());
        write(&mut set, Path::new("/dev/null"), b"nothing");
        write(&mut set, &dir.path().join("a"), b"a");
        let written = set.commit().unwrap();
        assert_eq!((written[0].path.as_path(), written[0].bytes), (Path::new("/dev/null"), 7));
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        // A device that fails at the end takes the files of the set with it.
        let mut set = OutputSet::new(false).with_spool(dir.path());
        write(&mut set, Path::new("/dev/full"), b"something");
        write(&mut set, &dir.path().join("b"), b"b");
        let error = set.commit().unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::DiskFull), "{error}");
        assert_eq!(error.path(), Some(Path::new("/dev/full")));
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn writes_to_a_named_pipe() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = {
            let path = path.clone();
            std::thread::spawn(move || fs::read(path).unwrap())
        };
        let mut set = OutputSet::new(false).with_spool(dir.path());
        write(&mut set, &path, b"through the pipe");
        set.commit().unwrap();
        assert_eq!(reader.join().unwrap(), b"through the pipe");
        assert_eq!(names(dir.path()), ["pipe"]);
    }

    /// Does nothing by itself; the next test runs it in a process of its own.
    #[test]
    fn standard_output_of_a_child() {
        let Ok(action) = std::env::var("TRANSPOSE_IO_CHILD") else { return };
        let mut set = OutputSet::new(false);
        write(&mut set, Path::new("-"), b"the report\n");
        if action == "commit" {
            set.commit().unwrap();
        }
    }

    #[test]
    fn standard_output_gets_all_or_nothing() {
        let program = std::env::current_exe().unwrap();
        for (action, count) in [("commit", 1), ("drop", 0)] {
            let output = Command::new(&program)
                .args(["--exact", "output::tests::standard_output_of_a_child", "--nocapture"])
                .env("TRANSPOSE_IO_CHILD", action)
                .output()
                .unwrap();
            assert!(output.status.success());
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(text.matches("the report\n").count(), count, "{text}");
        }
    }

    #[test]
    fn a_finished_output_can_be_read_again_and_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut set = OutputSet::new(false);
        let mut file = set.create_in(dir.path(), Compression::Gzip).unwrap();
        file.append(b"first version").unwrap();
        assert!(set.reopen(file.id()).is_err(), "not finished yet");
        let done = file.finish().unwrap();
        assert_eq!(set.reopen(done.id).unwrap().head(100).unwrap(), b"first version");
        set.discard(done.id);
        write(&mut set, &dir.path().join("second"), b"second version");
        assert_eq!(set.commit().unwrap().len(), 1);
        assert_eq!(names(dir.path()), ["second"]);
    }

    #[test]
    fn names_the_spool_when_it_cannot_be_used() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let error =
            OutputSet::new(false).with_spool(&missing).create(Path::new("-"), Compression::None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot create standard output: no such file or directory (temporary file in `{}`)",
                missing.display()
            )
        );
    }
}
