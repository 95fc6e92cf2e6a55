//! Text that no reader claims: tables in other encodings than UTF-8, and those that get columns.

use crate::read::codes::RETURNS;
use crate::read::reader::TextTable;
use crate::read::source::fill;
use crate::read::stop::Stop;
use crate::read::table::Target;
use crate::read::table::sink::Sink;
use std::io::Read;
use std::sync::Arc;
use transpose_core::diagnostics::{Diagnostic, Location};

/// How many bytes are copied at once.
const BLOCK: usize = 64 << 10;

/// A delimited table, whose lines are those of the text.
pub(crate) struct DelimitedText {
    /// Its lines end with CR alone.
    pub(crate) returns: bool,
}

/// A text in which every CR is a line end.
struct ReturnedLines<'a>(&'a mut dyn Read);

impl Read for ReturnedLines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        for byte in buffer.iter_mut().take(read).filter(|byte| **byte == b'\r') {
            *byte = b'\n';
        }
        Ok(read)
    }
}

impl TextTable for DelimitedText {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
        let mut lines;
        let text: &mut dyn Read = if self.returns {
            let place = Location { source: Some(Arc::clone(target.source)), ..Location::default() };
            let message = "lines end with a carriage return alone";
            target.sink.diagnostics.push(Diagnostic::new(&RETURNS, place, message));
            lines = ReturnedLines(text);
            &mut lines
        } else {
            text
        };
        if target.added.is_empty() {
            copy(text, target.sink)
        } else {
            target.added.extend(text, target.source, target.sink)
        }
    }
}

fn copy(mut text: &mut dyn Read, sink: &mut Sink) -> Result<(), Stop> {
    let mut block = vec![0; BLOCK];
    loop {
        let read = fill(&mut text, &mut block)?;
        if read == 0 {
            return Ok(());
        }
        sink.put(block.get(..read).unwrap_or_default())?;
    }
}
