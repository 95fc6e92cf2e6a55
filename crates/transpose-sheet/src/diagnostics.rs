//! The codes of diagnostics about column tables.

/// What stands in place of personal data where values are shown.
pub(crate) const WITHHELD: &str = "(withheld)";

transpose_core::codes! {
    /// A layout file is wrong.
    pub BAD_LAYOUT: "SHT0001" "bad-layout" Error
        "A layout file describes a column table. It is TOML with a fixed set of keys, and this one cannot be used."
        "Correct the line that is named; the guide to layouts lists every key."
    /// An option of a column table is wrong.
    pub BAD_OPTION: "SHT0002" "bad-table-option" Error
        "An option given for reading or writing a column table is unknown or has a value that does not fit."
        "List the options with `transpose formats` and the id of the format."

    /// The input has no bytes.
    pub EMPTY_FILE: "SHT0101" "empty-file" Error
        "The input has no line of headings: it is empty, or has blank lines only. A report without plays still has its headings."
        "Check that the export finished and that the right file was given."
    /// The input is in an encoding that is not read.
    pub UNSUPPORTED_ENCODING: "SHT0102" "unsupported-encoding" Error
        "Column tables are read as UTF-8. The first bytes of this input announce UTF-16, as spreadsheets write it under the name of Unicode text."
        "Name the encoding with `--encoding`, or have the file saved as UTF-8."
    /// The input is no text.
    pub NOT_TEXT: "SHT0103" "not-text" Error
        "The first part of the input holds bytes that no text file holds, or is known to be another kind of file, such as a workbook."
        "Export the table as CSV UTF-8."
    /// The line of headings has no end.
    pub NO_HEADING_LINE: "SHT0104" "no-heading-line" Error
        "The first line must hold the headings and end within 64 KiB. Old exports that end lines with CR alone, and files that are no tables, look like this."
        "Check that the file is a table with one line of headings, and that its lines end with LF or CR LF."
    /// A heading that the layout needs is missing.
    pub MISSING_HEADING: "SHT0105" "missing-heading" Error
        "The layout marks the column as required, and no heading has its name. Case, spaces, hyphens and underscores do not matter in headings; order does not matter either."
        "Add the column, or name its heading as an alias in a layout of your own and give it with `--layout`."
    /// A heading occurs twice.
    pub REPEATED_HEADING: "SHT0106" "repeated-heading" Error
        "Two columns have headings that mean the same column of the layout, so it cannot be known which one counts."
        "Remove or rename one of the two columns."
    /// A column that the layout does not know.
    pub EXTRA_COLUMN: "SHT0107" "extra-column" Info
        "The table has columns that the layout has no place for. They are passed over."
        "Nothing needs to be done; a layout of your own can give them a meaning."
    /// A column that may be missing is missing.
    pub ABSENT_COLUMN: "SHT0108" "absent-column" Info
        "The layout knows columns that this table does not have. They are not required, and their values are absent."
        "Nothing needs to be done unless the values are needed."
    /// The input begins with a byte order mark.
    pub BYTE_ORDER_MARK: "SHT0109" "byte-order-mark" Info
        "The input begins with the byte order mark of UTF-8, as spreadsheets write it. It is no part of the first heading and is dropped."
        "Nothing needs to be done."
    /// Times have no offset from UTC.
    pub NO_OFFSET: "SHT0110" "time-without-offset" Info
        "Times in the column have no offset from UTC. They are read as UTC."
        "Have the times exported with an offset such as `Z` when they are local times."
    /// The output cannot be written, because a required value has no source.
    pub NO_SOURCE: "SHT0111" "no-source-for-column" Error
        "The layout that is to be written marks the column as required, and the input has no column for it."
        "Choose another target format, or add the column to the input."
    /// The columns are separated by something else.
    pub OTHER_DELIMITER: "SHT0113" "other-delimiter" Error
        "The headings are those of the layout, but the character between them is not the one that the layout names."
        "Read the file with the option `delimiter`, or export it with the delimiter of the layout."

    /// Cells are separated by another character than the layout says.
    pub DELIMITER_FOUND: "SHT0114" "delimiter-recognised" Info
        "The headings are those of the layout if another character than the layout's separates cells, as some spreadsheets write them. The table is read so."
        "Nothing needs to be done; the option `delimiter` says it without a guess."
    /// A row without any text.
    pub EMPTY_ROW: "SHT0115" "empty-row" Info
        "The row has separators and no text, as spreadsheets write rows that were cleared. It is passed over like a blank line."
        "Nothing needs to be done."
    /// The headings again among the rows.
    pub HEADINGS_AGAIN: "SHT0116" "headings-repeated" Warning
        "The row is the line of headings once more, as when files are joined into one. It is passed over."
        "Nothing needs to be done where the files belong together; convert them as several inputs otherwise."
    /// A row has too many or too few cells.
    pub CELL_COUNT: "SHT0201" "wrong-cell-count" Error
        "Each row must have as many cells as there are headings. A delimiter inside an unquoted text makes one too many; a line break inside an unquoted text makes two short rows."
        "Quote texts that hold the delimiter or a line break, and export again."
    /// A quote is never closed.
    pub UNTERMINATED_QUOTE: "SHT0202" "unterminated-quote" Error
        "A cell begins with a quote, and no closing quote follows within 1 MiB or before the end of the input. The row ends with its first line, so that the rows after it are not lost."
        "Close the quote, or double it if it belongs to the text and quote the whole cell."
    /// A quote ties lines together that make no row.
    pub STRAY_QUOTE: "SHT0203" "stray-quote" Error
        "A cell begins with a quote that closes on a later line, and the lines together do not make a row of the table. The row ends with its first line, so that the rows after it are not lost."
        "Close the quote on its line, or double it if it belongs to the text and quote the whole cell."
    /// Text follows a closing quote.
    pub TEXT_AFTER_QUOTE: "SHT0204" "text-after-quote" Error
        "After the closing quote of a cell only a delimiter or the end of the line may follow. Most often a quote inside the text was not doubled."
        "Double quotes that belong to the text."
    /// A row is too long.
    pub ROW_TOO_LONG: "SHT0205" "row-too-long" Error
        "A row has more than 1 MiB. The row ends with its first line."
        "Check the row for a missing line end or a missing closing quote."
    /// A cell that must not be empty is empty.
    pub EMPTY_CELL: "SHT0206" "empty-required-cell" Error
        "The layout marks the column as required, and the cell is empty or holds spaces only."
        "Fill the cell in the source."
    /// A time that no calendar has.
    pub IMPOSSIBLE_TIME: "SHT0207" "impossible-time" Error
        "The cell is written as a date and time, but there is no such day or time of day."
        "Correct the time in the source."
    /// A cell that is no time.
    pub UNREADABLE_TIME: "SHT0208" "unreadable-time" Error
        "The cell should hold a date and time as in ISO 8601, such as `2026-10-31T23:59:00Z`, with a `T` or a space between date and time, up to nine decimals, and optionally an offset."
        "Export the column in that form; spreadsheets often rewrite dates."
    /// A cell that is no number of seconds.
    pub UNREADABLE_DURATION: "SHT0209" "unreadable-duration" Error
        "The cell should hold a number of seconds of zero or more, whole or with a dot and decimals."
        "Correct the duration in the source."
    /// A duration below zero.
    pub NEGATIVE_DURATION: "SHT0210" "negative-duration" Error
        "Nothing is played for less than zero seconds. Zero itself is legal: a stream that was fetched and never played."
        "Correct the duration in the source."

    /// A cell that is not UTF-8.
    pub NOT_UTF8: "SHT0301" "not-utf-8" Error
        "The cell holds bytes that are not UTF-8, most often because the file was saved in an older encoding such as Windows-1252."
        "Name the encoding with `--encoding`, such as `--encoding windows-1252`, or have the file saved as UTF-8."
    /// A cell that is no territory.
    pub UNKNOWN_TERRITORY: "SHT0302" "unknown-territory" Error
        "The cell should hold an ISO 3166-1 alpha-2 code, or `XK` or `Worldwide`. A play whose territory is unknown cannot be reported."
        "Use the code that is suggested, if there is one."
    /// A cell that is no ISRC.
    pub BAD_ISRC: "SHT0303" "bad-isrc" Error
        "An ISRC has two letters, three letters or digits, and seven digits (ISO 3901). Hyphens, spaces and lower case are put right; anything else is not passed on."
        "Correct the ISRC in the catalogue."
    /// A cell that is no product code.
    pub BAD_ICPN: "SHT0304" "bad-icpn" Error
        "A UPC or EAN has 12 to 14 digits, the last of which is a check digit. A code that fails the check is not passed on."
        "Correct the code in the catalogue."
    /// A leading zero was put back.
    pub ICPN_ZERO_RESTORED: "SHT0305" "icpn-zero-restored" Warning
        "The code is too short by a leading zero, and its check digit is right when the zero is put back. It was put back."
        "Export the column as text, so that spreadsheets keep leading zeros."
    /// A product code was rounded by a spreadsheet.
    pub ICPN_ROUNDED: "SHT0306" "icpn-rounded" Error
        "The code was turned into a rounded number by a spreadsheet, such as `1.91774E+11`. Its last digits are lost and cannot be restored, so it is not passed on."
        "Export the table again with the column as text."
    /// A cell that is no GRid.
    pub BAD_GRID: "SHT0307" "bad-grid" Error
        "A GRid has 18 letters and digits: `A1`, five for the issuer, ten for the release, and a check character. A code that fails the check is not passed on."
        "Correct the GRid in the catalogue."
    /// A word that the column does not allow.
    pub UNKNOWN_WORD: "SHT0308" "unknown-word" Error
        "The column allows a fixed set of words, and this is none of them. It is not passed on."
        "Use one of the words that are named."
    /// A word that is beside the allowed ones.
    pub DOUBTFUL_WORD: "SHT0309" "doubtful-word" Warning
        "The word is in use although the column's set of words does not name it. It may or may not mean the same as one of them, so it is kept as it is."
        "Agree with the sender on one spelling."

    /// A cell that is no amount.
    pub UNREADABLE_AMOUNT: "SHT0401" "unreadable-amount" Error
        "The cell should hold an exact amount of at most 28 digits with a dot before the decimals and without marks between groups of digits. A negative amount may be written `-1.29`, `1.29-` or `(1.29)`."
        "Correct the amount in the source, or export the column without a currency sign and without marks between thousands."
    /// A cell that is no whole number.
    pub UNREADABLE_NUMBER: "SHT0402" "unreadable-whole-number" Error
        "The cell should hold a whole number: digits, with a minus in front of a negative one."
        "Correct the number in the source."
    /// A cell that is no date.
    pub UNREADABLE_DATE: "SHT0403" "unreadable-date" Error
        "The cell should hold a date as in ISO 8601, such as `2026-10-31`; midnight may follow it, any other time may not."
        "Export the column in that form; spreadsheets often rewrite dates."
    /// A cell that is no currency.
    pub UNKNOWN_CURRENCY: "SHT0404" "unknown-currency" Error
        "The cell should hold a currency of ISO 4217, such as `EUR`. It is not passed on."
        "Correct the currency in the source."
    /// How money that was given back is written.
    pub REFUND_SIGN: "SHT0405" "refund-sign" Info
        "The layout does not say whether the price of a refund is written as a positive or a negative number. Both are read as money given back, a negative price."
        "Nothing needs to be done. Where the layout is written, the option `refund-sign` says which of the two is wanted."

    /// A log that comes too late.
    pub TOO_OLD: "SHT0411" "log-too-old" Warning
        "The play took place more days before it was logged than the platform allows. It is refused there, with error 1002 where the log goes to the interface of MassiveMusic. Where a row does not say when it was logged, the age is counted from now."
        "Log plays on the day on which they take place; a play that is too old must be agreed on with the platform."
    /// A log of what has not happened yet.
    pub IN_FUTURE: "SHT0412" "log-in-future" Warning
        "The time is after the moment at which the row was logged or, where the row does not say it, after now. The platform refuses such a log, MassiveMusic with error 1002."
        "Check the clock and the time zone of the players, and whether the time was logged as local time."
    /// An identifier that the platform cannot have given.
    pub NOT_POSITIVE: "SHT0413" "id-not-positive" Warning
        "The identifiers of the platform are whole numbers above zero. A zero mostly means that the player did not know the identifier. The platform refuses such a log."
        "Log the identifier under which the catalogue has the recording or release."
    /// A text that is longer than the platform keeps.
    pub TOO_LONG: "SHT0414" "text-too-long" Warning
        "The text has more characters than the platform keeps: it cuts user agents after 256 and user identifiers after 255. The part that is cut may have distinguished devices or users. Here the whole text is kept."
        "Log a shorter text."
    /// A word that the column does not name.
    pub OTHER_WORD: "SHT0415" "unlisted-word" Warning
        "The column has a set of words, this is none of them, and others are possible. It is kept unchanged. In a play log, the platform refuses a word that it does not know."
        "Agree with the sender on what it means, or correct it."

    /// A product code in scientific notation with all of its digits.
    pub ICPN_SCIENTIFIC: "SHT0421" "icpn-in-scientific-notation" Warning
        "A spreadsheet has written the code in scientific notation, such as `1.90295489328E+11`. No digit is missing and the check digit is right, so it was written out again."
        "Export the column as text: the next code may lose its last digits."
    /// A date that a spreadsheet has made a number of.
    pub SERIAL_DATE: "SHT0422" "date-is-a-number" Error
        "The cell should hold a date or a time and holds a number, as spreadsheets keep dates: days since 1900 or, in workbooks from old Macintosh programs, since 1904. The file does not say which, so the number is not read as a date."
        "Export the column as text in ISO 8601, or read the file with the option `serial-dates=1900` (or `1904`) once you have compared one date with the source."
    /// A number that was read as a date.
    pub SERIAL_DATE_READ: "SHT0423" "number-read-as-date" Warning
        "The cell holds a number, and the option `serial-dates` says how to read it as a date. The time of day is exact to the millisecond, and it is in UTC."
        "Compare some of the dates with the source; export the column as text next time."
    /// An ISRC that was not in its usual form.
    pub ISRC_NORMALISED: "SHT0424" "isrc-normalised" Info
        "The ISRC was written in lower case, with hyphens or spaces, or with its name in front. It means the same and is passed on as twelve characters in upper case."
        "Nothing needs to be done."
    /// A number in a notation of programs.
    pub NUMBER_NOTATION: "SHT0428" "number-in-other-notation" Info
        "The number was written with an exponent, or with a typographic minus. It is exactly the number that it says, in plain digits."
        "Nothing needs to be done; compare the digits with those that the sender has, because spreadsheets round before they write an exponent."
    /// An ISRC has a prefix that no agency has.
    pub ISRC_PREFIX: "SHT0427" "isrc-prefix" Info
        "The form of the ISRC is right, but its first two letters were never allocated, as far as the list of 4 November 2025 says. It is passed on as it is."
        "Compare the code with its source; a letter may be mistyped."
    /// Text that was encoded twice.
    pub MOJIBAKE: "SHT0425" "text-encoded-twice" Warning
        "The text was encoded twice, so that `é` has become `Ã©`: its characters beyond ASCII, as bytes of Windows-1252 or ISO 8859-1, are UTF-8 again. It was read as it was before."
        "Have the sender export UTF-8 once. If a text is meant literally, read the file with the option `mojibake=keep`."
    /// What a spreadsheet shows instead of a value.
    pub SHEET_ERROR: "SHT0426" "error-of-a-spreadsheet" Error
        "The cell holds what a spreadsheet shows when it has no value, such as `#NAME?` for a title that begins like a formula, or `########` for a date in a narrow column. The value itself is lost and nothing is passed on."
        "Export the table again from its source, without a spreadsheet on the way."

    /// A preface line is another one.
    pub OTHER_LINE: "SHT0501" "unexpected-line-before-rows" Error
        "The layout has preface lines, and one of them differs from the layout."
        "Check that the file is of this layout and that its first lines were not removed."
    /// A code that its table does not have.
    pub UNKNOWN_CODE: "SHT0502" "unknown-code-in-cell" Error
        "The layout has a table of codes for the column, and the cell holds none of them."
        "Correct the cell, or add the code to the table `[codes]` of a layout of your own."

    /// A row says something else about the whole file than the rows before it.
    pub ROW_DISAGREES: "SHT0503" "row-disagrees-with-head" Error
        "The column says something about the whole file, such as its period, and the rows do not agree. The first row decides for the file."
        "Convert the rows of each period, sender or recipient by themselves."
    /// A control total that does not agree.
    pub CONTROL_TOTAL: "SHT0504" "control-total-differs" Error
        "A line of the file says how many rows there are, or what a column adds up to, and the rows come to something else. Rows may be missing, doubled or changed."
        "Fetch the file again; if it comes out the same, ask its sender."
    /// A trailer line is missing.
    pub NO_TRAILER_LINE: "SHT0505" "missing-closing-line" Warning
        "Files of the layout end with trailer lines that state the number of rows or their totals. Without them it is unknown whether the file is complete."
        "Check that the file was fetched to its end."
    /// None of several alternatives is filled.
    pub NO_ALTERNATIVE: "SHT0506" "nothing-tells-what-was-used" Error
        "The layout demands that one of several sets of cells is filled, such as the ISRC or else title and label, and none is."
        "Fill the cells in the source."
    /// A cell that should always hold the same text.
    pub OTHER_TEXT: "SHT0507" "unexpected-text-in-cell" Error
        "Every row of the layout has a certain text in the column, which identifies the kind of row, and this row has another."
        "Correct the cell, or use a layout that knows such rows."
    /// More rows than a file may have.
    pub TOO_MANY_ROWS: "SHT0514" "too-many-rows" Error
        "The layout has a limit of rows for a file, and there are more."
        "Split the report, for instance by territory."
    /// A quantity, price or duration that cannot be accounted for.
    pub INEXACT: "SHT0513" "inexact-amount-of-sums" Error
        "Quantities, amounts and durations are summed exactly, so that the output can be compared with the input. This is impossible for a value that is not a number, or a sum of more than 28 digits."
        "Correct the value in the source."
}
