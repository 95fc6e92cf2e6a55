//! What is found while inputs are read.

use std::sync::{Arc, Mutex};
use transpose_core::diagnostics::Diagnostics;
use transpose_sync::lock;

/// What is found while inputs are read, to be reported with the diagnostics of the run.
#[derive(Clone, Default)]
pub struct ContainerDiagnostics(Arc<Mutex<Vec<InputDiagnostics>>>);

/// What is found in one input. It may be streamed several times, and not always to the end.
struct InputDiagnostics {
    source: Arc<str>,
    /// How far the stream came that found most.
    progress: u64,
    diagnostics: Diagnostics,
}

impl ContainerDiagnostics {
    /// Everything found so far, in the order of the inputs; from then on there is nothing.
    pub fn take(&self) -> Diagnostics {
        let mut all = Diagnostics::default();
        for input in lock(&self.0).iter_mut() {
            let mut diagnostics = std::mem::take(&mut input.diagnostics);
            input.progress = 0;
            diagnostics.name_source(&input.source);
            all.merge(diagnostics);
        }
        all
    }

    /// A place for the diagnostics of one more input.
    pub(crate) fn slot(&self, source: &Arc<str>) -> DiagnosticSlot {
        let mut inputs = lock(&self.0);
        inputs.push(InputDiagnostics {
            source: Arc::clone(source),
            progress: 0,
            diagnostics: Diagnostics::default(),
        });
        DiagnosticSlot { all: self.clone(), place: inputs.len() - 1 }
    }
}

/// Where the diagnostics of one input are kept.
#[derive(Clone)]
pub(crate) struct DiagnosticSlot {
    all: ContainerDiagnostics,
    place: usize,
}

impl DiagnosticSlot {
    /// Keeps what a stream has found, unless another has come further.
    pub(crate) fn keep(&self, diagnostics: Diagnostics, progress: u64) {
        if let Some(input) = lock(&self.all.0).get_mut(self.place)
            && progress >= input.progress
        {
            input.diagnostics = diagnostics;
            input.progress = progress;
        }
    }
}
