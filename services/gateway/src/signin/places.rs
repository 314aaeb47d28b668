//! Domain: addresses of signing in, and where people may be sent. Pure.

use kernel::{TenantId, Uuid};

/// Where identity providers send people back to.
pub(crate) const CALLBACK: &str = "/auth/callback";
/// Where people come to after signing out.
pub(crate) const SIGNED_OUT: &str = "/auth/signed-out";
/// Where people come to who said nothing of where to.
pub(crate) const SIGNED_IN: &str = "/auth/signed-in";
/// Where machines get tokens.
pub(crate) const TOKEN: &str = "/oauth/token";
/// The public keys of the suite's tokens.
pub(crate) const JWKS: &str = "/.well-known/jwks.json";
/// The longest path that people are sent to.
const MAX_RETURN: usize = 2_000;

/// A tenant, or one of its identity providers, as addresses name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) provider: Option<Uuid>,
}

impl Place {
    /// Reads a segment of an address: the tenant's id, or with a dot after it the provider's.
    pub(crate) fn read(text: &str) -> Option<Place> {
        if text.len() > 80 {
            return None;
        }
        let (tenant, provider) = match text.split_once('.') {
            Some((tenant, provider)) => (tenant, Some(provider.parse().ok()?)),
            None => (text, None),
        };
        Some(Place { tenant: tenant.parse().ok()?, provider })
    }
}

/// Where people sign in by a provider.
pub(crate) fn login(base: &str, tenant: TenantId, provider: Uuid) -> String {
    joined(base, &format!("/auth/{tenant}.{provider}/login"))
}

/// Where a provider tells of sessions that ended.
pub(crate) fn backchannel_logout(base: &str, tenant: TenantId, provider: Uuid) -> String {
    joined(base, &format!("/auth/backchannel-logout/{tenant}.{provider}"))
}

/// The redirect URI.
pub(crate) fn callback(base: &str) -> String {
    joined(base, CALLBACK)
}

/// The redirect URI of signing out.
pub(crate) fn signed_out(base: &str) -> String {
    joined(base, SIGNED_OUT)
}

/// An address below the public one; empty where that is not known.
pub(crate) fn joined(base: &str, path: &str) -> String {
    if base.is_empty() { String::new() } else { format!("{}{path}", base.trim_end_matches('/')) }
}

/// The path that somebody is sent to after signing in: theirs when it is one of this site, else our own page. What browsers
/// read as another site (`//x`, `/\x`, a tab or line break in between) is none.
pub(crate) fn return_path(asked: Option<&str>) -> &str {
    let Some(path) = asked else { return SIGNED_IN };
    let of_this_site = path.starts_with('/') && !path.starts_with("//") && path.len() <= MAX_RETURN;
    let plain = path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if of_this_site && plain { path } else { SIGNED_IN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_a_tenant_or_one_of_its_providers() {
        let (tenant, provider) = (TenantId(Uuid::from_u128(1)), Uuid::from_u128(2));
        assert_eq!(Place::read(&tenant.to_string()), Some(Place { tenant, provider: None }));
        let both = format!("{tenant}.{provider}");
        assert_eq!(Place::read(&both), Some(Place { tenant, provider: Some(provider) }));
        for text in ["", ".", "x", &format!("{tenant}."), &format!("{tenant}.{provider}.x"), &"1".repeat(100)]
        {
            assert_eq!(Place::read(text), None, "{text}");
        }
        assert!(
            login("https://m.example.org/", tenant, provider).starts_with("https://m.example.org/auth/0000")
        );
        assert_eq!(callback(""), "");
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/", "/programs?x=1&y=%2F", "/a//b", "/@x"] {
            assert_eq!(return_path(Some(path)), path);
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/\n/evil",
            " /x",
            "/ü",
            "/a b",
            "x",
            "/%0d%0a\r\n",
        ] {
            assert_eq!(return_path(Some(path)), SIGNED_IN, "{path:?}");
        }
        assert_eq!(return_path(None), SIGNED_IN);
        assert_eq!(return_path(Some(&format!("/{}", "x".repeat(3_000)))), SIGNED_IN);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_stays_on_this_site(asked in ".{0,40}", tail in "[/\\\\.:a-z\t\n]{0,20}") {
            for asked in [asked, tail.clone(), format!("/{tail}")] {
                let path = return_path(Some(&asked));
                prop_assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'));
            }
        }
    }
}
