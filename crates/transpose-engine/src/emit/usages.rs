//! Usages as they are written: one for the groups of an item that make a row.

use crate::aggregate::table::{Group as CountedEvents, net};
use crate::aggregate::usage_kinds::UsageKinds;
use crate::royalties::allocations::{Allocations, UsageAllocation};
use crate::royalties::rounding::{Amounts, PaidAmounts};
use crate::royalties::rows::Rows;
use transpose_codes::duration::Duration;
use transpose_core::model::{BlockBatch, Field, FieldSet, Group, Shape, Slot, Span};

/// What follows from royalties.
const OF_AMOUNTS: [Field; 7] = [
    Field::RATE,
    Field::GROSS_AMOUNT,
    Field::SHARE,
    Field::WITHHELD,
    Field::AMOUNT,
    Field::ROYALTY_MODEL,
    Field::DEAL,
];

/// What usages are written with.
#[derive(Clone, Copy)]
pub(crate) struct UsageColumns<'a> {
    /// Which kinds make one usage.
    pub(crate) rows: &'a Rows,
    /// Royalties, where the agreement says so.
    pub(crate) amounts: Option<&'a PaidAmounts>,
    /// What is allocated to the recipient, where the agreement asks for it.
    pub(crate) allocations: Option<&'a Allocations>,
    /// Whether the source knows how long was played.
    pub(crate) timed: bool,
    /// Whether the target wants to know how many of the plays are paid for.
    pub(crate) qualified: bool,
    /// What the target writes.
    pub(crate) writes: FieldSet,
    /// Which columns of recordings are lists; see [`list_columns`].
    pub(crate) lists: &'a [bool],
}

/// Which columns are lists whose parts a table separates with `|`: what is known of a work and may
/// be of several parties.
pub(crate) fn list_columns(shape: &Shape) -> Vec<bool> {
    let is_list = |slot: &Slot| match slot {
        Slot::Field(field) => field.group() == Group::Work && field.spec().many,
        _ => false,
    };
    shape.columns.iter().map(is_list).collect()
}

/// What usages consist of.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any may be true")]
pub(crate) struct UsageContent<'a> {
    /// Whether the source knows how long was played.
    pub(crate) timed: bool,
    /// Whether there are sales.
    pub(crate) sells: bool,
    /// What distinguishes usages of one sales context.
    pub(crate) of_kinds: &'a [Field],
    /// Whether the target wants to know how many of the plays are paid for.
    pub(crate) qualified: bool,
    /// Whether there are royalties.
    pub(crate) amounts: bool,
    /// Whether net revenue is allocated to usages.
    pub(crate) revenue: bool,
    /// What the target writes.
    pub(crate) writes: FieldSet,
}

/// The columns of usages.
pub(crate) fn columns(content: &UsageContent<'_>) -> Vec<Field> {
    let mut columns = vec![Field::QUANTITY];
    columns.extend(content.timed.then_some(Field::USAGE_DURATION));
    columns.push(Field::ROYALTY_BEARING);
    columns.extend(content.sells.then_some(Field::RETURNS));
    columns.extend(content.of_kinds);
    columns.extend(content.qualified.then_some(Field::QUALIFIED));
    let of_amounts = if content.amounts { OF_AMOUNTS.as_slice() } else { &[] };
    columns.extend(of_amounts.iter().filter(|field| content.writes.contains(**field)));
    columns.extend(content.revenue.then_some(Field::USAGE_NET_REVENUE));
    columns
}

/// Writes usages.
pub(crate) struct UsageWriter<'a> {
    usage_kinds: &'a UsageKinds,
    columns: Vec<Field>,
    written: UsageColumns<'a>,
}

impl<'a> UsageWriter<'a> {
    /// How usages are written.
    pub(crate) fn new(usage_kinds: &'a UsageKinds, written: UsageColumns<'a>) -> Self {
        let columns = columns(&UsageContent {
            timed: written.timed,
            sells: usage_kinds.sells(),
            of_kinds: usage_kinds.usage_fields(),
            qualified: written.qualified,
            amounts: written.amounts.is_some(),
            revenue: written.allocations.is_some_and(|allocations| allocations.of_usages),
            writes: written.writes,
        });
        Self { usage_kinds, columns, written }
    }

    /// The shape of a usage.
    pub(crate) fn shape(&self) -> Shape {
        let columns = self.columns.iter().copied().map(Slot::Field).collect();
        Shape { record: "".into(), group: Group::Usage, columns }
    }

    /// The shape of what is allocated of a usage, where something is; it follows that of usages.
    pub(crate) fn allocation(&self) -> Option<Shape> {
        self.written.allocations.and_then(Allocations::shape)
    }

    /// Which columns of recordings are lists.
    pub(crate) fn lists(&self) -> &[bool] {
        self.written.lists
    }

    /// Which kinds make one usage.
    pub(crate) fn rows(&self) -> &Rows {
        self.written.rows
    }

    /// Adds the usage that groups of one item and one row are. `place` counts kinds of items
    /// through the whole output.
    pub(crate) fn push(
        &self,
        batch: &mut BlockBatch,
        shape: usize,
        groups: &[CountedEvents],
        parent: u32,
        place: &mut u64,
    ) {
        let Some(first) = groups.first() else { return };
        let row = self.written.rows.row(*first);
        let usage = batch.push_entity(shape, self.columns.len(), 0);
        if let Some(entity) = batch.last_entity() {
            entity.parent = parent;
            entity.context = row.map_or(u32::MAX, |row| row.context);
        }
        let sum = |returned| {
            let of = groups.iter().filter(|group| group.returned() == returned);
            of.fold(0, |sum: u64, group| sum.saturating_add(group.plays))
        };
        let mut column = 0;
        let mut next = || {
            column += 1;
            column - 1
        };
        let quantity = number(sum(false), batch);
        batch.set(next(), quantity);
        if self.written.timed {
            let start = batch.arena.len();
            let micros = groups.iter().fold(0, |sum: i64, group| sum.saturating_add(group.micros));
            Duration::from_micros(micros).write_iso(&mut batch.arena);
            batch.set(next(), Span::arena(start, batch.arena.len()));
        }
        let flag = batch.text(if first.bearing() { b"true" } else { b"false" });
        batch.set(next(), flag);
        if self.usage_kinds.sells() {
            let returns = number(sum(true), batch);
            batch.set(next(), returns);
        }
        for cell in self.usage_kinds.usage_cells(row.map_or(0, |row| row.usage_kind)) {
            let column = next();
            if let Some(text) = cell {
                let span = batch.text(text.as_bytes());
                batch.set(column, span);
            }
        }
        if self.written.qualified || self.written.amounts.is_some() {
            let allotted = self.push_royalties(batch, groups, next(), place);
            if let (Some(allotted), Some(allocations), Some(row)) = (allotted, self.written.allocations, row)
            {
                allocations.push(batch, (shape + 1, usage, row.context), &allotted);
            }
        }
    }

    /// Writes royalties, from the given column on; answers what is to be allocated, where something
    /// is payable.
    fn push_royalties(
        &self,
        batch: &mut BlockBatch,
        groups: &[CountedEvents],
        mut column: usize,
        place: &mut u64,
    ) -> Option<UsageAllocation> {
        let UsageColumns { amounts, qualified, allocations, .. } = self.written;
        let mut plays = 0_i128;
        let (mut net_units, mut gross, mut withheld) = (Some(0_i128), Some(0_i128), Some(0_i128));
        let mut revenue = allocations.map(|_| 0_i128);
        let add = |sum: &mut Option<i128>, more: Option<i128>| {
            *sum = sum.zip(more).and_then(|(sum, more)| sum.checked_add(more));
        };
        for kind in groups.chunk_by(|a, b| self.written.rows.paid_together(a, b)) {
            let Some(first) = kind.first() else { continue };
            let net = net(kind);
            if amounts.map_or(first.bearing(), |amounts| amounts.net.rates.pays(first.kind())) {
                plays += net;
            }
            if let Some(amounts) = amounts {
                let units = |amounts: &Amounts| amounts.units(first.kind(), net, *place);
                add(&mut net_units, units(&amounts.net));
                if let Some(amounts) = &amounts.gross {
                    add(&mut gross, units(amounts));
                }
                if let Some(amounts) = &amounts.withheld {
                    add(&mut withheld, units(amounts));
                }
            }
            if let Some(allocations) = allocations {
                add(&mut revenue, allocations.revenue(first.kind(), net, *place));
            }
            *place += 1;
        }
        let mut set = |text: Option<&[u8]>| {
            if let Some(text) = text {
                let span = batch.text(text);
                batch.set(column, span);
            }
            column += 1;
        };
        if qualified {
            set(Some(plays.to_string().as_bytes()));
        }
        let (amounts, first) = amounts.zip(groups.first())?;
        let rates = &amounts.net.rates;
        // Without a share or fee, the gross amount is what is paid and what is withheld.
        if amounts.gross.is_none() {
            gross = net_units.zip(withheld).and_then(|(paid, withheld)| paid.checked_add(withheld));
        }
        let paid = groups.iter().map(|group| group.kind()).find(|kind| rates.pays(*kind));
        let kind = paid.unwrap_or(first.kind());
        let mut text = Vec::new();
        for field in self.columns.iter().filter(|field| OF_AMOUNTS.contains(field)) {
            let units = match *field {
                Field::GROSS_AMOUNT => gross,
                Field::WITHHELD if amounts.withheld.is_some() => withheld,
                Field::AMOUNT => net_units,
                Field::RATE => {
                    set(rates.text(kind).map(str::as_bytes));
                    continue;
                }
                Field::SHARE => {
                    set(rates.share(kind).map(str::as_bytes));
                    continue;
                }
                Field::ROYALTY_MODEL => {
                    set(rates.model(kind).map(str::as_bytes));
                    continue;
                }
                Field::DEAL => {
                    set(rates.deal(kind).map(str::as_bytes));
                    continue;
                }
                _ => None,
            };
            text.clear();
            set(units.and_then(|units| rates.write(units, &mut text)).map(|()| text.as_slice()));
        }
        let allocations = allocations?;
        let context = self.written.rows.row(*first).map_or(u32::MAX, |row| row.context);
        let revenue = revenue.and_then(|units| allocations.write(units, context));
        if allocations.of_usages {
            set(revenue.as_deref());
        }
        text.clear();
        let amount = net_units.and_then(|units| rates.write(units, &mut text)).map(|()| text);
        Some(UsageAllocation { plays, amount, revenue })
    }
}

/// Writes a whole number in decimal digits.
fn number(mut number: u64, batch: &mut BlockBatch) -> Span {
    let out = &mut batch.arena;
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
    Span::arena(start, batch.arena.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::usage_kinds::{UsageKind, UsageKindInterner};
    use transpose_core::model::Entity;

    fn answer(territory: &str, price: Option<&str>) -> Entity {
        let mut entity = Entity::default();
        entity.set(Field::TERRITORY, territory);
        entity.set(Field::RETAIL_PRICE, "1.20");
        if let Some(price) = price {
            entity.set(Field::PRICE, price);
        }
        entity
    }

    fn written(rows: &Rows, timed: bool) -> UsageColumns<'_> {
        UsageColumns {
            rows,
            amounts: None,
            allocations: None,
            timed,
            qualified: false,
            writes: FieldSet::EMPTY,
            lists: &[],
        }
    }

    #[test]
    fn manners_of_one_context_share_it_and_returns_stand_beside_their_sales() {
        let mut interner_of_kinds = UsageKindInterner::default();
        let all = [
            ("GB", "2", true),
            ("GB", "1", false),
            ("DE", "1", false),
            ("GB", "2", false),
            ("GB", "1", true),
        ];
        for (number, (territory, price, returned)) in (0_u32..).zip(all) {
            let usage_kind = UsageKind::new(&answer(territory, Some(price)), returned);
            assert_eq!(interner_of_kinds.number(usage_kind.clone()).unwrap(), number);
            assert_eq!(interner_of_kinds.number(usage_kind).unwrap(), number);
        }
        let (contexts, usage_kinds) = interner_of_kinds.finish();
        assert_eq!(
            contexts.iter().filter_map(|context| context.text(Field::TERRITORY)).collect::<Vec<_>>(),
            ["DE", "GB"]
        );
        assert!(contexts.iter().all(|context| context.fields().len() == 1));
        assert_eq!(usage_kinds.ranks, [2 << 2 | 1, 1 << 2, 0, 2 << 2, 1 << 2 | 1]);
        let group = |number: usize| CountedEvents {
            key: CountedEvents::ranked(7, usage_kinds.ranks[number], true),
            plays: 3,
            micros: 0,
        };
        assert_eq!([0, 1, 2].map(|number| usage_kinds.context(group(number))), [Some(1), Some(1), Some(0)]);
        let rows = Rows::apart(&usage_kinds);
        let usages = UsageWriter::new(&usage_kinds, written(&rows, false));
        let mut batch = BlockBatch::default();
        batch.begin_block(Span::ABSENT, 0);
        usages.push(&mut batch, 0, &[group(3), group(0)], 5, &mut 0);
        batch.end_block(0);
        let shapes = [usages.shape()];
        let blocks =
            transpose_core::model::Blocks { batch: &batch, chunk: &[], shapes: &shapes, contexts: &contexts };
        let block = blocks.iter().next().unwrap();
        let usage = block.entities().next().unwrap();
        let text = |field| usage.field(field).first().map(|text| String::from_utf8_lossy(text).into_owned());
        assert_eq!(
            [Field::QUANTITY, Field::RETURNS, Field::PRICE].map(text),
            ["3", "3", "2"].map(|text| Some(text.to_owned()))
        );
        assert_eq!(usage.context_index(), Some(1));
    }

    #[test]
    fn plays_have_no_columns_of_sales() {
        let mut interner_of_kinds = UsageKindInterner::default();
        interner_of_kinds.number(UsageKind::new(&answer("GB", None), false)).unwrap();
        let (_, usage_kinds) = interner_of_kinds.finish();
        let expected = [Field::QUANTITY, Field::USAGE_DURATION, Field::ROYALTY_BEARING].map(Slot::Field);
        let rows = Rows::apart(&usage_kinds);
        assert_eq!(UsageWriter::new(&usage_kinds, written(&rows, true)).shape().columns, expected);
    }
}
