//! Records become rows: which objects of a JSON or XML text are the rows of a table, and what its
//! columns are.
//!
//! The first part of the text decides. Objects at one path are the rows: those in a list named as
//! in the logs of streaming services, else those that the text is a sequence of, else those of the
//! nearest list. Their single values are cells; so are those of inner objects, under names joined
//! by dots. Single values of the objects around them (`userId` beside `playLogItem`) belong to each
//! row, wherever they are in the text; rows wait for them, up to a limit. Lists inside of rows are
//! cells that hold their JSON.
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

use crate::read::source::SourcePosition;
use crate::read::stop::Stop;
pub(crate) use shape::{RecordShape, Survey};
pub(crate) use writer::RecordWriter;

/// The most columns that a table may have.
const MOST_COLUMNS: usize = 4096;

/// How deep objects and lists may lie in each other.
pub(crate) const DEEPEST: usize = 64;

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
    /// Whether it is a string, so that it is in quotes in JSON.
    pub(crate) quoted: bool,
}

/// Goes through a text of records.
pub(crate) trait RecordVisitor {
    /// The key of the value that follows.
    fn key(&mut self, key: &[u8]);
    /// An object or a list begins.
    fn open(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop>;
    /// An object or a list ends.
    fn close(&mut self, kind: Composite, place: SourcePosition) -> Result<(), Stop>;
    /// A single value.
    fn scalar(&mut self, value: Scalar<'_>, place: SourcePosition) -> Result<(), Stop>;
}

/// How a syntax writes lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// Lists have brackets of their own, as in JSON.
    Marked,
    /// Elements of one name stand one after the other, as in XML.
    Repeated,
}

/// Adds a key to a name.
fn joined(name: &mut Vec<u8>, key: &[u8]) {
    if !name.is_empty() && !key.is_empty() {
        name.push(b'.');
    }
    name.extend_from_slice(key);
}
