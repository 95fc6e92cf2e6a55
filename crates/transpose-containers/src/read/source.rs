//! What containers are read from: an input in order, or a file at any place.

use crate::read::code::{ONCE, UNREADABLE, refused, refused_input};
use crate::read::pipe::Stop;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use transpose_core::diagnostics::{Location, shown};
use transpose_io::{Input, IoError, Spill};

/// Reads an input from its first byte to its last, and lets go of what is read.
pub(crate) struct Sequential {
    input: Arc<Input>,
    at: u64,
}

impl Sequential {
    pub(crate) fn new(input: Arc<Input>) -> Self {
        Self { input, at: 0 }
    }
}

impl Read for Sequential {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read_at(self.at, buf)?;
        self.at += read as u64;
        self.input.release(self.at);
        Ok(read)
    }
}

/// An input that is read from front to back as often as it is asked for.
pub(crate) struct Again {
    origin: Arc<Input>,
    /// Whether the input itself was read; from then on it has to be read again.
    used: AtomicBool,
    threads: usize,
}

impl Again {
    /// So many threads may unpack what is read once more.
    pub(crate) fn new(origin: Arc<Input>, threads: usize) -> Self {
        Self { origin, used: AtomicBool::new(false), threads: threads.max(1) }
    }

    pub(crate) fn origin(&self) -> &Arc<Input> {
        &self.origin
    }

    /// The input from its first byte on.
    pub(crate) fn sequential(&self) -> Result<Sequential, IoError> {
        if !self.used.swap(true, Ordering::Relaxed) {
            return Ok(Sequential::new(Arc::clone(&self.origin)));
        }
        let again = self.origin.again(self.threads)?.ok_or_else(|| {
            let message = "the input is needed a second time and can be read only once";
            let diagnostic = refused_input(&ONCE, &self.origin.name().into(), message);
            self.origin.refused(Box::new(diagnostic))
        })?;
        Ok(Sequential::new(Arc::new(again)))
    }
}

/// Fills a buffer as far as there is anything; less than all of it is the end.
pub(crate) fn fill(from: &mut impl Read, buf: &mut [u8]) -> Result<usize, Stop> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_stop(error)),
        }
    }
    Ok(filled)
}

/// A failure of the standard library, as the end of a stream.
pub(crate) fn io_stop(error: io::Error) -> Stop {
    match error.downcast::<IoError>() {
        Ok(error) => Stop::Io(error),
        // Reading itself fails with our own errors; any other is of what unpacks.
        Err(error) => {
            let text = shown(error.to_string().as_bytes());
            Stop::Refused(refused(&UNREADABLE, Location::default(), format!("the file is damaged: {text}")))
        }
    }
}

/// A file that can be read at any place: the input itself, or a copy of it without a name where it
/// is packed or comes from a pipe.
#[derive(Clone)]
pub(crate) struct Store {
    held: Arc<Held>,
    len: u64,
    /// How many bytes were read.
    taken: Arc<AtomicU64>,
}

enum Held {
    Input(Arc<Input>),
    Copy(Spill),
}

impl Store {
    /// Opens the input at any place; a copy of it goes to a folder.
    pub(crate) fn new(input: &Arc<Input>, temp_dir: &Path) -> Result<Self, Stop> {
        let taken = Arc::default();
        if let (true, Some(len)) = (input.is_seekable(), input.len()) {
            return Ok(Self { held: Arc::new(Held::Input(Arc::clone(input))), len, taken });
        }
        let mut copy = Spill::create(temp_dir)?;
        let mut reader = Sequential::new(Arc::clone(input));
        let mut block = vec![0; 256 << 10];
        loop {
            let read = fill(&mut reader, &mut block)?;
            if read == 0 {
                break;
            }
            copy.write_all(block.get(..read).unwrap_or_default())?;
        }
        let len = copy.len();
        Ok(Self { held: Arc::new(Held::Copy(copy)), len, taken })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How many bytes were read so far, by every reader.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Reads at a place; less than the buffer is the end.
    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let part = buf.get_mut(..wanted).unwrap_or_default();
        self.taken.fetch_add(wanted as u64, Ordering::Relaxed);
        match &*self.held {
            Held::Input(input) => input.read_at(offset, part),
            Held::Copy(copy) => copy.read_at(offset, part).map(|()| wanted),
        }
    }

    /// A reader from a place on.
    pub(crate) fn reader(&self, at: u64) -> StoreReader {
        StoreReader { store: self.clone(), at }
    }
}

/// Reads a store from a place on, and can move.
#[derive(Clone)]
pub(crate) struct StoreReader {
    store: Store,
    at: u64,
}

impl Read for StoreReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.store.read_at(self.at, buf)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for StoreReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.store.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
