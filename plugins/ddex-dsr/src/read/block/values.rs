//! The cells of a line as spans: the quick look that most cells pass, and the slow one that says
//! what is wrong.

use super::{CurrentLine, RejectReason, kept};
use crate::diagnostics;
use crate::read::cells::{Piece, named};
use crate::read::checks::{Marks, is_amount, is_count, is_share};
use crate::read::columns::{Column, Entry, QuickCheck, is_key};
use crate::read::units::Worker;
use transpose_codes::Duration;
use transpose_codes::isrc::is_known_prefix;
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, shown};
use transpose_core::model::{BlockBatch, Field, Span};
use transpose_records::cell::{is_decimal, is_integer, is_isrc};
use transpose_records::index::Row;
use transpose_records::spec::Link;

/// What a usage cannot be counted without: where such a cell is wrong, its block is rejected.
const COUNTED: [Field; 6] = [
    Field::QUANTITY,
    Field::RETURNS,
    Field::PRICE,
    Field::USAGE_NET_REVENUE,
    Field::USAGE_DURATION,
    Field::ROYALTY_BEARING,
];

impl Worker<'_> {
    /// Reads the cells of a line into `row`.
    pub(super) fn values(
        &mut self,
        entry: &Entry,
        this: &CurrentLine<'_>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        reasons: &mut Vec<RejectReason>,
    ) {
        let ends = this.index.ends(this.line);
        let filled = self.spans_of(entry, this.line, ends);
        let dirty = if this.line.is_clean() { 0 } else { dirty(ends, this.index.dirt(this.line)) };
        let mut marks = Marks { filled, slow: 0 };
        let doubtful = entry.demanded & !filled | dirty & entry.known;
        let mut looks = entry.looks & filled | doubtful;
        while looks != 0 {
            let (number, mark) = (looks.trailing_zeros() as usize, looks & looks.wrapping_neg());
            looks &= !mark;
            let Some(column) = entry.columns.get(number) else { break };
            if doubtful & mark == 0 && self.fits(column, number, this.text) {
                continue;
            }
            marks.slow |= mark;
            let read = self.cell(entry, number, column, this, batch, report);
            let span = kept(read, reasons).unwrap_or(Span::ABSENT);
            marks.filled = if span.is_absent() { marks.filled & !mark } else { marks.filled | mark };
            if let Some(slot) = self.row.get_mut(number) {
                *slot = span;
            }
        }
        self.marks = marks;
        if let Some(number) = entry.proprietary.filter(|number| marks.is_slow(*number)) {
            let grid = self.grid(entry, this.raw(number), this.text, batch);
            if let Some(last) = self.row.last_mut() {
                *last = grid;
            }
        }
    }

    /// Puts the cells of a line into `row` as they are; answers which of them have a value.
    #[inline]
    fn spans_of(&mut self, entry: &Entry, line: &Row, ends: &[u32]) -> u64 {
        let (mut start, mut filled, mut mark) = (line.start, 0, 1);
        let span = |end: &u32| {
            let from = std::mem::replace(&mut start, *end + 1);
            let is_filled = *end > from;
            filled |= if is_filled { mark } else { 0 };
            mark <<= 1;
            if is_filled { Span::chunk(from as usize, *end as usize) } else { Span::ABSENT }
        };
        self.row.clear();
        self.row.extend(ends.iter().take(entry.columns.len()).map(span));
        self.row.resize(entry.width, Span::ABSENT);
        // The record type and the block id are no values.
        self.row.iter_mut().zip(&entry.columns).take_while(|(_, column)| is_key(column.link)).for_each(
            |(slot, _)| {
                *slot = Span::ABSENT;
            },
        );
        filled & entry.known
    }

    /// Whether a clean value fits its column, and there is nothing to be said about it.
    #[inline]
    fn fits(&mut self, column: &Column, number: usize, text: &[u8]) -> bool {
        let span = self.row.get(number).copied().unwrap_or(Span::ABSENT);
        let raw = span.bytes(text, &[]);
        match column.quick {
            QuickCheck::Free => true,
            QuickCheck::Integer => is_integer(raw),
            QuickCheck::Decimal => is_decimal(raw),
            QuickCheck::Count => is_count(raw),
            QuickCheck::Amount => is_amount(raw),
            QuickCheck::Share => is_share(raw),
            QuickCheck::Boolean => matches!(raw, b"true" | b"false"),
            QuickCheck::Duration => Duration::is_clock(raw) && Duration::plain_iso_micros(raw).is_some(),
            QuickCheck::Isrc => is_isrc(raw) && is_known_prefix(raw),
            QuickCheck::Reference => raw.iter().all(u8::is_ascii_alphanumeric),
            QuickCheck::Checked => match self.accepted.get_mut(column.number) {
                Some(good) if good.bytes(text, &[]) == raw => true,
                Some(good) if self.cells.passes(raw, column) => {
                    *good = span;
                    true
                }
                _ => false,
            },
            QuickCheck::Key | QuickCheck::Slow => false,
        }
    }

    /// Reads one cell, whatever it holds.
    fn cell(
        &mut self,
        entry: &Entry,
        number: usize,
        column: &Column,
        this: &CurrentLine<'_>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<Span, RejectReason> {
        if is_key(column.link) {
            return Ok(Span::ABSENT);
        }
        let (start, end) = this.index.range(this.line, number);
        let raw = this.text.get(start..end).unwrap_or(&[]);
        let place = || this.position.cell(entry, Some(column.spec));
        if !raw.is_empty() && !self.pieces(entry, column, raw, this, report)? {
            return Ok(Span::ABSENT);
        }
        let span = if raw.is_empty() { Span::ABSENT } else { self.span(start, batch) };
        if span.is_absent() {
            if column.mandatory && column.link != Link::Deprecated {
                let message = format!("{} is empty", named(column.spec));
                let diagnostic = Diagnostic::new(&diagnostics::EMPTY_CELL, place(), message);
                if Some(number) == entry.quantity || column.link == Link::Summary {
                    return Err(Box::new(diagnostic));
                }
                report.diagnostics.push(diagnostic);
            }
            return Ok(span);
        }
        if column.link == Link::Deprecated {
            let message = format!("{} is filled", named(column.spec));
            report
                .diagnostics
                .push(Diagnostic::new(&diagnostics::DEPRECATED_CELL, place(), message).value(raw));
            return Ok(Span::ABSENT);
        }
        Ok(span)
    }

    /// Reports what is noteworthy about the cell just read.
    pub(super) fn report_notes(
        &mut self,
        entry: &Entry,
        column: &Column,
        this: &CurrentLine<'_>,
        raw: &[u8],
        report: &mut RunReport,
    ) {
        for note in self.cells.notes.drain(..) {
            report.diagnostics.report(note.code, || {
                let message = format!("{}: {}", named(column.spec), note.message);
                let place = this.position.cell(entry, Some(column.spec));
                Diagnostic::new(note.code, place, message).value(raw)
            });
        }
    }

    /// Reads a raw cell into the pieces of `cells` and says what is noteworthy; `false` when its
    /// value is left out.
    fn pieces(
        &mut self,
        entry: &Entry,
        column: &Column,
        raw: &[u8],
        this: &CurrentLine<'_>,
        report: &mut RunReport,
    ) -> Result<bool, RejectReason> {
        let read = self.cells.read(raw, column, self.reader.escapes);
        self.report_notes(entry, column, this, raw, report);
        let Err(why) = read else { return Ok(true) };
        let message =
            format!("{} is `{}`, expected {}: {why}", named(column.spec), shown(raw), column.spec.kind);
        let place = this.position.cell(entry, Some(column.spec));
        let diagnostic = Diagnostic::new(&diagnostics::WRONG_TYPE, place, message).value(raw);
        let counts = column.mandatory || column.spec.field().is_some_and(|field| COUNTED.contains(&field));
        if entry.has_usage() && counts {
            return Err(Box::new(diagnostic));
        }
        report.diagnostics.push(diagnostic);
        let subject =
            column.spec.field().map_or_else(|| Subject::Extra(column.spec.name.into()), Subject::Field);
        let reason = "the value does not fit the type of its cell";
        report.loss.add(Change::Lost, subject, 1, Some(this.position.line), reason);
        Ok(false)
    }

    /// The cell just read as a span; `start` is where it begins in the chunk.
    fn span(&mut self, start: usize, batch: &mut BlockBatch) -> Span {
        let Self { cells, spans, .. } = self;
        let mut one = |piece: Piece| match piece {
            Piece::Raw(from, to) => Span::chunk(start + from, start + to),
            Piece::Made(from, to) => batch.text(cells.made.get(from..to).unwrap_or(&[])),
        };
        match cells.pieces.as_slice() {
            [] => Span::ABSENT,
            [only] => one(*only),
            many => {
                spans.clear();
                spans.extend(many.iter().map(|piece| one(*piece)));
                batch.list(spans)
            }
        }
    }

    /// The GRid among the namespaced identifiers of a release, which also fills its own field.
    fn grid(&mut self, entry: &Entry, raw: &[u8], text: &[u8], batch: &mut BlockBatch) -> Span {
        let filled =
            entry.proprietary.and_then(|place| self.row.get(place)).is_some_and(|span| !span.is_absent());
        if !filled {
            return Span::ABSENT;
        }
        let span = entry.proprietary.and_then(|place| self.row.get(place)).copied().unwrap_or(Span::ABSENT);
        let is_grid = |bytes: &[u8]| {
            bytes.get(..6).is_some_and(|space| space.eq_ignore_ascii_case(b"GRID::")) && bytes.len() > 6
        };
        if memchr::memmem::find(raw, b"::").is_none() {
            return Span::ABSENT;
        }
        let found = match batch.value(span, text) {
            transpose_core::model::Cell::Many(list) => {
                list.iter().find(|bytes| is_grid(bytes)).map(<[u8]>::to_vec)
            }
            cell => cell.first().filter(|bytes| is_grid(bytes)).map(<[u8]>::to_vec),
        };
        found.as_deref().and_then(|bytes| bytes.get(6..)).map_or(Span::ABSENT, |id| batch.text(id))
    }
}

/// Which cells of a line are not clean.
#[cold]
fn dirty(ends: &[u32], places: &[u32]) -> u64 {
    let mut dirty = 0;
    for place in places {
        let number = ends.partition_point(|end| end < place) as u32;
        dirty |= 1_u64.checked_shl(number).unwrap_or(0);
    }
    dirty
}
