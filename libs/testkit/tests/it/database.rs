//! A database per test.

use testkit::{TestDatabase, servers, unique};

async fn count(pool: &sqlx::PgPool, name: &str) -> i64 {
    sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(name)
        .fetch_one(pool)
        .await
        .expect("the server lists its databases")
}

#[tokio::test]
async fn a_template_is_made_once_and_clones_are_apart() {
    let key = unique();
    let make = async |url: &str| {
        let pool = sqlx::PgPool::connect(url).await.expect("connects");
        sqlx::raw_sql("create table thing (id int)").execute(&pool).await.expect("makes a table");
        pool.close().await;
    };
    let one = TestDatabase::cloned(&key, make).await;
    let other = TestDatabase::cloned(&key, async |_: &str| panic!("made already")).await;
    sqlx::raw_sql("insert into thing values (1)").execute(one.pool()).await.expect("inserts");
    let rows: i64 =
        sqlx::query_scalar("select count(*) from thing").fetch_one(other.pool()).await.expect("reads");
    assert_eq!(rows, 0);
    let admin = sqlx::PgPool::connect(&servers::postgres().await).await.expect("connects");
    let drop_template = sqlx::AssertSqlSafe(format!("drop database template_{key}"));
    sqlx::raw_sql(drop_template).execute(&admin).await.expect("nobody is connected to a template");
}

#[tokio::test]
async fn a_database_goes_with_its_value() {
    let admin = sqlx::PgPool::connect(&servers::postgres().await).await.expect("connects");
    let database = TestDatabase::empty().await;
    let name = database.name().to_owned();
    let _held = database.pool().acquire().await.expect("connects");
    assert_eq!(count(&admin, &name).await, 1);
    drop(database);
    assert_eq!(count(&admin, &name).await, 0);
}
