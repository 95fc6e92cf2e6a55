//! Inputs that many threads read at any offset: plain files directly, streams through a sliding
//! window.
//!
//! Offsets always count decompressed bytes. A plain regular file is read in place, without a lock
//! and without a memory map (a mapped file that shrinks kills the process). Everything else comes
//! in order only, so its bytes are kept in blocks from the lowest offset that may still be asked
//! for up to the highest one read.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use transpose_sync::lock;

use crate::error::{Doing, IoError, IoErrorKind, Subject};
use crate::gzip::{Limits, MAGIC};
use crate::kept::Kept;
use crate::made::{Made, Making, Source};
use crate::unpack::{Packed, Unpack};
use crate::window::{BLOCK, End, Window, copy};
use crate::{Compression, default_threads};

/// As many first bytes as the longest mark of a compression needs.
const MARK: usize = 10;

/// An open input, shared by reference between threads.
pub struct Input {
    name: String,
    subject: Subject,
    compression: Compression,
    limits: Limits,
    body: Body,
    /// What was read of a pipe, where that is kept for a second reading.
    kept: Option<Kept>,
    /// What the bytes are made by, where they are no bytes of a file.
    made: Option<Made>,
    /// Bytes taken from the file, and its size where it has one.
    consumed: Arc<AtomicU64>,
    size: Option<u64>,
}

enum Body {
    Plain(Plain),
    Memory(Vec<u8>),
    Stream(Stream),
    Gzip(Unpack),
}

impl Input {
    /// Opens a file, or standard input under the name `-`, and finds out from its first bytes
    /// whether it is packed.
    ///
    /// Packed data is decompressed by as many threads as the machine offers, begun when the first
    /// byte is asked for.
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
    pub fn open_kept(path: &Path, limits: &Limits, threads: usize, dir: &Path) -> Result<Self, IoError> {
        Self::open_as(path, limits, threads, Some(dir))
    }

    fn open_as(path: &Path, limits: &Limits, threads: usize, keep: Option<&Path>) -> Result<Self, IoError> {
        if path == Path::new("-") {
            let subject = Subject::named("standard input");
            let stdin = standard_input().map_err(|error| IoError::new(Doing::Open, &subject, error))?;
            return Self::pipe("-".to_owned(), subject, stdin, limits, threads, keep);
        }
        let subject = Subject::of(path);
        let failed = |error: io::Error| IoError::new(Doing::Open, &subject, error);
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(IoError::new(Doing::Open, &subject, IoErrorKind::IsDirectory));
        }
        let name = subject.name.clone();
        // Some regular files, such as those under /proc, say that they are empty and are not: read
        // them as streams.
        if !metadata.is_file() || metadata.len() == 0 {
            return Self::pipe(name, subject, Box::new(file), limits, threads, keep);
        }
        let size = metadata.len();
        let mark = first_bytes(&mut file).map_err(|error| IoError::new(Doing::Read, &subject, error))?;
        if recognise(&mark).map_err(|kind| IoError::new(Doing::Open, &subject, kind))? == Compression::Gzip {
            let whole = Box::new(Cursor::new(mark).chain(file));
            return Self::stream(name, subject, whole, Some(size), limits, threads);
        }
        Ok(Self {
            name,
            subject,
            compression: Compression::None,
            limits: *limits,
            body: Body::Plain(Plain::new(file, size)),
            kept: None,
            made: None,
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
            let packed = Packed { source, count: Arc::clone(&consumed), size, may_hang: false };
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
            kept: None,
            made: None,
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
        let making = Box::new(Making::new(Arc::clone(&source), None));
        Self {
            name: origin.name.clone(),
            subject: origin.subject.clone(),
            compression: origin.compression,
            limits: origin.limits,
            body: Body::Stream(Stream::new(making)),
            kept: None,
            made: Some(Made { source, container: container.into() }),
            consumed: Arc::clone(&origin.consumed),
            size: origin.size,
        }
    }

    /// What the bytes are made from, where they are made by a source.
    pub fn container(&self) -> Option<&str> {
        self.made.as_ref().map(|made| &*made.container)
    }

    /// Whether bytes can be read at any offset, in any order, as often as wanted.
    pub fn is_seekable(&self) -> bool {
        matches!(self.body, Body::Plain(_) | Body::Memory(_))
    }

    /// Says which cells of each row, from 0, will be looked at, before any of them is. Where a
    /// source can save work by it, its bytes begin anew, with the same line of headings and nothing
    /// in the other cells; so offsets found before or by another restriction mean nothing any more.
    pub fn restrict(&self, columns: &[u32]) {
        let (Some(made), Body::Stream(stream)) = (&self.made, &self.body) else { return };
        if made.source.narrows() {
            stream.restart(Box::new(Making::new(Arc::clone(&made.source), Some(columns.into()))));
        }
    }

    /// An error of this input whose cause is not one of this crate.
    pub fn refused(&self, cause: Box<dyn std::error::Error + Send + Sync>) -> IoError {
        IoError::new(Doing::Read, &self.subject, IoErrorKind::Refused(cause))
    }

    /// The same bytes once more, from the first on, unpacked by at most as many threads; `None`
    /// where they come from a pipe that is not kept or was not read to its end, or stand packed in
    /// memory.
    pub fn again(&self, threads: usize) -> Result<Option<Self>, IoError> {
        if let Some(made) = &self.made {
            let again = made.source.repeats()?;
            return Ok(again.then(|| Self::from_source(self, &made.container, Arc::clone(&made.source))));
        }
        if let Some(kept) = &self.kept {
            if self.len().is_none() {
                return Ok(None);
            }
            let (source, size) = kept.again();
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
        let kept = Kept::create(dir)?;
        let copied = Box::new(kept.copying(source));
        Ok(Self { kept: Some(kept), ..Self::stream(name, subject, copied, None, limits, threads)? })
    }

    fn stream(
        name: String,
        subject: Subject,
        mut source: Box<dyn Read + Send>,
        size: Option<u64>,
        limits: &Limits,
        threads: usize,
    ) -> Result<Self, IoError> {
        let mark = first_bytes(&mut source).map_err(|error| IoError::new(Doing::Read, &subject, error))?;
        let compression = recognise(&mark).map_err(|kind| IoError::new(Doing::Open, &subject, kind))?;
        if mark.is_empty() {
            return Ok(Self { name, subject, ..Self::from_bytes(String::new(), Vec::new()) });
        }
        let consumed = Arc::default();
        let whole: Box<dyn Read + Send> = Box::new(Cursor::new(mark).chain(source));
        let body = match compression {
            Compression::None => Body::Stream(Stream::new(whole)),
            Compression::Gzip => {
                let count = Arc::clone(&consumed);
                let packed = Packed { source: whole, count, size, may_hang: size.is_none() };
                Body::Gzip(Unpack::new(packed, &subject, *limits, threads))
            }
        };
        Ok(Self { name, subject, compression, limits: *limits, body, kept: None, made: None, consumed, size })
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
                let count = self.made.is_none().then_some(&*self.consumed);
                return stream.read_at(offset, buf, &self.subject, count);
            }
            Body::Gzip(unpack) => return unpack.read_at(offset, buf),
        };
        let read = read.map_err(|kind| IoError::new(Doing::Read, &self.subject, kind))?;
        self.consumed.fetch_max(offset.saturating_add(read as u64), Ordering::Relaxed);
        Ok(read)
    }

    /// Promises that no byte below this offset will be read again, so that its memory can go.
    pub fn release(&self, below: u64) {
        match &self.body {
            Body::Plain(_) | Body::Memory(_) => {}
            Body::Stream(stream) => lock(&stream.window).release(below),
            Body::Gzip(unpack) => unpack.release(below),
        }
    }

    /// The decompressed length where it is known: for plain files at once, for streams once their
    /// end was met.
    pub fn len(&self) -> Option<u64> {
        match &self.body {
            Body::Plain(plain) => Some(plain.size),
            Body::Memory(bytes) => Some(bytes.len() as u64),
            Body::Stream(stream) => lock(&stream.window).len(),
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

/// Reads as many first bytes as are needed to recognise a compression, or all there are.
fn first_bytes(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut mark = Vec::with_capacity(MARK);
    source.take(MARK as u64).read_to_end(&mut mark)?;
    Ok(mark)
}

/// Tells how a file is packed from its first bytes; a text report cannot begin with any of these
/// marks.
fn recognise(mark: &[u8]) -> Result<Compression, IoErrorKind> {
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
    if mark.starts_with(&MAGIC) {
        Ok(Compression::Gzip)
    } else if mark.starts_with(ZSTD) {
        Err(IoErrorKind::UnsupportedCompression("zstd"))
    } else if mark.starts_with(XZ) {
        Err(IoErrorKind::UnsupportedCompression("xz"))
    } else if mark.starts_with(b"BZh") && mark.get(4..) == Some(b"1AY&SY") {
        Err(IoErrorKind::UnsupportedCompression("bzip2"))
    } else {
        Ok(Compression::None)
    }
}

/// A regular file that is read in place.
struct Plain {
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: Mutex<File>,
    size: u64,
}

impl Plain {
    fn new(file: File, size: u64) -> Self {
        #[cfg(not(unix))]
        let file = Mutex::new(file);
        Self { file, size }
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoErrorKind> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let reaches_end = buf.len() >= rest;
        let wanted = buf.len().min(rest);
        let mut buf = buf.get_mut(..wanted).unwrap_or_default();
        let mut at = offset;
        while !buf.is_empty() {
            match self.read_once(at, buf) {
                Ok(0) => return Err(self.changed(at)),
                Ok(read) => {
                    at += read as u64;
                    buf = buf.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        // A file that grew is still being written: its last line is not what it will be.
        if reaches_end && wanted > 0 && self.read_once(self.size, &mut [0])? > 0 {
            return Err(self.changed(self.size + 1));
        }
        Ok(wanted)
    }

    fn changed(&self, at_least: u64) -> IoErrorKind {
        IoErrorKind::Changed { expected: self.size, found: self.size_now().unwrap_or(at_least) }
    }

    #[cfg(unix)]
    fn read_once(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
    }

    #[cfg(unix)]
    fn size_now(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(not(unix))]
    fn read_once(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::Seek as _;
        let mut file = lock(&self.file);
        file.seek(io::SeekFrom::Start(offset))?;
        file.read(buf)
    }

    #[cfg(not(unix))]
    fn size_now(&self) -> io::Result<u64> {
        Ok(lock(&self.file).metadata()?.len())
    }
}

/// A source that comes in order, and the part of it that may still be asked for.
///
/// There are two locks, always taken source first: readers of bytes that are there do not wait for
/// a thread that reads the next block.
struct Stream {
    source: Mutex<Box<dyn Read + Send>>,
    window: Mutex<Window>,
}

impl Stream {
    fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source: Mutex::new(source), window: Mutex::new(Window::new()) }
    }

    fn read_at(
        &self,
        offset: u64,
        buf: &mut [u8],
        subject: &Subject,
        count: Option<&AtomicU64>,
    ) -> Result<usize, IoError> {
        if buf.is_empty() {
            return Ok(0);
        }
        let until = offset.saturating_add(buf.len() as u64);
        loop {
            let found = lock(&self.window).find(offset, until, subject)?;
            if let Some(found) = found {
                return Ok(found.copy_to(buf));
            }
            self.advance(until, subject, count);
        }
    }

    /// Begins anew with another source.
    fn restart(&self, source: Box<dyn Read + Send>) {
        let mut now = lock(&self.source);
        *lock(&self.window) = Window::new();
        *now = source;
    }

    /// Reads one more block, unless another thread has read far enough or to the end meanwhile.
    fn advance(&self, until: u64, subject: &Subject, count: Option<&AtomicU64>) {
        let mut source = lock(&self.source);
        let mut block = {
            let mut window = lock(&self.window);
            if window.top() >= until || window.is_over() {
                return;
            }
            window.spare()
        };
        block.clear();
        block.reserve_exact(BLOCK);
        let end = match source.as_mut().take(BLOCK as u64).read_to_end(&mut block) {
            Ok(BLOCK) => None,
            Ok(_) => Some(End::Whole),
            Err(error) => Some(End::Failed(IoError::from_io(Doing::Read, subject, error))),
        };
        if let Some(count) = count {
            count.fetch_add(block.len() as u64, Ordering::Relaxed);
        }
        lock(&self.window).push(block, end);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = dir.join(name);
        File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    }

    fn pack(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// Lines that differ, so that a wrong offset shows.
    fn text(len: usize) -> Vec<u8> {
        let mut text: Vec<u8> = (0..).flat_map(|n: u32| format!("{n}\n").into_bytes()).take(len).collect();
        text.truncate(len);
        text
    }

    fn open(path: &Path) -> Input {
        Input::open(path, &Limits::default()).unwrap()
    }

    fn all(input: &Input, step: usize) -> Result<Vec<u8>, IoError> {
        let (mut all, mut buf) = (Vec::new(), vec![0; step]);
        loop {
            let read = input.read_at(all.len() as u64, &mut buf)?;
            all.extend_from_slice(&buf[..read]);
            input.release(all.len() as u64);
            if read < step {
                return Ok(all);
            }
        }
    }

    /// Decompresses with Python's gzip module, or compresses in as many members as there are parts.
    fn python(script: &str, input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feeder = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn reads_plain_and_packed_files_alike() {
        let dir = tempfile::tempdir().unwrap();
        for len in [0, 1, 9, 10, 11, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            let text = text(len);
            let plain = open(&put(dir.path(), "plain", &text));
            let packed = open(&put(dir.path(), "packed", &pack(&text)));
            assert_eq!(plain.compression(), Compression::None);
            assert_eq!(packed.compression(), Compression::Gzip);
            assert_eq!(plain.len(), Some(len as u64));
            for input in [&plain, &packed] {
                assert_eq!(input.head(20).unwrap(), text[..len.min(20)]);
                assert!(all(input, 100_000).unwrap() == text, "{} of {len}", input.name());
                assert_eq!(input.len(), Some(len as u64));
                assert_eq!(input.is_empty(), len == 0);
                let (consumed, total) = input.progress();
                assert_eq!(Some(consumed), total);
                assert_eq!(input.read_at(len as u64 + 5, &mut [0; 4]).unwrap(), 0);
                assert_eq!(input.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
                assert_eq!(input.read_at(len as u64, &mut []).unwrap(), 0);
            }
        }
    }

    #[test]
    fn recognises_gzip_by_content_and_not_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let named = open(&put(dir.path(), "report.tsv.gz", b"HEAD\t1\n"));
        assert_eq!(named.compression(), Compression::None);
        assert_eq!(named.head(4).unwrap(), b"HEAD");
        let unnamed = open(&put(dir.path(), "report.tsv", &pack(b"HEAD\t1\n")));
        assert_eq!(unnamed.compression(), Compression::Gzip);
        assert_eq!(unnamed.head(100).unwrap(), b"HEAD\t1\n");
        assert_eq!(unnamed.path(), Some(dir.path().join("report.tsv").as_path()));
        let short = open(&put(dir.path(), "short", b"\x1f"));
        assert_eq!(short.head(2).unwrap(), b"\x1f");
    }

    #[test]
    fn bytes_in_memory_read_like_files() {
        let text = text(600_000);
        for (bytes, compression) in [(text.clone(), Compression::None), (pack(&text), Compression::Gzip)] {
            let input = Input::from_bytes("figures.csv", bytes);
            assert_eq!((input.name(), input.path()), ("figures.csv", None));
            assert_eq!(input.compression(), compression);
            assert!(all(&input, 70_001).unwrap() == text);
        }
        let cut = pack(b"abc");
        let cut = Input::from_bytes("figures.csv", cut[..cut.len() - 1].to_vec());
        let error = cut.head(4).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot read figures.csv: the gzip data ends too early"),
            "{error}"
        );
    }

    #[test]
    fn refuses_what_is_no_readable_file() {
        let dir = tempfile::tempdir().unwrap();
        let kind = |path: &Path| {
            let error = Input::open(path, &Limits::default()).unwrap_err();
            assert_eq!(error.path(), Some(path));
            assert!(error.help().is_some(), "{error}");
            error.to_string()
        };
        assert!(kind(dir.path()).ends_with("it is a directory, expected a file"));
        assert!(kind(&dir.path().join("missing")).ends_with("no such file or directory"));
        let cases: [(&[u8], &str); 3] =
            [(b"\x28\xb5\x2f\xfd\x04\0", "zstd"), (b"\xfd7zXZ\0\0\x04", "xz"), (b"BZh91AY&SY\x00", "bzip2")];
        for (bytes, name) in cases {
            let text = kind(&put(dir.path(), name, bytes));
            assert!(
                text.ends_with(&format!("it is compressed with {name}, expected plain or gzip data")),
                "{text}"
            );
        }
        assert_eq!(open(&put(dir.path(), "text", b"BZh is a word")).compression(), Compression::None);
    }

    #[test]
    fn a_cut_file_is_never_a_short_one() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(3 * BLOCK);
        let packed = pack(&text);
        let input = open(&put(dir.path(), "cut.gz", &packed[..packed.len() / 2]));
        let error = all(&input, 1000).unwrap_err();
        let IoErrorKind::TruncatedGzip { at } = *error.kind() else { panic!("{error}") };
        assert!(at > 0 && at < text.len() as u64);
        // It stays an error, and what is there can still be read.
        assert!(input.read_at(at, &mut [0]).is_err());
        assert_eq!(input.read_at(at - 5, &mut [0; 5]).unwrap(), 5);
        assert!(input.read_at(at - 5, &mut [0; 6]).is_err());
        assert_eq!(input.len(), None);
    }

    #[test]
    fn passes_on_damage_checksums_and_caps() {
        let dir = tempfile::tempdir().unwrap();
        let mut wrong = pack(b"some text");
        let crc = wrong.len() - 8;
        wrong[crc] ^= 1;
        let error = open(&put(dir.path(), "crc", &wrong)).head(100).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::GzipChecksum { at: 9 }), "{error}");
        let garbage = [pack(b"some text"), b"garbage".to_vec()].concat();
        let error = open(&put(dir.path(), "garbage", &garbage)).head(100).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::BadGzip { at: 9, .. }), "{error}");
        let bomb = put(dir.path(), "bomb", &pack(&vec![b' '; 1 << 20]));
        let limits = Limits { max_expansion: 1 << 19, ..Limits::default() };
        let error = all(&Input::open(&bomb, &limits).unwrap(), 1000).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::Expansion { .. }), "{error}");
        assert!(error.help().unwrap().contains("raise the limit"));
    }

    #[test]
    fn notices_that_a_plain_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = put(dir.path(), "report", &text(1000));
        let input = open(&path);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(600).unwrap();
        assert_eq!(input.read_at(500, &mut [0; 100]).unwrap(), 100);
        let error = input.read_at(500, &mut [0; 200]).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::Changed { expected: 1000, found: 600 }), "{error}");
        file.set_len(1001).unwrap();
        assert_eq!(input.read_at(500, &mut [0; 499]).unwrap(), 499);
        let error = input.read_at(500, &mut [0; 600]).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::Changed { expected: 1000, found: 1001 }), "{error}");
    }

    #[test]
    fn the_window_keeps_only_what_is_unreleased() {
        let text = text(40 * BLOCK);
        let input = Input::from_bytes("window", pack(&text));
        let Body::Gzip(unpack) = &input.body else { panic!("no gzip") };
        // One block may be ready before the head looks how far it may go.
        let ahead = (2 << 20) + 2 * BLOCK as u64;
        let mut buf = vec![0; BLOCK];
        input.read_at(8 * BLOCK as u64, &mut buf).unwrap();
        let (start, len) = unpack.kept();
        assert!(start == 0 && len >= 9 * BLOCK as u64 && len <= 9 * BLOCK as u64 + ahead, "{start} {len}");
        let kept_from = |released: usize| {
            input.release(released as u64);
            unpack.kept().0
        };
        assert_eq!(kept_from(4 * BLOCK - 1), 3 * BLOCK as u64);
        assert_eq!(kept_from(4 * BLOCK), 4 * BLOCK as u64);
        // A lower release takes nothing back.
        assert_eq!(kept_from(10), 4 * BLOCK as u64);
        input.read_at(4 * BLOCK as u64, &mut buf).unwrap();
        assert!(buf == text[4 * BLOCK..5 * BLOCK]);
        let error = input.read_at(4 * BLOCK as u64 - 1, &mut buf).unwrap_err();
        assert!(matches!(error.kind(), IoErrorKind::Internal(_)), "{error}");
        // A release ahead of what was read keeps nothing of what comes before.
        input.release(30 * BLOCK as u64 + 7);
        assert_eq!(unpack.kept().1, 0);
        input.read_at(30 * BLOCK as u64 + 7, &mut buf).unwrap();
        assert!(buf == text[30 * BLOCK + 7..31 * BLOCK + 7]);
        let (start, len) = unpack.kept();
        assert!(start == 30 * BLOCK as u64 && len <= 2 * BLOCK as u64 + ahead, "{start} {len}");
        assert!(input.head(1).is_err());
    }

    #[test]
    fn many_threads_read_one_stream_in_any_order() {
        const STEP: usize = 100_003;
        let text = text(8 * BLOCK + 77);
        let input = Input::from_bytes("shared", pack(&text));
        let next = Mutex::new((0..text.len()).step_by(STEP).collect::<Vec<_>>());
        let read = Mutex::new(vec![0; text.len()]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Taken from the back: later offsets are asked for before earlier ones.
                    while let Some(offset) = { lock(&next).pop() } {
                        let mut buf = vec![0; STEP];
                        let n = input.read_at(offset as u64, &mut buf).unwrap();
                        lock(&read)[offset..offset + n].copy_from_slice(&buf[..n]);
                    }
                });
            }
        });
        assert!(*lock(&read) == text);
    }

    #[test]
    fn reads_members_of_other_compressors() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(700_000);
        let script = "import sys,gzip\nd=sys.stdin.buffer.read()\nfor i in range(0,len(d),99991): \
                      sys.stdout.buffer.write(gzip.compress(d[i:i+99991],9))";
        let input = open(&put(dir.path(), "python.gz", &python(script, &text)));
        assert!(all(&input, 65_537).unwrap() == text);

        let path = put(dir.path(), "gzip.tsv", &text);
        // The file's name goes into the header; where the command is missing, Python's members must
        // do.
        if Command::new("gzip").arg("-9").arg(&path).status().is_ok_and(|status| status.success()) {
            assert!(all(&open(&dir.path().join("gzip.tsv.gz")), 65_537).unwrap() == text);
        }
    }

    #[test]
    fn files_and_bytes_are_read_twice() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(2 * BLOCK + 3);
        let (plain, packed) = (put(dir.path(), "plain", &text), put(dir.path(), "packed", &pack(&text)));
        for input in [open(&plain), open(&packed), Input::from_bytes("bytes", text.clone())] {
            assert!(all(&input, 70_001).unwrap() == text);
            let again = input.again(2).unwrap().unwrap();
            assert_eq!((again.name(), again.path()), (input.name(), input.path()));
            assert!(all(&again, 70_001).unwrap() == text);
        }
        assert!(Input::from_bytes("bytes", pack(&text)).again(1).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_twice_where_it_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(2 * BLOCK + 3);
        for (name, bytes) in [("plain", text.clone()), ("packed", pack(&text)), ("empty", Vec::new())] {
            let path = dir.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            let feed = || {
                let (path, bytes) = (path.clone(), bytes.clone());
                std::thread::spawn(move || {
                    File::options().write(true).open(path).unwrap().write_all(&bytes).unwrap();
                })
            };
            let feeder = feed();
            let once = open(&path);
            all(&once, 1 << 20).unwrap();
            feeder.join().unwrap();
            assert!(once.again(1).unwrap().is_none() || bytes.is_empty(), "{name}");
            let feeder = feed();
            let kept = Input::open_kept(&path, &Limits::default(), 1, dir.path()).unwrap();
            assert!(kept.again(1).unwrap().is_none() || bytes.is_empty(), "{name}");
            assert_eq!(kept.head(10).unwrap(), all(&kept, 1 << 20).unwrap().get(..10).unwrap_or_default());
            feeder.join().unwrap();
            for _ in 0..2 {
                let again = kept.again(1).unwrap().unwrap();
                let expected = if bytes.is_empty() { &[][..] } else { &text };
                assert!(all(&again, 1 << 20).unwrap() == expected, "{name}");
                assert_eq!(again.name(), kept.name());
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn reads_named_pipes_and_files_that_hide_their_size() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(2 * BLOCK + 3);
        for (name, bytes) in [("plain", text.clone()), ("packed", pack(&text))] {
            let path = dir.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            let feeder = {
                let path = path.clone();
                std::thread::spawn(move || File::options().write(true).open(path).unwrap().write_all(&bytes))
            };
            let input = open(&path);
            assert_eq!(input.len(), None);
            assert!(all(&input, 1 << 20).unwrap() == text, "{name}");
            assert_eq!(input.progress().1, None);
            feeder.join().unwrap().unwrap();
        }
        if cfg!(target_os = "linux") {
            assert!(!open(Path::new("/proc/self/status")).head(10).unwrap().is_empty());
        }
        let empty = open(Path::new("/dev/null"));
        assert_eq!((empty.len(), empty.progress()), (Some(0), (0, Some(0))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_range_is_the_same_packed_or_not(
            ranges in prop::collection::vec((0usize..900_000, 0usize..300_000), 1..8),
        ) {
            let text = text(800_000);
            let plain = Input::from_bytes("plain", text.clone());
            let packed = Input::from_bytes("packed", pack(&text));
            for (offset, len) in ranges {
                let expected = text.get(offset..).map_or(&[][..], |rest| &rest[..len.min(rest.len())]);
                for input in [&plain, &packed] {
                    let mut buf = vec![0; len];
                    let read = input.read_at(offset as u64, &mut buf).unwrap();
                    prop_assert!(&buf[..read] == expected);
                }
            }
        }
    }
}
