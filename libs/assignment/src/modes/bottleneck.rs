//! The best worst pair among the assignments that place the most people, then the largest total.
//!
//! A threshold is feasible if the pairs at or above it place as many as all pairs do. The largest
//! feasible one is found by bisection over the scores (Gross 1959); each test maximises the number
//! placed, whose dual prices are a cover of minimum weight (König 1931).

use crate::market::{Market, Priced};
use crate::{BottleneckProof, Cover, Error, Outcome, Solution, plan};

/// Solves in the bottleneck mode.
pub(crate) fn bottleneck(market: &Market<'_>) -> Result<Solution, Error> {
    let most = market.check_range(true)?;
    let lift = plan::lift(market.plan.most_placed(), most);
    let everybody = place_most(market, i64::MIN);
    let (worst, above) = best_threshold(market, placed(&everybody), &scores(market));
    let worth = |at: usize, i: u32| (market.problem.score[at] >= worst).then(|| market.worth(at, i));
    let mut stopped = everybody.stopped || above.stopped;
    let priced = market.optimise(worth, lift, 0);
    stopped |= priced.stopped;
    let locked = |at: usize, i: u32| market.plan.locked[i as usize] == Some(market.problem.mentor[at]);
    let counted = |at, i| worth(at, i).or(locked(at, i).then(|| market.worth(at, i)));
    let mut solution = market.solution(priced, lift, |at, i| counted(at, i).map(|worth| worth + lift));
    if stopped {
        solution.outcome = Outcome::Stopped;
    }
    let proof = BottleneckProof { worst, coverage: cover(market, &everybody), above: cover(market, &above) };
    solution.certificate.bottleneck = Some(proof);
    Ok(solution)
}

/// The largest threshold at which as many are placed, and the attempt just above it.
fn best_threshold(market: &Market<'_>, needed: usize, scores: &[i64]) -> (i64, Priced) {
    // The lowest score is feasible; one past the highest places nobody.
    let (mut feasible, mut infeasible) = (0, scores.len());
    let mut above = place_most(market, i64::MAX);
    if needed == 0 {
        return (scores.last().copied().unwrap_or(0), above);
    }
    while infeasible - feasible > 1 {
        let middle = feasible + (infeasible - feasible) / 2;
        let attempt = place_most(market, scores[middle]);
        if attempt.stopped {
            above.stopped = true;
            break;
        }
        if placed(&attempt) == needed {
            feasible = middle;
        } else {
            (infeasible, above) = (middle, attempt);
        }
    }
    (scores[feasible], above)
}

/// Places the most people by pairs scored at least `threshold`.
fn place_most(market: &Market<'_>, threshold: i64) -> Priced {
    market.optimise(
        |at, _| (market.problem.score[at] >= threshold && threshold < i64::MAX).then_some(1),
        0,
        0,
    )
}

fn placed(priced: &Priced) -> usize {
    priced.mentor_of.iter().flatten().count()
}

/// The distinct scores of the open pairs, ascending.
fn scores(market: &Market<'_>) -> Vec<i64> {
    let problem = market.problem;
    let mut scores: Vec<i64> = (0..problem.mentees() as u32)
        .flat_map(|i| problem.row(i).map(move |at| (i, at)))
        .filter(|&(i, at)| market.plan.open(i, problem.mentor[at]))
        .map(|(_, at)| problem.score[at])
        .collect();
    scores.sort_unstable();
    scores.dedup();
    scores
}

/// Everybody with a price, and the mentors whose places are all locked: they weigh nothing.
fn cover(market: &Market<'_>, priced: &Priced) -> Cover {
    let mentees = (0u32..).zip(&priced.mentee_price).filter(|(_, price)| **price > 0);
    let mentors = (0u32..).zip(priced.mentor_price.iter().zip(&market.plan.capacity));
    let mentors = mentors.filter(|(_, (price, places))| **price > 0 || **places == 0);
    Cover { mentees: mentees.map(|(i, _)| i).collect(), mentors: mentors.map(|(j, _)| j).collect() }
}
