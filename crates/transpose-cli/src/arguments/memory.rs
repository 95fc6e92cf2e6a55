//! How much memory a command uses, and where it spills to.

use std::path::PathBuf;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::options;
use transpose_engine::diagnostics::io;
use transpose_io::memory;

/// The memory limit and the folder to spill to.
///
/// The default differs on purpose. `convert` and `run` use most of the available memory, so that
/// aggregates need not spill: [`Memory::limit`]. `validate` and `compare` need little memory for
/// inputs of any size: [`Memory::given_limit`]; they override the help to say how much.
#[derive(clap::Args)]
pub(crate) struct Memory {
    /// Memory limit, such as `512MiB`, or `unlimited`; at least 64MiB. Data beyond it goes to
    /// `--temp-dir`. By default three quarters of the machine's memory
    #[arg(long, value_name = "SIZE", value_parser = memory_limit)]
    memory_limit: Option<MemoryLimit>,
    /// The folder for data beyond the memory limit, removed afterwards. By default the system's
    /// folder for temporary files
    #[arg(long, value_name = "FOLDER")]
    temp_dir: Option<PathBuf>,
}

impl Memory {
    /// The limit in bytes, by default most of the available memory; `None` means no limit.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.memory_limit.unwrap_or_default().bytes()
    }

    /// The limit in bytes if the user has set one; `None` leaves the amount to the engine.
    pub(crate) fn given_limit(&self) -> Option<u64> {
        self.memory_limit.and_then(MemoryLimit::bytes)
    }

    /// The folder to spill to.
    pub(crate) fn temp_dir(&self) -> Result<PathBuf, Fatal> {
        let Some(folder) = &self.temp_dir else { return Ok(std::env::temp_dir()) };
        transpose_io::check_temp_dir(folder).map_err(|error| io(&error))?;
        Ok(folder.clone())
    }
}

/// A memory limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum MemoryLimit {
    /// Three quarters of the available memory.
    #[default]
    Offered,
    /// This many bytes.
    Bytes(u64),
    /// No limit.
    Unlimited,
}

impl MemoryLimit {
    /// The smallest limit under which a run can work.
    const LEAST: u64 = 64 << 20;

    /// The limit in bytes; `None` means no limit, also if the available memory is unknown.
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Offered => memory::available().map(|bytes| (bytes / 4 * 3).max(Self::LEAST)),
            Self::Bytes(bytes) => Some(bytes),
            Self::Unlimited => None,
        }
    }
}

fn memory_limit(text: &str) -> Result<MemoryLimit, String> {
    if text == "unlimited" {
        return Ok(MemoryLimit::Unlimited);
    }
    let size = options::size(text).filter(|size| *size >= MemoryLimit::LEAST);
    size.map(MemoryLimit::Bytes).ok_or_else(|| "expected a size of at least 64MiB, or `unlimited`".into())
}
