//! Signing out: here, and at the identity provider (RP-initiated logout).

use super::{
    bearer,
    cookie::Cookie,
    edge::{self, Correlation},
    page::{Answer, Page},
    places,
};
use crate::{
    Gateway, providers,
    sessions::{self, Whose, live},
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{Error, ErrorKind, Result};
use openidconnect::{ClientId, LogoutHint, LogoutRequest, PostLogoutRedirectUrl, core::CoreIdToken};
use std::str::FromStr;

/// Asks first: a link must not sign anybody out.
pub(crate) async fn ask() -> Response {
    let button = Some(("/auth/logout", "Sign out"));
    Page {
        title: "Sign out",
        text: "Sign out here and at your organisation?".to_owned(),
        button,
        ..Page::default()
    }
    .with(StatusCode::OK)
}

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    headers: HeaderMap,
) -> Answer {
    gateway.must_have_address()?;
    let address = match bearer::session(&gateway, &headers, &Method::POST).await {
        Ok((_, live)) => end(&gateway, &live, correlation).await?,
        // Nobody is signed in: nothing to end.
        Err(error) if error.kind == ErrorKind::Unauthenticated => places::SIGNED_OUT.to_owned(),
        Err(error) => return Err(error.into()),
    };
    let cookie = Cookie::Session.clear(gateway.is_secure());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address), (header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the session; where to go on: the provider's own sign-out, where it has one.
async fn end(gateway: &Gateway, live: &live::State, correlation: Correlation) -> Result<String> {
    let ctx = edge::context(gateway, live.tenant, "sign-out", correlation);
    let mut tx = gateway.db.write(&ctx).await?;
    sessions::end(gateway, &mut tx, Whose::Session(live.session), "signed out").await?;
    let provider = providers::store::find(&mut tx, live.provider).await;
    tx.commit().await?;
    let Ok(provider) = provider else { return Ok(places::SIGNED_OUT.to_owned()) };
    // A provider that does not answer keeps nobody from signing out here.
    let Ok(described) = gateway.sign_in.providers.get(&provider.settings.issuer).await else {
        return Ok(places::SIGNED_OUT.to_owned());
    };
    let Some(endpoint) = described.metadata.additional_metadata().end_session_endpoint.clone() else {
        return Ok(places::SIGNED_OUT.to_owned());
    };
    let back = PostLogoutRedirectUrl::new(places::signed_out(&gateway.settings.public_url))
        .map_err(Error::internal)?;
    let mut request = LogoutRequest::from(endpoint)
        .set_client_id(ClientId::new(provider.settings.client_id.clone()))
        .set_post_logout_redirect_uri(back);
    request = match CoreIdToken::from_str(&live.id_token) {
        Ok(token) => request.set_id_token_hint(&token),
        Err(_) => request.set_logout_hint(LogoutHint::new(live.subject.clone())),
    };
    Ok(request.http_get_url().to_string())
}

/// Where the provider sends people back to.
pub(crate) async fn done() -> Response {
    Page::saying("Signed out", "You are signed out.").with(StatusCode::OK)
}
