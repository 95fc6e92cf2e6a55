//! From lines of fixed width to delimited text.

use super::{Control, FixedWidthText, LineKind, NO_HEADER_LINE, PADDING, Record, Slot, bare, lossy};
use crate::delimited::quoting::quoted;
use crate::diagnostics::{BYTE_ORDER_MARK, CONTROL_TOTAL, NO_TRAILER_LINE};
use std::sync::Arc;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::format::Framer;

/// The longest line that is looked at; no layout has cells beyond it, and the rest of a longer one
/// is passed over.
const LONGEST: usize = 64 << 10;

/// Cuts the lines of one input, from the first on.
pub(crate) struct Cutter {
    fixed: Arc<FixedWidthText>,
    /// The number of the next line, from 1.
    line: u64,
    /// The number of the preface line that is due.
    next: usize,
    /// Whether the headings were written.
    headed: bool,
    /// Whether the rest of a line is passed over that is too long to be looked at.
    skips: bool,
    /// The cells that each preface line adds to the rows after it.
    carried: Vec<Vec<u8>>,
    /// How many lines are not blank, and how many of them are rows.
    lines: u64,
    rows: u64,
    /// The sum of each cell of the rows that a line after them reports; none where it cannot be
    /// known.
    sums: Vec<(usize, Option<ExactSum>)>,
    /// Whether there was a trailer line.
    closed: bool,
}

impl Cutter {
    pub(crate) fn new(fixed: Arc<FixedWidthText>) -> Self {
        let carried = fixed.preface.iter().map(|record| blank(record, fixed.delimiter)).collect();
        let controls = fixed.trailer.iter().flat_map(|record| &record.slots).filter_map(|slot| slot.control);
        let sums = controls.filter_map(|control| match control {
            Control::Sum(slot) => Some((slot, Some(ExactSum::default()))),
            _ => None,
        });
        let sums = sums.collect();
        Self {
            fixed,
            line: 1,
            next: 0,
            headed: false,
            skips: false,
            carried,
            lines: 0,
            rows: 0,
            sums,
            closed: false,
        }
    }

    fn place(&self) -> Location {
        Location { line: Some(self.line), ..Location::default() }
    }

    /// Cuts one line, given without its line end.
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>, diagnostics: &mut Diagnostics) -> Result<(), Fatal> {
        let fixed = Arc::clone(&self.fixed);
        let mut line = bare(line);
        if self.line == 1
            && let Some(rest) = line.strip_prefix(b"\xef\xbb\xbf")
        {
            line = rest;
            diagnostics.push(Diagnostic::new(
                &BYTE_ORDER_MARK,
                self.place(),
                "the byte order mark was dropped",
            ));
        }
        // Without a line that can take their place the headings come before the first.
        if !self.headed && fixed.preface.is_empty() {
            out.extend_from_slice(&fixed.headings);
            self.headed = true;
        }
        if line.is_empty() {
            out.push(b'\n');
            return Ok(());
        }
        self.lines += 1;
        match fixed.which(line, self.next) {
            LineKind::Preface(number) => return self.preface_line(number, line, out, diagnostics),
            which if !self.headed => {
                let expected = fixed.preface.first().and_then(Record::code).unwrap_or_default();
                let message = match which {
                    LineKind::Row => format!("the file begins with a row, expected a line `{expected}`"),
                    _ => fixed.line_error(line).1,
                };
                return Err(Fatal::input(
                    Diagnostic::new(&NO_HEADER_LINE, self.place(), message).value(head(line)),
                ));
            }
            LineKind::Row => {
                self.rows += 1;
                let cells = fixed.row.cells(line).filter(|_| fixed.row.agrees(line));
                if let Some(cells) = cells {
                    self.cells(cells, out, diagnostics);
                    self.add(line);
                    for carried in &self.carried {
                        out.extend_from_slice(carried);
                    }
                } else {
                    self.damaged(line, out);
                }
            }
            LineKind::Trailer => {
                let record = fixed.record(LineKind::Trailer, line).filter(|record| record.agrees(line));
                match record.and_then(|record| record.cells(line)) {
                    Some(cells) => self.compare(cells, diagnostics),
                    None => self.damaged(line, out),
                }
            }
            LineKind::Unknown => self.damaged(line, out),
        }
        out.push(b'\n');
        Ok(())
    }

    /// A preface line: its place is taken by the headings, or by nothing if it is not the first.
    fn preface_line(
        &mut self,
        number: usize,
        line: &[u8],
        out: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Fatal> {
        let fixed = Arc::clone(&self.fixed);
        let Some(record) = fixed.preface.get(number) else { return Ok(()) };
        let Some(cells) = record.cells(line).filter(|_| record.agrees(line)) else {
            let (code, message, slot) = record.line_error(line);
            let place = self.place();
            let place = slot.map_or(place.clone(), |(cell, slot)| place.cell(cell, &slot.name));
            return Err(Fatal::input(Diagnostic::new(code, place, message).value(head(line))));
        };
        let mut carried = Vec::new();
        for ((slot, cell), number) in cells.zip(1..) {
            if slot.carried {
                carried.push(fixed.delimiter);
                self.put(slot, cell, number, &mut carried, diagnostics);
            }
        }
        if let Some(slot) = self.carried.get_mut(number) {
            *slot = carried;
        }
        self.next = self.next.max(number + 1);
        if self.headed {
            out.push(b'\n');
        } else {
            out.extend_from_slice(&fixed.headings);
            self.headed = true;
        }
        Ok(())
    }

    /// Adds the numbers of a row to the sums. One that cannot be read is reported where rows are
    /// read.
    fn add(&mut self, line: &[u8]) {
        for (slot, sum) in &mut self.sums {
            let cell = self.fixed.row.cells(line).and_then(|mut cells| cells.nth(*slot));
            let number = cell.map_or(Some(Decimal::ZERO), |(_, cell)| number(cell));
            match (sum.as_mut(), number) {
                (Some(sum), Some(number)) => sum.add_decimal(number),
                _ => *sum = None,
            }
        }
    }

    /// Compares what a trailer line says with what was counted.
    fn compare<'a>(
        &mut self,
        cells: impl Iterator<Item = (&'a Slot, &'a [u8])>,
        diagnostics: &mut Diagnostics,
    ) {
        self.closed = true;
        for ((slot, cell), place) in cells.zip(1..) {
            let counted = match slot.control {
                None => continue,
                Some(Control::Rows) => ExactSum::from(self.rows),
                Some(Control::Lines) => ExactSum::from(self.lines),
                Some(Control::Sum(of)) => {
                    let sum = self.sums.iter().find(|(slot, _)| *slot == of);
                    let Some(sum) = sum.and_then(|(_, sum)| sum.clone()) else { continue };
                    sum
                }
            };
            if number(cell).map(ExactSum::from).as_ref() != Some(&counted) {
                let message = format!("the line says {}, counted {counted}", lossy(cell.trim_ascii()));
                let place = self.place().cell(place, &slot.name);
                diagnostics.push(Diagnostic::new(&CONTROL_TOTAL, place, message).value(cell));
            }
        }
    }

    /// Writes cells with delimiters between them.
    fn cells<'a>(
        &self,
        cells: impl Iterator<Item = (&'a Slot, &'a [u8])>,
        out: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) {
        for ((slot, cell), number) in cells.zip(1..) {
            if number > 1 {
                out.push(self.fixed.delimiter);
            }
            self.put(slot, cell, number, out, diagnostics);
        }
    }

    /// Writes the value of a cell, without what fills the rest of it.
    fn put(&self, slot: &Slot, cell: &[u8], number: u32, out: &mut Vec<u8>, diagnostics: &mut Diagnostics) {
        let FixedWidthText { delimiter, quote, .. } = *self.fixed;
        let filled = |byte: &u8| *byte != slot.pad;
        // Zeros belong to what is no number.
        let value = if slot.pad == b'0' {
            cell
        } else if slot.right {
            let start = cell.iter().position(filled).unwrap_or(cell.len());
            cell.get(start..).unwrap_or_default()
        } else {
            let end = cell.iter().rposition(filled).map_or(0, |last| last + 1);
            cell.get(..end).unwrap_or_default()
        };
        let plain = value.trim_ascii();
        if plain.len() < value.len() && !plain.is_empty() {
            self.note(slot, cell, number, diagnostics);
        }
        if !(slot.number && slot.right && slot.pad == b'0') {
            return quoted(plain, delimiter, quote, out);
        }
        // The sign of a number comes before its zeros.
        let sign = usize::from(matches!(plain.first(), Some(b'-' | b'+')));
        let (sign, digits) = plain.split_at_checked(sign).unwrap_or((&[], plain));
        let digits = unfilled(digits);
        if sign == b"-" {
            out.push(b'-');
        }
        // What is between decimals may be what is between cells.
        if memchr::memchr2(delimiter, quote, digits).is_none() {
            return out.extend_from_slice(digits);
        }
        out.truncate(out.len() - usize::from(sign == b"-"));
        quoted(&[sign, digits].concat(), delimiter, quote, out);
    }

    #[cold]
    fn note(&self, slot: &Slot, cell: &[u8], number: u32, diagnostics: &mut Diagnostics) {
        diagnostics.report(&PADDING, || {
            let mut place = self.place().cell(number, &slot.name);
            place.field = slot.field;
            let (side, fill) = (if slot.right { "right" } else { "left" }, char::from(slot.pad));
            let message = format!("expected the value on the {side}, and `{fill}` in the rest of the cell");
            Diagnostic::new(&PADDING, place, message).value(cell)
        });
    }

    /// A line that is no row: one cell, or two where a row has one.
    fn damaged(&mut self, line: &[u8], out: &mut Vec<u8>) {
        // What it would have added is not known.
        self.sums.iter_mut().for_each(|(_, sum)| *sum = None);
        quoted(head(line), self.fixed.delimiter, self.fixed.quote, out);
        let carried = self.carried.iter().any(|cells| !cells.is_empty());
        if self.fixed.row.slots.len() == 1 && !carried {
            out.push(self.fixed.delimiter);
        }
    }
}

impl Framer for Cutter {
    fn cut(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) -> Result<usize, Fatal> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest);
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            if end.is_none() && !last && line.len() <= LONGEST {
                break;
            }
            if !self.skips {
                self.line(line, out, diagnostics)?;
            }
            self.skips = end.is_none() && !last;
            self.line += u64::from(end.is_some());
            taken += end.map_or(rest.len(), |end| end + 1);
        }
        if last && self.headed && !self.closed && !self.fixed.trailer.is_empty() {
            let message = "the file ends without the line that closes it";
            diagnostics.push(Diagnostic::new(&NO_TRAILER_LINE, self.place(), message));
        }
        Ok(taken)
    }
}

/// Empty cells for the fields of a line that did not occur.
fn blank(record: &Record, delimiter: u8) -> Vec<u8> {
    let fields = record.slots.iter().filter(|slot| slot.carried);
    fields.map(|_| delimiter).collect()
}

/// The number in a cell, if there is one.
fn number(cell: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(cell).ok()?.trim_ascii(), Grammar::LENIENT).ok()
}

/// As much of a line as is looked at.
fn head(line: &[u8]) -> &[u8] {
    line.get(..LONGEST).unwrap_or(line)
}

/// A number without the zeros that fill its cell; one stays where no other digit comes before the
/// point.
fn unfilled(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    let kept = digits.get(zeros).is_none_or(|byte| !byte.is_ascii_digit());
    digits.get(zeros.saturating_sub(usize::from(kept))..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{digits, fixed_text, sales, slot};
    use super::super::{LONG_LINE, SHORT_LINE, WRONG_TEXT};
    use super::*;
    use transpose_core::diagnostics::Code;
    use transpose_core::model::Field;

    /// What a text becomes when it comes in pieces of a size.
    fn cut(fixed: &FixedWidthText, text: &[u8], size: usize) -> Result<(String, Diagnostics), Fatal> {
        let mut cutter = Cutter::new(Arc::new(fixed.clone()));
        let (mut out, mut diagnostics, mut waiting) = (Vec::new(), Diagnostics::default(), Vec::new());
        for piece in text.chunks(size.max(1)) {
            waiting.extend_from_slice(piece);
            let taken = cutter.cut(&waiting, false, &mut out, &mut diagnostics)?;
            waiting.drain(..taken);
        }
        let taken = cutter.cut(&waiting, true, &mut out, &mut diagnostics)?;
        assert_eq!(taken, waiting.len());
        Ok((String::from_utf8(out).unwrap(), diagnostics))
    }

    fn text(fixed: &FixedWidthText, text: &str) -> String {
        let whole = cut(fixed, text.as_bytes(), usize::MAX).unwrap().0;
        for size in 1..8 {
            assert_eq!(cut(fixed, text.as_bytes(), size).unwrap().0, whole);
        }
        whole
    }

    #[test]
    fn the_published_sample_becomes_a_table() {
        let sample =
            "924030XXXXX261031\r\nI3060254767739600005\r\nI30602547677396-0004\r\n94000020000001\r\n";
        let table = "record,ean,quantity,date\nI3,0602547677396,5,261031\nI3,0602547677396,-4,261031\n\n";
        assert_eq!(text(&sales(), sample), table);
        assert!(cut(&sales(), sample.as_bytes(), 9).unwrap().1.is_empty());
    }

    #[test]
    fn a_header_holds_for_the_rows_after_it() {
        let row = "I3060254767739600005\n";
        let two = format!("92403000001261030\n{row}\n92403000002261031\n{row}{row}94000030000015");
        let table = "record,ean,quantity,date\nI3,0602547677396,5,261030\n\n\nI3,0602547677396,5,261031\nI3,0602547677396,5,261031\n\n";
        assert_eq!(text(&sales(), &two), table);
    }

    #[test]
    fn lines_after_the_rows_are_compared() {
        let head = "924030XXXXX261031\nI3060254767739600005\nI30602547677396-0004\n";
        let reported = |closing: &str| {
            let (_, diagnostics) = cut(&sales(), format!("{head}{closing}").as_bytes(), 11).unwrap();
            let reported = |diagnostic: &Diagnostic| {
                let cell = diagnostic.location.cell.as_ref().map_or(0, |(cell, _)| *cell);
                format!("{} {:?}/{cell} {}", diagnostic.code.id, diagnostic.location.line, diagnostic.message)
            };
            diagnostics.iter().map(reported).collect::<Vec<_>>()
        };
        assert_eq!(reported("94000020000001\n"), [""; 0]);
        let wrong = [
            "SHT0504 Some(4)/2 the line says 00003, counted 2",
            "SHT0504 Some(4)/3 the line says 000000x, counted 1",
        ];
        assert_eq!(reported("9400003000000x\n"), wrong);
        assert_eq!(reported(""), ["SHT0505 Some(4)/0 the file ends without the line that closes it"]);
        // A row that cannot be read is a row, and what it adds is not known.
        let row = "I3060254767739600x05\n94000030000001\n";
        assert_eq!(reported(row), [""; 0]);
    }

    #[test]
    fn lines_that_cannot_be_cut_are_rows_of_one_cell() {
        let bad = "924030XXXXX261031\nI306\nI3060254767739600005 \nI3060254767739600005X\n\"x,y\n940\n\x1a";
        let table = "record,ean,quantity,date\nI306\nI3,0602547677396,5,261031\nI3060254767739600005X\n\"\"\"x,y\"\n940\n\n";
        assert_eq!(text(&sales(), bad), table);
        let single = FixedWidthText {
            row: Record::new(vec![digits("n", 3)]),
            preface: Vec::new(),
            trailer: vec![Record::new(vec![fixed_text("E")])],
            headings: b"n\n".to_vec(),
            ..sales()
        };
        assert_eq!(text(&single, "007\n7\nE\n"), "n\n7\n7,\n\n");
    }

    #[test]
    fn headers_that_say_something_else_are_refused() {
        let refusal = |text: &str| {
            let fatal = cut(&sales(), text.as_bytes(), 5).unwrap_err();
            let diagnostic = &fatal.diagnostics[0];
            (diagnostic.code, diagnostic.location.line, diagnostic.message.clone())
        };
        let row = "I3060254767739600005\n";
        let cases: [(String, &'static Code, u64, &str); 5] = [
            (row.into(), &NO_HEADER_LINE, 1, "begins with a row, expected a line `92`"),
            ("\n\nhello\n".into(), &NO_HEADER_LINE, 3, "expected `92`, `I3`, `94`"),
            ("924031XXXXX261031\n".into(), &WRONG_TEXT, 1, "`4031` is in column 3, expected `4030`"),
            (
                "924030XXXXX261031\n92".into(),
                &SHORT_LINE,
                2,
                "2 characters, and `record` is in column 3 to 6",
            ),
            ("924030XXXXX2610311\n".into(), &LONG_LINE, 1, "18 characters, expected 17"),
        ];
        for (text, code, line, part) in cases {
            let (found, place, message) = refusal(&text);
            assert_eq!((found.id, place), (code.id, Some(line)), "{message} for {text}");
            assert!(message.contains(part), "{message}");
        }
        let dated = FixedWidthText {
            preface: vec![Record::new(vec![fixed_text("92"), digits("n", 3)])],
            headings: b"x\n".to_vec(),
            ..sales()
        };
        assert_eq!(cut(&dated, b"921\n", 9).unwrap_err().diagnostics[0].code.id, SHORT_LINE.id);
    }

    #[test]
    fn what_fills_cells_is_taken_off() {
        let fixed = FixedWidthText {
            row: Record::new(vec![
                fixed_text("R"),
                slot("left", 4),
                Slot { right: true, ..slot("right", 4) },
                digits("number", 6),
                Slot { right: true, pad: b'0', ..slot("id", 4) },
            ]),
            preface: Vec::new(),
            trailer: Vec::new(),
            headings: b"h\n".to_vec(),
            ..sales()
        };
        for (line, cells, notes) in [
            ("Rab    cd0000120012", "R,ab,cd,12,0012", 0),
            ("R        0000000000", "R,,,0,0000", 0),
            ("R        -00.50    ", "R,,,-0.50,", 0),
            ("R        -00,50+001", "R,,,\"-0,50\",+001", 0),
            ("R        +00.505000", "R,,,0.50,5000", 0),
            ("R a  cd   00.50   0", "R,a,cd,0.50,0", 4),
            ("Ra,b\"       5      ", "R,\"a,b\"\"\",,5,", 1),
        ] {
            assert_eq!(line.len(), 19);
            let (out, diagnostics) = cut(&fixed, line.as_bytes(), 100).unwrap();
            assert_eq!(out, format!("h\n{cells}\n"), "{line}");
            assert_eq!(diagnostics.counts().map(|(_, count)| count).sum::<u64>(), notes, "{line}");
        }
    }

    #[test]
    fn endless_lines_take_no_memory() {
        let mut long = b"924030XXXXX261031\n".to_vec();
        long.extend_from_slice(&vec![b'x'; 3 * LONGEST]);
        long.extend_from_slice(b"\nI3060254767739600005\n");
        let mut cutter = Cutter::new(Arc::new(sales()));
        let (mut out, mut diagnostics, mut waiting) = (Vec::new(), Diagnostics::default(), Vec::new());
        for piece in long.chunks(1000) {
            waiting.extend_from_slice(piece);
            let taken = cutter.cut(&waiting, false, &mut out, &mut diagnostics).unwrap();
            waiting.drain(..taken);
            assert!(waiting.len() <= LONGEST + 1000);
        }
        let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
        assert_eq!((lines.len(), lines[1].len(), lines[2]), (4, LONGEST, &b"I3,0602547677396,5,261031"[..]));
    }

    #[test]
    fn the_mark_before_a_text_is_dropped() {
        let (out, diagnostics) = cut(&sales(), b"\xef\xbb\xbf924030XXXXX261031\n", 4).unwrap();
        let codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
        let expected = [BYTE_ORDER_MARK.id, NO_TRAILER_LINE.id];
        assert_eq!((out.as_str(), &codes[..]), ("record,ean,quantity,date\n", &expected[..]));
    }

    /// Whatever comes in, each line of it becomes one line.
    #[test]
    fn lines_keep_their_numbers() {
        let mut seed = 7_u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize
        };
        let parts = ["I3060254767739600005", "94", "924030AAAAA261031", "\r", "\n", "é", "\"", ",", "x", " "];
        for _ in 0..300 {
            let mut input = String::from("924030XXXXX261031\n");
            for _ in 0..random() % 40 {
                input.push_str(parts[random() % parts.len()]);
            }
            input.push('\n');
            if let Ok((out, _)) = cut(&sales(), input.as_bytes(), 1 + random() % 30) {
                let lines = |text: &str| text.matches('\n').count();
                assert_eq!(lines(&out), lines(&input), "{input:?}");
            }
        }
        assert_eq!(Field::PERIOD_END.id(), "header.period-end");
    }
}
