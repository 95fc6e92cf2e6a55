//! The account of blocks that are passed on from one report of aggregates to another.

use crate::contexts::total::whole;
use crate::diagnostics;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::duration::Duration;
use transpose_core::accounting::{Amounts, NO_CURRENCY, RunReport};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{Block, Blocks, Entity, EntityRef, Field, Group};

/// Where usages of a shape have what is accounted for.
struct Columns {
    quantity: Option<usize>,
    returns: Option<usize>,
    price: Option<usize>,
    duration: Option<usize>,
    amount: Option<usize>,
}

/// Accounts for every usage of the blocks as read and converted.
pub(crate) fn account(blocks: Blocks<'_>, report: &mut RunReport) -> Result<(), Fatal> {
    let usages = blocks.shapes.iter().map(|shape| {
        (shape.group == Group::Usage).then(|| Columns {
            quantity: shape.column(Field::QUANTITY),
            returns: shape.column(Field::RETURNS),
            price: shape.column(Field::PRICE),
            duration: shape.column(Field::USAGE_DURATION),
            amount: shape.column(Field::AMOUNT),
        })
    });
    let usages: Vec<Option<Columns>> = usages.collect();
    let mut sum = Amounts::default();
    // Whole plays are summed by themselves; all of a batch fit.
    let mut plays = 0_u64;
    let mut owed = Owed::default();
    for usage in blocks.iter().flat_map(Block::entities) {
        let Some(Some(columns)) = usages.get(usage.shape_index()) else { continue };
        let cell = |column: Option<usize>| column.and_then(|column| usage.cell(column).first());
        let quantity = cell(columns.quantity);
        sum.rows += 1;
        sum.micros += i128::from(cell(columns.duration).and_then(Duration::iso_micros).unwrap_or(0));
        if let Some(returns) = cell(columns.returns).filter(|returns| *returns != b"0").and_then(decimal) {
            let all = sum.returns.checked_add(returns).ok_or_else(|| diagnostics::overflow("returns"))?;
            sum.returns = all.normalize();
        }
        if let Some(amount) = cell(columns.amount) {
            owed.add(usage.context_index(), amount)?;
        }
        match (quantity.and_then(whole), cell(columns.price)) {
            (Some(count), None) if plays < 1 << 62 => plays += count,
            (_, price) => {
                let amounts = exact(blocks, usage, quantity, price);
                sum.add(&amounts).map_err(|error| diagnostics::imbalance(&error))?;
            }
        }
    }
    owed.add_to(blocks.contexts, &mut sum)?;
    sum.plays =
        sum.plays.checked_add(plays.into()).ok_or_else(|| diagnostics::overflow("plays"))?.normalize();
    let ledger = &mut report.ledger;
    ledger
        .read
        .add(&sum)
        .and_then(|()| ledger.converted.add(&sum))
        .map_err(|error| diagnostics::imbalance(&error))
}

/// The royalties of the usages of a batch, by sales context.
#[derive(Default)]
struct Owed {
    sums: BTreeMap<Option<usize>, Decimal>,
    /// The context of the usages before, with their sum: neighbours are mostly of one context.
    last: Option<(Option<usize>, Decimal)>,
}

impl Owed {
    fn add(&mut self, context: Option<usize>, amount: &[u8]) -> Result<(), Fatal> {
        let Some(amount) = decimal(amount) else { return Ok(()) };
        let sum = match self.last {
            Some((last, sum)) if last == context => sum,
            _ => {
                self.put()?;
                Decimal::ZERO
            }
        };
        let sum = sum.checked_add(amount).ok_or_else(|| diagnostics::overflow("royalties"))?;
        self.last = Some((context, sum));
        Ok(())
    }

    fn put(&mut self) -> Result<(), Fatal> {
        let Some((context, amount)) = self.last.take() else { return Ok(()) };
        let sum = self.sums.entry(context).or_default();
        *sum = sum.checked_add(amount).ok_or_else(|| diagnostics::overflow("royalties"))?;
        Ok(())
    }

    fn add_to(mut self, contexts: &[Entity], amounts: &mut Amounts) -> Result<(), Fatal> {
        self.put()?;
        for (context, sum) in self.sums {
            let context = context.and_then(|context| contexts.get(context));
            let currency = context.and_then(|context| context.text(Field::CURRENCY)).unwrap_or(NO_CURRENCY);
            let entry = amounts.owed.entry(currency.into()).or_default();
            *entry = entry.checked_add(sum).ok_or_else(|| diagnostics::overflow("royalties"))?.normalize();
        }
        Ok(())
    }
}

/// Plays and money of one usage; decoders have rejected what is not a number.
fn exact(blocks: Blocks<'_>, usage: EntityRef<'_>, quantity: Option<&[u8]>, price: Option<&[u8]>) -> Amounts {
    let plays = quantity.and_then(decimal).unwrap_or_default();
    let mut money = BTreeMap::new();
    let currency =
        usage.context_index().and_then(|index| blocks.contexts.get(index)).and_then(Entity::price_currency);
    if let (Some(price), Some(currency)) = (price.and_then(decimal), currency) {
        money.insert(currency.into(), price.checked_mul(plays).unwrap_or_default());
    }
    Amounts { plays, money, ..Amounts::default() }
}

fn decimal(text: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(text).ok()?, Grammar::PLAIN).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quick_numbers_agree_with_the_parser(text in "-?[0-9]{0,20}(\\.[0-9])?") {
            if let Some(quick) = whole(text.as_bytes()) {
                prop_assert_eq!(decimal(text.as_bytes()), Some(Decimal::from(quick)));
            }
        }
    }
}
