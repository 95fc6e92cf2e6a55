//! A share of what was paid, without sales tax.

use super::{KeySpec, ModelSpec, Need, RoyaltyModel};
use crate::arithmetic::number::{exact, per_cent};
use crate::arithmetic::pool::per_play;
use crate::arithmetic::sales::{UnitRounding, of_retail, without_tax};
use crate::basis::explain::{amount, plain};
use crate::basis::{Basis, Candidate, CountedUsage, UsageAmount, named};
use crate::policies::{Rates, RoundingLevel};
use crate::toml::value;
use serde_json::{Value, json};
use std::sync::Arc;
use transpose_codes::Currency;
use transpose_core::model::Field;

transpose_core::codes! {
    /// A sale without the price that its model needs.
    pub(crate) NO_SALE_PRICE: "DEA0529" "sale-without-base" Error
        "The model takes a share of a price, and a usage has none."
        "Take a source that states prices, or another model."
}

pub(super) static SPEC: ModelSpec = ModelSpec {
    word: "retail-share",
    pays: "a share of what was paid, without sales tax",
    keys: &[
        KeySpec::share("share", "share = \"70\"").favoured(),
        KeySpec::word(
            "base",
            &[("price-without-tax", &[]), ("retail-price", &[Need::RetailPrice])],
            "base = \"price-without-tax\"` or `base = \"retail-price\"",
        ),
        KeySpec::amount("tax", "tax = \"20\"").only_with("base", "retail-price"),
    ],
    needs: &[],
    template: None,
    read: |keys| {
        let share = keys.rates("share")?;
        let tax = keys.rates("tax");
        let with_tax = keys.word("base")? == "retail-price";
        Some(Arc::new(RetailShare { share, tax: if with_tax { Some(tax?) } else { None } }))
    },
};

#[derive(Debug)]
struct RetailShare {
    share: Rates,
    /// With a tax it is a share of what was paid; without, of the price without tax.
    tax: Option<Rates>,
}

impl RoyaltyModel for RetailShare {
    fn spec(&self) -> &'static ModelSpec {
        &SPEC
    }

    fn rates(&self) -> Vec<&Rates> {
        std::iter::once(&self.share).chain(&self.tax).collect()
    }

    fn amounts(&self, basis: &mut Basis<'_>) -> Candidate {
        Candidate::by_usage(basis, |basis, context, usage| self.amount(basis, context, usage))
    }
}

impl RetailShare {
    fn amount(&self, basis: &mut Basis<'_>, context: usize, usage: &CountedUsage<'_>) -> Option<UsageAmount> {
        let entity = usage.total.usage;
        let field = if self.tax.is_some() { Field::USAGE_RETAIL_PRICE } else { Field::PRICE };
        let price = entity.text(field).and_then(|text| value::decimal(text).ok()).map(exact);
        let currency = basis.context(context).price_currency();
        let currency = currency.and_then(|code| Currency::parse(code).ok());
        let (Some(price), Some(currency)) = (price, currency.map(|parsed| parsed.code)) else {
            let message = format!("a usage of {} has no `{field}`", named(basis.context(context)));
            basis.report_model(&NO_SALE_PRICE, message);
            return None;
        };
        let share = basis.rate(&self.share, context, Some(entity));
        let tax = self.tax.as_ref().map(|tax| basis.rate(tax, context, Some(entity)));
        let net = tax.as_ref().map_or_else(|| price.clone(), |tax| without_tax(&price, tax));
        let factor = basis.factor(currency, context);
        let rounded = rounding(basis, currency);
        let unit = of_retail(&net, &per_cent(&share), rounded) * &factor;
        let part = json!({
            "price": plain(&price), "tax": tax.as_ref().map(plain), "without-tax": amount(&net),
            "share": plain(&share), "currency": currency.code(), "exchange": amount(&factor),
            "plays": usage.plays.to_string(), "amount": amount(&per_play(usage.plays, &unit)),
            "unit-places": if let UnitRounding::Unit(places, _) = rounded { json!(places) } else { Value::Null },
        });
        Some(UsageAmount { unit, currency, part })
    }
}

/// How the price without tax and what a unit is worth are rounded, in their own currency.
fn rounding(basis: &Basis<'_>, currency: Currency) -> UnitRounding {
    let policies = basis.policies();
    match (policies.rounding.at, policies.rounding.mode) {
        (Some(RoundingLevel::Unit), Some(mode)) => UnitRounding::Unit(policies.places(currency), mode),
        _ => UnitRounding::Never,
    }
}
