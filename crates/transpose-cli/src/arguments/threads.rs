//! How many threads work, and on chunks of what size.

use transpose_core::format::options;
use transpose_engine::Reading;

/// How inputs are read.
#[derive(clap::Args)]
pub(crate) struct Threads {
    /// The number of threads; by default as many as the machine has. The output does not depend on
    /// it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The size of a chunk, in bytes
    #[arg(long, value_name = "SIZE", hide = true, value_parser = chunk_size)]
    chunk_size: Option<usize>,
}

impl Threads {
    /// The values of the user, or the defaults.
    pub(crate) fn reading(&self) -> Reading {
        let default = Reading::default();
        Reading {
            threads: self.threads.map_or(default.threads, usize::from),
            chunk: self.chunk_size.unwrap_or(default.chunk),
            ..default
        }
    }
}

fn chunk_size(text: &str) -> Result<usize, String> {
    let size = options::size(text).and_then(|size| usize::try_from(size).ok());
    size.filter(|size| (1..=1 << 30).contains(size)).ok_or_else(|| "expected a size from 1 to 1GiB".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_bounded() {
        assert_eq!(chunk_size("64KiB"), Ok(65536));
        for text in ["0", "2GiB", "", "x"] {
            assert!(chunk_size(text).is_err(), "{text}");
        }
    }
}
