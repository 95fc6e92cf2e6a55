//! Prints the reference pages that follow from what is linked, as one JSON object of texts by path
//! below `docs/dsr`.
//!
//! `cargo xtask codegen` runs it and writes or compares the files.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let printed = snapshots::pages::all(&root).and_then(|pages| {
        let text = serde_json::to_string(&pages).map_err(|error| error.to_string())?;
        std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| error.to_string())
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to when this fails as well.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
