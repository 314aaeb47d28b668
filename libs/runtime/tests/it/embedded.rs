//! The private Postgres. Where the tests run as root, it runs as somebody else.

use runtime::embedded::{Durability, EmbeddedError, Postgres, RunAs};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{os::unix::fs::MetadataExt, path::Path};
use tokio::net::TcpStream;

async fn start(directory: &Path, durability: Durability) -> Result<Postgres, EmbeddedError> {
    Postgres::start(directory, durability, testkit::unique()).await
}

async fn connect(server: &Postgres) -> PgConnection {
    let options: PgConnectOptions = server.url().parse().expect("a URL");
    PgConnection::connect_with(&options.password(server.password().expose())).await.expect("connects")
}

#[tokio::test]
async fn it_keeps_what_was_written_and_stops_when_dropped() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = start(directory.path(), Durability::Durable).await.expect("starts");
    let mut conn = connect(&server).await;
    sqlx::raw_sql("create table kept (id int); insert into kept values (7)")
        .execute(&mut conn)
        .await
        .expect("writes");
    let in_use = start(directory.path(), Durability::Durable).await.expect_err("one server a directory");
    assert!(matches!(in_use, EmbeddedError::InUse(_)), "{in_use}");

    let address = ("127.0.0.1", server.port());
    drop(server);
    assert!(TcpStream::connect(address).await.is_err(), "it listens no more");
    let server = start(directory.path(), Durability::Durable).await.expect("starts again");
    let mut conn = connect(&server).await;
    let kept: i32 = sqlx::query_scalar("select id from kept").fetch_one(&mut conn).await.expect("reads");
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn it_asks_for_a_password_and_does_not_run_as_root() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = start(directory.path(), Durability::Throwaway).await.expect("starts");
    assert!(PgConnection::connect(&server.url()).await.is_err(), "other users of the machine stay outside");
    let owner = server.data_directory().metadata().expect("is there").uid();
    match RunAs::current().expect("somebody") {
        RunAs::Myself => assert_ne!(owner, 0),
        RunAs::Other { uid, .. } => assert_eq!(owner, uid),
    }
    let fsync: String =
        sqlx::query_scalar("show fsync").fetch_one(&mut connect(&server).await).await.expect("reads");
    assert_eq!(fsync, "off");
}

#[tokio::test]
async fn it_does_not_touch_a_directory_with_other_files() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("thesis.txt"), "mine").expect("writes");
    let before = directory.path().metadata().expect("is there").uid();
    let error = start(directory.path(), Durability::Throwaway).await.expect_err("is refused");
    assert!(error.to_string().contains("it holds other files"), "{error}");
    assert_eq!(directory.path().metadata().expect("is there").uid(), before);
}
