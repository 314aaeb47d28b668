//! Domain: a connection and its tokens. Pure.

use crate::rotation::{self, Secret};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    /// Those that are good, the newest first.
    pub(crate) tokens: Vec<Secret>,
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
        rotation::rotate(&mut self.tokens, token, overlap, now)
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
    fn a_new_token_lets_those_before_end() {
        let mut connection = Connection::new(Uuid::nil(), " Entra ID ", at(0)).expect("a name");
        assert_eq!(connection.name, "Entra ID");
        connection.rotate(Uuid::from_u128(1), None, at(0)).expect("alive");
        connection.rotate(Uuid::from_u128(2), Some(SignedDuration::from_secs(10)), at(100)).expect("alive");
        let ends: Vec<_> = connection.tokens.iter().map(|token| token.expires_at).collect();
        assert_eq!(ends, [None, Some(at(110))]);
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
