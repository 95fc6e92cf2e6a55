//! Tables of fixed width: each cell is in columns of its own, and nothing is between cells.
//!
//! Such a table is read through a [`Framing`]: its lines become delimited text with one line of
//! headings, and from there on it is a table like any other. It is written the other way round: a
//! delimited row is taken apart once more and padded. The entry points are [`Widths`] with its
//! [`Cutter`] (`cut`) for reading and [`Record::pad`] (`pad`) for writing.
//!
//! Lines of different meaning are distinguished by their first cell, where that is a fixed text
//! (`92`, `I3`, `94`). A preface line becomes the line of headings; it may come again, and the
//! fields of its cells are as additional cells in the rows that follow it. Trailer lines stay lines
//! of their own. A line that cannot be cut becomes a row of one cell, which is no row of the table:
//! it is rejected, and [`FixedWidthText::line_error`] says why.
//!
//! A width counts characters. Blanks at the end of a line may be missing: editors drop them.

mod cut;
mod pad;

use crate::delimited::quoting::quoted;
use cut::Cutter;
use std::borrow::Cow;
use std::sync::Arc;
use transpose_core::diagnostics::Code;
use transpose_core::format::{Framer, Framing, Probe, Recognition};
use transpose_core::model::Field;

transpose_core::codes! {
    /// A line that ends too early.
    pub SHORT_LINE: "SHT0701" "short-line" Error
        "Each cell of a table of fixed width has columns of its own. The line ends before the last cell that must be there; blanks at the end may be missing, digits may not."
        "Check that the file was not cut off or reformatted, and that nothing removed the zeros that fill a number."
    /// A line that goes on too long.
    pub LONG_LINE: "SHT0702" "long-line" Error
        "The line has more characters than its cells take, so its cells are not where the layout says."
        "Check that a value is not too long for its cell, and that the layout is the one the file was written with."
    /// A line of no known kind.
    pub UNKNOWN_LINE: "SHT0703" "unknown-line" Error
        "The code at the beginning identifies the lines of the table, and the layout has no line with this one."
        "Check that the layout is the one the file was written with; a line of another kind belongs into `[[before]]` or `[[after]]`."
    /// A file that does not begin with its header.
    pub NO_HEADER_LINE: "SHT0704" "no-header-line" Error
        "The layout has a line before the rows, and the file does not begin with it. What that line says holds for every row."
        "Fetch the whole file again, or add the line."
    /// A preface line that says something else.
    pub WRONG_TEXT: "SHT0705" "wrong-fixed-text" Error
        "The layout says that these columns of the line always hold the same text. Another text means another layout or an older edition of it."
        "Check which edition of the layout the file follows."
    /// A cell that is filled otherwise than the layout says.
    pub PADDING: "SHT0706" "other-padding" Warning
        "The value is aligned to the other side of its cell, or padded with another character than the layout says. The value itself is plain and was read."
        "Nothing needs to be done; a strict recipient may refuse such a file."
}

/// A cell of a line.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the layout")]
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// What messages call it.
    pub(crate) name: Box<str>,
    /// How many characters it takes.
    pub(crate) width: usize,
    /// Whether values are at its right end.
    pub(crate) right: bool,
    /// What fills the rest.
    pub(crate) pad: u8,
    /// Whether it holds a number, whose zeros in front say nothing.
    pub(crate) number: bool,
    /// The text that it always has.
    pub(crate) text: Option<Box<str>>,
    /// Whether it may be missing at the end of a line: it holds nothing.
    pub(crate) filler: bool,
    /// The field that its value is about.
    pub(crate) field: Option<Field>,
    /// Whether the value is added to the rows after the line, which do not have the field.
    pub(crate) carried: bool,
    /// What its value must be.
    pub(crate) control: Option<Control>,
}

/// What a trailer line says about all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// How many rows there are.
    Rows,
    /// How many lines there are, this one too.
    Lines,
    /// The exact sum of a cell of the rows.
    Sum(usize),
}

impl Slot {
    /// Whether a line may end before or in it.
    fn may_be_cut(&self) -> bool {
        self.filler || (self.text.is_none() && !self.right && self.pad == b' ')
    }

    /// Whether a text is the one that the cell always has; blanks at the end do not matter.
    fn agrees(&self, found: &[u8]) -> bool {
        self.text.as_ref().is_none_or(|text| text.as_bytes().trim_ascii_end() == found.trim_ascii_end())
    }
}

/// A kind of line.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) slots: Vec<Slot>,
    /// How many characters its cells take.
    length: usize,
    /// How many characters of a line need to be there.
    least: usize,
}

impl Record {
    pub(crate) fn new(slots: Vec<Slot>) -> Self {
        let (mut length, mut least) = (0, 0);
        for slot in &slots {
            length += slot.width;
            if !slot.may_be_cut() {
                least = length;
            }
        }
        Self { slots, length, least }
    }

    /// The text that distinguishes the line from others.
    fn code(&self) -> Option<&str> {
        self.slots.first()?.text.as_deref()
    }

    /// The cells of a line with their slots; nothing where the line is too short or too long.
    fn cells<'s, 'l>(&'s self, line: &'l [u8]) -> Option<impl Iterator<Item = (&'s Slot, &'l [u8])>> {
        let fits = if line.is_ascii() {
            line.len() >= self.least && line.get(self.length..).unwrap_or(&[]).trim_ascii().is_empty()
        } else {
            let (taken, rest) = line.split_at_checked(reach(line, self.length))?;
            characters(taken) >= self.least && rest.trim_ascii().is_empty()
        };
        fits.then(|| {
            let mut rest = line;
            self.slots.iter().map(move |slot| {
                let (cell, more) = rest.split_at_checked(reach(rest, slot.width)).unwrap_or((rest, &[]));
                rest = more;
                (slot, cell)
            })
        })
    }

    /// Whether a line has every text that it always has.
    fn agrees(&self, line: &[u8]) -> bool {
        self.cells(line).is_some_and(|mut cells| cells.all(|(slot, cell)| slot.agrees(cell)))
    }

    /// The first cell that has another text than always, with its number and columns, from 1.
    fn disagreement<'s, 'l>(&'s self, line: &'l [u8]) -> Option<(u32, &'s Slot, usize, &'l [u8])> {
        let mut start = 1;
        for ((slot, cell), number) in self.cells(line)?.zip(1..) {
            if !slot.agrees(cell) {
                return Some((number, slot, start, cell));
            }
            start += slot.width;
        }
        None
    }
}

/// How many bytes the first `count` characters of a text take; all of them where there are fewer.
fn reach(text: &[u8], count: usize) -> usize {
    let head = text.get(..count).unwrap_or(text);
    if head.is_ascii() {
        return head.len();
    }
    let begins = |(_, byte): &(usize, &u8)| **byte & 0xc0 != 0x80;
    text.iter().enumerate().filter(begins).nth(count).map_or(text.len(), |(place, _)| place)
}

/// How many characters a text has; bytes that are no text count as the characters that they look
/// like.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineKind {
    Row,
    /// A preface line, by its number.
    Preface(usize),
    Trailer,
    /// None that the layout knows.
    Unknown,
}

/// The lines of a table of fixed width, and the delimited text that they become.
#[derive(Clone, Debug)]
pub(crate) struct FixedWidthText {
    pub(crate) row: Record,
    pub(crate) preface: Vec<Record>,
    pub(crate) trailer: Vec<Record>,
    /// What every line is padded to when it is written.
    pub(crate) length: usize,
    /// What is between the cells of the delimited text.
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// The line of headings of the delimited text, with its line end.
    pub(crate) headings: Vec<u8>,
}

/// Lines of fixed width as a framing.
pub(crate) struct Widths(pub(crate) Arc<FixedWidthText>);

impl Framing for Widths {
    fn name(&self) -> &'static str {
        "fixed width"
    }

    fn begin(&self) -> Box<dyn Framer> {
        Box::new(Cutter::new(Arc::clone(&self.0)))
    }
}

/// How many of the first lines say whether a file is of the layout.
const SAMPLE: usize = 50;

impl FixedWidthText {
    /// Lines that become a table with these headings.
    pub(crate) fn new<'a>(
        row: Record,
        (preface, trailer): (Vec<Record>, Vec<Record>),
        length: usize,
        names: impl Iterator<Item = &'a str>,
    ) -> Self {
        let (delimiter, quote) = (b',', b'"');
        let mut headings = Vec::new();
        for name in names {
            if !headings.is_empty() {
                headings.push(delimiter);
            }
            quoted(name.as_bytes(), delimiter, quote, &mut headings);
        }
        headings.push(b'\n');
        Self { row, preface, trailer, length, delimiter, quote, headings }
    }

    /// What keeps lines from being distinguished, or from being written.
    pub(crate) fn problem(&self) -> Option<String> {
        if let Some(record) = self.records().find(|record| self.length > 0 && record.length > self.length) {
            let (found, most) = (record.length, self.length);
            return Some(format!(
                "the cells of a line take {found} characters, and `record-length` is {most}"
            ));
        }
        let code = self.code().filter(|_| !self.preface.is_empty() || !self.trailer.is_empty());
        let same = |record: &&Record| {
            code.zip(record.code())
                .is_some_and(|(row, other)| row.starts_with(other) || other.starts_with(row))
        };
        let other = self.preface.iter().chain(&self.trailer).find(same)?;
        Some(format!("rows and another line both begin with `{}`", other.code().unwrap_or_default()))
    }

    fn code(&self) -> Option<&str> {
        self.row.code()
    }

    /// The record behind an answer.
    fn record(&self, which: LineKind, line: &[u8]) -> Option<&Record> {
        match which {
            LineKind::Row => Some(&self.row),
            LineKind::Preface(number) => self.preface.get(number),
            LineKind::Trailer => self.trailer.iter().find(|record| begins(record, line)),
            LineKind::Unknown => None,
        }
    }

    /// What a line is. Where rows have no code, the first lines are those before; `next` is the
    /// number of the one that is due.
    fn which(&self, line: &[u8], next: usize) -> LineKind {
        // Of several lines with one code the one whose other texts agree is meant.
        let by_code = |records: &[Record]| {
            let of_code = |record: &&Record| record.code().is_some() && begins(record, line);
            let exact = records.iter().position(|record| of_code(&record) && record.agrees(line));
            exact.or_else(|| records.iter().position(|record| of_code(&record)))
        };
        let coded = self.code().is_some();
        if coded && begins(&self.row, line) {
            return LineKind::Row;
        }
        if let Some(number) = by_code(&self.preface).filter(|number| coded || *number == next) {
            return LineKind::Preface(number);
        }
        if by_code(&self.trailer).is_some() {
            return LineKind::Trailer;
        }
        match self.preface.get(next) {
            Some(record) if !coded || record.code().is_none() => LineKind::Preface(next),
            _ if coded => LineKind::Unknown,
            _ => LineKind::Row,
        }
    }

    /// What is wrong with a line that became a row of one cell, with the cell in which it ends.
    pub(crate) fn line_error(&self, line: &[u8]) -> (&'static Code, String, Option<(u32, &Slot)>) {
        let which = self.which(line, self.preface.len());
        let Some(record) = self.record(which, line) else {
            let codes: Vec<String> =
                self.records().filter_map(Record::code).map(|code| format!("`{code}`")).collect();
            let found = line.get(..reach(line, self.code().map_or(1, str::len))).unwrap_or(line);
            let message = format!("the line begins with `{}`, expected {}", lossy(found), codes.join(", "));
            return (&UNKNOWN_LINE, message, None);
        };
        record.line_error(line)
    }

    /// The kind of a line that is written and is no row: by its first cell, or by its number among
    /// the lines before.
    pub(crate) fn record_of(&self, number: usize, line: &[u8]) -> Option<&Record> {
        let after = self.trailer.iter().find(|record| begins(record, line));
        after.or_else(|| self.preface.get(number))
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.preface.iter().chain(std::iter::once(&self.row)).chain(&self.trailer)
    }

    /// Whether a file is of the layout, by its first lines.
    pub(crate) fn recognise(&self, probe: &Probe<'_>) -> Recognition {
        let bytes = probe.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(probe.bytes);
        let whole = if probe.complete {
            bytes
        } else {
            let end = memchr::memrchr(b'\n', bytes).unwrap_or(0);
            bytes.get(..end).unwrap_or(&[])
        };
        let lines = whole.split(|byte| *byte == b'\n').map(bare).filter(|line| !line.is_empty());
        let (mut next, mut rows, mut known, mut all) = (0, 0, 0, 0_usize);
        for line in lines.take(SAMPLE) {
            let which = self.which(line, next);
            let fits = self.record(which, line).is_some_and(|record| record.agrees(line));
            if all == 0 && !self.preface.is_empty() && !(fits && matches!(which, LineKind::Preface(_))) {
                return Recognition::No;
            }
            all += 1;
            known += usize::from(fits);
            match which {
                LineKind::Row if fits => rows += 1,
                LineKind::Preface(number) if next <= number => next = number + 1,
                _ => {}
            }
        }
        // Without a code at its beginning any line of the right length could be a row.
        let coded = self.code().is_some() || self.preface.iter().any(|record| record.code().is_some());
        if all == 0 || !coded || (rows == 0 && self.preface.is_empty()) {
            return Recognition::No;
        }
        match (all - known, rows) {
            (0, 0) => Recognition::Possible("preface and trailer lines, and no row".into()),
            (0, _) => Recognition::Certain("the lines and their widths".into()),
            (wrong, 1..) if wrong * 4 <= all => {
                Recognition::Possible(format!("{known} of the first {all} lines"))
            }
            (_, 0) => Recognition::No,
            _ => Recognition::Near(format!("only {known} of the first {all} lines have their widths")),
        }
    }
}

impl Record {
    fn line_error(&self, line: &[u8]) -> (&'static Code, String, Option<(u32, &Slot)>) {
        if let Some((number, slot, start, cell)) = self.disagreement(line) {
            let expected = slot.text.as_deref().unwrap_or_default();
            let message = format!("`{}` is in column {start}, expected `{expected}`", lossy(cell));
            return (&WRONG_TEXT, message, Some((number, slot)));
        }
        let found = characters(line);
        if found > self.length {
            let message = format!("the line has {found} characters, expected {}", self.length);
            return (&LONG_LINE, message, None);
        }
        let mut end = 0;
        for (slot, number) in self.slots.iter().zip(1..) {
            let start = end + 1;
            end += slot.width;
            if end > found && !slot.may_be_cut() {
                let columns = if start == end { format!("{end}") } else { format!("{start} to {end}") };
                let message =
                    format!("the line has {found} characters, and `{}` is in column {columns}", slot.name);
                return (&SHORT_LINE, message, Some((number, slot)));
            }
        }
        (&SHORT_LINE, format!("the line has {found} characters, expected {}", self.length), None)
    }
}

/// Whether a line begins with the text that a record begins with.
fn begins(record: &Record, line: &[u8]) -> bool {
    record.code().is_some_and(|code| line.starts_with(code.as_bytes()))
}

/// A line without its line end, and without the mark that old systems put at the end of a file.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line == b"\x1a" { &[] } else { line }
}

fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn slot(name: &str, width: usize) -> Slot {
        Slot {
            name: name.into(),
            width,
            right: false,
            pad: b' ',
            number: false,
            text: None,
            filler: false,
            field: None,
            carried: false,
            control: None,
        }
    }

    pub(crate) fn fixed_text(text: &str) -> Slot {
        Slot { text: Some(text.into()), ..slot("record", text.len()) }
    }

    pub(crate) fn digits(name: &str, width: usize) -> Slot {
        Slot { right: true, pad: b'0', number: true, ..slot(name, width) }
    }

    /// The lines of retail sales: a header of 17 characters, sales of 20, a trailer of 14.
    pub(crate) fn sales() -> FixedWidthText {
        let date = Slot { field: Some(Field::PERIOD_END), carried: true, ..slot("date", 6) };
        let ean = Slot { right: true, pad: b'0', ..slot("ean", 13) };
        let record = Record::new;
        FixedWidthText {
            row: record(vec![fixed_text("I3"), ean, digits("quantity", 5)]),
            preface: vec![record(vec![fixed_text("92"), fixed_text("4030"), slot("account", 5), date])],
            trailer: vec![record(vec![
                fixed_text("94"),
                Slot { control: Some(Control::Rows), ..digits("lines", 5) },
                Slot { control: Some(Control::Sum(2)), ..digits("units", 7) },
            ])],
            length: 20,
            delimiter: b',',
            quote: b'"',
            headings: b"record,ean,quantity,date\n".to_vec(),
        }
    }

    #[test]
    fn lines_are_told_apart_by_their_codes() {
        let sales = sales();
        for (line, which) in [
            ("924030XXXXX261031", LineKind::Preface(0)),
            ("I3060254767739600005", LineKind::Row),
            ("94000020000001", LineKind::Trailer),
            ("X3", LineKind::Unknown),
            ("", LineKind::Unknown),
        ] {
            assert_eq!(sales.which(line.as_bytes(), 0), which, "{line}");
        }
        let plain = FixedWidthText {
            row: Record::new(vec![slot("title", 3)]),
            preface: vec![Record::new(vec![slot("name", 3)])],
            ..sales
        };
        assert_eq!((plain.which(b"abc", 0), plain.which(b"abc", 1)), (LineKind::Preface(0), LineKind::Row));
        assert_eq!(plain.which(b"94 ", 1), LineKind::Trailer);
    }

    #[test]
    fn faults_say_where_a_line_ends() {
        let sales = sales();
        for (line, code, part) in [
            ("I306025476773960000", &SHORT_LINE, "19 characters, and `quantity` is in column 16 to 20"),
            ("I3060254", &SHORT_LINE, "`ean` is in column 3 to 15"),
            ("I30602547677396000051", &LONG_LINE, "21 characters, expected 20"),
            ("XY0602547677396", &UNKNOWN_LINE, "begins with `XY`, expected `92`, `I3`, `94`"),
        ] {
            let (found, message, _) = sales.line_error(line.as_bytes());
            assert_eq!(found, code, "{line}");
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn widths_count_characters() {
        let record = Record::new(vec![slot("title", 4), slot("artist", 3)]);
        let cut = |line: &'static str| {
            record
                .cells(line.as_bytes())
                .map(|cells| cells.map(|(_, cell)| lossy(cell).into_owned()).collect())
        };
        let cells = |cells: [&str; 2]| Some(cells.map(str::to_owned).to_vec());
        assert_eq!(cut("abcdxyz"), cells(["abcd", "xyz"]));
        assert_eq!(cut("äbçdéy"), cells(["äbçd", "éy"]));
        assert_eq!(cut("ä"), cells(["ä", ""]));
        assert_eq!(cut("äbçdéyz  "), cells(["äbçd", "éyz"]));
        assert_eq!(cut("äbçdéyzö"), None);
    }

    #[test]
    fn first_lines_tell_the_layout() {
        let recognise =
            |text: &str, complete| sales().recognise(&Probe { name: "", bytes: text.as_bytes(), complete });
        let head = "924030XXXXX261031\r\n";
        let row = "I3060254767739600005\r\n";
        let certain = |answer| matches!(answer, Recognition::Certain(_));
        let possible = |answer| matches!(answer, Recognition::Possible(_));
        assert!(certain(recognise(&format!("{head}{row}94000010000005\r\n"), true)));
        // The last line may be cut where the look ends, and not where the file ends.
        assert!(certain(recognise(&format!("{head}{row}I30602"), false)));
        assert!(matches!(recognise(&format!("{head}{row}I30602"), true), Recognition::Near(_)));
        assert!(possible(recognise(&format!("{head}94000000000000\r\n"), true)));
        assert!(possible(recognise(&format!("{head}{row}{row}{row}{row}X\r\n"), true)));
        for text in ["", "I3060254767739600005\r\n", "924031XXXXX261031\r\n", "Stream ID,Country\n"] {
            assert_eq!(recognise(text, true), Recognition::No, "{text}");
        }
    }
}
