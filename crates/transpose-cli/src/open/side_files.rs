//! The content of side files: agreements, figures, layouts, jobs.

use crate::diagnostics::SIDE_FILE;
use std::path::Path;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_engine::diagnostics::io;
use transpose_io::{Input, Limits};

/// The largest side file, far larger than any real one.
const SIDE_FILE_LIMIT: usize = 64 << 20;

/// The bytes of a side file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Fatal> {
    let input = Input::open(path, &Limits::default()).map_err(|error| io(&error))?;
    let bytes = input.head(SIDE_FILE_LIMIT + 1).map_err(|error| io(&error))?;
    if bytes.len() > SIDE_FILE_LIMIT {
        return Err(side_file(path, "the file has more than 64 MiB, which is no side file".into()));
    }
    Ok(bytes)
}

/// The text of a side file.
pub(crate) fn text(path: &Path) -> Result<String, Fatal> {
    String::from_utf8(bytes(path)?).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().get(..valid).unwrap_or_default().split(|byte| *byte == b'\n').count();
        side_file(path, format!("line {line} is not UTF-8"))
    })
}

fn side_file(path: &Path, message: String) -> Fatal {
    let source: Arc<str> = path.to_string_lossy().into();
    Fatal::usage(Diagnostic::new(
        &SIDE_FILE,
        Location { source: Some(source), ..Location::default() },
        message,
    ))
}
