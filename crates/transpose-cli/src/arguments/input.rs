//! What inputs are, where their content does not tell.

use std::path::PathBuf;

/// Layouts given by the user.
#[derive(clap::Args)]
pub(crate) struct Layouts {
    /// A table described as data, used like a built-in format; may be given several times
    #[arg(long = "layout", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
