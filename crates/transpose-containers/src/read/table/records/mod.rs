//! Records become rows: which objects of a JSON or XML text are the rows of a table, and what its
//! columns are.
//!
//! The first part of the text decides. Objects at one path are the rows: those in a list named as
//! in the logs of streaming services, else those that the text is a sequence of, else those of the
//! nearest list. Their single values are cells; so are those of inner objects, under names joined
//! by dots. Single values of the objects around them (`userId` beside `playLogItem`) belong to each
//! row, wherever they stand in the text; rows wait for them, up to a limit. Lists inside of rows
//! are cells that hold their JSON.
//!
//! ```text
//! {"userId":"u1","playLogItem":[{"track":{"title":"A"},"at":1},{"at":2}]}
//!
//! userId,track.title,at
//! u1,A,1
//! u1,,2
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`path`] | where a visit is |
//! | [`shape`] | which objects are rows, and what the columns are |
//! | [`writer`] | the second visit, which writes the rows |

mod path;
mod shape;
mod writer;

use crate::read::codes::{NO_TABLE, stop};
use crate::read::reader::{Beginning, Table, TextTable};
use crate::read::table::Target;
use crate::read::table::added_columns::AddedColumns;
use crate::read::table::sink::Stop;
use shape::{RecordShape, Survey};
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::Location;
use writer::RecordWriter;

/// How many first bytes of records are looked at to find their columns.
const SURVEYED: usize = 1 << 20;

/// The most columns that a table may have.
const MOST_COLUMNS: usize = 4096;

/// How deep objects and lists may lie in each other.
pub(crate) const DEEPEST: usize = 64;

/// A line, from 1, and a byte of the text.
pub(crate) type Place = (u64, u64);

/// What holds other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Composite {
    Object,
    List,
}

/// A single value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<'a> {
    /// Its text, absent for null.
    pub(crate) text: Option<&'a [u8]>,
    /// Whether it is a string, so that it stands in quotes in JSON.
    pub(crate) quoted: bool,
}

/// Goes through a text of records.
pub(crate) trait RecordVisitor {
    /// The key of the value that follows.
    fn key(&mut self, key: &[u8]);
    /// An object or a list begins.
    fn open(&mut self, kind: Composite, place: Place) -> Result<(), Stop>;
    /// An object or a list ends.
    fn close(&mut self, kind: Composite, place: Place) -> Result<(), Stop>;
    /// A single value.
    fn scalar(&mut self, value: Scalar<'_>, place: Place) -> Result<(), Stop>;
}

/// How a syntax writes lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// Lists have brackets of their own, as in JSON.
    Marked,
    /// Elements of one name stand one after the other, as in XML.
    Repeated,
}

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
        // Where the text ends here it need not end in the file, and what is wrong is reported when it
        // is read.
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

/// Adds a key to a name.
fn joined(name: &mut Vec<u8>, key: &[u8]) {
    if !name.is_empty() && !key.is_empty() {
        name.push(b'.');
    }
    name.extend_from_slice(key);
}
