//! A program has closed: its matches end.

use crate::matches::{closing, relationship::Ending};
use crate::{Matching, matches, projection};
use contracts::mentor::enrollment::events::v1::ProgramClosed;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ProgramClosed) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    projection::store::lock_program(tx, id).await?;
    projection::store::set_program_state(tx, id, "closed").await?;
    let open = matches::store::open_of_program(tx, id).await?;
    closing::end_all(tx, &open, Ending::ProgramClosed, false).await
}
