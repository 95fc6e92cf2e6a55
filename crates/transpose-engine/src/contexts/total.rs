//! Exact sums of usages by sales context (V-SUM-1, V-SUM-2, V-REF-8).

use std::cmp::Ordering;
use std::fmt;
use transpose_codes::decimal::{self, Grammar};

/// What points at one sales context.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsageSum {
    /// How many usages.
    pub(crate) usages: u64,
    /// Whether what details a usage points at it.
    pub(crate) named: bool,
    /// The sum of whole quantities.
    whole: i128,
    /// The sums of other quantities, by their decimal places.
    parts: Vec<(u32, i128)>,
    /// Whether something could not be added exactly.
    lost: bool,
}

impl UsageSum {
    /// Counts a usage. A quantity that is no exact number leaves the sum unknown.
    #[inline]
    pub(crate) fn add(&mut self, quantity: Option<&[u8]>) {
        self.usages += 1;
        let Some(quantity) = quantity else { return };
        match whole(quantity) {
            Some(number) => self.add_whole(number.into()),
            None => match Number::parse(quantity) {
                Some(Number { mantissa, scale }) => self.add_part(scale, mantissa),
                None => self.lost = true,
            },
        }
    }

    /// Notes that something points at it that is no usage.
    #[inline]
    pub(crate) fn name(&mut self) {
        self.named = true;
    }

    fn add_whole(&mut self, number: i128) {
        match self.whole.checked_add(number) {
            Some(sum) => self.whole = sum,
            None => self.lost = true,
        }
    }

    fn add_part(&mut self, scale: u32, number: i128) {
        if !self.parts.iter().any(|(known, _)| *known == scale) {
            self.parts.push((scale, 0));
        }
        let Some((_, sum)) = self.parts.iter_mut().find(|(known, _)| *known == scale) else { return };
        match sum.checked_add(number) {
            Some(more) => *sum = more,
            None => self.lost = true,
        }
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.usages += other.usages;
        self.named |= other.named;
        self.add_whole(other.whole);
        for (scale, number) in &other.parts {
            self.add_part(*scale, *number);
        }
        self.lost |= other.lost;
    }

    /// The sum; nothing when it has more digits than can be held exactly.
    pub(crate) fn sum(&self) -> Option<Number> {
        let whole = Number { mantissa: self.whole, scale: 0 };
        let parts = self.parts.iter().map(|(scale, mantissa)| Number { mantissa: *mantissa, scale: *scale });
        parts.map(Number::normal).try_fold(whole, Number::add).map(Number::normal).filter(|_| !self.lost)
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

/// An exact number: a mantissa and its decimal places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    mantissa: i128,
    scale: u32,
}

impl Number {
    /// A number as decoders leave it in a batch or in a sales context.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let number = decimal::parse(std::str::from_utf8(text).ok()?, Grammar::LENIENT).ok()?;
        Some(Self { mantissa: number.mantissa(), scale: number.scale() }.normal())
    }

    /// The same number without zeros at its end.
    fn normal(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self = Self { mantissa: self.mantissa / 10, scale: self.scale - 1 };
        }
        self
    }

    /// The mantissa with as many decimal places.
    fn scaled(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10_i128.checked_pow(scale - self.scale.min(scale))?)
    }

    fn add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.scaled(scale)?.checked_add(other.scaled(scale)?)?;
        Some(Self { mantissa, scale })
    }

    /// Compares two numbers; nothing when that takes more digits than can be held.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.scaled(scale)?.cmp(&other.scaled(scale)?))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let one = 10_u128.checked_pow(self.scale).unwrap_or(u128::MAX);
        write!(f, "{sign}{}.{:0width$}", digits / one, digits % one, width = self.scale as usize)
    }
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
            first.sum().map(|sum| sum.to_string())
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
    fn a_sum_that_cannot_be_held_is_none() {
        assert_eq!(sum(&["9999999999999999999999999999", "0.00000000000000000001"]), None);
        assert_eq!(sum(&["1", "12345678901234567890123456789012345"]), None);
        assert_eq!(sum(&["1", "x"]), None);
    }

    #[test]
    fn numbers_compare_by_value() {
        let compare = |a: &str, b: &str| {
            Number::parse(a.as_bytes()).unwrap().compare(Number::parse(b.as_bytes()).unwrap())
        };
        assert_eq!(compare("5.", "5.00"), Some(Ordering::Equal));
        assert_eq!(compare("-1", "0.5"), Some(Ordering::Less));
        assert_eq!(compare("1000000000000000000000", "999.999999"), Some(Ordering::Greater));
        assert_eq!(compare("9999999999999999999999999999", "0.00000000000000000001"), None);
    }
}
