//! In which sales context a group is, and what its usages are like besides.
//!
//! The agreement answers for an event with a sales context, and for a sale also with its price and
//! whatever else reports usages of one context apart: their *usage kind*. Totals are by context,
//! usages by item, context and usage kind. Sales and returns of one usage kind are counted apart
//! and become one usage when blocks are built, so a group needs no room for both, and plays cost
//! nothing of it. Royalties is worked out for each *kind* of usages: a usage kind, and whether
//! royalties are due. Which kinds are in one usage of the output is said in `royalties::rows`.
//!
//! **Usages and returns.** `usage.quantity` is what was sold, with what was returned later;
//! `usage.returns` is what was returned. So it is in DSR: `Usages` are the sales of the period,
//! `Returns` those that were reversed, and the newer `NetUsage` is the one less the other.

use crate::aggregate::table::Group as CountedEvents;
use crate::diagnostics;
use std::collections::BTreeMap;
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{Entity, Field, FieldSet, Group};

/// A sales context with the usage kind of usages in it, as events are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsageKind {
    /// The sales context.
    pub(crate) context: Entity,
    /// The fields of usages.
    pub(crate) usage: Entity,
    /// Whether the events take back what was sold.
    pub(crate) returned: bool,
}

impl UsageKind {
    /// Takes apart what the agreement has answered. What neither a context nor a usage has is left
    /// out.
    pub(crate) fn new(answer: &Entity, returned: bool) -> Self {
        let mut usage_kind = Self { returned, ..Self::default() };
        usage_kind.context.origin.clone_from(&answer.origin);
        usage_kind.context.extras.clone_from(&answer.extras);
        for (field, value) in answer.iter() {
            match field.group() {
                Group::Usage => usage_kind.usage.set(field, value.clone()),
                Group::Event => {}
                _ => usage_kind.context.set(field, value.clone()),
            }
        }
        usage_kind
    }
}

/// Numbers usage kinds as they are met.
#[derive(Default)]
pub(crate) struct UsageKindInterner(BTreeMap<UsageKind, u32>);

impl UsageKindInterner {
    /// The number of a usage kind.
    pub(crate) fn number(&mut self, usage_kind: UsageKind) -> Result<u32, Fatal> {
        let next = self.0.len() as u32;
        // Two bits of a group's place say whether royalties are due and whether it is of returns.
        if next >= 1 << 30 {
            return Err(diagnostics::too_many_distinct());
        }
        Ok(*self.0.entry(usage_kind).or_insert(next))
    }

    /// All contexts in order, and all usage kinds in order.
    pub(crate) fn finish(self) -> (Vec<Entity>, UsageKinds) {
        let (mut contexts, mut usage_kinds) = (Vec::new(), UsageKinds::default());
        usage_kinds.ranks.resize(self.0.len(), u32::MAX);
        let mut usages: Vec<Entity> = Vec::new();
        for (UsageKind { context, usage, returned }, number) in self.0 {
            usage_kinds.returns |= returned || usage.value(Field::PRICE).is_some();
            if contexts.last() != Some(&context) {
                contexts.push(context);
                usage_kinds.contexts.push(contexts.len() as u32 - 1);
                usages.push(usage);
            } else if usages.last() != Some(&usage) {
                usage_kinds.contexts.push(contexts.len() as u32 - 1);
                usages.push(usage);
            }
            if let Some(rank) = usage_kinds.ranks.get_mut(number as usize) {
                *rank = (usages.len() as u32 - 1) << 2 | u32::from(returned);
            }
        }
        let fields = usages.iter().fold(FieldSet::EMPTY, |fields, usage| fields.union(usage.fields()));
        usage_kinds.fields = fields.iter().filter(|field| !COUNTED.contains(field)).collect();
        for usage in &usages {
            let cells = usage_kinds.fields.iter().map(|field| usage.text(*field).map(Into::into));
            usage_kinds.cells.extend(cells);
        }
        usage_kinds.usages = usages;
        (contexts, usage_kinds)
    }
}

/// What is counted or follows from counting; an agreement cannot state it.
const COUNTED: [Field; 12] = [
    Field::QUANTITY,
    Field::RETURNS,
    Field::USAGE_DURATION,
    Field::ROYALTY_BEARING,
    Field::QUALIFIED,
    Field::RATE,
    Field::AMOUNT,
    Field::GROSS_AMOUNT,
    Field::SHARE,
    Field::WITHHELD,
    Field::ROYALTY_MODEL,
    Field::DEAL,
];

/// All usage kinds in order.
#[derive(Default)]
pub(crate) struct UsageKinds {
    /// For each number of a usage kind its rank, with room for whether royalties are due, and
    /// whether it is of returns as the lowest bit.
    pub(crate) ranks: Vec<u32>,
    /// For each rank its context.
    contexts: Vec<u32>,
    /// For each rank the fields of usages.
    usages: Vec<Entity>,
    /// The fields of usages that any of them has.
    fields: Vec<Field>,
    /// For each rank the texts of these fields.
    cells: Vec<Option<Box<str>>>,
    /// Whether any of them is of sales.
    returns: bool,
}

impl UsageKinds {
    /// How many sales contexts there are at most.
    pub(crate) fn len(&self) -> usize {
        self.contexts.len()
    }

    /// How many kinds of usages there are at most.
    pub(crate) fn kinds(&self) -> usize {
        self.contexts.len() * 2
    }

    /// The kind of usages that a numbered usage kind has; none of those that take back.
    pub(crate) fn kind(&self, number: u32, bearing: bool) -> Option<u32> {
        let rank = self.ranks.get(number as usize).filter(|rank| **rank & 1 == 0)?;
        Some(rank >> 2 << 1 | u32::from(bearing))
    }

    /// Whether any of them is of sales.
    pub(crate) fn sells(&self) -> bool {
        self.returns
    }

    /// The sales context of a ranked group.
    pub(crate) fn context(&self, group: CountedEvents) -> Option<u32> {
        self.context_of(group.kind())
    }

    /// The sales context of a kind.
    pub(crate) fn context_of(&self, kind: u32) -> Option<u32> {
        self.contexts.get(kind as usize >> 1).copied()
    }

    /// What reports usages of a kind from others of their sales context.
    pub(crate) fn usage_of(&self, kind: u32) -> Option<&Entity> {
        self.usages.get(kind as usize >> 1)
    }

    /// The fields that any usage has besides what is counted.
    pub(crate) fn usage_fields(&self) -> &[Field] {
        &self.fields
    }

    /// The texts of these fields in the usages of a rank.
    pub(crate) fn usage_cells(&self, rank: u32) -> &[Option<Box<str>>] {
        let count = self.fields.len();
        let start = rank as usize * count;
        self.cells.get(start..start + count).unwrap_or(&[])
    }
}
