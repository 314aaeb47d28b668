//! Who is calling: the one place where a request's headers become what signs the call upstream in.

use axum::http::{HeaderValue, header, request::Parts};
use kernel::Result;

/// The `authorization` of the call upstream: the caller's own bearer token. Without one the service says what it thinks
/// of strangers.
///
/// # Errors
/// `TOKEN_INVALID` when the request shows credentials that are none.
pub(crate) async fn authorization(request: &Parts) -> Result<Option<HeaderValue>> {
    let sent = request.headers.get(header::AUTHORIZATION).cloned();
    Ok(sent.map(|mut value| {
        value.set_sensitive(true);
        value
    }))
}
