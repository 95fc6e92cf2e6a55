//! Which identifiers may appear twice, in little memory and without missing one.
//!
//! An identifier becomes a key of 64 bits: a plain whole number is its own key, anything else is
//! hashed with a secret seed, so that no input can be made whose keys meet on purpose. Equal
//! identifiers have equal keys, so what has a key of its own is unique.
//!
//! Numbers that rise from chunk to chunk are unique without being stored: only where such a stretch
//! begins and ends is kept. All other keys are collected, sorted, and written to disk as sorted
//! runs when they are too many. At the end the sorted keys are read once: a key that appears twice,
//! or inside a stretch, makes its identifier a [suspect](Candidates). Suspects are compared as text
//! in a second reading ([`validate`](crate::validate)); a stretch may have gaps and two texts one
//! hash, so not every suspect is guilty.
//!
//! ```text
//!  chunk 1   11 12 13 14 ─┐ rise: one stretch
//!  chunk 2   15 16 17 18 ─┴▶ 11–18 ─────────────────────────┐
//!  chunk 3   901 13 x7 ───┐ keys    ┌ sorted run ┐          ├▶ suspects: 13 (in a stretch),
//!  chunk 4   x7 905 …     ┴───────▶ │ sorted run │ ─ merge ─┘            x7 (twice)
//!                                   └ …          ┘
//! ```

use crate::diagnostics;
use crate::scan::ordered::sort;
use crate::storage::scratch::{Extent, FrameReader, FrameWriter, Scratch};
use crate::storage::varint::{put, take};
use foldhash::fast::RandomState;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher as _;
use std::path::PathBuf;
use transpose_core::diagnostics::Fatal;

/// The lowest key that is a hash; numbers are below.
const HASHED: u64 = 1 << 63;

/// How many stretches of rising numbers are kept apart.
const STRETCHES: usize = 1 << 14;

/// How many runs are merged at once.
const FAN: usize = 128;

/// About how many bytes of keys are in one frame of a run.
const FRAME: usize = 4 << 10;

/// The key of an identifier.
#[inline]
pub(crate) fn key(id: &[u8], state: &RandomState) -> u64 {
    number(id).unwrap_or_else(|| state.hash_one(id) | HASHED)
}

/// A whole number of at most eighteen digits as a number is written; then equal numbers are equal
/// texts.
#[inline]
pub(crate) fn number(id: &[u8]) -> Option<u64> {
    match id {
        [] | [b'0', _, ..] => None,
        _ if id.len() > 18 => None,
        _ => id.iter().try_fold(0_u64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
        }),
    }
}

/// The keys of one chunk, in order.
#[derive(Debug, Default)]
pub(crate) struct ChunkKeys {
    keys: Vec<u64>,
    /// Whether one of them is no number that is greater than the one before.
    broken: bool,
}

impl ChunkKeys {
    #[inline]
    pub(crate) fn push(&mut self, key: u64) {
        self.broken |= key >= HASHED || self.keys.last().is_some_and(|last| *last >= key);
        self.keys.push(key);
    }
}

/// The identifiers of a message.
pub(crate) struct IdentifierKeys {
    /// The first and last number of each stretch, rising.
    stretches: Vec<(u64, u64)>,
    /// Whether the last chunk belongs to the last stretch.
    open: bool,
    keys: StoredKeys,
}

impl IdentifierKeys {
    /// Identifiers of which `most` are kept in memory; the rest goes to disk.
    pub(crate) fn new(most: usize, threads: usize, temp_dir: PathBuf) -> Self {
        Self { stretches: Vec::new(), open: false, keys: StoredKeys::new(most, threads, temp_dir) }
    }

    /// Adds the keys of the next chunk.
    pub(crate) fn add(&mut self, chunk: &ChunkKeys) -> Result<(), Fatal> {
        let [first, .., last] = *chunk.keys.as_slice() else {
            return chunk.keys.first().map_or(Ok(()), |only| self.add_stretch(chunk, *only, *only));
        };
        self.add_stretch(chunk, first, last)
    }

    fn add_stretch(&mut self, chunk: &ChunkKeys, first: u64, last: u64) -> Result<(), Fatal> {
        if chunk.broken || self.stretches.last().is_some_and(|(_, end)| *end >= first) {
            self.open = false;
            return self.keys.extend(&chunk.keys);
        }
        let full = self.stretches.len() >= STRETCHES;
        match self.stretches.last_mut() {
            // What lies between two stretches may have been stored; joining them makes it suspect,
            // which is slow and not wrong.
            Some(stretch) if self.open || full => stretch.1 = last,
            _ => self.stretches.push((first, last)),
        }
        self.open = true;
        Ok(())
    }

    /// How many bytes went to disk.
    pub(crate) fn spilled(&self) -> u64 {
        self.keys.spill.as_ref().map_or(0, Scratch::bytes)
    }

    /// The identifiers that may appear twice.
    pub(crate) fn candidates(&mut self) -> Result<Candidates, Fatal> {
        let mut candidates = Candidates::default();
        let mut stretches = self.stretches.iter().peekable();
        let mut before = None;
        self.keys.each(|key| {
            while stretches.next_if(|(_, last)| *last < key).is_some() {}
            let within = stretches.peek().is_some_and(|(first, _)| *first <= key);
            if within || before == Some(key) {
                candidates.insert(key);
            }
            before = Some(key);
        })?;
        Ok(candidates)
    }
}

/// Keys whose identifiers are to be compared; a few others may pass for one.
#[derive(Default)]
pub(crate) struct Candidates(Vec<u64>);

impl Candidates {
    /// The number of bits, as a power of two: one megabyte.
    const BITS: u32 = 23;

    fn insert(&mut self, key: u64) {
        if self.0.is_empty() {
            self.0 = vec![0; 1 << (Self::BITS - 6)];
        }
        let (word, bit) = Self::place(key);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn place(key: u64) -> (usize, u64) {
        let bit = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS);
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    /// Whether every identifier is unique.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an identifier with this key is to be compared.
    pub(crate) fn contains(&self, key: u64) -> bool {
        let (word, bit) = Self::place(key);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// Keys in any number, to be read in order.
struct StoredKeys {
    kept: Vec<u64>,
    /// How many are kept before they are written out.
    most: usize,
    threads: usize,
    temp_dir: PathBuf,
    spill: Option<Scratch>,
    /// Sorted keys on disk.
    runs: Vec<Vec<Extent>>,
}

impl StoredKeys {
    fn new(most: usize, threads: usize, temp_dir: PathBuf) -> Self {
        Self { kept: Vec::new(), most: most.max(2), threads, temp_dir, spill: None, runs: Vec::new() }
    }

    fn extend(&mut self, mut keys: &[u64]) -> Result<(), Fatal> {
        while !keys.is_empty() {
            let (fitting, rest) = keys.split_at(keys.len().min(self.most - self.kept.len()));
            self.kept.extend_from_slice(fitting);
            keys = rest;
            if self.kept.len() == self.most {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn sort(&mut self) {
        sort(&mut self.kept, self.threads, &u64::cmp);
    }

    /// Writes what is kept as a run.
    fn flush(&mut self) -> Result<(), Fatal> {
        self.sort();
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Scratch::create(&self.temp_dir)?),
        };
        let mut run = KeyRunWriter::new(spill);
        for key in self.kept.drain(..) {
            run.push(key)?;
        }
        let run = run.finish()?;
        self.runs.push(run);
        Ok(())
    }

    /// Gives every key in order, equal ones one after the other.
    fn each(&mut self, mut take: impl FnMut(u64)) -> Result<(), Fatal> {
        if !self.runs.is_empty() && !self.kept.is_empty() {
            self.flush()?;
        }
        let Some(spill) = &self.spill else {
            self.sort();
            self.kept.drain(..).for_each(take);
            return Ok(());
        };
        while self.runs.len() > FAN {
            let rest = self.runs.split_off(FAN);
            let mut run = KeyRunWriter::new(spill);
            merge(spill, &self.runs, &mut |key| run.push(key))?;
            self.runs = rest;
            self.runs.push(run.finish()?);
        }
        merge(spill, &self.runs, &mut |key| {
            take(key);
            Ok(())
        })
    }
}

/// Gives the keys of several runs in order.
fn merge(
    spill: &Scratch,
    runs: &[Vec<Extent>],
    take: &mut dyn FnMut(u64) -> Result<(), Fatal>,
) -> Result<(), Fatal> {
    let mut heads = BinaryHeap::with_capacity(runs.len());
    let mut readers = Vec::with_capacity(runs.len());
    for (number, run) in runs.iter().enumerate() {
        let mut reader =
            KeyRunReader { reader: FrameReader::new(spill, run), frame: Vec::new(), at: 0, last: 0 };
        if let Some(key) = reader.next()? {
            heads.push(Reverse((key, number)));
        }
        readers.push(reader);
    }
    while let Some(Reverse((key, number))) = heads.pop() {
        take(key)?;
        if let Some(key) = readers.get_mut(number).map_or(Ok(None), KeyRunReader::next)? {
            heads.push(Reverse((key, number)));
        }
    }
    Ok(())
}

/// Writes sorted keys: differences, in frames of bounded size.
struct KeyRunWriter<'a> {
    writer: FrameWriter<'a>,
    frame: Vec<u8>,
    last: u64,
}

impl<'a> KeyRunWriter<'a> {
    fn new(spill: &'a Scratch) -> Self {
        Self { writer: FrameWriter::new(spill), frame: Vec::with_capacity(FRAME + 16), last: 0 }
    }

    fn push(&mut self, key: u64) -> Result<(), Fatal> {
        put(key - self.last, &mut self.frame);
        self.last = key;
        if self.frame.len() >= FRAME { self.end_frame() } else { Ok(()) }
    }

    fn end_frame(&mut self) -> Result<(), Fatal> {
        self.writer.frame(&[&self.frame])?;
        self.frame.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Extent>, Fatal> {
        if !self.frame.is_empty() {
            self.end_frame()?;
        }
        self.writer.finish()
    }
}

/// Reads what [`KeyRunWriter`] wrote.
struct KeyRunReader<'a> {
    reader: FrameReader<'a>,
    frame: Vec<u8>,
    at: usize,
    last: u64,
}

impl KeyRunReader<'_> {
    fn next(&mut self) -> Result<Option<u64>, Fatal> {
        if self.at == self.frame.len() {
            let Some(frame) = self.reader.next()? else { return Ok(None) };
            self.frame.clear();
            self.frame.extend_from_slice(frame);
            self.at = 0;
        }
        let mut rest = self.frame.get(self.at..).unwrap_or_default();
        let before = rest.len();
        let step = take(&mut rest).ok_or_else(diagnostics::damaged_scratch)?;
        self.at += before - rest.len();
        self.last = self.last.checked_add(step).ok_or_else(diagnostics::damaged_scratch)?;
        Ok(Some(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn ids(most: usize) -> IdentifierKeys {
        IdentifierKeys::new(most, 2, std::env::temp_dir())
    }

    fn keys_of(texts: &[String], state: &RandomState) -> ChunkKeys {
        let mut chunk = ChunkKeys::default();
        for text in texts {
            chunk.push(key(text.as_bytes(), state));
        }
        chunk
    }

    #[test]
    fn numbers_are_their_own_keys_only_as_they_are_written() {
        let state = RandomState::default();
        assert_eq!(key(b"0", &state), 0);
        assert_eq!(key(b"999999999999999999", &state), 999_999_999_999_999_999);
        for text in ["", "00", "01", "-1", "+1", "1.0", " 1", "1000000000000000000", "a"] {
            assert!(key(text.as_bytes(), &state) >= HASHED, "{text}");
        }
    }

    #[test]
    fn rising_numbers_are_not_stored() {
        let state = RandomState::default();
        let mut ids = ids(1 << 20);
        for chunk in 0..1000 {
            let numbers: Vec<String> = (0..50).map(|n| (chunk * 100 + n * 2).to_string()).collect();
            ids.add(&keys_of(&numbers, &state)).unwrap();
        }
        assert_eq!((ids.stretches.len(), ids.keys.kept.len()), (1, 0));
        assert!(ids.candidates().unwrap().is_empty());
    }

    #[test]
    fn an_exchange_of_neighbours_is_no_suspicion() {
        let state = RandomState::default();
        let mut ids = ids(1 << 20);
        for numbers in [["1", "2"], ["4", "3"], ["5", "6"], ["7", "8"]] {
            ids.add(&keys_of(&numbers.map(str::to_owned), &state)).unwrap();
        }
        assert_eq!((ids.stretches.len(), ids.keys.kept.len()), (2, 2));
        assert!(ids.candidates().unwrap().is_empty());
    }

    #[test]
    fn more_runs_than_are_merged_at_once() {
        let mut keys = StoredKeys::new(10, 1, std::env::temp_dir());
        let mut expected: Vec<u64> =
            (0..5000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for chunk in expected.chunks(7) {
            keys.extend(chunk).unwrap();
        }
        assert!(keys.runs.len() > 2 * FAN);
        let mut found = Vec::new();
        keys.each(|key| found.push(key)).unwrap();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Nothing that appears twice escapes, wherever the chunks are cut and however little
        /// memory there is.
        #[test]
        fn repeated_identifiers_are_suspects(
            texts in proptest::collection::vec(prop_oneof!["[0-9]{1,2}", "[1-9][0-9]{2}", "[ab]{1,4}"], 0..120),
            rising in 0u64..200,
            size in 1usize..30,
            most in 2usize..40,
        ) {
            let state = RandomState::default();
            let texts: Vec<String> = (0..rising).map(|number| number.to_string()).chain(texts).collect();
            let mut ids = ids(most);
            for chunk in texts.chunks(size) {
                ids.add(&keys_of(chunk, &state)).unwrap();
            }
            let candidates = ids.candidates().unwrap();
            let mut times: BTreeMap<&str, u32> = BTreeMap::new();
            for text in &texts {
                *times.entry(text).or_default() += 1;
            }
            for (text, times) in &times {
                prop_assert!(*times == 1 || candidates.contains(key(text.as_bytes(), &state)), "{}", text);
            }
            if times.values().all(|times| *times == 1) && rising == 0 && size >= texts.len() {
                prop_assert!(candidates.is_empty());
            }
        }
    }
}
