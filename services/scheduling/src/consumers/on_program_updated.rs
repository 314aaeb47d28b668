//! Keeps the policy as it is now.

use super::store;
use crate::Scheduling;
use contracts::mentor::enrollment::events::v1::ProgramUpdated;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: ProgramUpdated) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    store::upsert_program(tx, id, &event.policy.unwrap_or_default()).await
}
