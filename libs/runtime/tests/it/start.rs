//! Starting: migrations, settings, jobs, and the pages beside gRPC.

use crate::notes::{NewerNotes, Notes};
use jiff::SignedDuration;
use kernel::Role;
use runtime::{Entry, Host, Shutdown, StartError, config::Secret};
use std::time::Duration;
use testkit::Suite;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn notes(suite: &Suite) -> Vec<String> {
    sqlx::query_scalar("select text from evaluation.note order by id")
        .fetch_all(suite.sql())
        .await
        .expect("reads")
}

/// Makes the suite's tenant known to the service.
async fn known_tenant(suite: &Suite) {
    let db = suite.host().database("evaluation").expect("runs");
    let tx = db.write(&suite.context(Role::System, None)).await.expect("a transaction");
    let mut tx = tx;
    tx.audit(storage::Audit::of("test", "1").because("a first write"));
    tx.commit().await.expect("commits");
}

#[tokio::test]
async fn a_database_with_pending_migrations_is_refused_until_it_is_migrated() {
    let suite = Suite::builder().service::<Notes>().start().await;
    let mut config = suite.config().clone();
    let refused = Host::builder(config.clone()).service::<NewerNotes>().start().await;
    let error = refused.err().expect("is refused");
    assert!(matches!(error, StartError::MigrationsPending(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("0002 kind") && text.contains("run `migrate` first"), "{text}");

    config.migrate.url = Secret::new(suite.database().url());
    let reports = runtime::migrate(&config, &[Entry::of::<NewerNotes>()]).await.expect("migrates");
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].applied.len(), 1, "{reports:?}");
    let newer = Host::builder(config.clone()).service::<NewerNotes>().start().await.expect("starts now");
    // The version before still serves: changes expand before they contract.
    let older = Host::builder(config).service::<Notes>().start().await.expect("still starts");
    drop((newer, older));
}

#[tokio::test]
async fn an_unknown_setting_of_a_service_is_refused_by_its_path() {
    let suite = Suite::builder().service::<Notes>().in_process().start().await;
    let mut config = suite.config().clone();
    config.services.entry("evaluation".to_owned()).or_default().insert("txet".to_owned(), "x".into());
    let error = Host::builder(config).service::<Notes>().start().await.err().expect("is refused");
    assert!(error.to_string().contains("setting services.evaluation.txet"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named_with_its_setting() {
    let suite = Suite::builder().service::<Notes>().in_process().start().await;
    let mut config = suite.config().clone();
    config.server.listen = suite.host().address();
    let error = Host::builder(config).service::<Notes>().start().await.err().expect("is refused");
    assert!(error.to_string().starts_with("setting server.listen names"), "{error}");
}

#[tokio::test]
async fn jobs_run_when_their_period_has_passed_and_for_each_tenant() {
    let suite = Suite::builder()
        .service::<Notes>()
        .in_process()
        .configure(|config| {
            let section = config.services.entry("evaluation".to_owned()).or_default();
            section.insert("text".to_owned(), "note".into());
        })
        .start()
        .await;
    suite.run_jobs().await;
    assert!(notes(&suite).await.is_empty(), "no tenant yet");
    known_tenant(&suite).await;
    suite.advance(SignedDuration::from_mins(60));
    suite.run_jobs().await;
    suite.run_jobs().await;
    assert_eq!(notes(&suite).await, ["hourly note"]);
    suite.advance(SignedDuration::from_hours(23));
    suite.run_jobs().await;
    let mut after_a_day = notes(&suite).await;
    after_a_day.sort();
    assert_eq!(after_a_day, ["daily note", "hourly note", "hourly note"]);
}

#[tokio::test]
async fn jobs_run_by_themselves_where_nobody_holds_the_clock() {
    let suite = Suite::builder().service::<Notes>().in_process().start().await;
    known_tenant(&suite).await;
    let host = Host::builder(suite.config().clone()).service::<Notes>().start().await.expect("starts");
    testkit::eventually!(Duration::from_secs(10), notes(&suite).await.len() == 2);
    assert_eq!(host.shutdown().await, Shutdown::Complete);
}

pub(crate) async fn page(host: &Host, path: &str) -> String {
    let address = host.telemetry_address().expect("is served");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answers");
    answer
}

#[tokio::test]
async fn probes_tell_that_it_lives_and_is_ready() {
    let suite = Suite::builder()
        .service::<Notes>()
        .in_process()
        .configure(|config| config.telemetry.listen = Some(([127, 0, 0, 1], 0).into()))
        .start()
        .await;
    assert!(page(suite.host(), "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(page(suite.host(), "/readyz").await.ends_with("ready\n"));
    assert!(page(suite.host(), "/metrics").await.starts_with("HTTP/1.1 200"));
}
