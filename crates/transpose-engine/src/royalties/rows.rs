//! Which usages of an item are in one row of a target.
//!
//! A message has a usage for each sales context and usage kind. A table shows some of their fields
//! only: without a column for the territory, the usages of two territories would be two rows that
//! look the same. So for a table, kinds of usages that are equal in everything that it shows are
//! one row: plays, time, returns and amounts are added, and the sales contexts that look the same
//! are one context, with the totals of all. Amounts in different currencies are never added, nor
//! sales at different prices.

use crate::aggregate::table::Group;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::royalties::rates::Rates;
use crate::royalties::rounding::PaidAmounts;
use std::collections::BTreeMap;
use transpose_codes::duration::Duration;
use transpose_core::accounting::ExactSum;
use transpose_core::model::{Entity, Field, FieldSet, Group as Kind};

/// What distinguishes rows whether it is shown or not: the currency of amounts.
const ALWAYS: [Field; 1] = [Field::CURRENCY];

/// What distinguishes sales besides.
const OF_SALES: [Field; 2] = [Field::TRANSACTION_CURRENCY, Field::PRICE];

/// What a context sums, so that it distinguishes nothing.
const TOTALS: [Field; 2] = [Field::TOTAL_USAGES, Field::TOTAL_DURATION];

/// A row of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The number of the sales context, as the target knows it.
    pub(crate) context: u32,
    /// The first usage kind of its usages.
    pub(crate) usage_kind: u32,
}

/// For each kind of usages the row that it is in.
#[derive(Debug)]
pub(crate) struct Rows {
    /// For each kind the number of its row, in the order of the output.
    numbers: Vec<u32>,
    /// For each kind the first of those in its row that are worth the same: their plays are paid
    /// for together.
    alike: Vec<u32>,
    all: Vec<Row>,
    /// Whether rows come in the order of kinds.
    rising: bool,
}

impl Rows {
    /// Each kind is a row of its own.
    pub(crate) fn apart(usage_kinds: &UsageKinds) -> Self {
        let kinds = 0..usage_kinds.kinds() as u32;
        let row =
            |kind| Row { context: usage_kinds.context_of(kind).unwrap_or(u32::MAX), usage_kind: kind >> 1 };
        Self {
            numbers: kinds.clone().collect(),
            alike: kinds.clone().collect(),
            all: kinds.map(row).collect(),
            rising: true,
        }
    }

    /// The rows of a table that shows the given fields, with the sales contexts that it shows.
    pub(crate) fn shown<'a>(
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
        amounts: Option<&'a PaidAmounts>,
        writes: FieldSet,
    ) -> (Self, Vec<Entity>) {
        let of_sales = OF_SALES.into_iter().filter(|_| usage_kinds.sells());
        let apart = ALWAYS.into_iter().chain(of_sales).collect::<FieldSet>().union(writes);
        let apart = apart.difference(TOTALS.into_iter().collect());
        let mut merged: BTreeMap<Entity, Vec<&Entity>> = BTreeMap::new();
        let looks: Vec<Entity> = contexts.iter().map(|context| only(context, Kind::Context, apart)).collect();
        for (look, context) in looks.iter().zip(contexts) {
            merged.entry(look.clone()).or_default().push(context);
        }
        let places: BTreeMap<&Entity, u32> = merged.keys().zip(0..).collect();
        let shows = |field| writes.contains(field);
        let mut all: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for kind in 0..usage_kinds.kinds() as u32 {
            let context = usage_kinds.context_of(kind).and_then(|context| looks.get(context as usize));
            let context = context.and_then(|look| places.get(look)).copied().unwrap_or(u32::MAX);
            let usage =
                usage_kinds.usage_of(kind).map(|usage| only(usage, Kind::Usage, apart)).unwrap_or_default();
            let bearing = shows(Field::ROYALTY_BEARING) && kind & 1 == 1;
            // Plays that are not paid for are beside those that are, where the difference is not
            // shown.
            let paid = |rates: &'a Rates| {
                let beside = !shows(Field::ROYALTY_BEARING) && !rates.pays(kind);
                (rates, if beside { kind ^ 1 } else { kind })
            };
            let paid = amounts.map(|amounts| &amounts.net.rates).map(paid);
            let rate = paid.filter(|_| shows(Field::RATE)).and_then(|(rates, kind)| rates.text(kind));
            let model = paid.filter(|_| shows(Field::ROYALTY_MODEL));
            let model = model.and_then(|(rates, kind)| rates.model(kind));
            let deal = paid.filter(|_| shows(Field::DEAL)).and_then(|(rates, kind)| rates.deal(kind));
            let share = paid.filter(|_| shows(Field::SHARE)).and_then(|(rates, kind)| rates.share(kind));
            all.entry((context, usage, bearing, rate, model, deal, share)).or_default().push(kind);
        }
        let (mut numbers, mut rows) = (vec![0; usage_kinds.kinds()], Vec::with_capacity(all.len()));
        let mut alike = vec![0; usage_kinds.kinds()];
        for ((context, ..), kinds) in all {
            // Few kinds share a row: those of the tiers and territories that a table does not show.
            let mut first: Vec<u32> = Vec::new();
            for kind in &kinds {
                // Without a deal, what counts is whether the plays are long enough.
                let same = |other: &&u32| {
                    amounts.map_or(**other & 1 == *kind & 1, |amounts| amounts.alike(**other, *kind))
                };
                let like = first.iter().find(same).copied().unwrap_or_else(|| {
                    first.push(*kind);
                    *kind
                });
                if let (Some(number), Some(place)) =
                    (numbers.get_mut(*kind as usize), alike.get_mut(*kind as usize))
                {
                    (*number, *place) = (rows.len() as u32, like);
                }
            }
            rows.push(Row { context, usage_kind: kinds.first().map_or(0, |kind| kind >> 1) });
        }
        let rising = numbers.is_sorted() && alike.is_sorted();
        let contexts = merged.into_values().map(|like| together(&like)).collect();
        (Self { numbers, alike, all: rows, rising }, contexts)
    }

    fn number(&self, group: Group) -> u32 {
        self.numbers.get(group.kind() as usize).copied().unwrap_or(u32::MAX)
    }

    /// The row of a ranked group.
    pub(crate) fn row(&self, group: Group) -> Option<Row> {
        self.all.get(self.number(group) as usize).copied()
    }

    /// Whether two neighbouring groups are in one row.
    #[inline]
    pub(crate) fn same(&self, a: &Group, b: &Group) -> bool {
        a.item() == b.item() && self.number(*a) == self.number(*b)
    }

    fn like(&self, group: Group) -> u32 {
        self.alike.get(group.kind() as usize).copied().unwrap_or(u32::MAX)
    }

    /// Whether two neighbouring groups are in one row and are worth the same, so that the royalties
    /// of them is worked out together.
    #[inline]
    pub(crate) fn paid_together(&self, a: &Group, b: &Group) -> bool {
        a.item() == b.item() && self.like(*a) == self.like(*b)
    }

    /// Brings groups, which are sorted by item and kind, into the order of rows.
    pub(crate) fn arrange(&self, groups: &mut [Group]) {
        if !self.rising {
            groups.sort_unstable_by_key(|group| {
                (group.item(), self.number(*group), self.like(*group), group.key)
            });
        }
    }
}

/// The fields of a group that are in a set.
fn only(entity: &Entity, group: Kind, fields: FieldSet) -> Entity {
    let mut out = Entity::default();
    for (field, value) in entity.iter().filter(|(field, _)| field.group() == group && fields.contains(*field))
    {
        out.set(field, value.clone());
    }
    out
}

/// The sales context that several make together: what they agree on, and the sums of their totals.
fn together(like: &[&Entity]) -> Entity {
    let Some((first, rest)) = like.split_first() else { return Entity::default() };
    let mut context = (*first).clone();
    if rest.is_empty() {
        return context;
    }
    for (field, value) in first.iter() {
        if rest.iter().any(|other| other.value(field) != Some(value)) {
            context.unset(field);
        }
    }
    let all = || like.iter();
    let mut usages = ExactSum::default();
    if all().all(|context| {
        context.text(Field::TOTAL_USAGES).is_some_and(|text| usages.add_text(text.as_bytes()).is_some())
    }) {
        context.set(Field::TOTAL_USAGES, usages.to_string());
    }
    let micros = all().map(|context| Duration::iso_micros(context.text(Field::TOTAL_DURATION)?.as_bytes()));
    if let Some(micros) = micros.map(|micros| micros.map(i128::from)).sum::<Option<i128>>()
        && let Ok(micros) = i64::try_from(micros)
    {
        let mut text = Vec::new();
        Duration::from_micros(micros).write_iso(&mut text);
        context.set(Field::TOTAL_DURATION, String::from_utf8_lossy(&text).into_owned());
    }
    context
}
