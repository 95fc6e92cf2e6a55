//! Single cells: escapes, lists, types, allowed values; and whole records of the head.

use super::checks::Values;
use super::columns::Column;
use crate::diagnostics;
use transpose_codes::Duration;
use transpose_codes::isrc::is_known_prefix;
use transpose_core::diagnostics::{Code, Diagnostic, Location, shown};
use transpose_core::model::{BlockBatch, Cell, Entity, Kind, Span, Value};
use transpose_records::cell::{Fit, check, check_kind};
use transpose_records::escape::{self, Escapes};
use transpose_records::line::{self, Line};
use transpose_records::spec::{CellSlot, CellSpec, CellType, Link, ListedValue, RecordSpec};

/// A value of a cell: a range of the raw cell, or of what was made from it.
#[derive(Clone, Copy)]
pub(super) enum Piece {
    Raw(usize, usize),
    Made(usize, usize),
}

/// What is noteworthy about a cell.
pub(super) struct Note {
    pub(super) code: &'static Code,
    pub(super) message: String,
}

/// Reads single cells; its buffers are reused.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) pieces: Vec<Piece>,
    pub(super) made: Vec<u8>,
    plain: Vec<u8>,
    ends: Vec<usize>,
    pub(super) notes: Vec<Note>,
}

impl Cells {
    pub(super) fn note(&mut self, code: &'static Code, message: impl Into<String>) {
        self.notes.push(Note { code, message: message.into() });
    }

    /// Reads a raw cell into pieces: none when it is empty. The error says why the value does not
    /// fit.
    pub(super) fn read(&mut self, raw: &[u8], column: &Column, escapes: Escapes) -> Result<(), String> {
        self.pieces.clear();
        self.made.clear();
        let trimmed = escape::trimmed(raw);
        if trimmed.len() != raw.len() {
            self.note(&diagnostics::SPACES, "spaces around the value");
        }
        if trimmed.is_empty() {
            return Ok(());
        }
        if has_control(trimmed) {
            self.note(&diagnostics::CONTROL, "the value holds a control character");
        }
        let offset = raw.iter().take_while(|byte| **byte == b' ').count();
        if memchr::memchr2(b'|', b'\\', trimmed).is_none() {
            return self.piece(trimmed, Piece::Raw(offset, offset + trimmed.len()), column);
        }
        if column.spec.multi && memchr::memchr(b'\\', trimmed).is_none() {
            return self.list(trimmed, offset, column);
        }
        let (mut plain, mut ends) = (std::mem::take(&mut self.plain), std::mem::take(&mut self.ends));
        plain.clear();
        ends.clear();
        if let Some(bad) = escape::decode(trimmed, escapes, &mut plain, &mut ends) {
            self.note(&diagnostics::BAD_ESCAPE, bad.to_string());
        }
        let done = self.pieces_of(&plain, &ends, column);
        (self.plain, self.ends) = (plain, ends);
        done
    }

    /// Reads a list without escapes; `offset` is where it begins in the raw cell.
    fn list(&mut self, list: &[u8], offset: usize, column: &Column) -> Result<(), String> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'|', list).chain([list.len()]) {
            let value = list.get(start..end).unwrap_or(&[]);
            let trimmed = escape::trimmed(value);
            if trimmed.len() != value.len() {
                self.note(&diagnostics::SPACES, "spaces around a value");
            }
            let from = offset + start + value.iter().take_while(|byte| **byte == b' ').count();
            let piece = Piece::Raw(from, from + trimmed.len());
            start = end + 1;
            if trimmed.is_empty() {
                self.pieces.push(piece);
            } else {
                self.piece(trimmed, piece, column)?;
            }
        }
        Ok(())
    }

    fn pieces_of(&mut self, plain: &[u8], ends: &[usize], column: &Column) -> Result<(), String> {
        if ends.len() > 1 && !column.spec.multi {
            self.note(
                &diagnostics::UNEXPECTED_LIST,
                format!("the cell takes one value and holds {}", ends.len()),
            );
            let mut joined = Vec::with_capacity(plain.len() + ends.len());
            let mut start = 0;
            for (index, end) in ends.iter().enumerate() {
                if index > 0 {
                    joined.push(b'|');
                }
                joined.extend_from_slice(plain.get(start..*end).unwrap_or(&[]));
                start = *end;
            }
            let piece = self.keep(&joined);
            return self.piece(&joined, piece, column);
        }
        let mut start = 0;
        for end in ends {
            let value = plain.get(start..*end).unwrap_or(&[]);
            start = *end;
            let trimmed = escape::trimmed(value);
            if trimmed.len() != value.len() {
                self.note(&diagnostics::SPACES, "spaces around a value");
            }
            let piece = self.keep(trimmed);
            if trimmed.is_empty() {
                self.pieces.push(piece);
            } else {
                self.piece(trimmed, piece, column)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Piece {
        let start = self.made.len();
        self.made.extend_from_slice(bytes);
        Piece::Made(start, self.made.len())
    }

    /// Checks one value and adds it.
    fn piece(&mut self, value: &[u8], piece: Piece, column: &Column) -> Result<(), String> {
        let start = self.made.len();
        let fit = if let Some(set) = column.values {
            match set.standing(value) {
                ListedValue::Allowed => Fit::Exact,
                ListedValue::Deprecated => {
                    self.note(
                        &diagnostics::DEPRECATED_VALUE,
                        format!("`{}` is deprecated in the set {}", shown(value), set.name),
                    );
                    Fit::Exact
                }
                ListedValue::OtherCase(known) => {
                    self.made.extend_from_slice(known.as_bytes());
                    Fit::Normalised
                }
                // Values agreed by the parties carry a namespace.
                ListedValue::Unknown if memchr::memmem::find(value, b"::").is_some() => Fit::Exact,
                ListedValue::Unknown => {
                    self.note(
                        &diagnostics::UNKNOWN_VALUE,
                        format!("`{}` is not in the set {}", shown(value), set.name),
                    );
                    Fit::Exact
                }
            }
        } else if column.free {
            Fit::Exact
        } else {
            match check(column.spec.kind, value, &mut self.made) {
                Fit::Exact if column.spec.kind == CellType::Duration && !Duration::is_clock(value) => {
                    self.note(
                        &diagnostics::DURATION_FORM,
                        format!("`{}` is not in the form `PT[[hhH]mmM]ssS`", shown(value)),
                    );
                    Fit::Exact
                }
                Fit::Exact => match (column.identifier, column.form) {
                    (Some(kind), _) => check_kind(kind, value, &mut self.made),
                    (None, Some(form)) => form.odd(value).map_or(Fit::Exact, |why| Fit::Odd(why.to_owned())),
                    (None, None) => Fit::Exact,
                },
                other => other,
            }
        };
        if column.identifier == Some(Kind::Isrc) {
            let code = match fit {
                Fit::Exact => Some(value),
                Fit::Normalised => self.made.get(start..),
                _ => None,
            };
            if let Some(code) = code.filter(|code| !code.is_empty() && !is_known_prefix(code)) {
                let message = format!("`{}`: no agency has the first two letters", shown(code));
                self.note(&diagnostics::ISRC_PREFIX, message);
            }
        }
        let piece = match fit {
            Fit::Exact => piece,
            Fit::Normalised => {
                let end = self.made.len();
                let canonical = shown(self.made.get(start..end).unwrap_or(&[]));
                self.note(&diagnostics::NORMALISED, format!("`{}` is read as `{canonical}`", shown(value)));
                Piece::Made(start, end)
            }
            Fit::Odd(why) if column.spec.kind == CellType::Integer => {
                self.note(&diagnostics::FRACTION, format!("`{}`: {why}", shown(value)));
                piece
            }
            Fit::Odd(why) => {
                self.note(&diagnostics::ODD_VALUE, format!("`{}`: {why}", shown(value)));
                piece
            }
            Fit::Doubtful(why) => {
                self.note(&diagnostics::CHECK_DIGIT, format!("`{}`: {why}", shown(value)));
                piece
            }
            Fit::Wrong(why) => return Err(why),
        };
        self.pieces.push(piece);
        Ok(())
    }

    /// Whether a plain value fits its column as it is.
    pub(super) fn passes(&mut self, value: &[u8], column: &Column) -> bool {
        if let Some(set) = column.values {
            return set.standing(value) == ListedValue::Allowed;
        }
        self.made.clear();
        check(column.spec.kind, value, &mut self.made) == Fit::Exact
            && (column.spec.kind != CellType::Duration || Duration::is_clock(value))
            && column.identifier.is_none_or(|kind| check_kind(kind, value, &mut self.made) == Fit::Exact)
            && (column.identifier != Some(Kind::Isrc) || is_known_prefix(value))
            && column.form.is_none_or(|form| form.odd(value).is_none())
    }

    pub(super) fn bytes<'a>(&'a self, raw: &'a [u8], piece: Piece) -> &'a [u8] {
        match piece {
            Piece::Raw(start, end) => raw.get(start..end),
            Piece::Made(start, end) => self.made.get(start..end),
        }
        .unwrap_or(&[])
    }
}

/// Whether bytes hold a control character; tabs may be data.
fn has_control(bytes: &[u8]) -> bool {
    // Nearly none do, so there is nothing to stop for, and many bytes are looked at together.
    bytes.iter().fold(0, |found, byte| found | u8::from(*byte < b' ' && *byte != b'\t')) != 0
}

pub(super) fn named(cell: &CellSpec) -> String {
    format!("cell `{}`", cell.name)
}

pub(super) fn located(place: &Location, spec: &RecordSpec, cell: &CellSpec) -> Location {
    let location = place.clone().record(spec.name).cell(cell.number, cell.name);
    match cell.field() {
        Some(field) => location.field(field),
        None => location,
    }
}

/// A record of the head: its cells as they were read.
pub(super) struct HeadRecord {
    pub(super) spec: &'static RecordSpec,
    pub(super) columns: Vec<Column>,
    pub(super) place: Location,
    row: Vec<Span>,
    /// Which cells hold anything.
    held: Vec<bool>,
    batch: BlockBatch,
    /// What is beyond an incomplete definition, under the name that it probably has.
    beyond: Vec<(Box<str>, Value)>,
}

impl HeadRecord {
    /// Reads a record of the head.
    pub(super) fn read(
        cells: &mut Cells,
        escapes: Escapes,
        bytes: &[u8],
        spec: &'static RecordSpec,
        at: Line,
        place: Location,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut ranges = Vec::new();
        line::cells(bytes, at, escapes == Escapes::Tripled, &mut ranges);
        let raw_at = |index: usize| {
            ranges
                .get(index)
                .and_then(|(start, end)| bytes.get(*start as usize..*end as usize))
                .unwrap_or(&[])
        };
        diagnostics.extend(cell_count(
            spec,
            ranges.len(),
            |index| raw_at(index).trim_ascii().is_empty(),
            &place,
        ));
        let columns: Vec<Column> = spec.cells.iter().map(Column::new).collect();
        let (mut row, mut batch) = (Vec::new(), BlockBatch::default());
        for (index, column) in columns.iter().enumerate() {
            row.push(Self::cell(
                cells,
                escapes,
                raw_at(index),
                column,
                spec,
                &place,
                &mut batch,
                diagnostics,
            ));
        }
        let mut beyond = Vec::new();
        for index in spec.cells.len()..ranges.len() {
            let raw = raw_at(index).trim_ascii();
            if raw.is_empty() {
                continue;
            }
            let name = spec.trailing.get(index - spec.cells.len()).filter(|name| !name.starts_with('('));
            let name =
                name.map_or_else(|| format!("{} cell {}", spec.name, index + 1), |name| (*name).to_owned());
            beyond.push((name.into(), Value::One(String::from_utf8_lossy(raw).into())));
        }
        let held = (0..spec.cells.len()).map(|index| !raw_at(index).trim_ascii().is_empty()).collect();
        Self { spec, columns, place, row, held, batch, beyond }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of reading one cell")]
    fn cell(
        cells: &mut Cells,
        escapes: Escapes,
        raw: &[u8],
        column: &Column,
        spec: &RecordSpec,
        place: &Location,
        batch: &mut BlockBatch,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Span {
        let cell = column.spec;
        let location = || located(place, spec, cell);
        let read = cells.read(raw, column, escapes);
        for note in cells.notes.drain(..) {
            let message = format!("{}: {}", named(cell), note.message);
            diagnostics.push(Diagnostic::new(note.code, location(), message).value(raw));
        }
        if let Err(why) = read {
            let message = format!("{} is `{}`, expected {}: {why}", named(cell), shown(raw), cell.kind);
            diagnostics.push(Diagnostic::new(&diagnostics::WRONG_TYPE, location(), message).value(raw));
            return Span::ABSENT;
        }
        if cells.pieces.is_empty() {
            if column.mandatory {
                let message = format!("{} is empty", named(cell));
                diagnostics.push(Diagnostic::new(&diagnostics::EMPTY_CELL, location(), message));
            }
            return Span::ABSENT;
        }
        if column.link == Link::Deprecated {
            let message = format!("{} is filled", named(cell));
            diagnostics.push(Diagnostic::new(&diagnostics::DEPRECATED_CELL, location(), message).value(raw));
            return Span::ABSENT;
        }
        let spans: Vec<Span> =
            cells.pieces.iter().map(|piece| batch.text(cells.bytes(raw, *piece))).collect();
        match spans.as_slice() {
            [only] => *only,
            many => batch.list(many),
        }
    }

    /// The values of the record, with what says whether a cell holds anything.
    pub(super) fn values<'a>(&'a self, holds: &'a dyn Fn(usize) -> bool) -> Values<'a> {
        Values { row: &self.row, batch: &self.batch, text: &[], holds }
    }

    /// Whether a cell holds anything, also what could not be read.
    pub(super) fn holds(&self, at: usize) -> bool {
        self.held.get(at).copied().unwrap_or(false)
    }

    /// The values of the record, by field.
    pub(super) fn entity(&self) -> Entity {
        let mut entity = Entity::from_record(self.spec.name);
        let text = |bytes: &[u8]| -> Box<str> { String::from_utf8_lossy(bytes).into() };
        for (cell, span) in self.spec.cells.iter().zip(&self.row) {
            let value = match self.batch.value(*span, &[]) {
                Cell::Absent => continue,
                Cell::One(bytes) => Value::One(text(bytes)),
                Cell::Many(list) => Value::Many(list.iter().map(text).collect()),
            };
            match cell.slot {
                CellSlot::Field(field) => entity.set(field, value),
                CellSlot::Extra(name) => {
                    entity.extras.insert(name.into(), value);
                }
                CellSlot::Structure => {}
            }
        }
        entity.extras.extend(self.beyond.iter().cloned());
        entity
    }
}

/// What is to be said about the number of cells.
pub(super) fn cell_count(
    spec: &RecordSpec,
    found: usize,
    empty: impl Fn(usize) -> bool,
    place: &Location,
) -> Option<Diagnostic> {
    let expected = spec.cells.len();
    let location = place.clone().record(spec.name);
    if found < expected {
        let message =
            format!("the record has {found} cells, expected {expected}; the missing ones are read as empty");
        return Some(Diagnostic::new(&diagnostics::MISSING_CELLS, location, message));
    }
    if found == expected {
        return None;
    }
    match (expected..found).find(|index| !empty(*index)) {
        None => {
            let message =
                format!("the record has {found} cells, expected {expected}; the further ones are empty");
            Some(Diagnostic::new(&diagnostics::EXTRA_CELLS, location, message))
        }
        Some(_) if !spec.complete => {
            let message = format!(
                "the record has {found} cells, {expected} are known; the meaning of the further ones is not certain"
            );
            Some(Diagnostic::new(&diagnostics::EXTRA_CELLS, location, message))
        }
        Some(index) => {
            let message =
                format!("the record has {found} cells, expected {expected}; cell {} holds data", index + 1);
            Some(Diagnostic::new(&diagnostics::EXTRA_DATA, location, message))
        }
    }
}
