//! The part of usages that is allocated to the recipient: what a message says behind each usage,
//! such as the LI01 records of DSR.
//!
//! An agreement asks for it by naming the recipient in the sales contexts
//! (`context.rights-controller.name`) once it knows royalties. Each usage that is paid for is then
//! allocated to the recipient, with its plays, the royalties of it and its part of the net revenue
//! that the context allocates (`context.allocated-net-revenue`): parts by plays that add up to it
//! exactly. They are the net revenue of the usage, too, where a record has a cell for that.

use crate::aggregate::totals::Totals;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::consolidate::SortedGroups;
use crate::royalties::rounding::Amounts;
use crate::royalties::rows::Rows;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{BlockBatch, Entity, Field, FieldSet, Group, Shape, Slot};
use transpose_core::terms::{Royalties, UnitRate};

/// What can be said of an allocation.
const FIELDS: [Field; 7] = [
    Field::ALLOCATION_HOLDER,
    Field::ALLOCATION_HOLDER_ID,
    Field::ALLOCATION_SHARE,
    Field::ALLOCATION_RIGHTS_TYPE,
    Field::ALLOCATION_NET_REVENUE,
    Field::ALLOCATION_AMOUNT,
    Field::ALLOCATION_USAGES,
];

/// What is allocated of the usages of a report.
pub(crate) struct Allocations {
    /// For each sales context the values that all of its allocations have, by the columns.
    contexts: Vec<Option<Vec<Option<Box<str>>>>>,
    columns: Vec<Field>,
    revenue: Amounts,
    /// For each sales context whether it says how much net revenue is allocated.
    allocates: Vec<bool>,
    /// Whether usages have a cell for it.
    pub(crate) of_usages: bool,
}

/// What a target shows of allocations.
pub(crate) struct AllocationColumns {
    /// What each allocation says; empty where there are none.
    pub(crate) columns: Vec<Field>,
    /// Whether usages have a cell for their part of the net revenue.
    pub(crate) of_usages: bool,
}

impl AllocationColumns {
    /// What the sales contexts ask for and the target has a place for.
    pub(crate) fn new(contexts: &[Entity], writes: FieldSet) -> Self {
        let has = |field| contexts.iter().any(|context| context.value(field).is_some());
        let named = has(Field::RIGHTS_CONTROLLER) && writes.contains(Field::ALLOCATION_AMOUNT);
        let of_usages = has(Field::ALLOCATED_NET_REVENUE) && writes.contains(Field::USAGE_NET_REVENUE);
        let columns = FIELDS.into_iter().filter(|field| named && writes.contains(*field)).collect();
        Self { columns, of_usages }
    }
}

/// What a usage is worth to whom it is allocated.
pub(crate) struct UsageAllocation {
    /// Plays or sales that are paid for, less returns.
    pub(crate) plays: i128,
    /// Royalties, where it fits.
    pub(crate) amount: Option<Vec<u8>>,
    /// Its part of the net revenue, where the context says how much is allocated.
    pub(crate) revenue: Option<Vec<u8>>,
}

impl Allocations {
    /// What the sales contexts ask for; nothing where none of them names the recipient, or the
    /// target has no place for it.
    pub(crate) fn new(
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
        sums: &Totals,
        amounts: &Amounts,
        writes: FieldSet,
    ) -> Result<Option<Self>, Fatal> {
        let AllocationColumns { columns, of_usages } = AllocationColumns::new(contexts, writes);
        if columns.is_empty() && !of_usages {
            return Ok(None);
        }
        let named = !columns.is_empty();
        let said = contexts.iter().map(|context| {
            context.value(Field::RIGHTS_CONTROLLER).filter(|_| named)?;
            Some(columns.iter().map(|column| said(context, *column).map(Into::into)).collect())
        });
        let revenue = Amounts::new(&revenue(usage_kinds, contexts, sums, amounts), usage_kinds, contexts)?;
        let allocates = contexts.iter().map(|context| context.value(Field::ALLOCATED_NET_REVENUE).is_some());
        Ok(Some(Self {
            contexts: said.collect(),
            columns,
            revenue,
            allocates: allocates.collect(),
            of_usages,
        }))
    }

    /// Decides how net revenue is parted.
    pub(crate) fn divide(
        &mut self,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
        amounts: &Amounts,
        rows: &Rows,
        sorted: &SortedGroups<'_>,
    ) -> Result<(), Fatal> {
        let payable = revenue(usage_kinds, contexts, sorted.totals(), amounts);
        self.revenue.divide_all(&payable, usage_kinds, rows, sorted).map(drop)
    }

    /// The net revenue of the usages of a kind and an item, in units; `place` counts kinds of items
    /// through the output.
    pub(crate) fn revenue(&self, kind: u32, net: i128, place: u64) -> Option<i128> {
        self.revenue.units(kind, net, place)
    }

    /// Net revenue of a sales context as text, where it says how much is allocated.
    pub(crate) fn write(&self, units: i128, context: u32) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        self.allocates.get(context as usize).filter(|allocates| **allocates)?;
        self.revenue.rates.write(units, &mut text).map(|()| text)
    }

    /// The shape of an allocation, where there are any.
    pub(crate) fn shape(&self) -> Option<Shape> {
        let columns: Vec<Slot> = self.columns.iter().copied().map(Slot::Field).collect();
        (!columns.is_empty()).then(|| Shape { record: "".into(), group: Group::Allocation, columns })
    }

    /// Adds the allocation of a usage.
    pub(crate) fn push(
        &self,
        batch: &mut BlockBatch,
        (shape, usage, context): (usize, u32, u32),
        allotted: &UsageAllocation,
    ) {
        let Some(Some(said)) = self.contexts.get(context as usize) else { return };
        batch.push_entity(shape, self.columns.len(), 0);
        if let Some(entity) = batch.last_entity() {
            entity.parent = usage;
            entity.context = context;
        }
        for (column, (field, said)) in self.columns.iter().zip(said).enumerate() {
            let plays;
            let cell = match *field {
                Field::ALLOCATION_USAGES => {
                    plays = allotted.plays.to_string();
                    Some(plays.as_bytes())
                }
                Field::ALLOCATION_AMOUNT => allotted.amount.as_deref(),
                Field::ALLOCATION_NET_REVENUE => allotted.revenue.as_deref(),
                _ => said.as_deref().map(str::as_bytes),
            };
            if let Some(cell) = cell {
                let span = batch.text(cell);
                batch.set(column, span);
            }
        }
    }
}

/// What a sales context says of all of its allocations.
fn said(context: &Entity, field: Field) -> Option<&str> {
    match field {
        Field::ALLOCATION_HOLDER => context.text(Field::RIGHTS_CONTROLLER),
        Field::ALLOCATION_HOLDER_ID => context.text(Field::RIGHTS_CONTROLLER_ID),
        Field::ALLOCATION_RIGHTS_TYPE => context.text(Field::RIGHTS_TYPE),
        // The usages of the report are the recipient's alone, unless the context names a part of
        // the rights.
        Field::ALLOCATION_SHARE => Some(context.text(Field::RIGHTS_SHARE).unwrap_or("100")),
        _ => None,
    }
}

/// The net revenue of each sales context, parted by the plays that are paid for.
fn revenue(usage_kinds: &UsageKinds, contexts: &[Entity], sums: &Totals, amounts: &Amounts) -> Royalties {
    let allocated = contexts
        .iter()
        .map(|context| decimal::parse(context.text(Field::ALLOCATED_NET_REVENUE)?, Grammar::PLAIN).ok());
    let allocated: Vec<Option<Decimal>> = allocated.collect();
    let places = allocated.iter().flatten().map(Decimal::scale).max().unwrap_or(0);
    let units = |amount: &Decimal| {
        amount.mantissa().checked_mul(10_i128.checked_pow(places.saturating_sub(amount.scale()))?)
    };
    let all: Vec<i128> =
        allocated.iter().map(|amount| amount.as_ref().and_then(units).unwrap_or(0)).collect();
    let mut plays = vec![0_i128; contexts.len()];
    let paid = || (0_u32..).zip(&sums.kinds).filter(|(kind, _)| amounts.rates.pays(*kind));
    for (kind, (sold, returned)) in paid() {
        let context = usage_kinds.context_of(kind).and_then(|context| plays.get_mut(context as usize));
        if let Some(plays) = context {
            *plays += i128::from(*sold) - i128::from(*returned);
        }
    }
    let one = 10_i128.checked_pow(places).unwrap_or(1);
    let unit = |kind: u32| {
        let context = usage_kinds.context_of(kind).filter(|_| amounts.rates.pays(kind))?;
        allocated.get(context as usize)?.as_ref()?;
        let plays = plays.get(context as usize).copied().filter(|plays| *plays > 0)?;
        let numerator = all.get(context as usize).copied()?;
        let denominator = plays.checked_mul(one)?;
        Some(UnitRate { numerator, denominator, sum: Some(context), ..UnitRate::default() })
    };
    let units: Vec<Option<UnitRate>> = (0..sums.kinds.len() as u32).map(unit).collect();
    // What nothing was played of is no sum of usages.
    let shared = |context: usize| plays.get(context).is_some_and(|plays| *plays > 0);
    let sums = all.iter().enumerate().map(|(context, sum)| if shared(context) { *sum } else { 0 });
    Royalties { units, sums: sums.collect(), places, ..Royalties::default() }
}
