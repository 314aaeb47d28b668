//! An identity provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).
//!
//! The logout token is checked whole: signature, issuer, audience, times, that it is one and no ID token, and that it comes for
//! the first time. Then the sessions end, here and in every service.

use super::{
    edge::{self, Correlation},
    page,
    places::Place,
};
use crate::{
    Gateway,
    providers::{self, provider::Provider},
    sessions::{self, Whose},
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The event that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Clocks differ by at most this.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// A logout token is taken for so long after it was issued.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// The longest id of a token, and the longest name of a subject or session.
const MAX_NAME: usize = 255;

/// The claims of a logout token.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Value,
    iat: i64,
    exp: Option<i64>,
    jti: String,
    events: Map<String, Value>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    nonce: Option<Value>,
}

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    Path(place): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match ended(&gateway, &place, &headers, body, correlation).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(reason = error.reason, %error, cause, "a back-channel logout was refused");
            // The standard knows one refusal of a token.
            let status = match error.kind {
                ErrorKind::Unauthenticated | ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
                kind => page::status(kind),
            };
            let body = json!({ "error": "invalid_request", "error_description": error.message });
            page::json(status, &body)
        }
    }
}

async fn ended(
    gateway: &Gateway,
    place: &str,
    headers: &HeaderMap,
    body: Body,
    correlation: Correlation,
) -> Result<()> {
    let nobody = || Error::new(ErrorKind::NotFound, "NOT_FOUND", "there is no such identity provider");
    let place = Place::read(place).ok_or_else(nobody)?;
    let id = place.provider.ok_or_else(nobody)?;
    let form = edge::form(gateway, headers, body).await?;
    let token = form.get("logout_token").ok_or_else(|| Error::field("logout_token", "must be there"))?;
    let ctx = edge::context(gateway, place.tenant, "back-channel logout", correlation);
    // No transaction waits for the provider's documents.
    let mut tx = gateway.db.read(&ctx).await?;
    let provider = providers::store::find(&mut tx, id).await?;
    tx.commit().await?;
    let claims = match verified(gateway, &provider, token).await {
        Ok(claims) => claims,
        Err(error) => {
            edge::failed(gateway, &format!("logout:{id}")).await?;
            return Err(error);
        }
    };
    check(&claims, &provider, ctx.now)?;
    let mut tx = gateway.db.write(&ctx).await?;
    let expires = ctx.now.checked_add(FRESH + LEEWAY + LEEWAY).unwrap_or(Timestamp::MAX);
    if !sessions::store::take_logout_token(&mut tx, id, &claims.jti, expires).await? {
        return Err(invalid("it was sent before"));
    }
    let whose = match (&claims.sid, &claims.sub) {
        (Some(sid), _) => Whose::ProviderSession(id, sid),
        (None, Some(sub)) => Whose::Subject(id, sub),
        (None, None) => return Err(invalid("it names neither a session nor a subject")),
    };
    sessions::end(gateway, &mut tx, whose, "signed out at the identity provider").await?;
    tx.commit().await
}

/// The claims under a good signature, by keys fetched anew when the key is not known.
async fn verified(gateway: &Gateway, provider: &Provider, token: &str) -> Result<Claims> {
    let providers = &gateway.sign_in.providers;
    let described = providers.get(&provider.settings.issuer).await?;
    let signed = match described.keys.verify::<Claims>(token) {
        Ok(signed) => signed,
        Err(_) => providers.renewed(&provider.settings.issuer).await?.keys.verify::<Claims>(token)?,
    };
    match signed.typ.as_deref() {
        // Providers from before the type was registered send the plain one, or none.
        None | Some("logout+jwt" | "JWT" | "jwt" | "application/logout+jwt") => Ok(signed.claims),
        Some(_) => Err(invalid("it is of another type")),
    }
}

fn check(claims: &Claims, provider: &Provider, now: Timestamp) -> Result<()> {
    let (now, leeway) = (now.as_second(), LEEWAY.as_secs());
    if claims.iss != provider.settings.issuer {
        return Err(invalid("it is of another issuer"));
    }
    let client = &provider.settings.client_id;
    let for_us = match &claims.aud {
        Value::String(one) => one == client,
        Value::Array(several) => several.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    };
    if !for_us {
        return Err(invalid("it is for another audience"));
    }
    if claims.iat > now + leeway || claims.iat < now - FRESH.as_secs() - leeway {
        return Err(invalid("it was issued too long ago, or in the future"));
    }
    if claims.exp.is_some_and(|exp| now >= exp.saturating_add(leeway)) {
        return Err(invalid("it has expired"));
    }
    if !claims.events.get(EVENT).is_some_and(Value::is_object) {
        return Err(invalid("it is no logout token"));
    }
    if claims.nonce.is_some() {
        return Err(invalid("it has a nonce, which no logout token has"));
    }
    let names = [Some(&claims.jti), claims.sub.as_ref(), claims.sid.as_ref()];
    if names.into_iter().flatten().any(|name| name.is_empty() || name.len() > MAX_NAME || name.contains('\0'))
    {
        return Err(invalid("an id in it is empty or too long"));
    }
    Ok(())
}

fn invalid(why: &'static str) -> Box<Error> {
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", format!("the logout token is refused: {why}"))
}
