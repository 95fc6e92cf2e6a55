//! What inputs are, where their content does not tell.

use super::values::pair;
use crate::open::{self, Containers, Opener};
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Registry;

/// The format of the inputs. A command whose inputs are called something else says so in its own
/// help.
#[derive(clap::Args)]
pub(crate) struct InputFormat {
    /// The format of the inputs, where their content does not tell
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
}

/// Options of the format of the inputs.
#[derive(clap::Args)]
pub(crate) struct ReadOptions {
    /// An option of the format to read
    #[arg(long = "read-set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) read_set: Vec<(String, String)>,
}

/// Layouts given by the user.
#[derive(clap::Args)]
pub(crate) struct Layouts {
    /// A table described as data, used like a built-in format; may be given several times
    #[arg(long = "layout", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// How inputs are opened: layouts of the user, and what files come in.
#[derive(clap::Args)]
pub(crate) struct InputOptions {
    #[command(flatten)]
    pub(crate) layouts: Layouts,
    #[command(flatten)]
    pub(crate) containers: Containers,
}

impl InputOptions {
    /// The formats that are linked in, and the given layouts.
    pub(crate) fn registry(&self) -> Result<Registry, Fatal> {
        open::registry(&self.layouts.files)
    }

    /// Opens inputs, of the given format if there is one; what comes from a pipe and is read at any
    /// place is kept in a folder.
    pub(crate) fn opener<'a>(
        &self,
        registry: &'a Registry,
        temp_dir: Option<&Path>,
        from: Option<&str>,
    ) -> Opener<'a> {
        self.containers.opener(registry, temp_dir).of(from)
    }
}
