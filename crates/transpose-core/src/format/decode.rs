//! What reads an input: a decoder, shared by the workers, and each worker's own part of it.

use crate::accounting::RunReport;
use crate::diagnostics::{Diagnostic, Fatal, Location};
use crate::format::validate::{Demands, NO_DEMANDS, Repair, ValueRef};
use crate::model::{Batch, CellDiagnostic, Entity, Field, FieldSet, Shape};

/// What a decoder knows before the body.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    /// The version found, for formats with versions.
    pub version: Option<String>,
    /// Which file of its message the input is, for formats whose messages may have several.
    pub part: Option<FileNumber>,
    /// The header of the message.
    pub header: Entity,
    /// The sales contexts, for a source of aggregates.
    pub contexts: Vec<Entity>,
    /// The shapes of entities in blocks, for a source of aggregates.
    pub shapes: Vec<Shape>,
    /// The fields that the input has a place for.
    pub reads: FieldSet,
    /// The cells that only its own family understands, by name.
    pub extras: Vec<Box<str>>,
    /// The byte at which the body begins.
    pub body: u64,
    /// The line at which the body begins, from 1.
    pub line: u64,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Which part of an event the engine needs.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// Fields that describe what was used; interned together.
    pub item: FieldSet,
    /// Fields that decide the sales context; interned together.
    pub context: FieldSet,
    /// Fields wanted as cells of each row, in this order.
    pub row: Vec<Field>,
    /// Whether the time of each row is wanted.
    pub time: bool,
    /// Whether the played duration of each row is wanted.
    pub duration: bool,
    /// The moment of the run in microseconds since 1970 UTC, to which the ages of events are
    /// relative that do not say when they were logged.
    pub now: Option<i64>,
}

/// Which key of an event is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// What was used.
    Item,
    /// Under which conditions.
    Context,
}

/// A part of the body in memory.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The bytes, from the start of the chunk to somewhat beyond what it owns.
    pub bytes: &'a [u8],
    /// Units that begin at or before this offset are the chunk's own.
    pub own: usize,
    /// Whether `bytes` reaches the end of the input.
    pub last: bool,
}

/// What indexing a chunk came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// Every own unit is complete.
    Done {
        /// Where the first unit of the next chunk begins, from the start of this chunk.
        end: usize,
        /// How many line ends lie between the first unit and `end`.
        lines: u64,
        /// How many units (blocks, rows) the chunk owns.
        units: u64,
        /// How many usages they have.
        usages: u64,
    },
    /// The last own unit goes on beyond `bytes`; more is needed.
    More,
}

/// Where a chunk lies in its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The byte of the input at which the chunk begins.
    pub byte: u64,
    /// The line of its first unit, from 1.
    pub line: u64,
}

impl Origin {
    /// The place of a row, by its line within the chunk, from 0, and its first byte.
    pub fn locate(self, line: u32, start: u32) -> Location {
        Location::line(self.line + u64::from(line), self.byte + u64::from(start))
    }
}

/// Reads an input. Shared by the workers.
pub trait Decode: Send + Sync {
    /// What is known before the body.
    fn preamble(&self) -> &Preamble;

    /// Tells which part of each event is needed; called once before the workers start.
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal>;

    /// The columns of the table, from 0 and in rising order, that the projection needs of each row,
    /// also for checks; `None` when they are not known, so that all are needed. Asked for after
    /// [`Decode::project`].
    fn columns(&self) -> Option<Vec<u32>> {
        None
    }

    /// A worker's own state.
    fn worker(&self) -> Box<dyn ChunkDecoder + '_>;

    /// Bytes that are equal for inputs of one format whose keys mean the same, such as its line of
    /// headings; a key that stands in several of them is then kept once. `None`: the keys of this
    /// input are its own.
    fn key_space(&self) -> Option<&[u8]> {
        None
    }

    /// Checks what would keep rows with this key from being converted. Called once per distinct key
    /// and worker.
    fn vet(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic>;

    /// Gives the canonical values behind a key to `sink`, and what is wrong with them to `faults`.
    /// Called once per distinct key.
    fn resolve(
        &self,
        dimension: Dimension,
        key: &[&[u8]],
        sink: &mut dyn FnMut(Field, &[u8]),
        faults: &mut Vec<CellDiagnostic>,
    );

    /// Turns the raw cell of a row field into canonical notation in `out` (cleared first). `false`
    /// means absent.
    fn value(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic>;

    /// The first line of a quarantine file.
    fn quarantine_head(&self, out: &mut Vec<u8>);

    /// One rejected row: its bytes unchanged, with line number and reason.
    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>);

    /// Checks the closing records against what was read.
    fn finish(&self, trailers: &[(u64, Entity)], tally: &Tally, diagnostics: &mut Vec<Diagnostic>);

    /// Checks what the closing records of the last file say about the whole message, once every
    /// file of it was read.
    fn finish_message(
        &self,
        _trailers: &[(u64, Entity)],
        _message: &Tally,
        _diagnostics: &mut Vec<Diagnostic>,
    ) {
    }

    /// Prepares for validation: from now on everything is told that the rules of the format and the
    /// demands of a partner say, also what does not matter for reading. Called once, before the
    /// workers start; demands that name nothing the format has are refused.
    fn demand(&mut self, demands: &Demands) -> Result<(), Fatal> {
        if *demands == Demands::default() {
            return Ok(());
        }
        Err(Fatal::usage(Diagnostic::new(
            &NO_DEMANDS,
            Location::default(),
            "the format has no records that rules could restrict",
        )))
    }

    /// Where a value stands: its record and cell, and in the head its line and byte too.
    fn place(&self, spot: ValueRef) -> Location {
        let preamble = self.preamble();
        let (record, field) = match spot {
            ValueRef::Header(field) => (Some(&preamble.header.origin), field),
            ValueRef::Context(index, field) => {
                (preamble.contexts.get(index).map(|context| &context.origin), field)
            }
            ValueRef::Entity(shape, field) => (preamble.shapes.get(shape).map(|shape| &shape.record), field),
        };
        let record = record.filter(|record| !record.is_empty()).cloned();
        Location { record, field: Some(field), ..Location::default() }
    }

    /// Compares the name of the file, without folders, with what the format says about names and
    /// with the content.
    fn check_name(&self, _name: &str, _diagnostics: &mut Vec<Diagnostic>) {}

    /// What mends the input, for formats that can; `file` and `message` are what was counted when
    /// it was validated.
    fn repair(&self, _file: &Tally, _message: Option<&Tally>) -> Option<Box<dyn Repair + '_>> {
        None
    }
}

/// One worker's part of a decoder. Buffers are reused from chunk to chunk.
pub trait ChunkDecoder: Send {
    /// Guesses where the first unit after the first byte begins, knowing nothing of what stands
    /// before.
    fn sync(&mut self, chunk: Chunk<'_>) -> usize;

    /// Finds the chunk's own units from `start` on.
    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> Indexed;

    /// Decodes the units found by the last [`ChunkDecoder::index`].
    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut RunReport);
}

/// What has been written of a file or a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines, of every kind.
    pub lines: u64,
    /// Summary records.
    pub summaries: u64,
    /// Blocks or rows.
    pub blocks: u64,
    /// Usage records.
    pub usages: u64,
}

impl Tally {
    /// Adds what another part has.
    pub fn add(&mut self, more: Self) {
        self.lines += more.lines;
        self.summaries += more.summaries;
        self.blocks += more.blocks;
        self.usages += more.usages;
    }
}

/// Which file of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNumber {
    /// The number of the file, from 1.
    pub number: u32,
    /// How many files there are.
    pub of: u32,
}
