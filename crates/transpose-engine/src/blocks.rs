//! The account of blocks that are passed on from one report of aggregates to another.

use crate::codes;
use std::collections::BTreeMap;
use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_codes::duration::Duration;
use transpose_core::batch::{Block, Blocks, EntityRef};
use transpose_core::diagnostic::Fatal;
use transpose_core::field::{Field, Group};
use transpose_core::ledger::Amounts;
use transpose_core::report::Report;

/// Accounts for every usage of the blocks as read and converted.
pub(crate) fn account(blocks: Blocks<'_>, report: &mut Report) -> Result<(), Fatal> {
    let mut sum = Amounts::default();
    for usage in blocks.iter().flat_map(Block::entities).filter(|entity| entity.group() == Some(Group::Usage))
    {
        sum.add(&amounts(blocks, usage)).map_err(|error| codes::imbalance(&error))?;
    }
    let ledger = &mut report.ledger;
    ledger.read.add(&sum).and_then(|()| ledger.converted.add(&sum)).map_err(|error| codes::imbalance(&error))
}

/// What one usage adds to the account; decoders have rejected what is not a number.
fn amounts(blocks: Blocks<'_>, usage: EntityRef<'_>) -> Amounts {
    let number = |field| usage.field(field).first().and_then(decimal);
    let plays = number(Field::QUANTITY).unwrap_or_default();
    let mut money = BTreeMap::new();
    let currency = usage
        .context_index()
        .and_then(|index| blocks.contexts.get(index))
        .and_then(|context| context.text(Field::CURRENCY));
    if let (Some(price), Some(currency)) = (number(Field::PRICE), currency) {
        money.insert(currency.into(), price.checked_mul(plays).unwrap_or_default());
    }
    let duration = usage.field(Field::USAGE_DURATION).first().and_then(|text| std::str::from_utf8(text).ok());
    let micros =
        duration.and_then(|text| Duration::parse_iso(text).ok()).map_or(0, |parsed| parsed.duration.micros());
    Amounts { rows: 1, plays, micros: i128::from(micros), money }
}

fn decimal(text: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(text).ok()?, Grammar::PLAIN).ok()
}
