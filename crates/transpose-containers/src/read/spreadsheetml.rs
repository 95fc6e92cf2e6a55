//! SpreadsheetML 2003, the XML that old spreadsheets write, often under the name `.xls`.

use crate::read::codes::{BAD_RECORDS, TOO_LARGE};
use crate::read::reader::{Beginning, Fit, Mark, Reader, RegisteredReader, Table, TextTable};
use crate::read::source::xml::{CountingReader, Tag, next, reference};
use crate::read::stop::{Stop, stop};
use crate::read::table::Target;
use crate::read::table::sheets::{Sheets, plain_number, without_zeros};
use quick_xml::events::Event;
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::Location;
use transpose_core::inventory;

/// The reader of SpreadsheetML.
struct SpreadsheetMl;

inventory::submit! { RegisteredReader(&SpreadsheetMl) }

impl Reader for SpreadsheetMl {
    fn name(&self) -> &'static str {
        "spreadsheetml"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn mark(&self) -> Mark {
        Mark::Text(|start| {
            let named = memchr::memmem::find(&start.bytes, NAMESPACE).is_some();
            Fit::certain_if(start.bytes.first() == Some(&b'<') && named && start.lower.contains("<workbook"))
        })
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::Text(Arc::new(Self)))
    }
}

impl TextTable for SpreadsheetMl {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut sheets = target.sheets();
        read(text, &mut sheets)?;
        sheets.finish()
    }
}

/// The namespace that distinguishes it from other XML.
const NAMESPACE: &[u8] = b"urn:schemas-microsoft-com:office:spreadsheet";

/// The most bytes of a cell.
const LONGEST: usize = 1 << 20;

/// Reads the sheets of a workbook.
fn read(from: &mut dyn Read, sheets: &mut Sheets<'_>) -> Result<(), Stop> {
    let mut reader = quick_xml::Reader::from_reader(CountingReader::new(from));
    let mut buffer = Vec::new();
    let (mut row, mut column, mut across) = (0_u32, 0_u32, 0_u32);
    let mut depth = 0_u32;
    // The type and the text of the cell that is read.
    let mut data: Option<(String, Vec<u8>)> = None;
    loop {
        let place = reader.get_ref().place();
        let event = next(&mut reader, &mut buffer)?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => {
                return stop(
                    &BAD_RECORDS,
                    Location::line(place.0, place.1),
                    "the workbook ends in the middle",
                );
            }
            Event::Start(tag) | Event::Empty(tag) => {
                depth += u32::from(!empty);
                let index = || tag.text("ss:Index").and_then(|text| text.parse::<u32>().ok()?.checked_sub(1));
                match tag.local_name().as_ref() {
                    "Worksheet" if !empty => {
                        sheets.begin(&tag.text("ss:Name").unwrap_or_default());
                        row = 0;
                    }
                    "Row" => {
                        row = index().unwrap_or(row);
                        column = 0;
                        if empty {
                            row = row.saturating_add(1);
                        }
                    }
                    "Cell" => {
                        column = index().unwrap_or(column);
                        across = tag.text("ss:MergeAcross").and_then(|text| text.parse().ok()).unwrap_or(0);
                        if empty {
                            column = column.saturating_add(across).saturating_add(1);
                        }
                    }
                    "Data" => data = Some((tag.text("ss:Type").unwrap_or_default(), Vec::new())),
                    _ => {}
                }
                if empty && tag.local_name().as_ref() == "Data" {
                    put(sheets, row, column, data.take())?;
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match tag.local_name().as_ref() {
                    "Worksheet" => sheets.end()?,
                    "Row" => row = row.saturating_add(1),
                    "Cell" => column = column.saturating_add(across).saturating_add(1),
                    "Data" => put(sheets, row, column, data.take())?,
                    _ => {}
                }
            }
            Event::Text(text) => add(&mut data, text.xml10_content().as_bytes())?,
            Event::CData(text) => add(&mut data, text.xml10_content().as_bytes())?,
            Event::GeneralRef(entity) => {
                if let Some((_, text)) = &mut data {
                    reference(&entity, text, place)?;
                }
            }
            _ => {}
        }
    }
}

fn add(data: &mut Option<(String, Vec<u8>)>, more: &[u8]) -> Result<(), Stop> {
    let Some((_, text)) = data else { return Ok(()) };
    if text.len() + more.len() > LONGEST {
        return stop(&TOO_LARGE, Location::default(), "a cell has more than 1 MiB");
    }
    text.extend_from_slice(more);
    Ok(())
}

fn put(sheets: &mut Sheets<'_>, row: u32, column: u32, data: Option<(String, Vec<u8>)>) -> Result<(), Stop> {
    let Some((kind, text)) = data else { return Ok(()) };
    let column = column as usize;
    let shown = String::from_utf8_lossy(&text);
    match kind.as_str() {
        "Number" => sheets.cell(row, column, plain_number(shown.trim()).as_bytes()),
        "Boolean" => sheets.cell(row, column, if shown.trim() == "1" { b"true" } else { b"false" }),
        "DateTime" => match shown.trim().split_once('T') {
            Some((day, time)) => {
                // A time of day alone is on the day before the first.
                if day == "1899-12-31" || day == "1899-12-30" {
                    sheets.cell(row, column, without_zeros(time).as_bytes())
                } else {
                    sheets.moment(row, column, day, time)
                }
            }
            None => sheets.cell(row, column, &text),
        },
        "Error" => {
            sheets.error(row, column, &shown);
            Ok(true)
        }
        _ => sheets.cell(row, column, &text),
    }
    .map(|_| ())
}
