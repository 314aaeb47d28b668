//! Why a pair was made, why another was not, and why somebody is unplaced.
//!
//! Every answer is recomputed from the problem, the options and the solution alone, so a stored
//! run record answers the same years later.

use crate::{Options, Problem, Solution};

/// Where a partner stands in somebody's own list of feasible partners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// 1 for the highest score; equal scores share a rank.
    pub rank: usize,
    /// How many feasible partners there are.
    pub of: usize,
}

/// A pair that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The mentor.
    pub mentor: u32,
    /// Points of the pair, without keep bonus.
    pub score: i64,
    /// The mentor's place in the mentee's list.
    pub mentee_rank: Rank,
    /// The mentee's place in the mentor's list.
    pub mentor_rank: Rank,
    /// The pair was fixed beforehand.
    pub locked: bool,
    /// The pair existed already and was favoured by the keep bonus.
    pub kept: bool,
}

/// Why a mentee is not with a certain mentor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// They are together.
    Together,
    /// The pair is not among the scored pairs: a hard rule removed it before.
    Infeasible,
    /// The pair is on the list of forbidden pairs.
    Forbidden,
    /// The mentee is locked to somebody else.
    Locked {
        /// To whom.
        mentor: u32,
    },
    /// Forcing the pair would cost the others at least so much more than it brings.
    Short {
        /// Points lost at least, by the prices; 0 means an equally good assignment may have the pair.
        points: i64,
        /// Points of the pair.
        score: i64,
        /// Who has the mentor's places, with the points of each.
        holders: Vec<(u32, i64)>,
        /// Places of the mentor that are still free.
        free_places: i64,
    },
}

/// Why a mentee has nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplaced {
    /// No feasible mentor: rules removed them all, or the last ones are forbidden.
    NoFeasibleMentor {
        /// Pairs of the mentee on the list of forbidden pairs.
        forbidden: usize,
    },
    /// Everybody feasible has others to whom the places are worth more.
    Outbid {
        /// The mentor that was closest.
        nearest: u32,
        /// By how many points the mentee falls short there.
        points: i64,
    },
}

/// Answers questions about one solution.
#[derive(Debug)]
pub struct Explainer<'a> {
    problem: &'a Problem,
    options: &'a Options,
    solution: &'a Solution,
    /// The pairs by mentor, as `(mentee, score)`.
    by_mentor: Vec<Vec<(u32, i64)>>,
}

impl<'a> Explainer<'a> {
    /// Prepares to answer; takes time and space proportional to the pairs.
    #[must_use]
    pub fn new(problem: &'a Problem, options: &'a Options, solution: &'a Solution) -> Self {
        let mut by_mentor = vec![Vec::new(); problem.mentors()];
        for mentee in 0..problem.mentees() as u32 {
            for (mentor, score) in problem.pairs_of(mentee) {
                by_mentor[mentor as usize].push((mentee, score));
            }
        }
        Self { problem, options, solution, by_mentor }
    }

    /// The pair a mentee is in, or `None` for the unplaced and unknown.
    #[must_use]
    pub fn made(&self, mentee: u32) -> Option<Made> {
        let mentor = self.mentor_of(mentee)?;
        let score = self.problem.score(mentee, mentor)?;
        let mentee_rank = rank(self.problem.pairs_of(mentee).map(|(_, s)| s), score);
        let mentor_rank = rank(self.by_mentor[mentor as usize].iter().map(|&(_, s)| s), score);
        let pair = (mentee, mentor);
        let locked = self.options.locks.contains(&pair);
        let kept = self.options.keep_bonus > 0 && self.options.previous.contains(&pair);
        Some(Made { mentor, score, mentee_rank, mentor_rank, locked, kept })
    }

    /// Why a mentee is not with a certain mentor.
    #[must_use]
    pub fn why_not(&self, mentee: u32, mentor: u32) -> WhyNot {
        if self.mentor_of(mentee) == Some(mentor) {
            return WhyNot::Together;
        }
        if self.options.forbidden.contains(&(mentee, mentor)) {
            return WhyNot::Forbidden;
        }
        let Some(score) = self.problem.score(mentee, mentor) else {
            return WhyNot::Infeasible;
        };
        if let Some(&(_, mentor)) = self.options.locks.iter().find(|&&(locked, _)| locked == mentee) {
            return WhyNot::Locked { mentor };
        }
        let held = self.by_mentor[mentor as usize].iter();
        let holders: Vec<_> = held.filter(|&&(k, _)| self.mentor_of(k) == Some(mentor)).copied().collect();
        let free_places = self.problem.capacities()[mentor as usize] - holders.len() as i64;
        WhyNot::Short { points: self.short(mentee, mentor, score), score, holders, free_places }
    }

    /// Why a mentee has nobody, or `None` if it has somebody or is unknown.
    #[must_use]
    pub fn unplaced(&self, mentee: u32) -> Option<Unplaced> {
        if mentee as usize >= self.problem.mentees() || self.mentor_of(mentee).is_some() {
            return None;
        }
        let is_forbidden = |mentor| self.options.forbidden.contains(&(mentee, mentor));
        let open = self.problem.pairs_of(mentee).filter(|&(mentor, _)| !is_forbidden(mentor));
        let nearest = open.map(|(mentor, score)| (self.short(mentee, mentor, score), mentor)).min();
        Some(match nearest {
            Some((points, nearest)) => Unplaced::Outbid { nearest, points },
            None => {
                let forbidden = self.options.forbidden.iter().filter(|pair| pair.0 == mentee).count();
                Unplaced::NoFeasibleMentor { forbidden }
            }
        })
    }

    fn mentor_of(&self, mentee: u32) -> Option<u32> {
        self.solution.mentor_of.get(mentee as usize).copied().flatten()
    }

    /// By how much the prices of a pair exceed its worth.
    fn short(&self, mentee: u32, mentor: u32, score: i64) -> i64 {
        let proof = &self.solution.certificate;
        let kept = self.options.previous.contains(&(mentee, mentor));
        let worth = score + proof.lift + if kept { self.options.keep_bonus } else { 0 };
        (proof.mentee_price[mentee as usize] + proof.mentor_price[mentor as usize] - worth).max(0)
    }
}

fn rank(scores: impl Iterator<Item = i64>, score: i64) -> Rank {
    let (mut rank, mut of) = (1, 0);
    for other in scores {
        of += 1;
        rank += usize::from(other > score);
    }
    Rank { rank, of }
}
