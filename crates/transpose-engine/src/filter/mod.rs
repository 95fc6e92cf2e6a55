//! Filter: which rows take part in a run. What single rows cannot say is found by reading the
//! inputs before they are converted.
//!
//! | module | does |
//! |---|---|
//! | `period` | rows of the reporting period; looks up what was decided about single rows |
//! | `duplicates`, `candidates` | rows that appear several times |
//! | `refund_pairs`, `refund_cutoff` | which sale a refund takes back, and which report shows it |
//! | `marks` | what was decided about single rows, on disk |
//! | `redelivered` | files that were delivered before |
//! | `route_rule` | which rows an output takes |

pub(crate) mod candidates;
pub(crate) mod duplicates;
pub(crate) mod marks;
pub(crate) mod period;
pub(crate) mod redelivered;
pub(crate) mod refund_cutoff;
pub(crate) mod refund_pairs;
pub(crate) mod route_rule;
