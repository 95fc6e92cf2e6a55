//! Emit: groups become blocks, encoded and written in order.

pub(crate) mod blocks;
mod in_memory;
mod on_disk;
pub(crate) mod usages;

use crate::consolidate::SortedGroups;
use crate::output::files::Sink;
use blocks::Frame;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::Fatal;

/// Builds, encodes and writes all groups; the report of the encoder is added to `report`.
pub(crate) fn emit(
    sorted: &SortedGroups<'_>,
    frame: Frame<'_>,
    sink: &mut Sink<'_>,
    threads: usize,
    report: &mut RunReport,
) -> Result<(), Fatal> {
    match sorted {
        SortedGroups::InMemory(sorted) => in_memory::emit(sorted, frame, sink, threads, report),
        SortedGroups::OnDisk(sorted) => on_disk::emit(sorted, frame, sink, report),
    }
}
