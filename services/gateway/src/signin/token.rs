//! Domain: the claims of the suite's own tokens. Pure.

use jiff::Timestamp;
use kernel::{TenantId, Uuid};
use serde_json::{Value, json};

/// The kind of token (RFC 9068).
pub(crate) const TYPE: &str = "at+jwt";
/// Tokens of a session begin at whole minutes: the same claims make the same token for as long, which services verify once.
const STEP: i64 = 60;

/// Who signs, for whom, for how long.
pub(crate) struct Terms<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) seconds: i64,
}

/// Of a person, by their session.
pub(crate) struct OfPerson<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) person: Uuid,
    pub(crate) session: Uuid,
    pub(crate) roles: &'a [String],
}

/// Of a machine.
pub(crate) struct OfMachine<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) client: Uuid,
    pub(crate) identifier: &'a str,
    pub(crate) scope: &'a str,
    /// Of the certificate that it is bound to; empty: not bound.
    pub(crate) thumbprint: &'a str,
}

/// The claims of a person's token.
pub(crate) fn person(terms: &Terms<'_>, of: &OfPerson<'_>, now: Timestamp) -> Value {
    let now = now.as_second();
    let from = now - now.rem_euclid(STEP);
    json!({
        "iss": terms.issuer, "aud": terms.audience, "sub": of.person, "iat": from, "exp": from + terms.seconds,
        "tenant": of.tenant, "person": of.person, "sid": of.session, "roles": of.roles,
    })
}

/// The claims of a machine's token. It names the client as its session, so that revoking the client ends it.
pub(crate) fn machine(terms: &Terms<'_>, of: &OfMachine<'_>, now: Timestamp) -> Value {
    let now = now.as_second();
    let mut claims = json!({
        "iss": terms.issuer, "aud": terms.audience, "sub": of.identifier, "client_id": of.identifier, "iat": now,
        "exp": now + terms.seconds, "tenant": of.tenant, "sid": of.client, "roles": ["hr_client"], "scope": of.scope,
    });
    if !of.thumbprint.is_empty() {
        claims["cnf"] = json!({ "x5t#S256": of.thumbprint });
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_token_a_minute() {
        let terms = Terms { issuer: "https://m", audience: "mentor", seconds: 300 };
        let id = Uuid::from_u128(1);
        let of = OfPerson { tenant: TenantId(id), person: id, session: id, roles: &["employee".to_owned()] };
        let at = |second| person(&terms, &of, Timestamp::from_second(second).expect("in range"));
        assert_eq!(at(120), at(179));
        assert_ne!(at(120), at(180));
        assert_eq!((at(179)["iat"].as_i64(), at(179)["exp"].as_i64()), (Some(120), Some(420)));
    }

    #[test]
    fn a_bound_token_says_to_what() {
        let terms = Terms { issuer: "https://m", audience: "mentor", seconds: 300 };
        let of = OfMachine {
            tenant: TenantId(Uuid::nil()),
            client: Uuid::nil(),
            identifier: "x",
            scope: "audit",
            thumbprint: "abc",
        };
        assert_eq!(machine(&terms, &of, Timestamp::UNIX_EPOCH)["cnf"]["x5t#S256"], "abc");
        assert!(
            machine(&terms, &OfMachine { thumbprint: "", ..of }, Timestamp::UNIX_EPOCH).get("cnf").is_none()
        );
    }
}
