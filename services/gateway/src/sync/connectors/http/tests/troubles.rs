//! What every connector survives, or says clearly that it does not: shown by the one for BambooHR, since the client is the
//! same for all.

use super::{
    access, clock,
    peers::{
        bamboo_hr::{BambooHr, Company, KEY, employee},
        stand_in::{StandIn, Trouble},
    },
    read, secrets,
};
use crate::sync::connectors::http::{bamboo_hr, client::Access};
use contracts::mentor::gateway::v1::BambooHrSettings;
use kernel::{Error, ErrorKind};
use std::time::Duration;
use tokio::time::Instant;

async fn company() -> BambooHr {
    let employees = (1..=5).map(|id| employee(id, None, "Active")).collect();
    BambooHr::start(Company { employees, ..Company::default() }).await
}

async fn reading(url: &str, access: &Access) -> Result<super::Reading, Box<Error>> {
    let settings = BambooHrSettings {
        url: url.into(),
        api_key_secret: "key".into(),
        page_size: 2,
        ..BambooHrSettings::default()
    };
    let mut connector = bamboo_hr::BambooHr::open(&settings, &secrets(&[("key", KEY)]), access).await?;
    read(&mut connector, None).await
}

async fn survives(troubles: impl IntoIterator<Item = Trouble>) -> usize {
    let company = company().await;
    company.server.troubles(troubles);
    let read = reading(&company.server.url, &access(&clock())).await.expect("everybody is read");
    assert_eq!(read.people().len(), 5, "each once");
    company.server.log().len()
}

async fn fails(troubles: impl IntoIterator<Item = Trouble>, access: &Access) -> Box<Error> {
    let company = company().await;
    company.server.troubles(troubles);
    let error = reading(&company.server.url, access).await.expect_err("it can't go well");
    assert!(!error.message.contains(KEY), "{}", error.message);
    error
}

#[tokio::test]
async fn bursts_of_limits_are_waited_out() {
    let (too_many, away) = (Trouble::Status(429, Some("0")), Trouble::Status(503, Some("0")));
    let calls = survives([too_many.clone(), away, Trouble::Pass, too_many.clone(), too_many]).await;
    assert_eq!(calls, 3 + 4, "three pages, and each refusal once more");
}

#[tokio::test]
async fn as_long_as_the_source_asks_for() {
    let start = Instant::now();
    survives([Trouble::Status(429, Some("1"))]).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn passing_faults_are_repeated() {
    let calls =
        survives([Trouble::Pass, Trouble::Status(500, None), Trouble::Cut, Trouble::Status(502, None)]).await;
    assert_eq!(calls, 3 + 3, "the page before is not read again");
}

#[tokio::test]
async fn what_stays_away_lets_the_run_rest() {
    let error = fails(std::iter::repeat_n(Trouble::Status(500, None), 9), &access(&clock())).await;
    assert_eq!((error.kind, error.reason), (ErrorKind::Unavailable, "SOURCE_UNAVAILABLE"));
    assert!(error.message.ends_with("answers 500 Internal Server Error; attempts: 4"), "{}", error.message);
    let nobody = reading("http://127.0.0.1:9", &access(&clock())).await.expect_err("nobody is there");
    assert_eq!(nobody.reason, "SOURCE_UNAVAILABLE");
    assert!(nobody.message.contains("can't be reached"), "{}", nobody.message);
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_run() {
    let start = Instant::now();
    let error = fails([Trouble::Status(503, Some("120"))], &access(&clock())).await;
    assert_eq!((error.reason, error.retry_after), ("SOURCE_UNAVAILABLE", Some(Duration::from_secs(120))));
    assert!(start.elapsed() < Duration::from_secs(5), "nobody waits for it here");
    let for_ever = fails([Trouble::Status(429, Some("18446744073709551615"))], &access(&clock())).await;
    assert_eq!(for_ever.retry_after, Some(Duration::from_secs(3_600)), "nor is a run put off for ever");
}

#[tokio::test]
async fn who_stops_in_the_middle_is_left_in_time() {
    let mut access = access(&clock());
    access.limits.call = Duration::from_millis(200);
    let company = company().await;
    company.server.troubles([Trouble::Stall]);
    assert_eq!(
        reading(&company.server.url, &access).await.expect("the next time it answers").people().len(),
        5
    );
    let error = fails(std::iter::repeat_n(Trouble::Stall, 9), &access).await;
    assert_eq!(error.reason, "SOURCE_UNAVAILABLE");
    assert!(error.message.contains("does not answer in full within 200ms"), "{}", error.message);
}

#[tokio::test]
async fn who_never_stops_is_left_as_well() {
    let error = fails([Trouble::Endless], &access(&clock())).await;
    assert_eq!(error.reason, "SOURCE_INVALID");
    assert!(error.message.ends_with("answers with more than 1024 KiB"), "{}", error.message);
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let error = fails([Trouble::Pass, Trouble::Half], &access(&clock())).await;
    assert_eq!((error.kind, error.reason), (ErrorKind::FailedPrecondition, "SOURCE_INVALID"));
    assert!(error.message.contains("JSON that can't be understood at line 1"), "{}", error.message);
    let error = fails([Trouble::Status(418, None)], &access(&clock())).await;
    assert_eq!(error.reason, "SOURCE_INVALID");
}

#[tokio::test]
async fn credentials_go_to_nobody_else() {
    let elsewhere = StandIn::start(|_| (200, "application/json", "{}".to_owned())).await;
    let error =
        fails([Trouble::Redirect(format!("{}/api/v1/employees", elsewhere.url))], &access(&clock())).await;
    assert!(error.message.contains("redirects are not followed"), "{}", error.message);
    assert!(elsewhere.log().is_empty(), "nobody came");
}

#[tokio::test]
async fn a_wrong_key_is_refused_once_and_for_all() {
    let company = company().await;
    let settings = BambooHrSettings {
        url: company.server.url.clone(),
        api_key_secret: "key".into(),
        ..BambooHrSettings::default()
    };
    let access = access(&clock());
    let wrong = secrets(&[("key", "another-key-0123456789")]);
    let mut connector = bamboo_hr::BambooHr::open(&settings, &wrong, &access).await.expect("opens");
    let error = read(&mut connector, None).await.expect_err("must be refused");
    assert_eq!((error.kind, error.reason), (ErrorKind::FailedPrecondition, "SOURCE_REFUSED"));
    assert_eq!(company.server.log().len(), 1, "an account is not locked by trying again");
    let none =
        bamboo_hr::BambooHr::open(&settings, &secrets(&[]), &access).await.map(drop).expect_err("no secret");
    assert!(none.message.contains("'key'"), "{}", none.message);
}
