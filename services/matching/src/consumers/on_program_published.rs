//! A program can be matched from now on.

use crate::{Matching, projection};
use contracts::mentor::enrollment::events::v1::ProgramPublished;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ProgramPublished) -> Result<()> {
    let id = parse_id("program_id", &event.program_id)?;
    projection::store::put_program(tx, id, &event.name, &event.policy.unwrap_or_default()).await
}
