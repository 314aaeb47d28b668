//! Keeps the policy: how often pairs should meet, and for how long.

use super::store;
use crate::Scheduling;
use contracts::mentor::enrollment::events::v1::ProgramPublished;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: ProgramPublished) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    store::upsert_program(tx, id, &event.policy.unwrap_or_default()).await
}
