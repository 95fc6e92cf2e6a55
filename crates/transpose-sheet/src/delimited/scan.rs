//! Finds delimiters, quotes and line ends in blocks of 64 bytes.
//!
//! On x86-64 the work is done with SSE2, which every such processor has, or with AVX2, where it is
//! there; elsewhere it is left to the compiler. All give the same masks.

/// How many bytes a block has: as many as a mask has bits.
pub(crate) const BLOCK: usize = 64;

/// Where the bytes of interest stand in a block, the first byte as the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Delimiters and line feeds.
    pub(crate) cells: u64,
    /// Line feeds.
    pub(crate) lines: u64,
    /// Quotes.
    pub(crate) quotes: u64,
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(crate) fn masks(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> Masks {
    use safe_arch::{
        cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, move_mask_i8_m128i, set_splat_i8_m128i,
    };

    fn bits(parts: [m128i; 4]) -> u64 {
        let [a, b, c, d] = parts.map(|part| u64::from(move_mask_i8_m128i(part).cast_unsigned()));
        a | b << 16 | c << 32 | d << 48
    }
    fn any([a, b, c, d]: [m128i; 4]) -> bool {
        move_mask_i8_m128i(a | b | c | d) != 0
    }

    let (parts, _) = block.as_chunks::<16>();
    let [a, b, c, d] = parts else { return Masks::default() };
    let parts = [a, b, c, d].map(load_unaligned_m128i);
    let equal = |byte: u8| {
        let wanted = set_splat_i8_m128i(byte.cast_signed());
        parts.map(|part| cmp_eq_mask_i8_m128i(part, wanted))
    };
    let (delimiters, lines, quotes) = (equal(delimiter), equal(b'\n'), equal(quote));
    let ([d0, d1, d2, d3], [l0, l1, l2, l3]) = (delimiters, lines);
    // Most blocks have no quote, and most no line end: their masks are made only where there is
    // one.
    Masks {
        cells: bits([d0 | l0, d1 | l1, d2 | l2, d3 | l3]),
        lines: if any(lines) { bits(lines) } else { 0 },
        quotes: if any(quotes) { bits(quotes) } else { 0 },
    }
}

/// The same with AVX2: half as many instructions.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn wide(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> Masks {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
        _mm256_set1_epi8,
    };

    let (words, _) = block.as_chunks::<8>();
    let ([low, high], _) = words.as_chunks::<4>() else { return Masks::default() };
    // The compiler makes one load of four words.
    let halves = [low, high].map(|half| {
        let [a, b, c, d] = half.map(i64::from_le_bytes);
        _mm256_set_epi64x(d, c, b, a)
    });
    let bits = |[low, high]: [__m256i; 2]| {
        let bits = |half| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
        bits(low) | bits(high) << 32
    };
    let equal = |byte: u8| {
        let wanted = _mm256_set1_epi8(byte.cast_signed());
        halves.map(|half| _mm256_cmpeq_epi8(half, wanted))
    };
    let (delimiters, lines, quotes) = (equal(delimiter), equal(b'\n'), equal(quote));
    let ([d0, d1], [l0, l1]) = (delimiters, lines);
    Masks {
        cells: bits([_mm256_or_si256(d0, l0), _mm256_or_si256(d1, l1)]),
        lines: bits(lines),
        quotes: bits(quotes),
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
pub(crate) use portable as masks;

/// The same without vector instructions of its own; written so that the compiler finds some.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
#[inline]
pub(crate) fn portable(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> Masks {
    let equal = |byte: u8| block.map(|found| u8::from(found == byte));
    let any = |flags: &[u8; BLOCK]| flags.iter().fold(0, |any, flag| any | flag) != 0;
    let (mut cells, lines, quotes) = (equal(delimiter), equal(b'\n'), equal(quote));
    cells.iter_mut().zip(&lines).for_each(|(cell, line)| *cell |= line);
    Masks {
        cells: gather(&cells),
        lines: if any(&lines) { gather(&lines) } else { 0 },
        quotes: if any(&quotes) { gather(&quotes) } else { 0 },
    }
}

/// One bit for each byte that is 1.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
fn gather(flags: &[u8; BLOCK]) -> u64 {
    let (words, _) = flags.as_chunks::<8>();
    // The product brings the lowest bits of the eight bytes together in the highest byte.
    let byte = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    words.iter().rev().fold(0, |mask, word| mask << 8 | byte(word))
}

/// For each bit whether an odd number of bits stands at or below it.
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

    fn naive(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> Masks {
        let mask = |wanted: &dyn Fn(u8) -> bool| {
            block
                .iter()
                .enumerate()
                .filter(|(_, byte)| wanted(**byte))
                .fold(0, |mask, (bit, _)| mask | 1_u64 << bit)
        };
        Masks {
            cells: mask(&|byte| byte == delimiter || byte == b'\n'),
            lines: mask(&|byte| byte == b'\n'),
            quotes: mask(&|byte| byte == quote),
        }
    }

    #[test]
    fn every_byte_value_is_told_apart() {
        for byte in 0..=u8::MAX {
            let mut block = [0_u8; BLOCK];
            for (place, slot) in block.iter_mut().enumerate() {
                *slot = byte.wrapping_add(place as u8);
            }
            for delimiter in [b',', b';', b'\t', b'|', 0x80, 0xff] {
                let expected = naive(&block, delimiter, b'"');
                assert_eq!(masks(&block, delimiter, b'"'), expected, "{byte} {delimiter}");
                assert_eq!(portable(&block, delimiter, b'"'), expected, "{byte} {delimiter}");
            }
        }
    }

    #[test]
    fn parity_counts_from_below() {
        assert_eq!(parity(0), 0);
        assert_eq!(parity(0b1001_0010), 0b0000_1110 | u64::MAX << 7);
        assert_eq!(parity(1 << 63), 1 << 63);
    }

    /// The masks by AVX2, or by SSE2 where the machine has no other.
    fn widest(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> Masks {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "the processor was asked")]
            return unsafe { wide(block, delimiter, quote) };
        }
        masks(block, delimiter, quote)
    }

    proptest! {
        #[test]
        fn vector_and_portable_agree(bytes in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), any::<u8>()], BLOCK)) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            let expected = naive(&block, b',', b'"');
            prop_assert_eq!(masks(&block, b',', b'"'), expected);
            prop_assert_eq!(portable(&block, b',', b'"'), expected);
            prop_assert_eq!(widest(&block, b',', b'"'), expected);
        }

        #[test]
        fn parity_equals_counting(bits: u64) {
            let counted = (0..64).filter(|bit| (bits & (u64::MAX >> (63 - bit))).count_ones() % 2 == 1).fold(0, |mask, bit| mask | 1_u64 << bit);
            prop_assert_eq!(parity(bits), counted);
        }
    }
}
