//! What the domain says happened, as the events of the contract. Exhaustive: a new variant does not compile without
//! its event.

use crate::{
    applications::application::{self, Application, ApplicationEvent},
    convert::{id_or_empty, profile_out, role},
    directory::plan::Known,
    participants::participant::{self, Participant, ParticipantEvent},
    programs::{
        convert::policy_out,
        program::{Program, ProgramEvent},
    },
};
use contracts::{mentor::enrollment::events::v1 as fact, time::timestamp};
use kernel::Uuid;
use storage::Tx;

/// A person was added or changed.
pub(crate) fn person_upserted(tx: &mut Tx, person: &Known) {
    let facts = &person.facts;
    tx.emit(&fact::PersonUpserted {
        person_id: person.id.to_string(),
        external_id: person.external_id.clone(),
        display_name: facts.display_name.clone(),
        email: facts.email.clone(),
        manager_id: id_or_empty(person.manager),
        manager_chain: person.chain.iter().map(Uuid::to_string).collect(),
        unit: facts.unit.clone(),
        job_title: facts.job_title.clone(),
        grade: facts.grade.clone(),
        profession: facts.profession.clone(),
    });
}

/// A person left.
pub(crate) fn person_deactivated(tx: &mut Tx, person: Uuid) {
    let deactivated_at = Some(timestamp(tx.now()));
    tx.emit(&fact::PersonDeactivated { person_id: person.to_string(), deactivated_at });
}

/// Something happened to a program.
pub(crate) fn program(tx: &mut Tx, program: &Program, event: ProgramEvent) {
    let program_id = program.id.to_string();
    let (name, policy) = (program.spec.name.clone(), Some(policy_out(&program.spec.policy)));
    match event {
        ProgramEvent::Published => {
            let audience_size = program.audience_size;
            tx.emit(&fact::ProgramPublished { program_id, name, policy, audience_size });
        }
        ProgramEvent::Updated => tx.emit(&fact::ProgramUpdated { program_id, name, policy }),
        ProgramEvent::Started(at) => {
            tx.emit(&fact::ProgramStarted { program_id, started_at: Some(timestamp(at)) })
        }
        ProgramEvent::Closed(at) => {
            tx.emit(&fact::ProgramClosed { program_id, closed_at: Some(timestamp(at)) })
        }
    }
}

/// Something happened to an application.
pub(crate) fn application(tx: &mut Tx, application: &Application, event: ApplicationEvent) {
    let application_id = application.id.to_string();
    let (program_id, person_id) = (application.program.to_string(), application.person.to_string());
    let role = role(application.side).into();
    match event {
        ApplicationEvent::Submitted => {
            tx.emit(&fact::ApplicationSubmitted { application_id, program_id, person_id, role });
        }
        ApplicationEvent::Endorsed => {
            tx.emit(&fact::ApplicationEndorsed { application_id, program_id, person_id, role });
        }
        ApplicationEvent::Decided => {
            let outcome = outcome(application.state).into();
            let participant_id = id_or_empty(application.participant);
            let decided = fact::ApplicationDecided {
                application_id,
                program_id,
                person_id,
                role,
                outcome,
                participant_id,
            };
            tx.emit(&decided);
        }
    }
}

fn outcome(state: application::State) -> fact::ApplicationOutcome {
    use application::State;
    match state {
        State::Accepted => fact::ApplicationOutcome::Accepted,
        State::Waitlisted => fact::ApplicationOutcome::Waitlisted,
        State::Rejected => fact::ApplicationOutcome::Rejected,
        State::Withdrawn => fact::ApplicationOutcome::Withdrawn,
        State::Expired => fact::ApplicationOutcome::Expired,
        State::Submitted | State::Endorsed => fact::ApplicationOutcome::Unspecified,
    }
}

/// Something happened to a participant.
pub(crate) fn participant(tx: &mut Tx, participant: &Participant, event: ParticipantEvent) {
    let participant_id = participant.id.to_string();
    let (program_id, person_id) = (participant.program.to_string(), participant.person.to_string());
    let role = role(participant.side).into();
    let (capacity, profile) = (participant.capacity, Some(profile_out(&participant.profile)));
    match event {
        ParticipantEvent::Ready => {
            tx.emit(&fact::ParticipantReady {
                participant_id,
                program_id,
                person_id,
                role,
                capacity,
                profile,
            });
        }
        ParticipantEvent::ProfileChanged => {
            let changed = fact::ParticipantProfileChanged {
                participant_id,
                program_id,
                person_id,
                role,
                capacity,
                profile,
            };
            tx.emit(&changed);
        }
        ParticipantEvent::Withdrawn(reason) => {
            let reason = withdrawal(reason).into();
            tx.emit(&fact::ParticipantWithdrawn { participant_id, program_id, person_id, role, reason });
        }
    }
}

fn withdrawal(reason: participant::Reason) -> fact::WithdrawalReason {
    match reason {
        participant::Reason::OwnWish => fact::WithdrawalReason::OwnWish,
        participant::Reason::Leaver => fact::WithdrawalReason::Leaver,
        participant::Reason::ProgramManager => fact::WithdrawalReason::ProgramManager,
    }
}
