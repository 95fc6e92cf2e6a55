//! Workbooks in `.xls`, read as a whole.

use crate::read::codes::{TOO_LARGE, UNREADABLE, UNSUPPORTED};
use crate::read::reader::{Beginning, FileTable, Mark, Reader, RegisteredReader, Table};
use crate::read::source::store::Store;
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::cells::{Value, iso, put, worksheets};
use crate::read::table::sheets::Sheets;
use calamine::{Data, Reader as _, Xls, XlsError};
use std::io::{BufReader, Read as _};
use std::sync::Arc;
use transpose_core::diagnostics::{Location, shown};
use transpose_core::inventory;

/// The largest `.xls` that is read: it is held in memory.
const LARGEST_XLS: u64 = 1 << 30;

/// The most cells, empty ones between others included, that the sheets of an `.xls` may have
/// together.
const MOST_CELLS: u64 = 32 << 20;

/// The reader of workbooks in compound files.
struct XlsBook;

inventory::submit! { RegisteredReader(&XlsBook) }

impl Reader for XlsBook {
    fn name(&self) -> &'static str {
        "xls"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xls"]
    }

    fn mark(&self) -> Mark {
        Mark::Bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::File(Arc::new(Self)))
    }
}

impl FileTable for XlsBook {
    fn read(&self, file: &Store, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut sheets = target.sheets();
        read(file, &mut sheets)?;
        sheets.finish()
    }
}

/// Reads an `.xls`.
fn read(store: &Store, sheets: &mut Sheets<'_>) -> Result<(), Stop> {
    if store.len() > LARGEST_XLS {
        return stop(
            &TOO_LARGE,
            Location::default(),
            "the workbook has more than 1 GiB, and an .xls is read as a whole",
        );
    }
    check_xls(store)?;
    let mut book: Xls<_> = Xls::new(BufReader::new(store.reader(0))).or_else(|error| match error {
        XlsError::Password => {
            stop(&UNSUPPORTED, Location::default(), "the workbook is protected by a password")
        }
        other => {
            let text = shown(other.to_string().as_bytes());
            stop(&UNREADABLE, Location::default(), format!("the workbook is damaged: {text}"))
        }
    })?;
    for name in worksheets(book.sheets_metadata()) {
        if !sheets.begin(&name) {
            continue;
        }
        let Ok(range) = book.worksheet_range(&name) else {
            return stop(
                &UNREADABLE,
                Location::default(),
                format!("sheet `{}` cannot be read", shown(name.as_bytes())),
            );
        };
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let (row, column) = (top + row as u32, left + column as u32);
            let value = match value {
                Data::Empty => continue,
                Data::Int(value) => Value::Whole(*value),
                Data::Float(value) => Value::Number(*value),
                Data::String(text) => Value::Text(text),
                Data::Bool(value) => Value::Truth(*value),
                Data::DateTime(moment) => Value::Moment(*moment),
                Data::DateTimeIso(text) | Data::DurationIso(text) => {
                    if !iso(sheets, row, column, text)? {
                        break;
                    }
                    continue;
                }
                Data::Error(error) => Value::Error(error.clone()),
            };
            if !put(sheets, row, column, &value)? {
                break;
            }
        }
        sheets.end()?;
    }
    Ok(())
}

/// Records that hold cells begin with a row and a column of two bytes each.
const CELLS: [u16; 11] =
    [0x0006, 0x00bd, 0x00be, 0x00d6, 0x00fd, 0x0201, 0x0203, 0x0204, 0x0205, 0x027e, 0x0207];
/// A sheet, or another part of the workbook, begins.
const BEGIN: u16 = 0x0809;

/// What a sheet says of its own size, first and last row, first and last column.
const DIMENSIONS: u16 = 0x0200;

/// The most rows and columns that a sheet of an `.xls` can have.
const MOST_ROWS: u64 = 1 << 16;
const MOST_COLUMNS: u64 = 1 << 8;

/// How many rows and columns a sheet says that it has; more than there can be where it says
/// nonsense.
fn claimed(claim: &[u8]) -> (u64, u64) {
    let number = |from: usize, len: usize| {
        let bytes = claim.get(from..from + len).unwrap_or_default();
        bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    // Rows have four bytes since 1997, and two before.
    let (first_row, last_row, first, last) = match claim.len() {
        12.. => (number(0, 4), number(4, 4), number(8, 2), number(10, 2)),
        8.. => (number(0, 2), number(2, 2), number(4, 2), number(6, 2)),
        _ => return (0, 0),
    };
    let size = |first: u64, last: u64| if first > last { u64::MAX } else { last };
    (size(first_row, last_row), size(first, last))
}

/// Refuses a workbook whose cells lie so far apart that a table of them would fill the memory.
fn check_xls(store: &Store) -> Result<(), Stop> {
    let unreadable =
        |what: &str| stop::<()>(&UNREADABLE, Location::default(), format!("the workbook is damaged: {what}"));
    let Ok(mut file) = cfb::CompoundFile::open(store.reader(0)) else {
        return unreadable("it is no whole compound file");
    };
    let name = ["/Workbook", "/Book"].into_iter().find(|name| file.is_stream(name));
    let Some(name) = name else {
        if file.is_stream("/EncryptedPackage") {
            return stop(&UNSUPPORTED, Location::default(), "the workbook is protected by a password");
        }
        return stop(
            &UNSUPPORTED,
            Location::default(),
            "the file is of an old office program and no workbook",
        );
    };
    let Ok(stream) = file.open_stream(name) else { return unreadable("its stream cannot be read") };
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let (mut all, mut rows, mut columns) = (0_u64, 0_u64, 0_u64);
    let mut head = [0; 4];
    let mut body = Vec::new();
    while stream.read_exact(&mut head).is_ok() {
        let [a, b, c, d] = head;
        let (kind, len) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        body.resize(usize::from(len), 0);
        if stream.read_exact(&mut body).is_err() {
            // Whether that matters is for the reader to say.
            break;
        }
        match (kind, &body[..]) {
            (BEGIN, _) => {
                all += rows * columns;
                (rows, columns) = (0, 0);
            }
            // The reader makes room for what is claimed.
            (DIMENSIONS, claim) => {
                let (claimed_rows, claimed_columns) = claimed(claim);
                if claimed_rows > MOST_ROWS || claimed_columns > MOST_COLUMNS {
                    return unreadable("a sheet is said to be larger than a sheet can be");
                }
                rows = rows.max(claimed_rows);
                columns = columns.max(claimed_columns);
            }
            (kind, [a, b, c, d, ..]) if CELLS.contains(&kind) => {
                rows = rows.max(u64::from(u16::from_le_bytes([*a, *b])) + 1);
                // Several cells in a row: each takes at least two bytes.
                let several = if matches!(kind, 0xbd | 0xbe) { u64::from(len) / 2 } else { 0 };
                columns = columns.max(u64::from(u16::from_le_bytes([*c, *d])) + 1 + several);
            }
            _ => {}
        }
        if all + rows * columns > MOST_CELLS {
            return stop(
                &TOO_LARGE,
                Location::default(),
                "the sheets of the workbook have more than 32 million cells, empty ones included",
            );
        }
    }
    Ok(())
}
