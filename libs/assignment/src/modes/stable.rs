//! Stable assignments by deferred acceptance (Gale & Shapley 1962, the college form).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::engine::graph::permutation;
use crate::market::Market;
use crate::{Error, Outcome, Solution};

/// Solves in the stable mode. The certificate holds the prices of the largest total, so that its
/// gap says what stability costs.
pub(crate) fn stable(market: &Market<'_>) -> Result<Solution, Error> {
    market.check_range(false)?;
    let mut priced = market.optimise(|at, i| Some(market.worth(at, i)), 0, market.options.gap_limit);
    let stopped = priced.stopped;
    priced.mentor_of = propose(market);
    let mut solution = market.solution(priced, 0, |at, i| Some(market.worth(at, i)));
    solution.outcome = if stopped { Outcome::Stopped } else { Outcome::Optimal };
    Ok(solution)
}

/// Mentees propose from their best mentor down; mentors hold on to the best proposals.
fn propose(market: &Market<'_>) -> Vec<Option<u32>> {
    let (problem, plan) = (market.problem, market.plan);
    let mentee_rank = permutation(problem.mentees(), market.options.seed);
    let mentor_rank = permutation(problem.mentors(), market.options.seed ^ 1);
    let mut held: Vec<BinaryHeap<Reverse<(i64, u32, u32)>>> = vec![BinaryHeap::new(); problem.mentors()];
    let mut mentor_of = vec![None; problem.mentees()];
    let mut lists: Vec<Vec<(i64, u32, usize)>> = (0..problem.mentees() as u32)
        .map(|i| {
            let acceptable = |&at: &usize| plan.open(i, problem.mentor[at]) && both_willing(market, at, i);
            let entry = |at: usize| (market.worth(at, i), mentor_rank[problem.mentor[at] as usize], at);
            let mut list: Vec<_> = problem.row(i).filter(acceptable).map(entry).collect();
            list.sort_unstable();
            list
        })
        .collect();
    let mut free: Vec<u32> = (0..problem.mentees() as u32).collect();
    while let Some(i) = free.pop() {
        let Some((_, _, at)) = lists[i as usize].pop() else { continue };
        let j = problem.mentor[at];
        let holders = &mut held[j as usize];
        holders.push(Reverse((mentor_view(market, at, i), mentee_rank[i as usize], i)));
        mentor_of[i as usize] = Some(j);
        if holders.len() as i64 > plan.capacity[j as usize]
            && let Some(Reverse((_, _, loser))) = holders.pop()
        {
            mentor_of[loser as usize] = None;
            free.push(loser);
        }
    }
    mentor_of
}

/// A side for which a pair is worth less than nothing would rather have nobody.
fn both_willing(market: &Market<'_>, at: usize, mentee: u32) -> bool {
    market.worth(at, mentee) >= 0 && mentor_view(market, at, mentee) >= 0
}

/// What a pair is worth to its mentor.
fn mentor_view(market: &Market<'_>, at: usize, mentee: u32) -> i64 {
    let own = market.problem.mentor_score.as_ref().map_or(market.problem.score[at], |scores| scores[at]);
    own.saturating_add(market.plan.bonus(mentee, market.problem.mentor[at]))
}
