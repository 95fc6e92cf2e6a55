//! Numbers for byte strings: equal strings get equal numbers.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Interns byte strings. All text lies in one arena; a string costs its bytes and some twenty-four more.
#[derive(Default)]
pub(crate) struct Interner {
    arena: Vec<u8>,
    /// Where each string ends in the arena.
    ends: Vec<usize>,
    /// Hash and number; the whole hash is kept so that growing needs no look at the arena.
    table: HashTable<(u64, u32)>,
    state: RandomState,
}

/// The most strings: numbers are 32 bits, and one is kept for "none".
const MOST: usize = u32::MAX as usize - 1;

impl Interner {
    /// How many strings there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string with the given number.
    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        slice(&self.arena, &self.ends, number)
    }

    /// The number of a string, and whether it is new. `None` when there are too many.
    pub(crate) fn intern(&mut self, string: &[u8]) -> Option<(u32, bool)> {
        let hash = self.state.hash_one(string);
        let (arena, ends) = (&self.arena, &self.ends);
        let found =
            self.table.find(hash, |(known, number)| *known == hash && slice(arena, ends, *number) == string);
        if let Some((_, number)) = found {
            return Some((*number, false));
        }
        if self.ends.len() >= MOST {
            return None;
        }
        let number = self.ends.len() as u32;
        self.arena.extend_from_slice(string);
        self.ends.push(self.arena.len());
        self.table.insert_unique(hash, (hash, number), |(known, _)| *known);
        Some((number, true))
    }
}

fn slice<'a>(arena: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let index = number as usize;
    let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(index).and_then(|end| arena.get(start..*end)).unwrap_or(&[])
}

/// Joins runs so that they can be told apart again: each goes with its length in front.
pub(crate) fn join<'a>(runs: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.clear();
    for run in runs {
        out.extend_from_slice(&(run.len() as u32).to_le_bytes());
        out.extend_from_slice(run);
    }
}

/// Takes joined runs apart.
pub(crate) fn split<'a>(mut joined: &'a [u8], runs: &mut Vec<&'a [u8]>) {
    runs.clear();
    while let Some((head, rest)) = joined.split_first_chunk::<4>() {
        let len = (u32::from_le_bytes(*head) as usize).min(rest.len());
        let (run, rest) = rest.split_at(len);
        runs.push(run);
        joined = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_get_equal_numbers() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for index in 0..5000u32 {
                assert_eq!(interner.intern(format!("{index}").as_bytes()), Some((index, round == 0)));
            }
        }
        assert_eq!(interner.bytes(4999), b"4999");
        assert_eq!(interner.intern(b""), Some((5000, true)));
        assert_eq!(interner.len(), 5001);
    }

    #[test]
    fn joined_runs_come_apart_again() {
        let mut joined = Vec::new();
        join([&b"ab"[..], b"", b"c,d"].into_iter(), &mut joined);
        let mut runs = Vec::new();
        split(&joined, &mut runs);
        assert_eq!(runs, [&b"ab"[..], b"", b"c,d"]);
        split(b"\xff\xff\xff\xffab", &mut runs);
        assert_eq!(runs, [&b"ab"[..]]);
    }
}
