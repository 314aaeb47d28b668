//! Closes a program for good. The job expires its open applications.

use super::{convert::program_out, store};
use crate::{Enrollment, events};
use contracts::mentor::enrollment::v1::{CloseProgramRequest, CloseProgramResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: CloseProgramRequest,
) -> Result<CloseProgramResponse> {
    let mut program = store::lock(tx, parse_id("program_id", &request.program_id)?).await?;
    let event = program.close(tx.now())?;
    store::save(tx, &mut program).await?;
    events::program(tx, &program, event);
    tx.audit(Audit::of("program", program.id));
    Ok(CloseProgramResponse { program: Some(program_out(&program)) })
}
