//! People with criteria: every pair is scored from profiles, and no table of pairs is ever built.

mod check;
mod classes;
mod core;
mod criteria;
mod lanes;
mod layout;
mod price;
mod rules;
mod scan;
mod search;
mod side;
mod touch;
mod tour;
mod verify;
mod work;

pub use criteria::{Criterion, Measure, Offered, Wanted, Week};
pub use price::solve_people;
pub use rules::{Condition, Rule};
pub use verify::verify_people;

use crate::{Error, Pair, Problem};

/// Everybody, what makes a good pair, and what makes an impossible one. Checked when built.
#[derive(Debug, Clone)]
pub struct People {
    mentees: usize,
    capacity: Vec<i64>,
    criteria: Vec<Criterion>,
    rules: Vec<Rule>,
}

impl People {
    /// The people of a run: how many mentees, the places of each mentor, criteria and rules.
    ///
    /// # Errors
    /// An empty side, a capacity below 1, a column of the wrong length, a value outside its range,
    /// or weights whose sum passes `i32::MAX / 2`, by name and position.
    pub fn new(
        mentees: usize,
        capacity: Vec<i64>,
        criteria: Vec<Criterion>,
        mut rules: Vec<Rule>,
    ) -> Result<Self, Error> {
        crate::problem::check_sides(mentees, &capacity, 0)?;
        check::criteria(mentees, capacity.len(), &criteria)?;
        check::rules(mentees, capacity.len(), &rules)?;
        for rule in &mut rules {
            if let Condition::Exclude { pairs } = &mut rule.condition {
                pairs.sort_unstable();
                pairs.dedup();
            }
        }
        Ok(Self { mentees, capacity, criteria, rules })
    }

    /// How many mentees there are.
    #[must_use]
    pub fn mentees(&self) -> usize {
        self.mentees
    }

    /// How many mentors there are.
    #[must_use]
    pub fn mentors(&self) -> usize {
        self.capacity.len()
    }

    /// The places of each mentor.
    #[must_use]
    pub fn capacities(&self) -> &[i64] {
        &self.capacity
    }

    /// The first rule that removes a pair, if one does. The indices must exist.
    #[must_use]
    pub fn broken_rule(&self, mentee: u32, mentor: u32) -> Option<&Rule> {
        self.rules.iter().find(|rule| !rule.condition.allows(mentee as usize, mentor as usize))
    }

    /// How many mentors each rule removes for a mentee, each counted for the first rule it breaks.
    #[must_use]
    pub fn removed(&self, mentee: u32) -> Vec<(&str, usize)> {
        let mut counts: Vec<(&str, usize)> = self.rules.iter().map(|rule| (rule.name.as_str(), 0)).collect();
        for mentor in 0..self.mentors() {
            let broken = self.rules.iter().position(|rule| !rule.condition.allows(mentee as usize, mentor));
            if let Some(rule) = broken {
                counts[rule].1 += 1;
            }
        }
        counts
    }

    /// The score of a pair, or `None` where a rule removes it or somebody does not exist.
    #[must_use]
    pub fn score(&self, mentee: u32, mentor: u32) -> Option<i64> {
        let known = (mentee as usize) < self.mentees && (mentor as usize) < self.capacity.len();
        if !known || self.broken_rule(mentee, mentor).is_some() {
            return None;
        }
        Some(self.criteria.iter().map(|criterion| criterion.points(mentee as usize, mentor as usize)).sum())
    }

    /// The parts of a score by criterion, rules aside; they sum to the score. The indices must exist.
    #[must_use]
    pub fn parts(&self, mentee: u32, mentor: u32) -> Vec<(&str, i64)> {
        let part = |c: &Criterion| c.points(mentee as usize, mentor as usize);
        self.criteria.iter().map(|criterion| (criterion.name.as_str(), part(criterion))).collect()
    }

    /// What a pair can be worth at most.
    pub(crate) fn most_points(&self) -> i64 {
        self.criteria.iter().map(|criterion| criterion.weight).sum()
    }

    /// Every feasible pair as an explicit problem, for explanations and the modes that need the
    /// whole list. Takes 16 bytes per pair; meant for programs of up to a few thousand people.
    ///
    /// # Errors
    /// More pairs than an index can name.
    pub fn problem(&self) -> Result<Problem, Error> {
        let mut pairs = Vec::new();
        for mentee in 0..self.mentees as u32 {
            for mentor in 0..self.capacity.len() as u32 {
                if let Some(score) = self.score(mentee, mentor) {
                    pairs.push(Pair { mentee, mentor, score });
                }
            }
        }
        Problem::new(self.mentees, self.capacity.clone(), &pairs)
    }
}
