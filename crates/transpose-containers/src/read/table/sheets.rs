//! Sheets of a workbook become one table.
//!
//! The first sheet that holds something is the table, or the one that the command names. Line N of
//! the text is row N of that sheet: rows without a cell are blank lines. Further sheets whose first
//! row repeats the headings continue the table, as programs write it that run out of rows; what
//! else there is is passed over and reported.

use crate::read::codes::{
    CONTINUED, ERROR_CELL, HIDDEN, LONG_NUMBER, NO_SHEET, NO_TABLE, PASSED_OVER, TOO_LARGE, UNREADABLE,
};
use crate::read::stop::{Stop, stop};
use crate::read::table::added_columns::AddedColumns;
use crate::read::table::rows::Rows;
use crate::read::table::sink::Sink;
use std::sync::Arc;
use transpose_core::diagnostics::{Code, Diagnostic, Location};

/// The most rows and columns that a sheet may have. No program writes more rows; no layout has more
/// columns.
const MOST_ROWS: u32 = 1 << 21;
const MOST_COLUMNS: usize = 4096;

/// The most bytes that a cell may have: more than any program allows.
const LONGEST_CELL: usize = 1 << 20;

/// The most bytes that a row may have.
const LONGEST_ROW: usize = 16 << 20;

/// How many names of sheets are reported.
const NAMED: usize = 20;

/// Takes the cells of sheets, row by row.
pub(crate) struct Sheets<'a> {
    rows: Rows<'a>,
    added: &'a AddedColumns,
    source: Arc<str>,
    chosen: Option<&'a str>,
    /// The headings, once there are some.
    head: Option<Vec<Option<Vec<u8>>>>,
    /// The sheet that is read.
    name: String,
    names: Vec<String>,
    passed: Vec<String>,
    state: State,
    row: u32,
    /// The texts of the row's cells, and where each lies.
    text: Vec<u8>,
    cells: Vec<Option<(usize, usize)>>,
    /// Whether a column has had a time of day, so that midnight is one too.
    timed: Vec<bool>,
    /// The first row that is not written yet.
    next: u32,
}

/// What the sheet that is read is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of it was seen.
    Fresh,
    /// It is the table, or a part of it.
    Taken,
    /// It is passed over.
    Passed,
}

impl<'a> Sheets<'a> {
    pub(crate) fn new(
        sink: &'a mut Sink,
        added: &'a AddedColumns,
        source: &Arc<str>,
        chosen: Option<&'a str>,
    ) -> Self {
        Self {
            rows: Rows::new(sink, added),
            added,
            source: Arc::clone(source),
            chosen,
            head: None,
            name: String::new(),
            names: Vec::new(),
            passed: Vec::new(),
            state: State::Fresh,
            row: 0,
            text: Vec::new(),
            cells: Vec::new(),
            timed: Vec::new(),
            next: 0,
        }
    }

    /// Begins a sheet; answers whether its cells are wanted.
    pub(crate) fn begin(&mut self, name: &str) -> bool {
        name.clone_into(&mut self.name);
        if self.names.len() < NAMED {
            self.names.push(self.name.clone());
        }
        (self.row, self.next) = (0, 0);
        let wanted = self.chosen.is_none_or(|chosen| chosen == name);
        self.state = if wanted { State::Fresh } else { State::Passed };
        wanted
    }

    /// Begins a sheet that is hidden, which is read only where the command names it; answers
    /// whether its cells are wanted.
    pub(crate) fn begin_hidden(&mut self, name: &str) -> bool {
        if self.chosen == Some(name) {
            return self.begin(name);
        }
        self.begin(name);
        self.state = State::Passed;
        if self.chosen.is_none() {
            let message = format!("sheet `{name}` is hidden and is not read");
            self.rows.sink.diagnostics.push(Diagnostic::new(&HIDDEN, Location::default(), message));
        }
        false
    }

    /// Adds a cell at a row and a column, from 0; rows come in order. Answers whether more of the
    /// sheet is wanted.
    pub(crate) fn cell(&mut self, row: u32, column: usize, value: &[u8]) -> Result<bool, Stop> {
        if self.state == State::Passed {
            return Ok(false);
        }
        if row >= MOST_ROWS || column >= MOST_COLUMNS || value.len() > LONGEST_CELL {
            let message = format!(
                "a cell in row {} and column {} of sheet `{}` is beyond what is read: {MOST_ROWS} rows, {MOST_COLUMNS} columns, 1 MiB in a cell",
                u64::from(row) + 1,
                column + 1,
                self.name
            );
            return stop(&TOO_LARGE, Location::default(), message);
        }
        if row != self.row {
            self.end_row()?;
            if row < self.next {
                let message = format!("the rows of sheet `{}` are in no order", self.name);
                return stop(&UNREADABLE, Location::default(), message);
            }
            self.row = row;
        }
        if self.text.len() > LONGEST_ROW {
            let message = format!("row {} of sheet `{}` has more than 16 MiB", u64::from(row) + 1, self.name);
            return stop(&TOO_LARGE, Location::default(), message);
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, None);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            let start = self.text.len();
            self.text.extend_from_slice(value);
            *cell = Some((start, self.text.len()));
        }
        Ok(true)
    }

    /// Adds a cell with a moment: the day alone, unless the time is not midnight or was not before
    /// in this column.
    pub(crate) fn moment(&mut self, row: u32, column: usize, day: &str, time: &str) -> Result<bool, Stop> {
        let time = without_zeros(time);
        let midnight = time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
        if self.timed.len() <= column && column < MOST_COLUMNS {
            self.timed.resize(column + 1, false);
        }
        let timed = self.timed.get_mut(column).is_some_and(|timed| {
            *timed |= !midnight;
            *timed
        });
        if timed {
            self.cell(row, column, format!("{day}T{time}").as_bytes())
        } else {
            self.cell(row, column, day.as_bytes())
        }
    }

    /// Reports a cell with an error in it, which stays empty.
    pub(crate) fn error(&mut self, row: u32, column: usize, text: &str) {
        self.report(&ERROR_CELL, row, column, "the cell holds an error and is left empty", text);
    }

    /// Reports a cell with a number of more digits than a spreadsheet keeps.
    pub(crate) fn long_number(&mut self, row: u32, column: usize, text: &str) {
        let message = "the cell is a number of more than fifteen digits, and the last of them may be lost";
        self.report(&LONG_NUMBER, row, column, message, text);
    }

    fn report(&mut self, code: &'static Code, row: u32, column: usize, message: &str, text: &str) {
        if self.state == State::Passed {
            return;
        }
        let name =
            self.head.as_ref().and_then(|head| head.get(column)).cloned().flatten().unwrap_or_default();
        // Rows of a sheet that continues the table stand further down.
        let line = self.rows.written + u64::from(row.saturating_sub(self.next)) + 1;
        let place = Location { line: Some(line), ..Location::default() };
        let place = place.cell(column as u32 + 1, &String::from_utf8_lossy(&name));
        self.rows.sink.diagnostics.push(Diagnostic::new(code, place, message).value(text.as_bytes()));
    }

    /// A cell of the row that is read.
    fn read(&self, column: usize) -> Option<&[u8]> {
        let (start, end) = self.cells.get(column).copied().flatten()?;
        self.text.get(start..end)
    }

    /// Whether the row that is read repeats the headings.
    fn repeats(&self, head: &[Option<Vec<u8>>]) -> bool {
        head.len() == self.cells.len()
            && head.iter().zip(0..).all(|(cell, place)| cell.as_deref() == self.read(place))
    }

    /// Ends the row that is read.
    fn end_row(&mut self) -> Result<(), Stop> {
        let ended = if self.cells.is_empty() || self.state == State::Passed { Ok(()) } else { self.write() };
        self.cells.clear();
        self.text.clear();
        ended
    }

    fn write(&mut self) -> Result<(), Stop> {
        if self.state == State::Fresh && !self.takes()? {
            return Ok(());
        }
        while self.next < self.row {
            self.rows.end()?;
            self.next += 1;
        }
        let width = self.head.as_ref().map_or(0, Vec::len).max(self.cells.len());
        for column in 0..width {
            let cell = self.cells.get(column).copied().flatten();
            self.rows.cell(cell.and_then(|(start, end)| self.text.get(start..end)));
        }
        self.rows.end()?;
        self.next = self.row + 1;
        if self.head.is_none() {
            self.head = Some((0..width).map(|column| self.read(column).map(<[u8]>::to_vec)).collect());
        }
        Ok(())
    }

    /// Decides by its first row what a sheet is; answers whether that row is written.
    fn takes(&mut self) -> Result<bool, Stop> {
        let Some(head) = &self.head else {
            self.state = State::Taken;
            let names = (0..self.cells.len()).filter_map(|column| self.read(column));
            let names: Vec<String> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            self.added.check(&self.source, names.iter().map(String::as_str))?;
            return Ok(true);
        };
        if self.chosen.is_none() && self.repeats(head) {
            self.state = State::Taken;
            self.next = self.row + 1;
            let (row, line) = (self.row + 2, self.rows.written + 1);
            let message = format!("sheet `{}` continues the table: its row {row} is line {line}", self.name);
            self.rows.sink.diagnostics.push(Diagnostic::new(&CONTINUED, Location::default(), message));
        } else {
            self.state = State::Passed;
            if self.passed.len() < NAMED {
                self.passed.push(self.name.clone());
            }
        }
        Ok(false)
    }

    /// Ends a sheet.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        self.end_row()
    }

    /// Ends the workbook.
    pub(crate) fn finish(self) -> Result<(), Stop> {
        if let Some(chosen) = self.chosen.filter(|chosen| !self.names.iter().any(|name| name == chosen)) {
            let message =
                format!("there is no sheet `{chosen}`; the sheets are `{}`", self.names.join("`, `"));
            return stop(&NO_SHEET, Location::default(), message);
        }
        if self.head.is_none() {
            return stop(&NO_TABLE, Location::default(), "the sheets hold nothing");
        }
        if !self.passed.is_empty() {
            let message = format!("sheets passed over: `{}`", self.passed.join("`, `"));
            self.rows.sink.diagnostics.push(Diagnostic::new(&PASSED_OVER, Location::default(), message));
        }
        Ok(())
    }
}

/// A time of day without decimals that say nothing.
pub(crate) fn without_zeros(time: &str) -> &str {
    if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time }
}

/// A number as text: whole numbers in full, others as the shortest text that means the same.
pub(crate) fn number(value: f64) -> String {
    format!("{value}")
}

/// A number that may be written with an exponent, as a number without one; other text stays.
pub(crate) fn plain_number(text: &str) -> String {
    let exponent = text.contains(['e', 'E']);
    match text.parse::<f64>() {
        Ok(value) if exponent && value.is_finite() => number(value),
        _ => text.to_owned(),
    }
}
