//! A person left: tokens are refused, open applications are withdrawn, participations end, the same day.

use crate::{Enrollment, applications, directory, events, participants, participants::participant::Reason};
use contracts::mentor::enrollment::events::v1::PersonDeactivated;
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(service: &Enrollment, tx: &mut Tx, event: PersonDeactivated) -> Result<()> {
    let person = parse_id("person_id", &event.person_id)?;
    // Whoever came back meanwhile stays.
    if directory::store::hold(tx, person).await?.is_none_or(|standing| standing.active) {
        return Ok(());
    }
    service.deactivated.add(tx.ctx().tenant(), person).await;
    let now = tx.now();
    for mut application in applications::store::lock_open_of(tx, person).await? {
        let told = application.withdraw("the applicant left the organisation", now)?;
        applications::store::save(tx, &mut application).await?;
        events::application(tx, &application, told);
        tx.audit(Audit::of("application", application.id).about(person).because("leaver"));
    }
    for mut participant in participants::store::lock_present_of(tx, person).await? {
        let told = participant.withdraw(Reason::Leaver, now)?;
        participants::store::save(tx, &mut participant).await?;
        events::participant(tx, &participant, told);
        tx.audit(Audit::of("participant", participant.id).about(person).because("leaver"));
    }
    Ok(())
}
