//! Tables with one cell in each line and a blank line after each row. The first row has the
//! headings, and the text begins with the line `#cells`.

use crate::read::reader::{Beginning, Fit, Mark, Reader, RegisteredReader, Table, TextTable};
use crate::read::source::io_stop;
use crate::read::stop::Stop;
use crate::read::table::Target;
use crate::read::table::rows::Rows;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;
use transpose_core::inventory;

/// What the text begins with.
const FIRST_LINE: &[u8] = b"#cells\n";

/// The most bytes of a cell.
const LONGEST: u64 = 1 << 20;

/// The reader.
struct Cells;

inventory::submit! { RegisteredReader(&Cells) }

impl Reader for Cells {
    fn name(&self) -> &'static str {
        "cells"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["cells"]
    }

    fn mark(&self) -> Mark {
        Mark::Text(|start| Fit::certain_if(start.bytes.starts_with(FIRST_LINE)))
    }

    fn open(&self, _: &Beginning<'_>) -> Result<Table, Stop> {
        Ok(Table::Text(Arc::new(Self)))
    }
}

impl TextTable for Cells {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut text = BufReader::new(text);
        let mut line = Vec::new();
        next(&mut text, &mut line)?;
        let mut headings = Vec::new();
        while next(&mut text, &mut line)? && !line.is_empty() {
            headings.push(String::from_utf8_lossy(&line).into_owned());
        }
        let mut rows = target.rows(&headings)?;
        while row(&mut text, &mut line, &mut rows)? {}
        Ok(())
    }
}

/// Writes the next row, if there is one.
fn row(text: &mut BufReader<&mut dyn Read>, line: &mut Vec<u8>, rows: &mut Rows<'_>) -> Result<bool, Stop> {
    let mut any = false;
    while next(text, line)? && !line.is_empty() {
        rows.cell(Some(line.as_slice()));
        any = true;
    }
    if any {
        rows.end()?;
    }
    Ok(any)
}

/// Reads the next line, without its end; a longer one goes on as the next.
fn next(text: &mut BufReader<&mut dyn Read>, line: &mut Vec<u8>) -> Result<bool, Stop> {
    line.clear();
    let read = text.by_ref().take(LONGEST).read_until(b'\n', line).map_err(io_stop)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(read > 0)
}
