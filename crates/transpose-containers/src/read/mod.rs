//! Reading: any container becomes a stream of delimited text in UTF-8 with one line of headings.
//!
//! [`open`] looks at the first bytes of an input. Plain text in UTF-8 is handed back as it is, at
//! no cost; anything else is wrapped, so that whoever reads the input sees the text
//! ([`transpose_io::Input::from_source`]). What takes a container apart runs on a thread of its own
//! and is as far ahead as a bounded channel lets it be (four blocks of 128 KiB). What is reported
//! (a guessed encoding, sheets passed over) is collected in [`ContainerDiagnostics`], because it is
//! found while the text is read.
//!
//! Each container has one file, which implements `reader::Reader`; that page says how one is added.
//!
//! | module | holds |
//! |---|---|
//! | `reader` | what a reader is, and how the one for an input is found |
//! | `source` | what readers read from: text in order, files at any place, archives, XML |
//! | `table` | what readers write to: rows, sheets, records |
//! | `record_table` | what the readers of records have in common |
//! | `text` | text that no reader claims |
//! | `framed` | tables whose lines their own format turns into text |
//! | `options`, `diagnostics`, `codes`, `stop` | what the command says, and what it is answered |
//! | named after a container | its reader |
//!
//! Invariant: the text depends on the input and the options alone, however often and by whomever it
//! is read.

mod codes;
mod diagnostics;
mod framed;
mod html;
mod json;
mod ods;
mod options;
mod parquet;
mod reader;
mod record_table;
mod source;
mod spreadsheetml;
mod stop;
mod table;
mod text;
mod xls;
mod xlsx;
mod xml;

pub use diagnostics::ContainerDiagnostics;
pub use framed::framed;
pub use options::ReadOptions;
pub use table::sink::THREAD;

use diagnostics::DiagnosticSlot;
use reader::{Beginning, Reader, Table, TextStart};
use source::encoding::{self, DecodingDiagnostics, EncodingEvidence, TextEncoding, Utf8Reader};
use source::store::Store;
use source::{RepeatableInput, archive};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use stop::Stop;
use table::Target;
use table::added_columns::AddedColumns;
use table::sink::spawn;
use text::DelimitedText;
use transpose_core::diagnostics::Fatal;
use transpose_io::{Compression, Input, IoError, Source};
use transpose_sync::lock;

/// How many first bytes are looked at to find out what a file is.
const PROBE: usize = 64 << 10;

/// What every zip archive begins with that has a member.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The extensions that files of containers have which can be read.
pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
    reader::readers().into_iter().flat_map(|reader| reader.extensions().iter().copied())
}

/// Makes an input that is no plain text readable as such. `own` says whether a format that is no
/// table knows these first bytes; such text is never taken for one in another encoding.
///
/// A refusal is an error of the input that carries a [`Fatal`].
pub fn open(input: Input, options: &ReadOptions, own: &dyn Fn(&[u8]) -> bool) -> Result<Input, IoError> {
    let name: Arc<str> = input.name().into();
    let refused = |fatal: Fatal| input.refused(Box::new(fatal));
    let asked = options.encoding.as_deref().map(encoding::named).transpose().map_err(refused)?;
    // Of many packed files only the one that is read takes memory; a pipe cannot be looked at from
    // beside.
    let packed = input.compression() != Compression::None;
    let beside = if packed { input.again(1)? } else { None };
    let seen = beside.as_ref().unwrap_or(&input);
    let head = seen.head(PROBE)?;
    let is_archive = head.starts_with(ARCHIVE);
    let found = if is_archive { None } else { find(seen, &head, asked, options, own)? };
    drop(beside);
    if found.is_none() && !is_archive {
        return Ok(input);
    }
    let origin = Arc::new(input);
    let (container, store) = if let Some(container) = found {
        (container, None)
    } else {
        let opened = open_archive(&origin, options).map_err(|stop| ended(&origin, stop))?;
        (opened.0, Some(opened.1))
    };
    let input = ContainerSource {
        table: container.table,
        encoding: container.encoding,
        input: RepeatableInput::new(Arc::clone(&origin), options.threads),
        store: Arc::new(Mutex::new(store)),
        sheet: options.sheet.clone(),
        added: Arc::new(AddedColumns::new(&options.columns)),
        temp_dir: options.temp_dir.clone(),
        found: options.diagnostics.slot(&name),
        name,
    };
    Ok(Input::from_source(&origin, &container.name, Arc::new(input)))
}

/// Why a stream ended, as an error of the input.
fn ended(origin: &Input, stop: Stop) -> IoError {
    match stop {
        Stop::Io(error) => error,
        Stop::Refused(fatal) => origin.refused(Box::new(fatal)),
        Stop::Gone => origin.refused("nobody reads it".into()),
    }
}

/// What an input turned out to be.
struct FoundContainer {
    name: String,
    table: Table,
    encoding: TextEncoding,
}

impl FoundContainer {
    /// What a reader makes of an input that bears its mark.
    fn opened(reader: &dyn Reader, beginning: &Beginning<'_>) -> Result<Self, Stop> {
        let (name, table) = (reader.name().into(), reader.open(beginning)?);
        Ok(Self { name, table, encoding: beginning.encoding })
    }
}

/// What an input is that is no archive; nothing if it can be read as it is, or by nobody.
fn find(
    input: &Input,
    head: &[u8],
    asked: Option<&'static encoding_rs::Encoding>,
    options: &ReadOptions,
    own: &dyn Fn(&[u8]) -> bool,
) -> Result<Option<FoundContainer>, IoError> {
    let opened = |reader: &dyn Reader, encoding| {
        let beginning = Beginning { input, encoding, options };
        FoundContainer::opened(reader, &beginning).map(Some).map_err(|stop| ended(input, stop))
    };
    if let Some(reader) = reader::of_bytes(head) {
        return opened(reader, TextEncoding::UTF_8);
    }
    if head.is_empty() {
        return Ok(None);
    }
    let encoding = encoding::recognise(head, head.len() < PROBE, asked);
    let plain = encoding.evidence == EncodingEvidence::Plain;
    if plain && head.contains(&0) {
        // It is no text, or one that is beyond repair.
        return Ok(None);
    }
    if let Some(reader) = reader::of_text(&TextStart::new(head, encoding)) {
        return opened(reader, encoding);
    }
    let guessed = matches!(encoding.evidence, EncodingEvidence::Guessed(_));
    // Of text in UTF-16 no byte says that.
    let returns = !head.contains(&b'\n') && head.contains(&b'\r') && encoding.encoding.is_ascii_compatible();
    if (plain && options.columns.is_empty() && !returns) || (guessed && own(head)) {
        return Ok(None);
    }
    let name = encoding.encoding.name().to_ascii_lowercase();
    Ok(Some(FoundContainer { name, table: Table::Text(Arc::new(DelimitedText { returns })), encoding }))
}

/// What a zip archive is. It is opened at any place, so it is copied where that is not possible.
fn open_archive(origin: &Arc<Input>, options: &ReadOptions) -> Result<(FoundContainer, Store), Stop> {
    let store = Store::new(origin, &options.temp_dir)?;
    let archive = archive::open(&store)?;
    let has = |member: &str| archive.index_for_name(member).is_some();
    let Some(reader) = reader::of_members(has) else { return archive::refuse(has) };
    let beginning = Beginning { input: origin, encoding: TextEncoding::UTF_8, options };
    Ok((FoundContainer::opened(reader, &beginning)?, store))
}

/// The text that is made from a container.
struct ContainerSource {
    table: Table,
    /// The encoding of what is read as text.
    encoding: TextEncoding,
    name: Arc<str>,
    input: RepeatableInput,
    /// The file, once it was opened at any place.
    store: Arc<Mutex<Option<Store>>>,
    added: Arc<AddedColumns>,
    sheet: Option<String>,
    temp_dir: PathBuf,
    found: DiagnosticSlot,
}

impl Source for ContainerSource {
    fn stream(&self, columns: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError> {
        let (added, source, sheet) = (Arc::clone(&self.added), Arc::clone(&self.name), self.sheet.clone());
        let origin = self.input.origin();
        match self.table.clone() {
            Table::Text(table) => {
                let (from, encoding) = (self.input.sequential()?, self.encoding);
                spawn(origin, &self.found, move |sink| {
                    let found = DecodingDiagnostics::default();
                    let mut text = Utf8Reader::new(from, encoding, &found);
                    let mut target = Target {
                        sink,
                        source: &source,
                        added: &added,
                        sheet: sheet.as_deref(),
                        columns: None,
                    };
                    let done = table.read(&mut text, &mut target);
                    target.sink.diagnostics.merge(found.take());
                    done
                })
            }
            Table::File(table) => {
                let columns: Option<Box<[u32]>> = columns.map(Into::into);
                let (store, input, temp_dir) =
                    (Arc::clone(&self.store), Arc::clone(origin), self.temp_dir.clone());
                spawn(origin, &self.found, move |sink| {
                    let file = {
                        let mut slot = lock(&store);
                        match &*slot {
                            Some(file) => file.clone(),
                            None => slot.insert(Store::new(&input, &temp_dir)?).clone(),
                        }
                    };
                    let mut target = Target {
                        sink,
                        source: &source,
                        added: &added,
                        sheet: sheet.as_deref(),
                        columns: columns.as_deref(),
                    };
                    table.read(&file, &mut target)
                })
            }
        }
    }

    fn repeats(&self) -> Result<bool, IoError> {
        Ok(match self.table {
            Table::Text(_) => self.input.origin().again(1)?.is_some(),
            Table::File(_) => true,
        })
    }

    fn narrows(&self) -> bool {
        matches!(&self.table, Table::File(table) if table.reads_single_columns())
    }
}
