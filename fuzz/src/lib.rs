//! What the two targets call: the formats of the registry and the containers, over bytes of any
//! kind.
//!
//! ```text
//! TRANSPOSE_FORMAT=ddex.dsr.ugc cargo +nightly fuzz run format CORPUS snapshots/cases/ddex.dsr.ugc
//! cargo +nightly fuzz run format
//! cargo +nightly fuzz run container
//! ```
//!
//! With a format named, its cases are the corpus. Without, the first byte chooses among all that
//! can be read, so that one run covers every format that is registered.
//!
//! `cargo test -p snapshots --test fuzz` runs the same functions over damaged cases without a
//! fuzzer.

use std::sync::OnceLock;
use transpose_core::format::{Format, Registry};
use transpose_plugins as _;

/// The variable that names the format to read.
const FORMAT: &str = "TRANSPOSE_FORMAT";

/// Reads bytes as the format that the environment names; without one, the first byte chooses the
/// format and the rest is read.
///
/// # Panics
///
/// When the registry is broken or has no such format, and when the format panics, which is what the
/// fuzzer looks for.
pub fn format(data: &[u8]) {
    static FORMATS: OnceLock<Vec<&'static dyn Format>> = OnceLock::new();
    let formats = FORMATS.get_or_init(formats);
    match formats[..] {
        [format] => transpose_testkit::fuzz::format(format, data),
        _ => {
            let Some((choice, data)) = data.split_first() else { return };
            transpose_testkit::fuzz::format(formats[usize::from(*choice) % formats.len()], data);
        }
    }
}

/// The formats to choose from: the named one alone, or all that can be read, in the order of their
/// ids.
fn formats() -> Vec<&'static dyn Format> {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(|| Registry::load().expect("the registry is whole"));
    match std::env::var(FORMAT) {
        Ok(id) => vec![registry.format(&id).expect("the format is registered")],
        Err(_) => registry.formats().filter(|format| format.manifest().reads).collect(),
    }
}

/// Opens bytes as a file.
///
/// # Panics
///
/// When there is no room for temporary files, and when a container panics.
pub fn container(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for a file");
    transpose_testkit::fuzz::container(data, folder.path()).expect("there is room for a file");
}
