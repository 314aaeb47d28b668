//! A server that breaks on demand.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, Response, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{StreamExt, stream};
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// What happens to one answer.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Nothing.
    Pass,
    /// A status, perhaps with `Retry-After`.
    Status(u16, Option<&'static str>),
    /// The first half, and the connection is gone.
    Cut,
    /// A few bytes, and never another.
    Stall,
    /// Bytes for ever.
    Endless,
    /// The first half, as if it were whole.
    Half,
    /// Another address.
    Redirect(String),
}

/// A request, as the stand-in saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: Vec<String>,
    pub(crate) query: HashMap<String, String>,
    pub(crate) form: HashMap<String, String>,
    pub(crate) authorization: String,
}

impl Seen {
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether it comes with these in HTTP Basic.
    pub(crate) fn is_basic(&self, user: &str, password: &str) -> bool {
        self.authorization == format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }
}

/// An answer: status, media type, text.
pub(crate) type Reply = (u16, &'static str, String);

/// JSON with a status.
pub(crate) fn json(status: u16, body: &Value) -> Reply {
    (status, "application/json", body.to_string())
}

#[derive(Default)]
struct State {
    troubles: VecDeque<Trouble>,
    log: Vec<String>,
}

/// A server on this machine; it ends with the test.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    /// Starts a server that answers by a function; troubles come before it, but not to requests for tokens.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> StandIn {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let handler = move |request: Request| {
            let (answer, state) = (answer.clone(), shared.clone());
            async move { handle(request, &answer, &state).await }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await.expect("the stand-in serves") });
        StandIn { url, state }
    }

    /// What happens to the next answers, one after the other.
    pub(crate) fn troubles(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.lock().troubles = troubles.into_iter().collect();
    }

    /// The requests since the last look, as `GET /path?query`, decoded.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handle(
    request: Request,
    answer: &(impl Fn(&Seen) -> Reply + Sync),
    state: &Mutex<State>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let pairs = |text: &[u8]| -> HashMap<String, String> {
        form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    };
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let path = parts.uri.path().split('/').skip(1).map(str::to_owned).collect();
    let seen = Seen { path, query, form: pairs(&body), authorization: authorization(&parts.headers) };
    let trouble = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query: Vec<String> = query.map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        state.log.push(format!("{} {}{query}", parts.method, parts.uri.path()));
        if seen.form.is_empty() { state.troubles.pop_front() } else { None }
    };
    Ok(respond(answer(&seen), trouble.unwrap_or(Trouble::Pass)))
}

fn authorization(headers: &HeaderMap) -> String {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn respond((status, media, text): Reply, trouble: Trouble) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, media);
    let half = |text: String| Bytes::from(text.clone()).slice(..text.len() / 2);
    let body = match trouble {
        Trouble::Pass => Body::from(text),
        Trouble::Status(status, wait) => {
            let mut response = Response::builder().status(status);
            if let Some(wait) = wait {
                response = response.header(header::RETRY_AFTER, wait);
            }
            return response.body(Body::from("{}")).expect("a response");
        }
        Trouble::Cut => {
            let broken = io::Error::new(io::ErrorKind::ConnectionReset, "cut");
            Body::from_stream(stream::iter([Ok(half(text)), Err(broken)]))
        }
        Trouble::Stall => {
            let first = stream::iter([Ok::<_, io::Error>(half(text))]);
            Body::from_stream(first.chain(stream::pending()))
        }
        Trouble::Endless => {
            let chunk = Bytes::from(vec![b' '; 64 << 10]);
            Body::from_stream(stream::repeat(chunk).map(Ok::<_, io::Error>))
        }
        Trouble::Half => Body::from(half(text)),
        Trouble::Redirect(to) => {
            let response = Response::builder().status(StatusCode::FOUND).header(header::LOCATION, to);
            return response.body(Body::empty()).expect("a response");
        }
    };
    response.body(body).expect("a response")
}
