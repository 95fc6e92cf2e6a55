//! A catalogue in memory: what recordings and releases are, by the service's own identifiers.
//!
//! Play logs name a track and a release by number. A catalogue says what these are: it is read
//! once, before the logs, through its own format, and its rows are kept as canonical text in one
//! arena (a length and the bytes of each value, nothing else), so that it takes little more than
//! the text itself. Three small tables lead to a row: by track and release, by track, and by
//! release.
//!
//! - track and release, and the catalogue has both together: everything
//! - both, and the catalogue knows the track only on other releases: the facts of the recording
//! - a track alone: everything, if the track is on one release; else the facts of the recording and
//!   those of the release that came first, with a diagnostic
//! - a release alone: the facts of the release
//!
//! Of several rows about one pair the first holds, and a diagnostic names the others. All rows with
//! one release id together list its tracks (see `tracklists`).

use crate::diagnostics;
use crate::scan::chunks::{DecodedChunk, Reading, scan};
use crate::scan::open::{name_source, open_events};
use crate::scan::ordered::{Flow, OrderedConsumer};
use crate::storage::varint::{Cells, put_cell};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex};
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Fatal, Location, Severity};
use transpose_core::format::{EventDecoder, Format, Projection};
use transpose_core::model::{Field, FieldSet, Group};
use transpose_io::Input;
use transpose_sync::lock;

/// What recordings and releases are.
pub struct Catalogue {
    /// What it can tell, in the order in which a row holds it.
    fields: Vec<Field>,
    rows: Vec<u8>,
    pairs: HashTable<u64>,
    tracks: HashTable<u64>,
    releases: HashTable<u64>,
    /// Rows whose track is on several releases, sorted when everything was read.
    several: Vec<u64>,
    state: RandomState,
}

/// What a catalogue knows about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CatalogueMatch {
    /// Where the row begins.
    row: u64,
    /// Which of its facts hold.
    scope: Scope,
}

/// Which facts of a row hold for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scope {
    All,
    Recording,
    Release,
}

/// The answer of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CatalogueAnswer {
    /// Facts.
    CatalogueMatch(CatalogueMatch),
    /// Facts, but the release is the first of several.
    Several(CatalogueMatch),
    /// Facts of the recording; the track is not known on that release.
    OtherRelease(CatalogueMatch),
    /// Nothing.
    Unknown,
}

/// Whether a catalogue may have a field.
fn is_catalogued(field: Field) -> bool {
    let identifies = [Field::RECORDING_ID, Field::RELEASE_ID].contains(&field);
    let described = matches!(field.group(), Group::Release | Group::Recording | Group::Work);
    !identifies && (described || field == Field::GENRE || field == Field::TRACK_COUNT)
}

fn is_release(field: Field) -> bool {
    field.group() == Group::Release || field == Field::TRACK_COUNT
}

impl Catalogue {
    /// Reads a catalogue from inputs of one format. What is wrong with single rows becomes
    /// diagnostics, and these rows are passed over.
    pub fn read(
        inputs: &[Input],
        format: &dyn Format,
        options: &[(String, String)],
        reading: Reading,
    ) -> Result<(Self, Diagnostics), Fatal> {
        let mut decoders: Vec<Box<dyn EventDecoder>> = Vec::new();
        let mut reads = FieldSet::EMPTY;
        for input in inputs {
            let decoder = open_events(format, input, options)?;
            reads = reads.union(decoder.preamble().reads);
            decoders.push(decoder);
        }
        if !reads.contains(Field::RECORDING_ID) && !reads.contains(Field::RELEASE_ID) {
            let message =
                "the catalogue has neither a track id nor a release id, by which events could find it";
            return Err(Fatal::usage(Diagnostic::new(
                &diagnostics::CATALOGUE_KEYS,
                Location::default(),
                message,
            )));
        }
        let mut catalogue = Self::empty(reads.iter().filter(|field| is_catalogued(*field)).collect());
        let mut diagnostics = Diagnostics::default();
        for (input, decoder) in inputs.iter().zip(&mut decoders) {
            let mut found = decoder.preamble().diagnostics.clone();
            name_source(&mut found, input);
            diagnostics.extend(found);
            catalogue.take(input, decoder.as_mut(), reading, &mut diagnostics)?;
        }
        catalogue.several.sort_unstable();
        catalogue.several.dedup();
        Ok((catalogue, diagnostics))
    }

    fn empty(fields: Vec<Field>) -> Self {
        Self {
            fields,
            rows: Vec::new(),
            pairs: HashTable::new(),
            tracks: HashTable::new(),
            releases: HashTable::new(),
            several: Vec::new(),
            state: RandomState::default(),
        }
    }

    /// The fields that it has.
    pub fn fields(&self) -> FieldSet {
        self.fields.iter().copied().collect()
    }

    pub(crate) fn tells(&self, field: Field) -> bool {
        self.fields.contains(&field)
    }

    /// The place of a field in a row, behind the two identifiers.
    pub(super) fn column(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|known| *known == field)
    }

    /// The rows that are tracks of a release.
    pub(super) fn track_rows(&self) -> impl Iterator<Item = u64> {
        let is_track = |row: &u64| {
            let (track, release) = self.keys(*row);
            !track.is_empty() && !release.is_empty()
        };
        self.pairs.iter().copied().filter(is_track)
    }

    /// The cells of a row: track and release, then its fields.
    pub(super) fn cells(&self, row: u64) -> impl Iterator<Item = Option<&[u8]>> {
        Cells(self.rows.get(row as usize..).unwrap_or(&[])).take(self.fields.len() + 2)
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.pairs.len()
    }

    /// Reads one input, side by side, and takes its rows in order.
    fn take(
        &mut self,
        input: &Input,
        decoder: &mut dyn EventDecoder,
        reading: Reading,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Fatal> {
        let mut wanted = vec![Field::RECORDING_ID, Field::RELEASE_ID];
        wanted.extend(&self.fields);
        decoder.project(&Projection { row: wanted.clone(), ..Projection::default() })?;
        let decoder = &*decoder;
        let source: Arc<str> = input.name().into();
        let flow = Flow::default();
        let kept = Mutex::new((self, diagnostics));
        let consumer = OrderedConsumer::new(reading.threads * 4, |(mut found, rows): (Diagnostics, Rows)| {
            let (catalogue, diagnostics) = &mut *lock(&kept);
            for row in &rows.rows {
                catalogue.insert(&rows.text, row, &mut found);
            }
            found.sort_by_line();
            found.name_source(&source);
            diagnostics.merge(found);
            Ok(())
        });
        let mut workers = vec![Vec::new(); reading.threads.max(1)];
        let scanned = scan(input, decoder, reading, &flow, &mut workers, &|scratch, decoded| {
            let DecodedChunk { number, bytes, origin, batch, report, .. } = decoded;
            let mut found = report.diagnostics;
            found.extend(batch.rejects.iter().map(|reject| reject.diagnostic.clone()));
            let events = &batch.events;
            let mut rows = Rows::default();
            for (row, cells) in events.rows.iter().zip(events.cells.chunks_exact(wanted.len())) {
                let place = origin.locate(row.line, row.start);
                rows.begin(place.line.unwrap_or(0), place.byte.unwrap_or(0));
                for (index, (field, cell)) in wanted.iter().zip(cells).enumerate() {
                    let raw = cell.bytes(bytes, &events.arena);
                    let present = match decoder.canonical_cell(*field, raw, scratch) {
                        Ok(present) => present,
                        Err(cell_diagnostic) => {
                            found.push(diagnostics::of_cell(&cell_diagnostic, place.clone()));
                            cell_diagnostic.code.severity < Severity::Error && !scratch.is_empty()
                        }
                    };
                    match index {
                        0 | 1 => rows.key(index, if present { scratch } else { &[] }),
                        _ => put_cell(present.then_some(scratch), &mut rows.text),
                    }
                }
                rows.end();
            }
            consumer.submit(number, (found, rows), &flow)
        });
        drop(consumer);
        scanned.map(|_| ()).map_err(|mut fatal| {
            name_source(&mut fatal.diagnostics, input);
            fatal
        })
    }

    /// Takes a row of a part's text.
    fn insert(&mut self, text: &[u8], row: &Row, diagnostics: &mut Diagnostics) {
        let text = text.get(row.start..row.end).unwrap_or(&[]);
        let (track, rest) = text.split_at_checked(row.track).unwrap_or((&[], &[]));
        let (release, values) = rest.split_at_checked(row.release).unwrap_or((&[], &[]));
        let place = || Location::line(row.line, row.byte);
        if track.is_empty() && release.is_empty() {
            let message = "the row has neither a track id nor a release id";
            diagnostics.push(Diagnostic::new(&diagnostics::CATALOGUE_ROW, place(), message));
            return;
        }
        let at = self.rows.len() as u64;
        let pair = self.hash(track, release);
        let keys = (track, release);
        if self.pairs.find(pair, |known| self.keys(*known) == keys).is_some() {
            let message =
                "duplicate of an earlier row with the same track and release; the first row is used";
            diagnostics.push(Diagnostic::new(&diagnostics::CATALOGUE_REPEATED, place(), message));
            return;
        }
        put_cell(Some(track), &mut self.rows);
        put_cell(Some(release), &mut self.rows);
        self.rows.extend_from_slice(values);
        let (rows, state) = (&self.rows, &self.state);
        self.pairs.insert_unique(pair, at, |known| {
            let (track, release) = keys_at(rows, *known);
            hash(state, track, release)
        });
        if !track.is_empty() {
            let hashed = hash(state, track, &[]);
            match self.tracks.find(hashed, |known| keys_at(rows, *known).0 == track) {
                Some(first) => self.several.push(*first),
                None => {
                    self.tracks.insert_unique(hashed, at, |known| hash(state, keys_at(rows, *known).0, &[]));
                }
            }
        }
        if !release.is_empty() {
            let hashed = hash(state, &[], release);
            if self.releases.find(hashed, |known| keys_at(rows, *known).1 == release).is_none() {
                self.releases.insert_unique(hashed, at, |known| hash(state, &[], keys_at(rows, *known).1));
            }
        }
    }

    fn hash(&self, track: &[u8], release: &[u8]) -> u64 {
        hash(&self.state, track, release)
    }

    fn keys(&self, row: u64) -> (&[u8], &[u8]) {
        keys_at(&self.rows, row)
    }

    /// What is known about a track on a release; an empty identifier is none.
    pub(crate) fn find(&self, track: &[u8], release: &[u8]) -> CatalogueAnswer {
        let rows = &self.rows;
        if track.is_empty() && release.is_empty() {
            return CatalogueAnswer::Unknown;
        }
        if track.is_empty() {
            let found = self.releases.find(self.hash(&[], release), |row| keys_at(rows, *row).1 == release);
            return found.map_or(CatalogueAnswer::Unknown, |row| {
                CatalogueAnswer::CatalogueMatch(CatalogueMatch { row: *row, scope: Scope::Release })
            });
        }
        if !release.is_empty() {
            let keys = (track, release);
            if let Some(row) = self.pairs.find(self.hash(track, release), |row| keys_at(rows, *row) == keys) {
                return CatalogueAnswer::CatalogueMatch(CatalogueMatch { row: *row, scope: Scope::All });
            }
        }
        let Some(row) = self.tracks.find(self.hash(track, &[]), |row| keys_at(rows, *row).0 == track) else {
            return CatalogueAnswer::Unknown;
        };
        if !release.is_empty() && !self.keys(*row).1.is_empty() {
            return CatalogueAnswer::OtherRelease(CatalogueMatch { row: *row, scope: Scope::Recording });
        }
        let found = CatalogueMatch { row: *row, scope: Scope::All };
        if self.several.binary_search(row).is_ok() {
            CatalogueAnswer::Several(found)
        } else {
            CatalogueAnswer::CatalogueMatch(found)
        }
    }

    /// The facts of an answer.
    pub(crate) fn values(&self, found: CatalogueMatch) -> impl Iterator<Item = (Field, &[u8])> {
        let mut cells = Cells(self.rows.get(found.row as usize..).unwrap_or(&[])).skip(2);
        self.fields.iter().filter_map(move |field| {
            let value = cells.next()??;
            let holds = match found.scope {
                Scope::All => true,
                Scope::Release => is_release(*field),
                Scope::Recording => !is_release(*field),
            };
            holds.then_some((*field, value))
        })
    }
}

/// The rows of a chunk on their way into the catalogue.
#[derive(Default)]
struct Rows {
    /// For each row its two identifiers, then its values with their lengths.
    text: Vec<u8>,
    rows: Vec<Row>,
}

/// Where a row lies in the text of its part, how long its identifiers are, and where it came from.
#[derive(Default)]
struct Row {
    start: usize,
    end: usize,
    track: usize,
    release: usize,
    line: u64,
    byte: u64,
}

impl Rows {
    fn begin(&mut self, line: u64, byte: u64) {
        self.rows.push(Row { start: self.text.len(), line, byte, ..Row::default() });
    }

    fn key(&mut self, index: usize, id: &[u8]) {
        self.text.extend_from_slice(id);
        if let Some(row) = self.rows.last_mut() {
            *(if index == 0 { &mut row.track } else { &mut row.release }) = id.len();
        }
    }

    fn end(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.end = self.text.len();
        }
    }
}

fn hash(state: &RandomState, track: &[u8], release: &[u8]) -> u64 {
    state.hash_one((track, release))
}

fn keys_at(rows: &[u8], row: u64) -> (&[u8], &[u8]) {
    let mut cells = Cells(rows.get(row as usize..).unwrap_or(&[]));
    (cells.next().flatten().unwrap_or(&[]), cells.next().flatten().unwrap_or(&[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(rows: &[(&str, &str, &str, &str)]) -> (Catalogue, Diagnostics) {
        let mut catalogue = Catalogue::empty(vec![Field::RELEASE_TITLE, Field::ISRC]);
        let mut diagnostics = Diagnostics::default();
        let mut part = Rows::default();
        for (track, release, title, isrc) in rows {
            part.begin(1, 0);
            part.key(0, track.as_bytes());
            part.key(1, release.as_bytes());
            put_cell((!title.is_empty()).then_some(title.as_bytes()), &mut part.text);
            put_cell((!isrc.is_empty()).then_some(isrc.as_bytes()), &mut part.text);
            part.end();
        }
        for row in &part.rows {
            catalogue.insert(&part.text, row, &mut diagnostics);
        }
        (catalogue, diagnostics)
    }

    fn is_catalogued(catalogue: &Catalogue, track: &str, release: &str) -> (char, String) {
        let (mark, found) = match catalogue.find(track.as_bytes(), release.as_bytes()) {
            CatalogueAnswer::CatalogueMatch(found) => ('=', found),
            CatalogueAnswer::Several(found) => ('*', found),
            CatalogueAnswer::OtherRelease(found) => ('~', found),
            CatalogueAnswer::Unknown => return ('-', String::new()),
        };
        let values = catalogue.values(found).map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        (mark, values.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn facts_are_those_of_the_pair_or_of_the_half_that_is_known() {
        let long = "x".repeat(70_000);
        let (catalogue, diagnostics) = catalogue(&[
            ("1", "10", "Ten", "A"),
            ("1", "11", "Eleven", "A"),
            ("2", "10", "Ten", ""),
            ("3", "", "", "C"),
            ("1", "10", "Again", "Z"),
            ("4", "12", &long, "D"),
        ]);
        assert_eq!(diagnostics.counts().map(|(code, n)| (code.id, n)).collect::<Vec<_>>(), [("ENG0503", 1)]);
        assert_eq!(catalogue.rows(), 5);
        for (track, release, expected) in [
            ("1", "10", ('=', "Ten A")),
            ("1", "11", ('=', "Eleven A")),
            ("1", "12", ('~', "A")),
            ("1", "", ('*', "Ten A")),
            ("2", "", ('=', "Ten")),
            ("2", "10", ('=', "Ten")),
            ("3", "99", ('=', "C")),
            ("", "11", ('=', "Eleven")),
            ("", "99", ('-', "")),
            ("9", "10", ('-', "")),
            ("", "", ('-', "")),
        ] {
            assert_eq!(
                is_catalogued(&catalogue, track, release),
                (expected.0, expected.1.to_owned()),
                "{track} {release}"
            );
        }
        assert_eq!(is_catalogued(&catalogue, "4", "12").1, format!("{long} D"));
    }

    #[test]
    fn rows_without_identifiers_are_passed_over() {
        let (catalogue, diagnostics) = catalogue(&[("", "", "Nobody", "A")]);
        assert_eq!(catalogue.rows(), 0);
        assert_eq!(diagnostics.counts().map(|(code, n)| (code.id, n)).collect::<Vec<_>>(), [("ENG0502", 1)]);
    }
}
