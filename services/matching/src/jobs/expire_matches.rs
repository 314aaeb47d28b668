//! Matches that nobody answered in time expire, and their mentees are offered the next choice.

use crate::matches::{next_choice, store};
use crate::{Matching, events::DomainEvent, projection};
use kernel::{Context, Result, Uuid};

/// Matches looked for at once.
const BATCH: i64 = 200;

pub(crate) async fn run(service: &Matching, ctx: &Context) -> Result<()> {
    loop {
        let mut tx = service.db().read(ctx).await?;
        let due = store::overdue(&mut tx, BATCH).await?;
        tx.commit().await?;
        if due.is_empty() {
            return Ok(());
        }
        for id in due {
            expire(service, ctx, id).await?;
        }
    }
}

/// One match in one transaction: more than one at a time would lock matches and mentors crosswise.
async fn expire(service: &Matching, ctx: &Context, id: Uuid) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    let Some(seen) = store::find(&mut tx, id).await? else { return Ok(()) };
    projection::store::lock_program(&mut tx, seen.program).await?;
    projection::store::lock_chains(&mut tx, &[seen.mentee.person]).await?;
    let mut expired = store::lock(&mut tx, id).await?;
    if !expired.expire(tx.now()) {
        return Ok(());
    }
    store::save(&mut tx, &mut expired).await?;
    projection::store::drop_spare_places(&mut tx, &[expired.mentor.participant]).await?;
    DomainEvent::Expired(&expired).emit(&mut tx);
    next_choice::offer(&mut tx, &expired).await?;
    tx.commit().await
}
