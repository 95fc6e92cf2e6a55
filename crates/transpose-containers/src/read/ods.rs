//! Workbooks in `.ods` (OpenDocument 1.2, part 1, chapter 9), read from front to back.

use crate::read::codes::TOO_LARGE;
use crate::read::reader::{Beginning, FileTable, Mark, Reader, RegisteredReader, Table};
use crate::read::source::archive;
use crate::read::source::store::Store;
use crate::read::source::xml::{CountingReader, Tag, next, reference};
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::sheets::{Sheets, plain_number};
use quick_xml::events::{BytesStart, Event};
use std::sync::Arc;
use transpose_core::diagnostics::Location;
use transpose_core::inventory;

/// How often a row, or a cell, that holds something may be repeated.
const MOST_REPEATED: u32 = 1000;

/// A cell while it is read.
#[derive(Default)]
struct Cell {
    kind: String,
    value: Option<String>,
    text: Vec<u8>,
    paragraphs: u32,
    repeated: u32,
    error: bool,
}

/// The reader of OpenDocument workbooks.
struct Ods;

inventory::submit! { RegisteredReader(&Ods) }

impl Reader for Ods {
    fn name(&self) -> &'static str {
        "ods"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ods"]
    }

    fn mark(&self) -> Mark {
        Mark::Members(&["content.xml", "mimetype"])
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::File(Arc::new(Self)))
    }
}

impl FileTable for Ods {
    fn read(&self, file: &Store, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut sheets = target.sheets();
        read(file, &mut sheets)?;
        sheets.finish()
    }
}

/// Reads the sheets of a workbook.
fn read(store: &Store, sheets: &mut Sheets<'_>) -> Result<(), Stop> {
    let mut archive = archive::open(store)?;
    let content = archive::member(&mut archive, "content.xml")?;
    let mut reader = quick_xml::Reader::from_reader(CountingReader::new(content));
    let mut buffer = Vec::new();
    let (mut row, mut repeated, mut column) = (0_u32, 1_u32, 0_u32);
    let mut cells: Vec<(u32, u32, Cell)> = Vec::new();
    let mut cell: Option<Cell> = None;
    // Notes, and how something is spoken, lie inside of cells and are none of their text.
    let mut notes = 0_u32;
    // The style that is read, and those of tables that nobody sees.
    let (mut style, mut hidden) = (None, Vec::new());
    let mut table = false;
    loop {
        let place = reader.get_ref().place();
        let event = next(&mut reader, &mut buffer)?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                "style:style" if !empty => style = tag.text("style:name"),
                "style:table-properties" if tag.text("table:display").as_deref() == Some("false") => {
                    hidden.extend(style.take());
                }
                "table:table" if !empty => {
                    let name = tag.text("table:name").unwrap_or_default();
                    if tag.text("table:style-name").is_some_and(|style| hidden.contains(&style)) {
                        sheets.begin_hidden(&name);
                    } else {
                        sheets.begin(&name);
                    }
                    (row, table) = (0, true);
                }
                "table:table-row" => {
                    repeated = count(&tag, "table:number-rows-repeated");
                    column = 0;
                    cells.clear();
                    if empty {
                        row = row.saturating_add(repeated);
                    }
                }
                "table:table-cell" | "table:covered-table-cell" => {
                    let begun = begin(&tag);
                    if empty {
                        end(begun, &mut column, &mut cells, row)?;
                    } else {
                        cell = Some(begun);
                    }
                }
                "office:annotation" | "text:ruby-text" if !empty => notes += 1,
                name if notes == 0 => {
                    if let Some(cell) = &mut cell {
                        inner(name, &tag, cell);
                    }
                }
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "table:table" if table => {
                    sheets.end()?;
                    table = false;
                }
                "table:table-row" if table => {
                    put(sheets, &cells, row, repeated)?;
                    row = row.saturating_add(repeated);
                    cells.clear();
                }
                "table:table-cell" | "table:covered-table-cell" => {
                    if let Some(cell) = cell.take() {
                        end(cell, &mut column, &mut cells, row)?;
                    }
                }
                "office:annotation" | "text:ruby-text" => notes = notes.saturating_sub(1),
                _ => {}
            },
            Event::Text(text) if notes == 0 => {
                if let Some(cell) = cell.as_mut().filter(|cell| cell.paragraphs > 0) {
                    cell.text.extend_from_slice(text.xml10_content().as_bytes());
                }
            }
            Event::GeneralRef(entity) if notes == 0 => {
                if let Some(cell) = cell.as_mut().filter(|cell| cell.paragraphs > 0) {
                    reference(&entity, &mut cell.text, place)?;
                }
            }
            _ => {}
        }
    }
}

/// How often something is repeated.
fn count(tag: &BytesStart<'_>, name: &str) -> u32 {
    tag.text(name).and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
}

fn begin(tag: &BytesStart<'_>) -> Cell {
    let kind = tag.text("office:value-type").unwrap_or_default();
    let value = match kind.as_str() {
        "float" | "percentage" | "currency" => tag.text("office:value"),
        "date" => tag.text("office:date-value"),
        "time" => tag.text("office:time-value"),
        "boolean" => tag.text("office:boolean-value"),
        "string" => tag.text("office:string-value"),
        _ => None,
    };
    let repeated = count(tag, "table:number-columns-repeated");
    let error = tag.text("calcext:value-type").as_deref() == Some("error");
    Cell { kind, value, repeated, error, ..Cell::default() }
}

/// What is in a cell: paragraphs, and what represents spaces and line ends.
fn inner(name: &str, tag: &BytesStart<'_>, cell: &mut Cell) {
    match name {
        "text:p" => {
            if cell.paragraphs > 0 {
                cell.text.push(b'\n');
            }
            cell.paragraphs += 1;
        }
        "text:s" => {
            let spaces = count(tag, "text:c").min(MOST_REPEATED);
            cell.text.extend(std::iter::repeat_n(b' ', spaces as usize));
        }
        "text:tab" => cell.text.push(b'\t'),
        "text:line-break" => cell.text.push(b'\n'),
        _ => {}
    }
}

/// Ends a cell; nothing is kept of one that holds nothing.
fn end(mut cell: Cell, column: &mut u32, cells: &mut Vec<(u32, u32, Cell)>, row: u32) -> Result<(), Stop> {
    let repeated = cell.repeated;
    // What is shown and is not the value is an error.
    cell.error |= cell.value.as_deref() == Some("") && !cell.text.is_empty();
    if cell.error || cell.value.is_some() || cell.paragraphs > 0 || cell.kind == "string" {
        if repeated > MOST_REPEATED || cells.len() > 4096 {
            let message = format!("row {} holds more cells than any table has", u64::from(row) + 1);
            return stop(&TOO_LARGE, Location::default(), message);
        }
        cells.push((*column, repeated, cell));
    }
    *column = column.saturating_add(repeated);
    Ok(())
}

/// Puts the cells of a row, as often as it is repeated.
fn put(sheets: &mut Sheets<'_>, cells: &[(u32, u32, Cell)], row: u32, repeated: u32) -> Result<(), Stop> {
    if cells.is_empty() {
        return Ok(());
    }
    if repeated > MOST_REPEATED {
        let message = format!("row {} is repeated {repeated} times", u64::from(row) + 1);
        return stop(&TOO_LARGE, Location::default(), message);
    }
    for row in (0..repeated).map(|further| row.saturating_add(further)) {
        for (first, times, cell) in cells {
            for column in *first..first.saturating_add(*times) {
                if !one(sheets, row, column as usize, cell)? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn one(sheets: &mut Sheets<'_>, row: u32, column: usize, cell: &Cell) -> Result<bool, Stop> {
    let Some(value) = cell.value.as_deref().filter(|_| !cell.error) else {
        if cell.error {
            sheets.error(row, column, &String::from_utf8_lossy(&cell.text));
            return Ok(true);
        }
        return sheets.cell(row, column, &cell.text);
    };
    match cell.kind.as_str() {
        "date" => match value.split_once('T') {
            Some((day, time)) => sheets.moment(row, column, day, time),
            None => sheets.moment(row, column, value, "00:00:00"),
        },
        "time" => sheets.cell(row, column, clock(value).as_bytes()),
        "float" | "percentage" | "currency" => sheets.cell(row, column, plain_number(value).as_bytes()),
        _ => sheets.cell(row, column, value.as_bytes()),
    }
}

/// `PT01H02M03.5S` as `01:02:03.5`; anything else as it is.
fn clock(value: &str) -> String {
    let parts = || {
        let rest = value.strip_prefix("PT")?;
        let (hours, rest) = rest.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?.trim_end_matches('0').trim_end_matches(['.', ',']);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = if seconds.len() < 2 { format!("{seconds:0<2}") } else { seconds.to_owned() };
        (digits(hours) && digits(minutes))
            .then(|| format!("{hours:0>2}:{minutes:0>2}:{seconds}").replace(',', "."))
    };
    parts().unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn lengths_of_time_are_clocks() {
        for (value, text) in [
            ("PT01H02M03S", "01:02:03"),
            ("PT00H00M30.5000000S", "00:00:30.5"),
            ("PT100H00M00S", "100:00:00"),
            ("PT00H03M20S", "00:03:20"),
            ("P1D", "P1D"),
        ] {
            assert_eq!(clock(value), text);
        }
    }
}
