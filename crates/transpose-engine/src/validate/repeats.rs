//! The second reading: suspects are compared as text, and what appears twice is reported with both
//! places.
//!
//! Only identifiers under suspicion are collected, with their places, and sorted on disk; equal
//! ones meet there in the order of the message. The first diagnostics are kept in full, the rest is
//! counted, exactly.
//!
//! ```text
//!  message, again ─▶ identifiers under suspicion ─▶ sorter, by text ─▶ a a │ b │ c c c
//!                                                           repeated:    ▲         ▲ ▲
//! ```

use crate::diagnostics;
use crate::filter::candidates::{Candidates, key};
use crate::scan::position::SourceLine;
use crate::storage::scratch::Scratch;
use crate::storage::sorter::Sorter;
use crate::storage::varint::{put, put_text, take, take_text};
use foldhash::fast::RandomState;
use std::collections::BinaryHeap;
use std::sync::Arc;
use transpose_core::diagnostics::{Code, Diagnostic, Diagnostics, Fatal, Location, Reject, shown};
use transpose_core::format::{Batch, Decoder, Origin, ValueRef};
use transpose_core::model::{Block, Blocks, Cell, EntityRef, Field, Group, Shape};

/// What may not appear twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block = 0,
    Usage = 1,
}

/// What to look for in the second reading.
pub(super) struct CandidateIds<'a> {
    pub(super) state: &'a RandomState,
    pub(super) blocks: &'a Candidates,
    pub(super) usages: &'a Candidates,
}

/// One file of the second reading.
pub(super) struct CandidateCollector<'a> {
    pub(super) candidate_ids: &'a CandidateIds<'a>,
    pub(super) decoder: &'a dyn Decoder,
    /// The place of the file in its message.
    pub(super) file: usize,
    /// For each shape the column of the identifier, where it is one of usages.
    pub(super) columns: Vec<Option<usize>>,
}

impl<'a> CandidateCollector<'a> {
    pub(super) fn new(candidate_ids: &'a CandidateIds<'a>, decoder: &'a dyn Decoder, file: usize) -> Self {
        let column = |shape: &Shape| {
            if shape.group == Group::Usage { shape.column(Field::USAGE_ID) } else { None }
        };
        let columns = decoder.preamble().shapes.iter().map(column).collect();
        Self { candidate_ids, decoder, file, columns }
    }

    /// The suspects of a chunk as records for [`RepeatedIds::add`].
    pub(super) fn records(&self, batch: &Batch, chunk: &[u8], origin: Origin) -> Vec<u8> {
        let preamble = self.decoder.preamble();
        let mut records = Vec::new();
        let blocks =
            Blocks { batch: &batch.blocks, chunk, shapes: &preamble.shapes, contexts: &preamble.contexts };
        for block in blocks.iter() {
            self.block(block, chunk, origin, &mut records);
        }
        for Reject { diagnostic, .. } in &batch.rejects {
            let Location { line: Some(line), byte: Some(byte), block: Some(id), .. } = &diagnostic.location
            else {
                continue;
            };
            if self.candidate_ids.blocks.contains(key(id.as_bytes(), self.candidate_ids.state)) {
                let place = Location { block: Some(id.clone()), ..Location::line(*line, *byte) };
                self.record(Kind::Block, id.as_bytes(), &place, &mut records);
            }
        }
        records
    }

    fn block(&self, block: Block<'_>, chunk: &[u8], origin: Origin, records: &mut Vec<u8>) {
        let CandidateIds { state, blocks, usages } = self.candidate_ids;
        let line = |line: u32| origin.line + u64::from(line);
        let name = || block.id().map(|id| shown(id).into());
        if let Some(id) = block.id().filter(|id| blocks.contains(key(id, state))) {
            let first = block.entities().next().map_or(0, EntityRef::line);
            let place = Location::line(line(first), origin.byte + block.start() as u64);
            self.record(Kind::Block, id, &Location { block: name(), ..place }, records);
        }
        if usages.is_empty() {
            return;
        }
        for usage in block.entities() {
            let shape = usage.shape_index();
            let Some(Some(column)) = self.columns.get(shape) else { continue };
            for id in texts(usage.cell(*column)).filter(|id| usages.contains(key(id, state))) {
                let row = row_of(id, chunk).unwrap_or(block.start());
                let found = self.decoder.locate(ValueRef::Entity(shape, Field::USAGE_ID));
                let place = Location {
                    line: Some(line(usage.line())),
                    byte: Some(origin.byte + row as u64),
                    block: name(),
                    ..found
                };
                self.record(Kind::Usage, id, &place, records);
            }
        }
    }

    fn record(&self, kind: Kind, id: &[u8], place: &Location, records: &mut Vec<u8>) {
        let mut name = vec![kind as u8];
        name.extend_from_slice(&key(id, self.candidate_ids.state).to_be_bytes());
        put_text(id, &mut name);
        name.extend_from_slice(&SourceLine::new(self.file, place.line.unwrap_or_default()).0.to_be_bytes());
        put_text(&name, records);
        let mut rest = Vec::new();
        put(place.byte.unwrap_or_default(), &mut rest);
        put_text(place.block.as_deref().unwrap_or_default().as_bytes(), &mut rest);
        put_text(place.record.as_deref().unwrap_or_default().as_bytes(), &mut rest);
        let (number, cell) = place.cell.as_ref().map_or((0, ""), |(number, name)| (*number, name));
        put(number.into(), &mut rest);
        put_text(cell.as_bytes(), &mut rest);
        put_text(&rest, records);
    }
}

/// The identifiers in a cell.
pub(super) fn texts(cell: Cell<'_>) -> impl Iterator<Item = &[u8]> {
    let (one, many) = match cell {
        Cell::Absent => (None, None),
        Cell::One(id) => (Some(id), None),
        Cell::Many(list) => (None, Some(list.iter())),
    };
    one.into_iter().chain(many.into_iter().flatten()).filter(|id| !id.is_empty())
}

/// Where the row begins that holds a piece of the chunk; nothing where the piece is elsewhere,
/// because it was unescaped.
fn row_of(piece: &[u8], chunk: &[u8]) -> Option<usize> {
    let at = (piece.as_ptr() as usize).checked_sub(chunk.as_ptr() as usize)?;
    let before = chunk.get(..at)?;
    Some(before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1))
}

/// Suspects on their way to be compared.
pub(super) struct RepeatedIds<'a>(Sorter<'a>);

impl<'a> RepeatedIds<'a> {
    /// Suspects of which `memory` bytes are held at a time.
    pub(super) fn new(spill: &'a Scratch, memory: usize) -> Self {
        Self(Sorter::new(spill, memory))
    }

    /// Adds records of [`CandidateCollector::records`].
    pub(super) fn add(&mut self, mut records: &[u8]) -> Result<(), Fatal> {
        while !records.is_empty() {
            let name = take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?;
            let rest = take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?;
            self.0.push(name, rest)?;
        }
        Ok(())
    }

    /// Reports what appears twice; `sources` are the names of the files, of which the first
    /// diagnostics of each code, `most` of them, are kept.
    pub(super) fn report(
        self,
        sources: &[Arc<str>],
        most: usize,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Fatal> {
        let sorted = self.0.finish()?;
        let mut merge = sorted.read()?;
        let mut repeats = CODES.map(|code| RepeatsOfCode { code, count: 0, first: BinaryHeap::new(), most });
        let mut known: (Vec<u8>, SourceLine) = Default::default();
        while let Some((name, rest)) = merge.next()? {
            let (id, place) = name.split_last_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
            let place = SourceLine(u64::from_be_bytes(*place));
            if known.0 != id {
                known.0.clear();
                known.0.extend_from_slice(id);
                known.1 = place;
                continue;
            }
            let code = match id.first() {
                Some(kind) if *kind == Kind::Usage as u8 => 2,
                _ => usize::from(known.1.input() != place.input()),
            };
            if let Some(repeats) = repeats.get_mut(code) {
                repeats.add(place, known.1, id, rest);
            }
        }
        for repeats in repeats {
            repeats.report(sources, diagnostics)?;
        }
        Ok(())
    }
}

static CODES: [&Code; 3] =
    [&diagnostics::BLOCK_REUSED, &diagnostics::BLOCK_IN_TWO_FILES, &diagnostics::USAGE_REUSED];

/// Diagnostics of one code: the first in full, all counted.
struct RepeatsOfCode {
    code: &'static Code,
    count: u64,
    /// The first by place; the last of them is on top.
    first: BinaryHeap<Repeat>,
    most: usize,
}

/// An identifier that appeared before.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Repeat {
    place: SourceLine,
    before: SourceLine,
    id: Vec<u8>,
    rest: Vec<u8>,
}

impl RepeatsOfCode {
    fn add(&mut self, place: SourceLine, before: SourceLine, id: &[u8], rest: &[u8]) {
        self.count += 1;
        let full = self.first.len() >= self.most;
        if full && self.first.peek().is_none_or(|last| last.place < place) {
            return;
        }
        // Behind kind and key; a key is another one in every run and must not decide which
        // diagnostic comes first.
        let id = id.get(9..).unwrap_or_default().to_vec();
        self.first.push(Repeat { place, before, id, rest: rest.to_vec() });
        if full {
            self.first.pop();
        }
    }

    fn report(self, sources: &[Arc<str>], diagnostics: &mut Diagnostics) -> Result<(), Fatal> {
        let kept = self.first.len() as u64;
        for repeat in self.first.into_sorted_vec() {
            diagnostics.push(repeat.diagnostic(self.code, sources).ok_or_else(diagnostics::damaged_scratch)?);
        }
        if self.count > kept {
            diagnostics.count(self.code, self.count - kept);
        }
        Ok(())
    }
}

impl Repeat {
    fn diagnostic(&self, code: &'static Code, sources: &[Arc<str>]) -> Option<Diagnostic> {
        let id = take_text(&mut &self.id[..])?;
        let mut rest = &self.rest[..];
        let byte = take(&mut rest)?;
        let mut text = || {
            let text = take_text(&mut rest)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let (block, record) = (text()?, text()?);
        let number = take(&mut rest)? as u32;
        let cell = String::from_utf8_lossy(take_text(&mut rest)?).into_owned();
        let usage = code == &diagnostics::USAGE_REUSED;
        let filled = |text: String| Some(text.into_boxed_str()).filter(|text| !text.is_empty());
        let place = Location {
            source: sources.get(self.place.input()).cloned(),
            line: Some(self.place.line()),
            byte: Some(byte),
            block: filled(block),
            record: filled(record),
            cell: (number > 0).then(|| (number, cell.into())),
            field: usage.then_some(Field::USAGE_ID),
        };
        let before = self.before.line();
        let before = match sources.get(self.before.input()) {
            Some(source) if self.before.input() != self.place.input() => {
                format!("line {before} of `{source}`")
            }
            _ => format!("line {before}"),
        };
        let what = if usage { "usage" } else { "block" };
        let message = format!("{what} `{}` is a duplicate of {before}", shown(id));
        Some(Diagnostic::new(code, place, message).value(id))
    }
}
