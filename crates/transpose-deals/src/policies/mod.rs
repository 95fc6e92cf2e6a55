//! What a `[[deal]]` decides besides its models: what it is for, which plays count, where amounts
//! are compared, shared, converted and rounded, and what of them is paid.
//!
//! A policy that is `None` was not decided. Whether that is allowed follows from the models, so it
//! is asked above, in [`crate::deal`].
//!
//! Shares, fees, taxes and withholding are in per cent; rates, minimums, prices and advances in the
//! currency of the deal.
//!
//! `read` reads them from a `[[deal]]`, `rates` holds numbers that depend on territory and tier.

mod rates;
mod read;
mod weights;

pub(crate) use rates::{Measure, Rates, amount};
pub(crate) use read::{CONTRADICTING_TERMS, KEYS, read};
pub(crate) use weights::{UNKNOWN_WEIGHT, Weights, started_minutes};

use crate::arithmetic::money::Rate;
use crate::arithmetic::number::Exact;
use crate::arithmetic::plays::{CountedPlays, MissingDuration, PlayKind};
use transpose_codes::Currency;
use transpose_codes::decimal::Decimal;
use transpose_codes::time::{Date, Period};
use transpose_core::diagnostics::Location;
use transpose_core::model::{Entity, Field};
use transpose_core::terms::Rounding;

/// What a `[[deal]]` says, without its models.
#[derive(Clone, Debug)]
pub(crate) struct Policies {
    pub(crate) id: String,
    pub(crate) label: String,
    /// Further names of the label, as rows spell it.
    pub(crate) aliases: Vec<String>,
    /// Every play is the recipient's, whatever label it has.
    pub(crate) all_plays: bool,
    pub(crate) party: Option<String>,
    /// Of rates, minimums and prices.
    pub(crate) currency: Currency,
    /// Codes; none for the world.
    pub(crate) territories: Vec<String>,
    /// Services of sales contexts; none for all.
    pub(crate) tiers: Vec<String>,
    pub(crate) from: Option<Date>,
    pub(crate) until: Option<Date>,
    pub(crate) scope: Option<Scope>,
    pub(crate) pool: Option<Scope>,
    pub(crate) counts: Option<CountedPlays>,
    pub(crate) missing: Option<MissingDuration>,
    /// The tiers that are preview clips.
    pub(crate) previews: Option<Vec<String>>,
    pub(crate) total: Option<TotalSource>,
    pub(crate) subscribers: Option<SubscriberCounting>,
    /// For how many each subscriber of a plan counts; none where the figures say so.
    pub(crate) subscriber_factors: Vec<(String, Exact)>,
    /// Trials that do not count, in per cent of the subscribers; without one no trial counts.
    pub(crate) free_trials: Option<Exact>,
    pub(crate) weights: Weights,
    pub(crate) pro_rating: Option<ProRating>,
    /// The ids of the deals whose rates are the least that this one pays, with their places.
    pub(crate) most_favoured: Vec<(String, usize)>,
    pub(crate) take: Option<RecipientShare>,
    /// In per cent.
    pub(crate) withholding: Option<Rates>,
    pub(crate) withholding_from: Option<WithholdingBase>,
    pub(crate) exchange: Option<ExchangeRates>,
    pub(crate) rounding: RoundingTerms,
    pub(crate) advance: Option<Advance>,
    pub(crate) true_up: Option<TrueUp>,
    pub(crate) summaries: Vec<Summary>,
    pub(crate) place: Location,
}

impl Policies {
    /// Whether tax is withheld of what is earned; without a decision it is, which makes no
    /// difference where there is no advance.
    pub(crate) fn withholds_earnings(&self) -> bool {
        matches!(self.withholding_from, None | Some(WithholdingBase::Earnings))
    }

    /// The names of its label.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.label).chain(&self.aliases).map(String::as_str)
    }

    /// Whether it holds on some day of the period.
    pub(crate) fn holds_in(&self, period: Period) -> bool {
        self.from.is_none_or(|from| from <= period.last())
            && self.until.is_none_or(|until| period.first() <= until)
    }

    /// Whether it holds on every day of the period.
    pub(crate) fn covers(&self, period: Period) -> bool {
        self.from.is_none_or(|from| from <= period.first())
            && self.until.is_none_or(|until| period.last() <= until)
    }

    /// The decimal places of amounts.
    pub(crate) fn places(&self, reporting: Currency) -> u32 {
        match self.rounding.places {
            Some(DecimalPlaces::Fixed(places)) => places,
            _ => reporting.minor_units().map_or(2, u32::from),
        }
    }

    /// Whether plays of the context are among those that count; `bearing` says whether they are
    /// long enough.
    pub(crate) fn counts_play(&self, context: &Entity, bearing: bool) -> bool {
        let counts = self.counts.unwrap_or(CountedPlays::All);
        counts.counts(PlayKind::of(self.is_preview(context), bearing))
    }

    /// Whether it holds for a sales context: its territory and its tier, as far as they are known.
    pub(crate) fn holds_for(&self, context: &Entity) -> bool {
        let among = |listed: &[String], field| {
            let text = context.text(field);
            listed.is_empty() || text.is_none_or(|text| listed.iter().any(|one| one == text))
        };
        among(&self.territories, Field::TERRITORY) && among(&self.tiers, Field::SERVICE)
    }

    /// Whether there can be a sales context for which both hold.
    pub(crate) fn shares_contexts(&self, other: &Self) -> bool {
        let shared =
            |a: &[String], b: &[String]| a.is_empty() || b.is_empty() || a.iter().any(|one| b.contains(one));
        shared(&self.territories, &other.territories) && shared(&self.tiers, &other.tiers)
    }

    /// Whether the plays of the context are preview clips.
    pub(crate) fn is_preview(&self, context: &Entity) -> bool {
        let tier = context.text(Field::SERVICE);
        self.previews.iter().flatten().any(|preview| Some(preview.as_str()) == tier)
    }
}

/// Where amounts are compared or shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    TerritoryAndTier,
    Territory,
    Tier,
    Overall,
}

impl Scope {
    pub(crate) const WORDS: [(&str, Self); 4] = [
        ("territory-and-tier", Self::TerritoryAndTier),
        ("territory", Self::Territory),
        ("tier", Self::Tier),
        ("overall", Self::Overall),
    ];

    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, scope)| *scope == self).map_or("", |(word, _)| word)
    }

    /// Whether every part of this scope is within one of the other.
    pub(crate) fn lies_in(self, other: Self) -> bool {
        self == other || self == Self::TerritoryAndTier || other == Self::Overall
    }

    /// The key of the part of the scope that a context is in: territory and tier, each empty where
    /// it does not matter. The tier is the service of the sales context.
    pub(crate) fn key(self, context: &Entity) -> (String, String) {
        let text = |field, wanted: bool| {
            if wanted { context.text(field).unwrap_or_default().to_owned() } else { String::new() }
        };
        (
            text(Field::TERRITORY, matches!(self, Self::TerritoryAndTier | Self::Territory)),
            text(Field::SERVICE, matches!(self, Self::TerritoryAndTier | Self::Tier)),
        )
    }
}

/// Where the number of all plays comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TotalSource {
    Figures,
    Service,
    Report,
}

impl TotalSource {
    pub(crate) const WORDS: [(&str, Self); 3] =
        [("figures", Self::Figures), ("service", Self::Service), ("report", Self::Report)];

    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, total)| *total == self).map_or("", |(word, _)| word)
    }
}

/// How subscribers are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriberCounting {
    Counted,
    /// By their factors, and those of a part of the period by days.
    Equivalents,
}

impl SubscriberCounting {
    pub(crate) const WORDS: [(&str, Self); 2] =
        [("counted", Self::Counted), ("equivalents", Self::Equivalents)];
}

/// What happens to figures of a period of which the deal covers a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProRating {
    /// They count by days.
    Days,
    /// They are for the days of the deal already.
    None,
}

impl ProRating {
    pub(crate) const WORDS: [(&str, Self); 2] = [("days", Self::Days), ("none", Self::None)];
}

/// What tax is withheld of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithholdingBase {
    /// What is earned, row by row, before anything of it is recouped.
    Earnings,
    /// What is paid, after recoupment: an advance had its own tax when it was paid.
    Payment,
    /// What is paid is the recipient's in full, and the payer bears the tax on top of it.
    GrossUp,
}

impl WithholdingBase {
    pub(crate) const WORDS: [(&str, Self); 3] =
        [("earnings", Self::Earnings), ("payment", Self::Payment), ("gross-up", Self::GrossUp)];

    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, base)| *base == self).map_or("", |(word, _)| word)
    }
}

/// What of a gross amount is the recipient's; in per cent.
#[derive(Clone, Debug)]
pub(crate) enum RecipientShare {
    Share(Exact),
    Fee(Exact),
}

/// Where rates of exchange come from.
#[derive(Clone, Debug)]
pub(crate) enum ExchangeRates {
    Figures,
    Listed(Vec<ListedRate>),
}

/// One `[[deal.exchange]]`.
#[derive(Clone, Debug)]
pub(crate) struct ListedRate {
    pub(crate) from: Currency,
    pub(crate) rate: Rate,
    pub(crate) date: Date,
    pub(crate) source: String,
    pub(crate) place: Location,
}

/// `[deal.rounding]`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundingTerms {
    pub(crate) places: Option<DecimalPlaces>,
    pub(crate) mode: Option<Rounding>,
    pub(crate) at: Option<RoundingLevel>,
}

/// The words for which plays count.
pub(crate) const COUNTS: [(&str, CountedPlays); 3] = [
    ("all", CountedPlays::All),
    ("qualified", CountedPlays::Qualified),
    ("qualified-and-previews", CountedPlays::QualifiedAndPreviews),
];

/// The words for how amounts are rounded.
pub(crate) const MODES: [(&str, Rounding); 3] =
    [("half-up", Rounding::HalfUp), ("half-even", Rounding::HalfEven), ("down", Rounding::Down)];

/// How many decimal places amounts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalPlaces {
    OfCurrency,
    Fixed(u32),
}

/// Where amounts are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoundingLevel {
    /// What one play or sale is worth; of shares of what was paid the price without tax and the
    /// share of it as well, in their own currency.
    Unit,
    /// Each row.
    Row,
    /// The sum of what was earned in one currency.
    Block,
    /// The sum of everything.
    Statement,
}

impl RoundingLevel {
    pub(crate) const WORDS: [(&str, Self); 4] =
        [("unit", Self::Unit), ("row", Self::Row), ("block", Self::Block), ("statement", Self::Statement)];

    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, at)| *at == self).map_or("", |(word, _)| word)
    }
}

/// `[deal.advance]`.
#[derive(Clone, Debug)]
pub(crate) struct Advance {
    pub(crate) amount: Decimal,
    /// It is a guarantee, and what is missing of it is paid when the term ends.
    pub(crate) at_end: bool,
    pub(crate) first: Period,
    pub(crate) last: Period,
    /// What is left of it after the last period expires; else it is recouped from later earnings.
    pub(crate) expires: bool,
    /// What is missing of a guarantee is paid by a deal of its own, track by track.
    pub(crate) to_tracks: bool,
    pub(crate) place: Location,
}

/// `[deal.true-up]`: periods of a term are paid by one model, and at its end what another one comes
/// to more over the whole term.
#[derive(Clone, Debug)]
pub(crate) struct TrueUp {
    /// The word of the model that pays.
    pub(crate) pays: String,
    pub(crate) first: Period,
    pub(crate) last: Period,
    pub(crate) place: Location,
}

impl TrueUp {
    /// Whether the period is one of the term.
    pub(crate) fn has(&self, period: Period) -> bool {
        self.first.first() <= period.first() && period.last() <= self.last.last()
    }

    /// Whether the period is the last of the term.
    pub(crate) fn ends_in(&self, period: Period) -> bool {
        self.has(period) && period.last() == self.last.last()
    }
}

/// What summaries of sales contexts say of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summary {
    AllocatedRevenue,
    AllocatedNetRevenue,
    AllocatedUsages,
    MarketShare,
    RightsController,
    FinalAmount,
}

impl Summary {
    pub(crate) const WORDS: [(&str, Self); 6] = [
        ("allocated-revenue", Self::AllocatedRevenue),
        ("allocated-net-revenue", Self::AllocatedNetRevenue),
        ("allocated-usages", Self::AllocatedUsages),
        ("market-share", Self::MarketShare),
        ("rights-controller", Self::RightsController),
        ("final-amount", Self::FinalAmount),
    ];

    /// The fields of a sales context that it fills.
    pub(crate) const fn fields(self) -> &'static [Field] {
        match self {
            Self::AllocatedRevenue => &[Field::ALLOCATED_REVENUE],
            Self::AllocatedNetRevenue => &[Field::ALLOCATED_NET_REVENUE],
            Self::AllocatedUsages => &[Field::ALLOCATED_USAGES],
            Self::MarketShare => &[Field::MARKET_SHARE],
            Self::FinalAmount => &[Field::FINAL_AMOUNT],
            Self::RightsController => &[Field::RIGHTS_CONTROLLER, Field::RIGHTS_CONTROLLER_ID],
        }
    }
}
