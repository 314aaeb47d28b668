//! One service's database.

use crate::{
    DatabaseSettings, DbResult, OutboxListener, Tx,
    audit::ReadAudits,
    error::unavailable,
    flush,
    schema::in_schema,
    session::{Session, Waits},
    tx::Mode,
    wake::{self, Wake},
};
use kernel::{Context, Error, Result, SharedClock, TenantId, Uuid};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    collections::HashSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a first connection may take.
const REACH: Duration = Duration::from_secs(5);

/// A service's schema, through a pool that is logged in as the service's role. Clones share everything.
#[derive(Clone)]
pub struct Database(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) pool: PgPool,
    pub(crate) service: &'static str,
    pub(crate) clock: SharedClock,
    pub(crate) flush: Arc<str>,
    pub(crate) reads: ReadAudits,
    pub(crate) wake: Wake,
    tenants: RwLock<HashSet<Uuid>>,
    round_trips: AtomicU64,
    waits: Waits,
    direct: PgConnectOptions,
}

impl Database {
    /// Prepares the pool; connections are made when they are needed, so a server that is away is an error of
    /// the calls and not of this one.
    ///
    /// # Errors
    /// `INTERNAL` when an address can't be read.
    pub async fn connect(
        settings: &DatabaseSettings,
        service: &'static str,
        clock: SharedClock,
    ) -> Result<Self> {
        let options = options(settings, &settings.url, service)?;
        let direct = options_of_listener(settings, service)?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections.max(1))
            .acquire_timeout(settings.acquire_timeout())
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Database(Arc::new(Inner {
            service,
            flush: flush::statement(service).into(),
            reads: ReadAudits::start(pool.clone(), service),
            wake: Wake::start(pool.clone(), service),
            tenants: RwLock::default(),
            round_trips: AtomicU64::new(0),
            waits: Waits::of(service),
            clock,
            direct,
            pool,
        })))
    }

    /// The service's clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The service's name, which is also its schema and its role.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` when it does not.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.0.pool).await.db()?;
        Ok(())
    }

    /// A transaction that only reads, in the caller's tenant.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` when the server is away or no connection is free in time.
    pub async fn read(&self, ctx: &Context) -> Result<Tx> {
        let begin = format!("BEGIN READ ONLY; {}", set_tenant(ctx.tenant()));
        Ok(Tx::new(self, self.begin(&begin).await.db()?, ctx, Mode::Read))
    }

    /// A transaction that may write, for jobs, consumers and bulk work: no request id, no audit row of its own.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn write(&self, ctx: &Context) -> Result<Tx> {
        let begin = format!("BEGIN; {}", set_tenant(ctx.tenant()));
        Ok(Tx::new(self, self.begin(&begin).await.db()?, ctx, Mode::Write))
    }

    /// Every tenant that this service ever wrote for.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn tenants(&self) -> Result<Vec<TenantId>> {
        let mut relay = self.relay().await?;
        let sql = self.sql("select tenant_id from {s}.tenant order by tenant_id");
        let tenants: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(relay.conn()).await.db()?;
        Ok(tenants.into_iter().map(TenantId).collect())
    }

    /// Hears of new outbox rows, written by this process or another.
    ///
    /// # Errors
    /// None now; the connection is made and mended in the background.
    pub async fn outbox_listen(&self) -> Result<OutboxListener> {
        Ok(OutboxListener::start(&self.0.wake, self.0.direct.clone(), self.0.service))
    }

    /// Round trips to the server since the start, over all transactions: what an RPC costs, for tests and
    /// benches. The pool's own upkeep in the background is not counted.
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }

    /// Connects once, outside of the pool, and says what is in the way: the pool only says that its patience is over.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` or `INTERNAL`, with the cause.
    pub async fn reach(&self) -> Result<()> {
        let options = self.0.pool.connect_options();
        let connecting = PgConnection::connect_with(&options);
        let connection = match tokio::time::timeout(REACH, connecting).await {
            Ok(connection) => connection.db()?,
            Err(elapsed) => return Err(unavailable("the database does not answer").caused_by(elapsed)),
        };
        connection.close().await.db()
    }

    /// How many connections there may be.
    pub fn connections_limit(&self) -> u32 {
        self.0.pool.options().get_max_connections()
    }

    /// Connections open now, and how many of them are idle.
    pub fn connections(&self) -> (u32, usize) {
        (self.0.pool.size(), self.0.pool.num_idle())
    }

    /// Writes what is still buffered and closes the pool. The last thing at shutdown.
    ///
    /// # Errors
    /// When the buffered audit rows could not be written.
    pub async fn close(&self) -> Result<()> {
        let flushed = self.flush_reads().await;
        self.0.pool.close().await;
        flushed
    }

    /// Waits until every audit row of a read that was handed over is written.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` when the buffer's writer is gone.
    pub async fn flush_reads(&self) -> Result<()> {
        self.0.reads.flush().await
    }

    /// A transaction over all tenants, allowed on the house tables only.
    pub(crate) async fn relay(&self) -> Result<Session> {
        self.begin(&format!("BEGIN; SET LOCAL ROLE \"{}_relay\"", self.0.service)).await.db()
    }

    pub(crate) async fn begin(&self, statement: &str) -> Result<Session, sqlx::Error> {
        self.count();
        Session::begin_noting(&self.0.pool, statement, &self.0.waits).await
    }

    pub(crate) fn count(&self) {
        self.0.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// A house statement with the schema's name in place of `{s}`.
    pub(crate) fn sql(&self, template: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(in_schema(template, self.0.service))
    }

    pub(crate) fn knows(&self, tenant: TenantId) -> bool {
        self.0.tenants.read().unwrap_or_else(PoisonError::into_inner).contains(&tenant.0)
    }

    pub(crate) fn learn(&self, tenant: TenantId) {
        self.0.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.0);
    }

    pub(crate) fn wake(&self) {
        wake::ring(&self.0.wake);
    }
}

/// Sets the tenant for row-level security until the transaction ends.
pub(crate) fn set_tenant(tenant: TenantId) -> String {
    format!("SET LOCAL mentor.tenant = '{tenant}'")
}

fn options(settings: &DatabaseSettings, url: &str, service: &'static str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse().map_err(|e: sqlx::Error| Error::internal(e))?;
    let options = options
        .username(service)
        .application_name(&format!("mentor-{service}"))
        .statement_cache_capacity(settings.statement_cache)
        .disable_statement_logging();
    Ok(match &settings.password {
        Some(password) => options.password(password.expose_secret()),
        None => options,
    })
}

fn options_of_listener(settings: &DatabaseSettings, service: &'static str) -> Result<PgConnectOptions> {
    options(settings, settings.listen_url.as_deref().unwrap_or(&settings.url), service)
}
