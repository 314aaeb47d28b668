//! The innermost loop: a first bound on many pairs at once, in 16-bit units.
//!
//! Plain loops over arrays of fixed length, which compilers turn into vector instructions.

/// Columns whose bounds are computed together.
pub(crate) const BLOCK: usize = 64;

/// Columns that share one bound on what the folded criteria bring.
pub(crate) const GROUP: usize = 16;

/// Groups of a block.
pub(crate) const GROUPS: usize = BLOCK / GROUP;

/// No unit sum of points, and no price that is not cut to it, is larger. A sum of two fits 16 bits.
pub(crate) const MOST_UNITS: i16 = 16_383;

/// The price of a column that takes no part: nothing reaches a need of 0 at it.
pub(crate) const CLOSED_UNITS: i16 = 16_384;

/// What a group gets in which every pair is removed.
pub(crate) const REMOVED_UNITS: i16 = -16_384;

/// One byte per column that is 1 where `brought + ahead - price` reaches the need, eight to a word.
#[inline]
pub(crate) fn reaching(
    brought: &[i16; BLOCK],
    price: &[i16; BLOCK],
    ahead: [i16; GROUPS],
    need: i16,
) -> [u64; BLOCK / 8] {
    let mut hit = [0u8; BLOCK];
    let lanes = brought.chunks_exact(GROUP).zip(price.chunks_exact(GROUP));
    for ((hit, (brought, price)), ahead) in hit.chunks_exact_mut(GROUP).zip(lanes).zip(ahead) {
        for ((hit, brought), price) in hit.iter_mut().zip(brought).zip(price) {
            *hit = u8::from(brought + ahead - price >= need);
        }
    }
    let mut words = [0u64; BLOCK / 8];
    for (word, bytes) in words.iter_mut().zip(hit.chunks_exact(8)) {
        *word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    }
    words
}

/// The least or the most of each group.
pub(crate) fn by_group(blocks: &[[i16; BLOCK]], of: impl Fn(i16, i16) -> i16 + Copy) -> Vec<i16> {
    let groups = blocks.as_flattened().chunks_exact(GROUP);
    groups.map(|group| group.iter().copied().fold(group[0], of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Straight from the definition.
    fn expected(
        brought: &[i16; BLOCK],
        price: &[i16; BLOCK],
        ahead: [i16; GROUPS],
        need: i16,
    ) -> [u64; BLOCK / 8] {
        let mut words = [0; BLOCK / 8];
        for lane in 0..BLOCK {
            let sum = i32::from(brought[lane]) + i32::from(ahead[lane / GROUP]) - i32::from(price[lane]);
            words[lane / 8] |= u64::from(sum >= i32::from(need)) << (lane % 8 * 8);
        }
        words
    }

    #[test]
    fn lanes_that_reach_the_need_are_found() {
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
        for _ in 0..2_000 {
            let brought = std::array::from_fn(|_| draw(0, MOST_UNITS.into()));
            let price = std::array::from_fn(|_| draw(-i32::from(MOST_UNITS), CLOSED_UNITS.into()));
            let most = MOST_UNITS - brought.iter().max().expect("lanes");
            let ahead = std::array::from_fn(|_| draw(REMOVED_UNITS.into(), most.into()));
            let need = draw(-i32::from(MOST_UNITS), MOST_UNITS.into());
            assert_eq!(reaching(&brought, &price, ahead, need), expected(&brought, &price, ahead, need));
        }
    }
}
