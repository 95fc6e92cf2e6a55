//! Opening what a command begins with: formats, inputs, side files.
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
pub(crate) use recognise::{PROBE, RecognisedFormat, certainty, choose_common_format, choose_format};
pub(crate) use registry::{
    format_and_version, name_with_version, registry, require_readable, require_writable, target_name,
};
pub(crate) use side_files::{bytes, text};
