//! Keeps when a program closed.

use crate::{Evaluation, projections::store};
use contracts::{mentor::enrollment::events::v1::ProgramClosed, time::instant};
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ProgramClosed) -> Result<()> {
    let at = instant("closed_at", &event.closed_at)?;
    store::close_program(tx, parse_id("program_id", &event.program_id)?, at).await
}
