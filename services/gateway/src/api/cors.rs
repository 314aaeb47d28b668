//! Which pages of other origins may call; none unless told.

use crate::http;
use axum::http::{HeaderName, HeaderValue, Method};
use kernel::{Error, Result};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Answers a preflight, and marks what other origins may read. Cookies are for the gateway's own origin only.
///
/// # Errors
/// `FIELD_INVALID`, naming the setting, for what can't be an origin.
pub(super) fn layer(origins: &[String]) -> Result<CorsLayer> {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let origin = |origin: &String| {
            let value = HeaderValue::from_str(origin).ok();
            let is_origin =
                |url: &axum::http::Uri| url.authority().is_some() && matches!(url.path(), "" | "/");
            let url = origin.parse().is_ok_and(|url| is_origin(&url)) && !origin.ends_with('/');
            value.filter(|_| url).ok_or_else(|| {
                let what = format!("must be origins such as https://mentor.example.com, not {origin}");
                Error::field("services.gateway.api.origins", what)
            })
        };
        AllowOrigin::list(origins.iter().map(origin).collect::<Result<Vec<_>>>()?)
    };
    let sent = [
        "authorization",
        "content-type",
        "grpc-timeout",
        "traceparent",
        "x-grpc-web",
        "x-mentor-service",
        "x-request-id",
        "x-timeout",
        "x-user-agent",
    ];
    let shown = ["grpc-message", "grpc-status", "grpc-status-details-bin", "retry-after", "www-authenticate"];
    let shown = shown.map(HeaderName::from_static).into_iter().chain([http::REQUEST_ID]);
    Ok(CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(sent.map(HeaderName::from_static))
        .expose_headers(shown.collect::<Vec<_>>())
        .max_age(Duration::from_secs(3600)))
}

#[cfg(test)]
mod tests {
    use super::layer;

    #[test]
    fn an_origin_is_scheme_and_host() {
        let of = |origin: &str| layer(&[origin.to_owned()]);
        for good in ["https://mentor.example.com", "http://localhost:3000", "*"] {
            assert!(of(good).is_ok(), "{good}");
        }
        for bad in ["mentor.example.com/x", "https://mentor.example.com/", "https://a/b", "", "h\n", "/x"] {
            let error = of(bad).expect_err(bad);
            assert_eq!(error.violations[0].field, "services.gateway.api.origins", "{bad}");
        }
    }
}
