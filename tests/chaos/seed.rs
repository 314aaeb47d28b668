//! Choices that can be repeated.

use kernel::{Clock, SystemClock};

/// A small generator (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// By `MENTOR_TEST_SEED`, else a new one. Printed, so that it can be given again.
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("MENTOR_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| SystemClock.new_id().as_u64_pair().1 % 1_000_000);
        println!("{test}: MENTOR_TEST_SEED={seed}");
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
