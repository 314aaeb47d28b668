//! Whoever receives: a server that keeps what it is sent and answers as the test says.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response},
};
use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{sync::watch, task::AbortHandle};

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// With a header.
    With(u16, &'static str, &'static str),
    /// Nothing, for ever.
    Never,
    /// A body without an end.
    Endless,
    /// 200, but first this many others have to be here at the same time.
    Together(usize),
}

type Script = Arc<dyn Fn(usize, &Received) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Shared {
    received: Arc<Mutex<Vec<Received>>>,
    here: Arc<AtomicUsize>,
    most: Arc<watch::Sender<usize>>,
    script: Script,
}

pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Shared,
    task: AbortHandle,
}

impl Receiver {
    /// Answers the n-th message (from 0) as the script says.
    pub(crate) async fn start(
        script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Receiver {
        let shared = Shared {
            received: Arc::default(),
            here: Arc::default(),
            most: Arc::new(watch::Sender::new(0)),
            script: Arc::new(script),
        };
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Receiver { address, shared, task }
    }

    pub(crate) async fn fine() -> Receiver {
        Receiver::start(|_, _| Reply::Status(200)).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("not poisoned").clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.received().len()
    }

    /// The most messages that were being answered at once.
    pub(crate) fn most(&self) -> usize {
        *self.shared.most.borrow()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let received = Received { headers, body: String::from_utf8(body.to_vec()).expect("UTF-8") };
    let nth = {
        let mut all = shared.received.lock().expect("not poisoned");
        all.push(received.clone());
        all.len() - 1
    };
    let here = shared.here.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most.send_if_modified(|most| {
        *most < here && {
            *most = here;
            true
        }
    });
    let answer = answer((shared.script)(nth, &received), &shared).await;
    shared.here.fetch_sub(1, Ordering::SeqCst);
    answer
}

async fn answer(reply: Reply, shared: &Shared) -> Response<Body> {
    let status = |status: u16| Response::builder().status(status);
    let text = || Body::from(format!("thanks, {}", "x".repeat(10)));
    match reply {
        Reply::Status(code) => status(code).body(text()),
        Reply::With(code, name, value) => status(code).header(name, value).body(text()),
        Reply::Never => pending().await,
        Reply::Endless => {
            let chunks =
                futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'e'; 8_192])));
            status(200).body(Body::from_stream(chunks))
        }
        Reply::Together(others) => {
            let mut most = shared.most.subscribe();
            most.wait_for(|most| *most > others).await.expect("the sender lives as long");
            status(200).body(text())
        }
    }
    .expect("an answer")
}
