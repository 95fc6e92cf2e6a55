//! Blocks from groups in memory: ranges of releases are built, encoded and written by several
//! workers, in order.

use crate::aggregate::table::Group;
use crate::consolidate::in_memory::{SortedInMemory, starts_block};
use crate::diagnostics;
use crate::emit::blocks::{BlockEncoding, USAGES, push_block};
use crate::output::files::OutputFiles;
use crate::royalties::rows::Rows;
use crate::scan::ordered::{Flow, OrderedConsumer};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{EncodedBatch, Numbers};
use transpose_core::model::BlockBatch;

struct GroupRange {
    bucket: usize,
    groups: Range<usize>,
    numbers: Numbers,
    /// How many kinds of items come before.
    place: u64,
}

/// Builds, encodes and writes all groups; answers the report of the encoder.
pub(crate) fn emit(
    sorted: &SortedInMemory<'_>,
    encoding: BlockEncoding<'_>,
    files: &mut OutputFiles<'_>,
    threads: usize,
    report: &mut RunReport,
) -> Result<(), Fatal> {
    let ranges = ranges(sorted, encoding.usages.rows());
    let next = AtomicUsize::new(0);
    let flow = Flow::default();
    let consumer = OrderedConsumer::new(threads * 2, |(encoded, chunk_report): (EncodedBatch, RunReport)| {
        report.merge(chunk_report).map_err(|error| diagnostics::imbalance(&error))?;
        files.write(&encoded)
    });
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1))
            .map(|_| {
                scope.spawn(|| {
                    let mut batch = BlockBatch::default();
                    while !flow.stopped() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(range) = ranges.get(index) else { return };
                        batch.clear();
                        let groups =
                            sorted.buckets.get(range.bucket).and_then(|all| all.get(range.groups.clone()));
                        let mut chunk_report = RunReport::default();
                        let groups = groups.unwrap_or(&[]);
                        build(sorted, encoding, groups, range.place, &mut batch, &mut chunk_report);
                        let outcome =
                            encoding.encode(&batch, range.numbers, &mut chunk_report).and_then(|encoded| {
                                consumer.submit(index as u64, (encoded, chunk_report), &flow)
                            });
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

fn ranges(sorted: &SortedInMemory<'_>, rows: &Rows) -> Vec<GroupRange> {
    let mut ranges = Vec::new();
    let (mut numbers, mut place) = (Numbers::default(), 0);
    for (bucket, groups) in sorted.buckets.iter().enumerate() {
        let (mut start, mut at_start) = (0, (numbers, place));
        for (index, group) in groups.iter().enumerate() {
            let next = groups.get(index + 1);
            numbers.usages += u64::from(next.is_none_or(|next| !rows.same(group, next)));
            place += u64::from(next.is_none_or(|next| !rows.paid_together(group, next)));
            let ends = next
                .is_none_or(|next| starts_block(&sorted.releases, sorted.pair(*group), sorted.pair(*next)));
            numbers.blocks += u64::from(ends);
            if ends && (next.is_none() || index + 1 - start >= USAGES) {
                ranges.push(GroupRange {
                    bucket,
                    groups: start..index + 1,
                    numbers: at_start.0,
                    place: at_start.1,
                });
                (start, at_start) = (index + 1, (numbers, place));
            }
        }
    }
    ranges
}

fn build(
    sorted: &SortedInMemory<'_>,
    encoding: BlockEncoding<'_>,
    mut groups: &[Group],
    mut place: u64,
    batch: &mut BlockBatch,
    report: &mut RunReport,
) {
    while let Some(first) = groups.first() {
        let pair = sorted.pair(*first);
        let same = |group: &&Group| !starts_block(&sorted.releases, pair, sorted.pair(**group));
        let len = groups.iter().take_while(same).count();
        let (block, rest) = groups.split_at(len);
        groups = rest;
        let release = (!sorted.releases.is_empty_identity(pair.0)).then(|| sorted.releases.cells(pair.0));
        let recordings = block.chunk_by(|a, b| a.item() == b.item()).filter_map(<[Group]>::first);
        let recordings = recordings.map(|group| {
            let rank = sorted.pair(*group).1;
            // What names no recording is a usage of the release itself.
            (release.is_none() || !sorted.recordings.is_empty_identity(rank))
                .then(|| sorted.recordings.cells(rank))
        });
        push_block(batch, encoding, release, recordings, block, &mut place, &mut report.diagnostics);
    }
}
