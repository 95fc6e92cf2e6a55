//! Cells of workbooks as `calamine` gives them.

use crate::read::stop::Stop;
use crate::read::table::sheets::{Sheets, number};
use calamine::{CellErrorType, ExcelDateTime, SheetType, SheetVisible};

/// From here on a number of a workbook may stand for several: it has more than fifteen digits.
const INEXACT: f64 = 1e15;

/// What is put into a cell.
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Whole(i64),
    Truth(bool),
    Moment(ExcelDateTime),
    Error(CellErrorType),
}

pub(crate) fn put(sheets: &mut Sheets<'_>, row: u32, column: u32, value: &Value<'_>) -> Result<bool, Stop> {
    let column = column as usize;
    match value {
        Value::Text(text) => sheets.cell(row, column, text.as_bytes()),
        Value::Number(value) => {
            if value.abs() >= INEXACT {
                sheets.long_number(row, column, &number(*value));
            }
            sheets.cell(row, column, number(*value).as_bytes())
        }
        Value::Whole(value) => sheets.cell(row, column, value.to_string().as_bytes()),
        Value::Truth(value) => sheets.cell(row, column, if *value { b"true" } else { b"false" }),
        Value::Moment(moment) => put_moment(sheets, row, column, *moment),
        Value::Error(error) => {
            sheets.error(row, column, &error.to_string());
            Ok(true)
        }
    }
}

/// A serial number that is formatted as a date, a time or a length of time.
fn put_moment(sheets: &mut Sheets<'_>, row: u32, column: usize, moment: ExcelDateTime) -> Result<bool, Stop> {
    let serial = moment.as_f64();
    // Behind the year 9999 and before 1900 it is a number that happens to be formatted so.
    if !(0.0..2_958_466.0).contains(&serial) {
        return sheets.cell(row, column, number(serial).as_bytes());
    }
    if moment.is_duration() || serial < 1.0 {
        #[expect(clippy::cast_sign_loss, reason = "it is within the range of dates")]
        let millis = (serial * 86_400_000.0).round() as u64;
        let (seconds, part) = (millis / 1000, millis % 1000);
        let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if part > 0 {
            text.push_str(format!(".{part:03}").trim_end_matches('0'));
        }
        return sheets.cell(row, column, text.as_bytes());
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let mut time = format!("{hour:02}:{minute:02}:{second:02}");
    if milli > 0 {
        time.push_str(format!(".{milli:03}").trim_end_matches('0'));
    }
    sheets.moment(row, column, &format!("{year:04}-{month:02}-{day:02}"), &time)
}

pub(crate) fn iso(sheets: &mut Sheets<'_>, row: u32, column: u32, text: &str) -> Result<bool, Stop> {
    match text.split_once('T') {
        Some((day, time)) => sheets.moment(row, column as usize, day, time),
        None => sheets.cell(row, column as usize, text.as_bytes()),
    }
}

/// The sheets that hold cells, by name; others hold charts or macros.
pub(crate) fn worksheets(sheets: &[calamine::Sheet]) -> Vec<calamine::Sheet> {
    sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).cloned().collect()
}

/// Begins a sheet; answers whether its cells are wanted.
pub(crate) fn begin(sheets: &mut Sheets<'_>, sheet: &calamine::Sheet) -> bool {
    match sheet.visible {
        SheetVisible::Visible => sheets.begin(&sheet.name),
        SheetVisible::Hidden | SheetVisible::VeryHidden => sheets.begin_hidden(&sheet.name),
    }
}
