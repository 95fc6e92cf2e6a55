//! What one play of each kind of usages is worth, as the agreement says: exact fractions
//! ([`Royalties`]) of the last decimal place.

use crate::aggregate::totals::Totals;
use crate::aggregate::usage_kinds::UsageKinds;
use crate::aggregate::users::UserPlays;
use crate::diagnostics;
use crate::royalties::fraction::{multiply_divide, reduced};
use transpose_codes::decimal::{self, Decimal, MAX_DIGITS};
use transpose_core::accounting::NO_CURRENCY;
use transpose_core::diagnostics::{Diagnostic, Failure, Fatal, Location};
use transpose_core::model::{Entity, Field};
use transpose_core::terms::{Royalties, ServiceCounts, Terms, UsageTotal};

transpose_core::codes! {
    /// An amount with too many digits.
    pub AMOUNT_TOO_LONG: "ENG0605" "amount-too-long" Error
        "Amounts are exact and have at most 28 digits. The amount of a usage, or a sum of amounts, needs more."
        "Look for a rate or a number of plays that is far too large, or round to fewer places in the deal."
}

/// The places of a rate as text, which is not rounded otherwise.
const RATE_PLACES: u32 = 17;

/// What one play of a kind is worth, in units of the last decimal place.
pub(crate) struct Rate {
    pub(crate) negative: bool,
    pub(crate) numerator: u128,
    pub(crate) denominator: u128,
    /// The sum that its usages add up to, if they do.
    pub(crate) sum: Option<u32>,
    text: Box<str>,
    model: Box<str>,
    deal: Box<str>,
    share: Box<str>,
    pub(crate) currency: Box<str>,
}

/// What one play of each kind is worth.
pub(crate) struct Rates {
    kinds: Vec<Option<Rate>>,
    places: u32,
    deal: Box<str>,
    /// Whether each usage of an item in a sales context is rounded by itself.
    apart: bool,
}

impl Rates {
    /// Takes what the agreement has answered; `contexts` are the sales contexts of the kinds.
    pub(crate) fn new(
        payable: &Royalties,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
    ) -> Result<Self, Fatal> {
        let Royalties { units, sums, places, deal, .. } = payable;
        let one = (*places <= MAX_DIGITS).then(|| 10_u128.checked_pow(*places)).flatten();
        let one = one.ok_or_else(|| too_long("a place beyond the 28th"))?;
        let mut kinds = Vec::with_capacity(units.len());
        for (kind, unit) in (0_u32..).zip(units) {
            let Some(unit) = unit else {
                kinds.push(None);
                continue;
            };
            let denominator = u128::try_from(unit.denominator).ok().filter(|denominator| *denominator > 0);
            let denominator = denominator.ok_or_else(|| diagnostics::bug("a worth without a denominator"))?;
            let magnitude = unit.numerator.unsigned_abs();
            let fraction = reduced(magnitude, denominator);
            let scale = reduced(one, fraction.1);
            let numerator = fraction.0.checked_mul(scale.0);
            let text = decimals(unit.numerator < 0, fraction);
            let (numerator, text) = numerator.zip(text).ok_or_else(|| too_long("a rate"))?;
            let context = usage_kinds.context_of(kind).and_then(|context| contexts.get(context as usize));
            let currency = context.and_then(|context| context.text(Field::CURRENCY)).unwrap_or(NO_CURRENCY);
            if unit.sum.is_some_and(|sum| sum as usize >= sums.len()) {
                return Err(diagnostics::bug("an amount without a sum"));
            }
            kinds.push(Some(Rate {
                negative: unit.numerator < 0,
                numerator,
                denominator: scale.1,
                sum: unit.sum,
                text,
                model: unit.model.clone(),
                deal: unit.deal.clone(),
                share: unit.share.clone(),
                currency: currency.into(),
            }));
        }
        Ok(Self { kinds, places: *places, deal: deal.clone(), apart: payable.rounding.is_some() })
    }

    /// What one play of a kind is worth; nothing where no royalties are due for it.
    pub(crate) fn get(&self, kind: u32) -> Option<&Rate> {
        self.kinds.get(kind as usize)?.as_ref()
    }

    /// Whether plays of two kinds are worth the same, so that they are paid for together. Where
    /// each usage is rounded by itself they never are: what a table does not show changes no
    /// amount.
    pub(crate) fn alike(&self, a: u32, b: u32) -> bool {
        let told = |kind| {
            self.get(kind).map(|rate| {
                let worth = (rate.negative, rate.numerator, rate.denominator, rate.sum, &rate.currency);
                (worth, &rate.model, &rate.deal, &rate.share)
            })
        };
        let by_itself = |kind| self.apart && self.get(kind).is_some_and(|rate| rate.sum.is_none());
        a == b || (!by_itself(a) && told(a) == told(b))
    }

    /// Whether something is payable for a kind.
    pub(crate) fn pays(&self, kind: u32) -> bool {
        self.get(kind).is_some()
    }

    /// What one play of a kind is worth, as text.
    pub(crate) fn text(&self, kind: u32) -> Option<&str> {
        self.get(kind).map(|rate| &*rate.text)
    }

    /// The model by which a kind is paid.
    pub(crate) fn model(&self, kind: u32) -> Option<&str> {
        self.get(kind).map(|rate| &*rate.model)
    }

    /// The deal by which a kind is paid, or not.
    pub(crate) fn deal(&self, kind: u32) -> Option<&str> {
        let own = self.get(kind).map(|rate| &*rate.deal).filter(|deal| !deal.is_empty());
        own.or(Some(&*self.deal)).filter(|deal| !deal.is_empty())
    }

    /// The recipient's share of the gross amount of a kind, in per cent.
    pub(crate) fn share(&self, kind: u32) -> Option<&str> {
        self.get(kind).map(|rate| &*rate.share).filter(|share| !share.is_empty())
    }

    /// Writes units as a decimal with all its places; nothing when it is too long.
    pub(crate) fn write(&self, units: i128, out: &mut Vec<u8>) -> Option<()> {
        decimal::write_places(&self.decimal(units)?, out);
        Some(())
    }

    /// Units as a decimal; nothing when it is too long.
    pub(crate) fn decimal(&self, units: i128) -> Option<Decimal> {
        (units.unsigned_abs() < 10_u128.pow(MAX_DIGITS))
            .then(|| Decimal::try_from_i128_with_scale(units, self.places).ok())?
    }
}

/// Asks the agreement what is payable; nothing where it does not say. The first `reported` contexts
/// are those of the report.
pub(crate) fn ask(
    terms: &dyn Terms,
    usage_kinds: &UsageKinds,
    totals: &Totals,
    contexts: &mut [Entity],
    reported: usize,
    service: Option<ServiceCounts<'_>>,
    by_user: Option<&[UserPlays]>,
) -> Result<Option<Royalties>, Fatal> {
    let Some(royalties) = terms.royalties() else { return Ok(None) };
    let nothing = Entity::default();
    let of_users = |kind: u32| by_user.and_then(|by_user| by_user.get(kind as usize));
    let usage_totals = (0_u32..).zip(&totals.kinds).map(|(kind, (plays, returns))| UsageTotal {
        context: usage_kinds.context_of(kind).unwrap_or(u32::MAX) as usize,
        usage: usage_kinds.usage_of(kind).unwrap_or(&nothing),
        bearing: kind & 1 == 1,
        plays: *plays,
        returns: *returns,
        by_user: of_users(kind).map_or(&[], |users| users.by_user.as_slice()),
        moved: of_users(kind).map_or(&[], |users| users.moved.as_slice()),
    });
    let usage_totals: Vec<UsageTotal<'_>> = usage_totals.collect();
    let answer = royalties.work_out(contexts, reported, &usage_totals, service);
    let answer = answer.map_err(|diagnostics| Fatal { failure: Failure::Use, diagnostics })?;
    if answer.units.len() != usage_totals.len() {
        return Err(diagnostics::bug("an agreement answers for other kinds of usages than it was asked for"));
    }
    Ok(Some(answer))
}

/// An amount that cannot be held exactly, as the end of a run.
#[cold]
pub(crate) fn too_long(what: &str) -> Fatal {
    Fatal::input(Diagnostic::new(
        &AMOUNT_TOO_LONG,
        Location::default(),
        format!("{what} has more than 28 digits"),
    ))
}

/// A fraction as text, to seventeen places, or as many as 28 digits leave.
fn decimals(negative: bool, (numerator, denominator): (u128, u128)) -> Option<Box<str>> {
    let (mut whole, rest) = (numerator / denominator, numerator % denominator);
    let digits = whole.checked_ilog10().map_or(1, |digits| digits + 1);
    let places = RATE_PLACES.min(MAX_DIGITS.checked_sub(digits)?);
    let one = 10_u128.pow(places);
    let (mut units, rest) = multiply_divide(rest, one, denominator)?;
    units += u128::from(rest >= denominator - rest);
    if units == one {
        (whole, units) = (whole + 1, 0);
    }
    let sign = if negative && (whole, units) != (0, 0) { "-" } else { "" };
    if units == 0 {
        return Some(format!("{sign}{whole}").into());
    }
    let text = format!("{sign}{whole}.{units:0width$}", width = places as usize);
    Some(text.trim_end_matches('0').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_seventeen_places() {
        for ((numerator, denominator), text) in [
            ((1, 3), "0.33333333333333333"),
            ((2, 3), "0.66666666666666667"),
            ((384, 100_000), "0.00384"),
            ((7, 1), "7"),
            ((0, 5), "0"),
        ] {
            assert_eq!(decimals(false, (numerator, denominator)).as_deref(), Some(text));
        }
        assert_eq!(decimals(true, (5, 4)).as_deref(), Some("-1.25"));
        assert_eq!(
            decimals(false, (10_u128.pow(28) - 1, 3)).as_deref(),
            Some("3333333333333333333333333333")
        );
        assert_eq!(decimals(false, (10_u128.pow(25) - 1, 10)).as_deref(), Some("999999999999999999999999.9"));
        assert_eq!(decimals(false, (10_u128.pow(28), 1)), None);
    }
}
