//! Domain: a session and when it is over. Pure.

use jiff::{SignedDuration, Timestamp};
use kernel::{TenantId, Uuid};
use serde::{Deserialize, Serialize};

/// A session as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) person: Uuid,
    pub(crate) provider: Uuid,
    /// Who they are at the provider.
    pub(crate) subject: String,
    /// `sid`: the session at the provider; empty when it named none.
    pub(crate) provider_session: String,
    /// Where the cache has the rest.
    pub(crate) cache_key: String,
    pub(crate) user_agent: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// What makes a session usable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Live {
    pub(crate) tenant: TenantId,
    pub(crate) session: Uuid,
    pub(crate) person: Uuid,
    pub(crate) provider: Uuid,
    /// Who they are at the provider.
    pub(crate) subject: String,
    /// What they may be here, by name.
    pub(crate) roles: Vec<String>,
    /// The last ID token, as the hint for signing out.
    pub(crate) id_token: String,
    /// For asking the provider again.
    pub(crate) refresh_token: Option<String>,
    /// When to ask it again.
    pub(crate) refresh_at: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Without use.
    pub(crate) idle: SignedDuration,
    /// At all.
    pub(crate) whole: SignedDuration,
}

impl Live {
    /// Whether it is over, last used then.
    pub(crate) fn is_over(&self, limits: &Limits, used_at: Timestamp, now: Timestamp) -> bool {
        now >= self.expires_at || now.duration_since(used_at) >= limits.idle
    }

    /// Whether the provider should be asked again.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.refresh_token.is_some() && self.refresh_at.is_some_and(|at| now >= at)
    }
}

/// When to ask the provider again for tokens that are good for so long: a little before they end, yet not more often than
/// once a minute.
pub(crate) fn refresh_at(now: Timestamp, seconds: i64) -> Timestamp {
    let wait = (seconds - 60).clamp(60, 86_400);
    now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_session_ends_without_use_and_at_its_end() {
        let live = Live {
            tenant: TenantId(Uuid::nil()),
            session: Uuid::nil(),
            person: Uuid::nil(),
            provider: Uuid::nil(),
            subject: "ann".into(),
            roles: Vec::new(),
            id_token: String::new(),
            refresh_token: Some("x".into()),
            refresh_at: Some(at(500)),
            expires_at: at(1_000),
        };
        let limits = Limits { idle: SignedDuration::from_secs(60), whole: SignedDuration::from_secs(1_000) };
        assert!(!live.is_over(&limits, at(100), at(159)));
        assert!(live.is_over(&limits, at(100), at(160)));
        assert!(live.is_over(&limits, at(999), at(1_000)));
        assert!(!live.is_due(at(499)) && live.is_due(at(500)));
        assert!(!Live { refresh_token: None, ..live }.is_due(at(500)));
    }

    #[test]
    fn a_provider_is_asked_a_little_before_the_end_and_not_too_often() {
        assert_eq!(refresh_at(at(0), 3_600), at(3_540));
        assert_eq!(refresh_at(at(0), 10), at(60));
        assert_eq!(refresh_at(at(0), -5), at(60));
        assert_eq!(refresh_at(at(0), i64::MAX), at(86_400));
    }
}
