//! A copy of what comes from a pipe, for a second reading.
//!
//! ```text
//!  reading 1   pipe ─▶ CopyingReader ─▶ input
//!                           │ each byte is written down before it is handed on
//!                           ▼
//!                      spill file
//!                           │
//!  reading 2           PipeReplay ─▶ input, as far as reading 1 came
//! ```

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use transpose_sync::lock;

use crate::error::IoError;
use crate::spill::Spill;

/// The copy. It is as long as what was read so far.
pub(crate) struct PipeCopy(Arc<Mutex<Spill>>);

impl PipeCopy {
    /// Begins an empty copy in a directory.
    pub(crate) fn create(dir: &Path) -> Result<Self, IoError> {
        Ok(Self(Arc::new(Mutex::new(Spill::create(dir)?))))
    }

    /// The source, each of whose bytes is written down before it is handed on.
    pub(crate) fn copying(&self, source: Box<dyn Read + Send>) -> CopyingReader {
        CopyingReader { source, spill: Arc::clone(&self.0) }
    }

    /// Everything copied so far, and how many bytes it has.
    pub(crate) fn replay(&self) -> (PipeReplay, u64) {
        let end = lock(&self.0).len();
        (PipeReplay { spill: Arc::clone(&self.0), at: 0, end }, end)
    }
}

/// Reads a source and writes down what was read.
pub(crate) struct CopyingReader {
    source: Box<dyn Read + Send>,
    spill: Arc<Mutex<Spill>>,
}

impl Read for CopyingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buf)?;
        lock(&self.spill).write_all(buf.get(..read).unwrap_or_default()).map_err(io::Error::other)?;
        Ok(read)
    }
}

/// Reads a copy from its beginning.
pub(crate) struct PipeReplay {
    spill: Arc<Mutex<Spill>>,
    at: u64,
    end: u64,
}

impl Read for PipeReplay {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let part = buf.get_mut(..wanted).unwrap_or_default();
        lock(&self.spill).read_at(self.at, part).map_err(io::Error::other)?;
        self.at += wanted as u64;
        Ok(wanted)
    }
}
