//! What the readers of records have in common: a text that is visited twice, once from its
//! beginning to find the table, and once to write it.

use crate::read::codes::NO_TABLE;
use crate::read::reader::{Beginning, Table, TextTable};
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::added_columns::AddedColumns;
use crate::read::table::records::{Lists, RecordShape, RecordVisitor, RecordWriter, Survey};
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::Location;

/// How many first bytes of records are looked at to find their columns.
const SURVEYED: usize = 1 << 20;

/// Shows a visitor everything that a text holds, in order.
type Visit = fn(&mut dyn Read, &mut dyn RecordVisitor) -> Result<(), Stop>;

/// A text of records as a table.
pub(crate) struct RecordTable {
    /// What the first part of the text says; nothing where it holds no records.
    shape: Option<RecordShape>,
    visit: Visit,
}

impl RecordTable {
    /// Finds the table in the first part of a text.
    pub(crate) fn open(beginning: &Beginning<'_>, lists: Lists, visit: Visit) -> Result<Table, Stop> {
        let head = beginning.head(SURVEYED)?;
        let mut survey = Survey::default();
        // Where the text ends here it need not end in the file, and what is wrong is reported when
        // it is read.
        let _ = visit(&mut beginning.text(&head), &mut survey);
        let mut shape = survey.shape(lists);
        if let Some(shape) = shape.as_mut().filter(|_| head.len() == SURVEYED) {
            let options = beginning.options;
            shape.complete(&options.records, &AddedColumns::new(&options.columns));
        }
        Ok(Table::Text(Arc::new(Self { shape, visit })))
    }
}

impl TextTable for RecordTable {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
        let Some(shape) = &self.shape else {
            // What is wrong with the text says more than that there is nothing in it.
            (self.visit)(text, &mut Survey::default())?;
            return stop(&NO_TABLE, Location::default(), "the text holds no records");
        };
        let rows = target.rows(&shape.names())?;
        (self.visit)(text, &mut RecordWriter::new(rows, shape.clone()))
    }
}
