//! Applies for oneself.

use super::{
    application::{Application, ApplicationEvent, State, check_answers},
    convert::{answers, application_out},
    store,
};
use crate::{
    Enrollment,
    access::{View, own_person},
    convert::{profile, side},
    directory,
    error::{exists, left, no_person, no_program},
    events, participants,
    profile::places,
    programs::{self, program::Program},
    provisioning,
};
use contracts::mentor::enrollment::v1::{SubmitApplicationRequest, SubmitApplicationResponse};
use kernel::{Error, Result, Uuid, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: SubmitApplicationRequest,
) -> Result<SubmitApplicationResponse> {
    let person = own_person(tx.actor())?;
    let program = parse_id("program_id", &request.program_id)?;
    let side = side("role", request.role)?;
    let (answers, profile) = (answers(request.answers)?, profile("profile", request.profile)?);
    check_answers(&answers)?;
    profile.check("profile")?;
    let capacity = places(side, request.capacity)?;

    let program = eligible(tx, program, person).await?;
    if participants::store::is_present(tx, program.id, person, side).await? {
        return Err(exists("this person takes part in this program in this role already"));
    }
    let now = tx.now();
    let application = Application {
        id: tx.new_id(),
        program: program.id,
        person,
        side,
        state: State::Submitted,
        answers,
        profile,
        capacity,
        submitted_at: now,
        expires_at: program.spec.policy.application_expires(now),
        endorsed_at: None,
        endorsed_by: None,
        decided_at: None,
        decision_reason: String::new(),
        participant: None,
        version: 1,
    };
    store::insert(tx, &application).await?;
    events::application(tx, &application, ApplicationEvent::Submitted);
    tx.audit(Audit::of("application", application.id).about(person));
    Ok(SubmitApplicationResponse { application: Some(application_out(&application, View::Full)) })
}

/// The program, if it takes applications and the person belongs to its audience.
async fn eligible(tx: &mut Tx, program: Uuid, person: Uuid) -> Result<Program> {
    let id = program;
    let program = programs::store::hold(tx, id).await?;
    if program.published_at.is_none() {
        return Err(no_program(id));
    }
    program.must_accept_applications()?;
    let standing = directory::store::hold(tx, person).await?.ok_or_else(|| no_person(person))?;
    if !standing.active {
        return Err(left());
    }
    let (units, groups) = (&program.spec.audience_units, &program.spec.audience_groups);
    if !program.invites(&standing.unit) && !provisioning::store::is_in_audience(tx, person, groups).await? {
        let units = [units.as_slice(), groups.as_slice()].concat().join(", ");
        return Err(Error::precondition("NOT_IN_AUDIENCE", format!("the program is for: {units}")));
    }
    Ok(program)
}
