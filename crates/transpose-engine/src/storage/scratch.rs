//! A file for what does not fit into memory, and the frames that are written to it.
//!
//! ```text
//!                    256 KiB at once       spill file            32 KiB at once
//!  worker 1 ─▶ FrameWriter ──┐    ┌─────┬─────┬─────┬─────┐
//!                            ├───▶│  1  │  2  │  1  │  2  │───▶ FrameReader ─▶ frames of worker 1
//!  worker 2 ─▶ FrameWriter ──┘    └─────┴─────┴─────┴─────┘     (reads the extents of worker 1)
//!
//!  frames: │ length │ bytes │ length │ bytes │ …       an extent: where frames begin, how long
//! ```

use crate::diagnostics;
use crate::storage::varint::{put, take};
use std::path::Path;
use std::sync::RwLock;
use transpose_core::diagnostics::Fatal;
use transpose_io::Spill;
use transpose_sync::unpoisoned;

/// How much is written at once.
const WRITE: usize = 256 * 1024;

/// How much is read at once.
const READ: usize = 32 * 1024;

/// A spill file that several workers append to.
pub(crate) struct Scratch(RwLock<Spill>);

impl Scratch {
    /// Begins one in a folder.
    pub(crate) fn create(folder: &Path) -> Result<Self, Fatal> {
        Ok(Self(RwLock::new(Spill::create(folder).map_err(|error| diagnostics::io(&error))?)))
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        unpoisoned(self.0.read()).len()
    }

    /// Adds bytes; answers where they lie.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<u64, Fatal> {
        let mut spill = unpoisoned(self.0.write());
        let offset = spill.len();
        spill.write_all(bytes).map_err(|error| diagnostics::io(&error))?;
        Ok(offset)
    }

    /// Fills `out` with what was added from a place on.
    pub(crate) fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), Fatal> {
        let spill = unpoisoned(self.0.read());
        spill.read_at(offset, out).map_err(|error| diagnostics::io(&error))
    }
}

/// A range of a spill file.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    offset: u64,
    len: u64,
}

/// Writes frames, pieces of bytes with their length in front, to a spill file.
pub(crate) struct FrameWriter<'a> {
    spill: &'a Scratch,
    buffer: Vec<u8>,
    extents: Vec<Extent>,
}

impl<'a> FrameWriter<'a> {
    pub(crate) fn new(spill: &'a Scratch) -> Self {
        Self { spill, buffer: Vec::new(), extents: Vec::new() }
    }

    /// Adds a frame, given in pieces.
    pub(crate) fn frame(&mut self, pieces: &[&[u8]]) -> Result<(), Fatal> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if u32::try_from(len).is_err() {
            return Err(diagnostics::overflow("bytes of one item"));
        }
        put(len as u64, &mut self.buffer);
        for piece in pieces {
            self.buffer.extend_from_slice(piece);
        }
        if self.buffer.len() >= WRITE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Fatal> {
        if !self.buffer.is_empty() {
            let offset = self.spill.append(&self.buffer)?;
            let len = self.buffer.len() as u64;
            self.buffer.clear();
            match self.extents.last_mut() {
                Some(last) if last.offset + last.len == offset => last.len += len,
                _ => self.extents.push(Extent { offset, len }),
            }
        }
        Ok(())
    }

    /// Where the frames are.
    pub(crate) fn finish(mut self) -> Result<Vec<Extent>, Fatal> {
        self.flush()?;
        Ok(self.extents)
    }
}

/// Reads frames back.
pub(crate) struct FrameReader<'a> {
    spill: &'a Scratch,
    extents: std::slice::Iter<'a, Extent>,
    left: Extent,
    buffer: Vec<u8>,
    /// Which part of the buffer is not yet given out.
    start: usize,
}

impl<'a> FrameReader<'a> {
    pub(crate) fn new(spill: &'a Scratch, extents: &'a [Extent]) -> Self {
        Self {
            spill,
            extents: extents.iter(),
            left: Extent { offset: 0, len: 0 },
            buffer: Vec::new(),
            start: 0,
        }
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Fatal> {
        let len = loop {
            let mut rest = self.buffer.get(self.start..).unwrap_or_default();
            let there = rest.len();
            if let Some(len) = take(&mut rest) {
                self.start += there - rest.len();
                break len as usize;
            }
            if !self.need(there + 1)? {
                return if there == 0 { Ok(None) } else { Err(diagnostics::damaged_scratch()) };
            }
        };
        if !self.need(len)? {
            return Err(diagnostics::damaged_scratch());
        }
        let frame = self.buffer.get(self.start..self.start + len);
        self.start += len;
        Ok(frame)
    }

    /// Reads until `len` bytes are there; `false` at the end.
    fn need(&mut self, len: usize) -> Result<bool, Fatal> {
        while self.buffer.len() - self.start < len {
            if self.left.len == 0 {
                match self.extents.next() {
                    Some(extent) => self.left = *extent,
                    None => return Ok(false),
                }
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let (begin, more) = (self.buffer.len(), self.left.len.min(READ.max(len) as u64));
            self.buffer.resize(begin + more as usize, 0);
            let free = self.buffer.get_mut(begin..).unwrap_or_default();
            self.spill.read_at(self.left.offset, free)?;
            self.left.offset += more;
            self.left.len -= more;
        }
        Ok(true)
    }
}
