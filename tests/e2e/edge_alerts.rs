//! The alerts of the gateway's other doors (HTTP, signing in, webhooks, sources), each by the fault it is for; after that no
//! panel of their dashboard is empty.

use crate::{
    alerts::{empty, every, fire, hurried},
    metrics::HTTP,
    provisioned::Scim,
};
use contracts::mentor::gateway::v1::{
    CreateClientRequest, CreateIdentityProviderRequest, CreateSourceRequest, CreateWebhookRequest,
    FolderSettings, IdentityProviderSettings, Source, SourceSettings, StartSyncRequest,
    client_service_client::ClientServiceClient,
    identity_provider_service_client::IdentityProviderServiceClient,
    source_service_client::SourceServiceClient, source_settings::Kind,
    webhook_service_client::WebhookServiceClient,
};
use kernel::Role;
use sqlx::AssertSqlSafe;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use testkit::{TestDatabase, eventually, free_port};
use tests::{
    life::PATIENCE,
    process::{Fleet, Servers},
    prometheus::Prometheus,
    stage::Stage,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net,
};
use tokio_util::task::AbortOnDropHandle;

/// What fires here, in the order of the rules.
pub(crate) const ALERTS: [&str; 7] = [
    "MentorHttpErrors",
    "MentorProviderUnusable",
    "MentorWebhooksLate",
    "MentorWebhooksDead",
    "MentorSyncFailed",
    "MentorSyncWaits",
    "MentorSyncOld",
];
/// The dashboard that is filled here.
pub(crate) const BOARD: &str = "mentor-edge";
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_alert_of_the_edge_fires_by_its_fault() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let prometheus = Prometheus::start(fleet.folder(), &hurried()).await;
    let (keys, drops) = (fleet.folder().join("keys"), fleet.folder().join("drop"));
    let folder = drops.join(fleet.tenant.to_string()).join("nightly");
    fs::create_dir_all(&folder).expect("the folder can be written");
    let address = free_address();
    let url = format!("http://{address}");
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let (listen, keys, drops) = (address.to_string(), text(&keys), text(&drops));
    let settings = [
        HTTP,
        ("MENTOR__HTTP__LISTEN", listen.as_str()),
        ("MENTOR__SERVICES__GATEWAY__PUBLIC_URL", url.as_str()),
        ("MENTOR__SERVICES__GATEWAY__API__UPSTREAMS__ENROLLMENT", NOBODY),
        ("MENTOR__SERVICES__GATEWAY__SIGN_IN__LOCAL_PROVIDERS", "true"),
        ("MENTOR__SERVICES__GATEWAY__KEYS_FILE", keys.as_str()),
        ("MENTOR__SERVICES__GATEWAY__GENERATE_KEYS", "true"),
        ("MENTOR__SERVICES__GATEWAY__WEBHOOKS__ALLOWED_NETWORKS", "['127.0.0.0/8']"),
        ("MENTOR__SERVICES__GATEWAY__WEBHOOKS__PORTS", "[]"),
        ("MENTOR__SERVICES__GATEWAY__SYNC__DROP_DIR", drops.as_str()),
        ("MENTOR__SERVICES__GATEWAY__SYNC__ATTEMPTS", "1"),
    ];
    let mut gateway = fleet.launch("gateway", &settings);
    prometheus.scrape(&[gateway.ready().await.expect("serves metrics")]);
    let stage = fleet.stage_at(gateway.address());
    let edge = Edge { stage, url, http: reqwest::Client::new(), folder };
    let sql = async |sql: &str| {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(database.pool()).await;
        done.expect("the superuser may");
    };
    let seen = |query: &str| prometheus.query(query)[0].is_object();

    // All is well: people come by SCIM and by file, a webhook hears of them, a machine has a token.
    let answer = Arc::new(AtomicU16::new(204));
    let (receiver, _receiving) = receive(Arc::clone(&answer)).await;
    edge.webhook("Payroll", receiver).await;
    let scim = Scim::connect(&address.to_string(), &edge.stage).await;
    scim.push("board", "").await;
    edge.token_for_a_machine().await;
    edge.source("nightly").await;
    edge.drop("1.csv", "1,,Chief,Board\n2,1,Head,Tax\n3,1,Head,Law\n");
    eventually!(PATIENCE, seen("mentor_webhook_attempts_total{outcome=\"delivered\"} > 0"));
    eventually!(PATIENCE, seen("mentor_sync_runs_total{kind=\"folder\",state=\"succeeded\"} == 1"));
    assert!(seen("mentor_sign_ins_total{who=\"machine\"} == 1"));
    assert_eq!(prometheus.firing(), Vec::<String>::new(), "all is well");

    // A service behind the JSON API is away.
    let token = fleet.token(Role::ProgramManager, None);
    let asking = edge.ask("/api/v1/programs", &token);
    fire(&prometheus, &ALERTS[..1]).await;
    drop(asking);

    // An identity provider is.
    let login = edge.provider().await;
    let asking = edge.ask(&login, "");
    fire(&prometheus, &ALERTS[1..2]).await;
    assert!(seen("mentor_sign_in_refusals_total{who=\"person\",reason=\"PROVIDER_UNUSABLE\"} > 0"));
    drop(asking);

    // A receiver has gone for good.
    answer.store(410, Ordering::Relaxed);
    scim.push("line", "board").await;
    fire(&prometheus, &ALERTS[3..4]).await;
    answer.store(204, Ordering::Relaxed);

    // The gateway's role lost a right, so that it can take nothing in hand.
    edge.webhook("Portal", receiver).await;
    sql("revoke update on gateway.webhook_delivery from gateway").await;
    scim.push("mentor", "board").await;
    fire(&prometheus, &ALERTS[2..3]).await;
    sql("grant update on gateway.webhook_delivery to gateway").await;

    // The folder of a source is not there; a file lacks most people; a table is locked under a run.
    let lost = edge.source("lost").await;
    edge.start(&lost).await;
    fire(&prometheus, &ALERTS[4..5]).await;
    edge.drop("2.csv", "1,,Chief,Board\n");
    fire(&prometheus, &ALERTS[5..6]).await;
    let mut lock = database.pool().begin().await.expect("a transaction");
    let table = "lock table gateway.employee in access exclusive mode";
    sqlx::query(table).execute(&mut *lock).await.expect("locks");
    edge.drop("3.csv", "1,,Chief,Board\n2,1,Head,Tax\n3,2,Clerk,Law\n");
    fire(&prometheus, &ALERTS[6..]).await;
    lock.rollback().await.expect("ends");

    assert_eq!(empty(&prometheus, |board| board == BOARD), Vec::<String>::new(), "panels that show nothing");
    gateway.kill();
}

/// The gateway as others see it.
struct Edge {
    stage: Stage<'static>,
    url: String,
    http: reqwest::Client,
    /// Where files are dropped.
    folder: PathBuf,
}

impl Edge {
    fn admin(&self) -> grpc::Channel {
        self.stage.channel("gateway", Role::HrAdmin, None)
    }

    async fn webhook(&self, name: &str, receiver: SocketAddr) {
        let request = CreateWebhookRequest {
            request_id: self.stage.request_id(),
            name: name.into(),
            url: format!("http://{receiver}/events"),
            event_types: vec!["*".into()],
        };
        WebhookServiceClient::new(self.admin()).create_webhook(request).await.expect("sound");
    }

    async fn token_for_a_machine(&self) {
        let request = CreateClientRequest {
            request_id: self.stage.request_id(),
            name: "export".into(),
            scopes: vec!["directory".into()],
            ..CreateClientRequest::default()
        };
        let made = ClientServiceClient::new(self.admin()).create_client(request).await.expect("sound");
        let made = made.into_inner();
        let id = made.client.expect("a client").client_identifier;
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret={}", made.client_secret);
        let sent = self.http.post(format!("{}/oauth/token", self.url)).body(form);
        let sent = sent.header("content-type", "application/x-www-form-urlencoded").send().await;
        assert_eq!(sent.expect("answered").status().as_u16(), 200);
    }

    /// An identity provider that is not there; the path by which people sign in.
    async fn provider(&self) -> String {
        let settings = IdentityProviderSettings {
            name: "Staff".into(),
            issuer: NOBODY.into(),
            client_id: "mentor".into(),
            link_by_email: true,
            ..IdentityProviderSettings::default()
        };
        let request = CreateIdentityProviderRequest {
            request_id: self.stage.request_id(),
            settings: Some(settings),
            client_secret: String::new(),
        };
        let mut providers = IdentityProviderServiceClient::new(self.admin());
        let made = providers.create_identity_provider(request).await.expect("sound").into_inner();
        let login = made.provider.expect("a provider").login_url;
        login.strip_prefix(&self.url).expect("an address here").to_owned()
    }

    /// A source of files in a folder of this name; its id.
    async fn source(&self, folder: &str) -> String {
        let folder = FolderSettings { folder: folder.into(), done_marker: true, ..FolderSettings::default() };
        let source = Source {
            name: folder.folder.clone(),
            settings: Some(SourceSettings { kind: Some(Kind::Folder(folder)) }),
            ..Source::default()
        };
        let request = CreateSourceRequest { request_id: self.stage.request_id(), source: Some(source) };
        let made = SourceServiceClient::new(self.admin()).create_source(request).await.expect("sound");
        made.into_inner().source.expect("a source").source_id
    }

    async fn start(&self, source: &str) {
        let request = StartSyncRequest {
            request_id: self.stage.request_id(),
            source_id: source.to_owned(),
            ..StartSyncRequest::default()
        };
        SourceServiceClient::new(self.admin()).start_sync(request).await.expect("nothing is under way");
    }

    /// Drops a file of everybody, and its marker.
    fn drop(&self, name: &str, people: &str) {
        let text = format!("employee_id,manager_id,job_title,unit\n{people}");
        fs::write(self.folder.join(name), text).expect("dropped");
        fs::write(self.folder.join(format!("{name}.done")), "").expect("dropped");
    }

    /// Asks for a page again and again until it is dropped.
    fn ask(&self, path: &str, token: &str) -> AbortOnDropHandle<()> {
        let (http, url, token) = (self.http.clone(), format!("{}{path}", self.url), token.to_owned());
        every(Duration::from_millis(200), move |_| {
            let asked = http.get(&url).bearer_auth(&token).send();
            async move { drop(asked.await) }
        })
    }
}

fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// Whoever receives webhooks: answers every message with the status of now.
async fn receive(status: Arc<AtomicU16>) -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serving = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let status = Arc::clone(&status);
            tokio::spawn(async move {
                let mut buffer = [0; 65_536];
                // Small messages come whole, head and body in one or two pieces; whoever posts reads the answer anyway.
                let _ = stream.read(&mut buffer).await;
                let status = status.load(Ordering::Relaxed);
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
                // Read to the end, so that what was not read yet does not reset the connection.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    };
    (address, AbortOnDropHandle::new(tokio::spawn(serving)))
}
