//! `.xlsx`, by way of `rust_xlsxwriter`, which keeps one row in memory and the rest on disk.

use crate::write::RegisteredWriter;
use crate::write::codes;
use crate::write::sheets::{SheetWriter, Workbook};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Worksheet, XlsxError};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{ColumnContent, Container, OutputContext, TableShape, TableWriter};
use transpose_core::inventory;

/// Office Open XML; 1,048,576 rows a sheet.
struct Xlsx;

inventory::submit! { RegisteredWriter(&Xlsx) }

impl Container for Xlsx {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn extension(&self) -> &'static str {
        "xlsx"
    }

    fn begin(&self, table: &TableShape, context: OutputContext<'_>) -> Result<Box<dyn TableWriter>, Fatal> {
        let workbook = XlsxWorkbook::new(table, context)?;
        Ok(Box::new(SheetWriter::new(workbook, self.name(), table, context)?))
    }
}

/// How hard the file is packed: as outputs in gzip are.
const LEVEL: u8 = 2;

/// From how many bytes on a member of the archive needs the sizes of large files, with room for its
/// frame.
const LARGE: u64 = 0xff00_0000;

/// A workbook that is being written.
struct XlsxWorkbook {
    inner: rust_xlsxwriter::Workbook,
    /// Which columns hold text.
    texts: Vec<bool>,
    text: Format,
    /// How many sheets were begun.
    sheets: usize,
    /// At most how many bytes the open sheet has so far.
    size: u64,
}

impl XlsxWorkbook {
    fn new(table: &TableShape, context: OutputContext<'_>) -> Result<Self, Fatal> {
        let mut inner = rust_xlsxwriter::Workbook::new();
        inner.set_tempdir(context.temp_dir).map_err(|error| failed(&error))?;
        inner.set_zip_compression_level(LEVEL);
        let made = ExcelDateTime::from_timestamp(context.now.micros.div_euclid(1_000_000))
            .map_err(|error| failed(&error))?;
        inner.set_properties(&DocProperties::new().set_creation_datetime(&made));
        Ok(Self {
            inner,
            texts: table.columns.iter().map(|column| column.holds == ColumnContent::Text).collect(),
            text: Format::new().set_num_format("@"),
            sheets: 0,
            size: 0,
        })
    }

    /// The open sheet.
    fn open(&mut self) -> Result<&mut Worksheet, Fatal> {
        self.inner.worksheet_from_index(self.sheets.saturating_sub(1)).map_err(|error| failed(&error))
    }

    /// Counts what a cell takes in the file, at most.
    fn count(&mut self, text: &str) {
        // Tags and attributes, and what is written for a character that XML needs.
        let special = text.bytes().filter(|byte| matches!(byte, b'&' | b'<' | b'>' | b'_' | b'\r')).count();
        self.size += 96 + text.len() as u64 + 7 * special as u64;
        if self.size > LARGE {
            self.inner.use_zip_large_file(true);
        }
    }
}

impl Workbook for XlsxWorkbook {
    const ROWS: u32 = 1_048_576;
    const COLUMNS: usize = 16_384;

    fn sheet(&mut self, name: &str, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        let sheet = self.inner.add_worksheet_with_constant_memory().map_err(|error| failed(&error))?;
        sheet.set_name(name).map_err(|error| failed(&error))?;
        for (column, _) in (0..).zip(&self.texts).filter(|(_, text)| **text) {
            sheet.set_column_format(column, &self.text).map_err(|error| failed(&error))?;
        }
        self.sheets += 1;
        self.size = 0;
        Ok(())
    }

    fn row(&mut self, _row: u32, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        Ok(())
    }

    fn text(&mut self, row: u32, column: u16, text: &str, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        self.count(text);
        // Text that begins with `=` or looks like an address is a string here; only `write` would
        // guess.
        let sheet = self.open()?;
        guarded(|| sheet.write_string(row, column, text).map(drop))
    }

    fn number(
        &mut self,
        row: u32,
        column: u16,
        number: f64,
        text: &str,
        _out: &mut Vec<u8>,
    ) -> Result<(), Fatal> {
        self.count(text);
        let sheet = self.open()?;
        guarded(|| sheet.write_number(row, column, number).map(drop))
    }

    fn finish(mut self, out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send)) -> Result<(), Fatal> {
        let mut outlet = ErrorKeepingWriter { out, failure: None };
        let saved = guarded(|| self.inner.save_to_writer(&mut outlet));
        match outlet.failure {
            Some(fatal) => Err(fatal),
            None => saved,
        }
    }
}

/// Runs a step of the library, which panics where its temporary file cannot be written: a full disk
/// is no fault of the program.
fn guarded(step: impl FnOnce() -> Result<(), XlsxError>) -> Result<(), Fatal> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => done.map_err(|error| failed(&error)),
        Err(_) => Err(codes::failed(&"what waits on disk could not be written")),
    }
}

fn failed(error: &XlsxError) -> Fatal {
    codes::failed(error)
}

/// Hands on what is written, and keeps the failure that a writer cannot report.
struct ErrorKeepingWriter<'a> {
    out: &'a mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send),
    failure: Option<Fatal>,
}

impl Write for ErrorKeepingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.out)(bytes).map_err(|fatal| {
            self.failure = Some(fatal);
            io::Error::other("the output could not be written")
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
