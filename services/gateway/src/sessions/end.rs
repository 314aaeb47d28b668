//! Ends sessions: their cookies lead nowhere, and tokens of theirs are refused by every service within a second.

use super::{live, store};
use crate::Gateway;
use kernel::{Result, Uuid};
use storage::{Audit, Tx};

/// Which sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    /// This one.
    Session(Uuid),
    /// All of a person.
    Person(Uuid),
    /// All that came by a provider.
    Provider(Uuid),
    /// All of a subject of a provider.
    Subject(Uuid, &'a str),
    /// The one that the provider knows by this name.
    ProviderSession(Uuid, &'a str),
}

/// Ends them; how many there were.
pub(crate) async fn end(gateway: &Gateway, tx: &mut Tx, whose: Whose<'_>, why: &'static str) -> Result<i32> {
    let tenant = tx.ctx().tenant();
    let ended = store::end(tx, whose).await?;
    for session in &ended {
        // A refresh under way holds the row, so what it writes to the cache is there by now, and goes.
        live::forget(gateway, &session.cache_key).await;
        for name in live::names(session.id, &session.provider_session) {
            gateway.ended_sessions.add(tenant, name).await;
        }
        tx.audit(Audit::of("session", session.id).about(session.person).because(why));
    }
    Ok(i32::try_from(ended.len()).unwrap_or(i32::MAX))
}
