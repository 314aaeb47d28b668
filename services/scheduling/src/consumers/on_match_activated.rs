//! Lets the pair meet.

use super::store::{self, MatchKey};
use crate::Scheduling;
use contracts::{mentor::matching::events::v1::MatchActivated, time::instant};
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: MatchActivated) -> Result<()> {
    let key = MatchKey::read(&event.match_id, &event.pair)?;
    store::activate_match(tx, key, instant("activated_at", &event.activated_at)?).await
}
