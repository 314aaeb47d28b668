//! One attempt over HTTP: no redirects, no proxies, checked addresses, a bounded time and a bounded answer.

use super::{
    guard::{Guard, Refused},
    resolve::{Checked, Lookup, SystemLookup},
    schedule::{self, Outcome},
};
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};
use reqwest::{Client, Response, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use std::{
    error::Error as StdError,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::Instant;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read and kept.
const ANSWER: usize = 1_024;
/// Characters of an error that are kept.
const ERROR: usize = 500;

/// What is sent.
pub(crate) struct Signed<'a> {
    pub(crate) id: Uuid,
    pub(crate) body: &'a str,
    /// Every secret that signs now.
    pub(crate) secrets: &'a [SecretString],
    pub(crate) now: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// Why there was no answer, or none that counts; empty when it went well.
    pub(crate) error: String,
    /// The first bytes.
    pub(crate) text: String,
}

/// The clients: one with TLS, one without. Made when first needed, since that reads the system's authorities.
pub(crate) struct Post {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
    timeout: Duration,
    closed: OnceLock<Client>,
    open: OnceLock<Client>,
}

impl Post {
    pub(crate) fn new(guard: Guard, timeout: Duration) -> Post {
        Post::looking_up(guard, timeout, Arc::new(SystemLookup))
    }

    fn looking_up(guard: Guard, timeout: Duration, lookup: Arc<dyn Lookup>) -> Post {
        Post { guard, lookup, timeout, closed: OnceLock::new(), open: OnceLock::new() }
    }

    /// Sends it once.
    ///
    /// # Errors
    /// When it can't be signed, or the system has no authorities: our fault and not the receiver's.
    pub(crate) async fn send(&self, url: &str, message: &Signed<'_>) -> Result<Answer> {
        let began = Instant::now();
        let target = match self.guard.target(url) {
            Ok(target) => target,
            Err(refused) => return Ok(failed(Outcome::Blocked, refused.0, began)),
        };
        let client = self.client(target.scheme() == "http")?;
        let timestamp = message.now.as_second();
        let request = client
            .post(target)
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, message.id.to_string())
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures(message, timestamp)?)
            .body(message.body.to_owned());
        Ok(match request.send().await {
            Ok(response) => answered(response, message.now, began).await,
            Err(error) => {
                let (outcome, why) = unanswered(error);
                failed(outcome, why, began)
            }
        })
    }

    fn client(&self, open: bool) -> Result<&Client> {
        let slot = if open { &self.open } else { &self.closed };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let resolver = Checked { lookup: self.lookup.clone(), guard: self.guard.clone(), open };
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .https_only(!open)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(CONNECT.min(self.timeout))
            .timeout(self.timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(2)
            .user_agent("mentor-webhooks/1")
            .build()
            .map_err(Error::internal)?;
        Ok(slot.get_or_init(|| client))
    }
}

/// One signature for each secret, the newest first.
fn signatures(message: &Signed<'_>, timestamp: i64) -> Result<String> {
    let id = message.id.to_string();
    let sign = |secret: &SecretString| {
        let webhook = Webhook::new(secret.expose_secret()).map_err(Error::internal)?;
        webhook.sign(&id, timestamp, message.body.as_bytes()).map_err(Error::internal)
    };
    let signatures: Vec<String> = message.secrets.iter().map(sign).collect::<Result<_>>()?;
    if signatures.is_empty() {
        return Err(Error::internal("a webhook has no secret"));
    }
    Ok(signatures.join(" "))
}

async fn answered(mut response: Response, now: Timestamp, began: Instant) -> Answer {
    let status = response.status();
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(|header| schedule::retry_after(header, now));
    let text = beginning(&mut response).await;
    let error = match status.as_u16() {
        200..=299 => String::new(),
        300..=399 => format!("answered {status}; redirects are not followed"),
        _ => format!("answered {status}"),
    };
    let outcome = Outcome::Answered { status: status.as_u16(), retry_after };
    Answer { outcome, took: began.elapsed(), error, text }
}

/// The first bytes of the body, as far as they come in time; the rest is not read.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend(chunk.iter().take(ANSWER - bytes.len()));
    }
    // Postgres keeps no NUL; what was cut in the middle of a character loses it.
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}

fn failed(outcome: Outcome, error: String, began: Instant) -> Answer {
    let error = error.replace('\0', "").chars().take(ERROR).collect();
    Answer { outcome, took: began.elapsed(), error, text: String::new() }
}

/// Why there is no answer. The address itself is not part of it.
fn unanswered(error: reqwest::Error) -> (Outcome, String) {
    if error.is_timeout() {
        return (Outcome::Late, "no answer in time".to_owned());
    }
    let error = error.without_url();
    let mut cause: &dyn StdError = &error;
    while let Some(deeper) = cause.source() {
        if let Some(refused) = deeper.downcast_ref::<Refused>() {
            return (Outcome::Blocked, refused.0.clone());
        }
        cause = deeper;
    }
    (Outcome::Unreachable, cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::{Settings, guard::Network};
    use futures::future::BoxFuture;
    use std::{
        io,
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

    fn post(allowed: &[&str], answers: &[&[&str]]) -> Post {
        runtime::install_crypto();
        let networks =
            allowed.iter().map(|text| serde_json::from_value::<Network>((*text).into()).expect("a network"));
        let settings =
            Settings { allowed_networks: networks.collect(), ports: Vec::new(), ..Settings::default() };
        let answers =
            answers.iter().map(|list| list.iter().map(|ip| ip.parse().expect("an address")).collect());
        let lookup = Rebinding { answers: answers.collect(), asked: AtomicUsize::new(0) };
        Post::looking_up(Guard::new(&settings), Duration::from_secs(2), Arc::new(lookup))
    }

    async fn send(post: &Post, url: &str) -> Answer {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let message = Signed { id: Uuid::nil(), body: "{}", secrets: &[secret], now: Timestamp::UNIX_EPOCH };
        post.send(url, &message).await.expect("signed")
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
        let post =
            post(&["127.0.0.1/32"], &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1", "10.0.0.1"], &[]]);
        let url = format!("http://rebind.example:{port}/");
        assert_eq!(send(&post, &url).await.text, "ok");
        for said in ["127.0.0.2", "10.0.0.1", "no address"] {
            let answer = send(&post, &url).await;
            assert!(answer.outcome == Outcome::Blocked && answer.error.contains(said), "{answer:?}");
        }
        assert_eq!(came.load(Ordering::SeqCst), 1, "one connection, to the address that was checked");
    }

    #[tokio::test]
    async fn private_addresses_behind_a_name_are_refused_with_tls_too() {
        for address in
            ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1", "64:ff9b::7f00:1", "100.64.0.1"]
        {
            let answer = send(&post(&[], &[&[address]]), "https://inside.example/").await;
            assert_eq!(answer.outcome, Outcome::Blocked, "{address}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        const TO_METADATA: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let (port, _) = listener(TO_METADATA).await;
        let answer =
            send(&post(&["127.0.0.1/32"], &[&["127.0.0.1"]]), &format!("http://x.example:{port}/")).await;
        assert_eq!(answer.outcome, Outcome::Answered { status: 302, retry_after: None });
        assert!(answer.error.contains("redirects are not followed"));
    }

    #[tokio::test]
    async fn nobody_at_home_and_no_answer_are_told_apart() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = silent.local_addr().expect("bound").port();
        let post = post(&["127.0.0.1/32"], &[&["127.0.0.1"]]);
        assert_eq!(send(&post, &format!("http://x.example:{port}/")).await.outcome, Outcome::Late);
        drop(silent);
        let answer = send(&post, &format!("http://x.example:{port}/secret-path")).await;
        assert_eq!(answer.outcome, Outcome::Unreachable);
        assert!(!answer.error.is_empty() && !answer.error.contains("secret-path"), "{answer:?}");
    }
}
