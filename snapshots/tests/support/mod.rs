//! The cases and the registry, as both test files need them.

#![expect(clippy::panic, reason = "without cases and registry there is nothing to test")]

use std::path::PathBuf;
use transpose_core::format::Registry;
use transpose_plugins as _;
use transpose_testkit::Catalogue;

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::load(&folder().join("cases"), &folder().join("terms"))
        .unwrap_or_else(|message| panic!("{message}"))
}

pub(crate) fn registry() -> Registry {
    Registry::load().unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a check for many things and tells of all that failed, not of the first only.
pub(crate) fn all<T>(things: impl IntoIterator<Item = T>, check: impl Fn(T) -> Result<(), String>) {
    let failures: Vec<String> = things.into_iter().filter_map(|thing| check(thing).err()).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
