//! Cases of every format, and the shared checks that every format inherits.
//!
//! A case is a folder: `cases/<format-id>/<case>/` with `input.*`, `case.toml` and its snapshots. Adding a folder adds tests:
//!
//! - `tests/cases.rs` compares what each case is read as, and what it is converted to, with the snapshots beside it;
//! - `tests/shared.rs` holds every registered format to the rules that all formats keep.
//!
//! Invariant: nothing here names a format; the tests take the registry as it is linked.
