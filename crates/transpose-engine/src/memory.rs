//! How a limit of memory is divided.

use crate::chunks::Reading;
use crate::groups::Gathered;

/// What the program takes whatever it does: code, libraries, stacks, the formats, the agreement.
const PROGRAM: usize = 12 << 20;

/// What a worker takes beside its chunk: rows, cells and findings of a chunk, encoded output that waits for its turn.
const WORKER: usize = 1 << 20;

/// What packing and unpacking take, beside as much for each worker.
const PACKING: usize = 5 << 20;

/// How much memory each step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Keys and groups while they are counted.
    pub(crate) counting: usize,
    /// Everything that is made to put them in order.
    pub(crate) settling: usize,
}

/// How inputs are read so that the workers take at most half of a limit, given in bytes.
pub(crate) fn within(limit: u64, reading: Reading) -> Reading {
    let free = free(limit) / 2;
    let threads = reading.threads.min(free / worker(reading)).max(1);
    Reading { threads, ..reading }
}

fn free(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(PROGRAM)
}

fn worker(reading: Reading) -> usize {
    reading.chunk.saturating_mul(3).saturating_add(Gathered::BYTES + WORKER)
}

impl Budget {
    /// Divides a limit, given in bytes; `packs` tells whether something is packed or unpacked.
    pub(crate) fn new(limit: u64, reading: Reading, packs: bool) -> Self {
        let packing = if packs { PACKING.saturating_mul(reading.threads + 1) } else { 0 };
        let workers = reading.threads.saturating_mul(worker(reading));
        let free = free(limit).saturating_sub(workers).saturating_sub(packing);
        // A table doubles when it is full, and memory that was given back is not always taken again by the next of another size.
        Self { counting: free / 10 * 7, settling: free / 10 * 9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stay_within_the_limit() {
        for limit in [0, 1, 32 << 20, 64 << 20, 1 << 30, u64::MAX] {
            for threads in [1, 2, 64, 1024] {
                for chunk in [16, 4 << 10, 256 << 10, 8 << 20, 1 << 30] {
                    let reading = within(limit, Reading { threads, chunk });
                    assert!((1..=threads).contains(&reading.threads) && reading.chunk == chunk);
                    let (plain, packed) =
                        (Budget::new(limit, reading, false), Budget::new(limit, reading, true));
                    assert!(plain.counting <= plain.settling && plain.settling as u64 <= limit);
                    assert!(packed.settling <= plain.settling);
                }
            }
        }
        // A common case: most of the limit is left for what is counted.
        let reading = within(256 << 20, Reading { threads: 2, chunk: 256 << 10 });
        assert_eq!(reading.threads, 2);
        assert!(Budget::new(256 << 20, reading, false).counting > 150 << 20);
    }
}
