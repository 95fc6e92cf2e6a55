//! What does not fit into memory goes to disk, and comes back shard by shard.
//!
//! When a [`CountingState`] is full, its items and groups are written out: the shards of the groups
//! are shards here too, each item followed by its groups. A key that appears again later is written
//! again. When everything was read, each shard comes back as one small dictionary with its groups,
//! in which equal keys meet again; a shard that is too large comes in several passes.
//!
//! ```text
//!  state 1, full          state 2, full                 spill file
//!  ┌ shard 0: items,  ┐   ┌ shard 0: items,  ┐  write   ┌──────┬──────┬───┬──────┬──────┬───┐
//!  │          groups  │   │          groups  │ ───────▶ │ 0 of │ 1 of │ … │ 0 of │ 1 of │ … │
//!  │ shard 1 …        │   │ shard 1 …        │          │  1   │  1   │   │  2   │  2   │   │
//!  └──────────────────┘   └──────────────────┘          └──┬───┴──────┴───┴──┬───┴──────┴───┘
//!                                                          └──── load(0) ────┘
//!                                                one dictionary, equal keys once, groups added up
//! ```

use crate::aggregate::interner::{Interner, JoinedKey, NONE};
use crate::aggregate::state::CountingState;
use crate::aggregate::table::{Group, SHARDS, merge};
use crate::diagnostics;
use crate::scan::ordered::parallel_map;
use crate::storage::scratch::{Extent, FrameReader, FrameWriter, Scratch};
use crate::storage::varint::{put, put_text, signed, take, take_text, unsigned};
use std::path::Path;
use std::sync::Mutex;
use transpose_core::diagnostics::Fatal;
use transpose_sync::{lock, unpoisoned};

/// The least memory of a pass.
const PASS: usize = 256 * 1024;

/// Counting states on disk.
pub(crate) struct SpilledGroups {
    spill: Scratch,
    shards: Mutex<Vec<SpilledShard>>,
}

/// Where a shard lies, and how much memory it takes when it comes back.
#[derive(Clone, Default)]
struct SpilledShard {
    extents: Vec<Extent>,
    memory: u64,
}

/// A shard, or one pass of it, in memory again.
pub(crate) struct LoadedShard {
    pub(crate) dictionary: Interner,
    /// Sorted by item.
    pub(crate) groups: Vec<Group>,
}

impl SpilledGroups {
    pub(crate) fn create(folder: &Path) -> Result<Self, Fatal> {
        Ok(Self {
            spill: Scratch::create(folder)?,
            shards: Mutex::new(vec![SpilledShard::default(); SHARDS]),
        })
    }

    /// Writes a state. Nobody else may be counting in it.
    pub(crate) fn write(&self, state: CountingState, threads: usize) -> Result<(), Fatal> {
        for gathered in &state.gathered {
            lock(gathered).flush(&state.groups)?;
        }
        let CountingState { dictionary, groups, .. } = state;
        let dictionary = unpoisoned(dictionary.into_inner());
        parallel_map(threads, (0..SHARDS).collect(), Vec::new, |frame: &mut Vec<u8>, number| {
            let mut writer = FrameWriter::new(&self.spill);
            let mut memory = 0;
            for of_item in groups.take(number).into_sorted().chunk_by(|a, b| a.item() == b.item()) {
                let item = of_item.first().map_or(NONE, |group| group.item());
                let Some(entry) = dictionary.entry(item) else {
                    return Err(diagnostics::bug("a group without an item"));
                };
                let key = dictionary.joined(entry).0;
                frame.clear();
                frame.extend_from_slice(&entry.hash.to_le_bytes());
                put(entry.first().unwrap_or(u64::MAX), frame);
                put(dictionary.last(item), frame);
                put_text(key, frame);
                for group in of_item {
                    put(u64::from(group.place()), frame);
                    put(group.plays, frame);
                    put(unsigned(group.micros), frame);
                }
                memory += Interner::memory(key.len()) + size_of_val(of_item);
                writer.frame(&[frame])?;
            }
            let extents = writer.finish()?;
            if let Some(shard) = lock(&self.shards).get_mut(number) {
                shard.extents.extend(extents);
                shard.memory += memory as u64;
            }
            Ok(())
        })
        .map(drop)
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.spill.bytes()
    }

    /// In how many passes a shard has to come back if a pass may take this much memory. A shard is
    /// read anew for each pass, so passes are not made as small as a limit may ask.
    pub(crate) fn passes(&self, shard: usize, allowance: usize) -> u64 {
        let memory = lock(&self.shards).get(shard).map_or(0, |shard| shard.memory);
        memory.div_ceil(allowance.max(PASS) as u64).max(1)
    }

    /// Brings one pass of a shard back.
    pub(crate) fn load(
        &self,
        shard: usize,
        pass: u64,
        passes: u64,
        latest: bool,
    ) -> Result<LoadedShard, Fatal> {
        let extents = lock(&self.shards).get(shard).map(|shard| shard.extents.clone()).unwrap_or_default();
        let mut reader = FrameReader::new(&self.spill, &extents);
        let mut loaded = LoadedShard { dictionary: Interner::new(latest), groups: Vec::new() };
        while let Some(frame) = reader.next()? {
            let Some((hash, rest)) = frame.split_first_chunk::<8>() else {
                return Err(diagnostics::damaged_scratch());
            };
            let hash = u64::from_le_bytes(*hash);
            // Bits that choose neither the shard nor, mostly, a slot of the dictionary.
            if (hash >> 32) % passes == pass {
                loaded.add(hash, rest).ok_or_else(diagnostics::damaged_scratch)?;
            }
        }
        loaded.groups.sort_unstable_by_key(|group| group.key);
        merge(&mut loaded.groups)?;
        Ok(loaded)
    }
}

impl LoadedShard {
    fn add(&mut self, hash: u64, mut rest: &[u8]) -> Option<()> {
        let (first, last) = (take(&mut rest)?, take(&mut rest)?);
        let key = JoinedKey(take_text(&mut rest)?);
        let mut item = self.dictionary.find_one(hash, &key);
        if item == NONE {
            item = self.dictionary.insert(hash, &key, None)?;
        }
        let entry = self.dictionary.entry(item)?;
        self.dictionary.note_row(item, entry, first);
        self.dictionary.note_row(item, entry, last.max(first));
        while !rest.is_empty() {
            let (place, plays) = (take(&mut rest)? as u32, take(&mut rest)?);
            let micros = signed(take(&mut rest)?);
            self.groups.push(Group { key: Group::key(item, place >> 1, place & 1 == 1), plays, micros });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::interner::{Key, hash};
    use crate::aggregate::table::shard;
    use foldhash::fast::RandomState;
    use std::collections::BTreeMap;

    struct Name(String);

    impl Key for &Name {
        fn space(&self) -> u32 {
            7
        }
        fn runs(&self) -> impl Iterator<Item = &[u8]> {
            std::iter::once(self.0.as_bytes())
        }
    }

    /// Several states with keys in common come back shard by shard, whole or in passes, as if they
    /// had been one.
    #[test]
    fn states_meet_again() {
        let state = RandomState::default();
        let spilled = SpilledGroups::create(&std::env::temp_dir()).unwrap();
        let mut expected: BTreeMap<(String, u32), (u64, i64)> = BTreeMap::new();
        for round in 0..3_u64 {
            let full = CountingState::new(1, true);
            {
                let mut dictionary = full.dictionary.write().unwrap();
                let mut gathered = lock(full.gathered.first().unwrap());
                for number in (0..2000_u64).skip(round as usize * 400) {
                    let name = Name(format!("item {number}"));
                    let hash = hash(&state, &&name);
                    let item = dictionary.insert(hash, &&name, None).unwrap();
                    dictionary.note_row(item, dictionary.entry(item).unwrap(), 10_000 * round + number);
                    for context in 0..3 {
                        let (plays, micros) = (1 + number % 5, i64::from(context) - 1);
                        let key = Group::key(item, context, context == 1);
                        gathered.push(shard(hash), Group { key, plays, micros }, &full.groups).unwrap();
                        let sum = expected.entry((name.0.clone(), context)).or_default();
                        *sum = (sum.0 + plays, sum.1 + micros);
                    }
                }
            }
            spilled.write(full, 2).unwrap();
        }
        for passes in [1, 3] {
            let mut found = BTreeMap::new();
            for shard in 0..SHARDS {
                assert_eq!(spilled.passes(shard, usize::MAX), 1);
                for pass in 0..passes {
                    let LoadedShard { dictionary, groups } = spilled.load(shard, pass, passes, true).unwrap();
                    for group in groups {
                        let entry = dictionary.entry(group.item()).unwrap();
                        let name = dictionary.joined(entry).pieces().next().unwrap();
                        let name = String::from_utf8(name.to_vec()).unwrap();
                        let number: u64 = name.trim_start_matches("item ").parse().unwrap();
                        assert_eq!(entry.first(), Some(number));
                        assert_eq!(dictionary.last(group.item()), 10_000 * (number / 400).min(2) + number);
                        assert_eq!(group.place() & 1 == 1, group.place() >> 1 == 1);
                        let before = found.insert((name, group.place() >> 1), (group.plays, group.micros));
                        assert_eq!(before, None);
                    }
                }
            }
            assert_eq!(found, expected);
        }
    }
}
