//! The trail is complete and can not be changed.

use crate::house::{House, connect, person};
use kernel::{Clock, Uuid};
use std::time::Duration;
use storage::Audit;
use testkit::{Fault, FaultProxy, eventually};

const ROWS: &str = "select count(*) from enrollment.audit";

#[tokio::test]
async fn a_mutation_that_says_nothing_leaves_a_row_that_names_it() {
    let house = House::new().await;
    let id = house.clock.new_id();
    house.open(&id.to_string(), &person(id, 0)).await.commit().await.expect("commits");
    let sql = "select actor, operation, request_id, roles, is_read from enrollment.audit";
    let rows: Vec<(String, String, Uuid, String, bool)> =
        sqlx::query_as(sql).fetch_all(house.server.pool()).await.expect("reads");
    let operation = "/mentor.enrollment.v1.NoteService/CreateNote".to_owned();
    assert_eq!(rows, [("ada".to_owned(), operation, id, "program_manager".to_owned(), false)]);
}

#[tokio::test]
async fn a_mutation_that_says_something_leaves_just_that() {
    let house = House::new().await;
    let id = house.clock.new_id();
    let mut tx = house.open(&id.to_string(), &person(id, 0)).await;
    tx.audit(Audit::of("application", id).about(Uuid::from_u128(9)).because("no place left"));
    tx.commit().await.expect("commits");
    let sql = "select object, object_id, about, reason from enrollment.audit";
    let rows: Vec<(String, String, Uuid, String)> =
        sqlx::query_as(sql).fetch_all(house.server.pool()).await.expect("reads");
    assert_eq!(
        rows,
        [("application".to_owned(), id.to_string(), Uuid::from_u128(9), "no place left".to_owned())]
    );
}

#[tokio::test]
async fn what_rolls_back_leaves_no_row() {
    let house = House::new().await;
    let id = house.clock.new_id();
    let mut tx = house.open(&id.to_string(), &person(id, 0)).await;
    tx.audit(Audit::of("application", id));
    drop(tx);
    assert_eq!(house.count(ROWS).await, 0);
}

#[tokio::test]
async fn no_role_of_the_service_can_change_or_delete_a_row() {
    let house = House::new().await;
    let id = house.clock.new_id();
    house.open(&id.to_string(), &person(id, 0)).await.commit().await.expect("commits");
    for role in ["enrollment", "enrollment_relay"] {
        for change in [
            "update enrollment.audit set actor = 'eve'",
            "delete from enrollment.audit",
            "truncate enrollment.audit",
        ] {
            let mut tx = house.db.write(&house.ctx()).await.expect("begins");
            let role = sqlx::AssertSqlSafe(format!("set local role {role}"));
            sqlx::query(role).execute(tx.conn()).await.expect("granted");
            let refused = sqlx::query(change).execute(tx.conn()).await.expect_err("refused");
            assert!(refused.to_string().contains("permission denied"), "{refused}");
        }
    }
    assert_eq!(house.count(ROWS).await, 1);
}

#[tokio::test]
async fn a_read_of_somebodys_data_is_in_the_trail_within_a_second() {
    let house = House::new().await;
    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    tx.audit(Audit::of("participant", 7).about(Uuid::from_u128(7)));
    tx.commit().await.expect("ends");
    eventually!(
        Duration::from_secs(1),
        house.count("select count(*) from enrollment.audit where is_read").await == 1
    );
}

#[tokio::test]
async fn a_break_glass_read_is_in_the_trail_before_the_answer() {
    let house = House::new().await;
    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    tx.audit(Audit::of("check_in", 7).because("a complaint").before_answer());
    tx.commit().await.expect("ends");
    assert_eq!(house.count(ROWS).await, 1);
}

#[tokio::test]
async fn closing_writes_what_is_buffered() {
    let house = House::new().await;
    for n in 0..1200 {
        let mut tx = house.db.read(&house.ctx()).await.expect("begins");
        tx.audit(Audit::of("participant", n));
        tx.commit().await.expect("ends");
    }
    house.db.close().await.expect("closes");
    assert_eq!(house.count(ROWS).await, 1200);
}

#[tokio::test]
async fn no_row_is_lost_while_the_database_is_away() {
    let house = House::new().await;
    let target = house.server.host_url();
    let address = target.trim_start_matches("postgres://").split('/').next().expect("an address").to_owned();
    let proxy = FaultProxy::to(address).await;
    let db = connect(&proxy.url(&target), &house.clock).await;
    let mut open = Vec::new();
    for n in 0..8 {
        let mut tx = db.read(&house.ctx()).await.expect("begins");
        tx.audit(Audit::of("participant", n));
        open.push(tx);
    }
    proxy.set(Fault::Cut);
    for tx in open {
        tx.commit().await.expect("a read does not wait for the trail");
    }
    assert_eq!(house.count(ROWS).await, 0);
    proxy.set(Fault::None);
    eventually!(Duration::from_secs(10), house.count(ROWS).await == 8);
}

#[tokio::test]
async fn a_full_buffer_slows_the_caller_and_drops_nothing() {
    let house = House::new().await;
    let target = house.server.host_url();
    let address = target.trim_start_matches("postgres://").split('/').next().expect("an address").to_owned();
    let proxy = FaultProxy::to(address).await;
    let db = connect(&proxy.url(&target), &house.clock).await;
    let mut tx = db.read(&house.ctx()).await.expect("begins");
    for n in 0..6000 {
        tx.audit(Audit::of("participant", n));
    }
    proxy.set(Fault::Cut);
    let mut commit = tokio::spawn(tx.commit());
    let early = tokio::time::timeout(Duration::from_millis(300), &mut commit).await;
    assert!(early.is_err(), "there is no room for so many");
    proxy.set(Fault::None);
    commit.await.expect("runs").expect("ends");
    db.flush_reads().await.expect("flushes");
    assert_eq!(house.count(ROWS).await, 6000);
}
