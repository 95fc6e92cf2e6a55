//! Tables written by `cargo xtask codegen`.
//!
//! | module | holds | from `spec/` |
//! |---|---|---|
//! | `records` | every record type with its cells | `records/` |
//! | `families` | families of records: their roles, which cells describe what | `records/` |
//! | `profiles` | versions of profiles and their structure | `profiles.json`, `assumed.json` |
//! | `avs` | sets of allowed values | `avs.json` |
//! | `summaries` | which summary record a sales context takes | `summaries.json` |
//! | `rules` | the rules of the validation | `rules.json` |

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
