//! The engine: chunks, workers, aggregation, ordered writing, the receipt.
//!
//! Invariant: this crate knows no format and no agreement by name; it sees only `transpose-core`
//! and `transpose-io`.
//!
//! Folders are the stages of a run, in this order: [`run`] reads chunks (`scan`), enriches rows
//! (`enrich`), gathers sales contexts where rows state them (`contexts`), filters rows (`filter`),
//! counts them (`aggregate`), puts what was counted in order (`consolidate`), works out what is
//! payable (`royalties`), builds blocks (`emit`) and writes files (`output`). [`fanout`] makes many
//! reports from one reading; [`validate`], [`compare`] and [`inspect`] read without converting;
//! [`outlook`] does not even read.
//! Modules import only from stages before their own.

mod aggregate;
pub mod compare;
mod consolidate;
mod contexts;
pub mod diagnostics;
pub mod distinct;
mod emit;
mod enrich;
pub mod fanout;
mod filter;
pub mod inspect;
pub mod outlook;
mod output;
pub mod receipt;
mod royalties;
pub mod run;
mod scan;
mod storage;
pub mod validate;

pub use enrich::catalogue::Catalogue;
pub use enrich::privacy::{PersonalData, UserKey};
pub use filter::period::PeriodSelection;
pub use filter::redelivered::content_hash;
pub use filter::route_rule::{Condition, RouteRule};
pub use output::files::CompanionFile;
pub use output::slices::SliceTally;
pub use output::spec::{Destination, Slice, Slicing, destination};
pub use run::{
    CompanionFiles, HeldFiles, Limits, Outcome, Output, Route, Run, RunOutcome, Source, WrittenFiles,
};
pub use scan::chunks::Reading;
pub use scan::open::InputHead;
