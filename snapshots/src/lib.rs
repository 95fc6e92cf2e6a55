//! Cases of every format, the shared checks that every format inherits, and the reference pages
//! that follow from what is linked.
//!
//! A case is a folder: `cases/<format-id>/<case>/` with `input.*`, `case.toml` and its snapshots.
//! Adding a folder adds tests:
//!
//! - `tests/cases.rs` compares what each case is read as, and what it is converted to, with the
//!   snapshots beside it;
//! - `tests/shared.rs` holds every registered format to the rules that all formats keep;
//! - `tests/pages.rs` compares the pages of [`pages`] with those under `docs/`.
//!
//! Invariant: no check names a format; the tests take the registry as it is linked.

pub mod pages;
