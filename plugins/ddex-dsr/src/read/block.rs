//! A block: the order of its records, their cells, and what refers to what.
//!
//! The first thing that makes a block impossible to understand is the reason for its rejection;
//! what else is wrong is reported as well.

use super::cells::{Piece, cell_count, located, named};
use super::checks::{Marks, Values, is_amount, is_count, is_share};
use super::columns::{Column, Entry, Facet, Quick, is_key, key_of};
use super::units::{Unit, Worker, plain_class};
use crate::families::Role;
use crate::{diagnostics, tables};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use transpose_codes::Duration;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::isrc::is_known_prefix;
use transpose_core::accounting::{Change, ExactSum, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Location, shown};
use transpose_core::format::Origin;
use transpose_core::model::vocabulary::commercial_model::PAY_AS_YOU_GO;
use transpose_core::model::{BlockBatch, EntityRow, Field, Group, Span};
use transpose_records::cell::{is_decimal, is_integer, is_isrc};
use transpose_records::escape;
use transpose_records::grammar::State;
use transpose_records::index::{Index, Row};
use transpose_records::spec::{CellSpec, Link, RecordSpec, family};

/// The part of a chunk that is decoded, and what it may hold.
pub(super) struct Region<'a> {
    pub(super) text: &'a [u8],
    pub(super) origin: Origin,
    pub(super) index: &'a Index,
}

impl Region<'_> {
    /// The lines of a unit, from its first record to its last, with their numbers.
    pub(super) fn rows(&self, unit: &Unit) -> impl Iterator<Item = (u64, &Row)> {
        let rows = self.index.rows().get(unit.line as usize..unit.lines as usize).unwrap_or(&[]);
        (unit.line..).zip(rows)
    }
}

/// Where a line is; made into a place only when there is something to tell.
#[derive(Clone, Copy)]
struct Here<'a> {
    source: &'a Arc<str>,
    block: Option<&'a [u8]>,
    line: u64,
    byte: u64,
}

impl Here<'_> {
    fn place(self) -> Location {
        Location {
            source: Some(self.source.clone()),
            block: self.block.map(|raw| shown(raw).into()),
            ..Location::line(self.line, self.byte)
        }
    }

    /// The place of the first cell of a kind.
    fn link(self, entry: &Entry, link: Link) -> Location {
        self.cell(entry, entry.column(link).map(|column| column.spec))
    }

    fn cell(self, entry: &Entry, cell: Option<&CellSpec>) -> Location {
        match cell {
            Some(cell) => located(&self.place(), entry.spec, cell),
            None => self.place().record(entry.spec.name),
        }
    }
}

/// A usage that may have no summary record of its own, because records of rights holders follow
/// that have (V-COND-12).
struct Pending<'a> {
    here: Here<'a>,
    entry: &'a Entry,
    filled: bool,
    followed: bool,
}

/// How far a block was read.
struct Progress<'a> {
    block: Option<&'a [u8]>,
    /// Where in the structure one is; nothing once the order was broken.
    state: Option<State>,
    /// The record before: its name, its line, where it begins.
    last: (&'static str, u64, usize),
    recording: Option<u32>,
    work: Option<u32>,
    usage: Option<u32>,
    /// The allocation before, which a work may follow.
    allocation: Option<u32>,
    previous: Option<u32>,
    pending: Option<Pending<'a>>,
    /// Whether a record was left out or is where it may not, so that what names it is no further
    /// fault.
    gap: bool,
    /// Whether a record was read, with the identifier of the block.
    named: bool,
    /// For validation: recordings whose records report their work, in ascending order, and which
    /// records of users' releases there were.
    detailed: Vec<u32>,
    splits: SplitSum,
    embodied: Option<&'static str>,
    /// Why the block is rejected.
    fatal: Option<Box<Diagnostic>>,
}

impl Progress<'_> {
    fn fail(&mut self, diagnostic: Box<Diagnostic>, report: &mut RunReport) {
        if self.fatal.is_none() {
            self.fatal = Some(diagnostic);
        } else {
            report.diagnostics.push(*diagnostic);
        }
    }
}

/// What the links of a record name.
struct Links {
    own: Span,
    release: Span,
    resource: Span,
    id: Span,
    work: Span,
    summary: Span,
    sale: Span,
}

/// One line that is being read.
struct This<'a> {
    text: &'a [u8],
    index: &'a Index,
    line: &'a Row,
    /// The number of the line in the chunk.
    number: u64,
    here: Here<'a>,
}

impl This<'_> {
    fn raw(&self, number: usize) -> &[u8] {
        self.index.cell(self.line, number, self.text)
    }
}

type Fault = Box<Diagnostic>;

/// What a usage cannot be counted without: where such a cell is wrong, its block is rejected.
const COUNTED: [Field; 6] = [
    Field::QUANTITY,
    Field::RETURNS,
    Field::PRICE,
    Field::USAGE_NET_REVENUE,
    Field::USAGE_DURATION,
    Field::ROYALTY_BEARING,
];

/// The parts of a usage by subscriber type, while they are read: for validation.
#[derive(Default)]
struct SplitSum {
    usage: Option<u32>,
    /// The usages of the whole, and those of its parts; nothing once they cannot be added.
    whole: Option<Decimal>,
    parts: Option<ExactSum>,
    told: bool,
    contexts: BTreeSet<u32>,
}

impl<'r> Worker<'r> {
    pub(super) fn block<'a>(
        &mut self,
        region: &Region<'a>,
        unit: &Unit,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<(), Fault>
    where
        'r: 'a,
    {
        let reader = self.reader;
        let text = region.text;
        for references in
            [&mut self.releases, &mut self.resources, &mut self.ids, &mut self.works, &mut self.sales]
        {
            references.clear();
        }
        let mut progress = Progress {
            block: None,
            state: Some(reader.layout.grammar.start()),
            last: ("", unit.line, unit.start),
            recording: None,
            work: None,
            usage: None,
            allocation: None,
            previous: None,
            pending: None,
            splits: SplitSum::default(),
            gap: false,
            named: reader.layout.single,
            detailed: Vec::new(),
            embodied: None,
            fatal: None,
        };
        batch.begin_block(Span::ABSENT, unit.start);
        for (number, line) in region.rows(unit) {
            let content = line.content(text);
            // Comments and blank lines may are between records.
            if plain_class(content).is_some() {
                continue;
            }
            let here = Here {
                source: &reader.source,
                block: progress.block,
                line: region.origin.line + number,
                byte: region.origin.byte + u64::from(line.start),
            };
            if !line.ascii
                && let Err(error) = std::str::from_utf8(content)
            {
                let message = format!("the line is not UTF-8 from its byte {} on", error.valid_up_to() + 1);
                let diagnostic =
                    Diagnostic::new(&diagnostics::NOT_UTF8, here.place(), message).value(content);
                progress.fail(Box::new(diagnostic), report);
                (progress.gap, progress.state) = (true, None);
                continue;
            }
            let mut this = This { text, index: region.index, line, number, here };
            if reader.layout.single {
                // A line is its own place, and its identifier, where it has one, is a value.
                if reader.identified && number == unit.line {
                    self.begin(&this, unit, batch);
                }
            } else if progress.block.is_none() {
                progress.block = Some(self.begin(&this, unit, batch));
                this.here.block = progress.block;
            }
            self.line(&this, region, &mut progress, batch, report);
        }
        Self::settle(&mut progress, report);
        if let Some(state) = progress.state.filter(|state| !reader.layout.grammar.accepts(*state)) {
            let (name, line, start) = progress.last;
            let mut place = self.place(region.origin, start, line);
            place.block = progress.block.map(|raw| shown(raw).into());
            let expected = expected(&reader.layout.grammar.expected(state));
            let message = if name.is_empty() {
                "the block has no record of the profile".to_owned()
            } else {
                format!("the block ends with {name}, expected {expected}")
            };
            let place = if name.is_empty() { place } else { place.record(name) };
            progress.fail(Box::new(Diagnostic::new(&diagnostics::BLOCK_ORDER, place, message)), report);
        }
        batch.end_block(unit.end);
        progress.fatal.map_or(Ok(()), Err)
    }

    /// Begins a block with the id of its first record, which is kept as it is written; only escapes
    /// are undone.
    fn begin<'a>(&mut self, this: &This<'a>, unit: &Unit, batch: &mut BlockBatch) -> &'a [u8] {
        let (start, end) = this.index.range(this.line, 1);
        let raw = this.text.get(start..end).unwrap_or(&[]);
        let id = if raw.is_empty() {
            Span::ABSENT
        } else if memchr::memchr2(b'|', b'\\', raw).is_none() {
            Span::chunk(start, end)
        } else {
            let (mut plain, mut ends) = (Vec::new(), Vec::new());
            escape::decode(raw, self.reader.escapes, &mut plain, &mut ends);
            batch.text(&plain)
        };
        batch.drop_block();
        batch.begin_block(id, unit.start);
        raw
    }

    fn line<'a>(
        &mut self,
        this: &This<'a>,
        region: &Region<'_>,
        progress: &mut Progress<'a>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) where
        'r: 'a,
    {
        let reader = self.reader;
        let name = this.raw(0);
        if tables::is_deal_specific(name) {
            let line = Span::chunk(this.line.start as usize, this.line.end as usize);
            let entity = batch.push_filled(reader.deal_shape, &[line], this.number as u32);
            if let Some(row) = batch.last_entity() {
                row.parent = progress.previous.unwrap_or(EntityRow::NONE);
            }
            progress.previous = Some(entity);
            return;
        }
        let key = key_of(name);
        // A record is mostly of the type of the one before.
        let known = reader.entries.get(self.entry).is_some_and(|entry| entry.key == key);
        if !known {
            self.entry = reader.entries.iter().position(|entry| entry.key == key).unwrap_or(usize::MAX);
        }
        let Some(entry) = reader.entries.get(self.entry).or_else(|| reader.kin(name)) else {
            progress.gap = true;
            if let Err(diagnostic) = unknown_record(this, report) {
                progress.fail(diagnostic, report);
            }
            return;
        };
        if !entry.bound || entry.key != key {
            self.version(entry, this, report);
        }
        if !std::mem::replace(&mut progress.named, true) {
            self.block_id(entry, this, report);
        }
        let mut faults = Vec::new();
        if let Err(wrong) = self.order(entry, this, region, progress) {
            // What is where it may not is not found by those that name it.
            progress.gap = true;
            faults.push(wrong);
        }
        let counted = this.index.ends(this.line).len();
        if counted != entry.spec.cells.len() {
            beyond(entry, this, counted, report);
        }
        self.values(entry, this, batch, report, &mut faults);
        if reader.validates {
            self.check(entry, this, progress, batch, report);
        }
        // What links a record to others is no value of it, unless it is kept under a name of its
        // own.
        let own = entry.own.and_then(|place| self.row.get(place).copied()).unwrap_or(Span::ABSENT);
        let [release, resource, id, work, summary, sale] = entry.links.map(|place| {
            let cell = place.and_then(|place| self.row.get_mut(place));
            cell.map_or(Span::ABSENT, |cell| {
                if place == entry.keeps { *cell } else { std::mem::replace(cell, Span::ABSENT) }
            })
        });
        let links = Links { own, release, resource, id, work, summary, sale };
        let mut dangling = Vec::new();
        match (entry.role, entry.facets.as_slice()) {
            (Role::Single, facets) => self.single(entry, facets, this, &links, batch, report, &mut faults),
            (_, []) => {}
            (_, [facet, ..]) => {
                let entity = batch.push_filled(facet.shape, &self.row, this.number as u32);
                self.link(entry, this, &links, entity, progress, batch, report, &mut dangling);
                progress.previous = Some(entity);
            }
        }
        for wrong in faults {
            progress.fail(wrong, report);
        }
        for wrong in dangling {
            if !(progress.gap && progress.fatal.is_some()) {
                progress.fail(wrong, report);
            }
        }
    }

    /// Looks at the identifier of a block, which all its records repeat.
    fn block_id(&mut self, entry: &Entry, this: &This<'_>, report: &mut RunReport) {
        let Some(column) = entry.columns.get(1).filter(|column| is_key(column.link)) else { return };
        let raw = this.raw(1);
        if raw.is_empty() {
            let message = format!("{} is empty", named(column.spec));
            let place = this.here.cell(entry, Some(column.spec));
            report.diagnostics.push(Diagnostic::new(&diagnostics::EMPTY_CELL, place, message));
        } else if !this.line.is_clean() && !escape::is_plain(raw) {
            // Any text fits, so that only notes are of interest.
            let _ = self.cells.read(raw, column, self.reader.escapes);
            self.tell_notes(entry, column, this, raw, report);
        }
    }

    /// Reports that a record has another version than the profile binds.
    fn version(&self, entry: &Entry, this: &This<'_>, report: &mut RunReport) {
        report.diagnostics.report(&diagnostics::RECORD_VERSION, || {
            let (name, version) = (entry.spec.name, self.reader.layout.profile.version);
            let message = if entry.key == key_of(this.raw(0)) {
                format!(
                    "the record is `{name}`, but the profile version {version} binds another version of it"
                )
            } else {
                format!("`{}` is not known, it is read as {name}", shown(this.raw(0)))
            };
            Diagnostic::new(&diagnostics::RECORD_VERSION, this.here.place().record(name), message)
        });
    }

    /// Follows the structure of the profile.
    fn order(
        &self,
        entry: &Entry,
        this: &This<'_>,
        region: &Region<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Fault> {
        let grammar = &self.reader.layout.grammar;
        let name = entry.spec.name;
        let before = std::mem::replace(&mut progress.last, (name, this.number, this.line.start as usize));
        let Some(state) = progress.state else { return Ok(()) };
        progress.state = entry.symbol.and_then(|symbol| grammar.step(state, symbol));
        if progress.state.is_some() {
            return Ok(());
        }
        let expected = expected(&grammar.expected(state));
        let message = if before.0.is_empty() {
            format!("the block begins with {name}, expected {expected}")
        } else {
            let line = region.origin.line + before.1;
            format!("{name} may not follow {} of line {line}, expected {expected}", before.0)
        };
        Err(Box::new(Diagnostic::new(&diagnostics::BLOCK_ORDER, this.here.place().record(name), message)))
    }

    /// Reads the cells of a line into `row`.
    fn values(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        faults: &mut Vec<Fault>,
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
            let span = kept(read, faults).unwrap_or(Span::ABSENT);
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
            Quick::Free => true,
            Quick::Integer => is_integer(raw),
            Quick::Decimal => is_decimal(raw),
            Quick::Count => is_count(raw),
            Quick::Amount => is_amount(raw),
            Quick::Share => is_share(raw),
            Quick::Boolean => matches!(raw, b"true" | b"false"),
            Quick::Duration => Duration::is_clock(raw) && Duration::plain_iso_micros(raw).is_some(),
            Quick::Isrc => is_isrc(raw) && is_known_prefix(raw),
            Quick::Reference => raw.iter().all(u8::is_ascii_alphanumeric),
            Quick::Checked => match self.accepted.get_mut(column.number) {
                Some(good) if good.bytes(text, &[]) == raw => true,
                Some(good) if self.cells.passes(raw, column) => {
                    *good = span;
                    true
                }
                _ => false,
            },
            Quick::Key | Quick::Slow => false,
        }
    }

    /// Reads one cell, whatever it holds.
    fn cell(
        &mut self,
        entry: &Entry,
        number: usize,
        column: &Column,
        this: &This<'_>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Result<Span, Fault> {
        if is_key(column.link) {
            return Ok(Span::ABSENT);
        }
        let (start, end) = this.index.range(this.line, number);
        let raw = this.text.get(start..end).unwrap_or(&[]);
        let place = || this.here.cell(entry, Some(column.spec));
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
    fn tell_notes(
        &mut self,
        entry: &Entry,
        column: &Column,
        this: &This<'_>,
        raw: &[u8],
        report: &mut RunReport,
    ) {
        for note in self.cells.notes.drain(..) {
            report.diagnostics.report(note.code, || {
                let message = format!("{}: {}", named(column.spec), note.message);
                let place = this.here.cell(entry, Some(column.spec));
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
        this: &This<'_>,
        report: &mut RunReport,
    ) -> Result<bool, Fault> {
        let read = self.cells.read(raw, column, self.reader.escapes);
        self.tell_notes(entry, column, this, raw, report);
        let Err(why) = read else { return Ok(true) };
        let message =
            format!("{} is `{}`, expected {}: {why}", named(column.spec), shown(raw), column.spec.kind);
        let place = this.here.cell(entry, Some(column.spec));
        let diagnostic = Diagnostic::new(&diagnostics::WRONG_TYPE, place, message).value(raw);
        let counts = column.mandatory || column.spec.field().is_some_and(|field| COUNTED.contains(&field));
        if entry.has_usage() && counts {
            return Err(Box::new(diagnostic));
        }
        report.diagnostics.push(diagnostic);
        let subject =
            column.spec.field().map_or_else(|| Subject::Extra(column.spec.name.into()), Subject::Field);
        let reason = "the value does not fit the type of its cell";
        report.loss.add(Change::Lost, subject, 1, Some(this.here.line), reason);
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

    /// What only validation looks at.
    fn check(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        progress: &mut Progress<'_>,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let place = || this.here.place();
        if entry.checks.concern(self.marks) {
            let holds = |at: usize| !this.raw(at).trim_ascii().is_empty();
            let values = Values { row: &self.row, batch, text: this.text, holds: &holds };
            entry.checks.apply(entry.spec, &entry.columns, &values, self.marks, &place, &mut |diagnostic| {
                report.diagnostics.push(diagnostic);
            });
        }
        if entry.role == Role::Embodiment {
            let kind = entry.spec.family();
            if let Some(other) = progress.embodied.filter(|other| *other != kind) {
                let message = format!("{} and {} are in one block", kind.min(other), kind.max(other));
                let place = place().record(entry.spec.name);
                report.diagnostics.push(Diagnostic::new(&diagnostics::MIXED_EMBODIMENTS, place, message));
            }
            progress.embodied = Some(kind);
        }
    }

    /// Takes a single record apart: a release, a recording with its work, a usage and its
    /// allocation, each where it has a value.
    #[expect(clippy::too_many_arguments, reason = "the state of reading one line")]
    fn single(
        &mut self,
        entry: &Entry,
        facets: &[Facet],
        this: &This<'_>,
        links: &Links,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        faults: &mut Vec<Fault>,
    ) {
        if let Some(first) = self.reader.state.singles.get(self.entry) {
            first.fetch_min(this.here.line, Ordering::Relaxed);
        }
        let context = kept(self.context(entry, this, links.summary, batch), faults).flatten();
        if let Some(context) = context.filter(|_| entry.has_usage()) {
            self.conditions(entry, this, context, report);
        }
        let (mut release, mut recording, mut usage) = (None, None, None);
        for facet in facets {
            let Self { row, some, .. } = self;
            some.clear();
            for cell in facet.cells.iter().flatten() {
                some.push(row.get(*cell).copied().unwrap_or(Span::ABSENT));
            }
            let whole = facet.group == Group::Release && entry.proprietary.is_some();
            some.extend(row.get(entry.columns.len()).filter(|_| whole));
            // A usage is one whatever it says, and so is the claim of a master list: they name the
            // summary record.
            let named = matches!(facet.group, Group::Usage | Group::Claim);
            if !named && some.iter().all(|span| span.is_absent()) {
                continue;
            }
            let entity = batch.push_filled(facet.shape, some, this.number as u32);
            let Some(made) = batch.last_entity() else { continue };
            let parent = match facet.group {
                Group::Release => {
                    release = Some(entity);
                    None
                }
                Group::Recording => {
                    recording = Some(entity);
                    None
                }
                Group::Usage => {
                    usage = Some(entity);
                    made.context = context.unwrap_or(EntityRow::NONE);
                    recording.or(release)
                }
                Group::Allocation => usage,
                _ => {
                    made.context = context.unwrap_or(EntityRow::NONE);
                    recording.or(release)
                }
            };
            made.parent = parent.unwrap_or(EntityRow::NONE);
        }
    }

    /// The context that a record names; nothing where it names none and need not.
    fn context(
        &self,
        entry: &Entry,
        this: &This<'_>,
        summary: Span,
        batch: &BlockBatch,
    ) -> Result<Option<u32>, Fault> {
        if summary.is_absent() {
            return Ok(None);
        }
        let key = summary.bytes(this.text, &batch.arena);
        self.reader.contexts.find(key).map(Some).ok_or_else(|| {
            let message = format!("no summary record has the SummaryRecordId `{}`", shown(key));
            Box::new(Diagnostic::new(
                &diagnostics::UNKNOWN_SUMMARY,
                this.here.link(entry, Link::Summary),
                message,
            ))
        })
    }

    /// Checks use type and price of a usage against its context.
    fn conditions(&self, entry: &Entry, this: &This<'_>, context: u32, report: &mut RunReport) {
        let context = self.reader.contexts.get(context);
        let filled = |number: usize| !this.raw(number).trim_ascii().is_empty();
        let cell = |number: usize| this.here.cell(entry, entry.columns.get(number).map(|column| column.spec));
        if let Some(number) = entry.use_type.filter(|number| context.use_type == filled(*number)) {
            let message = if context.use_type {
                "the use type is on the summary record too"
            } else {
                "the use type is neither here nor on the summary record"
            };
            report.diagnostics.push(Diagnostic::new(&diagnostics::USE_TYPE, cell(number), message));
        }
        if let Some(number) = entry.price.filter(|number| context.priced && !filled(*number)) {
            let message = format!("there is no price under {PAY_AS_YOU_GO}");
            report.diagnostics.push(Diagnostic::new(&diagnostics::NO_PRICE, cell(number), message));
        }
    }

    /// Gives an entity its place among the others of the block.
    #[expect(clippy::too_many_arguments, reason = "the state of reading one line")]
    fn link<'a>(
        &mut self,
        entry: &'a Entry,
        this: &This<'a>,
        links: &Links,
        entity: u32,
        progress: &mut Progress<'a>,
        batch: &mut BlockBatch,
        report: &mut RunReport,
        dangling: &mut Vec<Fault>,
    ) {
        let reader = self.reader;
        let text = this.text;
        let (mut parent, mut context) = (None, None);
        match entry.role {
            Role::Release | Role::SubRelease | Role::Recording => {
                self.named(entry, this, links.own, entity, batch, report);
                if entry.role == Role::Recording {
                    (progress.recording, progress.work) = (Some(entity), None);
                    if reader.details {
                        let id =
                            entry.id.and_then(|place| self.row.get(place)).filter(|span| !span.is_absent());
                        if let Some(id) = id {
                            self.ids.push(*id, entity, &reader.hash, text, &batch.arena);
                        }
                    }
                    let filled = |at: &usize| self.row.get(*at).is_some_and(|span| !span.is_absent());
                    if reader.validates && entry.works.iter().any(filled) {
                        progress.detailed.push(entity);
                    }
                }
                if let Some(number) = entry.used.filter(|_| !progress.gap) {
                    self.used(entry, number, this, batch, report);
                }
            }
            Role::Work => {
                // Older versions have no reference: the work belongs to the record before it.
                parent = if links.resource.is_absent() {
                    progress.allocation.filter(|_| reader.layout.holders).or(progress.recording)
                } else {
                    kept(self.resource(entry, this, links.resource, batch), dangling)
                };
                progress.work = Some(entity);
                if !links.own.is_absent() {
                    self.named(entry, this, links.own, entity, batch, report);
                }
                // Which record it belongs to is not known where it is after another than it should.
                let is_sure = !(progress.gap && links.resource.is_absent());
                let is_told = |parent: u32| progress.detailed.binary_search(&parent).is_ok();
                if is_sure && parent.is_some_and(is_told) {
                    let message = "the resource that it belongs to has details of its work already";
                    let place = this.here.link(entry, Link::Recording);
                    report.diagnostics.push(Diagnostic::new(&diagnostics::WORK_TWICE, place, message));
                }
            }
            Role::Controller => {
                let work = (!links.work.is_absent()).then(|| {
                    let key = links.work.bytes(text, &batch.arena);
                    let found = self.works.find(key, &reader.hash, text, &batch.arena);
                    found.ok_or_else(|| unknown(entry, this, Link::Work, "work", key))
                });
                let resource =
                    (!links.resource.is_absent()).then(|| self.resource(entry, this, links.resource, batch));
                if work.is_none() && resource.is_none() {
                    let message = "the record names neither a resource nor a work";
                    let place = this.here.link(entry, Link::Recording);
                    dangling.push(Box::new(Diagnostic::new(&diagnostics::NO_OWNER, place, message)));
                }
                let mut found = |named: Option<_>| named.and_then(|named| kept(named, dangling));
                let (work, resource) = (found(work), found(resource));
                parent = work.or(resource);
            }
            Role::Cue | Role::Claim | Role::Embodiment => {
                parent = if links.resource.is_absent() {
                    progress.recording
                } else {
                    kept(self.resource(entry, this, links.resource, batch), dangling)
                };
                context = kept(self.context(entry, this, links.summary, batch), dangling).flatten();
            }
            Role::Usage => {
                Self::settle(progress, report);
                progress.usage = Some(entity);
                if reader.validates {
                    let whole = entry.quantity.and_then(|at| number(this.raw(at)));
                    progress.splits = SplitSum {
                        usage: Some(entity),
                        whole,
                        parts: Some(ExactSum::default()),
                        ..SplitSum::default()
                    };
                }
                let sale = entry.sale.and_then(|place| self.row.get(place)).copied().unwrap_or(Span::ABSENT);
                let summary = self.unswapped(entry, this, links, sale, batch, report);
                let sale = if summary == links.summary { sale } else { links.summary };
                if reader.details && !sale.is_absent() {
                    self.sales.push(sale, entity, &reader.hash, text, &batch.arena);
                }
                context = kept(self.context(entry, this, summary, batch), dangling).flatten();
                if let Some(context) = context {
                    self.conditions(entry, this, context, report);
                }
                if entry.defers && (context.is_some() || summary.is_absent()) {
                    let filled = context.is_some();
                    progress.pending = Some(Pending { here: this.here, entry, filled, followed: false });
                }
                parent = kept(self.used_item(entry, this, links, batch, report), dangling).flatten();
            }
            Role::Allocation | Role::Split => {
                parent = if links.sale.is_absent() {
                    progress.usage
                } else {
                    kept(self.sale(entry, this, links.sale, batch), dangling)
                };
                context = kept(self.context(entry, this, links.summary, batch), dangling).flatten();
                if entry.role == Role::Split && reader.validates && parent == progress.splits.usage {
                    split(entry, this, context, &mut progress.splits, report);
                }
                if entry.role == Role::Allocation
                    && let Some(pending) = &mut progress.pending
                {
                    pending.followed = true;
                }
            }
            Role::Head | Role::Foot | Role::Summary | Role::Single | Role::Opaque => {}
        }
        progress.allocation = (entry.role == Role::Allocation).then_some(entity);
        if let Some(row) = batch.last_entity() {
            row.parent = parent.unwrap_or(EntityRow::NONE);
            row.context = context.unwrap_or(EntityRow::NONE);
        }
    }

    /// Keeps what a record is called in its block.
    fn named(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        own: Span,
        entity: u32,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let hash = &self.reader.hash;
        let references = match entry.role {
            Role::Recording => &mut self.resources,
            Role::Work => &mut self.works,
            _ => &mut self.releases,
        };
        let bytes = own.bytes(this.text, &batch.arena);
        if !own.is_absent() && references.find(bytes, hash, this.text, &batch.arena).is_some() {
            let message = format!("the reference `{}` is used twice in the block", shown(bytes));
            let place = this.here.link(entry, Link::Own);
            report.diagnostics.push(Diagnostic::new(&diagnostics::REFERENCE_REUSED, place, message));
        }
        references.push(own, entity, hash, this.text, &batch.arena);
    }

    /// The recording that a reference names.
    fn resource(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        span: Span,
        batch: &BlockBatch,
    ) -> Result<u32, Fault> {
        let key = span.bytes(this.text, &batch.arena);
        let found = self.resources.find(key, &self.reader.hash, this.text, &batch.arena);
        found.ok_or_else(|| unknown(entry, this, Link::Recording, "resource", key))
    }

    /// The usage that an identifier names.
    fn sale(&mut self, entry: &Entry, this: &This<'_>, span: Span, batch: &BlockBatch) -> Result<u32, Fault> {
        let key = span.bytes(this.text, &batch.arena);
        let found = self.sales.find(key, &self.reader.hash, this.text, &batch.arena);
        found.ok_or_else(|| {
            let message = format!("no usage of the block has the SalesTransactionId `{}`", shown(key));
            Box::new(Diagnostic::new(&diagnostics::UNKNOWN_SALE, this.here.link(entry, Link::Usage), message))
        })
    }

    /// The cell with the summary record of a usage. Some senders write it and the identifier of the
    /// usage in the order of older versions (V-COND-13): they are swapped back when only that makes
    /// sense.
    fn unswapped(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        links: &Links,
        sale: Span,
        batch: &mut BlockBatch,
        report: &mut RunReport,
    ) -> Span {
        if !entry.swaps || links.summary.is_absent() || sale.is_absent() {
            return links.summary;
        }
        let knows = |span: Span| self.reader.contexts.find(span.bytes(this.text, &batch.arena)).is_some();
        if knows(links.summary) || !knows(sale) {
            return links.summary;
        }
        let message =
            "SummaryRecordId and SalesTransactionId are in each other's cells; they are read swapped";
        let place = this.here.link(entry, Link::Summary);
        report.diagnostics.push(Diagnostic::new(&diagnostics::SWAPPED, place, message));
        if let Some(place) = entry.sale {
            batch.set(place, links.summary);
        }
        sale
    }

    /// What was used.
    fn used_item(
        &mut self,
        entry: &Entry,
        this: &This<'_>,
        links: &Links,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) -> Result<Option<u32>, Fault> {
        let reader = self.reader;
        let (text, arena) = (this.text, &batch.arena);
        let is_current = || reader.layout.profile.generation == "current";
        if !links.id.is_absent() {
            let key = links.id.bytes(text, arena);
            let found = self.ids.find(key, &reader.hash, text, arena);
            return found.map(Some).ok_or_else(|| {
                let message = format!("no resource of the block has the DspResourceId `{}`", shown(key));
                Box::new(Diagnostic::new(
                    &diagnostics::UNKNOWN_REFERENCE,
                    this.here.link(entry, Link::RecordingId),
                    message,
                ))
            });
        }
        let is_linked = entry.links.iter().take(3).any(Option::is_some);
        let parent = match (links.resource.is_absent(), links.release.is_absent()) {
            (false, _) => self.resource(entry, this, links.resource, batch)?,
            (true, false) => {
                let key = links.release.bytes(text, arena);
                let found = self.releases.find(key, &reader.hash, text, arena);
                found.ok_or_else(|| unknown(entry, this, Link::Release, "release", key))?
            }
            // Records that name nothing mean everything in their block.
            (true, true) if !is_linked => return Ok(self.resources.only()),
            (true, true) => {
                let column = entry.column(Link::Recording).or_else(|| entry.column(Link::RecordingId));
                let place = this.here.cell(entry, column.map(|column| column.spec));
                let demanded = column.is_some_and(|column| column.mandatory);
                let Some(only) = self.resources.only() else {
                    let message =
                        "the usage names neither a release nor a resource, and the block has more than one";
                    return Err(Box::new(Diagnostic::new(&diagnostics::UNKNOWN_REFERENCE, place, message)));
                };
                // Where the cell is mandatory its emptiness was reported.
                if !demanded {
                    let code = if is_current() {
                        &diagnostics::NO_REFERENCE
                    } else {
                        &diagnostics::IMPLIED_REFERENCE
                    };
                    let message = "the usage names neither a release nor a resource, the only resource of the block is meant";
                    report.diagnostics.report(code, || Diagnostic::new(code, place, message));
                }
                only
            }
        };
        if !links.resource.is_absent() && !links.release.is_absent() {
            let code =
                if is_current() { &diagnostics::BOTH_REFERENCES } else { &diagnostics::BOTH_REFERENCES_OLD };
            let message = "the usage names both a release and a resource, it is given to the resource";
            report
                .diagnostics
                .report(code, || Diagnostic::new(code, this.here.link(entry, Link::Release), message));
            let subject = Subject::Extra("TransactedReleaseReference".into());
            let reason = "the usage names a resource too";
            report.loss.add(Change::Lost, subject, 1, Some(this.here.line), reason);
        }
        Ok(Some(parent))
    }

    /// Checks that the resources of a sub-release are in the block.
    fn used(
        &mut self,
        entry: &Entry,
        number: usize,
        this: &This<'_>,
        batch: &BlockBatch,
        report: &mut RunReport,
    ) {
        let (mut plain, mut ends) = (Vec::new(), Vec::new());
        escape::decode(this.raw(number), self.reader.escapes, &mut plain, &mut ends);
        let mut start = 0;
        for end in ends {
            let key = escape::trimmed(plain.get(start..end).unwrap_or(&[]));
            start = end;
            let found = self.resources.find(key, &self.reader.hash, this.text, &batch.arena);
            if !key.is_empty() && found.is_none() {
                let message = format!("no resource of the block has the reference `{}`", shown(key));
                let place = this.here.cell(entry, entry.columns.get(number).map(|column| column.spec));
                report.diagnostics.push(Diagnostic::new(&diagnostics::UNKNOWN_USED, place, message));
            }
        }
    }

    /// Judges a usage whose summary record depends on what follows it.
    fn settle(progress: &mut Progress<'_>, report: &mut RunReport) {
        let Some(Pending { here, entry, filled, followed }) = progress.pending.take() else { return };
        if filled != followed {
            return;
        }
        let place = here.link(entry, Link::Summary);
        if filled {
            let message =
                "the usage names a summary record, and so do the records of rights holders that follow";
            report.diagnostics.push(Diagnostic::new(&diagnostics::SUMMARY_TWICE, place, message));
        } else {
            let message =
                "the usage names no summary record, and no record of a rights holder follows that does";
            progress.fail(Box::new(Diagnostic::new(&diagnostics::SUMMARY_NOWHERE, place, message)), report);
        }
    }
}

fn number(raw: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(raw.trim_ascii()).ok()?, Grammar::LENIENT).ok()
}

/// Adds a part to the others of its usage: there is one for each summary record (V-REF-10), and
/// together they are no more than the usage (V-SUM-6).
fn split(
    entry: &Entry,
    this: &This<'_>,
    context: Option<u32>,
    splits: &mut SplitSum,
    report: &mut RunReport,
) {
    if context.is_some_and(|context| !splits.contexts.insert(context)) {
        report.diagnostics.report(&diagnostics::SPLIT_TWICE, || {
            let message = "the usage has a record for this summary record already";
            Diagnostic::new(&diagnostics::SPLIT_TWICE, this.here.link(entry, Link::Summary), message)
        });
    }
    let cell = entry.spec.cells.iter().position(|cell| cell.field() == Some(Field::SPLIT_QUANTITY));
    let part = cell.and_then(|at| number(this.raw(at)));
    match (splits.parts.as_mut(), part) {
        (Some(parts), Some(part)) => parts.add_decimal(part),
        _ => splits.parts = None,
    }
    if let (Some(parts), Some(whole)) = (&splits.parts, splits.whole)
        && *parts > whole.into()
        && !splits.told
    {
        splits.told = true;
        report.diagnostics.report(&diagnostics::SPLIT_SUM, || {
            let message = format!("the parts of the usage add up to {parts}, and it has {whole}");
            let spec = cell.and_then(|at| entry.spec.cells.get(at));
            Diagnostic::new(&diagnostics::SPLIT_SUM, this.here.cell(entry, spec), message)
        });
    }
}

/// What was found; a fault is kept for later.
fn kept<T>(found: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(wrong) => {
            faults.push(wrong);
            None
        }
    }
}

fn unknown(entry: &Entry, this: &This<'_>, link: Link, what: &str, key: &[u8]) -> Fault {
    let message = format!("no {what} of the block has the reference `{}`", shown(key));
    Box::new(Diagnostic::new(&diagnostics::UNKNOWN_REFERENCE, this.here.link(entry, link), message))
}

/// Reports of a record that is not read. One that would hold usages is a reason to reject its
/// block.
fn unknown_record(this: &This<'_>, report: &mut RunReport) -> Result<(), Fault> {
    let raw = this.raw(0);
    let name = shown(raw);
    let text = std::str::from_utf8(raw).unwrap_or_default();
    let is_known = tables::records().iter().any(|spec: &RecordSpec| spec.family() == family(text));
    let (code, message) = if is_known {
        (&diagnostics::FOREIGN_RECORD, format!("`{name}` is no record of the profile"))
    } else {
        (&diagnostics::UNKNOWN_RECORD, format!("`{name}` is no known record"))
    };
    let place = if name.is_empty() { this.here.place() } else { this.here.place().record(&name) };
    let diagnostic = Diagnostic::new(code, place, message);
    if is_known && Role::of(text).is_some_and(Role::has_usages) {
        return Err(Box::new(diagnostic));
    }
    report.diagnostics.push(diagnostic);
    let reason = "the record type is not part of the profile";
    report.loss.add(Change::Lost, Subject::Extra(name.into()), 1, Some(this.here.line), reason);
    Ok(())
}

/// Reports of missing cells, and of cells beyond the definition of a record.
fn beyond(entry: &Entry, this: &This<'_>, counted: usize, report: &mut RunReport) {
    let spec = entry.spec;
    let is_empty = |index: usize| this.raw(index).trim_ascii().is_empty();
    let Some(diagnostic) = cell_count(spec, counted, is_empty, &this.here.place()) else { return };
    let further = (spec.cells.len()..counted).filter(|index| !is_empty(*index)).count() as u64;
    if further > 0 {
        let subject = Subject::Extra(format!("{} cell {}", spec.name, spec.cells.len() + 1).into());
        let reason = "the cell is beyond the definition of the record";
        report.loss.add(Change::Lost, subject, further, Some(this.here.line), reason);
    }
    report.diagnostics.push(diagnostic);
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

fn expected(families: &[&str]) -> String {
    match families {
        [] => "the end of the block".to_owned(),
        [only] => format!("`{only}`"),
        many => format!("one of `{}`", many.join("`, `")),
    }
}
