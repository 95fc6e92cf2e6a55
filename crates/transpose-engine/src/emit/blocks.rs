//! Groups become blocks: ranges of releases are built, encoded and written side by side, in order.

use crate::aggregate::table::Group as Counted;
use crate::aggregate::totals::Sums;
use crate::consolidate::describe::Shapes;
use crate::consolidate::in_memory::{Settled, parts_of};
use crate::diagnostics;
use crate::emit::usages::Usages;
use crate::output::files::Sink;
use crate::royalties::rows::Rows;
use crate::scan::ordered::{Flow, Sequencer, side_by_side};
use crate::storage::varint::Cells;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Encode, Encoded, Numbers, Portion};
use transpose_core::model::{BlockBatch, Blocks, Entity, Shape, Span};

/// What was counted, in the order of the output, wherever it lies.
pub(crate) trait Ordered {
    /// What was counted in all.
    fn sums(&self) -> &Sums;

    /// Brings the usages of each item into the order of their rows.
    fn arrange(&mut self, rows: &Rows, threads: usize) -> Result<(), Fatal>;

    /// Gives all groups to `each`, many at a time and in the order of the output; those of an item
    /// stay together.
    fn visit(&self, rows: &Rows, each: &mut dyn FnMut(&[Counted])) -> Result<(), Fatal>;

    /// Builds, encodes and writes everything.
    fn emit(
        &self,
        frame: Frame<'_>,
        sink: &mut Sink<'_>,
        threads: usize,
        report: &mut RunReport,
    ) -> Result<(), Fatal>;
}

impl Ordered for Settled<'_> {
    fn sums(&self) -> &Sums {
        &self.sums
    }

    fn arrange(&mut self, rows: &Rows, threads: usize) -> Result<(), Fatal> {
        let buckets = std::mem::take(&mut self.buckets);
        self.buckets = side_by_side(
            threads,
            buckets,
            || (),
            |(), mut bucket| {
                rows.arrange(&mut bucket);
                Ok(bucket)
            },
        )?;
        Ok(())
    }

    fn visit(&self, _rows: &Rows, each: &mut dyn FnMut(&[Counted])) -> Result<(), Fatal> {
        self.buckets.iter().for_each(|bucket| each(bucket));
        Ok(())
    }

    fn emit(
        &self,
        frame: Frame<'_>,
        sink: &mut Sink<'_>,
        threads: usize,
        report: &mut RunReport,
    ) -> Result<(), Fatal> {
        emit(self, frame, sink, threads, report)
    }
}

/// Shapes of the blocks made here, by index.
const RELEASE: usize = 0;
const RECORDING: usize = 1;
/// Allocations follow, where there are any.
const USAGE: usize = 2;

/// The shapes of the blocks that are made here.
pub(crate) fn shapes(shapes: &Shapes, usages: &Usages<'_>) -> Vec<Shape> {
    let mut all = vec![shapes.release.clone(), shapes.recording.clone(), usages.shape()];
    all.extend(usages.allocation());
    all
}

struct Work {
    bucket: usize,
    groups: Range<usize>,
    numbers: Numbers,
    /// How many kinds of items come before.
    place: u64,
}

/// How many usages a range has, roughly: enough to keep a worker busy, few enough to bound memory.
pub(crate) const USAGES: usize = 2048;

/// What every batch of blocks is made with.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) shapes: &'a [Shape],
    pub(crate) contexts: &'a [Entity],
    pub(crate) usages: &'a Usages<'a>,
    pub(crate) encoder: &'a dyn Encode,
}

impl Frame<'_> {
    /// Encodes a batch.
    pub(crate) fn encode(
        self,
        batch: &BlockBatch,
        numbers: Numbers,
        report: &mut RunReport,
    ) -> Result<Encoded, Fatal> {
        let blocks = Blocks { batch, chunk: &[], shapes: self.shapes, contexts: self.contexts };
        let mut encoded = Encoded::default();
        self.encoder.encode(Portion::Blocks(blocks), numbers, &mut encoded, report)?;
        Ok(encoded)
    }
}

/// Builds, encodes and writes all groups; answers the report of the encoder.
fn emit(
    settled: &Settled<'_>,
    frame: Frame<'_>,
    sink: &mut Sink<'_>,
    threads: usize,
    report: &mut RunReport,
) -> Result<(), Fatal> {
    let works = works(settled, frame.usages.rows());
    let next = AtomicUsize::new(0);
    let flow = Flow::default();
    let sequencer = Sequencer::new(threads * 2, |(encoded, part): (Encoded, RunReport)| {
        report.merge(part).map_err(|error| diagnostics::imbalance(&error))?;
        sink.write(&encoded)
    });
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1))
            .map(|_| {
                scope.spawn(|| {
                    let mut batch = BlockBatch::default();
                    while !flow.stopped() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(work) = works.get(index) else { return };
                        batch.clear();
                        let groups =
                            settled.buckets.get(work.bucket).and_then(|all| all.get(work.groups.clone()));
                        build(settled, frame.usages, groups.unwrap_or(&[]), work.place, &mut batch);
                        let mut part = RunReport::default();
                        let outcome = frame
                            .encode(&batch, work.numbers, &mut part)
                            .and_then(|encoded| sequencer.put(index as u64, (encoded, part), &flow));
                        if let Err(fatal) = outcome {
                            flow.fail(fatal);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            if worker.join().is_err() {
                flow.fail(diagnostics::bug("an encoder stopped unexpectedly"));
            }
        }
    });
    flow.outcome()
}

fn works(settled: &Settled<'_>, rows: &Rows) -> Vec<Work> {
    let mut works = Vec::new();
    let (mut numbers, mut place) = (Numbers::default(), 0);
    for (bucket, groups) in settled.buckets.iter().enumerate() {
        let (mut start, mut at_start) = (0, (numbers, place));
        for (index, group) in groups.iter().enumerate() {
            let next = groups.get(index + 1);
            numbers.usages += u64::from(next.is_none_or(|next| !rows.same(group, next)));
            place += u64::from(next.is_none_or(|next| !rows.paid_together(group, next)));
            let ends = next
                .is_none_or(|next| parts_of(&settled.releases, settled.pair(*group), settled.pair(*next)));
            numbers.blocks += u64::from(ends);
            if ends && (next.is_none() || index + 1 - start >= USAGES) {
                works.push(Work { bucket, groups: start..index + 1, numbers: at_start.0, place: at_start.1 });
                (start, at_start) = (index + 1, (numbers, place));
            }
        }
    }
    works
}

fn build(
    settled: &Settled<'_>,
    usages: &Usages<'_>,
    mut groups: &[Counted],
    mut place: u64,
    batch: &mut BlockBatch,
) {
    while let Some(first) = groups.first() {
        let pair = settled.pair(*first);
        let same = |group: &&Counted| !parts_of(&settled.releases, pair, settled.pair(**group));
        let len = groups.iter().take_while(same).count();
        let (block, rest) = groups.split_at(len);
        groups = rest;
        let release = (!settled.releases.is_nobody(pair.0)).then(|| settled.releases.cells(pair.0));
        let recordings = block.chunk_by(|a, b| a.item() == b.item()).filter_map(<[Counted]>::first);
        let recordings = recordings.map(|group| {
            let rank = settled.pair(*group).1;
            // What names no recording is a usage of the release itself.
            (release.is_none() || !settled.recordings.is_nobody(rank)).then(|| settled.recordings.cells(rank))
        });
        push_block(batch, usages, release, recordings, block, &mut place);
    }
}

/// Adds a block; the groups are those of its recordings, in their order. Those of the release
/// itself come last, where there should be a recording is nothing. `place` counts kinds of items
/// through the whole output.
pub(crate) fn push_block<'a>(
    batch: &mut BlockBatch,
    usages: &Usages<'_>,
    release: Option<&[u8]>,
    recordings: impl Iterator<Item = Option<&'a [u8]>>,
    groups: &[Counted],
    place: &mut u64,
) {
    batch.begin_block(Span::ABSENT, 0);
    let mut first = 0;
    if let Some(cells) = release {
        entity(batch, RELEASE, cells);
        first = 1;
    }
    let mut end = first;
    for cells in recordings.flatten() {
        entity(batch, RECORDING, cells);
        end += 1;
    }
    let of_recordings = groups.chunk_by(|a, b| a.item() == b.item());
    for (parent, groups) in (first..).zip(of_recordings) {
        let parent = if parent < end { parent } else { 0 };
        for groups in groups.chunk_by(|a, b| usages.rows().same(a, b)) {
            usages.push(batch, USAGE, groups, parent, place);
        }
    }
    batch.end_block(0);
}

fn entity(batch: &mut BlockBatch, shape: usize, cells: &[u8]) {
    batch.push_entity(shape, Cells(cells).count(), 0);
    for (column, cell) in Cells(cells).enumerate() {
        if let Some(text) = cell {
            let span = batch.text(text);
            batch.set(column, span);
        }
    }
}
