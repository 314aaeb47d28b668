//! A database of one's own, cloned from a template and dropped at the end.

use crate::{servers, unique};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use std::time::Duration;

/// Keeps a test's database for a look at it afterwards, when set.
const KEEP: &str = "MENTOR_TEST_KEEP";

/// A database that nobody else uses. Dropped with the value, also when the test fails.
pub struct TestDatabase {
    name: String,
    admin: String,
    pool: PgPool,
}

impl TestDatabase {
    /// An empty one.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn empty() -> Self {
        Self::create("template0").await
    }

    /// A clone of a template that is made once by all tests of all processes together: `make` gets the URL of
    /// an empty database. `key` names what is in it: other contents, other key.
    ///
    /// # Panics
    /// When the server cannot be reached or `make` fails.
    pub async fn cloned(key: &str, make: impl AsyncFnOnce(&str)) -> Self {
        let template = format!("template_{key}");
        let admin = servers::postgres().await;
        // Two spellings of the same question, because CREATE DATABASE fails soon enough when it is not there.
        if !exists(&admin, &template).await {
            make_template(&admin, &template, make).await;
        }
        Self::create(&template).await
    }

    async fn create(template: &str) -> Self {
        let admin = servers::postgres().await;
        let name = unique();
        let mut conn = connect(&admin).await;
        run(&mut conn, format!("create database {name} template {template}")).await;
        let _ = conn.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy(&at(&admin, &name))
            .expect("a URL of our own making");
        TestDatabase { name, admin, pool }
    }

    /// The superuser's URL of it.
    pub fn url(&self) -> String {
        at(&self.admin, &self.name)
    }

    /// `postgres://host:port/name`, for services that log in as their own role.
    pub fn host_url(&self) -> String {
        let url = self.url();
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}")
    }

    /// The superuser's connections, for assertions: row-level security does not apply.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::env::var_os(KEEP).is_some() {
            eprintln!("kept the database {}", self.url());
            return;
        }
        let (admin, name) = (self.admin.clone(), self.name.clone());
        off_runtime(async move {
            if let Ok(mut conn) = PgConnection::connect(&admin).await {
                let drop = format!("drop database if exists {name} with (force)");
                let _ = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut conn).await;
            }
        });
    }
}

/// Runs to its end from a `Drop`, where the test's own runtime cannot be waited for.
pub(crate) fn off_runtime(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(async {
                let _ = tokio::time::timeout(Duration::from_secs(10), work).await;
            });
        }
    });
    let _ = thread.join();
}

/// One maker at a time, over all processes: an advisory lock of the server. The template gets its final name
/// only when it is whole.
async fn make_template(admin: &str, template: &str, make: impl AsyncFnOnce(&str)) {
    let mut conn = connect(admin).await;
    run(&mut conn, "select pg_advisory_lock(7077001)".to_owned()).await;
    if !exists(admin, template).await {
        let draft = unique();
        run(&mut conn, format!("create database {draft} template template0")).await;
        make(&at(admin, &draft)).await;
        run(&mut conn, format!("alter database {draft} with allow_connections false")).await;
        let others =
            format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{draft}'");
        run(&mut conn, others).await;
        run(&mut conn, format!("alter database {draft} rename to {template}")).await;
    }
    // Closing the connection releases the lock.
    let _ = conn.close().await;
}

async fn exists(admin: &str, name: &str) -> bool {
    let mut conn = connect(admin).await;
    let found = sqlx::query_scalar::<_, bool>("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&mut conn)
        .await
        .expect("the server lists its databases");
    let _ = conn.close().await;
    found
}

async fn connect(url: &str) -> PgConnection {
    match PgConnection::connect(url).await {
        Ok(conn) => conn,
        Err(error) => panic!("Postgres for tests does not answer: {error}"),
    }
}

async fn run(conn: &mut PgConnection, sql: String) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await {
        panic!("{sql}: {error}");
    }
}

/// The same server, another database.
fn at(admin: &str, name: &str) -> String {
    let (scheme, rest) = admin.split_once("://").unwrap_or(("postgres", admin));
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    format!("{scheme}://{authority}/{name}")
}
