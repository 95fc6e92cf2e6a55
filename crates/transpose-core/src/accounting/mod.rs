//! What a run accounts for: what was read, lost and written, in exact numbers.
//!
//! | module | holds |
//! |---|---|
//! | `ledger` | everything that was read is converted, rejected or filtered |
//! | `loss` | what a conversion loses, guesses or changes |
//! | `run_report` | diagnostics, loss and ledger, merged in the order of the input |
//! | `usage_totals` | what an encoder accounts for while it writes |
//! | `exact_sum` | the one exact sum |

mod exact_sum;
mod ledger;
mod loss;
mod run_report;
mod usage_totals;

pub use exact_sum::ExactSum;
pub use ledger::{Amounts, Imbalance, Ledger};
pub use loss::{Change, Entry, FIRST, Loss, Subject};
pub use run_report::RunReport;
pub use usage_totals::{Losses, NO_CURRENCY, UsageTotals};
