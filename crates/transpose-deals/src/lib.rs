//! Agreements and period figures, what a report needs and a play log does not hold; and the rules
//! by which a partner checks one.
//!
//! | module | holds |
//! |---|---|
//! | [`agreement`] | `agreement.toml`: parties, message, rules from plays to sales contexts, defaults, policies |
//! | [`figures`] | period figures per territory, service and plan, as CSV or TOML |
//! | [`terms`] | both together for one period; implements [`transpose_core::terms::Terms`] |
//! | [`balances`] | what is left over between periods: advances, negative months, adjustments |
//! | [`arithmetic`] | what is owed: exact arithmetic, without agreements |
//! | [`job`] | `job.toml`: one reading of the inputs, many reports |
//! | [`partner_rules`] | what a partner demands of a report beyond its format |
//! | [`template`] | commented side files for `transpose init` |
//!
//! Invariant: this crate does no I/O and reads no clock. It is given names, texts and bytes, and it
//! answers with values or diagnostics.

pub mod agreement;
pub mod arithmetic;
pub mod balances;
mod basis;
mod deal;
pub mod figures;
pub mod job;
pub mod models;
pub mod partner_rules;
mod policies;
mod royalties;
pub mod template;
pub mod terms;
mod toml;

pub use agreement::Agreement;
pub use balances::Balances;
pub use figures::Figures;
pub use partner_rules::{Rules, template_rules};
pub use template::{Sample, template_agreement, template_figures};
pub use terms::PeriodTerms;
