//! Two reports of events side by side: which plays are in both, which in one only, and where they
//! differ.
//!
//! - reading: each row becomes a record: time, duration, the cells that are compared; records are
//!   sorted by identifier, on disk where they are many
//! - identifiers: rows of both files with one identifier are pairs; a further row of it in one file
//!   is repeated
//! - nearest: the rest is sorted by track and user, and rows no further apart than the window are
//!   paired, the nearest first
//! - differences: sorted by file and line, reported and written in that order
//!
//! Memory does not depend on the files: everything goes through sorters with a limit, and of rows
//! that follow each other within the window at most `TOGETHER` are looked at together. Nothing
//! depends on threads, chunks or memory.
//!
//! ```text
//!  file A ┐ rows   by identifier         one file has it, or no identifier
//!         ├─────▶  sorter ─┬───────────▶ sorter, by track and user ─▶ nearest ─┐
//!  file B ┘                └─ pairs ───────────────────────────────────────────┴▶ sorter, by line
//! ```
//!
//! `nearest` pairs rows by time, `render` writes a difference as CSV or JSON.

mod nearest;
mod render;

use crate::diagnostics;
use crate::scan::chunks::{DecodedChunk, Reading};
use crate::scan::comparable::comparable_cell;
use crate::scan::open::{name_source, open_events};
use crate::scan::position::SourceLine;
use crate::scan::rescan;
use crate::storage::scratch::Scratch;
use crate::storage::sorter::{SortedRecords, Sorter};
use crate::storage::varint::{Cells, put, put_cell, put_text, signed, take, take_text, unsigned};
use foldhash::fast::RandomState;
use render::Difference;
use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::path::PathBuf;
use std::sync::Arc;
use transpose_codes::time::Date;
use transpose_core::diagnostics::{Code, Diagnostic, Diagnostics, Fatal, Location};
use transpose_core::format::{EventDecoder, Format, Grain, Projection};
use transpose_core::model::{Field, FieldSet};
use transpose_io::Input;

transpose_core::codes! {
    /// A row of the first file without its like in the second.
    pub ONLY_IN_A: "ENG0421" "only-in-a" Warning
        "The play is in the first file, and no row of the second has its identifier, nor its track and user within the window of time."
        "`-o FILE` writes every difference. A wider `--window` pairs plays whose clocks disagree."
    /// A row of the second file without its like in the first.
    pub ONLY_IN_B: "ENG0422" "only-in-b" Warning
        "The play is in the second file, and no row of the first has its identifier, nor its track and user within the window of time."
        "`-o FILE` writes every difference. A wider `--window` pairs plays whose clocks disagree."
    /// Two rows of one play that say different things.
    pub DIFFERENT: "ENG0423" "rows-differ" Warning
        "The play is in both files, and they differ. Times differ when they are further apart than the window."
        "`-o FILE` writes every difference with both values; `--fields` chooses what is compared."
    /// A row that appears several times in the first file.
    pub REPEATED_IN_A: "ENG0424" "repeated-in-a" Warning
        "An earlier row of the first file has the same identifier. The first of them is compared."
        "`transpose convert --duplicates drop` writes a copy without repeated rows."
    /// A row that appears several times in the second file.
    pub REPEATED_IN_B: "ENG0425" "repeated-in-b" Warning
        "An earlier row of the second file has the same identifier. The first of them is compared."
        "`transpose convert --duplicates drop` writes a copy without repeated rows."
    /// Files that have nothing by which plays could be found again.
    pub NOT_COMPARABLE: "ENG0426" "not-comparable" Error
        "Plays are found again by their identifier where both files have one, else by track (or ISRC), time and, where both have it, user. Compared are fields that both files have."
        "Compare reports of single plays that share these fields; `transpose formats FORMAT` lists them."
    /// Rows that were paired piece by piece.
    pub CROWDED: "ENG0427" "crowded-window" Info
        "So many plays of one track and user follow each other within the window that they were paired piece by piece; at the seams a play may have another partner than the nearest."
        "Give a smaller `--window`."
}

/// How many rows that may be paired with each other are looked at together.
const TOGETHER: usize = 1 << 16;

/// How much memory the sorters take where no limit is given, in bytes.
const SORTING: usize = 96 << 20;

/// What is compared where nobody says.
const USUAL: [Field; 15] = [
    Field::EVENT_TIME,
    Field::EVENT_DURATION,
    Field::RECORDING_ID,
    Field::ISRC,
    Field::RELEASE_ID,
    Field::ICPN,
    Field::TERRITORY,
    Field::SERVICE,
    Field::PLAN,
    Field::PLAY_MODE,
    Field::FORMAT_ID,
    Field::TRANSACTION_TYPE,
    Field::RETAIL_PRICE,
    Field::EVENT_CURRENCY,
    Field::USER,
];

/// What always is in a difference, so that people recognise the play.
const TOLD: [Field; 7] = [
    Field::EVENT_ID,
    Field::EVENT_TIME,
    Field::EVENT_DURATION,
    Field::RECORDING_ID,
    Field::ISRC,
    Field::TERRITORY,
    Field::USER,
];

/// What to compare, and how.
pub struct Comparison<'a> {
    /// The two files.
    pub inputs: [&'a Input; 2],
    /// Their formats.
    pub formats: [&'a dyn Format; 2],
    /// Options of the formats.
    pub options: &'a [(String, String)],
    /// The fields to compare; empty for the usual ones that both files have.
    pub fields: &'a [Field],
    /// How far apart the moments of one play may be, in microseconds.
    pub window: i64,
    /// Whether personal data may be in the file of differences.
    pub personal: bool,
    /// How differences are written.
    pub form: Form,
    /// How the inputs are read.
    pub reading: Reading,
    /// How much memory may be taken, in bytes; `None` for what is usual.
    pub memory: Option<u64>,
    /// Where what does not fit is written.
    pub temp_dir: PathBuf,
    /// The moment of the run, in microseconds since 1970 UTC.
    pub now: i64,
    /// Called now and then with the input that is read.
    pub progress: &'a (dyn Fn(&Input) + Sync),
}

/// How differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CSV with a line of headings.
    Csv,
    /// One JSON object a line.
    Json,
}

/// What takes the lines of differences.
pub type Lines<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Fatal>;

/// Rows with their plays and their played time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowTotals {
    /// How many rows.
    pub rows: u64,
    /// How many plays or sales.
    pub plays: u64,
    /// How long was played, in microseconds.
    pub micros: i128,
}

impl RowTotals {
    fn add(&mut self, row: &Row<'_>) {
        self.rows += 1;
        self.plays += row.plays;
        self.micros += i128::from(row.micros);
    }
}

/// What a comparison came to.
#[derive(Debug, Default)]
pub struct ComparisonResult {
    /// Rows that could be read, of each file.
    pub read: [RowTotals; 2],
    /// How many rows could not be read.
    pub rejected: [u64; 2],
    /// Rows of pairs that say the same.
    pub same: [RowTotals; 2],
    /// Rows of pairs that say different things.
    pub different: [RowTotals; 2],
    /// Rows without their like in the other file.
    pub only: [RowTotals; 2],
    /// Rows that appear several times in their file, without the first.
    pub repeated: [RowTotals; 2],
    /// How many pairs were found by identifier.
    pub by_id: u64,
    /// How many pairs were found by track, user and time.
    pub by_time: u64,
    /// How many pairs differ in each of the fields that were compared.
    pub fields: Vec<(Field, u64)>,
    /// Differences by territory: different, only in the first and second file, repeated in the
    /// first and second.
    pub territories: BTreeMap<Box<str>, [u64; 5]>,
    /// The same by day of the play, UTC.
    pub days: BTreeMap<Box<str>, [u64; 5]>,
    /// What was found, in the order of the files.
    pub diagnostics: Diagnostics,
    /// How many bytes went to disk on the way.
    pub spilled: u64,
}

impl ComparisonResult {
    /// How many differences there are.
    pub fn differences(&self) -> u64 {
        let pairs = self.different.iter().take(1);
        pairs.chain(&self.only).chain(&self.repeated).map(|sum| sum.rows).sum()
    }
}

/// What can be said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Different,
    Only(usize),
    Repeated(usize),
}

impl Class {
    const ALL: [Self; 5] =
        [Self::Different, Self::Only(0), Self::Only(1), Self::Repeated(0), Self::Repeated(1)];

    fn number(self) -> usize {
        match self {
            Self::Different => 0,
            Self::Only(file) => 1 + file,
            Self::Repeated(file) => 3 + file,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::Only(0) => "only-in-a",
            Self::Only(_) => "only-in-b",
            Self::Repeated(0) => "repeated-in-a",
            Self::Repeated(_) => "repeated-in-b",
        }
    }

    fn code(self) -> &'static Code {
        match self {
            Self::Different => &DIFFERENT,
            Self::Only(0) => &ONLY_IN_A,
            Self::Only(_) => &ONLY_IN_B,
            Self::Repeated(0) => &REPEATED_IN_A,
            Self::Repeated(_) => &REPEATED_IN_B,
        }
    }
}

/// How a row and the other one were found to belong together.
#[derive(Clone, Copy)]
enum MatchedBy {
    Nothing,
    Id,
    Time,
}

impl MatchedBy {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Id => "id",
            Self::Time => "time",
        }
    }
}

/// A row as it goes through the sorters.
#[derive(Clone, Copy)]
struct Row<'a> {
    place: SourceLine,
    time: i64,
    micros: i64,
    plays: u64,
    cells: &'a [u8],
}

impl<'a> Row<'a> {
    fn parse(place: SourceLine, mut record: &'a [u8]) -> Option<Self> {
        let time = signed(take(&mut record)?);
        let micros = signed(take(&mut record)?);
        Some(Self { place, time, micros, plays: take(&mut record)?, cells: record })
    }

    /// The cell of a column; nothing where it is absent.
    fn cell(&self, column: usize) -> Option<&'a [u8]> {
        Cells(self.cells).nth(column).flatten()
    }

    fn file(&self) -> usize {
        self.place.input()
    }
}

/// What is the same for all rows.
struct Shape {
    sources: Vec<Arc<str>>,
    reads: [FieldSet; 2],
    /// The fields of the cells of a record.
    columns: Vec<Field>,
    /// Which columns are compared, a bit each.
    compared: u64,
    /// Whether rows are paired by identifier.
    ids: bool,
    /// The columns of track and user by which the rest is paired.
    key: Option<(usize, Option<usize>)>,
    territory: Option<usize>,
    window: i64,
    personal: bool,
    form: Form,
}

impl Shape {
    fn new(comparison: &Comparison<'_>, reads: [FieldSet; 2]) -> Result<Self, Fatal> {
        let [a, b] = reads;
        let both = a.intersection(b);
        let refused =
            |message: String| Fatal::usage(Diagnostic::new(&NOT_COMPARABLE, Location::default(), message));
        if let Some(field) = comparison.fields.iter().find(|field| !both.contains(**field)) {
            return Err(refused(format!("`{field}` cannot be compared, because not both files have it")));
        }
        let wanted: Vec<Field> = if comparison.fields.is_empty() {
            USUAL.into_iter().filter(|field| both.contains(*field)).collect()
        } else {
            comparison.fields.to_vec()
        };
        let either = a.union(b);
        let mut columns: Vec<Field> = TOLD.into_iter().filter(|field| either.contains(*field)).collect();
        for field in &wanted {
            if !columns.contains(field) {
                columns.push(*field);
            }
        }
        columns.truncate(64);
        let column = |field: Field| columns.iter().position(|known| *known == field);
        let shared = |field: Field| column(field).filter(|_| both.contains(field));
        let track = shared(Field::RECORDING_ID).or_else(|| shared(Field::ISRC));
        let key =
            track.filter(|_| both.contains(Field::EVENT_TIME)).map(|track| (track, shared(Field::USER)));
        let ids = both.contains(Field::EVENT_ID);
        if !ids && key.is_none() {
            let message = "the files have neither identifiers of plays in common nor track and time";
            return Err(refused(message.into()));
        }
        let compared =
            wanted.iter().filter_map(|field| column(*field)).fold(0_u64, |bits, column| bits | 1 << column);
        let sources = comparison.inputs.iter().map(|input| input.name().into()).collect();
        let territory = column(Field::TERRITORY);
        let Comparison { window, personal, form, .. } = *comparison;
        Ok(Self { sources, reads, columns, compared, ids, key, territory, window, personal, form })
    }

    /// Whether a file has a field.
    fn has(&self, file: usize, field: Field) -> bool {
        self.reads.get(file).is_some_and(|reads| reads.contains(field))
    }

    /// The name of the file that a row is from.
    fn source(&self, row: &Row<'_>) -> &str {
        self.sources.get(row.file()).map_or("", AsRef::as_ref)
    }

    /// The columns that may be written, with their fields.
    fn shown(&self) -> impl Iterator<Item = (usize, Field)> {
        let fields = self.columns.iter().copied().enumerate();
        fields.filter(|(_, field)| self.personal || !field.is_personal())
    }

    /// The fields whose bits are set.
    fn differing(&self, bits: u64) -> impl Iterator<Item = Field> {
        let fields = self.columns.iter().copied().enumerate();
        fields.filter(move |(column, _)| bits & 1 << column != 0).map(|(_, field)| field)
    }

    /// In which of the compared fields two rows differ, a bit each.
    fn differences(&self, a: &Row<'_>, b: &Row<'_>) -> u64 {
        let mut bits = 0;
        let cells = Cells(a.cells).zip(Cells(b.cells));
        for ((column, field), (one, other)) in self.columns.iter().enumerate().zip(cells) {
            let differs = match *field {
                Field::EVENT_TIME => a.time.abs_diff(b.time) > self.window.unsigned_abs(),
                Field::EVENT_DURATION => a.micros != b.micros,
                _ => one.unwrap_or_default() != other.unwrap_or_default(),
            };
            bits |= u64::from(differs) << column;
        }
        bits & self.compared
    }
}

impl Comparison<'_> {
    /// Compares the files; `lines` takes every difference in the order of the files.
    pub fn run(&self, lines: Option<Lines<'_>>) -> Result<ComparisonResult, Fatal> {
        let mut decoders = Vec::new();
        let mut diagnostics = Diagnostics::default();
        for (input, format) in self.inputs.iter().zip(self.formats) {
            decoders.push(self.open(input, format, &mut diagnostics)?);
        }
        let reads =
            |file: usize| decoders.get(file).map_or(FieldSet::EMPTY, |decoder| decoder.preamble().reads);
        let shape = Shape::new(self, [reads(0), reads(1)])?;
        let spill = Scratch::create(&self.temp_dir)?;
        let memory = self.memory.map_or(SORTING, |limit| {
            let reading = self.reading.within(Some(limit), true);
            crate::aggregate::budget::Budget::new(limit, reading, true).counting.min(1 << 30)
        });
        let compared = ComparisonResult { diagnostics, ..ComparisonResult::default() };
        let mut run = Pairing {
            compared,
            counts: vec![0; shape.columns.len()],
            rest: Sorter::new(&spill, memory / 3),
            outcomes: Sorter::new(&spill, memory / 3),
            written: lines.is_some(),
            shape: &shape,
            state: RandomState::default(),
            line: Vec::new(),
        };
        let mut ids = Sorter::new(&spill, memory / 3);
        for (file, (input, mut decoder)) in self.inputs.iter().zip(decoders).enumerate() {
            self.read(file, input, decoder.as_mut(), &mut run, &mut ids)?;
        }
        run.identifiers(&ids.finish()?)?;
        let rest = std::mem::replace(&mut run.rest, Sorter::new(&spill, 0)).finish()?;
        run.nearest(&rest)?;
        let Pairing { outcomes, mut compared, counts, .. } = run;
        report(&outcomes.finish()?, &shape, lines, &mut compared.diagnostics)?;
        let counts = shape.columns.iter().copied().zip(counts).enumerate();
        compared.fields =
            counts.filter(|(column, _)| shape.compared & 1 << column != 0).map(|(_, count)| count).collect();
        compared.spilled = spill.bytes();
        compared.check()?;
        Ok(compared)
    }

    fn open(
        &self,
        input: &Input,
        format: &dyn Format,
        diagnostics: &mut Diagnostics,
    ) -> Result<Box<dyn EventDecoder>, Fatal> {
        if format.manifest().grain != Grain::Event {
            let message = format!("`{}` holds no single plays, and those are compared", format.manifest().id);
            let place = Location { source: Some(input.name().into()), ..Location::default() };
            return Err(Fatal::usage(Diagnostic::new(&NOT_COMPARABLE, place, message)));
        }
        let decoder = open_events(format, input, self.options)?;
        let mut found = decoder.preamble().diagnostics.clone();
        name_source(&mut found, input);
        diagnostics.extend(found);
        Ok(decoder)
    }

    /// Makes records of the rows of a file.
    fn read(
        &self,
        file: usize,
        input: &Input,
        decoder: &mut dyn EventDecoder,
        run: &mut Pairing<'_>,
        ids: &mut Sorter<'_>,
    ) -> Result<(), Fatal> {
        let shape = run.shape;
        let reads = decoder.preamble().reads;
        let row: Vec<Field> = shape.columns.iter().copied().filter(|field| reads.contains(*field)).collect();
        decoder.project(&Projection {
            row: row.clone(),
            time: reads.contains(Field::EVENT_TIME),
            duration: true,
            now: Some(self.now),
            ..Projection::default()
        })?;
        let decoder = &*decoder;
        // What is not compared need not be read, where a container keeps columns apart.
        if let Some(columns) = decoder.columns() {
            input.restrict(&columns);
        }
        let cell = |field: &Field| row.iter().position(|known| known == field);
        let cells =
            shape.columns.iter().map(|field| (*field, cell(field).filter(|_| !NUMBERS.contains(field))));
        let reader = RowReader {
            file,
            decoder,
            id: cell(&Field::EVENT_ID).filter(|_| shape.ids),
            cells: cells.collect(),
            width: row.len(),
            state: run.state.clone(),
        };
        let source: Arc<str> = input.name().into();
        let read = rescan::read_rows(
            input,
            decoder,
            self.reading,
            &|decoded| Ok(reader.read_rows(decoded)),
            |read_chunk: ReadChunk| {
                let ReadChunk { records, mut diagnostics, rejects, read } = read_chunk;
                diagnostics.name_source(&source);
                run.compared.diagnostics.merge(diagnostics);
                if let (Some(rejected), Some(sum)) =
                    (run.compared.rejected.get_mut(file), run.compared.read.get_mut(file))
                {
                    *rejected += rejects;
                    sum.rows += read.rows;
                    sum.plays += read.plays;
                    sum.micros += read.micros;
                }
                (self.progress)(input);
                let mut records = &records[..];
                while !records.is_empty() {
                    let name = take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?;
                    let record = take_text(&mut records).ok_or_else(diagnostics::damaged_scratch)?;
                    if let Ok(place) = <[u8; 8]>::try_from(name) {
                        let row = Row::parse(SourceLine(u64::from_be_bytes(place)), record)
                            .ok_or_else(diagnostics::damaged_scratch)?;
                        run.alone(&row, record)?;
                    } else {
                        ids.push(name, record)?;
                    }
                }
                Ok(())
            },
        );
        read.map_err(|mut fatal| {
            name_source(&mut fatal.diagnostics, input);
            fatal
        })
    }
}

/// Fields that a record holds as numbers.
const NUMBERS: [Field; 2] = [Field::EVENT_TIME, Field::EVENT_DURATION];

/// What looks at the rows of one file.
struct RowReader<'a> {
    file: usize,
    decoder: &'a dyn EventDecoder,
    id: Option<usize>,
    /// For each column its field, and the cell of the row that holds it.
    cells: Vec<(Field, Option<usize>)>,
    /// How many cells a row has.
    width: usize,
    state: RandomState,
}

/// What a chunk came to.
struct ReadChunk {
    /// Records, each after its name: the identifier and the place, or only the place.
    records: Vec<u8>,
    diagnostics: Diagnostics,
    rejects: u64,
    read: RowTotals,
}

impl RowReader<'_> {
    fn read_rows(&self, decoded: DecodedChunk<'_>) -> ReadChunk {
        let DecodedChunk { bytes, origin, batch, report, .. } = decoded;
        let mut read_chunk = ReadChunk {
            records: Vec::new(),
            diagnostics: report.diagnostics,
            rejects: batch.rejects.len() as u64,
            read: RowTotals::default(),
        };
        read_chunk.diagnostics.extend(batch.rejects.iter().map(|reject| reject.diagnostic.clone()));
        read_chunk.diagnostics.sort_by_line();
        let events = &batch.events;
        let (mut name, mut record, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        for (index, row) in events.rows.iter().enumerate() {
            let raw = |cell: Option<usize>| {
                let span = cell.and_then(|cell| events.cells.get(index * self.width + cell));
                span.map_or(&[][..], |span| span.bytes(bytes, &events.arena))
            };
            name.clear();
            if self.id.is_some()
                && self.decoder.canonical_cell(Field::EVENT_ID, raw(self.id), &mut scratch).unwrap_or(false)
                && !scratch.is_empty()
            {
                name.extend_from_slice(&self.state.hash_one(&scratch[..]).to_be_bytes());
                put_text(&scratch, &mut name);
            }
            let place = SourceLine::new(self.file, origin.line + u64::from(row.line));
            name.extend_from_slice(&place.0.to_be_bytes());
            record.clear();
            put(unsigned(row.time), &mut record);
            put(unsigned(row.micros), &mut record);
            put(u64::from(row.plays), &mut record);
            for (field, cell) in &self.cells {
                if cell.is_none() {
                    put_cell(None, &mut record);
                    continue;
                }
                let raw = raw(*cell);
                let given = comparable_cell(self.decoder, *field, raw, &mut scratch);
                put_cell(given.then_some(&scratch), &mut record);
            }
            put_text(&name, &mut read_chunk.records);
            put_text(&record, &mut read_chunk.records);
            read_chunk.read.rows += 1;
            read_chunk.read.plays += u64::from(row.plays);
            read_chunk.read.micros += i128::from(row.micros);
        }
        read_chunk
    }
}

/// The state of a comparison.
struct Pairing<'a> {
    shape: &'a Shape,
    compared: ComparisonResult,
    /// How many pairs differ, by column.
    counts: Vec<u64>,
    /// Rows that have no partner by identifier, by track, user and time.
    rest: Sorter<'a>,
    /// Differences by file and line.
    outcomes: Sorter<'a>,
    /// Whether differences are written.
    written: bool,
    state: RandomState,
    line: Vec<u8>,
}

impl Pairing<'_> {
    /// Pairs rows of one identifier.
    fn identifiers(&mut self, ids: &SortedRecords<'_>) -> Result<(), Fatal> {
        let mut ids = ids.read()?;
        let mut group = SameId::default();
        while let Some((name, record)) = ids.next()? {
            let (id, place) = name.split_last_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
            if group.id != id {
                self.close(&group)?;
                group.id.clear();
                group.id.extend_from_slice(id);
                group.first.iter_mut().for_each(|first| *first = None);
            }
            let place = SourceLine(u64::from_be_bytes(*place));
            let Some(first) = group.first.get_mut(place.input()) else { continue };
            match first {
                None => *first = Some((place, record.to_vec())),
                Some((before, known)) => {
                    let row = Row::parse(place, record).ok_or_else(diagnostics::damaged_scratch)?;
                    let other = Row::parse(*before, known).ok_or_else(diagnostics::damaged_scratch)?;
                    self.repeated(&row, &other)?;
                }
            }
        }
        self.close(&group)
    }

    fn close(&mut self, group: &SameId) -> Result<(), Fatal> {
        match &group.first {
            [Some((a, one)), Some((b, other))] => {
                let a = Row::parse(*a, one).ok_or_else(diagnostics::damaged_scratch)?;
                let b = Row::parse(*b, other).ok_or_else(diagnostics::damaged_scratch)?;
                self.compared.by_id += 1;
                self.pair(&a, &b, MatchedBy::Id)
            }
            [Some((place, record)), None] | [None, Some((place, record))] => {
                self.alone(&Row::parse(*place, record).ok_or_else(diagnostics::damaged_scratch)?, record)
            }
            [None, None] => Ok(()),
        }
    }

    /// A row without a partner by identifier.
    fn alone(&mut self, row: &Row<'_>, record: &[u8]) -> Result<(), Fatal> {
        let key = self.shape.key.and_then(|(track, user)| {
            let track = row.cell(track).filter(|track| !track.is_empty())?;
            Some((track, user.and_then(|user| row.cell(user)).unwrap_or_default()))
        });
        let Some((track, user)) = key else { return self.only(row) };
        let mut key = Vec::with_capacity(track.len() + user.len() + 28);
        put_text(track, &mut key);
        put_text(user, &mut key);
        let mut name = self.state.hash_one(&key[..]).to_be_bytes().to_vec();
        name.extend_from_slice(&key);
        // Negative moments come before positive ones.
        name.extend_from_slice(&(row.time.cast_unsigned() ^ 1 << 63).to_be_bytes());
        name.extend_from_slice(&row.place.0.to_be_bytes());
        self.rest.push(&name, record)
    }

    /// Pairs what is left by track, user and time.
    fn nearest(&mut self, rest: &SortedRecords<'_>) -> Result<(), Fatal> {
        let mut rest = rest.read()?;
        let mut near = Neighbours::default();
        while let Some((name, record)) = rest.next()? {
            let (key, place) = name.split_last_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
            let key = key.split_last_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?.0;
            let row = Row::parse(SourceLine(u64::from_be_bytes(*place)), record)
                .ok_or_else(diagnostics::damaged_scratch)?;
            let follows = near.key == key
                && near
                    .rows
                    .last()
                    .is_some_and(|last| row.time.saturating_sub(last.time) <= self.shape.window);
            if !follows || near.rows.len() >= TOGETHER || near.text.len() >= SORTING / 3 {
                if follows {
                    let message = "plays of one track and user are so close that they were paired one by one";
                    self.compared.diagnostics.push(Diagnostic::new(&CROWDED, Location::default(), message));
                }
                self.pair_nearest(&mut near)?;
                near.key.clear();
                near.key.extend_from_slice(key);
            }
            let start = near.text.len();
            near.text.extend_from_slice(record);
            near.rows.push(WaitingRow { place: row.place, time: row.time, record: start..near.text.len() });
        }
        self.pair_nearest(&mut near)
    }

    /// Pairs rows that are close together.
    fn pair_nearest(&mut self, near: &mut Neighbours) -> Result<(), Fatal> {
        let Neighbours { rows, text, .. } = &*near;
        let row = |waiting: &WaitingRow| {
            let record = text.get(waiting.record.clone()).unwrap_or_default();
            Row::parse(waiting.place, record).ok_or_else(diagnostics::damaged_scratch)
        };
        let times: Vec<(i64, bool)> = rows.iter().map(|row| (row.time, row.place.input() == 1)).collect();
        let partners = nearest::pairs(&times, self.shape.window);
        for (waiting, partner) in rows.iter().zip(partners) {
            match partner.and_then(|partner| rows.get(partner as usize)) {
                None => self.only(&row(waiting)?)?,
                Some(partner) if waiting.place.input() == 0 => {
                    self.compared.by_time += 1;
                    self.pair(&row(waiting)?, &row(partner)?, MatchedBy::Time)?;
                }
                Some(_) => {}
            }
        }
        near.rows.clear();
        near.text.clear();
        Ok(())
    }

    fn pair(&mut self, a: &Row<'_>, b: &Row<'_>, matched: MatchedBy) -> Result<(), Fatal> {
        let fields = self.shape.differences(a, b);
        let sums = if fields == 0 { &mut self.compared.same } else { &mut self.compared.different };
        sums.iter_mut().zip([a, b]).for_each(|(sum, row)| sum.add(row));
        if fields == 0 {
            return Ok(());
        }
        for (column, count) in self.counts.iter_mut().enumerate() {
            *count += fields >> column & 1;
        }
        self.report(&Difference { class: Class::Different, matched, row: a, other: Some(b), fields })
    }

    fn only(&mut self, row: &Row<'_>) -> Result<(), Fatal> {
        let file = row.file();
        if let Some(sum) = self.compared.only.get_mut(file) {
            sum.add(row);
        }
        let class = Class::Only(file);
        self.report(&Difference { class, matched: MatchedBy::Nothing, row, other: None, fields: 0 })
    }

    fn repeated(&mut self, row: &Row<'_>, first: &Row<'_>) -> Result<(), Fatal> {
        let file = row.file();
        if let Some(sum) = self.compared.repeated.get_mut(file) {
            sum.add(row);
        }
        let (class, fields) = (Class::Repeated(file), self.shape.differences(row, first));
        self.report(&Difference { class, matched: MatchedBy::Id, row, other: Some(first), fields })
    }

    /// Takes a difference to its place in the order of the files.
    fn report(&mut self, difference: &Difference<'_>) -> Result<(), Fatal> {
        let Difference { class, row, other, fields, .. } = *difference;
        if let Some(territory) = self.shape.territory.and_then(|column| row.cell(column)) {
            let territory = String::from_utf8_lossy(territory);
            count(&mut self.compared.territories, &territory, class);
        }
        if self.shape.has(row.file(), Field::EVENT_TIME) {
            let day = i32::try_from(row.time.div_euclid(DAY)).ok().and_then(Date::from_days);
            if let Some(day) = day {
                count(&mut self.compared.days, &day.to_string(), class);
            }
        }
        let mut name = row.place.0.to_be_bytes().to_vec();
        name.push(class.number() as u8);
        self.line.clear();
        put(fields, &mut self.line);
        put(other.map_or(u64::MAX, |other| other.place.0), &mut self.line);
        if self.written {
            render::line(difference, self.shape, &mut self.line);
        }
        self.outcomes.push(&name, &self.line)
    }
}

const DAY: i64 = 86_400_000_000;

/// How many territories or days are distinguished; the rest is counted together.
const APART: usize = 4096;

fn count(counts: &mut BTreeMap<Box<str>, [u64; 5]>, key: &str, class: Class) {
    let key = if counts.len() < APART || counts.contains_key(key) { key } else { "others" };
    if let Some(count) = counts.entry(key.into()).or_default().get_mut(class.number()) {
        *count += 1;
    }
}

/// Rows of one identifier: the first of each file.
#[derive(Default)]
struct SameId {
    id: Vec<u8>,
    first: [Option<(SourceLine, Vec<u8>)>; 2],
}

/// Rows of one track and user that follow each other within the window.
#[derive(Default)]
struct Neighbours {
    key: Vec<u8>,
    rows: Vec<WaitingRow>,
    /// Their records.
    text: Vec<u8>,
}

struct WaitingRow {
    place: SourceLine,
    time: i64,
    record: std::ops::Range<usize>,
}

/// Reports and writes the differences in the order of the files.
fn report(
    outcomes: &SortedRecords<'_>,
    shape: &Shape,
    mut lines: Option<Lines<'_>>,
    diagnostics: &mut Diagnostics,
) -> Result<(), Fatal> {
    if let Some(lines) = &mut lines {
        let mut head = Vec::new();
        render::head(shape, &mut head);
        lines(&head)?;
    }
    let mut outcomes = outcomes.read()?;
    while let Some((name, mut line)) = outcomes.next()? {
        let (place, class) = name.split_first_chunk::<8>().ok_or_else(diagnostics::damaged_scratch)?;
        let place = SourceLine(u64::from_be_bytes(*place));
        let class = class
            .first()
            .and_then(|class| Class::ALL.get(usize::from(*class)))
            .ok_or_else(diagnostics::damaged_scratch)?;
        let (fields, other) = (take(&mut line), take(&mut line));
        let (Some(fields), Some(other)) = (fields, other) else { return Err(diagnostics::damaged_scratch()) };
        diagnostics.report(class.code(), || shape.diagnostic(*class, place, SourceLine(other), fields));
        if let Some(lines) = &mut lines {
            lines(line)?;
        }
    }
    Ok(())
}

impl Shape {
    /// A difference in words; no value of a row is in it.
    fn diagnostic(&self, class: Class, place: SourceLine, other: SourceLine, fields: u64) -> Diagnostic {
        let name = |file: usize| self.sources.get(file).map_or("", AsRef::as_ref);
        let location = Location {
            source: self.sources.get(place.input()).cloned(),
            line: Some(place.line()),
            ..Location::default()
        };
        let other = || format!("line {} of `{}`", other.line(), name(other.input()));
        let fields = self.differing(fields).map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
        let message = match class {
            Class::Different => format!("the play in {} differs in {fields}", other()),
            Class::Only(file) => format!("the play is not in `{}`", name(1 - file.min(1))),
            Class::Repeated(_) if fields.is_empty() => format!("the play is a duplicate of {}", other()),
            Class::Repeated(_) => format!("the play is a duplicate of {}, and differs in {fields}", other()),
        };
        Diagnostic::new(class.code(), location, message)
    }
}

impl ComparisonResult {
    /// Every row that was read is in one class.
    fn check(&self) -> Result<(), Fatal> {
        for file in 0..2 {
            let classes = [&self.same, &self.different, &self.only, &self.repeated];
            let rows: u64 = classes.iter().filter_map(|class| class.get(file)).map(|sum| sum.rows).sum();
            if self.read.get(file).is_some_and(|read| read.rows != rows) {
                return Err(diagnostics::bug("a row was compared twice or not at all"));
            }
        }
        Ok(())
    }
}
