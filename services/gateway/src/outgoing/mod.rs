//! Calls to addresses that somebody else named: receivers of webhooks, identity providers, sources of people.
//!
//! One way for all of them. Public addresses by TLS, and what operations allow; the connection goes to the address that was
//! checked. No redirects, and no proxies, which would look names up unchecked. Times and bytes are bounded.

mod guard;
mod resolve;

pub(crate) use guard::{Guard, Network, Refused};

use reqwest::{Client, Method, Request, RequestBuilder, Response, Url, redirect::Policy};
use resolve::{Checked, Lookup, SystemLookup};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::net::{TcpStream, lookup_host};

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a connection may take to come about.
    pub(crate) connect: Duration,
    /// How long the whole call may take, with its answer.
    pub(crate) call: Duration,
    /// Idle connections that are kept to one host.
    pub(crate) idle: usize,
    /// What we say we are.
    pub(crate) agent: &'static str,
}

/// Why there is no answer, or no whole one. None names the address that was called: it may hold a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The address may not be called.
    #[error("{0}")]
    Refused(#[source] Refused),
    /// There is no connection: nobody is there, or nobody whom TLS trusts.
    #[error("can't be reached: {}", cause(.0))]
    Unreachable(#[source] reqwest::Error),
    /// No whole answer in time.
    #[error("no answer in time")]
    Late,
    /// The connection ended before the answer did.
    #[error("the connection broke off: {}", cause(.0))]
    Broken(#[source] reqwest::Error),
    /// The answer is too long.
    #[error("the answer has more than {0} bytes")]
    Large(usize),
    /// Our own fault, such as no authorities to trust.
    #[error("calls can't be made: {}", cause(.0))]
    Own(#[source] reqwest::Error),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Failure::Refused(refused)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match Refused::behind(&error) {
            Some(refused) => Failure::Refused(refused.clone()),
            None if error.is_connect() => Failure::Unreachable(error),
            None if error.is_timeout() => Failure::Late,
            None => Failure::Broken(error),
        }
    }
}

/// The innermost cause; those around it say little.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Makes calls. The clients, one with TLS and one without, are made when they are first needed: that reads the system's
/// authorities.
pub(crate) struct Outgoing {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
    limits: Limits,
    closed: OnceLock<Client>,
    open: OnceLock<Client>,
}

impl Outgoing {
    pub(crate) fn new(guard: Guard, limits: Limits) -> Outgoing {
        Outgoing::looking_up(guard, limits, Arc::new(SystemLookup))
    }

    fn looking_up(guard: Guard, limits: Limits, lookup: Arc<dyn Lookup>) -> Outgoing {
        Outgoing { guard, lookup, limits, closed: OnceLock::new(), open: OnceLock::new() }
    }

    /// Begins a request, for [`Outgoing::send`].
    ///
    /// # Errors
    /// [`Failure::Own`].
    pub(crate) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Failure> {
        Ok(self.client(&url)?.request(method, url))
    }

    /// Sends a request once, if its address may be called.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.guard.url(request.url())?;
        Ok(self.client(request.url())?.execute(request).await?)
    }

    fn client(&self, url: &Url) -> Result<&Client, Failure> {
        let open = url.scheme() != "https";
        let slot = if open { &self.open } else { &self.closed };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        // Whoever installed a provider first wins, and all are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = Checked { lookup: self.lookup.clone(), guard: self.guard.clone(), open };
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .https_only(!open)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(self.limits.connect.min(self.limits.call))
            .timeout(self.limits.call)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(self.limits.idle)
            .user_agent(self.limits.agent)
            .build()
            .map_err(Failure::Own)?;
        Ok(slot.get_or_init(|| client))
    }
}

/// A connection for another protocol than HTTP, to an address that was checked.
///
/// # Errors
/// When the host may not be called; inside, when it can't be reached.
pub(crate) async fn connect(
    guard: &Guard,
    host: &str,
    port: u16,
    open: bool,
) -> Result<io::Result<TcpStream>, Refused> {
    let addresses = match lookup_host((host.trim_matches(['[', ']']), port)).await {
        Ok(addresses) => addresses.collect::<Vec<SocketAddr>>(),
        Err(error) => return Ok(Err(error)),
    };
    addresses.iter().try_for_each(|address| guard.address(address.ip(), open))?;
    Ok(TcpStream::connect(addresses.as_slice()).await)
}

/// The body of an answer.
///
/// # Errors
/// When it breaks off, comes too late, or has more bytes than that.
pub(crate) async fn body(mut answer: Response, most: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(Failure::Large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;
    use std::{
        net::IpAddr,
        sync::atomic::{AtomicUsize, Ordering},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Answers with one list after another; the last for ever.
    struct Rebinding {
        answers: Vec<Vec<IpAddr>>,
        asked: AtomicUsize,
    }

    impl Lookup for Rebinding {
        fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
            let answer = self.answers[at].clone();
            Box::pin(async move { Ok(answer) })
        }
    }

    fn outgoing(allowed: &[&str], answers: &[&[&str]]) -> Outgoing {
        let network = |text: &&str| serde_json::from_value((*text).into()).expect("a network");
        let networks: Vec<Network> = allowed.iter().map(network).collect();
        let address = |ip: &&str| ip.parse().expect("an address");
        let answers = answers.iter().map(|list| list.iter().map(address).collect()).collect();
        let lookup = Rebinding { answers, asked: AtomicUsize::new(0) };
        let (connect, call) = (Duration::from_secs(1), Duration::from_secs(2));
        let limits = Limits { connect, call, idle: 2, agent: "mentor" };
        Outgoing::looking_up(Guard::new(&networks, "x.allowed_networks"), limits, Arc::new(lookup))
    }

    async fn get(outgoing: &Outgoing, url: &str) -> Result<Vec<u8>, Failure> {
        let url = Url::parse(url).expect("a URL");
        body(outgoing.send(Request::new(Method::GET, url)).await?, 10).await
    }

    /// Counts who comes; answers each with these bytes.
    async fn listener(answer: &'static [u8]) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let came = Arc::new(AtomicUsize::new(0));
        let counter = came.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(answer).await;
                });
            }
        });
        (port, came)
    }

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

    #[tokio::test]
    async fn a_name_that_turns_to_a_private_address_is_never_connected_to() {
        let (port, came) = listener(OK).await;
        // Allowed the first time, the machine itself the second.
        let answers: &[&[&str]] = &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1", "10.0.0.1"], &[]];
        let outgoing = outgoing(&["127.0.0.1/32"], answers);
        let url = format!("http://rebind.example:{port}/");
        assert_eq!(get(&outgoing, &url).await.expect("allowed"), b"ok");
        for said in ["127.0.0.2", "10.0.0.1", "no address"] {
            match get(&outgoing, &url).await {
                Err(Failure::Refused(why)) => assert!(why.0.contains(said), "{why}"),
                other => panic!("{said}: {other:?}"),
            }
        }
        assert_eq!(came.load(Ordering::SeqCst), 1, "one connection, to the address that was checked");
    }

    #[tokio::test]
    async fn private_addresses_are_refused_with_tls_too_and_without_a_name() {
        for address in
            ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1", "64:ff9b::7f00:1", "100.64.0.1"]
        {
            let refused = get(&outgoing(&[], &[&[address]]), "https://inside.example/").await;
            assert!(matches!(refused, Err(Failure::Refused(_))), "{address}: {refused:?}");
        }
        let refused = get(&outgoing(&[], &[&[]]), "https://169.254.169.254/latest").await;
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn connections_of_other_protocols_are_guarded_as_well() {
        let (port, came) = listener(OK).await;
        let (strict, allowing) = (Guard::new(&[], "x"), Guard::new(&[], "x").with_this_machine());
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
            assert!(connect(&strict, host, port, false).await.is_err(), "{host}");
        }
        assert!(connect(&allowing, "127.0.0.1", port, true).await.expect("allowed").is_ok());
        assert!(
            connect(&allowing, "127.0.0.1", 1, false).await.expect("allowed").is_err(),
            "nobody is there"
        );
        assert!(came.load(Ordering::SeqCst) <= 1);
    }

    #[tokio::test]
    async fn answers_are_bounded_and_redirects_are_answers() {
        const LARGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n01234567890";
        const TO_METADATA: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let outgoing = outgoing(&["127.0.0.1/32"], &[&["127.0.0.1"]]);
        let (port, _) = listener(LARGE).await;
        let large = get(&outgoing, &format!("http://x.example:{port}/")).await;
        assert!(matches!(large, Err(Failure::Large(10))), "{large:?}");
        let (port, _) = listener(TO_METADATA).await;
        let url = Url::parse(&format!("http://x.example:{port}/")).expect("a URL");
        let answer = outgoing.send(Request::new(Method::GET, url)).await.expect("an answer");
        assert_eq!(answer.status(), 302);
    }

    #[tokio::test]
    async fn nobody_at_home_no_answer_and_half_an_answer_are_told_apart() {
        const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nok";
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = silent.local_addr().expect("bound").port();
        let outgoing = outgoing(&["127.0.0.1/32"], &[&["127.0.0.1"]]);
        let late = get(&outgoing, &format!("http://x.example:{port}/")).await;
        assert!(matches!(late, Err(Failure::Late)), "{late:?}");
        drop(silent);
        let nobody = get(&outgoing, &format!("http://x.example:{port}/secret-path")).await;
        let Err(Failure::Unreachable(error)) = &nobody else { panic!("{nobody:?}") };
        let said = format!("{error:?} {}", cause(error));
        assert!(!cause(error).is_empty() && !said.contains("secret-path"), "{said}");
        let (port, _) = listener(HALF).await;
        let half = get(&outgoing, &format!("http://x.example:{port}/")).await;
        assert!(matches!(half, Err(Failure::Broken(_))), "{half:?}");
    }
}
