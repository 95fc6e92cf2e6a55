//! Items become releases and recordings.
//!
//! Different raw descriptions may mean the same release (a quoted title, an ISRC in lower case), and one identifier may be described in several ways. Releases are
//! told apart by ICPN, else GRid, else artist and title; recordings by the service's id, else ISRC, else artist and title.

use crate::aggregate::{Keys, Tables, finding, runs_of, too_many};
use crate::codes;
use crate::interner::Interner;
use std::collections::HashMap;
use transpose_core::batch::{Shape, Slot, Span};
use transpose_core::diagnostic::{Diagnostic, Fatal, Location, Severity};
use transpose_core::entity::Entity;
use transpose_core::field::{Field, FieldSet, Group};
use transpose_core::format::{Decode, Dimension};
use transpose_core::loss::{Change, Subject};
use transpose_core::report::Report;
use transpose_core::terms::Conflict;

/// One canonical group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Total {
    pub(crate) release: u32,
    pub(crate) recording: u32,
    pub(crate) context: u32,
    /// False sorts first: what earns nothing stands before what does.
    pub(crate) bearing: bool,
    pub(crate) plays: u64,
    pub(crate) micros: i64,
}

/// Releases or recordings: identities with their descriptions.
pub(crate) struct Things {
    group: &'static str,
    pub(crate) shape: Shape,
    pub(crate) identities: Interner,
    /// The cells of all descriptions, as many as the shape has columns for each.
    cells: Vec<Span>,
    /// For each identity its descriptions in the order of reading: most have one.
    first: Vec<u32>,
    more: HashMap<u32, Vec<Variant>>,
    /// For each identity, which description is reported.
    chosen: Vec<u32>,
}

struct Variant {
    description: u32,
    line: u64,
}

/// The place of an identity without any field.
const NOBODY: &[u8] = b"9";

impl Things {
    fn new(group: &'static str, shape: Shape) -> Self {
        Self {
            group,
            shape,
            identities: Interner::default(),
            cells: Vec::new(),
            first: Vec::new(),
            more: HashMap::new(),
            chosen: Vec::new(),
        }
    }

    fn width(&self) -> usize {
        self.shape.columns.len()
    }

    fn description(&self, number: u32) -> &[Span] {
        let start = number as usize * self.width();
        self.cells.get(start..start + self.width()).unwrap_or(&[])
    }

    /// The cells that are reported for an identity.
    pub(crate) fn cells(&self, identity: u32) -> &[Span] {
        self.chosen.get(identity as usize).map_or(&[], |chosen| self.description(*chosen))
    }

    /// Whether the identity stands for nothing at all.
    pub(crate) fn is_nobody(&self, identity: u32) -> bool {
        self.identities.bytes(identity) == NOBODY
    }

    /// Adds a description of an identity; answers both numbers.
    fn add(&mut self, identity: &[u8], cells: &[Span], text: &[u8], line: u64) -> Result<(u32, u32), Fatal> {
        let (number, new) = self.identities.intern(identity).ok_or_else(too_many)?;
        let known = |things: &Self, description: u32| {
            let ours = things.description(description);
            ours.len() == cells.len()
                && ours.iter().zip(cells).all(|(a, b)| a.bytes(text, &[]) == b.bytes(text, &[]))
        };
        if !new {
            let first = self.first.get(number as usize).copied().unwrap_or_default();
            if known(self, first) {
                return Ok((number, first));
            }
            let variants = self.more.get(&number).map_or(&[][..], Vec::as_slice);
            if let Some(variant) = variants.iter().find(|variant| known(self, variant.description)) {
                return Ok((number, variant.description));
            }
        }
        let description = (self.cells.len() / self.width().max(1)) as u32;
        self.cells.extend_from_slice(cells);
        if new {
            self.first.push(description);
        } else {
            self.more.entry(number).or_default().push(Variant { description, line });
        }
        Ok((number, description))
    }
}

/// Everything counted, with canonical descriptions.
pub(crate) struct Canon {
    pub(crate) text: Vec<u8>,
    pub(crate) releases: Things,
    pub(crate) recordings: Things,
    pub(crate) contexts: Vec<Entity>,
    pub(crate) totals: Vec<Total>,
    /// Plays by description, for the policy that asks for them.
    release_plays: HashMap<u32, u64>,
    recording_plays: HashMap<u32, u64>,
}

impl Canon {
    /// An empty store for items of the given fields.
    pub(crate) fn new(item: FieldSet) -> Self {
        let shape = |groups: &[Group]| Shape {
            record: "".into(),
            group: groups.first().copied().unwrap_or(Group::Release),
            columns: item.iter().filter(|field| groups.contains(&field.group())).map(Slot::Field).collect(),
        };
        Self {
            text: Vec::new(),
            releases: Things::new("release", shape(&[Group::Release])),
            recordings: Things::new("recording", shape(&[Group::Recording, Group::Work])),
            contexts: Vec::new(),
            totals: Vec::new(),
            release_plays: HashMap::new(),
            recording_plays: HashMap::new(),
        }
    }

    /// Takes over what the workers have counted in one input.
    pub(crate) fn absorb(
        &mut self,
        mut workers: Vec<Tables>,
        decoder: &dyn Decode,
        report: &mut Report,
    ) -> Result<(), Fatal> {
        let mut keys = Keys::default();
        let mut maps: Vec<Vec<u32>> = Vec::new();
        for worker in &mut workers {
            worker.shrink();
            let taken = std::mem::take(&mut worker.items);
            if maps.is_empty() {
                maps.push((0..taken.interner.len() as u32).collect());
                keys = taken;
                continue;
            }
            let mut map = Vec::with_capacity(taken.interner.len());
            for (number, line) in taken.first_line.iter().enumerate() {
                let (global, new) =
                    keys.interner.intern(taken.interner.bytes(number as u32)).ok_or_else(too_many)?;
                if new {
                    keys.first_line.push(*line);
                } else if let Some(first) = keys.first_line.get_mut(global as usize) {
                    *first = (*first).min(*line);
                }
                map.push(global);
            }
            maps.push(map);
        }
        // Only items with at least one counted row are described: an item may have been met in filtered or rejected rows alone.
        let mut used = vec![false; keys.interner.len()];
        for (worker, map) in workers.iter().zip(&maps) {
            for group in &worker.groups {
                if let Some(item) = map.get(group.item as usize)
                    && let Some(flag) = used.get_mut(*item as usize)
                {
                    *flag = true;
                }
            }
        }
        let mut order: Vec<u32> = (0..used.len() as u32)
            .filter(|item| used.get(*item as usize).copied().unwrap_or_default())
            .collect();
        order.sort_by_key(|item| keys.first_line.get(*item as usize).copied());
        let mut identities = vec![Described::default(); used.len()];
        for item in order {
            let line = keys.first_line.get(item as usize).copied().unwrap_or_default();
            let described = self.describe(&keys.interner, item, line, decoder, report)?;
            if let Some(place) = identities.get_mut(item as usize) {
                *place = described;
            }
        }
        drop(keys);
        for (mut worker, map) in workers.into_iter().zip(maps) {
            let contexts: Vec<u32> = worker.assigned.iter().map(|context| self.context(context)).collect();
            self.totals.reserve(worker.groups.len());
            for group in worker.groups.drain() {
                let described = map
                    .get(group.item as usize)
                    .and_then(|item| identities.get(*item as usize))
                    .copied()
                    .ok_or_else(|| codes::bug("a group without an item"))?;
                let context = contexts.get((group.context >> 1) as usize).copied();
                self.totals.push(Total {
                    release: described.release,
                    recording: described.recording,
                    context: context.ok_or_else(|| codes::bug("a group without a context"))?,
                    bearing: group.context & 1 == 1,
                    plays: group.plays,
                    micros: group.micros,
                });
                if self.releases.more.contains_key(&described.release) {
                    *self.release_plays.entry(described.release_description).or_default() += group.plays;
                }
                if self.recordings.more.contains_key(&described.recording) {
                    *self.recording_plays.entry(described.recording_description).or_default() += group.plays;
                }
            }
        }
        Ok(())
    }

    /// The number of a sales context.
    pub(crate) fn context(&mut self, context: &Entity) -> u32 {
        let known = self.contexts.iter().position(|known| known == context);
        known.unwrap_or_else(|| {
            self.contexts.push(context.clone());
            self.contexts.len() - 1
        }) as u32
    }

    fn describe(
        &mut self,
        keys: &Interner,
        item: u32,
        line: u64,
        decoder: &dyn Decode,
        report: &mut Report,
    ) -> Result<Described, Fatal> {
        let mut release = vec![Span::ABSENT; self.releases.width()];
        let mut recording = vec![Span::ABSENT; self.recordings.width()];
        let mut faults = Vec::new();
        let mut emitted = FieldSet::EMPTY;
        let before = self.text.len();
        runs_of(keys, item, |runs| {
            let (text, releases, recordings) = (&mut self.text, &self.releases.shape, &self.recordings.shape);
            let mut sink = |field: Field, value: &[u8]| {
                let start = text.len();
                let cell = match releases.column(field) {
                    Some(column) => release.get_mut(column),
                    None => recordings.column(field).and_then(|column| recording.get_mut(column)),
                };
                if let Some(cell) = cell {
                    text.extend_from_slice(value);
                    *cell = Span::chunk(start, text.len());
                    emitted.insert(field);
                }
            };
            decoder.resolve(Dimension::Item, runs, &mut sink, &mut faults);
        });
        if self.text.len() >= 1 << 31 {
            return Err(too_many());
        }
        for fault in &faults {
            report.findings.push(finding(fault, Location::line(line, 0)));
            if fault.code.severity >= Severity::Warning && !emitted.contains(fault.field) {
                report.loss.add(
                    Change::Lost,
                    Subject::Field(fault.field),
                    1,
                    Some(line),
                    "the value is not valid and is left out",
                );
            }
        }
        let value = |cells: &[Span], shape: &Shape, field: Field| {
            let cell =
                shape.column(field).and_then(|column| cells.get(column)).copied().unwrap_or(Span::ABSENT);
            (!cell.is_absent()).then(|| cell.bytes(&self.text, &[]).to_vec())
        };
        let of_release = |field| value(&release, &self.releases.shape, field);
        let of_recording = |field| value(&recording, &self.recordings.shape, field);
        let pair = |artist: Option<Vec<u8>>, title: Option<Vec<u8>>| {
            (artist.is_some() || title.is_some())
                .then(|| [artist.unwrap_or_default(), b"\0".to_vec(), title.unwrap_or_default()].concat())
        };
        let release_identity = of_release(Field::ICPN)
            .map(|icpn| tagged(b'1', &padded(&icpn)))
            .or_else(|| of_release(Field::GRID).map(|grid| tagged(b'2', &grid)))
            .or_else(|| of_release(Field::RELEASE_ID).map(|id| tagged(b'3', &id)))
            .or_else(|| {
                pair(of_release(Field::RELEASE_ARTIST), of_release(Field::RELEASE_TITLE))
                    .map(|both| tagged(b'4', &both))
            })
            .unwrap_or_else(|| NOBODY.to_vec());
        let recording_identity = of_recording(Field::RECORDING_ID)
            .map(|id| tagged(b'1', &id))
            .or_else(|| of_recording(Field::ISRC).map(|isrc| tagged(b'2', &isrc)))
            .or_else(|| {
                pair(of_recording(Field::RECORDING_ARTIST), of_recording(Field::RECORDING_TITLE))
                    .map(|both| tagged(b'3', &both))
            })
            .unwrap_or_else(|| NOBODY.to_vec());
        let descriptions = self.releases.cells.len() + self.recordings.cells.len();
        let (release, release_description) =
            self.releases.add(&release_identity, &release, &self.text, line)?;
        let (recording, recording_description) =
            self.recordings.add(&recording_identity, &recording, &self.text, line)?;
        // Nothing new was described (only the combination is new): its text is not needed.
        if descriptions == self.releases.cells.len() + self.recordings.cells.len() {
            self.text.truncate(before);
        }
        Ok(Described { release, recording, release_description, recording_description })
    }

    /// Chooses descriptions by the agreement's policy, reports conflicts, sorts and merges the totals.
    pub(crate) fn settle(&mut self, conflict: Conflict, report: &mut Report) -> Result<(), Fatal> {
        let text = &self.text;
        for (things, plays) in
            [(&mut self.releases, &self.release_plays), (&mut self.recordings, &self.recording_plays)]
        {
            things.chosen.clone_from(&things.first);
            let mut torn: Vec<&u32> = things.more.keys().collect();
            torn.sort_by_key(|identity| {
                things.more.get(identity).and_then(|variants| variants.first()).map(|variant| variant.line)
            });
            let mut chosen = Vec::new();
            for identity in torn {
                let first = things.first.get(*identity as usize).copied().unwrap_or_default();
                let variants = things.more.get(identity).map_or(&[][..], Vec::as_slice);
                for variant in variants {
                    report.findings.push(describe_conflict(things, first, variant, text, conflict));
                }
                if conflict == Conflict::MostPlayed {
                    let all =
                        std::iter::once(first).chain(variants.iter().map(|variant| variant.description));
                    // `max_by_key` takes the last of equals; the first in reading order shall win.
                    let most = all.rev_by(|description| plays.get(description).copied().unwrap_or_default());
                    chosen.push((*identity, most.unwrap_or(first)));
                }
            }
            for (identity, description) in chosen {
                if let Some(place) = things.chosen.get_mut(identity as usize) {
                    *place = description;
                }
            }
        }
        if report.findings.counts().any(|(code, _)| *code == codes::CONFLICT_REFUSED) {
            let findings = report
                .findings
                .iter()
                .filter(|finding| *finding.code == codes::CONFLICT_REFUSED)
                .cloned()
                .collect();
            return Err(Fatal { failure: transpose_core::diagnostic::Failure::Input, findings });
        }
        let ranks = (ranks(&self.releases.identities), ranks(&self.recordings.identities));
        let mut order: Vec<u32> = (0..self.contexts.len() as u32).collect();
        order.sort_by_key(|context| self.contexts.get(*context as usize));
        let mut context_rank = vec![0u32; order.len()];
        for (rank, context) in order.iter().enumerate() {
            if let Some(place) = context_rank.get_mut(*context as usize) {
                *place = rank as u32;
            }
        }
        self.contexts =
            order.iter().filter_map(|context| self.contexts.get(*context as usize)).cloned().collect();
        let rank = |table: &[u32], index: u32| table.get(index as usize).copied().unwrap_or(u32::MAX);
        for total in &mut self.totals {
            total.context = rank(&context_rank, total.context);
        }
        self.totals.sort_unstable_by_key(|total| {
            (rank(&ranks.0, total.release), rank(&ranks.1, total.recording), total.context, total.bearing)
        });
        let mut overflow = false;
        self.totals.dedup_by(|later, kept| {
            let same = (later.release, later.recording, later.context, later.bearing)
                == (kept.release, kept.recording, kept.context, kept.bearing);
            if same {
                let sums = (kept.plays.checked_add(later.plays), kept.micros.checked_add(later.micros));
                overflow |= sums.0.is_none() || sums.1.is_none();
                kept.plays = sums.0.unwrap_or_default();
                kept.micros = sums.1.unwrap_or_default();
            }
            same
        });
        if overflow { Err(codes::overflow("plays or durations")) } else { Ok(()) }
    }
}

trait RevBy: Iterator<Item = u32> + Sized {
    /// The item with the greatest key; the first of equals.
    fn rev_by(self, key: impl Fn(&u32) -> u64) -> Option<u32> {
        self.fold(None, |best: Option<(u64, u32)>, item| match (best, key(&item)) {
            (Some((most, kept)), plays) if plays <= most => Some((most, kept)),
            (_, plays) => Some((plays, item)),
        })
        .map(|(_, item)| item)
    }
}

impl<I: Iterator<Item = u32>> RevBy for I {}

#[derive(Clone, Copy, Default)]
struct Described {
    release: u32,
    recording: u32,
    release_description: u32,
    recording_description: u32,
}

fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag], value].concat()
}

/// A GTIN as fourteen digits: a UPC and the EAN that begins with its zero are the same number (GS1).
fn padded(icpn: &[u8]) -> Vec<u8> {
    let mut digits = vec![b'0'; 14usize.saturating_sub(icpn.len())];
    digits.extend_from_slice(icpn);
    digits
}

fn ranks(identities: &Interner) -> Vec<u32> {
    let mut order: Vec<u32> = (0..identities.len() as u32).collect();
    order.sort_unstable_by_key(|number| identities.bytes(*number));
    let mut ranks = vec![0; order.len()];
    for (rank, number) in order.iter().enumerate() {
        if let Some(place) = ranks.get_mut(*number as usize) {
            *place = rank as u32;
        }
    }
    ranks
}

fn describe_conflict(
    things: &Things,
    first: u32,
    variant: &Variant,
    text: &[u8],
    conflict: Conflict,
) -> Diagnostic {
    let code = if conflict == Conflict::Refuse { &codes::CONFLICT_REFUSED } else { &codes::CONFLICT };
    let cells = things.description(first).iter().zip(things.description(variant.description));
    let differing =
        cells.zip(&things.shape.columns).find(|((a, b), _)| a.bytes(text, &[]) != b.bytes(text, &[]));
    let mut location = Location::line(variant.line, 0);
    let mut message = format!("one {} is described in several ways", things.group);
    let mut value = Vec::new();
    if let Some(((ours, theirs), Slot::Field(field))) = differing {
        location = location.field(*field);
        let shown = transpose_core::diagnostic::shown;
        message = format!(
            "one {} has two values of `{field}`: `{}` and `{}`",
            things.group,
            shown(ours.bytes(text, &[])),
            shown(theirs.bytes(text, &[]))
        );
        value = theirs.bytes(text, &[]).to_vec();
    }
    Diagnostic::new(code, location, message).value(&value)
}
