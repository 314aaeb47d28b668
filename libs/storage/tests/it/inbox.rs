//! An event is handled once.

use crate::house::{House, insert_note};
use kernel::{Clock, Uuid};
use std::{collections::HashSet, time::Duration};

#[tokio::test]
async fn the_second_delivery_is_not_fresh() {
    let house = House::new().await;
    let ids: Vec<Uuid> = (0..3).map(|_| house.clock.new_id()).collect();
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    assert_eq!(
        tx.inbox_insert(&ids[..2]).await.expect("inserts"),
        ids[..2].iter().copied().collect::<HashSet<_>>()
    );
    tx.commit().await.expect("commits");
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    assert_eq!(tx.inbox_insert(&ids).await.expect("inserts"), HashSet::from([ids[2]]));
}

#[tokio::test]
async fn a_delivery_waits_for_the_one_in_hand_and_takes_over_when_that_fails() {
    let house = House::new().await;
    let id = house.clock.new_id();
    let mut first = house.db.write(&house.ctx()).await.expect("begins");
    assert_eq!(first.inbox_insert(&[id]).await.expect("inserts").len(), 1);
    let (db, ctx) = (house.db.clone(), house.ctx());
    let second = tokio::spawn(async move {
        let mut tx = db.write(&ctx).await.expect("begins");
        tx.inbox_insert(&[id]).await.expect("inserts").len()
    });
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    testkit::eventually!(Duration::from_secs(5), house.count(waiting).await == 1);
    drop(first);
    assert_eq!(second.await.expect("runs"), 1, "the first rolled back");
}

#[tokio::test]
async fn a_swallowed_failure_does_not_pass_for_a_commit() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "taken").await.expect("inserted");
    tx.commit().await.expect("commits");
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    tx.inbox_insert(&[house.clock.new_id()]).await.expect("inserts");
    assert!(insert_note(&mut tx, "taken").await.is_err());
    assert!(tx.commit().await.is_err(), "the transaction had failed");
}

#[tokio::test]
async fn a_batch_speaks_in_the_name_of_each_event() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    let causes: Vec<Uuid> = (0..2).map(|_| house.clock.new_id()).collect();
    for cause in &causes {
        let mut ctx = house.ctx();
        ctx.causation = Some(*cause);
        tx.switch(ctx);
        tx.emit(&crate::house::person(Uuid::from_u128(1), 0));
    }
    tx.commit().await.expect("commits");
    let told: Vec<Uuid> = sqlx::query_scalar("select causation from enrollment.outbox order by seq")
        .fetch_all(house.server.pool())
        .await
        .expect("reads");
    assert_eq!(told, causes);
}

#[tokio::test]
async fn a_savepoint_undoes_what_a_failed_handler_did_and_told() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "kept").await.expect("inserted");
    tx.emit(&crate::house::person(Uuid::from_u128(1), 0));
    let savepoint = tx.savepoint().await.expect("marks");
    insert_note(&mut tx, "undone").await.expect("inserted");
    tx.emit(&crate::house::person(Uuid::from_u128(1), 1));
    tx.audit(storage::Audit::of("note", 1));
    assert!(insert_note(&mut tx, "kept").await.is_err());
    tx.rollback_to(savepoint).await.expect("goes back");
    tx.commit().await.expect("commits");
    assert_eq!(house.count("select count(*) from enrollment.note").await, 1);
    assert_eq!(house.count("select count(*) from enrollment.outbox").await, 1);
    assert_eq!(house.count("select count(*) from enrollment.audit").await, 0);
}
