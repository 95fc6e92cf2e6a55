//! What a run reads.

use crate::aggregate::sales;
use crate::enrich::catalogue::Catalogue;
use crate::scan::open::open;
use std::sync::Arc;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::Format;
use transpose_core::terms::DuplicatePolicy;
use transpose_io::Input;

/// What a run reads: inputs of one format.
#[derive(Clone)]
pub struct Source<'a> {
    /// The inputs, in order.
    pub inputs: &'a [Input],
    /// Their format.
    pub format: &'a dyn Format,
    /// Options of the format.
    pub options: &'a [(String, String)],
    /// What tracks and releases are, for events that name them by number.
    pub catalogue: Option<&'a Catalogue>,
    /// Whether events without an identifier get one from their content: equal rows get equal ones.
    pub make_ids: bool,
    /// What happens to events that appear several times.
    pub duplicates: DuplicatePolicy,
}

impl Source<'_> {
    /// The names of the inputs.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.inputs.iter().map(|input| input.name().into()).collect()
    }

    /// Whether its format may hold sales.
    pub(crate) fn may_sell(&self) -> bool {
        sales::sells(self.format.reads(None))
    }

    /// Whether any of its inputs holds sales.
    pub(crate) fn sells(&self) -> Result<bool, Fatal> {
        if !self.may_sell() {
            return Ok(false);
        }
        for input in self.inputs {
            if sales::sells(open(self.format, input, self.options)?.preamble().reads) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
