//! `mentor migrate` and `mentor serve` on real servers.

use crate::program::{Environment, Running, run, set};
use contracts::mentor::{
    enrollment::v1::{
        CreateProgramRequest, ProgramSpec, PublishProgramRequest,
        program_service_client::ProgramServiceClient,
    },
    matching::v1::{GetCriteriaRequest, criteria_service_client::CriteriaServiceClient},
};
use grpc::{Channel, Client, DevIssuer, NewToken, StaticToken};
use kernel::{Clock, Role, SharedClock, SystemClock, TenantId};
use std::{path::Path, sync::Arc, time::Duration};
use testkit::{Prefix, TestDatabase, eventually, servers};

/// An issuer of the test, which the servers trust by its file of keys.
struct Idp {
    issuer: DevIssuer,
    tenant: TenantId,
}

impl Idp {
    fn new() -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        Idp { issuer: DevIssuer::new(clock).expect("an issuer"), tenant: TenantId(SystemClock.new_id()) }
    }

    /// Writes the keys, and gives the setting that trusts them.
    fn setting(&self, file: &Path) -> String {
        self.issuer.write_jwks(file).expect("writes");
        let (name, file, tenant) = (self.issuer.issuer(), file.display(), self.tenant);
        format!(
            r#"[{{ issuer = "{name}", jwks_file = "{file}", tenants = ["{tenant}"], algorithms = ["EdDSA"] }}]"#
        )
    }

    fn manager(&self, address: &str) -> Channel {
        let ttl = Duration::from_secs(3600);
        let roles = &[Role::ProgramManager];
        let new = NewToken { tenant: self.tenant, subject: "manager", roles, person: None, ttl };
        let token = self.issuer.token(&new).expect("a token");
        let client = Client::builder(&format!("http://{address}")).expect("a URL").token(StaticToken(token));
        client.build().expect("a channel")
    }
}

async fn variables(database: &TestDatabase, prefix: &Prefix) -> Environment {
    let mut variables = Environment::new();
    for (name, value) in [
        ("MENTOR__SERVER__LISTEN", "127.0.0.1:0"),
        ("MENTOR__TELEMETRY__LISTEN", ""),
        ("MENTOR__SHUTDOWN__READINESS_DELAY", "0s"),
        ("MENTOR__MIGRATE__URL", &database.url()),
        ("MENTOR__DATABASE__URL", &database.host_url()),
        ("MENTOR__MESSAGING__URL", &prefix.broker),
        ("MENTOR__MESSAGING__PREFIX", &prefix.prefix),
        ("MENTOR__CACHE__URL", &prefix.cache),
        ("MENTOR__CACHE__PREFIX", &prefix.keys),
        ("MENTOR__IDENTITY__DEV__ENABLED", "true"),
    ] {
        set(&mut variables, name, value);
    }
    variables
}

async fn prefix() -> Prefix {
    let name = testkit::unique();
    Prefix {
        broker: servers::rabbitmq().await,
        cache: servers::redis().await,
        prefix: format!("{name}."),
        keys: name,
        services: vec!["enrollment", "matching", "scheduling", "evaluation"],
    }
}

#[tokio::test]
async fn pending_migrations_are_waited_for_then_made_then_served() {
    let (database, prefix) = (TestDatabase::empty().await, prefix().await);
    let folder = tempfile::tempdir().expect("a folder");
    let idp = Idp::new();
    let mut variables = variables(&database, &prefix).await;
    set(&mut variables, "MENTOR__IDENTITY__DEV__ENABLED", "false");
    set(&mut variables, "MENTOR__IDENTITY__ISSUERS", idp.setting(&folder.path().join("keys.json")));

    let mut early = Running::logging(&["serve", "enrollment", "matching"], &variables);
    let waits = early.line(|line| line["message"] == "not ready; waiting until this is mended").await;
    let why = waits["why"].as_str().expect("says why");
    assert!(why.contains("the database lacks migrations: ") && why.contains("run `migrate` first"), "{why}");

    let one = run(&["migrate", "enrollment"], &variables).await;
    assert_eq!(one.code, Some(0), "{}", one.stderr);
    assert_eq!(one.stdout.lines().count(), 1, "{}", one.stdout);
    let all = run(&["migrate"], &variables).await;
    assert!(
        all.stdout.contains("up to date") && all.stdout.contains("matching     applied"),
        "{}",
        all.stdout
    );

    ready(&mut early).await;
    assert_eq!(early.signal("TERM").await.code(), Some(0), "what waited serves by now");
    let mut first = Running::logging(&["serve", "enrollment"], &variables);
    let mut others = Running::logging(&["serve", "matching", "scheduling", "evaluation"], &variables);
    let (enrollment, matching) = (ready(&mut first).await, ready(&mut others).await);
    let program = publish(idp.manager(&enrollment)).await;
    // Through RabbitMQ, from one process to the other.
    let criteria = CriteriaServiceClient::new(idp.manager(&matching));
    let request = GetCriteriaRequest { program_id: program, version: 0 };
    eventually!(Duration::from_secs(20), criteria.clone().get_criteria(request.clone()).await.is_ok());

    let doctor = run(&["doctor"], &variables).await;
    assert_eq!(doctor.code, Some(0), "{}", doctor.stdout);
    assert_eq!(first.signal("TERM").await.code(), Some(0));
    assert_eq!(others.signal("INT").await.code(), Some(0));
}

async fn ready(process: &mut Running) -> String {
    let line = process.line(|line| line["message"] == "ready").await;
    line["grpc"].as_str().expect("an address").to_owned()
}

async fn publish(channel: Channel) -> String {
    let mut programs = ProgramServiceClient::new(channel);
    let spec = ProgramSpec { name: "Grow".to_owned(), ..ProgramSpec::default() };
    let request = CreateProgramRequest { request_id: SystemClock.new_id().to_string(), spec: Some(spec) };
    let program =
        programs.create_program(request).await.expect("creates").into_inner().program.expect("a program");
    let program_id = program.program_id;
    let request = PublishProgramRequest {
        request_id: SystemClock.new_id().to_string(),
        program_id: program_id.clone(),
    };
    programs.publish_program(request).await.expect("publishes");
    program_id
}

#[tokio::test]
async fn a_service_alone_needs_a_real_broker() {
    let (database, prefix) = (TestDatabase::empty().await, prefix().await);
    let mut variables = variables(&database, &prefix).await;
    set(&mut variables, "MENTOR__MESSAGING__BROKER", "in-process");
    let refused = run(&["serve", "enrollment"], &variables).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("all services must run in this process"), "{}", refused.stderr);
}

#[tokio::test]
async fn missing_settings_are_named_all_at_once() {
    let refused = run(&["serve"], &Vec::new()).await;
    assert_eq!(refused.code, Some(1));
    for setting in ["database.url", "messaging.url", "cache.url", "identity.issuers"] {
        assert!(refused.stderr.contains(setting), "{setting} in {}", refused.stderr);
    }
    let refused = run(&["migrate"], &Vec::new()).await;
    assert!(
        refused.stderr.contains("migrate.url") && refused.stderr.contains("what to do"),
        "{}",
        refused.stderr
    );
}
