//! Counts a match that was proposed.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Match},
};
use contracts::mentor::matching::events::v1::MatchProposed;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MatchProposed) -> Result<()> {
    let found = convert::pair(&event.match_id, event.pair.as_ref(), "proposed")?;
    store::upsert_match(tx, &Match { score: Some(event.score), ..found }).await
}
