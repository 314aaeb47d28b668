//! Calls off what lies ahead of the pair: same UID, higher sequence.

use super::store::{self, MatchKey};
use crate::{Scheduling, meetings};
use contracts::{mentor::matching::events::v1::MatchEnded, time::instant};
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: MatchEnded) -> Result<()> {
    if !event.was_active {
        return Ok(()); // never met, nothing to call off
    }
    let key = MatchKey::read(&event.match_id, &event.pair)?;
    store::end_match(tx, key, instant("ended_at", &event.ended_at)?).await?;
    let mut ahead = meetings::store::lock_ahead_of_match(tx, key.match_id).await?;
    meetings::cancel_meeting::cancel(tx, &mut ahead, "the match ended").await
}
