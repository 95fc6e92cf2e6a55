//! The masks of a block: where delimiters, quotes and line ends are.

use transpose_text::scan::{BLOCK, ByteSet};

/// Where the bytes of interest are in a block, the first byte as the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Delimiters and line feeds.
    pub(crate) cells: u64,
    /// Line feeds.
    pub(crate) lines: u64,
    /// Quotes.
    pub(crate) quotes: u64,
}

impl Masks {
    /// Finds them in a block.
    #[expect(clippy::inline_always, reason = "a part of the pass over a chunk, see `transpose_text::scan`")]
    #[inline(always)]
    pub(crate) fn of(
        block: &[u8; BLOCK],
        (delimiter, quote): (u8, u8),
        find: &impl Fn(&[u8; BLOCK], ByteSet) -> u64,
    ) -> Self {
        Self {
            cells: find(block, ByteSet::Two(delimiter, b'\n')),
            lines: find(block, ByteSet::One(b'\n')),
            quotes: find(block, ByteSet::One(quote)),
        }
    }
}

/// For each bit whether an odd number of bits is at or below it.
#[inline]
pub(crate) fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parity_counts_from_below() {
        assert_eq!(parity(0), 0);
        assert_eq!(parity(0b1001_0010), 0b0000_1110 | u64::MAX << 7);
        assert_eq!(parity(1 << 63), 1 << 63);
    }

    proptest! {
        #[test]
        fn parity_equals_counting(bits: u64) {
            let counted = (0..64)
                .filter(|bit| (bits & (u64::MAX >> (63 - bit))).count_ones() % 2 == 1)
                .fold(0, |mask, bit| mask | 1_u64 << bit);
            prop_assert_eq!(parity(bits), counted);
        }
    }
}
