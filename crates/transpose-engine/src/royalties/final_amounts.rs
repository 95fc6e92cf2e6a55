//! What is to be paid for each sales context once the account of the deal is settled.
//!
//! A deal that asks for it gives each context what it earned. Where the account leaves another
//! amount to be paid, after an advance for example, the contexts have parts of that in proportion,
//! in whole units of its last decimal place, which make it exactly: largest remainder, ties in the
//! order of the contexts.

use transpose_codes::decimal::{self, Decimal, Grammar};
use transpose_core::model::{Entity, Field};

/// Shares what is payable among the contexts that have a final amount.
pub(crate) fn settle(contexts: &mut [Entity], payable: Decimal) {
    let earned = contexts.iter().map(|context| {
        context.text(Field::FINAL_AMOUNT).and_then(|text| decimal::parse(text, Grammar::PLAIN).ok())
    });
    let earned: Vec<Option<Decimal>> = earned.collect();
    let places = earned.iter().flatten().chain([&payable]).map(Decimal::scale).max().unwrap_or(0);
    let units = |amount: &Decimal| {
        amount.mantissa().checked_mul(10_i128.checked_pow(places.saturating_sub(amount.scale()))?)
    };
    let weights: Vec<Option<i128>> = earned.iter().map(|amount| amount.as_ref().and_then(units)).collect();
    let Some(shares) = units(&payable).and_then(|total| shares(total, &weights)) else { return };
    for (context, share) in contexts.iter_mut().zip(shares) {
        let share = share.and_then(|share| Decimal::try_from_i128_with_scale(share, places).ok());
        if let Some(share) = share {
            context.set(Field::FINAL_AMOUNT, decimal::to_text(&share.normalize()));
        }
    }
}

/// The parts of a total by weights; nothing where the weights make it already, or where numbers are
/// too large.
fn shares(total: i128, weights: &[Option<i128>]) -> Option<Vec<Option<i128>>> {
    let sum = weights.iter().flatten().try_fold(0_i128, |sum, weight| sum.checked_add(*weight))?;
    if sum == total {
        return None;
    }
    let mut parts = weights.to_vec();
    if sum == 0 {
        // Nothing was earned anywhere: what is paid all the same is of the first.
        *parts.iter_mut().flatten().next()? = total;
        return Some(parts);
    }
    let mut rests = Vec::new();
    let mut left = total;
    for (index, part) in parts.iter_mut().enumerate() {
        let Some(part) = part else { continue };
        let product = total.checked_mul(*part)?;
        *part = product.checked_div_euclid(sum)?;
        left = left.checked_sub(*part)?;
        rests.push((product.checked_rem_euclid(sum)?, index));
    }
    rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let step = left.signum();
    for (_, index) in rests.into_iter().take(usize::try_from(left.unsigned_abs()).ok()?) {
        if let Some(Some(part)) = parts.get_mut(index) {
            *part = part.checked_add(step)?;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_payable_is_shared_exactly() {
        let settled = |earned: &[Option<&str>], payable: &str| {
            let mut contexts: Vec<Entity> = earned
                .iter()
                .map(|earned| {
                    let mut context = Entity::default();
                    if let Some(earned) = earned {
                        context.set(Field::FINAL_AMOUNT, *earned);
                    }
                    context
                })
                .collect();
            settle(&mut contexts, decimal::parse(payable, Grammar::PLAIN).unwrap());
            contexts
                .iter()
                .map(|context| context.text(Field::FINAL_AMOUNT).map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(settled(&[Some("400"), Some("100.00")], "500"), some(&["400", "100.00"]));
        assert_eq!(settled(&[Some("400.00"), Some("100.00")], "300"), some(&["240", "60"]));
        // A cent that is left goes to the first of equals.
        assert_eq!(
            settled(&[Some("1.00"), Some("1.00"), Some("1.00")], "1.00"),
            some(&["0.34", "0.33", "0.33"])
        );
        assert_eq!(settled(&[Some("0"), Some("0")], "7.50"), some(&["7.5", "0"]));
        assert_eq!(settled(&[Some("5.00"), None], "0"), [Some("0".to_owned()), None]);
        assert_eq!(settled(&[None], "5"), [None]);
    }
}
