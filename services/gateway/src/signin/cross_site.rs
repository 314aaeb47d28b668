//! Domain: which requests with a session's cookie come from our own pages. Pure.
//!
//! `SameSite=Lax` keeps the cookie from what other sites send in the background; sibling hosts count as the same site there,
//! and not every browser keeps to it. So a request that may change something must say that it comes from this origin: by
//! `Sec-Fetch-Site`, which pages can't write, or, from browsers without it, by `Origin`. No token is needed, and none can
//! leak or grow stale.

use http::{HeaderMap, Method, header::ORIGIN};
use kernel::{Error, ErrorKind, Result};

/// Refuses what another site's page may have sent.
///
/// # Errors
/// `CROSS_SITE`.
pub(crate) fn check(headers: &HeaderMap, method: &Method, public_url: &str) -> Result<()> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.eq_ignore_ascii_case(origin_of(public_url)),
        (None, None) => false,
    };
    if own {
        return Ok(());
    }
    let message = "this request carries a session's cookie and does not come from a page of this site; machines send a bearer token instead";
    Err(Error::new(ErrorKind::PermissionDenied, "CROSS_SITE", message))
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const URL: &str = "https://mentor.example.org/";

    fn allowed(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        check(&headers.collect(), &method, URL).is_ok()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        let post = |headers: &[(&'static str, &'static str)]| allowed(Method::POST, headers);
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site", "none", "", "SAME-ORIGIN"] {
            assert!(!post(&[("sec-fetch-site", site), ("origin", "https://mentor.example.org")]), "{site}");
        }
        assert!(post(&[("origin", "https://mentor.example.org")]));
        for origin in [
            "null",
            "https://evil.example",
            "http://mentor.example.org",
            "https://mentor.example.org.evil",
            "https://mentor.example.org:444",
        ] {
            assert!(!post(&[("origin", origin)]), "{origin}");
        }
        assert!(!post(&[]), "who says nothing is no browser");
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            assert!(!allowed(method, &[]));
        }
        assert!(allowed(Method::GET, &[("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (url, origin) in [
            (URL, "https://mentor.example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("", ""),
        ] {
            assert_eq!(origin_of(url), origin);
        }
    }
}
