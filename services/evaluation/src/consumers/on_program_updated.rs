//! Keeps a program's policy current.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::enrollment::events::v1::ProgramUpdated;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ProgramUpdated) -> Result<()> {
    let program = parse_id("program_id", &event.program_id)?;
    store::upsert_program(tx, &convert::program(program, &event.name, event.policy.as_ref())).await
}
