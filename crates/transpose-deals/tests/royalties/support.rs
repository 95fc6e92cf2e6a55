//! An agreement with one deal, figures, and plays.

use rust_decimal::{Decimal, RoundingStrategy};
use transpose_codes::time::Period;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::model::{Entity, Field, Group};
use transpose_core::terms::{
    ActiveUsers, Earnings, Rounding, Royalties, RoyaltyTerms, ServiceCounts, ServiceTotal, Terms, UnitRate,
    UsageTotal,
};
use transpose_deals::{Agreement, Figures, PeriodTerms};

pub(crate) const HEAD: &str = r#"
[sender]
party-id = "PADPIDA2008120501W"
name = "Northwind Music"
[message]
service = "NorthwindMusic"
[money]
currency = "EUR"
[qualifying-play]
minimum-seconds = 30
below = "not-royalty-bearing"
[[context]]
when = { plan = "premium" }
commercial-model = "SubscriptionModel"
use-type = "OnDemandStream"
service = "Premium"
[[context]]
when = { plan = "free" }
commercial-model = "AdvertisementSupportedModel"
use-type = "OnDemandStream"
service = "Free"
"#;

/// Policies that every model is content with.
pub(crate) const POLICIES: &str = r#"
[[deal]]
id = "x-2026"
label = "Label X"
currency = "EUR"
territories = "Worldwide"
greater-of = "territory-and-tier"
pool = "territory-and-tier"
counts = "qualified"
missing-duration = "exclude"
previews = "none"
total = "figures"
subscribers = "counted"
"#;

pub(crate) const ROUNDING: &str =
    "[deal.rounding]\nplaces = 2\nmode = 'half-up'\nat = 'statement'\nallocation = 'largest-remainder'\n";

pub(crate) fn model(lines: &str) -> String {
    format!("{POLICIES}[[deal.model]]\n{lines}\n{ROUNDING}")
}

pub(crate) fn parse(terms: &str) -> Result<Agreement, Fatal> {
    Agreement::parse("agreement.toml", &format!("{HEAD}{terms}"))
}

pub(crate) fn terms(text: &str, figures: &str) -> PeriodTerms {
    terms_in(text, figures, "2026-10")
}

pub(crate) fn terms_in(text: &str, figures: &str, period: &str) -> PeriodTerms {
    let agreement = parse(text).unwrap_or_else(|fatal| panic!("{:#?}", fatal.diagnostics));
    let figures = (!figures.is_empty()).then(|| Figures::parse("figures.csv", figures.as_bytes()).unwrap());
    PeriodTerms::new(agreement, figures, Some(Period::parse(period).unwrap())).unwrap()
}

/// A kind of usages: territory, plan, whether it qualifies, plays, returns, price.
pub(crate) type Kind = (&'static str, &'static str, bool, u64, u64, &'static str);

pub(crate) struct Statement {
    pub(crate) royalties: Royalties,
    pub(crate) contexts: Vec<Entity>,
}

impl Statement {
    /// What a kind comes to, exactly, as a fraction of the unit times the plays.
    pub(crate) fn unit(&self, kind: usize) -> String {
        let unit = self.royalties.units[kind].as_ref().unwrap();
        format!("{}/{}", unit.numerator, unit.denominator)
    }

    pub(crate) fn model(&self, kind: usize) -> &str {
        &self.royalties.units[kind].as_ref().unwrap().model
    }

    pub(crate) fn codes(&self) -> Vec<&str> {
        self.royalties.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    /// The lines of the explanation of one step.
    pub(crate) fn steps(&self, step: &str) -> Vec<serde_json::Value> {
        let lines = self
            .royalties
            .explanation
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["step"] == step).collect()
    }
}

pub(crate) fn context(terms: &PeriodTerms, territory: &str, plan: &str) -> Entity {
    let mut event = Entity::default();
    event.set(Field::TERRITORY, territory);
    event.set(Field::PLAN, plan);
    event.set(Field::RECORDING_DURATION, "PT5M1S");
    let mut context = terms.context(&event).unwrap();
    // What distinguishes usages is no part of the context.
    let of_usage: Vec<Field> =
        context.iter().map(|(field, _)| field).filter(|field| field.group() == Group::Usage).collect();
    for field in of_usage {
        context.unset(field);
    }
    context
}

pub(crate) fn work_out(terms: &PeriodTerms, kinds: &[Kind]) -> Result<Statement, Vec<Diagnostic>> {
    work_out_with(terms, kinds, None, &[])
}

/// As the engine asks: contexts that are due or were played in, completed, then the amounts.
pub(crate) fn work_out_with(
    terms: &PeriodTerms,
    kinds: &[Kind],
    whole: Option<&[ServiceTotal]>,
    users: &[&[(u64, u64)]],
) -> Result<Statement, Vec<Diagnostic>> {
    // Deals that pay by user are for runs over the whole service.
    let per_user = terms.royalties().is_some_and(RoyaltyTerms::per_user);
    let whole = whole.or_else(|| per_user.then_some(&[][..]));
    let mut contexts = terms.due();
    let played_in: Vec<Entity> = kinds.iter().map(|kind| context(terms, kind.0, kind.1)).collect();
    contexts.extend(played_in.iter().cloned());
    contexts.sort();
    contexts.dedup();
    let numbers: Vec<usize> =
        played_in.iter().map(|context| contexts.iter().position(|other| other == context).unwrap()).collect();
    let diagnostics = terms.complete(&mut contexts);
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.code.id != "DEA0308"), "{diagnostics:?}");
    let usages: Vec<Entity> = kinds
        .iter()
        .map(|kind| {
            let mut usage = Entity::default();
            usage.set(Field::STARTED_MINUTES, "6");
            if !kind.5.is_empty() {
                usage.set(Field::PRICE, kind.5);
            }
            usage
        })
        .collect();
    let played: Vec<UsageTotal<'_>> = kinds
        .iter()
        .enumerate()
        .map(|(index, kind)| UsageTotal {
            context: numbers[index],
            usage: &usages[index],
            bearing: kind.2,
            plays: kind.3,
            returns: kind.4,
            by_user: users.get(index).copied().unwrap_or(&[]),
            moved: &[],
        })
        .collect();
    // Each pair of a kind is one user here.
    let active = played_in
        .iter()
        .zip(users)
        .map(|(context, users)| ActiveUsers { contexts: vec![context.clone()], users: users.len() as u64 });
    let active: Vec<ActiveUsers> = active.collect();
    let whole = whole.map(|totals| ServiceCounts { totals, users: &active });
    let reported = contexts.len();
    let mut royalties = terms.royalties().unwrap().work_out(&mut contexts, reported, &played, whole)?;
    assert_eq!(royalties.units.len(), kinds.len());
    let plays: Vec<i128> = kinds.iter().map(|kind| i128::from(kind.3) - i128::from(kind.4)).collect();
    let earned = earnings(&royalties, &plays);
    terms.royalties().unwrap().close(&mut royalties, earned)?;
    Ok(Statement { royalties, contexts })
}

/// What usages earn, where each kind is one row.
fn earnings(royalties: &Royalties, plays: &[i128]) -> Earnings {
    let earned = together(royalties, &royalties.units, &royalties.sums, plays);
    let further = |field| {
        let further = royalties.further.iter().find(|further| further.field == field)?;
        Some(together(royalties, &further.units, &further.sums, plays))
    };
    let withheld = further(Field::WITHHELD).unwrap_or_default();
    Earnings { gross: further(Field::GROSS_AMOUNT).unwrap_or(earned + withheld), withheld, earned }
}

/// The sums, and the usages that make none, each rounded.
fn together(royalties: &Royalties, units: &[Option<UnitRate>], sums: &[i128], plays: &[i128]) -> Decimal {
    let mode = match royalties.rounding {
        None | Some(Rounding::HalfUp) => RoundingStrategy::MidpointAwayFromZero,
        Some(Rounding::HalfEven) => RoundingStrategy::MidpointNearestEven,
        Some(Rounding::Down) => RoundingStrategy::ToZero,
    };
    let apart = units.iter().zip(plays).filter_map(|(unit, plays)| {
        let unit = unit.as_ref().filter(|unit| unit.sum.is_none())?;
        let decimal = |number: i128| Decimal::try_from_i128_with_scale(number, 0).unwrap();
        let amount = decimal(unit.numerator * plays) / decimal(unit.denominator);
        Some(amount.round_dp_with_strategy(royalties.places, mode))
    });
    let sums = sums.iter().map(|sum| Decimal::try_from_i128_with_scale(*sum, royalties.places).unwrap());
    sums.chain(apart).sum()
}
