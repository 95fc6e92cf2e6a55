//! Reading: header and summary records from the head of a file, blocks from its chunks, the footer at its end.
//!
//! A unit is a block: consecutive records with the same BlockId (ARCH-53); comments and blank lines between them belong to no block. A block
//! that cannot be understood is rejected whole, so that no usage is taken for another's.

use crate::codes;
use crate::format::{Profile, Role};
use crate::options::Options;
use crate::tables::{self, Layout};
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use transpose_codes::{Duration, PartialDate};
use transpose_core::batch::{Batch, BlockBatch, Fault, Reject, Shape, Slot, Span};
use transpose_core::diagnostic::{Code, Diagnostic, Fatal, Location, shown};
use transpose_core::entity::{Entity, Value};
use transpose_core::field::{Field, FieldSet, Kind};
use transpose_core::format::{
    Chunk, ChunkDecoder, Decode, Dimension, Head, Indexed, Origin, Part, Preamble, Projection, Tally,
};
use transpose_core::loss::{Change, Subject};
use transpose_core::report::Report;
use transpose_records::cell::{Fit, check, check_kind, is_decimal, is_integer, is_isrc, scaled};
use transpose_records::escape::{self, Escapes};
use transpose_records::grammar::Symbol;
use transpose_records::index::{Index, Row};
use transpose_records::line::{self, Line};
use transpose_records::spec::{
    AllowedValues, CellSlot, CellSpec, CellType, Obligation, RecordSpec, Standing, family,
};

/// How much of a file is looked at first for header and summary records.
const FIRST_LOOK: usize = 64 << 10;
/// The most that header and summary records may take.
const HEAD_LIMIT: usize = 64 << 20;

type Hash = foldhash::fast::RandomState;

/// What a cell does besides holding a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Nothing.
    None,
    /// It is taken care of: the record type and the block id.
    Key,
    /// It names the entity itself.
    Own,
    /// It names the release that was used.
    Release,
    /// It names the resource that was used or that the work belongs to.
    Resource,
    /// It names the summary record.
    Summary,
    /// It is to stay empty.
    Deprecated,
}

/// How a value is checked that is neither a list nor escaped. What does not pass is looked at by [`Cells::read`], which tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quick {
    /// Not at all: record type and block id.
    Key,
    /// Any text fits.
    Free,
    Integer,
    Decimal,
    Boolean,
    Duration,
    Isrc,
    /// By its set, its type and what its identifier demands; a value that was found good before is good again.
    Checked,
    /// Only by [`Cells::read`].
    Slow,
}

/// A cell of a record, as the reader needs it.
struct Column {
    spec: &'static CellSpec,
    values: Option<&'static AllowedValues>,
    identifier: Option<Kind>,
    mandatory: bool,
    /// Whether any text fits.
    free: bool,
    /// How a value that stands alone in a clean line is checked.
    quick: Quick,
    /// Whether an empty cell is worth a finding.
    demanded: bool,
    link: Link,
    /// The number of the column among all that are checked.
    number: usize,
}

impl Column {
    fn new(spec: &'static CellSpec) -> Self {
        let values = if spec.kind == CellType::Avs { tables::set(spec.values) } else { None };
        let identifier = spec
            .field()
            .map(|field| field.spec().kind)
            .filter(|kind| matches!(kind, Kind::Isrc | Kind::Iswc | Kind::Icpn));
        let link = match spec.name {
            "RecordType" | "BlockId" => Link::Key,
            "ReleaseReference" | "ResourceReference" if spec.slot != CellSlot::Structure => Link::Own,
            "TransactedRelease" | "TransactedReleaseReference" => Link::Release,
            "TransactedResource" | "TransactedResourceReference" | "ResourceReference" => Link::Resource,
            "SummaryRecordId" if spec.slot == CellSlot::Structure => Link::Summary,
            "Deprecated Cell" => Link::Deprecated,
            _ => Link::None,
        };
        let mandatory = spec.obligation == Obligation::Mandatory;
        let free = values.is_none()
            && identifier.is_none()
            && matches!(spec.kind, CellType::String | CellType::FixedString);
        let quick = match (link, identifier, spec.kind) {
            (Link::Key, ..) => Quick::Key,
            (Link::Deprecated, ..) => Quick::Slow,
            _ if free => Quick::Free,
            (_, Some(Kind::Isrc), CellType::String | CellType::FixedString) => Quick::Isrc,
            (_, None, CellType::Integer) => Quick::Integer,
            (_, None, CellType::Decimal) => Quick::Decimal,
            (_, None, CellType::Boolean) => Quick::Boolean,
            (_, None, CellType::Duration) => Quick::Duration,
            _ => Quick::Checked,
        };
        let demanded = mandatory && !matches!(link, Link::Key | Link::Summary);
        Self { spec, values, identifier, mandatory, free, quick, demanded, link, number: 0 }
    }
}

/// One version of a record type that may stand in a block.
struct Entry {
    spec: &'static RecordSpec,
    /// The name as a number, for a quick comparison.
    key: u64,
    role: Role,
    symbol: Option<Symbol>,
    /// Whether the version of the profile binds it.
    bound: bool,
    shape: usize,
    /// How many columns its shape has.
    width: usize,
    columns: Vec<Column>,
    quantity: Option<usize>,
    duration: Option<usize>,
    use_type: Option<usize>,
    price: Option<usize>,
    /// For releases: the cell of namespaced identifiers.
    proprietary: Option<usize>,
    /// For sub-releases: the cell of the resources in it.
    used: Option<usize>,
    /// The cells of links: own reference, release, resource, summary record.
    links: [Option<usize>; 4],
}

fn key_of(name: &[u8]) -> u64 {
    if name.len() > 8 {
        return u64::MAX;
    }
    name.iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// A file whose head was read.
pub(crate) struct Reader {
    escapes: Escapes,
    source: Arc<str>,
    layout: Layout,
    preamble: Preamble,
    entries: Vec<Entry>,
    contexts: Contexts,
    /// For each context whether it has a use type, and whether usages need a price.
    terms: Vec<(bool, bool)>,
    /// The number of the file and of files.
    part: (u64, u64),
    summaries: u64,
    hash: Hash,
    /// Comments and blank lines seen.
    skipped: AtomicU64,
    /// The line of the last record seen.
    last: AtomicU64,
}

/// Short keys as numbers, which are compared at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Packed(u64);

impl Packed {
    /// A key of at most seven bytes; the highest byte tells how many.
    #[inline]
    fn of(key: &[u8]) -> Option<Self> {
        if key.len() > 7 {
            return None;
        }
        let number = key.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Some(Self(number | (key.len() as u64) << 56))
    }
}

/// Sales contexts by their SummaryRecordId.
#[derive(Default)]
struct Contexts {
    short: HashMap<Packed, u32, Hash>,
    long: HashMap<Box<[u8]>, u32, Hash>,
}

impl Contexts {
    #[inline]
    fn find(&self, id: &[u8]) -> Option<u32> {
        match Packed::of(id) {
            Some(packed) => self.short.get(&packed),
            None => self.long.get(id),
        }
        .copied()
    }

    fn insert(&mut self, id: &[u8], context: u32) {
        match Packed::of(id) {
            Some(packed) => self.short.insert(packed, context),
            None => self.long.insert(id.into(), context),
        };
    }
}

/// The records of a head.
struct Scan {
    /// Bytes of a byte order mark.
    mark: usize,
    head: (Line, u64),
    summaries: Vec<(Line, u64)>,
    blanks: Vec<u64>,
    comments: u64,
    body: usize,
    body_line: u64,
}

enum Scanned {
    Found(Scan),
    More,
    None(Option<(Line, u64)>),
}

/// Whether a line holds nothing, or only the tabs of an empty spreadsheet row.
fn is_blank(content: &[u8]) -> bool {
    content.iter().all(|byte| matches!(byte, b'\t' | b' ' | b'\r'))
}

fn is_deal_specific(name: &[u8]) -> bool {
    matches!(name, [b'D', b'E', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit())
}

fn scan(bytes: &[u8], all: bool) -> Scanned {
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut found: Option<Scan> = None;
    let (mut at, mut number) = (mark, 1);
    let (mut blanks, mut comments) = (Vec::new(), 0);
    while let Some(line) = Line::at(bytes, at) {
        if !all && !line.is_ended(bytes) {
            return Scanned::More;
        }
        let content = line.content(bytes);
        let (name, second) = line::key(content, false);
        if content.first() == Some(&b'#') {
            comments += 1;
        } else if is_blank(content) {
            blanks.push(number);
        } else if let Some(scan) = &mut found {
            if name.starts_with(b"SY") {
                scan.summaries.push((line, number));
                scan.body = line.next;
                scan.body_line = number + 1;
                scan.comments = comments;
                scan.blanks.clone_from(&blanks);
            } else if !is_deal_specific(name) {
                return found.map_or(Scanned::More, Scanned::Found);
            }
        } else if name == b"HEAD" && second.starts_with(b"dsrf/") {
            let (head, body, body_line) = ((line, number), line.next, number + 1);
            let blanks = blanks.clone();
            found = Some(Scan { mark, head, summaries: Vec::new(), blanks, comments, body, body_line });
        } else {
            return Scanned::None(Some((line, number)));
        }
        at = line.next;
        number += 1;
    }
    if !all {
        return Scanned::More;
    }
    found.map_or(Scanned::None(None), Scanned::Found)
}

impl Reader {
    pub(crate) fn open(
        profile: &'static Profile,
        head: &mut dyn Head,
        options: &[(String, String)],
    ) -> Result<Self, Fatal> {
        let options = Options::load(options)?;
        let source: Arc<str> = head.name().into();
        let mut want = FIRST_LOOK;
        loop {
            let bytes = head.bytes(want)?;
            let all = bytes.len() < want;
            let place = |line: Line, number| Location {
                source: Some(source.clone()),
                ..Location::line(number, line.start as u64)
            };
            match scan(bytes, all) {
                Scanned::Found(scan) => return Self::make(profile, &options, source, bytes, &scan),
                Scanned::More if bytes.len() < HEAD_LIMIT => want = bytes.len().max(want) * 2,
                Scanned::More => {
                    let location = Location { source: Some(source), ..Location::default() };
                    let message = format!("header and summary records take more than {HEAD_LIMIT} bytes");
                    return Err(Fatal::input(Diagnostic::new(&codes::HEAD_TOO_LONG, location, message)));
                }
                Scanned::None(line) => {
                    let finding = match line {
                        Some((line, number)) => Diagnostic::new(
                            &codes::NO_HEAD,
                            place(line, number),
                            "the first record is no HEAD of a DSR message",
                        )
                        .value(line.content(bytes)),
                        None => Diagnostic::new(
                            &codes::NO_HEAD,
                            Location { source: Some(source.clone()), ..Location::default() },
                            "there is no record at all",
                        ),
                    };
                    return Err(Fatal::input(finding));
                }
            }
        }
    }

    fn make(
        profile: &'static Profile,
        options: &Options,
        source: Arc<str>,
        bytes: &[u8],
        scan: &Scan,
    ) -> Result<Self, Fatal> {
        let escapes = Escapes::from(options.escapes);
        let mut findings = Vec::new();
        let place = |(line, number): (Line, u64)| Location {
            source: Some(source.clone()),
            ..Location::line(number, line.start as u64)
        };
        if scan.mark > 0 {
            findings.push(Diagnostic::new(
                &codes::BYTE_ORDER_MARK,
                place((scan.head.0, 1)),
                "the file begins with a byte order mark",
            ));
        }
        for number in &scan.blanks {
            let location =
                Location { source: Some(source.clone()), line: Some(*number), ..Location::default() };
            findings.push(Diagnostic::new(&codes::BLANK_LINE, location, "the line is blank"));
        }
        for line in std::iter::once(&scan.head).chain(&scan.summaries) {
            if std::str::from_utf8(line.0.content(bytes)).is_err() {
                return Err(Fatal::input(
                    Diagnostic::new(&codes::NOT_UTF8, place(*line), "the line is not UTF-8")
                        .value(line.0.content(bytes)),
                ));
            }
        }
        let mut raw = Vec::new();
        line::cells(bytes, scan.head.0, false, &mut raw);
        let text = |index: usize| {
            let range = raw.get(index).map_or(0..0, |(start, end)| *start as usize..*end as usize);
            std::str::from_utf8(bytes.get(range).unwrap_or(&[])).unwrap_or_default()
        };
        let (named, version) = (text(2), text(3));
        if !profile.is_named(named) {
            let message =
                format!("the profile is `{}`, expected `{}`", shown(named.as_bytes()), profile.name);
            let location = place(scan.head).record("HEAD").cell(3, "Profile");
            return Err(Fatal::input(
                Diagnostic::new(&codes::WRONG_PROFILE, location, message).value(named.as_bytes()),
            ));
        }
        if !profile.is_written(named) {
            let message =
                format!("the profile is written `{}`, expected `{}`", shown(named.as_bytes()), profile.name);
            let location = place(scan.head).record("HEAD").cell(3, "Profile");
            findings
                .push(Diagnostic::new(&codes::PROFILE_SPELLING, location, message).value(named.as_bytes()));
        }
        let summary_names: Vec<&[u8]> =
            scan.summaries.iter().map(|(line, _)| line::key(line.content(bytes), false).0).collect();
        let layout = if let Some(layout) = Layout::of(profile.name, version.trim()) {
            layout
        } else {
            let layout = likely(profile, &summary_names)?;
            let message = format!(
                "the profile version `{}` is not known, the summary records are those of {}",
                shown(version.as_bytes()),
                layout.profile.version
            );
            let location = place(scan.head).record("HEAD").cell(4, "ProfileVersion");
            findings
                .push(Diagnostic::new(&codes::PROFILE_VERSION, location, message).value(version.as_bytes()));
            layout
        };
        let mut reads = FieldSet::EMPTY;
        let mut extras: Vec<Box<str>> = Vec::new();
        let mut place_for = |spec: &RecordSpec| {
            for cell in spec.cells {
                match cell.slot {
                    CellSlot::Field(field) => reads.insert(field),
                    CellSlot::Extra(name) if !extras.iter().any(|known| **known == *name) => {
                        extras.push(name.into());
                    }
                    CellSlot::Extra(_) | CellSlot::Structure => {}
                }
            }
        };
        place_for(layout.head);
        for spec in &layout.blocks {
            place_for(spec);
        }

        let mut cells = Cells::default();
        let mut owned = |spec: &'static RecordSpec, line: (Line, u64), findings: &mut Vec<Diagnostic>| {
            entity(&mut cells, escapes, bytes, spec, line.0, &place(line), findings)
        };
        let header = owned(layout.head, scan.head, &mut findings);
        let mut contexts = Vec::new();
        let mut known = Contexts::default();
        let mut terms = Vec::new();
        let mut passed: Vec<&str> = Vec::new();
        for (line, name) in scan.summaries.iter().zip(&summary_names) {
            let name = std::str::from_utf8(name).unwrap_or_default();
            let location = place(*line).record(name);
            let exact = layout.summaries.iter().copied().find(|spec| spec.name == name);
            let spec = if let Some(spec) = exact {
                spec
            } else {
                let Some(spec) = summary_spec(&layout, name) else {
                    let message = format!("`{}` is no known summary record", shown(name.as_bytes()));
                    findings.push(Diagnostic::new(&codes::UNKNOWN_RECORD, location, message));
                    continue;
                };
                let message = if layout.summary(name).is_some() {
                    format!(
                        "the record is `{name}`, but the profile version {} binds another version of it",
                        layout.profile.version
                    )
                } else {
                    format!("`{name}` is no summary record of the profile version {}", layout.profile.version)
                };
                findings.push(Diagnostic::new(&codes::RECORD_VERSION, location.clone(), message));
                spec
            };
            let kind = spec.family();
            let scattered = passed.last() != Some(&kind) && passed.contains(&kind);
            if scattered || (kind == "SY05" && !passed.contains(&"SY04")) {
                let message = if scattered {
                    "other summary records stand between those of this type"
                } else {
                    "no SY04 record precedes it"
                };
                findings.push(Diagnostic::new(&codes::SUMMARY_ORDER, location.clone(), message));
            }
            passed.push(kind);
            place_for(spec);
            let mut context = owned(spec, *line, &mut findings);
            context.origin = name.into();
            let id: Box<[u8]> = context.text(Field::CONTEXT_ID).unwrap_or_default().as_bytes().into();
            if known.find(&id).is_some() {
                let message = format!("SummaryRecordId `{}` is used twice", shown(&id));
                findings.push(
                    Diagnostic::new(&codes::SUMMARY_REUSED, location.cell(2, "SummaryRecordId"), message)
                        .value(&id),
                );
            } else {
                known.insert(&id, contexts.len() as u32);
            }
            terms.push((
                context.value(Field::USE_TYPE).is_some(),
                context.text(Field::COMMERCIAL_MODEL) == Some("PayAsYouGoModel"),
            ));
            contexts.push(context);
        }
        if scan.summaries.is_empty() {
            findings.push(Diagnostic::new(
                &codes::NO_SUMMARY,
                place(scan.head),
                "no summary record follows the header",
            ));
        }
        let number = |index: usize| text(index).trim().parse::<u64>().unwrap_or(1);
        let part = (number(6), number(7));
        if part.0 > part.1 || part.0 == 0 {
            let message = format!("the file is number {} of {}", part.0, part.1);
            findings.push(Diagnostic::new(
                &codes::HEAD_CONTRADICTION,
                place(scan.head).record("HEAD").cell(7, "FileNumber"),
                message,
            ));
        }
        let day = |field| header.text(field).and_then(|text| PartialDate::parse(text).ok());
        if let (Some(start), Some(end)) = (day(Field::PERIOD_START), day(Field::PERIOD_END))
            && end.last() < start.first()
        {
            let message = format!("the period ends on {end}, before it starts on {start}");
            findings.push(Diagnostic::new(
                &codes::HEAD_CONTRADICTION,
                place(scan.head).record("HEAD").cell(10, "UsageEndDate"),
                message,
            ));
        }

        let (entries, shapes) = entries(&layout);
        if entries.iter().any(|entry| entry.bound && entry.proprietary.is_some()) {
            reads.insert(Field::GRID);
        }
        let summaries = scan.summaries.len() as u64;
        let preamble = Preamble {
            version: Some(layout.profile.version.to_owned()),
            part: Some(Part {
                number: u32::try_from(part.0).unwrap_or(u32::MAX),
                of: u32::try_from(part.1).unwrap_or(u32::MAX),
            }),
            header,
            contexts,
            shapes,
            reads,
            extras,
            body: scan.body as u64,
            line: scan.body_line,
            findings,
        };
        Ok(Self {
            escapes,
            source,
            layout,
            preamble,
            entries,
            contexts: known,
            terms,
            part,
            summaries,
            hash: Hash::default(),
            skipped: AtomicU64::new(scan.comments + scan.blanks.len() as u64),
            last: AtomicU64::new(0),
        })
    }

    fn entry(&self, name: &[u8]) -> Option<&Entry> {
        let key = key_of(name);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The newest known version of the family of an unknown version.
    fn kin(&self, name: &[u8]) -> Option<&Entry> {
        let name = std::str::from_utf8(name).ok()?;
        self.entries
            .iter()
            .filter(|entry| entry.spec.family() == family(name))
            .max_by_key(|entry| entry.spec.name)
    }
}

/// The version whose summary records are those found; the newest of equals.
fn likely(profile: &Profile, found: &[&[u8]]) -> Result<Layout, Fatal> {
    let versions =
        tables::profiles().iter().filter(|known| known.profile == profile.name).map(|known| known.version);
    let mut layouts: Vec<Layout> = versions.filter_map(|version| Layout::of(profile.name, version)).collect();
    layouts.sort_by_key(|layout| {
        let fits = found
            .iter()
            .filter(|name| layout.summaries.iter().any(|spec| spec.name.as_bytes() == **name))
            .count();
        (fits, layout.profile.version)
    });
    layouts.pop().ok_or_else(|| {
        Fatal::input(Diagnostic::new(
            &codes::PROFILE_VERSION,
            Location::default(),
            "no version of the profile is known",
        ))
    })
}

/// The definition of a summary record that the version of the profile does not bind.
fn summary_spec(layout: &Layout, name: &str) -> Option<&'static RecordSpec> {
    if !name.starts_with("SY") {
        return None;
    }
    tables::record(name, layout.profile.generation).or_else(|| {
        let kin = tables::records().iter().filter(|spec| spec.family() == family(name));
        layout.summary(name).or_else(|| kin.max_by_key(|spec| spec.name))
    })
}

/// Every known version of the records of a block, those that the profile binds first, with their shapes.
fn entries(layout: &Layout) -> (Vec<Entry>, Vec<Shape>) {
    let mut specs: Vec<&'static RecordSpec> = layout.blocks.clone();
    for generation in tables::GENERATIONS {
        for spec in tables::records().iter().filter(|spec| spec.generation == generation) {
            let wanted = layout.blocks.iter().any(|bound| bound.family() == spec.family());
            if wanted && !specs.iter().any(|known| known.name == spec.name) {
                specs.push(spec);
            }
        }
    }
    let mut entries = Vec::new();
    let mut shapes = Vec::new();
    let mut numbered = 0;
    for (index, spec) in specs.into_iter().enumerate() {
        let Some(role) = Role::of(spec.family()) else { continue };
        let mut columns: Vec<Slot> = spec
            .cells
            .iter()
            .map(|cell| match cell.slot {
                CellSlot::Field(field) => Slot::Field(field),
                CellSlot::Extra(name) => Slot::Extra(name.into()),
                CellSlot::Structure => Slot::Structure,
            })
            .collect();
        let at = |field: Field| spec.cells.iter().position(|cell| cell.slot == CellSlot::Field(field));
        let proprietary = at(Field::RELEASE_PROPRIETARY_ID).filter(|_| role == Role::Release);
        if proprietary.is_some() {
            columns.push(Slot::Field(Field::GRID));
        }
        entries.push(Entry {
            spec,
            key: key_of(spec.name.as_bytes()),
            role,
            symbol: layout.grammar.symbol(spec.family()),
            bound: index < layout.blocks.len(),
            shape: shapes.len(),
            width: columns.len(),
            columns: spec
                .cells
                .iter()
                .enumerate()
                .map(|(index, cell)| {
                    numbered += 1;
                    let column = Column { number: numbered, ..Column::new(cell) };
                    // A GRid may stand among these.
                    let quick = if Some(index) == proprietary { Quick::Slow } else { column.quick };
                    Column { quick, ..column }
                })
                .collect(),
            quantity: at(Field::QUANTITY),
            duration: at(Field::USAGE_DURATION),
            use_type: at(Field::USAGE_USE_TYPE),
            price: at(Field::PRICE),
            proprietary,
            used: at(Field::USED_RESOURCES).filter(|_| role == Role::SubRelease),
            links: [Link::Own, Link::Release, Link::Resource, Link::Summary]
                .map(|link| spec.cells.iter().position(|cell| Column::new(cell).link == link)),
        });
        shapes.push(Shape { record: spec.name.into(), group: role.group(), columns });
    }
    (entries, shapes)
}

/// A value of a cell: a range of the raw cell, or of what was made from it.
#[derive(Clone, Copy)]
enum Piece {
    Raw(usize, usize),
    Made(usize, usize),
}

/// What is noteworthy about a cell.
struct Note {
    code: &'static Code,
    message: String,
}

/// Reads single cells; its buffers are reused.
#[derive(Default)]
struct Cells {
    pieces: Vec<Piece>,
    made: Vec<u8>,
    plain: Vec<u8>,
    ends: Vec<usize>,
    notes: Vec<Note>,
}

impl Cells {
    fn note(&mut self, code: &'static Code, message: impl Into<String>) {
        self.notes.push(Note { code, message: message.into() });
    }

    /// Reads a raw cell into pieces: none when it is empty. The error says why the value does not fit.
    fn read(&mut self, raw: &[u8], column: &Column, escapes: Escapes) -> Result<(), String> {
        self.pieces.clear();
        self.made.clear();
        let trimmed = escape::trimmed(raw);
        if trimmed.len() != raw.len() {
            self.note(&codes::SPACES, "spaces stand around the value");
        }
        if trimmed.is_empty() {
            return Ok(());
        }
        let offset = raw.iter().take_while(|byte| **byte == b' ').count();
        if memchr::memchr2(b'|', b'\\', trimmed).is_none() {
            return self.piece(trimmed, Piece::Raw(offset, offset + trimmed.len()), column);
        }
        if trimmed.iter().any(|byte| *byte < 0x20 && *byte != b'\t') {
            self.note(&codes::CONTROL, "the value holds a control character");
        }
        let (mut plain, mut ends) = (std::mem::take(&mut self.plain), std::mem::take(&mut self.ends));
        plain.clear();
        ends.clear();
        if let Some(bad) = escape::decode(trimmed, escapes, &mut plain, &mut ends) {
            self.note(&codes::BAD_ESCAPE, bad.to_string());
        }
        let done = self.pieces_of(&plain, &ends, column);
        (self.plain, self.ends) = (plain, ends);
        done
    }

    fn pieces_of(&mut self, plain: &[u8], ends: &[usize], column: &Column) -> Result<(), String> {
        if ends.len() > 1 && !column.spec.multi {
            self.note(&codes::UNEXPECTED_LIST, format!("the cell takes one value and holds {}", ends.len()));
            let mut joined = Vec::with_capacity(plain.len() + ends.len());
            let mut start = 0;
            for (index, end) in ends.iter().enumerate() {
                if index > 0 {
                    joined.push(b'|');
                }
                joined.extend_from_slice(plain.get(start..*end).unwrap_or(&[]));
                start = *end;
            }
            let piece = self.keep(&joined);
            return self.piece(&joined, piece, column);
        }
        let mut start = 0;
        for end in ends {
            let value = plain.get(start..*end).unwrap_or(&[]);
            start = *end;
            let trimmed = escape::trimmed(value);
            if trimmed.len() != value.len() {
                self.note(&codes::SPACES, "spaces stand around a value");
            }
            let piece = self.keep(trimmed);
            if trimmed.is_empty() {
                self.pieces.push(piece);
            } else {
                self.piece(trimmed, piece, column)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Piece {
        let start = self.made.len();
        self.made.extend_from_slice(bytes);
        Piece::Made(start, self.made.len())
    }

    /// Checks one value and adds it.
    fn piece(&mut self, value: &[u8], piece: Piece, column: &Column) -> Result<(), String> {
        let start = self.made.len();
        let fit = if let Some(set) = column.values {
            match set.standing(value) {
                Standing::Allowed => Fit::Exact,
                Standing::Deprecated => {
                    self.note(
                        &codes::DEPRECATED_VALUE,
                        format!("`{}` is deprecated in the set {}", shown(value), set.name),
                    );
                    Fit::Exact
                }
                Standing::OtherCase(known) => {
                    self.made.extend_from_slice(known.as_bytes());
                    Fit::Normalised
                }
                // Values agreed by the parties carry a namespace.
                Standing::Unknown if memchr::memmem::find(value, b"::").is_some() => Fit::Exact,
                Standing::Unknown => {
                    self.note(
                        &codes::UNKNOWN_VALUE,
                        format!("`{}` is not in the set {}", shown(value), set.name),
                    );
                    Fit::Exact
                }
            }
        } else if column.free {
            Fit::Exact
        } else {
            match check(column.spec.kind, value, &mut self.made) {
                Fit::Exact => match column.identifier {
                    Some(kind) => check_kind(kind, value, &mut self.made),
                    None => Fit::Exact,
                },
                other => other,
            }
        };
        let piece = match fit {
            Fit::Exact => piece,
            Fit::Normalised => {
                let end = self.made.len();
                let canonical = shown(self.made.get(start..end).unwrap_or(&[]));
                self.note(&codes::NORMALISED, format!("`{}` is read as `{canonical}`", shown(value)));
                Piece::Made(start, end)
            }
            Fit::Odd(why) => {
                self.note(&codes::ODD_VALUE, format!("`{}`: {why}", shown(value)));
                piece
            }
            Fit::Wrong(why) => return Err(why),
        };
        self.pieces.push(piece);
        Ok(())
    }

    /// Whether a plain value fits its column as it is.
    fn passes(&mut self, value: &[u8], column: &Column) -> bool {
        if let Some(set) = column.values {
            return set.standing(value) == Standing::Allowed;
        }
        self.made.clear();
        check(column.spec.kind, value, &mut self.made) == Fit::Exact
            && column.identifier.is_none_or(|kind| check_kind(kind, value, &mut self.made) == Fit::Exact)
    }

    fn bytes<'a>(&'a self, raw: &'a [u8], piece: Piece) -> &'a [u8] {
        match piece {
            Piece::Raw(start, end) => raw.get(start..end),
            Piece::Made(start, end) => self.made.get(start..end),
        }
        .unwrap_or(&[])
    }
}

fn named(cell: &CellSpec) -> String {
    format!("cell `{}`", cell.name)
}

fn located(place: &Location, spec: &RecordSpec, cell: &CellSpec) -> Location {
    let location = place.clone().record(spec.name).cell(cell.number, cell.name);
    match cell.field() {
        Some(field) => location.field(field),
        None => location,
    }
}

/// Reads a record of the head into owned values.
fn entity(
    cells: &mut Cells,
    escapes: Escapes,
    bytes: &[u8],
    spec: &'static RecordSpec,
    at: Line,
    place: &Location,
    findings: &mut Vec<Diagnostic>,
) -> Entity {
    let mut entity = Entity::default();
    entity.origin = spec.name.into();
    let mut ranges = Vec::new();
    line::cells(bytes, at, escapes == Escapes::Tripled, &mut ranges);
    let raw_at = |index: usize| {
        ranges.get(index).and_then(|(start, end)| bytes.get(*start as usize..*end as usize)).unwrap_or(&[])
    };
    if let Some(finding) =
        cell_count(spec, ranges.len(), |index| raw_at(index).trim_ascii().is_empty(), place)
    {
        findings.push(finding);
    }
    for (index, cell) in spec.cells.iter().enumerate() {
        let column = Column::new(cell);
        let raw = raw_at(index);
        let read = cells.read(raw, &column, escapes);
        let location = || located(place, spec, cell);
        for note in cells.notes.drain(..) {
            findings.push(
                Diagnostic::new(note.code, location(), format!("{}: {}", named(cell), note.message))
                    .value(raw),
            );
        }
        if let Err(why) = read {
            let message = format!("{} is `{}`, expected {}: {why}", named(cell), shown(raw), cell.kind);
            findings.push(Diagnostic::new(&codes::WRONG_TYPE, location(), message).value(raw));
            continue;
        }
        if cells.pieces.is_empty() {
            if column.mandatory {
                findings.push(Diagnostic::new(
                    &codes::EMPTY_CELL,
                    location(),
                    format!("{} is empty", named(cell)),
                ));
            }
            continue;
        }
        if column.link == Link::Deprecated {
            findings.push(
                Diagnostic::new(&codes::DEPRECATED_CELL, location(), format!("{} is filled", named(cell)))
                    .value(raw),
            );
            continue;
        }
        let texts: Vec<Box<str>> = cells
            .pieces
            .iter()
            .map(|piece| String::from_utf8_lossy(cells.bytes(raw, *piece)).into())
            .collect();
        let mut texts = texts.into_iter();
        let value = match (texts.next(), texts.len()) {
            (Some(only), 0) => Value::One(only),
            (first, _) => Value::Many(first.into_iter().chain(texts).collect()),
        };
        match cell.slot {
            CellSlot::Field(field) => entity.set(field, value),
            CellSlot::Extra(name) => {
                entity.extras.insert(name.into(), value);
            }
            CellSlot::Structure => {}
        }
    }
    // Cells beyond an incomplete definition are kept under the name that they probably have.
    for (index, _) in ranges.iter().enumerate().skip(spec.cells.len()) {
        let raw = raw_at(index).trim_ascii();
        if raw.is_empty() {
            continue;
        }
        let name = spec.trailing.get(index - spec.cells.len()).filter(|name| !name.starts_with('('));
        let name =
            name.map_or_else(|| format!("{} cell {}", spec.name, index + 1), |name| (*name).to_owned());
        entity.extras.insert(name.into(), Value::One(String::from_utf8_lossy(raw).into()));
    }
    entity
}

/// What is to be said about the number of cells.
fn cell_count(
    spec: &RecordSpec,
    found: usize,
    empty: impl Fn(usize) -> bool,
    place: &Location,
) -> Option<Diagnostic> {
    let expected = spec.cells.len();
    let location = place.clone().record(spec.name);
    if found < expected {
        let message =
            format!("the record has {found} cells, expected {expected}; the missing ones are read as empty");
        return Some(Diagnostic::new(&codes::MISSING_CELLS, location, message));
    }
    if found == expected {
        return None;
    }
    match (expected..found).find(|index| !empty(*index)) {
        None => {
            let message =
                format!("the record has {found} cells, expected {expected}; the further ones are empty");
            Some(Diagnostic::new(&codes::EXTRA_CELLS, location, message))
        }
        Some(index) if !spec.complete && index - expected < spec.trailing.len() => {
            let message = format!(
                "the record has {found} cells, {expected} are known; the further ones are kept as extras"
            );
            Some(Diagnostic::new(&codes::EXTRA_CELLS, location, message))
        }
        Some(index) => {
            let message =
                format!("the record has {found} cells, expected {expected}; cell {} holds data", index + 1);
            Some(Diagnostic::new(&codes::EXTRA_DATA, location, message))
        }
    }
}

impl Decode for Reader {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn project(&mut self, _projection: &Projection) -> Result<(), Fatal> {
        Ok(())
    }

    fn worker(&self) -> Box<dyn ChunkDecoder + '_> {
        Box::new(Worker {
            reader: self,
            index: Index::default(),
            units: Vec::new(),
            start: 0,
            end: 0,
            blanks: Vec::new(),
            comments: 0,
            cells: Cells::default(),
            ranges: Vec::new(),
            row: Vec::new(),
            spans: Vec::new(),
            releases: References::default(),
            resources: References::default(),
            entry: 0,
            accepted: Vec::new(),
        })
    }

    fn vet(&self, _dimension: Dimension, _key: &[&[u8]]) -> Result<(), Fault> {
        Ok(())
    }

    fn resolve(&self, _: Dimension, _: &[&[u8]], _: &mut dyn FnMut(Field, &[u8]), _: &mut Vec<Fault>) {}

    fn value(&self, _field: Field, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault> {
        out.clear();
        out.extend_from_slice(raw);
        Ok(!raw.is_empty())
    }

    fn quarantine_head(&self, out: &mut Vec<u8>) {
        let message = self.preamble.header.text(Field::MESSAGE_ID).unwrap_or("?");
        out.extend_from_slice(
            format!(
                "# blocks of message {} that were rejected, each after its reason\n",
                shown(message.as_bytes())
            )
            .as_bytes(),
        );
    }

    fn quarantine(&self, finding: &Diagnostic, row: &[u8], out: &mut Vec<u8>) {
        let line = finding.location.line.unwrap_or_default();
        let reason = shown_line(&finding.message);
        out.extend_from_slice(format!("# line {line}: {} {reason}\n", finding.code.id).as_bytes());
        out.extend_from_slice(row);
        if !row.ends_with(b"\n") {
            out.push(b'\n');
        }
    }

    fn finish(&self, trailers: &[(u64, Entity)], tally: &Tally, findings: &mut Vec<Diagnostic>) {
        let place = |line| Location { source: Some(self.source.clone()), line, ..Location::default() };
        let Some((at, foot)) = trailers.last() else {
            findings.push(Diagnostic::new(
                &codes::NO_FOOT,
                place(None),
                "the file ends without a FOOT record",
            ));
            return;
        };
        if trailers.len() > 1 {
            let message = format!("the file has {} FOOT records", trailers.len());
            findings.push(Diagnostic::new(&codes::FOOT_PLACE, place(Some(*at)), message));
        }
        let last = self.last.load(Ordering::Relaxed);
        if last > *at {
            findings.push(Diagnostic::new(
                &codes::FOOT_PLACE,
                place(Some(last)),
                format!("records follow the FOOT record of line {at}"),
            ));
        }
        let lines = tally.lines;
        let closes = self.part.0 == self.part.1;
        let counts = [
            (2, "NumberOfLinesInFile", Some(lines)),
            (3, "NumberOfLinesInReport", None),
            (4, "NumberOfSummaryRecords", Some(self.summaries)),
            (5, "NumberOfBlocksInFile", Some(tally.blocks)),
            (6, "NumberOfBlocksInReport", None),
        ];
        for (number, name, expected) in counts {
            let empty = closes || !matches!(number, 3 | 6);
            self.count(*at, foot, (number, name), expected, empty, findings);
        }
    }

    fn finish_message(&self, trailers: &[(u64, Entity)], message: &Tally, findings: &mut Vec<Diagnostic>) {
        let Some((at, foot)) = trailers.last() else { return };
        let counts =
            [(3, "NumberOfLinesInReport", message.lines), (6, "NumberOfBlocksInReport", message.blocks)];
        for (number, name, expected) in counts {
            self.count(*at, foot, (number, name), Some(expected), false, findings);
        }
    }
}

impl Reader {
    /// Compares a cell of the footer with what was counted.
    fn count(
        &self,
        at: u64,
        foot: &Entity,
        (number, name): (u32, &str),
        expected: Option<u64>,
        empty: bool,
        findings: &mut Vec<Diagnostic>,
    ) {
        let found = foot.extras.get(name).map(Value::first);
        let message = match (found, expected) {
            (None, _) if empty => format!("cell `{name}` is empty"),
            (Some(found), Some(expected)) if found.parse() != Ok(expected) => {
                let skipped = self.skipped.load(Ordering::Relaxed);
                let hint = if number < 4 && found.parse() == Ok(expected.saturating_sub(skipped)) {
                    "; the number fits when comments and blank lines are left out"
                } else {
                    ""
                };
                format!("cell `{name}` is `{}`, counted {expected}{hint}", shown(found.as_bytes()))
            }
            _ => return,
        };
        let place = Location { source: Some(self.source.clone()), line: Some(at), ..Location::default() };
        let location = place.record("FOOT").cell(number, name);
        findings.push(Diagnostic::new(&codes::FOOT_COUNT, location, message));
    }
}

fn shown_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What a run of lines is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnitKind {
    Block,
    Foot,
    Stray,
}

/// A block, a footer, or a record that has no place in the body.
#[derive(Clone, Copy, Debug)]
struct Unit {
    kind: UnitKind,
    start: usize,
    /// The end of its last record.
    end: usize,
    /// The line of its first record, from the first unit of the chunk.
    line: u64,
    /// How many lines there are up to its last record.
    lines: u64,
}

/// What a line is, and what it belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class<'a> {
    Comment,
    Blank,
    Foot,
    Stray,
    Record(&'a [u8], &'a [u8]),
}

struct Worker<'r> {
    reader: &'r Reader,
    /// The lines and cells of the chunk.
    index: Index,
    units: Vec<Unit>,
    start: usize,
    end: usize,
    /// The blank lines of the chunk.
    blanks: Vec<u64>,
    comments: u64,
    cells: Cells,
    ranges: Vec<line::Range>,
    /// The cells of a clean line.
    row: Vec<Span>,
    spans: Vec<Span>,
    releases: References,
    resources: References,
    /// The entry of the record before.
    entry: usize,
    /// For each column the value of the chunk that was last found good.
    accepted: Vec<Span>,
}

impl Worker<'_> {
    fn place(&self, origin: Origin, start: usize, line: u64) -> Location {
        Location {
            source: Some(self.reader.source.clone()),
            ..Location::line(origin.line + line, origin.byte + start as u64)
        }
    }
}

impl ChunkDecoder for Worker<'_> {
    fn sync(&mut self, chunk: Chunk<'_>) -> usize {
        let text = chunk.bytes;
        // The first line may have begun before the chunk; what it belongs to is not known.
        let Some(first) = Line::at(text, 0) else { return text.len() };
        let mut at = first.next;
        let mut begun: Option<(usize, &[u8], &[u8])> = None;
        while let Some(line) = Line::at(text, at) {
            match class_of(line.content(text), self.reader.escapes) {
                Class::Comment | Class::Blank => {}
                Class::Foot | Class::Stray => return line.start,
                Class::Record(name, id) => match begun {
                    // A block of the kind that has releases begins with its release.
                    None if name.starts_with(b"RE01") => return line.start,
                    None => begun = Some((line.start, name, id)),
                    Some((start, opened, known)) if known != id => {
                        // Blocks that begin with a resource and hold one: a resource seen first has begun its block.
                        let lone = name.starts_with(b"AS") && opened.starts_with(b"AS");
                        return if lone { start } else { line.start };
                    }
                    Some(_) => {}
                },
            }
            at = line.next;
        }
        text.len()
    }

    fn index(&mut self, chunk: Chunk<'_>, start: usize) -> Indexed {
        let text = chunk.bytes;
        self.units.clear();
        (self.start, self.end) = (start, start);
        self.blanks.clear();
        self.comments = 0;
        if start > chunk.own {
            return Indexed::Done { end: start, lines: 0, units: 0, usages: 0 };
        }
        let tripled = self.reader.escapes == Escapes::Tripled;
        let mut index = std::mem::take(&mut self.index);
        index.run(text, start, tripled);
        let indexed = self.units_of(&index, chunk);
        self.index = index;
        indexed
    }

    fn decode(&mut self, chunk: Chunk<'_>, origin: Origin, batch: &mut Batch, report: &mut Report) {
        let text = chunk.bytes;
        let columns = self.reader.entries.iter().map(|entry| entry.columns.len()).sum::<usize>() + 1;
        self.accepted.clear();
        self.accepted.resize(columns, Span::ABSENT);
        self.reader.skipped.fetch_add(self.comments + self.blanks.len() as u64, Ordering::Relaxed);
        for (told, line) in self.blanks.iter().enumerate() {
            if !report.findings.keeps(&codes::BLANK_LINE) {
                report.findings.count(&codes::BLANK_LINE, (self.blanks.len() - told) as u64);
                break;
            }
            let location =
                Location { line: Some(origin.line + line), byte: None, ..self.place(origin, 0, 0) };
            report.findings.push(Diagnostic::new(&codes::BLANK_LINE, location, "the line is blank"));
        }
        let own = text.get(self.start..self.end).unwrap_or(&[]);
        let index = std::mem::take(&mut self.index);
        let region = Region { text, origin, index: &index, utf8: std::str::from_utf8(own).is_ok() };
        let units = std::mem::take(&mut self.units);
        if let Some(unit) = units.iter().rev().find(|unit| unit.kind != UnitKind::Foot) {
            self.reader.last.fetch_max(origin.line + unit.line, Ordering::Relaxed);
        }
        for unit in &units {
            match unit.kind {
                UnitKind::Foot => self.foot(&region, unit, batch, report),
                UnitKind::Stray => self.stray(&region, unit, report),
                UnitKind::Block => {
                    if let Err(finding) = self.block(&region, unit, &mut batch.blocks, report) {
                        batch.blocks.drop_block();
                        let (plays, micros) = self.salvage(&region, unit);
                        let (start, len) = (unit.start as u32, (unit.end - unit.start) as u32);
                        batch.rejects.push(Reject { start, len, finding: *finding, plays, micros });
                    }
                }
            }
        }
        self.units = units;
        self.index = index;
    }
}

impl Worker<'_> {
    /// Divides the indexed lines into units.
    fn units_of(&mut self, index: &Index, chunk: Chunk<'_>) -> Indexed {
        let text = chunk.bytes;
        let (mut lines, mut usages, mut blocks) = (0_u64, 0, 0);
        let mut open: Option<(&[u8], Unit)> = None;
        for row in index.rows() {
            if !chunk.last && !row.ended {
                return Indexed::More;
            }
            let class = classify(index, row, text, self.reader.escapes);
            let kind = match class {
                Class::Comment => {
                    self.comments += 1;
                    None
                }
                Class::Blank => {
                    self.blanks.push(lines);
                    None
                }
                Class::Foot => Some((UnitKind::Foot, &[][..])),
                Class::Stray => Some((UnitKind::Stray, &[][..])),
                Class::Record(_, id) => Some((UnitKind::Block, id)),
            };
            if let Some((kind, id)) = kind {
                let (at, end) = (row.start as usize, row.next as usize);
                match &mut open {
                    Some((known, unit)) if kind == UnitKind::Block && unit.kind == kind && *known == id => {
                        (unit.end, unit.lines) = (end, lines + 1);
                    }
                    _ => {
                        self.units.extend(open.take().map(|(_, unit)| unit));
                        if at > chunk.own {
                            self.end = at;
                            return Indexed::Done { end: at, lines, units: blocks, usages };
                        }
                        blocks += u64::from(kind == UnitKind::Block);
                        open = Some((id, Unit { kind, start: at, end, line: lines, lines: lines + 1 }));
                    }
                }
                if let Class::Record([b'S', b'U', ..], _) = class {
                    usages += 1;
                }
            }
            lines += 1;
        }
        if !chunk.last {
            return Indexed::More;
        }
        self.units.extend(open.take().map(|(_, unit)| unit));
        self.end = text.len();
        Indexed::Done { end: text.len(), lines, units: blocks, usages }
    }
}

/// What an indexed line is.
fn classify<'a>(index: &Index, row: &Row, text: &'a [u8], escapes: Escapes) -> Class<'a> {
    if !row.clean {
        return class_of(row.content(text), escapes);
    }
    let class = plain_class(row.content(text));
    class.unwrap_or_else(|| kind_of(index.cell(row, 0, text), index.cell(row, 1, text)))
}

/// What a line is.
fn class_of(content: &[u8], escapes: Escapes) -> Class<'_> {
    plain_class(content).unwrap_or_else(|| {
        let (name, id) = line::key(content, escapes == Escapes::Tripled);
        kind_of(name, id)
    })
}

/// What a line is that holds no record.
fn plain_class(content: &[u8]) -> Option<Class<'_>> {
    match content.first() {
        Some(b'#') => Some(Class::Comment),
        None => Some(Class::Blank),
        Some(b'\t' | b' ' | b'\r') if is_blank(content) => Some(Class::Blank),
        _ => None,
    }
}

/// What a line with the given first two cells is.
fn kind_of<'a>(name: &'a [u8], id: &'a [u8]) -> Class<'a> {
    match name {
        b"FOOT" => Class::Foot,
        b"HEAD" | [b'S', b'Y', _, _, ..] => Class::Stray,
        _ => Class::Record(name, id),
    }
}

/// The part of a chunk that is decoded, and what it may hold.
struct Region<'a> {
    text: &'a [u8],
    origin: Origin,
    index: &'a Index,
    utf8: bool,
}

impl Region<'_> {
    /// The lines of a unit, from its first record to its last, with their numbers.
    fn rows(&self, unit: &Unit) -> impl Iterator<Item = (u64, &Row)> {
        let rows = self.index.rows().get(unit.line as usize..unit.lines as usize).unwrap_or(&[]);
        (unit.line..).zip(rows)
    }
}

/// The references of a block.
#[derive(Default)]
struct References {
    items: Vec<Reference>,
    table: HashTable<u32>,
    /// The one found last.
    last: usize,
}

struct Reference {
    /// Its text as a number, where it is short.
    packed: Option<Packed>,
    span: Span,
    entity: u32,
}

impl Reference {
    #[inline]
    fn is(&self, packed: Option<Packed>, key: &[u8], text: &[u8], arena: &[u8]) -> bool {
        self.packed == packed && (packed.is_some() || self.span.bytes(text, arena) == key)
    }
}

/// Up to how many references are compared one by one.
const FEW: usize = 8;

impl References {
    fn clear(&mut self) {
        self.items.clear();
        self.table.clear();
    }

    #[inline]
    fn find(&mut self, key: &[u8], hash: &Hash, text: &[u8], arena: &[u8]) -> Option<u32> {
        let packed = Packed::of(key);
        // Usages of one recording follow each other.
        let last = self.items.get(self.last).filter(|item| item.is(packed, key, text, arena));
        if let Some(last) = last {
            return Some(last.entity);
        }
        let found = if self.items.len() <= FEW {
            self.items.iter().position(|item| item.is(packed, key, text, arena))?
        } else {
            let is = |index: &u32| {
                self.items.get(*index as usize).is_some_and(|item| item.is(packed, key, text, arena))
            };
            *self.table.find(hash.hash_one(key), is)? as usize
        };
        self.last = found;
        self.items.get(found).map(|item| item.entity)
    }

    /// The only entity that there is.
    fn only(&self) -> Option<u32> {
        if let [only] = self.items.as_slice() { Some(only.entity) } else { None }
    }

    fn push(&mut self, span: Span, entity: u32, hash: &Hash, text: &[u8], arena: &[u8]) {
        self.items.push(Reference { packed: Packed::of(span.bytes(text, arena)), span, entity });
        let count = self.items.len();
        let Self { items, table, .. } = self;
        let of = |index: u32| {
            items.get(index as usize).map_or(0, |item| hash.hash_one(item.span.bytes(text, arena)))
        };
        let fresh = match count {
            0..=FEW => return,
            _ if table.is_empty() => 0..count,
            _ => count - 1..count,
        };
        for index in fresh {
            table.insert_unique(of(index as u32), index as u32, |index| of(*index));
        }
    }
}

impl Worker<'_> {
    fn foot(&mut self, region: &Region<'_>, unit: &Unit, batch: &mut Batch, report: &mut Report) {
        let place = self.place(region.origin, unit.start, unit.line);
        let Some(line) = Line::at(region.text, unit.start) else { return };
        let spec = self.reader.layout.foot;
        let mut findings = Vec::new();
        line::cells(region.text, line, false, &mut self.ranges);
        let raw = |index: usize| {
            let range = self.ranges.get(index).map_or(0..0, |(start, end)| *start as usize..*end as usize);
            region.text.get(range).unwrap_or(&[]).trim_ascii()
        };
        findings.extend(cell_count(spec, self.ranges.len(), |index| raw(index).is_empty(), &place));
        let mut foot = Entity::default();
        foot.origin = "FOOT".into();
        for (index, cell) in spec.cells.iter().enumerate().skip(1) {
            if !raw(index).is_empty() {
                // The last count has had another name.
                let name = if index == 5 { "NumberOfBlocksInReport" } else { cell.name };
                foot.extras.insert(name.into(), Value::One(String::from_utf8_lossy(raw(index)).into()));
            }
        }
        for finding in findings {
            report.findings.push(finding);
        }
        batch.trailers.push((region.origin.line + unit.line, foot));
    }

    fn stray(&mut self, region: &Region<'_>, unit: &Unit, report: &mut Report) {
        let content = Line::at(region.text, unit.start).map_or(&[][..], |line| line.content(region.text));
        let name = shown(line::key(content, false).0);
        let number = region.origin.line + unit.line;
        let message = format!("a {name} record stands among the blocks");
        let place = self.place(region.origin, unit.start, unit.line).record(&name);
        report.findings.push(Diagnostic::new(&codes::STRAY_RECORD, place, message).value(content));
        report.loss.add(
            Change::Lost,
            Subject::Extra(name.into()),
            1,
            Some(number),
            "the record stands among the blocks",
        );
    }

    /// What can be read of the usages of a rejected block.
    fn salvage(&self, region: &Region<'_>, unit: &Unit) -> (u64, i64) {
        let (mut plays, mut micros) = (0_u64, 0_i64);
        for (_, row) in region.rows(unit) {
            let name = region.index.cell(row, 0, region.text);
            let Some(entry) = self
                .reader
                .entry(name)
                .or_else(|| self.reader.kin(name))
                .filter(|entry| entry.role == Role::Usage)
            else {
                continue;
            };
            let raw =
                |number: Option<usize>| number.map(|at| region.index.cell(row, at, region.text).trim_ascii());
            if let Some((number, scale)) = raw(entry.quantity).and_then(scaled) {
                let whole = number / 10_i64.checked_pow(scale).unwrap_or(i64::MAX);
                plays = plays.saturating_add(u64::try_from(whole).unwrap_or(0));
            }
            let duration = raw(entry.duration)
                .and_then(|raw| std::str::from_utf8(raw).ok())
                .and_then(|text| Duration::parse_iso(text).ok());
            micros = micros.saturating_add(duration.map_or(0, |parsed| parsed.duration.micros()));
        }
        (plays, micros)
    }

    fn block(
        &mut self,
        region: &Region<'_>,
        unit: &Unit,
        batch: &mut BlockBatch,
        report: &mut Report,
    ) -> Result<(), Box<Diagnostic>> {
        let reader = self.reader;
        let (text, index) = (region.text, region.index);
        self.releases.clear();
        self.resources.clear();
        let mut state = reader.layout.grammar.start();
        let mut block: Option<Box<str>> = None;
        let mut last: (&'static str, u64, usize) = ("", unit.line, unit.start);
        let mut recording = None;
        batch.begin_block(Span::ABSENT, unit.start);
        for (this, line) in region.rows(unit) {
            // Comments and blank lines may stand between records.
            let content = line.content(text);
            if plain_class(content).is_some() {
                continue;
            }
            let origin = region.origin;
            let source = &reader.source;
            let place = |block: &Option<Box<str>>| Location {
                source: Some(source.clone()),
                block: block.clone(),
                ..Location::line(origin.line + this, origin.byte + u64::from(line.start))
            };
            if !region.utf8
                && let Err(error) = std::str::from_utf8(content)
            {
                let message = format!("the line is not UTF-8 from its byte {} on", error.valid_up_to() + 1);
                return Err(Box::new(
                    Diagnostic::new(&codes::NOT_UTF8, place(&block), message).value(content),
                ));
            }
            let ends = index.ends(line);
            let raw_at = |number: usize| index.cell(line, number, text);
            if block.is_none() {
                // The block id is kept as it is written; only escapes are undone.
                let raw = raw_at(1);
                let id = if memchr::memchr2(b'|', b'\\', raw).is_none() {
                    let (start, end) = index.range(line, 1);
                    Span::chunk(start, end)
                } else {
                    let (mut plain, mut ends) = (Vec::new(), Vec::new());
                    escape::decode(raw, reader.escapes, &mut plain, &mut ends);
                    batch.text(&plain)
                };
                batch.drop_block();
                batch.begin_block(if raw.is_empty() { Span::ABSENT } else { id }, unit.start);
                block = Some(shown(raw).into());
            }
            let name = raw_at(0);
            let key = key_of(name);
            // A record is mostly of the type of the one before.
            let known = reader.entries.get(self.entry).is_some_and(|entry| entry.key == key);
            if !known {
                self.entry = reader.entries.iter().position(|entry| entry.key == key).unwrap_or(usize::MAX);
            }
            let Some(entry) = reader.entries.get(self.entry).or_else(|| reader.kin(name)) else {
                let shown_name = shown(name);
                let message = format!("`{shown_name}` is no record of the profile");
                report.findings.push(Diagnostic::new(
                    &codes::UNKNOWN_RECORD,
                    place(&block).record(&shown_name),
                    message,
                ));
                let reason = "the record type is not part of the profile";
                report.loss.add(
                    Change::Lost,
                    Subject::Extra(shown_name.into()),
                    1,
                    Some(origin.line + this),
                    reason,
                );
                continue;
            };
            let spec = entry.spec;
            let exact = entry.key == key;
            if !entry.bound || !exact {
                if report.findings.keeps(&codes::RECORD_VERSION) {
                    let version = reader.layout.profile.version;
                    let message = if exact {
                        format!(
                            "the record is `{}`, but the profile version {version} binds another version of it",
                            spec.name
                        )
                    } else {
                        format!("`{}` is not known, it is read as {}", shown(name), spec.name)
                    };
                    report.findings.push(Diagnostic::new(
                        &codes::RECORD_VERSION,
                        place(&block).record(spec.name),
                        message,
                    ));
                } else {
                    report.findings.count(&codes::RECORD_VERSION, 1);
                }
            }
            let Some(next) = entry.symbol.and_then(|symbol| reader.layout.grammar.step(state, symbol)) else {
                let expected = expected(&reader.layout.grammar.expected(state));
                let message = if last.0.is_empty() {
                    format!("the block begins with {}, expected {expected}", spec.name)
                } else {
                    format!(
                        "{} may not follow {} of line {}, expected {expected}",
                        spec.name,
                        last.0,
                        origin.line + last.1
                    )
                };
                return Err(Box::new(Diagnostic::new(
                    &codes::BLOCK_ORDER,
                    place(&block).record(spec.name),
                    message,
                )));
            };
            state = next;
            last = (spec.name, this, line.start as usize);
            if ends.len() != spec.cells.len() {
                let empty = |index: usize| raw_at(index).trim_ascii().is_empty();
                if let Some(finding) = cell_count(spec, ends.len(), empty, &place(&block)) {
                    let further =
                        (spec.cells.len()..ends.len()).filter(|index| !empty(*index)).count() as u64;
                    let subject =
                        Subject::Extra(format!("{} cell {}", spec.name, spec.cells.len() + 1).into());
                    report.loss.add(
                        Change::Lost,
                        subject,
                        further,
                        Some(origin.line + this),
                        "the cell is beyond the definition of the record",
                    );
                    let code = if further > 0 { &codes::EXTRA_DATA } else { finding.code };
                    report.findings.push(Diagnostic { code, ..finding });
                }
            }

            let quick = self.quick(text, line, ends, entry);
            let [mut own, mut release, mut resource, mut summary] = [Span::ABSENT; 4];
            let entity = if quick {
                let [own_place, others @ ..] = entry.links;
                own = own_place.and_then(|place| self.row.get(place).copied()).unwrap_or(Span::ABSENT);
                // What links a record to others is no value of it.
                [release, resource, summary] = others.map(|place| {
                    let cell = place.and_then(|place| self.row.get_mut(place));
                    cell.map_or(Span::ABSENT, |cell| std::mem::replace(cell, Span::ABSENT))
                });
                batch.push_filled(entry.shape, &self.row, this as u32)
            } else {
                batch.push_entity(entry.shape, entry.width, this as u32)
            };
            let columns = if quick { &[][..] } else { &entry.columns };
            for (number, column) in columns.iter().enumerate() {
                if column.link == Link::Key {
                    continue;
                }
                let (start, end) = index.range(line, number);
                let raw = text.get(start..end).unwrap_or(&[]);
                let location = |block: &Option<Box<str>>| located(&place(block), spec, column.spec);
                let simple = || {
                    raw.first().is_some_and(|byte| *byte > b' ')
                        && raw.last().is_some_and(|byte| *byte > b' ')
                        && !raw.iter().any(|byte| matches!(byte, 0..=0x1f | b'|' | b'\\'))
                };
                let span = match raw {
                    [] => Span::ABSENT,
                    _ if column.free && simple() => Span::chunk(start, end),
                    _ => {
                        let read = self.cells.read(raw, column, reader.escapes);
                        let told = self.cells.notes.iter().any(|note| *note.code == codes::CONTROL);
                        if !told && raw.iter().any(|byte| *byte < 0x20 && *byte != b'\t') {
                            self.cells.note(&codes::CONTROL, "the value holds a control character");
                        }
                        for note in self.cells.notes.drain(..) {
                            if report.findings.keeps(note.code) {
                                let message = format!("{}: {}", named(column.spec), note.message);
                                report
                                    .findings
                                    .push(Diagnostic::new(note.code, location(&block), message).value(raw));
                            } else {
                                report.findings.count(note.code, 1);
                            }
                        }
                        match read {
                            Ok(()) => self.span(start, batch),
                            Err(why) => {
                                let message = format!(
                                    "{} is `{}`, expected {}: {why}",
                                    named(column.spec),
                                    shown(raw),
                                    column.spec.kind
                                );
                                let finding =
                                    Diagnostic::new(&codes::WRONG_TYPE, location(&block), message).value(raw);
                                if entry.role == Role::Usage {
                                    return Err(Box::new(finding));
                                }
                                report.findings.push(finding);
                                let subject = column
                                    .spec
                                    .field()
                                    .map_or_else(|| Subject::Extra(column.spec.name.into()), Subject::Field);
                                report.loss.add(
                                    Change::Lost,
                                    subject,
                                    1,
                                    Some(origin.line + this),
                                    "the value does not fit the type of its cell",
                                );
                                continue;
                            }
                        }
                    }
                };
                if span.is_absent() {
                    if column.mandatory && column.link != Link::Summary {
                        let finding = Diagnostic::new(
                            &codes::EMPTY_CELL,
                            location(&block),
                            format!("{} is empty", named(column.spec)),
                        );
                        if Some(number) == entry.quantity {
                            return Err(Box::new(finding));
                        }
                        report.findings.push(finding);
                    }
                    continue;
                }
                match column.link {
                    Link::None => batch.set(number, span),
                    Link::Own => {
                        own = span;
                        batch.set(number, span);
                    }
                    Link::Release => release = span,
                    Link::Resource => resource = span,
                    Link::Summary => summary = span,
                    Link::Key | Link::Deprecated => {}
                }
                if Some(number) == entry.proprietary {
                    self.grid(entry, span, raw, text, batch);
                }
            }
            let fault = |code: &'static Code, link: Link, message: String| {
                let cell = entry.columns.iter().find(|column| column.link == link).map(|column| column.spec);
                let location = cell.map_or_else(
                    || place(&block).record(spec.name),
                    |cell| located(&place(&block), spec, cell),
                );
                Box::new(Diagnostic::new(code, location, message))
            };
            match entry.role {
                Role::Release | Role::SubRelease | Role::Recording => {
                    let references =
                        if entry.role == Role::Recording { &mut self.resources } else { &mut self.releases };
                    if entry.role == Role::Recording {
                        recording = Some(entity);
                    }
                    let bytes = own.bytes(text, &batch.arena);
                    if references.find(bytes, &reader.hash, text, &batch.arena).is_some() {
                        let message = format!("the reference `{}` is used twice in the block", shown(bytes));
                        report.findings.push(*fault(&codes::REFERENCE_REUSED, Link::Own, message));
                    }
                    references.push(own, entity, &reader.hash, text, &batch.arena);
                    if let Some((number, column)) =
                        entry.used.and_then(|number| Some((number, entry.columns.get(number)?)))
                    {
                        let at = |cell: &CellSpec| located(&place(&block), spec, cell);
                        self.used(column.spec, raw_at(number), batch, text, &at, report);
                    }
                }
                Role::Work => {
                    // Older versions have no reference: the work belongs to the resource before it.
                    let parent = if resource.is_absent() {
                        recording
                    } else {
                        let key = resource.bytes(text, &batch.arena);
                        let Some(found) = self.resources.find(key, &reader.hash, text, &batch.arena) else {
                            let message =
                                format!("no resource of the block has the reference `{}`", shown(key));
                            return Err(fault(&codes::UNKNOWN_REFERENCE, Link::Resource, message));
                        };
                        Some(found)
                    };
                    if let (Some(parent), Some(row)) = (parent, batch.last_entity()) {
                        row.parent = parent;
                    }
                }
                Role::Usage => {
                    let key = summary.bytes(text, &batch.arena);
                    let Some(context) = reader.contexts.find(key) else {
                        let message = format!("no summary record has the SummaryRecordId `{}`", shown(key));
                        return Err(fault(&codes::UNKNOWN_SUMMARY, Link::Summary, message));
                    };
                    let (link, span, references) = if resource.is_absent() {
                        (Link::Release, release, &mut self.releases)
                    } else {
                        (Link::Resource, resource, &mut self.resources)
                    };
                    let parent = if span.is_absent() {
                        let Some(only) = self.resources.only() else {
                            let message = "the usage names neither a release nor a resource, and the block has more than one".to_owned();
                            return Err(fault(&codes::UNKNOWN_REFERENCE, Link::Resource, message));
                        };
                        if report.findings.keeps(&codes::IMPLIED_REFERENCE) {
                            let message = "the usage names neither a release nor a resource, the only resource of the block is meant".to_owned();
                            report.findings.push(*fault(&codes::IMPLIED_REFERENCE, Link::Resource, message));
                        } else {
                            report.findings.count(&codes::IMPLIED_REFERENCE, 1);
                        }
                        only
                    } else {
                        let key = span.bytes(text, &batch.arena);
                        let Some(found) = references.find(key, &reader.hash, text, &batch.arena) else {
                            let what = if link == Link::Release { "release" } else { "resource" };
                            let message =
                                format!("no {what} of the block has the reference `{}`", shown(key));
                            return Err(fault(&codes::UNKNOWN_REFERENCE, link, message));
                        };
                        found
                    };
                    if !resource.is_absent() && !release.is_absent() {
                        let message =
                            "the usage names both a release and a resource, it is given to the resource"
                                .to_owned();
                        report.findings.push(*fault(&codes::BOTH_REFERENCES, Link::Release, message));
                        report.loss.add(
                            Change::Lost,
                            Subject::Extra("TransactedReleaseReference".into()),
                            1,
                            Some(origin.line + this),
                            "the usage names a resource too",
                        );
                    }
                    let (stated, priced) = reader.terms.get(context as usize).copied().unwrap_or_default();
                    let filled = |number: Option<usize>| {
                        number.is_some_and(|number| !raw_at(number).trim_ascii().is_empty())
                    };
                    let at_cell =
                        |index: Option<usize>| match index.and_then(|index| entry.columns.get(index)) {
                            Some(column) => located(&place(&block), spec, column.spec),
                            None => place(&block).record(spec.name),
                        };
                    if stated == filled(entry.use_type) {
                        let message = if stated {
                            "the use type stands on the summary record too"
                        } else {
                            "the use type stands neither here nor on the summary record"
                        };
                        report.findings.push(Diagnostic::new(
                            &codes::USE_TYPE,
                            at_cell(entry.use_type),
                            message,
                        ));
                    }
                    if priced && !filled(entry.price) {
                        report.findings.push(Diagnostic::new(
                            &codes::NO_PRICE,
                            at_cell(entry.price),
                            "there is no price under PayAsYouGoModel",
                        ));
                    }
                    if let Some(row) = batch.last_entity() {
                        row.parent = parent;
                        row.context = context;
                    }
                }
                _ => {}
            }
        }
        if !reader.layout.grammar.accepts(state) {
            let place = Location { block, ..self.place(region.origin, last.2, last.1) };
            let expected = expected(&reader.layout.grammar.expected(state));
            let message = if last.0.is_empty() {
                "the block has no record of the profile".to_owned()
            } else {
                format!("the block ends with {}, expected {expected}", last.0)
            };
            return Err(Box::new(Diagnostic::new(&codes::BLOCK_ORDER, place.record(last.0), message)));
        }
        batch.end_block(unit.end);
        Ok(())
    }

    /// Reads the cells of a clean line into `row`, if there is nothing to be said about any of them.
    #[inline]
    fn quick(&mut self, text: &[u8], line: &Row, ends: &[u32], entry: &Entry) -> bool {
        if !line.clean || ends.len() != entry.columns.len() {
            return false;
        }
        let Self { row, cells, accepted, .. } = self;
        row.clear();
        let mut start = line.start;
        for (column, end) in entry.columns.iter().zip(ends) {
            let (from, to) = (start as usize, *end as usize);
            start = *end + 1;
            if from == to {
                if column.demanded {
                    return false;
                }
                row.push(Span::ABSENT);
                continue;
            }
            let raw = text.get(from..to).unwrap_or(&[]);
            let fits = match column.quick {
                Quick::Key => {
                    row.push(Span::ABSENT);
                    continue;
                }
                Quick::Free => true,
                Quick::Integer => is_integer(raw),
                Quick::Decimal => is_decimal(raw),
                Quick::Boolean => matches!(raw, b"true" | b"false"),
                Quick::Duration => Duration::plain_iso_micros(raw).is_some(),
                Quick::Isrc => is_isrc(raw),
                Quick::Checked => match accepted.get_mut(column.number) {
                    Some(good) if good.bytes(text, &[]) == raw => true,
                    Some(good) if cells.passes(raw, column) => {
                        *good = Span::chunk(from, to);
                        true
                    }
                    _ => false,
                },
                Quick::Slow => false,
            };
            if !fits {
                return false;
            }
            row.push(Span::chunk(from, to));
        }
        row.resize(entry.width, Span::ABSENT);
        true
    }

    /// The cell just read as a span; `start` is where it begins in the chunk.
    fn span(&mut self, start: usize, batch: &mut BlockBatch) -> Span {
        let Self { cells, spans, .. } = self;
        let mut one = |piece: Piece| match piece {
            Piece::Raw(from, to) => Span::chunk(start + from, start + to),
            Piece::Made(from, to) => batch.text(cells.made.get(from..to).unwrap_or(&[])),
        };
        match cells.pieces.as_slice() {
            [] => Span::ABSENT,
            [only] => one(*only),
            many => {
                spans.clear();
                spans.extend(many.iter().map(|piece| one(*piece)));
                batch.list(spans)
            }
        }
    }

    /// A GRid among the namespaced identifiers of a release also fills its own field.
    fn grid(&self, entry: &Entry, span: Span, raw: &[u8], text: &[u8], batch: &mut BlockBatch) {
        let is_grid = |bytes: &[u8]| {
            bytes.get(..6).is_some_and(|space| space.eq_ignore_ascii_case(b"GRID::")) && bytes.len() > 6
        };
        // Lists are looked through in the pieces that were just read; a single value is its own span.
        let mut found = None;
        if self.cells.pieces.len() > 1 {
            found = self
                .cells
                .pieces
                .iter()
                .map(|piece| self.cells.bytes(raw, *piece))
                .find(|bytes| is_grid(bytes))
                .map(<[u8]>::to_vec);
        } else {
            let bytes = span.bytes(text, &batch.arena);
            if is_grid(bytes) {
                found = Some(bytes.to_vec());
            }
        }
        if let Some(id) = found.as_deref().and_then(|bytes| bytes.get(6..)) {
            let span = batch.text(id);
            batch.set(entry.width - 1, span);
        }
    }

    /// Checks that the resources of a sub-release are in the block.
    fn used(
        &mut self,
        cell: &CellSpec,
        raw: &[u8],
        batch: &BlockBatch,
        text: &[u8],
        place: &dyn Fn(&CellSpec) -> Location,
        report: &mut Report,
    ) {
        let (mut plain, mut ends) = (Vec::new(), Vec::new());
        escape::decode(raw, self.reader.escapes, &mut plain, &mut ends);
        let mut start = 0;
        for end in ends {
            let key = escape::trimmed(plain.get(start..end).unwrap_or(&[]));
            start = end;
            if !key.is_empty() && self.resources.find(key, &self.reader.hash, text, &batch.arena).is_none() {
                let message = format!("no resource of the block has the reference `{}`", shown(key));
                report.findings.push(Diagnostic::new(&codes::UNKNOWN_REFERENCE, place(cell), message));
            }
        }
    }
}

fn expected(families: &[&str]) -> String {
    match families {
        [] => "the end of the block".to_owned(),
        [only] => format!("`{only}`"),
        many => format!("one of `{}`", many.join("`, `")),
    }
}
