//! Groups of flags that commands share, and what their values mean to a run.
//!
//! | module | flags |
//! |---|---|
//! | `input` | the format of inputs, its options, layouts, containers |
//! | `selection`, `slices` | which plays are reported; `--split-by` |
//! | `enrichment` | catalogue, identifiers, personal data |
//! | `side_files` | the agreement and its figures |
//! | `loss` | `--deny loss` |
//! | `output` | where results go, in which form, whether files may be replaced |
//! | `threads`, `memory` | resources |
//! | `run_options` | what `convert` and `run` share besides |
//! | `values` | parsers for pairs, words and periods |

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

pub(crate) use enrichment::{EnrichmentOptions, UserIds};
pub(crate) use input::{InputFormat, InputOptions, Layouts, ReadOptions};
pub(crate) use loss::LossOptions;
pub(crate) use memory::Memory;
pub(crate) use output::{DataForm, Overwrite, TextOutput};
pub(crate) use run_options::{InputRequest, RejectPolicy, RunInputs, RunOptions};
pub(crate) use selection::Selection;
pub(crate) use side_files::{SideFiles, warnings};
pub(crate) use threads::Threads;
pub(crate) use values::{pair, period};
