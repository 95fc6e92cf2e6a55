//! Which mandatory cells nothing fills, as far as that is known before a row is read.
//!
//! Header and summary records are made as for a message, and what they lack is what they would
//! lack. Of blocks the shapes are known: a cell without a column, a default or a rule of its own
//! stays empty in every record; a cell with a column stays empty where a row has no value.

use super::create::{lone, once_a_cell, targets};
use super::target::{Fill, IdentifierSubject, Plan, Target, TargetCell};
use super::{VersionCells, Writer};
use crate::diagnostics;
use crate::families::Role;
use crate::format::Profile;
use crate::options::{Options, WorkDetails};
use crate::summaries::Model;
use crate::tables::Layout;
use crate::write::head::MessageHead;
use transpose_core::diagnostics::{Diagnostic, Location};
use transpose_core::format::{EncodeRequest, UnfilledCell};
use transpose_core::model::vocabulary::use_type::DOWNLOADS;
use transpose_core::model::{Entity, Field, Group};
use transpose_records::spec::CellSlot;

/// What a cell of a record would hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supplied {
    /// A value in every record.
    Always,
    /// That of a column, where the row has one.
    ByRow,
    Never,
}

impl Writer {
    /// The mandatory cells that nothing fills, each once, in the order of the records.
    pub(crate) fn unfilled(profile: &'static Profile, request: &EncodeRequest<'_>) -> Vec<UnfilledCell> {
        let Ok(options) = Options::load(request.options) else { return Vec::new() };
        let Some(facts) = profile.version(request.version) else { return Vec::new() };
        let Some(layout) = Layout::of(profile.name, facts.version) else { return Vec::new() };
        let mut wrong = Vec::new();
        let head = MessageHead::new(profile, facts, &layout, &options, request, &mut wrong);
        let missing = once_a_cell(wrong).into_iter();
        let missing = missing.filter(|diagnostic| *diagnostic.code == diagnostics::MISSING_VALUE);
        let mut unfilled: Vec<UnfilledCell> = missing.map(of_head).collect();
        let targets = targets(&layout, head.same_version, request);
        unfilled.extend(unfilled_in_blocks(&layout, &targets, &options, request));
        unfilled
    }
}

/// The mandatory cells of blocks that no value is known for.
pub(super) fn unfilled_in_blocks(
    layout: &Layout,
    targets: &[Target],
    options: &Options,
    request: &EncodeRequest<'_>,
) -> Vec<UnfilledCell> {
    let known = VersionCells::of(layout);
    let plans = request.shapes.iter().map(|shape| Plan::new(shape, targets, &known)).collect();
    let lone = lone(&layout.grammar, targets);
    let blocks = BlockOutlook { targets, plans, lone, request, work: options.work_details };
    let mut unfilled = Vec::new();
    for (number, target) in (0_u16..).zip(targets) {
        if blocks.is_written(number) {
            blocks.record(number, target, &mut unfilled);
        }
    }
    unfilled
}

/// The same as diagnostics, but for what only rows can leave empty.
pub(super) fn missing_in_blocks(unfilled: Vec<UnfilledCell>) -> impl Iterator<Item = Diagnostic> {
    unfilled.into_iter().filter(|cell| !cell.in_source).map(|cell| {
        let name = cell.location.cell.as_ref().map_or("", |(_, name)| name);
        let message = format!("cell `{name}` has no value in any record");
        Diagnostic::new(&diagnostics::MISSING_IN_BLOCK, cell.location, message).help(cell.supply)
    })
}

/// A cell of header or summaries.
fn of_head(diagnostic: Diagnostic) -> UnfilledCell {
    let name = diagnostic.location.cell.as_ref().map_or("", |(_, name)| name);
    let whose = diagnostic.message.split_once(&format!("`{name}`")).map_or("", |(_, rest)| rest);
    let whose = whose.split_once(" has no value");
    let whose = whose.map(|(whose, rest)| [whose.trim_start_matches(" of "), rest].concat());
    UnfilledCell {
        whose: whose.unwrap_or_default(),
        in_source: false,
        supply: diagnostic.advice().to_owned(),
        location: diagnostic.location,
    }
}

/// What is known of the blocks.
struct BlockOutlook<'a> {
    targets: &'a [Target],
    plans: Vec<Plan>,
    lone: bool,
    work: WorkDetails,
    request: &'a EncodeRequest<'a>,
}

impl BlockOutlook<'_> {
    /// The shapes of entities; a release or recording without any column is not written.
    fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| !plan.subjects.is_empty())
    }

    /// Whether entities of some shape take the record.
    fn is_written(&self, number: u16) -> bool {
        self.plans().any(|plan| self.takes(plan, number))
    }

    /// Whether entities of a shape take the record.
    fn takes(&self, plan: &Plan, number: u16) -> bool {
        if let Some(kept) = plan.kept {
            return kept == number;
        }
        let (first, second) = (plan.first == Some(number), plan.second == Some(number));
        match plan.group {
            Group::Usage => {
                let contexts = self.request.contexts;
                let takes = |context: &Entity| if self.is_second(plan, context) { second } else { first };
                if contexts.is_empty() { first } else { contexts.iter().any(takes) }
            }
            Group::Recording if plan.first != plan.second && self.lone => {
                let details = match self.work {
                    WorkDetails::Auto => !plan.special.works.is_empty(),
                    WorkDetails::Always => true,
                    WorkDetails::Never => false,
                };
                (first && details) || (second && self.work != WorkDetails::Always)
            }
            Group::Release => first || (second && plan.sub),
            _ => first,
        }
    }

    /// Whether usages of a sales context take the second of two records.
    fn is_second(&self, plan: &Plan, context: &Entity) -> bool {
        let target = |index: Option<u16>| self.targets.get(usize::from(index?));
        let demands = |index| {
            target(index).is_some_and(|target| {
                let of = |cell: &TargetCell| cell.spec.field() == Some(Field::USAGE_NET_REVENUE);
                target.cells.iter().any(|cell| cell.mandatory && of(cell))
            })
        };
        if target(plan.second).is_some_and(|target| target.advertises) {
            return Model::of(context) == Model::Advertising
                || (plan.special.revenue.is_none() && demands(plan.first));
        }
        let used = context.text(Field::USE_TYPE);
        plan.download.or_else(|| used.map(|used| DOWNLOADS.contains(&used))).unwrap_or_default()
    }

    fn record(&self, number: u16, target: &Target, unfilled: &mut Vec<UnfilledCell>) {
        for (index, cell) in target.cells.iter().enumerate().filter(|(_, cell)| cell.mandatory) {
            let supplied = self.supplied((number, target), index, cell);
            if supplied != Supplied::Always {
                let location = Location { field: cell.spec.field(), ..Location::default() };
                unfilled.push(UnfilledCell {
                    location: location.record(target.spec.name).cell(cell.spec.number, cell.spec.name),
                    whose: String::new(),
                    in_source: supplied == Supplied::ByRow,
                    supply: cell.supply.as_deref().unwrap_or_default().to_owned(),
                });
            }
        }
    }

    /// What fills a mandatory cell, as `Record::cell` does.
    fn supplied(&self, (number, target): (u16, &Target), index: usize, cell: &TargetCell) -> Supplied {
        let group = match (target.role, cell.part) {
            (Role::Single, Group::Work) => Group::Recording,
            (Role::Single, part) => part,
            _ => target.role.group(),
        };
        if cell.fallback.is_some() || cell.spec.slot == CellSlot::Structure {
            return Supplied::Always;
        }
        // A single record has parts of several entities.
        let plans = self.plans().filter(|plan| plan.group == group);
        let plans = plans.filter(|plan| target.role == Role::Single || self.takes(plan, number));
        let each = plans.map(|plan| self.supplied_by(plan, number, index, cell));
        let both = |a, b| if a == b { a } else { Supplied::ByRow };
        each.reduce(both).unwrap_or(Supplied::Never)
    }

    /// What fills a mandatory cell of entities of a shape.
    fn supplied_by(&self, plan: &Plan, number: u16, index: usize, cell: &TargetCell) -> Supplied {
        if cell.of_deal && plan.special.amount.is_some() {
            return Supplied::Always;
        }
        let column = plan.writing(number).and_then(|writing| writing.columns.get(index).copied().flatten());
        let by_row = |known: bool| if known { Supplied::ByRow } else { Supplied::Never };
        match cell.fill {
            Fill::Id(what) if what == IdentifierSubject::Work => {
                let identity = plan.special.identity(what);
                let made = !identity.codes.is_empty() || identity.artist.or(identity.title).is_some();
                by_row(column.is_some() || made)
            }
            Fill::Label => {
                by_row(column.is_some() || self.plans.iter().any(|plan| plan.special.label.is_some()))
            }
            Fill::UseType => {
                let stated = |context: &Entity| context.text(Field::USE_TYPE).is_some();
                if self.request.contexts.iter().all(stated) {
                    Supplied::Always
                } else {
                    by_row(column.is_some())
                }
            }
            Fill::Net => by_row(column.is_some() || plan.special.quantity.is_some()),
            // Each usage has them.
            Fill::Plain if matches!(cell.spec.field(), Some(Field::QUANTITY | Field::USAGE_DURATION)) => {
                if column.is_some() {
                    Supplied::Always
                } else {
                    Supplied::Never
                }
            }
            Fill::Plain | Fill::Proprietary | Fill::Price => {
                let other = cell.counterpart.filter(|_| column.is_none());
                let other =
                    other.and_then(|other| plan.writing(number)?.columns.get(other.index).copied()?);
                by_row(column.or(other).is_some())
            }
            _ => Supplied::Always,
        }
    }
}
