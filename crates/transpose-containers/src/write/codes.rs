//! The codes of diagnostics about writing containers.

use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_io::IoError;

transpose_core::codes! {
    /// A workbook of text in another encoding.
    pub ENCODED: "CON0201" "workbook-of-encoded-text" Error
        "A workbook has an encoding of its own, so the option `encoding` of the format goes with text only."
        "Leave out one of the two, the workbook or the option."
    /// More columns than a sheet has.
    pub TOO_MANY_COLUMNS: "CON0202" "too-many-columns" Error
        "A sheet of `xls` has 256 columns, one of `xlsx` and `spreadsheetml` 16,384. The table has more."
        "Write text, or a workbook with wider sheets."
    /// A text longer than a cell may be.
    pub CELL_TOO_LONG: "CON0203" "cell-too-long" Error
        "A cell of a workbook holds 32,767 characters (counted as in UTF-16). A longer text would have to be cut, and nothing is cut silently."
        "Write text (`--container csv`), or shorten the value in the source."
    /// A character that cells cannot hold.
    pub UNWRITABLE: "CON0204" "unwritable-character" Error
        "Control characters other than tab, line feed and carriage return have no place in the XML of workbooks, and programs that read `.xls` lose them."
        "Write text (`--container csv`), or remove the character in the source."
    /// A workbook beyond what its container can hold.
    pub TOO_LARGE: "CON0205" "workbook-too-large" Error
        "A compound file, the container of an `.xls`, holds less than 2 GiB."
        "Write `xlsx` or text, or split the report, for instance by `--period`."
    /// The container could not be written.
    pub NOT_WRITTEN: "CON0206" "container-not-written" Error
        "A workbook is put together on disk before it appears, and that failed."
        "See the message for the reason: most often there is no room left in the folder for temporary files (`--temp-dir`)."
    /// The rows are on several sheets.
    pub FURTHER_SHEETS: "CON0210" "further-sheets" Info
        "A sheet of `xls` has 65,536 rows, one of `xlsx` and `spreadsheetml` 1,048,576. The table has more, so it continues on further sheets, each of which begins with the headings."
        "Nothing needs to be done; a reader must look at all sheets."
    /// Numbers that had to stay text.
    pub NUMBER_AS_TEXT: "CON0211" "number-as-text" Info
        "A column of quantities is written as numbers, so that a spreadsheet can calculate with it. A text that would not come back as the same text, or has more than fifteen digits, stays text."
        "Nothing needs to be done."
    /// Empty texts that became nothing.
    pub EMPTY_TEXT: "CON0212" "empty-text-as-nothing" Warning
        "The text of the table distinguishes an empty text from no value, by quotes. In a workbook both are an empty cell."
        "Write text where the difference matters."
}

/// A failure to keep something on disk, as the end of a run.
pub(crate) fn io(error: &IoError) -> Fatal {
    let mut diagnostic = Diagnostic::new(&NOT_WRITTEN, Location::default(), error.to_string());
    if let Some(help) = error.help() {
        diagnostic = diagnostic.help(help);
    }
    Fatal::new(Failure::Io, diagnostic)
}

/// A failure of what puts a workbook together, as the end of a run.
pub(crate) fn failed(error: &dyn std::fmt::Display) -> Fatal {
    Fatal::new(Failure::Io, Diagnostic::new(&NOT_WRITTEN, Location::default(), error.to_string()))
}
