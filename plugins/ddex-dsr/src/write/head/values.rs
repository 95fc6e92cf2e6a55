//! What a summary record says of a sales context: what the context states, and what follows from
//! that.

use crate::accounts::Counterpart;
use crate::summaries::{Model, cell_default, exchange_rate, is_filled, value_of};
use transpose_core::model::{Entity, Field, Value};
use transpose_core::terms::Terms;
use transpose_records::spec::{CellSlot, CellSpec, Obligation, RecordSpec};

/// Where the values of a summary record come from.
pub(super) struct SummaryValues<'a> {
    pub(super) spec: &'static RecordSpec,
    pub(super) context: &'a Entity,
    pub(super) id: &'a str,
    pub(super) header: &'a Entity,
    pub(super) terms: Option<&'a dyn Terms>,
}

impl SummaryValues<'_> {
    /// What the context, the header or the agreement states.
    pub(super) fn stated(&self, cell: &CellSpec) -> Option<Value> {
        let (context, terms) = (self.context, self.terms);
        match cell.slot {
            CellSlot::Structure => None,
            CellSlot::Extra(name) => {
                let of_header = match name {
                    "ReportingPeriodStartDate" => value_of(self.header, Field::PERIOD_START, terms),
                    "ReportingPeriodEndDate" => value_of(self.header, Field::PERIOD_END, terms),
                    _ => None,
                };
                let own = context.extras.get(name).filter(|value| is_filled(value)).cloned().or(of_header);
                own.or_else(|| cell_default(cell, terms).map(Value::from))
            }
            CellSlot::Field(Field::CONTEXT_ID) => Some(self.id.into()),
            CellSlot::Field(field) => value_of(context, field, terms),
        }
    }

    /// What follows from other cells, for one that must have a value or that was not read empty.
    pub(super) fn derived(&self, number: usize, cell: &CellSpec) -> Option<Value> {
        let mandatory = cell.obligation == Obligation::Mandatory;
        if !mandatory && !self.context.origin.is_empty() {
            return None;
        }
        self.rule(cell).filter(|_| mandatory).or_else(|| self.exchanged(number))
    }

    /// What holds where nothing is stated.
    fn rule(&self, cell: &CellSpec) -> Option<Value> {
        let currency = || value_of(self.context, Field::CURRENCY, self.terms);
        match cell.field()? {
            // Amounts without another currency were paid in that of reporting.
            Field::TRANSACTION_CURRENCY => currency(),
            Field::EXCHANGE_RATE => exchange_rate(self.context, self.terms).map(Value::from),
            // Nobody subscribes where every sale, or nothing, is paid for.
            Field::UNIT_PRICE => {
                matches!(Model::of(self.context), Model::Sale | Model::Advertising).then(|| "0".into())
            }
            _ => None,
        }
    }

    /// The amount of the cell in the other currency.
    fn exchanged(&self, number: usize) -> Option<Value> {
        let counterpart = Counterpart::of(self.spec, number)?;
        let other = self.spec.cells.get(counterpart.index)?;
        let amounts = self.stated(other).or_else(|| self.rule(other))?;
        let rate = exchange_rate(self.context, self.terms)?;
        let converted: Option<Vec<String>> =
            amounts.iter().map(|amount| counterpart.convert(amount.as_bytes(), &rate)).collect();
        let mut converted = converted?;
        Some(match (converted.pop(), converted.is_empty()) {
            (Some(one), true) => one.into(),
            (last, _) => Value::Many(converted.into_iter().chain(last).map(Into::into).collect()),
        })
    }
}
