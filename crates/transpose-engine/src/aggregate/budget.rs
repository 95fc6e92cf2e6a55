//! How a limit of memory is divided.

use crate::aggregate::table::GroupBuffer;
use crate::scan::chunks::Reading;

/// What the program takes whatever it does: code, libraries, stacks, the formats, the agreement.
const PROGRAM: usize = 14 << 20;

/// What a worker takes beside its chunk: rows, cells and diagnostics of a chunk, encoded output
/// that waits for its turn.
const WORKER: usize = 1 << 20;

/// What packing and unpacking take once, and once more for each worker.
const PACKING: usize = 5 << 20;

/// How much memory each step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Keys and groups while they are counted.
    pub(crate) counting: usize,
    /// Everything that is made to put them in order.
    pub(crate) consolidating: usize,
}

impl Reading {
    /// The same with no more workers than take half of a limit of memory, given in bytes; at least
    /// one is left. `packs` says whether something is packed or unpacked on the way.
    #[must_use]
    pub fn within(self, memory: Option<u64>, packs: bool) -> Self {
        let fitting = memory.map_or(usize::MAX, |limit| {
            (free(limit) / 2).saturating_sub(packing(packs)) / self.worker(packs).max(1)
        });
        // What a block is read into has several times its bytes.
        let unit = memory.map_or(self.unit, |limit| self.unit.min((free(limit) / 16).max(SMALLEST_UNIT)));
        Self { threads: self.threads.min(fitting).max(1), unit, ..self }
    }

    fn worker(self, packs: bool) -> usize {
        self.chunk.saturating_mul(3).saturating_add(GroupBuffer::BYTES + WORKER + packing(packs))
    }
}

/// The bytes that a line or block may have whatever the limit of memory is.
const SMALLEST_UNIT: usize = 4 << 20;

fn free(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(PROGRAM)
}

fn packing(packs: bool) -> usize {
    if packs { PACKING } else { 0 }
}

impl Budget {
    /// Divides a limit, given in bytes.
    pub(crate) fn new(limit: u64, reading: Reading, packs: bool) -> Self {
        let workers = reading.threads.saturating_mul(reading.worker(packs));
        let free = free(limit).saturating_sub(workers).saturating_sub(packing(packs));
        // A table doubles when it is full, and memory that was given back is not always taken again
        // by the next of another size.
        Self { counting: free / 10 * 7, consolidating: free / 10 * 9 }
    }

    /// The same for each of several that count at once. They come to their end one after the other,
    /// while the others still hold what they have counted.
    pub(crate) fn among(self, several: usize) -> Self {
        let several = several.max(1);
        let counting = self.counting / several;
        Self { counting, consolidating: self.consolidating.saturating_sub(counting * (several - 1)) }
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
                    for packs in [false, true] {
                        let reading =
                            Reading { threads, chunk, ..Reading::default() }.within(Some(limit), packs);
                        assert!((1..=threads).contains(&reading.threads) && reading.chunk == chunk);
                        let budget = Budget::new(limit, reading, packs);
                        assert!(
                            budget.counting <= budget.consolidating && budget.consolidating as u64 <= limit
                        );
                        // With the least limit of the command line and usual chunks there is room
                        // for the work itself.
                        assert!(limit < 64 << 20 || chunk > 256 << 10 || budget.counting >= 10 << 20);
                    }
                }
            }
        }
        // A common case: most of the limit is left for what is counted.
        let reading =
            Reading { threads: 2, chunk: 256 << 10, ..Reading::default() }.within(Some(256 << 20), false);
        assert_eq!(reading.threads, 2);
        assert!(Budget::new(256 << 20, reading, false).counting > 150 << 20);
    }
}
