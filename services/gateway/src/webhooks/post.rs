//! One attempt over HTTP.

use super::{
    Settings,
    schedule::{self, Outcome},
    target::Targets,
};
use crate::outgoing::{Failure, Limits, Outgoing, cause};
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// Idle connections that are kept to one receiver.
const IDLE: usize = 2;
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

/// Sends messages.
pub(crate) struct Post {
    targets: Targets,
    outgoing: Outgoing,
}

impl Post {
    pub(crate) fn new(settings: &Settings) -> Post {
        let (connect, call) = (CONNECT, settings.timeout());
        let limits = Limits { connect, call, idle: IDLE, agent: "mentor-webhooks/1" };
        Post { targets: Targets::new(settings), outgoing: Outgoing::new(settings.guard(), limits) }
    }

    /// What may be called.
    pub(crate) fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Sends it once.
    ///
    /// # Errors
    /// When it can't be signed, or the system has no authorities: our fault and not the receiver's.
    pub(crate) async fn send(&self, url: &str, message: &Signed<'_>) -> Result<Answer> {
        let began = Instant::now();
        let target = match self.targets.target(url) {
            Ok(target) => target,
            Err(refused) => return Ok(failed(Outcome::Blocked, refused.0, began)),
        };
        let timestamp = message.now.as_second();
        let request = self.outgoing.request(Method::POST, target).map_err(Error::internal)?;
        let request = request
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, message.id.to_string())
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures(message, timestamp)?)
            .body(message.body.to_owned())
            .build()
            .map_err(Error::internal)?;
        match self.outgoing.send(request).await {
            Ok(response) => Ok(answered(response, message.now, began).await),
            Err(failure) => {
                let (outcome, why) = unanswered(failure)?;
                Ok(failed(outcome, why, began))
            }
        }
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

/// Why there is no answer.
fn unanswered(failure: Failure) -> Result<(Outcome, String)> {
    Ok(match failure {
        Failure::Refused(refused) => (Outcome::Blocked, refused.0),
        Failure::Late => (Outcome::Late, failure.to_string()),
        Failure::Unreachable(error) | Failure::Broken(error) => (Outcome::Unreachable, cause(&error)),
        failure @ (Failure::Large(_) | Failure::Own(_)) => return Err(Error::internal(failure)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    fn post(allowed: &[&str]) -> Post {
        let network = |text: &&str| serde_json::from_value((*text).into()).expect("a network");
        let allowed_networks = allowed.iter().map(network).collect();
        Post::new(&Settings {
            allowed_networks,
            ports: Vec::new(),
            timeout_seconds: 1,
            ..Settings::default()
        })
    }

    async fn send(post: &Post, url: &str) -> Answer {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let message = Signed { id: Uuid::nil(), body: "{}", secrets: &[secret], now: Timestamp::UNIX_EPOCH };
        post.send(url, &message).await.expect("signed")
    }

    #[tokio::test]
    async fn private_addresses_are_blocked_behind_a_name_too() {
        for url in ["https://127.0.0.1/", "https://localhost/"] {
            let answer = send(&post(&[]), url).await;
            assert!(answer.error.contains("no public address"), "{url}: {answer:?}");
            assert_eq!(answer.outcome, Outcome::Blocked);
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        const TO_METADATA: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(TO_METADATA).await;
        });
        let answer = send(&post(&["127.0.0.1/32"]), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answer.outcome, Outcome::Answered { status: 302, retry_after: None });
        assert!(answer.error.contains("redirects are not followed"));
    }

    #[tokio::test]
    async fn nobody_at_home_and_no_answer_are_told_apart() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = silent.local_addr().expect("bound").port();
        let post = post(&["127.0.0.1/32"]);
        assert_eq!(send(&post, &format!("http://127.0.0.1:{port}/")).await.outcome, Outcome::Late);
        drop(silent);
        let answer = send(&post, &format!("http://127.0.0.1:{port}/secret-path")).await;
        assert_eq!(answer.outcome, Outcome::Unreachable);
        assert!(!answer.error.is_empty() && !answer.error.contains("secret-path"), "{answer:?}");
    }
}
