//! Small things every test needs.

use jiff::Timestamp;
use kernel::{Clock, SystemClock};
use uuid::Uuid;

/// When tests begin: Monday, 6 January 2025, 09:00 UTC.
pub fn start_of_time() -> Timestamp {
    Timestamp::constant(1_736_154_000, 0)
}

/// A name nobody else uses: for databases, prefixes, directories.
pub fn unique() -> String {
    format!("t{}", SystemClock.new_id().simple())
}

/// An id that is the same in every run, such as `id(1)` for the first person of a test.
pub fn id(number: u64) -> Uuid {
    Uuid::from_u128(0x0194_3a2b_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_starts_on_a_monday_morning() {
        assert_eq!(super::start_of_time().to_string(), "2025-01-06T09:00:00Z");
    }
}
