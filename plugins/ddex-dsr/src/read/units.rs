//! Lines and blocks of a chunk.

use super::Reader;
use super::block::Region;
use super::cells::{Cells, cell_count};
use super::checks::Marks;
use super::head::is_blank;
use super::references::References;
use crate::diagnostics;
use crate::families::Role;
use crate::tables::is_deal_specific;
use std::sync::atomic::Ordering;
use transpose_codes::Duration;
use transpose_codes::decimal::scaled;
use transpose_core::accounting::{Change, RunReport, Subject};
use transpose_core::diagnostics::{Diagnostic, Location, Reject, shown};
use transpose_core::format::{Batch, Chunk, ChunkDecoder, IndexOutcome, Origin};
use transpose_core::model::{Entity, Span, Value};
use transpose_records::escape::Escapes;
use transpose_records::index::{Index, Row};
use transpose_records::line::{self, Line};

/// What a run of lines is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    Block,
    Foot,
    Stray,
}

/// A block, a footer, or a record that has no place in the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) kind: UnitKind,
    pub(super) start: usize,
    /// The end of its last record.
    pub(super) end: usize,
    /// The line of its first record, from the first unit of the chunk.
    pub(super) line: u64,
    /// How many lines there are up to its last record.
    pub(super) lines: u64,
}

/// What a line is, and what it belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class<'a> {
    Comment,
    Blank,
    Foot,
    Stray,
    /// A record that two parties agreed on; it belongs to the block in which it is.
    Deal,
    /// A record of a block, with its role, where the type is known, and its block id.
    Record(Option<Role>, &'a [u8]),
}

pub(super) struct Worker<'r> {
    pub(super) reader: &'r Reader,
    /// The lines and cells of the chunk.
    index: Index,
    units: Vec<Unit>,
    start: usize,
    end: usize,
    /// The blank lines of the chunk.
    blanks: Vec<u64>,
    comments: u64,
    pub(super) cells: Cells,
    ranges: Vec<line::Range>,
    /// The cells of the line that is being read.
    pub(super) row: Vec<Span>,
    /// How they were read.
    pub(super) marks: Marks,
    /// Those of them that an entity has.
    pub(super) some: Vec<Span>,
    pub(super) spans: Vec<Span>,
    pub(super) releases: References,
    pub(super) resources: References,
    /// Resources by the service's own identifier, works by reference, usages by identifier: where
    /// other records name them.
    pub(super) ids: References,
    pub(super) works: References,
    pub(super) sales: References,
    /// The entry of the record before.
    pub(super) entry: usize,
    /// For each column the value of the chunk that was last found good.
    pub(super) accepted: Vec<Span>,
}

impl<'r> Worker<'r> {
    pub(super) fn new(reader: &'r Reader) -> Self {
        Self {
            reader,
            index: Index::default(),
            units: Vec::new(),
            start: 0,
            end: 0,
            blanks: Vec::new(),
            comments: 0,
            cells: Cells::default(),
            ranges: Vec::new(),
            row: Vec::new(),
            marks: Marks::default(),
            some: Vec::new(),
            spans: Vec::new(),
            releases: References::default(),
            resources: References::default(),
            ids: References::default(),
            works: References::default(),
            sales: References::default(),
            entry: 0,
            accepted: Vec::new(),
        }
    }
}

impl Worker<'_> {
    pub(super) fn place(&self, origin: Origin, start: usize, line: u64) -> Location {
        Location {
            source: Some(self.reader.source.clone()),
            ..Location::line(origin.line + line, origin.byte + start as u64)
        }
    }
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        let text = chunk.bytes;
        // The first line may have begun before the chunk; what it belongs to is not known.
        let Some(first) = Line::at(text, 0) else { return text.len() };
        let mut at = first.next;
        let mut begun: Option<(usize, Option<Role>, &[u8])> = None;
        // A block of the kind that has releases begins with its release. Of several releases in a
        // row, an earlier one may stand before the chunk: a guess would be wrong in each chunk of a
        // long block, and all of it would be read once more for each.
        let mut release: Option<usize> = None;
        while let Some(line) = Line::at(text, at) {
            if !chunk.last && !line.is_ended(text) {
                // What is cut off at the end of what was read may seem to be of another block.
                break;
            }
            match class_of(line.content(text), self.reader.escapes) {
                Class::Comment | Class::Blank | Class::Deal => {}
                Class::Foot | Class::Stray => return release.unwrap_or(line.start),
                Class::Record(..) if self.reader.layout.single => return line.start,
                Class::Record(role, id) => match begun {
                    None => {
                        release = Some(line.start).filter(|_| role == Some(Role::Release));
                        begun = Some((line.start, role, id));
                    }
                    Some((start, opened, known)) if known != id => {
                        if let Some(start) = release {
                            return start;
                        }
                        // Blocks that begin with a resource and hold one: a resource seen first has
                        // begun its block.
                        let is_lone = role == Some(Role::Recording) && opened == role;
                        return if is_lone { start } else { line.start };
                    }
                    Some(_) => match release.take() {
                        Some(start) if role != Some(Role::Release) => return start,
                        _ => {}
                    },
                },
            }
            at = line.next;
        }
        text.len()
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        let text = chunk.bytes;
        self.units.clear();
        (self.start, self.end) = (start, start);
        self.blanks.clear();
        self.comments = 0;
        if start > chunk.own {
            return IndexOutcome::Done { end: start, lines: 0, units: 0, usages: 0 };
        }
        let tripled = self.reader.escapes == Escapes::Tripled;
        let mut index = std::mem::take(&mut self.index);
        index.run(text, start, tripled);
        let indexed = self.units_of(&index, chunk);
        self.index = index;
        indexed
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut RunReport) {
        let text = chunk.bytes;
        let columns = self.reader.entries.iter().map(|entry| entry.columns.len()).sum::<usize>() + 1;
        self.accepted.clear();
        self.accepted.resize(columns, Span::ABSENT);
        self.reader.state.skipped.fetch_add(self.comments + self.blanks.len() as u64, Ordering::Relaxed);
        for (reported, line) in self.blanks.iter().enumerate() {
            if !report.diagnostics.keeps(&diagnostics::BLANK_LINE) {
                report.diagnostics.count(&diagnostics::BLANK_LINE, (self.blanks.len() - reported) as u64);
                break;
            }
            let location =
                Location { line: Some(origin.line + line), byte: None, ..self.place(origin, 0, 0) };
            report.diagnostics.push(Diagnostic::new(&diagnostics::BLANK_LINE, location, "the line is blank"));
        }
        let index = std::mem::take(&mut self.index);
        let region = Region { text, origin, index: &index };
        let units = std::mem::take(&mut self.units);
        if self.reader.validates {
            self.line_ends(&region);
        }
        if let Some(unit) = units.iter().rev().find(|unit| unit.kind != UnitKind::Foot) {
            self.reader.state.last.fetch_max(origin.line + unit.line, Ordering::Relaxed);
        }
        for unit in &units {
            match unit.kind {
                UnitKind::Foot => self.foot(&region, unit, batch, report),
                UnitKind::Stray => self.stray(&region, unit, report),
                UnitKind::Block => {
                    if let Err(diagnostic) = self.block(&region, unit, &mut batch.blocks, report) {
                        batch.blocks.drop_block();
                        let (plays, micros) = self.salvage(&region, unit);
                        let (start, len) = (unit.start as u32, (unit.end - unit.start) as u32);
                        batch.rejects.push(Reject {
                            start,
                            len,
                            diagnostic: *diagnostic,
                            plays,
                            returns: 0,
                            micros,
                        });
                    }
                }
            }
        }
        self.units = units;
        self.index = index;
    }
}

impl Worker<'_> {
    /// Divides the indexed lines into units.
    fn units_of(&mut self, index: &Index, chunk: Chunk<'_>) -> IndexOutcome {
        let (text, single) = (chunk.bytes, self.reader.layout.single);
        let (mut lines, mut usages, mut blocks) = (0_u64, 0, 0);
        let mut open: Option<(&[u8], Unit)> = None;
        for row in index.rows() {
            if !chunk.last && !row.ended {
                return IndexOutcome::More;
            }
            let class = classify(index, row, text, self.reader.escapes);
            let kind = match class {
                Class::Comment => {
                    self.comments += 1;
                    None
                }
                Class::Blank => {
                    self.blanks.push(lines);
                    None
                }
                Class::Foot => Some((UnitKind::Foot, &[][..])),
                Class::Stray => Some((UnitKind::Stray, &[][..])),
                Class::Deal => {
                    if let Some((_, unit)) = open.as_mut().filter(|(_, unit)| unit.kind == UnitKind::Block) {
                        (unit.end, unit.lines) = (row.next as usize, lines + 1);
                        None
                    } else {
                        // It follows nothing that it could belong to.
                        Some((UnitKind::Stray, &[][..]))
                    }
                }
                Class::Record(_, id) => Some((UnitKind::Block, id)),
            };
            if let Some((kind, id)) = kind {
                let (at, end) = (row.start as usize, row.next as usize);
                match &mut open {
                    Some((known, unit))
                        if kind == UnitKind::Block && unit.kind == kind && *known == id && !single =>
                    {
                        (unit.end, unit.lines) = (end, lines + 1);
                    }
                    _ => {
                        self.units.extend(open.take().map(|(_, unit)| unit));
                        if at > chunk.own {
                            self.end = at;
                            return IndexOutcome::Done { end: at, lines, units: blocks, usages };
                        }
                        blocks += u64::from(kind == UnitKind::Block);
                        open = Some((id, Unit { kind, start: at, end, line: lines, lines: lines + 1 }));
                    }
                }
                if let Class::Record(Some(role), _) = class {
                    usages += u64::from(role.has_usages());
                }
            }
            lines += 1;
        }
        if !chunk.last {
            return IndexOutcome::More;
        }
        self.units.extend(open.take().map(|(_, unit)| unit));
        self.end = text.len();
        IndexOutcome::Done { end: text.len(), lines, units: blocks, usages }
    }
}

/// What an indexed line is.
fn classify<'a>(index: &Index, row: &Row, text: &'a [u8], escapes: Escapes) -> Class<'a> {
    if !row.is_clean() {
        return class_of(row.content(text), escapes);
    }
    let class = plain_class(row.content(text));
    class.unwrap_or_else(|| kind_of(index.cell(row, 0, text), index.cell(row, 1, text)))
}

/// What a line is.
fn class_of(content: &[u8], escapes: Escapes) -> Class<'_> {
    plain_class(content).unwrap_or_else(|| {
        let (name, id) = line::key(content, escapes == Escapes::Tripled);
        kind_of(name, id)
    })
}

/// What a line is that holds no record.
pub(super) fn plain_class(content: &[u8]) -> Option<Class<'_>> {
    match content.first() {
        Some(b'#') => Some(Class::Comment),
        None => Some(Class::Blank),
        Some(b'\t' | b' ' | b'\r') if is_blank(content) => Some(Class::Blank),
        _ => None,
    }
}

/// What a line with the given first two cells is.
fn kind_of<'a>(name: &[u8], id: &'a [u8]) -> Class<'a> {
    match Role::of_line(name) {
        Some(Role::Foot) => Class::Foot,
        Some(Role::Opaque) => Class::Deal,
        // Of less than four letters it is no type of a record.
        Some(Role::Head | Role::Summary) if name.len() >= 4 => Class::Stray,
        role => Class::Record(role, id),
    }
}

impl Worker<'_> {
    /// Notes where lines end otherwise than the header does, and how far the text reaches.
    fn line_ends(&self, region: &Region<'_>) {
        let state = &self.reader.state;
        let rows = region.index.rows();
        if let Some(last) = rows.last() {
            state.bytes.fetch_max(region.origin.byte + u64::from(last.next), Ordering::Relaxed);
        }
        let is_other = |row: &Row| row.ended && (row.next == row.end + 2) != state.crlf;
        if let Some((number, _)) = (0..).zip(rows).find(|(_, row)| is_other(row)) {
            state.other_end.fetch_min(region.origin.line + number, Ordering::Relaxed);
        }
    }

    pub(super) fn foot(
        &mut self,
        region: &Region<'_>,
        unit: &Unit,
        batch: &mut Batch,
        report: &mut RunReport,
    ) {
        let place = self.place(region.origin, unit.start, unit.line);
        let Some(line) = Line::at(region.text, unit.start) else { return };
        let layout = &self.reader.layout;
        let name = line::key(line.content(region.text), false).0;
        let spec = layout.foot;
        let mut diagnostics = Vec::new();
        line::cells(region.text, line, false, &mut self.ranges);
        let raw = |index: usize| {
            let range = self.ranges.get(index).map_or(0..0, |(start, end)| *start as usize..*end as usize);
            region.text.get(range).unwrap_or(&[]).trim_ascii()
        };
        diagnostics.extend(cell_count(spec, self.ranges.len(), |index| raw(index).is_empty(), &place));
        let mut foot = Entity::default();
        foot.origin = shown(name).into();
        if *foot.origin != *spec.name {
            batch.trailers.push((region.origin.line + unit.line, foot));
            return;
        }
        for (index, cell) in spec.cells.iter().enumerate().skip(1) {
            if !raw(index).is_empty() {
                foot.extras.insert(cell.name.into(), Value::One(String::from_utf8_lossy(raw(index)).into()));
            }
        }
        for diagnostic in diagnostics {
            report.diagnostics.push(diagnostic);
        }
        batch.trailers.push((region.origin.line + unit.line, foot));
    }

    fn stray(&mut self, region: &Region<'_>, unit: &Unit, report: &mut RunReport) {
        let content = Line::at(region.text, unit.start).map_or(&[][..], |line| line.content(region.text));
        let name = shown(line::key(content, false).0);
        let number = region.origin.line + unit.line;
        let message = if is_deal_specific(name.as_bytes()) {
            format!("a {name} record follows nothing that it could belong to")
        } else {
            format!("a {name} record is among the blocks")
        };
        let place = self.place(region.origin, unit.start, unit.line).record(&name);
        report.diagnostics.push(Diagnostic::new(&diagnostics::STRAY_RECORD, place, message).value(content));
        report.loss.add(
            Change::Lost,
            Subject::Extra(name.into()),
            1,
            Some(number),
            "the record is among the blocks",
        );
    }

    /// What can be read of the usages of a rejected block.
    fn salvage(&self, region: &Region<'_>, unit: &Unit) -> (u64, i64) {
        let (mut plays, mut micros) = (0_u64, 0_i64);
        for (_, row) in region.rows(unit) {
            let name = region.index.cell(row, 0, region.text);
            let Some(entry) =
                self.reader.entry(name).or_else(|| self.reader.kin(name)).filter(|entry| entry.has_usage())
            else {
                continue;
            };
            let raw =
                |number: Option<usize>| number.map(|at| region.index.cell(row, at, region.text).trim_ascii());
            if let Some((number, scale)) = raw(entry.quantity).and_then(scaled) {
                let whole = number / 10_i64.checked_pow(scale).unwrap_or(i64::MAX);
                plays = plays.saturating_add(u64::try_from(whole).unwrap_or(0));
            }
            let duration = raw(entry.duration)
                .and_then(|raw| std::str::from_utf8(raw).ok())
                .and_then(|text| Duration::parse_iso(text).ok());
            micros = micros.saturating_add(duration.map_or(0, |parsed| parsed.duration.micros()));
        }
        (plays, micros)
    }
}
