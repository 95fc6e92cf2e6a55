//! Reading the rows of an input from end to end for something other than a conversion.

use crate::diagnostics;
use crate::scan::chunks::{DecodedChunk, Reading, scan};
use crate::scan::ordered::{Flow, OrderedConsumer};
use transpose_core::diagnostics::{Diagnostic, Fatal, Location};
use transpose_core::format::EventDecoder;
use transpose_io::Input;

/// Reads an input: `look` sees its chunks side by side, `take` gets what it answers in the order of
/// the input.
pub(crate) fn read_rows<T: Send>(
    input: &Input,
    decoder: &dyn EventDecoder,
    reading: Reading,
    look: &(dyn Fn(DecodedChunk<'_>) -> Result<T, Fatal> + Sync),
    take: impl FnMut(T) -> Result<(), Fatal> + Send,
) -> Result<(), Fatal> {
    let flow = Flow::default();
    let mut workers = vec![(); reading.threads.max(1)];
    let consumer = OrderedConsumer::new(reading.threads * 4, take);
    let scanned = scan(input, decoder, reading, &flow, &mut workers, &|(), decoded| {
        let chunk = decoded.number;
        consumer.submit(chunk, look(decoded)?, &flow)
    });
    drop(consumer);
    input.release(u64::MAX);
    scanned.map(drop)
}

/// An input once more, from its first byte on; `why` says what needs it to be read twice.
pub(crate) fn reopen(input: &Input, reading: Reading, why: &str) -> Result<Input, Fatal> {
    input.again(reading.threads).map_err(|error| diagnostics::io(&error))?.ok_or_else(|| {
        let place = Location { source: Some(input.name().into()), ..Location::default() };
        let message = format!("{why}, and the input can be read once only");
        Fatal::usage(Diagnostic::new(&diagnostics::READ_ONCE, place, message))
    })
}
