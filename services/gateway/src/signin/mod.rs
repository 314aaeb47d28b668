//! Signing in: people by the organisation's identity provider (OpenID Connect) into a browser session, machines by the grant
//! client_credentials; and the short-lived tokens that services know both by.

mod backchannel;
mod bearer;
mod callback;
mod cookie;
mod cross_site;
pub(crate) mod discovery;
mod edge;
mod enter;
mod http;
mod login;
mod logout;
mod machine;
mod oauth;
mod own_sessions;
mod page;
pub(crate) mod places;
mod published;
mod refresh;
mod relying;
mod settings;
pub(crate) mod telemetry;
mod token;

pub(crate) use bearer::bearer;
pub(crate) use settings::Settings;
pub(crate) use token::Terms;

use crate::{Gateway, keys::Keys};
use axum::{
    Router, middleware,
    routing::{delete, get, post},
};
use discovery::Providers;
use kernel::{Error, ErrorKind, Result};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What signing in needs at run time.
pub(crate) struct SignIn {
    keys: Arc<Keys>,
    providers: Providers,
    /// Places for sessions that are being renewed.
    refreshes: Semaphore,
}

/// Sessions that are renewed at once; the others go on with what is known, and are renewed at their next use.
const REFRESHES: usize = 5;

impl SignIn {
    /// With the gateway's keys.
    ///
    /// # Errors
    /// Names the setting that is wrong.
    pub(crate) fn new(settings: &Settings, keys: Arc<Keys>) -> Result<Self> {
        settings.check()?;
        let providers = Providers::new(http::Http::new(settings.guard()));
        let refreshes = Semaphore::new(REFRESHES);
        Ok(SignIn { keys, providers, refreshes })
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// An identity provider that can't be used now.
pub(crate) fn unusable(message: impl Into<String>) -> Box<Error> {
    Error::new(ErrorKind::Unavailable, telemetry::PROVIDER, message.into())
}

/// Everything over HTTP.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/auth/{place}/login", get(login::handle))
        .route(places::CALLBACK, get(callback::handle))
        .route("/auth/logout", get(logout::ask).post(logout::handle))
        .route(places::SIGNED_OUT, get(logout::done))
        .route(places::SIGNED_IN, get(own_sessions::signed_in))
        .route("/auth/sessions", get(own_sessions::list))
        .route("/auth/sessions/{id}", delete(own_sessions::revoke))
        .route("/auth/backchannel-logout/{place}", post(backchannel::handle))
        .route(places::TOKEN, post(oauth::handle))
        .route(places::JWKS, get(published::jwks))
        .route("/.well-known/oauth-authorization-server", get(published::metadata))
        .layer(middleware::from_fn_with_state(gateway.clone(), edge::enter))
        .with_state(gateway)
}
