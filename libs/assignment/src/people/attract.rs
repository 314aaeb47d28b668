//! Promising mentees for each mentor, so that every mentor is in the first core.
//!
//! Mentees' lists alone leave most mentors out, and a mentor outside the core has no price that
//! would tell how good it is. The lists need not be the best: they only start the search.

use std::collections::BTreeMap;

use super::{Measure, People};

/// Mentees kept for each mentor.
const KEPT: usize = 8;

/// Mentees looked at for each skill a mentor offers, and regardless of skills.
const PER_SKILL: u64 = 24;
const ANY: u64 = 48;

/// For each mentor, good mentees out of a seeded sample: some who want what it offers, some others.
#[derive(Debug)]
pub(crate) struct Attract<'p> {
    people: &'p People,
    seed: u64,
    /// For each overlap criterion: who wants each skill.
    wanting: Vec<BTreeMap<u32, Vec<u32>>>,
}

impl<'p> Attract<'p> {
    pub(crate) fn new(people: &'p People, seed: u64) -> Self {
        let mut wanting = Vec::new();
        for criterion in &people.criteria {
            if let Measure::Overlap { wanted, .. } = &criterion.measure {
                let mut index: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
                for (i, list) in (0u32..).zip(wanted) {
                    list.iter().for_each(|wanted| index.entry(wanted.skill).or_default().push(i));
                }
                wanting.push(index);
            }
        }
        Self { people, seed, wanting }
    }

    /// The best of the sampled mentees of a mentor, with their scores.
    pub(crate) fn mentees(&self, mentor: u32) -> Vec<(i64, u32)> {
        let mut best: Vec<(i64, u32)> = self
            .sample(mentor)
            .into_iter()
            .filter_map(|mentee| self.people.score(mentee, mentor).map(|score| (-score, mentee)))
            .collect();
        if best.len() > KEPT {
            best.select_nth_unstable(KEPT);
            best.truncate(KEPT);
        }
        best.iter_mut().for_each(|entry| entry.0 = -entry.0);
        best
    }

    fn sample(&self, mentor: u32) -> Vec<u32> {
        let mut dice = SplitMix(self.seed ^ (u64::from(mentor) << 20));
        let mut sample: Vec<u32> = (0..ANY).map(|_| dice.below(self.people.mentees) as u32).collect();
        let overlaps = self.people.criteria.iter().filter_map(|criterion| match &criterion.measure {
            Measure::Overlap { offered, .. } => Some(&offered[mentor as usize]),
            _ => None,
        });
        for (offered, wanting) in overlaps.zip(&self.wanting) {
            for list in offered.iter().filter_map(|offered| wanting.get(&offered.skill)) {
                sample.extend((0..PER_SKILL).map(|_| list[dice.below(list.len())]));
            }
        }
        sample.sort_unstable();
        sample.dedup();
        sample
    }
}

/// SplitMix64 (Steele et al. 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        ((u128::from(word) * count as u128) >> 64) as usize
    }
}
