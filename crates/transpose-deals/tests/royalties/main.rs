//! Royalties under deals, from agreements and figures as a user writes them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as tests do"
)]

mod amounts;
mod audit;
mod balances;
mod models;
mod refused;
mod support;
