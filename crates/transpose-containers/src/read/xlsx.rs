//! Workbooks in `.xlsx`, cell by cell.

use crate::read::codes::{UNREADABLE, UNSUPPORTED};
use crate::read::reader::{Beginning, FileTable, Mark, Reader, RegisteredReader, Table};
use crate::read::source::archive;
use crate::read::source::store::Store;
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::cells::{Value, begin, iso, put, worksheets};
use crate::read::table::sheets::Sheets;
use calamine::{DataRef, Reader as _, Xlsx, XlsxError};
use std::io::BufReader;
use std::sync::Arc;
use transpose_core::diagnostics::{Location, shown};
use transpose_core::inventory;

fn xlsx_damaged<T>(error: &XlsxError) -> Result<T, Stop> {
    if matches!(error, XlsxError::Password) {
        return stop(&UNSUPPORTED, Location::default(), "the workbook is protected by a password");
    }
    let text = shown(error.to_string().as_bytes());
    stop(&UNREADABLE, Location::default(), format!("the workbook is damaged: {text}"))
}

/// The reader of Office Open XML workbooks.
struct XlsxBook;

inventory::submit! { RegisteredReader(&XlsxBook) }

impl Reader for XlsxBook {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xlsx"]
    }

    fn mark(&self) -> Mark {
        Mark::Members(&["xl/workbook.xml"])
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::File(Arc::new(Self)))
    }
}

impl FileTable for XlsxBook {
    fn read(&self, file: &Store, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut sheets = target.sheets();
        read(file, &mut sheets)?;
        sheets.finish()
    }
}

/// Reads an `.xlsx`.
fn read(store: &Store, sheets: &mut Sheets<'_>) -> Result<(), Stop> {
    archive::check(&mut archive::open(store)?)?;
    let mut book: Xlsx<_> =
        Xlsx::new(BufReader::new(store.reader(0))).or_else(|error| xlsx_damaged(&error))?;
    for sheet in worksheets(book.sheets_metadata()) {
        let name = &sheet.name;
        if !begin(sheets, &sheet) {
            continue;
        }
        let mut cells = book.worksheet_cells_reader(name).or_else(|error| xlsx_damaged(&error))?;
        while let Some(cell) = cells.next_cell().or_else(|error| xlsx_damaged(&error))? {
            let (row, column) = cell.get_position();
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                DataRef::Int(value) => Value::Whole(*value),
                DataRef::Float(value) => Value::Number(*value),
                DataRef::String(text) => Value::Text(text),
                DataRef::SharedString(text) => Value::Text(text),
                DataRef::Bool(value) => Value::Truth(*value),
                DataRef::DateTime(moment) => Value::Moment(*moment),
                DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                    if !iso(sheets, row, column, text)? {
                        break;
                    }
                    continue;
                }
                DataRef::Error(error) => Value::Error(error.clone()),
            };
            if !put(sheets, row, column, &value)? {
                break;
            }
        }
        sheets.end()?;
    }
    Ok(())
}
