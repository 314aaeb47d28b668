//! From near-optimal prices to the optimum: shortest augmenting paths on reduced costs.
//!
//! Invariants: `u`, `v` >= 0, `u + v >= profit` on every edge, with equality on the edges of the
//! assignment. What may still be wrong are unplaced mentees with `u > 0` and mentors with free
//! places and `v > 0`. Each search repairs one of them and breaks none (Jonker & Volgenant 1987,
//! with places for columns; the second kind of search is the same with the sides exchanged).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{Graph, NONE};
use super::state::State;
use crate::Control;

/// Tentative distances of the nodes on one side, forgotten in constant time.
#[derive(Debug)]
struct Labels {
    distance: Vec<i64>,
    /// The edge by which the node was reached.
    edge: Vec<u32>,
    /// The node of the other side it was reached from.
    from: Vec<u32>,
    stamp: Vec<u32>,
    now: u32,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Labels {
    fn new(count: usize) -> Self {
        Self {
            distance: vec![0; count],
            edge: vec![NONE; count],
            from: vec![NONE; count],
            stamp: vec![0; count],
            now: 0,
            heap: BinaryHeap::new(),
        }
    }

    fn clear(&mut self) {
        self.heap.clear();
        if self.now == u32::MAX {
            self.stamp.fill(0);
            self.now = 0;
        }
        self.now += 1;
    }

    /// Records a way to `node` if it is shorter than those known.
    fn offer(&mut self, node: u32, distance: i64, edge: u32, from: u32) -> bool {
        let at = node as usize;
        if self.stamp[at] == self.now && self.distance[at] <= distance {
            return false;
        }
        self.stamp[at] = self.now;
        self.distance[at] = distance;
        self.edge[at] = edge;
        self.from[at] = from;
        true
    }

    /// The nearest node not yet taken whose distance is at most `limit`.
    fn take(&mut self, limit: i64) -> Option<(i64, u32)> {
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            if distance > limit {
                return None;
            }
            if self.distance[node as usize] == distance {
                return Some((distance, node));
            }
        }
        None
    }
}

/// The searches with their scratch space.
#[derive(Debug)]
pub(crate) struct Exact {
    mentors: Labels,
    mentees: Labels,
    /// Mentees and mentors whose prices the search at hand may change, with their distances.
    seen_mentees: Vec<(u32, i64)>,
    seen_mentors: Vec<(u32, i64)>,
    /// In a search from a mentor: the holder through whom each settled mentor was entered.
    entered_by: Vec<u32>,
}

/// Where the shortest path found so far ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// A free place of a mentor, or a mentor that does with one holder less.
    Mentor(u32),
    /// An unplaced mentee, or a mentee who goes without.
    Mentee(u32),
}

impl Exact {
    pub(crate) fn new(graph: &Graph) -> Self {
        Self {
            mentors: Labels::new(graph.mentors()),
            mentees: Labels::new(graph.mentees()),
            seen_mentees: Vec::new(),
            seen_mentors: Vec::new(),
            entered_by: vec![NONE; graph.mentors()],
        }
    }

    /// Repairs everything. Gives `false` when the caller stopped it, with the invariants intact.
    pub(crate) fn finish(&mut self, graph: &Graph, state: &mut State, control: &Control<'_>) -> bool {
        for i in 0..graph.mentees() as u32 {
            if i % 64 == 0 && control.stopped() {
                return false;
            }
            self.place(graph, state, i);
        }
        for j in 0..graph.mentors() as u32 {
            if j % 64 == 0 && control.stopped() {
                return false;
            }
            self.fill(graph, state, j);
        }
        true
    }

    /// Makes an unplaced mentee with `u > 0` either placed or content.
    pub(crate) fn place(&mut self, graph: &Graph, state: &mut State, mentee: u32) {
        if state.edge[mentee as usize] != NONE || state.u[mentee as usize] == 0 {
            return;
        }
        self.begin();
        let mut best = state.u[mentee as usize];
        let mut end = End::Mentee(mentee);
        self.scan_mentee(graph, state, mentee, 0, &mut best, &mut end);
        while let Some((distance, j)) = self.mentors.take(best) {
            if distance == best {
                break;
            }
            self.seen_mentors.push((j, distance));
            for &k in state.holders(j) {
                let drop = distance + state.u[k as usize];
                if drop < best {
                    (best, end) = (drop, End::Mentee(k));
                }
                self.scan_mentee(graph, state, k, distance, &mut best, &mut end);
            }
        }
        for &(k, distance) in self.seen_mentees.iter().filter(|seen| seen.1 < best) {
            state.u[k as usize] -= best - distance;
        }
        for &(j, distance) in self.seen_mentors.iter().filter(|seen| seen.1 < best) {
            state.v[j as usize] += best - distance;
        }
        self.shift_to(graph, state, mentee, end);
    }

    /// Looks along the edges of a mentee at the given distance.
    fn scan_mentee(
        &mut self,
        graph: &Graph,
        state: &State,
        mentee: u32,
        distance: i64,
        best: &mut i64,
        end: &mut End,
    ) {
        self.seen_mentees.push((mentee, distance));
        let base = distance + state.u[mentee as usize];
        let own = state.edge[mentee as usize];
        for edge in graph.row(mentee) {
            let j = graph.mentor[edge];
            let reach = base + state.v[j as usize] - graph.profit()[edge];
            debug_assert!(reach >= distance, "prices cover every edge");
            if reach > *best || edge as u32 == own || !self.mentors.offer(j, reach, edge as u32, mentee) {
                continue;
            }
            // A free place at the same distance is preferred to going without.
            if state.free_places(graph, j) > 0 {
                if reach < *best || matches!(end, End::Mentee(_)) {
                    (*best, *end) = (reach, End::Mentor(j));
                }
            } else if reach < *best {
                self.mentors.heap.push(Reverse((reach, j)));
            }
        }
    }

    /// Moves everybody one place along the path that ends at `end`, starting with `source`.
    fn shift_to(&mut self, graph: &Graph, state: &mut State, source: u32, end: End) {
        let mut hole = match end {
            End::Mentor(j) => j,
            End::Mentee(k) if k == source => return,
            End::Mentee(k) => state.remove(graph, k),
        };
        loop {
            let (i, edge) = (self.mentors.from[hole as usize], self.mentors.edge[hole as usize]);
            if i == source {
                state.place(graph, i, edge);
                return;
            }
            let left = state.remove(graph, i);
            state.place(graph, i, edge);
            hole = left;
        }
    }

    /// Fills the free places of a mentor or brings its price to 0.
    pub(crate) fn fill(&mut self, graph: &Graph, state: &mut State, mentor: u32) {
        while state.v[mentor as usize] > 0 && state.free_places(graph, mentor) > 0 {
            self.fill_one(graph, state, mentor);
        }
    }

    fn fill_one(&mut self, graph: &Graph, state: &mut State, mentor: u32) {
        self.begin();
        let mut best = state.v[mentor as usize];
        let mut end = End::Mentor(mentor);
        self.entered_by[mentor as usize] = NONE;
        self.mentors.offer(mentor, 0, NONE, NONE);
        self.scan_mentor(graph, state, mentor, 0, &mut best, &mut end);
        while let Some((distance, i)) = self.mentees.take(best) {
            if distance == best {
                break;
            }
            let k = state.mentor_of(graph, i);
            if !self.mentors.offer(k, distance, NONE, i) {
                continue;
            }
            self.entered_by[k as usize] = i;
            let drop = distance + state.v[k as usize];
            if drop < best {
                (best, end) = (drop, End::Mentor(k));
            }
            self.scan_mentor(graph, state, k, distance, &mut best, &mut end);
        }
        for &(k, distance) in self.seen_mentors.iter().filter(|seen| seen.1 < best) {
            state.v[k as usize] -= best - distance;
        }
        for &(i, distance) in self.seen_mentees.iter().filter(|seen| seen.1 < best) {
            state.u[i as usize] += best - distance;
        }
        self.shift_from(graph, state, mentor, end);
    }

    /// Looks along the edges of a mentor at the given distance.
    fn scan_mentor(
        &mut self,
        graph: &Graph,
        state: &State,
        mentor: u32,
        distance: i64,
        best: &mut i64,
        end: &mut End,
    ) {
        self.seen_mentors.push((mentor, distance));
        // Whatever the mentor's price falls by, all its holders gain.
        self.seen_mentees.extend(state.holders(mentor).iter().map(|&k| (k, distance)));
        let base = distance + state.v[mentor as usize];
        for at in graph.back_row(mentor) {
            let (i, edge) = (graph.back_mentee[at], graph.back_edge[at]);
            let reach = base + state.u[i as usize] - graph.back_profit()[at];
            debug_assert!(reach >= distance, "prices cover every edge");
            let own = state.edge[i as usize];
            if reach > *best || own == edge || !self.mentees.offer(i, reach, edge, mentor) {
                continue;
            }
            if own == NONE {
                if reach < *best || matches!(end, End::Mentor(_)) {
                    (*best, *end) = (reach, End::Mentee(i));
                }
            } else if reach < *best {
                self.mentees.heap.push(Reverse((reach, i)));
            }
        }
    }

    /// Moves everybody along the path that starts at `source` and ends at `end`.
    fn shift_from(&mut self, graph: &Graph, state: &mut State, source: u32, end: End) {
        let mut mover = match end {
            End::Mentee(i) => i,
            End::Mentor(k) if k == source => return,
            End::Mentor(k) => self.entered_by[k as usize],
        };
        // From the end backwards, a place is entered before its holder has left it; holders that
        // move are therefore taken off first.
        let mut moves = Vec::new();
        loop {
            let (to, edge) = (self.mentees.from[mover as usize], self.mentees.edge[mover as usize]);
            if state.edge[mover as usize] != NONE {
                state.remove(graph, mover);
            }
            moves.push((mover, edge));
            if to == source {
                break;
            }
            mover = self.entered_by[to as usize];
        }
        for (i, edge) in moves {
            state.place(graph, i, edge);
        }
    }

    fn begin(&mut self) {
        self.mentors.clear();
        self.mentees.clear();
        self.seen_mentees.clear();
        self.seen_mentors.clear();
    }
}

/// The least profits that go with the prices, and only those places kept that are worth them
/// exactly: establishes the invariants of [`Exact`] from any prices and any assignment. Gives how
/// many mentees are left to be placed.
pub(crate) fn tighten(graph: &Graph, state: &mut State) -> usize {
    let mut loose = 0;
    for i in 0..graph.mentees() as u32 {
        let best = graph.row(i).map(|e| graph.profit()[e] - state.v[graph.mentor[e] as usize]).max();
        let u = best.unwrap_or(0).max(0);
        state.u[i as usize] = u;
        let edge = state.edge[i as usize];
        if edge != NONE {
            let own = graph.profit()[edge as usize] - state.v[graph.mentor[edge as usize] as usize];
            if own != u {
                state.remove(graph, i);
            }
        }
        loose += usize::from(u > 0 && state.edge[i as usize] == NONE);
    }
    loose
}
