//! Domain: a connection and its tokens. Pure.

use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};

/// How long the tokens before a new one stay good when nobody says.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// The longest they may.
const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    /// Those that are good, the newest first.
    pub(crate) tokens: Vec<Token>,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) id: Uuid,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
}

impl Connection {
    /// A new one, not used yet.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a name that shows nothing.
    pub(crate) fn new(id: Uuid, name: &str, now: Timestamp) -> Result<Connection> {
        let name = name.trim();
        if name.is_empty() || name.contains('\0') {
            return Err(Error::field("name", "must hold something to read"));
        }
        let (name, tokens) = (name.to_owned(), Vec::new());
        Ok(Connection { id, name, created_at: now, revoked_at: None, last_used_at: None, tokens })
    }

    /// Puts a new token in the place of those before, which stay good for the overlap.
    ///
    /// # Errors
    /// `CONNECTION_STATE` when revoked, `FIELD_INVALID` for an overlap out of bounds.
    pub(crate) fn rotate(
        &mut self,
        token: Uuid,
        overlap: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<()> {
        self.must_live()?;
        let overlap = overlap.unwrap_or(OVERLAP);
        if overlap.is_negative() || overlap > MAX_OVERLAP {
            return Err(Error::field("overlap", "must lie between 0 and 30 days"));
        }
        let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
        for before in &mut self.tokens {
            before.expires_at = Some(before.expires_at.map_or(end, |expires| expires.min(end)));
        }
        self.tokens.retain(|token| token.expires_at.is_none_or(|expires| expires > now));
        self.tokens.insert(0, Token { id: token, created_at: now, expires_at: None, last_used_at: None });
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// `CONNECTION_STATE` when revoked before.
    pub(crate) fn revoke(&mut self, now: Timestamp) -> Result<()> {
        self.must_live()?;
        self.revoked_at = Some(now);
        self.tokens.clear();
        Ok(())
    }

    fn must_live(&self) -> Result<()> {
        match self.revoked_at {
            None => Ok(()),
            Some(at) => {
                let message = format!("the connection was revoked at {at}; add a new one");
                Err(Error::precondition("CONNECTION_STATE", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn tokens_before_end_after_the_overlap_and_never_later_than_they_would_have() {
        let mut connection = Connection::new(Uuid::nil(), " Entra ID ", at(0)).expect("a name");
        assert_eq!(connection.name, "Entra ID");
        connection.rotate(Uuid::from_u128(1), None, at(0)).expect("alive");
        connection.rotate(Uuid::from_u128(2), Some(SignedDuration::from_secs(10)), at(100)).expect("alive");
        connection.rotate(Uuid::from_u128(3), Some(SignedDuration::from_secs(60)), at(105)).expect("alive");
        let ends: Vec<_> = connection.tokens.iter().map(|token| token.expires_at).collect();
        assert_eq!(ends, [None, Some(at(165)), Some(at(110))]);
        connection.rotate(Uuid::from_u128(4), Some(SignedDuration::ZERO), at(106)).expect("alive");
        assert_eq!(connection.tokens.len(), 1);
        let long = connection.rotate(Uuid::nil(), Some(SignedDuration::from_hours(721)), at(106));
        assert_eq!(long.expect_err("too long").reason, "FIELD_INVALID");
    }

    #[test]
    fn a_revoked_one_stays_so() {
        let mut connection = Connection::new(Uuid::nil(), "Okta", at(0)).expect("a name");
        connection.revoke(at(1)).expect("alive");
        assert_eq!(connection.revoke(at(2)).expect_err("revoked").reason, "CONNECTION_STATE");
        assert_eq!(
            connection.rotate(Uuid::nil(), None, at(2)).expect_err("revoked").reason,
            "CONNECTION_STATE"
        );
        assert!(Connection::new(Uuid::nil(), "  ", at(0)).is_err());
    }
}
