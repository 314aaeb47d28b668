//! Who is out, and how long it takes until every service says so: whoever left by SCIM, and whoever signed out at the
//! identity provider.

use crate::{
    browser::Browser,
    life::PATIENCE,
    process::{Fleet, SERVICES},
    stage::Stage,
};
use contracts::mentor::{
    enrollment::v1::{ListProgramsRequest, program_service_client::ProgramServiceClient},
    evaluation::v1::{ListReviewsRequest, review_service_client::ReviewServiceClient},
    gateway::v1::{
        CreateConnectionRequest, CreateIdentityProviderRequest, IdentityProvider, IdentityProviderSettings,
        ListConnectionsRequest, connection_service_client::ConnectionServiceClient,
        identity_provider_service_client::IdentityProviderServiceClient,
    },
    matching::v1::{ListMatchesRequest, match_service_client::MatchServiceClient},
    scheduling::v1::{ListMeetingsRequest, meeting_service_client::MeetingServiceClient},
};
use futures::future::join_all;
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, Role, SystemClock, TenantId, Uuid};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{eventually, peers::Mock};
use tokio::{sync::watch, time::interval};
use tonic::Status;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// How often whoever is out tries each service.
const PACE: Duration = Duration::from_millis(20);

/// Why somebody's own list is refused by a service, if it is.
pub async fn refusal(service: &str, channel: Channel) -> Option<&'static str> {
    let refused: Result<(), Status> = match service {
        "enrollment" => {
            let mut client = ProgramServiceClient::new(channel);
            client.list_programs(ListProgramsRequest::default()).await.map(|_| ())
        }
        "matching" => {
            let mut client = MatchServiceClient::new(channel);
            client.list_matches(ListMatchesRequest::default()).await.map(|_| ())
        }
        "scheduling" => {
            let mut client = MeetingServiceClient::new(channel);
            client.list_meetings(ListMeetingsRequest::default()).await.map(|_| ())
        }
        "gateway" => {
            let mut client = ConnectionServiceClient::new(channel);
            let answer = client.list_connections(ListConnectionsRequest::default()).await.map(|_| ());
            // Employees have nothing to do there: who is somebody still hears this, and not that they are gone.
            answer.or_else(|status| match grpc::from_status(status.clone()).reason {
                "PERMISSION_DENIED" => Ok(()),
                _ => Err(status),
            })
        }
        _ => {
            let mut client = ReviewServiceClient::new(channel);
            client.list_reviews(ListReviewsRequest::default()).await.map(|_| ())
        }
    };
    refused.err().map(|status| grpc::from_status(status).reason)
}

/// Does something that puts somebody out who keeps calling every service. Gives the time from its beginning until the
/// last service refused them, each for this reason and from then on.
///
/// # Panics
/// When a service refuses them before, for another reason, not in time, or lets them in again.
pub async fn put_out(
    callers: &[(&'static str, Channel)],
    reason: &'static str,
    act: impl Future<Output = ()>,
) -> Duration {
    for (service, channel) in callers {
        assert_eq!(refusal(service, channel.clone()).await, None, "{service} before");
    }
    let (over, hears) = watch::channel(false);
    let began = Instant::now();
    let trying = callers.iter().map(|(service, channel)| {
        let (service, channel, hears) = (*service, channel.clone(), hears.clone());
        async move {
            let (mut pace, mut refused) = (interval(PACE), None);
            while !*hears.borrow() {
                pace.tick().await;
                let said = refusal(service, channel.clone()).await;
                match (said, refused) {
                    (Some(said), None) => {
                        assert_eq!(said, reason, "{service}");
                        refused = Some(began.elapsed());
                    }
                    (None, Some(_)) => panic!("{service} let in again who was out"),
                    _ => {}
                }
            }
            refused.unwrap_or_else(|| panic!("{service} still lets in who is out"))
        }
    });
    let ending = async {
        act.await;
        for (service, channel) in callers {
            eventually!(PATIENCE, refusal(service, channel.clone()).await == Some(reason));
        }
        over.send_replace(true);
    };
    let (times, ()) = tokio::join!(join_all(trying), ending);
    times.into_iter().max().unwrap_or_default()
}

/// The services, somebody to leave, and an identity provider: oauth2-mock-server, whose tokens every service trusts.
pub struct Departures {
    /// The processes.
    pub fleet: Fleet,
    mock: Mock,
    provider: IdentityProvider,
    root: String,
    scim: String,
    http: reqwest::Client,
    out: Vec<(String, &'static str)>,
}

impl Departures {
    /// Starts all of it; the fleet is prepared and nothing of it runs yet.
    ///
    /// # Panics
    /// When something is missing, with what to install.
    pub async fn start(mut fleet: Fleet) -> Departures {
        let mock = Mock::start().await;
        let root = fleet.sign_people_in(&[trusted(&mock, fleet.tenant)]);
        fleet.start_all().await;
        let stage = fleet.stage();
        let mut connections = ConnectionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
        let request = CreateConnectionRequest { request_id: stage.request_id(), name: "Entra ID".into() };
        let scim = connections.create_connection(request).await.expect("allowed").into_inner().token;
        let provider = provider(
            &stage,
            IdentityProviderSettings {
                name: "Staff".into(),
                issuer: mock.issuer.clone(),
                client_id: "mentor".into(),
                link_by_email: true,
                default_roles: vec!["employee".into()],
                ..IdentityProviderSettings::default()
            },
            "",
        )
        .await;
        Departures { fleet, mock, provider, root, scim, http: reqwest::Client::new(), out: Vec::new() }
    }

    /// Somebody comes by SCIM; the id of the user and of the person, once every service could know them.
    ///
    /// # Panics
    /// When it does not work.
    pub async fn arrive(&self, name: &str) -> (String, Uuid) {
        let email = format!("{name}@example.org");
        let body = json!({
            "schemas": [USER, ENTERPRISE], "userName": email, "displayName": name, "active": true,
            "emails": [{ "type": "work", "primary": true, "value": email }], ENTERPRISE: { "employeeNumber": name },
        });
        let made = self.scim(Method::POST, "/Users", &body).await;
        let person = eventually!(PATIENCE, self.fleet.stage().people().await.get(name).copied());
        (made["id"].as_str().expect("an id").to_owned(), person)
    }

    /// How long somebody who has left by SCIM is let in anywhere.
    ///
    /// # Panics
    /// When they are not refused, or for another reason.
    pub async fn leaves(&mut self, name: &str) -> Duration {
        let (user, person) = self.arrive(name).await;
        // The gateway can refuse at once whom it knows.
        eventually!(PATIENCE, self.sign_in(name, "").await.is_some());
        let token = self.fleet.token(Role::Employee, Some(person));
        let body = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "active", "value": false }] });
        let path = format!("/Users/{user}");
        let act = async { drop(self.scim(Method::PATCH, &path, &body).await) };
        let time = put_out(&self.callers(&token), "PERSON_DEACTIVATED", act).await;
        self.out.push((token, "PERSON_DEACTIVATED"));
        time
    }

    /// How long tokens of a session are taken anywhere after the identity provider said that it is over; the browser's
    /// cookie leads nowhere by then.
    ///
    /// # Panics
    /// When they are not refused, or for another reason.
    pub async fn signs_out(&mut self, name: &str) -> Duration {
        let (_, person) = self.arrive(name).await;
        let sid = SystemClock.new_id().to_string();
        let mut browser = eventually!(PATIENCE, self.sign_in(name, &sid).await);
        let now = SystemClock.now().as_second();
        let token = self.mock.sign(json!({ "typ": "JWT" }), json!({
            "iss": self.mock.issuer, "aud": "mentor", "sub": name, "iat": now, "exp": now + 3_600, "sid": sid,
            "tenant": self.fleet.tenant, "person": person, "roles": ["employee"],
        }));
        let said = self.mock.sign(json!({}), json!({
            "iss": self.mock.issuer, "aud": "mentor", "iat": now, "exp": now + 120, "jti": sid, "sid": sid,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        }));
        let (token, said) = tokio::join!(token, said);
        let act = async {
            let form = [("logout_token", said.as_str())];
            let sent = self.http.post(&self.provider.backchannel_logout_uri).form(&form).send().await;
            assert_eq!(sent.expect("answered").status().as_u16(), 200);
        };
        let time = put_out(&self.callers(&token), "SESSION_ENDED", act).await;
        assert_eq!(browser.get(&format!("{}/auth/sessions", self.root)).await.status, 401);
        self.out.push((token, "SESSION_ENDED"));
        time
    }

    /// The tokens of everybody who is out, and why.
    pub fn out(&self) -> &[(String, &'static str)] {
        &self.out
    }

    /// A browser in which somebody has signed in, if they are known.
    async fn sign_in(&self, name: &str, sid: &str) -> Option<Browser> {
        let email = format!("{name}@example.org");
        let claims = json!({ "sub": name, "email": email, "email_verified": true, "sid": sid });
        self.mock.control(json!({ "claims": claims })).await;
        let mut browser = Browser::new();
        let end = browser.follow(&self.provider.login_url).await;
        (end.url.path() == "/auth/signed-in" && end.status == 200).then_some(browser)
    }

    /// A channel to each service with this token.
    ///
    /// # Panics
    /// When a service was not started.
    pub fn callers(&self, token: &str) -> Vec<(&'static str, Channel)> {
        let channel = |service: &'static str| {
            let client = Client::of(vec![self.fleet.address(service)]).expect("an address").attempts(1);
            (service, client.token(StaticToken(token.to_owned())).build().expect("a channel"))
        };
        SERVICES.into_iter().map(channel).collect()
    }

    async fn scim(&self, method: Method, path: &str, body: &Value) -> Value {
        let request =
            self.http.request(method, format!("{}/scim/v2{path}", self.root)).bearer_auth(&self.scim);
        let request = request.header("content-type", "application/scim+json").body(body.to_string());
        let answer = request.send().await.expect("answered");
        let (status, text) = (answer.status(), answer.text().await.expect("whole"));
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// An entry of `identity.issuers`: the mock's tokens of this tenant, by keys at its address.
pub fn trusted(mock: &Mock, tenant: TenantId) -> String {
    format!(
        "{{ issuer = {:?}, jwks_url = {:?}, tenants = [{:?}], algorithms = [\"RS256\"] }}",
        mock.issuer,
        mock.jwks_url(),
        tenant.to_string()
    )
}

/// Adds an identity provider.
///
/// # Panics
/// When it is refused.
pub async fn provider(
    stage: &Stage<'_>,
    settings: IdentityProviderSettings,
    secret: &str,
) -> IdentityProvider {
    let request = CreateIdentityProviderRequest {
        request_id: stage.request_id(),
        settings: Some(settings),
        client_secret: secret.to_owned(),
    };
    let mut client = IdentityProviderServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let answer = client.create_identity_provider(request).await.expect("sound").into_inner();
    answer.provider.expect("answered")
}
