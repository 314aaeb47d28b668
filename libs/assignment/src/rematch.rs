//! One change at a time: the optimum repaired exactly from the prices it had.
//!
//! After a change the prices still cover every pair but those of the people concerned. Theirs are
//! corrected, and the few places that no longer fit are repaired by shortest augmenting paths, as
//! in the solver's last step. Points for today's pairs (the keep bonus) keep the others in place:
//! without them one departure can re-pair a hundred people for a gain of a point.

use crate::engine::exact::Exact;
use crate::engine::graph::Graph;
use crate::engine::state::State;
use crate::engine::{self, Goal, MOST_PROFIT, NONE};
use crate::market::{Ranks, inverse, permuted};
use crate::plan::{self, Plan};
use crate::{Error, Mode, Options, Problem, Solution, modes};

/// Something that happened after people were matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A mentee is gone.
    MenteeLeaves(u32),
    /// A mentor is gone; its mentees need others.
    MentorLeaves(u32),
    /// A pair must not be, whether it was made or not.
    Veto(u32, u32),
    /// A pair is worth other points now. The keep bonus of a pair of the time of
    /// [`Rematch::new`] comes on top. Where coverage comes first, scores may double at most.
    Score(u32, u32, i64),
    /// A mentor has so many places now, locked ones aside: at least 1 and at most those at the time
    /// of [`Rematch::new`].
    Places(u32, i64),
}

/// A mentee whose mentor a change replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The mentee.
    pub mentee: u32,
    /// The mentor before.
    pub before: Option<u32>,
    /// The mentor now.
    pub after: Option<u32>,
}

/// A solved problem that is kept optimal through changes.
///
/// People who join are not a change: build the larger problem and call
/// [`solve_again`](crate::solve_again).
#[derive(Debug)]
pub struct Rematch {
    graph: Graph,
    state: State,
    exact: Exact,
    ranks: Ranks,
    mentee_at: Vec<u32>,
    mentor_at: Vec<u32>,
    capacity: Vec<i64>,
    lift: i64,
    scale: i64,
    limit: i64,
    /// The edge of each mentee that carries the keep bonus, or [`NONE`].
    kept: Vec<u32>,
    keep_bonus: i64,
    /// Who was moved since.
    moved: Vec<u32>,
}

/// The profit of a pair that must not be made.
const NEVER: i64 = -MOST_PROFIT;

impl Rematch {
    /// Takes over a solution. Its pairs are today's: each is favoured by `options.keep_bonus`, until
    /// [`Rematch::keep`] says that others are.
    /// Locked people stay out of all repairs.
    ///
    /// # Errors
    /// As [`solve`](crate::solve), and a mode other than the largest total or coverage.
    pub fn new(problem: &Problem, options: &Options, solution: &Solution) -> Result<Self, Error> {
        let coverage_first = match options.mode {
            Mode::MaxTotal => false,
            Mode::MaxCardinality => true,
            _ => {
                let reason = "only the largest total and coverage are repaired".into();
                return Err(Error::Criteria { record: "mode".into(), reason });
            }
        };
        modes::groups::refuse(options)?;
        let plan =
            Plan::new(problem.mentees(), &problem.capacity, options, |i, j| problem.find(i, j).is_some())?;
        let most_placed = plan.most_placed();
        let mut limit = plan::score_limit(most_placed, coverage_first);
        let proof = &solution.certificate;
        let mut lift = proof.lift;
        if coverage_first {
            // Room for the keep bonus and for scores that will rise: one more placement has to outweigh them, too.
            let most = problem.score.iter().map(|score| score.saturating_abs()).max().unwrap_or(0);
            limit = most.saturating_add(options.keep_bonus).saturating_mul(2).min(limit);
            lift = lift.max(plan::lift(most_placed, limit));
        }
        let ranks = Ranks::new(problem.mentees(), problem.mentors(), options.seed);
        let pairs_of = |i| {
            let plan = &plan;
            let open = problem.pairs_of(i).filter(move |&(j, _)| plan.open(i, j));
            open.map(move |(j, score)| (j, score + lift))
        };
        let capacity = permuted(&plan.capacity, &ranks.mentor);
        let mut graph = ranks.graph(&capacity, pairs_of);
        let scale = engine::scale_up(&mut graph, 2 * options.keep_bonus + limit.min(1 << 30));
        let mut state = State::new(&graph);
        for (rank, &price) in permuted(&proof.mentor_price, &ranks.mentor).iter().enumerate() {
            // Prices that contain the lift contain the larger one now.
            let more = if price > proof.lift / 2 { lift - proof.lift } else { 0 };
            state.v[rank] = (price + more) * scale;
        }
        let mut kept = vec![NONE; problem.mentees()];
        for (&rank, mentor) in ranks.mentee.iter().zip(&solution.mentor_of) {
            let edge = mentor.and_then(|j| graph.edge(rank, ranks.mentor[j as usize]));
            let Some(edge) = edge.filter(|&e| state.free_places(graph.mentor[e as usize]) > 0) else {
                continue;
            };
            let profit = graph.profit()[edge as usize] + options.keep_bonus * scale;
            graph.set_profit(rank, edge as usize, profit);
            state.place(&graph, rank, edge);
            kept[rank as usize] = edge;
        }
        let exact = Exact::new(&graph);
        let (mentee_at, mentor_at) = (inverse(&ranks.mentee), inverse(&ranks.mentor));
        let keep_bonus = options.keep_bonus;
        let mut rematch = Self {
            graph,
            state,
            exact,
            ranks,
            mentee_at,
            mentor_at,
            capacity,
            lift,
            scale,
            limit,
            kept,
            keep_bonus,
            moved: Vec::new(),
        };
        engine::exact::tighten(&rematch.graph, &mut rematch.state);
        rematch.exact.finish(&rematch.graph, &mut rematch.state, &crate::Control::default());
        rematch.state.journal = Some(Vec::new());
        Ok(rematch)
    }

    /// The mentor of a mentee who is not locked, or `None` for the unplaced and unknown.
    #[must_use]
    pub fn mentor_of(&self, mentee: u32) -> Option<u32> {
        let rank = *self.ranks.mentee.get(mentee as usize)?;
        match self.state.mentor_of(rank) {
            NONE => None,
            mentor => Some(self.mentor_at[mentor as usize]),
        }
    }

    /// The points that every placement counts on top of its score; 0 unless coverage comes first.
    #[must_use]
    pub fn lift(&self) -> i64 {
        self.lift
    }

    /// Today's value in the objective of the mode, keep bonus included, and the bound the prices
    /// prove; locked pairs aside. They are equal after every change.
    #[must_use]
    pub fn value_and_bound(&self) -> (i64, i64) {
        let placed = self.state.edges().filter(|&edge| edge != NONE);
        let value = placed.map(|edge| self.graph.profit()[edge as usize] / self.scale).sum();
        let goal = Goal { capacity: &self.capacity, lift: 0, gap: 0 };
        let (u, v) = engine::prices(&self.graph, &self.state, goal, self.scale);
        (value, engine::dual_bound(&u, &v, &self.capacity))
    }

    /// Applies a change and repairs the optimum. Gives the mentees whose mentor is another one now,
    /// in the order of their indices.
    ///
    /// # Errors
    /// A person or pair the problem does not have, a score past the safe range, a number of places
    /// out of range. Nothing has changed then.
    pub fn apply(&mut self, change: Change) -> Result<Vec<Moved>, Error> {
        self.state.journal = Some(Vec::new());
        let (mentees, mentors) = self.concerned(change)?;
        let mut vacated = mentors;
        for &i in &mentees {
            vacated.extend(self.settle(i));
        }
        vacated.sort_unstable();
        vacated.dedup();
        for &i in &mentees {
            self.exact.place(&self.graph, &mut self.state, i, &vacated);
        }
        for j in vacated {
            self.exact.fill(&self.graph, &mut self.state, j);
        }
        Ok(self.moves())
    }

    /// Makes the pairs of now today's pairs, which the keep bonus favours from here on. They stay
    /// the optimum: what a pair is worth more, its mentee asks more.
    pub fn keep(&mut self) {
        let bonus = self.keep_bonus * self.scale;
        for i in std::mem::take(&mut self.moved) {
            let edge = self.state.edge(i);
            let before = std::mem::replace(&mut self.kept[i as usize], edge);
            if before == edge {
                continue;
            }
            if before != NONE && self.graph.profit()[before as usize] != NEVER {
                let profit = self.graph.profit()[before as usize] - bonus;
                self.graph.set_profit(i, before as usize, profit);
            }
            if edge != NONE {
                let profit = self.graph.profit()[edge as usize] + bonus;
                self.graph.set_profit(i, edge as usize, profit);
                self.state.u[i as usize] += bonus;
            }
        }
    }
}

impl Rematch {
    /// Writes a change into the graph; gives the mentees whose prices it may have broken and the
    /// mentors whose places it may have freed.
    fn concerned(&mut self, change: Change) -> Result<(Vec<u32>, Vec<u32>), Error> {
        match change {
            Change::MenteeLeaves(mentee) => {
                let i = rank(&self.ranks.mentee, mentee).ok_or(unknown(mentee, 0))?;
                for edge in self.graph.row(i) {
                    self.graph.set_profit(i, edge, NEVER);
                }
                Ok((vec![i], Vec::new()))
            }
            Change::MentorLeaves(mentor) => {
                let j = rank(&self.ranks.mentor, mentor).ok_or(unknown(0, mentor))?;
                let mentees = self.graph.back(j).map(|(i, _)| i);
                let edges: Vec<_> = mentees.filter_map(|i| Some((i, self.graph.edge(i, j)?))).collect();
                for (i, edge) in edges {
                    self.graph.set_profit(i, edge as usize, NEVER);
                }
                Ok((self.state.holders(j).to_vec(), vec![j]))
            }
            Change::Veto(mentee, mentor) => {
                let (i, edge) = self.edge(mentee, mentor)?;
                self.graph.set_profit(i, edge, NEVER);
                Ok((vec![i], Vec::new()))
            }
            Change::Score(mentee, mentor, score) => {
                let (i, edge) = self.edge(mentee, mentor)?;
                if score.unsigned_abs().saturating_add(self.keep_bonus.unsigned_abs())
                    > self.limit.unsigned_abs()
                    || score > MOST_PROFIT / self.scale - self.lift - self.keep_bonus
                {
                    return Err(Error::ScoreRange { mentee, mentor, score, limit: self.limit });
                }
                let bonus = if self.kept[i as usize] == edge as u32 { self.keep_bonus } else { 0 };
                self.graph.set_profit(i, edge, (score + self.lift + bonus) * self.scale);
                Ok((vec![i], Vec::new()))
            }
            Change::Places(mentor, places) => self.change_places(mentor, places),
        }
    }

    fn change_places(&mut self, mentor: u32, places: i64) -> Result<(Vec<u32>, Vec<u32>), Error> {
        let j = rank(&self.ranks.mentor, mentor).ok_or(unknown(0, mentor))?;
        let room = i64::from(self.state.room(j));
        // Room for one more than could come is room for any number.
        let unbounded = room > self.graph.back_row(j).len() as i64;
        if places < 1 || (places > room && !unbounded) {
            return Err(Error::Capacity { mentor: mentor as usize, capacity: places });
        }
        self.capacity[j as usize] = places;
        // Who has to go is decided by the repair: everybody leaves and is placed again.
        let overfull = self.state.holders(j).len() as i64 > places;
        let leaving = if overfull { self.state.holders(j).to_vec() } else { Vec::new() };
        for &i in &leaving {
            self.state.remove(i);
        }
        self.state.open(j, places.min(room) as u32);
        Ok((leaving, vec![j]))
    }

    fn edge(&self, mentee: u32, mentor: u32) -> Result<(u32, usize), Error> {
        let known = rank(&self.ranks.mentee, mentee).zip(rank(&self.ranks.mentor, mentor));
        let edge = known.and_then(|(i, j)| self.graph.edge(i, j).map(|edge| (i, edge as usize)));
        edge.ok_or(unknown(mentee, mentor))
    }

    /// Gives a mentee the least profit its pairs allow; takes it off a place that no longer is its
    /// best, and tells whose.
    fn settle(&mut self, i: u32) -> Option<u32> {
        let (graph, state) = (&self.graph, &mut self.state);
        let beyond = |edge: usize| graph.profit()[edge] - state.v[graph.mentor[edge] as usize];
        let most = graph.row(i).map(beyond).fold(0, i64::max);
        let edge = state.edge(i);
        let fits = edge == NONE || beyond(edge as usize) == most;
        state.u[i as usize] = most;
        if fits { None } else { Some(state.remove(i)) }
    }

    /// What the journal of the repair comes to.
    fn moves(&mut self) -> Vec<Moved> {
        let mut journal = self.state.journal.take().unwrap_or_default();
        // Of several entries the first tells where the mentee was before; the sort is stable.
        journal.sort_by_key(|&(i, _)| i);
        journal.dedup_by_key(|&mut (i, _)| i);
        let name = |mentor: u32| if mentor == NONE { None } else { Some(self.mentor_at[mentor as usize]) };
        self.moved.extend(journal.iter().map(|&(i, _)| i));
        let moved = |(i, before): (u32, u32)| Moved {
            mentee: self.mentee_at[i as usize],
            before: name(before),
            after: name(self.state.mentor_of(i)),
        };
        let mut moves: Vec<Moved> = journal.into_iter().map(moved).filter(|m| m.before != m.after).collect();
        moves.sort_unstable_by_key(|moved| moved.mentee);
        moves
    }
}

fn rank(ranks: &[u32], index: u32) -> Option<u32> {
    ranks.get(index as usize).copied()
}

fn unknown(mentee: u32, mentor: u32) -> Error {
    Error::UnknownPair { list: "change", record: 0, mentee, mentor }
}
