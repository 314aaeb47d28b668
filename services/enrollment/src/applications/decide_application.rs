//! The program manager accepts, waitlists or rejects.

use super::{
    application::{Application, Decision},
    convert::application_out,
    store,
};
use crate::{
    Enrollment,
    access::View,
    convert::text,
    directory,
    error::{left, no_person},
    events, participants, programs,
};
use contracts::mentor::enrollment::v1::{
    ApplicationDecision, DecideApplicationRequest, DecideApplicationResponse,
};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: DecideApplicationRequest,
) -> Result<DecideApplicationResponse> {
    let id = parse_id("application_id", &request.application_id)?;
    let reason = text("reason", request.reason)?;
    let decision = decision(tx, request.decision)?;
    let accepts = matches!(decision, Decision::Accept { .. });

    // Program, person, application: everybody locks in this order.
    let seen = store::find(tx, id).await?.application;
    let program = programs::store::hold(tx, seen.program).await?;
    let standing = directory::store::hold(tx, seen.person).await?.ok_or_else(|| no_person(seen.person))?;
    let mut application = store::lock(tx, id).await?.application;
    check_etag("application", &request.etag, application.version)?;
    if accepts && application.state.is_open() {
        program.must_accept_applications()?;
        if !standing.active {
            return Err(left());
        }
    }
    // Nobody stands above the top to endorse it.
    let needs_endorsement = program.spec.policy.endorsement_required && standing.manager.is_some();
    let event = application.decide(decision, &reason, needs_endorsement, tx.now())?;
    store::save(tx, &mut application).await?;
    events::application(tx, &application, event);
    if accepts {
        join(tx, &application).await?;
    }
    tx.audit(Audit::of("application", id).about(application.person).because(reason));
    Ok(DecideApplicationResponse { application: Some(application_out(&application, View::Full)) })
}

fn decision(tx: &Tx, decision: i32) -> Result<Decision> {
    match ApplicationDecision::try_from(decision) {
        Ok(ApplicationDecision::Accept) => Ok(Decision::Accept { participant: tx.new_id() }),
        Ok(ApplicationDecision::Waitlist) => Ok(Decision::Waitlist),
        Ok(ApplicationDecision::Reject) => Ok(Decision::Reject),
        Ok(ApplicationDecision::Unspecified) | Err(_) => {
            Err(Error::field("decision", "must be accept, waitlist or reject"))
        }
    }
}

/// The accepted application becomes a participant, at once ready when nothing has to be learned first.
async fn join(tx: &mut Tx, application: &Application) -> Result<()> {
    let mut participant = participants::participant::Participant::join(application, tx.now())?;
    let missing = participants::store::missing_courses(tx, &participant).await?;
    let ready = participant.pass_gate(missing, tx.now());
    participants::store::insert(tx, &participant).await?;
    if let Some(event) = ready {
        events::participant(tx, &participant, event);
    }
    Ok(())
}
