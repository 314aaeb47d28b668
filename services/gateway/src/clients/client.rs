//! Domain: a machine client. Pure.

use crate::rotation::{self, Secret};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grpc::Scope;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};
use std::collections::BTreeSet;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// The families of RPCs that it may ask for, by name.
    pub(crate) scopes: Vec<String>,
    /// Of the certificate that its tokens are bound to; empty: not bound.
    pub(crate) thumbprint: String,
    /// Its public keys; empty: it has secrets.
    pub(crate) jwks: String,
    /// Those that are good, the newest first.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
}

impl Client {
    /// A new one, without a secret. Whether `jwks` can be used is checked where keys are known.
    ///
    /// # Errors
    /// `FIELD_INVALID`, with the field.
    pub(crate) fn new(
        id: Uuid,
        name: &str,
        scopes: &[String],
        thumbprint: &str,
        jwks: &str,
        now: Timestamp,
    ) -> Result<Client> {
        let name = name.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::field("name", "must hold something to read, on one line"));
        }
        for (at, scope) in scopes.iter().enumerate() {
            if scope.parse::<Scope>().is_err() {
                let known: Vec<&str> = Scope::ALL.into_iter().map(Scope::name).collect();
                return Err(Error::field(
                    format!("scopes[{at}]"),
                    format!("must be one of {}", known.join(", ")),
                ));
            }
        }
        if !thumbprint.is_empty()
            && URL_SAFE_NO_PAD.decode(thumbprint).map_or(true, |bytes| bytes.len() != 32)
        {
            let what =
                "must be the SHA-256 of the certificate (DER) in base64url without padding, 43 characters";
            return Err(Error::field("certificate_thumbprint", what));
        }
        Ok(Client {
            id,
            name: name.to_owned(),
            scopes: scopes.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            thumbprint: thumbprint.to_owned(),
            jwks: jwks.trim().to_owned(),
            secrets: Vec::new(),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        })
    }

    /// Puts a new secret in the place of those before, which stay good for the overlap.
    ///
    /// # Errors
    /// `CLIENT_STATE` when revoked or when it has a key instead, `FIELD_INVALID` for an overlap out of bounds.
    pub(crate) fn rotate(
        &mut self,
        secret: Uuid,
        overlap: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<()> {
        self.must_live()?;
        if !self.jwks.is_empty() {
            let message =
                "the client signs with a key of its own and has no secret; add a client with its new key";
            return Err(Error::precondition("CLIENT_STATE", message));
        }
        rotation::rotate(&mut self.secrets, secret, overlap, now)
    }

    /// Ends it.
    ///
    /// # Errors
    /// `CLIENT_STATE` when revoked before.
    pub(crate) fn revoke(&mut self, now: Timestamp) -> Result<()> {
        self.must_live()?;
        self.revoked_at = Some(now);
        self.secrets.clear();
        Ok(())
    }

    /// The scopes of a token that asks for these, or for all when it asks for none; `None` when one is not the client's.
    pub(crate) fn granted(&self, asked: &str) -> Option<String> {
        let asked: BTreeSet<&str> = asked.split_whitespace().collect();
        if asked.is_empty() {
            return Some(self.scopes.join(" "));
        }
        let all = asked.iter().all(|scope| self.scopes.iter().any(|own| own == scope));
        all.then(|| asked.into_iter().collect::<Vec<_>>().join(" "))
    }

    fn must_live(&self) -> Result<()> {
        match self.revoked_at {
            None => Ok(()),
            Some(at) => {
                let message = format!("the client was revoked at {at}; add a new one");
                Err(Error::precondition("CLIENT_STATE", message))
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

    fn client(scopes: &[&str], thumbprint: &str) -> Result<Client> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Client::new(Uuid::nil(), " export ", &scopes, thumbprint, "", at(0))
    }

    #[test]
    fn a_client_asks_for_no_more_than_it_has() {
        let client = client(&["reports", "directory", "reports"], "").expect("sound");
        assert_eq!((client.name.as_str(), client.scopes.join(" ").as_str()), ("export", "directory reports"));
        assert_eq!(client.granted("").as_deref(), Some("directory reports"));
        assert_eq!(client.granted(" reports  reports").as_deref(), Some("reports"));
        assert_eq!(client.granted("reports audit"), None);
    }

    #[test]
    fn secrets_before_end_after_the_overlap() {
        let mut client = client(&["audit"], "").expect("sound");
        client.rotate(Uuid::from_u128(1), None, at(0)).expect("alive");
        client.rotate(Uuid::from_u128(2), Some(SignedDuration::from_secs(10)), at(100)).expect("alive");
        let ends: Vec<_> = client.secrets.iter().map(|secret| secret.expires_at).collect();
        assert_eq!(ends, [None, Some(at(110))]);
        assert!(client.rotate(Uuid::nil(), Some(SignedDuration::from_hours(721)), at(111)).is_err());
        client.revoke(at(200)).expect("alive");
        assert_eq!(client.revoke(at(201)).expect_err("once").reason, "CLIENT_STATE");
        assert_eq!(client.rotate(Uuid::nil(), None, at(202)).expect_err("over").reason, "CLIENT_STATE");
    }

    #[test]
    fn what_can_not_be_is_refused_with_its_field() {
        let field = |result: Result<Client>| result.expect_err("refused").violations[0].field.clone();
        assert_eq!(field(client(&["audit", "everything"], "")), "scopes[1]");
        assert_eq!(field(client(&["audit"], "abc")), "certificate_thumbprint");
        assert!(client(&["audit"], &URL_SAFE_NO_PAD.encode([1; 32])).is_ok());
        assert_eq!(field(Client::new(Uuid::nil(), "\n", &[], "", "", at(0))), "name");
    }
}
