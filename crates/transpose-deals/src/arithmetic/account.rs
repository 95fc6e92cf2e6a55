//! Advances and guarantees between periods.

use super::number::{Exact, zero};

/// What becomes of the earnings of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recoupment {
    /// What was set against the advance; negative where refunds raise the balance.
    pub(crate) recouped: Exact,
    /// What is paid.
    pub(crate) payable: Exact,
    /// What of the advance is left to be earned.
    pub(crate) unrecouped: Exact,
}

/// Sets earnings against what is left of an advance. A month of refunds raises it again, and
/// nothing is paid.
pub(crate) fn recoup(balance: &Exact, earned: &Exact) -> Recoupment {
    let recouped = balance.min(earned).clone();
    Recoupment { payable: earned - &recouped, unrecouped: balance - &recouped, recouped }
}

/// What is missing of a guarantee at the end of its term; it is due where the guarantee was not
/// paid in advance.
pub(crate) fn shortfall(guarantee: &Exact, earned: &Exact) -> Exact {
    (guarantee - earned).max(zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::number::whole;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_between_periods(advance in 0_i64..10_000, earned in proptest::collection::vec(-2000_i64..5000, 1..12)) {
            let (mut balance, mut paid) = (whole(advance), zero());
            for amount in &earned {
                let after = recoup(&balance, &whole(*amount));
                prop_assert!(after.payable >= zero() && after.unrecouped >= zero());
                prop_assert!(after.payable == zero() || after.unrecouped == zero());
                prop_assert_eq!(&after.recouped + &after.payable, whole(*amount));
                paid += after.payable;
                balance = after.unrecouped;
            }
            // All that was earned was paid out or set against the advance.
            prop_assert_eq!(paid + whole(advance) - balance, whole(earned.iter().sum::<i64>()));
        }
    }
}
