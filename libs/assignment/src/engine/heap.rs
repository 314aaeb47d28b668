//! The holders of a mentor as a binary heap with the lowest bid first.

use super::state::State;

pub(super) fn heapify(state: &mut State, bid: &[i64], mentor: u32) {
    for at in (0..state.holders(mentor).len() / 2).rev() {
        sift_down(state, bid, mentor, at);
    }
}

/// Moves the newest holder to where it belongs.
pub(super) fn sift_up(state: &mut State, bid: &[i64], mentor: u32) {
    let mut at = state.holders(mentor).len() - 1;
    while at > 0 {
        let parent = (at - 1) / 2;
        let holders = state.holders(mentor);
        if bid[holders[parent] as usize] <= bid[holders[at] as usize] {
            return;
        }
        state.swap_holders(mentor, parent, at);
        at = parent;
    }
}

pub(super) fn sift_down(state: &mut State, bid: &[i64], mentor: u32, mut at: usize) {
    loop {
        let holders = state.holders(mentor);
        let bid = |slot: usize| bid[holders[slot] as usize];
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

/// Moves a holder whose bid is as low as any to the front.
pub(super) fn lead(state: &mut State, mentor: u32, first: u32) {
    let mut at = state.holders(mentor).iter().position(|&holder| holder == first).unwrap_or(0);
    while at > 0 {
        state.swap_holders(mentor, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}
