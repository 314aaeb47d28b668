//! Starts a published program: matching and meeting begin.

use super::{convert::program_out, store};
use crate::{Enrollment, events};
use contracts::mentor::enrollment::v1::{StartProgramRequest, StartProgramResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: StartProgramRequest,
) -> Result<StartProgramResponse> {
    let mut program = store::lock(tx, parse_id("program_id", &request.program_id)?).await?;
    let event = program.start(tx.now())?;
    store::save(tx, &mut program).await?;
    events::program(tx, &program, event);
    tx.audit(Audit::of("program", program.id));
    Ok(StartProgramResponse { program: Some(program_out(&program)) })
}
