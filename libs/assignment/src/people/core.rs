//! The pairs that are solved: a small part of all.

use crate::plan::Plan;

/// Promising pairs by mentee, as mentor and score.
#[derive(Debug)]
pub(crate) struct Core {
    rows: Vec<Vec<(u32, i32)>>,
}

impl Core {
    pub(crate) fn new(mentees: usize) -> Self {
        Self { rows: vec![Vec::new(); mentees] }
    }

    pub(crate) fn has(&self, mentee: u32, mentor: u32) -> bool {
        self.rows[mentee as usize].iter().any(|&(known, _)| known == mentor)
    }

    /// Adds pairs that are not there yet, as mentor and worth.
    pub(crate) fn add(&mut self, plan: &Plan, mentee: u32, pairs: impl ExactSizeIterator<Item = (u32, i64)>) {
        let row = &mut self.rows[mentee as usize];
        row.reserve_exact(pairs.len());
        // Scores fit: they sum to no more than all weights.
        row.extend(pairs.map(|(mentor, worth)| (mentor, (worth - plan.bonus(mentee, mentor)) as i32)));
    }

    /// What a pair of the core is worth, keep bonus included.
    pub(crate) fn worth(&self, plan: &Plan, mentee: u32, mentor: u32) -> Option<i64> {
        let pair = self.rows[mentee as usize].iter().find(|&&(known, _)| known == mentor);
        pair.map(|&(_, score)| i64::from(score) + plan.bonus(mentee, mentor))
    }

    /// The pairs of a mentee as mentor and worth.
    pub(crate) fn pairs_of(&self, plan: &Plan, mentee: u32) -> impl Iterator<Item = (u32, i64)> {
        let row = &self.rows[mentee as usize];
        row.iter().map(move |&(mentor, score)| (mentor, i64::from(score) + plan.bonus(mentee, mentor)))
    }
}
