//! Tables and what holds them.
//!
//! A format that writes a table writes delimited text in UTF-8 and nothing else. What such a table
//! may come in instead (a workbook) is made from that text by a [`Container`], behind the encoder
//! and before the file, so that neither knows of the other. The encoder only says what its text
//! looks like and which of its columns hold numbers: [`TableShape`].

use crate::diagnostics::{Diagnostic, Fatal};
use std::path::Path;
use transpose_codes::time::Timestamp;

/// What the text of an encoder looks like that writes one table with a line of headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// What the table is called, such as the last part of the format's id.
    pub name: Box<str>,
    /// What separates cells.
    pub delimiter: u8,
    /// What encloses cells; doubled inside of them.
    pub quote: u8,
    /// Whether an empty cell in quotes is an empty text, and one without is nothing at all.
    pub quoted_empty: bool,
    /// Whether the text is in UTF-8, as a container needs it; an option may have asked for another
    /// encoding.
    pub utf8: bool,
    /// The columns, in order.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its heading.
    pub heading: Box<str>,
    /// What its cells are.
    pub holds: ColumnContent,
}

/// What the cells of a column are to a program that knows more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnContent {
    /// Text, whatever it looks like: names, identifiers, dates, amounts of money.
    Text,
    /// Quantities that one calculates with and that need not be exact beyond fifteen digits, such
    /// as seconds.
    Numbers,
}

/// What a container gets before the first row.
#[derive(Clone, Copy, Debug)]
pub struct OutputContext<'a> {
    /// What messages call the output.
    pub output: &'a str,
    /// The folder for what has to wait on disk; nothing stays there.
    pub temp_dir: &'a Path,
    /// The moment of the run. A container that notes when it was made notes this, so that the same
    /// run gives the same bytes.
    pub now: Timestamp,
}

/// What a table can be written as instead of text.
pub trait Container: Send + Sync {
    /// What users call it.
    fn name(&self) -> &'static str;

    /// The extension of its files, without a dot.
    fn extension(&self) -> &'static str;

    /// Begins to write.
    fn begin(&self, table: &TableShape, site: OutputContext<'_>) -> Result<Box<dyn TableWriter>, Fatal>;
}

/// Turns the text of a table into the bytes of a container.
pub trait TableWriter: Send {
    /// Takes whole rows of text; the very first is the line of headings. What is ready of the file
    /// is added to `out`.
    fn rows(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Fatal>;

    /// Ends the table and hands over the rest of the file piece by piece. Answers what was
    /// noteworthy.
    fn finish(
        self: Box<Self>,
        out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send),
    ) -> Result<Vec<Diagnostic>, Fatal>;
}
