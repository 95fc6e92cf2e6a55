//! Inputs that many threads read at any offset: plain files directly, streams through a sliding
//! window.
//!
//! Offsets always count decompressed bytes. A plain regular file is read in place, without a lock
//! and without a memory map (a mapped file that shrinks kills the process). Everything else comes
//! in order only, so its bytes are kept in blocks from the lowest offset that may still be asked
//! for up to the highest one read.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@recognise`] | how a file is packed, by its first bytes |
//! | [`plain`] | a regular file that is read in place |
//! | [`stream`] | plain bytes that come in order; packed ones are `gzip::unpack` |
//! | [`replay`] | a copy of what came from a pipe, for a second reading |
//! | [`derived`] | inputs whose bytes a source makes, such as the text of a workbook |

mod derived;
mod plain;
mod recognise;
mod replay;
mod stream;
#[cfg(test)]
mod tests;

pub use derived::Source;

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{IoError, IoErrorKind, Operation, Subject};
use crate::gzip::unpack::{PackedSource, Unpack};
use crate::gzip::{Limits, MAGIC};
use crate::window::copy;
use crate::{Compression, default_threads};
use derived::{DerivedBytes, DerivedInput};
use plain::{FileStream, PlainFile};
use recognise::{first_bytes, recognise};
use replay::PipeCopy;
use stream::Stream;

/// An open input, shared by reference between threads.
pub struct Input {
    name: String,
    subject: Subject,
    compression: Compression,
    limits: Limits,
    body: Body,
    /// What was read of a pipe, where that is kept for a second reading.
    copy: Option<PipeCopy>,
    /// What the bytes are made by, where they are no bytes of a file.
    derived: Option<DerivedInput>,
    /// Bytes taken from the file, and its size where it has one.
    consumed: Arc<AtomicU64>,
    size: Option<u64>,
}

enum Body {
    Plain(PlainFile),
    Memory(Vec<u8>),
    Stream(Stream),
    Gzip(Unpack),
}

impl Input {
    /// Opens a file, or standard input under the name `-`, and finds out from its first bytes
    /// whether it is packed.
    ///
    /// PackedSource data is decompressed by as many threads as the machine offers, begun when the
    /// first byte is asked for.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, IoError> {
        Self::open_with_threads(path, limits, default_threads())
    }

    /// Opens an input as [`Input::open`] does and chooses the largest number of threads that
    /// decompress, at least one.
    ///
    /// The bytes, the failures and their places are the same for any number. More than one helps
    /// only with data of several gzip members, such as those of `bgzip`, of
    /// [`OutputSet`](crate::OutputSet), or of joined files.
    pub fn open_with_threads(path: &Path, limits: &Limits, threads: usize) -> Result<Self, IoError> {
        Self::open_as(path, limits, threads, None)
    }

    /// Opens an input as [`Input::open_with_threads`] does, for a reader that may want it twice:
    /// what comes from a pipe or a device is also written, as it comes, to a file without a name in
    /// the given directory, so that [`Input::again`] can read it.
    pub fn open_replayable(
        path: &Path,
        limits: &Limits,
        threads: usize,
        dir: &Path,
    ) -> Result<Self, IoError> {
        Self::open_as(path, limits, threads, Some(dir))
    }

    fn open_as(path: &Path, limits: &Limits, threads: usize, keep: Option<&Path>) -> Result<Self, IoError> {
        if path == Path::new("-") {
            let subject = Subject::named("standard input");
            let stdin = standard_input().map_err(|error| IoError::new(Operation::Open, &subject, error))?;
            return Self::pipe("-".to_owned(), subject, stdin, limits, threads, keep);
        }
        let subject = Subject::of(path);
        let failed = |error: io::Error| IoError::new(Operation::Open, &subject, error);
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(IoError::new(Operation::Open, &subject, IoErrorKind::IsDirectory));
        }
        let name = subject.name.clone();
        // Some regular files, such as those under /proc, say that they are empty and are not: read
        // them as streams.
        if !metadata.is_file() || metadata.len() == 0 {
            return Self::pipe(name, subject, Box::new(file), limits, threads, keep);
        }
        let size = metadata.len();
        let mark = first_bytes(&mut file).map_err(|error| IoError::new(Operation::Read, &subject, error))?;
        if recognise(&mark).map_err(|kind| IoError::new(Operation::Open, &subject, kind))?
            == Compression::Gzip
        {
            let rest = FileStream::new(subject.clone(), path, &metadata, mark.len() as u64);
            let whole = Box::new(Cursor::new(mark).chain(rest));
            return Self::stream(name, subject, whole, Some(size), limits, threads);
        }
        Ok(Self {
            name,
            subject,
            compression: Compression::None,
            limits: *limits,
            body: Body::Plain(PlainFile::new(path, &metadata)),
            copy: None,
            derived: None,
            consumed: Arc::default(),
            size: Some(size),
        })
    }

    /// An input of bytes in memory, decompressed under the default limits where they are packed.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let name = name.into();
        let subject = Subject::named(&name);
        let size = Some(bytes.len() as u64);
        let consumed = Arc::default();
        let (compression, body) = if bytes.starts_with(&MAGIC) {
            let source = Box::new(Cursor::new(bytes));
            let packed = PackedSource { source, count: Arc::clone(&consumed), size, may_hang: false };
            let unpack = Unpack::new(packed, &subject, Limits::default(), default_threads());
            (Compression::Gzip, Body::Gzip(unpack))
        } else {
            (Compression::None, Body::Memory(bytes))
        };
        Self {
            name,
            subject,
            compression,
            limits: Limits::default(),
            body,
            copy: None,
            derived: None,
            consumed,
            size,
        }
    }

    /// An input whose bytes a source makes from those of another input. It has the other's name,
    /// path, compression and progress.
    ///
    /// The container says what the bytes are made from, such as `xlsx`. Nothing is made before the
    /// first byte is asked for.
    #[must_use]
    pub fn from_source(origin: &Self, container: &str, source: Arc<dyn Source>) -> Self {
        let making = Box::new(DerivedBytes::new(Arc::clone(&source), None));
        Self {
            name: origin.name.clone(),
            subject: origin.subject.clone(),
            compression: origin.compression,
            limits: origin.limits,
            body: Body::Stream(Stream::new(making)),
            copy: None,
            derived: Some(DerivedInput { source, container: container.into() }),
            consumed: Arc::clone(&origin.consumed),
            size: origin.size,
        }
    }

    /// What the bytes are made from, where they are made by a source.
    pub fn container(&self) -> Option<&str> {
        self.derived.as_ref().map(|derived| &*derived.container)
    }

    /// Whether bytes can be read at any offset, in any order, as often as wanted.
    pub fn is_seekable(&self) -> bool {
        matches!(self.body, Body::Plain(_) | Body::Memory(_))
    }

    /// Says which cells of each row, from 0, will be looked at, before any of them is. Where a
    /// source can save work by it, its bytes begin anew, with the same line of headings and nothing
    /// in the other cells; so offsets found before or by another restriction mean nothing any more.
    pub fn restrict(&self, columns: &[u32]) {
        let (Some(derived), Body::Stream(stream)) = (&self.derived, &self.body) else { return };
        if derived.source.narrows() {
            stream.restart(Box::new(DerivedBytes::new(Arc::clone(&derived.source), Some(columns.into()))));
        }
    }

    /// An error of this input whose cause is not one of this crate.
    pub fn refused(&self, cause: Box<dyn std::error::Error + Send + Sync>) -> IoError {
        IoError::new(Operation::Read, &self.subject, IoErrorKind::Refused(cause))
    }

    /// The same bytes once more, from the first on, unpacked by at most as many threads; `None`
    /// where they come from a pipe that is not kept or was not read to its end, or stand packed in
    /// memory.
    pub fn again(&self, threads: usize) -> Result<Option<Self>, IoError> {
        if let Some(derived) = &self.derived {
            let again = derived.source.repeats()?;
            return Ok(
                again.then(|| Self::from_source(self, &derived.container, Arc::clone(&derived.source)))
            );
        }
        if let Some(copy) = &self.copy {
            if self.len().is_none() {
                return Ok(None);
            }
            let (source, size) = copy.replay();
            let (name, subject) = (self.name.clone(), self.subject.clone());
            return Self::stream(name, subject, Box::new(source), Some(size), &self.limits, threads)
                .map(Some);
        }
        match (&self.body, self.path()) {
            (Body::Memory(bytes), _) => Ok(Some(Self::from_bytes(self.name.clone(), bytes.clone()))),
            (Body::Plain(_), Some(path)) => Self::open_with_threads(path, &self.limits, threads).map(Some),
            // A pipe has no size, and a packed file has one.
            (Body::Gzip(_), Some(path)) if self.size.is_some() => {
                Self::open_with_threads(path, &self.limits, threads).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What can be read only once, unless it is kept.
    fn pipe(
        name: String,
        subject: Subject,
        source: Box<dyn Read + Send>,
        limits: &Limits,
        threads: usize,
        keep: Option<&Path>,
    ) -> Result<Self, IoError> {
        let Some(dir) = keep else { return Self::stream(name, subject, source, None, limits, threads) };
        let copy = PipeCopy::create(dir)?;
        let copied = Box::new(copy.copying(source));
        Ok(Self { copy: Some(copy), ..Self::stream(name, subject, copied, None, limits, threads)? })
    }

    fn stream(
        name: String,
        subject: Subject,
        mut source: Box<dyn Read + Send>,
        size: Option<u64>,
        limits: &Limits,
        threads: usize,
    ) -> Result<Self, IoError> {
        let mark =
            first_bytes(&mut source).map_err(|error| IoError::new(Operation::Read, &subject, error))?;
        let compression = recognise(&mark).map_err(|kind| IoError::new(Operation::Open, &subject, kind))?;
        if mark.is_empty() {
            return Ok(Self { name, subject, ..Self::from_bytes(String::new(), Vec::new()) });
        }
        let consumed = Arc::default();
        let whole: Box<dyn Read + Send> = Box::new(Cursor::new(mark).chain(source));
        let body = match compression {
            Compression::None => Body::Stream(Stream::new(whole)),
            Compression::Gzip => {
                let count = Arc::clone(&consumed);
                let packed = PackedSource { source: whole, count, size, may_hang: size.is_none() };
                Body::Gzip(Unpack::new(packed, &subject, *limits, threads))
            }
        };
        Ok(Self {
            name,
            subject,
            compression,
            limits: *limits,
            body,
            copy: None,
            derived: None,
            consumed,
            size,
        })
    }

    /// The name as the user wrote it, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the file, absent for standard input and for bytes in memory.
    pub fn path(&self) -> Option<&Path> {
        self.subject.path.as_deref()
    }

    /// How the bytes of the file are packed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Reads decompressed bytes from an offset on, filling `buf` unless the end is reached.
    ///
    /// Fewer bytes than asked for always mean the end of a whole input: a damaged, cut or changed
    /// one is an error, even where some of the bytes are there.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        let read = match &self.body {
            Body::Plain(plain) => plain.read_at(offset, buf),
            Body::Memory(bytes) => {
                let rest =
                    usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
                Ok(copy(rest, buf))
            }
            Body::Stream(stream) => {
                // What a source makes is counted where it takes it from.
                let count = self.derived.is_none().then_some(&*self.consumed);
                return stream.read_at(offset, buf, &self.subject, count);
            }
            Body::Gzip(unpack) => return unpack.read_at(offset, buf),
        };
        let read = read.map_err(|kind| IoError::new(Operation::Read, &self.subject, kind))?;
        self.consumed.fetch_max(offset.saturating_add(read as u64), Ordering::Relaxed);
        Ok(read)
    }

    /// Promises that no byte below this offset will be read again, so that its memory can go.
    pub fn release(&self, below: u64) {
        match &self.body {
            Body::Plain(_) | Body::Memory(_) => {}
            Body::Stream(stream) => stream.release(below),
            Body::Gzip(unpack) => unpack.release(below),
        }
    }

    /// The decompressed length where it is known: for plain files at once, for streams once their
    /// end was met.
    pub fn len(&self) -> Option<u64> {
        match &self.body {
            Body::Plain(plain) => Some(plain.size),
            Body::Memory(bytes) => Some(bytes.len() as u64),
            Body::Stream(stream) => stream.len(),
            Body::Gzip(unpack) => unpack.len(),
        }
    }

    /// Whether the input is known to hold no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The bytes of the file taken so far, by readers or ahead of them, compressed where it is
    /// packed, and its size where it has one.
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.consumed.load(Ordering::Relaxed), self.size)
    }

    /// The first decompressed bytes, at most `n`, which can still be read afterwards.
    pub fn head(&self, n: usize) -> Result<Vec<u8>, IoError> {
        let n = self.len().map_or(n, |len| usize::try_from(len).map_or(n, |len| n.min(len)));
        let mut head = vec![0; n];
        let read = self.read_at(0, &mut head)?;
        head.truncate(read);
        Ok(head)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("compression", &self.compression)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Standard input without the buffer and the lock of the standard library, which only cost copies
/// here.
#[cfg(unix)]
fn standard_input() -> io::Result<Box<dyn Read + Send>> {
    use std::os::fd::AsFd as _;
    Ok(Box::new(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
fn standard_input() -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(io::stdin()))
}
