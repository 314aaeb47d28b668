//! Who we are to a source: HTTP Basic (RFC 7617), or a bearer token from an OAuth token endpoint (RFC 6749), fetched when it
//! is needed, renewed before it ends, and once more when the source takes it for expired.

use super::{
    client::{Answer, Client, refused, source_invalid},
    saml::Assertion,
};
use jiff::{SignedDuration, Timestamp};
use kernel::Result;
use reqwest::{
    Request, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

/// Tokens are renewed this long before they end.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// How long a token is good whose answer does not say.
const LIFE: i64 = 3_600;
/// Secrets shorter than this are no use in looking for them.
const FINDABLE: usize = 6;

/// How a source knows us.
pub(super) enum Auth {
    /// User and password with each call.
    Basic { user: String, password: SecretString },
    /// A token.
    OAuth { token_url: Url, grant: Grant },
}

/// What a token is given for.
pub(super) enum Grant {
    /// RFC 6749, 4.4, with the credentials in the form.
    ClientCredentials { client_id: String, client_secret: SecretString },
    /// RFC 6749, 6, with the credentials in the form.
    RefreshToken { client_id: String, client_secret: SecretString, refresh_token: SecretString },
    /// RFC 7522, 2.1, with the company's id, as SuccessFactors wants it.
    Saml { company_id: String, assertion: Box<Assertion> },
}

/// A client that is known to its source.
pub(super) struct Session {
    client: Client,
    auth: Auth,
    token: Mutex<Option<Token>>,
}

struct Token {
    text: SecretString,
    until: Timestamp,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    /// A number, or a text with one.
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl Session {
    pub(super) fn new(client: Client, auth: Auth) -> Self {
        Session { client, auth, token: Mutex::new(None) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Reads an address as JSON or whatever `accept` says.
    ///
    /// # Errors
    /// As [`Client::send`]; `SOURCE_REFUSED` when there is no token to be had. Refusals of the call itself are in the answer.
    pub(super) async fn get(&self, url: Url, accept: &'static str, deadline: Instant) -> Result<Answer> {
        let request = Request::new(reqwest::Method::GET, url);
        match &self.auth {
            Auth::Basic { user, password } => {
                let request = self.client.request(request.method().clone(), request.url().clone())?;
                let request = request.basic_auth(user, Some(password.expose_secret())).build();
                self.send(request.map_err(kernel::Error::internal)?, accept, deadline).await
            }
            Auth::OAuth { token_url, grant } => {
                let token = self.token(token_url, grant, None, deadline).await?;
                let answer = self.send(bearer(&request, &token)?, accept, deadline).await?;
                if answer.status != StatusCode::UNAUTHORIZED {
                    return Ok(answer);
                }
                // Taken back before its time. Once: whoever refuses a new token as well means it.
                let token = self.token(token_url, grant, Some(&token), deadline).await?;
                self.send(bearer(&request, &token)?, accept, deadline).await
            }
        }
    }

    async fn send(&self, mut request: Request, accept: &'static str, deadline: Instant) -> Result<Answer> {
        request.headers_mut().insert(reqwest::header::ACCEPT, HeaderValue::from_static(accept));
        let mut answer = self.client.send(&request, deadline).await?;
        self.keep_silent(&mut answer).await;
        Ok(answer)
    }

    /// The token at hand, or a new one when it ends or is the one that was refused. One call at a time asks for it.
    async fn token(
        &self,
        url: &Url,
        grant: &Grant,
        refused: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<SecretString> {
        let mut held = self.token.lock().await;
        let now = self.client.clock().now();
        let is_refused =
            |token: &Token| refused.is_some_and(|old| old.expose_secret() == token.text.expose_secret());
        if let Some(token) = held.as_ref().filter(|token| now < token.until && !is_refused(token)) {
            return Ok(token.text.clone());
        }
        let token = self.ask(url, grant, now, deadline).await?;
        let text = token.text.clone();
        *held = Some(token);
        Ok(text)
    }

    async fn ask(&self, url: &Url, grant: &Grant, now: Timestamp, deadline: Instant) -> Result<Token> {
        let form = grant.form(now, self.client.clock().new_id())?;
        let pairs: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self.client.request(reqwest::Method::POST, url.clone())?.body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request =
            request.header("accept", "application/json").build().map_err(kernel::Error::internal)?;
        let mut answer = self.client.send(&request, deadline).await?;
        hide(&mut answer.said, form.iter().map(|(_, value)| value));
        if answer.status.is_client_error() {
            let said = if answer.said.is_empty() { String::new() } else { format!(": {}", answer.said) };
            let message = format!("{} gives no token ({}){said}", self.client.host(), answer.status);
            return Err(refused(message));
        }
        let token: TokenAnswer = answer.json()?;
        let life =
            token.expires_in.as_i64().or_else(|| token.expires_in.as_str()?.parse().ok()).unwrap_or(LIFE);
        let life = SignedDuration::from_secs(life.clamp(0, 30 * 86_400));
        // One that lives for less than a minute is used all the same, until it is refused.
        let life = if life > EARLY * 2 { life - EARLY } else { life };
        let until = now.checked_add(life).unwrap_or(Timestamp::MAX);
        Ok(Token { text: token.access_token, until })
    }

    /// A source that repeats what it was sent must not bring our secrets into messages.
    async fn keep_silent(&self, answer: &mut Answer) {
        if answer.said.is_empty() {
            return;
        }
        match &self.auth {
            Auth::Basic { password, .. } => hide(&mut answer.said, [password]),
            Auth::OAuth { grant, .. } => {
                let token = self.token.lock().await.as_ref().map(|token| token.text.clone());
                hide(&mut answer.said, grant.secrets().into_iter().chain(token.as_ref()));
            }
        }
    }
}

impl Grant {
    /// The form of a request for a token; all of it is kept from sight, since most of it is secret.
    fn form(&self, now: Timestamp, id: kernel::Uuid) -> Result<Vec<(&'static str, SecretString)>> {
        let plain = |text: &str| SecretString::from(text.to_owned());
        Ok(match self {
            Grant::ClientCredentials { client_id, client_secret } => vec![
                ("grant_type", plain("client_credentials")),
                ("client_id", plain(client_id)),
                ("client_secret", client_secret.clone()),
            ],
            Grant::RefreshToken { client_id, client_secret, refresh_token } => vec![
                ("grant_type", plain("refresh_token")),
                ("refresh_token", refresh_token.clone()),
                ("client_id", plain(client_id)),
                ("client_secret", client_secret.clone()),
            ],
            Grant::Saml { company_id, assertion } => vec![
                ("grant_type", plain("urn:ietf:params:oauth:grant-type:saml2-bearer")),
                ("company_id", plain(company_id)),
                ("client_id", plain(assertion.client_id())),
                ("assertion", assertion.sign(now, id)?),
            ],
        })
    }

    fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Grant::ClientCredentials { client_secret, .. } => vec![client_secret],
            Grant::RefreshToken { client_secret, refresh_token, .. } => vec![client_secret, refresh_token],
            Grant::Saml { .. } => Vec::new(),
        }
    }
}

fn bearer(request: &Request, token: &SecretString) -> Result<Request> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| source_invalid("the source gave a token that can't be sent"))?;
    value.set_sensitive(true);
    let mut request =
        request.try_clone().ok_or_else(|| kernel::Error::internal("requests have no streams"))?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(request)
}

fn hide<'s>(said: &mut String, secrets: impl IntoIterator<Item = &'s SecretString>) {
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() >= FINDABLE && said.contains(secret) {
            *said = said.replace(secret, "…");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_cut_out_of_what_a_source_says() {
        let secrets = [SecretString::from("s3cr3t-word".to_owned()), SecretString::from("e".to_owned())];
        let mut said = "wrong key s3cr3t-word!".to_owned();
        hide(&mut said, &secrets);
        assert_eq!(said, "wrong key …!", "what is too short to be one is left alone");
    }

    #[test]
    fn forms_are_what_the_rfc_says_and_never_printed() {
        let secret = |text: &str| SecretString::from(text.to_owned());
        let grant = Grant::RefreshToken {
            client_id: "me".into(),
            client_secret: secret("word"),
            refresh_token: secret("again"),
        };
        let form = grant.form(Timestamp::UNIX_EPOCH, kernel::Uuid::nil()).expect("a form");
        assert!(!format!("{form:?}").contains("again"));
        let sent: Vec<_> =
            form.iter().map(|(name, value)| format!("{name}={}", value.expose_secret())).collect();
        assert_eq!(
            sent,
            ["grant_type=refresh_token", "refresh_token=again", "client_id=me", "client_secret=word"]
        );
    }
}
