//! Who is calling: the one place where a request's headers become what signs the call upstream in.

use crate::Gateway;
use axum::http::{HeaderValue, header, request::Parts};
use kernel::Result;

/// The `authorization` of the call upstream: the caller's own bearer token, else one for the person whose session a
/// browser's cookie names. Without either the service says what it thinks of strangers.
///
/// # Errors
/// `CROSS_SITE` and `SESSION_ENDED` for what a cookie may not do.
pub(crate) async fn authorization(gateway: &Gateway, request: &Parts) -> Result<Option<HeaderValue>> {
    let found = match request.headers.get(header::AUTHORIZATION) {
        Some(sent) => Some(sent.clone()),
        None => gateway.bearer(&request.headers, &request.method).await?,
    };
    Ok(found.map(|mut value| {
        value.set_sensitive(true);
        value
    }))
}
