//! TLS: certificates, clients' certificates, renewal, and what can't be used.

use crate::echo::{EchoServiceClient, Options, TestServer, bare, descriptors};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grpc::{Client, Identity, IdentitySettings, Server, ServerSettings, StaticToken, TlsSettings};
use kernel::{Clock, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use testkit::eventually;
use tonic::Code;

const SOON: Duration = Duration::from_secs(10);

/// An authority that signs for `localhost` and for clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Certificate and key in PEM.
type Pair = (String, String);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("randomness");
        Authority(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    fn pem(&self) -> Vec<u8> {
        let certificate: &rcgen::Certificate = self.0.as_ref();
        certificate.pem().into_bytes()
    }

    fn sign(&self, purpose: ExtendedKeyUsagePurpose) -> Pair {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("randomness");
        (params.signed_by(&key, &self.0).expect("signed").pem(), key.serialize_pem())
    }

    fn server(&self) -> Pair {
        self.sign(ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn client(&self) -> Pair {
        self.sign(ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// The files that a server reads.
struct Files(TempDir);

impl Files {
    fn with(pair: &Pair) -> Self {
        let files = Files(tempfile::tempdir().expect("a folder"));
        files.write(pair);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, (certificate, key): &Pair) {
        fs::write(self.path("tls.crt"), certificate).expect("written");
        fs::write(self.path("tls.key"), key).expect("written");
    }

    fn settings(&self, client_ca: Option<&Authority>) -> TlsSettings {
        let client_ca_file = client_ca.map(|authority| {
            fs::write(self.path("ca.crt"), authority.pem()).expect("written");
            self.path("ca.crt")
        });
        TlsSettings { certificate_file: self.path("tls.crt"), key_file: self.path("tls.key"), client_ca_file }
    }
}

async fn start(tls: TlsSettings) -> TestServer {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ServerSettings { tls: Some(tls), ..ServerSettings::default() };
    TestServer::with(Options { settings, ..Options::default() }).await
}

/// Calls over a connection of its own.
async fn call(server: &TestServer, trusts: &Authority, shows: Option<&Pair>) -> Result<(), Code> {
    call_with(server, trusts, shows, server.token()).await
}

async fn call_with(
    server: &TestServer,
    trusts: &Authority,
    shows: Option<&Pair>,
    token: String,
) -> Result<(), Code> {
    let url = format!("https://localhost:{}", server.address.port());
    let client = Client::builder(&url).expect("a URL").descriptors(descriptors("echo.proto"));
    let client = client.token(StaticToken(token)).attempts(2).certificate_authority(trusts.pem());
    let client = match shows {
        Some((certificate, key)) => client.certificate(certificate.clone().into(), key.clone().into()),
        None => client,
    };
    let mut client = EchoServiceClient::new(client.build().expect("certificates"));
    client.get_echo(bare("")).await.map(|_| ()).map_err(|status| status.code())
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let files = Files::with(&authority.server());
    let server = start(files.settings(None)).await;
    assert_eq!(call(&server, &authority, None).await, Ok(()));
    assert_eq!(call(&server, &stranger, None).await, Err(Code::Unavailable));
}

#[tokio::test]
async fn with_mutual_tls_only_clients_of_the_authority_come_in() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = Files::with(&servers.server());
    let server = start(files.settings(Some(&clients))).await;
    assert_eq!(call(&server, &servers, Some(&clients.client())).await, Ok(()));
    assert_eq!(call(&server, &servers, None).await, Err(Code::Unavailable), "without a certificate");
    let own = servers.client();
    assert_eq!(call(&server, &servers, Some(&own)).await, Err(Code::Unavailable), "of another authority");
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_is_good_with_it_alone() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = Files::with(&servers.server());
    let server = start(files.settings(Some(&clients))).await;
    let (own, other) = (clients.client(), clients.client());
    let thumbprint = |pair: &Pair| {
        let der = CertificateDer::from_pem_slice(pair.0.as_bytes()).expect("a certificate");
        URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, &der))
    };
    let now = server.clock.now().as_second();
    let bound = |pair: &Pair| {
        let claims = serde_json::json!({
            "iss": server.dev.issuer(), "aud": "mentor", "sub": "ada", "tenant": server.tenant, "roles": ["employee"],
            "iat": now, "exp": now + 600, "cnf": { "x5t#S256": thumbprint(pair) },
        });
        server.dev.sign(&claims).expect("signed")
    };
    let shown = |token: String, pair: &Pair| {
        let (token, pair) = (token, pair.clone());
        let (server, servers) = (&server, &servers);
        async move { call_with(server, servers, Some(&pair), token).await }
    };
    assert_eq!(shown(bound(&own), &own).await, Ok(()));
    assert_eq!(shown(bound(&own), &other).await, Err(Code::Unauthenticated), "stolen by another client");
    assert_eq!(shown(server.token(), &other).await, Ok(()), "who is not bound need not show one");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let (first, second) = (Authority::new(), Authority::new());
    let files = Files::with(&first.server());
    let server = start(files.settings(None)).await;
    assert_eq!(call(&server, &first, None).await, Ok(()));

    // What can't be used changes nothing.
    fs::write(files.path("tls.crt"), "nothing").expect("written");
    let begun = Instant::now();
    // Longer than the pause between two looks at the files.
    eventually!(SOON, {
        assert_eq!(call(&server, &first, None).await, Ok(()));
        begun.elapsed() > Duration::from_millis(1500)
    });
    files.write(&second.server());
    eventually!(SOON, call(&server, &second, None).await == Ok(()));
    assert_eq!(call(&server, &first, None).await, Err(Code::Unavailable), "the old one is gone");
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_keeps_nobody_out() {
    let authority = Authority::new();
    let files = Files::with(&authority.server());
    let server = start(files.settings(None)).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(tokio::net::TcpStream::connect(server.address).await.expect("listens"));
    }
    assert_eq!(call(&server, &authority, None).await, Ok(()));
}

/// Which setting a server complains of, and how.
fn complaint(tls: TlsSettings) -> (String, String) {
    let identity = Identity::new(&IdentitySettings::default(), Arc::new(SystemClock), None).expect("none");
    let settings = ServerSettings { tls: Some(tls), ..ServerSettings::default() };
    let built = Server::builder(Arc::new(SystemClock), identity)
        .settings(settings)
        .descriptors(descriptors("echo.proto"))
        .service("echo")
        .build();
    let error = built.err().expect("is refused");
    let violation = error.violations.first().expect("names the setting");
    (violation.field.clone(), violation.description.clone())
}

#[test]
fn what_can_not_be_used_is_named() {
    let authority = Authority::new();
    let files = Files::with(&authority.server());
    let right = || files.settings(Some(&authority));
    let missing = TlsSettings { certificate_file: files.path("nowhere"), ..right() };
    let (field, what) = complaint(missing);
    assert_eq!(field, "certificate_file");
    assert!(what.contains("nowhere, which can't be read"), "{what}");

    let no_key = TlsSettings { key_file: files.path("tls.crt"), ..right() };
    let (field, what) = complaint(no_key);
    assert_eq!(field, "key_file");
    assert!(what.contains("holds no private key in PEM"), "{what}");

    let other = Files::with(&authority.server());
    let (field, what) = complaint(TlsSettings { key_file: other.path("tls.key"), ..right() });
    assert_eq!(field, "certificate_file");
    assert!(what.contains("can't be used with"), "{what}");

    fs::write(files.path("empty"), "").expect("written");
    let (field, what) = complaint(TlsSettings { client_ca_file: Some(files.path("empty")), ..right() });
    assert_eq!(field, "client_ca_file");
    assert!(what.contains("holds no certificate in PEM"), "{what}");
}
