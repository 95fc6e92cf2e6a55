//! A row of a chunk: where its cells are, and what may be wrong with its shape.

use crate::delimited::index::{Damage, Dialect, Index, MAX_ROW, Row};
use crate::diagnostics;
use transpose_core::diagnostics::{Code, Location};
use transpose_core::format::Origin;
use transpose_core::model::Span;

/// A row with what is needed to look at it.
#[derive(Clone, Copy)]
pub(crate) struct RowView<'a> {
    pub(crate) chunk: &'a [u8],
    pub(crate) origin: Origin,
    pub(crate) row: &'a Row,
    pub(crate) ends: &'a [u32],
}

impl<'a> RowView<'a> {
    /// Where the cells from one column to another are; empty for a row without these columns.
    #[inline]
    pub(crate) fn bounds(self, first: u32, last: u32) -> (usize, usize) {
        let start = match first.checked_sub(1) {
            None => Some(self.row.start),
            Some(before) => self.ends.get(before as usize).map(|end| end + 1),
        };
        match (start, self.ends.get(last as usize)) {
            (Some(start), Some(end)) => (start as usize, *end as usize),
            _ => (0, 0),
        }
    }

    #[inline]
    pub(crate) fn span(self, first: u32, last: u32) -> Span {
        let (start, end) = self.bounds(first, last);
        Span::chunk(start, end)
    }

    #[inline]
    pub(crate) fn raw(self, column: u32) -> &'a [u8] {
        let (start, end) = self.bounds(column, column);
        self.chunk.get(start..end).unwrap_or(&[])
    }

    /// The whole row as it is, without its line end.
    pub(crate) fn bytes(self) -> &'a [u8] {
        let bytes = self.chunk.get(self.row.start as usize..self.row.end as usize).unwrap_or(&[]);
        bytes.trim_ascii_end()
    }

    /// Whether it has the shape of a row: undamaged, with as many cells as there are columns.
    #[inline]
    pub(crate) fn is_whole(self, dialect: Dialect) -> bool {
        self.row.damage == Damage::None && self.row.count == dialect.columns
    }

    /// Whether it has cells and no text in any of them.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.ends.last().is_some_and(|end| self.row.count > 1 && end - self.row.start == self.row.count - 1)
    }

    /// Its line in the input.
    #[inline]
    pub(crate) fn line(self) -> u64 {
        self.origin.line + u64::from(self.row.line)
    }

    /// Its place in the input.
    pub(crate) fn location(self) -> Location {
        self.origin.locate(self.row.line, self.row.start)
    }
}

impl Index {
    /// The rows of a chunk that was indexed, each with what is needed to look at it.
    #[inline]
    pub(crate) fn views<'a>(
        &'a self,
        chunk: &'a [u8],
        origin: Origin,
    ) -> impl ExactSizeIterator<Item = RowView<'a>> + Clone {
        self.rows().iter().map(move |row| RowView { chunk, origin, row, ends: self.ends(row) })
    }
}

/// What is wrong with the shape of a row that should have so many cells.
pub(crate) fn shape_error(row: &Row, columns: u32) -> (&'static Code, String) {
    match row.damage {
        Damage::None => {
            let (found, expected) = (row.count, columns);
            (&diagnostics::CELL_COUNT, format!("the row has {found} cells, expected {expected}"))
        }
        Damage::TextAfterQuote => {
            (&diagnostics::TEXT_AFTER_QUOTE, "text follows the closing quote of a cell".into())
        }
        Damage::Unterminated => {
            (&diagnostics::UNTERMINATED_QUOTE, "a quote is opened and never closed".into())
        }
        Damage::Stray => (
            &diagnostics::STRAY_QUOTE,
            "a quote is opened and closed on a later line, and the lines together make no row".into(),
        ),
        Damage::TooLong => (&diagnostics::ROW_TOO_LONG, format!("the row is longer than {MAX_ROW} bytes")),
    }
}
