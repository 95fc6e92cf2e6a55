//! What containers are read from: an input in order, or a file at any place.
//!
//! | module | holds |
//! |---|---|
//! | `encoding` | text in other encodings becomes UTF-8 |
//! | `store` | a file that can be read at any place |
//! | `archive` | zip archives that workbooks come in |
//! | `xml` | events of XML with their lines |

pub(crate) mod archive;
pub(crate) mod encoding;
pub(crate) mod store;
pub(crate) mod xml;

use crate::read::codes::{ONCE, UNREADABLE};
use crate::read::stop::{Stop, refused, refused_input};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use transpose_core::diagnostics::{Location, shown};
use transpose_io::{Input, IoError};

/// A line, from 1, and a byte of a text.
pub(crate) type SourcePosition = (u64, u64);

/// Reads an input from its first byte to its last, and lets go of what is read.
pub(crate) struct SequentialReader {
    input: Arc<Input>,
    at: u64,
}

impl SequentialReader {
    pub(crate) fn new(input: Arc<Input>) -> Self {
        Self { input, at: 0 }
    }
}

impl Read for SequentialReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read_at(self.at, buf)?;
        self.at += read as u64;
        self.input.release(self.at);
        Ok(read)
    }
}

/// An input that is read from front to back as often as it is asked for.
pub(crate) struct RepeatableInput {
    origin: Arc<Input>,
    /// Whether the input itself was read; from then on it has to be read again.
    used: AtomicBool,
    threads: usize,
}

impl RepeatableInput {
    /// So many threads may unpack what is read once more.
    pub(crate) fn new(origin: Arc<Input>, threads: usize) -> Self {
        Self { origin, used: AtomicBool::new(false), threads: threads.max(1) }
    }

    pub(crate) fn origin(&self) -> &Arc<Input> {
        &self.origin
    }

    /// The input from its first byte on.
    pub(crate) fn sequential(&self) -> Result<SequentialReader, IoError> {
        if !self.used.swap(true, Ordering::Relaxed) {
            return Ok(SequentialReader::new(Arc::clone(&self.origin)));
        }
        let again = self.origin.again(self.threads)?.ok_or_else(|| {
            let message = "the input is needed a second time and can be read only once";
            let diagnostic = refused_input(&ONCE, &self.origin.name().into(), message);
            self.origin.refused(Box::new(diagnostic))
        })?;
        Ok(SequentialReader::new(Arc::new(again)))
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
