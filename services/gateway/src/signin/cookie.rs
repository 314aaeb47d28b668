//! Domain: cookies. Pure.
//!
//! `__Host-` binds a cookie to this host, to TLS and to no other path: neither a sibling host nor plain HTTP can plant one.
//! Where the suite is reached without TLS (development on this machine), browsers refuse such names, and they go without.

use http::{HeaderMap, header::COOKIE};

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session.
    Session,
    /// Ties a sign-in under way to the browser that began it.
    Login,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session, true) => "__Host-mentor_session",
            (Cookie::Login, true) => "__Host-mentor_login",
            (Cookie::Session, false) => "mentor_session",
            (Cookie::Login, false) => "mentor_login",
        }
    }

    /// Its value in a request. Sent twice it is none: which of them is ours can't be told.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let mut values =
            headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok()).flat_map(|header| {
                header
                    .split(';')
                    .filter_map(|pair| pair.trim().split_once('='))
                    .filter(move |(own, _)| *own == name)
            });
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value).filter(|value| !value.is_empty())
    }

    /// The header that sets it for so many seconds.
    pub(crate) fn set(self, value: &str, seconds: i64, secure: bool) -> String {
        let flag = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flag}")
    }

    /// The header that takes it away.
    pub(crate) fn clear(self, secure: bool) -> String {
        self.set("", 0, secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|value| (COOKIE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name_and_once() {
        let read =
            |cookies: &[&'static str]| Cookie::Session.read(&headers(cookies), true).map(str::to_owned);
        assert_eq!(read(&["a=b; __Host-mentor_session=xyz; c=d"]).as_deref(), Some("xyz"));
        assert_eq!(read(&["a=b", "__Host-mentor_session=xyz"]).as_deref(), Some("xyz"));
        assert_eq!(read(&["mentor_session=xyz"]), None);
        assert_eq!(read(&["x__Host-mentor_session=xyz"]), None);
        assert_eq!(read(&["__Host-mentor_session=1; __Host-mentor_session=2"]), None);
        assert_eq!(read(&["__Host-mentor_session="]), None);
        assert_eq!(Cookie::Session.read(&headers(&["mentor_session=xyz"]), false), Some("xyz"));
    }

    #[test]
    fn a_cookie_is_bound_to_this_host() {
        let set = Cookie::Login.set("x", 600, true);
        assert_eq!(set, "__Host-mentor_login=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        assert!(!set.contains("Domain"));
        assert!(Cookie::Session.clear(true).contains("Max-Age=0"));
    }
}
