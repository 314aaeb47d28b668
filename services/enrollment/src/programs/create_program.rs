//! Creates a draft.

use super::{
    convert::{program_out, spec},
    program::Program,
    store,
};
use crate::Enrollment;
use contracts::mentor::enrollment::v1::{CreateProgramRequest, CreateProgramResponse};
use kernel::Result;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: CreateProgramRequest,
) -> Result<CreateProgramResponse> {
    let program = Program::draft(tx.new_id(), spec(request.spec)?, tx.now())?;
    store::insert(tx, &program).await?;
    tx.audit(Audit::of("program", program.id));
    Ok(CreateProgramResponse { program: Some(program_out(&program)) })
}
