//! What was decided about single rows before the conversion, to be looked up chunk by chunk: that a
//! row repeats another, or which sale a refund takes back ([`Entry`]).
//!
//! Verdicts lie on disk in the order of the rows, each in sixteen bytes. In memory is only where
//! each [`STEP`]th of them belongs, so that a worker finds those of its chunk with one look and
//! reads no others.

use crate::diagnostics;
use crate::scan::position::Place;
use crate::storage::scratch::Scratch;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::path::Path;
use transpose_core::diagnostics::Fatal;

/// How many verdicts are read at once.
const STEP: usize = 1024;

/// How many bytes a verdict has.
const SIZE: usize = 16;

/// In the first number of a verdict; no input has so many bytes.
const DIFFERS: u64 = 1 << 63;

/// What was decided about a row.
pub(crate) trait Entry: Copy {
    /// The byte of the input at which the row begins.
    fn byte(&self) -> u64;
    /// Writes it, in [`SIZE`] bytes.
    fn put(self, out: &mut Vec<u8>);
    /// Reads what was written.
    fn take(bytes: &[u8]) -> Option<Self>;
}

/// A row that repeats another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The byte of the input at which the row begins.
    pub(crate) byte: u64,
    /// Where the first row of the same identity stands.
    pub(crate) first: Place,
    /// Whether the two say different things.
    pub(crate) differs: bool,
}

impl Entry for Verdict {
    fn byte(&self) -> u64 {
        self.byte
    }

    fn put(self, out: &mut Vec<u8>) {
        let differs = if self.differs { DIFFERS } else { 0 };
        out.extend_from_slice(&(self.byte | differs).to_le_bytes());
        out.extend_from_slice(&self.first.0.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        let (byte, first) = bytes.split_first_chunk::<8>()?;
        let (byte, first) = (u64::from_le_bytes(*byte), u64::from_le_bytes(*first.first_chunk()?));
        Some(Self { byte: byte & !DIFFERS, first: Place(first), differs: byte & DIFFERS != 0 })
    }
}

/// The verdicts on all inputs.
pub(crate) struct Verdicts<V = Verdict> {
    spill: Scratch,
    inputs: Vec<Judged>,
    of: PhantomData<V>,
}

/// The verdicts on one input.
#[derive(Default)]
struct Judged {
    /// Where they begin in the file.
    start: u64,
    count: usize,
    /// The byte of the row of each [`STEP`]th verdict.
    steps: Vec<u64>,
}

impl<V: Entry> Verdicts<V> {
    /// The verdicts on one chunk, for rows that begin within `rows`, in their order.
    pub(crate) fn of(&self, input: usize, rows: &RangeInclusive<u64>) -> Result<Vec<V>, Fatal> {
        let mut found = Vec::new();
        let Some(judged) = self.inputs.get(input).filter(|judged| judged.count > 0) else { return Ok(found) };
        // What belongs to the first row may stand behind the last step that is not after it.
        let mut step = judged.steps.partition_point(|byte| byte <= rows.start()).saturating_sub(1);
        let mut buffer = Vec::new();
        while judged.steps.get(step).is_some_and(|byte| byte <= rows.end()) {
            let count = (judged.count - step * STEP).min(STEP);
            buffer.resize(count * SIZE, 0);
            self.spill.read_at(judged.start + (step * STEP * SIZE) as u64, &mut buffer)?;
            let verdicts = buffer.chunks_exact(SIZE).filter_map(V::take);
            found.extend(verdicts.filter(|verdict| rows.contains(&verdict.byte())));
            step += 1;
        }
        Ok(found)
    }
}

/// Takes verdicts in the order of inputs and rows.
pub(crate) struct Recorder<V = Verdict> {
    verdicts: Verdicts<V>,
    buffer: Vec<u8>,
    written: u64,
}

impl<V: Entry> Recorder<V> {
    /// Begins without a verdict; they are written to a folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, Fatal> {
        let verdicts = Verdicts { spill: Scratch::create(folder)?, inputs: Vec::new(), of: PhantomData };
        Ok(Self { verdicts, buffer: Vec::new(), written: 0 })
    }

    /// Adds the next one.
    pub(crate) fn push(&mut self, input: usize, verdict: V) -> Result<(), Fatal> {
        let inputs = &mut self.verdicts.inputs;
        while inputs.len() <= input {
            inputs.push(Judged { start: self.written, ..Judged::default() });
        }
        let judged = inputs.last_mut().ok_or_else(|| diagnostics::bug("a verdict without an input"))?;
        if judged.count.is_multiple_of(STEP) {
            judged.steps.push(verdict.byte());
        }
        judged.count += 1;
        verdict.put(&mut self.buffer);
        self.written += SIZE as u64;
        if self.buffer.len() >= STEP * SIZE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Fatal> {
        self.verdicts.spill.append(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Everything that was added.
    pub(crate) fn finish(mut self) -> Result<Verdicts<V>, Fatal> {
        self.flush()?;
        Ok(self.verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_found_by_chunk() {
        let mut recorder = Recorder::new(&std::env::temp_dir()).unwrap();
        let verdict =
            |byte: u64| Verdict { byte, first: Place::new(1, byte), differs: byte.is_multiple_of(3) };
        let bytes: Vec<u64> = (0..5000).map(|number| number * 7).collect();
        for input in [0, 2] {
            for byte in &bytes {
                recorder.push(input, verdict(*byte)).unwrap();
            }
        }
        let verdicts = recorder.finish().unwrap();
        for (start, end) in [
            (0, 0),
            (0, 34_993),
            (7, 7),
            (8, 13),
            (7161, 7175),
            (7167, 7168),
            (20_000, 40_000),
            (50_000, 60_000),
        ] {
            let expected: Vec<Verdict> = bytes
                .iter()
                .filter(|byte| (start..=end).contains(*byte))
                .map(|byte| verdict(*byte))
                .collect();
            for input in [0, 2] {
                assert_eq!(verdicts.of(input, &(start..=end)).unwrap(), expected, "{start} to {end}");
            }
        }
        assert!(
            verdicts.of(1, &(0..=100)).unwrap().is_empty() && verdicts.of(3, &(0..=100)).unwrap().is_empty()
        );
    }
}
