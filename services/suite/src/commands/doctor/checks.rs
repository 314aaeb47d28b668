//! What needs no server of our own: settings, identity providers, the collector, the binaries of Postgres.

use super::{Finding, servers::answers};
use crate::{advice, connect::authority};
use grpc::{DevIssuer, Identity, IdentitySettings};
use kernel::{ErrorKind, SharedClock, SystemClock};
use runtime::{Config, embedded::Binaries};
use serde_json::json;
use std::{path::PathBuf, sync::Arc};

/// What the settings lack.
pub(super) fn settings(config: &Config, file: Option<&PathBuf>) -> Vec<Finding> {
    let source = file.map_or_else(
        || "built-in defaults and the environment (no --config FILE)".to_owned(),
        |file| format!("built-in defaults, {}, the environment", file.display()),
    );
    let mut found = vec![match config.check_serve() {
        Ok(()) => Finding::ok("settings", source),
        Err(error) => Finding::missing(
            "settings",
            format!("{source}\n{error}"),
            "`mentor config --defaults` documents every setting; `mentor dev` needs none of them",
        ),
    }];
    if let Err(error) = config.check_migrate() {
        found.push(Finding::note(
            "settings",
            error.to_string(),
            "needed by `mentor migrate` only, not by servers",
        ));
    }
    found
}

/// Whether the keys of every identity provider can be had: a token that is signed with a key of our own is refused
/// either because its key is unknown, or because no keys are there.
pub(super) async fn identity(config: &Config) -> Vec<Finding> {
    let check = "identity";
    let mut found = Vec::new();
    if config.identity.dev.enabled {
        found.push(Finding::note(
            check,
            "the development issuer is on: whoever runs the process can sign tokens",
            "set identity.dev.enabled = false in production",
        ));
    }
    let clock: SharedClock = Arc::new(SystemClock);
    let settings = IdentitySettings { issuers: config.identity.issuers.clone() };
    let identity = match Identity::new(&settings, clock.clone(), None) {
        Ok(identity) => identity,
        Err(error) => {
            let todo = "correct identity.issuers (`mentor config --defaults` documents it)";
            found.push(Finding::missing(check, advice::text(&error), todo));
            return found;
        }
    };
    let Ok(stranger) = DevIssuer::new(clock) else { return found };
    for issuer in &settings.issuers {
        let claims = json!({ "iss": issuer.issuer, "aud": issuer.audience, "sub": "doctor", "exp": 0 });
        let Ok(token) = stranger.sign(&claims) else { continue };
        let keys = match (&issuer.jwks_url, &issuer.jwks_file) {
            (Some(url), _) => url.clone(),
            (None, Some(file)) => file.display().to_string(),
            (None, None) => String::new(),
        };
        let away =
            identity.verify(&token).await.err().is_some_and(|error| error.kind == ErrorKind::Unavailable);
        found.push(if away {
            Finding::missing(
                check,
                format!("no usable keys of {} at {keys}", issuer.issuer),
                "make them reachable from here, or correct jwks_url, jwks_file or algorithms of the issuer",
            )
        } else {
            Finding::ok(check, format!("{}, keys from {keys}", issuer.issuer))
        });
    }
    found
}

/// The collector of traces, where one is named.
pub(super) async fn traces(config: &Config) -> Finding {
    let endpoint = config.telemetry.otlp_endpoint.as_str();
    if endpoint.is_empty() {
        return Finding::note("traces", "off", "name a collector in telemetry.otlp_endpoint to see traces");
    }
    let reached = match authority(endpoint, 4317) {
        Some(address) => answers(&address).await,
        None => Err("is not a URL such as http://collector:4317".to_owned()),
    };
    match reached {
        Ok(()) => Finding::ok("traces", format!("{endpoint} answers")),
        // Traces are lost, calls are not.
        Err(error) => Finding::note(
            "traces",
            format!("{endpoint}: {error}"),
            "start it or correct telemetry.otlp_endpoint",
        ),
    }
}

/// Whether somebody serves where this configuration would.
pub(super) async fn serving(config: &Config) -> Finding {
    let address = config.server.listen.to_string();
    match answers(&address).await {
        Ok(()) => Finding::ok("server", format!("something serves on {address}")),
        Err(_) => {
            Finding::note("server", format!("nothing serves on {address}"), "start it with `mentor serve`")
        }
    }
}

/// Whether `mentor dev` and `mentor demo` could run.
pub(super) fn embedded() -> Finding {
    match Binaries::find() {
        Ok(found) => {
            let place = found.path("postgres");
            Finding::ok("embedded", format!("{}: `mentor dev` and `mentor demo` can run", place.display()))
        }
        Err(error) => {
            Finding::note("embedded", error.to_string(), "needed by `mentor dev` and `mentor demo` only")
        }
    }
}
