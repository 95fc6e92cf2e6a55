//! Workbooks in `.xls`, read as a whole.

use crate::read::codes::{TOO_LARGE, UNREADABLE, UNSUPPORTED};
use crate::read::reader::{Beginning, FileTable, Mark, Reader, RegisteredReader, Table};
use crate::read::source::store::Store;
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::cells::{Value, begin, iso, put, worksheets};
use crate::read::table::sheets::Sheets;
use calamine::{Data, Reader as _, Xls, XlsError};
use std::io::{Cursor, Read as _, Write as _};
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
    let stream = workbook(store)?;
    check(&stream)?;
    let mut book: Xls<_> = Xls::new(Cursor::new(alone(&stream)?)).or_else(|error| match error {
        XlsError::Password => {
            stop(&UNSUPPORTED, Location::default(), "the workbook is protected by a password")
        }
        other => {
            let text = shown(other.to_string().as_bytes());
            stop(&UNREADABLE, Location::default(), format!("the workbook is damaged: {text}"))
        }
    })?;
    for sheet in worksheets(book.sheets_metadata()) {
        let name = &sheet.name;
        if !begin(sheets, &sheet) {
            continue;
        }
        let Ok(range) = book.worksheet_range(name) else {
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

fn damaged<T>(what: &str) -> Result<T, Stop> {
    stop(&UNREADABLE, Location::default(), format!("the workbook is damaged: {what}"))
}

/// The stream of the workbook in its compound file.
fn workbook(store: &Store) -> Result<Vec<u8>, Stop> {
    let Ok(mut file) = cfb::CompoundFile::open(store.reader(0)) else {
        return damaged("it is no whole compound file");
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
    let Ok(stream) = file.open_stream(name) else { return damaged("its stream cannot be read") };
    // A chain of sectors that comes back to itself has no end, whatever length is stated.
    if stream.len() > store.len() {
        return damaged("its stream is longer than the file");
    }
    let mut bytes = Vec::new();
    let read = stream.take(store.len()).read_to_end(&mut bytes);
    read.or_else(|_| damaged("its stream cannot be read"))?;
    Ok(bytes)
}

/// A compound file of the stream alone: whatever else was in the file, and how its sectors were
/// chained, reaches no further.
fn alone(stream: &[u8]) -> Result<Vec<u8>, Stop> {
    let build = || -> std::io::Result<Vec<u8>> {
        let room = Cursor::new(Vec::with_capacity(stream.len() + (64 << 10)));
        // The fourth version wants what only small streams have.
        let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, room)?;
        file.create_stream("/Workbook")?.write_all(stream)?;
        file.flush()?;
        Ok(file.into_inner().into_inner())
    };
    build().or_else(|_| damaged("its stream cannot be read"))
}

/// The list of sheets names one: the first four bytes say where it begins in the stream.
const SHEET: u16 = 0x0085;
/// A sheet, or another part of the workbook, ends.
const END: u16 = 0x000a;

/// The records of a stream from a place on: their type and what is in them.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([a, b, c, d], rest) = self.0.split_first_chunk()?;
        // Whether it matters that one is cut off is for the reader to say.
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*c, *d])))?;
        self.0 = rest;
        Some((u16::from_le_bytes([*a, *b]), body))
    }
}

/// Refuses a workbook whose sheets would fill the memory: their cells lie far apart, or the list of
/// sheets names one of them many times. It goes where the reader will go: to the sheets that the
/// list names, and through their records to the end of each.
fn check(stream: &[u8]) -> Result<(), Stop> {
    let globals = Records(stream).take_while(|(kind, _)| *kind != END);
    let sheets = globals.filter(|(kind, _)| *kind == SHEET).filter_map(|(_, body)| body.first_chunk::<4>());
    let mut begins: Vec<usize> = sheets.map(|place| u32::from_le_bytes(*place) as usize).collect();
    begins.sort_unstable();
    if begins.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return damaged("two of its sheets begin at one place");
    }
    let mut all = 0_u64;
    for begin in begins {
        let Some(sheet) = stream.get(begin..) else { return damaged("a sheet begins behind its end") };
        all = check_sheet(sheet, all)?;
    }
    Ok(())
}

/// Adds the cells of a sheet, empty ones between others included, to those before.
fn check_sheet(sheet: &[u8], before: u64) -> Result<u64, Stop> {
    let (mut rows, mut columns, mut cells) = (0_u64, 0_u64, 0_u64);
    // Charts inside a sheet are parts with an end of their own.
    let mut open = 0_u32;
    for (kind, body) in Records(sheet) {
        match (kind, body) {
            (BEGIN, _) => open += 1,
            (END, _) if open < 2 => break,
            (END, _) => open -= 1,
            // The reader makes room for what is claimed.
            (DIMENSIONS, claim) => {
                let (claimed_rows, claimed_columns) = claimed(claim);
                if claimed_rows > MOST_ROWS || claimed_columns > MOST_COLUMNS {
                    return damaged("a sheet is said to be larger than a sheet can be");
                }
                // It may be claimed again, and room is made again.
                cells += rows * columns;
                rows = rows.max(claimed_rows);
                columns = columns.max(claimed_columns);
            }
            (kind, [a, b, c, d, ..]) if CELLS.contains(&kind) => {
                rows = rows.max(u64::from(u16::from_le_bytes([*a, *b])) + 1);
                // Several cells in a row: each takes at least two bytes.
                let several = if matches!(kind, 0xbd | 0xbe) { body.len() as u64 / 2 } else { 0 };
                columns = columns.max(u64::from(u16::from_le_bytes([*c, *d])) + 1 + several);
                cells += 1;
            }
            _ => {}
        }
        if before + rows * columns + cells > MOST_CELLS {
            return stop(
                &TOO_LARGE,
                Location::default(),
                "the sheets of the workbook have more than 32 million cells, empty ones included",
            );
        }
    }
    Ok(before + rows * columns + cells)
}
