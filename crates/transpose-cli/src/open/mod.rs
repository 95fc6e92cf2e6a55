//! What a command opens before it can begin.
//!
//! | module | opens |
//! |---|---|
//! | `registry` | the formats that are linked in, and layouts of the user |
//! | `containers` | inputs, so that formats see plain text |
//! | `recognise` | the format of inputs |
//! | `side_files` | agreements, figures and other small files |

mod containers;
mod recognise;
mod registry;
mod side_files;

pub(crate) use containers::{Containers, Opener};
pub(crate) use recognise::{Chosen, PROBE, choose, choose_one};
pub(crate) use registry::{named, readable, registry, target_name, versioned, writable};
pub(crate) use side_files::{bytes, text};
