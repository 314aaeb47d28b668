//! Counts a match that was expired.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::matching::events::v1::MatchExpired;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MatchExpired) -> Result<()> {
    let found = convert::pair(&event.match_id, event.pair.as_ref(), "expired")?;
    store::upsert_match(tx, &found).await
}
