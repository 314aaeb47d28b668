//! A review decided that a pair ends without fault.

use crate::Matching;
use crate::matches::{closing, relationship::Ending};
use contracts::mentor::evaluation::events::v1::{ReviewDecided, ReviewOutcome};
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ReviewDecided) -> Result<()> {
    if event.outcome() != ReviewOutcome::EndNoFault {
        return Ok(());
    }
    let id = parse_id("match_id", &event.match_id)?;
    closing::end_all(tx, &[id], Ending::NoFault, event.rematch).await
}
