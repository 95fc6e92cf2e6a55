//! What all workbooks have in common: the limits of cells and sheets, further sheets, and what is
//! reported about them.

use crate::write::cells::{End, cell};
use crate::write::codes;
use crate::write::number::exact;
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Location};
use transpose_core::format::{ColumnContent, OutputContext, TableColumn, TableShape, TableWriter};

/// How many characters a cell holds, counted as in UTF-16.
const LONGEST: usize = 32_767;

/// How many characters the name of a sheet may have.
const NAME: usize = 31;

/// One kind of workbook. Rows and cells come in order; both are counted from 0.
pub(super) trait Workbook: Send {
    /// How many rows a sheet has.
    const ROWS: u32;

    /// How many columns a sheet has.
    const COLUMNS: usize;

    /// Begins a sheet; one that is open ends.
    fn sheet(&mut self, name: &str, out: &mut Vec<u8>) -> Result<(), Fatal>;

    /// Begins a row; one that is open ends.
    fn row(&mut self, row: u32, out: &mut Vec<u8>) -> Result<(), Fatal>;

    /// Adds a cell that holds text, which is not empty.
    fn text(&mut self, row: u32, column: u16, text: &str, out: &mut Vec<u8>) -> Result<(), Fatal>;

    /// Adds a cell that holds a number; `text` is its shortest notation.
    fn number(
        &mut self,
        row: u32,
        column: u16,
        number: f64,
        text: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), Fatal>;

    /// Ends the workbook.
    fn finish(self, out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send)) -> Result<(), Fatal>;
}

/// Feeds the cells of a text to a workbook.
pub(super) struct SheetWriter<B> {
    book: B,
    container: &'static str,
    /// What messages call the output.
    output: String,
    shape: TableShape,
    /// How many sheets were begun.
    begun: u32,
    /// The row that comes next on the open sheet.
    row: u32,
    /// How many rows of text were read, with the headings.
    lines: u64,
    /// Cells that could not be numbers, by column: how many, and the line and text of the first.
    texts: Vec<(u64, u64, String)>,
    /// How many empty texts became nothing, and the line of the first.
    emptied: (u64, u64),
    scratch: Vec<u8>,
}

impl<B: Workbook> SheetWriter<B> {
    pub(super) fn new(
        book: B,
        container: &'static str,
        shape: &TableShape,
        context: OutputContext<'_>,
    ) -> Result<Self, Fatal> {
        if !shape.utf8 {
            let message = format!("`{container}` is asked for, and the text in another encoding as well");
            return Err(Fatal::usage(Diagnostic::new(&codes::ENCODED, Location::default(), message)));
        }
        if shape.columns.len() > B::COLUMNS {
            let message = format!(
                "the table has {} columns, and a sheet of `{container}` has {}",
                shape.columns.len(),
                B::COLUMNS
            );
            return Err(Fatal::input(Diagnostic::new(
                &codes::TOO_MANY_COLUMNS,
                Location::default(),
                message,
            )));
        }
        Ok(Self {
            book,
            container,
            output: context.output.to_owned(),
            shape: shape.clone(),
            begun: 0,
            row: B::ROWS,
            lines: 0,
            texts: vec![(0, 0, String::new()); shape.columns.len()],
            emptied: (0, 0),
            scratch: Vec::new(),
        })
    }

    /// Begins a sheet with its headings.
    fn sheet(&mut self, out: &mut Vec<u8>) -> Result<(), Fatal> {
        self.begun += 1;
        self.book.sheet(&name(&self.shape.name, self.begun), out)?;
        self.book.row(0, out)?;
        for (column, TableColumn { heading, .. }) in (0_u16..).zip(&self.shape.columns) {
            if !heading.is_empty() {
                self.book.text(0, column, heading, out)?;
            }
        }
        self.row = 1;
        Ok(())
    }

    /// Adds one cell.
    fn cell(&mut self, column: u16, held: &[u8], out: &mut Vec<u8>) -> Result<(), Fatal> {
        if held.is_empty() {
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(held) else {
            return Err(self.refused(&codes::UNWRITABLE, column, held, "it is no UTF-8"));
        };
        if let Some(character) = text.chars().find(|character| unwritable(*character)) {
            let message = format!("it holds the character U+{:04X}", u32::from(character));
            return Err(self.refused(&codes::UNWRITABLE, column, held, &message));
        }
        // A text has no more units in UTF-16 than bytes in UTF-8.
        if text.len() > LONGEST {
            let units = text.encode_utf16().count();
            if units > LONGEST {
                let message = format!("it has {units} characters, and a cell holds {LONGEST}");
                return Err(self.refused(&codes::CELL_TOO_LONG, column, held, &message));
            }
        }
        let numbers = self
            .shape
            .columns
            .get(usize::from(column))
            .is_some_and(|column| column.holds == ColumnContent::Numbers);
        if numbers {
            if let Some(number) = exact(text) {
                return self.book.number(self.row, column, number, text, out);
            }
            if let Some((count, line, first)) = self.texts.get_mut(usize::from(column)) {
                if *count == 0 {
                    (*line, *first) = (self.lines, transpose_core::diagnostics::shown(held));
                }
                *count += 1;
            }
        }
        self.book.text(self.row, column, text, out)
    }

    /// A cell that cannot be written.
    #[cold]
    fn refused(&self, code: &'static Code, column: u16, held: &[u8], message: &str) -> Fatal {
        let heading = self.shape.columns.get(usize::from(column)).map_or("", |column| &column.heading);
        let place = Location {
            source: Some(self.output.as_str().into()),
            line: Some(self.lines),
            ..Location::default()
        };
        let place = place.cell(u32::from(column) + 1, heading);
        let message = format!("`{}` cannot hold the cell as it is: {message}", self.container);
        Fatal::input(Diagnostic::new(code, place, message).value(held))
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        if self.begun > 1 {
            let message = format!(
                "the {} rows are on {} sheets, because a sheet of `{}` has {} rows; each begins with the headings",
                self.lines.saturating_sub(1),
                self.begun,
                self.container,
                B::ROWS
            );
            let place = Location { source: Some(self.output.as_str().into()), ..Location::default() };
            diagnostics.push(Diagnostic::new(&codes::FURTHER_SHEETS, place, message));
        }
        for (number, (column, (count, line, first))) in (1..).zip(self.shape.columns.iter().zip(&self.texts))
        {
            if *count > 0 {
                let place = Location {
                    source: Some(self.output.as_str().into()),
                    line: Some(*line),
                    ..Location::default()
                };
                let message = format!(
                    "{count} cells of the column stay text, because as numbers they would not be the same"
                );
                let diagnostic =
                    Diagnostic::new(&codes::NUMBER_AS_TEXT, place.cell(number, &column.heading), message);
                diagnostics.push(diagnostic.value(first.as_bytes()));
            }
        }
        if let (count @ 1.., line) = self.emptied {
            let place = Location {
                source: Some(self.output.as_str().into()),
                line: Some(line),
                ..Location::default()
            };
            let message = format!("{count} empty texts are written as nothing");
            diagnostics.push(Diagnostic::new(&codes::EMPTY_TEXT, place, message));
        }
        diagnostics
    }
}

impl<B: Workbook> TableWriter for SheetWriter<B> {
    fn rows(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), Fatal> {
        let (delimiter, quote) = (self.shape.delimiter, self.shape.quote);
        let mut scratch = std::mem::take(&mut self.scratch);
        while !text.is_empty() {
            self.lines += 1;
            // The headings are known from the shape, and are on each sheet.
            let headings = self.lines == 1;
            if self.row == B::ROWS {
                self.sheet(out)?;
            }
            if !headings {
                self.book.row(self.row, out)?;
            }
            let mut column = 0_u16;
            loop {
                let (held, end, rest) = cell(text, delimiter, quote, &mut scratch);
                if !headings {
                    if held.is_empty() && self.shape.quoted_empty && text.first() == Some(&quote) {
                        self.emptied = (
                            self.emptied.0 + 1,
                            if self.emptied.0 == 0 { self.lines } else { self.emptied.1 },
                        );
                    }
                    self.cell(column, held, out)?;
                }
                text = rest;
                if end == End::Row || text.is_empty() {
                    break;
                }
                column = column.saturating_add(1);
            }
            if !headings {
                self.row += 1;
            }
        }
        self.scratch = scratch;
        Ok(())
    }

    fn finish(
        self: Box<Self>,
        out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send),
    ) -> Result<Vec<Diagnostic>, Fatal> {
        let diagnostics = self.diagnostics();
        self.book.finish(out)?;
        Ok(diagnostics)
    }
}

/// Characters that XML has no notation for.
fn unwritable(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// The name of a sheet: that of the table, with a number from the second on. Workbooks allow 31
/// characters and not all of them.
fn name(table: &str, sheet: u32) -> String {
    let suffix = if sheet > 1 { format!(" {sheet}") } else { String::new() };
    let allowed = |character: char| {
        !character.is_control() && !matches!(character, ':' | '\\' | '/' | '?' | '*' | '[' | ']' | '\'')
    };
    let mut name: String = table.chars().filter(|character| allowed(*character)).collect();
    while name.encode_utf16().count() + suffix.len() > NAME {
        name.pop();
    }
    if name.is_empty() {
        name.push_str("Sheet");
    }
    name + &suffix
}
