//! The optimiser: the most profitable assignment on a sparse graph, with prices.

mod auction;
mod exact;
pub(crate) mod graph;
pub(crate) mod state;

use crate::{Control, Phase};
use auction::Auction;
use exact::Exact;
use graph::Graph;
pub(crate) use graph::NONE;
use state::State;

/// Profits are multiplied by this, if they fit, so that bids finer than a point break ties
/// instead of creeping along them.
const SCALE: i64 = 64;

/// The largest profit the arithmetic is safe for: no sum of a distance, a price and a profit can
/// leave 64 bits.
pub(crate) const MOST_PROFIT: i64 = 1 << 60;

/// When to be content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Stop when the proven gap is no larger.
    pub(crate) gap: i64,
    /// First and last bidding steps, in scaled units.
    pub(crate) first_step: i64,
}

/// What the optimiser found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The edge of each mentee, or [`NONE`].
    pub(crate) edge: Vec<u32>,
    /// Whole-point profits and prices: dual feasible, whatever happened.
    pub(crate) u: Vec<i64>,
    pub(crate) v: Vec<i64>,
    /// The caller stopped the run.
    pub(crate) stopped: bool,
}

/// Multiplies the profits of the graph by the largest safe power of two up to [`SCALE`].
fn scale_up(graph: &mut Graph) -> i64 {
    let most = graph.profit.iter().copied().max().unwrap_or(0).max(1);
    let mut scale = SCALE;
    while scale > 1 && most > MOST_PROFIT / scale {
        scale /= 2;
    }
    for profit in &mut graph.profit {
        *profit *= scale;
    }
    scale
}

/// Finds the assignment of largest profit. `capacity` is the true one, for the bound.
pub(crate) fn optimise(graph: &mut Graph, capacity: &[i64], limits: Limits, control: &Control<'_>) -> Found {
    let scale = scale_up(graph);
    let mut state = State::new(graph);
    let mut stopped = false;
    let mut auction = Auction::new(graph);
    let mut step = limits.first_step.max(1);
    for round in 1.. {
        stopped = !auction.round(&mut state, step, control);
        let (value, bound) = gap_of(graph, &state, capacity, scale);
        control.report(Phase::Auction, round, Some(bound), Some(bound.saturating_sub(value)));
        let content = limits.gap > 0 && bound.saturating_sub(value) <= limits.gap;
        if stopped || content {
            return found(graph, state, scale, stopped);
        }
        if step == 1 {
            break;
        }
        step = (step / 8).max(1);
    }
    drop(auction);
    exact::tighten(graph, &mut state);
    if !Exact::new(graph).finish(&mut state, control) {
        stopped = true;
    }
    let (value, bound) = gap_of(graph, &state, capacity, scale);
    control.report(Phase::Exact, 1, Some(bound), Some(bound.saturating_sub(value)));
    found(graph, state, scale, stopped)
}

/// Whole-point profits for whole-point prices: scaled prices are rounded down, which keeps exact
/// complementary slackness because scaled profits are multiples of the scale.
fn found(graph: &Graph, state: State, scale: i64, stopped: bool) -> Found {
    let v: Vec<i64> = state.v.iter().map(|price| price.div_euclid(scale)).collect();
    let u = least_profits(graph, &v, scale);
    Found { edge: state.edge, u, v, stopped }
}

/// The least profit of each mentee that the prices allow.
fn least_profits(graph: &Graph, v: &[i64], scale: i64) -> Vec<i64> {
    (0..graph.mentees() as u32)
        .map(|i| graph.row(i).map(|e| graph.profit[e] / scale - v[graph.mentor[e] as usize]).fold(0, i64::max))
        .collect()
}

/// Value and dual bound in whole points.
fn gap_of(graph: &Graph, state: &State, capacity: &[i64], scale: i64) -> (i64, i64) {
    let value = state.edge.iter().filter(|&&e| e != NONE).map(|&e| graph.profit[e as usize] / scale).sum();
    let v: Vec<i64> = state.v.iter().map(|price| price.div_euclid(scale)).collect();
    (value, dual_bound(&least_profits(graph, &v, scale), &v, capacity))
}

/// The dual objective, saturating: early bounds may be absurdly large.
pub(crate) fn dual_bound(u: &[i64], v: &[i64], capacity: &[i64]) -> i64 {
    let mentees: i128 = u.iter().map(|&u| i128::from(u)).sum();
    let mentors: i128 = v.iter().zip(capacity).map(|(&v, &c)| i128::from(v) * i128::from(c)).sum();
    i64::try_from(mentees + mentors).unwrap_or(i64::MAX)
}
