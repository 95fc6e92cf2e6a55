//! Writing rows as the text that layouts read: commas, double quotes, LF.
//!
//! A cell that is not there is nothing; a text without a character is two quotes. So absent and
//! empty stay two things.

use crate::read::stop::Stop;
use crate::read::table::added_columns::AddedColumns;
use crate::read::table::sink::Sink;
use transpose_text::quoting::write_text;

/// Writes rows.
pub(crate) struct Rows<'a> {
    /// Where they go, and where diagnostics go.
    pub(crate) sink: &'a mut Sink,
    added: &'a AddedColumns,
    line: Vec<u8>,
    cells: usize,
    headed: bool,
    /// How many rows are written, blank ones and the headings included.
    pub(crate) written: u64,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(sink: &'a mut Sink, added: &'a AddedColumns) -> Self {
        Self { sink, added, line: Vec::new(), cells: 0, headed: false, written: 0 }
    }

    /// Adds a cell to the row.
    pub(crate) fn cell(&mut self, value: Option<&[u8]>) {
        if self.cells > 0 {
            self.line.push(b',');
        }
        self.cells += 1;
        if let Some(value) = value {
            write_text(value, b',', b'"', &mut self.line);
        }
    }

    /// Ends the row. The first row that has a cell is that of the headings.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        if self.cells == 1 && self.line.is_empty() {
            // A blank line would be no row at all.
            self.line.extend_from_slice(b"\"\"");
        }
        if self.cells > 0 {
            self.line.extend_from_slice(if self.headed { &self.added.row } else { &self.added.head });
            self.headed = true;
        }
        self.line.push(b'\n');
        self.cells = 0;
        self.written += 1;
        let put = self.sink.put(&self.line);
        self.line.clear();
        put
    }

    /// Writes the line of headings.
    pub(crate) fn head<T: AsRef<[u8]>>(&mut self, names: impl IntoIterator<Item = T>) -> Result<(), Stop> {
        for name in names {
            self.cell(Some(name.as_ref()));
        }
        self.end()
    }
}
