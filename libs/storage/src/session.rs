//! A connection inside a transaction.

use crate::error::is_away;
use metrics::{Counter, Histogram};
use sqlx::{AssertSqlSafe, Database, PgConnection, PgPool, Postgres, SqlSafeStr, pool::PoolConnection};
use sqlx_core::transaction::TransactionManager;
use tokio::time::Instant;

/// Stale connections (after a restart of the server) that an opening tolerates before it gives up.
const STALE_TOLERATED: u32 = 100;

/// What lies beneath the driver's own `Transaction`, which would hand a connection back to the pool inside a
/// transaction when an opening fails or is cut off; the session guards the connection itself.
type Manager = <Postgres as Database>::TransactionManager;

/// A pooled connection with an open transaction. Dropped, it rolls back: the ROLLBACK travels with the pool's
/// own check of the returned connection, so nobody waits for it.
pub(crate) struct Session {
    conn: PoolConnection<Postgres>,
    state: State,
}

/// How long transactions wait for a connection, and how many get none.
pub(crate) struct Waits {
    seconds: Histogram,
    failures: Counter,
}

impl Waits {
    /// Those of a service.
    pub(crate) fn of(service: &'static str) -> Self {
        Waits {
            seconds: metrics::histogram!("mentor_database_acquire_seconds", "service" => service),
            failures: metrics::counter!("mentor_database_acquire_failures_total", "service" => service),
        }
    }

    fn unnoted() -> Self {
        Waits { seconds: Histogram::noop(), failures: Counter::noop() }
    }

    async fn acquire(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let began = Instant::now();
        let acquired = pool.acquire().await;
        self.seconds.record(began.elapsed().as_secs_f64());
        if acquired.is_err() {
            self.failures.increment(1);
        }
        acquired
    }
}

enum State {
    Opening,
    Open,
    Done,
}

impl Session {
    /// Opens a transaction in one round trip. `statement` starts with BEGIN and may go on after a semicolon;
    /// its parts are trusted text. A connection that turns out to be dead is replaced.
    pub(crate) async fn begin(pool: &PgPool, statement: &str) -> Result<Session, sqlx::Error> {
        Session::begin_noting(pool, statement, &Waits::unnoted()).await
    }

    /// The same, noting how long it waits for a connection.
    pub(crate) async fn begin_noting(
        pool: &PgPool,
        statement: &str,
        waits: &Waits,
    ) -> Result<Session, sqlx::Error> {
        let mut stale = 0;
        loop {
            let conn = waits.acquire(pool).await?;
            match Session::open(conn, statement).await {
                Err(error) if is_away(&error) && stale < STALE_TOLERATED => stale += 1,
                result => return result,
            }
        }
    }

    async fn open(conn: PoolConnection<Postgres>, statement: &str) -> Result<Session, sqlx::Error> {
        let mut session = Session { conn, state: State::Opening };
        let sql = AssertSqlSafe(statement.to_owned()).into_sql_str();
        match Manager::begin(&mut session.conn, Some(sql)).await {
            Ok(()) => {
                session.state = State::Open;
                Ok(session)
            }
            Err(error) => {
                // The driver does not know yet that it is in a (failed) transaction: leave it by hand.
                if !is_away(&error) && sqlx::raw_sql("ROLLBACK").execute(&mut *session.conn).await.is_ok() {
                    session.state = State::Done;
                }
                Err(error)
            }
        }
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.conn
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        Manager::commit(&mut self.conn).await?;
        self.state = State::Done;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        match self.state {
            // Cut off half-way: what the server made of it is unknown.
            State::Opening => self.conn.close_on_drop(),
            State::Open => Manager::start_rollback(&mut self.conn),
            State::Done => {}
        }
    }
}
