//! Exact fractions of whole numbers. Products have up to 256 bits; what does not fit is no answer,
//! never a cut one.

use std::cmp::Ordering;

/// A fraction in its lowest terms; the second number is above zero.
pub(super) fn reduced(a: u128, b: u128) -> (u128, u128) {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1), b / x.max(1))
}

/// Compares two fractions exactly; their denominators are above zero.
pub(super) fn compare(a: (u128, u128), b: (u128, u128)) -> Ordering {
    if a.1 == b.1 {
        return a.0.cmp(&b.0);
    }
    wide(a.0, b.1).cmp(&wide(b.0, a.1))
}

/// The product of two numbers: its upper and its lower half.
pub(super) fn wide(a: u128, b: u128) -> (u128, u128) {
    let mask = u128::from(u64::MAX);
    let (ah, al, bh, bl) = (a >> 64, a & mask, b >> 64, b & mask);
    let (low, one, two, high) = (al * bl, ah * bl, al * bh, ah * bh);
    let middle = (low >> 64) + (one & mask) + (two & mask);
    (high + (one >> 64) + (two >> 64) + (middle >> 64), (middle << 64) | (low & mask))
}

/// The whole part of `a * b / by`, and the rest; nothing when it has more than 128 bits.
pub(super) fn multiply_divide(a: u128, b: u128, by: u128) -> Option<(u128, u128)> {
    if let Some(product) = a.checked_mul(b) {
        return Some((product.checked_div(by)?, product % by));
    }
    let (mut rest, low) = wide(a, b);
    if rest >= by {
        return None;
    }
    let mut whole = 0;
    for bit in (0..128).rev() {
        let carried = rest >> 127 == 1;
        rest = rest << 1 | (low >> bit & 1);
        if carried || rest >= by {
            rest = rest.wrapping_sub(by);
            whole |= 1 << bit;
        }
    }
    Some((whole, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_of_256_bits_are_divided(a: u128, b: u128, by in 1..=u128::MAX) {
            let (high, low) = wide(a, b);
            if let Some((whole, rest)) = multiply_divide(a, b, by) {
                prop_assert!(rest < by);
                let back = wide(whole, by);
                let (sum, carried) = back.1.overflowing_add(rest);
                prop_assert_eq!((back.0 + u128::from(carried), sum), (high, low));
            } else {
                prop_assert!(high >= by);
            }
        }
    }
}
