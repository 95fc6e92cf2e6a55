//! Rates of exchange: from the currency of an amount to that of reporting.

use super::explain::plain;
use super::{Basis, named};
use crate::arithmetic::money::{Direction, Rate};
use crate::arithmetic::number::{Exact, exact, whole, zero};
use crate::policies::ExchangeRates;
use crate::toml::value;
use serde_json::json;
use transpose_codes::Currency;
use transpose_core::diagnostics::Location;
use transpose_core::model::Field;

transpose_core::codes! {
    /// A currency without a rate.
    pub(crate) NO_EXCHANGE_RATE: "DEA0521" "no-exchange-rate" Error
        "An amount is in another currency than that of reporting, and nothing says at which rate it is converted."
        "Add a `[[deal.exchange]]` for the currency, or write `exchange = \"figures\"` and give the figures `transaction-currency` and `exchange-rate`."
    /// An old rate of exchange.
    pub(crate) STALE_EXCHANGE_RATE: "DEA0522" "stale-exchange-rate" Warning
        "The rate of exchange is of a day before the period."
        "Take the rate that was agreed for the period."
}

impl Basis<'_> {
    /// What amounts in a currency are multiplied with, to be in the currency of reporting.
    pub(crate) fn factor(&mut self, from: Currency, context: usize) -> Exact {
        if from == self.input.reporting {
            return whole(1);
        }
        let found = match &self.input.policies.exchange {
            Some(ExchangeRates::Figures) if self.input.is_earlier => None,
            Some(ExchangeRates::Figures) => self.rate_of_figures(from, context),
            Some(ExchangeRates::Listed(rates)) => rates.iter().find(|rate| rate.from == from).map(|listed| {
                let date = listed.date.to_string();
                (listed.rate.clone(), date, listed.source.clone(), listed.place.clone())
            }),
            None => None,
        };
        let Some((rate, date, source, place)) = found else {
            let message = format!(
                "there is no rate from {from} to {} for {}",
                self.input.reporting,
                named(self.context(context))
            );
            self.report_deal(&NO_EXCHANGE_RATE, message);
            return zero();
        };
        let first = self.input.period.map(|period| period.first().to_string());
        if let Some(first) =
            first.filter(|first| !date.is_empty() && date.get(..10).is_some_and(|day| day < first.as_str()))
        {
            let message = format!(
                "the rate from {from} is of {}, before the period begins on {first}",
                date.get(..10).unwrap_or(&date)
            );
            self.report(&STALE_EXCHANGE_RATE, &place, message);
        }
        let line = json!({
            "step": "exchange",
            "from": from.code(),
            "to": self.input.reporting.code(),
            "rate": plain(&rate.rate),
            "direction": if rate.direction == Direction::Multiply { "multiply" } else { "divide" },
            "date": date,
            "source": source,
            "stands": place.to_string(),
        });
        self.exchanges.insert(line.to_string(), line);
        rate.factor().unwrap_or_else(zero)
    }

    /// The rate that the figures state for a context, from its currency of transaction.
    fn rate_of_figures(&self, from: Currency, context: usize) -> Option<(Rate, String, String, Location)> {
        let entity = self.context(context);
        let stated = entity.text(Field::TRANSACTION_CURRENCY) == Some(from.code());
        let rate = entity
            .text(Field::EXCHANGE_RATE)
            .filter(|_| stated)
            .and_then(|text| value::decimal(text).ok())?;
        let text = |field| entity.text(field).unwrap_or_default().to_owned();
        let rate = Rate { rate: exact(rate), direction: Direction::Multiply };
        Some((rate, text(Field::EXCHANGE_RATE_DATE), text(Field::EXCHANGE_RATE_SOURCE), self.place(context)))
    }
}
