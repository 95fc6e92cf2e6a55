//! Royalty arithmetic, without agreements: pure functions of exact numbers.
//!
//! Shares and rates of exchange are factors here (0.6, not 60); taxes are per cent, and durations
//! microseconds, where a function says so.
//!
//! Invariant: nothing is rounded before the step that a deal names, and there only once.
//!
//! | module | holds |
//! |---|---|
//! | [`number`] | exact numbers, rounding, decimal text |
//! | [`pool`] | amounts shared by plays: revenue shares, minimums, the waterfall of minima |
//! | [`greater`] | the greatest of several amounts, and in which scope |
//! | [`allot`] | a fixed sum in parts that add up to it |
//! | [`plays`] | which plays count and for how much; performances |
//! | [`users`] | what each single user paid, shared by what that user played |
//! | [`sales`] | wholesale prices, shares of retail prices, control totals |
//! | [`money`] | shares and fees, withholding, exchange |
//! | [`account`] | advances and guarantees between periods |
//! | [`calendar`] | parts of periods, and the period of a play or refund |
//!
//! The vectors of `spec/vectors.json` are the tests of these functions; agreements use no others.

pub mod account;
pub mod allot;
pub mod calendar;
pub mod greater;
pub mod money;
pub mod number;
pub mod plays;
pub mod pool;
pub mod sales;
pub mod users;
