//! Domain: secrets that replace each other with an overlap: tokens of connections, secrets of clients and of webhooks. Pure.

mod convert;
pub(crate) mod store;

pub(crate) use convert::overlap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};

/// How long the secrets before a new one stay good when nobody says.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// The longest they may.
const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A secret, without what is secret about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) id: Uuid,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Where that is noted.
    pub(crate) last_used_at: Option<Timestamp>,
}

/// Puts a new secret first; those before it stay good for the overlap, and never longer than they would have.
///
/// # Errors
/// `FIELD_INVALID` for an overlap out of bounds.
pub(crate) fn rotate(
    secrets: &mut Vec<Secret>,
    new: Uuid,
    overlap: Option<SignedDuration>,
    now: Timestamp,
) -> Result<()> {
    let overlap = overlap.unwrap_or(OVERLAP);
    if overlap.is_negative() || overlap > MAX_OVERLAP {
        return Err(out_of_bounds());
    }
    let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
    for before in secrets.iter_mut() {
        before.expires_at = Some(before.expires_at.map_or(end, |expires| expires.min(end)));
    }
    secrets.retain(|secret| secret.expires_at.is_none_or(|expires| expires > now));
    secrets.insert(0, Secret { id: new, created_at: now, expires_at: None, last_used_at: None });
    Ok(())
}

fn out_of_bounds() -> Box<Error> {
    Error::field("overlap", "must lie between 0 and 30 days")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn secrets_before_end_after_the_overlap_and_never_later_than_they_would_have() {
        let mut secrets = Vec::new();
        let mut put = |new, seconds: Option<i64>, now| {
            let overlap = seconds.map(SignedDuration::from_secs);
            rotate(&mut secrets, Uuid::from_u128(new), overlap, at(now)).expect("in bounds");
            secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>()
        };
        assert_eq!(put(1, None, 0), [None]);
        assert_eq!(put(2, Some(10), 100), [None, Some(at(110))]);
        assert_eq!(put(3, None, 105), [None, Some(at(105 + 86_400)), Some(at(110))]);
        assert_eq!(put(4, Some(60), 110), [None, Some(at(170)), Some(at(170))], "what has ended is gone");
        assert_eq!(put(5, Some(0), 120), [None]);
    }

    #[test]
    fn overlaps_out_of_bounds_are_refused() {
        for wrong in [SignedDuration::from_secs(-1), SignedDuration::from_hours(721)] {
            let refused = rotate(&mut Vec::new(), Uuid::nil(), Some(wrong), at(0)).expect_err("refused");
            assert_eq!(refused.violations[0].field, "overlap");
        }
        let sent = |seconds, nanos| overlap(Some(prost_types::Duration { seconds, nanos }));
        assert_eq!(sent(1, 5).expect("sound"), Some(SignedDuration::new(1, 5)));
        assert!(overlap(None).expect("unset").is_none());
        for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(sent(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
    }
}
