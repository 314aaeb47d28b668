//! Ends the scheduling of meetings. Those in the calendars end with their matches.

use super::store;
use crate::Scheduling;
use contracts::{mentor::enrollment::events::v1::ProgramClosed, time::instant};
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: ProgramClosed) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    store::close_program(tx, id, instant("closed_at", &event.closed_at)?).await
}
