//! Groups of a least size: a mentor takes nobody, or at least so many.
//!
//! Deciding which groups to open is hard in general (three-dimensional matching is a case of it),
//! so this is branch and bound: the assignment without minimums bounds every other; where it leaves
//! a group too small, one branch closes the group and the other fills it, by points on its first
//! places that outweigh everything else. Small programs are searched to the end; otherwise the best
//! assignment met is given with the bound that the branches left open prove.

use crate::engine::NONE;
use crate::market::{Market, Priced, Ranks};
use crate::{Control, Error, GroupProof, Mode, Options, Outcome, Solution, plan};

/// Branches looked at, at most.
const MOST_BRANCHES: usize = 2_000;

/// What is decided about a mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Undecided,
    Closed,
    Open,
}

/// A branch: what is decided, and no assignment in it is worth more.
struct Branch {
    group: Vec<Group>,
    bound: i64,
}

struct Groups<'a> {
    market: &'a Market<'a>,
    /// The least number of mentees that a mentor needs beside the locked ones.
    minimum: Vec<i64>,
    lift: i64,
    /// Points on a place that has to be filled.
    filling: i64,
}

/// Whether any mentor has a minimum that means something.
pub(crate) fn has_minimums(options: &Options) -> bool {
    options.minimums.iter().any(|&least| least > 1)
}

/// Refuses minimums that do not fit the problem or the mode.
pub(crate) fn check(options: &Options, capacity: &[i64]) -> Result<(), Error> {
    if options.minimums.is_empty() {
        return Ok(());
    }
    let refuse = |reason: String| Err(Error::Groups(reason));
    if options.minimums.len() != capacity.len() {
        return refuse(format!("{} minimums for {} mentors", options.minimums.len(), capacity.len()));
    }
    let wrong =
        options.minimums.iter().zip(capacity).position(|(least, places)| *least < 0 || least > places);
    if let Some(mentor) = wrong {
        let (least, places) = (options.minimums[mentor], capacity[mentor]);
        return refuse(format!("mentor {mentor}: a minimum of {least} with {places} places"));
    }
    if has_minimums(options) && !matches!(options.mode, Mode::MaxTotal | Mode::MaxCardinality) {
        return refuse("minimums go with the largest total and with coverage only".into());
    }
    Ok(())
}

/// Solves with minimums.
pub(crate) fn groups(market: &Market<'_>) -> Result<Solution, Error> {
    let coverage_first = market.options.mode == Mode::MaxCardinality;
    let most = market.check_range(coverage_first)?;
    let placed = market.plan.most_placed();
    let lift = if coverage_first { plan::lift(placed, most) } else { 0 };
    let limit = plan::score_limit(placed, true);
    if most.saturating_add(lift) > limit {
        return Err(Error::Groups(format!("scores up to {most} with minimums are past the safe range")));
    }
    let filling = plan::lift(placed, most + lift);
    let groups = Groups { market, minimum: open_minimums(market), lift, filling };
    groups.search()
}

/// What is missing to the minimum after the locks.
fn open_minimums(market: &Market<'_>) -> Vec<i64> {
    let capacity = market.problem.capacities();
    let locked = |j: usize| capacity[j] - market.plan.capacity[j];
    market.options.minimums.iter().enumerate().map(|(j, &least)| (least - locked(j)).max(0)).collect()
}

impl Groups<'_> {
    fn search(&self) -> Result<Solution, Error> {
        let (problem, control) = (self.market.problem, self.market.control);
        let relaxed = self.market.optimise(|at, i| Some(self.market.worth(at, i)), self.lift, 0);
        // A group that somebody is locked to is open whatever happens.
        let decide = |j: usize| match self.market.plan.capacity[j] < problem.capacities()[j] {
            true => Group::Open,
            false => Group::Undecided,
        };
        let group: Vec<Group> = (0..problem.mentors()).map(decide).collect();
        let mut open = vec![Branch { group, bound: i64::MAX }];
        let mut best: Option<(i64, Vec<Option<u32>>)> = None;
        let (mut branches, mut left_open, mut stopped) = (0, None, relaxed.stopped);
        while let Some(branch) = open.pop() {
            if best.as_ref().is_some_and(|(value, _)| branch.bound <= *value) {
                continue;
            }
            stopped |= control.stopped();
            if (stopped || branches >= MOST_BRANCHES) && best.is_some() {
                left_open = left_open.max(Some(branch.bound));
                continue;
            }
            branches += 1;
            let Some((value, mentor_of)) = self.solve(&branch.group) else { continue };
            if best.as_ref().is_some_and(|(known, _)| value <= *known) {
                continue;
            }
            match self.too_small(&branch.group, &mentor_of) {
                Some((j, filled)) => {
                    let child = |decided| {
                        let mut group = branch.group.clone();
                        group[j] = decided;
                        Branch { group, bound: value }
                    };
                    // What looks better last, to be looked at first; when out of time, what ends.
                    let closing = 2 * filled < self.minimum[j] || stopped || branches >= MOST_BRANCHES / 2;
                    let order =
                        if closing { [Group::Open, Group::Closed] } else { [Group::Closed, Group::Open] };
                    open.extend(order.map(child));
                }
                None => best = Some((value, mentor_of)),
            }
        }
        let Some((value, mentor_of)) = best else {
            return Err(Error::Groups("the groups of locked mentees cannot be filled".into()));
        };
        let bound = left_open.map_or(value, |left| left.max(value));
        Ok(self.solution(relaxed, mentor_of, GroupProof { bound, branches }, stopped))
    }

    /// The best assignment of a branch without regard to undecided groups, and its value; `None`
    /// where open groups cannot all be filled.
    fn solve(&self, group: &[Group]) -> Option<(i64, Vec<Option<u32>>)> {
        let (market, mentors) = (self.market, group.len());
        let needed = |j: usize| if group[j] == Group::Open { self.minimum[j] } else { 0 };
        // The places of an open group past its minimum are those of a second mentor.
        let mut capacity = market.plan.capacity.clone();
        let mut second = vec![NONE; mentors];
        for j in (0..mentors).filter(|&j| needed(j) > 0) {
            let beyond = capacity[j] - needed(j);
            capacity[j] = needed(j);
            if beyond > 0 {
                second[j] = capacity.len() as u32;
                capacity.push(beyond);
            }
        }
        let worth = |at: usize, i: u32| Some(market.worth(at, i));
        let both = |(j, worth): (u32, i64)| {
            let worth = worth + self.lift;
            let more = if needed(j as usize) > 0 { self.filling } else { 0 };
            let beyond = Some(second[j as usize]).filter(|&second| second != NONE);
            std::iter::once((j, worth + more)).chain(beyond.map(|second| (second, worth)))
        };
        let open = |&(j, _): &(u32, i64)| group[j as usize] != Group::Closed;
        let pairs_of = |i| market.pairs_of(i, worth, self.lift).filter(open).flat_map(both);
        let ranks = Ranks::new(market.problem.mentees(), capacity.len(), market.options.seed);
        let Priced { mut mentor_of, .. } =
            ranks.optimise(&capacity, pairs_of, 0, 0, None, &Control::default());
        let mut filled = vec![0i64; capacity.len()];
        mentor_of.iter().flatten().for_each(|&j| filled[j as usize] += 1);
        if (0..mentors).any(|j| filled[j] < needed(j)) {
            return None;
        }
        for mentor in mentor_of.iter_mut().flatten() {
            if *mentor as usize >= mentors {
                let own = second.iter().position(|second| second == mentor);
                *mentor = own.map_or(*mentor, |own| own as u32);
            }
        }
        let pair = |(i, j): (u32, &Option<u32>)| Some((i, market.problem.find(i, (*j)?)?));
        let made = (0u32..).zip(&mentor_of).filter_map(pair);
        Some((made.map(|(i, at)| market.worth(at, i) + self.lift).sum(), mentor_of))
    }

    /// The undecided group that is the farthest from its minimum, with what it has.
    fn too_small(&self, group: &[Group], mentor_of: &[Option<u32>]) -> Option<(usize, i64)> {
        let mut filled = vec![0i64; group.len()];
        mentor_of.iter().flatten().for_each(|&j| filled[j as usize] += 1);
        let small = |&j: &usize| group[j] == Group::Undecided && filled[j] > 0 && filled[j] < self.minimum[j];
        let farthest = (0..group.len()).filter(small).max_by_key(|&j| self.minimum[j] - filled[j]);
        farthest.map(|j| (j, filled[j]))
    }

    fn solution(
        &self,
        relaxed: Priced,
        mentor_of: Vec<Option<u32>>,
        mut proof: GroupProof,
        stopped: bool,
    ) -> Solution {
        let worth = |at, i| Some(self.market.worth(at, i) + self.lift);
        let best = Priced { mentor_of, stopped, ..relaxed };
        let mut solution = self.market.solution(best, self.lift, worth);
        // The locked pairs count in the value, and not in the branches.
        let open: i64 = {
            let locks = &self.market.plan.locked;
            let made =
                (0u32..).zip(locks).filter_map(|(i, j)| Some((i, self.market.problem.find(i, (*j)?)?)));
            made.map(|(i, at)| self.market.worth(at, i) + self.lift).sum()
        };
        proof.bound = proof.bound.saturating_add(open).min(solution.certificate.bound);
        if proof.bound > solution.certificate.value && solution.outcome == Outcome::WithinGap && stopped {
            solution.outcome = Outcome::Stopped;
        }
        solution.certificate.groups = Some(proof);
        solution
    }
}

/// Refuses minimums where single changes are repaired.
pub(crate) fn refuse(options: &Options) -> Result<(), Error> {
    if has_minimums(options) {
        return Err(Error::Groups("minimums are not kept through single changes".into()));
    }
    Ok(())
}
