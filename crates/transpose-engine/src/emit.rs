//! Totals become blocks: ranges of releases are built, encoded and written side by side, in order.

use crate::canonical::{Canon, Things, Total};
use crate::codes;
use crate::order::{Flow, Sequencer};
use crate::sink::Sink;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use transpose_codes::duration::Duration;
use transpose_core::batch::{BlockBatch, Blocks, Shape, Slot, Span};
use transpose_core::diagnostic::Fatal;
use transpose_core::field::{Field, Group};
use transpose_core::format::{Encode, Encoded, Numbers, Portion};
use transpose_core::report::Report;

/// Shapes of the blocks made here, by index.
const RELEASE: usize = 0;
const RECORDING: usize = 1;
const USAGE: usize = 2;

/// The columns of a usage made here.
const QUANTITY: usize = 0;
const DURATION: usize = 1;
const BEARING: usize = 2;

/// The shapes of the blocks that [`emit`] makes.
pub(crate) fn shapes(canon: &Canon) -> Vec<Shape> {
    let usage = [Field::QUANTITY, Field::USAGE_DURATION, Field::ROYALTY_BEARING];
    vec![
        canon.releases.shape.clone(),
        canon.recordings.shape.clone(),
        Shape {
            record: "".into(),
            group: Group::Usage,
            columns: usage.into_iter().map(Slot::Field).collect(),
        },
    ]
}

struct Work {
    totals: Range<usize>,
    numbers: Numbers,
}

/// How many usages a range has, roughly: enough to keep a worker busy, few enough to bound memory.
const USAGES: usize = 2048;

/// Builds, encodes and writes all totals, which must be sorted; answers the report of the encoder.
pub(crate) fn emit(
    canon: &Canon,
    shapes: &[Shape],
    encoder: &dyn Encode,
    sink: &mut Sink<'_>,
    threads: usize,
    report: &mut Report,
) -> Result<(), Fatal> {
    let works = works(canon);
    let next = AtomicUsize::new(0);
    let flow = Flow::default();
    let sequencer = Sequencer::new(threads * 2, |(encoded, part): (Encoded, Report)| {
        report.merge(part).map_err(|error| codes::imbalance(&error))?;
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
                        build(canon, canon.totals.get(work.totals.clone()).unwrap_or(&[]), &mut batch);
                        let blocks =
                            Blocks { batch: &batch, chunk: &canon.text, shapes, contexts: &canon.contexts };
                        let mut encoded = Encoded::default();
                        let mut part = Report::default();
                        let outcome = encoder
                            .encode(Portion::Blocks(blocks), work.numbers, &mut encoded, &mut part)
                            .and_then(|()| sequencer.put(index as u64, (encoded, part), &flow));
                        if let Err(fatal) = outcome {
                            flow.fail(fatal);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            if worker.join().is_err() {
                flow.fail(codes::bug("an encoder stopped unexpectedly"));
            }
        }
    });
    flow.outcome()
}

/// Whether the second total belongs to another block than the first: another release, or another recording where there is no release.
fn parts(releases: &Things, a: &Total, b: &Total) -> bool {
    a.release != b.release || (releases.is_nobody(a.release) && a.recording != b.recording)
}

fn works(canon: &Canon) -> Vec<Work> {
    let mut works = Vec::new();
    let mut numbers = Numbers::default();
    let (mut start, mut at_start) = (0, numbers);
    for (index, pair) in canon.totals.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        numbers.usages += 1;
        if parts(&canon.releases, a, b) {
            numbers.blocks += 1;
            if index + 1 - start >= USAGES {
                works.push(Work { totals: start..index + 1, numbers: at_start });
                (start, at_start) = (index + 1, numbers);
            }
        }
    }
    if start < canon.totals.len() {
        works.push(Work { totals: start..canon.totals.len(), numbers: at_start });
    }
    works
}

fn build(canon: &Canon, mut totals: &[Total], batch: &mut BlockBatch) {
    while let Some(first) = totals.first() {
        let len = totals.iter().take_while(|total| !parts(&canon.releases, first, total)).count();
        let (block, rest) = totals.split_at(len);
        totals = rest;
        batch.begin_block(Span::ABSENT, 0);
        if !canon.releases.is_nobody(first.release) {
            entity(batch, RELEASE, canon.releases.cells(first.release));
        }
        let mut last = None;
        let mut recordings = 0;
        for total in block {
            if last != Some(total.recording) {
                entity(batch, RECORDING, canon.recordings.cells(total.recording));
                recordings += 1;
                last = Some(total.recording);
            }
        }
        let releases = u32::from(!canon.releases.is_nobody(first.release));
        debug_assert!(recordings > 0, "a block has recordings");
        let mut parent = releases;
        let mut previous = first.recording;
        for total in block {
            if total.recording != previous {
                parent += 1;
                previous = total.recording;
            }
            usage(batch, total, parent);
        }
        batch.end_block(0);
    }
}

fn entity(batch: &mut BlockBatch, shape: usize, cells: &[Span]) {
    batch.push_entity(shape, cells.len(), 0);
    for (column, cell) in cells.iter().enumerate() {
        batch.set(column, *cell);
    }
}

fn usage(batch: &mut BlockBatch, total: &Total, parent: u32) {
    batch.push_entity(USAGE, 3, 0);
    if let Some(entity) = batch.last_entity() {
        entity.parent = parent;
        entity.context = total.context;
    }
    let start = batch.arena.len();
    digits(total.plays, &mut batch.arena);
    let end = batch.arena.len();
    batch.set(QUANTITY, Span::arena(start, end));
    Duration::from_micros(total.micros).write_iso(&mut batch.arena);
    batch.set(DURATION, Span::arena(end, batch.arena.len()));
    let flag: &[u8] = if total.bearing { b"true" } else { b"false" };
    let flag = batch.text(flag);
    batch.set(BEARING, flag);
}

/// Writes a whole number in decimal digits.
fn digits(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
}
