//! Items become releases and recordings.
//!
//! Different raw descriptions may mean the same release (a quoted title, an ISRC in lower case),
//! and one identifier may be described in several ways. Releases are told apart by ICPN, else GRid,
//! else the service's id, else artist and title; recordings by the service's id, else ISRC, else
//! artist and title. What one description lacks is taken from another of the same identity that
//! contradicts it nowhere; where they contradict each other, there are several *variants*, a
//! diagnostic for each but the first, and the agreement chooses.

use crate::aggregate::interner::Joined;
use crate::diagnostics;
use crate::scan::position::Place;
use crate::storage::varint::{Cells, put_cell, put_text, take_text};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use transpose_core::accounting::{Change, FIRST, RunReport, Subject};
use transpose_core::diagnostics::{Code, Diagnostic, KEPT, Location, Severity, shown};
use transpose_core::format::{Decode, Dimension};
use transpose_core::model::{CellDiagnostic, Field, FieldSet, Group, Shape, Slot};
use transpose_core::terms::ConflictPolicy;

/// The identity of nothing at all.
pub(crate) const NOBODY: &[u8] = b"9";

/// The two things that an item describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Release,
    Recording,
}

/// The columns of releases and recordings.
pub(crate) struct Shapes {
    pub(crate) release: Shape,
    pub(crate) recording: Shape,
}

impl Shapes {
    /// Shapes for items of the given fields.
    pub(crate) fn new(item: FieldSet) -> Self {
        let shape = |groups: &[Group], group| Shape {
            record: "".into(),
            group,
            columns: item.iter().filter(|field| groups.contains(&field.group())).map(Slot::Field).collect(),
        };
        Self {
            release: shape(&[Group::Release], Group::Release),
            recording: shape(&[Group::Recording, Group::Work], Group::Recording),
        }
    }

    fn of(&self, side: Side) -> &Shape {
        match side {
            Side::Release => &self.release,
            Side::Recording => &self.recording,
        }
    }
}

/// A description as it was written by [`Describer::describe`].
#[derive(Clone, Copy)]
pub(crate) struct Described<'a>(pub(crate) &'a [u8]);

impl<'a> Described<'a> {
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
    faults: Vec<CellDiagnostic>,
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
        Self { columns, releases, cells, text: Vec::new(), packed: Vec::new(), faults: Vec::new() }
    }

    /// Adds the description of an item to `out`; what is wrong with it goes to `noted`.
    pub(crate) fn describe(
        &mut self,
        decoder: &dyn Decode,
        key: Joined<'_>,
        first: Place,
        noted: &mut Noted,
        out: &mut Vec<u8>,
    ) {
        let runs: Vec<&[u8]> = key.pieces().collect();
        self.text.clear();
        self.cells.fill(None);
        let Self { columns, cells, text, faults, .. } = self;
        let mut sink = |field: Field, value: &[u8]| {
            let column = columns.get(field.index()).copied().flatten();
            if let Some(cell) = column.and_then(|column| cells.get_mut(column)) {
                let start = text.len();
                text.extend_from_slice(value);
                *cell = Some(start..text.len());
            }
        };
        decoder.resolve(Dimension::Item, &runs, &mut sink, faults);
        let value = |field: Field| {
            let column = columns.get(field.index()).copied().flatten()?;
            text.get(cells.get(column)?.clone()?)
        };
        for (order, fault) in faults.drain(..).enumerate() {
            let withheld = value(fault.field).is_none() && fault.code.severity >= Severity::Warning;
            let change =
                if withheld { Some(Change::Lost) } else { fault.repaired.then_some(Change::Guessed) };
            noted.fault(first, order as u32, &fault, change);
        }
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

/// Releases are told apart by ICPN, else GRid, else the service's id, else artist and title.
fn release_identity<'a>(value: &impl Fn(Field) -> Option<&'a [u8]>, out: &mut Vec<u8>) {
    if let Some(icpn) = value(Field::ICPN) {
        out.push(b'1');
        // A UPC and the EAN that begins with its zero are the same number (GS1), so all are
        // fourteen digits here.
        out.resize(out.len() + 14usize.saturating_sub(icpn.len()), b'0');
        out.extend_from_slice(icpn);
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

/// Recordings are told apart by the service's id, else ISRC, else artist and title.
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
        out.extend_from_slice(NOBODY);
        return;
    }
    out.push(tag);
    out.extend_from_slice(artist.unwrap_or_default());
    out.push(0);
    out.extend_from_slice(title.unwrap_or_default());
}

/// How an item describes one side, with where it was read and how often it was played.
#[derive(Clone)]
pub(crate) struct Variant<'a> {
    pub(crate) cells: Cow<'a, [u8]>,
    /// Where it was read first.
    pub(crate) first: Place,
    /// Where it was read last, where the policy asks for it.
    pub(crate) last: Place,
    /// How often it was played, where the policy asks for it.
    pub(crate) plays: u64,
}

/// The descriptions of one identity that contradict each other.
#[derive(Default)]
pub(crate) struct Variants<'a>(Vec<Variant<'a>>);

impl<'a> Variants<'a> {
    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a description; they come in the order of reading.
    pub(crate) fn add(&mut self, more: Variant<'a>) {
        for known in &mut self.0 {
            let same = known.cells == more.cells;
            if same || agree(&known.cells, &more.cells) {
                if !same {
                    complete(&mut known.cells, &more.cells);
                }
                known.last = known.last.max(more.last);
                known.plays = known.plays.saturating_add(more.plays);
                return;
            }
        }
        self.0.push(more);
    }

    /// Notes each description that contradicts the first.
    pub(crate) fn note(&self, side: Side, shapes: &Shapes, policy: ConflictPolicy, noted: &mut Noted) {
        let Some((first, others)) = self.0.split_first() else { return };
        for variant in others {
            noted.conflict(side, shapes.of(side), first, variant, policy);
        }
    }

    /// The cells of the description that is reported.
    pub(crate) fn choose(&mut self, policy: ConflictPolicy) -> Cow<'a, [u8]> {
        if self.0.is_empty() {
            return Cow::Borrowed(&[]);
        }
        let mut chosen = 0;
        for (index, variant) in self.0.iter().enumerate() {
            // The first of equals stays.
            let better = self.0.get(chosen).is_some_and(|best| match policy {
                ConflictPolicy::First | ConflictPolicy::Refuse => false,
                ConflictPolicy::MostPlayed => variant.plays > best.plays,
                ConflictPolicy::Latest => variant.last > best.last,
            });
            if better {
                chosen = index;
            }
        }
        self.0.swap_remove(chosen).cells
    }
}

/// Whether two descriptions contradict each other nowhere; a value that one of them lacks is no
/// contradiction.
fn agree(ours: &[u8], theirs: &[u8]) -> bool {
    Cells(ours).zip(Cells(theirs)).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// Takes over the values that a description lacks.
fn complete(ours: &mut Cow<'_, [u8]>, theirs: &[u8]) {
    let lacking = Cells(ours).zip(Cells(theirs)).any(|(a, b)| a.is_none() && b.is_some());
    if lacking {
        let mut out = Vec::with_capacity(ours.len() + theirs.len());
        Cells(ours).zip(Cells(theirs)).for_each(|(a, b)| put_cell(a.or(b), &mut out));
        *ours = Cow::Owned(out);
    }
}

/// What was found once per item, in any order: the first of each kind are kept, the rest are
/// counted, so that memory is bounded.
#[derive(Default)]
pub(crate) struct Noted {
    kept: Vec<Note>,
    counts: BTreeMap<&'static str, (&'static Code, u64)>,
    changes: BTreeMap<(Change, Field), u64>,
}

struct Note {
    /// What comes first stands first: the place, then the order at that place.
    at: (Place, u32),
    diagnostic: Diagnostic,
    /// What happened to the value.
    change: Option<(Change, Field)>,
}

/// Why a value is not what was found.
fn reason(change: Change) -> &'static str {
    match change {
        Change::Guessed => "the value was repaired",
        _ => "the value is not valid and is left out",
    }
}

/// How many notes are kept before those that nobody will see are thrown away.
const NOTES: usize = 4096;

impl Noted {
    fn fault(&mut self, first: Place, order: u32, fault: &CellDiagnostic, change: Option<Change>) {
        let diagnostic = diagnostics::of_cell(fault, Location::line(first.line(), 0));
        self.add((first, order), diagnostic, change.map(|change| (change, fault.field)));
    }

    fn conflict(
        &mut self,
        side: Side,
        shape: &Shape,
        first: &Variant<'_>,
        variant: &Variant<'_>,
        policy: ConflictPolicy,
    ) {
        let code = if policy == ConflictPolicy::Refuse {
            &diagnostics::CONFLICT_REFUSED
        } else {
            &diagnostics::CONFLICT
        };
        let what = match side {
            Side::Release => "release",
            Side::Recording => "recording",
        };
        let cells = Cells(&first.cells).zip(Cells(&variant.cells)).zip(&shape.columns);
        let differing = cells.into_iter().find(|((a, b), _)| a.is_some() && b.is_some() && a != b);
        let mut location = Location::line(variant.first.line(), 0);
        let mut message = format!("one {what} is described in several ways");
        let mut value = &[][..];
        if let Some(((Some(ours), Some(theirs)), Slot::Field(field))) = differing {
            location = location.field(*field);
            message =
                format!("one {what} has two values of `{field}`: `{}` and `{}`", shown(ours), shown(theirs));
            value = theirs;
        }
        let diagnostic = Diagnostic::new(code, location, message).value(value);
        // Conflicts come after whatever is wrong with the item itself, those of the release first.
        let order = u32::MAX - u32::from(side == Side::Release);
        self.add((variant.first, order), diagnostic, None);
    }

    fn add(&mut self, at: (Place, u32), diagnostic: Diagnostic, change: Option<(Change, Field)>) {
        self.counts.entry(diagnostic.code.id).or_insert((diagnostic.code, 0)).1 += 1;
        if let Some(change) = change {
            *self.changes.entry(change).or_default() += 1;
        }
        self.kept.push(Note { at, diagnostic, change });
        if self.kept.len() >= 2 * NOTES {
            self.prune();
        }
    }

    /// Adds what another worker has found.
    pub(crate) fn merge(&mut self, other: Self) {
        self.kept.extend(other.kept);
        for (id, (code, count)) in other.counts {
            self.counts.entry(id).or_insert((code, 0)).1 += count;
        }
        for (change, count) in other.changes {
            *self.changes.entry(change).or_default() += count;
        }
        if self.kept.len() >= 2 * NOTES {
            self.prune();
        }
    }

    fn prune(&mut self) {
        self.kept.sort_by_key(|note| note.at);
        let (mut of_code, mut of_field) = (BTreeMap::new(), BTreeMap::new());
        self.kept.retain(|note| {
            let seen: &mut usize = of_code.entry(note.diagnostic.code.id).or_default();
            *seen += 1;
            let first = note.change.is_some_and(|change| {
                let seen: &mut usize = of_field.entry(change).or_default();
                *seen += 1;
                *seen <= FIRST
            });
            first || *seen <= KEPT
        });
    }

    /// The conflicts that the agreement does not allow, in order; `sources` are the names of the
    /// inputs.
    pub(crate) fn refused(&mut self, sources: &[Arc<str>]) -> Vec<Diagnostic> {
        self.prune();
        let refused = self.kept.iter().filter(|note| *note.diagnostic.code == diagnostics::CONFLICT_REFUSED);
        let named = |note: &Note| {
            let mut diagnostic = note.diagnostic.clone();
            diagnostic.location.source = sources.get(note.at.0.input()).cloned();
            diagnostic
        };
        refused.map(named).collect()
    }

    /// Everything as a report; `sources` are the names of the inputs.
    pub(crate) fn into_report(mut self, sources: &[Arc<str>], report: &mut RunReport) {
        self.prune();
        for Note { at, mut diagnostic, change } in self.kept {
            if let Some((change, field)) = change {
                report.loss.add(change, Subject::Field(field), 1, Some(at.0.line()), reason(change));
                if let Some(left) = self.changes.get_mut(&(change, field)) {
                    *left = left.saturating_sub(1);
                }
            }
            if let Some((_, left)) = self.counts.get_mut(diagnostic.code.id) {
                *left = left.saturating_sub(1);
            }
            diagnostic.location.source = sources.get(at.0.input()).cloned();
            report.diagnostics.push(diagnostic);
        }
        for ((change, field), left) in self.changes {
            report.loss.add(change, Subject::Field(field), left, None, reason(change));
        }
        for (code, left) in self.counts.into_values().filter(|(_, left)| *left > 0) {
            report.diagnostics.count(code, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(values: &[Option<&str>]) -> Vec<u8> {
        let mut out = Vec::new();
        for value in values {
            put_cell(value.map(str::as_bytes), &mut out);
        }
        out
    }

    fn variant(values: &[Option<&str>], first: u64, last: u64, plays: u64) -> Variant<'static> {
        let cells = Cow::Owned(cells(values));
        Variant { cells, first: Place::new(0, first), last: Place::new(0, last), plays }
    }

    fn settled(policy: ConflictPolicy, more: &[Variant<'static>]) -> (Vec<u8>, u64) {
        let shapes = Shapes::new([Field::RELEASE_TITLE, Field::RELEASE_ARTIST].into_iter().collect());
        let mut variants = Variants::default();
        for variant in more {
            variants.add(variant.clone());
        }
        let mut noted = Noted::default();
        variants.note(Side::Release, &shapes, policy, &mut noted);
        let chosen = variants.choose(policy).into_owned();
        (chosen, noted.counts.values().map(|(_, count)| count).sum())
    }

    #[test]
    fn what_lacks_a_value_is_completed() {
        let more = [variant(&[Some("a"), None], 1, 1, 1), variant(&[None, Some("b")], 2, 2, 1)];
        assert_eq!(settled(ConflictPolicy::First, &more), (cells(&[Some("a"), Some("b")]), 0));
    }

    #[test]
    fn each_policy_chooses_its_own() {
        let more = [
            variant(&[Some("a"), None], 1, 10, 5),
            variant(&[Some("b"), None], 2, 20, 3),
            variant(&[Some("c"), None], 3, 15, 4),
            variant(&[Some("c"), Some("x")], 4, 16, 4),
        ];
        for (policy, expected) in [
            (ConflictPolicy::First, [Some("a"), None]),
            (ConflictPolicy::Refuse, [Some("a"), None]),
            (ConflictPolicy::MostPlayed, [Some("c"), Some("x")]),
            (ConflictPolicy::Latest, [Some("b"), None]),
        ] {
            assert_eq!(settled(policy, &more), (cells(&expected), 2), "{policy:?}");
        }
    }

    #[test]
    fn notes_are_bounded_and_in_order() {
        let mut noted = Noted::default();
        let fault = |message: String| CellDiagnostic {
            code: &diagnostics::CONFLICT,
            field: Field::ISRC,
            cell: (1, "ISRC".into()),
            value: Box::default(),
            message,
            repaired: false,
        };
        for line in (1..=30_000_u64).rev() {
            noted.fault(Place::new(0, line), 0, &fault(format!("{line}")), Some(Change::Lost));
        }
        assert!(noted.kept.len() <= 2 * NOTES);
        let mut report = RunReport::default();
        noted.into_report(&["a.csv".into()], &mut report);
        let lines: Vec<_> =
            report.diagnostics.iter().filter_map(|diagnostic| diagnostic.location.line).collect();
        assert_eq!(lines, (1..=KEPT as u64).collect::<Vec<_>>());
        assert_eq!(report.diagnostics.counts().map(|(_, count)| count).sum::<u64>(), 30_000);
        let (_, _, entry) = report.loss.iter().next().unwrap();
        assert_eq!((entry.count, &entry.lines[..]), (30_000, &[1, 2, 3, 4, 5][..]));
    }
}
