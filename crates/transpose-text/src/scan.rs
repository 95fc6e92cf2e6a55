//! Finds bytes of interest in blocks of 64 bytes.
//!
//! A [`Pass`] goes over a text and asks, block by block, where the bytes of a [`ByteSet`] are;
//! the answer is a mask with a bit for each byte, the first byte as the lowest bit. [`run`] runs a
//! pass with the best instructions that the processor has: AVX2 where it is there, SSE2, which
//! every x86-64 has, or what the compiler finds elsewhere. All give the same masks.
//!
//! For those who change this or a pass:
//!
//! - The whole pass is compiled once for each set of instructions, so that counting and shifting
//!   bits is quick too. That works only while [`Pass::run`] and what it calls in its loop are
//!   inlined (`#[inline(always)]`): a call in between is compiled for the oldest processor, and the
//!   masks are made by calls.
//! - Ask for a set by a literal (`ByteSet::One(b'\n')`): it is chosen while compiling, and a block
//!   that is asked several times is loaded once.
//! - `cargo xtask bench --guard` counts the instructions.

/// How many bytes a block has: as many as a mask has bits.
pub const BLOCK: usize = 64;

/// Bytes to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteSet {
    /// One byte.
    One(u8),
    /// Two bytes.
    Two(u8, u8),
    /// A byte and all that are less.
    UpTo(u8),
    /// What is not ASCII.
    NotAscii,
}

/// A pass over a text.
pub trait Pass {
    /// What comes out of it.
    type Output;

    /// Goes over the text; `find` says where the bytes of a set are in a block.
    fn run(self, find: impl Fn(&[u8; BLOCK], ByteSet) -> u64) -> Self::Output;
}

/// Runs a pass with the best instructions that the processor has.
pub fn run<P: Pass>(pass: P) -> P::Output {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_there() {
        // SAFETY: the processor was asked for every feature that the function is compiled for.
        #[expect(unsafe_code, reason = "the processor was asked for these features")]
        return unsafe { avx2::run(pass) };
    }
    pass.run(baseline::find)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{BLOCK, ByteSet, Pass};
    use std::arch::is_x86_feature_detected as has;
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set_epi64x, _mm256_set1_epi8,
    };

    /// Whether the processor has what [`run`] is compiled for.
    pub(super) fn is_there() -> bool {
        has!("avx2") && has!("bmi1") && has!("bmi2") && has!("popcnt") && has!("lzcnt")
    }

    /// The whole pass, compiled for newer processors.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn run<P: Pass>(pass: P) -> P::Output {
        pass.run(|block, set| find(block, set))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn find(block: &[u8; BLOCK], set: ByteSet) -> u64 {
        let (words, _) = block.as_chunks::<8>();
        let ([low, high], _) = words.as_chunks::<4>() else { return 0 };
        // The compiler makes one load of four words.
        let halves = [low, high].map(|half| {
            let [a, b, c, d] = half.map(i64::from_le_bytes);
            _mm256_set_epi64x(d, c, b, a)
        });
        let equal = |half: __m256i, byte: u8| _mm256_cmpeq_epi8(half, _mm256_set1_epi8(byte.cast_signed()));
        let [low, high] = halves.map(|half| {
            let found = match set {
                ByteSet::One(byte) => equal(half, byte),
                ByteSet::Two(one, other) => _mm256_or_si256(equal(half, one), equal(half, other)),
                ByteSet::UpTo(most) => {
                    equal(_mm256_max_epu8(half, _mm256_set1_epi8(most.cast_signed())), most)
                }
                ByteSet::NotAscii => half,
            };
            u64::from(_mm256_movemask_epi8(found).cast_unsigned())
        });
        low | high << 32
    }
}

/// With SSE2, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
mod baseline {
    use super::{BLOCK, ByteSet};
    use safe_arch::{
        cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, max_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    #[inline]
    pub(super) fn find(block: &[u8; BLOCK], set: ByteSet) -> u64 {
        let (parts, _) = block.as_chunks::<16>();
        let [a, b, c, d] = parts else { return 0 };
        let all = |byte: u8| set_splat_i8_m128i(byte.cast_signed());
        let equal = |part: m128i, byte: u8| cmp_eq_mask_i8_m128i(part, all(byte));
        let [a, b, c, d] = [a, b, c, d].map(load_unaligned_m128i).map(|part| match set {
            ByteSet::One(byte) => equal(part, byte),
            ByteSet::Two(one, other) => equal(part, one) | equal(part, other),
            ByteSet::UpTo(most) => equal(max_u8_m128i(part, all(most)), most),
            ByteSet::NotAscii => part,
        });
        // Most blocks have no byte of most sets.
        if move_mask_i8_m128i(a | b | c | d) == 0 {
            return 0;
        }
        let [a, b, c, d] = [a, b, c, d].map(|part| u64::from(move_mask_i8_m128i(part).cast_unsigned()));
        a | b << 16 | c << 32 | d << 48
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable as baseline;

/// Without vector instructions of its own; written so that the compiler finds some.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::{BLOCK, ByteSet};

    #[inline]
    pub(super) fn find(block: &[u8; BLOCK], set: ByteSet) -> u64 {
        match set {
            ByteSet::One(byte) => mask(block.map(|found| u8::from(found == byte))),
            ByteSet::Two(one, other) => {
                mask(block.map(|found| u8::from(found == one) | u8::from(found == other)))
            }
            ByteSet::UpTo(most) => mask(block.map(|found| u8::from(found <= most))),
            ByteSet::NotAscii => mask(block.map(|found| found >> 7)),
        }
    }

    /// One bit for each byte that is 1.
    #[inline]
    fn mask(flags: [u8; BLOCK]) -> u64 {
        if flags.iter().fold(0, |any, flag| any | flag) == 0 {
            return 0;
        }
        let (words, _) = flags.as_chunks::<8>();
        // The product brings the lowest bits of the eight bytes together in the highest byte.
        let byte = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        words.iter().rev().fold(0, |mask, word| mask << 8 | byte(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A block and the sets that are looked for in it.
    struct Question<'a>(&'a [u8; BLOCK], &'a [ByteSet]);

    impl Pass for Question<'_> {
        type Output = Vec<u64>;

        fn run(self, find: impl Fn(&[u8; BLOCK], ByteSet) -> u64) -> Vec<u64> {
            self.1.iter().map(|set| find(self.0, *set)).collect()
        }
    }

    fn naive(block: &[u8; BLOCK], set: ByteSet) -> u64 {
        let wanted = |byte: u8| match set {
            ByteSet::One(one) => byte == one,
            ByteSet::Two(one, other) => byte == one || byte == other,
            ByteSet::UpTo(most) => byte <= most,
            ByteSet::NotAscii => !byte.is_ascii(),
        };
        let wanted = block.iter().enumerate().filter(|(_, byte)| wanted(**byte));
        wanted.fold(0, |mask, (bit, _)| mask | 1 << bit)
    }

    fn check(block: &[u8; BLOCK], sets: &[ByteSet]) {
        let expected: Vec<u64> = sets.iter().map(|set| naive(block, *set)).collect();
        assert_eq!(run(Question(block, sets)), expected, "{block:?} {sets:?}");
        assert_eq!(Question(block, sets).run(baseline::find), expected, "{block:?} {sets:?}");
        assert_eq!(Question(block, sets).run(portable::find), expected, "{block:?} {sets:?}");
    }

    #[test]
    fn every_byte_value_is_told_apart() {
        for byte in 0..=u8::MAX {
            let mut block = [0_u8; BLOCK];
            for (place, slot) in block.iter_mut().enumerate() {
                *slot = byte.wrapping_add(place as u8);
            }
            let mut sets = vec![ByteSet::NotAscii, ByteSet::Two(b'|', b'\\'), ByteSet::Two(0, 0xff)];
            for wanted in [0, b'\t', b'\n', b' ', b'"', b',', 0x7f, 0x80, 0xff] {
                sets.extend([ByteSet::One(wanted), ByteSet::UpTo(wanted), ByteSet::Two(b'\n', wanted)]);
            }
            check(&block, &sets);
        }
    }

    proptest! {
        #[test]
        fn any_block_and_any_set(
            bytes in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), any::<u8>()], BLOCK),
            one: u8,
            other: u8,
        ) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            let sets = [ByteSet::One(one), ByteSet::Two(one, other), ByteSet::UpTo(one), ByteSet::NotAscii];
            check(&block, &sets);
        }
    }
}
