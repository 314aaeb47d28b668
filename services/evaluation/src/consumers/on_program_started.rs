//! Keeps when a program started.

use crate::{Evaluation, projections::store};
use contracts::{mentor::enrollment::events::v1::ProgramStarted, time::instant};
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ProgramStarted) -> Result<()> {
    let at = instant("started_at", &event.started_at)?;
    store::start_program(tx, parse_id("program_id", &event.program_id)?, at).await
}
