//! What tables come in: opening inputs so that formats see plain text.

use crate::arguments::pair;
use crate::diagnostics::argument_error;
use crate::open::PROBE;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transpose_containers::read::{ContainerDiagnostics, ReadOptions, framed, open};
use transpose_core::diagnostics::{Diagnostics, Fatal};
use transpose_core::format::{Format, Framing, Probe, Registry};
use transpose_engine::diagnostics::io;
use transpose_io::{Compression, Input, IoError, Limits};

/// What the content of inputs does not say of what they come in.
#[derive(clap::Args, Default)]
pub(crate) struct Containers {
    /// The encoding of the inputs, such as `windows-1252`, `shift_jis` or `utf-16le`; by default
    /// detected from the content; a guess is reported
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The sheet of workbooks to read; by default the first that is not empty
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// A column that the inputs lack, with its value for every row, such as `country=GB`; may be
    /// repeated
    #[arg(long = "column", value_name = "NAME=VALUE", value_parser = pair)]
    columns: Vec<(String, String)>,
}

impl Containers {
    /// Columns that the inputs lack, with their values; their content says the rest.
    pub(crate) fn with_columns(columns: Vec<(String, String)>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Opens inputs for formats of a registry; what comes from a pipe and is read at any place is
    /// kept in a folder.
    pub(crate) fn opener<'a>(&self, registry: &'a Registry, temp_dir: Option<&Path>) -> Opener<'a> {
        let options = ReadOptions {
            encoding: self.encoding.clone(),
            sheet: self.sheet.clone(),
            columns: self.columns.clone(),
            records: registry.formats().map(Format::record_names).filter(|names| !names.is_empty()).collect(),
            temp_dir: temp_dir.map_or_else(std::env::temp_dir, Path::to_path_buf),
            threads: 1,
            diagnostics: ContainerDiagnostics::default(),
        };
        Opener { registry, options, from: None }
    }
}

/// Opens inputs, whatever they come in.
pub(crate) struct Opener<'a> {
    registry: &'a Registry,
    options: ReadOptions,
    from: Option<String>,
}

impl Opener<'_> {
    /// Opens inputs of a format that the command names, whatever they look like.
    pub(crate) fn of(self, format: Option<&str>) -> Self {
        Self { from: format.map(str::to_owned), ..self }
    }

    /// Opens the inputs, which are unpacked by so many threads; `-` is standard input and can be
    /// read only once.
    pub(crate) fn inputs(&self, paths: &[PathBuf], threads: usize) -> Result<Vec<Input>, Fatal> {
        self.opened(paths, threads, |path| Input::open_with_threads(path, &Limits::default(), threads))
    }

    /// Opens inputs as [`Opener::inputs`] does; what comes from a pipe is kept in a folder, so that
    /// it can be read twice.
    pub(crate) fn replayable_inputs(
        &self,
        paths: &[PathBuf],
        threads: usize,
        dir: &Path,
    ) -> Result<Vec<Input>, Fatal> {
        self.opened(paths, threads, |path| Input::open_replayable(path, &Limits::default(), threads, dir))
    }

    fn opened(
        &self,
        paths: &[PathBuf],
        threads: usize,
        from: impl Fn(&Path) -> Result<Input, IoError>,
    ) -> Result<Vec<Input>, Fatal> {
        if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(argument_error(
                "`-` is given more than once, and standard input can be read only once",
            ));
        }
        let options = ReadOptions { threads, ..self.options.clone() };
        let own = |bytes: &[u8]| {
            let probe = Probe { name: "", bytes, complete: false };
            self.registry.recognise(&probe).is_ok_and(|format| !format.manifest().traits.tabular)
        };
        let opened = |path: &PathBuf| {
            let input = from(path).and_then(|input| open(input, &options, &own))?;
            // Of many packed files only the one that is read takes memory.
            let packed = input.compression() != Compression::None;
            let beside = if packed { input.again(1)? } else { None };
            Ok(match self.framing(beside.as_ref().unwrap_or(&input))? {
                Some(framing) => framed(input, framing, &options.diagnostics, threads),
                None => input,
            })
        };
        paths.iter().map(|path| opened(path).map_err(|error: IoError| io(&error))).collect()
    }

    /// What turns an input into text that formats understand: of the format that the command names,
    /// or of the one that recognises it.
    fn framing(&self, input: &Input) -> Result<Option<Arc<dyn Framing>>, IoError> {
        let head = input.head(PROBE)?;
        let probe = Probe { name: "", bytes: &head, complete: head.len() < PROBE };
        if let Some(id) = &self.from {
            return Ok(self.registry.format(id).and_then(|format| format.framing(&probe)));
        }
        // Most formats have none, which costs nothing to ask.
        if !self.registry.formats().any(|format| format.framing(&probe).is_some()) {
            return Ok(None);
        }
        Ok(self.registry.recognise(&probe).ok().and_then(|format| format.framing(&probe)))
    }

    /// What was found about containers so far. Most of it is found while inputs are read.
    pub(crate) fn diagnostics(&self) -> Diagnostics {
        self.options.diagnostics.take()
    }
}
