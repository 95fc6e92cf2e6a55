//! Single plays that stay single plays: the rows of a chunk are checked and encoded.

use crate::diagnostics;
use crate::filter::period::RowFilter;
use crate::output::slices::rows_by_slice;
use crate::output::spec::Slicing;
use crate::scan::chunks::DecodedChunk;
use crate::scan::rejects::{rejected, report_rejects};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{CellDiagnostic, Fatal, Reject, Severity};
use transpose_core::format::{EncodedBatch, EventDecoder, EventEncoder, Events};
use transpose_core::model::{EventBatch, Field};

/// What a chunk came to: its report, its rejects, and what was encoded, by the first moment of its
/// slice.
pub(crate) type EncodedRows = (RunReport, Vec<Reject>, Vec<(i64, EncodedBatch)>);

/// Encodes the rows of a chunk, whose cells are those of `fields`: slice by slice where rows are
/// divided to slices.
pub(crate) fn encode_events(
    chunk: DecodedChunk<'_>,
    decoder: &dyn EventDecoder,
    encoder: &dyn EventEncoder,
    fields: &[Field],
    slicing: Option<(Slicing<'_>, RowFilter<'_>)>,
) -> Result<EncodedRows, Fatal> {
    let DecodedChunk { bytes, origin, mut numbers, batch, mut report, .. } = chunk;
    let mut rejects = batch.rejects.clone();
    let events = &mut batch.events;
    // A row is checked before it is encoded, so that no output holds half of a row that turns out
    // to be wrong.
    let faulty = faulty_rows(events, bytes, decoder, fields);
    if !faulty.is_empty() {
        let mut faulty = faulty.into_iter().peekable();
        events.retain(|index, row| {
            let Some((_, cell)) = faulty.next_if(|(faulty, _)| *faulty == index) else { return true };
            rejects.push(rejected(
                row,
                diagnostics::of_cell(&cell, origin.locate(row.line, row.start)),
                false,
            ));
            false
        });
    }
    rejects.sort_by_key(|reject| reject.start);
    let (mut plays, mut micros) = (0, 0);
    for row in &events.rows {
        plays += u64::from(row.plays);
        micros += i128::from(row.micros);
    }
    report.ledger.read.play(events.rows.len() as u64, plays, micros);
    report.ledger.converted.play(events.rows.len() as u64, plays, micros);
    report_rejects(&rejects, &mut report);
    numbers.line = origin.line;
    let mut encode = |events: &EventBatch| {
        let mut encoded = EncodedBatch::default();
        let events = Events { batch: events, chunk: bytes, fields, decoder };
        encoder.encode(events, numbers, &mut encoded, &mut report).map(|()| encoded)
    };
    let mut encoded = Vec::new();
    if let Some((slicing, filter)) = slicing {
        for (slice, events) in rows_by_slice(events, slicing, |row| filter.moment(row, events, bytes)) {
            encoded.push((slice, encode(&events)?));
        }
    } else {
        encoded.push((0, encode(events)?));
    }
    Ok((report, rejects, encoded))
}

/// Rows with a cell that cannot be passed on, with the first such cell of each.
fn faulty_rows(
    events: &EventBatch,
    chunk: &[u8],
    decoder: &dyn EventDecoder,
    fields: &[Field],
) -> Vec<(usize, CellDiagnostic)> {
    let mut faulty = Vec::new();
    let mut scratch = Vec::new();
    for (index, cells) in events.cells.chunks_exact(events.row_cells.max(1)).enumerate() {
        for (field, cell) in fields.iter().zip(cells) {
            if let Err(found) = decoder.canonical_cell(*field, cell.bytes(chunk, &events.arena), &mut scratch)
                && found.code.severity == Severity::Error
            {
                faulty.push((index, found));
                break;
            }
        }
    }
    faulty
}
