//! What tests of formats share: cases on disk, conversions in a folder of their own, readable
//! renderings, mangled inputs.
//!
//! - [`broken`]: broken variants of an input, each with what validation must find
//! - [`case`]: cases as folders: `snapshots/cases/<format-id>/<case>/{input.*, case.toml, *.snap}`
//! - [`canonical`]: everything that a format makes of an input, as owned values
//! - [`mod@run`]: a conversion through the engine, with the bytes that it wrote
//! - [`mod@validate`]: what validation says about an input
//! - [`render`]: values, diagnostics, loss, ledger and bytes as lines for snapshots
//! - [`dsr`]: valid DSR messages of any profile, from tables alone
//! - [`fuzz`]: arbitrary bytes, read to the end
//! - [`framed`]: inputs in memory whose lines their format turns into text
//! - [`scratch`]: folders for what tests write
//! - [`mangle`]: damaged variants of an input, the same ones every time
//!
//! Invariant: this crate is used by tests only. It names no format but DSR, whose messages [`dsr`]
//! makes from tables; it reads no clock, and makes random choices from fixed seeds.

pub mod broken;
pub mod canonical;
pub mod case;
pub mod dsr;
pub mod framed;
pub mod fuzz;
pub mod mangle;
mod random;
pub mod render;
pub mod run;
pub mod scratch;
pub mod validate;

pub use canonical::Canonical;
pub use case::{Case, Catalogue};
pub use random::Random;
pub use run::{ConversionOutcome, PreparedCase, Settings, run};
