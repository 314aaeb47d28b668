//! The suite as a client of an identity provider: what is sent there, and whether what comes back may be believed.

use super::{
    discovery::{self, ALGORITHMS, Provider as Described},
    places, unusable,
};
use crate::{Gateway, providers::provider::Provider};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, ErrorKind, Result};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce, NonceVerifier, OAuth2TokenResponse,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, SignatureVerificationError,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{CoreClient, CoreClientAuthMethod, CoreGenderClaim, CoreIdToken, CoreTokenResponse},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Clocks differ by at most this.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// An ID token is taken for so long after it was issued at most.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a provider said of somebody.
pub(crate) struct Claimed {
    /// The claims, verified.
    pub(crate) claims: Value,
    pub(crate) id_token: String,
    pub(crate) refresh_token: Option<String>,
    /// Seconds that its tokens are good.
    pub(crate) seconds: i64,
}

impl Claimed {
    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The client of a provider.
///
/// # Errors
/// `PROVIDER_UNUSABLE` when its secret can't be read, or what it says of itself does not fit.
pub(crate) fn client(gateway: &Gateway, provider: &Provider, described: &Described) -> Result<Client> {
    let secret = match &provider.secret {
        None => None,
        Some(sealed) => {
            let opened = gateway.sign_in.keys().open(crate::providers::secret_name(provider.id), sealed);
            let text = opened.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
                unusable("the client secret can't be read with the keys of services.gateway.keys_file; set it anew")
            })?;
            Some(ClientSecret::new(text))
        }
    };
    let basic = described.metadata.token_endpoint_auth_methods_supported().is_none_or(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
            || !methods.contains(&CoreClientAuthMethod::ClientSecretPost)
    });
    let id = ClientId::new(provider.settings.client_id.clone());
    let redirect =
        RedirectUrl::new(places::callback(&gateway.settings.public_url)).map_err(Error::internal)?;
    let client = CoreClient::from_provider_metadata(described.metadata.clone(), id, secret);
    let auth_type = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
    Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type))
}

/// Exchanges a code for what the provider says of the person.
///
/// # Errors
/// `TOKEN_INVALID` for a code or an ID token that is not good, `PROVIDER_UNUSABLE` when it does not answer.
pub(crate) async fn exchange(
    gateway: &Gateway,
    provider: &Provider,
    code: String,
    verifier: String,
    nonce: &str,
) -> Result<Claimed> {
    let described = gateway.sign_in.providers.get(&provider.settings.issuer).await?;
    let client = client(gateway, provider, &described)?;
    let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|_| no_token_endpoint())?;
    let request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
    let answer = request.request_async(gateway.sign_in.providers.http()).await.map_err(refused)?;
    let nonce = nonce.to_owned();
    claimed(gateway, provider, &client, &answer, None, |sent: Option<&Nonce>| match sent {
        Some(sent) if *sent.secret() == nonce => Ok(()),
        _ => Err("another nonce than was sent".to_owned()),
    })
    .await
}

/// Asks the provider again. `None` when it says that the session is over.
///
/// # Errors
/// As [`exchange`], when nothing is known.
pub(crate) async fn renew(
    gateway: &Gateway,
    provider: &Provider,
    refresh_token: &str,
    subject: &str,
    id_token: &str,
) -> Result<Option<Claimed>> {
    let described = gateway.sign_in.providers.get(&provider.settings.issuer).await?;
    let client = client(gateway, provider, &described)?;
    let token = RefreshToken::new(refresh_token.to_owned());
    let request = client.exchange_refresh_token(&token).map_err(|_| no_token_endpoint())?;
    let answer = match request.request_async(gateway.sign_in.providers.http()).await {
        Ok(answer) => answer,
        Err(RequestTokenError::ServerResponse(said)) => {
            tracing::info!(said = said.error().as_ref(), "an identity provider does not renew a session");
            return Ok(None);
        }
        Err(error) => return Err(refused(error)),
    };
    // A nonce need not come again (OpenID Connect Core, 12.2).
    let claimed =
        claimed(gateway, provider, &client, &answer, Some(id_token), |_: Option<&Nonce>| Ok(())).await?;
    if claimed.text("sub") != subject {
        return Ok(None);
    }
    Ok(Some(claimed))
}

fn no_token_endpoint() -> Box<Error> {
    unusable("the identity provider names no token endpoint")
}

fn refused<E, T>(error: RequestTokenError<E, T>) -> Box<Error>
where
    E: std::error::Error + 'static,
    T: openidconnect::ErrorResponse + 'static,
{
    let explained = discovery::explained(&error);
    match error {
        RequestTokenError::ServerResponse(_) => {
            let message = "the identity provider did not accept the sign-in; begin anew";
            Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message).caused_by(explained)
        }
        _ => unusable("the identity provider does not answer as it should; try again").caused_by(explained),
    }
}

async fn claimed(
    gateway: &Gateway,
    provider: &Provider,
    client: &Client,
    answer: &CoreTokenResponse,
    before: Option<&str>,
    nonce: impl NonceVerifier + Clone,
) -> Result<Claimed> {
    let missing = || invalid("it sent no ID token");
    let (id_token, claims) = match (answer.id_token(), before) {
        (Some(token), _) => {
            verify(gateway, provider, client, token, nonce).await?;
            (token.to_string(), payload(&token.to_string())?)
        }
        // A refresh may bring none; then what was said before stands.
        (None, Some(before)) => (before.to_owned(), payload(before)?),
        (None, None) => return Err(missing()),
    };
    let claims = completed(gateway, provider, client, answer, claims).await;
    let seconds = answer.expires_in().and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or(3_600);
    let refresh_token = answer.refresh_token().map(|token| token.secret().clone());
    Ok(Claimed { claims, id_token, refresh_token, seconds })
}

/// Verifies an ID token, by keys fetched anew when it names one that is not known.
async fn verify(
    gateway: &Gateway,
    provider: &Provider,
    client: &Client,
    token: &CoreIdToken,
    nonce: impl NonceVerifier + Clone,
) -> Result<()> {
    let now = gateway.db.clock().now();
    let once = check(client, token, nonce.clone(), now);
    let unknown = matches!(
        once,
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::AmbiguousKeyId(_)
        ))
    );
    let outcome = if unknown {
        let renewed = gateway.sign_in.providers.renewed(&provider.settings.issuer).await?;
        check(&self::client(gateway, provider, &renewed)?, token, nonce, now)
    } else {
        once
    };
    outcome.map_err(|error| invalid("its ID token is not good").caused_by(discovery::explained(&error)))?;
    bounded(&payload(&token.to_string())?, &provider.settings.client_id, now)
}

fn check(
    client: &Client,
    token: &CoreIdToken,
    nonce: impl NonceVerifier,
    now: Timestamp,
) -> std::result::Result<(), ClaimsVerificationError> {
    let instant = |at: Timestamp| chrono::DateTime::from_timestamp(at.as_second(), 0).unwrap_or_default();
    let plus = |at: Timestamp, by: SignedDuration| at.checked_add(by).unwrap_or(at);
    let (latest, oldest) = (instant(plus(now, LEEWAY)), instant(plus(now, -(FRESH + LEEWAY))));
    let early = instant(plus(now, -LEEWAY));
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS.map(|(_, algorithm)| algorithm))
        .set_time_fn(move || early)
        .set_issue_time_verifier_fn(move |issued| match issued {
            issued if issued > latest => Err("issued in the future".to_owned()),
            issued if issued < oldest => Err("issued too long ago".to_owned()),
            _ => Ok(()),
        });
    token.claims(&verifier, nonce).map(|_| ())
}

/// What the crate leaves to its users: `nbf`, `azp` and the length of `sub`.
fn bounded(claims: &Value, client_id: &str, now: Timestamp) -> Result<()> {
    if let Some(nbf) = claims.get("nbf").and_then(Value::as_f64)
        && now.as_second().saturating_add(LEEWAY.as_secs()) < nbf as i64
    {
        return Err(invalid("its ID token is not valid yet"));
    }
    if claims.get("azp").and_then(Value::as_str).is_some_and(|azp| azp != client_id) {
        return Err(invalid("its ID token is for another client"));
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    if subject.is_empty() || subject.len() > 255 {
        return Err(invalid("its ID token names nobody"));
    }
    Ok(())
}

fn invalid(why: &'static str) -> Box<Error> {
    let message = format!("what the identity provider sent can't be believed: {why}; begin anew");
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message)
}

/// The claims of a token that was verified.
fn payload(token: &str) -> Result<Value> {
    let part = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = part.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    claims.filter(Value::is_object).ok_or_else(|| invalid("its ID token has no claims"))
}

/// Claims of any name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Any(Map<String, Value>);

impl AdditionalClaims for Any {}

/// Adds what only the userinfo endpoint says, when something is wanted that the ID token lacks. Without it the claims are as
/// they are: whoever can't be found then hears so.
async fn completed(
    gateway: &Gateway,
    provider: &Provider,
    client: &Client,
    answer: &CoreTokenResponse,
    mut claims: Value,
) -> Value {
    let lacks = |name: &&str| crate::providers::provider::claim(&claims, name).is_none();
    if !provider.settings.wanted().iter().any(lacks) {
        return claims;
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    let subject = SubjectIdentifier::new(subject);
    let Ok(request) = client.user_info(answer.access_token().clone(), Some(subject)) else { return claims };
    let said: std::result::Result<UserInfoClaims<Any, CoreGenderClaim>, _> =
        request.request_async(gateway.sign_in.providers.http()).await;
    match said.map(serde_json::to_value) {
        Ok(Ok(Value::Object(more))) => {
            if let Value::Object(claims) = &mut claims {
                for (name, value) in more {
                    claims.entry(name).or_insert(value);
                }
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(
                cause = discovery::explained(&error),
                "an identity provider's userinfo could not be read"
            );
        }
    }
    claims
}
