//! A small random generator (SplitMix64): the same numbers on every machine, and no floating point.

/// A stream of random numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A stream that begins at `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; zero when `limit` is zero.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        ((self.bits() as u128 * limit as u128) >> 64) as u64
    }

    /// A rank below `count`, the first ones much more often than the last.
    ///
    /// Rank `n` comes up about `1 / (n + 1)` as often as rank 0 (Zipf's law), in steps: each
    /// doubling of the rank is one equally likely octave. That needs neither a table nor
    /// logarithms, which differ between machines.
    pub(crate) const fn rank(&mut self, count: u64) -> u64 {
        if count < 2 {
            return 0;
        }
        let octaves = (u64::BITS - count.leading_zeros()) as u64;
        loop {
            let first = 1 << self.below(octaves);
            let rank = first + self.below(first) - 1;
            if rank < count {
                return rank;
            }
        }
    }

    /// One entry of `list`, each equally likely.
    pub(crate) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = self.below(list.len() as u64) as usize;
        list.get(index).copied().unwrap_or_default()
    }

    /// Puts `list` into a random order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Ranks that fall off in octaves: like [`Random::rank`], with octaves that are not equally likely.
#[derive(Clone, Debug)]
pub(crate) struct Popularity {
    count: u64,
    /// For each octave its weight and those of all before it.
    sums: Vec<u64>,
}

impl Popularity {
    /// Ranks below `count`; each octave is `growth` (a fraction) as likely as the one before.
    pub(crate) fn new(count: u64, growth: (u64, u64)) -> Self {
        let octaves = u64::BITS - count.leading_zeros();
        let (mut weight, mut sum): (u64, u64) = (1 << 32, 0);
        let sums = (0..octaves)
            .map(|_| {
                sum = sum.saturating_add(weight);
                weight = weight.saturating_mul(growth.0) / growth.1.max(1);
                sum
            })
            .collect();
        Self { count, sums }
    }

    /// A rank below the count; zero when that is zero.
    pub(crate) fn rank(&self, random: &mut Random) -> u64 {
        let Some(&total) = self.sums.last() else { return 0 };
        loop {
            let point = random.below(total);
            let first = 1 << self.sums.partition_point(|&sum| sum <= point);
            let rank = first + random.below(first) - 1;
            if rank < self.count {
                return rank;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_first_numbers_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn ranks_stay_below_the_count_and_reach_every_rank() {
        for count in [1, 2, 3, 7, 8, 9, 180] {
            let mut random = Random::new(count);
            let mut seen = vec![0_u32; count as usize];
            for _ in 0..40_000 {
                seen[random.rank(count) as usize] += 1;
            }
            assert!(seen.iter().all(|&n| n > 0), "{count}: {seen:?}");
            assert!(seen.first() >= seen.last());
        }
    }

    #[test]
    fn popularity_reaches_every_rank_and_grows_by_octaves() {
        for count in [1, 2, 3, 7, 8, 180] {
            let popularity = Popularity::new(count, (43, 40));
            let mut random = Random::new(count);
            let mut seen = vec![0_u32; count as usize];
            for _ in 0..40_000 {
                seen[popularity.rank(&mut random) as usize] += 1;
            }
            assert!(seen.iter().all(|&n| n > 0), "{count}: {seen:?}");
        }
        let popularity = Popularity::new(7, (3, 1));
        let mut random = Random::new(7);
        let mut octaves = [0_u32; 3];
        for _ in 0..130_000 {
            octaves[(popularity.rank(&mut random) + 1).ilog2() as usize] += 1;
        }
        // 1 : 3 : 9, each within three in a hundred.
        assert!((9_700..10_300).contains(&octaves[0]), "{octaves:?}");
        assert!((29_100..30_900).contains(&octaves[1]), "{octaves:?}");
        assert_eq!(Popularity::new(0, (43, 40)).rank(&mut random), 0);
    }

    #[test]
    fn below_zero_is_zero() {
        assert_eq!(Random::new(1).below(0), 0);
        assert_eq!(Random::new(1).pick(&[]), "");
    }

    #[test]
    fn shuffling_keeps_every_entry() {
        let mut list: Vec<u32> = (0..100).collect();
        Random::new(9).shuffle(&mut list);
        assert_ne!(list, (0..100).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
    }
}
