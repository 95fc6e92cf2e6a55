//! Reading a body in chunks, side by side, with proof that the chunks fit together.
//!
//! A worker claims the next chunk, reads it by position, guesses where its first unit begins, and
//! indexes it. Then it waits for the chunk before to say where its last unit ended: that place is a
//! [`Seam`]. If the guess was wrong the chunk is indexed again from there. Only then is it decoded.
//! The wait is short, because a chunk's seam is published right after indexing, before decoding.
//! Line numbers and running numbers travel along the seams, so that every place is absolute.
//!
//! ```text
//! worker 1   chunk 1: index ─┬─▶ decode ─▶ …          chunk 3: index ─┬─▶ decode ─▶ …
//!                      seam 1 │                                       │ seam 3
//! worker 2   chunk 2: guess, index ─ equal? ─┬─▶ decode ─▶ …          │
//!                             no: index again │ seam 2 ───────────────┘
//! ```
//!
//! For those who change this: publish the seam before anything is decoded, and allocate nothing for
//! each chunk; buffers belong to the worker.

use crate::diagnostics;
use crate::scan::ordered::Flow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{Batch, Chunk, ChunkDecoder, Decoder, IndexOutcome, Numbers, Origin, Tally};
use transpose_io::Input;
use transpose_sync::{lock, unpoisoned};

/// How an input is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// How many workers.
    pub threads: usize,
    /// How many bytes a chunk has.
    pub chunk: usize,
    /// How many bytes a line or block may have, all of which is held at once.
    pub unit: usize,
}

/// The most bytes that a line or block may have in any case.
const LARGEST_UNIT: usize = (1 << 31) - 1;

impl Default for Reading {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            chunk: 256 * 1024,
            unit: LARGEST_UNIT,
        }
    }
}

/// Where one chunk's units end and the next one's begin.
#[derive(Clone, Copy, Debug)]
struct Seam {
    /// The number of the chunk that begins here.
    chunk: u64,
    /// The byte of the input.
    byte: u64,
    /// The line, from 1.
    line: u64,
    /// Units and usages before.
    units: u64,
    usages: u64,
}

/// One decoded chunk.
pub(crate) struct DecodedChunk<'a> {
    /// Its number, from 0.
    pub(crate) number: u64,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// Where it lies.
    pub(crate) origin: Origin,
    /// Running numbers at its first unit.
    pub(crate) numbers: Numbers,
    /// What is in it.
    pub(crate) batch: &'a mut Batch,
    /// What the decoder found.
    pub(crate) report: RunReport,
}

/// What a scan of the body came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScanTotals {
    /// How many units.
    pub(crate) units: u64,
    /// How many usages.
    pub(crate) usages: u64,
    /// The line after the last, from 1.
    pub(crate) end_line: u64,
    /// Whether the last line has no end, as in a file that was cut.
    pub(crate) is_open: bool,
}

impl ScanTotals {
    /// What the file holds that was scanned.
    pub(crate) fn tally(&self, decoder: &dyn Decoder) -> Tally {
        Tally {
            lines: self.end_line.saturating_sub(1),
            summaries: decoder.preamble().contexts.len() as u64,
            blocks: self.units,
            usages: self.usages,
        }
    }
}

struct Seams {
    at: Mutex<Seam>,
    moved: Condvar,
    /// Whether the input ends within a line.
    is_open: AtomicBool,
}

/// How much of the next chunk is read along, for the unit that goes on into it.
const OVERLAP: usize = 4 * 1024;

/// A page of memory, or a divisor of one.
const PAGE: usize = 4 * 1024;

/// Reads the body of `input` and gives each decoded chunk to `each`, on several threads; `states`
/// has one state per worker.
///
/// Stops early, without an error of its own, when `flow` says so.
pub(crate) fn scan<S: Send>(
    input: &Input,
    decoder: &dyn Decoder,
    reading: Reading,
    flow: &Flow,
    states: &mut [S],
    each: &(dyn Fn(&mut S, DecodedChunk<'_>) -> Result<(), Fatal> + Sync),
) -> Result<ScanTotals, Fatal> {
    let preamble = decoder.preamble();
    let next = AtomicU64::new(0);
    let seams = Seams {
        at: Mutex::new(Seam { chunk: 0, byte: preamble.body, line: preamble.line, units: 0, usages: 0 }),
        moved: Condvar::new(),
        is_open: AtomicBool::new(false),
    };
    let chunk = reading.chunk.clamp(16, 1 << 30);
    std::thread::scope(|scope| {
        let workers: Vec<_> = states
            .iter_mut()
            .map(|state| {
                let (next, seams) = (&next, &seams);
                scope.spawn(move || {
                    let mut worker = Worker {
                        input,
                        base: preamble.body,
                        chunk,
                        largest: reading.unit.min(decoder.largest_unit()).min(LARGEST_UNIT),
                        seams,
                        flow,
                        decoder: decoder.chunks(),
                        window: Window { buffer: Vec::new(), offset: 0, filled: 0, own: chunk, last: false },
                    };
                    let outcome = worker.run(next, state, each);
                    if let Err(fatal) = outcome {
                        flow.fail(fatal);
                    }
                    // Whoever still waits for a seam must look at the flow again; the lock makes
                    // sure that nobody misses it.
                    drop(lock(&seams.at));
                    seams.moved.notify_all();
                })
            })
            .collect();
        for worker in workers {
            if worker.join().is_err() {
                flow.fail(diagnostics::bug("a worker stopped unexpectedly"));
                seams.moved.notify_all();
            }
        }
    });
    flow.outcome()?;
    let end = *lock(&seams.at);
    Ok(ScanTotals {
        units: end.units,
        usages: end.usages,
        end_line: end.line,
        is_open: seams.is_open.into_inner(),
    })
}

struct Worker<'a> {
    input: &'a Input,
    base: u64,
    chunk: usize,
    /// How many bytes a unit may have.
    largest: usize,
    seams: &'a Seams,
    flow: &'a Flow,
    decoder: Box<dyn ChunkDecoder + 'a>,
    window: Window,
}

/// The bytes of a chunk and somewhat beyond.
struct Window {
    /// Kept at its largest size, so that it is not cleared for each chunk.
    buffer: Vec<u8>,
    /// Where the window begins in the buffer: at a page, because whole pages are copied faster.
    offset: usize,
    filled: usize,
    own: usize,
    last: bool,
}

impl Window {
    fn view(&self) -> Chunk<'_> {
        let bytes = self.buffer.get(self.offset..self.offset + self.filled);
        Chunk { bytes: bytes.unwrap_or(&[]), own: self.own, last: self.last }
    }

    /// Reads until `len` bytes from `begin` on are there; notes whether the input ends within them.
    fn read_to(&mut self, input: &Input, begin: u64, len: usize) -> Result<(), Fatal> {
        if self.buffer.len() < self.offset + len {
            let mut larger = vec![0; len + PAGE];
            let offset = larger.as_ptr().align_offset(PAGE).min(PAGE);
            if let (Some(to), Some(from)) = (
                larger.get_mut(offset..offset + self.filled),
                self.buffer.get(self.offset..self.offset + self.filled),
            ) {
                to.copy_from_slice(from);
            }
            (self.buffer, self.offset) = (larger, offset);
        }
        let free = self.buffer.get_mut(self.offset + self.filled..self.offset + len).unwrap_or(&mut []);
        let wanted = free.len();
        let read =
            input.read_at(begin + self.filled as u64, free).map_err(|error| diagnostics::io(&error))?;
        self.filled += read;
        // An input that ends exactly here is found out by the next read, which brings nothing.
        self.last = read < wanted;
        Ok(())
    }

    /// Whether the input ends here, and within a line.
    fn is_open(&self) -> bool {
        self.last && self.view().bytes.last().is_some_and(|byte| !matches!(byte, b'\n' | b'\r'))
    }

    fn grow(&mut self, input: &Input, begin: u64) -> Result<(), Fatal> {
        self.read_to(input, begin, self.filled + (self.filled / 2).max(64))
    }
}

impl Worker<'_> {
    fn run<S>(
        &mut self,
        next: &AtomicU64,
        state: &mut S,
        each: &(dyn Fn(&mut S, DecodedChunk<'_>) -> Result<(), Fatal> + Sync),
    ) -> Result<(), Fatal> {
        let mut batch = Batch::default();
        while !self.flow.stopped() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            // Chunks lie on a grid from the first byte of the input on, so that whole pages are
            // read.
            let end = (self.base / self.chunk as u64 + number + 1) * self.chunk as u64;
            let begin = self.base.max(end - self.chunk as u64);
            self.window.filled = 0;
            self.window.own = (end - begin) as usize;
            self.window.read_to(self.input, begin, self.window.own + OVERLAP.min(self.chunk))?;
            if self.window.filled == 0 && number > 0 {
                // Beyond the end: the seam passes through unchanged.
                if let Some(seam) = self.seam(number) {
                    self.publish(Seam { chunk: number + 1, ..seam });
                }
                return Ok(());
            }
            // The first chunk begins at a unit; every other one guesses.
            let start = if number == 0 { 0 } else { self.sync(begin)? };
            let mut indexed = self.index(begin, start)?;
            if self.window.is_open() {
                self.seams.is_open.store(true, Ordering::Relaxed);
            }
            let Some(seam) = self.seam(number) else { return Ok(()) };
            let actual = seam.byte.saturating_sub(begin) as usize;
            if actual != start {
                indexed = self.index(begin, actual)?;
            }
            // A wrong guess may have seemed too long; the right beginning decides.
            let Some(indexed) = indexed else {
                let place = Location::line(seam.line, begin + actual as u64);
                let message =
                    format!("one of the lines or blocks from here on has more than {} bytes", self.largest);
                return Err(Fatal::input(Diagnostic::new(&diagnostics::UNIT_TOO_LONG, place, message)));
            };
            self.publish(Seam {
                chunk: number + 1,
                byte: begin + indexed.end as u64,
                line: seam.line + indexed.lines,
                units: seam.units + indexed.units,
                usages: seam.usages + indexed.usages,
            });
            self.input.release(begin);
            batch.clear();
            let mut report = RunReport::keeping(self.flow.kept);
            let origin = Origin { byte: begin, line: seam.line };
            let view = self.window.view();
            if actual <= self.window.own {
                self.decoder.decode(view, origin, &mut batch, &mut report);
            }
            let numbers = Numbers { blocks: seam.units, usages: seam.usages, line: seam.line };
            each(
                state,
                DecodedChunk { number, bytes: view.bytes, origin, numbers, batch: &mut batch, report },
            )?;
        }
        Ok(())
    }

    fn sync(&mut self, begin: u64) -> Result<usize, Fatal> {
        loop {
            let start = self.decoder.sync(self.window.view());
            // What begins beyond the own part belongs to a later chunk; an own beginning needs its
            // bytes.
            if start <= self.window.filled || self.window.last || start > self.window.own {
                return Ok(start);
            }
            if self.window.filled >= self.largest {
                return Ok(self.window.filled.max(self.window.own + 1));
            }
            self.window.grow(self.input, begin)?;
        }
    }

    /// Divides the window into units; nothing where one of them is too long.
    fn index(&mut self, begin: u64, start: usize) -> Result<Option<IndexedUnits>, Fatal> {
        if start > self.window.own {
            // Nothing begins in this chunk's own part: a unit of an earlier chunk goes on beyond
            // it.
            return Ok(Some(IndexedUnits { end: start, lines: 0, units: 0, usages: 0 }));
        }
        loop {
            match self.decoder.index(self.window.view(), start) {
                IndexOutcome::Done { end, lines, units, usages } => {
                    return Ok(Some(IndexedUnits { end, lines, units, usages }));
                }
                IndexOutcome::More if self.window.last => {
                    return Err(diagnostics::bug("a decoder wants more than the whole input"));
                }
                IndexOutcome::More if self.window.filled.saturating_sub(start) >= self.largest => {
                    return Ok(None);
                }
                IndexOutcome::More => self.window.grow(self.input, begin)?,
            }
        }
    }

    /// Waits for the seam at which chunk `number` begins; `None` when the run has stopped.
    fn seam(&self, number: u64) -> Option<Seam> {
        let mut at = lock(&self.seams.at);
        while at.chunk != number {
            if self.flow.stopped() {
                return None;
            }
            at = unpoisoned(self.seams.moved.wait(at));
        }
        Some(*at)
    }

    fn publish(&self, seam: Seam) {
        *lock(&self.seams.at) = seam;
        self.seams.moved.notify_all();
    }
}

#[derive(Clone, Copy)]
struct IndexedUnits {
    end: usize,
    lines: u64,
    units: u64,
    usages: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use transpose_core::diagnostics::CellDiagnostic;
    use transpose_core::format::{Decoder, Dimension, EventDecoder, Preamble, Projection};
    use transpose_core::model::{Entity, EventRow, Field};

    /// Lines in which a line end between `"` and `"` does not count: the smallest format whose
    /// chunks cannot be cut blindly.
    struct QuotedLines(Preamble);

    #[derive(Default)]
    struct QuotedLineWorker(Vec<(usize, usize)>);

    impl Decoder for QuotedLines {
        fn preamble(&self) -> &Preamble {
            &self.0
        }

        fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
            Box::<QuotedLineWorker>::default()
        }

        fn quarantine_header(&self, _: &mut Vec<u8>) {}

        fn quarantine(&self, _: &Diagnostic, _: &[u8], _: &mut Vec<u8>) {}

        fn finish(&self, _: &[(u64, Entity)], _: &Tally, _: &mut Vec<Diagnostic>) {}
    }

    impl EventDecoder for QuotedLines {
        fn project(&mut self, _: &Projection) -> Result<(), Fatal> {
            Ok(())
        }

        fn check_key(&self, _: Dimension, _: &[&[u8]]) -> Result<(), CellDiagnostic> {
            Ok(())
        }

        fn resolve_key(
            &self,
            _: Dimension,
            _: &[&[u8]],
            _: &mut dyn FnMut(Field, &[u8]),
            _: &mut Vec<CellDiagnostic>,
        ) {
        }

        fn canonical_cell(&self, _: Field, _: &[u8], _: &mut Vec<u8>) -> Result<bool, CellDiagnostic> {
            Ok(false)
        }
    }

    impl ChunkDecoder for QuotedLineWorker {
        fn sync(&mut self, chunk: Chunk<'_>) -> usize {
            chunk.bytes.iter().position(|byte| *byte == b'\n').map_or(chunk.bytes.len(), |at| at + 1)
        }
        fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
            self.0.clear();
            let (mut from, mut quoted, mut lines) = (start, false, 0);
            for (at, byte) in chunk.bytes.iter().enumerate().skip(start) {
                quoted ^= *byte == b'"';
                lines += u64::from(*byte == b'\n');
                if *byte == b'\n' && !quoted {
                    self.0.push((from, at + 1));
                    from = at + 1;
                    if from > chunk.own {
                        let units = self.0.len() as u64;
                        return IndexOutcome::Done { end: from, lines, units, usages: units };
                    }
                }
            }
            if !chunk.last {
                return IndexOutcome::More;
            }
            if from < chunk.bytes.len() {
                self.0.push((from, chunk.bytes.len()));
            }
            let units = self.0.len() as u64;
            IndexOutcome::Done { end: chunk.bytes.len(), lines, units, usages: units }
        }
        fn decode(&mut self, _: Chunk<'_>, _: Origin, batch: &mut Batch, _: &mut RunReport) {
            for (start, end) in &self.0 {
                let len = (end - start) as u32;
                batch.events.rows.push(EventRow {
                    start: *start as u32,
                    len,
                    line: 0,
                    plays: 1,
                    time: 0,
                    micros: 0,
                });
            }
        }
    }

    fn rows(bytes: &[u8], chunk: usize, threads: usize) -> Vec<(u64, Vec<u8>)> {
        let input = Input::from_bytes("test", bytes.to_vec());
        let decoder = QuotedLines(Preamble { line: 1, ..Preamble::default() });
        let flow = Flow::default();
        let mut states = vec![Vec::new(); threads];
        let scanned = scan(
            &input,
            &decoder,
            Reading { threads, chunk, ..Reading::default() },
            &flow,
            &mut states,
            &|rows, decoded| {
                for (index, row) in decoded.batch.events.rows.iter().enumerate() {
                    let bytes = &decoded.bytes[row.start as usize..(row.start + row.len) as usize];
                    rows.push((decoded.numbers.blocks + index as u64, bytes.to_vec()));
                }
                Ok(())
            },
        )
        .unwrap();
        let mut rows = states.concat();
        rows.sort();
        assert_eq!(scanned.units, rows.len() as u64);
        assert_eq!(scanned.end_line as usize, bytes.split(|byte| *byte == b'\n').count());
        rows
    }

    proptest! {
        #[test]
        fn rows_depend_neither_on_chunks_nor_on_threads(
            text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'"'), Just(b'\n')], 0..400),
            chunk in 16usize..80,
            threads in 1usize..4,
        ) {
            let whole = rows(&text, 1 << 20, 1);
            prop_assert_eq!(whole.iter().flat_map(|(_, row)| row.clone()).collect::<Vec<_>>(), text.clone());
            prop_assert_eq!(rows(&text, chunk, threads), whole);
        }
    }

    #[test]
    fn failure_of_one_worker_ends_all() {
        let input = Input::from_bytes("test", b"a\n".repeat(10_000));
        let decoder = QuotedLines(Preamble { line: 1, ..Preamble::default() });
        let flow = Flow::default();
        let failed = scan(
            &input,
            &decoder,
            Reading { threads: 3, chunk: 64, ..Reading::default() },
            &flow,
            &mut [(), (), ()],
            &|(), decoded| {
                if decoded.number == 20 { Err(diagnostics::overflow("plays")) } else { Ok(()) }
            },
        );
        assert_eq!(failed.unwrap_err().diagnostics[0].code, &diagnostics::OVERFLOW);
    }
}
