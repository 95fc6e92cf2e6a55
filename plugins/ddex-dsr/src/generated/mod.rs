//! Tables written by `cargo xtask codegen`.

#[rustfmt::skip]
pub(crate) mod avs;
#[rustfmt::skip]
pub(crate) mod families;
#[rustfmt::skip]
pub(crate) mod profiles;
#[rustfmt::skip]
pub(crate) mod records;
#[rustfmt::skip]
pub(crate) mod rules;
#[rustfmt::skip]
pub(crate) mod summaries;
