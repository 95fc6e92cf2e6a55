//! Writing: the text of a table becomes a workbook.
//!
//! | module | does |
//! |---|---|
//! | `rows` | cells of delimited text |
//! | `number` | which texts are the same after a way through binary |
//! | `sheets` | what all workbooks have in common: limits, further sheets, what is told |
//! | `xls` over `biff`, `strings`, `spool` | `.xls`: BIFF8 records in a compound file |
//! | `xlsx` | `.xlsx` |
//! | `spreadsheetml` | SpreadsheetML 2003 |
//!
//! Cells are strings unless the layout says that a column holds quantities, and even there a text
//! that would not come back the same stays a string. No cell is ever a formula, whatever its text
//! begins with. So identifiers keep their zeros, and a title that reads `=1+1` is a title.

mod biff;
pub mod codes;
mod number;
mod rows;
mod sheets;
mod spool;
mod spreadsheetml;
mod strings;
mod xls;
mod xlsx;

use sheets::Sheets;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{Container, OutputContext, TableShape, TableWriter};

/// A workbook that a table can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workbook {
    /// BIFF8 in a compound file, as spreadsheets have read it since 1997; 65,536 rows a sheet.
    Xls,
    /// Office Open XML; 1,048,576 rows a sheet.
    Xlsx,
    /// The XML of 2003, one file of plain text; 1,048,576 rows a sheet.
    SpreadsheetMl,
}

impl Workbook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Xls, Self::Xlsx, Self::SpreadsheetMl];

    /// The workbook that users call so.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workbook| workbook.name() == name)
    }

    /// The workbook whose files have the extension, given without a dot.
    pub fn by_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workbook| workbook.extension() == extension)
    }
}

impl Container for Workbook {
    fn name(&self) -> &'static str {
        match self {
            Self::Xls => "xls",
            Self::Xlsx => "xlsx",
            Self::SpreadsheetMl => "spreadsheetml",
        }
    }

    fn extension(&self) -> &'static str {
        match self {
            Self::Xls => "xls",
            Self::Xlsx => "xlsx",
            Self::SpreadsheetMl => "xml",
        }
    }

    fn begin(&self, table: &TableShape, site: OutputContext<'_>) -> Result<Box<dyn TableWriter>, Fatal> {
        Ok(match self {
            Self::Xls => Box::new(Sheets::new(xls::Book::new(table, site)?, self.name(), table, site)?),
            Self::Xlsx => Box::new(Sheets::new(xlsx::Book::new(table, site)?, self.name(), table, site)?),
            Self::SpreadsheetMl => {
                Box::new(Sheets::new(spreadsheetml::Book::new(table, site), self.name(), table, site)?)
            }
        })
    }
}
