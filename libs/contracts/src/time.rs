//! Instants on the wire.

use kernel::{Error, Result};
use prost_types::Timestamp;

/// An instant as the contract carries it.
pub fn timestamp(instant: jiff::Timestamp) -> Timestamp {
    let (mut seconds, mut nanos) = (instant.as_second(), instant.subsec_nanosecond());
    if nanos < 0 {
        seconds -= 1; // protobuf counts nanoseconds forward, also before 1970
        nanos += 1_000_000_000;
    }
    Timestamp { seconds, nanos }
}

/// The same, when there is one.
pub fn timestamp_some(instant: Option<jiff::Timestamp>) -> Option<Timestamp> {
    instant.map(timestamp)
}

/// The instant of a timestamp, `None` when it is outside the years -9999..9999.
pub fn from_timestamp(timestamp: &Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(timestamp.seconds, timestamp.nanos).ok()
}

/// The instant of a field that must be set.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub fn instant(field: &str, timestamp: &Option<Timestamp>) -> Result<jiff::Timestamp> {
    let set = timestamp.as_ref().ok_or_else(|| Error::field(field, "must be set"))?;
    from_timestamp(set).ok_or_else(|| Error::field(field, "must be a time between the years -9999 and 9999"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_go_there_and_back() {
        for text in ["1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z", "2025-03-09T08:00:00.000001Z"] {
            let instant: jiff::Timestamp = text.parse().expect("valid");
            assert_eq!(from_timestamp(&timestamp(instant)), Some(instant));
        }
    }
}
