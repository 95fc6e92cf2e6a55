//! Sorting more than fits into memory: sorted runs on disk, merged when they are read.
//!
//! ```text
//!  push      in memory             on disk                              read, as often as wanted
//!  ─────▶ ┌───────────┐  when    level 0  [run] [run] … 64 of them ─┐
//!         │ d b a c … │  full,                     merged into one  │  at most 64 runs,
//!         └───────────┘  sorted  level 1  [  run of 64 runs  ]    ◀─┘  a heap of their heads
//!                        ─────▶  …                                     ─────▶ a b c d …
//! ```

use crate::diagnostics;
use crate::storage::scratch::{Extent, FrameReader, FrameWriter, Scratch};
use crate::storage::varint::{put_text, take_text};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use transpose_core::diagnostics::Fatal;

/// How many runs are merged at once.
const FAN: usize = 64;

/// Takes records in any order.
pub(crate) struct Sorter<'a> {
    spill: &'a Scratch,
    /// How much memory the records may take.
    limit: usize,
    records: Vec<u8>,
    index: Vec<RecordRef>,
    /// Runs by level: a run of one level has the records of [`FAN`] runs of the level below.
    levels: Vec<Vec<Vec<Extent>>>,
}

#[derive(Clone, Copy)]
struct RecordRef {
    prefix: u64,
    start: u32,
}

impl<'a> Sorter<'a> {
    pub(crate) fn new(spill: &'a Scratch, limit: usize) -> Self {
        let limit = limit.clamp(1 << 12, 1 << 30);
        Self { spill, limit, records: Vec::new(), index: Vec::new(), levels: Vec::new() }
    }

    /// Adds a record.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fatal> {
        let taken = self.records.len() + self.index.len() * size_of::<RecordRef>();
        if taken + key.len() + value.len() > self.limit && !self.index.is_empty() {
            self.flush()?;
        }
        if self.records.capacity() == 0 {
            // Growing step by step would take up to three times the memory for a moment.
            self.records.reserve(self.limit / 4 * 3);
            self.index.reserve(self.limit / 4 / size_of::<RecordRef>());
        }
        let start =
            u32::try_from(self.records.len()).map_err(|_| diagnostics::overflow("bytes of one item"))?;
        put_text(key, &mut self.records);
        put_text(value, &mut self.records);
        self.index.push(RecordRef { prefix: prefix(key), start });
        Ok(())
    }

    /// Writes what is in memory as a run.
    fn flush(&mut self) -> Result<(), Fatal> {
        let record = |record_ref: &RecordRef| {
            let mut rest = self.records.get(record_ref.start as usize..).unwrap_or(&[]);
            (take_text(&mut rest).unwrap_or(&[]), take_text(&mut rest).unwrap_or(&[]))
        };
        let order =
            |a: &RecordRef, b: &RecordRef| a.prefix.cmp(&b.prefix).then_with(|| record(a).0.cmp(record(b).0));
        self.index.sort_unstable_by(order);
        let mut writer = FrameWriter::new(self.spill);
        let mut head = Vec::new();
        for record_ref in &self.index {
            let (key, value) = record(record_ref);
            write(&mut writer, &mut head, key, value)?;
        }
        self.records.clear();
        self.index.clear();
        let run = writer.finish()?;
        self.add_run(0, run)
    }

    fn add_run(&mut self, level: usize, run: Vec<Extent>) -> Result<(), Fatal> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        let Some(runs) = self.levels.get_mut(level) else { return Ok(()) };
        runs.push(run);
        if runs.len() < FAN {
            return Ok(());
        }
        let runs = std::mem::take(runs);
        let merged = merged(self.spill, &runs)?;
        self.add_run(level + 1, merged)
    }

    /// All records, sorted.
    pub(crate) fn finish(mut self) -> Result<SortedRecords<'a>, Fatal> {
        if !self.index.is_empty() {
            self.flush()?;
        }
        let mut runs: Vec<Vec<Extent>> = self.levels.into_iter().flatten().collect();
        while runs.len() > FAN {
            let rest = runs.split_off(FAN);
            let first = merged(self.spill, &runs)?;
            runs = rest;
            runs.push(first);
        }
        Ok(SortedRecords { spill: self.spill, runs })
    }
}

/// The first bytes of a key as a number that is ordered like them.
fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key).for_each(|(record_ref, byte)| *record_ref = *byte);
    u64::from_be_bytes(bytes)
}

fn write(writer: &mut FrameWriter<'_>, head: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Result<(), Fatal> {
    head.clear();
    crate::storage::varint::put(key.len() as u64, head);
    writer.frame(&[head, key, value])
}

/// Merges runs into one.
fn merged(spill: &Scratch, runs: &[Vec<Extent>]) -> Result<Vec<Extent>, Fatal> {
    let mut writer = FrameWriter::new(spill);
    let mut head = Vec::new();
    let mut merge = MergedRecords::new(spill, runs)?;
    while let Some((key, value)) = merge.next()? {
        write(&mut writer, &mut head, key, value)?;
    }
    writer.finish()
}

/// Sorted records; they can be read several times.
pub(crate) struct SortedRecords<'a> {
    spill: &'a Scratch,
    runs: Vec<Vec<Extent>>,
}

impl SortedRecords<'_> {
    /// The records from the first on.
    pub(crate) fn read(&self) -> Result<MergedRecords<'_>, Fatal> {
        MergedRecords::new(self.spill, &self.runs)
    }
}

/// Reads several runs as one.
pub(crate) struct MergedRecords<'a> {
    heads: BinaryHeap<RunHead<'a>>,
    /// Whether the first head was given out already.
    given: bool,
}

/// The next record of a run. The greatest is the one whose turn it is.
struct RunHead<'a> {
    reader: FrameReader<'a>,
    run: usize,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl RunHead<'_> {
    fn advance(&mut self) -> Result<bool, Fatal> {
        let Some(mut frame) = self.reader.next()? else { return Ok(false) };
        let key = take_text(&mut frame).ok_or_else(diagnostics::damaged_scratch)?;
        self.key.clear();
        self.key.extend_from_slice(key);
        self.value.clear();
        self.value.extend_from_slice(frame);
        Ok(true)
    }
}

impl Ord for RunHead<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key).then_with(|| other.run.cmp(&self.run))
    }
}

impl PartialOrd for RunHead<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RunHead<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for RunHead<'_> {}

impl<'a> MergedRecords<'a> {
    fn new(spill: &'a Scratch, runs: &'a [Vec<Extent>]) -> Result<Self, Fatal> {
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (run, extents) in runs.iter().enumerate() {
            let reader = FrameReader::new(spill, extents);
            let mut head = RunHead { reader, run, key: Vec::new(), value: Vec::new() };
            if head.advance()? {
                heads.push(head);
            }
        }
        Ok(Self { heads, given: false })
    }

    /// The record that [`MergedRecords::next`] would give, without moving on.
    pub(crate) fn peek(&mut self) -> Result<Option<(&[u8], &[u8])>, Fatal> {
        if std::mem::take(&mut self.given)
            && let Some(mut head) = self.heads.peek_mut()
            && !head.advance()?
        {
            PeekMut::pop(head);
        }
        Ok(self.heads.peek().map(|head| (&head.key[..], &head.value[..])))
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<(&[u8], &[u8])>, Fatal> {
        self.peek()?;
        self.given = true;
        Ok(self.heads.peek().map(|head| (&head.key[..], &head.value[..])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(limit: usize, records: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let spill = Scratch::create(&std::env::temp_dir()).unwrap();
        let mut sorter = Sorter::new(&spill, limit);
        for (key, value) in records {
            sorter.push(key, value).unwrap();
        }
        let sorted = sorter.finish().unwrap();
        let mut twice = Vec::new();
        for _ in 0..2 {
            let mut merge = sorted.read().unwrap();
            let mut out = Vec::new();
            while let Some((key, value)) = merge.next().unwrap() {
                out.push((key.to_vec(), value.to_vec()));
            }
            twice.push(out);
        }
        assert_eq!(twice[0], twice[1]);
        twice.remove(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn records_come_in_order(keys in proptest::collection::vec(proptest::collection::vec(0..3_u8, 0..12), 0..300)) {
            let mut records: Vec<_> = keys.into_iter().map(|key| (key.clone(), key)).collect();
            let out = sorted(0, &records);
            records.sort();
            prop_assert_eq!(out, records);
        }
    }

    #[test]
    fn more_runs_than_are_merged_at_once() {
        let mut records: Vec<_> = (0..40_000_u64)
            .map(|number| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec(), vec![7; 20]))
            .collect();
        let out = sorted(0, &records);
        records.sort();
        assert_eq!(out, records);
    }
}
