//! Gateway: where identity providers and the HRIS reach the suite. It translates; the owning services decide.
//!
//! See `services/gateway/README.md` for what it owns, publishes and consumes.

mod api;
mod clients;
mod config;
mod connections;
mod consumers;
mod events;
mod groups;
mod http;
mod jobs;
mod people;
mod providers;
mod scim;
mod sessions;
mod signin;
mod sync;
mod webhooks;

use axum::http::{HeaderMap, HeaderValue, Method};
use config::Settings;
use jiff::SignedDuration;
use kernel::{Error, Result};
use runtime::{Deps, Job};
use std::sync::Arc;
use storage::{Cache, Database};
use tonic::service::RoutesBuilder;

/// The schema's migrations.
pub static MIGRATIONS: storage::Migrator = sqlx::migrate!();

/// The public keys of a file of secrets (`sign_in.keys_file`) as a JWKS document, for services that can't reach the gateway.
///
/// # Errors
/// `FIELD_INVALID`, naming what is wrong with the file.
pub fn sign_in_jwks(keys: &str) -> Result<String> {
    Ok(signin::keys::Keys::read(keys)?.jwks().to_string())
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    db: Database,
    cache: Cache,
    settings: Arc<Settings>,
    deactivated: grpc::Deactivated,
    ended_sessions: grpc::Deactivated,
    sign_in: Arc<signin::SignIn>,
    catalogue: Arc<scim::schema::Catalogue>,
    api: Arc<api::Api>,
    webhooks: webhooks::Webhooks,
    runner: sync::runner::Runner,
}

impl Gateway {
    /// The service's database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// `Bearer …` for calling services as the person whose session a request carries, for whatever stands at the edge;
    /// `None` when it carries none.
    ///
    /// # Errors
    /// `CROSS_SITE` for a request that another site's page may have sent, `SESSION_ENDED` when the session is over,
    /// `SIGN_IN_OFF` where signing in is not set up.
    pub async fn bearer(&self, headers: &HeaderMap, method: &Method) -> Result<Option<HeaderValue>> {
        signin::bearer(self, headers, method).await
    }

    /// How long sessions last.
    pub(crate) fn limits(&self) -> sessions::Limits {
        let settings = &self.settings.sign_in;
        sessions::Limits {
            idle: SignedDuration::from_mins(i64::from(settings.idle_minutes)),
            whole: SignedDuration::from_hours(i64::from(settings.session_hours)),
        }
    }

    /// Whether browsers reach the suite by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.settings.public_url.starts_with("https://")
    }

    /// Signing in needs an address that identity providers can send people back to.
    ///
    /// # Errors
    /// `SIGN_IN_OFF`, naming the setting.
    pub(crate) fn must_have_address(&self) -> Result<()> {
        let url = &self.settings.public_url;
        let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', ':']).next());
        if self.is_secure() || matches!(host, Some("localhost" | "127.0.0.1")) {
            return Ok(());
        }
        let message =
            "signing in is not set up: set services.gateway.public_url to the https address of the suite";
        Err(Error::precondition("SIGN_IN_OFF", message))
    }

    /// `iss` of the suite's own tokens.
    ///
    /// # Errors
    /// `SIGN_IN_OFF`, naming the setting.
    pub(crate) fn token_issuer(&self) -> Result<&str> {
        let Settings { public_url, sign_in, .. } = self.settings.as_ref();
        match (sign_in.token_issuer.as_str(), public_url.as_str()) {
            ("", "") => {
                let message = "the suite issues no tokens here: set services.gateway.public_url, or sign_in.token_issuer";
                Err(Error::precondition("SIGN_IN_OFF", message))
            }
            ("", url) => Ok(url.trim_end_matches('/')),
            (issuer, _) => Ok(issuer),
        }
    }

    /// What the suite's own tokens say of themselves.
    ///
    /// # Errors
    /// As [`Gateway::token_issuer`].
    pub(crate) fn terms(&self) -> Result<signin::Terms<'_>> {
        let sign_in = &self.settings.sign_in;
        let (issuer, seconds) = (self.token_issuer()?, i64::from(sign_in.token_seconds));
        Ok(signin::Terms { issuer, audience: &sign_in.token_audience, seconds })
    }
}

impl runtime::Service for Gateway {
    const NAME: &'static str = "gateway";
    const MIGRATIONS: &'static storage::Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        let settings = Arc::new(deps.settings::<Settings>()?);
        let catalogue = Arc::new(scim::schema::Catalogue::read()?);
        let api = Arc::new(api::Api::new(&settings.api, &deps.here)?);
        let webhooks = webhooks::Webhooks::new(deps.db.clone(), settings.webhooks.clone())?;
        let sign_in = Arc::new(signin::SignIn::new(&settings.sign_in)?);
        let runner = sync::runner::Runner::new(deps.clock.new_id(), settings.sync.runs);
        let Deps { db, cache, deactivated, ended_sessions, .. } = deps;
        webhooks::telemetry::begin();
        signin::telemetry::begin();
        sync::telemetry::begin();
        Ok(Gateway {
            db,
            cache,
            settings,
            deactivated,
            ended_sessions,
            sign_in,
            catalogue,
            api,
            webhooks,
            runner,
        })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(connections::server(self.clone()));
        routes.add_service(groups::server(self.clone()));
        routes.add_service(webhooks::server(self.clone()));
        routes.add_service(providers::server(self.clone()));
        routes.add_service(sessions::server(self.clone()));
        routes.add_service(clients::server(self.clone()));
        routes.add_service(sync::server(self.clone()));
    }

    fn http(&self) -> Option<axum::Router> {
        let edges = [scim::router(self.clone()), api::router(self.clone()), signin::router(self.clone())];
        Some(edges.into_iter().fold(axum::Router::new(), axum::Router::merge))
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        webhooks::consumers().into_iter().chain(consumers::consumers()).collect()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }

    fn ended_sessions() -> Option<runtime::DeactivatedPeople<Self>> {
        Some(|service, tenant| Box::pin(jobs::refresh_ended_sessions::names(service, tenant)))
    }
}
