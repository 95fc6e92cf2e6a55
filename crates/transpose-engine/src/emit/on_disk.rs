//! Blocks from groups on disk: three sorted streams are read as one.
//!
//! ```text
//!  releases    R1                                R2
//!  recordings  R1,A            R1,B              R2,C
//!  groups      R1,A,0  R1,A,1  R1,B,0            R2,C,0  R2,C,1
//!              └────────── block of R1 ────────┘ └─ block of R2 ─┘
//! ```
//!
//! Only the block that is being built is in memory, with as many finished ones as are encoded at
//! once.

use crate::aggregate::table::Group;
use crate::consolidate::describe::EMPTY_IDENTITY;
use crate::consolidate::on_disk::{SortedOnDisk, next_identity, read_item};
use crate::diagnostics;
use crate::emit::blocks::{BlockEncoding, USAGES, push_block};
use crate::output::files::OutputFiles;
use crate::royalties::rows::Rows;
use crate::storage::sorter::MergedRecords;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Numbers;
use transpose_core::model::BlockBatch;

/// Builds, encodes and writes all groups, in order.
pub(crate) fn emit(
    sorted: &SortedOnDisk<'_>,
    encoding: BlockEncoding<'_>,
    files: &mut OutputFiles<'_>,
    report: &mut RunReport,
) -> Result<(), Fatal> {
    let mut releases = sorted.releases.read()?;
    let mut streams = Streams { recordings: sorted.recordings.read()?, groups: sorted.groups.read()? };
    let mut batch = BlockBatch::default();
    let (mut numbers, mut at_start) = (Numbers::default(), Numbers::default());
    let mut identity = Vec::new();
    let mut block = ReleaseGroups::default();
    let rows = encoding.usages.rows();
    let mut place = 0;
    let mut put = |batch: &mut BlockBatch, block: &mut ReleaseGroups, release: Option<&[u8]>| {
        let itself = block.ends_with_nobody && release.is_some();
        let named = block.recordings.len() - usize::from(itself);
        let recordings = block.recordings.iter().take(named).map(|cells| Some(cells.as_slice()));
        push_block(batch, encoding, release, recordings, &block.groups, &mut place, &mut report.diagnostics);
        numbers.blocks += 1;
        numbers.usages += block.groups.chunk_by(|a, b| rows.same(a, b)).count() as u64;
        block.clear();
        if numbers.usages - at_start.usages < USAGES as u64 {
            return Ok(());
        }
        let encoded = encoding.encode(batch, at_start, report)?;
        at_start = numbers;
        batch.clear();
        files.write(&encoded)
    };
    // Releases come first, see `blocks::shapes`.
    let Some(shape) = encoding.shapes.first() else { return Err(diagnostics::bug("blocks without shapes")) };
    while let Some(mut variants) = next_identity(&mut releases, shape, &mut identity, |_| ())? {
        let cells = variants.choose(sorted.policy);
        let empty_identity = identity.strip_suffix(&[0, 0]) == Some(EMPTY_IDENTITY);
        while streams.recording(&identity, rows, &mut block)? {
            if empty_identity {
                put(&mut batch, &mut block, None)?;
            }
        }
        if !empty_identity {
            put(&mut batch, &mut block, Some(&cells))?;
        }
    }
    if !batch.is_empty() {
        let encoded = encoding.encode(&batch, at_start, report)?;
        files.write(&encoded)?;
    }
    if streams.groups.peek()?.is_some() {
        return Err(diagnostics::bug("a group without a release"));
    }
    Ok(())
}

/// The recordings of one release with their groups, whose keys name them by their place here.
#[derive(Default)]
struct ReleaseGroups {
    recordings: Vec<Vec<u8>>,
    /// Whether the last recording is nothing at all, so that its groups are of the release itself.
    ends_with_nobody: bool,
    groups: Vec<Group>,
}

impl ReleaseGroups {
    fn clear(&mut self) {
        self.recordings.clear();
        self.ends_with_nobody = false;
        self.groups.clear();
    }
}

struct Streams<'a> {
    recordings: MergedRecords<'a>,
    groups: MergedRecords<'a>,
}

impl Streams<'_> {
    /// Adds the next recording of a release, with its groups, to a block.
    fn recording(&mut self, release: &[u8], rows: &Rows, block: &mut ReleaseGroups) -> Result<bool, Fatal> {
        let Some((key, cells)) = self.recordings.peek()?.filter(|(key, _)| key.starts_with(release)) else {
            return Ok(false);
        };
        let key = key.to_vec();
        let number = block.recordings.len() as u32;
        block.recordings.push(cells.to_vec());
        let identity = key.strip_prefix(release).and_then(|identity| identity.strip_suffix(&[0, 0]));
        block.ends_with_nobody = identity == Some(EMPTY_IDENTITY);
        // A pair that several items have is there several times.
        while self.recordings.peek()?.is_some_and(|(other, _)| other == key) {
            self.recordings.next()?;
        }
        let begin = block.groups.len();
        read_item(&mut self.groups, &key, number, &mut block.groups)?;
        rows.arrange(block.groups.get_mut(begin..).unwrap_or(&mut []));
        Ok(true)
    }
}
