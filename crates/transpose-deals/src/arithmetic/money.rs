//! What happens to an amount on its way to the recipient: shares and fees, withholding, exchange.

use super::number::{Exact, quotient, round, whole};
use transpose_core::terms::Rounding;

/// The part of a gross amount that a deal gives.
pub fn share_of(gross: &Exact, share: &Exact) -> Exact {
    gross * share
}

/// A gross amount in the fee and what is left of it.
pub fn less_fee(gross: &Exact, rate: &Exact) -> (Exact, Exact) {
    let fee = gross * rate;
    let net = gross - &fee;
    (fee, net)
}

/// What is payable of earnings after withholding; withheld amounts are negative.
pub fn withheld(earned: &Exact, withholding: &Exact) -> Exact {
    earned + withholding
}

/// The payment of which so much is left after tax; nothing where the tax takes all of it.
pub fn grossed_up(net: &Exact, rate: &Exact) -> Option<Exact> {
    quotient(net, &(whole(1) - rate))
}

/// How a rate of exchange is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Units of the currency of reporting for one of the other: amounts are multiplied.
    Multiply,
    /// Units of the other currency for one of the currency of reporting: amounts are divided.
    Divide,
}

/// A rate of exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The rate, above zero.
    pub rate: Exact,
    /// How it is written.
    pub direction: Direction,
}

impl Rate {
    /// What amounts are multiplied with; nothing for a rate of zero.
    pub fn factor(&self) -> Option<Exact> {
        match self.direction {
            Direction::Multiply => Some(self.rate.clone()),
            Direction::Divide => quotient(&whole(1), &self.rate),
        }
    }
}

/// An amount in the other currency.
pub fn converted(amount: &Exact, rate: &Rate) -> Option<Exact> {
    rate.factor().map(|factor| amount * factor)
}

/// Where converted amounts are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionRounding {
    /// Every row.
    Row,
    /// The sum of all rows of one currency.
    Block,
}

/// The rows of one currency converted and rounded.
pub fn converted_block(
    rows: &[Exact],
    rate: &Rate,
    each: ConversionRounding,
    places: u32,
    mode: Rounding,
) -> Option<Exact> {
    let rounded = |amount: &Exact| converted(amount, rate).map(|amount| round(&amount, places, mode));
    match each {
        ConversionRounding::Row => rows.iter().map(rounded).sum(),
        ConversionRounding::Block => rounded(&rows.iter().sum()),
    }
}
