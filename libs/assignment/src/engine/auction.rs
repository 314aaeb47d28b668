//! Near-optimal prices by bidding: the forward and reverse auction for unequal sides.
//!
//! With a step `epsilon`, mentees bid for places (Bertsekas 1988; several equal places per mentor
//! as in Bertsekas & Castañón 1989): a mentor's price is its lowest accepted bid, and a new bid
//! takes the lowest bidder's place. Then mentors that are left with free places and a price cut it
//! and win mentees back (the reverse auction of Bertsekas & Castañón 1992). After both, every
//! price is within `epsilon` of what its edges ask for, and free places cost nothing.

use super::graph::{Graph, NONE};
use super::state::State;
use crate::Control;

/// How many bids pass between two questions whether to stop.
const PATIENCE: u32 = 4096;

/// A round with more bids than this for each mentee goes on with larger steps, twice the size with
/// every further bid for each: where all want the same, prices would creep up together.
const BIDS: usize = 64;

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
            let profit = self.graph.profit[e] - state.v[self.graph.mentor[e] as usize];
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
            shortlist.profit[at] = self.graph.profit[edge as usize];
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
            let edge = state.edge[i as usize];
            if edge != NONE {
                let second = self.elsewhere(state, i, edge);
                let worth = self.graph.profit[edge as usize];
                let limit = worth - second + epsilon;
                let j = self.graph.mentor[edge as usize];
                if limit >= state.v[j as usize] {
                    self.bid[i as usize] = limit;
                    continue;
                }
                state.remove(self.graph, i);
            }
            self.queue.push(i);
        }
        for j in 0..self.graph.mentors() as u32 {
            self.heapify(state, j);
            if let Some(&lowest) = state.holders(j).first()
                && state.free_places(self.graph, j) == 0
            {
                state.v[j as usize] = state.v[j as usize].max(self.bid[lowest as usize]);
            }
        }
    }

    /// The best profit at another mentor, or of going without.
    fn elsewhere(&self, state: &State, mentee: u32, own: u32) -> i64 {
        let others = self.graph.row(mentee).filter(|&e| e as u32 != own);
        others.map(|e| self.graph.profit[e] - state.v[self.graph.mentor[e] as usize]).fold(0, i64::max)
    }

    fn forward(&mut self, state: &mut State, mut epsilon: i64, control: &Control<'_>) -> Option<i64> {
        let mut patience = PATIENCE;
        let mut left = self.graph.mentees().saturating_mul(BIDS);
        while let Some(i) = self.queue.pop() {
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
            if state.free_places(self.graph, j) > 0 {
                state.place(self.graph, i, choice.edge);
                self.sift_up(state, j);
                if state.free_places(self.graph, j) > 0 {
                    continue;
                }
            } else {
                let loser = state.holders(j)[0];
                state.replace(i, choice.edge, loser);
                self.sift_down(state, j, 0);
                self.queue.push(loser);
            }
            state.v[j as usize] = self.bid[state.holders(j)[0] as usize].max(state.v[j as usize]);
        }
        Some(epsilon)
    }

    fn reverse(&mut self, state: &mut State, epsilon: i64, control: &Control<'_>) -> bool {
        for i in 0..self.graph.mentees() {
            let edge = state.edge[i];
            state.u[i] = match edge {
                NONE => 0,
                edge => self.graph.profit[edge as usize] - state.v[self.graph.mentor[edge as usize] as usize],
            };
        }
        let mut cutting: Vec<u32> = (0..self.graph.mentors() as u32).rev().collect();
        cutting.retain(|&j| state.v[j as usize] > 0 && state.free_places(self.graph, j) > 0);
        let mut patience = PATIENCE;
        while let Some(j) = cutting.pop() {
            patience -= 1;
            if patience == 0 {
                patience = PATIENCE;
                if control.stopped() {
                    return false;
                }
            }
            if state.v[j as usize] > 0 && state.free_places(self.graph, j) > 0 {
                self.cut(state, j, epsilon, &mut cutting);
            }
        }
        true
    }

    /// Cuts a mentor's price until its places are filled or free of charge.
    fn cut(&mut self, state: &mut State, mentor: u32, epsilon: i64, cutting: &mut Vec<u32>) {
        self.offers.clear();
        for at in self.graph.back_row(mentor) {
            let (i, edge) = (self.graph.back_mentee[at], self.graph.back_edge[at]);
            let offer = self.graph.profit[edge as usize] - state.u[i as usize];
            if offer >= epsilon && state.edge[i as usize] != edge {
                self.offers.push((offer, edge));
            }
        }
        let places = state.free_places(self.graph, mentor) as usize;
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
        self.offers.sort_unstable_by_key(|&(_, edge)| edge);
        for at in 0..self.offers.len() {
            let edge = self.offers[at].1;
            let i = self.mentee_of(edge);
            if state.edge[i as usize] != NONE {
                let left = state.remove(self.graph, i);
                if state.v[left as usize] > 0 {
                    cutting.push(left);
                }
            }
            state.place(self.graph, i, edge);
            state.u[i as usize] = self.graph.profit[edge as usize] - price;
        }
    }

    fn mentee_of(&self, edge: u32) -> u32 {
        (self.graph.start.partition_point(|&start| start <= edge) - 1) as u32
    }

    // The holders of a mentor form a binary heap with the lowest bid first.

    fn heapify(&self, state: &mut State, mentor: u32) {
        for at in (0..state.holders(mentor).len() / 2).rev() {
            self.sift_down(state, mentor, at);
        }
    }

    fn sift_up(&self, state: &mut State, mentor: u32) {
        let mut at = state.holders(mentor).len() - 1;
        while at > 0 {
            let parent = (at - 1) / 2;
            let holders = state.holders(mentor);
            if self.bid[holders[parent] as usize] <= self.bid[holders[at] as usize] {
                return;
            }
            state.swap_holders(mentor, parent, at);
            at = parent;
        }
    }

    fn sift_down(&self, state: &mut State, mentor: u32, mut at: usize) {
        loop {
            let holders = state.holders(mentor);
            let bid = |slot: usize| self.bid[holders[slot] as usize];
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < holders.len() && bid(child) < bid(least) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            state.swap_holders(mentor, least, at);
            at = least;
        }
    }
}
