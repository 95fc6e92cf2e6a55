//! Royalties: what is payable for each usage, rounded and allocated.
//!
//! | module | does |
//! |---|---|
//! | `rates` | what one play of each kind of usages is worth, as the terms say |
//! | `fraction` | exact fractions |
//! | `rows` | which usages of an item are one row of a target |
//! | `rounding` | the amounts of usages, which add up to the sums that the terms name |
//! | `allocations` | what of a usage is allocated to the recipient |
//! | `final_amounts` | what is to be paid for each sales context once the account is settled |

pub(crate) mod allocations;
pub(crate) mod final_amounts;
mod fraction;
pub(crate) mod rates;
pub(crate) mod rounding;
pub(crate) mod rows;
