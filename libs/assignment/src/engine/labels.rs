//! Tentative distances of the mentors in a search, forgotten in constant time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::NONE;

/// How a mentor was reached.
#[derive(Debug, Clone, Copy)]
struct Label {
    distance: i64,
    /// Who moves, and to which mentor.
    mentee: u32,
    to: u32,
    stamp: u32,
}

#[derive(Debug)]
pub(super) struct Labels {
    label: Vec<Label>,
    now: u32,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
    /// Mentors whose distance is final, the nearest first.
    settled: Vec<(u32, i64)>,
}

impl Labels {
    pub(super) fn new(mentors: usize) -> Self {
        let unknown = Label { distance: 0, mentee: NONE, to: NONE, stamp: 0 };
        Self { label: vec![unknown; mentors], now: 0, heap: BinaryHeap::new(), settled: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.settled.clear();
        if self.now == u32::MAX {
            self.label.iter_mut().for_each(|label| label.stamp = 0);
            self.now = 0;
        }
        self.now += 1;
    }

    /// Records a way to a mentor if it is shorter than those known.
    pub(super) fn offer(&mut self, mentor: u32, distance: i64, to: u32, mentee: u32) -> bool {
        let label = &mut self.label[mentor as usize];
        let shorter = label.stamp != self.now || distance < label.distance;
        if shorter {
            *label = Label { distance, mentee, to, stamp: self.now };
        }
        shorter
    }

    /// Has a mentor settled in its turn.
    pub(super) fn enter(&mut self, mentor: u32, distance: i64) {
        self.heap.push(Reverse((distance, mentor)));
    }

    /// The distance of the nearest mentor that is to be settled, or the largest number.
    pub(super) fn next(&mut self) -> i64 {
        while let Some(&Reverse((distance, mentor))) = self.heap.peek() {
            if self.label[mentor as usize].distance == distance {
                return distance;
            }
            self.heap.pop();
        }
        i64::MAX
    }

    /// Settles that mentor.
    pub(super) fn take(&mut self) -> Option<(u32, i64)> {
        self.next();
        let Reverse((distance, mentor)) = self.heap.pop()?;
        self.settled.push((mentor, distance));
        Some((mentor, distance))
    }

    pub(super) fn settled(&self) -> &[(u32, i64)] {
        &self.settled
    }

    pub(super) fn distance(&self, mentor: u32) -> Option<i64> {
        let label = &self.label[mentor as usize];
        (label.stamp == self.now).then_some(label.distance)
    }

    pub(super) fn mentee(&self, mentor: u32) -> u32 {
        self.label[mentor as usize].mentee
    }

    pub(super) fn to(&self, mentor: u32) -> u32 {
        self.label[mentor as usize].to
    }
}
