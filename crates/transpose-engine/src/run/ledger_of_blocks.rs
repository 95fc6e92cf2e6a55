//! The account of blocks that are passed on from one report of aggregates to another.

use crate::contexts::total::whole;
use crate::diagnostics;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::duration::Duration;
use transpose_core::accounting::{Amounts, Change, ExactSum, NO_CURRENCY, RunReport, Subject};
use transpose_core::codes;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location, shown};
use transpose_core::model::{Block, Blocks, Entity, EntityRef, Field, FieldSet, Group, Kind};

codes! {
    /// A sales context without usages, in a table.
    pub CONTEXT_WITHOUT_ROW: "ENG0709" "context-without-row" Warning
        "A table has a row for each usage, and shows the figures of a sales context beside its usages. A context of which there are none has no row, so its revenue and subscribers are lost. `--deny loss` makes it an error."
        "Take the figures from the report itself (`transpose inspect`), or convert to a format of messages, which have summary records."
}

/// Why figures of such contexts are lost.
const NO_ROW: &str = "no usage is of the sales context, and a table shows contexts with their usages";

/// Where usages of a shape have what is accounted for.
struct Columns {
    quantity: Option<usize>,
    returns: Option<usize>,
    price: Option<usize>,
    duration: Option<usize>,
    amount: Option<usize>,
}

/// Which sales contexts have usages, for targets that have no other place for contexts.
pub(crate) struct ContextUse(Vec<AtomicBool>);

impl ContextUse {
    pub(crate) fn new(contexts: usize) -> Self {
        Self((0..contexts).map(|_| AtomicBool::new(false)).collect())
    }

    fn note(&self, context: Option<usize>) {
        // What is set already is only read, so that threads do not take the line from each other.
        let known = context.and_then(|context| self.0.get(context));
        if let Some(known) = known.filter(|known| !known.load(Ordering::Relaxed)) {
            known.store(true, Ordering::Relaxed);
        }
    }

    /// Counts the numbers of sales contexts that no row shows as lost. `written` are the fields
    /// that the target has a place for: the others are lost whatever the rows are.
    pub(crate) fn report(&self, contexts: &[Entity], written: FieldSet, report: &mut RunReport) {
        for (context, used) in contexts.iter().zip(&self.0) {
            if used.load(Ordering::Relaxed) {
                continue;
            }
            let numbers = context.iter().filter(|(field, value)| {
                let is_number = matches!(field.spec().kind, Kind::Decimal | Kind::Integer);
                let number = || decimal::parse(value.first(), Grammar::LENIENT).ok();
                is_number && written.contains(*field) && number().is_some_and(|number| !number.is_zero())
            });
            let mut lost = Vec::new();
            for (field, value) in numbers {
                report.loss.add(Change::Lost, Subject::Field(field), 1, None, NO_ROW);
                lost.push(format!("`{field}` {}", value.first()));
            }
            if !lost.is_empty() {
                report.diagnostics.report(&CONTEXT_WITHOUT_ROW, || {
                    let names = [Field::CONTEXT_ID, Field::TERRITORY, Field::SERVICE];
                    let name = names.iter().filter_map(|name| context.text(*name)).collect::<Vec<_>>();
                    let message = format!(
                        "no usage is of the sales context {}, and a table shows contexts with their usages: {}",
                        shown(name.join(" ").as_bytes()),
                        lost.join(", ")
                    );
                    Diagnostic::new(&CONTEXT_WITHOUT_ROW, Location::default(), message)
                });
            }
        }
    }
}

/// Accounts for every usage of the blocks as read and converted.
pub(crate) fn account(
    blocks: Blocks<'_>,
    used: Option<&ContextUse>,
    report: &mut RunReport,
) -> Result<(), Fatal> {
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
        if let Some(used) = used {
            used.note(usage.context_index());
        }
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
