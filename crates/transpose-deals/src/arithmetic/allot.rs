//! A fixed sum in parts that add up to it: the largest remainder.

use super::number::Exact;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// Exact parts, in units of the last decimal place, in whole units that add up to the sum, which is
/// their own sum rounded: each is cut to whole units, and the units that are left over go one each
/// to the largest remainders, of equal ones to the first. A negative sum is parted as its opposite,
/// so that a refund takes back exactly what a sale gave; parts may have either sign. Nothing where
/// the parts do not make the sum.
pub(crate) fn spread(sum: &BigInt, exact: &[Exact]) -> Option<Vec<BigInt>> {
    let mirrored = |number: BigInt| if sum.is_negative() { -number } else { number };
    let (mut parts, mut remainders) = (Vec::new(), Vec::new());
    for (index, part) in exact.iter().enumerate() {
        let part = if sum.is_negative() { -part } else { part.clone() };
        let floor = part.floor();
        parts.push(floor.to_integer());
        remainders.push((part - floor, index));
    }
    let given: BigInt = parts.iter().sum();
    let left = (sum.abs() - given).to_usize().filter(|left| *left <= parts.len())?;
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in remainders.iter().take(left) {
        if let Some(part) = parts.get_mut(*index) {
            *part += 1;
        }
    }
    Some(parts.into_iter().map(mirrored).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;
    use proptest::prelude::*;

    /// The parts of a sum by weight.
    fn by_weight(sum: i64, weights: &[u32]) -> Option<Vec<BigInt>> {
        let total: u32 = weights.iter().sum();
        let part = |weight: &u32| Exact::new(BigInt::from(sum) * *weight, total.into());
        spread(&BigInt::from(sum), &weights.iter().map(part).collect::<Vec<_>>())
    }

    #[test]
    fn parts_that_are_not_the_sum_are_none() {
        assert_eq!(spread(&BigInt::from(5), &[]), None);
        assert_eq!(spread(&BigInt::zero(), &[Exact::zero()]), Some(vec![BigInt::zero()]));
    }

    #[test]
    fn parts_of_either_sign_make_the_sum() {
        let parts: Vec<Exact> =
            [(5, 2), (-1, 2), (-7, 3), (4, 3)].map(|(a, b)| Exact::new(a.into(), b.into())).into();
        let spread_of = |sum: i64, parts: &[Exact]| {
            spread(&BigInt::from(sum), parts)
                .map(|parts| parts.iter().filter_map(ToPrimitive::to_i64).collect::<Vec<_>>())
        };
        assert_eq!(spread_of(1, &parts), Some(vec![3, -1, -2, 1]));
        let opposite: Vec<Exact> = parts.iter().map(|part| -part).collect();
        assert_eq!(spread_of(-1, &opposite), Some(vec![-3, 1, 2, -1]));
        assert_eq!((spread_of(9, &parts), spread_of(-3, &parts)), (None, None));
    }

    proptest! {
        #[test]
        fn parts_make_the_sum_and_are_fair(sum in -1_000_000_i64..1_000_000, weights in proptest::collection::vec(0_u32..1000, 1..30)) {
            let total: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
            prop_assume!(total > 0);
            let parts = by_weight(sum, &weights).unwrap();
            prop_assert_eq!(parts.iter().sum::<BigInt>(), BigInt::from(sum));
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = sum.abs() * i64::from(*weight) / total;
                let part = part.abs().to_i64().unwrap();
                prop_assert!(part == floor || part == floor + 1);
            }
            let back: Vec<BigInt> = by_weight(-sum, &weights).unwrap().into_iter().map(|part| -part).collect();
            prop_assert_eq!(back, parts);
        }
    }
}
