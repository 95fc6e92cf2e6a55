//! Items become releases and recordings.
//!
//! Different raw descriptions may mean the same release (a quoted title, an ISRC in lower case),
//! and one identifier may be described in several ways. Releases are distinguished by ICPN, else
//! GRid, else the service's id, else artist and title; recordings by the service's id, else ISRC,
//! else artist and title. What one description lacks is taken from another of the same identity
//! that contradicts it nowhere; where they contradict each other, there are several *variants*, a
//! diagnostic for each but the first, and the agreement chooses.

use crate::aggregate::interner::JoinedKey;
use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::shapes::{Shapes, Side};
use crate::scan::position::SourceLine;
use crate::storage::varint::{put_cell, put_text, take_text};
use std::ops::Range;
use transpose_codes::CodeSystem;
use transpose_core::accounting::Change;
use transpose_core::diagnostics::{CellDiagnostic, Severity};
use transpose_core::format::{Dimension, EventDecoder};
use transpose_core::model::{Field, Slot};

/// The identity of nothing at all.
pub(crate) const EMPTY_IDENTITY: &[u8] = b"9";

/// A description as it was written by [`Describer::describe`].
#[derive(Clone, Copy)]
pub(crate) struct Description<'a>(pub(crate) &'a [u8]);

impl<'a> Description<'a> {
    /// The identity and the cells of one side.
    pub(crate) fn side(self, side: Side) -> (&'a [u8], &'a [u8]) {
        let mut rest = self.0;
        let mut text = || take_text(&mut rest).unwrap_or(&[]);
        if side == Side::Recording {
            let _ = (text(), text());
        }
        (text(), text())
    }
}

/// Makes descriptions of items.
pub(crate) struct Describer {
    /// For each field its column, those of releases before those of recordings.
    columns: Vec<Option<usize>>,
    releases: usize,
    /// The values of the item at hand.
    cells: Vec<Option<Range<usize>>>,
    text: Vec<u8>,
    packed: Vec<u8>,
    cell_diagnostics: Vec<CellDiagnostic>,
}

impl Describer {
    pub(crate) fn new(shapes: &Shapes) -> Self {
        let mut columns = vec![None; Field::COUNT];
        let slots = shapes.release.columns.iter().chain(&shapes.recording.columns);
        for (column, slot) in slots.enumerate() {
            if let Slot::Field(field) = slot
                && let Some(place) = columns.get_mut(field.index())
            {
                *place = Some(column);
            }
        }
        let releases = shapes.release.columns.len();
        let cells = vec![None; releases + shapes.recording.columns.len()];
        Self { columns, releases, cells, text: Vec::new(), packed: Vec::new(), cell_diagnostics: Vec::new() }
    }

    /// Adds the description of an item to `out`; what is wrong with it goes to `item_diagnostics`.
    pub(crate) fn describe(
        &mut self,
        decoder: &dyn EventDecoder,
        key: JoinedKey<'_>,
        first: SourceLine,
        item_diagnostics: &mut ItemDiagnostics,
        out: &mut Vec<u8>,
    ) {
        let runs: Vec<&[u8]> = key.pieces().collect();
        self.text.clear();
        self.cells.fill(None);
        let Self { columns, cells, text, cell_diagnostics, .. } = self;
        let mut sink = |field: Field, value: &[u8]| {
            let column = columns.get(field.index()).copied().flatten();
            if let Some(cell) = column.and_then(|column| cells.get_mut(column)) {
                let start = text.len();
                text.extend_from_slice(value);
                *cell = Some(start..text.len());
            }
        };
        decoder.resolve_key(Dimension::Item, &runs, &mut sink, cell_diagnostics);
        let value = |field: Field| {
            let column = columns.get(field.index()).copied().flatten()?;
            text.get(cells.get(column)?.clone()?)
        };
        for (order, cell_diagnostic) in cell_diagnostics.drain(..).enumerate() {
            let withheld =
                value(cell_diagnostic.field).is_none() && cell_diagnostic.code.severity >= Severity::Warning;
            let change = if withheld {
                Some(Change::Lost)
            } else {
                cell_diagnostic.repaired.then_some(Change::Guessed)
            };
            item_diagnostics.cell_diagnostic(first, order as u32, &cell_diagnostic, change);
        }
        self.packed.clear();
        recording_identity(&value, &mut self.packed);
        // The number of tracks is that of the release only where nothing else was sold.
        let counted = columns.get(Field::TRACK_COUNT.index()).copied().flatten();
        if self.packed != EMPTY_IDENTITY
            && let Some(count) = counted.and_then(|column| cells.get_mut(column))
        {
            *count = None;
        }
        let value = |field: Field| {
            let column = columns.get(field.index()).copied().flatten()?;
            text.get(cells.get(column)?.clone()?)
        };
        let cell = |column: &Option<Range<usize>>| column.clone().and_then(|range| text.get(range));
        let (of_release, of_recording) = cells.split_at(self.releases.min(cells.len()));
        for (side, cells) in [(Side::Release, of_release), (Side::Recording, of_recording)] {
            self.packed.clear();
            identity(side, &value, &mut self.packed);
            put_text(&self.packed, out);
            self.packed.clear();
            for column in cells {
                put_cell(cell(column), &mut self.packed);
            }
            put_text(&self.packed, out);
        }
    }
}

fn identity<'a>(side: Side, value: &impl Fn(Field) -> Option<&'a [u8]>, out: &mut Vec<u8>) {
    match side {
        Side::Release => release_identity(value, out),
        Side::Recording => recording_identity(value, out),
    }
}

/// Releases are distinguished by ICPN, else GRid, else the service's id, else artist and title.
fn release_identity<'a>(value: &impl Fn(Field) -> Option<&'a [u8]>, out: &mut Vec<u8>) {
    if let Some(icpn) = value(Field::ICPN) {
        // A UPC and the EAN that begins with its zero are the same number (GS1), so all are
        // fourteen digits here.
        out.extend_from_slice(icpn);
        CodeSystem::Gtin.make_comparable(out);
        out.insert(0, b'1');
    } else if let Some(grid) = value(Field::GRID) {
        out.push(b'2');
        out.extend_from_slice(grid);
    } else if let Some(id) = value(Field::RELEASE_ID) {
        out.push(b'3');
        out.extend_from_slice(id);
    } else {
        pair(b'4', value(Field::RELEASE_ARTIST), value(Field::RELEASE_TITLE), out);
    }
}

/// Recordings are distinguished by the service's id, else ISRC, else artist and title.
fn recording_identity<'a>(value: &impl Fn(Field) -> Option<&'a [u8]>, out: &mut Vec<u8>) {
    if let Some(id) = value(Field::RECORDING_ID) {
        out.push(b'1');
        out.extend_from_slice(id);
    } else if let Some(isrc) = value(Field::ISRC) {
        out.push(b'2');
        out.extend_from_slice(isrc);
    } else {
        pair(b'3', value(Field::RECORDING_ARTIST), value(Field::RECORDING_TITLE), out);
    }
}

fn pair(tag: u8, artist: Option<&[u8]>, title: Option<&[u8]>, out: &mut Vec<u8>) {
    if artist.is_none() && title.is_none() {
        out.extend_from_slice(EMPTY_IDENTITY);
        return;
    }
    out.push(tag);
    out.extend_from_slice(artist.unwrap_or_default());
    out.push(0);
    out.extend_from_slice(title.unwrap_or_default());
}
