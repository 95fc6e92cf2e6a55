//! What waits on disk until a workbook is put together.

use crate::write::codes;
use std::path::Path;
use transpose_core::diagnostics::Fatal;
use transpose_io::Spill;

/// After how many bytes the system is given what was gathered.
const PIECE: usize = 256 << 10;

/// Bytes that are written once and read once, in the same order.
pub(super) struct Spool {
    spill: Spill,
    pending: Vec<u8>,
}

impl Spool {
    pub(super) fn new(folder: &Path) -> Result<Self, Fatal> {
        let spill = Spill::create(folder).map_err(|error| codes::io(&error))?;
        Ok(Self { spill, pending: Vec::with_capacity(PIECE + (PIECE >> 4)) })
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> u64 {
        self.spill.len() + self.pending.len() as u64
    }

    /// Adds what `write` gives.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fatal> {
        write(&mut self.pending);
        if self.pending.len() < PIECE { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Fatal> {
        self.spill.write_all(&self.pending).map_err(|error| codes::io(&error))?;
        self.pending.clear();
        Ok(())
    }

    /// Hands over the bytes from `start` to `end`.
    pub(super) fn replay(
        &mut self,
        start: u64,
        end: u64,
        out: &mut dyn FnMut(&[u8]) -> Result<(), Fatal>,
    ) -> Result<(), Fatal> {
        self.flush()?;
        let mut buffer = vec![0; PIECE];
        let mut at = start;
        while at < end {
            let piece = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            let Some(piece) = buffer.get_mut(..piece) else { break };
            self.spill.read_at(at, piece).map_err(|error| codes::io(&error))?;
            out(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}
