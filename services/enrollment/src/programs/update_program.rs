//! Changes the design of a program that is not closed.

use super::{
    convert::{parts, program_out, spec},
    store,
};
use crate::{Enrollment, events};
use contracts::mentor::enrollment::v1::{UpdateProgramRequest, UpdateProgramResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: UpdateProgramRequest,
) -> Result<UpdateProgramResponse> {
    let (parts, spec) = (parts(request.update_mask)?, spec(request.spec)?);
    let mut program = store::lock(tx, parse_id("program_id", &request.program_id)?).await?;
    check_etag("program", &request.etag, program.version)?;
    let before = program.spec.clone();
    let event = program.update(spec, &parts)?;
    if program.spec != before {
        store::save(tx, &mut program).await?;
    }
    if let Some(event) = event {
        events::program(tx, &program, event);
    }
    tx.audit(Audit::of("program", program.id));
    Ok(UpdateProgramResponse { program: Some(program_out(&program)) })
}
