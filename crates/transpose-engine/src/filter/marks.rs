//! What was decided about single rows before the conversion, to be looked up chunk by chunk: that a
//! row repeats another, or which sale a refund takes back ([`RowMark`]).
//!
//! Marks lie on disk in the order of the rows, each in sixteen bytes. In memory is only where each
//! [`STEP`]th of them belongs, so that a worker finds those of its chunk with one look and reads no
//! others.
//!
//! ```text
//!  in memory   row of mark 0      row of mark 1024      row of mark 2048
//!                   │                    │                     │
//!  on disk     │ 0 │ 1 │ 2 │ … │ 1024 │ 1025 │ … │ 2048 │ …        chunk: rows m to n ─▶ its marks
//! ```

use crate::diagnostics;
use crate::scan::position::SourceLine;
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
pub(crate) trait RowMark: Copy {
    /// The byte of the input at which the row begins.
    fn byte(&self) -> u64;
    /// Writes it, in [`SIZE`] bytes.
    fn write(self, out: &mut Vec<u8>);
    /// Reads what was written.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// A row that repeats another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DuplicateMark {
    /// The byte of the input at which the row begins.
    pub(crate) byte: u64,
    /// Where the first row of the same identity is.
    pub(crate) first: SourceLine,
    /// Whether the two say different things.
    pub(crate) differs: bool,
}

impl RowMark for DuplicateMark {
    fn byte(&self) -> u64 {
        self.byte
    }

    fn write(self, out: &mut Vec<u8>) {
        let differs = if self.differs { DIFFERS } else { 0 };
        out.extend_from_slice(&(self.byte | differs).to_le_bytes());
        out.extend_from_slice(&self.first.0.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (byte, first) = bytes.split_first_chunk::<8>()?;
        let (byte, first) = (u64::from_le_bytes(*byte), u64::from_le_bytes(*first.first_chunk()?));
        Some(Self { byte: byte & !DIFFERS, first: SourceLine(first), differs: byte & DIFFERS != 0 })
    }
}

/// The verdicts on all inputs.
pub(crate) struct RowMarks<V = DuplicateMark> {
    spill: Scratch,
    inputs: Vec<InputMarks>,
    of: PhantomData<V>,
}

/// The verdicts on one input.
#[derive(Default)]
struct InputMarks {
    /// Where they begin in the file.
    start: u64,
    count: usize,
    /// The byte of the row of each [`STEP`]th verdict.
    steps: Vec<u64>,
}

impl<V: RowMark> RowMarks<V> {
    /// The verdicts on one chunk, for rows that begin within `rows`, in their order.
    pub(crate) fn of(&self, input: usize, rows: &RangeInclusive<u64>) -> Result<Vec<V>, Fatal> {
        let mut found = Vec::new();
        let Some(of_input) = self.inputs.get(input).filter(|of_input| of_input.count > 0) else {
            return Ok(found);
        };
        // What belongs to the first row may are behind the last step that is not after it.
        let mut step = of_input.steps.partition_point(|byte| byte <= rows.start()).saturating_sub(1);
        let mut buffer = Vec::new();
        while of_input.steps.get(step).is_some_and(|byte| byte <= rows.end()) {
            let count = (of_input.count - step * STEP).min(STEP);
            buffer.resize(count * SIZE, 0);
            self.spill.read_at(of_input.start + (step * STEP * SIZE) as u64, &mut buffer)?;
            let marks = buffer.chunks_exact(SIZE).filter_map(V::read);
            found.extend(marks.filter(|mark| rows.contains(&mark.byte())));
            step += 1;
        }
        Ok(found)
    }
}

/// Takes verdicts in the order of inputs and rows.
pub(crate) struct MarkRecorder<V = DuplicateMark> {
    marks: RowMarks<V>,
    buffer: Vec<u8>,
    written: u64,
}

impl<V: RowMark> MarkRecorder<V> {
    /// Begins without a verdict; they are written to a folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, Fatal> {
        let marks = RowMarks { spill: Scratch::create(folder)?, inputs: Vec::new(), of: PhantomData };
        Ok(Self { marks, buffer: Vec::new(), written: 0 })
    }

    /// Adds the next one.
    pub(crate) fn push(&mut self, input: usize, mark: V) -> Result<(), Fatal> {
        let inputs = &mut self.marks.inputs;
        while inputs.len() <= input {
            inputs.push(InputMarks { start: self.written, ..InputMarks::default() });
        }
        let of_input = inputs.last_mut().ok_or_else(|| diagnostics::bug("a verdict without an input"))?;
        if of_input.count.is_multiple_of(STEP) {
            of_input.steps.push(mark.byte());
        }
        of_input.count += 1;
        mark.write(&mut self.buffer);
        self.written += SIZE as u64;
        if self.buffer.len() >= STEP * SIZE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Fatal> {
        self.marks.spill.append(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Everything that was added.
    pub(crate) fn finish(mut self) -> Result<RowMarks<V>, Fatal> {
        self.flush()?;
        Ok(self.marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_found_by_chunk() {
        let mut recorder = MarkRecorder::new(&std::env::temp_dir()).unwrap();
        let mark = |byte: u64| DuplicateMark {
            byte,
            first: SourceLine::new(1, byte),
            differs: byte.is_multiple_of(3),
        };
        let bytes: Vec<u64> = (0..5000).map(|number| number * 7).collect();
        for input in [0, 2] {
            for byte in &bytes {
                recorder.push(input, mark(*byte)).unwrap();
            }
        }
        let marks = recorder.finish().unwrap();
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
            let expected: Vec<DuplicateMark> =
                bytes.iter().filter(|byte| (start..=end).contains(*byte)).map(|byte| mark(*byte)).collect();
            for input in [0, 2] {
                assert_eq!(marks.of(input, &(start..=end)).unwrap(), expected, "{start} to {end}");
            }
        }
        assert!(marks.of(1, &(0..=100)).unwrap().is_empty() && marks.of(3, &(0..=100)).unwrap().is_empty());
    }
}
