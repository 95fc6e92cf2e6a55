//! Where a command writes, in which form, and whether it may replace files.

use crate::exit::Stop;
use crate::files;
use crate::messages::Messages;
use crate::text::printable;
use serde_json::Value;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;

/// Whether existing files may be replaced.
#[derive(clap::Args)]
pub(crate) struct Overwrite {
    /// Replace existing files
    #[arg(id = "overwrite", long)]
    pub(crate) allowed: bool,
}

impl Overwrite {
    /// Refuses an existing file before the work begins.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Fatal> {
        if self.allowed { Ok(()) } else { files::refuse_existing(path) }
    }

    /// Writes a small file completely or not at all.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Fatal> {
        files::write(path, bytes, self.allowed)
    }
}

/// The destination of a text: standard output or a file.
#[derive(clap::Args)]
#[command(mut_arg("overwrite", |arg| arg.help("Replace an existing file")))]
pub(crate) struct TextOutput {
    /// The output file; by default standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    #[command(flatten)]
    overwrite: Overwrite,
}

impl TextOutput {
    /// The file; `None` for standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        Some(self.output.as_path()).filter(|path| path.as_os_str() != "-")
    }

    /// Writes the text if its destination is a file.
    pub(crate) fn write_file(&self, text: &str) -> Result<(), Fatal> {
        self.file().map_or(Ok(()), |path| self.overwrite.write(path, text.as_bytes()))
    }
}

/// Whether results are printed as JSON or as text.
#[derive(clap::Args)]
pub(crate) struct DataForm {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl DataForm {
    /// Writes a result to standard output in the chosen form.
    pub(crate) fn print(
        &self,
        messages: &Messages,
        document: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Stop> {
        if self.json { messages.document(&document()) } else { messages.data(printable(&text()).as_bytes()) }
    }
}
