//! The cases and the registry, as both test files need them.

#![expect(clippy::panic, reason = "without cases and registry there is nothing to test")]

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
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

/// Runs a check for many things, side by side, and reports all that failed, in their order.
pub(crate) fn all<T, I>(things: I, check: impl Fn(T) -> Result<(), String> + Sync)
where
    I: IntoIterator<Item = T, IntoIter: Send>,
{
    let things = Mutex::new(things.into_iter().enumerate());
    let next = || things.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut failures = Vec::new();
        while let Some((number, thing)) = next() {
            failures.extend(check(thing).err().map(|failure| (number, failure)));
        }
        failures
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failures = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(ScopedJoinHandle::join);
        ended.flat_map(|failures| failures.unwrap_or_else(|panic| resume_unwind(panic))).collect::<Vec<_>>()
    });
    failures.sort();
    let failures: Vec<String> = failures.into_iter().map(|(_, failure)| failure).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
