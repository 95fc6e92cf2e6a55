//! Groups: how often and how long each item was used in each sales context.
//!
//! Groups lie in shards by the hash of their item. Workers gather what they have counted and bring
//! it to a shard many rows at a time, so that a lock is taken rarely, and the memory of the shard
//! is asked for before it is needed.

use crate::aggregate::interner::prefetch;
use crate::diagnostics;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use transpose_core::diagnostics::Fatal;
use transpose_sync::lock;

/// How many shards there are.
pub(crate) const SHARDS: usize = 64;

/// The shard of an item, by its hash. These bits choose neither a slot of the dictionary nor the
/// pass of a spilled shard.
#[inline]
pub(crate) fn shard(hash: u64) -> usize {
    (hash >> 58) as usize
}

/// How many rows a worker gathers for a shard.
const GATHERED: usize = 128;

/// Plays and time of one item in one usage kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The number of the item, then that of the usage kind, then whether royalties are due. Once
    /// usage kinds are in order: the item, the rank of the usage kind, whether royalties are due,
    /// whether it is of returns.
    pub(crate) key: u64,
    pub(crate) plays: u64,
    pub(crate) micros: i64,
}

const EMPTY: Group = Group { key: u64::MAX, plays: 0, micros: 0 };

impl Group {
    /// The key of an item in a usage kind, as rows are counted.
    #[inline]
    pub(crate) fn key(item: u32, usage_kind: u32, bearing: bool) -> u64 {
        u64::from(item) << 32 | u64::from(usage_kind) << 1 | u64::from(bearing)
    }

    /// The key of an item in a usage kind whose rank is known.
    #[inline]
    pub(crate) fn ranked(item: u32, rank: u32, bearing: bool) -> u64 {
        u64::from(item) << 32 | u64::from(rank) | u64::from(bearing) << 1
    }

    /// The item.
    pub(crate) fn item(self) -> u32 {
        (self.key >> 32) as u32
    }

    /// The usage kind, with whether royalties are due as the lowest bit.
    pub(crate) fn place(self) -> u32 {
        self.key as u32
    }

    /// Of a ranked group whether royalties are due.
    pub(crate) fn bearing(self) -> bool {
        self.key & 2 != 0
    }

    /// Of a ranked group whether it is of returns.
    pub(crate) fn returned(self) -> bool {
        self.key & 1 != 0
    }

    /// Of a ranked group the kind of its usages: the place of its usage kind, and whether royalties
    /// are due as the lowest bit.
    pub(crate) fn kind(self) -> u32 {
        self.key as u32 >> 1
    }

    /// Adds what another worker has counted.
    #[inline]
    pub(crate) fn add(&mut self, other: Self) -> Result<(), Fatal> {
        self.plays = self.plays.checked_add(other.plays).ok_or_else(|| diagnostics::overflow("plays"))?;
        self.micros =
            self.micros.checked_add(other.micros).ok_or_else(|| diagnostics::overflow("durations"))?;
        Ok(())
    }
}

/// Adds up neighbours with equal keys.
pub(crate) fn merge(groups: &mut Vec<Group>) -> Result<(), Fatal> {
    let mut failed = None;
    groups.dedup_by(|later, kept| {
        let same = later.key == kept.key;
        if same && let Err(fatal) = kept.add(*later) {
            failed = Some(fatal);
        }
        same
    });
    failed.map_or(Ok(()), Err)
}

/// Plays or sales of groups of one kind, less returns.
pub(crate) fn net(groups: &[Group]) -> i128 {
    groups.iter().fold(0, |net, group| {
        let plays = i128::from(group.plays);
        if group.returned() { net - plays } else { net + plays }
    })
}

/// The groups of one shard: a table with open addressing.
#[derive(Default)]
pub(crate) struct Shard {
    slots: Vec<Group>,
    len: usize,
}

impl Shard {
    /// The groups, in no order.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> {
        self.slots.iter().copied().filter(|group| group.key != u64::MAX)
    }

    /// The groups, sorted, in the memory of the table.
    pub(crate) fn into_sorted(mut self) -> Vec<Group> {
        self.slots.retain(|group| group.key != u64::MAX);
        self.slots.sort_unstable_by_key(|group| group.key);
        self.slots
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn slot(&self, key: u64) -> usize {
        // Numbers of items count up from zero; the product spreads them, and its upper half is the
        // better one.
        let mixed = u128::from(key ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        (mixed as u64 ^ (mixed >> 64) as u64) as usize & (self.slots.len() - 1)
    }

    /// Adds groups; answers by how many bytes it grew.
    pub(crate) fn add_all(&mut self, groups: &[Group]) -> Result<usize, Fatal> {
        let before = self.slots.len();
        for batch in groups.chunks(16) {
            // At most three quarters are in use, so that a search always ends.
            if (self.len + batch.len()) * 4 > self.slots.len() * 3 {
                self.grow();
            }
            for group in batch {
                prefetch(self.slots.get(self.slot(group.key)));
            }
            for group in batch {
                self.add(*group)?;
            }
        }
        Ok((self.slots.len() - before) * size_of::<Group>())
    }

    #[inline]
    fn add(&mut self, group: Group) -> Result<(), Fatal> {
        let mask = self.slots.len() - 1;
        let mut slot = self.slot(group.key);
        while let Some(place) = self.slots.get_mut(slot) {
            if place.key == group.key {
                return place.add(group);
            }
            if place.key == u64::MAX {
                *place = group;
                self.len += 1;
                return Ok(());
            }
            slot = (slot + 1) & mask;
        }
        Err(diagnostics::bug("a table without a free place"))
    }

    fn grow(&mut self) {
        let more = (self.slots.len() * 2).max(64);
        let before = std::mem::replace(&mut self.slots, vec![EMPTY; more]);
        let mask = more - 1;
        for group in before.into_iter().filter(|group| group.key != u64::MAX) {
            let mut slot = self.slot(group.key);
            while self.slots.get(slot).is_some_and(|place| place.key != u64::MAX) {
                slot = (slot + 1) & mask;
            }
            if let Some(place) = self.slots.get_mut(slot) {
                *place = group;
            }
        }
    }
}

/// All groups.
pub(crate) struct Groups {
    shards: Vec<Mutex<Shard>>,
    bytes: AtomicUsize,
}

impl Default for Groups {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), bytes: AtomicUsize::new(0) }
    }
}

impl Groups {
    /// How much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Takes a shard away.
    pub(crate) fn take(&self, shard: usize) -> Shard {
        self.shards.get(shard).map(|shard| std::mem::take(&mut *lock(shard))).unwrap_or_default()
    }

    /// Looks at a shard.
    pub(crate) fn with<T>(&self, shard: usize, look: impl FnOnce(&Shard) -> T) -> Option<T> {
        self.shards.get(shard).map(|shard| look(&lock(shard)))
    }

    fn add(&self, shard: usize, groups: &[Group]) -> Result<(), Fatal> {
        let Some(table) = self.shards.get(shard) else {
            return Err(diagnostics::bug("a group without a shard"));
        };
        let grown = lock(table).add_all(groups)?;
        self.bytes.fetch_add(grown, Ordering::Relaxed);
        Ok(())
    }
}

/// What one worker has counted and not yet brought to the groups.
pub(crate) struct GroupBuffer(Vec<Vec<Group>>);

impl Default for GroupBuffer {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Vec::new()).collect())
    }
}

impl GroupBuffer {
    /// How much memory a worker may take for this.
    pub(crate) const BYTES: usize = SHARDS * GATHERED * size_of::<Group>();

    /// Adds a row.
    #[inline]
    pub(crate) fn push(&mut self, shard: usize, group: Group, groups: &Groups) -> Result<(), Fatal> {
        let Some(gathered) = self.0.get_mut(shard) else {
            return Err(diagnostics::bug("a row without a shard"));
        };
        gathered.push(group);
        if gathered.len() >= GATHERED {
            groups.add(shard, gathered)?;
            gathered.clear();
        }
        Ok(())
    }

    /// Brings everything to the groups.
    pub(crate) fn flush(&mut self, groups: &Groups) -> Result<(), Fatal> {
        for (shard, gathered) in self.0.iter_mut().enumerate() {
            groups.add(shard, gathered)?;
            gathered.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn sums_are_those_of_a_map() {
        let groups = Groups::default();
        let mut gathered = GroupBuffer::default();
        let mut expected: HashMap<u64, (u64, i64)> = HashMap::new();
        let mut random = 1_u64;
        for _ in 0..100_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let item = (random >> 40) as u32 % 5000;
            let key = Group::key(item, (random >> 33) as u32 % 7, random >> 32 & 1 == 1);
            let group =
                Group { key, plays: 1 + (random >> 60), micros: i64::from((random >> 50) as u16) - 900 };
            let sum = expected.entry(key).or_default();
            *sum = (sum.0 + group.plays, sum.1 + group.micros);
            gathered.push(item as usize % SHARDS, group, &groups).unwrap();
        }
        gathered.flush(&groups).unwrap();
        assert_eq!(groups.len(), expected.len());
        assert!(groups.bytes() >= expected.len() * size_of::<Group>());
        let mut seen = 0;
        for shard in 0..SHARDS {
            for group in groups.take(shard).groups() {
                assert_eq!(group.item() as usize % SHARDS, shard);
                assert_eq!(expected[&group.key], (group.plays, group.micros));
                seen += 1;
            }
        }
        assert_eq!(seen, expected.len());
    }

    #[test]
    fn a_sum_out_of_range_is_refused() {
        let groups = Groups::default();
        let group = Group { key: 5, plays: u64::MAX, micros: 0 };
        groups.add(0, &[group]).unwrap();
        assert!(groups.add(0, &[group]).is_err());
        let long = Group { key: 6, plays: 1, micros: i64::MIN };
        groups.add(0, &[long]).unwrap();
        assert!(groups.add(0, &[long]).is_err());
    }
}
