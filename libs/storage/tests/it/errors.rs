//! What goes wrong on the way to the server.

use crate::house::{House, connect, insert_note, person};
use kernel::{Clock, ErrorKind};
use std::time::Duration;
use storage::{DatabaseSettings, DbResult};
use testkit::{Fault, FaultProxy};

#[tokio::test]
async fn a_violated_constraint_has_its_own_reason_and_others_are_internal() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "taken").await.expect("inserted");
    let taken = insert_note(&mut tx, "taken").await.expect_err("taken");
    assert_eq!((taken.kind, taken.reason), (ErrorKind::AlreadyExists, "ALREADY_EXISTS"));
    assert!(taken.source.is_some(), "the log gets the cause");
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    let fault = sqlx::query("select nonsense").execute(tx.conn()).await.violates("x", || unreachable!()).db();
    assert_eq!(fault.expect_err("a fault").kind, ErrorKind::Internal);
}

#[tokio::test]
async fn a_deadlock_is_a_conflict_to_be_tried_again() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "a").await.expect("inserted");
    insert_note(&mut tx, "b").await.expect("inserted");
    tx.commit().await.expect("commits");
    let lock = "select from enrollment.note where slug = $1 for update";
    let mut first = house.db.write(&house.ctx()).await.expect("begins");
    let mut second = house.db.write(&house.ctx()).await.expect("begins");
    sqlx::query(lock).bind("a").execute(first.conn()).await.expect("locks");
    sqlx::query(lock).bind("b").execute(second.conn()).await.expect("locks");
    let (one, two) = tokio::join!(
        async {
            let result = sqlx::query(lock).bind("b").execute(first.conn()).await.db();
            drop(first);
            result
        },
        async {
            let result = sqlx::query(lock).bind("a").execute(second.conn()).await.db();
            drop(second);
            result
        },
    );
    let lost = one.err().or(two.err()).expect("one loses");
    assert_eq!((lost.kind, lost.reason), (ErrorKind::Aborted, "CONFLICT"));
    assert!(lost.retry_after.is_some());
}

#[tokio::test]
async fn connections_that_died_while_idle_are_replaced_unnoticed() {
    let house = House::new().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(house.db.read(&house.ctx()).await.expect("begins"));
    }
    drop(open);
    testkit::eventually!(Duration::from_secs(5), house.db.connections().1 == 8);
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and usename = 'enrollment'";
    assert!(house.count(kill).await >= 8);
    let id = house.clock.new_id();
    house.open(&id.to_string(), &person(id, 0)).await.commit().await.expect("commits");
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_and_comes_back() {
    let house = House::new().await;
    let target = house.server.host_url();
    let address = target.trim_start_matches("postgres://").split('/').next().expect("an address").to_owned();
    let proxy = FaultProxy::to(address).await;
    let settings = DatabaseSettings { acquire_timeout_ms: 3_000, ..DatabaseSettings::at(proxy.url(&target)) };
    let db = storage::Database::connect(&settings, "enrollment", house.clock.clone()).await.expect("lazy");
    db.ping().await.expect("answers");
    proxy.set(Fault::Cut);
    let away = db.read(&house.ctx()).await.err().expect("away");
    assert_eq!((away.kind, away.reason), (ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE"));
    assert!(away.retry_after.is_some());
    proxy.set(Fault::None);
    db.read(&house.ctx()).await.expect("back without a hand");
}

#[tokio::test]
async fn a_call_that_is_cut_off_leaves_nothing_behind_for_the_next() {
    let house = House::new().await;
    let target = house.server.host_url();
    let address = target.trim_start_matches("postgres://").split('/').next().expect("an address").to_owned();
    let proxy = FaultProxy::to(address).await;
    let db = connect(&proxy.url(&target), &house.clock).await;
    db.ping().await.expect("answers");
    proxy.set(Fault::Hang);
    let begun = tokio::time::timeout(Duration::from_millis(50), db.read(&house.ctx())).await;
    assert!(begun.is_err(), "the deadline passed");
    proxy.set(Fault::None);
    let mut tx = db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "mine").await.expect("the half-open reading transaction is not this one's");
    tx.commit().await.expect("commits");
    assert_eq!(house.count("select count(*) from enrollment.note").await, 1);
}
