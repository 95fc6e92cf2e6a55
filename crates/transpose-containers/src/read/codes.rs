//! The codes of diagnostics about containers that are read.

transpose_core::codes! {
    /// The encoding of a text was guessed.
    pub ENCODING_GUESSED: "CON0101" "encoding-guessed" Warning
        "The text is not UTF-8 and does not say what it is. Its encoding was guessed from the bytes; a wrong guess shows in letters with accents."
        "Name the encoding with `--encoding NAME`, or have the file saved as UTF-8."
    /// The encoding of a text is not UTF-8, and is known.
    pub ENCODING: "CON0102" "other-encoding" Info
        "The text is not UTF-8; it says itself in which encoding it is, or the command does. It was read in that."
        "Nothing needs to be done."
    /// Bytes that the encoding does not have.
    pub MALFORMED: "CON0103" "malformed-text" Error
        "The text has bytes that mean nothing in its encoding. Each such place is read as the replacement character U+FFFD."
        "Check the encoding (`--encoding NAME`), or fetch the file again."
    /// An encoding that no one knows.
    pub UNKNOWN_ENCODING: "CON0104" "unknown-encoding" Error
        "Encodings have the names of the WHATWG standard, such as `windows-1252`, `shift_jis`, `utf-16le`."
        "Correct the name."
    /// A column that was to be added exists.
    pub COLUMN_EXISTS: "CON0105" "column-exists" Error
        "`--column NAME=VALUE` adds a column that the input lacks, and the input has a column of that name."
        "Leave `--column` out, or give another name."
    /// A container that cannot be read.
    pub UNREADABLE: "CON0106" "unreadable-container" Error
        "The file is of a known kind of container, and it is damaged or breaks the rules of that kind."
        "Fetch the file again, or open it with the program that made it and save it anew."
    /// A container that is read by no one here.
    pub UNSUPPORTED: "CON0107" "unsupported-container" Error
        "The file, or something in it, is of a kind that is not read here."
        "Save the table as CSV in UTF-8, or ask the sender to."
    /// A container beyond a limit.
    pub TOO_LARGE: "CON0108" "container-too-large" Error
        "Something in the file is larger than any real report has it: such files are damaged or meant to do harm."
        "Check the file; if it is genuine, save the table as CSV in UTF-8."
    /// A container without a table.
    pub NO_TABLE: "CON0109" "no-table" Error
        "The file can be read, and holds nothing that could be a table."
        "Check that the right file was given."
    /// Records that cannot be read.
    pub BAD_RECORDS: "CON0110" "bad-records" Error
        "The text begins as JSON or XML and breaks its rules at the given place."
        "Correct the text, or have it exported again."
    /// A value that comes too late.
    pub LATE_KEY: "CON0111" "late-key" Warning
        "A key was found whose column is not in the table, because neither the first part of the input nor a known layout has it, or which comes after records that it would belong to. Its values are ignored."
        "If the values are needed, put a record that has the key first, or give the column with `--column NAME=VALUE`."
    /// A part without records.
    pub NO_RECORDS: "CON0112" "no-records" Error
        "A part of the input is not like the others: it holds no records where they have some, or a value where a record should be."
        "Check the part; what it holds is not read."
    /// A key that appears twice in a record.
    pub REPEATED_KEY: "CON0113" "repeated-key" Warning
        "A record has the same key twice. The first value counts."
        "Ask the sender which value is right."
    /// Something that is no part of a table.
    pub PASSED_OVER: "CON0114" "passed-over" Info
        "The file holds more than one table can have: other sheets, nested columns, other lists. It is passed over."
        "Nothing needs to be done; `--sheet NAME` chooses another sheet."
    /// A cell with an error in it.
    pub ERROR_CELL: "CON0115" "error-cell" Error
        "A cell holds an error of the spreadsheet, such as `#N/A` or `#REF!`, instead of a value. It is read as empty."
        "Repair the formula in the source, or paste values only."
    /// A value that has no exact text.
    pub NO_TEXT: "CON0116" "value-without-text" Error
        "The value is not a number (NaN) or infinite, or is of a type without a notation in text. It is read as empty."
        "Correct the value in the source."
    /// A sheet that does not exist.
    pub NO_SHEET: "CON0117" "no-such-sheet" Error
        "`--sheet NAME` names a sheet of a workbook, and the input has no sheet of that name."
        "Use one of the names that are listed."
    /// A parser that fell over the file.
    pub PARSER_FAILED: "CON0118" "parser-failed" Error
        "The file is so damaged that what reads it gave up."
        "Fetch the file again, or save the table as CSV in UTF-8."
    /// A file that can be read once only.
    pub ONCE: "CON0119" "read-once" Error
        "The input comes from a pipe and is needed a second time."
        "Write it to a file first, and give that."
    /// A whole number that a spreadsheet does not hold exactly.
    pub LONG_NUMBER: "CON0122" "long-number" Error
        "The cell is a number of more than fifteen digits. Spreadsheets keep fifteen and replace the others by zeros, so that two identifiers may have become one."
        "Have the column made as text in the source; formatting the cells afterwards does not bring the digits back."
    /// A letter that was lost.
    pub LOST_LETTER: "CON0124" "lost-letter" Warning
        "A text has the sign for a letter that could not be kept (U+FFFD), or half of a letter in an escape, which is read as that sign. What the letter was is not known."
        "Compare the text with its source."
    /// Lines that end as those of old programs.
    pub RETURNS: "CON0123" "carriage-returns" Info
        "Lines end with a carriage return and no line feed, as programs for old Macintosh computers write them. Each is read as a line end."
        "Nothing needs to be done."
    /// A sheet that nobody sees.
    pub HIDDEN: "CON0121" "hidden-sheet" Warning
        "The workbook has a sheet that is hidden. Whoever made the file looked at the others, so it is not read: a hidden sheet often holds the rows of another once more."
        "Nothing needs to be done if it is not meant; `--sheet NAME` reads it."
    /// A sheet that continues the table.
    pub CONTINUED: "CON0120" "sheet-continues" Info
        "A sheet begins with the headings of the sheet before, so its rows belong to the same table: some programs write it so when a sheet is full."
        "Nothing needs to be done."
}
