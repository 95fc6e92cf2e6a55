//! What is left over between periods.

use transpose_codes::decimal::Decimal;

/// What an account brings into a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// What of advances, and of months that were negative, is left to be earned.
    pub unrecouped: Decimal,
    /// What was earned in the term so far.
    pub earned: Decimal,
}
