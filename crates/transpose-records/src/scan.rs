//! Finds tabs, line feeds and what makes a cell worth a second look in blocks of 64 bytes.
//!
//! On x86-64 the work is done with SSE2, which every such processor has, or with AVX2, where it is
//! there; elsewhere it is left to the compiler. All give the same masks.

/// How many bytes a block has: as many as a mask has bits.
pub(crate) const BLOCK: usize = 64;

/// Where the bytes of interest stand in a block, the first byte as the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Tabs and line feeds.
    pub(crate) cells: u64,
    /// Line feeds.
    pub(crate) lines: u64,
    /// Spaces.
    pub(crate) spaces: u64,
    /// Pipes and backslashes.
    pub(crate) special: u64,
    /// Control characters other than tabs and line feeds.
    pub(crate) control: u64,
    /// What is not ASCII.
    pub(crate) beyond: u64,
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod narrow {
    use super::{BLOCK, Masks};
    use safe_arch::{
        cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, max_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    type Parts = [m128i; 4];

    fn parts(block: &[u8; BLOCK]) -> Parts {
        let (parts, _) = block.as_chunks::<16>();
        let mut loaded = Parts::default();
        for (part, bytes) in loaded.iter_mut().zip(parts) {
            *part = load_unaligned_m128i(bytes);
        }
        loaded
    }

    fn equal(parts: Parts, byte: u8) -> Parts {
        let wanted = set_splat_i8_m128i(byte.cast_signed());
        parts.map(|part| cmp_eq_mask_i8_m128i(part, wanted))
    }

    fn bits(parts: Parts) -> u64 {
        let masks = parts.map(|part| u64::from(move_mask_i8_m128i(part).cast_unsigned()));
        masks.iter().rev().fold(0, |bits, mask| bits << 16 | mask)
    }

    /// The same for what most blocks do not have.
    fn rare(parts: Parts) -> u64 {
        let any = parts.into_iter().fold(m128i::default(), |any, part| any | part);
        if move_mask_i8_m128i(any) == 0 { 0 } else { bits(parts) }
    }

    fn zipped(one: Parts, other: Parts, with: fn(m128i, m128i) -> m128i) -> Parts {
        let mut zipped = one;
        zipped.iter_mut().zip(other).for_each(|(part, other)| *part = with(*part, other));
        zipped
    }

    #[inline]
    pub(crate) fn masks(block: &[u8; BLOCK]) -> Masks {
        let parts = parts(block);
        let (tabs, lines, spaces) = (equal(parts, b'\t'), equal(parts, b'\n'), equal(parts, b' '));
        // Pipe and backslash differ in the bit of the small letters only.
        let case = set_splat_i8_m128i(0x20);
        let special = equal(parts.map(|part| part | case), b'|');
        let low = equal(parts.map(|part| max_u8_m128i(part, case)), b' ');
        let cells = zipped(tabs, lines, |tab, line| tab | line);
        // What is low is a tab, a line feed or a space, or a control character.
        let known = zipped(cells, spaces, |cell, space| cell | space);
        let control = zipped(low, known, |low, known| low ^ known);
        Masks {
            cells: bits(cells),
            lines: rare(lines),
            spaces: bits(spaces),
            special: rare(special),
            control: rare(control),
            beyond: rare(parts),
        }
    }

    #[inline]
    pub(crate) fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
        bits(equal(parts(block), byte))
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) use narrow::{mask, masks};

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
pub(crate) use portable::{mask, masks};

/// The same with AVX2: half as many instructions.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn wide(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set_epi64x, _mm256_set1_epi8, _mm256_xor_si256,
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
    let case = _mm256_set1_epi8(0x20);
    let equal = |halves: [__m256i; 2], byte: u8| {
        let wanted = _mm256_set1_epi8(byte.cast_signed());
        halves.map(|half| _mm256_cmpeq_epi8(half, wanted))
    };
    let (tabs, lines, spaces) = (equal(halves, b'\t'), equal(halves, b'\n'), equal(halves, b' '));
    let special = equal(halves.map(|half| _mm256_or_si256(half, case)), b'|');
    let [low0, low1] = equal(halves.map(|half| _mm256_max_epu8(half, case)), b' ');
    let ([tab0, tab1], [line0, line1], [space0, space1]) = (tabs, lines, spaces);
    let [cell0, cell1] = [_mm256_or_si256(tab0, line0), _mm256_or_si256(tab1, line1)];
    let known = [_mm256_or_si256(cell0, space0), _mm256_or_si256(cell1, space1)];
    let [known0, known1] = known;
    Masks {
        cells: bits([cell0, cell1]),
        lines: bits(lines),
        spaces: bits(spaces),
        special: bits(special),
        control: bits([_mm256_xor_si256(low0, known0), _mm256_xor_si256(low1, known1)]),
        beyond: bits(halves),
    }
}

/// The same without vector instructions of its own.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable {
    use super::{BLOCK, Masks};

    fn gather(block: &[u8; BLOCK], wanted: impl Fn(u8) -> bool) -> u64 {
        block.iter().rev().fold(0_u64, |mask, byte| mask << 1 | u64::from(wanted(*byte)))
    }

    pub(crate) fn masks(block: &[u8; BLOCK]) -> Masks {
        Masks {
            cells: gather(block, |byte| matches!(byte, b'\t' | b'\n')),
            lines: mask(block, b'\n'),
            spaces: mask(block, b' '),
            special: gather(block, |byte| matches!(byte, b'|' | b'\\')),
            control: gather(block, |byte| byte < b' ' && !matches!(byte, b'\t' | b'\n')),
            beyond: gather(block, |byte| byte >= 0x80),
        }
    }

    pub(crate) fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
        gather(block, |found| found == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The masks by AVX2, or by SSE2 where the machine has no other.
    fn widest(block: &[u8; BLOCK]) -> Masks {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "the processor was asked")]
            return unsafe { wide(block) };
        }
        masks(block)
    }

    #[test]
    fn every_byte_value_is_told_apart() {
        for byte in 0..=u8::MAX {
            let mut block = [0_u8; BLOCK];
            for (place, slot) in block.iter_mut().enumerate() {
                *slot = byte.wrapping_add(place as u8);
            }
            let expected = portable::masks(&block);
            assert_eq!(masks(&block), expected, "{byte}");
            assert_eq!(widest(&block), expected, "{byte}");
            for wanted in [b'\r', b'\\', 0xff] {
                assert_eq!(mask(&block, wanted), portable::mask(&block, wanted), "{byte}");
            }
        }
    }
}
