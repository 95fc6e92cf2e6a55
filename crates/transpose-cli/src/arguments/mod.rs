//! Groups of flags that several commands have, and what each of them means.
//!
//! | module | flags |
//! |---|---|
//! | `input` | what inputs are: format, options, layouts |
//! | `selection` | which plays take part |
//! | `slices` | how time is cut |
//! | `enrichment` | what is joined to events and taken from them |
//! | `side_files` | the agreement and its figures |
//! | `loss` | what may not be lost |
//! | `output` | what a command writes and may replace |
//! | `threads`, `memory` | what a command takes of the machine |
//! | `run_options` | what `convert` and `run` have in common |
//! | `values` | what several flags take: pairs, words, periods |

mod enrichment;
mod input;
mod loss;
mod memory;
mod output;
mod run_options;
mod selection;
mod side_files;
mod slices;
mod threads;
mod values;

pub(crate) use enrichment::EnrichmentOptions;
pub(crate) use input::{InputFormat, InputOptions, Layouts, ReadOptions};
pub(crate) use loss::LossOptions;
pub(crate) use memory::Memory;
pub(crate) use output::{DataForm, Overwrite, TextOutput};
pub(crate) use run_options::{RejectPolicy, RunOptions};
pub(crate) use selection::Selection;
pub(crate) use side_files::{SideFiles, warnings};
pub(crate) use threads::Threads;
pub(crate) use values::{pair, period};
