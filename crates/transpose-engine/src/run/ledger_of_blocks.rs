//! The account of blocks that are passed on from one report of aggregates to another.

use crate::contexts::total::whole;
use crate::diagnostics;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::duration::Duration;
use transpose_core::accounting::{Amounts, ExactSum, NO_CURRENCY, RunReport};
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
    let mut royalties = RoyaltyTotals::default();
    for usage in blocks.iter().flat_map(Block::entities) {
        let Some(Some(columns)) = usages.get(usage.shape_index()) else { continue };
        let cell = |column: Option<usize>| column.and_then(|column| usage.cell(column).first());
        let quantity = cell(columns.quantity);
        sum.rows += 1;
        sum.micros += i128::from(cell(columns.duration).and_then(Duration::iso_micros).unwrap_or(0));
        if let Some(returns) = cell(columns.returns).filter(|returns| *returns != b"0").and_then(decimal) {
            sum.returns.add_decimal(returns);
        }
        if let Some(amount) = cell(columns.amount) {
            royalties.add(usage.context_index(), amount);
        }
        match (quantity.and_then(whole), cell(columns.price)) {
            (Some(count), None) if plays < 1 << 62 => plays += count,
            (_, price) => add_exact(blocks, usage, (quantity, price), &mut sum),
        }
    }
    royalties.add_to(blocks.contexts, &mut sum);
    sum.plays.add_count(plays);
    let ledger = &mut report.ledger;
    ledger
        .read
        .add(&sum)
        .and_then(|()| ledger.converted.add(&sum))
        .map_err(|error| diagnostics::imbalance(&error))
}

/// The royalties of the usages of a batch, by sales context.
#[derive(Default)]
struct RoyaltyTotals {
    sums: BTreeMap<Option<usize>, ExactSum>,
    /// The context of the usages before, with their sum: neighbours are mostly of one context.
    last: Option<(Option<usize>, ExactSum)>,
}

impl RoyaltyTotals {
    fn add(&mut self, context: Option<usize>, amount: &[u8]) {
        if self.last.as_ref().is_none_or(|(last, _)| *last != context) {
            self.put();
        }
        let (_, sum) = self.last.get_or_insert_with(|| (context, ExactSum::default()));
        // Decoders have rejected what is not a number.
        let _ = sum.add_text(amount);
    }

    fn put(&mut self) {
        if let Some((context, sum)) = self.last.take() {
            self.sums.entry(context).or_default().merge(&sum);
        }
    }

    fn add_to(mut self, contexts: &[Entity], amounts: &mut Amounts) {
        self.put();
        for (context, sum) in self.sums.into_iter().filter(|(_, sum)| !sum.is_empty()) {
            let context = context.and_then(|context| contexts.get(context));
            let currency = context.and_then(|context| context.text(Field::CURRENCY)).unwrap_or(NO_CURRENCY);
            amounts.royalties.entry(currency.into()).or_default().merge(&sum);
        }
    }
}

/// Adds plays and money of one usage; decoders have rejected what is not a number.
fn add_exact(
    blocks: Blocks<'_>,
    usage: EntityRef<'_>,
    (quantity, price): (Option<&[u8]>, Option<&[u8]>),
    amounts: &mut Amounts,
) {
    let plays = quantity.and_then(decimal).unwrap_or_default();
    amounts.plays.add_decimal(plays);
    let currency =
        usage.context_index().and_then(|index| blocks.contexts.get(index)).and_then(Entity::price_currency);
    if let (Some(price), Some(currency)) = (price.and_then(decimal), currency) {
        match amounts.money.get_mut(currency) {
            Some(sum) => sum.add_product(price, plays),
            None => amounts.money.entry(currency.into()).or_default().add_product(price, plays),
        }
    }
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
