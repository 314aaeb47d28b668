//! The one HTTP client of the connectors. It stays with its host, waits for who limits its rate, repeats what failed for a
//! moment, and bounds the time and the bytes of every answer.
//!
//! `Retry-After` is read as seconds or a date (RFC 9110, 10.2.3); without one the pause doubles from attempt to attempt, of
//! which a random half is waited (so that many gateways do not come back at once).

use super::said;
use crate::outgoing::{self, Failure, Guard, Outgoing};
use jiff::Timestamp;
use kernel::{Error, ErrorKind, Result, SharedClock};
use reqwest::{Method, Request, RequestBuilder, Response, StatusCode, Url, header};
use serde::de::DeserializeOwned;
use std::{net::Ipv4Addr, time::Duration};
use tokio::time::{Instant, sleep};

/// The longest that a run is told to rest, whatever the source asks for.
const LONGEST_REST: Duration = Duration::from_secs(3_600);
/// The longest that is believed at all: what follows can be counted.
const BELIEVED: Duration = Duration::from_secs(86_400);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// Idle connections that are kept to a source.
const IDLE: usize = 2;
/// How long a run rests when the source says nothing.
const REST: Duration = Duration::from_secs(60);

/// How a connector reaches its source.
#[derive(Clone)]
pub(super) struct Access {
    /// Which addresses may be called.
    pub(super) guard: Guard,
    /// Tells the time, and is where chance comes from.
    pub(super) clock: SharedClock,
    /// How long and how much.
    pub(super) limits: Limits,
}

/// How long a source may take, and how much it may send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Attempts at one call.
    pub(super) attempts: u32,
    /// The pause before the second attempt; it doubles.
    pub(super) first_pause: Duration,
    /// The longest pause, unless the source asks for more.
    pub(super) longest_pause: Duration,
    /// How long one page may wait in all.
    pub(super) patience: Duration,
    /// How long one call may take with its answer.
    pub(super) call: Duration,
    /// The most bytes of an answer.
    pub(super) body: usize,
}

impl Limits {
    /// For a page of an API.
    pub(super) const DEFAULT: Limits = Limits {
        attempts: 8,
        first_pause: Duration::from_millis(500),
        longest_pause: Duration::from_secs(20),
        patience: Duration::from_secs(60),
        call: Duration::from_secs(60),
        body: 32 << 20,
    };

    /// When a page that begins now has waited long enough.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }
}

/// A client of one host.
pub(super) struct Client {
    http: Outgoing,
    base: Url,
    clock: SharedClock,
    limits: Limits,
}

/// A whole answer that is no redirect and no passing fault.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The source's clock, where it tells it.
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
    /// Why the source refuses, as it says.
    pub(super) said: String,
    host: String,
}

/// An attempt that led nowhere, but another may.
struct Passing {
    what: String,
    /// What the source asked to wait.
    wait: Option<Duration>,
}

enum Stop {
    Passing(Passing),
    Final(Box<Error>),
}

/// Checks the address of a source. `field` is where it stands, such as `settings.personio.url`.
///
/// # Errors
/// `FIELD_INVALID` unless it is https, or http to this machine where that is allowed; without user, password and fragment;
/// and may be called.
pub(super) fn address(field: &str, text: &str, guard: &Guard) -> Result<Url> {
    let wrong = |what: String| Error::field(field, what);
    let url = Url::parse(text).map_err(|error| wrong(format!("is no address: {error}")))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if local && guard.address(Ipv4Addr::LOCALHOST.into(), true).is_ok() => {}
        "http" => return Err(wrong("must begin with https://".to_owned())),
        other => return Err(wrong(format!("begins with {other}://; it must begin with https://"))),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a user, a password or a fragment; leave them out".to_owned()));
    }
    guard.url(&url).map_err(|refused| wrong(format!("is refused: {refused}")))?;
    Ok(url)
}

impl Client {
    /// A client of the host of an address that was checked before.
    pub(super) fn new(field: &str, base: &str, access: &Access) -> Result<Client> {
        let base = address(field, base, &access.guard)?;
        let limits =
            outgoing::Limits { connect: CONNECT, call: access.limits.call, idle: IDLE, agent: "mentor" };
        let http = Outgoing::new(access.guard.clone(), limits);
        Ok(Client { http, base, clock: access.clock.clone(), limits: access.limits })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Begins a request, which [`Client::send`] sends.
    ///
    /// # Errors
    /// Internal, when the system has no authorities.
    pub(super) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder> {
        self.http.request(method, url).map_err(Error::internal)
    }

    /// A path below the base with parameters.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.base.clone();
        let not_a_base = |()| Error::internal("the base was checked to be http or https");
        url.path_segments_mut().map_err(not_a_base)?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// A link that the source gave. It must lead to the same host: nobody else gets our credentials, and the source can't
    /// send us into somebody's network.
    pub(super) fn follow(&self, link: &str) -> Result<Url> {
        let invalid = |what: &str| source_invalid(format!("{} {what}", self.host()));
        let url =
            self.base.join(link).map_err(|_| invalid("gives a link to its next page that is no address"))?;
        if url.origin() != self.base.origin() {
            return Err(invalid("gives a link to another host for its next page, which is not followed"));
        }
        Ok(url)
    }

    /// The host, as messages name it.
    pub(super) fn host(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Sends a request until there is an answer that is neither a limit nor a passing fault.
    ///
    /// # Errors
    /// `SOURCE_UNAVAILABLE` when attempts or time are used up; `SOURCE_INVALID` for redirects and answers too large;
    /// `SOURCE_REFUSED` for an address that may not be called.
    pub(super) async fn send(&self, request: &Request, deadline: Instant) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let passing = match self.once(request).await {
                Ok(answer) => return Ok(answer),
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Passing(passing)) => passing,
            };
            let pause = passing.wait.unwrap_or_default().max(self.pause(attempt));
            if attempt >= self.limits.attempts || Instant::now() + pause > deadline {
                let rest = passing.wait.unwrap_or(REST).min(LONGEST_REST);
                let message = format!("{} {}; attempts: {attempt}", self.host(), passing.what);
                return Err(
                    Error::new(ErrorKind::Unavailable, "SOURCE_UNAVAILABLE", message).retry_after(rest)
                );
            }
            tracing::debug!(
                source.host = self.host(),
                attempt,
                pause_ms = pause.as_millis(),
                "{}",
                passing.what
            );
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn once(&self, request: &Request) -> Result<Answer, Stop> {
        let request = request.try_clone().ok_or_else(|| Error::internal("requests have no streams"));
        let response = self.http.send(request.map_err(Stop::Final)?).await;
        self.answer(response.map_err(|failure| self.stop(failure))?).await
    }

    /// What a failure means for another attempt.
    fn stop(&self, failure: Failure) -> Stop {
        let what = match failure {
            Failure::Unreachable(_) => "can't be reached".to_owned(),
            Failure::Broken(_) => "breaks the connection off".to_owned(),
            Failure::Late => format!("does not answer in full within {:?}", self.limits.call),
            Failure::Refused(refused) => {
                return Stop::Final(self::refused(format!("{} may not be called: {refused}", self.host())));
            }
            Failure::Large(most) => {
                let what = format!("{} answers with more than {} KiB", self.host(), most >> 10);
                return Stop::Final(source_invalid(what));
            }
            Failure::Own(error) => return Stop::Final(Error::internal(error)),
        };
        Stop::Passing(Passing { what, wait: None })
    }

    async fn answer(&self, response: Response) -> Result<Answer, Stop> {
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            let message = format!(
                "{} answers {status}; redirects are not followed, set the final address",
                self.host()
            );
            return Err(Stop::Final(source_invalid(message)));
        }
        if status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error()
        {
            let wait = retry_after(&headers, self.clock.now());
            return Err(Stop::Passing(Passing { what: format!("answers {status}"), wait }));
        }
        let body = outgoing::body(response, self.limits.body).await.map_err(|failure| self.stop(failure))?;
        let date = headers.get(header::DATE).and_then(|date| http_date(date.to_str().ok()?));
        let said = if status.is_success() { String::new() } else { said::reason(&headers, &body) };
        Ok(Answer { status, date, body, said, host: self.host() })
    }

    /// Doubles; between half of it and all of it, by chance.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.limits.first_pause.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let longest = doubled.min(self.limits.longest_pause);
        let (_, random) = self.clock.new_id().as_u64_pair();
        let share = f64::from(u32::try_from(random & 0xffff).unwrap_or_default()) / f64::from(0xffff);
        longest.mul_f64(0.5 + share / 2.0)
    }
}

impl Answer {
    /// The body as JSON of a good answer.
    ///
    /// # Errors
    /// As [`Answer::good`]; `SOURCE_INVALID` for anything else than the JSON expected.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.good()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            // The text of the error may quote a value: only where it is goes on.
            let at = format!("line {}, column {}", error.line(), error.column());
            source_invalid(format!("{} answers with JSON that can't be understood at {at}", self.host))
        })
    }

    /// That the source did what was asked for.
    ///
    /// # Errors
    /// `SOURCE_REFUSED` for 401 and 403, `SOURCE_INVALID` for other refusals, with what the source said.
    pub(super) fn good(&self) -> Result<()> {
        if self.status.is_success() {
            return Ok(());
        }
        let said = if self.said.is_empty() { String::new() } else { format!(": {}", self.said) };
        let message = format!("{} answers {}{said}", self.host, self.status);
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refused(message)),
            _ => Err(source_invalid(message)),
        }
    }
}

/// The source refuses us.
pub(super) fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Box<Error> {
    Error::precondition("SOURCE_REFUSED", message)
}

/// The source answers what makes no sense.
pub(super) fn source_invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Box<Error> {
    Error::precondition("SOURCE_INVALID", message)
}

fn retry_after(headers: &header::HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(BELIEVED));
    }
    // Until a date: by the source's own clock, since it may not be ours.
    let source = headers.get(header::DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    let wait = http_date(text)?.duration_since(source);
    Some(Duration::try_from(wait).unwrap_or_default().min(BELIEVED))
}

/// "Sun, 06 Nov 1994 08:49:37 GMT".
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{ManualClock, SystemClock};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn guard(local: bool) -> Guard {
        let guard = Guard::new(&[], "sync.allowed_networks");
        if local { guard.with_this_machine() } else { guard }
    }

    fn access() -> Access {
        Access { guard: guard(false), clock: Arc::new(SystemClock), limits: Limits::DEFAULT }
    }

    #[test]
    fn addresses_are_https_or_this_machine_where_allowed() {
        let taken = |text: &str, allow: bool| address("url", text, &guard(allow)).is_ok();
        assert!(taken("https://api.example.org/v2", false));
        assert!(taken("http://127.0.0.1:80/", true) && !taken("http://127.0.0.1:80/", false));
        for text in [
            "http://api.example.org",
            "http://127.0.0.1.example.org",
            "ftp://localhost",
            "file:///etc/passwd",
            "https://user:word@api.example.org",
            "https://api.example.org/#x",
            "https://10.0.0.1/v2",
            "https://[fd00::1]/",
            "https://169.254.169.254/latest",
            "api.example.org",
            "",
        ] {
            assert!(!taken(text, true), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_is_refused_once_and_for_all() {
        let client = Client::new("url", "https://localhost/v2/", &access()).expect("a client");
        let request = Request::new(Method::GET, client.base().clone());
        let error = client.send(&request, client.limits().deadline()).await.expect_err("private");
        assert_eq!((error.kind, error.reason), (ErrorKind::FailedPrecondition, "SOURCE_REFUSED"));
        let said = "https://localhost may not be called: ";
        assert!(
            error.message.starts_with(said) && error.message.contains("sync.allowed_networks"),
            "{error}"
        );
    }

    #[test]
    fn links_stay_with_their_host() {
        let client = Client::new("url", "https://api.example.org/odata/v2/", &access()).expect("a client");
        let follows = |link: &str| client.follow(link).map(|url| url.to_string()).ok();
        let next = "https://api.example.org/odata/v2/User?$skiptoken=a";
        assert_eq!(follows("User?$skiptoken=a").as_deref(), Some(next));
        assert_eq!(follows("https://api.example.org:443/odata/v2/User?$skiptoken=a").as_deref(), Some(next));
        for link in [
            "http://api.example.org/x",
            "https://evil.example.org/x",
            "//evil.example.org/x",
            "https://api.example.org:8443/x",
            "https://api.example.org@evil.example.org/",
            "http://[",
        ] {
            assert_eq!(follows(link), None, "{link}");
        }
    }

    #[test]
    fn parts_of_a_path_can_t_leave_it() {
        let client = Client::new("url", "https://api.example.org/v2/", &access()).expect("a client");
        let url = client.url(&["persons", "../../x?y", "employments"], &[("limit", "1")]).expect("a URL");
        assert_eq!(url.as_str(), "https://api.example.org/v2/persons/..%2F..%2Fx%3Fy/employments?limit=1");
    }

    #[test]
    fn waiting_is_understood_in_both_forms() {
        let now = "2025-01-06T09:00:00Z".parse().expect("a time");
        let wait = |pairs: &[(header::HeaderName, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value")));
            retry_after(&pairs.collect(), now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait(&[(header::RETRY_AFTER, "120")]), Some(120));
        assert_eq!(wait(&[(header::RETRY_AFTER, "Mon, 06 Jan 2025 09:00:30 GMT")]), Some(30));
        assert_eq!(wait(&[(header::RETRY_AFTER, "Mon, 06 Jan 2025 08:00:30 GMT")]), Some(0), "is over");
        let (date, after) = ("Mon, 06 Jan 2020 09:00:00 GMT", "Mon, 06 Jan 2020 09:00:05 GMT");
        assert_eq!(wait(&[(header::DATE, date), (header::RETRY_AFTER, after)]), Some(5), "by its own clock");
        assert_eq!(wait(&[(header::RETRY_AFTER, "soon")]), None);
        assert_eq!(wait(&[(header::RETRY_AFTER, "18446744073709551615")]), Some(86_400), "is not believed");
        assert_eq!(wait(&[(header::RETRY_AFTER, "Fri, 01 Jan 2100 00:00:00 GMT")]), Some(86_400));
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn pauses_double_to_a_limit_and_are_never_the_same() {
        let client = Client::new("url", "https://api.example.org", &access()).expect("a client");
        let pauses: Vec<Duration> = (1..=12).map(|attempt| client.pause(attempt)).collect();
        for (at, pause) in pauses.iter().enumerate() {
            let whole = Duration::from_millis(500 << at).min(Duration::from_secs(20));
            assert!(*pause >= whole / 2 && *pause <= whole, "{at}: {pause:?}");
        }
        let same = (0..32).all(|_| client.pause(1) == client.pause(1));
        assert!(!same, "chance is in them");
        let still = ManualClock::at(Timestamp::UNIX_EPOCH);
        let access = Access { clock: still, ..access() };
        let client = Client::new("url", "https://api.example.org", &access).expect("a client");
        assert!((0..32).any(|_| client.pause(1) != client.pause(1)), "also while the clock stands still");
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(text in "[ -~]{0,40}") {
            let mut headers = header::HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().expect("visible ASCII"));
            let _ = retry_after(&headers, Timestamp::MAX);
            let _ = address("url", &text, &guard(true));
        }
    }
}
