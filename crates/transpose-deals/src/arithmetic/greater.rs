//! The greatest of several amounts.

use super::number::Exact;
use std::collections::BTreeMap;

/// Which of several amounts is the greatest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GreatestAmount {
    /// Its place among the candidates.
    pub(crate) winner: usize,
    /// The amount.
    pub(crate) amount: Exact,
    /// By how much each candidate falls short of it; zero for the winner and its equals.
    pub(crate) shortfalls: Vec<Exact>,
}

/// The greatest candidate, the first named of equals; nothing without candidates.
pub(crate) fn greatest(candidates: &[Exact]) -> Option<GreatestAmount> {
    let mut best: Option<(usize, &Exact)> = None;
    for (index, amount) in candidates.iter().enumerate() {
        if best.is_none_or(|(_, highest)| amount > highest) {
            best = Some((index, amount));
        }
    }
    let (winner, amount) = best?;
    let shortfalls = candidates.iter().map(|candidate| amount - candidate).collect();
    Some(GreatestAmount { winner, amount: amount.clone(), shortfalls })
}

impl GreatestAmount {
    /// As if the given candidate had won, whatever the others come to: shortfalls below zero are
    /// what they come to more.
    #[must_use]
    pub(crate) fn given_to(self, winner: usize) -> Self {
        let Some(short) = self.shortfalls.get(winner).cloned() else { return self };
        let shortfalls = self.shortfalls.into_iter().map(|other| other - &short).collect();
        Self { winner, amount: self.amount - &short, shortfalls }
    }
}

/// The greatest in each scope: candidates are added up in it first. All cells have the same
/// candidates in the same order.
pub(crate) fn by_scope<K: Ord>(
    cells: impl IntoIterator<Item = (K, Vec<Exact>)>,
) -> BTreeMap<K, GreatestAmount> {
    let mut sums: BTreeMap<K, Vec<Exact>> = BTreeMap::new();
    for (key, candidates) in cells {
        let sum = sums.entry(key).or_default();
        sum.resize(sum.len().max(candidates.len()), super::number::zero());
        for (sum, candidate) in sum.iter_mut().zip(candidates) {
            *sum += candidate;
        }
    }
    sums.into_iter().filter_map(|(key, candidates)| greatest(&candidates).map(|best| (key, best))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::number::whole;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn narrow_scopes_never_pay_less(cells in proptest::collection::vec((0_u8..4, proptest::collection::vec(-1000_i64..1000, 3)), 1..20)) {
            let candidates = |amounts: &[i64]| amounts.iter().map(|amount| whole(*amount)).collect::<Vec<_>>();
            let narrow = by_scope(cells.iter().enumerate().map(|(index, (_, amounts))| (index, candidates(amounts))));
            let middle = by_scope(cells.iter().map(|(key, amounts)| (*key, candidates(amounts))));
            let wide = by_scope(cells.iter().map(|(_, amounts)| ((), candidates(amounts))));
            let sum = |amounts: Vec<Exact>| amounts.into_iter().sum::<Exact>();
            let narrow = sum(narrow.into_values().map(|best| best.amount).collect());
            let middle = sum(middle.into_values().map(|best| best.amount).collect());
            let wide = sum(wide.into_values().map(|best| best.amount).collect());
            prop_assert!(narrow >= middle && middle >= wide);
        }

        #[test]
        fn the_first_of_equals_wins(amounts in proptest::collection::vec(0_i64..5, 1..8)) {
            let candidates: Vec<Exact> = amounts.iter().map(|amount| whole(*amount)).collect();
            let best = greatest(&candidates).unwrap();
            let highest = amounts.iter().max().unwrap();
            prop_assert_eq!(best.winner, amounts.iter().position(|amount| amount == highest).unwrap());
            for (shortfall, amount) in best.shortfalls.iter().zip(&amounts) {
                prop_assert_eq!(shortfall, &whole(highest - amount));
            }
        }
    }
}
