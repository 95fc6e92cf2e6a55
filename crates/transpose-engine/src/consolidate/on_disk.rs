//! What was written to disk is put in order there: the same answers as
//! [`crate::consolidate::in_memory`], in bounded memory.
//!
//! The shards come back one after the other, and their items are described. Three sorts follow from
//! them: recordings by identity (to choose their descriptions), releases by identity (the same),
//! and groups by release, recording and usage kind. The chosen descriptions of recordings are
//! sorted once more, by release, so that at the end three sorted streams run side by side, and the
//! blocks come out in order.
//!
//! ```text
//!  shard 0 ┐            ┌▶ sort by release ─────────────────────────────────────────▶ releases
//!  shard 1 ├▶ describe ─┼▶ sort by recording ─▶ choose ─▶ sort by release, recording ▶ recordings
//!  …       ┘            └▶ sort by release, recording, usage kind ──────────────────▶ groups
//! ```
//!
//! An identity is written so that it is ordered as its bytes are and none is the beginning of
//! another.

use crate::aggregate::counter::CountedEvents;
use crate::aggregate::interner::Key as _;
use crate::aggregate::spill::{LoadedShard, SpilledGroups};
use crate::aggregate::table::{Group, SHARDS};
use crate::aggregate::totals::Totals;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::consolidate::describe::{Describer, Description};
use crate::consolidate::diagnostics::ItemDiagnostics;
use crate::consolidate::shapes::{Shapes, Side};
use crate::consolidate::variants::{Variant, Variants};
use crate::diagnostics;
use crate::scan::position::SourceLine;
use crate::storage::scratch::Scratch;
use crate::storage::sorter::{MergedRecords, SortedRecords, Sorter};
use crate::storage::varint::{put, put_text, signed, take, take_text, unsigned};
use std::borrow::Cow;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::EventDecoder;
use transpose_core::model::Shape;
use transpose_core::terms::ConflictPolicy;

/// What is needed to put things in order.
#[derive(Clone, Copy)]
pub(crate) struct ConsolidationPlan<'a> {
    pub(crate) decoders: &'a [&'a dyn EventDecoder],
    pub(crate) shapes: &'a Shapes,
    pub(crate) policy: ConflictPolicy,
    /// How much memory may be taken.
    pub(crate) budget: usize,
}

/// Everything on disk, in order.
pub(crate) struct SortedOnDisk<'a> {
    pub(crate) releases: SortedRecords<'a>,
    pub(crate) recordings: SortedRecords<'a>,
    pub(crate) groups: SortedRecords<'a>,
    pub(crate) sums: Totals,
    /// Which of several descriptions is reported.
    pub(crate) policy: ConflictPolicy,
}

/// Writes an identity so that written ones are ordered as they are, and none is the beginning of
/// another.
fn put_identity(identity: &[u8], out: &mut Vec<u8>) {
    for byte in identity {
        out.push(*byte);
        if *byte == 0 {
            out.push(u8::MAX);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

impl<'a> SortedOnDisk<'a> {
    /// Puts what was counted in order; `spill` takes what does not fit into memory.
    pub(crate) fn new(
        counted: &CountedEvents,
        spilled: &SpilledGroups,
        plan: &ConsolidationPlan<'_>,
        spill: &'a Scratch,
        item_diagnostics: &mut ItemDiagnostics,
    ) -> Result<Self, Fatal> {
        let share = plan.budget / 8;
        let mut sorters = Sorters {
            releases: Sorter::new(spill, share),
            recordings: Sorter::new(spill, share),
            groups: Sorter::new(spill, share),
            sums: Totals::new(&counted.usage_kinds),
            key: Vec::new(),
            value: Vec::new(),
        };
        let mut describer = Describer::new(plan.shapes);
        for shard in 0..SHARDS {
            let passes = spilled.passes(shard, plan.budget / 3);
            for pass in 0..passes {
                let loaded = spilled.load(shard, pass, passes, plan.policy == ConflictPolicy::Latest)?;
                sorters.add(&loaded, &counted.usage_kinds, &mut describer, plan, item_diagnostics)?;
            }
        }
        let Sorters { releases, recordings, groups, sums, .. } = sorters;
        let releases = releases.finish()?;
        let groups = groups.finish()?;
        let recordings =
            by_release(&recordings.finish()?, Sorter::new(spill, share), plan, item_diagnostics)?;
        // The diagnostics are wanted before anything is written; the descriptions are chosen again
        // when they are.
        let mut merge = releases.read()?;
        let mut identity = Vec::new();
        let shape = &plan.shapes.release;
        while let Some(mut variants) = next_identity(&mut merge, shape, &mut identity, |_| ())? {
            variants.note(Side::Release, plan.shapes, plan.policy, item_diagnostics);
        }
        Ok(Self { releases, recordings, groups, sums, policy: plan.policy })
    }

    /// Gives all groups to `each`, item by item and in the order of the output; `arrange` brings
    /// those of an item into the order of their rows.
    pub(crate) fn visit(
        &self,
        arrange: impl Fn(&mut [Group]),
        each: &mut dyn FnMut(&[Group]),
    ) -> Result<(), Fatal> {
        let mut stream = self.groups.read()?;
        let (mut key, mut groups) = (Vec::new(), Vec::new());
        loop {
            let Some((next, _)) = stream.peek()? else { return Ok(()) };
            let Some((item, _)) = next.split_last_chunk::<4>() else {
                return Err(diagnostics::damaged_scratch());
            };
            key.clear();
            key.extend_from_slice(item);
            groups.clear();
            read_item(&mut stream, &key, 0, &mut groups)?;
            arrange(&mut groups);
            each(&groups);
        }
    }
}

/// Adds the groups of the item with the given number, whose keys begin with `key`, in the order of
/// their kinds.
pub(crate) fn read_item(
    stream: &mut MergedRecords<'_>,
    key: &[u8],
    number: u32,
    groups: &mut Vec<Group>,
) -> Result<(), Fatal> {
    let begin = groups.len();
    while let Some((place, sums)) = stream.peek()? {
        let Some(place) = place.strip_prefix(key) else { break };
        let group = read_group(number, place, sums).ok_or_else(diagnostics::damaged_scratch)?;
        match groups.get_mut(begin..).and_then(<[Group]>::last_mut) {
            Some(last) if last.key == group.key => last.add(group)?,
            _ => groups.push(group),
        }
        stream.next()?;
    }
    Ok(())
}

fn read_group(item: u32, place: &[u8], mut sums: &[u8]) -> Option<Group> {
    let place = u32::from_be_bytes(place.try_into().ok()?);
    let (plays, micros) = (take(&mut sums)?, signed(take(&mut sums)?));
    Some(Group { key: u64::from(item) << 32 | u64::from(place), plays, micros })
}

struct Sorters<'a> {
    releases: Sorter<'a>,
    recordings: Sorter<'a>,
    groups: Sorter<'a>,
    sums: Totals,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Sorters<'_> {
    /// Describes the items of a shard and sorts what they are and what was counted.
    fn add(
        &mut self,
        loaded: &LoadedShard,
        usage_kinds: &UsageKinds,
        describer: &mut Describer,
        plan: &ConsolidationPlan<'_>,
        item_diagnostics: &mut ItemDiagnostics,
    ) -> Result<(), Fatal> {
        let LoadedShard { dictionary, groups } = loaded;
        let mut described = Vec::new();
        for of_item in groups.chunk_by(|a, b| a.item() == b.item()) {
            let Some(item) = of_item.first().map(|group| group.item()) else { continue };
            let Some(entry) = dictionary.entry(item) else {
                return Err(diagnostics::bug("a group without an item"));
            };
            let (joined, first) = (dictionary.joined(entry), entry.first().unwrap_or(u64::MAX));
            let decoder = plan.decoders.get(joined.space() as usize);
            let decoder = decoder.ok_or_else(|| diagnostics::bug("a key of no input"))?;
            described.clear();
            describer.describe(*decoder, joined, SourceLine(first), item_diagnostics, &mut described);
            let plays = of_item.iter().fold(0, |sum: u64, group| sum.saturating_add(group.plays));
            let (release, release_cells) = Description(&described).side(Side::Release);
            let (recording, recording_cells) = Description(&described).side(Side::Recording);
            self.begin(&[release], first.to_be_bytes().as_slice());
            self.value(release_cells, dictionary.last(item), plays);
            self.releases.push(&self.key, &self.value)?;
            self.begin(&[recording], first.to_be_bytes().as_slice());
            self.value(recording_cells, dictionary.last(item), plays);
            put_identity(release, &mut self.value);
            self.recordings.push(&self.key, &self.value)?;
            for group in of_item {
                let rank = usage_kinds.ranks.get(group.place() as usize >> 1).copied();
                let rank = rank.ok_or_else(|| diagnostics::bug("a group without a usage kind"))?;
                let ranked = Group { key: Group::ranked(0, rank, group.place() & 1 == 1), ..*group };
                self.sums.add(usage_kinds, ranked)?;
                self.begin(&[release, recording], &ranked.place().to_be_bytes());
                self.value.clear();
                put(group.plays, &mut self.value);
                put(unsigned(group.micros), &mut self.value);
                self.groups.push(&self.key, &self.value)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, identities: &[&[u8]], end: &[u8]) {
        self.key.clear();
        for identity in identities {
            put_identity(identity, &mut self.key);
        }
        self.key.extend_from_slice(end);
    }

    fn value(&mut self, cells: &[u8], last: u64, plays: u64) {
        self.value.clear();
        put_text(cells, &mut self.value);
        put(last, &mut self.value);
        put(plays, &mut self.value);
    }
}

/// The descriptions of the next identity, which is left in `identity`; `each` sees what follows the
/// description of each of its items.
pub(crate) fn next_identity(
    merge: &mut MergedRecords<'_>,
    shape: &Shape,
    identity: &mut Vec<u8>,
    mut each: impl FnMut(&[u8]),
) -> Result<Option<Variants<'static>>, Fatal> {
    let mut variants = Variants::new(shape);
    identity.clear();
    while let Some((key, value)) = merge.peek()? {
        let Some((name, first)) = key.split_last_chunk::<8>() else {
            return Err(diagnostics::damaged_scratch());
        };
        if identity.is_empty() {
            identity.extend_from_slice(name);
        } else if identity != name {
            break;
        }
        let mut rest = value;
        let cells = take_text(&mut rest).ok_or_else(diagnostics::damaged_scratch)?;
        let (last, plays) = (
            take(&mut rest).ok_or_else(diagnostics::damaged_scratch)?,
            take(&mut rest).ok_or_else(diagnostics::damaged_scratch)?,
        );
        each(rest);
        variants.add(Variant {
            cells: Cow::Owned(cells.to_vec()),
            first: SourceLine(u64::from_be_bytes(*first)),
            last: SourceLine(last),
            plays,
        });
        merge.next()?;
    }
    Ok((!identity.is_empty()).then_some(variants))
}

/// Chooses the descriptions of recordings and sorts them by the releases that they are on.
fn by_release<'a>(
    recordings: &SortedRecords<'_>,
    mut sorter: Sorter<'a>,
    plan: &ConsolidationPlan<'_>,
    item_diagnostics: &mut ItemDiagnostics,
) -> Result<SortedRecords<'a>, Fatal> {
    let mut merge = recordings.read()?;
    let (mut identity, mut key) = (Vec::new(), Vec::new());
    let mut releases: Vec<Vec<u8>> = Vec::new();
    loop {
        releases.clear();
        let each = |release: &[u8]| {
            if releases.last().is_none_or(|last| last != release) {
                releases.push(release.to_vec());
            }
        };
        let Some(mut variants) = next_identity(&mut merge, &plan.shapes.recording, &mut identity, each)?
        else {
            return sorter.finish();
        };
        variants.note(Side::Recording, plan.shapes, plan.policy, item_diagnostics);
        let cells = variants.choose(plan.policy);
        for release in &releases {
            key.clear();
            key.extend_from_slice(release);
            key.extend_from_slice(&identity);
            sorter.push(&key, &cells)?;
        }
    }
}
