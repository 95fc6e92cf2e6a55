//! What reads an input: a decoder, shared by the workers, and each worker's own part of it.

use crate::accounting::RunReport;
use crate::diagnostics::{CellDiagnostic, Diagnostic, Fatal, Location, Reject};
use crate::format::validate::{Demands, Validation, ValueRef, no_demands};
use crate::model::{BlockBatch, Entity, EventBatch, Field, FieldSet, Shape};

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
    /// Fields that a row may lack although the format demands them, because they are made.
    pub optional: FieldSet,
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
pub enum IndexOutcome {
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

/// An input that a format has begun to read.
pub enum Opened {
    /// Single plays or sales, or the rows of a catalogue.
    Events(Box<dyn EventDecoder>),
    /// Blocks of usages.
    Blocks(Box<dyn BlockDecoder>),
}

impl Opened {
    /// What both kinds of decoders do.
    pub fn decoder(&self) -> &dyn Decoder {
        match self {
            Self::Events(decoder) => decoder.as_ref(),
            Self::Blocks(decoder) => decoder.as_ref(),
        }
    }

    /// The same, before the workers start.
    pub fn decoder_mut(&mut self) -> &mut dyn Decoder {
        match self {
            Self::Events(decoder) => decoder.as_mut(),
            Self::Blocks(decoder) => decoder.as_mut(),
        }
    }

    /// What is known before the body.
    pub fn preamble(&self) -> &Preamble {
        self.decoder().preamble()
    }

    /// The decoder of events; none of a format of aggregates.
    pub fn events(self) -> Option<Box<dyn EventDecoder>> {
        match self {
            Self::Events(decoder) => Some(decoder),
            Self::Blocks(_) => None,
        }
    }

    /// The decoder of blocks; none of a format of events.
    pub fn blocks(self) -> Option<Box<dyn BlockDecoder>> {
        match self {
            Self::Events(_) => None,
            Self::Blocks(decoder) => Some(decoder),
        }
    }
}

/// What every decoder does: it knows the head, makes the workers' own parts, and checks the end.
/// Shared by the workers.
pub trait Decoder: Send + Sync {
    /// What is known before the body.
    fn preamble(&self) -> &Preamble;

    /// A worker's own part, which decodes chunks.
    fn chunks(&self) -> Box<dyn ChunkDecoder + '_>;

    /// How many bytes a line or block may have; a longer one ends the reading, before all of it is
    /// held. By default it is for the engine to say.
    fn largest_unit(&self) -> usize {
        usize::MAX
    }

    /// The first line of a quarantine file.
    fn quarantine_header(&self, out: &mut Vec<u8>);

    /// One rejected row: its bytes unchanged, with line number and reason.
    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>);

    /// Checks the closing records of a file against what was read of it.
    fn finish(&self, _trailers: &[(u64, Entity)], _tally: &Tally, _diagnostics: &mut Vec<Diagnostic>) {}

    /// Prepares for validation: from now on everything is reported that the rules of the format and
    /// the demands of a partner say, also what does not matter for reading. Called once, before the
    /// workers start; demands that name nothing the format has are refused.
    fn demand(&mut self, demands: &Demands) -> Result<(), Fatal> {
        if *demands == Demands::default() { Ok(()) } else { Err(no_demands()) }
    }

    /// What the format checks and repairs beyond reading, where it does.
    fn validation(&self) -> Option<&dyn Validation> {
        None
    }
}

impl dyn Decoder + '_ {
    /// Where a value is: as the format says, or else its record and field.
    pub fn locate(&self, value: ValueRef) -> Location {
        if let Some(location) = self.validation().and_then(|validation| validation.locate(value)) {
            return location;
        }
        let preamble = self.preamble();
        let (record, field) = match value {
            ValueRef::Header(field) => (Some(&preamble.header.origin), field),
            ValueRef::Context(index, field) => {
                (preamble.contexts.get(index).map(|context| &context.origin), field)
            }
            ValueRef::Entity(shape, field) => (preamble.shapes.get(shape).map(|shape| &shape.record), field),
        };
        let record = record.filter(|record| !record.is_empty()).cloned();
        Location { record, field: Some(field), ..Location::default() }
    }
}

/// Reads single plays and sales.
///
/// A decoder does not turn a row into values. It gives, for each row, the raw bytes of two keys
/// (the item and the context), which the engine interns, and the raw cells that a [`Projection`]
/// asks for; what they mean is asked once for each distinct key.
pub trait EventDecoder: Decoder {
    /// Says which part of each event is needed; called once before the workers start.
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal>;

    /// The columns of the table, from 0 and in rising order, that the projection needs of each row,
    /// also for checks; `None` when they are not known, so that all are needed. Asked for after
    /// [`EventDecoder::project`].
    fn columns(&self) -> Option<Vec<u32>> {
        None
    }

    /// Bytes that are equal for inputs of one format whose keys mean the same, such as its line of
    /// headings; a key that is in several of them is then kept once. `None`: the keys of this input
    /// are its own.
    fn key_space(&self) -> Option<&[u8]> {
        None
    }

    /// Checks what would keep rows with this key from being converted. Called once per distinct key
    /// and worker.
    fn check_key(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic>;

    /// Gives the canonical values behind a key to `sink`, and what is wrong with them to
    /// `diagnostics`. Called once per distinct key.
    fn resolve_key(
        &self,
        dimension: Dimension,
        key: &[&[u8]],
        sink: &mut dyn FnMut(Field, &[u8]),
        diagnostics: &mut Vec<CellDiagnostic>,
    );

    /// Turns the raw cell of a row field into canonical notation in `out` (cleared first). `false`
    /// means absent.
    fn canonical_cell(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic>;
}

/// Reads blocks of usages.
pub trait BlockDecoder: Decoder {
    /// Checks what the closing records of the last file say about the whole message, once every
    /// file of it was read.
    fn finish_message(
        &self,
        _trailers: &[(u64, Entity)],
        _message: &Tally,
        _diagnostics: &mut Vec<Diagnostic>,
    ) {
    }
}

/// What a decoder fills.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events, for a source of events.
    pub events: EventBatch,
    /// Blocks, for a source of aggregates.
    pub blocks: BlockBatch,
    /// Rows or blocks that cannot be converted.
    pub rejects: Vec<Reject>,
    /// Closing records of the message, with their lines.
    pub trailers: Vec<(u64, Entity)>,
}

impl Batch {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.blocks.clear();
        self.rejects.clear();
        self.trailers.clear();
    }
}

/// One worker's part of a decoder. Buffers are reused from chunk to chunk.
pub trait ChunkDecoder: Send {
    /// Guesses where the first unit after the first byte begins, knowing nothing of what comes
    /// before.
    fn sync(&mut self, chunk: Chunk<'_>) -> usize;

    /// Finds the chunk's own units from `start` on.
    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome;

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
