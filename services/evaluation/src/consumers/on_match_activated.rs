//! From here on a match has check-ins, health and a review.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Match},
};
use contracts::{mentor::matching::events::v1::MatchActivated, time::instant};
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MatchActivated) -> Result<()> {
    let activated_at = Some(instant("activated_at", &event.activated_at)?);
    let found = convert::pair(&event.match_id, event.pair.as_ref(), "active")?;
    store::upsert_match(tx, &Match { score: Some(event.score), activated_at, ..found }).await
}
