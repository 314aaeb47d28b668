//! A service's database for each test, and small things that tests do in it.

use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Actor, Clock, Context, ManualClock, Role, TenantId, Uuid};
use sqlx::migrate::Migrator;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use storage::{Database, DatabaseSettings, DbResult, MigrateSettings, Mutation, Tx};
use testkit::TestDatabase;

/// The service under test, and another one.
pub(crate) static OWN: Migrator = sqlx::migrate!("tests/it/migrations");
pub(crate) static OTHER: Migrator = sqlx::migrate!("tests/it/other");

/// A migrated database with two services.
pub(crate) struct House {
    pub(crate) server: TestDatabase,
    pub(crate) db: Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: TenantId,
}

impl House {
    pub(crate) async fn new() -> Self {
        let server = TestDatabase::cloned(&key(), async |url: &str| {
            let settings = MigrateSettings::at(url);
            storage::migrate(&settings, &[("enrollment", &OWN), ("matching", &OTHER)])
                .await
                .expect("migrates");
        })
        .await;
        let clock = ManualClock::at("2025-01-06T09:00:00Z".parse().expect("an instant"));
        let db = connect(&server.host_url(), &clock).await;
        let tenant = TenantId(clock.new_id());
        House { server, db, clock, tenant }
    }

    /// Another handle, as another process would have.
    pub(crate) async fn replica(&self) -> Database {
        connect(&self.server.host_url(), &self.clock).await
    }

    pub(crate) fn ctx(&self) -> Context {
        self.ctx_of(self.tenant)
    }

    pub(crate) fn ctx_of(&self, tenant: TenantId) -> Context {
        Context {
            actor: Actor {
                tenant,
                subject: "ada".to_owned(),
                person: Some(Uuid::from_u128(1)),
                roles: vec![Role::ProgramManager],
            },
            operation: "/mentor.enrollment.v1.NoteService/CreateNote".to_owned(),
            correlation: self.clock.new_id(),
            causation: None,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            now: self.clock.now(),
        }
    }

    /// A number, as the superuser sees it.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.server.pool()).await.expect("counts")
    }

    /// Begins a mutation that must not have been begun before.
    pub(crate) async fn open(&self, request_id: &str, request: &PersonUpserted) -> Tx {
        match self.db.mutation::<_, PersonUpserted>(&self.ctx(), request_id, request).await.expect("begins") {
            Mutation::Open(tx) => tx,
            Mutation::Replayed(_) => panic!("a new request is not a replay"),
        }
    }
}

pub(crate) async fn connect(url: &str, clock: &Arc<ManualClock>) -> Database {
    let settings = DatabaseSettings { max_connections: 10, ..DatabaseSettings::at(url) };
    Database::connect(&settings, "enrollment", clock.clone()).await.expect("a readable address")
}

/// Writes a note as a handler would.
pub(crate) async fn insert_note(tx: &mut Tx, slug: &str) -> kernel::Result<Uuid> {
    let (tenant, id) = (tx.tenant(), tx.new_id());
    sqlx::query("insert into enrollment.note (tenant_id, id, slug) values ($1, $2, $3)")
        .bind(tenant)
        .bind(id)
        .bind(slug)
        .execute(tx.conn())
        .await
        .violates("note_slug_key", || {
            kernel::Error::new(
                kernel::ErrorKind::AlreadyExists,
                "ALREADY_EXISTS",
                "a note with that slug exists",
            )
        })
        .db()?;
    Ok(id)
}

/// An event of some person; `n` tells it from others of that person.
pub(crate) fn person(id: Uuid, n: usize) -> PersonUpserted {
    PersonUpserted { person_id: id.to_string(), grade: n.to_string(), ..PersonUpserted::default() }
}

/// Names the template's contents.
fn key() -> String {
    let mut hash = DefaultHasher::new();
    include_str!("migrations/0001_note.sql").hash(&mut hash);
    include_str!("other/0001_secret.sql").hash(&mut hash);
    include_str!("../../house/0001_house.sql").hash(&mut hash);
    include_str!("../../house/0002_audit_trail.sql").hash(&mut hash);
    include_str!("../../src/migrate/guards.rs").hash(&mut hash);
    format!("storage_{:016x}", hash.finish())
}
