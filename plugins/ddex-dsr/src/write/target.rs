//! The records that can be written, and how entities of a shape fill them.

use super::VersionCells;
use crate::accounts::Counterpart;
use crate::families::{Family, Purpose, Role};
use crate::format::is_resource_count;
use crate::summaries::{cell_default, supply};
use crate::tables::{self, Layout};
use transpose_core::accounting::Subject;
use transpose_core::format::EncodeRequest;
use transpose_core::model::{Cell, EntityRef, Field, Group, Shape, Slot};
use transpose_records::grammar::Symbol;
use transpose_records::spec::{AllowedValues, CellSlot, CellSpec, CellType, Link, Obligation, RecordSpec};

/// What an identifier of a service represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdentifierSubject {
    Release,
    Recording,
    Work,
}

/// What fills a cell of a block record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
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
    /// The reference of the recording that was used or that the record belongs to.
    Recording,
    /// The same, unless the source has another.
    OwnOrRecording,
    /// The reference of the work that the record belongs to.
    Work,
    /// The SummaryRecordId.
    Summary,
    /// The service's identifier; made from others where it is absent.
    Id(IdentifierSubject),
    /// The service's identifier of the recording that was used, as it was written.
    RecordingId,
    /// The service's identifier of the release that was used.
    ReleaseId,
    /// The SalesTransactionId; where it is absent the line of the input, or a running number.
    Transaction,
    /// The SalesTransactionId of the usage that the record belongs to, as it was written.
    Parent,
    /// Namespaced identifiers, the GRid among them.
    Proprietary,
    /// The label of a release, or the one that all recordings share.
    Label,
    /// The type of the resource, a sound recording where it is absent.
    Type,
    /// A word that represents absence.
    Word(&'static str),
    /// A word that is guessed where the source is silent, and why.
    Guess(&'static str, &'static str),
    /// The use type, unless it is on the summary record.
    UseType,
    /// The price, which a sale must have.
    Price,
    /// How many recordings were sold: one, or those of the release.
    Resources,
    /// Usages less returns.
    Net,
    /// The part of the rights that the sales context is about, 0 to 100.
    RightsShare,
    /// The last day of the period where the source has no day.
    PeriodEnd,
    /// Nothing.
    Empty,
}

/// A cell to be written.
pub(super) struct TargetCell {
    pub(super) spec: &'static CellSpec,
    pub(super) fill: Fill,
    pub(super) values: Option<&'static AllowedValues>,
    pub(super) fallback: Option<Box<str>>,
    pub(super) mandatory: bool,
    /// What would supply a value, where the cell must have one.
    pub(super) supply: Option<Box<str>>,
    /// Whether nothing represents a value that is absent.
    pub(super) optional: bool,
    /// The cell that shows the same amount in the other currency.
    pub(super) counterpart: Option<Counterpart>,
    /// Whether it shows what a deal gives for the usage, in one of the two currencies: 0 for what
    /// is not paid for.
    pub(super) of_deal: bool,
    /// In a single record: what the cell describes. A cell of the work is of that group here,
    /// whoever has its details.
    pub(super) part: Group,
}

/// A record to be written.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that is looked up once, not a state")]
pub(super) struct Target {
    pub(super) spec: &'static RecordSpec,
    pub(super) role: Role,
    /// What it is written for.
    pub(super) writes: Option<Purpose>,
    pub(super) symbol: Option<Symbol>,
    pub(super) cells: Vec<TargetCell>,
    /// Whether it has cells for the release and for the recording that are meant.
    pub(super) names_releases: bool,
    pub(super) names_recordings: bool,
    /// Whether the reference of the recording must be filled.
    pub(super) demands_resource: bool,
    /// Whether the SummaryRecordId must be filled, where it has one.
    pub(super) summary: Option<Obligation>,
    pub(super) holds_duration: bool,
    pub(super) holds_use_type: bool,
    /// Whether it has cells for an allocation.
    pub(super) allocates: bool,
    /// Whether it is for advertising, and for what has no revenue of its own.
    pub(super) advertises: bool,
}

impl Target {
    /// A record of blocks.
    pub(super) fn new(
        layout: &Layout,
        spec: &'static RecordSpec,
        request: &EncodeRequest<'_>,
    ) -> Option<Self> {
        let family = Family::of(spec.name)?;
        let role = family.role;
        let cells = spec.cells.iter().enumerate().map(|(index, cell)| {
            let fill = fill(cell, spec);
            let counterpart = Counterpart::of(spec, index);
            let other = counterpart.and_then(|other| spec.cells.get(other.index));
            let fallback = match cell.field() {
                Some(field) => request.terms.and_then(|terms| terms.fallback(field)),
                None => cell_default(cell, request.terms),
            };
            let period_end = || request.header.text(Field::PERIOD_END).filter(|_| fill == Fill::PeriodEnd);
            let fallback = fallback.or_else(period_end);
            let mandatory = cell.obligation == Obligation::Mandatory;
            TargetCell {
                spec: cell,
                fill,
                values: if cell.kind == CellType::Avs { tables::set(cell.values) } else { None },
                optional: matches!(fill, Fill::Plain) && !mandatory && fallback.is_none(),
                fallback: fallback.map(Into::into),
                mandatory,
                counterpart,
                of_deal: [Some(cell), other]
                    .into_iter()
                    .flatten()
                    .filter_map(CellSpec::field)
                    .any(is_of_deal),
                supply: mandatory.then(|| supply(cell, request.terms).into()),
                part: match role {
                    Role::Single => cell.describes().unwrap_or(Group::Usage),
                    _ => role.group(),
                },
            }
        });
        let cells: Vec<TargetCell> = cells.collect();
        let find = |fills: &[Fill]| cells.iter().find(|cell| fills.contains(&cell.fill));
        Some(Self {
            spec,
            role,
            writes: family.writes,
            symbol: layout.grammar.symbol(spec.family()),
            names_releases: find(&[Fill::Release]).is_some(),
            names_recordings: find(&[Fill::Recording, Fill::RecordingId]).is_some(),
            demands_resource: find(&[Fill::Recording]).is_some_and(|cell| cell.mandatory),
            summary: find(&[Fill::Summary]).map(|cell| cell.spec.obligation),
            holds_duration: spec.holds(Field::USAGE_DURATION).is_some(),
            holds_use_type: find(&[Fill::UseType]).is_some(),
            allocates: cells.iter().any(|cell| cell.part == Group::Allocation),
            advertises: family.writes == Some(Purpose::AdvertisedUsage),
            cells,
        })
    }

    /// Where the values of this record are in a shape, and which columns of the shape it has no
    /// cell for.
    fn writing(&self, shape: &Shape) -> Writing {
        let fits = shape.record.is_empty() || *shape.record == *self.spec.name;
        let mut unheld: Vec<bool> = shape.columns.iter().map(is_a_value).collect();
        let mut columns = Vec::with_capacity(self.cells.len());
        for (index, cell) in self.cells.iter().enumerate() {
            let fits = self.role != Role::Single
                || cell.part == shape.group
                || (cell.part == Group::Work && shape.group == Group::Recording);
            let column = if fits { self.column(index, cell, shape) } else { None };
            if let Some(held) = column.and_then(|column| unheld.get_mut(column)) {
                *held = false;
            }
            columns.push(column);
        }
        if self.cells.iter().any(|cell| cell.fill == Fill::Proprietary)
            && let Some(held) = shape.column(Field::GRID).and_then(|column| unheld.get_mut(column))
        {
            *held = false;
        }
        let unheld = unheld.iter().enumerate().filter(|(_, unheld)| **unheld).map(|(column, _)| column);
        Writing { columns, unheld: unheld.collect(), fits }
    }

    /// The column for a cell. What only the family understands may be in a record twice: the n-th
    /// column is for the n-th cell.
    fn column(&self, index: usize, cell: &TargetCell, shape: &Shape) -> Option<usize> {
        match cell.spec.slot {
            CellSlot::Field(field) => shape.column(field),
            CellSlot::Extra(wanted) => {
                let alike =
                    |other: &&TargetCell| other.spec.extra() == Some(wanted) && other.part == cell.part;
                let before = self.cells.iter().take(index).filter(alike).count();
                let is = |slot: &Slot| matches!(slot, Slot::Extra(name) if **name == *wanted);
                let columns = shape.columns.iter().enumerate().filter(|(_, slot)| is(slot));
                columns.map(|(column, _)| column).nth(before)
            }
            CellSlot::Structure => None,
        }
    }
}

/// Whether a column can be lost: references are names inside a block, and label, played time and
/// number of tracks are counted where they are looked at.
fn is_a_value(slot: &Slot) -> bool {
    const ELSEWHERE: [Field; 6] = [
        Field::RELEASE_REFERENCE,
        Field::RECORDING_REFERENCE,
        Field::WORK_REFERENCE,
        Field::RECORDING_LABEL,
        Field::USAGE_DURATION,
        Field::TRACK_COUNT,
    ];
    match slot {
        Slot::Field(field) => !ELSEWHERE.contains(field),
        Slot::Extra(name) => !tables::is_reference(name),
        Slot::Structure => false,
    }
}

fn fill(cell: &CellSpec, record: &RecordSpec) -> Fill {
    let mandatory = cell.obligation == Obligation::Mandatory;
    let has_value = cell.slot != CellSlot::Structure;
    match cell.link {
        Link::RecordType => return Fill::Name,
        Link::Block => return Fill::Block,
        Link::Own => return Fill::Own,
        Link::Summary => return Fill::Summary,
        Link::Release => return Fill::Release,
        Link::ReleaseId => return Fill::ReleaseId,
        Link::Recording if has_value => return Fill::OwnOrRecording,
        Link::Recording => return Fill::Recording,
        Link::RecordingId => return Fill::RecordingId,
        Link::Work => return Fill::Work,
        Link::Usage => return Fill::Parent,
        Link::None if has_value => {}
        Link::None | Link::Deprecated => return Fill::Empty,
    }
    match (cell.slot, cell.field()) {
        (CellSlot::Extra("NetUsage"), _) => Fill::Net,
        (CellSlot::Extra("RightSharePercentage"), _) if mandatory => Fill::RightsShare,
        (CellSlot::Extra("SalesTransactionDate"), _) if mandatory => Fill::PeriodEnd,
        _ if is_resource_count(cell) => Fill::Resources,
        (_, Some(Field::RELEASE_ID)) if mandatory => Fill::Id(IdentifierSubject::Release),
        (_, Some(Field::RECORDING_ID)) if mandatory => Fill::Id(IdentifierSubject::Recording),
        (_, Some(Field::WORK_ID)) if mandatory => Fill::Id(IdentifierSubject::Work),
        (_, Some(Field::USAGE_ID)) => Fill::Transaction,
        (_, Some(Field::RELEASE_PROPRIETARY_ID)) if record.holds(Field::GRID).is_none() => Fill::Proprietary,
        (_, Some(Field::RELEASE_LABEL)) => Fill::Label,
        (_, Some(Field::RECORDING_TYPE)) if mandatory => Fill::Type,
        (_, Some(Field::RETURNS)) => Fill::Word("0"),
        (_, Some(Field::UPGRADE)) => Fill::Word("false"),
        (_, Some(Field::ROYALTY_BEARING)) if mandatory => {
            Fill::Guess("true", "treated as royalty bearing where the source does not say")
        }
        (_, Some(Field::USAGE_USE_TYPE)) => Fill::UseType,
        (_, Some(Field::PRICE)) => Fill::Price,
        _ => Fill::Plain,
    }
}

/// Whether a deal gives the field of a usage.
fn is_of_deal(field: Field) -> bool {
    [Field::RATE, Field::AMOUNT, Field::USAGE_NET_REVENUE].contains(&field)
}

/// Where a record finds its values in a shape.
pub(super) struct Writing {
    /// For each cell of the record.
    pub(super) columns: Vec<Option<usize>>,
    /// The columns that it has no cell for.
    pub(super) unheld: Vec<usize>,
    /// Whether values are known to fit the types of their cells: they were read from the same
    /// record, or are canonical.
    pub(super) fits: bool,
}

/// What an identifier can be made from.
#[derive(Default)]
pub(super) struct Identity {
    /// Other identifiers, the best first.
    pub(super) codes: Vec<usize>,
    pub(super) artist: Option<usize>,
    pub(super) title: Option<usize>,
}

/// Columns of a shape that are looked at by themselves.
#[derive(Default)]
pub(super) struct SpecialColumns {
    pub(super) reference: Option<usize>,
    release: Identity,
    recording: Identity,
    work: Identity,
    /// The details of a work.
    pub(super) works: Vec<usize>,
    pub(super) label: Option<usize>,
    pub(super) grid: Option<usize>,
    pub(super) used: Option<usize>,
    pub(super) quantity: Option<usize>,
    pub(super) price: Option<usize>,
    pub(super) duration: Option<usize>,
    pub(super) tracks: Option<usize>,
    pub(super) returns: Option<usize>,
    pub(super) upgrade: Option<usize>,
    pub(super) use_type: Option<usize>,
    pub(super) revenue: Option<usize>,
    pub(super) amount: Option<usize>,
    /// The line of an opaque record.
    pub(super) line: Option<usize>,
}

impl SpecialColumns {
    fn new(shape: &Shape) -> Self {
        let at = |field| shape.column(field);
        let identity = |codes: &[Field], artist, title| Identity {
            codes: codes.iter().filter_map(|code| at(*code)).collect(),
            artist: at(artist),
            title: at(title),
        };
        let details = |(column, slot): (usize, &Slot)| match slot {
            Slot::Field(field) if field.group() == Group::Work => Some(column),
            _ => None,
        };
        Self {
            reference: at(match shape.group {
                Group::Release => Field::RELEASE_REFERENCE,
                Group::Work => Field::WORK_REFERENCE,
                _ => Field::RECORDING_REFERENCE,
            }),
            release: identity(&[Field::ICPN, Field::GRID], Field::RELEASE_ARTIST, Field::RELEASE_TITLE),
            recording: identity(&[Field::ISRC], Field::RECORDING_ARTIST, Field::RECORDING_TITLE),
            work: identity(&[Field::ISWC], Field::COMPOSERS, Field::WORK_TITLE),
            works: shape.columns.iter().enumerate().filter_map(details).collect(),
            label: at(Field::RECORDING_LABEL).filter(|_| shape.group == Group::Recording),
            grid: at(Field::GRID),
            used: at(Field::USED_RESOURCES),
            quantity: at(Field::QUANTITY),
            price: at(Field::PRICE),
            duration: at(Field::USAGE_DURATION),
            tracks: at(Field::TRACK_COUNT),
            returns: at(Field::RETURNS),
            upgrade: at(Field::UPGRADE),
            use_type: at(Field::USAGE_USE_TYPE),
            revenue: at(Field::USAGE_NET_REVENUE),
            amount: at(Field::AMOUNT),
            line: shape
                .columns
                .iter()
                .position(|slot| matches!(slot, Slot::Extra(name) if &**name == "Line")),
        }
    }

    pub(super) fn identity(&self, what: IdentifierSubject) -> &Identity {
        match what {
            IdentifierSubject::Release => &self.release,
            IdentifierSubject::Recording => &self.recording,
            IdentifierSubject::Work => &self.work,
        }
    }
}

/// How entities of a shape are written.
pub(super) struct Plan {
    pub(super) group: Group,
    /// Whether they come from this family's record of sub-releases.
    pub(super) sub: bool,
    /// Whether they say how much of a recording is unclaimed.
    pub(super) is_unclaimed: bool,
    /// The record of the same family as the one they come from.
    pub(super) kept: Option<u16>,
    /// The record for most of them: a recording with its work, a stream.
    pub(super) first: Option<u16>,
    /// The record for some: a recording without work details, a download, a sub-release.
    pub(super) second: Option<u16>,
    /// Whether they come from a record of recordings without work details.
    pub(super) plain: bool,
    /// Whether they come from a record of downloads, or from one of streams.
    pub(super) download: Option<bool>,
    pub(super) special: SpecialColumns,
    /// How each record is filled.
    writings: Vec<Option<Writing>>,
    /// What each column holds, for the account of what is lost.
    pub(super) subjects: Vec<Option<(Subject, &'static str)>>,
}

impl Plan {
    pub(super) fn new(shape: &Shape, targets: &[Target], known: &VersionCells) -> Self {
        let own = Family::of(&shape.record);
        let named = |name: &str| targets.iter().position(|target| target.spec.family() == name);
        let pick = |purposes: &[Purpose]| {
            let families = purposes.iter().flat_map(|purpose| Family::written_for(*purpose));
            families.filter_map(|family| named(family.name)).map(|index| index as u16).next()
        };
        let exact = || targets.iter().position(|target| *target.spec.name == *shape.record);
        let kept = own.and_then(|own| exact().or_else(|| named(own.name)).or_else(|| named(own.counterpart)));
        let kept = kept.map(|index| index as u16).filter(|index| {
            targets
                .get(usize::from(*index))
                .is_some_and(|target| target.role == Role::Single || target.role.group() == shape.group)
        });
        let writes = own.and_then(|own| own.writes);
        let is_unclaimed = writes == Some(Purpose::Unclaimed);
        let (first, second) = match shape.group {
            Group::Release => (pick(&[Purpose::Release]), pick(&[Purpose::SubRelease])),
            Group::Recording => {
                let first = pick(&[Purpose::Recording]);
                (first, pick(&[Purpose::BareRecording]).or(first))
            }
            Group::Work => (pick(&[Purpose::Work]), None),
            Group::Controller => (pick(&[Purpose::Controller]), None),
            Group::Cue => (pick(&[Purpose::Cue]), None),
            // What is unclaimed and what a record company says have nothing in common.
            Group::Claim if is_unclaimed => (pick(&[Purpose::Unclaimed]), None),
            Group::Claim => (pick(&[Purpose::Claim]), None),
            Group::Embodiment if shape.column(Field::EMBODIMENT_TITLE).is_some() => {
                (pick(&[Purpose::Upload]), None)
            }
            Group::Embodiment => (pick(&[Purpose::Uploads]), None),
            Group::Usage => {
                let video = pick(&[Purpose::Video]).filter(|_| is_marked(shape, Purpose::Video));
                let streams = [Purpose::Stream, Purpose::Usage];
                let downloads = [Purpose::Download, Purpose::AdvertisedUsage, Purpose::Usage];
                (video.or_else(|| pick(&streams)), video.or_else(|| pick(&downloads)))
            }
            Group::Allocation => (pick(&[Purpose::Allocation]), None),
            Group::Split => (pick(&[Purpose::Split]), None),
            Group::Header | Group::Context | Group::Opaque | Group::Event => (None, None),
        };
        let writings = targets.iter().map(|target| {
            (target.role == Role::Single || target.role.group() == shape.group).then(|| target.writing(shape))
        });
        let subject = |slot: &Slot| {
            let (subject, held) = match slot {
                Slot::Field(field) if is_a_value(slot) => {
                    (Subject::Field(*field), known.writes.contains(*field))
                }
                Slot::Extra(name) if is_a_value(slot) => {
                    (Subject::Extra(name.clone()), known.extras.iter().any(|extra| **extra == **name))
                }
                _ => return None,
            };
            Some((
                subject,
                if held { "its record has no cell for it" } else { "the version has no cell for it" },
            ))
        };
        Self {
            group: shape.group,
            sub: own.is_some_and(|own| own.role == Role::SubRelease),
            is_unclaimed,
            kept,
            first,
            second,
            plain: writes == Some(Purpose::BareRecording),
            download: match writes {
                Some(Purpose::Download) => Some(true),
                Some(Purpose::Stream) => Some(false),
                _ => None,
            },
            special: SpecialColumns::new(shape),
            writings: writings.collect(),
            subjects: shape.columns.iter().map(subject).collect(),
        }
    }

    /// How a record is filled.
    pub(super) fn writing(&self, target: u16) -> Option<&Writing> {
        self.writings.get(usize::from(target)).and_then(Option::as_ref)
    }
}

/// Whether a shape has an extra that only what is written for a purpose has.
fn is_marked(shape: &Shape, purpose: Purpose) -> bool {
    let has = |mark: &&str| {
        shape.columns.iter().any(|slot| matches!(slot, Slot::Extra(known) if **known == **mark))
    };
    Family::written_for(purpose).any(|family| family.marks.iter().any(has))
}

pub(super) fn text_of(cell: Cell<'_>) -> Option<&[u8]> {
    match cell {
        Cell::Absent => None,
        Cell::One(bytes) => Some(bytes).filter(|bytes| !bytes.is_empty()),
        Cell::Many(list) => list.iter().find(|bytes| !bytes.is_empty()),
    }
}

pub(super) fn column(entity: EntityRef<'_>, column: Option<usize>) -> Option<&[u8]> {
    column.and_then(|column| text_of(entity.cell(column)))
}
