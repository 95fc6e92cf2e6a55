//! The entities of a block: which record each takes, how they refer to each other, and the order in
//! which they are written.

use super::Writer;
use super::target::{Plan, column, text_of};
use crate::diagnostics;
use crate::options::WorkDetails;
use hashbrown::HashMap;
use transpose_core::diagnostics::Code;
use transpose_core::model::{Block, Cell, EntityRef, Group};
use transpose_records::escape;
use transpose_records::grammar::State;
use transpose_records::write;

/// An entity of a block.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) entity: EntityRef<'a>,
    pub(super) plan: &'a Plan,
    /// The record that it takes; none where the version has none for it.
    pub(super) target: Option<u16>,
    /// What it belongs to: its parent where it has one of the right kind, else the only one that
    /// can be meant.
    pub(super) parent: Option<u32>,
    /// Whether it is a sub-release.
    pub(super) sub: bool,
    /// For recordings whether works of the block belong to it, for usages whether allocations do.
    pub(super) followed: bool,
    /// Where its escaped reference is in the texts of the block.
    reference: (u32, u32),
    /// Whether it is on a single record.
    pub(super) written: bool,
}

/// The entities of a block in the order of the source, and the order in which they are written.
#[derive(Default)]
pub(super) struct Items<'a> {
    pub(super) all: Vec<Item<'a>>,
    pub(super) order: Vec<u32>,
    /// The head release.
    pub(super) release: Option<u32>,
    /// The recording with which everything is written, where a block is divided.
    pub(super) part: Option<u32>,
    /// How many recordings there are, and the last of them.
    pub(super) recordings: usize,
    recording: Option<u32>,
    pub(super) usages: u64,
    /// Which usage each allocation belongs to, sorted.
    allocations: Vec<(u32, u32)>,
    /// Which recording each work belongs to, sorted.
    works: Vec<(u32, u32)>,
    /// Recordings by their own references; made where sub-releases are looked into.
    names: Option<HashMap<&'a [u8], u32, foldhash::fast::RandomState>>,
    texts: Vec<u8>,
}

impl Item<'_> {
    /// Whether a recording takes the record without work details: works follow it, or nothing is
    /// known of its work and the version lets it be alone.
    fn is_bare(&self, writer: &Writer) -> bool {
        let works = &self.plan.special.works;
        let bare = || match writer.work_details {
            WorkDetails::Auto => !works.iter().any(|at| column(self.entity, Some(*at)).is_some()),
            WorkDetails::Always => false,
            WorkDetails::Never => true,
        };
        self.followed || (writer.lone && (self.plan.plain || bare()))
    }
}

impl<'a> Items<'a> {
    fn clear(&mut self) {
        self.all.clear();
        self.order.clear();
        self.release = None;
        self.part = None;
        self.recordings = 0;
        self.recording = None;
        self.usages = 0;
        self.allocations.clear();
        self.works.clear();
        self.names = None;
        self.texts.clear();
    }

    pub(super) fn get(&self, index: Option<u32>) -> Option<&Item<'a>> {
        self.all.get(index? as usize)
    }

    /// The escaped reference of an item; empty where it has none.
    pub(super) fn reference(&self, item: &Item<'_>) -> &[u8] {
        let (start, end) = item.reference;
        self.texts.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// The only recording.
    pub(super) fn only(&self) -> Option<u32> {
        self.recording.filter(|_| self.recordings == 1)
    }

    /// The first work of a recording or of an allocation.
    pub(super) fn work_of(&self, owner: u32) -> Option<u32> {
        let start = self.works.partition_point(|(of, _)| *of < owner);
        self.works.get(start).filter(|(of, _)| *of == owner).map(|(_, work)| *work)
    }

    /// Whether an item is a work that belongs to an allocation.
    fn is_of_allocation(&self, item: &Item<'_>) -> bool {
        item.plan.group == Group::Work
            && self.get(item.parent).is_some_and(|parent| parent.plan.group == Group::Allocation)
    }

    /// The recording that an item belongs to, through whatever lies between.
    pub(super) fn recording_of(&self, item: &Item<'_>) -> Option<u32> {
        let mut owner = item.parent;
        // A controller, its work, the allocation, the usage: nothing lies deeper.
        for _ in 0..4 {
            match self.get(owner) {
                Some(found) if found.plan.group == Group::Recording => return owner,
                Some(found) => owner = found.parent,
                None => break,
            }
        }
        self.only()
    }

    /// The allocations of a usage.
    pub(super) fn allocations_of(&self, usage: u32) -> &[(u32, u32)] {
        let start = self.allocations.partition_point(|(of, _)| *of < usage);
        let end = self.allocations.partition_point(|(of, _)| *of <= usage);
        self.allocations.get(start..end).unwrap_or(&[])
    }

    /// Takes over the entities of a block; the error is what is wrong with it.
    pub(super) fn fill(&mut self, writer: &'a Writer, block: Block<'a>) -> Result<(), &'static Code> {
        self.clear();
        let (mut related, mut named) = (false, false);
        for (index, entity) in block.entities().enumerate() {
            let Some(plan) = writer.plans.get(entity.shape_index()) else {
                return Err(&diagnostics::NO_ITEM);
            };
            let mut item = Item {
                entity,
                plan,
                target: plan.kept.or(plan.first),
                parent: entity.parent().map(|parent| parent as u32),
                sub: false,
                followed: false,
                reference: (0, 0),
                written: false,
            };
            named |= plan.special.reference.is_some();
            match plan.group {
                Group::Release if plan.sub || column(entity, plan.special.used).is_some() => {
                    item.sub = true;
                    item.target = plan.second;
                }
                Group::Release if self.release.is_some() => return Err(&diagnostics::SEVERAL_RELEASES),
                Group::Release => self.release = Some(index as u32),
                Group::Recording => {
                    self.recordings += 1;
                    self.recording = Some(index as u32);
                }
                Group::Usage => {
                    self.usages += 1;
                    item.target = plan.kept.or_else(|| writer.usage_target(plan, entity));
                }
                Group::Work
                | Group::Controller
                | Group::Cue
                | Group::Claim
                | Group::Embodiment
                | Group::Allocation
                | Group::Split
                | Group::Opaque => related = true,
                Group::Header | Group::Context | Group::Event => return Err(&diagnostics::NO_ITEM),
            }
            self.all.push(item);
        }
        if related {
            self.relate()?;
        }
        for item in self.all.iter_mut().filter(|item| item.plan.group == Group::Recording) {
            if item.plan.kept.is_none() && item.is_bare(writer) {
                item.target = item.plan.second;
            }
        }
        self.name(writer, named);
        Ok(())
    }

    /// Finds what everything belongs to that is neither a release nor a recording nor a usage.
    fn relate(&mut self) -> Result<(), &'static Code> {
        let only = self.only();
        let mut usage = None;
        for index in 0..self.all.len() {
            let Some(mut item) = self.all.get(index).copied() else { continue };
            let parent = self.get(item.parent).map(|parent| parent.plan.group);
            match item.plan.group {
                Group::Work => {
                    // In older versions a work may be what the rights controller before it says.
                    let fits = matches!(parent, Some(Group::Recording | Group::Allocation));
                    item.parent = item.parent.filter(|_| fits).or(only);
                    let Some(owner) = item.parent else { return Err(&diagnostics::NO_ITEM) };
                    self.works.push((owner, index as u32));
                    if let Some(owner) = self.all.get_mut(owner as usize) {
                        owner.followed = true;
                    }
                }
                Group::Controller | Group::Cue | Group::Claim | Group::Embodiment if parent.is_none() => {
                    item.parent = only;
                }
                Group::Usage => usage = Some(index as u32),
                Group::Allocation | Group::Split => {
                    item.parent = item.parent.filter(|_| parent == Some(Group::Usage)).or(usage);
                    if let Some(of) = item.parent.filter(|_| item.plan.group == Group::Allocation) {
                        self.allocations.push((of, index as u32));
                        if let Some(usage) = self.all.get_mut(of as usize) {
                            usage.followed = true;
                        }
                    }
                }
                _ => {}
            }
            if let Some(kept) = self.all.get_mut(index) {
                kept.parent = item.parent;
            }
        }
        self.allocations.sort_unstable();
        self.works.sort_unstable();
        Ok(())
    }

    /// Gives every release and recording its reference, and every work where the version demands
    /// one: its own, else a letter and a number that no other has (ARCH-55).
    fn name(&mut self, writer: &Writer, named: bool) {
        let mut taken = [0; 3];
        if named {
            for item in &mut self.all {
                let Some((letter, taken)) = series(item.plan.group, &mut taken) else { continue };
                let Some(own) = column(item.entity, item.plan.special.reference) else { continue };
                let start = self.texts.len() as u32;
                escape::encode_as(own, writer.head.escapes, &mut self.texts);
                item.reference = (start, self.texts.len() as u32);
                *taken = number(letter, own).max(*taken);
            }
        }
        for item in &mut self.all {
            let Some((letter, taken)) = series(item.plan.group, &mut taken) else { continue };
            if item.reference.0 < item.reference.1 || (item.plan.group == Group::Work && !writer.names_works)
            {
                continue;
            }
            *taken += 1;
            let start = self.texts.len() as u32;
            self.texts.push(letter);
            write::whole(*taken, &mut self.texts);
            item.reference = (start, self.texts.len() as u32);
        }
    }

    /// Puts the items into an order that the version knows: that of the source, else the first
    /// known one that fits. Answers whether any did.
    pub(super) fn arrange(&mut self, writer: &Writer) -> bool {
        self.order.clear();
        let part = self.part;
        let belongs = |index: &u32| part.is_none() || self.is_of_part(*index);
        let order: Vec<u32> = (0..self.all.len() as u32).filter(belongs).collect();
        self.order = order;
        if self.is_accepted(writer) {
            return true;
        }
        for item in self.all.iter_mut().filter(|item| item.plan.group == Group::Recording) {
            let plain = item.is_bare(writer);
            // A website stays one.
            let other = |target| [item.plan.first, item.plan.second].contains(&Some(target));
            if item.target.is_some_and(other) {
                item.target = if plain { item.plan.second } else { item.plan.first };
            }
        }
        if self.follow_fashions(writer) {
            return true;
        }
        let of_allocations: Vec<usize> = (0..self.all.len())
            .filter(|index| self.all.get(*index).is_some_and(|item| self.is_of_allocation(item)))
            .collect();
        if of_allocations.is_empty() {
            return false;
        }
        // Only older versions have a place for what a rights controller says about the work.
        for index in of_allocations {
            if let Some(item) = self.all.get_mut(index) {
                item.target = None;
            }
        }
        self.follow_fashions(writer)
    }

    /// Tries the known orders; leaves the first where none fits.
    fn follow_fashions(&mut self, writer: &Writer) -> bool {
        for fashion in FASHIONS {
            self.sort(fashion);
            if self.is_accepted(writer) {
                return true;
            }
        }
        self.sort(FASHIONS[0]);
        false
    }

    fn is_accepted(&self, writer: &Writer) -> bool {
        let mut state: Option<State> = Some(writer.order.start());
        for index in &self.order {
            let target = self.get(Some(*index)).and_then(|item| writer.target(item.target));
            if let Some(target) = target {
                state = state.and_then(|state| writer.order.step(state, target.symbol?));
            }
        }
        state.is_some_and(|state| writer.order.accepts(state))
    }

    /// Whether an item is written with the recording that is asked for: the release is with each.
    fn is_of_part(&self, index: u32) -> bool {
        self.get(Some(index)).is_some_and(|item| match item.plan.group {
            Group::Release => true,
            Group::Recording => self.part == Some(index),
            _ => self.recording_of(item) == self.part,
        })
    }

    /// The recordings that the block of a release can be divided by: everything else belongs to one
    /// of them, and the entities were made here.
    pub(super) fn divisible(&self) -> Vec<u32> {
        let divides = |item: &Item<'_>| match item.plan.group {
            Group::Release => !item.sub,
            Group::Recording => true,
            _ => self.recording_of(item).is_some(),
        };
        let made = |item: &Item<'_>| item.plan.kept.is_none() && item.plan.group != Group::Opaque;
        if self.release.is_none()
            || self.recordings < 2
            || !self.all.iter().all(|item| divides(item) && made(item))
        {
            return Vec::new();
        }
        let is_recording =
            |index: &u32| self.get(Some(*index)).is_some_and(|item| item.plan.group == Group::Recording);
        (0..self.all.len() as u32).filter(is_recording).collect()
    }

    fn sort(&mut self, fashion: BlockArrangement) {
        let mut last = Key::default();
        let mut keys: Vec<(Key, u32)> = Vec::with_capacity(self.all.len());
        for (index, item) in self.all.iter().enumerate() {
            if self.part.is_some() && !self.is_of_part(index as u32) {
                continue;
            }
            // What two parties agreed on stays behind what it was behind.
            if item.plan.group != Group::Opaque {
                last = self.key(index as u32, item, fashion);
            }
            keys.push((last, index as u32));
        }
        keys.sort_unstable();
        self.order.clear();
        self.order.extend(keys.into_iter().map(|(_, index)| index));
    }

    fn key(&self, index: u32, item: &Item<'_>, fashion: BlockArrangement) -> Key {
        let owner = item.parent.unwrap_or(0);
        let behind = |recording: u32, place: u8, sub: u32, part: u8| {
            [1, recording, place.into(), sub, part.into(), index]
        };
        match item.plan.group {
            Group::Release if item.sub => [2, 0, 0, 0, 0, index],
            Group::Release => [0; 6],
            Group::Recording => behind(index, 0, 0, 0),
            Group::Claim if item.plan.is_unclaimed => behind(owner, 1, 0, 0),
            Group::Work if self.is_of_allocation(item) => match self.get(item.parent) {
                Some(allocation) => {
                    let [group, recording, place, usage, part, _] = self.key(owner, allocation, fashion);
                    [group, recording, place, usage, part, index]
                }
                None => [5, 0, 0, 0, 0, index],
            },
            Group::Work => behind(owner, 2, index, 0),
            Group::Controller => match self.get(item.parent) {
                Some(work) if work.plan.group == Group::Work => {
                    let recording = work.parent.unwrap_or(0);
                    if fashion.works_first {
                        behind(recording, 3, 0, 0)
                    } else {
                        behind(recording, 2, owner, 1)
                    }
                }
                _ => behind(owner, 3, 1, 0),
            },
            Group::Cue => behind(owner, 4, 0, 0),
            Group::Claim => behind(owner, 5, 0, 0),
            Group::Embodiment if fashion.usages_follow => behind(owner, 6, 0, 0),
            Group::Embodiment => [3, 0, 0, 0, 0, index],
            Group::Usage | Group::Allocation | Group::Split => {
                let part = match item.plan.group {
                    Group::Usage => 0,
                    Group::Allocation => 1,
                    _ => 2,
                };
                let usage = if part == 0 { index } else { owner };
                let used = self.get(Some(usage)).and_then(|usage| usage.parent);
                match used.filter(|_| fashion.usages_follow) {
                    Some(recording) => behind(recording, 7, usage, part),
                    None => [4, 0, 0, usage, part.into(), index],
                }
            }
            Group::Opaque | Group::Header | Group::Context | Group::Event => [5, 0, 0, 0, 0, index],
        }
    }

    /// The recording with the given reference of its own.
    pub(super) fn called(&mut self, reference: &[u8]) -> Option<u32> {
        let all = &self.all;
        let names = self.names.get_or_insert_with(|| {
            let recordings = all.iter().enumerate().filter(|(_, item)| item.plan.group == Group::Recording);
            let named = recordings.filter_map(|(index, item)| {
                Some((column(item.entity, item.plan.special.reference)?, index as u32))
            });
            named.collect()
        });
        names.get(reference).copied()
    }

    /// The resources in a sub-release, by reference.
    pub(super) fn used(item: &Item<'a>) -> Option<Cell<'a>> {
        item.plan.special.used.map(|at| item.entity.cell(at)).filter(|cell| text_of(*cell).is_some())
    }
}

/// A place in a block, compared from left to right.
type Key = [u32; 6];

/// A way to order a block that some versions know.
#[derive(Clone, Copy)]
struct BlockArrangement {
    /// All works of a recording come before the parties that control them.
    works_first: bool,
    /// Usages are behind the recording that was used, not behind all of them.
    usages_follow: bool,
}

const FASHIONS: [BlockArrangement; 4] = [
    BlockArrangement { works_first: false, usages_follow: false },
    BlockArrangement { works_first: true, usages_follow: false },
    BlockArrangement { works_first: false, usages_follow: true },
    BlockArrangement { works_first: true, usages_follow: true },
];

/// The letter of the references of a kind, and the last number that was given.
fn series(group: Group, taken: &mut [u64; 3]) -> Option<(u8, &mut u64)> {
    let [release, recording, work] = taken;
    match group {
        Group::Release => Some((b'R', release)),
        Group::Recording => Some((b'A', recording)),
        Group::Work => Some((b'W', work)),
        _ => None,
    }
}

/// The number behind the letter; 0 where the reference is not of that form.
fn number(letter: u8, reference: &[u8]) -> u64 {
    let Some((first, digits)) = reference.split_first() else { return 0 };
    if *first != letter || digits.is_empty() || digits.len() > 18 {
        return 0;
    }
    digits
        .iter()
        .try_fold(0_u64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
        .unwrap_or(0)
}
