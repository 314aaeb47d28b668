//! Who may pass: a verified token, an active person, a role with the permission, a rate within bounds.

use crate::{
    Deactivated, Identity, Permission, identity::invalid, methods::Method, roles::allows, server::rate::Rate,
};
use http::{HeaderMap, header::AUTHORIZATION};
use kernel::{Actor, Error, ErrorKind, Result};

/// The gate.
pub(crate) struct Access {
    pub(crate) identity: Identity,
    pub(crate) deactivated: Option<Deactivated>,
    pub(crate) rate: Option<Rate>,
}

impl Access {
    /// The caller, when they may call the method now.
    ///
    /// # Errors
    /// `TOKEN_INVALID`, `PERSON_DEACTIVATED`, `PERMISSION_DENIED`, `RATE_LIMITED`.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        permission: Permission,
        method: &Method,
    ) -> Result<Actor> {
        let caller = self.identity.verify(bearer(headers)?).await?;
        let actor = &caller.actor;
        if let (Some(deactivated), Some(person)) = (&self.deactivated, actor.person)
            && deactivated.contains(actor.tenant, person).await?
        {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "PERSON_DEACTIVATED",
                "this person is no longer active",
            ));
        }
        if let Some(rate) = &self.rate {
            rate.take(actor).await?;
        }
        if !allows(&actor.roles, permission) {
            return Err(denied(actor, permission, method));
        }
        Ok(actor.clone())
    }
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
