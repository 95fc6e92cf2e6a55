//! Agreements and period figures, what a report needs and a play log does not hold; and the rules
//! by which a partner checks one.
//!
//! The modules are on floors; each uses those below it only:
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | `toml` | side files: tables and keys with the lines they are in |
//! | 0 | `arithmetic` | exact royalty arithmetic, without agreements |
//! | 1 | [`figures`] | period figures per territory, service and plan, as CSV or TOML |
//! | 1 | [`job`] | `job.toml`: one reading of the inputs, many reports |
//! | 1 | [`partner_rules`] | what a partner demands of a report beyond its format |
//! | 1 | `policies` | what a deal decides besides its models |
//! | 2 | `basis` | what models are worked out from |
//! | 3 | [`models`] | royalty models, one file a model |
//! | 4 | `deal` | `[[deal]]` of an agreement: policies and models |
//! | 5 | [`agreement`] | `agreement.toml`: parties, message, context rules, shops, deals |
//! | 5 | `royalties` | what a deal pays: comparison, shares, rounding, account |
//! | 6 | [`terms`] | agreement and figures together, for one period |
//! | 7 | [`balances`] | what is left over between periods: advances, negative months, adjustments |
//! | 7 | [`template`] | commented side files for `transpose init` |
//!
//! Invariant: this crate does no I/O and reads no clock. It is given names, texts and bytes, and it
//! answers with values or diagnostics.

pub mod agreement;
mod arithmetic;
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
