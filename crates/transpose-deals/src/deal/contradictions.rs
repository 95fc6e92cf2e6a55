//! Policies of a deal that cannot both hold.

use super::Deal;
use crate::arithmetic::number::whole;
use crate::arithmetic::plays::CountedPlays;
use crate::models::{AgreedModel, Need};
use crate::policies::{
    CONTRADICTING_TERMS, DecimalPlaces, ExchangeRates, Rates, RoundingLevel, Scope, SubscriberCounting,
    Summary, WithholdingBase,
};
use crate::toml::document::Table;
use crate::toml::reader::Reader;
use std::collections::BTreeSet;
use transpose_codes::Currency;
use transpose_core::diagnostics::Diagnostic;
use transpose_core::terms::{BelowThreshold, QualifyingPlay};

/// Reports policies that cannot both hold.
pub(super) fn report(
    reader: &mut Reader,
    table: &Table,
    deal: &Deal,
    reporting: Option<Currency>,
    qualifying: Option<QualifyingPlay>,
) {
    let policies = &deal.policies;
    let mut refuse =
        |message: String, help: &str| reader.advise(&CONTRADICTING_TERMS, table.at, message, help);
    if let Some((scope, pool)) = policies.scope.zip(policies.pool)
        && deal.models.len() > 1
        && deal.needs(Need::Pool)
        && !pool.lies_in(scope)
    {
        let message =
            format!("`pool` is {}, which reaches beyond `greater-of`, {}", pool.word(), scope.word());
        refuse(message, "a pool is compared as a whole: take a narrower `pool`, or a wider `greater-of`");
    }
    if policies.counts == Some(CountedPlays::All)
        && qualifying.is_some_and(|qualifying| qualifying.below == BelowThreshold::Drop)
    {
        refuse(
            "`counts` is all, but `[qualifying-play]` drops short plays".into(),
            "write `below = \"not-royalty-bearing\"` under `[qualifying-play]`",
        );
    }
    if policies.counts == Some(CountedPlays::QualifiedAndPreviews)
        && policies.previews.as_ref().is_some_and(|previews| !previews.is_empty())
        && qualifying.is_some_and(|qualifying| qualifying.below == BelowThreshold::Drop)
    {
        refuse(
            "preview clips of any length count, but `[qualifying-play]` drops short plays, and short clips with them".into(),
            "write `below = \"not-royalty-bearing\"` under `[qualifying-play]`",
        );
    }
    if policies.withholding.is_some() && !policies.withholds_earnings() {
        let single = policies.withholding.as_ref().and_then(Rates::single);
        if single.is_none() {
            refuse(
                "`withholding` is a list, and tax is withheld of the payment, which is one amount".into(),
                "write one number, or `withholding-from = \"earnings\"`",
            );
        }
        if policies.withholding_from == Some(WithholdingBase::GrossUp)
            && single.is_some_and(|rate| rate >= whole(100))
        {
            refuse(
                "`withholding` takes all of the payment, so nothing can be added for it".into(),
                "write a `withholding` below 100",
            );
        }
    }
    if deal.needs(Need::Users) && !policies.weights.are_equal() {
        refuse(
            "plays have weights, and a user-centric model shares what a user paid by plays".into(),
            "leave out `[[deal.weight]]` and `[deal.long-plays]`, or take another model",
        );
    }
    if !policies.subscriber_factors.is_empty()
        && policies.subscribers != Some(SubscriberCounting::Equivalents)
    {
        refuse(
            "`subscriber-factors` make equivalents, and `subscribers` are counted".into(),
            "write `subscribers = \"equivalents\"`",
        );
    }
    if policies.withholding_from.is_some() && policies.withholding.is_none() {
        refuse("`withholding-from` is without `withholding`".into(), "write `withholding`, in per cent");
    }
    if policies.rounding.at == Some(RoundingLevel::Row)
        && policies.summaries.contains(&Summary::AllocatedRevenue)
    {
        refuse(
            "`allocated-revenue` of summaries would not be the sum of its rows, which are rounded one by one"
                .into(),
            "write `at = \"statement\"` under `[deal.rounding]`",
        );
    }
    if policies.rounding.places == Some(DecimalPlaces::OfCurrency)
        && let Some(currency) = reporting.filter(|currency| currency.minor_units().is_none())
    {
        refuse(
            format!("`places` is that of the currency, and {currency} has no smallest unit"),
            "write a number of `places`",
        );
    }
    if let Some(term) = &policies.true_up {
        let of_word = deal.models.iter().filter(|model| model.word() == term.pays).count();
        if of_word == 0 {
            refuse(
                format!(
                    "`true-up` lets the periods be paid by `{}`, which is no model of the deal",
                    term.pays
                ),
                "name the model of one of its `[[deal.model]]`",
            );
        }
        let words: BTreeSet<&str> = deal.models.iter().map(AgreedModel::word).collect();
        if words.len() < deal.models.len() || words.len() < 2 {
            refuse(
                "`true-up` compares models over a term, and they are not several different ones".into(),
                "give the deal the models to compare, each once",
            );
        }
        if policies.scope != Some(Scope::Overall) || policies.rounding.at == Some(RoundingLevel::Row) {
            refuse(
                "`true-up` compares what each model comes to in the whole statement".into(),
                "write `greater-of = \"overall\"`, and `at = \"statement\"` under `[deal.rounding]`",
            );
        }
    }
    let listed = match &policies.exchange {
        Some(ExchangeRates::Listed(rates)) => rates.as_slice(),
        _ => &[],
    };
    let useless = reporting.and_then(|reporting| listed.iter().find(|rate| rate.from == reporting));
    if let Some(rate) = useless {
        let message =
            format!("`[[deal.exchange]]` is from {}, which is the currency of reporting", rate.from);
        reader.diagnostics.push(Diagnostic::new(&CONTRADICTING_TERMS, rate.place.clone(), message));
    }
}
