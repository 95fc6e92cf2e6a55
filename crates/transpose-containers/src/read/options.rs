//! What the command says about how containers are read.

use crate::read::diagnostics::ContainerDiagnostics;
use std::path::PathBuf;

/// How containers are read.
#[derive(Clone, Default)]
pub struct ReadOptions {
    /// The encoding of text, where the text does not say it; a label of the WHATWG standard.
    pub encoding: Option<String>,
    /// The sheet of a workbook; by default the first that holds something.
    pub sheet: Option<String>,
    /// Columns that the input lacks, each with the value that it has in every row.
    pub columns: Vec<(String, String)>,
    /// For each format that may come as records, the names of its columns.
    pub records: Vec<Vec<String>>,
    /// Where what comes from a pipe is kept while it is read at any place.
    pub temp_dir: PathBuf,
    /// How many threads may unpack an input that is read once more.
    pub threads: usize,
    /// What is found on the way.
    pub diagnostics: ContainerDiagnostics,
}
