//! Which sale a refund takes back: found by reading the inputs before they are converted.
//!
//! A refund names its sale by the sale's identifier, or by the basket and what was bought in it. A
//! first reading looks for refunds and keeps for each name one bit of a table; without refunds that
//! is all. A second reading brings the refunds, and the sales whose names may be among theirs, to a
//! sort on disk, where equal names meet as text. So memory does not grow with sales, and no hash
//! decides.
//!
//! ```text
//!  reading 1   refunds ─▶ one bit for each name (one megabyte)
//!  reading 2   refunds, and sales whose bit is set ─▶ sorter, by name ─▶ sale + refund ─┐
//!                                                                                       ▼
//!  conversion  chunk + its marks  ◀─── marks, by row ◀─── sorter, by row ◀──── moment of the sale
//! ```
//!
//! Of several sales with one name (a basket with two copies of a track) the first refund takes back
//! the first, the second the second; further ones take back the last. The identifier of a sale goes
//! before its basket. What takes back more than was sold under a name is marked.

use crate::diagnostics;
use crate::filter::marks::{MarkRecorder, RowMark, RowMarks};
use crate::filter::period::KnownDuplicates;
use crate::scan::chunks::{DecodedChunk, Reading, scan};
use crate::scan::comparable::comparable_cell;
use crate::scan::open::open_events;
use crate::scan::ordered::Flow;
use crate::scan::position::SourceLine;
use crate::scan::rescan;
use crate::storage::scratch::Scratch;
use crate::storage::sorter::Sorter;
use foldhash::fast::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{EventDecoder, Format, Projection};
use transpose_core::model::vocabulary::transaction_type::REFUND;
use transpose_core::model::{EventRow, Field};
use transpose_io::Input;
use transpose_sync::{into_inner, lock};

/// The cells that are read: the type of the transaction, its names, and what was bought, the best
/// identifier first.
const CELLS: [Field; 7] = [
    Field::TRANSACTION_TYPE,
    Field::EVENT_ID,
    Field::BASKET,
    Field::RECORDING_ID,
    Field::ISRC,
    Field::RELEASE_ID,
    Field::ICPN,
];

/// How many bits say which names refunds have, as a power of two: one megabyte.
const BITS: u32 = 23;

/// How many sales of one name are distinguished.
const SALES: usize = 1024;

/// How much memory each of the two sorts may take where no limit is given.
const SORTING: usize = 16 << 20;

/// A refund and the moment of its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefundPair {
    /// The byte of the input at which the refund begins.
    byte: u64,
    /// When the sale took place, in microseconds since 1970 UTC.
    pub(crate) sale: i64,
    /// Whether all that was sold under the name was taken back before.
    pub(crate) excess: bool,
}

/// In the byte of a pair; no input has so many bytes.
const EXCESS: u64 = 1 << 63;

impl RowMark for RefundPair {
    fn byte(&self) -> u64 {
        self.byte
    }

    fn write(self, out: &mut Vec<u8>) {
        let excess = if self.excess { EXCESS } else { 0 };
        out.extend_from_slice(&(self.byte | excess).to_le_bytes());
        out.extend_from_slice(&self.sale.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (byte, sale) = bytes.split_first_chunk::<8>()?;
        let byte = u64::from_le_bytes(*byte);
        let sale = i64::from_le_bytes(*sale.first_chunk()?);
        Some(Self { byte: byte & !EXCESS, sale, excess: byte & EXCESS != 0 })
    }
}

/// The inputs of a run, read before.
#[derive(Default)]
pub(crate) struct PairedRefunds {
    /// The inputs as they are to be read from now on.
    pub(crate) again: Vec<Input>,
    /// Where there are refunds, those whose sales are known.
    pub(crate) pairs: Option<RowMarks<RefundPair>>,
}

/// The inputs of a run as they are read before.
pub(crate) struct RefundPairing<'a> {
    pub(crate) source: &'a dyn Format,
    pub(crate) options: &'a [(String, String)],
    pub(crate) reading: Reading,
    pub(crate) temp_dir: &'a Path,
    /// Rows that are dropped because they repeat others, and take nothing back.
    pub(crate) dropped: KnownDuplicates<'a>,
    /// How much memory may be taken.
    pub(crate) budget: Option<usize>,
}

impl RefundPairing<'_> {
    /// Pairs refunds with sales.
    pub(crate) fn pair(&self, inputs: &[Input]) -> Result<PairedRefunds, Fatal> {
        let names = RefundNames::default();
        let mut found = false;
        for (number, input) in inputs.iter().enumerate() {
            found |= self.read(input, number, &names, None)?;
        }
        let again = || {
            let why = "refunds are paired with their sales before anything is converted";
            let again = |input| rescan::reopen(input, self.reading, why);
            inputs.iter().map(again).collect::<Result<Vec<Input>, Fatal>>()
        };
        if !found {
            return Ok(PairedRefunds { again: again()?, pairs: None });
        }
        let share = self.budget.map_or(SORTING, |budget| budget / 4);
        let spill = Scratch::create(self.temp_dir)?;
        let sorter = Mutex::new(Sorter::new(&spill, share));
        for (number, input) in again()?.iter().enumerate() {
            self.read(input, number, &names, Some(&sorter))?;
        }
        let sorter = into_inner(sorter);
        let recorder = MarkRecorder::new(self.temp_dir)?;
        let pairs = pair_up(sorter, Sorter::new(&spill, share), recorder)?;
        Ok(PairedRefunds { again: again()?, pairs: Some(pairs) })
    }

    /// The bytes at which the rows of a chunk begin that are dropped, in order.
    fn dropped_of(&self, input: usize, decoded: &DecodedChunk<'_>) -> Result<Vec<u64>, Fatal> {
        let rows = &decoded.batch.events.rows;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
        let byte = |row: &EventRow| decoded.origin.byte + u64::from(row.start);
        if self.dropped.redelivered.get(input).is_some_and(Option::is_some) {
            return Ok(rows.iter().map(byte).collect());
        }
        let Some(marks) = self.dropped.marks else { return Ok(Vec::new()) };
        Ok(marks.of(input, &(byte(first)..=byte(last)))?.into_iter().map(|mark| mark.byte).collect())
    }

    /// Reads an input: notes the names of refunds, or sorts refunds and what may be their sales.
    /// Answers whether there are refunds.
    fn read(
        &self,
        input: &Input,
        number: usize,
        names: &RefundNames,
        sorter: Option<&Mutex<Sorter<'_>>>,
    ) -> Result<bool, Fatal> {
        let mut decoder = open_events(self.source, input, self.options)?;
        decoder.project(&Projection { row: CELLS.to_vec(), time: true, ..Projection::default() })?;
        let decoder = decoder.as_ref();
        let mut workers: Vec<PairReader> = (0..self.reading.threads).map(|_| PairReader::default()).collect();
        scan(input, decoder, self.reading, &Flow::default(), &mut workers, &|reader, decoded| {
            let dropped = self.dropped_of(number, &decoded)?;
            reader.chunk(&decoded, decoder, (number, &dropped), names, sorter)
        })
        .map_err(|mut fatal| {
            crate::scan::open::name_source(&mut fatal.diagnostics, input);
            fatal
        })?;
        Ok(workers.iter().any(|reader| reader.found))
    }
}

/// Which names refunds have: a bit for each, so that others may pass for one.
struct RefundNames {
    state: RandomState,
    bits: Vec<AtomicU64>,
}

impl Default for RefundNames {
    fn default() -> Self {
        let bits = (0..1 << (BITS - 6)).map(|_| AtomicU64::new(0)).collect();
        Self { state: RandomState::default(), bits }
    }
}

impl RefundNames {
    fn place(&self, name: &[u8]) -> (Option<&AtomicU64>, u64) {
        let hash = self.state.hash_one(name) >> (64 - BITS);
        (self.bits.get((hash >> 6) as usize), 1 << (hash & 63))
    }

    fn insert(&self, name: &[u8]) {
        if let (Some(word), bit) = self.place(name) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn may_have(&self, name: &[u8]) -> bool {
        let (word, bit) = self.place(name);
        word.is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0)
    }
}

/// One worker's part.
#[derive(Default)]
struct PairReader {
    found: bool,
    /// The texts of a row's cells.
    cells: [Vec<u8>; CELLS.len()],
    name: Vec<u8>,
    key: Vec<u8>,
    /// Records of a chunk: key, time.
    records: Vec<(Vec<u8>, i64)>,
}

/// What names a sale.
#[derive(Clone, Copy)]
enum SaleName {
    Id = 0,
    Basket = 1,
}

impl PairReader {
    fn chunk(
        &mut self,
        decoded: &DecodedChunk<'_>,
        decoder: &dyn EventDecoder,
        (input, dropped): (usize, &[u64]),
        names: &RefundNames,
        sorter: Option<&Mutex<Sorter<'_>>>,
    ) -> Result<(), Fatal> {
        let events = &decoded.batch.events;
        for (row, cells) in events.rows.iter().zip(events.cells.chunks_exact(events.row_cells.max(1))) {
            for ((field, span), cell) in CELLS.iter().zip(cells).zip(&mut self.cells) {
                let raw = span.bytes(decoded.bytes, &events.arena);
                if span.is_absent() || !comparable_cell(decoder, *field, raw, cell) {
                    cell.clear();
                }
            }
            if dropped.binary_search(&(decoded.origin.byte + u64::from(row.start))).is_ok() {
                continue;
            }
            let refund = self.cells.first().is_some_and(|kind| kind == REFUND.as_bytes());
            self.found |= refund;
            if !refund && sorter.is_none() {
                continue;
            }
            for by in [SaleName::Id, SaleName::Basket] {
                if !self.name(by) {
                    continue;
                }
                if sorter.is_none() {
                    names.insert(&self.name);
                } else if refund || names.may_have(&self.name) {
                    // Here a place has a byte instead of a line.
                    let place = SourceLine::new(input, decoded.origin.byte + u64::from(row.start));
                    self.key.clear();
                    self.key.extend_from_slice(&self.name);
                    self.key.push(u8::from(refund));
                    self.key.extend_from_slice(&place.0.to_be_bytes());
                    self.records.push((self.key.clone(), row.time));
                }
            }
        }
        if let Some(sorter) = sorter {
            let mut sorter = lock(sorter);
            for (key, time) in self.records.drain(..) {
                sorter.push(&key, &time.to_be_bytes())?;
            }
        }
        Ok(())
    }

    /// Makes the name of the row at hand; `false` where it has none. No name is the beginning of
    /// another.
    fn name(&mut self, by: SaleName) -> bool {
        let [_, id, basket, bought @ ..] = &self.cells;
        let name = &mut self.name;
        name.clear();
        name.push(by as u8);
        let mut add = |text: &[u8]| {
            for byte in text {
                name.push(*byte);
                if *byte == 0 {
                    name.push(u8::MAX);
                }
            }
            name.extend_from_slice(&[0, 0]);
        };
        match by {
            SaleName::Id if id.is_empty() => return false,
            SaleName::Id => add(id),
            SaleName::Basket if basket.is_empty() => return false,
            SaleName::Basket => {
                add(basket);
                // A field and its text: an ISRC is no release.
                let first = bought.iter().enumerate().find(|(_, text)| !text.is_empty());
                if let Some((field, text)) = first {
                    add(&[field as u8]);
                    add(text);
                }
            }
        }
        true
    }
}

/// Brings sales and refunds of equal names together; `found` sorts what comes of it by the places
/// of the refunds.
fn pair_up(
    sorter: Sorter<'_>,
    mut found: Sorter<'_>,
    mut recorder: MarkRecorder<RefundPair>,
) -> Result<RowMarks<RefundPair>, Fatal> {
    let sorted = sorter.finish()?;
    let mut merge = sorted.read()?;
    let (mut name, mut sales, mut taken) = (Vec::new(), Vec::new(), 0);
    while let Some((key, time)) = merge.next()? {
        let Some((rest, place)) = key.split_last_chunk::<8>() else {
            return Err(diagnostics::damaged_scratch());
        };
        let (Some((refund, this)), Some(time)) = (rest.split_last(), time.first_chunk::<8>()) else {
            return Err(diagnostics::damaged_scratch());
        };
        if name != this {
            name.clear();
            name.extend_from_slice(this);
            sales.clear();
            taken = 0;
        }
        if *refund == 0 {
            if sales.len() < SALES {
                sales.push(*time);
            }
            continue;
        }
        if let Some(sale) = sales.get(taken).or(sales.last()) {
            let mut value = sale.to_vec();
            value.push(u8::from(taken >= sales.len()));
            taken += 1;
            let mut key = place.to_vec();
            // How it was named: the identifier goes first.
            key.extend(this.first());
            found.push(&key, &value)?;
        }
    }
    let sorted = found.finish()?;
    let mut merge = sorted.read()?;
    let mut last = None;
    while let Some((key, time)) = merge.next()? {
        let (Some(place), Some((time, [excess]))) = (key.first_chunk::<8>(), time.split_first_chunk::<8>())
        else {
            return Err(diagnostics::damaged_scratch());
        };
        let place = SourceLine(u64::from_be_bytes(*place));
        if last != Some(place) {
            let pair =
                RefundPair { byte: place.line(), sale: i64::from_be_bytes(*time), excess: *excess != 0 };
            recorder.push(place.input(), pair)?;
        }
        last = Some(place);
    }
    recorder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sales and refunds as (is a refund, id, basket, what was bought, place); the time of each is
    /// its place.
    fn paired(rows: &[(bool, &str, &str, &str)]) -> Vec<Option<i64>> {
        let spill = Scratch::create(&std::env::temp_dir()).unwrap();
        let mut sorter = Sorter::new(&spill, 0);
        let mut reader = PairReader::default();
        for (place, (refund, id, basket, bought)) in rows.iter().enumerate().rev() {
            reader.cells[1] = id.as_bytes().to_vec();
            reader.cells[2] = basket.as_bytes().to_vec();
            reader.cells[4] = bought.as_bytes().to_vec();
            for by in [SaleName::Id, SaleName::Basket] {
                if reader.name(by) {
                    let mut key = reader.name.clone();
                    key.push(u8::from(*refund));
                    key.extend_from_slice(&SourceLine::new(0, place as u64).0.to_be_bytes());
                    sorter.push(&key, &(place as u64).to_be_bytes()).unwrap();
                }
            }
        }
        let recorder = MarkRecorder::new(&std::env::temp_dir()).unwrap();
        let pairs = pair_up(sorter, Sorter::new(&spill, 0), recorder).unwrap();
        let pairs = pairs.of(0, &(0..=u64::MAX)).unwrap();
        let sale = |place: usize| pairs.iter().find(|pair| pair.byte == place as u64).map(|pair| pair.sale);
        (0..rows.len()).map(sale).collect()
    }

    #[test]
    fn refunds_find_their_sales() {
        let rows = [
            (false, "a", "x", "T1"),
            (false, "b", "x", "T2"),
            (true, "a", "", ""),
            (true, "r1", "x", "T2"),
            (true, "r2", "x", "T3"),
            (true, "", "", ""),
            (true, "c", "y", "T1"),
            // The identifier goes before the basket.
            (true, "b", "x", "T1"),
        ];
        assert_eq!(paired(&rows), [None, None, Some(0), Some(1), None, None, None, Some(1)]);
    }

    #[test]
    fn copies_are_taken_back_one_by_one() {
        let sale = (false, "", "x", "T");
        let refund = (true, "", "x", "T");
        assert_eq!(paired(&[sale, refund, sale, refund, refund])[1..], [Some(0), None, Some(2), Some(2)]);
    }

    #[test]
    fn names_with_zeros_are_told_apart() {
        let rows = [(false, "a\0", "", ""), (false, "a", "", ""), (true, "a", "", ""), (true, "a\0", "", "")];
        assert_eq!(paired(&rows)[2..], [Some(1), Some(0)]);
    }

    #[test]
    fn bits_have_every_name_that_was_put_in() {
        let names = RefundNames::default();
        let all: Vec<Vec<u8>> = (0..1000).map(|number: u32| number.to_be_bytes().to_vec()).collect();
        for name in &all {
            names.insert(name);
        }
        assert!(all.iter().all(|name| names.may_have(name)));
        let others = (1000..11_000_u32).filter(|number| names.may_have(&number.to_be_bytes())).count();
        assert!(others < 100, "{others}");
    }
}
