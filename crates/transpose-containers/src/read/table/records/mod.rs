//! Records become rows: which objects of a JSON or XML text are the rows of a table, and what its
//! columns are.
//!
//! The first part of the text decides. Objects at one path are the rows: those in a list named as
//! in the logs of streaming services, else those that the text is a sequence of, else those of the
//! nearest list. Their single values are cells; so are those of inner objects, under names joined
//! by dots. Single values of the objects around them (`userId` beside `playLogItem`) belong to each
//! row, wherever they stand in the text; rows wait for them, up to a limit. Lists inside of rows

mod path;
mod shape;
mod writer;

use crate::read::table::sink::Stop;
pub(crate) use shape::{RecordShape, Survey};
pub(crate) use writer::RecordWriter;

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

/// Adds a key to a name.
fn joined(name: &mut Vec<u8>, key: &[u8]) {
    if !name.is_empty() && !key.is_empty() {
        name.push(b'.');
    }
    name.extend_from_slice(key);
}
