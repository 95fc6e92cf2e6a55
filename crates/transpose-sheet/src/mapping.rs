//! What the columns of a layout are, for people and for proposals.

use crate::layout::Layout;
use transpose_core::field::Field;

impl Layout {
    /// The names of its columns, other names too, each with the field that the column holds.
    pub(crate) fn names(&self) -> Vec<(String, Field)> {
        let named = self.columns.iter().filter_map(|column| Some((column, column.field?)));
        named.flat_map(|(column, field)| column.names.iter().map(move |name| (name.clone(), field))).collect()
    }
}
