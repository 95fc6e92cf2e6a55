//! A file that can be read at any place.

use crate::read::source::{SequentialReader, fill};
use crate::read::stop::Stop;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_io::{Input, IoError, Spill};

/// A file that can be read at any place: the input itself, or a copy of it without a name where it
/// is packed or comes from a pipe.
#[derive(Clone)]
pub(crate) struct Store {
    held: Arc<Backing>,
    len: u64,
    /// How many bytes were read.
    taken: Arc<AtomicU64>,
}

enum Backing {
    Input(Arc<Input>),
    Copy(Spill),
}

impl Store {
    /// Opens the input at any place; a copy of it goes to a folder.
    pub(crate) fn new(input: &Arc<Input>, temp_dir: &Path) -> Result<Self, Stop> {
        let taken = Arc::default();
        if let (true, Some(len)) = (input.is_seekable(), input.len()) {
            return Ok(Self { held: Arc::new(Backing::Input(Arc::clone(input))), len, taken });
        }
        let mut copy = Spill::create(temp_dir)?;
        let mut reader = SequentialReader::new(Arc::clone(input));
        let mut block = vec![0; 256 << 10];
        loop {
            let read = fill(&mut reader, &mut block)?;
            if read == 0 {
                break;
            }
            copy.write_all(block.get(..read).unwrap_or_default())?;
        }
        let len = copy.len();
        Ok(Self { held: Arc::new(Backing::Copy(copy)), len, taken })
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
            Backing::Input(input) => input.read_at(offset, part),
            Backing::Copy(copy) => copy.read_at(offset, part).map(|()| wanted),
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
