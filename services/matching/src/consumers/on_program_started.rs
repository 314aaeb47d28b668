//! A program has started.

use crate::{Matching, projection};
use contracts::mentor::enrollment::events::v1::ProgramStarted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ProgramStarted) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    projection::store::set_program_state(tx, id, "started").await
}
