//! The shared string table of an `.xls`: written to disk as it grows.
//!
//! Cells hold numbers of strings (LABELSST) and not the strings themselves (LABEL), because
//! \[MS-XLS\] has no cell of the second kind and because it holds 255 characters only. A table that
//! knows every string would take as much memory as the report has distinct texts. So a string is
//! looked for among those of late, in a table of fixed size, and written again when it is not there
//! any more: the file becomes somewhat larger and the memory stays the same.

use super::biff::{self, CONTINUE, LONGEST, SST};
use super::spool::Spool;
use std::path::Path;
use transpose_core::diagnostics::Fatal;

/// How many strings are remembered.
const SLOTS: usize = 1 << 16;

/// The longest string, in bytes, that is worth remembering: long ones hardly repeat.
const KEPT: usize = 96;

/// How many bytes the table begins with: how many cells hold strings, and how many strings there
/// are.
const HEAD: usize = 8;

/// Strings by number.
pub(super) struct Strings {
    /// Complete records; the first, which holds the counts, is kept apart until these are known.
    spool: Spool,
    first: Option<Vec<u8>>,
    /// The body of the record that is being filled.
    body: Vec<u8>,
    cells: u32,
    written: u32,
    /// The last string of each hash and its number.
    slots: Vec<(u32, Vec<u8>)>,
}

impl Strings {
    pub(super) fn new(folder: &Path) -> Result<Self, Fatal> {
        Ok(Self {
            spool: Spool::new(folder)?,
            first: None,
            body: vec![0; HEAD],
            cells: 0,
            written: 0,
            slots: vec![(0, Vec::new()); SLOTS],
        })
    }

    /// The number of a string, which is not empty.
    pub(super) fn number(&mut self, text: &str) -> Result<u32, Fatal> {
        self.cells = self.cells.saturating_add(1);
        if text.len() <= KEPT {
            let slot = slot(text.as_bytes());
            if let Some((number, kept)) = self.slots.get_mut(slot) {
                if kept == text.as_bytes() {
                    return Ok(*number);
                }
                *number = self.written;
                kept.clear();
                kept.extend_from_slice(text.as_bytes());
            }
        }
        self.add(text)?;
        self.written = self.written.saturating_add(1);
        Ok(self.written - 1)
    }

    /// Adds a string (XLUnicodeRichExtendedString): how many characters, whether they take one byte
    /// or two, the characters. Only between characters may a record end, and the next then repeats
    /// whether they take one byte or two.
    fn add(&mut self, text: &str) -> Result<(), Fatal> {
        let wide = text.chars().any(|character| u32::from(character) > 0xff);
        let width = if wide { 2 } else { 1 };
        if LONGEST - self.body.len() < 3 + 2 * width {
            self.record()?;
        }
        let units = text.encode_utf16().count() as u16;
        self.body.extend_from_slice(&units.to_le_bytes());
        self.body.push(u8::from(wide));
        let mut pair = [0; 2];
        for character in text.chars() {
            let character = character.encode_utf16(&mut pair);
            // Two halves of a character stay together, because some readers decode each record by
            // itself.
            if LONGEST - self.body.len() < width * character.len() {
                self.record()?;
                self.body.push(u8::from(wide));
            }
            for unit in character {
                let bytes = unit.to_le_bytes();
                self.body.extend_from_slice(bytes.get(..width).unwrap_or(&bytes));
            }
        }
        Ok(())
    }

    /// Ends a record.
    fn record(&mut self) -> Result<(), Fatal> {
        let body = &mut self.body;
        if self.first.is_none() {
            self.first = Some(std::mem::replace(body, Vec::with_capacity(LONGEST)));
            return Ok(());
        }
        self.spool.add(|out| {
            biff::record(out, CONTINUE, body.len());
            out.append(body);
        })
    }

    /// Ends the table. Afterwards [`Strings::len`] and [`Strings::replay`] report all of it.
    pub(super) fn end(&mut self) -> Result<(), Fatal> {
        if !self.body.is_empty() {
            self.record()?;
        }
        if let Some(counts) = self.first.as_mut().and_then(|first| first.first_chunk_mut::<HEAD>()) {
            let (cells, strings) = (self.cells.to_le_bytes(), self.written.to_le_bytes());
            for (byte, count) in counts.iter_mut().zip(cells.into_iter().chain(strings)) {
                *byte = count;
            }
        }
        Ok(())
    }

    /// How many bytes the records of the table have.
    pub(super) fn len(&self) -> u64 {
        self.first.as_ref().map_or(0, |first| first.len() as u64 + 4) + self.spool.len()
    }

    /// Hands over the records of the table.
    pub(super) fn replay(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Fatal>) -> Result<(), Fatal> {
        if let Some(first) = &self.first {
            let mut record = Vec::with_capacity(first.len() + 4);
            biff::record(&mut record, SST, first.len());
            record.extend_from_slice(first);
            out(&record)?;
        }
        self.spool.replay(0, self.spool.len(), out)
    }
}

/// Where a string is remembered: FNV-1a, whose values are the same everywhere, so that the file is.
fn slot(text: &[u8]) -> usize {
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash ^ (hash >> 32)) as usize) % SLOTS
}
