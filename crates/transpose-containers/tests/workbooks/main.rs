//! Workbooks as others read them: what we write, opened by readers that share no code with our
//! writers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as tests do"
)]

mod foreign;
mod limits;
mod support;
mod values;
