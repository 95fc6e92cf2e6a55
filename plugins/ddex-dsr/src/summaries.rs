//! Summary records: which of them a sales context takes.
//!
//! A context keeps the type of summary record that it was read from where the version has it and
//! its mandatory cells can be filled; else its profile chooses among the families that
//! `spec/summaries.json` names for it ([`choose`]).

use crate::families::{Family, Role};
use crate::generated::summaries::SUMMARY_RULES;
use crate::tables::Layout;
use transpose_core::model::vocabulary::commercial_model::{ADVERTISING, FREE, PAY_AS_YOU_GO, SUBSCRIPTION};
use transpose_core::model::{Entity, Field, Group, Value};
use transpose_core::terms::Terms;
use transpose_records::spec::{CellSpec, Obligation, ProfileSpec, RecordSpec, Structure};

/// Whether a record type is one of summary records.
pub(crate) fn is_summary(record: &str) -> bool {
    Role::of_line(record.as_bytes()) == Some(Role::Summary)
}

/// Whether a value says anything.
pub(crate) fn is_filled(value: &Value) -> bool {
    value.iter().any(|text| !text.is_empty())
}

/// The value of a field: from the entity, else from the agreement.
pub(crate) fn value_of(entity: &Entity, field: Field, terms: Option<&dyn Terms>) -> Option<Value> {
    let own = entity.value(field).filter(|value| is_filled(value)).cloned();
    own.or_else(|| terms.and_then(|terms| terms.fallback(field)).map(Value::from))
}

/// The text agreed for a cell that the model has no field for, by the name of the cell in its own
/// version or by the one that all versions share.
pub(crate) fn cell_default<'a>(cell: &CellSpec, terms: Option<&'a dyn Terms>) -> Option<&'a str> {
    let shared = cell.extra()?;
    let texts = terms?.cell_defaults();
    let text = |name: &str| texts.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    text(cell.name).or_else(|| text(shared))
}

/// The exchange rate from the currency of transaction to that of reporting: 1 where no other
/// currency is named.
pub(crate) fn exchange_rate(context: &Entity, terms: Option<&dyn Terms>) -> Option<String> {
    let text = |field| value_of(context, field, terms).map(|value| value.first().to_owned());
    let same = || match text(Field::TRANSACTION_CURRENCY) {
        Some(paid) => text(Field::CURRENCY).is_some_and(|currency| currency == paid),
        None => true,
    };
    text(Field::EXCHANGE_RATE).or_else(|| same().then(|| "1".to_owned()))
}

/// What would supply the value of a cell, for messages.
pub(crate) fn supply(cell: &CellSpec, terms: Option<&dyn Terms>) -> String {
    let Some(field) = cell.field() else {
        let name = cell.name;
        return format!("Set `\"cell.{name}\"` under `[defaults]` in the agreement.");
    };
    let catalogue = matches!(field.group(), Group::Release | Group::Recording | Group::Work);
    let catalogue = if catalogue { ", or give it in the catalogue (`--catalogue`)" } else { "" };
    match terms {
        Some(terms) => format!("Set {}{catalogue}.", terms.key(field)),
        None => format!("Give an agreement that sets `{field}`{catalogue}."),
    }
}

/// Whether every mandatory cell of a summary record can be filled from a context.
pub(crate) fn fillable(spec: &RecordSpec, context: &Entity, terms: Option<&dyn Terms>) -> bool {
    spec.cells
        .iter()
        .filter(|cell| cell.obligation == Obligation::Mandatory)
        .filter_map(CellSpec::field)
        .all(|field| field == Field::CONTEXT_ID || value_of(context, field, terms).is_some())
}

/// How the end user pays, as far as it decides about summary records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// For each download or play.
    Sale,
    /// Not at all.
    Advertising,
    /// By the month or the like.
    Subscription,
    /// In another way, or the context does not say.
    Other,
}

impl Model {
    /// The model of a sales context.
    pub(crate) fn of(context: &Entity) -> Self {
        match context.text(Field::COMMERCIAL_MODEL) {
            Some(PAY_AS_YOU_GO) => Self::Sale,
            Some(ADVERTISING | FREE) => Self::Advertising,
            Some(SUBSCRIPTION) => Self::Subscription,
            _ => Self::Other,
        }
    }
}

/// A family of summary records that a profile may choose.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) family: &'static str,
    /// Only contexts with a value in one of these fields take it; all where there are none.
    pub(crate) with: &'static [Field],
    /// Only versions that do not bind this family take it; may be empty.
    pub(crate) unless: &'static str,
    /// Whether it is taken even where mandatory cells cannot be filled, which is then reported.
    pub(crate) incomplete: bool,
}

/// What is peculiar to the summary records of some profiles.
#[derive(Debug)]
pub(crate) struct SummaryRules {
    pub(crate) profiles: &'static [&'static str],
    /// Whether records of one type must be together (V-REC-6); elsewhere they should.
    pub(crate) together: bool,
    /// The candidates for each [`Model`], the best first.
    pub(crate) candidates: [&'static [Candidate]; 4],
}

impl SummaryRules {
    /// The rules of a profile, which has some.
    pub(crate) fn of(profile: &ProfileSpec) -> Option<&'static Self> {
        SUMMARY_RULES.iter().find(|rules| rules.profiles.contains(&profile.profile))
    }
}

/// The family of summary record for a context that was not read from one: the first candidate of
/// the profile whose mandatory cells can be filled; else the first such family of all that are
/// bound; else the first bound candidate, whose missing cells are reported.
///
/// Families for a part of what another summary record tells are kept where they were read and never
/// chosen for a whole.
pub(crate) fn choose(layout: &Layout, context: &Entity, terms: Option<&dyn Terms>) -> &'static str {
    let rules = SummaryRules::of(layout.profile);
    let candidates = rules.and_then(|rules| rules.candidates.get(Model::of(context) as usize));
    let is_filled = |field: &Field| context.text(*field).is_some_and(|text| !text.is_empty());
    let suits = |candidate: &&Candidate| {
        (candidate.with.is_empty() || candidate.with.iter().any(is_filled))
            && (candidate.unless.is_empty() || layout.summary(candidate.unless).is_none())
    };
    let suitable = || candidates.into_iter().flat_map(|candidates| candidates.iter()).filter(suits);
    let fills = |family: &str| layout.summary(family).is_some_and(|spec| fillable(spec, context, terms));
    let bound = |candidate: &&Candidate| layout.summary(candidate.family).is_some();
    let is_whole = |spec: &&RecordSpec| Family::of(spec.name).is_some_and(|family| !family.part);
    let whole = || layout.summaries.iter().copied().filter(is_whole).map(RecordSpec::family);
    let best = suitable().find(|candidate| candidate.incomplete || fills(candidate.family));
    best.map(|candidate| candidate.family)
        .or_else(|| whole().find(|family| fills(family)))
        .or_else(|| suitable().find(bound).map(|candidate| candidate.family))
        .or_else(|| whole().next())
        .unwrap_or_default()
}

/// The family that must precede a summary record (V-REC-7).
pub(crate) fn follows(spec: &RecordSpec) -> Option<&'static str> {
    Family::of(spec.name).map(|family| family.follows).filter(|family| !family.is_empty())
}

/// The part of a message's structure that summary records make up.
pub(crate) fn summary_structure(structure: &Structure) -> Option<Structure> {
    let Structure::Sequence(items, _) = structure else { return None };
    let (_, rest) = items.split_first()?;
    let of_summaries = |item: &&Structure| {
        let mut all = true;
        item.records(&mut |name| all &= is_summary(name));
        all
    };
    let is_empty = |item: &&Structure| matches!(item, Structure::Choice([], _));
    let start = rest.iter().take_while(is_empty).count();
    let count = rest.iter().skip(start).take_while(of_summaries).count();
    Some(Structure::Sequence(rest.get(start..start + count)?, (1, Some(1))))
}
