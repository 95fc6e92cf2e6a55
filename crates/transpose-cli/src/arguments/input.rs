//! The format of inputs and how to open them.

use super::values::pair;
use crate::files;
use crate::open::{self, Containers, Opener};
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Registry;

/// The format of the inputs. A command that has another word for its inputs overrides the help.
#[derive(clap::Args)]
pub(crate) struct InputFormat {
    /// The format of the inputs; by default detected from the content
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
}

/// Options of the input format.
#[derive(clap::Args)]
pub(crate) struct ReadOptions {
    /// An option of the format to read
    #[arg(long = "read-set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) read_set: Vec<(String, String)>,
}

/// Layouts that the user supplies.
#[derive(clap::Args)]
pub(crate) struct Layouts {
    /// A layout file, used like a built-in format; may be repeated
    #[arg(long = "layout", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Whether a file may be given as an input more than once.
#[derive(clap::Args)]
pub(crate) struct RepeatedInputs {
    /// Read a file as often as it is given as an input
    #[arg(long)]
    allow_repeated_inputs: bool,
}

impl RepeatedInputs {
    /// Refuses a file that is given more than once.
    pub(crate) fn check(&self, paths: &[PathBuf]) -> Result<(), Fatal> {
        if self.allow_repeated_inputs { Ok(()) } else { files::refuse_repeated(paths) }
    }
}

/// How to open inputs: layouts of the user, containers, encodings.
#[derive(clap::Args)]
pub(crate) struct InputOptions {
    #[command(flatten)]
    pub(crate) layouts: Layouts,
    #[command(flatten)]
    pub(crate) containers: Containers,
}

impl InputOptions {
    /// The formats that the program links, and the layouts of the user.
    pub(crate) fn registry(&self) -> Result<Registry, Fatal> {
        open::registry(&self.layouts.files)
    }

    /// An opener for inputs of the given format or, without one, of any format. Containers that are
    /// read at random places are copied to `temp_dir` if they come from a pipe.
    pub(crate) fn opener<'a>(
        &self,
        registry: &'a Registry,
        temp_dir: Option<&Path>,
        from: Option<&str>,
    ) -> Opener<'a> {
        self.containers.opener(registry, temp_dir).of(from)
    }
}
