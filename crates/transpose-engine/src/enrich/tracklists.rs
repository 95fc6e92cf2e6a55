//! The tracks of releases: what a catalogue lists for a release that was sold as a whole.
//!
//! Each row of a catalogue with a track id and a release id is a track of that release, in the
//! order of the rows. A release is found by its id, else by its UPC or EAN; of several releases
//! with one code the first counts. Both tables are sorted numbers, made once for an output that
//! lists recordings.

use crate::diagnostics;
use crate::enrich::catalogue::Catalogue;
use crate::storage::varint::{Cells, put_cell};
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::hash::BuildHasher as _;
use transpose_codes::CodeSystem;
use transpose_core::diagnostics::{Diagnostic, Diagnostics, Location, shown};
use transpose_core::model::{Field, Shape, Slot};

/// Finds the tracks of a release, as cells of recordings.
pub(crate) struct Tracklists<'a> {
    catalogue: &'a Catalogue,
    /// The hash of the release id, and of its code, with the row; sorted.
    by_id: Vec<(u64, u64)>,
    by_code: Vec<(u64, u64)>,
    state: RandomState,
    /// Where a row of the catalogue has the code.
    code: Option<usize>,
    release: ReleaseColumns,
    /// Where a row of the catalogue has the value of each column of a recording.
    columns: Vec<Option<usize>>,
    recording: RecordingColumns,
}

/// The columns of a release that are looked at.
struct ReleaseColumns {
    id: Option<usize>,
    code: Option<usize>,
    count: Option<usize>,
}

/// The columns that tell recordings apart.
struct RecordingColumns {
    id: Option<usize>,
    isrc: Option<usize>,
}

/// A recording by its id, and by its ISRC, as it is compared, where one of the two has no id.
type RecordingKey<'a> = (Option<&'a [u8]>, Option<Vec<u8>>);

impl<'a> Tracklists<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, release: &Shape, recording: &Shape) -> Self {
        let place = |field: Field| match field {
            Field::RELEASE_ID | Field::RECORDING_ID => Some(usize::from(field == Field::RELEASE_ID)),
            _ => catalogue.column(field).map(|column| column + 2),
        };
        let columns = recording.columns.iter().map(|slot| match slot {
            Slot::Field(field) => place(*field),
            Slot::Extra(_) | Slot::Structure => None,
        });
        let columns = columns.collect();
        let code = place(Field::ICPN);
        let state = RandomState::default();
        let (mut by_id, mut by_code) = (Vec::new(), Vec::new());
        for row in catalogue.track_rows() {
            let release = cell(catalogue, row, Some(1)).unwrap_or_default();
            by_id.push((state.hash_one(release), row));
            if let Some(code) = cell(catalogue, row, code) {
                by_code.push((state.hash_one(comparable(CodeSystem::Gtin, code)), row));
            }
        }
        by_id.sort_unstable();
        by_code.sort_unstable();
        let of = |shape: &Shape, field| shape.column(field);
        Self {
            catalogue,
            by_id,
            by_code,
            state,
            code,
            release: ReleaseColumns {
                id: of(release, Field::RELEASE_ID),
                code: of(release, Field::ICPN),
                count: of(release, Field::TRACK_COUNT),
            },
            columns,
            recording: RecordingColumns {
                id: of(recording, Field::RECORDING_ID),
                isrc: of(recording, Field::ISRC),
            },
        }
    }

    /// The rows of a release, in their order.
    fn rows(&self, id: Option<&[u8]>, code: Option<&[u8]>) -> Vec<u64> {
        let of_id = |id: &[u8]| -> Vec<u64> {
            let rows = alike(&self.by_id, self.state.hash_one(id));
            rows.filter(|row| cell(self.catalogue, *row, Some(1)) == Some(id)).collect()
        };
        let listed = id.map(of_id).unwrap_or_default();
        if !listed.is_empty() {
            return listed;
        }
        let Some(code) = code else { return Vec::new() };
        let mut coded = alike(&self.by_code, self.state.hash_one(comparable(CodeSystem::Gtin, code)));
        let has_code = |row: &u64| {
            cell(self.catalogue, *row, self.code).is_some_and(|own| CodeSystem::Gtin.is_same(own, code))
        };
        let first = coded.find(has_code);
        first.and_then(|row| cell(self.catalogue, row, Some(1))).map(of_id).unwrap_or_default()
    }

    /// The cells of the recordings of a release that was sold as a whole, without those in `known`.
    /// A list that is not as long as the sale says is not used.
    pub(crate) fn missing(
        &self,
        release: &[u8],
        known: &[&[u8]],
        diagnostics: &mut Diagnostics,
    ) -> Vec<Vec<u8>> {
        let of = |column: Option<usize>| column.and_then(|column| Cells(release).nth(column)).flatten();
        let (id, code) = (of(self.release.id), of(self.release.code));
        let rows = self.rows(id, code);
        if rows.is_empty() {
            return Vec::new();
        }
        if let Some(count) = of(self.release.count)
            && count != rows.len().to_string().as_bytes()
        {
            diagnostics.report(&diagnostics::TRACKLIST, || {
                let (name, sold, listed) = (code.or(id).unwrap_or_default(), shown(count), rows.len());
                let place = Location { field: Some(Field::TRACK_COUNT), ..Location::default() };
                let message = format!(
                    "release {} was sold with {sold} tracks, and the catalogue lists {listed}; none of them is listed in the report",
                    shown(name)
                );
                Diagnostic::new(&diagnostics::TRACKLIST, place, message)
            });
            return Vec::new();
        }
        let known: Vec<RecordingKey<'_>> = known.iter().map(|cells| self.key(cells)).collect();
        let ids: HashSet<&[u8]> = known.iter().filter_map(|(id, _)| *id).collect();
        let isrcs: HashSet<&[u8]> =
            known.iter().filter(|(id, _)| id.is_none()).filter_map(|key| key.1.as_deref()).collect();
        let pairs: HashSet<&RecordingKey<'_>> = known.iter().collect();
        let listed = rows.into_iter().map(|row| self.cells(row)).filter(|cells| {
            let key = self.key(cells);
            let same_id = key.0.is_some_and(|id| ids.contains(id));
            !(pairs.contains(&key) || same_id || key.1.is_some_and(|isrc| isrcs.contains(isrc.as_slice())))
        });
        listed.collect()
    }

    /// What a row of the catalogue says of its recording.
    fn cells(&self, row: u64) -> Vec<u8> {
        let values: Vec<Option<&[u8]>> = self.catalogue.cells(row).collect();
        let mut out = Vec::new();
        for column in &self.columns {
            let value = column.and_then(|column| values.get(column).copied().flatten());
            put_cell(value.filter(|value| !value.is_empty()), &mut out);
        }
        out
    }

    fn key<'c>(&self, cells: &'c [u8]) -> RecordingKey<'c> {
        let of = |column: Option<usize>| column.and_then(|column| Cells(cells).nth(column)).flatten();
        let isrc = of(self.recording.isrc);
        (of(self.recording.id), isrc.map(|isrc| comparable(CodeSystem::Isrc, isrc)))
    }
}

fn cell(catalogue: &Catalogue, row: u64, place: Option<usize>) -> Option<&[u8]> {
    catalogue.cells(row).nth(place?).flatten().filter(|value| !value.is_empty())
}

/// The rows behind a hash.
fn alike(table: &[(u64, u64)], hash: u64) -> impl Iterator<Item = u64> {
    let start = table.partition_point(|(known, _)| *known < hash);
    let rows = table.get(start..).unwrap_or(&[]).iter();
    rows.take_while(move |(known, _)| *known == hash).map(|(_, row)| *row)
}

/// A code in the form in which it is compared.
fn comparable(system: CodeSystem, code: &[u8]) -> Vec<u8> {
    let mut code = code.to_vec();
    system.make_comparable(&mut code);
    code
}
