//! Seeded behaviour: the same person does the same in the same situation, in whatever order things are asked.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Throws that depend only on the seed and on what is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    seed: u64,
}

impl Dice {
    /// With a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Dice { seed }
    }

    /// A stream for a question, such as `["PSF011", "endorse"]`.
    pub(crate) fn of(self, question: &[&str]) -> ChaCha8Rng {
        // FNV-1a (Fowler, Noll, Vo): spreads well enough to seed ChaCha, and is the same everywhere.
        let mut hash = 0xcbf2_9ce4_8422_2325 ^ self.seed;
        for byte in question.iter().flat_map(|word| word.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        ChaCha8Rng::seed_from_u64(hash)
    }

    /// Whether it happens, in percent.
    pub(crate) fn chance(self, percent: u32, question: &[&str]) -> bool {
        self.of(question).random_range(0..100) < percent
    }

    /// One of `0..n`.
    pub(crate) fn pick(self, n: usize, question: &[&str]) -> usize {
        if n == 0 { 0 } else { self.of(question).random_range(0..n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_gets_the_same_answer() {
        let dice = Dice::new(7);
        assert_eq!(dice.pick(1000, &["a", "b"]), dice.pick(1000, &["a", "b"]));
        assert_ne!(dice.pick(1_000_000, &["a", "b"]), dice.pick(1_000_000, &["ab"]));
        assert_ne!(dice.pick(1_000_000, &["a"]), Dice::new(8).pick(1_000_000, &["a"]));
    }

    #[test]
    fn chances_are_about_right() {
        let dice = Dice::new(1);
        let hits = (0..10_000).filter(|n| dice.chance(30, &[&n.to_string()])).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
    }
}
