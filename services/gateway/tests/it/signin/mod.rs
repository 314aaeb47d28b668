//! The gateway with people to sign in, its edge, and a user agent that has none of our code.

pub(crate) mod agent;
pub(crate) mod edge;

pub(crate) use testkit::peers;

use agent::Agent;
use contracts::mentor::gateway::v1::{
    client_service_client::ClientServiceClient,
    identity_provider_service_client::IdentityProviderServiceClient,
    session_service_client::SessionServiceClient, *,
};
use edge::Edge;
use grpc::{Channel, IssuerSettings};
use jiff::SignedDuration;
use kernel::{Clock, Role, SystemClock, Uuid};
use tempfile::TempDir;
use testkit::{Suite, free_port};
use tonic::Status;

/// The gateway, set up for signing in.
pub(crate) struct World {
    pub(crate) suite: Suite,
    pub(crate) http: u16,
    pub(crate) public: u16,
    _keys: TempDir,
}

/// What is unlike the usual.
#[derive(Default)]
pub(crate) struct Setup {
    /// Browsers come by plain HTTP, without TLS before it.
    pub(crate) plain: bool,
    pub(crate) sign_in: toml::Table,
    pub(crate) in_process: bool,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(Setup { plain: true, ..Setup::default() }).await
    }

    pub(crate) async fn with(setup: Setup) -> World {
        World::with_cache(setup, None).await
    }

    /// The same on a Redis of one's own.
    pub(crate) async fn with_cache(setup: Setup, redis: Option<String>) -> World {
        let http = free_port();
        let (scheme, public) = if setup.plain { ("http", http) } else { ("https", free_port()) };
        let keys = tempfile::tempdir().expect("a folder");
        let file = keys.path().join("keys");
        let base64 = base64_of(SystemClock.new_id());
        std::fs::write(&file, format!("# for tests\n{base64}\n")).expect("written");
        let file = file.to_str().expect("UTF-8").to_owned();
        let public_url = format!("{scheme}://127.0.0.1:{public}");
        let mut sign_in = setup.sign_in;
        sign_in.entry("local_providers").or_insert(true.into());
        let issuer = IssuerSettings {
            issuer: public_url.clone(),
            audience: "mentor".into(),
            tenant: None,
            tenants: Vec::new(),
            all_tenants: true,
            jwks_url: Some(format!("http://127.0.0.1:{http}/.well-known/jwks.json")),
            jwks_file: None,
            algorithms: vec!["EdDSA".into()],
        };
        let configure = move |config: &mut runtime::Config| {
            config.http.listen.set_port(http);
            config.identity.issuers = vec![issuer];
            let settings =
                [("keys_file", file.into()), ("public_url", public_url.into()), ("sign_in", sign_in.into())];
            let settings = settings.map(|(name, value): (&str, toml::Value)| (name.to_owned(), value));
            config.services.insert("gateway".to_owned(), toml::Table::from_iter(settings));
            if let Some(redis) = redis {
                config.cache.url = runtime::config::Secret::new(redis);
            }
        };
        let builder = Suite::builder().service::<Edge>().configure(configure).at(SystemClock.now());
        let builder = if setup.in_process { builder.in_process() } else { builder };
        World { suite: builder.start().await, http, public, _keys: keys }
    }

    /// The clock of the suite is that of the peers again.
    pub(crate) fn now(&self) {
        self.suite.clock.set(SystemClock.now());
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.suite.advance(by);
    }

    /// A new user agent that knows nothing yet.
    pub(crate) fn agent(&self) -> Agent {
        Agent::at(format!("http://127.0.0.1:{}", self.http))
    }

    pub(crate) fn request_id(&self) -> String {
        self.suite.clock.new_id().to_string()
    }

    fn admin(&self) -> Channel {
        self.suite.acting(Role::HrAdmin, None)
    }

    pub(crate) fn providers(&self) -> IdentityProviderServiceClient<Channel> {
        IdentityProviderServiceClient::new(self.admin())
    }

    pub(crate) fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.admin())
    }

    pub(crate) fn clients(&self) -> ClientServiceClient<Channel> {
        ClientServiceClient::new(self.admin())
    }

    /// Somebody of the directory.
    pub(crate) async fn person(&self, external_id: &str, email: &str) -> Uuid {
        let id = self.suite.clock.new_id();
        sqlx::query(
            "insert into gateway.directory_person (tenant_id, person_id, external_id, email_key, active) \
             values ($1, $2, $3, $4, true)",
        )
        .bind(self.suite.tenant.0)
        .bind(id)
        .bind(external_id)
        .bind(email.to_lowercase())
        .execute(self.suite.sql())
        .await
        .expect("the table is there");
        id
    }

    /// Adds an identity provider.
    pub(crate) async fn provider(
        &self,
        settings: IdentityProviderSettings,
        secret: &str,
    ) -> IdentityProvider {
        let request = CreateIdentityProviderRequest {
            request_id: self.request_id(),
            settings: Some(settings),
            client_secret: secret.to_owned(),
        };
        let answer = self.providers().create_identity_provider(request).await.expect("sound").into_inner();
        answer.provider.expect("answered")
    }

    /// Adds a client; its name and its secret.
    pub(crate) async fn client(&self, name: &str, scopes: &[&str]) -> (Client, String) {
        let request = CreateClientRequest {
            request_id: self.request_id(),
            name: name.into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..CreateClientRequest::default()
        };
        let answer = self.clients().create_client(request).await.expect("sound").into_inner();
        (answer.client.expect("answered"), answer.client_secret)
    }

    /// Sessions that live.
    pub(crate) async fn live_sessions(&self) -> Vec<Session> {
        let request = ListSessionsRequest::default();
        self.sessions().list_sessions(request).await.expect("allowed").into_inner().sessions
    }

    /// What a token may read: the gateway's own list of connections.
    pub(crate) async fn knock(&self, bearer: &str) -> Result<(), String> {
        let token = bearer.strip_prefix("Bearer ").unwrap_or(bearer).to_owned();
        let mut client =
            connection_service_client::ConnectionServiceClient::new(self.suite.authorized(token));
        match client.list_connections(ListConnectionsRequest::default()).await {
            Ok(_) => Ok(()),
            Err(status) => Err(grpc::from_status(status).reason.to_owned()),
        }
    }
}

/// Settings of a provider at this issuer, whose people are found by address.
pub(crate) fn settings(issuer: &str) -> IdentityProviderSettings {
    IdentityProviderSettings {
        name: "Staff".into(),
        issuer: issuer.into(),
        client_id: "mentor".into(),
        link_by_email: true,
        default_roles: vec!["employee".into()],
        role_rules: vec![RoleRule { claim: "groups".into(), value: "hr".into(), role: "hr_admin".into() }],
        ..IdentityProviderSettings::default()
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> &'static str {
    grpc::from_status(result.expect_err("must be refused")).reason
}

/// 32 bytes that no other test has, in base64.
fn base64_of(id: Uuid) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode([id.as_bytes().as_slice(), id.as_bytes()].concat())
}

/// A key and a certificate of nobody, for the TLS that stands before the suite.
pub(crate) fn tls() -> TempDir {
    let files = tempfile::tempdir().expect("a folder");
    let key = rcgen::KeyPair::generate().expect("randomness");
    let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("signed");
    std::fs::write(files.path().join("key"), key.serialize_pem()).expect("written");
    std::fs::write(files.path().join("certificate"), certificate.pem()).expect("written");
    files
}
