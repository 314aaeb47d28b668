//! Asks the identity provider again for a session whose tokens are about to end: whether it goes on, and with which claims.
//!
//! One replica asks, which holds the session's row; a refresh token is used once. The others go on with what is known. A
//! provider that does not answer ends nothing: it is asked again a minute later, until the session's own end.

use super::{edge::Correlation, enter, relying};
use crate::{
    Gateway,
    people::{self, Found},
    providers::{self, provider::Provider},
    sessions::{self, Whose, live},
};
use kernel::{Context, Result};
use storage::Tx;

/// The session as it is after asking; `None` when it is over.
///
/// # Errors
/// Those of the database.
pub(crate) async fn due(gateway: &Gateway, key: &str, live: live::State) -> Result<Option<live::State>> {
    if !live.is_due(gateway.db.clock().now()) {
        return Ok(Some(live));
    }
    // A refresh holds a connection while it waits for the provider: a slow one must not hold them all.
    let Ok(_place) = gateway.sign_in.refreshes.try_acquire() else { return Ok(Some(live)) };
    let ctx = super::edge::context(
        gateway,
        live.tenant,
        "session refresh",
        Correlation(gateway.db.clock().new_id()),
    );
    let mut tx = gateway.db.write(&ctx).await?;
    if !sessions::store::try_lock(&mut tx, live.session).await? {
        return Ok(Some(live));
    }
    // Whoever had the lock before may have done it.
    let Some(live) = live::read(gateway, key).await else { return Ok(None) };
    if !live.is_due(ctx.now) {
        return Ok(Some(live));
    }
    let Some(renewed) = ask(gateway, &mut tx, &ctx, &live).await? else {
        sessions::end(
            gateway,
            &mut tx,
            Whose::Session(live.session),
            "the identity provider does not renew it",
        )
        .await?;
        tx.commit().await?;
        return Ok(None);
    };
    live::keep(gateway, key, &renewed).await?;
    tx.commit().await?;
    Ok(Some(renewed))
}

/// `None` when the session is over.
async fn ask(
    gateway: &Gateway,
    tx: &mut Tx,
    ctx: &Context,
    live: &live::State,
) -> Result<Option<live::State>> {
    let Ok(provider) = providers::store::find(tx, live.provider).await else { return Ok(None) };
    if provider.settings.disabled {
        return Ok(None);
    }
    let token = live.refresh_token.as_deref().unwrap_or_default();
    match relying::renew(gateway, &provider, token, &live.subject, &live.id_token).await {
        Ok(Some(claimed)) => renewed(tx, ctx, live, &provider, claimed).await,
        Ok(None) => Ok(None),
        Err(error) => {
            let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(reason = error.reason, %error, cause, "a session could not be renewed; it goes on");
            let refresh_at = Some(live::refresh_at(ctx.now, 0));
            Ok(Some(live::State { refresh_at, ..live.clone() }))
        }
    }
}

async fn renewed(
    tx: &mut Tx,
    ctx: &Context,
    live: &live::State,
    provider: &Provider,
    claimed: relying::Claimed,
) -> Result<Option<live::State>> {
    let Found::Person(person) = people::find(tx, provider, &claimed.claims).await? else { return Ok(None) };
    if person.id != live.person {
        return Ok(None);
    }
    let roles = enter::roles(tx, provider, &person, &claimed).await?;
    Ok(Some(live::State {
        roles,
        refresh_at: Some(live::refresh_at(ctx.now, claimed.seconds)),
        id_token: claimed.id_token,
        // A provider that does not rotate sends none.
        refresh_token: claimed.refresh_token.or_else(|| live.refresh_token.clone()),
        ..live.clone()
    }))
}
