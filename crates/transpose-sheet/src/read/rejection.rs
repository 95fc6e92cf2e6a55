//! Rows that are rejected, and what is said about them.

use crate::delimited::index::Damage;
use crate::delimited::quoting::unquote;
use crate::delimited::row::{RowView, shape_error};
use crate::notation::kinds::CellError;
use crate::read::open::InputTable;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::model::Field;

/// Why a row is rejected.
pub(crate) enum RowError {
    /// It has not the shape of a row.
    Shape,
    /// A cell, by its column.
    Cell(u32, CellError),
    /// Its cells do not fit together.
    Row(CellError),
}

impl InputTable {
    /// What is said about a row that is rejected.
    #[cold]
    pub(crate) fn describe(&self, row: RowView<'_>, error: RowError) -> Diagnostic {
        match error {
            RowError::Cell(place, error) => self.describe_cell(row, place, error),
            RowError::Row((code, message)) => {
                Diagnostic::new(code, row.location(), message).value(row.bytes())
            }
            RowError::Shape => {
                let diagnostic = self.describe_shape(row);
                // Which cell of such a row is the user's is not known.
                if self.layout.fields().iter().any(Field::is_personal) {
                    return diagnostic;
                }
                diagnostic.value(row.bytes())
            }
        }
    }

    /// What is said about a cell of a row.
    #[cold]
    pub(crate) fn describe_cell(
        &self,
        row: RowView<'_>,
        place: u32,
        (code, message): CellError,
    ) -> Diagnostic {
        let mut location = row.location().cell(place + 1, self.name(place));
        location.field = self.column(place).and_then(|column| column.field);
        Diagnostic::new(code, location, message).value(row.raw(place))
    }

    fn describe_shape(&self, row: RowView<'_>) -> Diagnostic {
        let location = row.location();
        let Some(fixed) = self.layout.fixed.as_ref().filter(|_| row.row.damage == Damage::None) else {
            let (code, message) = shape_error(row.row, self.dialect.columns);
            return Diagnostic::new(code, location, message);
        };
        // Where cells have fixed widths the line itself is in the first cell.
        let mut line = Vec::new();
        unquote(row.raw(0), self.dialect.quote, &mut line);
        let (code, message, slot) = fixed.line_error(&line);
        let location = match slot {
            Some((cell, slot)) => location.cell(cell, &slot.name),
            None => location,
        };
        Diagnostic::new(code, location, message)
    }
}
