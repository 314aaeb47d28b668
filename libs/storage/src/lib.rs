//! Postgres and Redis for the services: the tenant's transaction with its outbox, inbox, idempotency and
//! audit rows in one commit; migrations; and the cache of things that may be lost.
//!
//! # How to change state
//! ```ignore
//! match db.mutation(&ctx, &request.request_id, &request).await? {
//!     Mutation::Replayed(response) => Ok(response),           // the first answer, once more
//!     Mutation::Open(mut tx) => {
//!         sqlx::query!("update …").execute(tx.conn()).await
//!             .violates("person_email_key", || Error::new(…)) // a constraint becomes a reason
//!             .db()?;                                         // the rest becomes CONFLICT, UNAVAILABLE or INTERNAL
//!         tx.emit(&PersonUpserted { … });
//!         tx.audit(Audit::of("person", id).about(id));
//!         tx.commit_with(&response).await?;
//!     }
//! }
//! ```
//! Dropping a [`Tx`] rolls it back.

mod audit;
mod cache;
mod database;
mod error;
mod flush;
mod idempotency;
mod inbox;
mod migrate;
mod outbox;
mod parked;
mod purge;
mod schema;
mod session;
mod settings;
pub mod time;
mod trail;
mod tx;
mod wake;

pub use audit::Audit;
pub use cache::{Cache, InProcessCache, Limit, RedisCache, Taken};
pub use database::Database;
pub use error::{DbError, DbResult, check_etag, etag};
pub use idempotency::Mutation;
pub use migrate::{MigrationReport, migrate, pending};
pub use outbox::{OutboxClaim, OutboxDepth, OutboxRow};
pub use parked::{NewParked, Parked, ParkedCounts, ParkedEvent, ParkedKey};
pub use purge::{Purged, Retention};
pub use settings::{CacheSettings, DatabaseSettings, MigrateSettings};
pub use sqlx::migrate::Migrator;
pub use trail::{AuditFilter, AuditKey, AuditRecord};
pub use tx::{Savepoint, Tx};
pub use wake::OutboxListener;
