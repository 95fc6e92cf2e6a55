//! Filter: which rows take part in a run.

pub(crate) mod candidates;
pub(crate) mod duplicates;
pub(crate) mod marks;
pub(crate) mod period;
pub(crate) mod redelivered;
pub(crate) mod refund_cutoff;
pub(crate) mod refund_pairs;
pub(crate) mod route_rule;
