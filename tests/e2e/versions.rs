//! Two releases side by side over one expand and contract of the schema, there and back, under load: no call fails.
//!
//! The older release is the enrollment binary of today; the next is `mentor-enrollment-next` (see `src/bin/next.rs`).

use crate::rollout::{NOTICE, Roll};
use std::sync::atomic::Ordering;
use testkit::{TestDatabase, eventually};
use tests::{
    life::PATIENCE,
    process::{Fleet, START, Servers},
};

/// Calls that each pair of releases must have seen.
const CALLS: u64 = 300;
const OLD: &str = "enrollment";
const NEXT: &str = "enrollment-next";
const CONTRACT: [(&str, &str); 1] = [("NEXT_RELEASE", "contract")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_run_together_there_and_back() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let mut roll = Roll::begin(&fleet, [OLD, OLD], &[("MENTOR__SHUTDOWN__READINESS_DELAY", NOTICE)]).await;
    roll.calls(CALLS).await;

    // The next release before its migration: it waits, and says for what.
    let mut early = fleet.launch(NEXT, &[]);
    early.listening().await;
    eventually!(START, early.text().contains("not ready; waiting until this is mended"));
    let log = early.text();
    assert!(log.contains("the database lacks migrations: service 9001 motto; run `migrate` first"), "{log}");
    assert!(!log.contains("\"message\":\"ready\""), "{log}");

    // The migration, while the old release serves; what waited goes on by itself.
    fleet.migrate_by(NEXT, &[]);
    early.ready().await;
    drop(early);
    roll.calls(CALLS).await;

    roll.replace(NEXT).await; // old and next
    roll.calls(CALLS).await;
    roll.replace(NEXT).await; // next alone
    roll.calls(CALLS).await;
    roll.replace(OLD).await; // and back: an old process starts on the newer schema
    roll.calls(CALLS).await;
    roll.replace(OLD).await;
    roll.calls(CALLS).await;
    roll.replace(NEXT).await;
    roll.replace(NEXT).await;

    // The contract, while the release before it serves: what goes is what that has ceased to use.
    fleet.migrate_by(NEXT, &CONTRACT);
    roll.calls(CALLS).await;
    roll.set(&CONTRACT);
    roll.replace(NEXT).await;
    roll.replace(NEXT).await;
    roll.calls(CALLS).await;

    let count = roll.end().await;
    let failures = count.failures();
    println!("{} calls, {} failed", count.done.load(Ordering::Relaxed), failures.len());
    assert!(failures.is_empty(), "{} calls failed, such as {:?}", failures.len(), failures.first());
    let created = i64::try_from(count.created.load(Ordering::Relaxed)).expect("few") + 1;
    // What the old release wrote meanwhile was found by the new one.
    eventually!(PATIENCE, mottos(&database).await == (created, created));
}

/// How many programs there are, and how many of them the next release has seen.
async fn mottos(database: &TestDatabase) -> (i64, i64) {
    sqlx::query_as("select count(*), count(motto) from enrollment.program")
        .fetch_one(database.pool())
        .await
        .expect("the superuser reads everything")
}
