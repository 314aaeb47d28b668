//! The order in which a row meets the columns.

use super::lanes::GROUPS;

/// Blocks of columns, each once. Every row goes round in another way, so that of equally good
/// columns not all rows meet the same first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tour {
    count: usize,
    first: usize,
    stride: usize,
    group: usize,
}

impl Tour {
    /// The tour of the row with a rank.
    pub(crate) fn new(rank: u32, blocks: usize) -> Self {
        let drawn = (u64::from(rank) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let below = |shift: u32, count: usize| (drawn >> shift) as usize % count.max(1);
        let stride = (1 + below(8, blocks)..).find(|&stride| common_divisor(stride, blocks) == 1);
        Self {
            count: blocks,
            first: below(40, blocks),
            stride: stride.unwrap_or(1),
            group: below(32, GROUPS),
        }
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = usize> {
        let (mut at, count, stride) = (self.first, self.count, self.stride % self.count.max(1));
        (0..count).map(move |_| {
            let block = at;
            at += stride;
            at -= if at >= count { count } else { 0 };
            block
        })
    }

    /// The groups of every block.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> {
        (self.group..GROUPS).chain(0..self.group)
    }
}

fn common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tour_meets_every_block_and_group_once() {
        for blocks in 0..70 {
            for rank in [0, 1, 2, 77, u32::MAX] {
                let tour = Tour::new(rank, blocks);
                let mut met: Vec<usize> = tour.blocks().collect();
                met.sort_unstable();
                assert_eq!(met, (0..blocks).collect::<Vec<_>>());
                let mut groups: Vec<usize> = tour.groups().collect();
                groups.sort_unstable();
                assert_eq!(groups, (0..GROUPS).collect::<Vec<_>>());
            }
        }
    }
}
