//! A partial assignment with prices, kept consistent by three moves.

use super::graph::{Graph, NONE};

/// Where a mentee is. What is asked for together lies together, here and in [`Places`]: the large
/// instances wait for memory most of their time.
#[derive(Debug, Clone, Copy)]
struct Seat {
    edge: u32,
    mentor: u32,
    /// Its place in the list of all holders.
    position: u32,
}

const NOWHERE: Seat = Seat { edge: NONE, mentor: NONE, position: NONE };

/// The places of a mentor: its holders are `held[first..first + taken]`.
#[derive(Debug, Clone, Copy)]
struct Places {
    first: u32,
    taken: u32,
    open: u32,
}

/// Who holds which place at what price.
#[derive(Debug)]
pub(crate) struct State {
    /// The mentees' profits. Only meaningful where the step at hand says so.
    pub(crate) u: Vec<i64>,
    /// The mentors' prices.
    pub(crate) v: Vec<i64>,
    seat: Vec<Seat>,
    places: Vec<Places>,
    held: Vec<u32>,
    /// Every mentee moved with the mentor it had, once somebody asks for it.
    pub(crate) journal: Option<Vec<(u32, u32)>>,
}

impl State {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut places = Vec::with_capacity(graph.mentors());
        let mut first = 0;
        for &open in &graph.capacity {
            places.push(Places { first, taken: 0, open });
            first += open;
        }
        Self {
            u: vec![0; graph.mentees()],
            v: vec![0; graph.mentors()],
            seat: vec![NOWHERE; graph.mentees()],
            places,
            held: vec![NONE; first as usize],
            journal: None,
        }
    }

    /// The edge by which a mentee is placed, or [`NONE`].
    pub(crate) fn edge(&self, mentee: u32) -> u32 {
        self.seat[mentee as usize].edge
    }

    /// The edges of all mentees.
    pub(crate) fn edges(&self) -> impl Iterator<Item = u32> {
        self.seat.iter().map(|seat| seat.edge)
    }

    /// The mentor of a placed mentee, or [`NONE`].
    pub(crate) fn mentor_of(&self, mentee: u32) -> u32 {
        self.seat[mentee as usize].mentor
    }

    pub(crate) fn holders(&self, mentor: u32) -> &[u32] {
        let places = &self.places[mentor as usize];
        &self.held[places.first as usize..(places.first + places.taken) as usize]
    }

    pub(crate) fn free_places(&self, mentor: u32) -> u32 {
        let places = &self.places[mentor as usize];
        places.open - places.taken
    }

    /// How many places there is room for, however many are open.
    pub(crate) fn room(&self, mentor: u32) -> u32 {
        let next = self.places.get(mentor as usize + 1).map_or(self.held.len() as u32, |next| next.first);
        next - self.places[mentor as usize].first
    }

    /// Opens so many places, at most as many as there is room for and no fewer than are taken.
    pub(crate) fn open(&mut self, mentor: u32, places: u32) {
        self.places[mentor as usize].open = places;
    }

    /// Places an unplaced mentee by an edge whose mentor has a free place.
    pub(crate) fn place(&mut self, graph: &Graph, mentee: u32, edge: u32) {
        if let Some(journal) = &mut self.journal {
            journal.push((mentee, NONE));
        }
        let mentor = graph.mentor[edge as usize];
        let places = &mut self.places[mentor as usize];
        let position = places.first + places.taken;
        places.taken += 1;
        self.held[position as usize] = mentee;
        self.seat[mentee as usize] = Seat { edge, mentor, position };
    }

    /// Takes a placed mentee off its place and gives the mentor.
    pub(crate) fn remove(&mut self, mentee: u32) -> u32 {
        let Seat { mentor, position, .. } = std::mem::replace(&mut self.seat[mentee as usize], NOWHERE);
        if let Some(journal) = &mut self.journal {
            journal.push((mentee, mentor));
        }
        let places = &mut self.places[mentor as usize];
        places.taken -= 1;
        let last = self.held[(places.first + places.taken) as usize];
        if last != mentee {
            self.held[position as usize] = last;
            self.seat[last as usize].position = position;
        }
        mentor
    }

    /// Puts an unplaced mentee on the place of another holder, who becomes unplaced.
    pub(crate) fn replace(&mut self, mentee: u32, edge: u32, loser: u32) {
        let seat = std::mem::replace(&mut self.seat[loser as usize], NOWHERE);
        self.held[seat.position as usize] = mentee;
        self.seat[mentee as usize] = Seat { edge, ..seat };
    }

    /// Swaps two holders of the same mentor within its list.
    pub(crate) fn swap_holders(&mut self, mentor: u32, a: usize, b: usize) {
        let first = self.places[mentor as usize].first as usize;
        self.held.swap(first + a, first + b);
        for at in [first + a, first + b] {
            self.seat[self.held[at] as usize].position = at as u32;
        }
    }
}
