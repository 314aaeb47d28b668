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
    /// The mentees of mentor `j` are `back_mentee[back_start[j]..back_start[j + 1]]`, ascending.
    back_start: Vec<u32>,
    back_mentee: Vec<u32>,
    /// The profits once more in this order, because who looks at a mentor's would otherwise wait for
    /// memory most of the time.
    back_profit: Vec<i64>,
    /// Places of each mentor, cut to one more than its edges: more can never be taken, and a
    /// mentor that cannot fill up keeps its price at 0.
    pub(crate) capacity: Vec<u32>,
}

impl Graph {
    /// Builds both directions from the mentors and profits of each mentee, in any order.
    pub(crate) fn new<I>(mentees: usize, capacity: &[i64], row: impl Fn(u32) -> I) -> Self
    where
        I: Iterator<Item = (u32, i64)>,
    {
        let mut graph = Self { start: Vec::with_capacity(mentees + 1), ..Self::default() };
        graph.start.push(0);
        let mut back_start = vec![0u32; capacity.len() + 1];
        let (mut profits, mut order) = (Vec::new(), Vec::new());
        for i in 0..mentees as u32 {
            profits.clear();
            order.clear();
            // Mentors with their places in the row in one number, which sorts several times faster.
            order.extend(row(i).enumerate().map(|(at, (j, profit))| {
                profits.push(profit);
                u64::from(j) << 32 | at as u64
            }));
            order.sort_unstable();
            order.iter().for_each(|entry| back_start[(entry >> 32) as usize + 1] += 1);
            graph.mentor.extend(order.iter().map(|entry| (entry >> 32) as u32));
            graph.profit.extend(order.iter().map(|&entry| profits[entry as u32 as usize]));
            graph.start.push(graph.mentor.len() as u32);
        }
        for at in 1..back_start.len() {
            back_start[at] += back_start[at - 1];
        }
        let most = |(places, ends): (&i64, &[u32])| (*places).min(i64::from(ends[1] - ends[0]) + 1) as u32;
        graph.capacity = capacity.iter().zip(back_start.windows(2)).map(most).collect();
        graph.turn_round(back_start);
        graph
    }

    /// Fills in the other direction; mentees come in their order.
    fn turn_round(&mut self, back_start: Vec<u32>) {
        let count = self.mentor.len();
        self.back_mentee = vec![0; count];
        self.back_profit = vec![0; count];
        let mut next = back_start.clone();
        for i in 0..self.mentees() as u32 {
            for edge in self.row(i) {
                let at = &mut next[self.mentor[edge] as usize];
                self.back_mentee[*at as usize] = i;
                self.back_profit[*at as usize] = self.profit[edge];
                *at += 1;
            }
        }
        self.back_start = back_start;
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

    /// The edge between two people, if there is one.
    pub(crate) fn edge(&self, mentee: u32, mentor: u32) -> Option<u32> {
        let row = self.row(mentee);
        self.mentor[row.clone()].binary_search(&mentor).ok().map(|at| (row.start + at) as u32)
    }

    /// The mentees of a mentor with their profits.
    pub(crate) fn back(&self, mentor: u32) -> impl Iterator<Item = (u32, i64)> {
        let row = self.back_row(mentor);
        self.back_mentee[row.clone()].iter().copied().zip(self.back_profit[row].iter().copied())
    }

    /// The profits of all edges.
    pub(crate) fn profit(&self) -> &[i64] {
        &self.profit
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
