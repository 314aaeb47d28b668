//! A suite of two services.

use crate::services::{Giver, Taker, person};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use jiff::SignedDuration;
use kernel::Role;
use std::time::{Duration, Instant};
use testkit::{Suite, id};

async fn seen(suite: &Suite) -> Vec<i32> {
    sqlx::query_scalar("select seen from matching.person order by id")
        .fetch_all(suite.sql())
        .await
        .expect("reads")
}

#[tokio::test]
async fn an_event_that_is_published_twice_is_handled_once() {
    let suite = Suite::builder().service::<Taker>().start().await;
    let event = suite.envelope(&person(id(1)));
    suite.publish_envelopes(&[event.clone(), event]).await;
    suite.publish(&person(id(2))).await;
    suite.settle().await;
    assert_eq!(seen(&suite).await, [1, 1]);
    assert_eq!(suite.parked("matching").await, 0);
}

#[tokio::test]
async fn jobs_run_when_the_clock_has_moved_and_their_events_arrive() {
    for in_process in [false, true] {
        let builder = Suite::builder().service::<Giver>().service::<Taker>();
        let suite = if in_process { builder.in_process() } else { builder }.start().await;
        let db = suite.host().database("enrollment").expect("runs");
        Giver::first(db, &suite.context(Role::System, None)).await;
        suite.run_jobs().await;
        suite.run_jobs().await;
        suite.advance(SignedDuration::from_mins(59));
        suite.run_jobs().await;
        assert_eq!(suite.events::<PersonUpserted>().await.len(), 2, "one by hand, one by the first run");
        suite.advance(SignedDuration::from_mins(1));
        suite.run_jobs().await;
        suite.settle().await;
        assert_eq!(seen(&suite).await, [1, 1, 1]);
    }
}

#[tokio::test]
async fn two_suites_side_by_side_do_not_see_each_other() {
    let builder = || Suite::builder().service::<Taker>();
    let (one, other) = tokio::join!(builder().start(), builder().start());
    one.publish(&person(id(1))).await;
    one.settle().await;
    other.settle().await;
    assert_eq!(seen(&one).await, [1]);
    assert!(seen(&other).await.is_empty());
}

#[tokio::test]
async fn a_replica_shares_the_work() {
    let suite = Suite::builder().service::<Taker>().start().await;
    let replica = suite.replica().await;
    for number in 0..20 {
        suite.publish(&person(id(number))).await;
    }
    suite.settle().await;
    replica.settle().await.expect("settles");
    assert_eq!(seen(&suite).await, [1; 20]);
    assert_eq!(replica.shutdown().await, runtime::Shutdown::Complete);
}

/// What a suite costs a test, once servers and template are there. Asserted loosely, for busy machines; printed exactly.
#[tokio::test]
async fn a_suite_starts_and_ends_quickly() {
    drop(Suite::builder().service::<Taker>().start().await);
    let began = Instant::now();
    let suite = Suite::builder().service::<Taker>().start().await;
    let started = began.elapsed();
    drop(suite);
    println!("started in {started:?}, ended in {:?}", began.elapsed() - started);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
