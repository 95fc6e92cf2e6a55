//! How a block is built and encoded: a release, its recordings, and their usages.

use crate::aggregate::table::Group;
use crate::consolidate::shapes::Shapes;
use crate::emit::usages::UsageWriter;
use crate::enrich::tracklists::Tracklists;
use crate::storage::varint::Cells;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{BlockEncoder, EncodedBatch, Numbers};
use transpose_core::model::{BlockBatch, Blocks, Entity, Shape, Span};

/// Shapes of the blocks made here, by index.
const RELEASE: usize = 0;
const RECORDING: usize = 1;
/// Allocations follow, where there are any.
const USAGE: usize = 2;

/// The shapes of the blocks that are made here.
pub(crate) fn shapes(shapes: &Shapes, usages: &UsageWriter<'_>) -> Vec<Shape> {
    let mut all = vec![shapes.release.clone(), shapes.recording.clone(), usages.shape()];
    all.extend(usages.allocation());
    all
}

/// How many usages a range has, roughly: enough to keep a worker busy, few enough to bound memory.
pub(crate) const USAGES: usize = 2048;

/// What every batch of blocks is made with.
#[derive(Clone, Copy)]
pub(crate) struct BlockEncoding<'a> {
    pub(crate) shapes: &'a [Shape],
    pub(crate) contexts: &'a [Entity],
    pub(crate) usages: &'a UsageWriter<'a>,
    /// The tracks of releases, where the target lists those of a release that was sold.
    pub(crate) tracklists: Option<&'a Tracklists<'a>>,
    pub(crate) encoder: &'a dyn BlockEncoder,
}

impl BlockEncoding<'_> {
    /// Encodes a batch.
    pub(crate) fn encode(
        self,
        batch: &BlockBatch,
        numbers: Numbers,
        report: &mut RunReport,
    ) -> Result<EncodedBatch, Fatal> {
        let blocks = Blocks { batch, chunk: &[], shapes: self.shapes, contexts: self.contexts };
        let mut encoded = EncodedBatch::default();
        self.encoder.encode(blocks, numbers, &mut encoded, report)?;
        Ok(encoded)
    }
}

/// Adds a block; the groups are those of its recordings, in their order. Those of the release
/// itself come last, where there should be a recording is nothing. `place` counts kinds of items
/// through the whole output.
pub(crate) fn push_block<'a>(
    batch: &mut BlockBatch,
    encoding: BlockEncoding<'_>,
    release: Option<&[u8]>,
    recordings: impl Iterator<Item = Option<&'a [u8]>>,
    groups: &[Group],
    place: &mut u64,
    diagnostics: &mut Diagnostics,
) {
    let BlockEncoding { usages, tracklists, .. } = encoding;
    batch.begin_block(Span::ABSENT, 0);
    let mut first = 0;
    if let Some(cells) = release {
        entity(batch, RELEASE, cells, &[]);
        first = 1;
    }
    let mut end = first;
    let mut known = Vec::new();
    for cells in recordings.flatten() {
        entity(batch, RECORDING, cells, usages.lists());
        end += 1;
        known.extend(tracklists.map(|_| cells));
    }
    // Of a release that was sold as a whole all recordings are listed.
    if let (Some(tracklists), Some(release)) = (tracklists, release)
        && groups.chunk_by(|a, b| a.item() == b.item()).count() > (end - first) as usize
    {
        for cells in tracklists.missing(release, &known, diagnostics) {
            entity(batch, RECORDING, &cells, usages.lists());
        }
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

fn entity(batch: &mut BlockBatch, shape: usize, cells: &[u8], lists: &[bool]) {
    batch.push_entity(shape, Cells(cells).count(), 0);
    for (column, cell) in Cells(cells).enumerate() {
        let Some(text) = cell else { continue };
        let mut span = batch.text(text);
        if lists.get(column).is_some_and(|is_list| *is_list) && text.contains(&b'|') {
            let parts: Vec<Span> = text.split(|byte| *byte == b'|').map(|part| batch.text(part)).collect();
            span = batch.list(&parts);
        }
        batch.set(column, span);
    }
}
