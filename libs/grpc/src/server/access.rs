//! Who may pass: a verified token with what it is bound to, an active person and a session that was not ended, a rate
//! within bounds, a role with the permission and a scope that includes it.

use crate::{
    Deactivated, Identity, Permission, Scope, identity::invalid, methods::Method, roles::allows,
    server::rate::Rate,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header::AUTHORIZATION};
use kernel::{Actor, Error, ErrorKind, Result};
use ring::digest;

/// The gate.
pub(crate) struct Access {
    pub(crate) identity: Identity,
    pub(crate) deactivated: Option<Deactivated>,
    pub(crate) ended_sessions: Option<Deactivated>,
    pub(crate) rate: Option<Rate>,
}

impl Access {
    /// The caller, when they may call the method now.
    ///
    /// # Errors
    /// `TOKEN_INVALID`, `PERSON_DEACTIVATED`, `SESSION_ENDED`, `PERMISSION_DENIED`, `SCOPE_MISSING`, `RATE_LIMITED`.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        certificate: Option<&Thumbprint>,
        permission: Permission,
        method: &Method,
    ) -> Result<Actor> {
        let caller = self.identity.verify(bearer(headers)?).await?;
        let actor = &caller.actor;
        if let Some(bound) = &caller.certificate
            && certificate.is_none_or(|shown| shown.0 != *bound)
        {
            return Err(invalid(
                "the token is bound to a client certificate that this connection does not show",
            ));
        }
        if let (Some(deactivated), Some(person)) = (&self.deactivated, actor.person)
            && deactivated.contains(actor.tenant, person).await?
        {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "PERSON_DEACTIVATED",
                "this person is no longer active",
            ));
        }
        if let (Some(ended), Some(session)) = (&self.ended_sessions, caller.session)
            && ended.contains(actor.tenant, session).await?
        {
            let message = "this session was ended; sign in again";
            return Err(Error::new(ErrorKind::Unauthenticated, "SESSION_ENDED", message));
        }
        if let Some(rate) = &self.rate {
            rate.take(actor).await?;
        }
        if !allows(&actor.roles, permission) {
            return Err(denied(actor, permission, method));
        }
        if caller.scopes.is_some_and(|scopes| !scopes.allow(permission)) {
            return Err(out_of_scope(permission, method));
        }
        Ok(actor.clone())
    }
}

/// SHA-256 of a client's certificate, as tokens name it (RFC 8705, 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thumbprint(String);

impl Thumbprint {
    pub(crate) fn of(certificate: &[u8]) -> Self {
        Thumbprint(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, certificate)))
    }
}

fn out_of_scope(permission: Permission, method: &Method) -> Box<Error> {
    let scope = Scope::of(permission).map(Scope::name).unwrap_or_default();
    let message = format!("the token's scopes do not include {scope}, which {} belongs to", method.name);
    Error::new(ErrorKind::PermissionDenied, "SCOPE_MISSING", message).with("scope", scope)
}

/// The token of `authorization: Bearer …`; the scheme is case-insensitive.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let value =
        headers.get(AUTHORIZATION).ok_or_else(|| invalid("authorization is missing; send a bearer token"))?;
    let text = value.to_str().map_err(|_| invalid("authorization is malformed"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(invalid("authorization must be a bearer token")),
    }
}

fn denied(actor: &Actor, permission: Permission, method: &Method) -> Box<Error> {
    let roles: Vec<_> = actor.roles.iter().map(|role| role.name()).collect();
    let who = match roles.as_slice() {
        [] => "a token without roles".to_owned(),
        [role] => format!("role {role}"),
        several => format!("roles {}", several.join(", ")),
    };
    let needs = permission.as_str_name().trim_start_matches("PERMISSION_");
    Error::denied(format!("{who} may not call {}, which needs {needs}", method.name))
        .with("permission", needs)
}
