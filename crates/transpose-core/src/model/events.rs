//! Events in bulk: one row for each play or sale, flat, borrowing its text from the chunk.

use crate::model::Span;

/// The part of an event that differs from row to row.
#[derive(Clone, Copy, Debug)]
pub struct EventRow {
    /// Where the row begins in the chunk.
    pub start: u32,
    /// How many bytes the row has, its line end included.
    pub len: u32,
    /// The line within the chunk, from 0.
    pub line: u32,
    /// How many plays or sales.
    pub plays: u32,
    /// When it took place, in microseconds since 1970 UTC; 0 unless asked for.
    pub time: i64,
    /// How long was played, in microseconds; 0 where absent.
    pub micros: i64,
}

/// Events of one chunk.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// The rows.
    pub rows: Vec<EventRow>,
    /// For each row the runs of raw bytes that make the item key, then those that make the context
    /// key.
    pub keys: Vec<Span>,
    /// How many runs of a row's keys belong to the item.
    pub item_runs: usize,
    /// How many runs belong to the context.
    pub context_runs: usize,
    /// For each row the raw cells of the projection's row fields, in its order.
    pub cells: Vec<Span>,
    /// How many cells a row has.
    pub row_cells: usize,
    /// Text that is not in the chunk.
    pub arena: Vec<u8>,
}

impl EventBatch {
    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.keys.clear();
        self.cells.clear();
        self.arena.clear();
    }

    /// Whether a cell of a row is asked for and has no text.
    pub fn is_missing(&self, row: usize, cell: Option<usize>, bytes: &[u8]) -> bool {
        let span = cell.and_then(|cell| self.cells.get(row * self.row_cells + cell));
        span.is_some_and(|span| span.bytes(bytes, &self.arena).trim_ascii().is_empty())
    }

    /// Keeps the rows for which `keep` answers yes, with their keys and cells; rows are asked in
    /// order, by their number.
    pub fn retain(&mut self, mut keep: impl FnMut(usize, &EventRow) -> bool) {
        let (keys, cells) = (self.item_runs + self.context_runs, self.row_cells);
        let mut kept = 0;
        for index in 0..self.rows.len() {
            let Some(row) = self.rows.get(index).copied() else { break };
            if !keep(index, &row) {
                continue;
            }
            if kept < index {
                if let Some(place) = self.rows.get_mut(kept) {
                    *place = row;
                }
                shift(&mut self.keys, index, kept, keys);
                shift(&mut self.cells, index, kept, cells);
            }
            kept += 1;
        }
        self.rows.truncate(kept);
        self.keys.truncate(kept * keys);
        self.cells.truncate(kept * cells);
    }
}

/// Moves what belongs to one row to the place of an earlier one; each row has as many `spans`.
fn shift(all: &mut [Span], from: usize, to: usize, spans: usize) {
    if (from + 1) * spans <= all.len() {
        all.copy_within(from * spans..(from + 1) * spans, to * spans);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stay_keep_their_keys_and_cells() {
        let mut events = EventBatch { item_runs: 1, context_runs: 1, row_cells: 1, ..EventBatch::default() };
        for number in 0..6_u32 {
            let row = EventRow { start: number, len: 1, line: number, plays: 1, time: 0, micros: 0 };
            events.rows.push(row);
            let at = |place: u32| Span { start: number * 10 + place, len: 1 };
            events.keys.extend([at(0), at(1)]);
            events.cells.push(at(2));
        }
        events.retain(|index, row| {
            assert_eq!(index, row.line as usize);
            [1, 2, 5].contains(&index)
        });
        assert_eq!(events.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2, 5]);
        let starts = |spans: &[Span]| spans.iter().map(|span| span.start).collect::<Vec<_>>();
        assert_eq!(
            (starts(&events.keys), starts(&events.cells)),
            (vec![10, 11, 20, 21, 50, 51], vec![12, 22, 52])
        );
    }
}
