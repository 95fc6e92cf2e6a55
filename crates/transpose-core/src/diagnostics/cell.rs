//! What is wrong with a cell that many rows share, before it has a place; and rows that are
//! rejected.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Field;

/// Something wrong with a cell that was looked at once for many rows.
#[derive(Clone, Debug)]
pub struct CellDiagnostic {
    /// Its kind.
    pub code: &'static Code,
    /// The field.
    pub field: Field,
    /// The number of the cell, from 1, and its heading.
    pub cell: (u32, Box<str>),
    /// What was found.
    pub value: Box<[u8]>,
    /// What is wrong.
    pub message: String,
    /// Whether the value was made from what was found by a repair, so that whoever gets it gets a
    /// guess.
    pub repaired: bool,
}

/// A row that cannot be converted, and why.
#[derive(Clone, Debug)]
pub struct Reject {
    /// Where the row begins in the chunk.
    pub start: u32,
    /// How many bytes the row has, its line end included.
    pub len: u32,
    /// Why; its location names the line.
    pub diagnostic: Diagnostic,
    /// How many plays the row represents.
    pub plays: u64,
    /// How many returned sales it represents instead.
    pub returns: u64,
    /// How long it was played, where that could be read.
    pub micros: i64,
}
