//! The values that rows have in some of their cells: for jobs with an output for each of them.

use crate::aggregate::interner::{Interner, Key, NONE, hash};
use crate::diagnostics;
use crate::enrich::catalogue::Catalogue;
use crate::enrich::decoder::Enrichment;
use crate::enrich::privacy::PersonalData;
use crate::scan::chunks::{Reading, scan};
use crate::scan::open::open_events;
use crate::scan::ordered::Flow;
use foldhash::fast::RandomState;
use std::collections::BTreeSet;
use std::ops::Range;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::{EventDecoder, Format, Projection};
use transpose_core::model::{Field, Span};
use transpose_io::Input;

/// Which rows are looked at, and how they are read.
#[derive(Clone, Copy)]
pub struct RowSource<'a> {
    /// The format of the inputs.
    pub format: &'a dyn Format,
    /// Options of the format.
    pub options: &'a [(String, String)],
    /// What tracks and releases are.
    pub catalogue: Option<&'a Catalogue>,
    /// The moments of the rows that count, in microseconds since 1970 UTC; all without.
    pub moments: Option<&'a Range<i64>>,
    /// How the inputs are read.
    pub reading: Reading,
}

/// The cells of a row that are looked at.
struct Cells<'a> {
    spans: &'a [Span],
    bytes: &'a [u8],
    arena: &'a [u8],
}

impl Key for Cells<'_> {
    fn space(&self) -> u32 {
        0
    }
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| span.bytes(self.bytes, self.arena))
    }
}

/// The different values that the rows of the inputs have: of the first of the fields that has one.
/// Rows without a value in any of them add nothing.
pub fn distinct_values(
    inputs: &[Input],
    source: RowSource<'_>,
    fields: &[Field],
) -> Result<BTreeSet<String>, Fatal> {
    let mut values = BTreeSet::new();
    for input in inputs {
        let opened = open_events(source.format, input, source.options)?;
        let personal_data = PersonalData::default();
        let enrichment = Enrichment { catalogue: source.catalogue, personal_data, make_ids: false };
        let mut decoder = enrichment.of(opened);
        let row = fields.to_vec();
        decoder.project(&Projection { row, time: true, ..Projection::default() })?;
        let decoder: &dyn EventDecoder = decoder.as_ref();
        let flow = Flow::default();
        let state = RandomState::default();
        let mut workers: Vec<(Interner, BTreeSet<String>)> =
            (0..source.reading.threads.max(1)).map(|_| Default::default()).collect();
        scan(input, decoder, source.reading, &flow, &mut workers, &|worker, decoded| {
            let events = &decoded.batch.events;
            let (known, values) = worker;
            for (index, row) in events.rows.iter().enumerate() {
                if source.moments.is_some_and(|moments| !moments.contains(&row.time)) {
                    continue;
                }
                let start = index * events.row_cells;
                let spans = events.cells.get(start..start + fields.len()).unwrap_or(&[]);
                let cells = Cells { spans, bytes: decoded.bytes, arena: &events.arena };
                let hash = hash(&state, &cells);
                if known.find_one(hash, &cells) != NONE {
                    continue;
                }
                known.insert(hash, &cells, None).ok_or_else(diagnostics::too_many_distinct)?;
                let mut scratch = Vec::new();
                let value = fields.iter().zip(cells.runs()).find_map(|(field, raw)| {
                    let present = decoder.canonical_cell(*field, raw, &mut scratch).unwrap_or(false);
                    (present && !scratch.is_empty()).then(|| String::from_utf8_lossy(&scratch).into_owned())
                });
                values.extend(value);
            }
            Ok(())
        })?;
        values.extend(workers.into_iter().flat_map(|(_, values)| values));
    }
    Ok(values)
}
