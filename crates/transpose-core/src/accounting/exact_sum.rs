//! The one exact sum: of counts, cells and money, however many and however long. It never rounds.
//!
//! ```text
//! add 99999999999.50                recent 9999999999950 x 10^-2     earlier none
//! add 3                             recent 9999999999950 x 10^-2 + 300
//! add one with 28 decimal places    recent: that one, 128 bits       earlier 100000000002.50,
//!                                   have no room for both            512 bits with 56 places
//! ```
//!
//! **For those who change this:** one addition of each row of an input ends here. A summand of the
//! usual length costs a comparison and an addition of 128 bits; there is at most one allocation for
//! each sum, and only where its summands leave 38 digits.

use std::cmp::Ordering;
use std::fmt;
use transpose_codes::Decimal;
use transpose_codes::decimal::{self, Grammar, scaled};

/// The decimal places of a wide number: as many as the product of two decimals may have.
const PLACES: u32 = 56;

/// An exact sum of decimals and of products of two decimals.
#[derive(Clone, Default)]
pub struct ExactSum {
    /// The latest summands, in units of the last of `scale` decimal places.
    recent: i128,
    scale: u32,
    /// Whether anything was added, be it zero.
    used: bool,
    /// The summands before, where they do not fit into the recent ones.
    earlier: Option<Box<WideInteger>>,
}

impl ExactSum {
    /// Adds a whole number.
    #[inline]
    pub fn add_count(&mut self, count: u64) {
        self.add(count.into(), 0);
    }

    /// Adds a decimal.
    pub fn add_decimal(&mut self, value: Decimal) {
        self.add(value.mantissa(), value.scale());
    }

    /// Adds the product of two decimals.
    pub fn add_product(&mut self, a: Decimal, b: Decimal) {
        let scale = a.scale() + b.scale();
        match a.mantissa().checked_mul(b.mantissa()) {
            Some(product) => self.add(product, scale),
            None => self.add_wide(&WideInteger::product(a.mantissa(), b.mantissa(), scale)),
        }
    }

    /// Adds a number in plain notation. `None` when it is none; then nothing is added.
    #[inline]
    pub fn add_text(&mut self, text: &[u8]) -> Option<()> {
        match scaled(text) {
            Some((number, scale)) => self.add(number.into(), scale),
            None => self.add_decimal(long(text)?),
        }
        Some(())
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        if other.used {
            self.add(other.recent, other.scale);
        }
        if let Some(earlier) = &other.earlier {
            self.add_wide(earlier);
        }
    }

    /// This sum and another one together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.merge(other);
        sum
    }

    /// Whether nothing was added, not even zero.
    pub fn is_empty(&self) -> bool {
        !self.used
    }

    /// Whether it comes to zero.
    pub fn is_zero(&self) -> bool {
        match &self.earlier {
            None => self.recent == 0,
            Some(_) => self.wide().is_zero(),
        }
    }

    /// What it comes to. `None` when a decimal does not hold that exactly; the text of the sum
    /// does.
    pub fn total(&self) -> Option<Decimal> {
        let (mantissa, scale) = if self.earlier.is_none() {
            shortest(self.recent, self.scale)
        } else {
            let text = self.to_string();
            let places = text.split_once('.').map_or(0, |(_, places)| places.len());
            (text.replace('.', "").parse().ok()?, u32::try_from(places).ok()?)
        };
        Decimal::try_from_i128_with_scale(mantissa, scale).ok()
    }

    /// Adds units of the last of so many decimal places, at most 56.
    #[inline]
    pub(super) fn add(&mut self, number: i128, scale: u32) {
        self.used = true;
        if scale == self.scale
            && let Some(sum) = self.recent.checked_add(number)
        {
            self.recent = sum;
        } else {
            self.add_rescaled(number, scale);
        }
    }

    /// Adds a number of another scale, or one for which the recent summands have no room.
    fn add_rescaled(&mut self, number: i128, scale: u32) {
        let common = scale.max(self.scale);
        let sum = rescaled(self.recent, common - self.scale)
            .zip(rescaled(number, common - scale))
            .and_then(|(recent, number)| recent.checked_add(number));
        if let Some(sum) = sum {
            (self.recent, self.scale) = (sum, common);
        } else {
            let recent = WideInteger::scaled(self.recent, self.scale);
            (self.recent, self.scale) = (number, scale);
            self.add_wide(&recent);
        }
    }

    fn add_wide(&mut self, number: &WideInteger) {
        self.used = true;
        self.earlier.get_or_insert_default().add(number);
    }

    fn wide(&self) -> WideInteger {
        let mut sum = WideInteger::scaled(self.recent, self.scale);
        if let Some(earlier) = &self.earlier {
            sum.add(earlier);
        }
        sum
    }
}

impl From<Decimal> for ExactSum {
    fn from(value: Decimal) -> Self {
        let mut sum = Self::default();
        sum.add_decimal(value);
        sum
    }
}

impl From<u64> for ExactSum {
    fn from(count: u64) -> Self {
        let mut sum = Self::default();
        sum.add_count(count);
        sum
    }
}

/// Sums are equal by what they come to, however they came to it.
impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ExactSum {}

impl PartialOrd for ExactSum {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ExactSum {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale && self.earlier.is_none() && other.earlier.is_none() {
            return self.recent.cmp(&other.recent);
        }
        self.wide().cmp(&other.wide())
    }
}

/// Plain notation with all digits, without zeros at the end: `-1.29`, `0`.
impl fmt::Display for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, digits, places) = if self.earlier.is_none() {
            let (number, scale) = shortest(self.recent, self.scale);
            (number < 0, number.unsigned_abs().to_string(), scale as usize)
        } else {
            let (negative, digits) = self.wide().digits();
            (negative, digits, PLACES as usize)
        };
        // At least one digit in front of the mark.
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at_checked(digits.len() - places).unwrap_or((&digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let mark = if fraction.is_empty() { "" } else { "." };
        f.pad_integral(!negative, "", &format!("{whole}{mark}{fraction}"))
    }
}

impl fmt::Debug for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A whole number of units of the last of [`PLACES`] decimal places, in two's complement, the
/// lowest limb first.
///
/// A product of two decimals is below 10^58 and 2^64 of them are below 10^78, which takes 134
/// digits of units or 446 bits: additions cannot leave 512 bits, so they do not check.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct WideInteger([u64; 8]);

impl WideInteger {
    /// Units of the last of so many decimal places.
    fn scaled(number: i128, scale: u32) -> Self {
        Self::product(number, 1, scale)
    }

    /// A product of units of the last of so many decimal places.
    fn product(a: i128, b: i128, scale: u32) -> Self {
        let mut wide = Self::default();
        let magnitude = a.unsigned_abs();
        let low = [magnitude as u64, (magnitude >> 64) as u64];
        wide.0.iter_mut().zip(low).for_each(|(limb, low)| *limb = low);
        let factor = b.unsigned_abs();
        let mut high = wide;
        high.multiply((factor >> 64) as u64);
        wide.multiply(factor as u64);
        // The upper half of the factor stands one limb higher.
        high.0.rotate_right(1);
        wide.add(&high);
        let mut missing = PLACES.saturating_sub(scale);
        while missing > 0 {
            let step = missing.min(19);
            wide.multiply(10_u64.pow(step));
            missing -= step;
        }
        if (a < 0) == (b < 0) { wide } else { wide.negated() }
    }

    fn add(&mut self, other: &Self) {
        let mut carry = false;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = limb.overflowing_add(more);
            let (sum, again) = sum.overflowing_add(carry.into());
            (*limb, carry) = (sum, over || again);
        }
    }

    /// Multiplies a magnitude.
    fn multiply(&mut self, factor: u64) {
        let mut carry = 0_u128;
        for limb in &mut self.0 {
            let product = u128::from(*limb) * u128::from(factor) + carry;
            (*limb, carry) = (product as u64, product >> 64);
        }
    }

    /// Divides a magnitude; answers the remainder.
    fn divide(&mut self, divisor: u64) -> u64 {
        let mut rest = 0_u128;
        for limb in self.0.iter_mut().rev() {
            let number = rest << 64 | u128::from(*limb);
            *limb = (number / u128::from(divisor)) as u64;
            rest = number % u128::from(divisor);
        }
        rest as u64
    }

    fn negated(self) -> Self {
        let mut wide = Self(self.0.map(|limb| !limb));
        wide.add(&Self([1, 0, 0, 0, 0, 0, 0, 0]));
        wide
    }

    fn is_negative(&self) -> bool {
        self.0.last().is_some_and(|limb| limb.cast_signed() < 0)
    }

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is below zero, and the digits of its magnitude.
    fn digits(self) -> (bool, String) {
        let negative = self.is_negative();
        let mut rest = if negative { self.negated() } else { self };
        let mut groups = Vec::new();
        while !rest.is_zero() {
            groups.push(rest.divide(10_u64.pow(18)));
        }
        let groups: Vec<String> = groups.iter().rev().map(|group| format!("{group:018}")).collect();
        let digits = groups.concat();
        (negative, digits.trim_start_matches('0').to_owned())
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let signs = other.is_negative().cmp(&self.is_negative());
        // With equal signs, numbers in two's complement are in the order of their limbs.
        signs.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// The number with so many more decimal places, where it fits.
fn rescaled(number: i128, more: u32) -> Option<i128> {
    if more == 0 || number == 0 {
        return Some(number);
    }
    number.checked_mul(10_i128.checked_pow(more)?)
}

/// The same number without zeros at the end of its decimal places.
fn shortest(mut number: i128, mut scale: u32) -> (i128, u32) {
    while scale > 0 && number % 10 == 0 {
        (number, scale) = (number / 10, scale - 1);
    }
    (number, scale)
}

pub(super) fn long(bytes: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(bytes).ok()?, Grammar::LENIENT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The sum, however the numbers are divided between two workers.
    fn sum(numbers: &[&str]) -> String {
        let mut sums = (0..=numbers.len()).map(|cut| {
            let (mut first, mut second) = (ExactSum::default(), ExactSum::default());
            for (place, number) in numbers.iter().enumerate() {
                let sum = if place < cut { &mut first } else { &mut second };
                sum.add_text(number.as_bytes()).unwrap();
            }
            first.merge(&second);
            first
        });
        let sum = sums.next().unwrap();
        assert!(sums.all(|other| other == sum && other.to_string() == sum.to_string()));
        sum.to_string()
    }

    // The values were computed with Python's `fractions`.
    #[test]
    fn sums_keep_all_digits() {
        assert_eq!(sum(&[]), "0");
        assert_eq!(sum(&["3", "0.25", "-1", "0.750", "5."]), "8");
        assert_eq!(sum(&["-0.05", "0.5", "-1.25"]), "-0.8");
        assert_eq!(sum(&["12345.6", "0.1234567890123456789012345678"]), "12345.7234567890123456789012345678");
        assert_eq!(
            sum(&["9999999999999999999999999999", "0.0000000000000000000000000001"]),
            "9999999999999999999999999999.0000000000000000000000000001"
        );
        assert_eq!(
            sum(&["-9999999999999999999999999999", "-0.0000000000000000000000000001", "1"]),
            "-9999999999999999999999999998.0000000000000000000000000001"
        );
        assert_eq!(
            sum(&[
                "9999999999999999999999999999",
                "0.0000000000000000000000000001",
                "-9999999999999999999999999999"
            ]),
            "0.0000000000000000000000000001"
        );
        assert_eq!(sum(&["9999999999999999999999999999"; 40]), "399999999999999999999999999960");
    }

    #[test]
    fn fourteen_amounts_of_28_digits() {
        let amounts = [
            "0.8506416786684418786402764749",
            "0.1400937887271429106200675970",
            "0.6063419571207965741161143866",
            "0.4003863706647019042221000249",
            "0.4545949240000567877520440711",
            "0.9993514443417682099958220415",
            "0.2379300012529472157474610393",
            "0.8485122340412407486408459891",
            "0.8916899624624336275417519140",
            "0.7983687703094822955554051858",
            "0.9934618835738916343012550046",
            "0.1978104760454286648159453993",
            "0.9901663238093062641198448891",
            "0.4270114895224562747220469524",
        ];
        assert_eq!(sum(&amounts), "8.8363613045400949907909809696");
    }

    #[test]
    fn products_keep_all_digits() {
        let long = Decimal::from_i128_with_scale(9_999_999_999_999_999_999_999_999_999, 28);
        let mut product = ExactSum::default();
        product.add_product(long, long);
        let nines = "9".repeat(27);
        assert_eq!(product.to_string(), format!("0.{nines}8{}1", "0".repeat(27)));
        product.add_product(-long, long);
        assert!(product.is_zero() && !product.is_empty());
        product.add_product(Decimal::MAX, Decimal::MAX);
        // (2^96 - 1)^2
        assert_eq!(product.to_string(), "6277101735386680763835789423049210091073826769276946612225");
        assert_eq!(product.total(), None);
    }

    #[test]
    fn totals_are_decimals_or_absent_and_never_rounded() {
        let of = |numbers: &[&str]| {
            let mut sum = ExactSum::default();
            for number in numbers {
                sum.add_text(number.as_bytes()).unwrap();
            }
            sum.total().map(|total| total.to_string())
        };
        assert_eq!(of(&["1.50", "1.50"]).as_deref(), Some("3"));
        assert_eq!(of(&["12345.6", "0.1234567890123456789012345678"]), None);
        let long = ["9999999999999999999999999999", "0.1", "-9999999999999999999999999999"];
        assert_eq!(of(&long).as_deref(), Some("0.1"));
    }

    #[test]
    fn what_is_no_number_adds_nothing() {
        let mut sum = ExactSum::default();
        for text in ["", "x", "1,5", "1e3", "12345678901234567890123456789012345"] {
            assert_eq!(sum.add_text(text.as_bytes()), None);
        }
        assert!(sum.is_empty());
    }

    proptest! {
        /// Against whole numbers of 256 bits made of two halves: the whole parts and the places
        /// behind the mark are added by themselves.
        #[test]
        fn agrees_with_sums_of_halves(
            numbers in proptest::collection::vec((-(10_i128.pow(14))..10_i128.pow(14), 0_i128..10_i128.pow(14), 0_u32..=14), 0..20)
        ) {
            let (mut sum, mut units) = (ExactSum::default(), 0_i128);
            for (whole, part, scale) in numbers {
                let part = part % 10_i128.pow(scale);
                let mantissa = whole * 10_i128.pow(scale) + part;
                sum.add_decimal(Decimal::from_i128_with_scale(mantissa, scale));
                units += mantissa * 10_i128.pow(14 - scale);
            }
            let mut expected = ExactSum::default();
            expected.add(units, 14);
            prop_assert_eq!(sum.to_string(), expected.to_string());
            // A detour through numbers of the longest kind changes nothing.
            let far = Decimal::from_i128_with_scale(9_999_999_999_999_999_999_999_999_999, 28);
            sum.add_product(far, far);
            sum.add_product(far, Decimal::MAX);
            sum.add_product(far, Decimal::MIN);
            sum.add_product(far, -far);
            prop_assert!(sum == expected);
            prop_assert_eq!(sum.to_string(), expected.to_string());
            prop_assert_eq!(sum.total(), expected.total());
        }
    }
}
