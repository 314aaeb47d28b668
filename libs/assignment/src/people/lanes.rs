//! The innermost loop: a first bound on many pairs at once, in 16-bit units.
//!
//! Plain loops over arrays of fixed length, which compilers turn into vector instructions. The columns of a
//! group stand below each other, one row of a block to each, so that all groups of a block are lanes side by side.

/// Columns whose bounds are computed together.
pub(crate) const BLOCK: usize = GROUP * GROUPS;

/// Columns that share one bound on what the folded criteria bring.
pub(crate) const GROUP: usize = 8;

/// Groups of a block.
pub(crate) const GROUPS: usize = 8;

/// A number for each column of a block; the columns of a group have the same place in every row.
pub(crate) type Block = [[i16; GROUPS]; GROUP];

/// No unit sum of points, and no price that is not cut to it, is larger. A sum of two fits 16 bits.
pub(crate) const MOST_UNITS: i16 = 16_383;

/// The price of a column that takes no part: nothing reaches a need of 0 at it.
pub(crate) const CLOSED_UNITS: i16 = 16_384;

/// What a group gets in which every pair is removed.
pub(crate) const REMOVED_UNITS: i16 = -16_384;

/// Where the column at a position of the sorted order stands among those of all blocks.
pub(crate) fn slot(position: usize) -> usize {
    let (block, within) = (position / BLOCK, position % BLOCK);
    block * BLOCK + within % GROUP * GROUPS + within / GROUP
}

/// The most of `brought + ahead - price` in each group.
#[inline(never)]
pub(crate) fn most(brought: &Block, price: &Block, ahead: &[i16; GROUPS]) -> [i16; GROUPS] {
    let mut beyond = [0; BLOCK];
    for ((beyond, brought), price) in beyond.iter_mut().zip(brought.as_flattened()).zip(price.as_flattened())
    {
        *beyond = brought - price;
    }
    let mut most: [i16; GROUPS] = halve(&halve::<32, 16>(&halve::<BLOCK, 32>(&beyond)));
    most.iter_mut().zip(ahead).for_each(|(most, ahead)| *most += ahead);
    most
}

/// The larger numbers of both halves, side by side.
fn halve<const ALL: usize, const HALF: usize>(all: &[i16; ALL]) -> [i16; HALF] {
    let (first, second) = all.split_at(HALF);
    let mut most = [0; HALF];
    for ((most, first), second) in most.iter_mut().zip(first).zip(second) {
        *most = (*first).max(*second);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Straight from the definition.
    fn expected(brought: &Block, price: &Block, ahead: &[i16; GROUPS]) -> [i32; GROUPS] {
        let sum = |column: usize, group: usize| {
            i32::from(brought[column][group]) + i32::from(ahead[group]) - i32::from(price[column][group])
        };
        std::array::from_fn(|group| (0..GROUP).map(|column| sum(column, group)).max().expect("columns"))
    }

    #[test]
    fn the_most_of_each_group_is_found() {
        let mut state = 7u32;
        let mut draw = |from: i32, to: i32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let extremes = [from, to, 0.clamp(from, to)];
            let drawn = match state >> 28 {
                0..4 => extremes[(state >> 8) as usize % 3],
                _ => from + ((state >> 4) as i32).rem_euclid(to - from + 1),
            };
            i16::try_from(drawn).expect("within 16 bits")
        };
        for _ in 0..4_000 {
            let brought: Block = std::array::from_fn(|_| std::array::from_fn(|_| draw(0, MOST_UNITS.into())));
            let price = std::array::from_fn(|_| {
                std::array::from_fn(|_| draw(-i32::from(MOST_UNITS), CLOSED_UNITS.into()))
            });
            let left = MOST_UNITS - brought.as_flattened().iter().max().expect("columns");
            let ahead = std::array::from_fn(|_| draw(REMOVED_UNITS.into(), left.into()));
            assert_eq!(most(&brought, &price, &ahead).map(i32::from), expected(&brought, &price, &ahead));
        }
    }

    #[test]
    fn columns_of_a_group_stand_below_each_other() {
        let mut slots: Vec<usize> = (0..3 * BLOCK).map(slot).collect();
        assert!(slots.chunks(GROUP).all(|group| group.iter().all(|slot| slot % GROUPS == group[0] % GROUPS)));
        slots.sort_unstable();
        assert_eq!(slots, (0..3 * BLOCK).collect::<Vec<_>>());
    }
}
