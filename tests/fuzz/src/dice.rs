//! Choices from the fuzzer's bytes; once they are used up, from a generator seeded by them.

/// A source of choices.
#[derive(Debug)]
pub(crate) struct Dice<'d> {
    bytes: std::slice::Iter<'d, u8>,
    state: u64,
}

impl<'d> Dice<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Self { bytes: data.iter(), state: data.iter().fold(0xcbf2_9ce4_8422_2325, step) }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.bytes.next() {
            Some(&byte) => byte,
            None => {
                self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let word = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (word >> 56) as u8
            }
        }
    }

    /// A number below `count`, which is at most 65,536.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let high = if count > 256 { usize::from(self.byte()) << 8 } else { 0 };
        (high + usize::from(self.byte())) % count.max(1)
    }

    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Any number, often an extreme one.
    pub(crate) fn wild(&mut self) -> i64 {
        match self.byte() % 8 {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => 0,
            3 => 1 << self.below(63),
            4 => -(1 << self.below(63)),
            5 => i64::MAX / (1 + self.below(200) as i64),
            _ => i64::from(self.byte()),
        }
    }
}
