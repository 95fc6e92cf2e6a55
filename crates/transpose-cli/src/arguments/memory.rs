//! How much memory a command takes, and where the rest goes.

use transpose_core::format::options;
use transpose_io::memory;

/// How much memory a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MemoryLimit {
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
    pub(crate) fn bytes(self) -> Option<u64> {
        match self {
            Self::Offered => memory::available().map(|bytes| (bytes / 4 * 3).max(Self::LEAST)),
            Self::Bytes(bytes) => Some(bytes),
            Self::Unlimited => None,
        }
    }
}

pub(crate) fn memory_limit(text: &str) -> Result<MemoryLimit, String> {
    if text == "unlimited" {
        return Ok(MemoryLimit::Unlimited);
    }
    let size = options::size(text).filter(|size| *size >= MemoryLimit::LEAST);
    size.map(MemoryLimit::Bytes).ok_or_else(|| "expected a size of at least 64MiB, or `unlimited`".into())
}
