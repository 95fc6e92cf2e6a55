//! Diagnostics: codes, places, and how they are collected.
//!
//! A [`Code`] is declared once, as a static, beside the code that reports it, and registered for
//! the registry of formats; `transpose explain` prints its explanation. A [`Diagnostic`] is one
//! occurrence. [`Fatal`] ends a run.
//!
//! | module | holds |
//! |---|---|
//! | `code` | kinds of diagnostics, each declared once |
//! | `diagnostic`, `location` | one occurrence, and where it is |
//! | `collection` | the diagnostics of a run: the first of each code in full, the rest as a count |
//! | `cell` | what is wrong with a cell that many rows share; rows that are rejected |
//! | `printable` | text from data that is safe for a terminal |
//! | `fatal` | why a run cannot go on |
//! | [`rules`] | rules by name, and which texts cite them |

mod cell;
mod code;
mod collection;
mod diagnostic;
mod fatal;
mod location;
mod printable;
pub mod rules;

pub use cell::{CellDiagnostic, Reject};
pub use code::{Code, RegisteredCode, Severity};
pub use collection::{Diagnostics, KEPT};
pub use diagnostic::{Diagnostic, shown};
pub use fatal::{Failure, Fatal};
pub use location::Location;
pub use printable::{escaped_json, is_unprintable, one_line, printable};
