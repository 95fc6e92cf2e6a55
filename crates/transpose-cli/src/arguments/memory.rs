//! How much memory a command takes, and where the rest goes.

use std::path::PathBuf;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::options;
use transpose_engine::diagnostics::io;
use transpose_io::memory;

/// How much memory a command takes, and the folder for the rest.
///
/// `convert` and `run` take most of what the machine offers, because what they count then need not
/// go to disk: [`Memory::limit`]. `validate` and `compare` work in little memory whatever they
/// read: [`Memory::given_limit`]; their own help says how much that is.
#[derive(clap::Args)]
pub(crate) struct Memory {
    /// How much memory to take at most, such as `512MiB`, or `unlimited`, at least 64MiB; what does
    /// not fit goes to `--temp-dir`. By default three quarters of what the machine offers
    #[arg(long, value_name = "SIZE", value_parser = memory_limit)]
    memory_limit: Option<MemoryLimit>,
    /// The folder for what does not fit into memory; nothing stays there. By default the system's
    /// own
    #[arg(long, value_name = "FOLDER")]
    temp_dir: Option<PathBuf>,
}

impl Memory {
    /// The limit in bytes, by default most of what the machine offers; `None` for any amount.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.memory_limit.unwrap_or_default().bytes()
    }

    /// The limit in bytes that the user has given; `None` for what the work takes by itself.
    pub(crate) fn given_limit(&self) -> Option<u64> {
        self.memory_limit.and_then(MemoryLimit::bytes)
    }

    /// The folder for what does not fit into memory.
    pub(crate) fn temp_dir(&self) -> Result<PathBuf, Fatal> {
        let Some(folder) = &self.temp_dir else { return Ok(std::env::temp_dir()) };
        transpose_io::check_temp_dir(folder).map_err(|error| io(&error))?;
        Ok(folder.clone())
    }
}

/// How much memory a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum MemoryLimit {
    /// Three quarters of what the machine offers.
    #[default]
    Offered,
    /// As many bytes.
    Bytes(u64),
    /// Any amount.
    Unlimited,
}

impl MemoryLimit {
    /// The least that leaves room for the work itself.
    const LEAST: u64 = 64 << 20;

    /// The limit in bytes; `None` for any amount, also where the machine does not tell what it
    /// offers.
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
