//! Emit: groups become blocks, which are encoded and written in order.
//!
//! | module | does |
//! |---|---|
//! | `in_memory` | ranges of releases by several workers, written in order |
//! | `on_disk` | three sorted streams read as one |
//! | `blocks` | one block: a release, its recordings, their usages |
//! | `usages` | the cells of a usage: what was counted, and what is paid for it |

pub(crate) mod blocks;
mod in_memory;
mod on_disk;
pub(crate) mod usages;

use crate::consolidate::SortedGroups;
use crate::output::files::OutputFiles;
use blocks::BlockEncoding;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;

/// Builds, encodes and writes all groups; the report of the encoder is added to `report`.
pub(crate) fn emit(
    sorted: &SortedGroups<'_>,
    encoding: BlockEncoding<'_>,
    files: &mut OutputFiles<'_>,
    threads: usize,
    report: &mut RunReport,
) -> Result<(), Fatal> {
    match sorted {
        SortedGroups::InMemory(sorted) => in_memory::emit(sorted, encoding, files, threads, report),
        SortedGroups::OnDisk(sorted) => on_disk::emit(sorted, encoding, files, report),
    }
}
