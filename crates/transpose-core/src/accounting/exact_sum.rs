//! Exact sums of decimals, without an allocation for each summand.

use transpose_codes::Decimal;
use transpose_codes::decimal::{self, Grammar, scaled};

/// An exact sum: whole numbers by their decimal places, and what is too long for that.
pub struct ExactSum {
    places: [i128; 37],
    rest: Decimal,
    pub(super) used: bool,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { places: [0; 37], rest: Decimal::ZERO, used: false }
    }
}

impl ExactSum {
    pub(super) fn add(&mut self, number: i128, scale: u32) -> Option<()> {
        let place = self.places.get_mut(scale as usize)?;
        *place = place.checked_add(number)?;
        self.used = true;
        Some(())
    }

    pub(super) fn add_decimal(&mut self, value: Decimal) -> Option<()> {
        self.rest = self.rest.checked_add(value)?;
        self.used = true;
        Some(())
    }

    /// Adds a number in plain notation. `None` when it is none, or the sum becomes too long.
    pub fn add_text(&mut self, text: &[u8]) -> Option<()> {
        match scaled(text) {
            Some((number, scale)) => self.add(number.into(), scale),
            None => self.add_decimal(long(text)?),
        }
    }

    /// Adds what another part has. `None` when the sum becomes too long.
    pub fn merge(&mut self, other: &Self) -> Option<()> {
        for (place, more) in self.places.iter_mut().zip(&other.places) {
            *place = place.checked_add(*more)?;
        }
        self.used |= other.used;
        self.rest = self.rest.checked_add(other.rest)?;
        Some(())
    }

    /// What it comes to. `None` when that has more than 28 digits.
    pub fn total(&self) -> Option<Decimal> {
        let mut total = self.rest;
        for (scale, number) in self.places.iter().enumerate().filter(|(_, number)| **number != 0) {
            let (mut number, mut scale) = (*number, scale as u32);
            while scale > 0 && number % 10 == 0 {
                (number, scale) = (number / 10, scale - 1);
            }
            total = total.checked_add(Decimal::try_from_i128_with_scale(number, scale).ok()?)?;
        }
        Some(total)
    }
}

pub(super) fn long(bytes: &[u8]) -> Option<Decimal> {
    decimal::parse(std::str::from_utf8(bytes).ok()?, Grammar::LENIENT).ok()
}
