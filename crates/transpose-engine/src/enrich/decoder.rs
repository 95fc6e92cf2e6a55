//! A decoder that gives more, or less, than its input holds: facts from a catalogue, identifiers of
//! events that have none, user ids as keyed hashes or not at all.
//!
//! It is between the engine and the decoder of a format, so neither formats nor conversions know of
//! it. Aggregates get the facts where keys are resolved, once per distinct key; targets of events
//! get them as cells of their rows. What an event says itself always counts before the catalogue.
//!
//! A cell that comes from here is canonical already, while the cells beside it are in the notation
//! of the input. It is marked by a first byte that no UTF-8 text has; a cell of the input that
//! begins with such a byte is passed on behind another one, so that it is judged as it is.

use crate::diagnostics;
use crate::enrich::catalogue::{Catalogue, CatalogueAnswer, CatalogueMatch};
use crate::enrich::privacy::{PersonalData, hex};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::ops::Range;
use transpose_codes::CodeSystem;
use transpose_codes::time::Timestamp;
use transpose_core::accounting::RunReport;
use transpose_core::diagnostics::{CellDiagnostic, Code, Diagnostic, Fatal};
use transpose_core::format::{
    Batch, Chunk, ChunkDecoder, Decoder, Dimension, EventDecoder, IndexOutcome, Origin, Preamble, Projection,
    Tally,
};
use transpose_core::model::{Entity, Field, FieldSet, Span};

/// How events are completed and what is taken from them.
#[derive(Clone, Default)]
pub(crate) struct Enrichment<'a> {
    /// What tracks and releases are.
    pub(crate) catalogue: Option<&'a Catalogue>,
    /// What happens to personal data.
    pub(crate) personal_data: PersonalData,
    /// Whether events without an identifier get one from their content: equal rows get equal ones.
    pub(crate) make_ids: bool,
}

impl<'a> Enrichment<'a> {
    /// The decoder, completed where there is something to do.
    pub(crate) fn of(self, decoder: Box<dyn EventDecoder + 'a>) -> Box<dyn EventDecoder + 'a> {
        let idle =
            self.catalogue.is_none() && !self.make_ids && matches!(self.personal_data, PersonalData::Keep);
        if idle { decoder } else { Box::new(EnrichedDecoder::new(decoder, self)) }
    }

    /// The fields of an input that has a place for `own`, once it is completed.
    pub(crate) fn reads(&self, own: FieldSet) -> FieldSet {
        let mut reads = own;
        if let Some(catalogue) = self.catalogue {
            reads = reads.union(catalogue.fields());
        }
        if self.make_ids {
            reads.insert(Field::EVENT_ID);
        }
        if self.makes_types(own) {
            reads.insert(Field::ITEM_TYPE);
        }
        reads.difference(self.personal_data.withheld())
    }

    /// Whether events get the type of the item that was sold: a sale that names no track is one of
    /// the whole release, and logs say so in no other way.
    fn makes_types(&self, own: FieldSet) -> bool {
        own.contains(Field::RETAIL_PRICE) && !own.contains(Field::ITEM_TYPE) && self.catalogue.is_some()
    }
}

struct EnrichedDecoder<'a> {
    inner: Box<dyn EventDecoder + 'a>,
    how: Enrichment<'a>,
    preamble: Preamble,
    /// What the input itself has a place for.
    own: FieldSet,
    /// Whether events get the type of the item that was sold.
    types: bool,
    plan: EnrichmentPlan,
}

/// Which cells of a row are to be completed.
#[derive(Default)]
struct EnrichmentPlan {
    /// The number of the cell for each field that the catalogue may have, and whether the input has
    /// a column for it too.
    from_catalogue: Vec<(usize, Field, bool)>,
    track: Option<usize>,
    release: Option<usize>,
    /// The cell of the event's identifier, where it is to be made.
    id: Option<usize>,
    /// The moments and codes of an event whose identifier is to be made, and their cells.
    notations: Vec<(Field, usize)>,
    /// The cell of the type of the item, where it is to be made.
    item_type: Option<usize>,
    /// The fields of the catalogue that decide the sales context.
    context: FieldSet,
    /// The identifiers that are read of each row to find them, and nothing else wants.
    identifiers: FieldSet,
}

/// The first byte of a cell that is canonical already.
const CANONICAL: u8 = 0xff;
/// The first byte of a cell of the input that began with one of these two.
const RAW: u8 = 0xfe;

impl<'a> EnrichedDecoder<'a> {
    fn new(inner: Box<dyn EventDecoder + 'a>, how: Enrichment<'a>) -> Self {
        let mut preamble = inner.preamble().clone();
        let own = preamble.reads;
        let types = how.makes_types(own);
        preamble.reads = how.reads(own);
        Self { inner, how, preamble, own, types, plan: EnrichmentPlan::default() }
    }

    /// Whether cells of a field may be marked.
    fn marks(&self, field: Field) -> bool {
        self.how.make_ids && field == Field::EVENT_ID
            || self.types && field == Field::ITEM_TYPE
            || self.how.catalogue.is_some_and(|catalogue| catalogue.tells(field))
    }

    /// The identifier in a raw cell; nothing where there is none or it is not valid.
    fn id<'b>(&self, field: Field, raw: Option<&[u8]>, out: &'b mut Vec<u8>) -> &'b [u8] {
        out.clear();
        let present = raw.is_some_and(|raw| matches!(self.inner.canonical_cell(field, raw, out), Ok(true)));
        if present { out } else { &[] }
    }

    /// What is known of a track on a release, and what is to be said about it.
    fn found(&self, track: &[u8], release: &[u8]) -> (Option<CatalogueMatch>, Option<&'static Code>) {
        match self.how.catalogue.map(|catalogue| catalogue.find(track, release)) {
            None => (None, None),
            Some(CatalogueAnswer::CatalogueMatch(found)) => (Some(found), None),
            Some(CatalogueAnswer::Several(found)) => (Some(found), Some(&diagnostics::SEVERAL_RELEASES)),
            Some(CatalogueAnswer::OtherRelease(found)) => (Some(found), Some(&diagnostics::OTHER_RELEASE)),
            Some(CatalogueAnswer::Unknown) => (None, Some(&diagnostics::NOT_IN_CATALOGUE)),
        }
    }
}

/// What is said about a track and a release; made only for diagnostics that are kept.
fn describe(code: &'static Code, track: &[u8], release: &[u8]) -> String {
    let (on, of) = (String::from_utf8_lossy(track), String::from_utf8_lossy(release));
    if *code == diagnostics::SEVERAL_RELEASES {
        return format!("track {on} is on several releases; the first one of the catalogue is used");
    }
    match (track, release) {
        ([], []) => "the event names neither a track nor a release".into(),
        (_, []) => format!("the catalogue does not have track {on}"),
        ([], _) => format!("the catalogue does not have release {of}"),
        _ => format!("the catalogue does not have track {on} on release {of}"),
    }
}

impl Decoder for EnrichedDecoder<'_> {
    fn largest_unit(&self) -> usize {
        self.inner.largest_unit()
    }

    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn chunks(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(EnrichmentWorker {
            all: self,
            inner: self.inner.chunks(),
            known: HashMap::default(),
            from_catalogue: Vec::new(),
            track: Vec::new(),
            release: Vec::new(),
            scratch: Vec::new(),
            content: Vec::new(),
        })
    }

    fn quarantine_header(&self, out: &mut Vec<u8>) {
        self.inner.quarantine_header(out);
    }

    fn quarantine(&self, diagnostic: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        self.inner.quarantine(diagnostic, row, out);
    }

    fn finish(&self, trailers: &[(u64, Entity)], tally: &Tally, diagnostics: &mut Vec<Diagnostic>) {
        self.inner.finish(trailers, tally, diagnostics);
    }
}

impl EventDecoder for EnrichedDecoder<'_> {
    fn project(&mut self, projection: &Projection) -> Result<(), Fatal> {
        let mut inner = projection.clone();
        let from_catalogue = self.how.catalogue.map_or(FieldSet::EMPTY, Catalogue::fields);
        let mut plan = EnrichmentPlan::default();
        for (cell, field) in projection.row.iter().enumerate() {
            if from_catalogue.contains(*field) {
                plan.from_catalogue.push((cell, *field, self.own.contains(*field)));
            }
            if *field == Field::EVENT_ID && self.how.make_ids {
                plan.id = Some(cell);
            }
            if *field == Field::ITEM_TYPE && self.types {
                plan.item_type = Some(cell);
            }
        }
        if !plan.from_catalogue.is_empty() || plan.item_type.is_some() {
            let mut place = |field| {
                let known = inner.row.iter().position(|asked| *asked == field);
                known.unwrap_or_else(|| {
                    inner.row.push(field);
                    inner.row.len() - 1
                })
            };
            plan.track = Some(place(Field::RECORDING_ID));
            plan.release = Some(place(Field::RELEASE_ID));
        }
        if plan.id.is_some() {
            inner.optional.insert(Field::EVENT_ID);
            for field in NOTATIONS {
                if self.own.contains(field) {
                    let known = inner.row.iter().position(|asked| *asked == field);
                    plan.notations.push((field, known.unwrap_or(inner.row.len())));
                    if known.is_none() {
                        inner.row.push(field);
                    }
                }
            }
        }
        plan.context = projection.context.intersection(from_catalogue);
        if !plan.context.is_empty() {
            let of_items: FieldSet = [Field::RECORDING_ID, Field::RELEASE_ID].into_iter().collect();
            plan.identifiers = of_items.intersection(self.own).difference(projection.context);
            inner.context = inner.context.union(plan.identifiers);
        }
        self.plan = plan;
        self.inner.project(&inner)
    }

    fn columns(&self) -> Option<Vec<u32>> {
        // An identifier is made of the whole row, so that it does not depend on what else is
        // wanted.
        if self.how.make_ids { None } else { self.inner.columns() }
    }

    fn key_space(&self) -> Option<&[u8]> {
        self.inner.key_space()
    }

    fn check_key(&self, dimension: Dimension, key: &[&[u8]]) -> Result<(), CellDiagnostic> {
        self.inner.check_key(dimension, key)
    }

    fn resolve_key(
        &self,
        dimension: Dimension,
        key: &[&[u8]],
        sink: &mut dyn FnMut(Field, &[u8]),
        cell_diagnostics: &mut Vec<CellDiagnostic>,
    ) {
        let looks = dimension == Dimension::Item || !self.plan.context.is_empty();
        let Some(catalogue) = self.how.catalogue.filter(|_| looks) else {
            return self.inner.resolve_key(dimension, key, sink, cell_diagnostics);
        };
        let of_context = dimension == Dimension::Context;
        let (mut given, mut track, mut release) = (FieldSet::EMPTY, Vec::new(), Vec::new());
        let mut note = |field: Field, value: &[u8]| {
            given.insert(field);
            match field {
                Field::RECORDING_ID => track = value.to_vec(),
                Field::RELEASE_ID => release = value.to_vec(),
                _ => {}
            }
            if !of_context || !self.plan.identifiers.contains(field) {
                sink(field, value);
            }
        };
        self.inner.resolve_key(dimension, key, &mut note, cell_diagnostics);
        let coded = track.is_empty()
            && release.is_empty()
            && (given.contains(Field::ISRC) || given.contains(Field::ICPN));
        if coded {
            // What a source without ids names by its codes is described by the source.
            return;
        }
        let (found, code) = self.found(&track, &release);
        if let Some(found) = found {
            let wanted = |field| !of_context || self.plan.context.contains(field);
            let told = catalogue.values(found).filter(|(field, _)| !given.contains(*field) && wanted(*field));
            for (field, value) in told {
                sink(field, value);
            }
        }
        // Where items are described it is said, once for each.
        if let Some(code) = code.filter(|_| !of_context) {
            let message = describe(code, &track, &release);
            let field = if track.is_empty() { Field::RELEASE_ID } else { Field::RECORDING_ID };
            let cell = (0, "".into());
            cell_diagnostics.push(CellDiagnostic {
                code,
                field,
                cell,
                value: [].into(),
                message,
                repaired: false,
            });
        }
    }

    fn canonical_cell(&self, field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, CellDiagnostic> {
        if self.how.personal_data.withheld().contains(field) {
            out.clear();
            return Ok(false);
        }
        match raw {
            _ if !self.marks(field) => {}
            [CANONICAL, value @ ..] => {
                out.clear();
                out.extend_from_slice(value);
                return Ok(true);
            }
            [RAW, raw @ ..] => return self.inner.canonical_cell(field, raw, out),
            _ => {}
        }
        let present = self.inner.canonical_cell(field, raw, out)?;
        if let (PersonalData::Hash(key), Field::USER, true) = (&self.how.personal_data, field, present) {
            let user = std::mem::take(out);
            key.hash(&user, out);
        }
        Ok(present)
    }
}

struct EnrichmentWorker<'a> {
    all: &'a EnrichedDecoder<'a>,
    inner: Box<dyn ChunkDecoder + 'a>,
    /// For each catalogue row met in the chunk where its cells begin in `from_catalogue`.
    known: HashMap<CatalogueMatch, usize, foldhash::fast::RandomState>,
    /// Cells made from the catalogue, as many a row as the plan wants.
    from_catalogue: Vec<Span>,
    track: Vec<u8>,
    release: Vec<u8>,
    scratch: Vec<u8>,
    /// What the identifier of a row is made of.
    content: Vec<u8>,
}

impl ChunkDecoder for EnrichmentWorker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        self.inner.sync(chunk)
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> IndexOutcome {
        self.inner.index(chunk, start)
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut RunReport) {
        self.inner.decode(chunk, origin, batch, report);
        let plan = &self.all.plan;
        if plan.from_catalogue.is_empty() && plan.id.is_none() && plan.item_type.is_none() {
            return;
        }
        self.known.clear();
        self.from_catalogue.clear();
        let events = &mut batch.events;
        for (row, cells) in events.rows.iter().zip(events.cells.chunks_exact_mut(events.row_cells.max(1))) {
            let mut nameless = false;
            if let Some(cell) = plan.id.and_then(|cell| cells.get_mut(cell)) {
                let raw = cell.bytes(chunk.bytes, &events.arena);
                if let Some(guarded) = guarded(raw, &mut self.scratch) {
                    *cell = marked(RAW, guarded, &mut events.arena);
                } else if raw.trim_ascii().is_empty()
                    || matches!(
                        self.all.inner.canonical_cell(Field::EVENT_ID, raw, &mut self.scratch),
                        Ok(false)
                    )
                {
                    nameless = true;
                }
            }
            if nameless {
                let whole = row.start as usize..(row.start + row.len) as usize;
                self.note_content(whole, cells, chunk.bytes, &events.arena);
                if let Some(cell) = plan.id.and_then(|cell| cells.get_mut(cell)) {
                    *cell = made_id(&self.content, &mut events.arena);
                }
            }
            if plan.track.is_none() {
                continue;
            }
            let raw = |cell: Option<usize>| {
                let span = cell.and_then(|cell| cells.get(cell)).copied().unwrap_or(Span::ABSENT);
                Some(span.bytes(chunk.bytes, &events.arena))
            };
            let track = self.all.id(Field::RECORDING_ID, raw(plan.track), &mut self.track);
            let release = self.all.id(Field::RELEASE_ID, raw(plan.release), &mut self.release);
            if let Some(cell) = plan.item_type.and_then(|cell| cells.get_mut(cell)) {
                let sold: &[u8] = if track.is_empty() { b"Album" } else { b"Track" };
                *cell = marked(CANONICAL, sold, &mut events.arena);
            }
            let (found, code) = self.all.found(track, release);
            if let Some(code) = code {
                report.diagnostics.report(code, || {
                    let place = origin.locate(row.line, row.start).field(Field::RECORDING_ID);
                    Diagnostic::new(code, place, describe(code, track, release))
                });
            }
            let from_catalogue = match found {
                None => None,
                Some(found) => Some(*self.known.entry(found).or_insert_with(|| {
                    let from = self.from_catalogue.len();
                    self.from_catalogue.resize(from + plan.from_catalogue.len(), Span::ABSENT);
                    for (field, value) in self.all.how.catalogue.iter().flat_map(|known| known.values(found))
                    {
                        let place = plan
                            .from_catalogue
                            .iter()
                            .position(|(_, from_catalogue, _)| *from_catalogue == field);
                        if let Some(span) = place.and_then(|place| self.from_catalogue.get_mut(from + place))
                        {
                            *span = marked(CANONICAL, value, &mut events.arena);
                        }
                    }
                    from
                })),
            };
            for (place, (cell, field, own)) in plan.from_catalogue.iter().enumerate() {
                let Some(cell) = cells.get_mut(*cell) else { continue };
                let raw = cell.bytes(chunk.bytes, &events.arena);
                if let Some(guarded) = guarded(raw, &mut self.scratch) {
                    *cell = marked(RAW, guarded, &mut events.arena);
                } else if !own
                    || matches!(self.all.inner.canonical_cell(*field, raw, &mut self.scratch), Ok(false))
                {
                    *cell = from_catalogue
                        .and_then(|from| self.from_catalogue.get(from + place))
                        .copied()
                        .unwrap_or(Span::ABSENT);
                }
            }
        }
    }
}

impl EnrichmentWorker<'_> {
    /// Notes what an identifier is made of: the bytes of the row, but for its moments and codes,
    /// which are the same in whatever notation.
    fn note_content(&mut self, row: Range<usize>, cells: &[Span], chunk: &[u8], arena: &[u8]) {
        self.content.clear();
        let notations = &self.all.plan.notations;
        let spans = || notations.iter().filter_map(|(field, cell)| Some((*field, *cells.get(*cell)?)));
        let mut ranges: [(Range<usize>, Option<CodeSystem>); NOTATIONS.len()] =
            std::array::from_fn(|_| (0..0, None));
        for (place, (field, span)) in ranges.iter_mut().zip(spans()) {
            *place = (span.in_chunk().unwrap_or_default(), field.kind().code_system());
        }
        ranges.sort_unstable_by_key(|(range, _)| range.start);
        let mut from = row.start;
        for (range, system) in ranges {
            if range.start >= from && range.end <= row.end {
                self.content.extend_from_slice(chunk.get(from..range.start).unwrap_or(&[]));
                from = range.end;
                if let Some(system) = system {
                    self.scratch.clear();
                    self.scratch.extend_from_slice(chunk.get(range).unwrap_or(&[]));
                    system.make_comparable(&mut self.scratch);
                    self.content.extend_from_slice(&self.scratch);
                }
            }
        }
        self.content.extend_from_slice(chunk.get(from..row.end).unwrap_or(&[]).trim_ascii_end());
        for (field, span) in spans().filter(|(field, _)| field.kind().code_system().is_none()) {
            let raw = span.bytes(chunk, arena);
            let read = self.all.inner.canonical_cell(field, raw, &mut self.scratch);
            let moment = read.ok().and_then(|_| Timestamp::parse(&self.scratch).ok());
            match moment {
                Some(moment) => self.content.extend_from_slice(&moment.micros.to_be_bytes()),
                None => self.content.extend_from_slice(raw),
            }
        }
    }
}

/// What an identifier is made of whatever its notation: moments, and codes.
const NOTATIONS: [Field; 6] =
    [Field::EVENT_TIME, Field::EVENT_LOGGED, Field::ISRC, Field::ISWC, Field::ICPN, Field::GRID];

/// A copy of a cell of the input that begins with one of the marks.
fn guarded<'a>(raw: &[u8], copy: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    matches!(raw, [CANONICAL | RAW, ..]).then(|| {
        copy.clear();
        copy.extend_from_slice(raw);
        &copy[..]
    })
}

/// A cell behind a mark.
fn marked(mark: u8, value: &[u8], arena: &mut Vec<u8>) -> Span {
    let start = arena.len();
    arena.push(mark);
    arena.extend_from_slice(value);
    Span::arena(start, arena.len())
}

/// An identifier from the content of a row, in the form of a UUID (RFC 9562, version 8): the first
/// bits of SHA-256.
fn made_id(content: &[u8], arena: &mut Vec<u8>) -> Span {
    let mut bytes: [u8; 16] = [0; 16];
    let hash = Sha256::digest(content);
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    if let Some(byte) = bytes.get_mut(6) {
        *byte = *byte & 0x0f | 0x80;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = *byte & 0x3f | 0x80;
    }
    let start = arena.len();
    arena.push(CANONICAL);
    let mut rest = &bytes[..];
    for (part, len) in [4, 2, 2, 2, 6].into_iter().enumerate() {
        if part > 0 {
            arena.push(b'-');
        }
        let (head, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        hex(head, arena);
        rest = tail;
    }
    Span::arena(start, arena.len())
}
