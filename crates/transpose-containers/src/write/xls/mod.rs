//! `.xls`: BIFF8 records in the stream `Workbook` of a compound file.
//!
//! The head of the stream lists where each sheet begins, and holds all strings, so both are known
//! only at the end. Cells and strings wait on disk; then the compound file is put together on disk
//! too, for it is not written from front to back.
//!
//! ```text
//!  rows ─▶ cells   ─▶ spool ─┐   at the end:
//!       └▶ strings ─▶ spool ─┴─▶ head, strings, sheets ─▶ compound file on disk ─▶ output
//! ```
//!
//! `biff` has the records, `strings` the table of strings, `spool` what waits on disk.

mod biff;
mod spool;
mod strings;

use crate::write::RegisteredWriter;
use crate::write::codes;
use crate::write::sheets::{SheetWriter, Workbook};
use biff::{CellStyle, StreamKind};
use cfb::{CompoundFile, Version};
use spool::Spool;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use strings::Strings;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{ColumnContent, Container, OutputContext, TableShape, TableWriter};
use transpose_core::inventory;

/// BIFF8 in a compound file, as spreadsheets have read it since 1997; 65,536 rows a sheet.
struct Xls;

inventory::submit! { RegisteredWriter(&Xls) }

impl Container for Xls {
    fn name(&self) -> &'static str {
        "xls"
    }

    fn extension(&self) -> &'static str {
        "xls"
    }

    fn begin(&self, table: &TableShape, context: OutputContext<'_>) -> Result<Box<dyn TableWriter>, Fatal> {
        let workbook = XlsWorkbook::new(table, context)?;
        Ok(Box::new(SheetWriter::new(workbook, self.name(), table, context)?))
    }
}

/// The most bytes that the stream may have: a compound file of this version counts its bytes with
/// 31 bits, and has its own tables besides.
const MOST: u64 = 0x7f00_0000;

/// How many bytes are handed over at once.
const PIECE: usize = 256 << 10;

/// A workbook that is being written.
struct XlsWorkbook {
    cells: Spool,
    strings: Strings,
    sheets: Vec<Sheet>,
    looks: Vec<CellStyle>,
    temp_dir: PathBuf,
    output: String,
}

/// A sheet whose cells wait in the spool.
struct Sheet {
    name: String,
    /// Where its cells begin.
    start: u64,
    rows: u32,
}

impl XlsWorkbook {
    fn new(table: &TableShape, context: OutputContext<'_>) -> Result<Self, Fatal> {
        let look = |holds| if holds == ColumnContent::Numbers { CellStyle::General } else { CellStyle::Text };
        Ok(Self {
            cells: Spool::new(context.temp_dir)?,
            strings: Strings::new(context.temp_dir)?,
            sheets: Vec::new(),
            looks: table.columns.iter().map(|column| look(column.holds)).collect(),
            temp_dir: context.temp_dir.to_owned(),
            output: context.output.to_owned(),
        })
    }

    /// Refuses a workbook that has become too large; asked often, so that a hopeless run ends
    /// early.
    fn check(&self) -> Result<(), Fatal> {
        if self.cells.len() + self.strings.len() <= MOST {
            return Ok(());
        }
        let place = Location { source: Some(self.output.as_str().into()), ..Location::default() };
        let message = "the workbook is larger than 2 GiB, the most that an `.xls` may have";
        Err(Fatal::input(Diagnostic::new(&codes::TOO_LARGE, place, message)))
    }

    /// The records before and behind the cells of a sheet.
    fn frame(&self, number: usize, rows: u32) -> (Vec<u8>, Vec<u8>) {
        let (mut head, mut foot) = (Vec::new(), Vec::new());
        biff::begin(&mut head, StreamKind::Sheet);
        biff::columns(&mut head, self.looks.iter().copied());
        biff::dimensions(&mut head, rows, self.looks.len() as u16);
        biff::window(&mut foot, number == 0);
        biff::end(&mut foot);
        (head, foot)
    }

    /// Hands over the stream from front to back.
    fn stream(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Fatal>) -> Result<(), Fatal> {
        self.strings.end()?;
        self.check()?;
        let mut head = Vec::new();
        biff::begin(&mut head, StreamKind::Globals);
        biff::book(&mut head);
        let list: usize = self.sheets.iter().map(|sheet| biff::sheet_of_book_len(&sheet.name)).sum();
        let mut foot = Vec::new();
        biff::end(&mut foot);
        let mut at = (head.len() + list + foot.len()) as u64 + self.strings.len();
        let ends: Vec<u64> =
            self.sheets.iter().skip(1).map(|next| next.start).chain([self.cells.len()]).collect();
        for (number, (sheet, end)) in self.sheets.iter().zip(&ends).enumerate() {
            // Below the most that the stream may have, as was checked.
            biff::sheet_of_book(&mut head, &sheet.name, at as u32);
            let (before, behind) = self.frame(number, sheet.rows);
            at += (before.len() + behind.len()) as u64 + (end - sheet.start);
        }
        out(&head)?;
        self.strings.replay(out)?;
        out(&foot)?;
        for (number, end) in ends.into_iter().enumerate() {
            let Some(Sheet { start, rows, .. }) = self.sheets.get(number) else { continue };
            let (start, (before, behind)) = (*start, self.frame(number, *rows));
            out(&before)?;
            self.cells.replay(start, end, out)?;
            out(&behind)?;
        }
        Ok(())
    }
}

impl Workbook for XlsWorkbook {
    const ROWS: u32 = 65_536;
    const COLUMNS: usize = 256;

    fn sheet(&mut self, name: &str, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        self.check()?;
        self.sheets.push(Sheet { name: name.to_owned(), start: self.cells.len(), rows: 0 });
        Ok(())
    }

    fn row(&mut self, row: u32, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rows = row + 1;
        }
        Ok(())
    }

    fn text(&mut self, row: u32, column: u16, text: &str, _out: &mut Vec<u8>) -> Result<(), Fatal> {
        let string = self.strings.number(text)?;
        self.cells.add(|out| biff::text(out, row as u16, column, string))
    }

    fn number(
        &mut self,
        row: u32,
        column: u16,
        number: f64,
        _text: &str,
        _out: &mut Vec<u8>,
    ) -> Result<(), Fatal> {
        self.cells.add(|out| biff::number(out, row as u16, column, number))
    }

    fn finish(mut self, out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send)) -> Result<(), Fatal> {
        let failed = |error: std::io::Error| codes::failed(&error);
        let file = tempfile::tempfile_in(&self.temp_dir).map_err(failed)?;
        let mut compound = CompoundFile::create_with_version(Version::V3, file).map_err(failed)?;
        let mut stream = compound.create_new_stream("/Workbook").map_err(failed)?;
        self.stream(&mut |bytes| stream.write_all(bytes).map_err(failed))?;
        stream.flush().map_err(failed)?;
        drop(stream);
        compound.flush().map_err(failed)?;
        let mut file = compound.into_inner();
        file.rewind().map_err(failed)?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece).map_err(failed)?;
            if read == 0 {
                return Ok(());
            }
            out(piece.get(..read).unwrap_or(&[]))?;
        }
    }
}
