//! Counts a match that was declined.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::matching::events::v1::MatchDeclined;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MatchDeclined) -> Result<()> {
    let found = convert::pair(&event.match_id, event.pair.as_ref(), "declined")?;
    store::upsert_match(tx, &found).await
}
