//! Domain: why a pair was made, why another was not, and why somebody got nobody. Every answer comes from the
//! snapshot and the result that the run stored.

use super::snapshot::{Mark, Mode, Scores};
use super::solver::{Instance, Solved};
use crate::criteria::domain::{CRITERIA, Criterion, HardRule, PERFECT};
use crate::criteria::score::Scored;

/// How many nearest misses are named.
const NEAREST: usize = 5;

/// A pair of the result with its ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) mentee: usize,
    pub(crate) mentor: usize,
    pub(crate) scored: Scored,
    /// Place of the mentor among the mentee's possible mentors, from 1.
    pub(crate) mentor_rank: i32,
    /// Place of the mentee among the mentor's possible mentees, from 1.
    pub(crate) mentee_rank: i32,
    pub(crate) pinned: bool,
}

/// A mentee without a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unmatched {
    pub(crate) mentee: usize,
    pub(crate) feasible_mentors: i32,
}

/// Every pair of the result and every mentee without one, from all possible pairs.
pub(crate) fn result(
    scores: &Scores<'_>,
    instance: &Instance,
    solved: &Solved,
) -> (Vec<Made>, Vec<Unmatched>) {
    let mut feasible = vec![0i32; instance.mentees];
    let given = |mentee: usize| solved.mentor_of.get(mentee).copied().flatten().map(|mentor| mentor as usize);
    let scored = |mentee: usize| scores.score(mentee, given(mentee)?).map(|scored| scored.score);
    let own: Vec<Option<i32>> = (0..instance.mentees).map(scored).collect();
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); instance.places.len()];
    for mentee in 0..instance.mentees {
        if let Some(list) = given(mentee).and_then(|mentor| holders.get_mut(mentor)) {
            list.push(mentee);
        }
    }
    let mut ranks = vec![(1i32, 1i32); instance.mentees];
    for pair in &instance.pairs {
        let (mentee, mentor) = (pair.mentee as usize, pair.mentor as usize);
        if let Some(count) = feasible.get_mut(mentee) {
            *count += 1;
        }
        if own.get(mentee).copied().flatten().is_some_and(|own| pair.score > own)
            && let Some(rank) = ranks.get_mut(mentee)
        {
            rank.0 += 1;
        }
        for holder in holders.get(mentor).into_iter().flatten() {
            if own.get(*holder).copied().flatten().is_some_and(|own| pair.score > own)
                && let Some(rank) = ranks.get_mut(*holder)
            {
                rank.1 += 1;
            }
        }
    }
    let (mut made, mut unmatched) = (Vec::new(), Vec::new());
    for (mentee, ((mentor_rank, mentee_rank), feasible_mentors)) in
        ranks.into_iter().zip(feasible).enumerate()
    {
        match given(mentee).and_then(|mentor| Some((mentor, scores.score(mentee, mentor)?))) {
            Some((mentor, scored)) => {
                let pinned = scores.mark(mentee, mentor) == Some(Mark::Pinned);
                made.push(Made { mentee, mentor, scored, mentor_rank, mentee_rank, pinned });
            }
            None => unmatched.push(Unmatched { mentee, feasible_mentors }),
        }
    }
    (made, unmatched)
}

/// Somebody who has a place of a mentor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) mentee: usize,
    pub(crate) score: i32,
    pub(crate) price: i64,
}

/// Why a pair was made, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PairAnswer {
    pub(crate) proposed: bool,
    pub(crate) pinned: bool,
    pub(crate) broken: Vec<HardRule>,
    pub(crate) scored: Scored,
    pub(crate) mentor_rank: i32,
    pub(crate) mentee_rank: i32,
    pub(crate) points_short: i64,
    pub(crate) holders: Vec<Holder>,
    /// The mentor that the mentee got, with the score.
    pub(crate) given: Option<(usize, i32)>,
    pub(crate) summary: String,
}

/// Why a mentee got nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnmatchedAnswer {
    /// How many mentors each rule takes away, most first.
    pub(crate) rules: Vec<(HardRule, i32)>,
    pub(crate) feasible_mentors: i32,
    /// Mentor, score, points short; nearest first.
    pub(crate) nearest: Vec<(usize, i32, i64)>,
    pub(crate) summary: String,
}

/// Answers questions about one stored run.
pub(crate) struct Explainer<'a> {
    scores: Scores<'a>,
    solved: &'a Solved,
}

impl<'a> Explainer<'a> {
    pub(crate) fn new(scores: Scores<'a>, solved: &'a Solved) -> Self {
        Explainer { scores, solved }
    }

    /// Points of a perfect pair for each criterion.
    pub(crate) fn points(&self) -> [i32; CRITERIA] {
        self.scores.points()
    }

    /// Explains a pair; `None` when either stands past the end of its list.
    pub(crate) fn pair(&self, mentee: usize, mentor: usize) -> Option<PairAnswer> {
        let scored = self.scores.score(mentee, mentor)?;
        let broken = self.scores.broken(mentee, mentor);
        let possible = broken.is_empty();
        let given =
            self.given(mentee).and_then(|given| Some((given, self.scores.score(mentee, given)?.score)));
        let proposed = given.is_some_and(|(given, _)| given == mentor);
        let pinned = |mentor| self.scores.mark(mentee, mentor) == Some(Mark::Pinned);
        let (mentor_rank, mentee_rank) =
            if possible { self.ranks(mentee, mentor, scored.score) } else { (0, 0) };
        let points_short = if possible && !proposed { self.short(mentee, mentor, scored.score) } else { 0 };
        let mut answer = PairAnswer {
            proposed,
            pinned: pinned(mentor),
            broken,
            scored,
            mentor_rank,
            mentee_rank,
            points_short,
            holders: self.holders(mentor),
            given,
            summary: String::new(),
        };
        let pinned_elsewhere = !proposed && given.is_some_and(|(given, _)| pinned(given));
        answer.summary = self.pair_summary(&answer, mentor, pinned_elsewhere);
        Some(answer)
    }

    /// Explains a mentee without a pair; `None` when the mentee has one or is not in the list.
    pub(crate) fn unmatched(&self, mentee: usize) -> Option<UnmatchedAnswer> {
        if mentee >= self.scores.snapshot.mentees.len() || self.given(mentee).is_some() {
            return None;
        }
        let mut counts: Vec<(HardRule, i32)> = Vec::new();
        let mut nearest = Vec::new();
        for mentor in 0..self.scores.snapshot.mentors.len() {
            let broken = self.scores.broken(mentee, mentor);
            if broken.is_empty() {
                let score = self.scores.score(mentee, mentor)?.score;
                nearest.push((mentor, score, self.short(mentee, mentor, score)));
            }
            for rule in broken {
                match counts.iter_mut().find(|(counted, _)| *counted == rule) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((rule, 1)),
                }
            }
        }
        counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
        nearest.sort_by_key(|(mentor, score, short)| (*short, std::cmp::Reverse(*score), *mentor));
        let feasible_mentors = count(nearest.len());
        nearest.truncate(NEAREST);
        let summary = self.unmatched_summary(&counts, feasible_mentors, &nearest);
        Some(UnmatchedAnswer { rules: counts, feasible_mentors, nearest, summary })
    }

    fn given(&self, mentee: usize) -> Option<usize> {
        self.solved.mentor_of.get(mentee).copied().flatten().map(|mentor| mentor as usize)
    }

    /// Points by which a pair would have to be worth more, by the prices of the proof.
    fn short(&self, mentee: usize, mentor: usize, score: i32) -> i64 {
        if self.scores.snapshot.mode == Mode::Stable {
            return 0;
        }
        let price = |list: &[i64], at: usize| list.get(at).copied().unwrap_or(0);
        let prices = price(&self.solved.mentee_price, mentee) + price(&self.solved.mentor_price, mentor);
        (prices - i64::from(score) - self.solved.lift).max(0)
    }

    fn ranks(&self, mentee: usize, mentor: usize, score: i32) -> (i32, i32) {
        let snapshot = self.scores.snapshot;
        let better =
            |mentee, mentor| self.scores.possible(mentee, mentor).is_some_and(|other| other.score > score);
        let mentors = (0..snapshot.mentors.len()).filter(|other| better(mentee, *other)).count();
        let mentees = (0..snapshot.mentees.len()).filter(|other| better(*other, mentor)).count();
        (1 + count(mentors), 1 + count(mentees))
    }

    fn holders(&self, mentor: usize) -> Vec<Holder> {
        let held =
            (0..self.scores.snapshot.mentees.len()).filter(|mentee| self.given(*mentee) == Some(mentor));
        let holder = |mentee: usize| {
            let price = self.solved.mentee_price.get(mentee).copied().unwrap_or(0);
            Some(Holder { mentee, score: self.scores.score(mentee, mentor)?.score, price })
        };
        let mut holders: Vec<_> = held.filter_map(holder).collect();
        holders.sort_by_key(|holder| (std::cmp::Reverse(holder.score), holder.mentee));
        holders
    }

    fn pair_summary(&self, answer: &PairAnswer, mentor: usize, pinned_elsewhere: bool) -> String {
        let score = answer.scored.score;
        if !answer.broken.is_empty() {
            let why: Vec<_> = answer.broken.iter().map(|rule| rule.sentence()).collect();
            return format!("Not possible: {}.", why.join("; "));
        }
        let ranks = format!(
            "The mentor is the mentee's choice number {}, the mentee the mentor's number {}.",
            answer.mentor_rank, answer.mentee_rank
        );
        if answer.proposed {
            let how = if answer.pinned { "Pinned" } else { "Proposed" };
            return format!(
                "{how} with {} of {PERFECT} points: {}. {ranks}",
                score,
                self.parts(&answer.scored)
            );
        }
        let elsewhere = match answer.given {
            Some((_, given)) if pinned_elsewhere => {
                format!("the mentee is pinned to another mentor ({given} points)")
            }
            Some((_, given)) => format!("the mentee got another mentor with {given} points"),
            None => "the mentee got nobody".to_owned(),
        };
        let places = self.scores.snapshot.mentors.get(mentor).map_or(0, |person| person.places);
        let held: Vec<_> = answer.holders.iter().map(|holder| holder.score.to_string()).collect();
        let held = match held.len() {
            0 => format!("the mentor's {places} free places stayed empty"),
            taken => format!(
                "{taken} of the mentor's {places} free places went to mentees with {} points",
                held.join(", ")
            ),
        };
        let short = self.short_sentence(answer.points_short);
        format!("Possible with {score} points, but not made: {elsewhere}, and {held}. {short} {ranks}")
    }

    fn short_sentence(&self, short: i64) -> String {
        match (self.scores.snapshot.mode, short) {
            (Mode::Stable, _) => "In the stable result the two do not both prefer each other.".to_owned(),
            (_, 0) => "By the prices of the proof it is as good as what was made.".to_owned(),
            (_, short) => {
                format!("It would have to be worth at least {short} points more to be as good for the whole.")
            }
        }
    }

    fn parts(&self, scored: &Scored) -> String {
        let parts = Criterion::ALL.iter().zip(scored.parts).zip(self.points());
        let counted = parts.filter(|(_, points)| *points > 0);
        let said: Vec<_> =
            counted.map(|((name, part), points)| format!("{} {part} of {points}", name.name())).collect();
        said.join(", ")
    }

    fn unmatched_summary(
        &self,
        rules: &[(HardRule, i32)],
        feasible: i32,
        nearest: &[(usize, i32, i64)],
    ) -> String {
        let mentors = self.scores.snapshot.mentors.len();
        let taken: Vec<_> =
            rules.iter().map(|(rule, count)| format!("{} ({count})", rule.sentence())).collect();
        let rules = if taken.is_empty() {
            String::new()
        } else {
            format!(" Rules that took mentors away: {}.", taken.join("; "))
        };
        match nearest.first() {
            None => format!("None of {mentors} mentors is possible.{rules}"),
            Some((_, score, short)) => {
                let short = self.short_sentence(*short);
                format!(
                    "{feasible} of {mentors} mentors were possible, and their places went to others. The nearest pair \
                     has {score} points. {short}{rules}"
                )
            }
        }
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
