//! `POST /oauth/token`: tokens for machines, by the grant client_credentials (RFC 6749, 4.4).

use super::{
    edge::{self, Correlation},
    machine, page,
    telemetry::{self, Who},
    token,
};
use crate::{Gateway, clients};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::SignedDuration;
use kernel::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// The last use is written down this often at most: it is for people to look at.
const NOTED: SignedDuration = SignedDuration::from_secs(60);

/// A refusal by RFC 6749, 5.2: its word, and for people.
struct Refusal(StatusCode, &'static str, Box<Error>);

impl From<Box<Error>> for Refusal {
    fn from(error: Box<Error>) -> Self {
        let (status, word) = match error.kind {
            ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "invalid_client"),
            ErrorKind::InvalidArgument => (StatusCode::BAD_REQUEST, "invalid_request"),
            ErrorKind::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
            ErrorKind::FailedPrecondition => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            kind => (page::status(kind), "server_error"),
        };
        Refusal(status, word, error)
    }
}

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match issue(&gateway, &headers, body, correlation).await {
        Ok(answer) => page::json(StatusCode::OK, &answer),
        Err(Refusal(status, word, error)) => refuse(status, word, &error),
    }
}

fn refuse(status: StatusCode, word: &'static str, error: &Error) -> Response {
    if status.is_server_error() {
        let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(reason = error.reason, %error, cause, "no token could be issued");
    }
    telemetry::refused(Who::Machine, error.reason);
    let body = json!({ "error": word, "error_description": error.message });
    let mut response = page::json(status, &body);
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth\""));
    }
    if let Some(after) = error.retry_after
        && let Ok(value) = HeaderValue::from_str(&after.as_secs().max(1).to_string())
    {
        headers.insert(header::RETRY_AFTER, value);
    }
    response
}

async fn issue(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
    correlation: Correlation,
) -> Result<Value, Refusal> {
    let terms = gateway.terms()?;
    let form = edge::form(gateway, headers, body).await?;
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(_) => {
            let error = Error::field("grant_type", "must be client_credentials");
            return Err(Refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", error));
        }
        None => return Err(Error::field("grant_type", "must be client_credentials").into()),
    }
    let shown = machine::shown(headers, &form)?;
    let ctx = edge::context(gateway, shown.tenant, "oauth token", correlation);
    let mut tx = gateway.db.write(&ctx).await?;
    let client = match machine::proven(gateway, &mut tx, &shown).await {
        Ok(client) => client,
        Err(error) => {
            edge::failed(gateway, &format!("client:{}", shown.client)).await?;
            return Err(error.into());
        }
    };
    let asked = form.get("scope").map(String::as_str).unwrap_or_default();
    let Some(scope) = client.granted(asked) else {
        let error = Error::field("scope", format!("may hold {} for this client", client.scopes.join(", ")));
        return Err(Refusal(StatusCode::BAD_REQUEST, "invalid_scope", error));
    };
    if client.last_used_at.is_none_or(|last| ctx.now.duration_since(last) >= NOTED) {
        clients::store::used(&mut tx, client.id).await?;
    }
    tx.commit().await?;
    let identifier = clients::secret::identifier(shown.tenant, client.id);
    let of = token::OfMachine {
        tenant: shown.tenant,
        client: client.id,
        identifier: &identifier,
        scope: &scope,
        thumbprint: &client.thumbprint,
    };
    let signed = gateway.sign_in.keys().sign(&token::machine(&terms, &of, ctx.now), token::TYPE)?;
    telemetry::let_in(Who::Machine);
    Ok(json!({
        "access_token": signed, "token_type": "Bearer", "expires_in": terms.seconds, "scope": scope,
    }))
}
