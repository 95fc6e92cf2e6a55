//! Numbers for keys: equal keys get equal numbers.
//!
//! A key is a list of runs of raw bytes. Looking one up costs three visits to memory that is rarely
//! in the cache: the slot, the entry, the bytes. So many keys are looked up together, and memory is
//! asked for long before it is visited ([`Interner::expect`], [`Interner::find`]). Bytes are
//! always compared; a hash alone proves nothing.

use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_core::diagnostics::CellDiagnostic;

/// A line of the cache: a key begins at one, so that it takes as few as possible.
const LINE: usize = 64;

/// How many keys ahead of a comparison the text of a key is asked for: enough to hide the memory's
/// latency, few enough to stay in the first cache.
const AHEAD: usize = 16;

/// The most keys: numbers are 32 bits, and the last is kept for "none".
const MOST: usize = u32::MAX as usize - 1;

/// How much text is taken from the system at once.
const BLOCK: usize = 1 << 20;

/// The number of no key.
pub(crate) const NONE: u32 = u32::MAX;

/// A place of the table: some bits of the hash, and the number of the key.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    number: u32,
}

const EMPTY: Slot = Slot { tag: 0, number: NONE };

/// What is known of a key.
pub(crate) struct Entry {
    /// Its hash.
    pub(crate) hash: u64,
    block: u32,
    offset: u32,
    len: u32,
    /// Why rows with this key cannot be converted: a number of [`Interner::cell_diagnostic`], or
    /// [`NONE`].
    pub(crate) cell_diagnostic: u32,
    /// Where a counted row with this key was read first; the greatest number where there is none.
    pub(crate) first: AtomicU64,
}

impl Entry {
    /// Notes that a row with this key is counted.
    #[inline]
    fn note_row(&self, place: u64) {
        // Most rows come after the first, and then nothing is written: other workers keep the line
        // in their caches.
        if place < self.first.load(Ordering::Relaxed) {
            self.first.fetch_min(place, Ordering::Relaxed);
        }
    }

    /// Where a counted row with this key was read first, if there is one.
    pub(crate) fn first(&self) -> Option<u64> {
        Some(self.first.load(Ordering::Relaxed)).filter(|first| *first != u64::MAX)
    }
}

/// A key as it is in a row: the number of its space, and its runs.
pub(crate) trait Key {
    /// Keys of different spaces are different, whatever their bytes.
    fn space(&self) -> u32;
    /// Its runs.
    fn runs(&self) -> impl Iterator<Item = &[u8]>;
}

/// Interns keys.
pub(crate) struct Interner {
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    blocks: Vec<Vec<u8>>,
    cell_diagnostics: Vec<CellDiagnostic>,
    /// For each key where a counted row was read last, if that matters.
    lasts: Option<Vec<AtomicU64>>,
    bytes: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Self::new(false)
    }
}

/// The hash of a key.
#[inline]
pub(crate) fn hash(state: &RandomState, key: &impl Key) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u32(key.space());
    for run in key.runs() {
        hasher.write(run);
    }
    hasher.finish()
}

/// Writes a key so that its runs can be distinguished again.
fn join(key: &impl Key, out: &mut Vec<u8>) {
    out.extend_from_slice(&key.space().to_le_bytes());
    for run in key.runs() {
        out.extend_from_slice(&(run.len() as u32).to_le_bytes());
        out.extend_from_slice(run);
    }
}

/// A key that was written by [`join`].
#[derive(Clone, Copy)]
pub(crate) struct JoinedKey<'a>(pub(crate) &'a [u8]);

impl<'a> JoinedKey<'a> {
    fn parts(self) -> (u32, &'a [u8]) {
        match self.0.split_first_chunk::<4>() {
            Some((space, runs)) => (u32::from_le_bytes(*space), runs),
            None => (0, &[]),
        }
    }

    /// The runs, living as long as the text that they are in.
    pub(crate) fn pieces(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.parts().1;
        std::iter::from_fn(move || {
            let (len, tail) = rest.split_first_chunk::<4>()?;
            let (run, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            rest = tail;
            Some(run)
        })
    }
}

impl Key for JoinedKey<'_> {
    fn space(&self) -> u32 {
        self.parts().0
    }
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces()
    }
}

/// Whether a key and a joined key are the same.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the heart of the look-up; a call costs as much as a comparison")]
fn same(key: &impl Key, joined: &[u8]) -> bool {
    if joined.first_chunk::<4>() != Some(&key.space().to_le_bytes()) {
        return false;
    }
    let mut at = 4;
    for run in key.runs() {
        let text = at + 4;
        let end = text + run.len();
        if joined.get(at..text) != Some(&(run.len() as u32).to_le_bytes())
            || !joined.get(text..end).is_some_and(|text| equal(text, run))
        {
            return false;
        }
        at = end;
    }
    at == joined.len()
}

/// Whether two pieces of text are equal. Most are short (a country, a plan, a number), and a call
/// costs more than their comparison.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `same`")]
fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Two overlapping reads cover every length up to twice theirs.
    match a.len() {
        0 => true,
        1..4 => a.first() == b.first() && a.last() == b.last() && (a.len() < 3 || a.get(1) == b.get(1)),
        4..8 => a.first_chunk::<4>() == b.first_chunk::<4>() && a.last_chunk::<4>() == b.last_chunk::<4>(),
        8..=16 => a.first_chunk::<8>() == b.first_chunk::<8>() && a.last_chunk::<8>() == b.last_chunk::<8>(),
        _ => a == b,
    }
}

/// Asks for a value to be brought into the cache, where the processor can be asked.
#[inline]
pub(crate) fn prefetch<T>(value: Option<&T>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(value) = value {
        safe_arch::prefetch_t0(value);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

impl Interner {
    /// An empty dictionary; `latest` says whether it keeps where each key was read last.
    pub(crate) fn new(latest: bool) -> Self {
        Self {
            slots: vec![EMPTY; 64],
            entries: Vec::new(),
            blocks: Vec::new(),
            cell_diagnostics: Vec::new(),
            lasts: latest.then(Vec::new),
            bytes: 64 * size_of::<Slot>(),
        }
    }

    /// Notes that a row with this key is counted.
    #[inline]
    pub(crate) fn note_row(&self, number: u32, entry: &Entry, place: u64) {
        entry.note_row(place);
        if let Some(last) = self.lasts.as_ref().and_then(|lasts| lasts.get(number as usize)) {
            last.fetch_max(place, Ordering::Relaxed);
        }
    }

    /// Where a counted row with this key was read last; 0 where that does not matter.
    pub(crate) fn last(&self, number: u32) -> u64 {
        let last = self.lasts.as_ref().and_then(|lasts| lasts.get(number as usize));
        last.map_or(0, |last| last.load(Ordering::Relaxed))
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much memory a key takes that has the given length when it is joined, roughly.
    pub(crate) fn memory(joined: usize) -> usize {
        joined + size_of::<Entry>() + 3 * size_of::<Slot>()
    }

    /// What is known of a key.
    #[inline]
    pub(crate) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    /// All entries, by number.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A key as it was written.
    #[inline]
    pub(crate) fn joined(&self, entry: &Entry) -> JoinedKey<'_> {
        let block = self.blocks.get(entry.block as usize).map_or(&[][..], Vec::as_slice);
        let start = entry.offset as usize;
        JoinedKey(block.get(start..start + entry.len as usize).unwrap_or(&[]))
    }

    /// Why rows with a key cannot be converted.
    pub(crate) fn cell_diagnostic(&self, entry: &Entry) -> Option<&CellDiagnostic> {
        self.cell_diagnostics.get(entry.cell_diagnostic as usize)
    }

    #[inline]
    fn slot(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    /// The number of the first key from a slot on whose tag fits, and the slot after it.
    #[inline]
    fn candidate(&self, hash: u64, mut slot: usize) -> (u32, usize) {
        let tag = (hash >> 32) as u32;
        loop {
            let found = self.slots.get(slot).copied().unwrap_or(EMPTY);
            slot = (slot + 1) & (self.slots.len() - 1);
            if found.number == NONE || found.tag == tag {
                return (found.number, slot);
            }
        }
    }

    /// The number of a key, or [`NONE`].
    #[inline]
    pub(crate) fn find_one(&self, hash: u64, key: &impl Key) -> u32 {
        self.find_from(hash, key, self.slot(hash))
    }

    fn find_from(&self, hash: u64, key: &impl Key, mut slot: usize) -> u32 {
        loop {
            let (number, next) = self.candidate(hash, slot);
            let Some(entry) = self.entries.get(number as usize) else { return NONE };
            if entry.hash == hash && same(key, self.joined(entry).0) {
                return number;
            }
            slot = next;
        }
    }

    /// Asks for the memory where the search for a key begins; the sooner before
    /// [`Interner::find`], the better.
    #[inline]
    pub(crate) fn expect(&self, hash: u64) {
        prefetch(self.slots.get(self.slot(hash)));
    }

    /// The numbers of many keys, [`NONE`] for those that are not there.
    #[inline]
    pub(crate) fn find<K: Key>(&self, hashes: &[u64], key: impl Fn(usize) -> K, numbers: &mut Vec<u32>) {
        numbers.clear();
        for hash in hashes {
            let (number, _) = self.candidate(*hash, self.slot(*hash));
            prefetch(self.entries.get(number as usize));
            numbers.push(number);
        }
        for (index, hash) in hashes.iter().enumerate() {
            if let Some(entry) = numbers.get(index + AHEAD).and_then(|number| self.entry(*number)) {
                // The first lines; the processor goes on by itself where bytes are read in order.
                let joined = self.joined(entry).0;
                prefetch(joined.first());
                prefetch(joined.get(64));
                prefetch(joined.get(128));
                prefetch(joined.last());
            }
            let Some(number) = numbers.get_mut(index) else { continue };
            let Some(entry) = self.entries.get(*number as usize) else { continue };
            let key = key(index);
            if entry.hash != *hash || !same(&key, self.joined(entry).0) {
                // Another key with the same tag comes before it; this is rare.
                *number = self.find_one(*hash, &key);
            }
        }
    }

    /// Adds a key that is not there; answers its number, `None` when there are too many.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        key: &impl Key,
        cell_diagnostic: Option<CellDiagnostic>,
    ) -> Option<u32> {
        if self.entries.len() >= MOST {
            return None;
        }
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let len = key.runs().map(|run| run.len() + 4).sum::<usize>() + 4;
        if self.blocks.last().is_none_or(|block| block.capacity() - block.len() < len + LINE) {
            // Small dictionaries, such as those of contexts, begin small.
            let size = if self.blocks.is_empty() { 1 << 12 } else { BLOCK };
            self.blocks.push(Vec::with_capacity(size.max(len + LINE)));
            self.bytes += size.max(len + LINE);
        }
        let block = self.blocks.len() - 1;
        let text = self.blocks.last_mut()?;
        let offset = text.len() + text.as_ptr().wrapping_add(text.len()).align_offset(LINE).min(LINE);
        text.resize(offset, 0);
        join(key, text);
        let number = self.entries.len() as u32;
        let cell_diagnostic = cell_diagnostic.map_or(NONE, |cell_diagnostic| {
            self.cell_diagnostics.push(cell_diagnostic);
            self.cell_diagnostics.len() as u32 - 1
        });
        self.bytes += size_of::<Entry>();
        self.entries.push(Entry {
            hash,
            block: block as u32,
            offset: offset as u32,
            len: len as u32,
            cell_diagnostic,
            first: AtomicU64::new(u64::MAX),
        });
        if let Some(lasts) = &mut self.lasts {
            lasts.push(AtomicU64::new(0));
            self.bytes += size_of::<AtomicU64>();
        }
        self.place(hash, number);
        Some(number)
    }

    fn place(&mut self, hash: u64, number: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = self.slot(hash);
        while let Some(place) = self.slots.get_mut(slot) {
            if place.number == NONE {
                *place = Slot { tag: (hash >> 32) as u32, number };
                return;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let more = self.slots.len() * 2;
        self.bytes += more / 2 * size_of::<Slot>();
        self.slots = vec![EMPTY; more];
        for number in 0..self.entries.len() {
            if let Some(hash) = self.entries.get(number).map(|entry| entry.hash) {
                self.place(hash, number as u32);
            }
        }
    }

    /// Takes the blocks of text away, which hold the keys in the order of their numbers.
    pub(crate) fn take_blocks(&mut self) -> Vec<Vec<u8>> {
        // Nothing is looked up any more.
        self.slots = Vec::new();
        std::mem::take(&mut self.blocks)
    }
}

impl Entry {
    /// The number of the block that holds the key.
    pub(crate) fn block(&self) -> u32 {
        self.block
    }

    /// The key, given its block.
    pub(crate) fn within<'a>(&self, block: &'a [u8]) -> JoinedKey<'a> {
        let start = self.offset as usize;
        JoinedKey(block.get(start..start + self.len as usize).unwrap_or(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Plain(u32, Vec<Vec<u8>>);

    impl Key for &Plain {
        fn space(&self) -> u32 {
            self.0
        }
        fn runs(&self) -> impl Iterator<Item = &[u8]> {
            self.1.iter().map(Vec::as_slice)
        }
    }

    fn keys() -> impl Strategy<Value = Vec<(u32, Vec<Vec<u8>>)>> {
        let run = proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0)], 0..4);
        proptest::collection::vec((0..3_u32, proptest::collection::vec(run, 2)), 0..200)
    }

    proptest! {
        #[test]
        fn equal_is_equal(a in proptest::collection::vec(0..2_u8, 0..40), at: usize, change: bool) {
            let mut b = a.clone();
            if let Some(byte) = b.get_mut(at.checked_rem(a.len()).unwrap_or(0)).filter(|_| change) {
                *byte += 1;
            }
            prop_assert_eq!(equal(&a, &b), a == b);
        }

        #[test]
        fn numbers_are_those_of_a_map(keys in keys()) {
            let state = RandomState::default();
            let mut dictionary = Interner::default();
            let mut known = std::collections::HashMap::<(u32, Vec<Vec<u8>>), u32>::new();
            for (space, runs) in &keys {
                let key = Plain(*space, runs.clone());
                // A poor hash, so that tags and slots collide.
                let poor = hash(&state, &&key) & 0xf_0000_0003;
                let found = dictionary.find_one(poor, &&key);
                let expected = known.get(&(*space, runs.clone())).copied();
                prop_assert_eq!(found, expected.unwrap_or(NONE));
                if expected.is_none() {
                    let number = dictionary.insert(poor, &&key, None).unwrap();
                    prop_assert_eq!(number as usize, known.len());
                    known.insert((*space, runs.clone()), number);
                }
            }
            let plain: Vec<Plain> = keys.iter().map(|(space, runs)| Plain(*space, runs.clone())).collect();
            let hashes: Vec<u64> = plain.iter().map(|key| hash(&state, &key) & 0xf_0000_0003).collect();
            let mut numbers = Vec::new();
            dictionary.find(&hashes, |index| &plain[index], &mut numbers);
            prop_assert_eq!(numbers.len(), plain.len());
            for (key, number) in plain.iter().zip(numbers) {
                prop_assert_eq!(Some(&number), known.get(&(key.0, key.1.clone())));
                let entry = dictionary.entry(number).unwrap();
                let runs: Vec<&[u8]> = dictionary.joined(entry).pieces().collect();
                prop_assert_eq!(&runs, &key.1);
                prop_assert_eq!(dictionary.joined(entry).space(), key.0);
            }
        }
    }

    #[test]
    fn many_keys_in_several_blocks_are_kept_apart() {
        let state = RandomState::default();
        let mut dictionary = Interner::default();
        let key =
            |number: u32| Plain(0, vec![vec![b'x'; (number % 7000) as usize], number.to_be_bytes().to_vec()]);
        for number in 0..2000 {
            let key = key(number);
            assert_eq!(dictionary.insert(hash(&state, &&key), &&key, None), Some(number));
        }
        for number in 0..2000 {
            let key = key(number);
            assert_eq!(dictionary.find_one(hash(&state, &&key), &&key), number);
        }
        assert!(dictionary.bytes() > 2_000_000, "{}", dictionary.bytes());
    }

    #[test]
    fn the_first_counted_row_is_the_lowest() {
        let mut dictionary = Interner::new(true);
        let key = Plain(0, vec![]);
        dictionary.insert(1, &&key, None);
        let entry = dictionary.entry(0).unwrap();
        assert_eq!(entry.first(), None);
        for place in [7, 9, 3, 5] {
            dictionary.note_row(0, entry, place);
        }
        assert_eq!((entry.first(), dictionary.last(0)), (Some(3), 9));
    }
}
