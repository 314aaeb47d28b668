//! Nobody is asked about a match that is over.

use super::convert;
use crate::{
    Evaluation, check_ins,
    convert::read_ending,
    projections::store::{self, Match},
    reviews,
    words::Ending,
};
use contracts::{mentor::matching::events::v1::MatchEnded, time::instant};
use kernel::{Error, Result};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MatchEnded) -> Result<()> {
    let ended_at = Some(instant("ended_at", &event.ended_at)?);
    let ending = read_ending(event.ending()).ok_or_else(|| Error::field("ending", "must be set"))?;
    let found = convert::pair(&event.match_id, event.pair.as_ref(), "ended")?;
    store::upsert_match(tx, &Match { ended_at, ending: Ending::name(ending), ..found }).await?;
    check_ins::store::close_of_match(tx, found.id).await?;
    reviews::store::lapse_of_match(tx, found.id).await
}
