//! The shortest way from somebody without a place to a place without anybody, searched from both
//! ends at once.
//!
//! One search looks at everybody nearer than the other end, which is most people where no other
//! place is free. Two searches meet half-way, having looked at few (Pohl 1971). Within the radius
//! of each search the prices change as if it had ended there by itself; with radii that sum to the
//! length of the way, every pair stays covered.

use super::{End, Exact};
use crate::engine::graph::Graph;
use crate::engine::state::State;

/// The way found so far: its length, and the mentor at which the searches met.
#[derive(Debug, Clone, Copy)]
struct Meeting {
    length: i64,
    mentor: u32,
}

impl Exact {
    /// Places a mentee and fills a free place of a mentor by one chain of moves, or one of them by a
    /// shorter one. What is left is for [`Exact::place`] and [`Exact::fill`]. `back` is the scratch
    /// space of the search from the mentor.
    pub(crate) fn connect(
        &mut self,
        back: &mut Self,
        graph: &Graph,
        state: &mut State,
        mentee: u32,
        mentor: u32,
    ) {
        let free = state.free_places(graph, mentor) > 0 && state.v[mentor as usize] > 0;
        if !free || !Self::asks(state, mentee) {
            return;
        }
        self.begin();
        back.begin();
        let mut meeting = Meeting { length: i64::MAX, mentor };
        let (mut ahead_best, mut ahead_end) = (state.u[mentee as usize], End::Mentee(mentee));
        let (mut back_best, mut back_end) = (state.v[mentor as usize], End::Mentor(mentor));
        back.mentors.offer(mentor, 0, u32::MAX, u32::MAX);
        back.scan_mentor(graph, state, mentor, 0, &mut back_best, &mut back_end);
        self.leave(back, graph, state, mentee, 0, (&mut ahead_best, &mut ahead_end), &mut meeting);
        loop {
            let ahead = self.mentors.nearest().map_or(ahead_best, |near| near.min(ahead_best));
            let behind = back.mentees.nearest().map_or(back_best, |near| near.min(back_best));
            if meeting.length <= ahead_best.min(back_best) && meeting.length <= ahead.saturating_add(behind) {
                let radius = ahead.min(meeting.length);
                self.grow(state, radius, 1);
                back.grow(state, meeting.length - radius, -1);
                return self.shift_between(back, graph, state, (mentee, mentor), meeting);
            }
            if ahead == ahead_best {
                self.grow(state, ahead, 1);
                return self.shift_to(graph, state, mentee, ahead_end);
            }
            if behind == back_best {
                back.grow(state, behind, -1);
                return back.shift_from(graph, state, mentor, back_end);
            }
            if ahead <= behind {
                let Some((distance, j)) = self.mentors.take(ahead_best) else { continue };
                self.seen_mentors.push((j, distance));
                for &k in state.holders(j) {
                    let drop = distance + state.u[k as usize];
                    if drop < ahead_best {
                        (ahead_best, ahead_end) = (drop, End::Mentee(k));
                    }
                    let best = (&mut ahead_best, &mut ahead_end);
                    self.leave(back, graph, state, k, distance, best, &mut meeting);
                }
            } else {
                let Some((distance, i)) = back.mentees.take(back_best) else { continue };
                let k = state.mentor_of(graph, i);
                if !back.mentors.offer(k, distance, u32::MAX, i) {
                    continue;
                }
                back.entered_by[k as usize] = i;
                meeting.at(k, self.mentors.known(k), Some(distance));
                let drop = distance + state.v[k as usize];
                if drop < back_best {
                    (back_best, back_end) = (drop, End::Mentor(k));
                }
                back.scan_mentor(graph, state, k, distance, &mut back_best, &mut back_end);
            }
        }
    }

    /// Looks along the edges of a mentee, and whether they lead to where the other search has been.
    #[expect(clippy::too_many_arguments, reason = "the state of two searches")]
    fn leave(
        &mut self,
        back: &Self,
        graph: &Graph,
        state: &State,
        mentee: u32,
        distance: i64,
        (best, end): (&mut i64, &mut End),
        meeting: &mut Meeting,
    ) {
        self.scan_mentee(graph, state, mentee, distance, best, end);
        for edge in graph.row(mentee) {
            let j = graph.mentor[edge];
            meeting.at(j, self.mentors.known(j), back.mentors.known(j));
        }
    }

    /// Changes the prices within a radius: of a search from a mentee (1) or from a mentor (-1).
    fn grow(&self, state: &mut State, radius: i64, sign: i64) {
        for &(k, distance) in self.seen_mentees.iter().filter(|seen| seen.1 < radius) {
            state.u[k as usize] -= sign * (radius - distance);
        }
        for &(j, distance) in self.seen_mentors.iter().filter(|seen| seen.1 < radius) {
            state.v[j as usize] += sign * (radius - distance);
        }
    }

    /// Moves everybody along the way through the meeting.
    fn shift_between(
        &mut self,
        back: &mut Self,
        graph: &Graph,
        state: &mut State,
        (mentee, mentor): (u32, u32),
        meeting: Meeting,
    ) {
        // Equally short ways may run through a mentor twice. From the first mentor on the way ahead
        // from which the way back makes it no longer, nobody is met again.
        let mut middle = meeting.mentor;
        let mut at = meeting.mentor;
        loop {
            let i = self.mentors.from[at as usize];
            if i == mentee {
                break;
            }
            at = state.mentor_of(graph, i);
            let length = self.mentors.known(at).zip(back.mentors.known(at)).map(|(a, b)| a + b);
            if length == Some(meeting.length) {
                middle = at;
            }
        }
        back.shift_from(graph, state, mentor, End::Mentor(middle));
        self.shift_to(graph, state, mentee, End::Mentor(middle));
    }

    fn asks(state: &State, mentee: u32) -> bool {
        state.edge[mentee as usize] == u32::MAX && state.u[mentee as usize] > 0
    }
}

impl Meeting {
    /// Takes note of a mentor that may have been reached from both ends.
    fn at(&mut self, mentor: u32, ahead: Option<i64>, behind: Option<i64>) {
        if let Some(length) = ahead.zip(behind).map(|(ahead, behind)| ahead + behind)
            && length < self.length
        {
            *self = Self { length, mentor };
        }
    }
}
