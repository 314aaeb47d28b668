//! Says whether a program requires a course of a role.

use super::{convert::requirement_out, course::Requirement, gate, store};
use crate::{Enrollment, convert::side, participants, programs};
use contracts::mentor::enrollment::v1::{SetCourseRequirementRequest, SetCourseRequirementResponse};
use kernel::{Result, parse_id};
use programs::program::State;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: SetCourseRequirementRequest,
) -> Result<SetCourseRequirementResponse> {
    let requirement = Requirement {
        program: parse_id("program_id", &request.program_id)?,
        course: parse_id("course_id", &request.course_id)?,
        side: side("role", request.role)?,
    };
    // Nobody is accepted meanwhile: whoever accepts holds the program, too.
    let program = programs::store::lock(tx, requirement.program).await?;
    if program.state == State::Closed {
        return Err(program.refuse("its requirements can't be changed"));
    }
    if request.required {
        store::require(tx, requirement).await?;
    } else {
        store::release(tx, requirement).await?;
        let passing =
            participants::store::lock_passing_of_program(tx, requirement.program, requirement.side).await?;
        gate::pass(tx, passing).await?;
    }
    tx.audit(Audit::of("program", requirement.program));
    let requirements = store::requirements(tx, Some(requirement.program), None).await?;
    Ok(SetCourseRequirementResponse { requirements: requirements.iter().map(requirement_out).collect() })
}
