//! What writes an output: an encoder, shared by the workers.

use crate::accounting::{RunReport, Subject};
use crate::diagnostics::{Diagnostic, Fatal, Location};
use crate::format::container::TableShape;
use crate::format::decode::{EventDecoder, FileNumber, Tally};
use crate::model::{Blocks, Entity, EventBatch, Field, FieldSet, Shape};
use crate::terms::Terms;
use transpose_codes::time::Timestamp;

/// What an encoder gets before it writes anything.
pub struct EncodeRequest<'a> {
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
    /// What distinguishes the output from all others.
    pub identity: OutputIdentity<'a>,
}

/// What distinguishes an output from all others, for formats whose messages have identifiers: two
/// outputs that differ in anything differ here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputIdentity<'a> {
    /// The name that the job gives it; empty where there is only one output.
    pub name: &'a str,
    /// A hash in hexadecimal digits: of the agreement, the figures, the options, the content and
    /// the moment of the run.
    pub fingerprint: &'a str,
}

/// A mandatory cell of an output for which nothing has a value, or not in every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfilledCell {
    /// The record and the cell, with its field where it has one.
    pub location: Location,
    /// Where it is missing, where that is not everywhere: a sales context, for example; may be
    /// empty.
    pub whose: String,
    /// Whether the source has a place for the value: only rows without one leave it empty.
    pub in_source: bool,
    /// What would supply it, in a sentence.
    pub supply: String,
}

/// What an encoder has made of a batch.
#[derive(Debug, Default)]
pub struct EncodedBatch {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The end of each block in `bytes` and its tally: a file may be split there, and nowhere else.
    pub marks: Vec<(u32, Tally)>,
}

impl EncodedBatch {
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
    pub decoder: &'a dyn EventDecoder,
}

/// An output that a format has begun to write.
pub enum Created {
    /// A target of single plays or sales.
    Events(Box<dyn EventEncoder>),
    /// A target of aggregates.
    Blocks(Box<dyn BlockEncoder>),
}

impl Created {
    /// What both kinds of encoders do.
    pub fn encoder(&self) -> &dyn Encoder {
        match self {
            Self::Events(encoder) => encoder.as_ref(),
            Self::Blocks(encoder) => encoder.as_ref(),
        }
    }

    /// The encoder of events; none of a format of aggregates.
    pub fn events(self) -> Option<Box<dyn EventEncoder>> {
        match self {
            Self::Events(encoder) => Some(encoder),
            Self::Blocks(_) => None,
        }
    }

    /// The encoder of blocks; none of a format of events.
    pub fn blocks(self) -> Option<Box<dyn BlockEncoder>> {
        match self {
            Self::Events(_) => None,
            Self::Blocks(encoder) => Some(encoder),
        }
    }
}

/// What every encoder does: it begins, ends and names files, and says what it has no place for.
/// Shared by the workers.
pub trait Encoder: Send + Sync {
    /// Begins a file.
    fn begin(&self, file_number: FileNumber, out: &mut Vec<u8>) -> Tally;

    /// Ends a file. `file` counts this file so far, `message` all files so far.
    fn end(&self, file_number: FileNumber, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally;

    /// The name that the format demands or proposes for a file.
    fn file_name(&self, file_number: FileNumber) -> String;

    /// Whether the ending of a packed file takes the place of the extension: `REPORT_H.gz`, not
    /// `REPORT_H.txt.gz`.
    fn gz_replaces_extension(&self) -> bool {
        false
    }

    /// The most bytes that a file may have before it is split; `None` when files are never split.
    fn max_file_size(&self) -> Option<u64> {
        None
    }

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
    fn header_depends_on_rows(&self) -> bool {
        false
    }

    /// What keeps the output from appearing, asked once everything is encoded: what only the whole
    /// of it shows.
    fn final_check(&self) -> Option<Fatal> {
        None
    }

    /// The identifier of the message that it writes, for formats of messages.
    fn message_id(&self) -> Option<&str> {
        None
    }

    /// Diagnostics from before anything was encoded.
    fn diagnostics(&self) -> &[Diagnostic] {
        &[]
    }

    /// Losses that are known without looking at values: a source has a place for these, the output
    /// has not.
    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)>;

    /// What the sales contexts lose, counted: some of the records that show them have a place for
    /// it, others have not. It is told even where there are no usages.
    fn context_losses(&self) -> Vec<(Subject, u64, String)> {
        Vec::new()
    }
}

/// Writes single plays and sales.
pub trait EventEncoder: Encoder {
    /// Encodes events after what is in `out`. Accounts for them in the report's `written` amounts.
    fn encode(
        &self,
        events: Events<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal>;
}

/// Writes blocks of usages.
pub trait BlockEncoder: Encoder {
    /// Encodes blocks after what is in `out`. Accounts for them in the report's `written` amounts.
    fn encode(
        &self,
        blocks: Blocks<'_>,
        numbers: Numbers,
        out: &mut EncodedBatch,
        report: &mut RunReport,
    ) -> Result<(), Fatal>;
}
