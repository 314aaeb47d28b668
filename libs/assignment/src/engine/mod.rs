//! The optimiser: the most profitable assignment on a sparse graph, with prices.

mod auction;
pub(crate) mod exact;
pub(crate) mod graph;
mod heap;
mod labels;
pub(crate) mod state;
mod sweep;

use crate::{Control, Phase};
use auction::Auction;
use exact::Exact;
use graph::Graph;
pub(crate) use graph::NONE;
use state::State;

/// Profits are multiplied by this, if they fit, so that bids finer than a point break ties
/// instead of creeping along them.
pub(crate) const SCALE: i64 = 64;

/// The first bidding round takes a step this fraction of the largest profit. Measured: coarser steps
/// are undone by the next round, finer ones bid too long.
const FIRST_STEP: i64 = 2048;

/// Where profits are small, the first step is this, if that is a small part of them: finer ones
/// creep along ties.
const TIE_STEP: i64 = SCALE / 2;

/// Each further round takes a step this many times finer.
const REFINE: i64 = 6;

/// Bidding ends with a step of this fraction of the mean profit.
const LAST_STEP: i64 = 3072;

/// A warm start with fewer than one in this many mentees out of place is finished without bidding.
const FEW: usize = 50;

/// The largest profit the arithmetic is safe for: no sum of a distance, a price and a profit can
/// leave 64 bits.
pub(crate) const MOST_PROFIT: i64 = 1 << 60;

/// What to optimise beyond the profits of the graph.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal<'a> {
    /// The true places of each mentor, for the bound.
    pub(crate) capacity: &'a [i64],
    /// Points that every placement earns on top of its profit; 0 unless coverage comes first.
    pub(crate) lift: i64,
    /// Stop when the proven gap is no larger.
    pub(crate) gap: i64,
}

/// An earlier answer to start from, in the numbering of the graph.
#[derive(Debug, Clone)]
pub(crate) struct Warm {
    /// The mentor of each mentee, or [`NONE`].
    pub(crate) mentor: Vec<u32>,
    /// The price of each mentor in whole points, lift included.
    pub(crate) v: Vec<i64>,
}

/// What the optimiser found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The edge of each mentee, or [`NONE`].
    pub(crate) edge: Vec<u32>,
    /// Whole-point profits and prices, lift included: dual feasible, whatever happened.
    pub(crate) u: Vec<i64>,
    pub(crate) v: Vec<i64>,
    /// The caller stopped the run.
    pub(crate) stopped: bool,
}

/// Finds the assignment of largest profit, from an earlier answer if there is one.
pub(crate) fn optimise(
    graph: &mut Graph,
    goal: Goal<'_>,
    warm: Option<&Warm>,
    control: &Control<'_>,
) -> Found {
    let scale = scale_up(graph, goal.lift);
    let mut state = State::new(graph);
    let mut step = first_step(graph);
    let mut lifted = false;
    if let Some(warm) = warm {
        lifted = load(graph, &mut state, warm, goal, scale);
        let loose = exact::tighten(graph, &mut state);
        step = if loose * FEW < graph.mentees() { 0 } else { (step / REFINE).max(1) };
    }
    let bidding =
        if lifted || step == 0 { Bidding::Done } else { bid(graph, &mut state, goal, scale, step, control) };
    let stopped = match bidding {
        Bidding::Stopped => true,
        Bidding::Content => false,
        Bidding::Done if lifted => !place_lifted(graph, &mut state, goal.lift * scale, control),
        Bidding::Done => {
            exact::tighten(graph, &mut state);
            !Exact::new(graph).finish(graph, &mut state, control)
                || !place_more(graph, &mut state, goal, scale, control)
        }
    };
    report(graph, &state, goal, scale, Phase::Exact, 1, control);
    found(graph, state, goal, scale, stopped)
}

/// Takes over an earlier answer. Gives whether its prices contain the lift for some and not for
/// others, so that only lifted profits go with them.
fn load(graph: &Graph, state: &mut State, warm: &Warm, goal: Goal<'_>, scale: i64) -> bool {
    for (i, &mentor) in warm.mentor.iter().enumerate().filter(|(_, mentor)| **mentor != NONE) {
        if let Some(edge) = graph.edge(i as u32, mentor)
            && state.free_places(mentor) > 0
        {
            state.place(graph, i as u32, edge);
        }
    }
    let lifted_all = goal.lift > 0 && warm.v.iter().all(|&price| price >= goal.lift);
    let base = if lifted_all { goal.lift } else { 0 };
    for (price, warm) in state.v.iter_mut().zip(&warm.v) {
        *price = (warm - base) * scale;
    }
    goal.lift > 0 && !lifted_all && warm.v.iter().any(|&price| price >= goal.lift / 2)
}

/// How the bidding ended.
enum Bidding {
    Done,
    Content,
    Stopped,
}

fn bid(
    graph: &Graph,
    state: &mut State,
    goal: Goal<'_>,
    scale: i64,
    mut step: i64,
    control: &Control<'_>,
) -> Bidding {
    let mut auction = Auction::new(graph);
    let last = last_step(graph);
    for round in 1.. {
        let taken = auction.round(state, step, control);
        let gap = report(graph, state, goal, scale, Phase::Auction, round, control);
        match taken {
            Some(taken) => step = taken,
            None => return Bidding::Stopped,
        }
        if goal.gap > 0 && gap <= goal.gap {
            return Bidding::Content;
        }
        if step <= last {
            break;
        }
        step = (step / REFINE).max(1);
    }
    Bidding::Done
}

fn first_step(graph: &Graph) -> i64 {
    let most = graph.profit().iter().copied().max().unwrap_or(0);
    (most / FIRST_STEP).max(TIE_STEP.min(most / 16)).max(1)
}

/// The step after which searches finish faster than further rounds would. A part of the usual
/// profit, not of the largest: one enormous score must not spoil the prices of all others.
fn last_step(graph: &Graph) -> i64 {
    let sum: i128 = graph.profit().iter().map(|&profit| i128::from(profit)).sum();
    let mean = sum / (graph.profit().len() as i128).max(1);
    (i64::try_from(mean).unwrap_or(i64::MAX) / LAST_STEP).max(1)
}

/// With a lift: places everybody who can be, unless that has happened by itself. The lift falls to
/// the mentors where every place is taken, and otherwise wherever the searches put it.
fn place_more(
    graph: &mut Graph,
    state: &mut State,
    goal: Goal<'_>,
    scale: i64,
    control: &Control<'_>,
) -> bool {
    let lift = goal.lift * scale;
    if lift == 0 || everybody_placed(graph, state) {
        return true;
    }
    if every_place_taken(graph, state, goal.capacity) {
        state.v.iter_mut().for_each(|price| *price += lift);
        return true;
    }
    place_lifted(graph, state, lift, control)
}

/// Finishes with the (scaled) lift added to every profit.
fn place_lifted(graph: &mut Graph, state: &mut State, lift: i64, control: &Control<'_>) -> bool {
    graph.change_profits(|profit| profit + lift);
    exact::tighten(graph, state);
    let finished = Exact::new(graph).finish(graph, state, control);
    graph.change_profits(|profit| profit - lift);
    finished
}

fn everybody_placed(graph: &Graph, state: &State) -> bool {
    (0..graph.mentees() as u32).all(|i| state.edge(i) != NONE || graph.row(i).is_empty())
}

fn every_place_taken(graph: &Graph, state: &State, capacity: &[i64]) -> bool {
    (0..graph.mentors() as u32).all(|j| state.holders(j).len() as i64 == capacity[j as usize])
}

/// Multiplies the profits of the graph by the largest safe power of two up to [`SCALE`].
pub(crate) fn scale_up(graph: &mut Graph, lift: i64) -> i64 {
    let most = graph.profit().iter().copied().max().unwrap_or(0).max(1) + lift;
    let mut scale = SCALE;
    while scale > 1 && most > MOST_PROFIT / scale {
        scale /= 2;
    }
    graph.change_profits(|profit| profit * scale);
    scale
}

/// Whole-point profits for whole-point prices. Rounding scaled prices down keeps complementary
/// slackness exact, because scaled profits are multiples of the scale.
fn found(graph: &Graph, state: State, goal: Goal<'_>, scale: i64, stopped: bool) -> Found {
    let (u, v) = prices(graph, &state, goal, scale);
    Found { edge: state.edges().collect(), u, v, stopped }
}

/// Dual feasible prices in whole points: the least profits that the prices allow, lift included.
pub(crate) fn prices(graph: &Graph, state: &State, goal: Goal<'_>, scale: i64) -> (Vec<i64>, Vec<i64>) {
    let v: Vec<i64> = state.v.iter().map(|price| price.div_euclid(scale)).collect();
    // Profits are multiples of the scale, so one division per mentee is exact.
    let beyond = |e: usize| graph.profit()[e] - (v[graph.mentor[e] as usize] - goal.lift) * scale;
    let u = (0..graph.mentees() as u32).map(|i| graph.row(i).map(beyond).fold(0, i64::max) / scale).collect();
    (u, v)
}

/// Tells the caller the bound and gives the gap, unless nobody wants to know.
fn report(
    graph: &Graph,
    state: &State,
    goal: Goal<'_>,
    scale: i64,
    phase: Phase,
    round: u32,
    control: &Control<'_>,
) -> i64 {
    if control.progress.is_none() && goal.gap == 0 {
        return i64::MAX;
    }
    let placed = state.edges().filter(|&e| e != NONE);
    let value: i64 = placed.map(|e| graph.profit()[e as usize] / scale + goal.lift).sum();
    let (u, v) = prices(graph, state, goal, scale);
    let bound = dual_bound(&u, &v, goal.capacity);
    control.report(phase, round, Some(bound), Some(bound.saturating_sub(value)));
    bound.saturating_sub(value)
}

/// The dual objective, saturating: early bounds may be absurdly large.
pub(crate) fn dual_bound(u: &[i64], v: &[i64], capacity: &[i64]) -> i64 {
    let mentees: i128 = u.iter().map(|&u| i128::from(u)).sum();
    let mentors: i128 = v.iter().zip(capacity).map(|(&v, &c)| i128::from(v) * i128::from(c)).sum();
    i64::try_from(mentees + mentors).unwrap_or(i64::MAX)
}
