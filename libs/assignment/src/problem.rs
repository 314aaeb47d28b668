//! The input: who there is, how many places each mentor has, and what each feasible pair is worth.

use crate::Error;

/// One feasible pair and its worth in points. Pairs that are absent are infeasible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the mentee, from 0.
    pub mentee: u32,
    /// Index of the mentor, from 0.
    pub mentor: u32,
    /// Worth of the pair in points; larger is better.
    pub score: i64,
}

/// Explicit scored pairs, validated, grouped by mentee.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) capacity: Vec<i64>,
    pub(crate) start: Vec<u32>,
    pub(crate) mentor: Vec<u32>,
    pub(crate) score: Vec<i64>,
    /// The mentor's own view of each pair, where it differs; only the stable mode reads it.
    pub(crate) mentor_score: Option<Vec<i64>>,
    /// Position of each stored pair in the caller's list.
    order: Vec<u32>,
}

impl Problem {
    /// Builds a problem from the number of mentees, the places of each mentor and the feasible pairs.
    ///
    /// A mentee takes one place. A capacity may exceed the number of mentees.
    ///
    /// # Errors
    /// An empty side, a capacity below 1, an index past the end, or a pair given twice.
    pub fn new(mentees: usize, capacity: Vec<i64>, pairs: &[Pair]) -> Result<Self, Error> {
        check_sides(mentees, &capacity, pairs.len())?;
        let mut start = vec![0u32; mentees + 1];
        for (position, pair) in pairs.iter().enumerate() {
            if pair.mentee as usize >= mentees {
                return Err(Error::UnknownMentee { pair: position, mentee: pair.mentee });
            }
            if pair.mentor as usize >= capacity.len() {
                return Err(Error::UnknownMentor { pair: position, mentor: pair.mentor });
            }
            start[pair.mentee as usize + 1] += 1;
        }
        for i in 0..mentees {
            start[i + 1] += start[i];
        }
        let mut next = start.clone();
        let mut mentor = vec![0u32; pairs.len()];
        let mut score = vec![0i64; pairs.len()];
        let mut order = vec![0u32; pairs.len()];
        for (position, pair) in pairs.iter().enumerate() {
            let at = next[pair.mentee as usize] as usize;
            next[pair.mentee as usize] += 1;
            mentor[at] = pair.mentor;
            score[at] = pair.score;
            order[at] = position as u32;
        }
        let problem = Self { capacity, start, mentor, score, mentor_score: None, order };
        problem.refuse_duplicates()?;
        Ok(problem)
    }

    /// Adds the mentors' own scores, one per pair in the order given to [`Problem::new`].
    ///
    /// Only [`Mode::Stable`](crate::Mode::Stable) reads them: without them both sides rank by `score`.
    ///
    /// # Errors
    /// A list of another length than the pairs.
    pub fn with_mentor_scores(mut self, scores: &[i64]) -> Result<Self, Error> {
        if scores.len() != self.order.len() {
            return Err(Error::MentorScores { given: scores.len(), pairs: self.order.len() });
        }
        self.mentor_score = Some(self.order.iter().map(|&position| scores[position as usize]).collect());
        Ok(self)
    }

    /// How many mentees there are.
    #[must_use]
    pub fn mentees(&self) -> usize {
        self.start.len() - 1
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

    /// The feasible mentors of a mentee with their scores, in the order of the input.
    pub fn pairs_of(&self, mentee: u32) -> impl Iterator<Item = (u32, i64)> + '_ {
        self.row(mentee).map(|at| (self.mentor[at], self.score[at]))
    }

    /// The score of a pair, or `None` where the pair is infeasible or unknown.
    #[must_use]
    pub fn score(&self, mentee: u32, mentor: u32) -> Option<i64> {
        self.find(mentee, mentor).map(|at| self.score[at])
    }

    /// Where the pairs of a mentee are stored; empty for an unknown mentee.
    pub(crate) fn row(&self, mentee: u32) -> std::ops::Range<usize> {
        match self.start.get(mentee as usize..mentee as usize + 2) {
            Some(ends) => ends[0] as usize..ends[1] as usize,
            None => 0..0,
        }
    }

    /// Where a pair is stored.
    pub(crate) fn find(&self, mentee: u32, mentor: u32) -> Option<usize> {
        self.row(mentee).find(|&at| self.mentor[at] == mentor)
    }

    fn refuse_duplicates(&self) -> Result<(), Error> {
        let mut last_seen = vec![u32::MAX; self.mentors()];
        for i in 0..self.mentees() as u32 {
            for at in self.row(i) {
                let j = self.mentor[at];
                if std::mem::replace(&mut last_seen[j as usize], i) == i {
                    return Err(Error::DuplicatePair { mentee: i, mentor: j });
                }
            }
        }
        Ok(())
    }
}

/// The checks shared by both kinds of input.
pub(crate) fn check_sides(mentees: usize, capacity: &[i64], pairs: usize) -> Result<(), Error> {
    const MOST: usize = u32::MAX as usize - 1;
    if mentees == 0 {
        return Err(Error::NoMentees);
    }
    if capacity.is_empty() {
        return Err(Error::NoMentors);
    }
    for (what, count) in [("mentees", mentees), ("mentors", capacity.len()), ("pairs", pairs)] {
        if count >= MOST {
            return Err(Error::TooMany { what, count });
        }
    }
    match capacity.iter().position(|&places| places <= 0) {
        Some(mentor) => Err(Error::Capacity { mentor, capacity: capacity[mentor] }),
        None => Ok(()),
    }
}
