//! What the suite says of itself as an issuer of tokens: its public keys, and where machines get tokens (RFC 8414).

use super::{page, places};
use crate::Gateway;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grpc::Scope;
use serde_json::{Value, json};

/// Services look again after ten minutes by themselves.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");

pub(crate) async fn jwks(State(gateway): State<Gateway>) -> Response {
    kept(&gateway.sign_in.keys().jwks())
}

pub(crate) async fn metadata(State(gateway): State<Gateway>) -> Response {
    let Ok(issuer) = gateway.token_issuer() else { return StatusCode::NOT_FOUND.into_response() };
    let base = &gateway.settings.public_url;
    let body = json!({
        "issuer": issuer,
        "token_endpoint": places::joined(base, places::TOKEN),
        "jwks_uri": places::joined(base, places::JWKS),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "scopes_supported": Scope::ALL.map(Scope::name),
        "tls_client_certificate_bound_access_tokens": true,
    });
    kept(&body)
}

fn kept(body: &Value) -> Response {
    let mut response = page::json(StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    response
}
