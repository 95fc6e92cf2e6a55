//! Rows that appear several times, found before the conversion: exactly, in bounded memory.
//!
//! A first reading collects a key of eight bytes for each identifier of a play or sale
//! ([`unique`](crate::filter::candidates)). Only where a key appears twice are the inputs read
//! again: rows under suspicion are sorted with everything that they say, equal identifiers meet,
//! and each later row becomes a [`DuplicateMark`]. The conversion looks marks up while it reads, so
//! it stays what it was: chunks, side by side, in any number.
//!
//! ```text
//!  reading 1    rows ─▶ keys ─▶ candidates ─▶ keys that may appear twice
//!  reading 2    rows with such a key ─▶ sorter, by identifier ─▶ a a │ b │ c c c ─▶ marks, by row
//!  conversion   chunk + its marks ─▶ rows that take part
//! ```
//!
//! A refund carries the identifier of its sale and is no duplicate of it; two refunds of one sale
//! are. Rows outside the period and rows that cannot be read have no part in this: what is left out
//! must not make another row a duplicate.

use crate::diagnostics;
use crate::enrich::decoder::Enrichment;
use crate::filter::candidates::{Candidates, ChunkKeys, IdentifierKeys, key};
use crate::filter::marks::{DuplicateMark, MarkRecorder, RowMarks};
use crate::filter::period::{FilterRules, NO_EVENT_ID, NO_IDENTITY, RowFilter};
use crate::filter::redelivered;
use crate::scan::chunks::{DecodedChunk, Reading};
use crate::scan::comparable::comparable_cell;
use crate::scan::open::open;
use crate::scan::position::SourceLine;
use crate::scan::rescan;
use crate::storage::scratch::Scratch;
use crate::storage::sorter::Sorter;
use crate::storage::varint::{put, put_cell, put_text, take, take_text};
use foldhash::fast::RandomState;
use std::path::Path;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Failure, Fatal, Location};
use transpose_core::format::{EventDecoder, Format, Projection};
use transpose_core::model::vocabulary::transaction_type::REFUND;
use transpose_core::model::{EventBatch, Field};
use transpose_io::Input;

/// How many keys are kept in memory where no limit is given.
const KEYS: usize = 16 << 20;

/// How much memory the comparison of suspects takes where no limit is given, in bytes.
const COMPARING: usize = 32 << 20;

/// What is looked through, and how.
pub(crate) struct DuplicateSearch<'a> {
    pub(crate) inputs: &'a [Input],
    pub(crate) source: &'a dyn Format,
    pub(crate) options: &'a [(String, String)],
    /// Whether events without an identifier get one from their content.
    pub(crate) make_ids: bool,
    pub(crate) rules: &'a FilterRules<'a>,
    /// Whether the conversion looks at times.
    pub(crate) time: bool,
    /// The moment of the run.
    pub(crate) now: i64,
    pub(crate) reading: Reading,
    /// How much memory may be taken, in bytes; `None` for what is usual.
    pub(crate) memory: Option<usize>,
    pub(crate) temp_dir: &'a Path,
}

/// What the search came to.
#[derive(Default)]
pub(crate) struct SearchOutcome {
    /// `None` where nothing appears twice.
    pub(crate) marks: Option<RowMarks>,
    pub(crate) diagnostics: Diagnostics,
    /// How many bytes went to disk on the way.
    pub(crate) spilled: u64,
    /// For each input the earlier one that it repeats.
    pub(crate) redelivered: Vec<Option<usize>>,
    /// Inputs for the conversion, where the given ones can be read only once.
    pub(crate) again: Option<Vec<Input>>,
}

/// What an identity is made of.
const IDENTITY: [Field; 2] = [Field::EVENT_ID, Field::TRANSACTION_TYPE];

impl DuplicateSearch<'_> {
    /// Reads the inputs, once or twice.
    pub(crate) fn run(&self) -> Result<SearchOutcome, Fatal> {
        let state = RandomState::default();
        let (most, comparing) = match self.memory {
            None => (KEYS, COMPARING),
            Some(memory) => (memory / 2 / size_of::<u64>(), (memory / 2).min(COMPARING)),
        };
        let mut ids = IdentifierKeys::new(most, self.reading.threads, self.temp_dir.to_path_buf());
        let mut diagnostics = Diagnostics::default();
        let mut only_once = false;
        for input in self.inputs {
            only_once |= self.again(input)?.is_none();
        }
        let redelivered = redelivered::find(self.inputs, &mut diagnostics)?;
        let once = |number: usize| redelivered.get(number).is_none_or(Option::is_none);
        for (number, input) in self.inputs.iter().enumerate().filter(|(number, _)| once(*number)) {
            let beside = self.again(input)?;
            let (source, input) = (input.name().into(), beside.as_ref().unwrap_or(input));
            let collect = |collector: &KeyCollector<'_>, decoded: DecodedChunk<'_>| {
                Ok(collector.keys(&decoded, &state))
            };
            self.read(
                number,
                input,
                &IDENTITY,
                &collect,
                |(sorter, mut found): (ChunkKeys, Diagnostics)| {
                    found.name_source(&source);
                    diagnostics.merge(found);
                    ids.add(&sorter)
                },
            )?;
        }
        let candidates = ids.candidates()?;
        let mut spilled = ids.spilled();
        drop(ids);
        let mut marks = None;
        if !candidates.is_empty() {
            let spill = Scratch::create(self.temp_dir)?;
            marks = Some(self.compare(&candidates, &state, &redelivered, &spill, comparing)?);
            spilled += spill.bytes();
        }
        let again = if only_once {
            let again = self.inputs.iter().map(|input| self.twice(input)).collect::<Result<Vec<_>, _>>();
            Some(again?)
        } else {
            None
        };
        Ok(SearchOutcome { marks, diagnostics, spilled, redelivered, again })
    }

    fn again(&self, input: &Input) -> Result<Option<Input>, Fatal> {
        input.again(self.reading.threads).map_err(|error| diagnostics::io(&error))
    }

    /// An input that was read once more; refused where that cannot be.
    fn twice(&self, input: &Input) -> Result<Input, Fatal> {
        self.again(input)?.ok_or_else(|| {
            let message = "duplicates cannot be found, because the input can be read only once";
            let place = Location { source: Some(input.name().into()), ..Location::default() };
            Fatal::usage(Diagnostic::new(&NO_IDENTITY, place, message))
        })
    }

    /// Reads all rows of an input in chunks; `collect` sees them side by side, `take` gets what it
    /// answers in order. Rows have the cells of `identity`, or, where that is empty, of everything
    /// that the input has.
    fn read<T: Send>(
        &self,
        number: usize,
        input: &Input,
        identity: &[Field],
        collect: &(dyn Fn(&KeyCollector<'_>, DecodedChunk<'_>) -> Result<T, Fatal> + Sync),
        take: impl FnMut(T) -> Result<(), Fatal> + Send,
    ) -> Result<(), Fatal> {
        let no_identity = || {
            let message = format!(
                "duplicates are found by the ids of plays or sales, and `{}` has none here",
                self.source.manifest().id
            );
            let place = Location { source: Some(input.name().into()), ..Location::default() };
            Fatal::usage(Diagnostic::new(&NO_IDENTITY, place, message))
        };
        let opened = open(self.source, input, self.options)?.events().ok_or_else(no_identity)?;
        let mut decoder = Enrichment { make_ids: self.make_ids, ..Enrichment::default() }.of(opened);
        let reads = decoder.preamble().reads;
        if !reads.contains(Field::EVENT_ID) {
            return Err(no_identity());
        }
        let mut row: Vec<Field> = if identity.is_empty() {
            reads.iter().collect()
        } else {
            identity.iter().copied().filter(|field| reads.contains(*field)).collect()
        };
        self.rules.add_cells(reads, &mut row);
        // The same rows must be readable here and in the conversion, so the same is asked of them.
        let projection = Projection {
            row: row.clone(),
            time: self.time,
            duration: true,
            now: Some(self.now),
            ..Projection::default()
        };
        decoder.project(&projection)?;
        let decoder = decoder.as_ref();
        let filter = self.rules.row_filter(number, decoder, &row, &mut RunReport::default());
        let cell = |wanted: Field| row.iter().position(|field| *field == wanted);
        let collector = KeyCollector {
            decoder,
            filter,
            number,
            id: cell(Field::EVENT_ID),
            transaction: cell(Field::TRANSACTION_TYPE),
            row: &row,
        };
        let read =
            rescan::read_rows(input, decoder, self.reading, &|decoded| collect(&collector, decoded), take);
        // What ends a reading here ends the conversion at the same place, and is reported there.
        read.or_else(|fatal| if fatal.failure == Failure::Input { Ok(()) } else { Err(fatal) })
    }

    /// The second reading.
    fn compare(
        &self,
        candidates: &Candidates,
        state: &RandomState,
        redelivered: &[Option<usize>],
        spill: &Scratch,
        memory: usize,
    ) -> Result<RowMarks, Fatal> {
        let mut sorter = Sorter::new(spill, memory / 2);
        for (number, input) in self.inputs.iter().enumerate() {
            if redelivered.get(number).is_some_and(Option::is_some) {
                continue;
            }
            let input = self.twice(input)?;
            let collect = |collector: &KeyCollector<'_>, decoded: DecodedChunk<'_>| {
                Ok(collector.records(&decoded, candidates, state))
            };
            self.read(number, &input, &[], &collect, |records: Vec<u8>| {
                let mut records = &records[..];
                while !records.is_empty() {
                    let name = take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?;
                    sorter.push(name, take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?)?;
                }
                Ok(())
            })?;
        }
        let sorter = sorter.finish()?;
        let mut sorter = sorter.read()?;
        let mut sorted_marks = Sorter::new(spill, memory / 2);
        let mut known: (Vec<u8>, SourceLine, Vec<u8>) = Default::default();
        let mut mark = Vec::new();
        while let Some((name, value)) = sorter.next()? {
            let (id, place) = name.split_last_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
            let place = SourceLine(u64::from_be_bytes(*place));
            let (byte, content) = value.split_first_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
            if known.0 != id {
                known.0.clear();
                known.0.extend_from_slice(id);
                known.1 = place;
                known.2.clear();
                known.2.extend_from_slice(content);
                continue;
            }
            let mut order = (place.input() as u64).to_be_bytes().to_vec();
            order.extend_from_slice(&u64::from_le_bytes(*byte).to_be_bytes());
            mark.clear();
            put(known.1.0, &mut mark);
            put(u64::from(known.2 != content), &mut mark);
            sorted_marks.push(&order, &mark)?;
        }
        record(sorted_marks, self.temp_dir)
    }
}

/// Verdicts in the order of inputs and rows.
fn record(sorted_marks: Sorter<'_>, temp_dir: &Path) -> Result<RowMarks, Fatal> {
    let mut recorder = MarkRecorder::new(temp_dir)?;
    let sorted_marks = sorted_marks.finish()?;
    let mut sorted_marks = sorted_marks.read()?;
    while let Some((order, mut mark)) = sorted_marks.next()? {
        let (input, byte) = order.split_first_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
        let byte = u64::from_be_bytes(*byte.first_chunk().ok_or_else(diagnostics::damaged_scratch)?);
        let first = SourceLine(take(&mut mark).ok_or_else(diagnostics::damaged_scratch)?);
        let differs = take(&mut mark).ok_or_else(diagnostics::damaged_scratch)? != 0;
        recorder.push(u64::from_be_bytes(*input) as usize, DuplicateMark { byte, first, differs })?;
    }
    recorder.finish()
}

/// What looks at the rows of one input.
struct KeyCollector<'a> {
    decoder: &'a dyn EventDecoder,
    filter: RowFilter<'a>,
    number: usize,
    id: Option<usize>,
    transaction: Option<usize>,
    row: &'a [Field],
}

impl KeyCollector<'_> {
    /// The keys of a chunk, and its rows without an identifier.
    fn keys(&self, decoded: &DecodedChunk<'_>, state: &RandomState) -> (ChunkKeys, Diagnostics) {
        let (mut sorter, mut diagnostics, mut identity) =
            (ChunkKeys::default(), Diagnostics::default(), Vec::new());
        let (events, origin) = (&decoded.batch.events, decoded.origin);
        let mut scratch = Vec::new();
        for (index, row) in events.rows.iter().enumerate() {
            if !self.filter.inside(row, index, events, decoded.bytes) {
                continue;
            }
            if self.identity(index, events, decoded.bytes, &mut scratch, &mut identity) {
                sorter.push(key(&identity, state));
            } else {
                diagnostics.report(&NO_EVENT_ID, || {
                    let place = origin.locate(row.line, row.start).field(Field::EVENT_ID);
                    let message = "the row has no id of the play or sale, so it is treated as unique";
                    Diagnostic::new(&NO_EVENT_ID, place, message)
                });
            }
        }
        (sorter, diagnostics)
    }

    /// The rows of a chunk that are under suspicion, with all that they say.
    fn records(&self, decoded: &DecodedChunk<'_>, candidates: &Candidates, state: &RandomState) -> Vec<u8> {
        let (mut records, mut identity, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        let (mut name, mut value) = (Vec::new(), Vec::new());
        let (events, origin) = (&decoded.batch.events, decoded.origin);
        for (index, row) in events.rows.iter().enumerate() {
            if !self.identity(index, events, decoded.bytes, &mut scratch, &mut identity) {
                continue;
            }
            let key = key(&identity, state);
            if !candidates.contains(key) || !self.filter.inside(row, index, events, decoded.bytes) {
                continue;
            }
            name.clear();
            name.extend_from_slice(&key.to_be_bytes());
            put_text(&identity, &mut name);
            let line = origin.line + u64::from(row.line);
            name.extend_from_slice(&SourceLine::new(self.number, line).0.to_be_bytes());
            value.clear();
            value.extend_from_slice(&(origin.byte + u64::from(row.start)).to_le_bytes());
            for (field, place) in self.row.iter().zip(0..) {
                let raw = cell(index, Some(place), events, decoded.bytes);
                let given = comparable_cell(self.decoder, *field, raw, &mut scratch);
                put_cell(given.then_some(&scratch), &mut value);
            }
            put_text(&name, &mut records);
            put_text(&value, &mut records);
        }
        records
    }

    /// What identifies a row; `false` where nothing does.
    fn identity(
        &self,
        index: usize,
        events: &EventBatch,
        bytes: &[u8],
        scratch: &mut Vec<u8>,
        identity: &mut Vec<u8>,
    ) -> bool {
        let raw = cell(index, self.id, events, bytes);
        if !self.decoder.canonical_cell(Field::EVENT_ID, raw, identity).unwrap_or(false)
            || identity.is_empty()
        {
            return false;
        }
        let raw = cell(index, self.transaction, events, bytes);
        if !raw.is_empty()
            && self.decoder.canonical_cell(Field::TRANSACTION_TYPE, raw, scratch).unwrap_or(false)
            && scratch.eq_ignore_ascii_case(REFUND.as_bytes())
        {
            // A byte that no text holds keeps it apart from an identifier that ends in the word.
            identity.push(0xff);
            identity.extend_from_slice(REFUND.as_bytes());
        }
        true
    }
}

/// The bytes of a cell of a row; none where there is no such cell.
fn cell<'a>(index: usize, cell: Option<usize>, events: &'a EventBatch, bytes: &'a [u8]) -> &'a [u8] {
    let span = cell.and_then(|cell| events.cells.get(index * events.row_cells + cell));
    span.map_or(&[], |span| span.bytes(bytes, &events.arena))
}
