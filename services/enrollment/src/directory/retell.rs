//! Tells again of everybody, as when they came: for services whose tables are newer than the people.

use super::store;
use crate::events;
use kernel::{Context, Result, TenantId, Uuid};
use storage::{Audit, Database};

/// A page that was told.
pub struct Retold {
    /// How many people.
    pub people: usize,
    /// The last of them; `None` when there were no more.
    pub last: Option<Uuid>,
}

/// Tells every service again of the next active people of a tenant, in the order of their ids. A page is a commit of its own,
/// with the people locked against changes: whatever is told of them later is newer. Telling twice changes nothing.
///
/// # Errors
/// Those of the database.
pub async fn retell(db: &Database, tenant: TenantId, after: Option<Uuid>) -> Result<Retold> {
    let clock = db.clock();
    let ctx = Context::system(tenant, db.service(), "retell", clock.now(), clock.new_id());
    let mut tx = db.write(&ctx).await?;
    let people = store::active_after(&mut tx, after.unwrap_or_default()).await?;
    for person in &people {
        events::person_upserted(&mut tx, person);
    }
    let told = Retold { people: people.len(), last: people.last().map(|person| person.id) };
    if told.last.is_some() {
        let because = format!("told every service again of {} people", told.people);
        tx.audit(Audit::of("directory", tenant).because(because));
    }
    tx.commit().await?;
    Ok(told)
}
