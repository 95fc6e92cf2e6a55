//! What tables are written with: the text that layouts read, and the thread that makes it.
//!
//! A reader gets a [`Target`] and asks it for [`Rows`], where it knows the headings
//! first, or for [`Sheets`], where the headings are the first row of a sheet.
//!
//! | module | holds |
//! |---|---|
//! | [`rows`] | rows as commas, double quotes and LF |
//! | [`sheets`] | the sheets of a workbook, of which one becomes the table |
//! | [`cells`] | cells of workbooks as `calamine` gives them |
//! | [`records`] | objects of JSON or XML, whose list becomes the rows |
//! | [`added_columns`] | columns that the command gives |
//! | [`sink`] | the thread that runs a reader, and the channel that its text goes through |

pub(crate) mod added_columns;
pub(crate) mod cells;
pub(crate) mod records;
pub(crate) mod rows;
pub(crate) mod sheets;
pub(crate) mod sink;

use crate::read::stop::Stop;
use added_columns::AddedColumns;
use rows::Rows;
use sheets::Sheets;
use sink::Sink;
use std::sync::Arc;

/// Where the rows of a table go, and what the command says about them.
pub(crate) struct Target<'a> {
    /// Takes text and diagnostics.
    pub(crate) sink: &'a mut Sink,
    /// What messages call the input.
    pub(crate) source: &'a Arc<str>,
    pub(crate) added: &'a AddedColumns,
    /// The sheet to read, where the command names one.
    pub(crate) sheet: Option<&'a str>,
    /// The columns, from 0, whose cells will be looked at, where that is known.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only Parquet reads single columns"))]
    pub(crate) columns: Option<&'a [u32]>,
}

impl Target<'_> {
    /// Writes the headings; the rows follow.
    pub(crate) fn rows<T: AsRef<str>>(&mut self, headings: &[T]) -> Result<Rows<'_>, Stop> {
        self.added.check(self.source, headings.iter().map(AsRef::as_ref))?;
        let mut rows = Rows::new(self.sink, self.added);
        rows.head(headings.iter().map(|heading| heading.as_ref().as_bytes()))?;
        Ok(rows)
    }

    /// Takes sheets, whose first row has the headings.
    pub(crate) fn sheets(&mut self) -> Sheets<'_> {
        Sheets::new(self.sink, self.added, self.source, self.sheet)
    }
}
