//! What can be mended without asking the sender: spaces around values, capitals of booleans,
//! needless digits, missing or surplus tabs at the end of a record, the counts of the footer.
//! Nothing else is touched, and a line with nothing to mend is copied as it is.

use super::Reader;
use super::checks::is_plain;
use super::head::is_blank;
use crate::footer::FooterCount;
use crate::{diagnostics, tables};
use transpose_codes::Duration;
use transpose_codes::decimal::{self, Grammar};
use transpose_core::diagnostics::{Diagnostic, Location, shown};
use transpose_core::format::{Repair, Tally};
use transpose_records::escape::{Escapes, trimmed};
use transpose_records::line::{self, Line};
use transpose_records::spec::{CellSpec, CellType, RecordSpec};
use transpose_records::{cell, write};

/// Mends the lines of one file.
pub(super) struct LineRepair<'a> {
    reader: &'a Reader,
    file: Tally,
    /// What the whole message has, if this is its last file and all are known.
    message: Option<Tally>,
    ranges: Vec<line::Range>,
    cell: Vec<u8>,
}

impl<'a> LineRepair<'a> {
    pub(super) fn new(reader: &'a Reader, file: &Tally, message: Option<&Tally>) -> Self {
        let closes = reader.part.number == reader.part.of;
        Self {
            reader,
            file: *file,
            message: message.copied().filter(|_| closes),
            ranges: Vec::new(),
            cell: Vec::new(),
        }
    }

    /// The definition of a record, by its name.
    fn spec(&self, name: &[u8]) -> Option<&'static RecordSpec> {
        let layout = &self.reader.layout;
        if let Some(entry) = self.reader.entry(name) {
            return Some(entry.spec);
        }
        let bound = [layout.head, layout.foot].into_iter().chain(layout.summaries.iter().copied());
        let text = std::str::from_utf8(name).ok()?;
        bound
            .into_iter()
            .find(|spec| spec.name == text)
            .or_else(|| tables::record(text, layout.profile.generation))
    }

    /// What a cell of the footer should say.
    fn count(&self, spec: &RecordSpec, cell: &CellSpec) -> Option<u64> {
        if spec.name != self.reader.layout.foot.name {
            return None;
        }
        match FooterCount::of(cell)? {
            FooterCount::LinesInFile => Some(self.file.lines),
            FooterCount::SummaryRecords => Some(self.reader.summaries),
            FooterCount::BlocksInFile => Some(self.file.blocks),
            FooterCount::LinesInMessage => self.message.map(|message| message.lines),
            FooterCount::BlocksInMessage => self.message.map(|message| message.blocks),
        }
    }

    /// The mended form of a cell in `cell`, and what was done; nothing when there is nothing to do.
    fn mend(&mut self, spec: &RecordSpec, column: &CellSpec, raw: &[u8]) -> Option<&'static str> {
        if let Some(count) = self.count(spec, column) {
            self.cell.clear();
            write::whole(count, &mut self.cell);
            return (self.cell != trimmed(raw)).then_some("counted again");
        }
        let value = trimmed(raw);
        self.cell.clear();
        self.cell.extend_from_slice(value);
        let several = column.multi && value.contains(&b'|');
        if column.kind == CellType::Boolean && value.iter().any(u8::is_ascii_uppercase) {
            let lower = value.to_ascii_lowercase();
            if matches!(lower.as_slice(), b"true" | b"false") {
                self.cell = lower;
                return Some("written in lower case");
            }
        }
        if column.kind == CellType::Duration && !several && !value.is_empty() && !Duration::is_clock(value) {
            self.cell.clear();
            if write::duration(value, &mut self.cell).is_some() {
                return Some("written with its seconds, and minutes where there are hours");
            }
            self.cell.clear();
            self.cell.extend_from_slice(value);
        }
        if column.kind == CellType::Date && !several {
            let mut made = Vec::new();
            if cell::check(column.kind, value, &mut made) == cell::Fit::Normalised {
                self.cell = made;
                return Some("written with hyphens");
            }
        }
        let number = matches!(column.kind, CellType::Decimal | CellType::Integer);
        if number && !several && !value.is_empty() && !is_plain(value) {
            let text = std::str::from_utf8(value).ok()?;
            if decimal::parse(text, Grammar::LENIENT).is_ok() {
                self.cell.clear();
                if write::number(value, &mut self.cell) && self.cell != raw {
                    return Some("written without needless digits");
                }
                self.cell.clear();
                self.cell.extend_from_slice(value);
            }
        }
        (value.len() != raw.len()).then_some("without the spaces around it")
    }
}

impl Repair for LineRepair<'_> {
    fn line(&mut self, place: Location, text: &[u8], out: &mut Vec<u8>, changed: &mut dyn FnMut(Diagnostic)) {
        let plain = text.first() == Some(&b'#') || is_blank(text) || std::str::from_utf8(text).is_err();
        let tripled = self.reader.escapes == Escapes::Tripled;
        let name = line::key(text, tripled).0;
        let Some(spec) = self.spec(name).filter(|_| !plain) else {
            out.extend_from_slice(text);
            return;
        };
        let mut ranges = std::mem::take(&mut self.ranges);
        line::cells(text, Line { start: 0, end: text.len(), next: text.len() }, tripled, &mut ranges);
        let raw = |index: usize| {
            let range = ranges.get(index).map_or(0..0, |(start, end)| *start as usize..*end as usize);
            text.get(range).unwrap_or(&[])
        };
        let known = spec.cells.len();
        let surplus = (known..ranges.len()).all(|index| raw(index).trim_ascii().is_empty());
        // Cells that hold data are never dropped.
        let count = if surplus { known } else { ranges.len() };
        if count != ranges.len() {
            let message = format!("the record has {} cells, written with {count}", ranges.len());
            changed(Diagnostic::new(&diagnostics::MENDED, place.clone().record(spec.name), message));
        }
        for index in 0..count {
            if index > 0 {
                out.push(b'\t');
            }
            let done =
                spec.cells.get(index).and_then(|cell| Some((cell, self.mend(spec, cell, raw(index))?)));
            let Some((cell, what)) = done else {
                out.extend_from_slice(raw(index));
                continue;
            };
            let message = format!(
                "cell `{}` is `{}` and becomes `{}`: {what}",
                cell.name,
                shown(raw(index)),
                shown(&self.cell)
            );
            let at = super::cells::located(&place, spec, cell);
            changed(Diagnostic::new(&diagnostics::MENDED, at, message).value(raw(index)));
            out.extend_from_slice(&self.cell);
        }
        self.ranges = ranges;
    }
}
