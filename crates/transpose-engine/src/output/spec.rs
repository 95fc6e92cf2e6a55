//! What is made of an encoder's text: where it goes, and how its files are written.

use std::ops::Range;
use std::path::{Path, PathBuf};
use transpose_codes::time::Timestamp;
use transpose_core::format::Container;
use transpose_io::{Compression, Input};

/// Where outputs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A folder; the format names the files.
    Folder(PathBuf),
    /// A file with a name of its own.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

/// The destination that a path on the command line means: `-`, a folder (existing, or ending in a
/// separator), or a file.
pub fn destination(path: &Path) -> Destination {
    let text = path.to_string_lossy();
    if text == "-" {
        Destination::Stdout
    } else if path.is_dir() || text.ends_with(std::path::is_separator) {
        Destination::Folder(path.to_path_buf())
    } else {
        Destination::File(path.to_path_buf())
    }
}

/// A slice of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// What is in the names of its files, such as `2026-10-05` or `2026-W41`.
    pub label: String,
    /// Its moments, in microseconds since 1970 UTC.
    pub moments: Range<i64>,
}

/// Answers to which slice a moment belongs.
pub type Slicing<'a> = &'a (dyn Fn(i64) -> Slice + Sync);

/// Where an output goes, and how its files are written, whatever is in them.
#[derive(Clone, Copy)]
pub(crate) struct OutputSpec<'a> {
    pub(crate) destination: &'a Destination,
    /// What is in the names that the format gives, for one of several outputs of one kind.
    pub(crate) label: Option<&'a str>,
    /// To which slices of time rows are divided, each with files of its own; `None` for one output.
    pub(crate) slicing: Option<Slicing<'a>>,
    /// What is read, and must not be replaced.
    pub(crate) inputs: &'a [Input],
    /// How the bytes are packed.
    pub(crate) compression: Compression,
    /// What is made of the encoder's text, if it is not written as it is.
    pub(crate) container: Option<&'a dyn Container>,
    /// Whether existing files may be replaced.
    pub(crate) overwrite: bool,
    /// Whether hashes are wanted.
    pub(crate) hash: bool,
    /// How many threads pack.
    pub(crate) threads: usize,
    /// Where a container keeps what has to wait.
    pub(crate) temp_dir: &'a Path,
    /// The moment of the run.
    pub(crate) now: Timestamp,
}
