//! Reading: any container becomes a stream of delimited text in UTF-8 with one line of headings.
//!
//! [`open`] looks at the first bytes of an input. Plain text in UTF-8 is handed back as it is, at
//! no cost; anything else is wrapped, so that whoever reads the input sees the text
//! ([`transpose_io::Input::from_source`]). What takes a container apart runs on a thread of its own
//! and is as far ahead as a bounded channel lets it be. What is noteworthy (a guessed encoding,
//! sheets passed over) is collected in [`ContainerDiagnostics`], because it is found while the text
//! is read.
//!
//! | module | reads |
//! |---|---|
//! | `text` | text in other encodings |
//! | `json`, `xml`, `records` | records, whose list becomes the rows |
//! | `parquet` | Parquet, only the columns that are wanted |
//! | `xlsx`, `ods`, `spreadsheetml`, `html`, `sheets` | workbooks and pages, whose sheets become a table |
//! | `archive` | the zip archives of workbooks, which are counted before they are believed |
//! | `added` | adds columns that the command gives |
//! | `framed` | tables whose lines their own format turns into text |
//! | `pipe`, `source`, `rows` | the thread, what it reads, and how rows are written |

mod codes;
mod diagnostics;
mod framed;
mod html;
mod json;
mod ods;
#[cfg(feature = "parquet")]
mod parquet;
mod source;
mod spreadsheetml;
mod table;
mod xls;
mod xlsx;
mod xml;

pub use diagnostics::ContainerDiagnostics;
pub use framed::framed;
pub use table::sink::THREAD;

use codes::{NO_TABLE, UNSUPPORTED};
use diagnostics::DiagnosticSlot;
use source::archive::{self, Holds};
use source::encoding::{self, DecodingDiagnostics, EncodingEvidence, TextEncoding, Utf8Reader};
use source::store::Store;
use source::{RepeatableInput, SequentialReader};
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use transpose_core::diagnostics::{Fatal, Location};
use transpose_io::{Compression, Input, IoError, Source};
use transpose_sync::lock;

use table::added_columns::AddedColumns;
use table::records::{self, RecordShape, RecordWriter, Survey};
use table::sheets::Sheets;
use table::sink::{Sink, Stop, spawn};

/// How containers are read.
#[derive(Clone, Default)]
pub struct ReadOptions {
    /// The encoding of text, where the text does not tell; a label of the WHATWG standard.
    pub encoding: Option<String>,
    /// The sheet of a workbook; by default the first that holds something.
    pub sheet: Option<String>,
    /// Columns that the input lacks, each with the value that it has in every row.
    pub columns: Vec<(String, String)>,
    /// For each format that may come as records, the names of its columns.
    pub records: Vec<Vec<String>>,
    /// Where what comes from a pipe is kept while it is read at any place.
    pub temp_dir: PathBuf,
    /// How many threads may unpack an input that is read once more.
    pub threads: usize,
    /// What is found on the way.
    pub notes: ContainerDiagnostics,
}

/// How many first bytes tell what a file is.
const PROBE: usize = 64 << 10;

/// How many first bytes of records tell which columns they have.
const RECORDS: usize = 1 << 20;

/// What an input is.
enum Kind {
    Text(TextEncoding),
    Json(TextEncoding, Option<RecordShape>),
    Xml(TextEncoding, Option<RecordShape>),
    SpreadsheetMl(TextEncoding),
    Html(TextEncoding),
    Xls,
    Xlsx,
    Ods,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Kind {
    /// The encoding of what is text.
    fn coded(&self) -> Option<TextEncoding> {
        match self {
            Self::Text(coded)
            | Self::Json(coded, _)
            | Self::Xml(coded, _)
            | Self::SpreadsheetMl(coded)
            | Self::Html(coded) => Some(*coded),
            _ => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Text(coded) => coded.encoding.name().to_ascii_lowercase(),
            Self::Json(..) => "json".into(),
            Self::Xml(..) => "xml".into(),
            Self::SpreadsheetMl(_) => "spreadsheetml".into(),
            Self::Html(_) => "html".into(),
            Self::Xls => "xls".into(),
            Self::Xlsx => "xlsx".into(),
            Self::Ods => "ods".into(),
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet".into(),
        }
    }
}

/// Makes an input that is no plain text readable as such. `own` says whether a format that is no
/// table knows these first bytes; such text is never taken for one in another encoding.
///
/// A refusal is an error of the input that carries a [`Fatal`].
pub fn open(input: Input, how: &ReadOptions, own: &dyn Fn(&[u8]) -> bool) -> Result<Input, IoError> {
    let name: Arc<str> = input.name().into();
    let refused = |fatal: Fatal| input.refused(Box::new(fatal));
    let told = how.encoding.as_deref().map(encoding::named).transpose().map_err(refused)?;
    // Of many packed files only the one that is read takes memory; a pipe cannot be looked at from
    // beside.
    let packed = input.compression() != Compression::None;
    let beside = if packed { input.again(1)? } else { None };
    let seen = beside.as_ref().unwrap_or(&input);
    let head = seen.head(PROBE)?;
    let seekable = head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let kind = if seekable { None } else { recognise(seen, &head, told, how, own)? };
    drop(beside);
    if kind.is_none() && !seekable {
        return Ok(input);
    }
    let origin = Arc::new(input);
    let mut store = None;
    let kind = if let Some(kind) = kind {
        kind
    } else {
        let opened = Store::new(&origin, &how.temp_dir).map_err(|stop| ended(&origin, stop))?;
        let kind = workbook(&opened, &head).map_err(|stop| ended(&origin, stop))?;
        store = Some(opened);
        kind
    };
    let container = kind.name();
    let made = Made {
        kind: Arc::new(kind),
        from: RepeatableInput::new(Arc::clone(&origin), how.threads),
        store: Arc::new(Mutex::new(store)),
        sheet: how.sheet.clone(),
        added: Arc::new(AddedColumns::new(&how.columns)),
        temp_dir: how.temp_dir.clone(),
        book: how.notes.book(&name),
        name,
    };
    Ok(Input::from_source(&origin, &container, Arc::new(made)))
}

/// Why a stream ended, as an error of the input.
fn ended(origin: &Input, stop: Stop) -> IoError {
    match stop {
        Stop::Io(error) => error,
        Stop::Refused(fatal) => origin.refused(Box::new(fatal)),
        Stop::Gone => origin.refused("nobody reads it".into()),
    }
}

/// Which kind of workbook a file is.
fn workbook(store: &Store, head: &[u8]) -> Result<Kind, Stop> {
    if !head.starts_with(b"PK") {
        return Ok(Kind::Xls);
    }
    match archive::holds(&archive::open(store)?) {
        Holds::Xlsx => Ok(Kind::Xlsx),
        Holds::Ods => Ok(Kind::Ods),
        Holds::Xlsb => {
            codes::stop(&UNSUPPORTED, Location::default(), "the file is a workbook in binary form (.xlsb)")
        }
        Holds::Other => {
            codes::stop(&UNSUPPORTED, Location::default(), "the file is a zip archive and no workbook")
        }
    }
}

/// What an input is; nothing if it can be read as it is, or by nobody.
fn recognise(
    input: &Input,
    head: &[u8],
    told: Option<&'static encoding_rs::Encoding>,
    how: &ReadOptions,
    own: &dyn Fn(&[u8]) -> bool,
) -> Result<Option<Kind>, IoError> {
    if head.starts_with(b"PAR1") {
        #[cfg(feature = "parquet")]
        return Ok(Some(Kind::Parquet));
        #[cfg(not(feature = "parquet"))]
        {
            let message = "the file is Parquet, and this program was built without it";
            return Err(input.refused(Box::new(codes::refused_input(
                &UNSUPPORTED,
                &input.name().into(),
                message,
            ))));
        }
    }
    if head.is_empty() {
        return Ok(None);
    }
    let complete = head.len() < PROBE;
    let coded = encoding::recognise(head, complete, told);
    if coded.known == EncodingEvidence::Plain && head.contains(&0) {
        // It is no text, or one that is beyond repair.
        return Ok(None);
    }
    let mut start = Vec::new();
    let decoded = Utf8Reader::new(Cursor::new(head), coded, &DecodingDiagnostics::default());
    // The last letter may be cut.
    let _ = decoded.take(4 << 10).read_to_end(&mut start);
    let start = start.trim_ascii_start();
    if json::is_json(start) {
        let shape = shape(input, coded, how, true)?;
        return Ok(Some(Kind::Json(coded, shape)));
    }
    if start.first() == Some(&b'<') {
        let lower = String::from_utf8_lossy(start).to_lowercase();
        if memchr::memmem::find(start, spreadsheetml::NAMESPACE).is_some() && lower.contains("<workbook") {
            return Ok(Some(Kind::SpreadsheetMl(coded)));
        }
        if html::is_html(&lower) {
            return Ok(Some(Kind::Html(coded)));
        }
        let shape = shape(input, coded, how, false)?;
        return Ok(Some(Kind::Xml(coded, shape)));
    }
    let plain = coded.known == EncodingEvidence::Plain;
    let guessed = matches!(coded.known, EncodingEvidence::Guessed(_));
    Ok(if (plain && how.columns.is_empty()) || (guessed && own(head)) {
        None
    } else {
        Some(Kind::Text(coded))
    })
}

/// The table that a text of records holds, by its first part.
fn shape(
    input: &Input,
    coded: TextEncoding,
    how: &ReadOptions,
    lists: bool,
) -> Result<Option<RecordShape>, IoError> {
    let head = input.head(RECORDS)?;
    let mut survey = Survey::default();
    let text = Utf8Reader::new(Cursor::new(&head), coded, &DecodingDiagnostics::default());
    // Where the text ends here it need not end in the file, and what is wrong is told when it is
    // read.
    let _ = if lists { json::walk(text, &mut survey) } else { xml::walk(text, &mut survey) };
    let mut shape = survey.shape(lists);
    if let Some(shape) = shape.as_mut().filter(|_| head.len() == RECORDS) {
        shape.complete(&how.records, &AddedColumns::new(&how.columns));
    }
    Ok(shape)
}

/// Which cells are wanted, and of which input.
pub(crate) struct Wanted<'a> {
    pub(crate) source: Arc<str>,
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only Parquet reads single columns"))]
    pub(crate) columns: Option<&'a [u32]>,
}

/// An input that is made from a container.
struct Made {
    kind: Arc<Kind>,
    name: Arc<str>,
    from: RepeatableInput,
    /// The file, for what is read at any place.
    store: Arc<Mutex<Option<Store>>>,
    added: Arc<AddedColumns>,
    sheet: Option<String>,
    temp_dir: PathBuf,
    book: DiagnosticSlot,
}

impl Made {
    /// Whether the file is read at any place, and so as often as wanted.
    fn seeks(&self) -> bool {
        match &*self.kind {
            Kind::Text(_) | Kind::Json(..) | Kind::Xml(..) | Kind::SpreadsheetMl(_) | Kind::Html(_) => false,
            Kind::Xls | Kind::Xlsx | Kind::Ods => true,
            #[cfg(feature = "parquet")]
            Kind::Parquet => true,
        }
    }
}

impl Source for Made {
    fn stream(&self, columns: Option<&[u32]>) -> Result<Box<dyn Read + Send>, IoError> {
        let kind = Arc::clone(&self.kind);
        let (added, name, sheet) = (Arc::clone(&self.added), Arc::clone(&self.name), self.sheet.clone());
        if self.seeks() {
            let columns: Option<Box<[u32]>> = columns.map(Into::into);
            let (store, origin, temp_dir) =
                (Arc::clone(&self.store), Arc::clone(self.from.origin()), self.temp_dir.clone());
            return spawn(self.from.origin(), &self.book, move |sink| {
                let store = {
                    let mut slot = lock(&store);
                    match &*slot {
                        Some(store) => store.clone(),
                        None => slot.insert(Store::new(&origin, &temp_dir)?).clone(),
                    }
                };
                let wanted = Wanted { source: name, columns: columns.as_deref() };
                match &*kind {
                    #[cfg(feature = "parquet")]
                    Kind::Parquet => parquet::stream(&store, &wanted, &added, sink),
                    kind => {
                        let mut sheets = Sheets::new(sink, &added, &wanted.source, sheet.as_deref());
                        match kind {
                            Kind::Xls => xls::xls(&store, &mut sheets)?,
                            Kind::Xlsx => xlsx::xlsx(&store, &mut sheets)?,
                            _ => ods::ods(&store, &mut sheets)?,
                        }
                        sheets.finish()
                    }
                }
            });
        }
        let from = self.from.sequential()?;
        let told = Told { name, added, sheet };
        spawn(self.from.origin(), &self.book, move |sink| sequential(&kind, from, &told, sink))
    }

    fn repeats(&self) -> Result<bool, IoError> {
        Ok(self.seeks() || self.from.origin().again(1)?.is_some())
    }

    fn narrows(&self) -> bool {
        match &*self.kind {
            #[cfg(feature = "parquet")]
            Kind::Parquet => true,
            _ => false,
        }
    }
}

/// What the command says of an input.
struct Told {
    name: Arc<str>,
    added: Arc<AddedColumns>,
    sheet: Option<String>,
}

/// Writes the rows of what is read from front to back.
fn sequential(kind: &Kind, from: SequentialReader, told: &Told, sink: &mut Sink) -> Result<(), Stop> {
    let Some(coded) = kind.coded() else { return Ok(()) };
    let Told { name, added, sheet } = told;
    let heard = DecodingDiagnostics::default();
    let mut text = Utf8Reader::new(from, coded, &heard);
    let done = match kind {
        Kind::Json(_, shape) => {
            records(shape.as_ref(), name, added, sink, |walk| json::walk(&mut text, walk))
        }
        Kind::Xml(_, shape) => records(shape.as_ref(), name, added, sink, |walk| xml::walk(&mut text, walk)),
        Kind::SpreadsheetMl(_) | Kind::Html(_) => {
            let mut sheets = Sheets::new(sink, added, name, sheet.as_deref());
            let read = match kind {
                Kind::Html(_) => html::read(&mut text, &mut sheets),
                _ => spreadsheetml::read(&mut text, &mut sheets),
            };
            read.and_then(|()| sheets.finish())
        }
        _ if added.is_empty() => copy(&mut text, sink),
        _ => added.extend(&mut text, name, sink),
    };
    heard.tell(sink);
    done
}

fn records(
    shape: Option<&RecordShape>,
    name: &Arc<str>,
    added: &AddedColumns,
    sink: &mut Sink,
    walk: impl FnOnce(&mut dyn records::RecordVisitor) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let Some(shape) = shape else {
        // What is wrong with the text says more than that there is nothing in it.
        walk(&mut Survey::default())?;
        return codes::stop(&NO_TABLE, Location::default(), "the text holds no records");
    };
    added.check(name, shape.names().iter().map(String::as_str))?;
    walk(&mut RecordWriter::new(sink, added, shape.clone())?)
}

fn copy(text: &mut impl Read, sink: &mut Sink) -> Result<(), Stop> {
    let mut block = vec![0; 64 << 10];
    loop {
        let read = source::fill(text, &mut block)?;
        if read == 0 {
            return Ok(());
        }
        sink.put(block.get(..read).unwrap_or_default())?;
    }
}
