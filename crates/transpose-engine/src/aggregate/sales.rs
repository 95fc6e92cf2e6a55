//! The money of sales, for the ledger.
//!
//! Which row was paid how much follows from its context key. So the rows of a chunk are only
//! counted by key and by what became of them, and the amounts are multiplied when the chunk is
//! done: exact, and no arithmetic for each row.

use crate::diagnostics;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::accounting::{Amounts, ExactSum, Ledger, NO_CURRENCY};
use transpose_core::diagnostics::Fatal;
use transpose_core::model::vocabulary::transaction_type::REFUND;
use transpose_core::model::{Entity, Field, FieldSet};

/// Whether a source reports sales.
pub(crate) fn sells(reads: FieldSet) -> bool {
    reads.contains(Field::RETAIL_PRICE) || reads.contains(Field::TRANSACTION_TYPE)
}

/// What the ledger wants to know of sales with one context key.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    /// Whether the money was given back.
    pub(crate) returned: bool,
    currency: Box<str>,
    /// What was paid, with tax; negative for what was given back.
    paid: Decimal,
    /// The price that is reported.
    price: Option<Decimal>,
}

impl Sale {
    /// The sale that an event is, with the answer of the agreement where it has one; nothing for
    /// plays.
    pub(crate) fn new(event: &Entity, answer: Option<&Entity>) -> Option<Self> {
        let kind = event.text(Field::TRANSACTION_TYPE);
        if kind.is_none() && event.value(Field::RETAIL_PRICE).is_none() {
            return None;
        }
        let text = |field| answer.and_then(|answer| answer.text(field)).or_else(|| event.text(field));
        Some(Self {
            returned: kind == Some(REFUND),
            currency: text(Field::EVENT_CURRENCY).unwrap_or(NO_CURRENCY).into(),
            paid: text(Field::RETAIL_PRICE).and_then(exact).unwrap_or_default(),
            price: answer.and_then(|answer| answer.text(Field::PRICE)).and_then(exact),
        })
    }
}

fn exact(text: &str) -> Option<Decimal> {
    decimal::parse(text, Grammar::PLAIN).ok()
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RowOutcome {
    /// It is part of the output.
    Converted,
    /// It was left out, for the given reason.
    Filtered(&'static str),
    /// It was rejected, with the code of the given id.
    Rejected(&'static str),
}

/// Counts the sales of a chunk.
#[derive(Default)]
pub(crate) struct SalesLedger(HashMap<(u32, RowOutcome), u64, RandomState>);

impl SalesLedger {
    /// Counts a row by the number of its key.
    pub(crate) fn count(&mut self, key: u32, outcome: RowOutcome, sales: u32) {
        *self.0.entry((key, outcome)).or_default() += u64::from(sales);
    }

    /// Adds the money to a ledger; `sale` knows the keys.
    pub(crate) fn close<'a>(
        &mut self,
        sale: impl Fn(u32) -> Option<&'a Sale>,
        ledger: &mut Ledger,
    ) -> Result<(), Fatal> {
        for ((key, outcome), count) in self.0.drain() {
            let Some(sale) = sale(key) else { continue };
            let times = |amount: Decimal| {
                let mut sum = ExactSum::default();
                sum.add_product(amount, count.into());
                sum
            };
            let mut amounts = Amounts::default();
            amounts.paid.insert(sale.currency.clone(), times(sale.paid));
            if let Some(price) = sale.price.filter(|_| !sale.returned) {
                amounts.money.insert(sale.currency.clone(), times(price));
            }
            let place = match outcome {
                RowOutcome::Converted => &mut ledger.converted,
                RowOutcome::Filtered(reason) => ledger.filtered.entry(reason).or_default(),
                RowOutcome::Rejected(code) => ledger.rejected.entry(code).or_default(),
            };
            place
                .add(&amounts)
                .and_then(|()| ledger.read.add(&amounts))
                .map_err(|error| diagnostics::imbalance(&error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(pairs: &[(Field, &str)]) -> Entity {
        let mut entity = Entity::default();
        for (field, text) in pairs {
            entity.set(*field, *text);
        }
        entity
    }

    #[test]
    fn money_is_counted_by_what_became_of_it() {
        let sold = entity(&[(Field::RETAIL_PRICE, "1.20"), (Field::TRANSACTION_TYPE, "sale")]);
        let answer =
            entity(&[(Field::RETAIL_PRICE, "1.20"), (Field::EVENT_CURRENCY, "GBP"), (Field::PRICE, "1")]);
        let back = entity(&[(Field::RETAIL_PRICE, "-1.20"), (Field::TRANSACTION_TYPE, "refund")]);
        let given =
            entity(&[(Field::RETAIL_PRICE, "-1.20"), (Field::EVENT_CURRENCY, "GBP"), (Field::PRICE, "1")]);
        let sales = [Sale::new(&sold, Some(&answer)), Sale::new(&back, Some(&given)), Sale::new(&sold, None)];
        assert!(Sale::new(&entity(&[(Field::PLAN, "a")]), None).is_none());
        let mut sales_ledger = SalesLedger::default();
        for (key, outcome, count) in [
            (0, RowOutcome::Converted, 3),
            (1, RowOutcome::Converted, 1),
            (0, RowOutcome::Filtered("why"), 2),
            (2, RowOutcome::Rejected("XXX0101"), 1),
        ] {
            sales_ledger.count(key, outcome, count);
        }
        let mut ledger = Ledger::default();
        sales_ledger.close(|key| sales[key as usize].as_ref(), &mut ledger).unwrap();
        let of = |sums: &std::collections::BTreeMap<Box<str>, ExactSum>| {
            sums.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect::<Vec<_>>()
        };
        assert_eq!(of(&ledger.converted.paid), ["GBP 2.4"]);
        assert_eq!(of(&ledger.converted.money), ["GBP 3"]);
        assert_eq!(of(&ledger.filtered["why"].paid), ["GBP 2.4"]);
        assert_eq!(of(&ledger.rejected["XXX0101"].paid), ["XXX 1.2"]);
        assert_eq!(of(&ledger.read.paid), ["GBP 4.8", "XXX 1.2"]);
        assert_eq!(of(&ledger.read.money), ["GBP 5"]);
        assert!(sales_ledger.0.is_empty());
    }
}
