//! Moves all prices at once as far as nobody minds: what a bidding war would come to.
//!
//! A price may rise until one of its holders would rather have another place, and then further if
//! that place's price rises, too; how far is the length of a shortest path from the mentor to a
//! free place or to a mentee who goes without. The global price update of Goldberg & Kennedy 1995,
//! with Dial's buckets (1969). Falling prices are the same with the sides exchanged.
//!
//! Lengths are counted in steps, rounded down: prices that move less than they may are right, too.

use super::graph::{Graph, NONE};
use super::state::State;

/// Prices move by so many steps at most: the buckets of the search.
const FAR: u32 = 1 << 15;

/// Nodes by their distances.
#[derive(Debug)]
struct Buckets {
    distance: Vec<u32>,
    /// By which mentee the node was reached, or [`NONE`].
    through: Vec<u32>,
    /// The newest entry of each bucket, or [`NONE`].
    newest: Vec<u32>,
    /// Nodes with the entries before them in their buckets.
    entries: Vec<(u32, u32)>,
    /// The bucket at hand.
    now: u32,
    /// The last bucket that was used.
    last: u32,
}

impl Buckets {
    fn new(nodes: usize) -> Self {
        Self {
            distance: vec![FAR; nodes],
            through: vec![NONE; nodes],
            newest: vec![NONE; FAR as usize],
            entries: Vec::new(),
            now: 0,
            last: 0,
        }
    }

    fn clear(&mut self) {
        self.distance.fill(FAR);
        self.through.fill(NONE);
        self.newest[..=self.last as usize].fill(NONE);
        self.entries.clear();
        (self.now, self.last) = (0, 0);
    }

    /// Notes a shorter way to a node; it comes up once it is entered.
    fn shorten(&mut self, node: u32, through: u32, distance: i64) -> bool {
        let shorter = distance < i64::from(self.distance[node as usize]);
        if shorter {
            self.distance[node as usize] = distance.max(0) as u32;
            self.through[node as usize] = through;
        }
        shorter
    }

    fn enter(&mut self, node: u32) {
        let distance = self.distance[node as usize];
        if distance < FAR {
            self.last = self.last.max(distance);
            let newest = &mut self.newest[distance as usize];
            self.entries.push((node, std::mem::replace(newest, self.entries.len() as u32)));
        }
    }

    /// The next node by distance. A node may come up again, at the same distance.
    fn take(&mut self) -> Option<u32> {
        while self.now < FAR {
            let newest = self.newest[self.now as usize];
            if newest == NONE {
                self.now += 1;
                continue;
            }
            let (node, before) = self.entries[newest as usize];
            self.newest[self.now as usize] = before;
            if self.distance[node as usize] == self.now {
                return Some(node);
            }
        }
        None
    }

    /// How far the price of a node moves, in steps.
    fn steps(&self, node: u32) -> i64 {
        i64::from(self.distance[node as usize].min(self.now))
    }
}

/// A set of numbers.
#[derive(Debug)]
struct Marks(Vec<u64>);

impl Marks {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn has(&self, at: u32) -> bool {
        self.0[at as usize / 64] >> (at % 64) & 1 == 1
    }

    fn set(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    fn unset(&mut self, at: u32) {
        self.0[at as usize / 64] &= !(1 << (at % 64));
    }
}

/// A mentee in the search for rising prices.
#[derive(Debug, Clone, Copy)]
struct Seeker {
    /// The profit below which another place or none is of no interest, in steps.
    floor: i32,
    /// Whose price it holds down: its mentor's, or that of a node of its own without a place.
    node: u32,
}

/// The searches with their scratch space.
#[derive(Debug)]
pub(crate) struct Sweep {
    /// Of mentors, then of mentees without a place.
    nodes: Buckets,
    seekers: Vec<Seeker>,
    /// Mentees, or mentors where prices fall, that need no more looking at.
    done: Marks,
}

impl Sweep {
    pub(crate) fn new(graph: &Graph) -> Self {
        let nodes = graph.mentors() + graph.mentees();
        Self {
            nodes: Buckets::new(nodes),
            seekers: vec![Seeker { floor: 0, node: NONE }; graph.mentees()],
            done: Marks::new(nodes),
        }
    }

    /// The mentee who decided how far a price moved: the first to leave after [`Sweep::raise`].
    pub(crate) fn through(&self, mentor: u32) -> u32 {
        self.nodes.through[mentor as usize]
    }

    /// Raises prices until each of the mentees without a place has a way to a free place or out on
    /// which everybody gains or loses no more than `epsilon`.
    pub(crate) fn raise(&mut self, graph: &Graph, state: &mut State, unplaced: &[u32], epsilon: i64) {
        let shift = epsilon.max(1).ilog2();
        self.begin_raise(graph, state, unplaced, shift);
        let mentors = graph.mentors() as u32;
        let mut left = unplaced.len();
        while left > 0
            && let Some(node) = self.nodes.take()
        {
            if node < mentors {
                self.pass_holders(graph, state, node, shift);
            } else if !self.done.has(node - mentors) {
                self.done.set(node - mentors);
                left -= 1;
            }
        }
        for j in 0..mentors {
            if !state.holders(j).is_empty() {
                state.v[j as usize] += self.nodes.steps(j) << shift;
            }
        }
    }

    fn begin_raise(&mut self, graph: &Graph, state: &State, unplaced: &[u32], shift: u32) {
        self.nodes.clear();
        self.done.clear();
        for i in 0..graph.mentees() as u32 {
            let edge = state.edge(i);
            if edge == NONE {
                self.done.set(i);
                continue;
            }
            let node = graph.mentor[edge as usize];
            self.seek(i, node, graph.profit()[edge as usize] - state.v[node as usize], shift);
        }
        for j in 0..graph.mentors() as u32 {
            if state.free_places(j) > 0 {
                self.nodes.shorten(j, NONE, 0);
            }
            self.nodes.enter(j);
        }
        for &i in unplaced {
            self.done.unset(i);
            let node = graph.mentors() as u32 + i;
            self.seek(i, node, best(graph, state, i), shift);
            self.nodes.enter(node);
        }
    }

    fn seek(&mut self, mentee: u32, node: u32, profit: i64, shift: u32) {
        let floor = (profit >> shift).clamp(0, i64::from(i32::MAX)) as i32;
        self.seekers[mentee as usize] = Seeker { floor, node };
        self.nodes.shorten(node, mentee, i64::from(floor));
    }

    fn pass_holders(&mut self, graph: &Graph, state: &State, mentor: u32, shift: u32) {
        for &i in state.holders(mentor) {
            self.done.set(i);
        }
        let price = state.v[mentor as usize];
        let distance = i64::from(self.nodes.now);
        // Others have too little profit here: going without stops them first.
        let least = price + (distance << shift);
        for (i, profit) in graph.back(mentor) {
            if profit <= least || self.done.has(i) {
                continue;
            }
            let Seeker { floor, node } = self.seekers[i as usize];
            let length = (i64::from(floor) + ((price - profit) >> shift)).max(0);
            if self.nodes.shorten(node, i, distance + length) {
                self.nodes.enter(node);
            }
        }
    }

    /// Lowers prices until each of the mentors that have free places and a price has a way to an
    /// unplaced mentee or to a price of 0 on which everybody gains or loses no more than `epsilon`.
    /// Profits must be those that go with the prices.
    pub(crate) fn lower(&mut self, graph: &Graph, state: &mut State, vacant: &[u32], epsilon: i64) {
        let shift = epsilon.max(1).ilog2();
        self.nodes.clear();
        self.done.clear();
        for j in 0..graph.mentors() as u32 {
            self.nodes.shorten(j, NONE, state.v[j as usize] >> shift);
            self.nodes.enter(j);
        }
        for i in 0..graph.mentees() as u32 {
            if state.edge(i) == NONE {
                self.pass_row(graph, state, i, 0, shift);
            }
        }
        let mut wanted = Marks::new(graph.mentors());
        vacant.iter().for_each(|&j| wanted.set(j));
        let mut left = vacant.len();
        while left > 0
            && let Some(j) = self.nodes.take()
        {
            if self.done.has(j) {
                continue;
            }
            self.done.set(j);
            if wanted.has(j) {
                wanted.unset(j);
                left -= 1;
            }
            for &i in state.holders(j) {
                self.pass_row(graph, state, i, i64::from(self.nodes.now), shift);
            }
        }
        for j in 0..graph.mentors() as u32 {
            let cut = self.nodes.steps(j) << shift;
            state.v[j as usize] -= cut;
            for at in 0..state.holders(j).len() {
                let i = state.holders(j)[at];
                state.u[i as usize] += cut;
            }
        }
    }

    fn pass_row(&mut self, graph: &Graph, state: &State, mentee: u32, distance: i64, shift: u32) {
        let profit = state.u[mentee as usize];
        // Other mentors' prices come down to nothing first.
        let least = profit + (distance << shift);
        for edge in graph.row(mentee) {
            let j = graph.mentor[edge];
            if graph.profit()[edge] <= least || self.done.has(j) {
                continue;
            }
            let length = (profit + state.v[j as usize] - graph.profit()[edge]) >> shift;
            if self.nodes.shorten(j, mentee, distance + length.max(0)) {
                self.nodes.enter(j);
            }
        }
    }
}

/// The best profit of a mentee, or of going without.
pub(crate) fn best(graph: &Graph, state: &State, mentee: u32) -> i64 {
    let beyond = |e: usize| graph.profit()[e] - state.v[graph.mentor[e] as usize];
    graph.row(mentee).map(beyond).fold(0, i64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mentors with one place each, edges as mentee, mentor and profit, and who is placed where at what prices.
    fn market(
        mentees: usize,
        edges: &[(u32, u32, i64)],
        placed: &[(u32, u32)],
        prices: &[i64],
    ) -> (Graph, State) {
        let row = |i| edges.iter().filter(move |edge| edge.0 == i).map(|&(_, j, profit)| (j, profit));
        let graph = Graph::new(mentees, &vec![1; prices.len()], row);
        let mut state = State::new(&graph);
        state.v = prices.to_vec();
        for &(i, j) in placed {
            let edge = graph.row(i).find(|&e| graph.mentor[e] == j).expect("an edge");
            state.place(&graph, i, edge as u32);
            state.u[i as usize] = graph.profit()[edge] - prices[j as usize];
        }
        (graph, state)
    }

    #[test]
    fn prices_rise_until_the_one_who_waits_goes_without() {
        let edges = [(0, 0, 10), (1, 0, 3), (1, 1, 4), (2, 0, 8)];
        let (graph, mut state) = market(3, &edges, &[(0, 0), (1, 1)], &[0, 0]);
        let mut sweep = Sweep::new(&graph);
        sweep.raise(&graph, &mut state, &[2], 1);
        assert_eq!(state.v, [8, 4], "8 is what the place is worth to mentee 2, and 4 to mentee 1");
        assert_eq!((sweep.through(0), sweep.through(1)), (0, 1));
        assert_eq!(best(&graph, &state, 2), 0);
    }

    #[test]
    fn prices_rise_until_somebody_would_as_soon_have_a_free_place() {
        let edges = [(0, 0, 10), (0, 2, 7), (1, 1, 4), (2, 0, 8)];
        let (graph, mut state) = market(3, &edges, &[(0, 0), (1, 1)], &[0, 0, 0]);
        let mut sweep = Sweep::new(&graph);
        sweep.raise(&graph, &mut state, &[2], 1);
        assert_eq!(state.v, [3, 3, 0], "mentee 0 has 7 either way");
        // What was used once leaves no trace.
        sweep.raise(&graph, &mut state, &[2], 1);
        assert_eq!(state.v, [3, 3, 0]);
        sweep.raise(&graph, &mut state, &[2], 4);
        assert_eq!(state.v, [3, 3, 0], "in larger steps neither");
    }

    #[test]
    fn prices_fall_until_somebody_would_as_soon_come() {
        let edges = [(0, 0, 12), (0, 1, 10)];
        let (graph, mut state) = market(1, &edges, &[(0, 1)], &[9, 2]);
        let mut sweep = Sweep::new(&graph);
        sweep.lower(&graph, &mut state, &[0], 1);
        assert_eq!((state.v, state.u), (vec![2, 0], vec![10]), "10 either way");
        let (graph, mut state) = market(2, &[(0, 0, 5), (1, 0, 3)], &[], &[9]);
        Sweep::new(&graph).lower(&graph, &mut state, &[0], 1);
        assert_eq!(state.v, [5], "mentee 0 has nobody, and would pay 5");
    }
}
