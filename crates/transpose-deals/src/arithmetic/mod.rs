//! Royalty arithmetic, without agreements: pure functions of exact numbers.
//!
//! Shares and rates of exchange are factors here (0.6, not 60); taxes are per cent, and durations
//! microseconds, where a function says so.
//!
//! Invariant: nothing is rounded before the step that a deal names, and there only once.
//!
//! | module | holds |
//! |---|---|
//! | `number` | exact numbers, rounding, decimal text |
//! | `pool` | amounts shared by plays: revenue shares, minimums, the waterfall of minima |
//! | `greater` | the greatest of several amounts, and in which scope |
//! | `allot` | exact parts in whole units that add up to their sum |
//! | `plays` | which plays count; performances |
//! | `users` | what each single user paid, shared by what that user played |
//! | `sales` | shares of retail prices |
//! | `money` | shares and fees, withholding, exchange |
//! | `account` | advances and guarantees between periods |
//! | `calendar` | parts of periods |
//!
//! The calculations of `spec/` go through the command line, so no function is here that it does not
//! call.

pub(crate) mod account;
pub(crate) mod allot;
pub(crate) mod calendar;
pub(crate) mod greater;
pub(crate) mod money;
pub(crate) mod number;
pub(crate) mod plays;
pub(crate) mod pool;
pub(crate) mod sales;
pub(crate) mod users;
