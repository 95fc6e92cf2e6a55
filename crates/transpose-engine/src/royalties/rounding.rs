//! Royalties, written into usages.
//!
//! The agreement says what one play of each kind of usages is worth, as an exact fraction
//! ([`Royalties`]). A usage is worth its plays, less returns, times that. Where usages have to add
//! up to a sum, each first gets the whole units of the last decimal place that lie in its exact
//! amount; what is left of the sum goes, a unit each, to the usages whose amounts were cut most,
//! and of equal ones to those that come first in the output. A negative sum is parted as its
//! opposite.
//!
//! What was cut off a usage depends on its kind and the number of its plays only. So how many
//! usages there are of each kind and number is all that has to be known to say who gets a unit;
//! nothing is kept for each row. Only where the last units go to some of several equal ones, their
//! places are counted once more. Products may have 256 bits; what does not fit is refused, never
//! cut.
//!
//! What usages are worth together is known before they are written, and the ledger compares it with
//! what was.

use crate::aggregate::table::{Group, net};
use crate::aggregate::usage_kinds::UsageKinds;
use crate::consolidate::SortedGroups;
use crate::diagnostics;
use crate::royalties::fraction::{compare, multiply_divide};
use crate::royalties::rates::{Rate, Rates, too_long};
use crate::royalties::rows::Rows;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use transpose_codes::decimal::{self, Decimal};
use transpose_core::accounting::ExactSum;
use transpose_core::diagnostics::Fatal;
use transpose_core::model::{Entity, Field};
use transpose_core::terms::{Earnings, Rounding, Royalties};

/// Who gets a unit of what is left of a sum.
#[derive(Clone, Copy, Default)]
struct RemainderRule {
    /// Whether the sum is negative.
    negative: bool,
    /// Usages of which more was cut off than this get one.
    rest: u128,
    of: u128,
    /// Usages of which as much was cut off get one if they come before this place in the output.
    before: u64,
}

/// The royalties of the usages of a report.
pub(crate) struct Amounts {
    /// What one play of each kind is worth.
    pub(crate) rates: Rates,
    rounding: Option<Rounding>,
    cuts: Vec<RemainderRule>,
}

/// The royalties of the usages of a report, with what statements show besides.
pub(crate) struct PaidAmounts {
    /// What is paid.
    pub(crate) net: Amounts,
    /// Before the recipient's share or fee; without one it is what is paid and what is withheld.
    pub(crate) gross: Option<Amounts>,
    /// What is withheld, where anything is.
    pub(crate) withheld: Option<Amounts>,
}

impl PaidAmounts {
    /// Takes what the agreement has answered; `contexts` are the sales contexts of the kinds.
    pub(crate) fn new(
        payable: &Royalties,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
    ) -> Result<Self, Fatal> {
        let net = Amounts::new(payable, usage_kinds, contexts)?;
        let further = |field| {
            let terms = further_terms(payable, field);
            terms.map(|terms| Amounts::new(&terms, usage_kinds, contexts)).transpose()
        };
        Ok(Self { net, gross: further(Field::GROSS_AMOUNT)?, withheld: further(Field::WITHHELD)? })
    }

    /// Whether plays of two kinds are worth the same, in all amounts.
    pub(crate) fn alike(&self, a: u32, b: u32) -> bool {
        let all = std::iter::once(&self.net).chain(&self.gross).chain(&self.withheld);
        all.map(|amounts| &amounts.rates).all(|rates| rates.alike(a, b))
    }

    /// Decides what every usage is worth; answers what all of them are paid, by currency, and what
    /// they earn.
    pub(crate) fn divide_all(
        &mut self,
        payable: &Royalties,
        usage_kinds: &UsageKinds,
        rows: &Rows,
        sorted: &SortedGroups<'_>,
    ) -> Result<(AmountsByCurrency, Earnings), Fatal> {
        let paid = self.net.divide_all(payable, usage_kinds, rows, sorted)?;
        let further = [(Field::GROSS_AMOUNT, &mut self.gross), (Field::WITHHELD, &mut self.withheld)];
        let mut sums = [None; 2];
        for ((field, amounts), sum) in further.into_iter().zip(&mut sums) {
            if let Some((amounts, terms)) = amounts.as_mut().zip(further_terms(payable, field)) {
                *sum = Some(together(&amounts.divide_all(&terms, usage_kinds, rows, sorted)?)?);
            }
        }
        let [gross, withheld] = sums;
        let (earned, withheld) = (together(&paid)?, withheld.unwrap_or_default());
        let share = decimal::sum(earned, withheld).ok_or_else(|| too_long("a sum of amounts"))?;
        Ok((paid, Earnings { gross: gross.unwrap_or(share), withheld, earned }))
    }
}

/// Further amounts in the shape of royalties, where there are any.
fn further_terms(payable: &Royalties, field: Field) -> Option<Royalties> {
    let further = payable.further.iter().find(|further| further.field == field)?;
    let (units, sums) = (further.units.clone(), further.sums.clone());
    Some(Royalties {
        units,
        sums,
        places: payable.places,
        rounding: payable.rounding,
        ..Royalties::default()
    })
}

/// Amounts of all currencies. A report has one.
fn together(amounts: &AmountsByCurrency) -> Result<Decimal, Fatal> {
    let mut sum = ExactSum::default();
    for amount in amounts.values() {
        sum.merge(amount);
    }
    sum.total().ok_or_else(|| too_long("a sum of amounts"))
}

/// The exact amount of a usage in units: the next lower whole number, and what is beyond it as a
/// fraction.
#[derive(Clone, Copy)]
struct ExactAmount {
    whole: i128,
    rest: u128,
    of: u128,
}

impl Amounts {
    /// Takes what the agreement has answered; `contexts` are the sales contexts of the kinds.
    pub(crate) fn new(
        payable: &Royalties,
        usage_kinds: &UsageKinds,
        contexts: &[Entity],
    ) -> Result<Self, Fatal> {
        let rates = Rates::new(payable, usage_kinds, contexts)?;
        let cut = |sum: &i128| RemainderRule { negative: *sum < 0, ..RemainderRule::default() };
        let cuts = payable.sums.iter().map(cut).collect();
        Ok(Self { rates, rounding: payable.rounding, cuts })
    }

    /// The exact amount of a usage, turned round if `mirrored`.
    fn exact_amount(rate: &Rate, net: i128, mirrored: bool) -> Option<ExactAmount> {
        let (whole, rest) = multiply_divide(rate.numerator, net.unsigned_abs(), rate.denominator)?;
        let whole = i128::try_from(whole).ok()?;
        let of = rate.denominator;
        if (rate.negative != (net < 0)) == mirrored || (whole == 0 && rest == 0) {
            return Some(ExactAmount { whole, rest, of });
        }
        // Below zero the next lower number is further away.
        if rest == 0 {
            Some(ExactAmount { whole: -whole, rest, of })
        } else {
            Some(ExactAmount { whole: -whole - 1, rest: of - rest, of })
        }
    }

    /// What a usage is worth that makes no sum, in units.
    fn rounded(&self, rate: &Rate, net: i128) -> Option<i128> {
        let negative = rate.negative != (net < 0);
        let ExactAmount { whole, rest, of } = Self::exact_amount(rate, net, negative)?;
        // More than half of one unit is left, or just half of it.
        let half = rest.cmp(&(of - rest));
        let up = match self.rounding {
            None | Some(Rounding::HalfUp) => half != Ordering::Less,
            Some(Rounding::HalfEven) => {
                half == Ordering::Greater || (half == Ordering::Equal && whole % 2 != 0)
            }
            Some(Rounding::Down) => false,
        };
        let units = whole.checked_add(i128::from(up))?;
        Some(if negative { -units } else { units })
    }

    /// What the usages of a kind and an item are worth, in units; `place` counts kinds of items
    /// through the output.
    pub(crate) fn units(&self, kind: u32, net: i128, place: u64) -> Option<i128> {
        let Some(rate) = self.rates.get(kind) else { return Some(0) };
        let Some(sum) = rate.sum else { return self.rounded(rate, net) };
        let cut = self.cuts.get(sum as usize)?;
        let exact_amount = Self::exact_amount(rate, net, cut.negative)?;
        let more = match compare((exact_amount.rest, exact_amount.of), (cut.rest, cut.of)) {
            _ if exact_amount.rest == 0 || cut.of == 0 => false,
            Ordering::Greater => true,
            Ordering::Equal => place < cut.before,
            Ordering::Less => false,
        };
        let units = exact_amount.whole.checked_add(i128::from(more))?;
        Some(if cut.negative { -units } else { units })
    }
}

/// How many usages there are of each kind and number of plays.
pub(crate) struct Histogram {
    small: Vec<[u64; SMALL]>,
    large: HashMap<(u32, i128), u64, foldhash::fast::RandomState>,
}

/// Most recordings are played a few times.
const SMALL: usize = 64;

impl Histogram {
    /// An empty one for so many kinds.
    pub(crate) fn new(kinds: usize) -> Self {
        Self { small: vec![[0; SMALL]; kinds], large: HashMap::default() }
    }

    /// Adds ranked groups in the order of rows.
    pub(crate) fn add(&mut self, groups: &[Group], rows: &Rows) {
        for groups in groups.chunk_by(|a, b| rows.paid_together(a, b)) {
            let Some(kind) = groups.first().map(|group| group.kind()) else { continue };
            let net = net(groups);
            let small = usize::try_from(net).ok();
            let place = small.and_then(|net| self.small.get_mut(kind as usize)?.get_mut(net));
            *place.unwrap_or_else(|| self.large.entry((kind, net)).or_default()) += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, i128, u64)> {
        let small = (0_u32..)
            .zip(&self.small)
            .flat_map(|(kind, counts)| (0_i128..).zip(counts).map(move |(net, count)| (kind, net, *count)));
        let large = self.large.iter().map(|((kind, net), count)| (*kind, *net, *count));
        small.chain(large).filter(|(.., count)| *count > 0)
    }
}

/// Sums of which the last units go to some of several usages that are cut alike.
pub(crate) struct OpenSums(Vec<(u32, u64)>);

impl OpenSums {
    /// Whether the places of usages have to be counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What usages are worth together, by currency.
pub(crate) type AmountsByCurrency = BTreeMap<Box<str>, ExactSum>;

impl Amounts {
    /// Decides what every usage is worth; answers what all of them are worth.
    pub(crate) fn divide_all(
        &mut self,
        payable: &Royalties,
        usage_kinds: &UsageKinds,
        rows: &Rows,
        sorted: &SortedGroups<'_>,
    ) -> Result<AmountsByCurrency, Fatal> {
        let mut histogram = Histogram::new(usage_kinds.kinds());
        sorted.visit(|groups| rows.arrange(groups), &mut |groups| histogram.add(groups, rows))?;
        let (total, open) = self.divide(payable, &histogram)?;
        if !open.is_empty() {
            self.find(&open, rows, |each| sorted.visit(|groups| rows.arrange(groups), each))?;
        }
        Ok(total)
    }

    /// Decides who gets what is left of each sum; answers what all usages are worth, and the sums
    /// for which [`Amounts::find`] has to be asked.
    pub(crate) fn divide(
        &mut self,
        payable: &Royalties,
        histogram: &Histogram,
    ) -> Result<(AmountsByCurrency, OpenSums), Fatal> {
        let mut shared: Vec<SharedSum> = self.cuts.iter().map(|_| SharedSum::default()).collect();
        let mut apart: BTreeMap<&str, i128> = BTreeMap::new();
        for (kind, net, count) in histogram.iter() {
            let Some(rate) = self.rates.get(kind) else { continue };
            let long = || too_long("the amount of a usage");
            let Some(sum) = rate.sum else {
                let units = self.rounded(rate, net).filter(|units| self.rates.decimal(*units).is_some());
                let all = units.and_then(|units| units.checked_mul(i128::from(count))).ok_or_else(long)?;
                let total = apart.entry(&rate.currency).or_default();
                *total = total.checked_add(all).ok_or_else(|| too_long("a sum of amounts"))?;
                continue;
            };
            let (Some(shared), Some(cut)) = (shared.get_mut(sum as usize), self.cuts.get(sum as usize))
            else {
                continue;
            };
            let exact_amount = Self::exact_amount(rate, net, cut.negative)
                .filter(|exact_amount| self.rates.decimal(exact_amount.whole).is_some());
            let exact_amount = exact_amount.ok_or_else(long)?;
            shared.add(exact_amount, count).ok_or_else(|| too_long("a sum of amounts"))?;
            shared.in_currency(&rate.currency)?;
        }
        let mut total: AmountsByCurrency = BTreeMap::new();
        let mut open = Vec::new();
        let mut add = |currency: &str, units: i128| {
            let amount = self.rates.decimal(units).ok_or_else(|| too_long("a sum of amounts"))?;
            total.entry(currency.into()).or_default().add_decimal(amount);
            Ok::<(), Fatal>(())
        };
        for (currency, units) in apart {
            add(currency, units)?;
        }
        for (shared, sum) in shared.iter().zip(&payable.sums) {
            if let Some(currency) = &shared.currency {
                add(currency, *sum)?;
            }
        }
        for ((number, mut shared), sum) in (0_u32..).zip(shared).zip(&payable.sums) {
            let left = sum.checked_abs().and_then(|sum| sum.checked_sub(shared.whole));
            let Some(cut) = self.cuts.get_mut(number as usize) else { continue };
            let some = left.and_then(|left| u64::try_from(left).ok()).and_then(|left| shared.cut(left, cut));
            let some =
                some.ok_or_else(|| diagnostics::bug("usages are worth another sum than is to be divided"))?;
            if let Some(some) = some {
                open.push((number, some));
            }
        }
        Ok((total, OpenSums(open)))
    }

    /// Finds the places up to which equal usages get a unit. `visit` gives all ranked groups in the
    /// order of the output to what it is given.
    pub(crate) fn find(
        &mut self,
        open: &OpenSums,
        rows: &Rows,
        visit: impl FnOnce(&mut dyn FnMut(&[Group])) -> Result<(), Fatal>,
    ) -> Result<(), Fatal> {
        let mut left: Vec<Option<u64>> = vec![None; self.cuts.len()];
        for (sum, some) in &open.0 {
            if let Some(left) = left.get_mut(*sum as usize) {
                *left = Some(*some);
            }
        }
        let mut place = 0_u64;
        let mut found: Vec<(u32, u64)> = Vec::new();
        visit(&mut |groups| {
            for groups in groups.chunk_by(|a, b| rows.paid_together(a, b)) {
                place += 1;
                let Some(rate) = groups.first().and_then(|group| self.rates.get(group.kind())) else {
                    continue;
                };
                let Some(sum) = rate.sum else { continue };
                let (Some(Some(left)), Some(cut)) = (left.get_mut(sum as usize), self.cuts.get(sum as usize))
                else {
                    continue;
                };
                let exact_amount = Self::exact_amount(rate, net(groups), cut.negative);
                let equal = exact_amount.is_some_and(|exact_amount| {
                    exact_amount.rest > 0
                        && compare((exact_amount.rest, exact_amount.of), (cut.rest, cut.of))
                            == Ordering::Equal
                });
                if *left > 0 && equal {
                    *left -= 1;
                    if *left == 0 {
                        found.push((sum, place));
                    }
                }
            }
        })?;
        if found.len() != open.0.len() {
            return Err(diagnostics::bug("a unit of a sum without a row"));
        }
        for (sum, place) in found {
            if let Some(cut) = self.cuts.get_mut(sum as usize) {
                cut.before = place;
            }
        }
        Ok(())
    }
}

/// The usages that share a sum.
#[derive(Default)]
struct SharedSum {
    whole: i128,
    /// What is cut off, with how many usages it is cut off.
    rests: Vec<(u128, u128, u64)>,
    currency: Option<Box<str>>,
}

impl SharedSum {
    fn add(&mut self, exact_amount: ExactAmount, count: u64) -> Option<()> {
        self.whole = self.whole.checked_add(exact_amount.whole.checked_mul(i128::from(count))?)?;
        if exact_amount.rest > 0 {
            self.rests.push((exact_amount.rest, exact_amount.of, count));
        }
        Some(())
    }

    fn in_currency(&mut self, currency: &str) -> Result<(), Fatal> {
        if self.currency.as_deref().is_some_and(|known| known != currency) {
            return Err(diagnostics::bug("a sum in two currencies"));
        }
        if self.currency.is_none() {
            self.currency = Some(currency.into());
        }
        Ok(())
    }

    /// Decides who gets the units that are left; answers how many of those that are cut alike get
    /// one, where not all do. Nothing when there are more units than usages that were cut.
    #[expect(clippy::option_option, reason = "no answer, and no need to ask")]
    fn cut(&mut self, mut left: u64, cut: &mut RemainderRule) -> Option<Option<u64>> {
        if left == 0 {
            // Nothing is as large as this.
            (cut.rest, cut.of, cut.before) = (1, 1, 0);
            return Some(None);
        }
        self.rests.sort_unstable_by(|a, b| compare((b.0, b.1), (a.0, a.1)));
        for equal in self.rests.chunk_by(|a, b| compare((a.0, a.1), (b.0, b.1)) == Ordering::Equal) {
            let count: u64 = equal.iter().map(|(.., count)| count).sum();
            let Some((rest, of, _)) = equal.first() else { continue };
            (cut.rest, cut.of) = (*rest, *of);
            if left <= count {
                cut.before = u64::MAX;
                return Some((left < count).then_some(left));
            }
            left -= count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::usage_kinds::{UsageKind, UsageKindInterner};
    use proptest::prelude::*;
    use transpose_codes::Decimal;
    use transpose_core::model::Field;
    use transpose_core::terms::UnitRate;

    /// Every denominator below thirteen divides this.
    const ALL: i128 = 27_720;

    fn usage_kinds(kinds: usize) -> (Vec<Entity>, UsageKinds) {
        let mut interner_of_kinds = UsageKindInterner::default();
        for number in 0..kinds {
            let mut answer = Entity::default();
            answer.set(Field::TERRITORY, format!("{number:02}"));
            answer.set(Field::CURRENCY, "EUR");
            interner_of_kinds.number(UsageKind::new(&answer, false)).unwrap();
        }
        interner_of_kinds.finish()
    }

    /// The sales and the returns of an item; all kinds here are bearing.
    fn groups(item: u32, usage_kind: u32, plays: u64, returns: u64) -> [Group; 2] {
        let key = |returned: u32| Group::ranked(item, usage_kind << 2 | returned, true);
        [Group { key: key(0), plays, micros: 0 }, Group { key: key(1), plays: returns, micros: 0 }]
    }

    fn payable(units: &[(i128, i128, Option<u32>)], sums: &[i128], rounding: Option<Rounding>) -> Royalties {
        let unit = |(numerator, denominator, sum): &(i128, i128, Option<u32>)| {
            let (numerator, denominator, sum) = (*numerator, *denominator, *sum);
            [None, Some(UnitRate { numerator, denominator, model: "m".into(), sum, ..UnitRate::default() })]
        };
        let units = units.iter().flat_map(unit).collect();
        Royalties {
            units,
            sums: sums.to_vec(),
            places: 2,
            rounding,
            deal: "d".into(),
            ..Royalties::default()
        }
    }

    /// What usages are worth, and what all are worth together.
    fn divided(
        payable: &Royalties,
        usages: &[(u32, u64, u64)],
    ) -> Result<(Vec<i128>, AmountsByCurrency), Fatal> {
        let (contexts, usage_kinds) = usage_kinds(payable.units.len() / 2);
        let mut amounts = Amounts::new(payable, &usage_kinds, &contexts)?;
        let mut all: Vec<Group> = Vec::new();
        for (item, (usage_kind, plays, returns)) in (0..).zip(usages) {
            all.extend(groups(item, *usage_kind, *plays, *returns));
        }
        let mut histogram = Histogram::new(usage_kinds.kinds());
        let rows = Rows::apart(&usage_kinds);
        histogram.add(&all, &rows);
        let (total, open) = amounts.divide(payable, &histogram)?;
        amounts.find(&open, &rows, |each| {
            each(&all);
            Ok(())
        })?;
        let units = all
            .chunk_by(|a, b| rows.paid_together(a, b))
            .zip(0..)
            .map(|(groups, place)| amounts.units(groups[0].kind(), net(groups), place).unwrap());
        Ok((units.collect(), total))
    }

    fn rounded(exact: i128, mode: u8) -> i128 {
        // In units of the last place times `ALL`: to the nearest, down, up.
        match mode {
            0 => (exact + ALL / 2).div_euclid(ALL),
            1 => exact.div_euclid(ALL),
            _ => -(-exact).div_euclid(ALL),
        }
    }

    proptest! {
        #[test]
        fn sums_are_divided_as_by_hand(
            units in proptest::collection::vec((-30..30_i128, 1..13_i128, 0..3_u32), 1..4),
            usages in proptest::collection::vec((0..3_u32, 0..130_u64, 0..3_u64), 0..60),
            mode in 0..3_u8,
        ) {
            let kinds = units.len() as u32;
            let usages: Vec<_> = usages.into_iter().map(|(kind, plays, returns)| (kind % kinds, plays, returns)).collect();
            let exact = |(kind, plays, returns): &(u32, u64, u64)| {
                let (numerator, denominator, _) = units[*kind as usize];
                numerator * 100 * (i128::from(*plays) - i128::from(*returns)) * (ALL / denominator)
            };
            let mut sums = vec![0; 3];
            for usage in &usages {
                sums[units[usage.0 as usize].2 as usize] += exact(usage);
            }
            let sums: Vec<i128> = sums.into_iter().map(|sum| rounded(sum, mode)).collect();
            let shared: Vec<_> = units.iter().map(|(n, d, sum)| (*n, *d, Some(*sum))).collect();
            let (found, total) = divided(&payable(&shared, &sums, None), &usages).unwrap();
            let mut expected = vec![0; usages.len()];
            for (number, sum) in (0_u32..).zip(&sums) {
                let sign = if *sum < 0 { -1 } else { 1 };
                let of: Vec<usize> = (0..usages.len()).filter(|index| units[usages[*index].0 as usize].2 == number).collect();
                let mut left = sum.abs();
                for index in &of {
                    expected[*index] = (sign * exact(&usages[*index])).div_euclid(ALL);
                    left -= expected[*index];
                }
                let mut order = of.clone();
                order.sort_by_key(|index| std::cmp::Reverse((sign * exact(&usages[*index])).rem_euclid(ALL)));
                for index in order.into_iter().take(usize::try_from(left).unwrap()) {
                    expected[index] += 1;
                }
                for index in of {
                    expected[index] *= sign;
                }
            }
            prop_assert_eq!(&found, &expected);
            let written: i128 = found.iter().sum();
            let total = total.values().fold(ExactSum::default(), |a, b| a.plus(b));
            prop_assert_eq!(total, Decimal::from_i128_with_scale(written, 2).into());
        }
    }

    #[test]
    fn each_way_of_rounding_is_symmetrical() {
        // A half cent a play: odd numbers of plays end in a half.
        let units = [(1, 200, None)];
        for (rounding, expected) in [
            (Some(Rounding::HalfUp), [1, 1, 2, -1, -2]),
            (None, [1, 1, 2, -1, -2]),
            (Some(Rounding::HalfEven), [0, 1, 2, 0, -2]),
            (Some(Rounding::Down), [0, 1, 1, 0, -1]),
        ] {
            let usages = [(0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 0, 1), (0, 1, 4)];
            let (units, total) = divided(&payable(&units, &[], rounding), &usages).unwrap();
            assert_eq!(units, expected, "{rounding:?}");
            assert_eq!(total["EUR"], Decimal::from_i128_with_scale(expected.iter().sum(), 2).into());
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let say = |payable: &Royalties, usages: &[(u32, u64, u64)]| {
            divided(payable, usages).map(drop).map_err(|fatal| fatal.diagnostics[0].code.name)
        };
        let big = 10_i128.pow(24);
        assert_eq!(say(&payable(&[(big, 1, None)], &[], None), &[(0, 99, 0)]), Ok(()));
        assert_eq!(say(&payable(&[(big, 1, None)], &[], None), &[(0, 100, 0)]), Err("amount-too-long"));
        assert_eq!(say(&payable(&[(i128::MAX, 1, None)], &[], None), &[]), Err("amount-too-long"));
        let many = vec![(0, 99, 0); 200];
        assert_eq!(say(&payable(&[(big, 1, None)], &[], None), &many), Err("amount-too-long"));
        // Half a unit is left over, and a whole one is to be given away twice.
        assert_eq!(say(&payable(&[(1, 200, Some(0))], &[3], None), &[(0, 1, 0)]), Err("internal-error"));
        assert_eq!(say(&payable(&[(1, 1, Some(0))], &[5], None), &[]), Err("internal-error"));
    }
}
