//! Cells of events: each is read, so that everything wrong with it is reported at its place.

use crate::diagnostics;
use transpose_core::diagnostics::Diagnostics;
use transpose_core::format::{EventDecoder, Origin};
use transpose_core::model::{EventBatch, Field, Span};

/// Reports what is wrong with the cells of a chunk's rows.
pub(super) fn check_cells(
    events: &EventBatch,
    chunk: &[u8],
    origin: Origin,
    fields: &[Field],
    decoder: &dyn EventDecoder,
    diagnostics: &mut Diagnostics,
) {
    let mut scratch = Vec::new();
    // Neighbouring rows often hold the same, and what was good is good again.
    let mut good: Vec<&[u8]> = vec![&[]; fields.len()];
    for (row, cells) in events.rows.iter().zip(events.cells.chunks_exact(events.row_cells.max(1))) {
        for ((field, cell), good) in fields.iter().zip(cells).zip(&mut good) {
            let cell: &Span = cell;
            let raw = cell.bytes(chunk, &events.arena);
            if raw.is_empty() || raw == *good {
                continue;
            }
            match decoder.canonical_cell(*field, raw, &mut scratch) {
                Ok(_) => *good = raw,
                Err(cell) => diagnostics
                    .report(cell.code, || diagnostics::of_cell(&cell, origin.locate(row.line, row.start))),
            }
        }
    }
}
