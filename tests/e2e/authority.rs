//! Servers with certificates of the company's own authority: a process trusts it by `SSL_CERT_FILE`, as the platform's
//! bundle, and without it waits and says what is wrong.

use crate::{metrics::HTTP, start::certificate};
use kernel::Role;
use std::{fs, net::SocketAddr, sync::Arc};
use testkit::{TestDatabase, eventually, free_port};
use tests::process::{Fleet, START, Servers};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};
use tokio_util::task::AbortOnDropHandle;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broker_and_cache_may_have_certificates_of_a_private_authority() {
    let database = TestDatabase::empty().await;
    let servers = Servers::shared(&database.url()).await;
    let fleet = Fleet::prepare(&servers).await;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let bundle = fleet.folder().join("authorities.pem");
    fs::write(&bundle, made.cert.pem()).expect("the folder can be written");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (broker, cache) =
        (before(&servers.rabbitmq, &acceptor).await, before(&servers.redis, &acceptor).await);
    let settings =
        [HTTP, ("MENTOR__MESSAGING__URL", broker.url.as_str()), ("MENTOR__CACHE__URL", cache.url.as_str())];

    let mut stranger = fleet.launch("scheduling", &settings);
    stranger.listening().await;
    eventually!(START, stranger.text().contains("not ready; waiting until this is mended"));
    let log = stranger.text();
    assert!(log.contains("messaging.url") && log.contains("certificate"), "{log}");

    let bundle = bundle.to_str().expect("a path");
    let mut trusting = fleet.launch("scheduling", &[&settings[..], &[("SSL_CERT_FILE", bundle)]].concat());
    trusting.ready().await;
    trusting.terminate();
    trusting.ended_well(START).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_trusts_no_authority_of_a_service_says_which_setting_leads_there() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let ((chain, key), (other, _)) = (certificate(&fleet, "one"), certificate(&fleet, "two"));
    let tls = [("MENTOR__SERVER__TLS_CERTIFICATE_FILE", &*chain), ("MENTOR__SERVER__TLS_KEY_FILE", &*key)];
    let mut service = fleet.launch("enrollment", &tls);
    service.ready().await;
    let upstream = format!("https://localhost:{}", service.address().port());

    for (authority, answers) in [(&other, 503), (&chain, 200)] {
        let listen = SocketAddr::from(([127, 0, 0, 1], free_port())).to_string();
        let settings = [
            ("MENTOR__HTTP__LISTEN", &*listen),
            ("MENTOR__SERVICES__GATEWAY__API__UPSTREAMS__ENROLLMENT", &*upstream),
            ("MENTOR__SERVICES__GATEWAY__API__CA_FILE", authority),
        ];
        let mut gateway = fleet.launch("gateway", &settings);
        gateway.ready().await;
        let request = reqwest::Client::new().get(format!("http://{listen}/api/v1/programs"));
        let answer = request.bearer_auth(fleet.token(Role::ProgramManager, None)).send().await;
        assert_eq!(answer.expect("the gateway answers").status(), answers);
        let log = gateway.text();
        let line = log.lines().find(|line| line.contains("a server does not answer")).unwrap_or_default();
        assert_eq!(line.is_empty(), answers == 200, "{log}");
        for part in ["services.gateway.api.upstreams.enrollment", "invalid peer certificate"] {
            assert!(line.is_empty() || line.contains(part), "{line}");
        }
    }
}

/// TLS in front of a server that has none.
struct Front {
    url: String,
    _accepting: AbortOnDropHandle<()>,
}

async fn before(url: &str, acceptor: &TlsAcceptor) -> Front {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (login, host) = rest.rsplit_once('@').map_or(("", rest), |(login, host)| (login, host));
    let (target, path) = host.split_once('/').map_or((host, ""), |(target, path)| (target, path));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let login = if login.is_empty() { String::new() } else { format!("{login}@") };
    let target: SocketAddr = target.parse().expect("an address");
    Front {
        url: format!("{scheme}s://{login}localhost:{port}/{path}"),
        _accepting: AbortOnDropHandle::new(tokio::spawn(accept(listener, acceptor.clone(), target))),
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, target: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let (Ok(mut outside), Ok(mut inside)) =
                (acceptor.accept(stream).await, TcpStream::connect(target).await)
            else {
                return;
            };
            // Whoever ends first ends the other.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}
