//! Inputs are opened: a format reads the head and answers with a decoder.

use crate::diagnostics;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::{BlockDecoder, EventDecoder, Format, Head, Opened};
use transpose_io::Input;

/// The head of an open input.
pub struct InputHead<'a> {
    input: &'a Input,
    bytes: Vec<u8>,
}

impl<'a> InputHead<'a> {
    /// The head of an input.
    pub fn new(input: &'a Input) -> Self {
        Self { input, bytes: Vec::new() }
    }
}

impl Head for InputHead<'_> {
    fn bytes(&mut self, n: usize) -> Result<&[u8], Fatal> {
        if self.bytes.len() < n {
            self.bytes = self.input.head(n).map_err(|error| diagnostics::io(&error))?;
        }
        Ok(&self.bytes)
    }

    fn name(&self) -> &str {
        self.input.name()
    }
}

/// Options of a format, as key and value.
type Options<'a> = &'a [(String, String)];

/// Opens an input; what is wrong with its head names it.
pub(crate) fn open(format: &dyn Format, input: &Input, options: Options<'_>) -> Result<Opened, Fatal> {
    format.open(&mut InputHead::new(input), options).map_err(|fatal| fatal.in_source(input.name()))
}

/// Opens an input of a format of events or catalogue rows.
pub(crate) fn open_events(
    format: &dyn Format,
    input: &Input,
    options: Options<'_>,
) -> Result<Box<dyn EventDecoder>, Fatal> {
    open(format, input, options)?.events().ok_or_else(|| other_grain(format))
}

/// Opens an input of a format of aggregates.
pub(crate) fn open_blocks(
    format: &dyn Format,
    input: &Input,
    options: Options<'_>,
) -> Result<Box<dyn BlockDecoder>, Fatal> {
    open(format, input, options)?.blocks().ok_or_else(|| other_grain(format))
}

/// A plugin whose decoder or encoder is not of the grain that its manifest names.
pub(crate) fn other_grain(format: &dyn Format) -> Fatal {
    diagnostics::bug(&format!("`{}` is not of the grain that it names", format.manifest().id))
}

/// Names an input in every place that names none.
pub(crate) fn name_source(diagnostics: &mut [Diagnostic], input: &Input) {
    for diagnostic in diagnostics {
        diagnostic.location.source.get_or_insert_with(|| input.name().into());
    }
}
