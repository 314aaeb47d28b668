//! Webhooks over real TLS: a receiver whose certificate is of the company's own authority gets its messages; one whose
//! certificate is of nobody, or of somebody else, gets nothing, and the log of deliveries says why.

use contracts::mentor::gateway::v1::{
    CreateConnectionRequest, CreateWebhookRequest, Delivery, DeliveryState, ListDeliveriesRequest,
    connection_service_client::ConnectionServiceClient, webhook_service_client::WebhookServiceClient,
};
use kernel::Role;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
};
use testkit::{TestDatabase, eventually, free_port};
use tests::{
    life::PATIENCE,
    process::{Fleet, Servers},
    stage::Stage,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};
use tokio_util::task::AbortOnDropHandle;

const PROVISIONED: &str = "mentor.gateway.events.v1.PersonProvisioned";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_goes_to_whom_a_trusted_authority_vouches_for_alone() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let (company, stranger) = (authority(), authority());
    let bundle = fleet.folder().join("authorities.pem");
    fs::write(&bundle, company.pem()).expect("the folder can be written");
    fleet.set("SSL_CERT_FILE", bundle.to_str().expect("a path"));
    let http = format!("127.0.0.1:{}", free_port());
    fleet.set("MENTOR__HTTP__LISTEN", &http);
    let more = format!(
        "[services.gateway]\nkeys_file = {:?}\ngenerate_keys = true\n[services.gateway.webhooks]\nports = []\n\
         allowed_networks = [\"127.0.0.0/8\", \"::1/128\"]\n",
        fleet.folder().join("gateway.keys").display().to_string()
    );
    fleet.settings(&[], &more);
    fleet.start("gateway").await;
    let stage = fleet.stage();
    let trusted = Receiver::start(&company, "localhost").await;
    let unknown = Receiver::start(&stranger, "localhost").await;
    let other = Receiver::start(&company, "elsewhere.example").await;
    let mut ids = Vec::new();
    for (name, receiver) in [("trusted", &trusted), ("unknown", &unknown), ("other", &other)] {
        let request = CreateWebhookRequest {
            request_id: stage.request_id(),
            name: name.into(),
            url: format!("https://localhost:{}/hook", receiver.port),
            event_types: vec![PROVISIONED.into()],
        };
        let made = hooks(&stage).create_webhook(request).await.expect("allowed").into_inner();
        ids.push(made.webhook.expect("answered").webhook_id);
    }
    happen(&stage, &http).await;

    let delivered = eventually!(PATIENCE, {
        let newest = deliveries(&stage, &ids[0]).await.into_iter().next();
        newest.filter(|delivery| delivery.state() == DeliveryState::Delivered)
    });
    let messages = trusted.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let message = messages[0].to_ascii_lowercase();
    assert!(message.starts_with("post /hook http/1.1\r\n"), "{message}");
    assert!(message.contains(&format!("webhook-id: {}", delivered.event_id)), "{message}");
    assert!(message.contains("webhook-signature: v1,"), "{message}");
    for (id, receiver) in [(&ids[1], &unknown), (&ids[2], &other)] {
        let refused = eventually!(PATIENCE, {
            let newest = deliveries(&stage, id).await.into_iter().next();
            newest.filter(|delivery| !delivery.recent_attempts.is_empty())
        });
        assert_eq!(refused.state(), DeliveryState::Pending, "it is tried again: {refused:?}");
        let said = &refused.recent_attempts[0].error;
        assert!(said.contains("certificate"), "{said}");
        assert_eq!(receiver.messages(), Vec::<String>::new(), "nothing was sent");
    }
    fleet.stop().await;
}

fn hooks(stage: &Stage<'_>) -> WebhookServiceClient<grpc::Channel> {
    WebhookServiceClient::new(stage.channel("gateway", Role::HrAdmin, None))
}

async fn deliveries(stage: &Stage<'_>, id: &str) -> Vec<Delivery> {
    let request = ListDeliveriesRequest { webhook_id: id.to_owned(), ..ListDeliveriesRequest::default() };
    hooks(stage).list_deliveries(request).await.expect("there").into_inner().deliveries
}

/// Somebody is provisioned.
async fn happen(stage: &Stage<'_>, http: &str) {
    let mut client = ConnectionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let request = CreateConnectionRequest { request_id: stage.request_id(), name: "Entra ID".into() };
    let token = client.create_connection(request).await.expect("allowed").into_inner().token;
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann" });
    let sent = reqwest::Client::new().post(format!("http://{http}/scim/v2/Users")).bearer_auth(token);
    let sent = sent.header("content-type", "application/scim+json").body(body.to_string());
    assert_eq!(sent.send().await.expect("answered").status().as_u16(), 201);
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("randomness")).expect("signed")
}

/// Reads one request of each connection, and answers 200.
struct Receiver {
    port: u16,
    messages: Arc<Mutex<Vec<String>>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Receiver {
    /// With a certificate of this name by this authority.
    async fn start(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Receiver {
        let key = KeyPair::generate().expect("randomness");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, authority).expect("signed");
        let der = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth();
        let config =
            config.with_single_cert(vec![certificate.der().clone()], der).expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let messages = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn(accept(listener, acceptor, Arc::clone(&messages)));
        Receiver { port, messages, _accepting: AbortOnDropHandle::new(accepting) }
    }

    fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, messages: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Who does not like the certificate ends here.
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        let mut message = Vec::new();
        while !whole(&message) && stream.read_buf(&mut message).await.is_ok_and(|read| read > 0) {}
        messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(String::from_utf8_lossy(&message).into_owned());
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    }
}

/// Whether head and body are there.
fn whole(message: &[u8]) -> bool {
    let text = String::from_utf8_lossy(message).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse().ok()).is_some_and(|length: usize| body.len() >= length)
}
