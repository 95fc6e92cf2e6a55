//! A regular file, read in place; open only while it is read.
//!
//! A run may have more inputs than a process may have open files. So a file is opened when bytes
//! are asked for, and of many the ones opened first are closed again. What is opened again has to
//! be the same file.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use transpose_sync::lock;

use crate::error::{IoError, IoErrorKind, Operation, Subject};

/// How many regular files are open at a time, beside those that are read this very moment.
const MOST_OPEN: usize = 32;

/// The files that are open, in the order they were opened.
static OPEN: Mutex<VecDeque<Weak<Slot>>> = Mutex::new(VecDeque::new());

/// An open file, unless it was closed for others.
type Slot = Mutex<Option<Arc<OpenFile>>>;

#[cfg(unix)]
type OpenFile = File;
#[cfg(not(unix))]
type OpenFile = Mutex<File>;

/// A regular file that is read in place.
pub(super) struct PlainFile {
    path: PathBuf,
    identity: Identity,
    slot: Arc<Slot>,
    pub(super) size: u64,
}

impl PlainFile {
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        let (path, size) = (path.to_path_buf(), metadata.len());
        Self { path, identity: Identity::of(metadata), slot: Arc::default(), size }
    }

    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoErrorKind> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let reaches_end = buf.len() >= rest;
        let wanted = buf.len().min(rest);
        let mut buf = buf.get_mut(..wanted).unwrap_or_default();
        if buf.is_empty() {
            return Ok(0);
        }
        let file = self.file()?;
        let mut at = offset;
        while !buf.is_empty() {
            match read_once(&file, at, buf) {
                Ok(0) => return Err(self.changed(&file, at)),
                Ok(read) => {
                    at += read as u64;
                    buf = buf.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        // A file that grew is still being written: its last line is not what it will be.
        if reaches_end && read_once(&file, self.size, &mut [0])? > 0 {
            return Err(self.changed(&file, self.size + 1));
        }
        Ok(wanted)
    }

    /// The open file.
    fn file(&self) -> Result<Arc<OpenFile>, IoErrorKind> {
        let mut slot = lock(&self.slot);
        if let Some(file) = &*slot {
            return Ok(Arc::clone(file));
        }
        let file = self.identity.open(&self.path)?;
        #[cfg(not(unix))]
        let file = Mutex::new(file);
        let file = Arc::new(file);
        *slot = Some(Arc::clone(&file));
        drop(slot);
        let mut open = lock(&OPEN);
        open.retain(|slot| slot.strong_count() > 0);
        open.push_back(Arc::downgrade(&self.slot));
        let oldest = if open.len() > MOST_OPEN { open.pop_front() } else { None };
        drop(open);
        if let Some(oldest) = oldest.and_then(|slot| slot.upgrade()) {
            lock(&oldest).take();
        }
        Ok(file)
    }

    fn changed(&self, file: &OpenFile, at_least: u64) -> IoErrorKind {
        IoErrorKind::Changed { expected: self.size, found: size_now(file).unwrap_or(at_least) }
    }
}

#[cfg(unix)]
fn read_once(file: &OpenFile, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(unix)]
fn size_now(file: &OpenFile) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}

#[cfg(not(unix))]
fn read_once(file: &OpenFile, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut file = lock(file);
    file.seek(SeekFrom::Start(offset))?;
    file.read(buf)
}

#[cfg(not(unix))]
fn size_now(file: &OpenFile) -> io::Result<u64> {
    Ok(lock(file).metadata()?.len())
}

/// A regular file that is read once, in order: opened for the first byte, closed after the last.
pub(super) struct FileStream {
    subject: Subject,
    path: PathBuf,
    identity: Identity,
    at: u64,
    file: Option<File>,
    ended: bool,
}

impl FileStream {
    /// The bytes of a file from an offset on.
    pub(super) fn new(subject: Subject, path: &Path, metadata: &Metadata, at: u64) -> Self {
        let identity = Identity::of(metadata);
        Self { subject, path: path.to_path_buf(), identity, at, file: None, ended: false }
    }
}

impl Read for FileStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended || buf.is_empty() {
            return Ok(0);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let failed = |kind| IoError::new(Operation::Read, &self.subject, kind);
                let mut file = self.identity.open(&self.path).map_err(failed)?;
                file.seek(SeekFrom::Start(self.at))?;
                none.insert(file)
            }
        };
        let read = file.read(buf)?;
        if read == 0 {
            (self.ended, self.file) = (true, None);
        }
        Ok(read)
    }
}

/// What distinguishes a file from one that has taken its name.
struct Identity {
    size: u64,
    #[cfg(unix)]
    node: (u64, u64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let node = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.dev(), metadata.ino())
        };
        Self {
            size: metadata.len(),
            #[cfg(unix)]
            node,
        }
    }

    /// Opens the file once more.
    fn open(&self, path: &Path) -> Result<File, IoErrorKind> {
        let file = File::open(path)?;
        let now = Self::of(&file.metadata()?);
        #[cfg(unix)]
        if now.node != self.node {
            return Err(IoErrorKind::Replaced);
        }
        if now.size != self.size {
            return Err(IoErrorKind::Changed { expected: self.size, found: now.size });
        }
        Ok(file)
    }
}
