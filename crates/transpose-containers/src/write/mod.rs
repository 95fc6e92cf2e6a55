//! Writing: the text of a table becomes a workbook.
//!
//! Each workbook has one file, which implements [`Container`] and registers it:
//!
//! ```text
//! inventory::submit! { RegisteredWriter(&Xlsx) }
//! ```
//!
//! Besides it needs its `mod` line here. What `--container` takes, the pages of formats, and the
//! names of outputs that ask for a container follow from its entry.
//!
//! | module | holds |
//! |---|---|
//! | `spreadsheetml` | SpreadsheetML 2003 |
//! | `xls` | `.xls`: BIFF8 records in a compound file |
//! | `xlsx` | `.xlsx` |
//! | `sheets` | what all workbooks have in common: limits, further sheets, what is reported |
//! | `cells` | cells of delimited text, taken apart |
//! | `number` | which texts are the same after a way through binary |
//! | [`codes`] | the codes of diagnostics |
//!
//! Cells are strings unless the layout says that a column holds quantities, and even there a text
//! that would not come back the same stays a string. No cell is ever a formula, whatever its text
//! begins with. So identifiers keep their zeros, and a title that reads `=1+1` is a title.
//!
//! Invariant: memory does not depend on the number of rows. Cells that must wait for the end of the
//! workbook wait on disk.

mod cells;
pub mod codes;
mod number;
mod sheets;
mod spreadsheetml;
mod xls;
mod xlsx;

use std::fmt;
use std::ops::Deref;
use transpose_core::format::Container;
use transpose_core::inventory;

/// A workbook that is linked in.
pub(crate) struct RegisteredWriter(pub(crate) &'static dyn Container);
inventory::collect!(RegisteredWriter);

/// A container that a table can be written as instead of text.
#[derive(Clone, Copy)]
pub struct Writer(&'static dyn Container);

impl Writer {
    /// All of them, in the order of their extensions.
    pub fn all() -> Vec<Self> {
        let entries = inventory::iter::<RegisteredWriter>.into_iter();
        let mut writers: Vec<Self> = entries.map(|entry| Self(entry.0)).collect();
        writers.sort_by_key(|writer| (writer.extension(), writer.name()));
        writers
    }

    /// The container that users call so.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|writer| writer.name() == name)
    }

    /// The container whose files have the extension, given without a dot.
    pub fn by_extension(extension: &str) -> Option<Self> {
        Self::all().into_iter().find(|writer| writer.extension() == extension)
    }
}

impl Deref for Writer {
    type Target = dyn Container;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Writer {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Writer {}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.name()).finish()
    }
}
