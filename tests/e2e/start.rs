//! Starts that go wrong: a setting that is wrong ends the process with its name; what is away is waited for, not ready,
//! and the process goes on by itself when it is back.

use std::{fs, net::SocketAddr};
use testkit::{Fault, FaultProxy, TestDatabase, eventually, free_port};
use tests::{
    process::{Fleet, START, Servers},
    prometheus::get,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

const HTTP: (&str, &str) = ("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_setting_ends_the_process_with_its_name() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let bad = fleet.folder().join("bad.pem");
    fs::write(&bad, "this is no certificate").expect("the folder can be written");
    let (chain, key) = certificate(&fleet, "one");
    let (_, other_key) = certificate(&fleet, "two");
    let bad = bad.to_str().expect("a path");
    let cases: [(&[(&str, &str)], &str); 13] = [
        (
            &[("MENTOR__DATABASE__URL", "mysql://db/mentor")],
            "setting database.url is no such URL as postgres://HOST:PORT/DATABASE",
        ),
        (&[("MENTOR__DATABASE__URL", "")], "setting database.url is not set: give postgres://"),
        (&[("MENTOR__MESSAGING__URL", "http://mq")], "setting messaging.url is no such URL as amqp://"),
        (&[("MENTOR__CACHE__URL", "redis://")], "setting cache.url is no such URL as redis://"),
        (
            &[("MENTOR__DATABASE__PASSWORD", ""), ("MENTOR__DATABASE__PASSWORD_FILE", "/nowhere/password")],
            "setting database.password_file names /nowhere/password, which cannot be read",
        ),
        (
            &[("MENTOR__SERVER__TLS_CERTIFICATE_FILE", bad), ("MENTOR__SERVER__TLS_KEY_FILE", &key)],
            "bad.pem, which holds no certificate in PEM",
        ),
        (
            &[
                ("MENTOR__SERVER__TLS_CERTIFICATE_FILE", &chain),
                ("MENTOR__SERVER__TLS_KEY_FILE", "/nowhere/tls.key"),
            ],
            "setting server.tls_key_file names /nowhere/tls.key, which can't be read",
        ),
        (
            &[("MENTOR__SERVER__TLS_CERTIFICATE_FILE", &chain), ("MENTOR__SERVER__TLS_KEY_FILE", &other_key)],
            "setting server.tls_certificate_file names",
        ),
        (
            &[("MENTOR__SERVER__TLS_CLIENT_CA_FILE", &chain)],
            "setting server.tls_client_ca_file asks clients for certificates",
        ),
        (&[("MENTOR__DATABSE__URL", "x")], "setting databse.url from MENTOR__DATABSE__URL does not exist"),
        (&[("MENTOR__TELEMETRY__LOG", "trace")], "setting telemetry.log"),
        (&[("MENTOR__SERVICES__GATEWAY__API__CA_FILE", bad)], "services.gateway.api.ca_file: names"),
        (
            &[
                ("MENTOR__SERVICES__GATEWAY__API__CERTIFICATE_FILE", &chain),
                ("MENTOR__SERVICES__GATEWAY__API__KEY_FILE", bad),
            ],
            "bad.pem, which holds no private key in PEM",
        ),
    ];
    for (settings, expected) in cases {
        let of_the_gateway = settings.iter().any(|(name, _)| name.starts_with("MENTOR__SERVICES__GATEWAY"));
        let service = if of_the_gateway { "gateway" } else { "enrollment" };
        let mut process = fleet.launch(service, settings);
        let status = process.ended(START).await;
        let text = process.text();
        assert_eq!(status.code(), Some(1), "{settings:?}: {text}");
        assert!(text.contains(expected), "{settings:?}: {text}");
    }
}

/// A certificate and its key, as paths.
pub(crate) fn certificate(fleet: &Fleet, name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let path = |end: &str| fleet.folder().join(format!("{name}.{end}"));
    fs::write(path("crt"), made.cert.pem()).expect("the folder can be written");
    fs::write(path("key"), made.signing_key.serialize_pem()).expect("the folder can be written");
    let text = |end: &str| path(end).to_str().expect("a path").to_owned();
    (text("crt"), text("key"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_away_at_the_start_is_waited_for() {
    let database = TestDatabase::empty().await;
    let servers = Servers::shared(&database.url()).await;
    let fleet = Fleet::prepare(&servers).await;
    let (postgres, rabbitmq, redis) =
        (before(&servers.postgres).await, before(&servers.rabbitmq).await, before(&servers.redis).await);
    for proxy in [&postgres, &rabbitmq, &redis] {
        proxy.set(Fault::Cut);
    }
    let (_, name) = servers.postgres.rsplit_once('/').expect("a database's name");
    let url = format!("postgres://{}/{name}", postgres.address());
    let settings = [
        HTTP,
        ("MENTOR__DATABASE__URL", url.as_str()),
        ("MENTOR__DATABASE__ACQUIRE_TIMEOUT", "500ms"),
        ("MENTOR__MESSAGING__URL", &rabbitmq.url(&servers.rabbitmq)),
        ("MENTOR__CACHE__URL", &redis.url(&servers.redis)),
    ];
    let mut process = fleet.launch("enrollment", &settings);
    let http = process.listening().await.expect("serves probes");

    // It lives, is not ready, lets no call in, and says for what it waits: one after the other.
    let waits = async |setting: &str, place: &FaultProxy| {
        let expected = format!("not ready: setting {setting} names {}, where", place.address());
        eventually!(START, get(http, "/readyz", "*/*").contains(&expected));
        assert!(get(http, "/readyz", "*/*").starts_with("HTTP/1.0 503"));
        assert!(get(http, "/livez", "*/*").starts_with("HTTP/1.0 200"));
        assert_eq!(health(process.address(), "live").await, Some(ServingStatus::Serving));
        assert_eq!(health(process.address(), "").await, Some(ServingStatus::NotServing));
    };
    waits("database.url", &postgres).await;
    postgres.set(Fault::None);
    waits("messaging.url", &rabbitmq).await;
    rabbitmq.set(Fault::None);
    waits("cache.url", &redis).await;
    redis.set(Fault::None);

    process.ready().await;
    assert!(get(http, "/readyz", "*/*").starts_with("HTTP/1.0 200"));
    assert_eq!(health(process.address(), "").await, Some(ServingStatus::Serving));
    process.terminate();
    process.ended_well(START).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_log_stops_nobody() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    // It can't tell where it listens.
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let listen = address.to_string();
    let mut process = fleet.launch_deaf("enrollment", &[("MENTOR__SERVER__LISTEN", &listen)]);
    eventually!(START, health(address, "").await == Some(ServingStatus::Serving));
    process.terminate();
    assert!(process.ended(START).await.success(), "and ends in order");
}

async fn before(url: &str) -> FaultProxy {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    FaultProxy::to(authority.rsplit_once('@').map_or(authority, |(_, host)| host)).await
}

async fn health(address: SocketAddr, service: &str) -> Option<ServingStatus> {
    let channel = Endpoint::from_shared(format!("http://{address}")).ok()?.connect().await.ok()?;
    let request = HealthCheckRequest { service: service.to_owned() };
    Some(HealthClient::new(channel).check(request).await.ok()?.into_inner().status())
}
