//! Domain: what follows from an attempt. Pure.

use jiff::{SignedDuration, Timestamp};
use kernel::Uuid;

/// The wait after each failure, in seconds: over a day.
const WAITS: [i64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];
/// Failures in a row after which a webhook pauses and is then tried by one delivery at a time.
pub(crate) const BREAK: i32 = 5;
/// The first pause, and the longest, in seconds.
const PAUSES: (i64, i64) = (30, 600);

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answered with a status; how long it asks to be left alone.
    Answered { status: u16, retry_after: Option<SignedDuration> },
    /// No whole answer in time.
    Late,
    /// The address may not be called.
    Blocked,
    /// Everything else: unknown name, refused connection, TLS.
    Unreachable,
}

impl Outcome {
    /// All that metrics may say.
    pub(crate) const LABELS: [&str; 6] = ["delivered", "gone", "refused", "late", "blocked", "unreachable"];

    /// For metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Outcome::Answered { status: 200..=299, .. } => "delivered",
            Outcome::Answered { status: 410, .. } => "gone",
            Outcome::Answered { .. } => "refused",
            Outcome::Late => "late",
            Outcome::Blocked => "blocked",
            Outcome::Unreachable => "unreachable",
        }
    }

    fn retry_after(&self) -> Option<SignedDuration> {
        match self {
            Outcome::Answered { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What becomes of the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Delivered,
    Again(Timestamp),
    Dead,
}

/// What becomes of the webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) failures: i32,
    pub(crate) paused_until: Option<Timestamp>,
    /// The receiver says that it is gone for good.
    pub(crate) gone: bool,
}

/// The next step of a delivery that has failed so often before (since it was last begun).
pub(crate) fn next(
    outcome: &Outcome,
    failed: i32,
    delivery: Uuid,
    give_up_at: Timestamp,
    now: Timestamp,
) -> Next {
    match outcome.label() {
        "delivered" => return Next::Delivered,
        "gone" => return Next::Dead,
        _ => {}
    }
    let wait = jittered(wait(failed), delivery, failed).max(asked(outcome));
    match now.checked_add(wait) {
        Ok(at) if at <= give_up_at => Next::Again(at),
        _ => Next::Dead,
    }
}

/// The webhook after an attempt. It pauses when it has failed again and again, or asks to be left alone.
pub(crate) fn health(outcome: &Outcome, before: i32, now: Timestamp) -> Health {
    if outcome.label() == "delivered" {
        return Health::default();
    }
    let failures = before.saturating_add(1);
    let pause = match u32::try_from(failures - BREAK) {
        Ok(more) => (PAUSES.0 << more.min(10)).min(PAUSES.1),
        Err(_) => 0,
    };
    let pause = SignedDuration::from_secs(pause).max(asked(outcome));
    let paused_until = if pause.is_zero() { None } else { now.checked_add(pause).ok() };
    Health { failures, paused_until, gone: outcome.label() == "gone" }
}

/// What a receiver asks for, bounded by our own longest wait.
fn asked(outcome: &Outcome) -> SignedDuration {
    outcome.retry_after().unwrap_or_default().clamp(SignedDuration::ZERO, wait(i32::MAX))
}

fn wait(failed: i32) -> SignedDuration {
    let at = usize::try_from(failed).unwrap_or(0).min(WAITS.len() - 1);
    SignedDuration::from_secs(WAITS.get(at).copied().unwrap_or_default())
}

/// Up to a fifth longer, so that what failed together does not come back together. From the random bits of the id:
/// the same for the same attempt.
fn jittered(wait: SignedDuration, delivery: Uuid, failed: i32) -> SignedDuration {
    let (_, bits) = delivery.as_u64_pair();
    let dice = bits.rotate_left(failed.unsigned_abs() % 64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let more = i64::try_from(dice % 1_000).unwrap_or(0).saturating_mul(millis) / 5_000;
    SignedDuration::from_millis(millis.saturating_add(more))
}

/// The wait that a `Retry-After` header asks for: seconds, or a date.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Ok(seconds) = header.trim().parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(header.trim()).ok()?;
    Some(date.timestamp().duration_since(now).max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, retry_after: None }
    }

    #[test]
    fn a_delivery_is_tried_over_a_day_and_then_dead() {
        let (mut now, give_up, mut failed) = (at(0), at(86_400), 0);
        let mut waits = Vec::new();
        while let Next::Again(next_at) = next(&answered(500), failed, Uuid::from_u128(77), give_up, now) {
            waits.push(next_at.duration_since(now).as_secs());
            (now, failed) = (next_at, failed + 1);
        }
        assert!(waits.len() >= 9 && now > at(12 * 3_600), "{waits:?}");
        for (waited, wait) in waits.iter().zip(WAITS) {
            assert!((wait..=wait + wait / 5 + 1).contains(waited), "{waits:?}");
        }
        assert_eq!(next(&answered(410), 0, Uuid::nil(), give_up, at(0)), Next::Dead);
        assert_eq!(next(&answered(204), 9, Uuid::nil(), at(0), at(5)), Next::Delivered);
        for redirect in [301, 302, 307, 308] {
            assert!(matches!(next(&answered(redirect), 0, Uuid::nil(), give_up, at(0)), Next::Again(_)));
        }
    }

    #[test]
    fn every_outcome_has_a_label_that_is_listed_once() {
        let labels = [
            answered(204),
            answered(410),
            answered(500),
            Outcome::Late,
            Outcome::Blocked,
            Outcome::Unreachable,
        ];
        assert_eq!(labels.map(|outcome| outcome.label()), Outcome::LABELS);
    }

    #[test]
    fn retry_after_is_honoured_within_bounds() {
        let now = at(1_700_000_000);
        assert_eq!(retry_after("120", now), Some(SignedDuration::from_secs(120)));
        assert_eq!(retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now), Some(SignedDuration::from_secs(60)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(SignedDuration::ZERO));
        assert_eq!((retry_after("soon", now), retry_after("-5", now)), (None, None));
        let busy = |seconds| Outcome::Answered {
            status: 503,
            retry_after: Some(SignedDuration::from_secs(seconds)),
        };
        assert_eq!(next(&busy(600), 0, Uuid::nil(), at(i32::MAX.into()), at(0)), Next::Again(at(600)));
        assert_eq!(health(&busy(600), 0, at(0)).paused_until, Some(at(600)));
        let forever = health(&busy(i64::from(u32::MAX)), 0, at(0)).paused_until;
        assert_eq!(forever, Some(at(28_800)), "at most our own longest wait");
    }

    #[test]
    fn a_webhook_that_fails_again_and_again_pauses_longer_and_longer() {
        let pauses: Vec<_> = (0..12)
            .map(|before| {
                health(&Outcome::Late, before, at(0)).paused_until.map_or(0, |until| until.as_second())
            })
            .collect();
        assert_eq!(pauses, [0, 0, 0, 0, 30, 60, 120, 240, 480, 600, 600, 600]);
        assert_eq!(health(&answered(200), 99, at(0)), Health::default());
        assert!(health(&answered(410), 0, at(0)).gone);
    }

    proptest! {
        #[test]
        fn nothing_overflows(failed: i32, before: i32, now in -377_705_023_201..253_402_207_200_i64, wait: u32, header in ".{0,40}") {
            let outcome = Outcome::Answered { status: 503, retry_after: Some(SignedDuration::from_secs(wait.into())) };
            let _ = next(&outcome, failed, Uuid::from_u128(u128::MAX), Timestamp::MAX, at(now));
            let _ = health(&outcome, before, at(now));
            let _ = retry_after(&header, at(now));
        }
    }
}
