//! Writing: blocks of releases, recordings, works and usages in the records of a version.
//!
//! What the version has no cell for is counted as lost; what it demands and the source lacks is supplied by a stated rule and counted as
//! guessed. Columns are looked up once per shape, and a usage costs no allocation.

use crate::codes;
use crate::format::{Profile, Role};
use crate::names::FileName;
use crate::options::Options;
use crate::summary::Top;
use crate::tables::{self, Layout};
use transpose_core::batch::{Block, Cell, EntityRef, Shape, Slot};
use transpose_core::diagnostic::{Code, Diagnostic, Failure, Fatal, Location, shown};
use transpose_core::field::{Field, FieldSet, Group};
use transpose_core::format::{Brief, Encode, Encoded, Numbers, Part, Portion, Tally};
use transpose_core::loss::{Change, Subject};
use transpose_core::report::Report;
use transpose_records::account::{Account, Losses};
use transpose_records::cell::is_integer;
use transpose_records::grammar::{Grammar as Order, State, Symbol};
use transpose_records::spec::{
    AllowedValues, CellSlot, CellSpec, CellType, Obligation, RecordSpec, Standing,
};
use transpose_records::{escape, write};

/// The use types that are downloads.
const DOWNLOADS: [&str; 5] =
    ["ConditionalDownload", "Download", "KioskDownload", "PermanentDownload", "TetheredDownload"];

/// What fills a cell of a block record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    /// The value of the column, or the agreed default.
    Plain,
    /// The name of the record.
    Name,
    /// The block id.
    Block,
    /// The entity's own reference.
    Own,
    /// The reference of the release that was used.
    Release,
    /// The reference of the resource that was used or that the work belongs to.
    Resource,
    /// The SummaryRecordId.
    Summary,
    /// The service's identifier of a release, recording or work; made from others where it is absent.
    Id,
    /// The SalesTransactionId; where it is absent the line of the input, or a running number.
    Transaction,
    /// Namespaced identifiers, the GRid among them.
    Proprietary,
    /// The label of a release, or the one that all recordings share.
    Label,
    /// The type of the resource, a sound recording where it is absent.
    Type,
    /// A word that stands for absence.
    Word(&'static str),
    /// `true` where it is absent, which is a guess.
    Bearing,
    /// The use type, unless it stands on the summary record.
    UseType,
    /// Nothing.
    Empty,
}

/// A cell to be written.
struct TargetCell {
    spec: &'static CellSpec,
    fill: Fill,
    values: Option<&'static AllowedValues>,
    fallback: Option<Box<str>>,
    mandatory: bool,
}

/// A record to be written.
struct Target {
    spec: &'static RecordSpec,
    symbol: Option<Symbol>,
    cells: Vec<TargetCell>,
}

impl Target {
    fn new(layout: &Layout, family: &str, brief: &Brief<'_>) -> Option<Self> {
        let spec = layout.block(family)?;
        let cells = spec.cells.iter().map(|cell| TargetCell {
            spec: cell,
            fill: fill(cell),
            values: if cell.kind == CellType::Avs { tables::set(cell.values) } else { None },
            fallback: cell.field().and_then(|field| brief.terms?.fallback(field)).map(Into::into),
            mandatory: cell.obligation == Obligation::Mandatory,
        });
        Some(Self { spec, symbol: layout.grammar.symbol(family), cells: cells.collect() })
    }

    /// Where the values of this record stand in a shape.
    fn columns(&self, shape: &Shape) -> Vec<Option<usize>> {
        let find = |cell: &TargetCell| match cell.spec.slot {
            CellSlot::Field(field) => shape.column(field),
            CellSlot::Extra(wanted) => {
                shape.columns.iter().position(|slot| matches!(slot, Slot::Extra(name) if **name == *wanted))
            }
            CellSlot::Structure => None,
        };
        self.cells.iter().map(find).collect()
    }
}

fn fill(cell: &CellSpec) -> Fill {
    match (cell.name, cell.field()) {
        ("RecordType", _) => Fill::Name,
        ("BlockId", _) => Fill::Block,
        ("SummaryRecordId", None) => Fill::Summary,
        ("TransactedRelease" | "TransactedReleaseReference", None) => Fill::Release,
        ("TransactedResource" | "TransactedResourceReference" | "ResourceReference", None) => Fill::Resource,
        (_, Some(Field::RELEASE_REFERENCE | Field::RECORDING_REFERENCE)) => Fill::Own,
        (_, Some(Field::RELEASE_ID | Field::RECORDING_ID | Field::WORK_ID)) => Fill::Id,
        (_, Some(Field::USAGE_ID)) => Fill::Transaction,
        (_, Some(Field::RELEASE_PROPRIETARY_ID)) => Fill::Proprietary,
        (_, Some(Field::RELEASE_LABEL)) => Fill::Label,
        (_, Some(Field::RECORDING_TYPE)) => Fill::Type,
        (_, Some(Field::RETURNS)) => Fill::Word("0"),
        (_, Some(Field::UPGRADE)) => Fill::Word("false"),
        (_, Some(Field::ROYALTY_BEARING)) if cell.obligation == Obligation::Mandatory => Fill::Bearing,
        (_, Some(Field::USAGE_USE_TYPE)) => Fill::UseType,
        (_, None) if cell.slot == CellSlot::Structure => Fill::Empty,
        _ => Fill::Plain,
    }
}

/// Columns of a shape that are looked at by themselves.
#[derive(Default)]
struct Special {
    reference: Option<usize>,
    id: Option<usize>,
    /// Other identifiers, the best first.
    codes: Vec<usize>,
    artist: Option<usize>,
    title: Option<usize>,
    label: Option<usize>,
    grid: Option<usize>,
    used: Option<usize>,
    quantity: Option<usize>,
    price: Option<usize>,
    duration: Option<usize>,
    returns: Option<usize>,
    upgrade: Option<usize>,
    use_type: Option<usize>,
}

/// How entities of a shape are written.
struct Plan {
    group: Option<Group>,
    /// Whether they come from the shorter record of two: a recording without work details, a download.
    short: bool,
    /// Whether they come from one of this family's usage records.
    own: bool,
    /// Whether they come from this family's record of sub-releases.
    sub: bool,
    special: Special,
    first: Vec<Option<usize>>,
    second: Vec<Option<usize>>,
}

/// A sales context, as usages need it.
struct ContextPlan {
    id: Vec<u8>,
    use_type: Option<Box<str>>,
    currency: Option<usize>,
}

/// Writes messages of a version of a profile.
pub(crate) struct Writer {
    top: Top,
    name: FileName,
    max_file_size: u64,
    order: Order,
    /// Whether the footer is that of single-record blocks.
    single: bool,
    release: Option<Target>,
    sub_release: Option<Target>,
    recording: Option<Target>,
    recording_with_work: Option<Target>,
    work: Option<Target>,
    download: Option<Target>,
    stream: Option<Target>,
    /// Whether a recording without work details may stand alone.
    lone: bool,
    plans: Vec<Plan>,
    contexts: Vec<ContextPlan>,
    currencies: Vec<Box<str>>,
    writes: FieldSet,
    extras: Vec<&'static str>,
}

impl Writer {
    pub(crate) fn create(profile: &'static Profile, brief: &Brief<'_>) -> Result<Self, Fatal> {
        let options = Options::load(brief.options)?;
        let refuse =
            |message: String| Fatal::usage(Diagnostic::new(&codes::OPTION, Location::default(), message));
        let unknown = || {
            let known: Vec<&str> = profile.versions().iter().map(|facts| facts.version).collect();
            refuse(format!(
                "version `{}` of {} cannot be written, known are `{}`",
                shown(brief.version.unwrap_or_default().as_bytes()),
                profile.id,
                known.join("`, `")
            ))
        };
        let facts = profile.version(brief.version).ok_or_else(unknown)?;
        let layout = Layout::of(profile.name, facts.version).ok_or_else(unknown)?;
        let mut wrong = Vec::new();
        let top = Top::new(profile, facts, &layout, &options, brief, &mut wrong);
        if wrong.is_empty() && options.max_file_size <= top.len() + 128 {
            let message = format!(
                "`max-file-size` is {}, but header, summary records and footer alone need {}",
                options.max_file_size,
                top.len() + 128
            );
            wrong.push(Diagnostic::new(&codes::OPTION, Location::default(), message));
        }
        if !wrong.is_empty() {
            return Err(Fatal { failure: Failure::Use, findings: wrong });
        }
        let target = |family: &str| Target::new(&layout, family, brief);
        let mut currencies: Vec<Box<str>> = Vec::new();
        let contexts = brief.contexts.iter().zip(&top.ids).map(|(context, id)| {
            let currency = context.text(Field::CURRENCY).map(|code| {
                currencies.iter().position(|known| **known == *code).unwrap_or_else(|| {
                    currencies.push(code.into());
                    currencies.len() - 1
                })
            });
            ContextPlan { id: id.clone(), use_type: context.text(Field::USE_TYPE).map(Into::into), currency }
        });
        let contexts = contexts.collect();
        let mut header = brief.header.clone();
        for field in [
            Field::SERVICE_DESCRIPTION,
            Field::SENDER_ID,
            Field::SENDER_NAME,
            Field::RECIPIENT_ID,
            Field::RECIPIENT_NAME,
        ] {
            if let Some(text) = brief.terms.and_then(|terms| terms.fallback(field)) {
                header.set_default(field, text);
            }
        }
        let name = FileName::new(&header, brief.contexts, &top.created);
        let records = layout.blocks.iter().chain(&layout.summaries);
        let extras = records.flat_map(|spec| spec.cells).filter_map(CellSpec::extra);
        let alone = ["AS01", "SU02"].iter().try_fold(layout.grammar.start(), |state, family| {
            layout.grammar.step(state, layout.grammar.symbol(family)?)
        });
        let mut writer = Self {
            name,
            max_file_size: options.max_file_size,
            release: target("RE01"),
            sub_release: target("RE02"),
            recording: target("AS01"),
            recording_with_work: target("AS02"),
            work: target("MW01"),
            download: target("SU01"),
            stream: target("SU02"),
            lone: alone.is_some(),
            plans: Vec::new(),
            contexts,
            currencies,
            writes: Profile::fields(&layout),
            extras: extras.collect(),
            single: layout.foot.name == "SRFO",
            order: layout.grammar,
            top,
        };
        writer.writes.insert(Field::RECORDING_LABEL);
        writer.plans = brief.shapes.iter().map(|shape| writer.plan(shape)).collect();
        Ok(writer)
    }

    fn plan(&self, shape: &Shape) -> Plan {
        let at = |field| shape.column(field);
        let columns =
            |target: &Option<Target>| target.as_ref().map(|target| target.columns(shape)).unwrap_or_default();
        let family = transpose_records::spec::family(&shape.record);
        let role = Role::of(family);
        let mut special = Special {
            label: at(Field::RECORDING_LABEL),
            grid: at(Field::GRID),
            used: at(Field::USED_RESOURCES),
            quantity: at(Field::QUANTITY),
            price: at(Field::PRICE),
            duration: at(Field::USAGE_DURATION),
            returns: at(Field::RETURNS),
            upgrade: at(Field::UPGRADE),
            use_type: at(Field::USAGE_USE_TYPE),
            ..Special::default()
        };
        let (reference, id, codes, artist, title) = match shape.group {
            Group::Release => (
                at(Field::RELEASE_REFERENCE),
                at(Field::RELEASE_ID),
                vec![at(Field::ICPN), at(Field::GRID)],
                at(Field::RELEASE_ARTIST),
                at(Field::RELEASE_TITLE),
            ),
            Group::Recording => (
                at(Field::RECORDING_REFERENCE),
                at(Field::RECORDING_ID),
                vec![at(Field::ISRC)],
                at(Field::RECORDING_ARTIST),
                at(Field::RECORDING_TITLE),
            ),
            Group::Work => {
                (None, at(Field::WORK_ID), vec![at(Field::ISWC)], at(Field::COMPOSERS), at(Field::WORK_TITLE))
            }
            _ => (None, None, Vec::new(), None, None),
        };
        special.reference = reference;
        special.id = id;
        special.codes = codes.into_iter().flatten().collect();
        special.artist = artist;
        special.title = title;
        let (first, second) = match shape.group {
            Group::Release => (columns(&self.release), columns(&self.sub_release)),
            Group::Recording => (columns(&self.recording_with_work), columns(&self.recording)),
            Group::Work => (columns(&self.work), Vec::new()),
            Group::Usage => (columns(&self.stream), columns(&self.download)),
            _ => (Vec::new(), Vec::new()),
        };
        Plan {
            group: Some(shape.group).filter(|_| !first.is_empty()),
            short: matches!(family, "AS01" | "SU01"),
            own: role == Some(Role::Usage),
            sub: role == Some(Role::SubRelease),
            special,
            first,
            second,
        }
    }
}

/// The texts that link a record to others, escaped.
#[derive(Clone, Copy, Default)]
struct Links<'a> {
    block: &'a [u8],
    own: &'a [u8],
    release: &'a [u8],
    resource: &'a [u8],
    summary: &'a [u8],
    transaction: u64,
    /// The use type on the summary record.
    stated: Option<&'a [u8]>,
    /// The label that all recordings share.
    label: Option<&'a [u8]>,
}

/// The state of encoding one batch.
struct Run<'r> {
    report: &'r mut Report,
    losses: Losses,
    line: u64,
}

impl Run<'_> {
    fn line(&self, entity: EntityRef<'_>) -> Option<u64> {
        (self.line > 0).then(|| self.line + u64::from(entity.line()))
    }
}

fn text_of(cell: Cell<'_>) -> Option<&[u8]> {
    match cell {
        Cell::Absent => None,
        Cell::One(bytes) => Some(bytes).filter(|bytes| !bytes.is_empty()),
        Cell::Many(list) => list.iter().find(|bytes| !bytes.is_empty()),
    }
}

fn column(entity: EntityRef<'_>, column: Option<usize>) -> Option<&[u8]> {
    column.and_then(|column| text_of(entity.cell(column)))
}

/// FNV-1a over 64 bits: a stable identifier for what has none.
fn fnv(parts: [&[u8]; 2]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(&[0x1f]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// One record that is being written.
struct Record<'a, 'r, 'o> {
    run: &'o mut Run<'r>,
    target: &'a Target,
    plan: &'a Plan,
    entity: EntityRef<'a>,
    out: &'o mut Vec<u8>,
}

impl Record<'_, '_, '_> {
    fn write(&mut self, columns: &[Option<usize>], links: Links<'_>) {
        let entity = self.entity;
        for (index, cell) in self.target.cells.iter().enumerate() {
            if index > 0 {
                self.out.push(b'\t');
            }
            let value =
                columns.get(index).copied().flatten().map_or(Cell::Absent, |column| entity.cell(column));
            match cell.fill {
                Fill::Name => self.out.extend_from_slice(self.target.spec.name.as_bytes()),
                Fill::Block => self.out.extend_from_slice(links.block),
                Fill::Own => self.out.extend_from_slice(links.own),
                Fill::Release => self.out.extend_from_slice(links.release),
                Fill::Resource => self.out.extend_from_slice(links.resource),
                Fill::Summary => self.out.extend_from_slice(links.summary),
                Fill::Empty => {}
                Fill::Proprietary => self.proprietary(cell, value),
                Fill::UseType if links.stated.is_some() => {
                    let own = text_of(value).filter(|own| links.stated != Some(own));
                    if own.is_some() {
                        let reason = "the use type stands on the summary record";
                        self.loss(Change::Lost, Some(Field::USAGE_USE_TYPE), reason);
                    }
                }
                _ if self.value(cell, value) => {}
                Fill::Transaction => write::whole(links.transaction, self.out),
                Fill::Id => self.id(cell),
                Fill::Label if links.label.is_some() => self.text(cell, links.label.unwrap_or_default()),
                Fill::UseType if cell.fallback.is_none() => {
                    self.finding(&codes::USE_TYPE, cell, || {
                        "the use type stands neither here nor on the summary record".to_owned()
                    });
                }
                _ => self.absent(cell),
            }
        }
        self.out.push(b'\n');
    }

    fn loss(&mut self, change: Change, field: Option<Field>, reason: &'static str) {
        if let Some(field) = field {
            let line = self.run.line(self.entity);
            self.run.losses.field(change, field, line, reason);
        }
    }

    fn finding(&mut self, code: &'static Code, cell: &TargetCell, message: impl FnOnce() -> String) {
        let findings = &mut self.run.report.findings;
        if !findings.keeps(code) {
            findings.count(code, 1);
            return;
        }
        let line = (self.run.line > 0).then(|| self.run.line + u64::from(self.entity.line()));
        let location = Location { line, field: cell.spec.field(), ..Location::default() };
        let location = location.record(self.target.spec.name).cell(cell.spec.number, cell.spec.name);
        findings.push(Diagnostic::new(code, location, message()));
    }

    /// What stands in a cell that the source leaves empty.
    fn absent(&mut self, cell: &TargetCell) {
        if let Some(fallback) = &cell.fallback {
            self.loss(Change::Guessed, cell.spec.field(), "the agreement's default was taken");
            self.one(cell, fallback.as_bytes());
            return;
        }
        match cell.fill {
            Fill::Word(word) => self.out.extend_from_slice(word.as_bytes()),
            Fill::Bearing => {
                self.out.extend_from_slice(b"true");
                let reason = "taken as royalty bearing where the source does not say";
                self.loss(Change::Guessed, Some(Field::ROYALTY_BEARING), reason);
            }
            Fill::Type => {
                self.out.extend_from_slice(b"SoundRecording");
                let reason = "taken as a sound recording where the source does not say";
                self.loss(Change::Guessed, Some(Field::RECORDING_TYPE), reason);
            }
            _ if cell.mandatory => {
                self.finding(&codes::MISSING_IN_BLOCK, cell, || {
                    format!("cell `{}` has no value", cell.spec.name)
                });
            }
            _ => {}
        }
    }

    /// An identifier from others, or from what describes the entity.
    fn id(&mut self, cell: &TargetCell) {
        let (entity, special) = (self.entity, &self.plan.special);
        if let Some(code) = special.codes.iter().find_map(|code| column(entity, Some(*code))) {
            escape::encode(code, self.out);
            return;
        }
        let parts = [special.artist, special.title].map(|at| column(entity, at).unwrap_or_default());
        self.out.extend_from_slice(format!("x{:016x}", fnv(parts)).as_bytes());
        let reason = "made from artist and title where the source has no identifier";
        self.loss(Change::Guessed, cell.spec.field(), reason);
    }

    /// Namespaced identifiers, with the GRid added unless it is among them.
    fn proprietary(&mut self, cell: &TargetCell, value: Cell<'_>) {
        let wrote = self.value(cell, value);
        let Some(grid) = column(self.entity, self.plan.special.grid) else { return };
        let is = |bytes: &[u8]| {
            let (space, id) = bytes.split_at_checked(6).unwrap_or((bytes, &[]));
            space.eq_ignore_ascii_case(b"GRID::") && id == grid
        };
        let known = match value {
            Cell::Absent => false,
            Cell::One(bytes) => is(bytes),
            Cell::Many(list) => list.iter().any(is),
        };
        if known {
            return;
        }
        if wrote && !cell.spec.multi {
            self.loss(Change::Lost, Some(Field::GRID), "the cell takes one identifier");
            return;
        }
        if wrote {
            self.out.push(b'|');
        }
        self.out.extend_from_slice(b"GRID::");
        escape::encode(grid, self.out);
    }

    /// Writes a value; `false` when there is none.
    fn value(&mut self, cell: &TargetCell, value: Cell<'_>) -> bool {
        match value {
            Cell::Absent | Cell::One([]) => false,
            Cell::One(bytes) => {
                self.one(cell, bytes);
                true
            }
            Cell::Many(list) => {
                let filled = list.iter().filter(|bytes| !bytes.is_empty()).count();
                if filled == 0 {
                    return false;
                }
                if !cell.spec.multi {
                    if let Some(first) = text_of(value) {
                        self.one(cell, first);
                    }
                    if filled > 1 {
                        self.loss(Change::Shortened, cell.spec.field(), "the cell takes one value");
                    }
                    return true;
                }
                for (index, bytes) in list.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b'|');
                    }
                    if !bytes.is_empty() {
                        self.one(cell, bytes);
                    }
                }
                true
            }
        }
    }

    fn one(&mut self, cell: &TargetCell, bytes: &[u8]) {
        let start = self.out.len();
        let fits = match cell.spec.kind {
            CellType::Integer => {
                write::number(bytes, self.out) && is_integer(self.out.get(start..).unwrap_or(&[]))
            }
            CellType::Decimal => write::number(bytes, self.out),
            CellType::Duration => write::duration(bytes, self.out).is_some(),
            _ => {
                if let Some(set) = cell.values
                    && set.standing(bytes) != Standing::Allowed
                    && memchr::memmem::find(bytes, b"::").is_none()
                {
                    self.finding(&codes::UNKNOWN_VALUE, cell, || {
                        format!("`{}` is not in the set {} or no longer to be used", shown(bytes), set.name)
                    });
                }
                self.text(cell, bytes);
                return;
            }
        };
        if !fits {
            if self.out.len() == start {
                self.text(cell, bytes);
            }
            self.finding(&codes::UNFIT_VALUE, cell, || {
                let (name, kind) = (cell.spec.name, cell.spec.kind);
                format!("cell `{name}` is `{}`, expected {kind}", shown(bytes))
            });
        }
    }

    fn text(&mut self, cell: &TargetCell, bytes: &[u8]) {
        if write::text(bytes, self.out) > 0 {
            let reason = "line breaks and other control characters became spaces";
            self.loss(Change::Shortened, cell.spec.field(), reason);
        }
    }
}

/// Accounts for a usage; `None` when it holds no exact number or a sum becomes too long.
fn account_for(
    account: &mut Account,
    run: &mut Run<'_>,
    plan: &Plan,
    entity: EntityRef<'_>,
    context: &ContextPlan,
    keeps_duration: bool,
) -> Option<()> {
    let special = &plan.special;
    let duration = column(entity, special.duration);
    account.add(
        column(entity, special.quantity),
        column(entity, special.price),
        duration,
        context.currency,
    )?;
    if duration.is_some() && !keeps_duration {
        let line = run.line(entity);
        let reason = "the usage record has no cell for it";
        run.losses.field(Change::Lost, Field::USAGE_DURATION, line, reason);
    }
    Some(())
}

/// The entities of a block in the order in which they are written.
#[derive(Default)]
struct Sorted<'a> {
    release: Option<(usize, EntityRef<'a>)>,
    subs: Vec<(usize, EntityRef<'a>)>,
    recordings: Vec<(usize, EntityRef<'a>)>,
    /// Works with the recording they belong to.
    works: Vec<(usize, EntityRef<'a>)>,
    usages: Vec<EntityRef<'a>>,
    /// For each entity of the block where its escaped reference stands in `texts`.
    references: Vec<(usize, usize)>,
    texts: Vec<u8>,
}

impl<'a> Sorted<'a> {
    fn clear(&mut self) {
        self.release = None;
        self.subs.clear();
        self.recordings.clear();
        self.works.clear();
        self.usages.clear();
        self.references.clear();
        self.texts.clear();
    }

    fn reference(&self, entity: usize) -> &[u8] {
        self.references.get(entity).and_then(|(start, end)| self.texts.get(*start..*end)).unwrap_or(&[])
    }

    /// Sorts the entities of a block; the error is what is wrong with it.
    fn fill(&mut self, writer: &Writer, block: Block<'a>) -> Result<(), &'static Code> {
        self.clear();
        for (index, entity) in block.entities().enumerate() {
            self.references.push((0, 0));
            let Some(plan) = writer.plans.get(entity.shape_index()) else { return Err(&codes::NO_ITEM) };
            match plan.group {
                Some(Group::Release) if plan.sub || column(entity, plan.special.used).is_some() => {
                    self.subs.push((index, entity));
                }
                Some(Group::Release) if self.release.is_some() => return Err(&codes::SEVERAL_RELEASES),
                Some(Group::Release) => self.release = Some((index, entity)),
                Some(Group::Recording) => self.recordings.push((index, entity)),
                Some(Group::Work) => {
                    let only = if let [(only, _)] = self.recordings.as_slice() { Some(*only) } else { None };
                    let Some(parent) = entity.parent().or(only) else { return Err(&codes::NO_ITEM) };
                    self.works.push((parent, entity));
                }
                Some(Group::Usage) => self.usages.push(entity),
                _ => return Err(&codes::NO_ITEM),
            }
        }
        if !self.works.is_sorted_by_key(|(parent, _)| *parent) {
            self.works.sort_by_key(|(parent, _)| *parent);
        }
        self.name(writer);
        Ok(())
    }

    /// Gives every release and recording its reference: its own, else a letter and a number that no other has (ARCH-55).
    fn name(&mut self, writer: &Writer) {
        let own = |entity: EntityRef<'a>| {
            let plan = writer.plans.get(entity.shape_index())?;
            column(entity, plan.special.reference)
        };
        // The head release and the sub-releases share one series.
        self.subs.extend(self.release);
        self.subs.sort_unstable_by_key(|(index, _)| *index);
        for (letter, all) in [(b'R', &self.subs), (b'A', &self.recordings)] {
            let kept = all.iter().filter(|(_, entity)| own(*entity).is_some()).count();
            let mut number = 0;
            for (index, entity) in all {
                let start = self.texts.len();
                if let Some(reference) = own(*entity) {
                    escape::encode(reference, &mut self.texts);
                } else {
                    loop {
                        number += 1;
                        self.texts.truncate(start);
                        self.texts.push(letter);
                        write::whole(number, &mut self.texts);
                        let made = self.texts.get(start..).unwrap_or(&[]);
                        if kept == 0 || !all.iter().any(|(_, other)| own(*other) == Some(made)) {
                            break;
                        }
                    }
                }
                if let Some(range) = self.references.get_mut(*index) {
                    *range = (start, self.texts.len());
                }
            }
        }
        if let Some((release, _)) = self.release {
            self.subs.retain(|(index, _)| *index != release);
        }
    }
}

impl Writer {
    fn block(
        &self,
        run: &mut Run<'_>,
        sorted: &Sorted<'_>,
        id: &[u8],
        usages_before: u64,
        account: &mut Account,
        out: &mut Vec<u8>,
    ) -> Result<Tally, Fatal> {
        let no_item = |entity: EntityRef<'_>, line: Option<u64>, why: &str| {
            let location = Location {
                line,
                record: entity.shape().map(|shape| shape.record.clone()),
                ..Location::default()
            };
            Fatal::input(Diagnostic::new(&codes::NO_ITEM, location, why))
        };
        let mut lines = 0;
        let mut state: Option<State> = Some(self.order.start());
        let mut step = |target: &Target| {
            state = state.and_then(|state| self.order.step(state, target.symbol?));
            lines += 1;
        };
        let links = Links { block: id, ..Links::default() };
        let plan_of = |entity: EntityRef<'_>| self.plans.get(entity.shape_index());
        let label = self.label(run, sorted);
        if let Some((index, entity)) = sorted.release
            && let (Some(target), Some(plan)) = (&self.release, plan_of(entity))
        {
            step(target);
            let links = Links { own: sorted.reference(index), label, ..links };
            Record { run: &mut *run, target, plan, entity, out: &mut *out }.write(&plan.first, links);
        }
        let mut works = sorted.works.iter().peekable();
        for (index, entity) in &sorted.recordings {
            let Some(plan) = plan_of(*entity) else { continue };
            let own = sorted.reference(*index);
            let mut with_works = works.peek().is_some_and(|(parent, _)| parent == index);
            let short = with_works || (plan.short && self.lone);
            let (target, columns) = if short {
                (&self.recording, &plan.second)
            } else {
                (&self.recording_with_work, &plan.first)
            };
            if let Some(target) = target {
                step(target);
                Record { run: &mut *run, target, plan, entity: *entity, out: &mut *out }
                    .write(columns, Links { own, ..links });
            }
            while with_works {
                if let Some((_, work)) = works.next()
                    && let (Some(target), Some(plan)) = (&self.work, plan_of(*work))
                {
                    step(target);
                    Record { run: &mut *run, target, plan, entity: *work, out: &mut *out }
                        .write(&plan.first, Links { resource: own, ..links });
                }
                with_works = works.peek().is_some_and(|(parent, _)| parent == index);
            }
        }
        if let Some((_, work)) = works.next() {
            return Err(no_item(*work, run.line(*work), "a work belongs to no recording of its block"));
        }
        for (index, entity) in &sorted.subs {
            if let (Some(target), Some(plan)) = (&self.sub_release, plan_of(*entity)) {
                step(target);
                Record { run: &mut *run, target, plan, entity: *entity, out: &mut *out }
                    .write(&plan.second, Links { own: sorted.reference(*index), ..links });
            }
        }
        for (number, entity) in sorted.usages.iter().enumerate() {
            let Some(plan) = plan_of(*entity) else { continue };
            let Some(context) = entity.context_index().and_then(|index| self.contexts.get(index)) else {
                return Err(no_item(*entity, run.line(*entity), "a usage belongs to no sales context"));
            };
            let parent = entity.parent().or(match sorted.recordings.as_slice() {
                [(only, _)] => Some(*only),
                _ => sorted.release.map(|(index, _)| index).filter(|_| sorted.recordings.is_empty()),
            });
            let Some(parent) = parent.filter(|parent| !sorted.reference(*parent).is_empty()) else {
                return Err(no_item(
                    *entity,
                    run.line(*entity),
                    "a usage belongs to no release or recording of its block",
                ));
            };
            let reference = sorted.reference(parent);
            let resource = sorted.recordings.binary_search_by_key(&parent, |(index, _)| *index).is_ok();
            let download = Self::is_download(plan, *entity, context);
            let (target, columns) =
                if download { (&self.download, &plan.second) } else { (&self.stream, &plan.first) };
            let Some(target) = target else { continue };
            let links = Links {
                release: if resource { &[] } else { reference },
                resource: if resource { reference } else { &[] },
                summary: &context.id,
                transaction: run.line(*entity).unwrap_or(usages_before + number as u64 + 1),
                stated: context.use_type.as_deref().map(str::as_bytes),
                ..links
            };
            step(target);
            Record { run: &mut *run, target, plan, entity: *entity, out: &mut *out }.write(columns, links);
            let keeps = target.spec.holds(Field::USAGE_DURATION).is_some();
            if account_for(account, run, plan, *entity, context, keeps).is_none() {
                let why = "quantity, price or duration of a usage is no exact number, or a sum is too long";
                return Err(no_item(*entity, run.line(*entity), why));
            }
        }
        if state.is_none_or(|state| !self.order.accepts(state)) {
            let code = &codes::BLOCK_SHAPE;
            if run.report.findings.keeps(code) {
                let location = Location { block: Some(shown(id).into()), ..Location::default() };
                run.report.findings.push(Diagnostic::new(
                    code,
                    location,
                    "the records of the block do not fit the structure of this version",
                ));
            } else {
                run.report.findings.count(code, 1);
            }
        }
        Ok(Tally { lines, summaries: 0, blocks: 1, usages: sorted.usages.len() as u64 })
    }

    /// The label that all recordings of a block share, for a release without one; what finds no place is counted.
    fn label<'a>(&self, run: &mut Run<'_>, sorted: &Sorted<'a>) -> Option<&'a [u8]> {
        let label_of =
            |entity: EntityRef<'a>| column(entity, self.plans.get(entity.shape_index())?.special.label);
        let mut labels = sorted.recordings.iter().filter_map(|(_, entity)| label_of(*entity));
        let first = labels.next()?;
        let own = sorted.release.and_then(|(_, entity)| text_of(entity.field(Field::RELEASE_LABEL)));
        let shared = labels.all(|label| label == first).then_some(first);
        match (sorted.release, own) {
            (Some(_), None) if shared.is_some() => shared,
            (Some(_), Some(own)) if shared == Some(own) => None,
            _ => {
                for (_, entity) in sorted.recordings.iter().filter(|(_, entity)| label_of(*entity).is_some())
                {
                    let line = run.line(*entity);
                    run.losses.field(
                        Change::Lost,
                        Field::RECORDING_LABEL,
                        line,
                        "only a release has a label, and its recordings do not share this one",
                    );
                }
                None
            }
        }
    }

    fn is_download(plan: &Plan, entity: EntityRef<'_>, context: &ContextPlan) -> bool {
        if plan.own {
            return plan.short;
        }
        let own = column(entity, plan.special.use_type);
        let used = context.use_type.as_deref().map(str::as_bytes).or(own).unwrap_or_default();
        DOWNLOADS.iter().any(|download| download.as_bytes() == used)
            || column(entity, plan.special.returns).is_some_and(|returns| returns != b"0")
            || column(entity, plan.special.upgrade) == Some(b"true")
    }
}

impl Encode for Writer {
    fn begin(&self, part: Part, out: &mut Vec<u8>) -> Tally {
        let lines = self.top.write(part, out);
        Tally { lines, summaries: self.top.count, ..Tally::default() }
    }

    fn encode(
        &self,
        portion: Portion<'_>,
        numbers: Numbers,
        out: &mut Encoded,
        report: &mut Report,
    ) -> Result<(), Fatal> {
        let Portion::Blocks(blocks) = portion else {
            let finding = Diagnostic::new(
                &codes::NO_ITEM,
                Location::default(),
                "events were handed over where blocks are written",
            );
            return Err(Fatal::new(Failure::Bug, finding));
        };
        if numbers.blocks == 0 {
            for finding in &self.top.findings {
                report.findings.push(finding.clone());
            }
        }
        let mut run = Run { report, losses: Losses::default(), line: numbers.line };
        let mut account = Account::default();
        let mut sorted = Sorted::default();
        let mut id = Vec::new();
        let mut usages = numbers.usages;
        for (index, block) in blocks.iter().enumerate() {
            let first = block.entities().next().and_then(|entity| run.line(entity));
            if let Err(code) = sorted.fill(self, block) {
                let location = Location {
                    line: first,
                    block: block.id().map(|id| shown(id).into()),
                    ..Location::default()
                };
                let message = if *code == codes::SEVERAL_RELEASES {
                    "the block has more than one release"
                } else {
                    "the block holds something that has no record"
                };
                return Err(Fatal::input(Diagnostic::new(code, location, message)));
            }
            id.clear();
            match block.id().filter(|id| !id.is_empty()) {
                Some(own) => {
                    escape::encode(own, &mut id);
                }
                // Of an input, the line is taken: it does not depend on what was rejected before.
                None => write::whole(first.unwrap_or(numbers.blocks + index as u64 + 1), &mut id),
            }
            let tally = self.block(&mut run, &sorted, &id, usages, &mut account, &mut out.bytes)?;
            usages += tally.usages;
            out.marks.push((out.bytes.len() as u32, tally));
        }
        let Run { report, losses, .. } = run;
        losses.flush(report);
        account.settle(&self.currencies, &mut report.ledger.written).map_err(|what| {
            let message = format!("the sum of {what} of a batch has more than 28 digits");
            Fatal::input(Diagnostic::new(&codes::UNFIT_VALUE, Location::default(), message))
        })
    }

    fn end(&self, part: Part, file: &Tally, message: &Tally, out: &mut Vec<u8>) -> Tally {
        let last = part.number >= part.of;
        if self.single {
            out.extend_from_slice(b"SRFO\t");
            write::whole(message.lines + 1, out);
            out.push(b'\t');
            write::whole(file.summaries, out);
            out.push(b'\n');
            return Tally { lines: 1, ..Tally::default() };
        }
        out.extend_from_slice(b"FOOT\t");
        write::whole(file.lines + 1, out);
        out.push(b'\t');
        if last {
            write::whole(message.lines + 1, out);
        }
        out.push(b'\t');
        write::whole(file.summaries, out);
        out.push(b'\t');
        write::whole(file.blocks, out);
        out.push(b'\t');
        if last {
            write::whole(message.blocks, out);
        }
        out.push(b'\n');
        Tally { lines: 1, ..Tally::default() }
    }

    fn file_name(&self, part: Part) -> String {
        self.name.of(part)
    }

    fn max_file_size(&self) -> Option<u64> {
        Some(self.max_file_size)
    }

    fn drops(&self, reads: FieldSet, extras: &[Box<str>]) -> Vec<(Subject, String)> {
        let mut drops = self.top.drops.clone();
        let mut drop = |subject: Subject, reason: &str| {
            if !drops.iter().any(|(known, _)| *known == subject) {
                drops.push((subject, reason.to_owned()));
            }
        };
        // The time played is counted where usages are written.
        for field in reads.difference(self.writes).iter().filter(|field| *field != Field::USAGE_DURATION) {
            drop(Subject::Field(field), "the version has no cell for it");
        }
        for name in extras.iter().filter(|name| !self.extras.contains(&&***name)) {
            drop(Subject::Extra(name.clone()), "the version has no cell of that name");
        }
        drops
    }
}
