//! The file of rejected rows: unchanged, with their line numbers and reasons.

use crate::diagnostics;
use std::path::Path;
use transpose_core::diagnostics::{Fatal, Reject};
use transpose_core::format::Decoder;
use transpose_io::{Compression, OutputFile, OutputSet};

/// The file of rejected rows. It appears with the outputs, and only if it has a row.
pub(crate) struct Quarantine {
    set: OutputSet,
    file: OutputFile,
    empty: bool,
}

impl Quarantine {
    /// Begins the file.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self, Fatal> {
        let mut set = OutputSet::new(overwrite);
        let file = set.create(path, Compression::None).map_err(|error| diagnostics::io(&error))?;
        Ok(Self { set, file, empty: true })
    }

    /// Adds rows of a decoder's input, as [`quarantined`] has written them.
    pub(crate) fn append(&mut self, rows: &[u8], decoder: &dyn Decoder) -> Result<(), Fatal> {
        if self.empty {
            let mut header = Vec::new();
            decoder.quarantine_header(&mut header);
            self.file.append(&header).map_err(|error| diagnostics::io(&error))?;
            self.empty = false;
        }
        self.file.append(rows).map_err(|error| diagnostics::io(&error))
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<OutputSet, Fatal> {
        let Self { mut set, file, empty } = self;
        let id = file.id();
        file.finish().map_err(|error| diagnostics::io(&error))?;
        if empty {
            set.discard(id);
        }
        Ok(set)
    }
}

/// The rejected rows of a chunk as they go to the file.
pub(crate) fn quarantined(rejects: &[Reject], chunk: &[u8], decoder: &dyn Decoder) -> Vec<u8> {
    let mut out = Vec::new();
    for reject in rejects {
        let row = chunk.get(reject.start as usize..(reject.start + reject.len) as usize).unwrap_or(&[]);
        decoder.quarantine(&reject.diagnostic, row, &mut out);
    }
    out
}
