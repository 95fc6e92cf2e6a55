//! What a plugin implements.
//!
//! A format declares a [`Manifest`], recognises its files, and makes a decoder ([`Opened`]) or an
//! encoder ([`Created`]). Both only see bytes that the engine hands to them: a plugin opens no
//! file, starts no thread, reads no clock. Most formats are a column table or record tables and get
//! these implementations from `transpose-sheet` or `transpose-records`.
//!
//! **Chunks.** The engine reads the body of an input in chunks by position and decodes them side by
//! side. A chunk owns the units (rows, blocks) that begin after its first byte, up to and including
//! the first byte of the next chunk. A worker first guesses where its first unit begins
//! ([`ChunkDecoder::sync`]), indexes from there ([`ChunkDecoder::index`]), and the engine proves
//! the guess by comparing it with the place at which the chunk before ended; a wrong guess is
//! indexed again from the right place. Only then is the chunk decoded. So the result depends
//! neither on chunk size nor on the number of workers, whatever is in quotes.
//!
//! | module | holds |
//! |---|---|
//! | `mod` | [`Format`], its [`Manifest`], and what it opens and creates |
//! | `recognise` | how the format of a file is found by its content |
//! | `decode`, `validate` | decoders of events and of blocks, and what validation asks besides |
//! | `encode` | encoders of events and of blocks |
//! | [`options`] | options of a format, with their types and defaults |
//! | `framing` | what turns an input that is not delimited text into delimited text |
//! | `container` | what tables are written into |
//! | [`registry`] | the formats that are linked in |

mod container;
mod decode;
mod encode;
mod framing;
pub mod options;
mod recognise;
pub mod registry;
mod validate;

pub use container::{ColumnContent, Container, OutputContext, TableColumn, TableShape, TableWriter};
pub use decode::{
    Batch, BlockDecoder, Chunk, ChunkDecoder, Decoder, Dimension, EventDecoder, FileNumber, IndexOutcome,
    Opened, Origin, Preamble, Projection, Tally,
};
pub use encode::{
    BlockEncoder, Created, EncodeRequest, EncodedBatch, Encoder, EventEncoder, Events, Numbers,
    OutputIdentity, UnfilledCell,
};
pub use framing::{Framer, Framing};
pub use options::{OptionError, OptionKind, OptionSpec};
pub use recognise::{BytesHead, Head, Probe, Recognition};
pub use registry::{RecognitionFailure, Registry, RegistryError};
pub use validate::{CellName, Demands, NO_DEMANDS, Repair, Validation, ValueRef};

use crate::diagnostics::Fatal;
use crate::model::{Field, FieldSet};
use std::borrow::Cow;
use std::sync::Arc;

/// What one row of a format represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One play or sale.
    Event,
    /// Counts and money per what, where and how.
    Aggregate,
    /// What a recording or release is, without any usage of it; joined to events that only name it.
    Catalogue,
}

/// How stable a format is.
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
    /// What a row represents.
    pub grain: Grain,
    /// Whether it can be read.
    pub reads: bool,
    /// Whether it can be written.
    pub writes: bool,
    /// How stable it is.
    pub status: Status,
    /// Where the layout was taken from.
    pub reference: Cow<'static, str>,
    /// How sure that is: `high`, `medium` or `low`, with a reason after a comma if there is one;
    /// empty where it is beyond doubt.
    pub confidence: Cow<'static, str>,
    /// Its versions, the default first; empty for formats without versions.
    pub versions: Vec<Version>,
    /// The extension of a plain file, without the dot.
    pub extension: Cow<'static, str>,
    /// What sets it apart from other formats, as far as its inputs and outputs are handled
    /// differently.
    pub traits: FormatTraits,
    /// A paragraph for `transpose formats ID`.
    pub about: Cow<'static, str>,
}

/// What sets a format apart where a run handles formats differently. The default is a format of
/// messages: several inputs are the files of one message, usages refer to sales contexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any may be true")]
pub struct FormatTraits {
    /// It is one table of delimited text, which may come in, and be put into, any container of
    /// tables.
    pub tabular: bool,
    /// Several inputs are tables of one report, each with a head of its own, and not the files of
    /// one message.
    pub independent_inputs: bool,
    /// Each row of an aggregate repeats its sales context instead of referring to one: the contexts
    /// of an input are gathered in a reading before, and an output shows of them what it has
    /// columns for.
    pub contexts_in_rows: bool,
    /// Usages that look the same in an output are one row of it.
    pub merges_rows: bool,
    /// A report of a release that was used as a whole lists its recordings.
    pub lists_recordings: bool,
}

impl FormatTraits {
    /// A table of delimited text.
    pub const TABLE: Self = Self {
        tabular: true,
        independent_inputs: true,
        contexts_in_rows: true,
        merges_rows: true,
        lists_recordings: false,
    };
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

    /// Personal data that belongs to whoever gets the report, because they are the recipient's own
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
    fn open(&self, head: &mut dyn Head, options: &[(String, String)]) -> Result<Opened, Fatal>;

    /// Begins to write. Everything that can be refused is refused here, before an output appears.
    fn create(&self, request: &EncodeRequest<'_>) -> Result<Created, Fatal>;

    /// The mandatory cells of an output that nothing fills, as far as that is known before the
    /// first row is read; each once, in the order of the output. What can only be seen in rows is
    /// marked so.
    fn unfilled(&self, _request: &EncodeRequest<'_>) -> Vec<UnfilledCell> {
        Vec::new()
    }

    /// What the format can explain beyond codes: record types, cells, value sets.
    fn explain(&self, topic: &str) -> Option<String>;
}
