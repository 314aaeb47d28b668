//! From near-optimal prices to the optimum: shortest augmenting paths on reduced costs.
//!
//! Invariants: `u`, `v` >= 0, `u + v >= profit` on every edge, with equality on the edges of the
//! assignment. What may still be wrong are unplaced mentees with `u > 0` and mentors with free
//! places and `v > 0`. Each search repairs one of them, or one of each, and breaks none (Jonker &
//! Volgenant 1987, with places for columns).
//!
//! A search from a mentee spreads along the places it could come to, one from a mentor along the
//! holders it could win. A mentee who lost a place and the mentor who lost a mentee are searched for
//! from both ends at once (Pohl 1971): two small circles instead of a large one.

use super::graph::{Graph, NONE};
use super::labels::Labels;
use super::state::State;
use crate::Control;

/// Farther than anything.
const FAR: i64 = i64::MAX;

/// How many times dearer it is to settle a mentor on the side that comes: it asks for the prices of
/// all mentors of all its holders, and the other side looks at most mentees no closer than at a list.
const COMING: usize = 4;

/// Where the shortest way of one side ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// A free place of a mentor, or a mentor that does with one holder less.
    Mentor(u32),
    /// A mentee who goes without, or an unplaced one who comes to a mentor.
    Mentee(u32, u32),
}

/// One of the two sides of a search: where it has been, and the shortest way to an end.
#[derive(Debug)]
struct Side {
    labels: Labels,
    limit: i64,
    end: End,
}

impl Side {
    fn new(mentors: usize) -> Self {
        Self { labels: Labels::new(mentors), limit: 0, end: End::Mentor(NONE) }
    }

    fn begin(&mut self, limit: i64, end: End) {
        self.labels.clear();
        (self.limit, self.end) = (limit, end);
    }

    /// Takes an end that is nearer, or as near and better.
    fn ends(&mut self, distance: i64, end: End, better: bool) {
        if distance < self.limit || better && distance == self.limit {
            (self.limit, self.end) = (distance, end);
        }
    }

    /// Everything nearer than this is settled.
    fn reach(&mut self) -> i64 {
        self.labels.next().min(self.limit)
    }
}

/// The searches with their scratch space.
#[derive(Debug)]
pub(crate) struct Exact {
    /// From a mentee: how mentors are come to.
    coming: Side,
    /// From a mentor: how mentors lose a holder to it.
    leaving: Side,
    source: u32,
    target: u32,
    /// The shortest way from source to target, and a mentor on it.
    way: i64,
    meeting: u32,
}

impl Exact {
    pub(crate) fn new(graph: &Graph) -> Self {
        let (coming, leaving) = (Side::new(graph.mentors()), Side::new(graph.mentors()));
        Self { coming, leaving, source: NONE, target: NONE, way: FAR, meeting: NONE }
    }

    /// Repairs everything. Gives `false` when the caller stopped it, with the invariants intact.
    pub(crate) fn finish(&mut self, graph: &Graph, state: &mut State, control: &Control<'_>) -> bool {
        for i in 0..graph.mentees() as u32 {
            if i % 64 == 0 && control.stopped() {
                return false;
            }
            self.place(graph, state, i, &[]);
        }
        for j in 0..graph.mentors() as u32 {
            if j % 64 == 0 && control.stopped() {
                return false;
            }
            self.fill(graph, state, j);
        }
        true
    }

    /// Makes an unplaced mentee with `u > 0` either placed or content. Where one of `vacated` has a
    /// place to fill, it is filled on the way, or does without.
    pub(crate) fn place(&mut self, graph: &Graph, state: &mut State, mentee: u32, vacated: &[u32]) {
        if state.edge(mentee) == NONE && state.u[mentee as usize] > 0 {
            let vacant = vacated.iter().find(|&&j| is_vacant(state, j));
            self.repair(graph, state, mentee, vacant.copied().unwrap_or(NONE));
        }
    }

    /// Fills the free places of a mentor or brings its price to 0.
    pub(crate) fn fill(&mut self, graph: &Graph, state: &mut State, mentor: u32) {
        while is_vacant(state, mentor) {
            self.repair(graph, state, NONE, mentor);
        }
    }

    fn repair(&mut self, graph: &Graph, state: &mut State, source: u32, target: u32) {
        self.begin(graph, state, source, target);
        let (near, far) = loop {
            let (near, far) = (self.coming.reach(), self.leaving.reach());
            let (come, left) = (near == self.coming.limit, far == self.leaving.limit);
            if come && left || near + far >= self.way {
                break (near, far);
            }
            let (coming, leaving) = (&self.coming.labels, &self.leaving.labels);
            if left || !come && coming.settled().len() * COMING <= leaving.settled().len() {
                self.come(graph, state);
            } else {
                self.leave(graph, state);
            }
        };
        let met = self.way <= near + far;
        let near = near.min(self.way);
        let far = if met { self.way - near } else { far };
        if source != NONE {
            state.u[source as usize] -= near;
        }
        move_prices(state, self.coming.labels.settled(), near, 1);
        move_prices(state, self.leaving.labels.settled(), far, -1);
        if met {
            let meeting = self.first_meeting(state);
            self.shift_from(graph, state, meeting, None);
            self.shift_to(graph, state, meeting);
            return;
        }
        match self.leaving.end {
            End::Mentor(k) => self.shift_from(graph, state, k, None),
            End::Mentee(i, j) => self.shift_from(graph, state, j, Some((i, j))),
        }
        match self.coming.end {
            End::Mentor(j) => self.shift_to(graph, state, j),
            End::Mentee(k, _) if k == source => {}
            End::Mentee(k, _) => {
                let hole = state.remove(k);
                self.shift_to(graph, state, hole);
            }
        }
    }

    fn begin(&mut self, graph: &Graph, state: &State, source: u32, target: u32) {
        (self.source, self.target, self.way, self.meeting) = (source, target, FAR, NONE);
        let worth = |prices: &[i64], of: u32| if of == NONE { 0 } else { prices[of as usize] };
        self.coming.begin(worth(&state.u, source), End::Mentee(source, NONE));
        self.leaving.begin(worth(&state.v, target), End::Mentor(target));
        if target != NONE {
            self.leaving.labels.offer(target, 0, NONE, NONE);
            self.leaving.labels.enter(target, 0);
        }
        if source != NONE {
            self.scan_mentee(graph, state, source, 0);
        }
    }

    /// Nothing farther is of interest.
    fn bound(&self) -> i64 {
        self.way.min(self.coming.limit + self.leaving.limit)
    }

    /// Notes that both sides have come to a mentor.
    fn meet(&mut self, mentor: u32) {
        let (Some(near), Some(far)) =
            (self.coming.labels.distance(mentor), self.leaving.labels.distance(mentor))
        else {
            return;
        };
        if near + far < self.way {
            (self.way, self.meeting) = (near + far, mentor);
        }
    }

    /// Settles the nearest mentor that can be come to.
    fn come(&mut self, graph: &Graph, state: &State) {
        let Some((j, distance)) = self.coming.labels.take() else { return };
        for &k in state.holders(j) {
            self.coming.ends(distance + state.u[k as usize], End::Mentee(k, NONE), false);
            self.scan_mentee(graph, state, k, distance);
        }
    }

    /// Looks along the edges of a mentee at the given distance.
    fn scan_mentee(&mut self, graph: &Graph, state: &State, mentee: u32, distance: i64) {
        let base = distance + state.u[mentee as usize];
        let own = state.edge(mentee);
        for edge in graph.row(mentee) {
            let j = graph.mentor[edge];
            let reach = base + state.v[j as usize] - graph.profit()[edge];
            debug_assert!(reach >= distance, "prices cover every edge");
            if reach > self.bound() || edge as u32 == own || !self.coming.labels.offer(j, reach, j, mentee) {
                continue;
            }
            self.meet(j);
            if state.free_places(j) > 0 && j != self.target {
                // A free place at the same distance is preferred to going without.
                let better = matches!(self.coming.end, End::Mentee(..));
                self.coming.ends(reach, End::Mentor(j), better);
            } else if reach < self.coming.limit {
                self.coming.labels.enter(j, reach);
            }
        }
    }

    /// Settles the nearest mentor that can lose a holder.
    fn leave(&mut self, graph: &Graph, state: &State) {
        let Some((mentor, distance)) = self.leaving.labels.take() else { return };
        let base = distance + state.v[mentor as usize];
        self.leaving.ends(base, End::Mentor(mentor), false);
        for (i, profit) in graph.back(mentor) {
            // Most are ruled out before memory is asked for their profits, which are not negative.
            if base - profit > self.bound() {
                continue;
            }
            let reach = base - profit + state.u[i as usize];
            debug_assert!(reach >= distance, "prices cover every edge");
            if reach > self.bound() || i == self.source {
                continue;
            }
            let k = state.mentor_of(i);
            if k == mentor {
                continue;
            }
            if k == NONE {
                let better = matches!(self.leaving.end, End::Mentor(_));
                self.leaving.ends(reach, End::Mentee(i, mentor), better);
            } else if self.leaving.labels.offer(k, reach, mentor, i) {
                self.meet(k);
                if reach < self.leaving.limit {
                    self.leaving.labels.enter(k, reach);
                }
            }
        }
    }

    /// The mentor nearest to the source where both sides meet on the shortest way: before it, the way
    /// from the source comes to no mentor that the way on passes again.
    fn first_meeting(&self, state: &State) -> u32 {
        let (mut at, mut first) = (self.meeting, self.meeting);
        loop {
            let through = self.coming.labels.mentee(at);
            if through == self.source {
                return first;
            }
            at = state.mentor_of(through);
            let (near, far) = (self.coming.labels.distance(at), self.leaving.labels.distance(at));
            if near.zip(far).is_some_and(|(near, far)| near + far == self.way) {
                first = at;
            }
        }
    }

    /// Moves everybody one place along the way from the source to `hole`.
    fn shift_to(&mut self, graph: &Graph, state: &mut State, mut hole: u32) {
        loop {
            let i = self.coming.labels.mentee(hole);
            let left = if i == self.source { NONE } else { state.remove(i) };
            place(graph, state, i, hole);
            if left == NONE {
                return;
            }
            hole = left;
        }
    }

    /// Moves everybody along the way from a mentor to the target, after somebody who comes first.
    fn shift_from(&mut self, graph: &Graph, state: &mut State, start: u32, first: Option<(u32, u32)>) {
        // A place is entered before its holder has left it; holders that move are therefore taken
        // off first.
        let mut moves: Vec<(u32, u32)> = first.into_iter().collect();
        let mut at = start;
        while at != self.target {
            let (i, to) = (self.leaving.labels.mentee(at), self.leaving.labels.to(at));
            state.remove(i);
            moves.push((i, to));
            at = to;
        }
        for (i, to) in moves {
            place(graph, state, i, to);
        }
    }
}

fn place(graph: &Graph, state: &mut State, mentee: u32, mentor: u32) {
    if let Some(edge) = graph.edge(mentee, mentor) {
        state.place(graph, mentee, edge);
    }
}

/// Whether a mentor has a free place and a price.
fn is_vacant(state: &State, mentor: u32) -> bool {
    state.v[mentor as usize] > 0 && state.free_places(mentor) > 0
}

/// Moves the prices of settled mentors up to a level, and against them what their holders have left.
fn move_prices(state: &mut State, settled: &[(u32, i64)], level: i64, sign: i64) {
    for &(j, distance) in settled.iter().filter(|settled| settled.1 < level) {
        let change = (level - distance) * sign;
        state.v[j as usize] += change;
        for at in 0..state.holders(j).len() {
            let k = state.holders(j)[at];
            state.u[k as usize] -= change;
        }
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
        let edge = state.edge(i);
        if edge != NONE {
            let own = graph.profit()[edge as usize] - state.v[graph.mentor[edge as usize] as usize];
            if own != u {
                state.remove(i);
            }
        }
        loose += usize::from(u > 0 && state.edge(i) == NONE);
    }
    loose
}
