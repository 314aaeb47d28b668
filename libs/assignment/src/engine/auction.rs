//! Near-optimal prices by bidding: the forward and reverse auction for unequal sides.
//!
//! With a step `epsilon`, mentees bid for places (Bertsekas 1988; several equal places per mentor
//! as in Bertsekas & Castañón 1989): a mentor's price is its lowest accepted bid, and a new bid
//! takes the lowest bidder's place. Then mentors that are left with free places and a price cut it
//! and win mentees back (the reverse auction of Bertsekas & Castañón 1992). After both, every
//! price is within `epsilon` of what its edges ask for, and free places cost nothing.

use super::graph::{Graph, NONE};
use super::heap;
use super::state::State;
use super::sweep::{self, Sweep};
use crate::Control;

/// How many bids pass between two questions whether to stop.
const PATIENCE: u32 = 4096;

/// A round with more bids than this for each mentee goes on with larger steps, twice the size with
/// every further bid for each: where all want the same, prices would creep up together.
const BIDS: usize = 64;

/// Bids without one more mentee settled, after which all prices rise at once: a part of the mentees,
/// and never fewer than [`FEW_BIDS`]. A rise costs about as much as so many bids.
const STALLED: usize = 16;

/// See [`STALLED`].
const FEW_BIDS: usize = 64;

/// How many of its best edges a mentee remembers.
const REMEMBERED: usize = 4;

/// The best edges of a mentee when last looked at in full. While prices only rise, no other edge
/// can be worth more than `rest`, so most bids need look at no more than these. Profits and mentors
/// are copied, because a bid would otherwise wait for memory most of its time.
#[derive(Debug, Clone, Copy)]
struct Shortlist {
    profit: [i64; REMEMBERED],
    mentor: [u32; REMEMBERED],
    edge: [u32; REMEMBERED],
    rest: i64,
}

const UNKNOWN: Shortlist = Shortlist {
    profit: [i64::MIN / 2; REMEMBERED],
    mentor: [0; REMEMBERED],
    edge: [NONE; REMEMBERED],
    rest: i64::MAX,
};

/// The auction with its scratch space.
#[derive(Debug)]
pub(crate) struct Auction<'g> {
    graph: &'g Graph,
    /// The price up to which each placed mentee keeps its place.
    bid: Vec<i64>,
    /// Mentees about to bid, or mentors about to cut their price.
    queue: Vec<u32>,
    offers: Vec<(i64, u32)>,
    shortlist: Vec<Shortlist>,
    /// Made when it is needed first.
    sweep: Option<Sweep>,
}

/// The best and second-best profit among the mentors of a mentee; the second is at least 0,
/// which is what going without gives.
struct Choice {
    edge: u32,
    mentor: u32,
    best: i64,
    second: i64,
}

impl Choice {
    fn consider(&mut self, edge: u32, mentor: u32, profit: i64) {
        if profit > self.best {
            *self = Self { edge, mentor, best: profit, second: self.best };
        } else if profit > self.second {
            self.second = profit;
        }
    }
}

impl<'g> Auction<'g> {
    pub(crate) fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            bid: vec![0; graph.mentees()],
            queue: Vec::new(),
            offers: Vec::new(),
            shortlist: vec![UNKNOWN; graph.mentees()],
            sweep: None,
        }
    }

    /// One round at `epsilon` or, where it drags on, at larger steps; gives the last of them, or
    /// `None` when the caller stopped it. Prices stay usable.
    pub(crate) fn round(&mut self, state: &mut State, epsilon: i64, control: &Control<'_>) -> Option<i64> {
        self.release(state, epsilon);
        let epsilon = self.forward(state, epsilon, control)?;
        self.reverse(state, epsilon, control).then_some(epsilon)
    }

    /// The best and the second-best edge, from the shortlist if that is enough.
    fn choose_again(&mut self, state: &State, mentee: u32) -> Choice {
        let shortlist = &self.shortlist[mentee as usize];
        if shortlist.rest < i64::MAX {
            let mut choice = Choice { edge: NONE, mentor: 0, best: 0, second: 0 };
            for at in 0..REMEMBERED {
                let mentor = shortlist.mentor[at];
                choice.consider(shortlist.edge[at], mentor, shortlist.profit[at] - state.v[mentor as usize]);
            }
            if choice.second >= shortlist.rest {
                return choice;
            }
        }
        self.look_at_all(state, mentee)
    }

    /// The best and the second-best edge; renews the shortlist.
    fn look_at_all(&mut self, state: &State, mentee: u32) -> Choice {
        let mut top = [(0i64, NONE); REMEMBERED + 1];
        for e in self.graph.row(mentee) {
            let profit = self.graph.profit()[e] - state.v[self.graph.mentor[e] as usize];
            if profit > top[REMEMBERED].0 {
                let at = top.iter().position(|&(other, _)| profit > other).unwrap_or(REMEMBERED);
                top[at..].rotate_right(1);
                top[at] = (profit, e as u32);
            }
        }
        let mut shortlist = Shortlist { rest: top[REMEMBERED].0, ..UNKNOWN };
        for (at, &(_, edge)) in top[..REMEMBERED].iter().enumerate().filter(|(_, (_, edge))| *edge != NONE) {
            shortlist.edge[at] = edge;
            shortlist.mentor[at] = self.graph.mentor[edge as usize];
            shortlist.profit[at] = self.graph.profit()[edge as usize];
        }
        self.shortlist[mentee as usize] = shortlist;
        Choice { edge: top[0].1, mentor: shortlist.mentor[0], best: top[0].0, second: top[1].0 }
    }

    /// Takes mentees off places that cost more than `epsilon` too much, and queues the unplaced.
    fn release(&mut self, state: &mut State, epsilon: i64) {
        self.queue.clear();
        // Prices may have fallen since the last round.
        self.shortlist.fill(UNKNOWN);
        for i in (0..self.graph.mentees() as u32).rev() {
            let edge = state.edge(i);
            if edge != NONE {
                let second = self.elsewhere(state, i, edge);
                let worth = self.graph.profit()[edge as usize];
                let limit = worth - second + epsilon;
                let j = self.graph.mentor[edge as usize];
                if limit >= state.v[j as usize] {
                    self.bid[i as usize] = limit;
                    continue;
                }
                state.remove(i);
            }
            self.queue.push(i);
        }
        for j in 0..self.graph.mentors() as u32 {
            heap::heapify(state, &self.bid, j);
            if let Some(&lowest) = state.holders(j).first()
                && state.free_places(j) == 0
            {
                state.v[j as usize] = state.v[j as usize].max(self.bid[lowest as usize]);
            }
        }
    }

    /// The best profit at another mentor, or of going without.
    fn elsewhere(&self, state: &State, mentee: u32, own: u32) -> i64 {
        let others = self.graph.row(mentee).filter(|&e| e as u32 != own);
        others.map(|e| self.graph.profit()[e] - state.v[self.graph.mentor[e] as usize]).fold(0, i64::max)
    }

    fn forward(&mut self, state: &mut State, mut epsilon: i64, control: &Control<'_>) -> Option<i64> {
        let mut patience = PATIENCE;
        let mut left = self.graph.mentees().saturating_mul(BIDS);
        let patient = self.graph.mentees() / STALLED + FEW_BIDS;
        let (mut stalled, mut fewest) = (0, self.queue.len());
        while let Some(i) = self.queue.pop() {
            stalled += 1;
            if self.queue.len() < fewest {
                (stalled, fewest) = (0, self.queue.len());
            } else if stalled > patient {
                self.queue.push(i);
                self.raise(state, epsilon);
                (stalled, fewest) = (0, self.queue.len());
                continue;
            }
            patience -= 1;
            if patience == 0 {
                patience = PATIENCE;
                if control.stopped() {
                    return None;
                }
            }
            if left == 0 {
                left = self.graph.mentees();
                epsilon *= 2;
            }
            left -= 1;
            let choice = self.choose_again(state, i);
            if choice.edge == NONE {
                continue;
            }
            let j = choice.mentor;
            self.bid[i as usize] = state.v[j as usize] + (choice.best - choice.second) + epsilon;
            if state.free_places(j) > 0 {
                state.place(self.graph, i, choice.edge);
                heap::sift_up(state, &self.bid, j);
                if state.free_places(j) > 0 {
                    continue;
                }
            } else {
                let loser = state.holders(j)[0];
                state.replace(i, choice.edge, loser);
                heap::sift_down(state, &self.bid, j, 0);
                self.queue.push(loser);
            }
            state.v[j as usize] = self.bid[state.holders(j)[0] as usize].max(state.v[j as usize]);
        }
        Some(epsilon)
    }

    /// Ends a bidding war.
    fn raise(&mut self, state: &mut State, epsilon: i64) {
        self.part(state);
        let sweep = self.sweep.get_or_insert_with(|| Sweep::new(self.graph));
        sweep.raise(self.graph, state, &self.queue, epsilon);
        for j in 0..self.graph.mentors() as u32 {
            let price = state.v[j as usize];
            // The lists of holders remain heaps when bids rise to the same price.
            for &i in state.holders(j) {
                self.bid[i as usize] = self.bid[i as usize].max(price);
            }
            let first = sweep.through(j);
            if first != NONE {
                self.bid[first as usize] = price;
                heap::lead(state, j, first);
            }
        }
    }

    /// Where every place is taken, as many people have to go without as wait for one: all prices rise
    /// together until so many have no profit left, and those leave.
    fn part(&mut self, state: &mut State) {
        let (graph, waiting) = (self.graph, self.queue.len());
        if (0..graph.mentors() as u32).any(|j| state.free_places(j) > 0) {
            return;
        }
        profits(graph, state);
        for &i in &self.queue {
            state.u[i as usize] = sweep::best(graph, state, i);
        }
        let placed = (0..graph.mentees() as u32).filter(|&i| state.edge(i) != NONE);
        let seeking = placed.chain(self.queue.iter().copied());
        let mut profits: Vec<i64> = seeking.map(|i| state.u[i as usize]).collect();
        if waiting >= profits.len() {
            return;
        }
        let (_, &mut level, _) = profits.select_nth_unstable(waiting);
        if level <= 0 {
            return;
        }
        state.v.iter_mut().for_each(|price| *price += level);
        for i in 0..graph.mentees() as u32 {
            if state.edge(i) != NONE && state.u[i as usize] < level {
                state.remove(i);
            }
        }
        (0..graph.mentors() as u32).for_each(|j| heap::heapify(state, &self.bid, j));
        self.queue.retain(|&i| state.u[i as usize] > level);
    }

    fn reverse(&mut self, state: &mut State, epsilon: i64, control: &Control<'_>) -> bool {
        profits(self.graph, state);
        let mut cutting: Vec<u32> = (0..self.graph.mentors() as u32).rev().collect();
        cutting.retain(|&j| state.v[j as usize] > 0 && state.free_places(j) > 0);
        let mut patience = PATIENCE;
        let patient = self.graph.mentors() / 2 + FEW_BIDS;
        let mut cuts = 0;
        while let Some(j) = cutting.pop() {
            patience -= 1;
            if patience == 0 {
                patience = PATIENCE;
                if control.stopped() {
                    return false;
                }
            }
            cuts += 1;
            if cuts > patient {
                cuts = 0;
                cutting.push(j);
                self.lower(state, epsilon, &mut cutting);
            } else if state.v[j as usize] > 0 && state.free_places(j) > 0 {
                self.cut(state, j, epsilon, &mut cutting);
            }
        }
        true
    }

    /// Ends a war of the mentors.
    fn lower(&mut self, state: &mut State, epsilon: i64, cutting: &mut Vec<u32>) {
        cutting.retain(|&j| state.v[j as usize] > 0 && state.free_places(j) > 0);
        cutting.sort_unstable();
        cutting.dedup();
        let sweep = self.sweep.get_or_insert_with(|| Sweep::new(self.graph));
        sweep.lower(self.graph, state, cutting, epsilon);
    }

    /// Cuts a mentor's price until its places are filled or free of charge.
    fn cut(&mut self, state: &mut State, mentor: u32, epsilon: i64, cutting: &mut Vec<u32>) {
        self.offers.clear();
        for (i, profit) in self.graph.back(mentor) {
            let offer = profit - state.u[i as usize];
            if offer >= epsilon && state.mentor_of(i) != mentor {
                self.offers.push((offer, i));
            }
        }
        let places = state.free_places(mentor) as usize;
        let mut price = 0;
        if self.offers.len() > places {
            let order = |a: &(i64, u32), b: &(i64, u32)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
            let (_, next, _) = self.offers.select_nth_unstable_by(places, order);
            price = (next.0 - epsilon).max(0);
            self.offers.truncate(places);
        }
        let price = price.min(state.v[mentor as usize]);
        let cut = state.v[mentor as usize] - price;
        state.v[mentor as usize] = price;
        for at in 0..state.holders(mentor).len() {
            let k = state.holders(mentor)[at] as usize;
            state.u[k] += cut;
        }
        self.offers.sort_unstable_by_key(|&(_, i)| i);
        for at in 0..self.offers.len() {
            let i = self.offers[at].1;
            let Some(edge) = self.graph.edge(i, mentor) else { continue };
            if state.edge(i) != NONE {
                let left = state.remove(i);
                if state.v[left as usize] > 0 {
                    cutting.push(left);
                }
            }
            state.place(self.graph, i, edge);
            state.u[i as usize] = self.graph.profit()[edge as usize] - price;
        }
    }
}

/// The profits of the placed at today's prices; 0 for the others.
fn profits(graph: &Graph, state: &mut State) {
    for i in 0..graph.mentees() as u32 {
        state.u[i as usize] = match state.edge(i) {
            NONE => 0,
            edge => graph.profit()[edge as usize] - state.v[state.mentor_of(i) as usize],
        };
    }
}
