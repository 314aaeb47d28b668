//! Assesses every active match, and keeps what changed.

use crate::{
    Evaluation,
    events::{DomainEvent, emit},
    health::{
        assessment::{CADENCE_DAYS, assess},
        store,
    },
};
use jiff::SignedDuration;
use kernel::{Context, Result};

pub(crate) async fn run(service: &Evaluation, ctx: &Context) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    let since = ctx.now - SignedDuration::from_hours(24 * CADENCE_DAYS);
    for subject in store::subjects(&mut tx, None, since).await? {
        let found = assess(&subject.facts, ctx.now);
        let before = subject.last.as_ref().map(|last| last.class);
        if subject.last.as_ref().is_some_and(|last| last.class == found.class && last.score == found.score) {
            continue;
        }
        store::save(&mut tx, subject.match_id, subject.program_id, &found).await?;
        if before != Some(found.class) {
            emit(&mut tx, DomainEvent::HealthChanged { about: subject.match_id, before, after: found.class });
        }
    }
    tx.commit().await
}
