//! What a plugin implements.
//!
//! A format declares a [`Manifest`], recognises its files, and makes a [`Decode`] or an [`Encode`].
//! Both only see bytes that the engine hands to them: a plugin opens no file, starts no thread,
//! reads no clock. Most formats are a column table or record tables and get these implementations
//! from `transpose-sheet` or `transpose-records`.
//!
//! **Chunks.** The engine reads the body of an input in chunks by position and decodes them side by
//! side. A chunk owns the units (rows, blocks) that begin after its first byte, up to and including
//! the first byte of the next chunk. A worker first guesses where its first unit begins
//! ([`ChunkDecoder::sync`]), indexes from there ([`ChunkDecoder::index`]), and the engine proves
//! the guess by comparing it with the place at which the chunk before ended; a wrong guess is
//! indexed again from the right place. Only then is the chunk decoded. So the result depends
//! neither on chunk size nor on the number of workers, whatever stands in quotes.

use crate::batch::{Batch, Blocks, EventBatch, Fault, Shape};
use crate::diagnostic::{Diagnostic, Fatal, Location};
use crate::entity::Entity;
use crate::field::{Field, FieldSet};
use crate::loss::Subject;
use crate::option::OptionSpec;
use crate::report::{Findings, Report};
use crate::table::TableShape;
use crate::terms::Terms;
use std::borrow::Cow;
use std::sync::Arc;
use transpose_codes::time::Timestamp;

/// What one row of a format stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One play or sale.
    Event,
    /// Counts and money per what, where and how.
    Aggregate,
    /// What a recording or release is, without any usage of it; joined to events that only name it.
    Catalogue,
}

/// How settled a format is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// May still change.
    Preview,
    /// Changes only in documented ways.
    Stable,
    /// Going away.
    Deprecated,
}

/// A version of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What follows the `@`.
    pub id: Cow<'static, str>,
    /// Which facts it rests on, where they are less than confirmed.
    pub note: Cow<'static, str>,
}

/// What a format is, for people and for the command line.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The id, `family.layout`.
    pub id: Cow<'static, str>,
    /// The name for people.
    pub title: Cow<'static, str>,
    /// What a row stands for.
    pub grain: Grain,
    /// Whether it can be read.
    pub reads: bool,
    /// Whether it can be written.
    pub writes: bool,
    /// How settled it is.
    pub status: Status,
    /// Where the layout was taken from.
    pub reference: Cow<'static, str>,
    /// How sure that is: `high`, `medium` or `low`, with a reason after a comma if there is one;
    /// empty where nobody has to wonder.
    pub confidence: Cow<'static, str>,
    /// Its versions, the default first; empty for formats without versions.
    pub versions: Vec<Version>,
    /// The extension of a plain file, without the dot.
    pub extension: Cow<'static, str>,
    /// A paragraph for `transpose formats ID`.
    pub about: Cow<'static, str>,
}

/// The beginning of a file, for recognition.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The file name without folders; not to be relied on.
    pub name: &'a str,
    /// The first bytes, decompressed.
    pub bytes: &'a [u8],
    /// Whether `bytes` is the whole file.
    pub complete: bool,
}

/// How sure a format is that a file is its own. Equal answers of two formats are an error that
/// lists both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognition {
    /// It is not.
    No,
    /// It may be: the shape fits.
    Possible(String),
    /// It is nearly: the reason says what is missing.
    Near(String),
    /// It is: the content says so.
    Certain(String),
}

/// The beginning of an input, as much of it as a format asks for.
pub trait Head {
    /// At least the first `n` decompressed bytes, or all there are.
    fn bytes(&mut self, n: usize) -> Result<&[u8], Fatal>;
    /// The input as the user named it.
    fn name(&self) -> &str;
}

/// What a decoder knows before the body.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    /// The version found, for formats with versions.
    pub version: Option<String>,
    /// Which file of its message the input is, for formats whose messages may have several.
    pub part: Option<Part>,
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
    pub findings: Vec<Diagnostic>,
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

/// A cell of a record, by the name or number of the cell and, if it is not meant in every record,
/// the type of the record with or without its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellName {
    /// `SU02.03` or `SU02`; none for every record.
    pub record: Option<String>,
    /// `UseType` or `11`.
    pub cell: String,
}

/// What a partner demands beyond the rules of a format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// The versions that are accepted; all when there is none.
    pub versions: Vec<String>,
    /// The types of records that are accepted, with or without their versions; all when there is
    /// none.
    pub records: Vec<String>,
    /// The values that a cell may have.
    pub values: Vec<(CellName, Vec<String>)>,
    /// Cells that must be filled, whatever the format says.
    pub required: Vec<CellName>,
}

/// A value whose place only the format knows: the engine has its field and the number of what holds
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In the header.
    Header(Field),
    /// In the sales context with the given number, from 0.
    Context(usize, Field),
    /// In entities of the shape with the given number, from 0.
    Entity(usize, Field),
}

/// Copies an input line by line and mends what can be mended without asking anybody.
pub trait Repair: Send {
    /// Writes what stands for a line to `out`, which is empty, and tells each change as a finding
    /// with its place. The line is given and written without its line end, which the caller keeps.
    /// Lines come in order, the first of the input first.
    fn line(&mut self, place: Location, line: &[u8], out: &mut Vec<u8>, changed: &mut dyn FnMut(Diagnostic));
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
    fn vet(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), Fault>;

    /// Gives the canonical values behind a key to `sink`, and what is wrong with them to `faults`.
    /// Called once per distinct key.
    fn resolve(
        &self,
        dimension: Dimension,
        key: &[&[u8]],
        sink: &mut dyn FnMut(Field, &[u8]),
        faults: &mut Vec<Fault>,
    );

    /// Turns the raw cell of a row field into canonical notation in `out` (cleared first). `false`
    /// means absent.
    fn value(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault>;

    /// The first line of a quarantine file.
    fn quarantine_head(&self, out: &mut Vec<u8>);

    /// One rejected row: its bytes unchanged, with line number and reason.
    fn quarantine(&self, finding: &Diagnostic, row: &[u8], out: &mut Vec<u8>);

    /// Checks the closing records against what was read.
    fn finish(&self, trailers: &[(u64, Entity)], tally: &Tally, findings: &mut Vec<Diagnostic>);

    /// Checks what the closing records of the last file say about the whole message, once every
    /// file of it was read.
    fn finish_message(&self, _trailers: &[(u64, Entity)], _message: &Tally, _findings: &mut Vec<Diagnostic>) {
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
    fn place(&self, spot: Spot) -> Location {
        let preamble = self.preamble();
        let (record, field) = match spot {
            Spot::Header(field) => (Some(&preamble.header.origin), field),
            Spot::Context(index, field) => {
                (preamble.contexts.get(index).map(|context| &context.origin), field)
            }
            Spot::Entity(shape, field) => (preamble.shapes.get(shape).map(|shape| &shape.record), field),
        };
        let record = record.filter(|record| !record.is_empty()).cloned();
        Location { record, field: Some(field), ..Location::default() }
    }

    /// Compares the name of the file, without folders, with what the format says about names and
    /// with the content.
    fn check_name(&self, _name: &str, _findings: &mut Vec<Diagnostic>) {}

    /// What mends the input, for formats that can; `file` and `message` are what was counted when
    /// it was validated.
    fn repair(&self, _file: &Tally, _message: Option<&Tally>) -> Option<Box<dyn Repair + '_>> {
        None
    }
}

crate::codes! {
    /// Rules restrict what the format does not have.
    pub NO_DEMANDS: "COR0101" "no-such-demand" Error
        "A rules file restricts records or cells, and the format of the input has none, or none of that name."
        "Correct the name, or validate an input of a format that has it; `transpose explain` knows the names."
}

/// One worker's part of a decoder. Buffers are reused from chunk to chunk.
pub trait ChunkDecoder: Send {
    /// Guesses where the first unit after the first byte begins, knowing nothing of what stands
    /// before.
    fn sync(&mut self, chunk: Chunk<'_>) -> usize;

    /// Finds the chunk's own units from `start` on.
    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> Indexed;

    /// Decodes the units found by the last [`ChunkDecoder::index`].
    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut Report);
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
pub struct Part {
    /// The number of the file, from 1.
    pub number: u32,
    /// How many files there are.
    pub of: u32,
}

/// What an encoder is told before it writes anything.
pub struct Brief<'a> {
    /// The version asked for, what follows the `@`.
    pub version: Option<&'a str>,
    /// Options of the format.
    pub options: &'a [(String, String)],
    /// The header: from the source, completed by the agreement.
    pub header: &'a Entity,
    /// The sales contexts with their totals, for a target of aggregates.
    pub contexts: &'a [Entity],
    /// The shapes of the blocks that will come.
    pub shapes: &'a [Shape],
    /// The fields that the source has a place for.
    pub reads: FieldSet,
    /// The agreement.
    pub terms: Option<&'a dyn Terms>,
    /// The moment of the run.
    pub now: Timestamp,
}

/// What an encoder has made of a batch.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The end of each block in `bytes` and its tally: a file may be split there, and nowhere else.
    pub marks: Vec<(u32, Tally)>,
}

impl Encoded {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }
}

/// Numbers that run through the whole output, given before a batch is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many blocks come before.
    pub blocks: u64,
    /// How many usages come before.
    pub usages: u64,
    /// The line of the batch's first row in the input, from 1; 0 when it was made here.
    pub line: u64,
}

/// Events of one chunk with what is needed to read them.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    /// The rows.
    pub batch: &'a EventBatch,
    /// The chunk that they borrow from.
    pub chunk: &'a [u8],
    /// The fields of each row's cells, in order.
    pub fields: &'a [Field],
    /// The decoder that understands the cells.
    pub decoder: &'a dyn Decode,
}

/// What an encoder gets.
#[derive(Clone, Copy)]
pub enum Portion<'a> {
    /// Events, for a target of events.
    Events(Events<'a>),
    /// Blocks, for a target of aggregates.
    Blocks(Blocks<'a>),
}

/// Writes an output. Shared by the workers.
pub trait Encode: Send + Sync {
    /// Begins a file.
    fn begin(&self, part: Part, out: &mut Vec<u8>) -> Tally;

    /// Encodes a batch after what is in `out`. Accounts for it in the report's `written` amounts.
    fn encode(
        &self,
        portion: Portion<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut Report,
    ) -> Result<(), Fatal>;

    /// Ends a file. `file` counts this file so far, `message` all files so far.
    fn end(&self, part: Part, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally;

    /// The name that the format demands or proposes for a file.
    fn file_name(&self, part: Part) -> String;

    /// Whether the ending of a packed file takes the place of the extension: `REPORT_H.gz`, not
    /// `REPORT_H.txt.gz`.
    fn packed_without_extension(&self) -> bool {
        false
    }

    /// The most bytes that a file may have before it is split; `None` when files are never split.
    fn max_file_size(&self) -> Option<u64>;

    /// The most blocks that a file may have before it is split; `None` for any number.
    fn max_blocks(&self) -> Option<u64> {
        None
    }

    /// What its text looks like, for an encoder that writes one table; such a table may be put into
    /// a container.
    fn table(&self) -> Option<TableShape> {
        None
    }

    /// Whether a file begins with what is known only at its end, such as how many rows it has: it
    /// is then begun once more when everything is encoded, and written again with that head.
    fn head_waits(&self) -> bool {
        false
    }

    /// What keeps the output from appearing, asked once everything is encoded: what only the whole
    /// of it shows.
    fn refusal(&self) -> Option<Fatal> {
        None
    }

    /// What was noteworthy before anything was encoded.
    fn findings(&self) -> &[Diagnostic] {
        &[]
    }

    /// Losses that are known without looking at values: a source has a place for these, the output
    /// has not.
    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)>;
}

/// What turns the lines of an input into delimited text with one line of headings: line N of the
/// text is made of line N of the input, so that places in one are places in the other.
pub trait Framing: Send + Sync {
    /// What the input is called that way, such as `fixed width`.
    fn name(&self) -> &'static str;

    /// Begins with the first line.
    fn begin(&self) -> Box<dyn Framer>;
}

/// Turns one input into text, from front to back.
pub trait Framer: Send {
    /// Takes whole lines from the front of `bytes`, adds what they become to `out` and answers how
    /// many bytes were taken. With `last` nothing follows, and everything is taken. What is
    /// noteworthy about a line that is kept goes to `findings`; what makes the rest unreadable is a
    /// failure.
    fn cut(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<u8>,
        findings: &mut Findings,
    ) -> Result<usize, Fatal>;
}

/// A format: a plugin's one entry point.
pub trait Format: Send + Sync {
    /// What the format is.
    fn manifest(&self) -> &Manifest;

    /// The options it takes when it is read or written.
    fn options(&self) -> &'static [OptionSpec];

    /// The names of columns that records of this format may have, where it may come as records
    /// (JSON, XML): of a large input they are looked out for even if the first records do not have
    /// them.
    fn record_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the columns of the table are called, each name with its field; columns without a field
    /// are left out.
    fn headings(&self) -> Vec<(String, Field)> {
        Vec::new()
    }

    /// Whether a file is of this format. Looks only at the probe.
    fn recognise(&self, probe: &Probe<'_>) -> Recognition;

    /// The fields it may carry when read.
    fn reads(&self, version: Option<&str>) -> FieldSet;

    /// The fields it carries when written.
    fn writes(&self, version: Option<&str>) -> FieldSet;

    /// The fields without which it cannot be written, and what happens without them.
    fn needs(&self, version: Option<&str>) -> FieldSet;

    /// Personal data that is owed to whoever gets the report, because they are the recipient's own
    /// users; what else there is is left out unless it is asked for.
    fn personal(&self) -> FieldSet {
        self.needs(None).intersection(Field::PERSONAL.into_iter().collect())
    }

    /// What turns an input of this format that begins like this into the text that [`Format::open`]
    /// understands; `None` where it is that text already.
    fn framing(&self, _probe: &Probe<'_>) -> Option<Arc<dyn Framing>> {
        None
    }

    /// Begins to read.
    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Box<dyn Decode>, Fatal>;

    /// Begins to write. Everything that can be refused is refused here, before an output appears.
    fn create(&self, brief: &Brief<'_>) -> Result<Box<dyn Encode>, Fatal>;

    /// Whether it is one table of delimited text, which may come in and be put into any other
    /// container of tables.
    fn is_table(&self) -> bool {
        false
    }

    /// What the format can explain beyond codes: record types, cells, value sets.
    fn explain(&self, topic: &str) -> Option<String>;
}
