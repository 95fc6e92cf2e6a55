//! Exact sums of usages by sales context (V-SUM-1, V-SUM-2, V-SUM-7, V-REF-8).

use transpose_core::accounting::ExactSum;

/// What points at one sales context.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsageSum {
    /// How many usages.
    pub(crate) usages: u64,
    /// Whether what details a usage points at it.
    pub(crate) named: bool,
    /// The sum of the quantities.
    quantity: ExactSum,
    /// The sum of the quantities of parts of usages (ST01).
    parts: ExactSum,
    /// Whether a quantity is no exact number.
    lost: bool,
}

impl UsageSum {
    /// Counts a usage. A quantity that is no exact number leaves the sum unknown.
    #[inline]
    pub(crate) fn add(&mut self, quantity: Option<&[u8]>) {
        self.usages += 1;
        let Some(quantity) = quantity else { return };
        match whole(quantity) {
            Some(number) => self.quantity.add_count(number),
            None => self.lost |= self.quantity.add_text(quantity).is_none(),
        }
    }

    /// Notes that something points at it that is no usage: the part of one, with its quantity, or
    /// what else details one. A quantity that is no exact number was told where it is read.
    #[inline]
    pub(crate) fn name(&mut self, part: Option<&[u8]>) {
        self.named = true;
        let Some(part) = part else { return };
        match whole(part) {
            Some(number) => self.parts.add_count(number),
            None => _ = self.parts.add_text(part),
        }
    }

    /// The sum of the parts of usages that point at it, if there are any.
    pub(crate) fn parts(&self) -> Option<&ExactSum> {
        Some(&self.parts).filter(|_| self.named)
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.usages += other.usages;
        self.named |= other.named;
        self.quantity.merge(&other.quantity);
        self.parts.merge(&other.parts);
        self.lost |= other.lost;
    }

    /// The sum; nothing when a quantity is no exact number.
    pub(crate) fn sum(&self) -> Option<&ExactSum> {
        Some(&self.quantity).filter(|_| !self.lost)
    }
}

/// A plain whole number of at most eighteen digits.
pub(crate) fn whole(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter()
        .try_fold(0_u64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(quantities: &[&str]) -> Option<String> {
        // However the quantities are divided, the sum is the same.
        let mut sums = (0..=quantities.len()).map(|cut| {
            let (mut first, mut second) = (UsageSum::default(), UsageSum::default());
            quantities[..cut].iter().for_each(|text| first.add(Some(text.as_bytes())));
            quantities[cut..].iter().for_each(|text| second.add(Some(text.as_bytes())));
            first.merge(&second);
            assert_eq!(first.usages, quantities.len() as u64);
            first.sum().map(ToString::to_string)
        });
        let sum = sums.next().unwrap();
        assert!(sums.all(|other| other == sum));
        sum
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(sum(&[]).as_deref(), Some("0"));
        assert_eq!(sum(&["3", "0.25", "-1", "0.750", "5."]).as_deref(), Some("8"));
        assert_eq!(sum(&["0.1"; 10]).as_deref(), Some("1"));
        assert_eq!(sum(&["999999999999999999", "1"]).as_deref(), Some("1000000000000000000"));
        assert_eq!(sum(&["-0.05", "0.5", "-1.25"]).as_deref(), Some("-0.8"));
        let long = ["9999999999999999999999999999", "0.0000000001"];
        assert_eq!(sum(&long).as_deref(), Some("9999999999999999999999999999.0000000001"));
    }

    #[test]
    fn a_sum_with_what_is_no_number_is_none() {
        let long = ["9999999999999999999999999999", "0.00000000000000000001"];
        assert_eq!(sum(&long).as_deref(), Some("9999999999999999999999999999.00000000000000000001"));
        assert_eq!(sum(&["1", "12345678901234567890123456789012345"]), None);
        assert_eq!(sum(&["1", "x"]), None);
    }
}
