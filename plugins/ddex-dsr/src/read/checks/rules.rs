//! The kinds of rules about the cells of one record, and which of them a record brings with it.

use super::{Checks, Marks, bit};
use crate::diagnostics;
use crate::families::Role;
use crate::read::columns::{Column, QuickCheck, is_meant};
use transpose_core::diagnostics::Code;
use transpose_core::format::Demands;
use transpose_core::model::Field;
use transpose_core::model::vocabulary::commercial_model::SUBSCRIPTION;
use transpose_records::spec::{CellSpec, CellType, Obligation, RecordSpec};

/// A rule about the cells of a record, by their places.
pub(super) enum Check {
    /// A number is written without needless digits (V-CELL-13).
    Plain(usize),
    /// A number of usages is not negative (V-SUM-3).
    Positive(usize),
    /// A percentage lies between 0 and 100 (V-COND-16, V-SUM-5).
    Percentage(usize),
    /// A reference has letters and digits only (V-REF-9).
    Reference(usize),
    /// Identifiers belong to names in the same order, at most one to each (V-CELL-14).
    Names(usize, usize),
    /// Two lists run in parallel (V-CELL-14).
    Parallel(usize, usize),
    /// Both or neither (V-COND-6, V-COND-14).
    Together(usize, usize, &'static Code),
    /// The first wants the second (V-COND-6).
    Wants(usize, usize, &'static Code),
    /// When the first is true the second is filled (V-COND-5).
    WantsWhenTrue(usize, usize),
    /// When the first has one of these values the second is filled (V-COND-20).
    WantsWhen(usize, &'static [&'static str], usize),
    /// Two currencies that differ want a rate (V-COND-7).
    Rate(usize, usize, usize),
    /// The cell has no space and no underscore (V-COND-15).
    Word(usize),
    /// A partner demands a value (V-COND-18).
    Required(usize),
    /// A partner accepts these values only.
    OneOf(usize, Vec<Box<[u8]>>),
}

/// A rule, and in which lines it has to be looked at.
pub(super) struct Rule {
    pub(super) check: Check,
    /// The cells that it looks at.
    cells: u64,
    /// Where it may be broken, see [`Marks::leave`].
    pub(super) doubts: Vec<(u64, u64)>,
}

impl Rule {
    fn new(check: Check, columns: &[Column]) -> Self {
        let quick = |at: usize| columns.get(at).map_or(QuickCheck::Slow, |column| column.quick);
        let strict =
            |at: usize| matches!(quick(at), QuickCheck::Count | QuickCheck::Amount | QuickCheck::Share);
        let kept = |kept: bool, at: usize| if kept { Vec::new() } else { vec![(bit(at), 0)] };
        let (cells, doubts) = match &check {
            Check::Plain(at) | Check::Positive(at) => (bit(*at), kept(strict(*at), *at)),
            Check::Percentage(at) => (bit(*at), kept(quick(*at) == QuickCheck::Share, *at)),
            Check::Reference(at) => (bit(*at), kept(quick(*at) == QuickCheck::Reference, *at)),
            Check::Word(at) | Check::OneOf(at, _) => (bit(*at), kept(false, *at)),
            Check::Required(at) => (bit(*at), vec![(0, bit(*at))]),
            Check::Names(names, ids) => (bit(*names) | bit(*ids), vec![(bit(*ids), bit(*names))]),
            Check::Wants(first, second, _)
            | Check::WantsWhenTrue(first, second)
            | Check::WantsWhen(first, _, second) => {
                (bit(*first) | bit(*second), vec![(bit(*first), bit(*second))])
            }
            Check::Parallel(one, other) | Check::Together(one, other, _) => {
                (bit(*one) | bit(*other), vec![(bit(*one), bit(*other)), (bit(*other), bit(*one))])
            }
            Check::Rate(one, other, rate) => {
                (bit(*one) | bit(*other) | bit(*rate), vec![(bit(*one) | bit(*other), bit(*rate))])
            }
        };
        Self { check, cells, doubts }
    }

    pub(super) fn concerns(&self, marks: Marks) -> bool {
        marks.slow & self.cells != 0 || marks.leave(&self.doubts)
    }
}

pub(super) fn is_percentage(cell: &CellSpec) -> bool {
    let is_share =
        cell.name.contains("Percentage") || cell.name.contains("MarketShare") || cell.name == "RightShare";
    cell.kind == CellType::Decimal && is_share
}

pub(super) fn is_reference(cell: &CellSpec) -> bool {
    matches!(cell.name, "ReleaseReference" | "ResourceReference" | "MusicalWorkReference")
}

/// The fields of numbers that are not negative.
const COUNTS: [Field; 4] =
    [Field::QUANTITY, Field::RETURNS, Field::EMBODIMENT_QUANTITY, Field::SPLIT_QUANTITY];

impl Checks {
    /// The rules for a record, with what a partner demands.
    pub(in crate::read) fn new(spec: &RecordSpec, demands: &Demands, columns: &[Column]) -> Self {
        let role = Role::of(spec.name);
        let mut rules = Vec::new();
        let at = |name: &str| spec.cells.iter().position(|cell| cell.name == name);
        let any = |names: &[&str]| names.iter().find_map(|name| at(name));
        let conditional = |at: usize| {
            spec.cells.get(at).is_some_and(|cell: &CellSpec| cell.obligation == Obligation::Conditional)
        };
        for (index, cell) in spec.cells.iter().enumerate() {
            if matches!(cell.kind, CellType::Decimal | CellType::Integer) {
                rules.push(Check::Plain(index));
            }
            if cell.field().is_some_and(|field| COUNTS.contains(&field)) {
                rules.push(Check::Positive(index));
            }
            if is_percentage(cell) {
                rules.push(Check::Percentage(index));
            }
            if is_reference(cell) {
                rules.push(Check::Reference(index));
            }
            let names =
                cell.name.strip_suffix("PartyId").map(|stem| [format!("{stem}Name"), stem.to_owned()]);
            let listed = |at: &usize| spec.cells.get(*at).is_some_and(|names| names.multi && cell.multi);
            if let Some(names) = names.and_then(|names| names.iter().find_map(|name| at(name))).filter(listed)
            {
                rules.push(Check::Names(names, index));
            }
            if cell.name == "ServiceDescription" {
                rules.push(Check::Word(index));
            }
        }
        let lists = |at: &usize| spec.cells.get(*at).is_some_and(|cell| cell.multi);
        if let (Some(ids), Some(usages)) = (at("DspReleaseId").filter(lists), at("Usages").filter(lists)) {
            rules.push(Check::Parallel(ids, usages));
        }
        if matches!(role, Some(Role::Allocation | Role::Controller))
            && let (Some(kind), Some(share)) =
                (at("RightsType"), any(&["RightSharePercentage", "RightShare"]))
        {
            // Where one of them is mandatory by itself, it may be alone.
            let mandatory = |at: usize| {
                spec.cells.get(at).is_some_and(|cell: &CellSpec| cell.obligation == Obligation::Mandatory)
            };
            if mandatory(share) {
                rules.push(Check::Wants(kind, share, &diagnostics::RIGHTS_TYPE));
            } else {
                rules.push(Check::Together(kind, share, &diagnostics::RIGHTS_TYPE));
            }
        }
        if role == Some(Role::Summary)
            && let (Some(kind), Some(share)) = (at("RightsType"), at("RightsTypePercentage"))
        {
            rules.push(Check::Wants(share, kind, &diagnostics::RIGHTS_TYPE));
        }
        if let (Some(name), Some(id)) =
            (any(&["DistributionChannel", "DistributionChannelName"]), at("DistributionChannelDPID"))
        {
            rules.push(Check::Together(name, id, &diagnostics::CHANNEL));
        }
        if let (Some(id), Some(name)) = (at("RecipientPartyId"), at("RecipientName")) {
            rules.push(Check::Together(id, name, &diagnostics::RECIPIENT));
        }
        if let (Some(one), Some(other), Some(rate)) = (
            any(&["CurrencyOfReporting", "CurrencyOfAccounting"]),
            at("CurrencyOfTransaction"),
            at("ExchangeRate"),
        ) {
            rules.push(Check::Rate(one, other, rate));
        }
        // Who has set a rate, and when, goes with the rate.
        if let Some(rate) = at("ExchangeRate") {
            for name in ["ExchangeRateSource", "DateOfCurrencyExchange"] {
                if let Some(origin) = at(name).filter(|at| conditional(*at)) {
                    rules.push(Check::Wants(rate, origin, &diagnostics::RATE_ORIGIN));
                }
            }
        }
        if let (Some(model), Some(subscribers)) =
            (at("CommercialModel"), at("Subscribers").filter(|at| conditional(*at)))
        {
            rules.push(Check::WantsWhen(model, &[SUBSCRIPTION], subscribers));
        }
        if let (Some(flag), Some(date)) = (at("IsSubjectToOwnershipConflict"), at("LastConflictCheck")) {
            rules.push(Check::WantsWhenTrue(flag, date));
        }
        for (index, cell) in spec.cells.iter().enumerate() {
            if demands.required.iter().any(|name| is_meant(name, spec, cell)) {
                rules.push(Check::Required(index));
            }
            for (_, values) in demands.values.iter().filter(|(name, _)| is_meant(name, spec, cell)) {
                rules.push(Check::OneOf(index, values.iter().map(|value| value.as_bytes().into()).collect()));
            }
        }
        // A message without a header is none, so no one has to accept it.
        let accepted =
            |name: &String| *name == spec.name || *name == spec.family() || role == Some(Role::Head);
        let refused = !demands.records.is_empty() && !demands.records.iter().any(accepted);
        let rules: Vec<Rule> = rules.into_iter().map(|check| Rule::new(check, columns)).collect();
        let cells = rules.iter().fold(0, |cells, rule| cells | rule.cells);
        let mut doubts: Vec<_> = rules.iter().flat_map(|rule| rule.doubts.iter().copied()).collect();
        doubts.sort_unstable();
        doubts.dedup();
        Self { rules, cells, doubts, refused }
    }
}
