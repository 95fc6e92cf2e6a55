//! Why a reader stops before the end.

use std::sync::Arc;
use transpose_core::diagnostics::{Code, Diagnostic, Fatal, Location};
use transpose_io::IoError;

/// Why a stream ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nobody reads it any more.
    Gone,
    /// Reading what it is made from failed.
    Io(IoError),
    /// What it is made from is refused.
    Refused(Fatal),
}

impl From<IoError> for Stop {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Refused(fatal)
    }
}

/// A refusal of the input, at a place where there is one.
pub(crate) fn refused(code: &'static Code, location: Location, message: impl Into<String>) -> Fatal {
    Fatal::input(Diagnostic::new(code, location, message))
}

/// A refusal of the input as a whole.
pub(crate) fn refused_input(code: &'static Code, name: &Arc<str>, message: impl Into<String>) -> Fatal {
    refused(code, Location { source: Some(Arc::clone(name)), ..Location::default() }, message)
}

/// A refusal that ends a stream.
pub(crate) fn stop<T>(
    code: &'static Code,
    location: Location,
    message: impl Into<String>,
) -> Result<T, Stop> {
    Err(Stop::Refused(refused(code, location, message)))
}
