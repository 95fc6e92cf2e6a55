//! Where something was found.

use crate::diagnostics::one_line;
use crate::model::Field;
use std::fmt;
use std::sync::Arc;

/// Where something was found. Parts that do not apply are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The input as the user named it.
    pub source: Option<Arc<str>>,
    /// The line, from 1.
    pub line: Option<u64>,
    /// The byte of the decompressed text at which the row begins, from 0.
    pub byte: Option<u64>,
    /// The block in a message of blocks.
    pub block: Option<Box<str>>,
    /// The record type, such as `SU02.03`.
    pub record: Option<Box<str>>,
    /// The number of the cell, from 1, and its heading or name.
    pub cell: Option<(u32, Box<str>)>,
    /// The canonical field.
    pub field: Option<Field>,
}

impl Location {
    /// A place given by line and byte.
    pub fn line(line: u64, byte: u64) -> Self {
        Self { line: Some(line), byte: Some(byte), ..Self::default() }
    }

    /// The same place, in the given cell.
    #[must_use]
    pub fn cell(mut self, number: u32, name: &str) -> Self {
        self.cell = Some((number, name.into()));
        self
    }

    /// The same place, for the given field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.field = Some(field);
        self
    }

    /// The same place, in a record of the given type.
    #[must_use]
    pub fn record(mut self, record: &str) -> Self {
        self.record = Some(record.into());
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(source) = &self.source {
            f.write_str(&one_line(source))?;
            gap = ":";
        }
        if let Some(line) = self.line {
            write!(f, "{gap}{line}")?;
            gap = " ";
        }
        if !gap.is_empty() {
            gap = " ";
        }
        if let Some(block) = &self.block {
            write!(f, "{gap}block {block}")?;
            gap = " ";
        }
        if let Some(record) = &self.record {
            write!(f, "{gap}{record}")?;
            gap = " ";
        }
        if let Some((number, name)) = &self.cell {
            write!(f, "{gap}cell {number} ({name})")?;
        } else if let Some(field) = self.field {
            write!(f, "{gap}{field}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_reads_from_file_to_cell() {
        let place = Location { source: Some("a.csv".into()), ..Location::line(7, 90) };
        assert_eq!(place.clone().cell(6, "Country").to_string(), "a.csv:7 cell 6 (Country)");
        assert_eq!(Location::line(7, 90).record("SU02.03").to_string(), "7 SU02.03");
        assert_eq!(place.to_string(), "a.csv:7");
    }
}
