//! Settings, each with a default that suits production.

use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

/// How to reach RabbitMQ.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RabbitSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…`. A heartbeat of 10 s is added unless one is named.
    pub url: SecretString,
    /// Put in front of every exchange and queue, so that several suites share one broker. Empty by default.
    #[serde(default)]
    pub prefix: String,
}

/// How events are moved and retried.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessagingSettings {
    /// Events published before their confirms are awaited, 1..5000.
    pub publish_window: u16,
    /// Events that one claim of the outbox moves before it is committed, at least `publish_window`.
    pub claim_limit: u32,
    /// The outbox is looked at this often even when nobody says that it has grown, in milliseconds.
    pub poll_ms: u64,
    /// How long the broker may take to confirm, in milliseconds. Then the connection is given up.
    pub confirm_timeout_ms: u64,
    /// Events handled in one transaction, 1..1000.
    pub consume_batch: u16,
    /// Delay before the first retry of a failed event, in milliseconds of the service's clock; doubles each time.
    pub retry_first_ms: u64,
    /// The longest delay between retries, in milliseconds.
    pub retry_longest_ms: u64,
    /// Attempts before an event is dead, at least 1.
    pub attempts: u16,
    /// Times that the broker delivers an event again because its consumer died in the middle; then it is dead.
    pub delivery_limit: u16,
    /// How often due retries are looked for, in milliseconds.
    pub retry_poll_ms: u64,
    /// How long [`crate::settle`] waits for the events under way, in milliseconds.
    pub settle_timeout_ms: u64,
}

impl Default for MessagingSettings {
    fn default() -> Self {
        MessagingSettings {
            publish_window: 500,
            claim_limit: 10_000,
            poll_ms: 1_000,
            confirm_timeout_ms: 30_000,
            consume_batch: 100,
            retry_first_ms: 1_000,
            retry_longest_ms: 600_000,
            attempts: 15,
            delivery_limit: 20,
            retry_poll_ms: 1_000,
            settle_timeout_ms: 60_000,
        }
    }
}

impl MessagingSettings {
    pub(crate) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    pub(crate) fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    pub(crate) fn retry_poll(&self) -> Duration {
        Duration::from_millis(self.retry_poll_ms)
    }

    pub(crate) fn settle_timeout(&self) -> Duration {
        Duration::from_millis(self.settle_timeout_ms)
    }

    /// The delay after the n-th failed attempt, counted from 1: it doubles up to the longest.
    pub(crate) fn retry_delay(&self, attempt: i32) -> jiff::SignedDuration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(32);
        let millis = self.retry_first_ms.saturating_mul(1 << doublings).min(self.retry_longest_ms);
        jiff::SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Whether an event that failed this often is dead.
    pub(crate) fn is_dead(&self, attempts: i32) -> bool {
        attempts >= i32::from(self.attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_from_one_second_to_ten_minutes() {
        let settings = MessagingSettings::default();
        let seconds: Vec<i64> = (1..=12).map(|attempt| settings.retry_delay(attempt).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(settings.retry_delay(i32::MAX).as_secs(), 600);
    }
}
