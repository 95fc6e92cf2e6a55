//! Tables as text, the workbooks made of them, and what readers find in these.

use calamine::{Data, Reader as _, Xls, Xlsx};
use std::io::Cursor;
use transpose_codes::time::Timestamp;
use transpose_containers::write::Writer;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{ColumnContent, OutputContext, TableColumn, TableShape};

/// A sheet: its name and its rows.
pub(crate) type Sheet = (String, Vec<Vec<String>>);

/// A table of text columns, except for those whose headings begin with `number`.
pub(crate) fn shape(headings: &[&str]) -> TableShape {
    let column = |heading: &&str| TableColumn {
        heading: (*heading).into(),
        holds: if heading.starts_with("number") { ColumnContent::Numbers } else { ColumnContent::Text },
    };
    TableShape {
        name: "test table".into(),
        delimiter: b',',
        quote: b'"',
        quoted_empty: false,
        utf8: true,
        columns: headings.iter().map(column).collect(),
    }
}

/// A row as text.
pub(crate) fn line(cells: &[impl AsRef<str>], out: &mut Vec<u8>) {
    let cells: Vec<String> =
        cells.iter().map(|cell| format!("\"{}\"", cell.as_ref().replace('"', "\"\""))).collect();
    out.extend_from_slice(cells.join(",").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A table as text, with its headings.
pub(crate) fn text(headings: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = Vec::new();
    line(headings, &mut out);
    for row in rows {
        line(row, &mut out);
    }
    out
}

/// The names of all workbooks.
pub(crate) fn workbooks() -> Vec<&'static str> {
    Writer::all().iter().map(|writer| writer.name()).collect()
}

/// The workbook that is made of pieces of text, each of whole rows, and what is reported of it.
pub(crate) fn written<'a>(
    workbook: &str,
    shape: &TableShape,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Fatal> {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::parse(b"2026-11-10T06:00:00Z").unwrap();
    let mut out = Vec::new();
    let writer = Writer::by_name(workbook).unwrap();
    let mut writer =
        writer.begin(shape, OutputContext { output: "out.book", temp_dir: folder.path(), now })?;
    for piece in pieces {
        writer.rows(piece, &mut out)?;
    }
    let notes = writer.finish(&mut |bytes| {
        out.extend_from_slice(bytes);
        Ok(())
    })?;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something stayed behind");
    Ok((out, notes))
}

/// The workbook of a table that nothing is wrong with.
pub(crate) fn book(workbook: &str, headings: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    written(workbook, &shape(headings), [&text(headings, rows)[..]]).unwrap().0
}

/// Every sheet of a workbook. SpreadsheetML is read by an XML parser, the others by calamine.
pub(crate) fn sheets(workbook: &str, bytes: &[u8]) -> Vec<Sheet> {
    match workbook {
        "xls" => ranges(Xls::new(Cursor::new(bytes)).unwrap()),
        "xlsx" => ranges(Xlsx::new(Cursor::new(bytes)).unwrap()),
        "spreadsheetml" => spreadsheetml(bytes),
        other => panic!("say here how `{other}` is read"),
    }
}

fn ranges<'a, R: calamine::Reader<Cursor<&'a [u8]>>>(mut book: R) -> Vec<Sheet> {
    let row = |row: &[Data]| row.iter().map(shown).collect();
    book.worksheets()
        .into_iter()
        .map(|(name, range)| {
            assert_eq!(range.start().unwrap_or_default(), (0, 0), "the sheet begins at its first cell");
            (name, range.rows().map(row).collect())
        })
        .collect()
}

/// A cell: strings as they are, numbers in their shortest notation.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        other => panic!("a cell is neither text nor number: {other:?}"),
    }
}

/// SpreadsheetML as an XML parser sees it; types must fit their values.
fn spreadsheetml(bytes: &[u8]) -> Vec<Sheet> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut sheets: Vec<Sheet> = Vec::new();
    let (mut text, mut data) = (String::new(), false);
    let attribute = |tag: &quick_xml::events::BytesStart<'_>, name: &str| {
        let attribute = tag.try_get_attribute(name).unwrap()?;
        Some(attribute.value.into_owned())
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => match tag.name().as_ref() {
                "Worksheet" => sheets.push((attribute(&tag, "ss:Name").unwrap(), Vec::new())),
                "Row" => sheets.last_mut().unwrap().1.push(Vec::new()),
                "Cell" => {
                    let row = sheets.last_mut().unwrap().1.last_mut().unwrap();
                    if let Some(index) = attribute(&tag, "ss:Index") {
                        row.resize(index.parse::<usize>().unwrap() - 1, String::new());
                    }
                }
                "Data" => {
                    data = true;
                    text.clear();
                    let kind = attribute(&tag, "ss:Type").unwrap();
                    assert!(kind == "String" || kind == "Number", "{kind}");
                }
                _ => {}
            },
            Event::Text(part) if data => text.push_str(&part),
            Event::GeneralRef(reference) if data => {
                let character = match reference.resolve_char_ref().unwrap() {
                    Some(character) => character,
                    None => match &*reference {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        other => panic!("{other}"),
                    },
                };
                text.push(character);
            }
            Event::End(tag) if tag.name().as_ref() == "Data" => {
                data = false;
                let row = sheets.last_mut().unwrap().1.last_mut().unwrap();
                row.push(std::mem::take(&mut text));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    for (_, rows) in &mut sheets {
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        for row in rows {
            row.resize(width, String::new());
        }
    }
    sheets
}
