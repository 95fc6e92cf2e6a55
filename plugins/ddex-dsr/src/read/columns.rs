//! Records as the reader needs them: what each cell takes, what it links to, and what entities a
//! line becomes.

use super::checks::{Checks, make_strict};
use super::forms::Form;
use crate::diagnostics;
use crate::families::Role;
use crate::tables::{self, Layout};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::{CellName, Demands};
use transpose_core::model::{Field, Group, Kind, Shape, Slot};
use transpose_records::grammar::Symbol;
use transpose_records::spec::{AllowedValues, CellSlot, CellSpec, CellType, Link, Obligation, RecordSpec};

/// The links of a record to others, in the order in which [`Entry::links`] keeps their cells.
pub(super) const TO_OTHERS: [Link; 6] =
    [Link::Release, Link::Recording, Link::RecordingId, Link::Work, Link::Summary, Link::Usage];

/// Whether a cell is taken care of by whoever divides a file into blocks.
pub(super) const fn is_key(link: Link) -> bool {
    matches!(link, Link::RecordType | Link::Block)
}

/// How a value is checked that is neither a list nor escaped. What does not pass is looked at by
/// `Cells::read`, which reports why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuickCheck {
    /// Not at all: record type and block id.
    Key,
    /// Any text fits.
    Free,
    Integer,
    Decimal,
    /// A whole number that is not negative and has no needless digit.
    Count,
    /// A decimal of that kind.
    Amount,
    /// A percentage of that kind.
    Share,
    Boolean,
    Duration,
    Isrc,
    /// Letters and digits.
    Reference,
    /// By its set, its type and what its identifier demands; a value that was found good before is
    /// good again.
    Checked,
    /// Only by `Cells::read`.
    Slow,
}

/// A cell of a record, as the reader needs it.
pub(super) struct Column {
    pub(super) spec: &'static CellSpec,
    pub(super) values: Option<&'static AllowedValues>,
    pub(super) identifier: Option<Kind>,
    /// The form of an identifier that no field asks for.
    pub(super) form: Option<Form>,
    pub(super) mandatory: bool,
    /// Whether any text fits.
    pub(super) free: bool,
    /// How a value that is alone in a clean line is checked.
    pub(super) quick: QuickCheck,
    /// Whether an empty cell is worth a diagnostic.
    pub(super) demanded: bool,
    pub(super) link: Link,
    /// The number of the column among all that are checked.
    pub(super) number: usize,
}

impl Column {
    pub(super) fn new(spec: &'static CellSpec) -> Self {
        // The profile was understood when the file was opened, and the set of names is not
        // complete.
        let listed = spec.kind == CellType::Avs && spec.name != "Profile";
        let values = if listed { tables::set(spec.values) } else { None };
        let identifier = spec
            .field()
            .map(|field| field.spec().kind)
            .filter(|kind| matches!(kind, Kind::Isrc | Kind::Iswc | Kind::Icpn));
        let form = Form::of(spec.name);
        let link = spec.link;
        let mandatory = spec.obligation == Obligation::Mandatory;
        let free = values.is_none()
            && identifier.is_none()
            && form.is_none()
            && matches!(spec.kind, CellType::String | CellType::FixedString);
        let quick = match (link, identifier, spec.kind) {
            (Link::RecordType | Link::Block, ..) => QuickCheck::Key,
            (Link::Deprecated, ..) => QuickCheck::Slow,
            _ if free => QuickCheck::Free,
            (_, Some(Kind::Isrc), CellType::String | CellType::FixedString) => QuickCheck::Isrc,
            (_, None, CellType::Integer) => QuickCheck::Integer,
            (_, None, CellType::Decimal) => QuickCheck::Decimal,
            (_, None, CellType::Boolean) => QuickCheck::Boolean,
            (_, None, CellType::Duration) => QuickCheck::Duration,
            _ => QuickCheck::Checked,
        };
        let demanded = mandatory && !is_key(link);
        Self { spec, values, identifier, form, mandatory, free, quick, demanded, link, number: 0 }
    }
}

impl Column {
    fn is_looked_at(&self) -> bool {
        !matches!(self.quick, QuickCheck::Key | QuickCheck::Free)
    }
}

/// An entity that a line becomes. A record of a block becomes one that has every cell; a single
/// record becomes several.
pub(super) struct Facet {
    pub(super) group: Group,
    pub(super) shape: usize,
    /// Which cells it has; none for every cell.
    pub(super) cells: Option<Vec<usize>>,
}

/// One version of a record type that may be in a block.
pub(super) struct Entry {
    pub(super) spec: &'static RecordSpec,
    /// The name as a number, for a quick comparison.
    pub(super) key: u64,
    pub(super) role: Role,
    pub(super) symbol: Option<Symbol>,
    /// Whether the version of the profile binds it.
    pub(super) bound: bool,
    pub(super) facets: Vec<Facet>,
    /// How many cells a line has when it is read: those of the record, and the GRid among its
    /// identifiers.
    pub(super) width: usize,
    pub(super) columns: Vec<Column>,
    /// One bit for each cell: those that hold values, those that must not be empty, and those whose
    /// values are not free.
    pub(super) known: u64,
    pub(super) demanded: u64,
    pub(super) looks: u64,
    pub(super) quantity: Option<usize>,
    pub(super) duration: Option<usize>,
    pub(super) use_type: Option<usize>,
    pub(super) price: Option<usize>,
    /// The cell of the service's identifier of a recording.
    pub(super) id: Option<usize>,
    /// The cell of the identifier of a usage.
    pub(super) sale: Option<usize>,
    /// For releases: the cell of namespaced identifiers.
    pub(super) proprietary: Option<usize>,
    /// For sub-releases: the cell of the resources in it.
    pub(super) used: Option<usize>,
    /// For recordings: the cells that report the work.
    pub(super) works: Vec<usize>,
    /// The cell that names the entity itself.
    pub(super) own: Option<usize>,
    /// The cells of links, in the order of [`TO_OTHERS`].
    pub(super) links: [Option<usize>; 6],
    /// Which of these cells keeps its value, because it has a name of its own.
    pub(super) keeps: Option<usize>,
    /// Whether its summary record and its identifier have changed places between versions (SU03;
    /// V-COND-13).
    pub(super) swaps: bool,
    /// Whether records that follow it may name the summary record in its place (SU03 of older
    /// versions; V-COND-12).
    pub(super) defers: bool,
    /// What only validation looks at.
    pub(super) checks: Checks,
}

impl Entry {
    fn new(
        spec: &'static RecordSpec,
        role: Role,
        layout: &Layout,
        bound: bool,
        numbered: &mut usize,
        shapes: &mut Vec<Shape>,
    ) -> Self {
        let slot = |cell: &CellSpec| match cell.slot {
            CellSlot::Field(field) => Slot::Field(field),
            CellSlot::Extra(name) => Slot::Extra(name.into()),
            CellSlot::Structure => Slot::Structure,
        };
        let at = |field: Field| spec.cells.iter().position(|cell| cell.slot == CellSlot::Field(field));
        let whole = matches!(role, Role::Release | Role::Single);
        let proprietary = at(Field::RELEASE_PROPRIETARY_ID).filter(|_| whole && at(Field::GRID).is_none());
        let mut columns: Vec<Column> = spec
            .cells
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                *numbered += 1;
                let column = Column { number: *numbered, ..Column::new(cell) };
                // A GRid may be among these.
                let quick = if Some(index) == proprietary { QuickCheck::Slow } else { column.quick };
                Column { quick, ..column }
            })
            .collect();
        if role == Role::Single {
            // A line is a block: it has nothing to refer to, and no identifier of its own in the
            // block. A block id reports nothing.
            for column in &mut columns {
                match column.link {
                    Link::Own => column.link = Link::None,
                    Link::Block => {
                        (column.link, column.quick, column.demanded) =
                            (Link::None, QuickCheck::Free, column.mandatory);
                    }
                    _ => {}
                }
            }
        }
        let mut facets = Vec::new();
        let mut facet = |group: Group, cells: Option<Vec<usize>>| {
            let chosen = spec.cells.iter().enumerate();
            let chosen = chosen.filter(|(index, _)| cells.as_ref().is_none_or(|cells| cells.contains(index)));
            let mut columns: Vec<Slot> = chosen.map(|(_, cell)| slot(cell)).collect();
            if proprietary.is_some() && group == Group::Release {
                columns.push(Slot::Field(Field::GRID));
            }
            facets.push(Facet { group, shape: shapes.len(), cells });
            shapes.push(Shape { record: spec.name.into(), group, columns });
        };
        if role == Role::Single {
            for group in [Group::Release, Group::Recording, Group::Usage, Group::Allocation, Group::Claim] {
                let cells: Vec<usize> = (0..spec.cells.len())
                    .filter(|index| spec.cells.get(*index).is_some_and(|cell| entity_of(cell) == Some(group)))
                    .collect();
                if !cells.is_empty() {
                    facet(group, Some(cells));
                }
            }
        } else {
            facet(role.group(), None);
        }
        let link = |wanted: Link| columns.iter().position(|column| column.link == wanted);
        Self {
            spec,
            key: key_of(spec.name.as_bytes()),
            role,
            symbol: layout.grammar.symbol(spec.family()),
            bound,
            facets,
            width: columns.len() + usize::from(proprietary.is_some()),
            quantity: at(Field::QUANTITY),
            duration: at(Field::USAGE_DURATION),
            use_type: at(Field::USAGE_USE_TYPE),
            price: at(Field::PRICE),
            id: at(Field::RECORDING_ID),
            sale: at(Field::USAGE_ID),
            proprietary,
            used: at(Field::USED_RESOURCES).filter(|_| role == Role::SubRelease),
            works: if role == Role::Recording { work_cells(spec) } else { Vec::new() },
            own: link(Link::Own),
            links: TO_OTHERS.map(link),
            keeps: columns
                .iter()
                .position(|column| TO_OTHERS.contains(&column.link) && column.spec.extra().is_some()),
            swaps: role == Role::Usage && swaps(spec.family()),
            defers: role == Role::Usage
                && columns.iter().any(|column| {
                    column.link == Link::Summary && column.spec.obligation == Obligation::Conditional
                }),
            known: marks(&columns, |column| !is_key(column.link)),
            demanded: marks(&columns, |column| column.demanded),
            looks: marks(&columns, Column::is_looked_at),
            columns,
            checks: Checks::default(),
        }
    }

    /// The first cell of a kind.
    pub(super) fn column(&self, link: Link) -> Option<&Column> {
        self.columns.iter().find(|column| column.link == link)
    }

    /// Prepares for validation with what a partner demands.
    pub(super) fn make_strict(&mut self, demands: &Demands) {
        self.columns.iter_mut().for_each(make_strict);
        self.looks = marks(&self.columns, Column::is_looked_at);
        self.checks = Checks::new(self.spec, demands, &self.columns);
    }

    /// Whether it names others by more than references to releases and resources and summary
    /// records.
    pub(super) fn names_more(&self) -> bool {
        let [_, _, id, work, _, sale] = self.links;
        [id, work, sale].iter().any(Option::is_some)
    }

    /// Whether the line represents usages.
    pub(super) fn has_usage(&self) -> bool {
        self.facets.iter().any(|facet| facet.group == Group::Usage)
    }
}

/// The entity that a cell of a single record describes; works are reported with their recordings.
fn entity_of(cell: &CellSpec) -> Option<Group> {
    cell.describes().map(|group| if group == Group::Work { Group::Recording } else { group })
}

/// Whether versions of a family have the summary record and the identifier of a usage in different
/// orders.
fn swaps(family: &str) -> bool {
    let order = |spec: &RecordSpec| {
        let summary = spec.cells.iter().position(|cell| cell.link == Link::Summary)?;
        Some(summary < spec.cells.iter().position(|cell| cell.field() == Some(Field::USAGE_ID))?)
    };
    let mut orders = tables::records().iter().filter(|spec| spec.family() == family).filter_map(order);
    let first = orders.next();
    orders.any(|order| Some(order) != first)
}

/// The cells that report a work; who provided the data reports nothing of it.
fn work_cells(spec: &RecordSpec) -> Vec<usize> {
    let tells = |field: Field| field.group() == Group::Work && field != Field::WORK_DATA_PROVIDER;
    (0..)
        .zip(spec.cells)
        .filter(|(_, cell)| cell.field().is_some_and(tells))
        .map(|(index, _)| index)
        .collect()
}

/// One bit for each column that is meant; no record has as many as there are bits.
fn marks(columns: &[Column], is_meant: impl Fn(&Column) -> bool) -> u64 {
    let marks = columns.iter().enumerate().filter(|(_, column)| is_meant(column));
    marks.fold(0, |marks, (number, _)| marks | 1_u64.checked_shl(number as u32).unwrap_or(0))
}

/// The name of a record as a number.
pub(super) fn key_of(name: &[u8]) -> u64 {
    if name.len() > 8 {
        return u64::MAX;
    }
    name.iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// Every known version of the records of a block, those that the profile binds first, with their
/// shapes. The last shape is that of records that two parties agreed on.
pub(super) fn entries(layout: &Layout) -> (Vec<Entry>, Vec<Shape>) {
    let mut specs: Vec<&'static RecordSpec> = layout.blocks.clone();
    for generation in tables::GENERATIONS {
        for spec in
            tables::records().iter().filter(|spec| spec.generation == generation && spec.only.is_empty())
        {
            let wanted = layout.blocks.iter().any(|bound| bound.family() == spec.family());
            if wanted && !specs.iter().any(|known| known.name == spec.name) {
                specs.push(spec);
            }
        }
    }
    let (mut entries, mut shapes, mut numbered) = (Vec::new(), Vec::new(), 0);
    for (index, spec) in specs.into_iter().enumerate() {
        if let Some(role) = Role::of(spec.name) {
            let bound = index < layout.blocks.len();
            entries.push(Entry::new(spec, role, layout, bound, &mut numbered, &mut shapes));
        }
    }
    shapes.push(Shape {
        record: tables::AGREED.into(),
        group: Group::Opaque,
        columns: vec![Slot::Extra("Line".into())],
    });
    (entries, shapes)
}

/// Whether the name of a cell means a cell of a record.
pub(super) fn is_meant(name: &CellName, record: &RecordSpec, cell: &CellSpec) -> bool {
    let of = |wanted: &String| *wanted == record.name || *wanted == record.family();
    name.record.as_ref().is_none_or(of)
        && (name.cell.eq_ignore_ascii_case(cell.name) || name.cell.parse() == Ok(cell.number))
}

/// The cell most like the one that is named: in its record, where there is such a record, else in
/// the record most like it.
fn nearest_cell(name: &CellName) -> Option<String> {
    let records = tables::records();
    let Some(record) = &name.record else {
        let cells = records.iter().flat_map(|record| record.cells).map(|cell| cell.name);
        return nearest(&name.cell, cells).map(str::to_owned);
    };
    let own = |spec: &&RecordSpec| spec.name == record || spec.family() == record;
    let cells = records.iter().filter(own).flat_map(|spec| spec.cells).map(|cell| cell.name);
    if let Some(cell) = nearest(&name.cell, cells) {
        return Some(format!("{record}/{cell}"));
    }
    let names = records.iter().flat_map(|record| [record.name, record.family()]);
    let near = nearest(record, names).filter(|near| near != record)?;
    Some(format!("{near}/{}", name.cell))
}

/// The name most like the given one, when one is alike enough.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// Refuses demands that name no record or cell of the tables.
pub(super) fn known(demands: &Demands) -> Result<(), Fatal> {
    let mut diagnostics = Vec::new();
    let mut unknown = |what: &str, name: String, near: Option<String>| {
        let message = format!("there is no {what} `{name}`");
        let diagnostic = Diagnostic::new(&diagnostics::NO_SUCH_CELL, Location::default(), message);
        diagnostics.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    };
    let cells = demands.values.iter().map(|(name, _)| name).chain(&demands.required);
    for name in cells {
        let meant = |record: &RecordSpec| record.cells.iter().any(|cell| is_meant(name, record, cell));
        if !tables::records().iter().any(meant) {
            let record = name.record.as_ref().map(|record| format!("{record}/")).unwrap_or_default();
            unknown("cell", format!("{record}{}", name.cell), nearest_cell(name));
        }
    }
    for name in &demands.records {
        if !tables::records().iter().any(|record| record.name == name || record.family() == name) {
            let names = tables::records().iter().flat_map(|record| [record.name, record.family()]);
            unknown("record", name.clone(), nearest(name, names).map(str::to_owned));
        }
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(Fatal { failure: transpose_core::diagnostics::Failure::Use, diagnostics })
}
