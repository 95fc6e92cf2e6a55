//! What the tests of containers share.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "only tests use it")]

use transpose_containers::read::{ReadOptions, open as open_input};
use transpose_core::diagnostics::Fatal;
use transpose_io::{Input, IoError, IoErrorKind};

/// Nothing told.
pub(crate) fn how() -> ReadOptions {
    ReadOptions { temp_dir: std::env::temp_dir(), threads: 1, ..ReadOptions::default() }
}

/// Opens bytes as a container.
pub(crate) fn open(bytes: &[u8], how: &ReadOptions) -> Result<Input, IoError> {
    open_input(Input::from_bytes("in.x", bytes.to_vec()), how, &|_| false)
}

/// The whole text of an input.
pub(crate) fn text(input: &Input) -> Result<String, IoError> {
    let mut bytes = Vec::new();
    let mut block = vec![0; 100_000];
    loop {
        let read = input.read_at(bytes.len() as u64, &mut block)?;
        if read == 0 {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        bytes.extend_from_slice(&block[..read]);
        input.release(bytes.len() as u64);
    }
}

/// The text that a container becomes.
pub(crate) fn read(bytes: &[u8]) -> String {
    text(&open(bytes, &how()).unwrap()).unwrap()
}

/// The code of a refusal.
pub(crate) fn refusal<T>(outcome: Result<T, IoError>) -> &'static str {
    fatal(&outcome.err().unwrap()).diagnostics[0].code.id
}

/// What an error carries.
pub(crate) fn fatal(error: &IoError) -> &Fatal {
    let IoErrorKind::Refused(cause) = error.kind() else { panic!("{error:?}") };
    cause.downcast_ref().unwrap()
}

/// The codes of what was found, each as often as it was.
pub(crate) fn codes(how: &ReadOptions) -> Vec<&'static str> {
    how.diagnostics.take().iter().map(|diagnostic| diagnostic.code.id).collect()
}
