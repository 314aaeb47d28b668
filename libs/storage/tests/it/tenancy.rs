//! Nobody sees or touches another tenant's rows, however wrong the query is.

use crate::house::{House, insert_note};
use kernel::{Clock, TenantId};
use storage::DbResult;

#[tokio::test]
async fn a_query_that_forgets_its_tenant_sees_its_own_rows_only() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "mine").await.expect("inserted");
    tx.commit().await.expect("commits");

    let stranger = TenantId(house.clock.new_id());
    for (tenant, sees) in [(house.tenant, 1), (stranger, 0)] {
        let mut tx = house.db.read(&house.ctx_of(tenant)).await.expect("begins");
        let broken = sqlx::query_scalar::<_, i64>("select count(*) from enrollment.note");
        assert_eq!(broken.fetch_one(tx.conn()).await.expect("counts"), sees);
    }
}

#[tokio::test]
async fn a_connection_without_a_tenant_sees_nothing_and_writes_nothing() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    insert_note(&mut tx, "mine").await.expect("inserted");
    tx.commit().await.expect("commits");

    let url = house.server.host_url().replace("://", "://enrollment@");
    let role = sqlx::PgPool::connect(&url).await.expect("the role logs in");
    for table in ["note", "outbox", "audit", "tenant", "idempotency"] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from enrollment.{table}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&role).await.expect("counts"), 0, "{table}");
    }
    let insert = "insert into enrollment.note (tenant_id, id, slug) values (gen_random_uuid(), gen_random_uuid(), 'x')";
    assert!(sqlx::query(insert).execute(&role).await.is_err());
}

#[tokio::test]
async fn a_row_can_not_be_written_for_another_tenant() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    let insert = "insert into enrollment.note (tenant_id, id, slug) values (gen_random_uuid(), gen_random_uuid(), 'x')";
    let refused = sqlx::query(insert).execute(tx.conn()).await.db().expect_err("refused");
    assert_eq!(refused.reason, "INTERNAL");
}

#[tokio::test]
async fn a_service_can_not_reach_into_another_services_schema() {
    let house = House::new().await;
    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    let refused = sqlx::query("select from matching.secret").execute(tx.conn()).await.expect_err("refused");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn the_relays_role_reaches_the_house_tables_only() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    sqlx::query("set local role enrollment_relay").execute(tx.conn()).await.expect("granted");
    let refused = sqlx::query("select from enrollment.note").execute(tx.conn()).await.expect_err("refused");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn a_reading_transaction_can_not_write() {
    let house = House::new().await;
    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    assert!(insert_note(&mut tx, "mine").await.is_err());
}

#[tokio::test]
async fn tenants_are_known_from_their_first_write() {
    let house = House::new().await;
    assert_eq!(house.db.tenants().await.expect("lists"), []);
    let other = TenantId(house.clock.new_id());
    for tenant in [house.tenant, other, house.tenant] {
        let mut tx = house.db.write(&house.ctx_of(tenant)).await.expect("begins");
        insert_note(&mut tx, &house.clock.new_id().to_string()).await.expect("inserted");
        tx.commit().await.expect("commits");
    }
    let mut expected = vec![house.tenant, other];
    expected.sort();
    assert_eq!(house.db.tenants().await.expect("lists"), expected);
}

#[tokio::test]
async fn each_kind_of_transaction_costs_a_known_number_of_round_trips() {
    let house = House::new().await;
    house.db.tenants().await.expect("the pool is warm");
    let before = house.db.round_trips();
    let mut tx = house.db.read(&house.ctx()).await.expect("begins");
    sqlx::query("select 1").execute(tx.conn()).await.expect("reads");
    tx.commit().await.expect("ends");
    assert_eq!(house.db.round_trips() - before, 2, "a read: begin, query");

    let before = house.db.round_trips();
    let id = house.clock.new_id();
    let mut tx = house.open(&id.to_string(), &crate::house::person(id, 0)).await;
    insert_note(&mut tx, "mine").await.expect("inserted");
    tx.emit(&crate::house::person(id, 0));
    tx.emit(&crate::house::person(id, 1));
    tx.commit_with(&crate::house::person(id, 0)).await.expect("commits");
    assert_eq!(
        house.db.round_trips() - before,
        4,
        "a mutation: begin with the request id, insert, flush, commit"
    );
}
