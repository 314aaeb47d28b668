//! How a match comes to its end, whoever asked for it.

use super::relationship::{Ending, Match, State};
use super::store;
use crate::{events::DomainEvent, projection, runs};
use kernel::{Result, Uuid};
use storage::Tx;

/// Ends a locked match, frees the place, puts the mentee back to be matched again where asked. A match that
/// has ended before is left as it is: `false`. A pair that ended without fault is not proposed again.
pub(crate) async fn end(tx: &mut Tx, open: &mut Match, ending: Ending, rematch: bool) -> Result<bool> {
    let now = tx.now();
    let Some(was_active) = open.end(ending, rematch, now) else { return Ok(false) };
    store::save(tx, open).await?;
    projection::store::drop_spare_places(tx, &[open.mentor.participant]).await?;
    projection::store::set_seeking(tx, open.mentee.participant, rematch).await?;
    if ending == Ending::NoFault {
        runs::store::pairs::mark_failed(tx, open.program, open.mentor.participant, open.mentee.participant)
            .await?;
    }
    DomainEvent::Ended { ended: open, ending, was_active }.emit(tx);
    Ok(true)
}

/// Ends each of these matches that is still open.
pub(crate) async fn end_all(tx: &mut Tx, ids: &[Uuid], ending: Ending, rematch: bool) -> Result<()> {
    for mut open in store::lock_all(tx, ids).await? {
        end(tx, &mut open, ending, rematch).await?;
    }
    Ok(())
}

/// Completes a locked match whose planned time is over: `false` when it is not.
pub(crate) async fn complete(tx: &mut Tx, open: &mut Match) -> Result<bool> {
    let was_active = open.state == State::Active;
    if !open.complete(tx.now()) {
        return Ok(false);
    }
    store::save(tx, open).await?;
    projection::store::drop_spare_places(tx, &[open.mentor.participant]).await?;
    DomainEvent::Ended { ended: open, ending: Ending::Completed, was_active }.emit(tx);
    Ok(true)
}
