//! What happens to an amount on its way to the recipient: shares and fees, withholding, exchange.

use super::number::{Exact, quotient, whole};

/// The part of a gross amount that a deal gives.
pub(crate) fn share_of(gross: &Exact, share: &Exact) -> Exact {
    gross * share
}

/// A gross amount in the fee and what is left of it.
pub(crate) fn less_fee(gross: &Exact, rate: &Exact) -> (Exact, Exact) {
    let fee = gross * rate;
    let net = gross - &fee;
    (fee, net)
}

/// What is payable of earnings after withholding; withheld amounts are negative.
pub(crate) fn withheld(earned: &Exact, withholding: &Exact) -> Exact {
    earned + withholding
}

/// The payment of which so much is left after tax; nothing where the tax takes all of it.
pub(crate) fn grossed_up(net: &Exact, rate: &Exact) -> Option<Exact> {
    quotient(net, &(whole(1) - rate))
}

/// How a rate of exchange is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Units of the currency of reporting for one of the other: amounts are multiplied.
    Multiply,
    /// Units of the other currency for one of the currency of reporting: amounts are divided.
    Divide,
}

/// A rate of exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The rate, above zero.
    pub(crate) rate: Exact,
    /// How it is written.
    pub(crate) direction: Direction,
}

impl Rate {
    /// What amounts are multiplied with; nothing for a rate of zero.
    pub(crate) fn factor(&self) -> Option<Exact> {
        match self.direction {
            Direction::Multiply => Some(self.rate.clone()),
            Direction::Divide => quotient(&whole(1), &self.rate),
        }
    }
}
