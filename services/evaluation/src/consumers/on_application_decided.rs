//! Counts how applications came out; an accepted one is a participant.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Application, Participant},
};
use contracts::mentor::enrollment::events::v1::{ApplicationDecided, ApplicationOutcome};
use kernel::{Error, Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ApplicationDecided) -> Result<()> {
    let application = Application {
        id: parse_id("application_id", &event.application_id)?,
        program: parse_id("program_id", &event.program_id)?,
        person: parse_id("person_id", &event.person_id)?,
        role: convert::role(event.role())?,
        endorsed: false,
        outcome: outcome(event.outcome())?,
    };
    store::upsert_application(tx, &application).await?;
    if event.outcome() != ApplicationOutcome::Accepted {
        return Ok(());
    }
    let participant = Participant {
        id: parse_id("participant_id", &event.participant_id)?,
        program: application.program,
        person: application.person,
        role: application.role,
        ready: false,
        withdrawal: "",
    };
    store::upsert_participant(tx, &participant).await
}

fn outcome(outcome: ApplicationOutcome) -> Result<&'static str> {
    Ok(match outcome {
        ApplicationOutcome::Unspecified => return Err(Error::field("outcome", "must be set")),
        ApplicationOutcome::Accepted => "accepted",
        ApplicationOutcome::Waitlisted => "waitlisted",
        ApplicationOutcome::Rejected => "rejected",
        ApplicationOutcome::Withdrawn => "withdrawn",
        ApplicationOutcome::Expired => "expired",
    })
}
