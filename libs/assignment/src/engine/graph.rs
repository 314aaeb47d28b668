//! The pairs in both directions, relabelled by a seeded permutation.

/// No edge, no node.
pub(crate) const NONE: u32 = u32::MAX;

/// A bipartite graph in compressed rows. Rows are sorted by the (relabelled) other side, so that
/// whichever of two equal edges is met first was decided by the seed, not by the input.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Edges of mentee `i` are `start[i]..start[i + 1]`.
    pub(crate) start: Vec<u32>,
    pub(crate) mentor: Vec<u32>,
    profit: Vec<i64>,
    /// Edges of mentor `j` are `back_edge[back_start[j]..back_start[j + 1]]`.
    back_start: Vec<u32>,
    pub(crate) back_mentee: Vec<u32>,
    pub(crate) back_edge: Vec<u32>,
    /// The profits once more in this order, because who looks at a mentor's would otherwise wait for
    /// memory most of the time.
    back_profit: Vec<i64>,
    /// Places of each mentor, cut to one more than its edges: more can never be taken, and a
    /// mentor that cannot fill up keeps its price at 0.
    pub(crate) capacity: Vec<u32>,
}

impl Graph {
    /// Builds both directions from the edges in any order, visited twice in the same order.
    pub(crate) fn new<I>(mentees: usize, capacity: &[i64], edges: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = (u32, u32, i64)>,
    {
        let mut start = vec![0u32; mentees + 1];
        let mut back_start = vec![0u32; capacity.len() + 1];
        // `for_each` and not `for`: nested iterators run several times faster from the inside.
        edges().for_each(|(i, j, _)| {
            start[i as usize + 1] += 1;
            back_start[j as usize + 1] += 1;
        });
        accumulate(&mut start);
        accumulate(&mut back_start);
        let count = start[mentees] as usize;

        // Once by mentor, then from there by mentee: the second pass leaves rows sorted.
        let mut graph = Self {
            mentor: vec![0; count],
            profit: vec![0; count],
            back_mentee: vec![0; count],
            back_edge: vec![0; count],
            back_profit: vec![0; count],
            capacity: Vec::with_capacity(capacity.len()),
            start,
            back_start,
        };
        let mut next = graph.back_start.clone();
        edges().for_each(|(i, j, profit)| {
            let at = &mut next[j as usize];
            graph.back_mentee[*at as usize] = i;
            graph.back_profit[*at as usize] = profit;
            *at += 1;
        });
        let mut next = graph.start.clone();
        let mut sorted = Vec::new();
        for (j, &places) in capacity.iter().enumerate() {
            let row = graph.back_row(j as u32);
            let most = row.len() as i64 + 1;
            graph.capacity.push(places.min(most) as u32);
            sorted.clear();
            sorted.extend(row.clone().map(|at| (graph.back_mentee[at], graph.back_profit[at])));
            sorted.sort_unstable_by_key(|&(i, _)| i);
            for (at, &(i, profit)) in row.zip(&sorted) {
                let edge = &mut next[i as usize];
                graph.mentor[*edge as usize] = j as u32;
                graph.profit[*edge as usize] = profit;
                graph.back_mentee[at] = i;
                graph.back_edge[at] = *edge;
                graph.back_profit[at] = profit;
                *edge += 1;
            }
        }
        graph
    }

    pub(crate) fn mentees(&self) -> usize {
        self.start.len() - 1
    }

    pub(crate) fn mentors(&self) -> usize {
        self.capacity.len()
    }

    pub(crate) fn row(&self, mentee: u32) -> std::ops::Range<usize> {
        self.start[mentee as usize] as usize..self.start[mentee as usize + 1] as usize
    }

    pub(crate) fn back_row(&self, mentor: u32) -> std::ops::Range<usize> {
        self.back_start[mentor as usize] as usize..self.back_start[mentor as usize + 1] as usize
    }

    /// The profits of all edges.
    pub(crate) fn profit(&self) -> &[i64] {
        &self.profit
    }

    /// The same in the order of [`Graph::back_row`].
    pub(crate) fn back_profit(&self) -> &[i64] {
        &self.back_profit
    }

    /// Changes the profit of an edge of a mentee.
    pub(crate) fn set_profit(&mut self, mentee: u32, edge: usize, profit: i64) {
        self.profit[edge] = profit;
        let row = self.back_row(self.mentor[edge]);
        if let Ok(at) = self.back_mentee[row.clone()].binary_search(&mentee) {
            self.back_profit[row.start + at] = profit;
        }
    }

    /// Changes all profits alike.
    pub(crate) fn change_profits(&mut self, change: impl Fn(i64) -> i64) {
        let all = self.profit.iter_mut().chain(&mut self.back_profit);
        all.for_each(|profit| *profit = change(*profit));
    }
}

fn accumulate(counts: &mut [u32]) {
    for at in 1..counts.len() {
        counts[at] += counts[at - 1];
    }
}

/// A permutation of `0..count`: Fisher & Yates' shuffle driven by SplitMix64 (Steele et al. 2014).
pub(crate) fn permutation(count: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    let mut state = seed;
    for last in (1..count).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        let other = ((u128::from(word) * (last as u128 + 1)) >> 64) as usize;
        order.swap(last, other);
    }
    order
}
