//! What a run accounts for: the ledger, the loss report, what encoders wrote.

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
