//! Inputs as formats see them when they open one.

use crate::diagnostics;
use transpose_core::diagnostics::{Diagnostic, Fatal};
use transpose_core::format::Head;
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

/// Names an input in every place that names none.
pub(crate) fn name_source(diagnostics: &mut [Diagnostic], input: &Input) {
    for diagnostic in diagnostics {
        diagnostic.location.source.get_or_insert_with(|| input.name().into());
    }
}
