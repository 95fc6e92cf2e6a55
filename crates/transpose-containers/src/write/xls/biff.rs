//! Records of BIFF8, the notation of `.xls` workbooks.
//!
//! Source: Microsoft, "[MS-XLS]: Excel Binary File Format (.xls) Structure", whose names of records
//! are given at each, and the OpenOffice.org project's "Documentation of the Microsoft Excel File
//! Format". A record is a number, a length and that many bytes; numbers are little endian.
//!
//! Only what a workbook cannot do without is written: no row records, no index, no extended string
//! table. Excel, LibreOffice, xlrd and calamine need none of them.

/// The longest body of a record; what is longer goes on in Continue records.
pub(super) const LONGEST: usize = 8224;

/// Goes on with the record before (Continue).
pub(super) const CONTINUE: u16 = 0x003c;

/// The shared string table (SST).
pub(super) const SST: u16 = 0x00fc;

/// The format of cells: the style that all formats come from are the first fifteen, these two
/// follow.
#[derive(Clone, Copy)]
pub(super) enum CellStyle {
    /// The format `General`.
    General = 15,
    /// The format `@`, text: what is typed into such a cell stays as it is typed.
    Text = 16,
}

/// The number of the built-in format `@` (Format).
const TEXT_FORMAT: u16 = 49;

/// What a stream of records is (BOF).
#[derive(Clone, Copy)]
pub(super) enum StreamKind {
    Globals = 0x0005,
    Sheet = 0x0010,
}

/// A record of parts that are numbers of two bytes.
fn words(out: &mut Vec<u8>, id: u16, words: &[u16]) {
    record(out, id, words.len() * 2);
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

/// The head of a record.
pub(super) fn record(out: &mut Vec<u8>, id: u16, len: usize) {
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&(len as u16).to_le_bytes());
}

/// Begins a stream: BIFF8, as Excel 97 wrote it.
pub(super) fn begin(out: &mut Vec<u8>, part: StreamKind) {
    words(out, 0x0809, &[0x0600, part as u16, 0x0dbb, 0x07cc, 0x0041, 0, 0x0006, 0]);
}

/// Ends a stream (EOF).
pub(super) fn end(out: &mut Vec<u8>) {
    words(out, 0x000a, &[]);
}

/// What comes before the list of sheets: code page (UTF-16), window, date mode 1900, fonts, formats
/// of cells, the style `Normal`.
pub(super) fn book(out: &mut Vec<u8>) {
    words(out, 0x0042, &[0x04b0]);
    words(out, 0x003d, &[0, 0, 0x25bc, 0x1572, 0x0038, 0, 0, 1, 0x0258]);
    words(out, 0x0022, &[0]);
    // Font number 4 does not exist; readers expect the four before it.
    for _ in 0..4 {
        record(out, 0x0031, 21);
        for word in [200_u16, 0, 0x7fff, 400, 0, 0, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(b"\x05\x00Arial");
    }
    for style in 0..15 {
        look(out, 0, 0xfff5, if style == 0 { 0 } else { 0xf4 });
    }
    look(out, 0, 0x0001, 0);
    look(out, TEXT_FORMAT, 0x0001, 0x04);
    words(out, 0x0293, &[0x8000, 0xff00]);
}

/// An XF record: the number format, whether it is a style (`0xfff5`) or a cell, and which parts
/// differ from the style.
fn look(out: &mut Vec<u8>, format: u16, kind: u16, differs: u16) {
    words(out, 0x00e0, &[0, format, kind, 0x0020, differs << 8, 0, 0, 0, 0, 0x20c0]);
}

/// How many bytes [`sheet_of_book`] takes.
pub(super) fn sheet_of_book_len(name: &str) -> usize {
    4 + 6 + 2 + name.encode_utf16().count() * 2
}

/// An entry in the list of sheets (BoundSheet8): where the stream of the sheet begins, and its
/// name.
pub(super) fn sheet_of_book(out: &mut Vec<u8>, name: &str, start: u32) {
    record(out, 0x0085, sheet_of_book_len(name) - 4);
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0, name.encode_utf16().count() as u8, 1]);
    for unit in name.encode_utf16() {
        out.extend_from_slice(&unit.to_le_bytes());
    }
}

/// The format of whole columns (ColInfo), for cells that are filled later.
pub(super) fn columns(out: &mut Vec<u8>, looks: impl Iterator<Item = CellStyle>) {
    words(out, 0x0055, &[8]);
    for (column, look) in (0_u16..).zip(looks) {
        words(out, 0x007d, &[column, column, 0x1000, look as u16, 0, 0]);
    }
}

/// How large a sheet is (Dimensions).
pub(super) fn dimensions(out: &mut Vec<u8>, rows: u32, columns: u16) {
    words(out, 0x0200, &[0, 0, rows as u16, (rows >> 16) as u16, 0, columns, 0]);
}

/// How a sheet is shown (Window2); the first one is in front.
pub(super) fn window(out: &mut Vec<u8>, first: bool) {
    words(out, 0x023e, &[if first { 0x06b6 } else { 0x00b6 }, 0, 0, 0x0040, 0, 0, 0, 0, 0]);
}

/// A cell that holds the string with the given number of the shared string table (LabelSst).
pub(super) fn text(out: &mut Vec<u8>, row: u16, column: u16, string: u32) {
    words(out, 0x00fd, &[row, column, CellStyle::Text as u16, string as u16, (string >> 16) as u16]);
}

/// A cell that holds a number (RK and Number): whole numbers of thirty bits in four bytes, others
/// in eight.
pub(super) fn number(out: &mut Vec<u8>, row: u16, column: u16, number: f64) {
    const SMALL: f64 = 536_870_912.0;
    if number.fract() == 0.0 && (-SMALL..SMALL).contains(&number) {
        let bits = ((number as i32) << 2 | 2).cast_unsigned();
        words(out, 0x027e, &[row, column, CellStyle::General as u16, bits as u16, (bits >> 16) as u16]);
        return;
    }
    record(out, 0x0203, 14);
    for word in [row, column, CellStyle::General as u16] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&number.to_le_bytes());
}
