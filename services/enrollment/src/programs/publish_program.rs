//! Opens a draft for applications.

use super::{convert::program_out, store};
use crate::{Enrollment, directory, events};
use contracts::mentor::enrollment::v1::{PublishProgramRequest, PublishProgramResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: PublishProgramRequest,
) -> Result<PublishProgramResponse> {
    let mut program = store::lock(tx, parse_id("program_id", &request.program_id)?).await?;
    let (units, groups) = (&program.spec.audience_units, &program.spec.audience_groups);
    let audience = directory::store::audience_size(tx, units, groups).await?;
    let event = program.publish(audience, tx.now())?;
    store::save(tx, &mut program).await?;
    events::program(tx, &program, event);
    tx.audit(Audit::of("program", program.id));
    Ok(PublishProgramResponse { program: Some(program_out(&program)) })
}
