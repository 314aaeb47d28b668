//! Domain: why a pair was made, why another was not, and why somebody got nobody. Every answer comes from the
//! snapshot and the result that the run stored.

mod words;

use super::snapshot::{Mark, Mode, Scores};
use super::solver::{Instance, Proven, Solved};
use crate::criteria::domain::{CRITERIA, Criterion, HardRule};
use crate::criteria::facts::fact;
use crate::criteria::score::Scored;

/// How many nearest misses are named.
const NEAREST: usize = 5;
/// How many better mentors of a mentee are named.
const BETTER: usize = 3;
/// The unit of prices in the fair mode.
const FAIR_UNIT: i64 = 1024;

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
    /// It was made in the run before and favoured for it.
    pub(crate) kept: bool,
}

/// A mentee without a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unmatched {
    pub(crate) mentee: usize,
    pub(crate) feasible_mentors: i32,
    /// Those among them who got nobody, so that there is no group below the least size.
    pub(crate) without_group: i32,
}

/// The name of the reason in the database.
pub(crate) fn unmatched_reason(feasible_mentors: i32, without_group: i32) -> &'static str {
    match (feasible_mentors, without_group) {
        (0, _) => "no_feasible_mentor",
        (_, 0) => "outbid",
        _ => "no_group",
    }
}

/// Every pair of the result and every mentee without one, from all possible pairs.
pub(crate) fn result(
    scores: &Scores<'_>,
    instance: &Instance,
    solved: &Solved,
) -> (Vec<Made>, Vec<Unmatched>) {
    let mut feasible = vec![0i32; instance.mentees];
    let mut without_group = vec![0i32; instance.mentees];
    let given = |mentee: usize| solved.mentor_of(mentee);
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
        let least = instance.minimums.get(mentor).copied().unwrap_or_default();
        if least > 1
            && holders.get(mentor).is_some_and(Vec::is_empty)
            && let Some(count) = without_group.get_mut(mentee)
        {
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
    let counts = feasible.into_iter().zip(without_group);
    for (mentee, ((mentor_rank, mentee_rank), (feasible_mentors, without_group))) in
        ranks.into_iter().zip(counts).enumerate()
    {
        match given(mentee).and_then(|mentor| Some((mentor, scores.score(mentee, mentor)?))) {
            Some((mentor, scored)) => {
                let pinned = scores.mark(mentee, mentor) == Some(Mark::Pinned);
                let kept = scores.bonus(mentee, mentor) > 0;
                made.push(Made { mentee, mentor, scored, mentor_rank, mentee_rank, pinned, kept });
            }
            None => unmatched.push(Unmatched { mentee, feasible_mentors, without_group }),
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

/// What stands between a possible pair and the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// Nothing: it is made, or as good as what was made.
    Nothing,
    /// All pairs together would lose so many points, at least.
    Points(i64),
    /// A mentee more would be left without a mentor, which the mode avoids at any price; so many units short.
    Coverage(i64),
    /// The mode makes no pair below the worst one: that one's points, and what this one lacks.
    BelowWorst(i64, i64),
    /// The two do not both prefer each other to whom they have.
    Stable,
}

impl Short {
    /// As a number, for those who sort and filter.
    pub(crate) fn points(self) -> i64 {
        match self {
            Short::Nothing | Short::Stable => 0,
            Short::Points(points) | Short::Coverage(points) | Short::BelowWorst(_, points) => points,
        }
    }
}

/// A mentor whom a mentee did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) mentor: usize,
    pub(crate) score: i32,
    pub(crate) short: Short,
}

/// A place in somebody's list of possible partners, from 1, and how long the list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) rank: i32,
    pub(crate) of: i32,
}

/// Why a pair was made, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PairAnswer {
    pub(crate) proposed: bool,
    pub(crate) pinned: bool,
    pub(crate) kept: bool,
    pub(crate) broken: Vec<HardRule>,
    pub(crate) scored: Scored,
    /// What earned each part.
    pub(crate) facts: [String; CRITERIA],
    /// The mentor among the mentee's possible mentors, and the other way round; 0 for an impossible pair.
    pub(crate) mentor_rank: Rank,
    pub(crate) mentee_rank: Rank,
    pub(crate) short: Short,
    pub(crate) holders: Vec<Holder>,
    /// The mentor that the mentee got, with the score.
    pub(crate) given: Option<(usize, i32)>,
    /// Whether that pair is pinned.
    pub(crate) given_is_pinned: bool,
    /// Of a pair that is made: the mentors that would score higher, best first.
    pub(crate) better: Vec<Missed>,
    pub(crate) summary: String,
}

/// How many mentors a rule takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ruled {
    pub(crate) rule: HardRule,
    pub(crate) mentors: i32,
    /// Those that no other rule takes away.
    pub(crate) alone: i32,
}

/// Why a mentee got nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnmatchedAnswer {
    /// Most mentors first.
    pub(crate) rules: Vec<Ruled>,
    pub(crate) feasible_mentors: i32,
    /// Those among them who got nobody, so that there is no group below the least size.
    pub(crate) without_group: i32,
    /// Nearest first.
    pub(crate) nearest: Vec<Missed>,
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
        let given = self
            .solved
            .mentor_of(mentee)
            .and_then(|given| Some((given, self.scores.score(mentee, given)?.score)));
        let proposed = given.is_some_and(|(given, _)| given == mentor);
        let pinned = |mentor| self.scores.mark(mentee, mentor) == Some(Mark::Pinned);
        let (mentor_rank, mentee_rank) =
            if possible { self.ranks(mentee, mentor, scored.score) } else { Default::default() };
        let short = if possible && !proposed {
            self.short(mentee, mentor, scored.score, self.margin(mentor))
        } else {
            Short::Nothing
        };
        let mut answer = PairAnswer {
            proposed,
            pinned: pinned(mentor),
            kept: proposed && self.scores.bonus(mentee, mentor) > 0,
            broken,
            scored,
            facts: self.facts(mentee, mentor)?,
            mentor_rank,
            mentee_rank,
            short,
            holders: self.holders(mentor),
            given,
            given_is_pinned: given.is_some_and(|(given, _)| pinned(given)),
            better: if proposed { self.better(mentee, scored.score) } else { Vec::new() },
            summary: String::new(),
        };
        answer.summary = self.pair_summary(&answer, mentee, mentor);
        Some(answer)
    }

    /// Explains a mentee without a pair; `None` when the mentee has one or is not in the list.
    pub(crate) fn unmatched(&self, mentee: usize) -> Option<UnmatchedAnswer> {
        if mentee >= self.scores.snapshot.mentees.len() || self.solved.mentor_of(mentee).is_some() {
            return None;
        }
        let mut rules: Vec<Ruled> = Vec::new();
        let mut nearest = Vec::new();
        let mut without_group = 0;
        for mentor in 0..self.scores.snapshot.mentors.len() {
            let broken = self.scores.broken(mentee, mentor);
            if broken.is_empty() {
                let score = self.scores.score(mentee, mentor)?.score;
                without_group += i32::from(self.least(mentor) > 1 && self.holders(mentor).is_empty());
                nearest.push(Missed { mentor, score, short: self.short(mentee, mentor, score, 0) });
            }
            let alone = i32::from(broken.len() == 1);
            for rule in broken {
                match rules.iter_mut().find(|counted| counted.rule == rule) {
                    Some(counted) => {
                        counted.mentors += 1;
                        counted.alone += alone;
                    }
                    None => rules.push(Ruled { rule, mentors: 1, alone }),
                }
            }
        }
        rules.sort_by_key(|counted| (std::cmp::Reverse(counted.mentors), counted.rule));
        nearest.sort_by_key(|missed| (missed.short.points(), std::cmp::Reverse(missed.score), missed.mentor));
        let feasible_mentors = count(nearest.len());
        nearest.truncate(NEAREST);
        for missed in &mut nearest {
            missed.short = self.short(mentee, missed.mentor, missed.score, self.margin(missed.mentor));
        }
        nearest.sort_by_key(|missed| (missed.short.points(), std::cmp::Reverse(missed.score), missed.mentor));
        let summary = self.unmatched_summary(&rules, (feasible_mentors, without_group), &nearest);
        Some(UnmatchedAnswer { rules, feasible_mentors, without_group, nearest, summary })
    }

    /// How many mentees a mentor gets at least, if any.
    fn least(&self, mentor: usize) -> i32 {
        let snapshot = self.scores.snapshot;
        snapshot.mentors.get(mentor).map_or(1, |person| snapshot.least_of(person))
    }

    fn facts(&self, mentee: usize, mentor: usize) -> Option<[String; CRITERIA]> {
        let snapshot = self.scores.snapshot;
        let (mentor, mentee) = (snapshot.mentors.get(mentor)?, snapshot.mentees.get(mentee)?);
        Some(Criterion::ALL.map(|criterion| fact(criterion, &snapshot.criteria, mentor, mentee)))
    }

    /// What the prices of the proof say of a possible pair that was not made. They prove that nothing with the pair
    /// in it is worth more than the bound less what the pair is short; a gap of the result comes off that. With a
    /// mentor's price raised by its `margin` the proof still holds, and says more of that mentor.
    fn short(&self, mentee: usize, mentor: usize, score: i32, margin: i64) -> Short {
        let score = i64::from(score);
        match (self.scores.snapshot.mode, self.solved.worst) {
            (Mode::Stable, _) => return Short::Stable,
            (_, Some(worst)) if score < worst => return Short::BelowWorst(worst, worst - score),
            _ => {}
        }
        let price = |list: &[i64], at: usize| list.get(at).copied().unwrap_or(0);
        let prices = price(&self.solved.mentee_price, mentee) + price(&self.solved.mentor_price, mentor);
        let worth = score + self.scores.bonus(mentee, mentor) + self.solved.lift;
        let beyond = match &self.solved.fair {
            Some(proof) => {
                let extra = self.group(mentee).map_or(0, |group| price(&proof.multiplier, group));
                (prices - worth * FAIR_UNIT - score * extra).div_euclid(FAIR_UNIT)
            }
            None => prices - worth,
        };
        let points =
            beyond.saturating_add(margin).saturating_sub(self.solved.price_gap().unwrap_or(i64::MAX));
        match points {
            ..=0 => Short::Nothing,
            // The lift is more than any totals differ by, and less than twice that.
            points if self.solved.lift > 0 && points > self.solved.lift / 2 => Short::Coverage(points),
            points => Short::Points(points),
        }
    }

    /// How far the mentor's price can rise until somebody with a place there would as soon have another one, or none.
    /// Nothing where a place is free, or where prices are not all of the proof.
    fn margin(&self, mentor: usize) -> i64 {
        let holders = self.holders(mentor);
        let places = self.scores.snapshot.mentors.get(mentor).map_or(0, |person| person.places);
        let prices_prove_all = self.solved.fair.is_none() && self.solved.groups.is_none();
        let priced = self.solved.proven == Proven::Optimal && prices_prove_all;
        if !priced || count(holders.len()) < places {
            return 0;
        }
        let bound = holders.iter().filter(|held| self.scores.mark(held.mentee, mentor) != Some(Mark::Pinned));
        bound.map(|held| self.hold(held, mentor)).min().unwrap_or(0)
    }

    /// How much more the place is worth to its holder, at these prices, than the next best choice.
    fn hold(&self, held: &Holder, mentor: usize) -> i64 {
        let gain = |at: usize, score: i32| {
            let price = self.solved.mentor_price.get(at).copied().unwrap_or(0);
            i64::from(score) + self.scores.bonus(held.mentee, at) + self.solved.lift - price
        };
        let others = (0..self.scores.snapshot.mentors.len()).filter(|other| *other != mentor);
        let worth = |other| Some(gain(other, self.scores.possible(held.mentee, other)?.score));
        let next = others.filter_map(worth).max().unwrap_or(0).max(0);
        (gain(mentor, held.score) - next).max(0)
    }

    fn group(&self, mentee: usize) -> Option<usize> {
        let snapshot = self.scores.snapshot;
        let person = snapshot.mentees.get(mentee..=mentee)?;
        let group = snapshot.terms.fair.as_ref()?.groups(person).first().copied().flatten();
        group.map(|group| group as usize)
    }

    fn ranks(&self, mentee: usize, mentor: usize, score: i32) -> (Rank, Rank) {
        let rank = |others: &mut dyn Iterator<Item = i32>| {
            others.fold(Rank { rank: 1, of: 0 }, |rank, other| Rank {
                rank: rank.rank + i32::from(other > score),
                of: rank.of + 1,
            })
        };
        let snapshot = self.scores.snapshot;
        let worth = |mentee, mentor| Some(self.scores.possible(mentee, mentor)?.score);
        (
            rank(&mut (0..snapshot.mentors.len()).filter_map(|other| worth(mentee, other))),
            rank(&mut (0..snapshot.mentees.len()).filter_map(|other| worth(other, mentor))),
        )
    }

    fn better(&self, mentee: usize, score: i32) -> Vec<Missed> {
        let choices = self.scores.choices(mentee).into_iter();
        let better = choices.take_while(|(_, scored)| scored.score > score).take(BETTER);
        better
            .map(|(mentor, scored)| Missed {
                mentor,
                score: scored.score,
                short: self.short(mentee, mentor, scored.score, self.margin(mentor)),
            })
            .collect()
    }

    fn holders(&self, mentor: usize) -> Vec<Holder> {
        let mentees = 0..self.scores.snapshot.mentees.len();
        let held = mentees.filter(|mentee| self.solved.mentor_of(*mentee) == Some(mentor));
        let holder = |mentee: usize| {
            let price = self.solved.mentee_price.get(mentee).copied().unwrap_or(0);
            Some(Holder { mentee, score: self.scores.score(mentee, mentor)?.score, price })
        };
        let mut holders: Vec<_> = held.filter_map(holder).collect();
        holders.sort_by_key(|holder| (std::cmp::Reverse(holder.score), holder.mentee));
        holders
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
