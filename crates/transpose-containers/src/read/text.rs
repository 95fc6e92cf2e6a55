//! Text that no reader claims: tables in other encodings than UTF-8, and those that get columns.

use crate::read::reader::TextTable;
use crate::read::source::fill;
use crate::read::stop::Stop;
use crate::read::table::Target;
use crate::read::table::sink::Sink;
use std::io::Read;

/// How many bytes are copied at once.
const BLOCK: usize = 64 << 10;

/// A delimited table, whose lines are those of the text.
pub(crate) struct DelimitedText;

impl TextTable for DelimitedText {
    fn read(&self, text: &mut dyn Read, target: &mut Target<'_>) -> Result<(), Stop> {
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
