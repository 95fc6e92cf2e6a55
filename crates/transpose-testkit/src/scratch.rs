//! Folders for what tests write.
//!
//! A run brings its outputs to the device before they appear. Tests run some ten thousand small
//! conversions, and on a disk they would spend most of their time waiting for it.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// A folder of its own, which goes when it is dropped.
pub fn folder() -> Result<TempDir, String> {
    let place = place();
    tempfile::tempdir_in(&place)
        .map_err(|error| format!("cannot make a folder in {}: {error}", place.display()))
}

/// Where such folders stand: in memory where there is a place for it, unless `TMPDIR` names
/// another.
pub fn place() -> PathBuf {
    let memory = Path::new(MEMORY);
    if std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}
