//! A partial assignment with prices, kept consistent by three moves.

use super::graph::{Graph, NONE};

/// Who holds which place at what price.
#[derive(Debug)]
pub(crate) struct State {
    /// The edge by which each mentee is placed, or [`NONE`].
    pub(crate) edge: Vec<u32>,
    /// The mentees' profits. Only meaningful where the step at hand says so.
    pub(crate) u: Vec<i64>,
    /// The mentors' prices.
    pub(crate) v: Vec<i64>,
    /// Holders of mentor `j` are `held[first[j]..first[j] + count[j]]`.
    held: Vec<u32>,
    first: Vec<u32>,
    count: Vec<u32>,
    /// Where each mentee stands in `held`.
    position: Vec<u32>,
    /// Every mentee moved with the mentor it had, once somebody asks for it.
    pub(crate) journal: Option<Vec<(u32, u32)>>,
}

impl State {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut first = Vec::with_capacity(graph.mentors());
        let mut places = 0u32;
        for &capacity in &graph.capacity {
            first.push(places);
            places += capacity;
        }
        Self {
            edge: vec![NONE; graph.mentees()],
            u: vec![0; graph.mentees()],
            v: vec![0; graph.mentors()],
            held: vec![NONE; places as usize],
            first,
            count: vec![0; graph.mentors()],
            position: vec![NONE; graph.mentees()],
            journal: None,
        }
    }

    pub(crate) fn holders(&self, mentor: u32) -> &[u32] {
        let first = self.first[mentor as usize] as usize;
        &self.held[first..first + self.count[mentor as usize] as usize]
    }

    pub(crate) fn free_places(&self, graph: &Graph, mentor: u32) -> u32 {
        graph.capacity[mentor as usize] - self.count[mentor as usize]
    }

    /// How many places there is room for, whatever the capacity says.
    pub(crate) fn room(&self, mentor: u32) -> u32 {
        let next = self.first.get(mentor as usize + 1).copied().unwrap_or(self.held.len() as u32);
        next - self.first[mentor as usize]
    }

    /// The mentor of a placed mentee, or [`NONE`].
    pub(crate) fn mentor_of(&self, graph: &Graph, mentee: u32) -> u32 {
        match self.edge[mentee as usize] {
            NONE => NONE,
            edge => graph.mentor[edge as usize],
        }
    }

    /// Places an unplaced mentee by an edge whose mentor has a free place.
    pub(crate) fn place(&mut self, graph: &Graph, mentee: u32, edge: u32) {
        if let Some(journal) = &mut self.journal {
            journal.push((mentee, NONE));
        }
        let mentor = graph.mentor[edge as usize] as usize;
        let at = self.first[mentor] + self.count[mentor];
        self.held[at as usize] = mentee;
        self.position[mentee as usize] = at;
        self.edge[mentee as usize] = edge;
        self.count[mentor] += 1;
    }

    /// Takes a placed mentee off its place and gives the mentor.
    pub(crate) fn remove(&mut self, graph: &Graph, mentee: u32) -> u32 {
        let mentor = graph.mentor[self.edge[mentee as usize] as usize];
        if let Some(journal) = &mut self.journal {
            journal.push((mentee, mentor));
        }
        self.count[mentor as usize] -= 1;
        let last = self.first[mentor as usize] + self.count[mentor as usize];
        let moved = self.held[last as usize];
        let hole = self.position[mentee as usize];
        self.held[hole as usize] = moved;
        self.position[moved as usize] = hole;
        self.edge[mentee as usize] = NONE;
        mentor
    }

    /// Puts a mentee on the place of another holder, who becomes unplaced.
    pub(crate) fn replace(&mut self, mentee: u32, edge: u32, loser: u32) {
        let at = self.position[loser as usize];
        self.held[at as usize] = mentee;
        self.position[mentee as usize] = at;
        self.edge[mentee as usize] = edge;
        self.edge[loser as usize] = NONE;
    }

    /// Swaps two holders of the same mentor within its list.
    pub(crate) fn swap_holders(&mut self, mentor: u32, a: usize, b: usize) {
        let first = self.first[mentor as usize] as usize;
        self.held.swap(first + a, first + b);
        self.position[self.held[first + a] as usize] = (first + a) as u32;
        self.position[self.held[first + b] as usize] = (first + b) as u32;
    }
}
