//! SpreadsheetML 2003: a workbook as one XML file.
//!
//! Source: Microsoft, "XML Spreadsheet Reference" (2001, for Office XP and 2003). Every cell says
//! whether it is a string or a number, and no cell is a formula. It is written from front to back
//! and needs no room on disk.

use crate::write::RegisteredWriter;
use crate::write::sheets::{SheetWriter, Workbook};
use std::io::Write as _;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{ColumnContent, Container, OutputContext, TableShape, TableWriter};
use transpose_core::inventory;

/// The XML of 2003, one file of plain text; 1,048,576 rows a sheet.
struct SpreadsheetMl;

inventory::submit! { RegisteredWriter(&SpreadsheetMl) }

impl Container for SpreadsheetMl {
    fn name(&self) -> &'static str {
        "spreadsheetml"
    }

    fn extension(&self) -> &'static str {
        "xml"
    }

    fn begin(&self, table: &TableShape, context: OutputContext<'_>) -> Result<Box<dyn TableWriter>, Fatal> {
        let workbook = XmlWorkbook::new(table, context);
        Ok(Box::new(SheetWriter::new(workbook, self.name(), table, context)?))
    }
}

/// What comes before the sheets.
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<?mso-application progid=\"Excel.Sheet\"?>
<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">
 <Styles>
  <Style ss:ID=\"text\"><NumberFormat ss:Format=\"@\"/></Style>
 </Styles>
";

/// A workbook that is being written.
struct XmlWorkbook {
    /// Which columns hold text.
    texts: Vec<bool>,
    /// How far the file is.
    open: Open,
    /// The column that comes next.
    next: u16,
}

/// How far the file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Sheet,
    Row,
}

impl XmlWorkbook {
    fn new(table: &TableShape, _site: OutputContext<'_>) -> Self {
        let texts = table.columns.iter().map(|column| column.holds == ColumnContent::Text).collect();
        Self { texts, open: Open::Nothing, next: 0 }
    }

    /// Ends the row that is open, and the sheet.
    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Row {
            out.extend_from_slice(b"</Row>\n");
        }
        if self.open != Open::Nothing {
            out.extend_from_slice(b"  </Table>\n </Worksheet>\n");
        }
        self.open = Open::Nothing;
    }

    /// Begins a cell; one after a gap says where it is.
    fn cell(&mut self, column: u16, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<Cell");
        if column != self.next {
            // Writing into memory does not fail.
            let _ = write!(out, " ss:Index=\"{}\"", u32::from(column) + 1);
        }
        self.next = column.saturating_add(1);
    }
}

impl Workbook for XmlWorkbook {
    const ROWS: u32 = 1_048_576;
    const COLUMNS: usize = 16_384;

    fn sheet(&mut self, name: &str, out: &mut Vec<u8>) -> Result<(), Fatal> {
        if self.open == Open::Nothing {
            out.extend_from_slice(HEAD.as_bytes());
        }
        self.close(out);
        out.extend_from_slice(b" <Worksheet ss:Name=\"");
        escaped(name, out);
        out.extend_from_slice(b"\">\n  <Table>\n");
        for text in &self.texts {
            let column: &[u8] = if *text { b"   <Column ss:StyleID=\"text\"/>\n" } else { b"   <Column/>\n" };
            out.extend_from_slice(column);
        }
        self.open = Open::Sheet;
        Ok(())
    }

    fn row(&mut self, _row: u32, out: &mut Vec<u8>) -> Result<(), Fatal> {
        if self.open == Open::Row {
            out.extend_from_slice(b"</Row>\n");
        }
        out.extend_from_slice(b"   <Row>");
        (self.open, self.next) = (Open::Row, 0);
        Ok(())
    }

    fn text(&mut self, _row: u32, column: u16, text: &str, out: &mut Vec<u8>) -> Result<(), Fatal> {
        self.cell(column, out);
        out.extend_from_slice(b" ss:StyleID=\"text\"><Data ss:Type=\"String\">");
        escaped(text, out);
        out.extend_from_slice(b"</Data></Cell>");
        Ok(())
    }

    fn number(
        &mut self,
        _row: u32,
        column: u16,
        _number: f64,
        text: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), Fatal> {
        self.cell(column, out);
        out.extend_from_slice(b"><Data ss:Type=\"Number\">");
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"</Data></Cell>");
        Ok(())
    }

    fn finish(mut self, out: &mut (dyn FnMut(&[u8]) -> Result<(), Fatal> + Send)) -> Result<(), Fatal> {
        let mut foot = Vec::new();
        self.close(&mut foot);
        foot.extend_from_slice(b"</Workbook>\n");
        out(&foot)
    }
}

/// Text as it is in XML. Line breaks are written as references, because a reader makes a line feed
/// of every kind of them otherwise.
fn escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\t' => out.extend_from_slice(b"&#9;"),
            b'\n' => out.extend_from_slice(b"&#10;"),
            b'\r' => out.extend_from_slice(b"&#13;"),
            byte => out.push(byte),
        }
    }
}
