//! What the targets call: the formats of the registry and the containers, over bytes of any kind.
//!
//! ```text
//! cargo +nightly fuzz run ddex_dsr_ugc fuzz/corpus/ddex_dsr_ugc snapshots/cases/ddex.dsr.ugc
//! ```
//!
//! The cases are the corpus. `cargo test -p snapshots --test fuzz` runs the same functions over
//! damaged cases without a fuzzer.

use std::sync::OnceLock;
use transpose_core::format::Registry;
use transpose_plugins as _;

/// Reads bytes as the format with the given id.
///
/// # Panics
///
/// When the registry is broken or has no such format, and when the format panics, which is what the
/// fuzzer looks for.
pub fn format(id: &str, data: &[u8]) {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(|| Registry::load().expect("the registry is whole"));
    transpose_testkit::fuzz::format(registry.format(id).expect("the format is registered"), data);
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
