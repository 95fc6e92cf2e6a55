//! What a command writes: a text, data as JSON, and what it may replace.

use crate::exit::Stop;
use crate::files;
use crate::messages::Messages;
use serde_json::Value;
use std::path::{Path, PathBuf};
use transpose_core::diagnostics::Fatal;

/// Whether files may be replaced.
#[derive(clap::Args)]
pub(crate) struct Overwrite {
    /// Replace existing files
    #[arg(id = "overwrite", long)]
    pub(crate) allowed: bool,
}

impl Overwrite {
    /// Refuses a file that exists, before the work begins.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Fatal> {
        if self.allowed { Ok(()) } else { files::refuse_existing(path) }
    }

    /// Writes a small file whole or not at all.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Fatal> {
        files::write(path, bytes, self.allowed)
    }
}

/// Where a text goes: to standard output, or into a file.
#[derive(clap::Args)]
#[command(mut_arg("overwrite", |arg| arg.help("Replace an existing file")))]
pub(crate) struct TextOutput {
    /// Where to write; by default standard output
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

    /// Writes the text into the file, if there is one.
    pub(crate) fn write_file(&self, text: &str) -> Result<(), Fatal> {
        self.file().map_or(Ok(()), |path| self.overwrite.write(path, text.as_bytes()))
    }
}

/// Whether data is printed as JSON or as text for people.
#[derive(clap::Args)]
pub(crate) struct DataForm {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl DataForm {
    /// Writes data to standard output, in one form or the other.
    pub(crate) fn print(
        &self,
        messages: &Messages,
        document: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Stop> {
        if self.json { messages.document(&document()) } else { messages.data(text().as_bytes()) }
    }
}
