//! Items become releases and recordings.
//!
//! Different raw descriptions may mean the same release (a quoted title, an ISRC in lower case), and one identifier may be described in several ways. Releases are
//! told apart by ICPN, else GRid, else artist and title; recordings by the service's id, else ISRC, else artist and title.

use crate::aggregate::{Keys, Tables, finding, runs_of, too_many};
use crate::codes;
use crate::interner::Interner;
use std::collections::HashMap;
use transpose_core::batch::{Fault, Shape, Slot, Span};
use transpose_core::diagnostic::{Diagnostic, Fatal, Location, Severity};
use transpose_core::entity::Entity;
use transpose_core::field::{Field, FieldSet, Group};
use transpose_core::format::{Decode, Dimension};
use transpose_core::loss::{Change, Subject};
use transpose_core::report::Report;
use transpose_core::terms::Conflict;

/// One canonical group. Its fields are numbers until [`Canon::settle`] has made them ranks; their order is the order of sorting.
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
    /// For each identity its rank among all, and the way back.
    ranks: Vec<u32>,
    order: Vec<u32>,
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
            ranks: Vec::new(),
            order: Vec::new(),
        }
    }

    fn width(&self) -> usize {
        self.shape.columns.len()
    }

    fn description(&self, number: u32) -> &[Span] {
        let start = number as usize * self.width();
        self.cells.get(start..start + self.width()).unwrap_or(&[])
    }

    /// Ranks identities by their bytes.
    fn renumber(&mut self) {
        self.order = (0..self.identities.len() as u32).collect();
        self.order.sort_unstable_by_key(|number| self.identities.bytes(*number));
        self.ranks = inverse(&self.order);
    }

    /// The identity of a rank.
    fn of_rank(&self, rank: u32) -> u32 {
        self.order.get(rank as usize).copied().unwrap_or(u32::MAX)
    }

    /// The cells that are reported for the identity of a rank.
    pub(crate) fn cells(&self, rank: u32) -> &[Span] {
        let identity = self.of_rank(rank);
        self.chosen.get(identity as usize).map_or(&[], |chosen| self.description(*chosen))
    }

    /// Whether the identity of a rank stands for nothing at all.
    pub(crate) fn is_nobody(&self, rank: u32) -> bool {
        self.identities.bytes(self.of_rank(rank)) == NOBODY
    }

    /// Copies the values that a description lacks.
    fn complete(&mut self, description: u32, cells: &[Span], from: &[u8], text: &mut Vec<u8>) {
        let start = description as usize * self.width();
        let ours = self.cells.get_mut(start..start + cells.len()).unwrap_or(&mut []);
        for (ours, theirs) in
            ours.iter_mut().zip(cells).filter(|(ours, theirs)| ours.is_absent() && !theirs.is_absent())
        {
            let start = text.len();
            text.extend_from_slice(theirs.bytes(from, &[]));
            *ours = Span::chunk(start, text.len());
        }
    }

    /// Adds a description of an identity, whose cells stand in `from`; answers both numbers. Only a new description is copied into `text`.
    fn add(
        &mut self,
        identity: &[u8],
        cells: &[Span],
        from: &[u8],
        text: &mut Vec<u8>,
        line: u64,
    ) -> Result<(u32, u32), Fatal> {
        let (number, new) = self.identities.intern(identity).ok_or_else(too_many)?;
        if !new {
            let first = self.first.get(number as usize).copied().unwrap_or_default();
            let variants = self.more.get(&number).map_or(&[][..], Vec::as_slice);
            let mut all = std::iter::once(first).chain(variants.iter().map(|variant| variant.description));
            if let Some(description) =
                all.find(|description| agree(self.description(*description), text, cells, from))
            {
                self.complete(description, cells, from, text);
                return Ok((number, description));
            }
        }
        let description = (self.cells.len() / self.width().max(1)) as u32;
        self.cells.resize(self.cells.len() + cells.len(), Span::ABSENT);
        self.complete(description, cells, from, text);
        if text.len() >= 1 << 31 {
            return Err(too_many());
        }
        if new {
            self.first.push(description);
        } else {
            self.more.entry(number).or_default().push(Variant { description, line });
        }
        Ok((number, description))
    }
}

/// Whether two descriptions contradict each other nowhere; a value that one of them lacks is no contradiction.
fn agree(ours: &[Span], text: &[u8], theirs: &[Span], from: &[u8]) -> bool {
    let same =
        |(a, b): (&Span, &Span)| a.is_absent() || b.is_absent() || a.bytes(text, &[]) == b.bytes(from, &[]);
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(same)
}

/// Canonical values of a range of items, made side by side with other ranges.
#[derive(Default)]
struct Resolved {
    text: Vec<u8>,
    /// For each item the cells of its release, then those of its recording.
    cells: Vec<Span>,
    identities: Vec<u8>,
    /// For each item where its release's and its recording's identity end.
    ends: Vec<(usize, usize)>,
    faults: Vec<(u64, Fault, bool)>,
}

impl Resolved {
    /// Resolves items, given as numbers in `keys`.
    fn of(items: &[u32], keys: &Keys, releases: &Shape, recordings: &Shape, decoder: &dyn Decode) -> Self {
        let mut resolved = Self::default();
        let mut columns = vec![None; Field::COUNT];
        for (column, slot) in releases.columns.iter().chain(&recordings.columns).enumerate() {
            if let Slot::Field(field) = slot
                && let Some(place) = columns.get_mut(field.index())
            {
                *place = Some(column);
            }
        }
        let width = releases.columns.len() + recordings.columns.len();
        let mut faults = Vec::new();
        for item in items {
            let first = resolved.cells.len();
            resolved.cells.resize(first + width, Span::ABSENT);
            let (text, cells) = (&mut resolved.text, &mut resolved.cells);
            runs_of(&keys.interner, *item, |runs| {
                let mut sink = |field: Field, value: &[u8]| {
                    let column = columns.get(field.index()).copied().flatten();
                    if let Some(cell) = column.and_then(|column| cells.get_mut(first + column)) {
                        let start = text.len();
                        text.extend_from_slice(value);
                        *cell = Span::chunk(start, text.len());
                    }
                };
                decoder.resolve(Dimension::Item, runs, &mut sink, &mut faults);
            });
            let cells = resolved.cells.get(first..).unwrap_or(&[]);
            let value = |field: Field| {
                let column = columns.get(field.index()).copied().flatten();
                let cell = column.and_then(|column| cells.get(column)).copied().unwrap_or(Span::ABSENT);
                (!cell.is_absent()).then(|| cell.bytes(&resolved.text, &[]))
            };
            let line = keys.first_line.get(*item as usize).copied().unwrap_or_default();
            for fault in faults.drain(..) {
                let withheld = value(fault.field).is_none();
                resolved.faults.push((line, fault, withheld));
            }
            release_identity(&value, &mut resolved.identities);
            let end = resolved.identities.len();
            recording_identity(&value, &mut resolved.identities);
            resolved.ends.push((end, resolved.identities.len()));
        }
        resolved
    }
}

/// Releases are told apart by ICPN, else GRid, else the service's id, else artist and title.
fn release_identity<'a>(value: &impl Fn(Field) -> Option<&'a [u8]>, out: &mut Vec<u8>) {
    if let Some(icpn) = value(Field::ICPN) {
        out.push(b'1');
        // A UPC and the EAN that begins with its zero are the same number (GS1), so all are fourteen digits here.
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
        threads: usize,
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
        for resolved in self.resolve(&order, &keys, decoder, threads)? {
            let (items, resolved) = resolved;
            self.describe(items, &resolved, &keys, &mut identities, report)?;
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

    /// Resolves items side by side; the answers come in the order of the items.
    fn resolve<'o>(
        &self,
        order: &'o [u32],
        keys: &Keys,
        decoder: &dyn Decode,
        threads: usize,
    ) -> Result<Vec<(&'o [u32], Resolved)>, Fatal> {
        let share = order.len().div_ceil(threads.max(1)).max(1024);
        let (releases, recordings) = (&self.releases.shape, &self.recordings.shape);
        std::thread::scope(|scope| {
            let workers: Vec<_> = order
                .chunks(share)
                .map(|items| {
                    (items, scope.spawn(move || Resolved::of(items, keys, releases, recordings, decoder)))
                })
                .collect();
            let joined =
                workers.into_iter().map(|(items, worker)| worker.join().map(|resolved| (items, resolved)));
            joined.collect::<Result<Vec<_>, _>>().map_err(|_| codes::bug("a worker stopped unexpectedly"))
        })
    }

    /// Gives resolved items their identities and descriptions.
    fn describe(
        &mut self,
        items: &[u32],
        resolved: &Resolved,
        keys: &Keys,
        identities: &mut [Described],
        report: &mut Report,
    ) -> Result<(), Fatal> {
        for (line, fault, withheld) in &resolved.faults {
            report.findings.push(finding(fault, Location::line(*line, 0)));
            if *withheld && fault.code.severity >= Severity::Warning {
                let subject = Subject::Field(fault.field);
                report.loss.add(
                    Change::Lost,
                    subject,
                    1,
                    Some(*line),
                    "the value is not valid and is left out",
                );
            }
        }
        let width = self.releases.width() + self.recordings.width();
        let mut start = 0;
        for ((item, (middle, end)), cells) in
            items.iter().zip(&resolved.ends).zip(resolved.cells.chunks(width.max(1)))
        {
            let line = keys.first_line.get(*item as usize).copied().unwrap_or_default();
            let identity = |from: usize, to: usize| resolved.identities.get(from..to).unwrap_or(&[]);
            let (of_release, of_recording) = cells.split_at(self.releases.width().min(cells.len()));
            let text = &mut self.text;
            let (release, release_description) =
                self.releases.add(identity(start, *middle), of_release, &resolved.text, text, line)?;
            let (recording, recording_description) =
                self.recordings.add(identity(*middle, *end), of_recording, &resolved.text, text, line)?;
            start = *end;
            if let Some(place) = identities.get_mut(*item as usize) {
                *place = Described { release, recording, release_description, recording_description };
            }
        }
        Ok(())
    }

    /// Chooses descriptions by the agreement's policy, reports conflicts, sorts and merges the totals.
    pub(crate) fn settle(
        &mut self,
        conflict: Conflict,
        threads: usize,
        report: &mut Report,
    ) -> Result<(), Fatal> {
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
        self.releases.renumber();
        self.recordings.renumber();
        let mut order: Vec<u32> = (0..self.contexts.len() as u32).collect();
        order.sort_by_key(|context| self.contexts.get(*context as usize));
        let context_ranks = inverse(&order);
        self.contexts =
            order.iter().filter_map(|context| self.contexts.get(*context as usize)).cloned().collect();
        // From here on a total holds ranks: sorting compares integers that lie side by side.
        let rank = |table: &[u32], index: u32| table.get(index as usize).copied().unwrap_or(u32::MAX);
        for total in &mut self.totals {
            total.release = rank(&self.releases.ranks, total.release);
            total.recording = rank(&self.recordings.ranks, total.recording);
            total.context = rank(&context_ranks, total.context);
        }
        sort(&mut self.totals, threads);
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

/// Sorts side by side: the median is found first, then each half is sorted by itself.
fn sort(totals: &mut [Total], threads: usize) {
    if threads < 2 || totals.len() < 1 << 14 {
        totals.sort_unstable();
        return;
    }
    let middle = totals.len() / 2;
    let (low, _, high) = totals.select_nth_unstable(middle);
    std::thread::scope(|scope| {
        scope.spawn(|| sort(low, threads / 2));
        sort(high, threads - threads / 2);
    });
}

/// The table that leads back.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut inverse = vec![0; order.len()];
    for (rank, number) in order.iter().enumerate() {
        if let Some(place) = inverse.get_mut(*number as usize) {
            *place = rank as u32;
        }
    }
    inverse
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
