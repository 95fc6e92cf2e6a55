//! Inputs in memory whose lines their format turns into text: what the command line does when it
//! opens a file.

use std::borrow::Cow;
use transpose_containers::read::{ContainerDiagnostics, framed};
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{Format, Probe};
use transpose_engine::diagnostics::io;
use transpose_io::Input;

/// No case has more text.
const LARGEST: usize = 64 << 20;

/// The bytes of a case as an input of its format, with what is found while it is read.
pub fn input(format: &dyn Format, name: &str, bytes: Vec<u8>) -> (Input, ContainerDiagnostics) {
    let notes = ContainerDiagnostics::default();
    let framing = format.framing(&Probe { name, bytes: &bytes, complete: true });
    let input = Input::from_bytes(name, bytes);
    match framing {
        Some(framing) => (framed(input, framing, &notes, 1), notes),
        None => (input, notes),
    }
}

/// The text that a format sees of bytes that are wholly in memory, and what was found on the way.
pub fn text<'a>(
    format: &dyn Format,
    name: &str,
    bytes: &'a [u8],
) -> Result<(Cow<'a, [u8]>, Diagnostics), Fatal> {
    if format.framing(&Probe { name, bytes, complete: true }).is_none() {
        return Ok((Cow::Borrowed(bytes), Diagnostics::default()));
    }
    let (input, notes) = input(format, name, bytes.to_vec());
    let text = input.head(LARGEST).map_err(|error| io(&error))?;
    Ok((Cow::Owned(text), notes.take()))
}
