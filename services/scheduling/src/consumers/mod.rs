//! The events of others that this service acts on.

mod on_match_activated;
mod on_match_ended;
mod on_participant_profile_changed;
mod on_participant_ready;
mod on_person_deactivated;
mod on_person_upserted;
mod on_program_closed;
mod on_program_published;
mod on_program_updated;
mod seed;
mod store;

use contracts::mentor::{
    enrollment::events::v1::{
        ParticipantProfileChanged, ParticipantReady, PersonDeactivated, PersonUpserted, ProgramClosed,
        ProgramPublished, ProgramUpdated,
    },
    matching::events::v1::{MatchActivated, MatchEnded},
};

messaging::consumers! { crate::Scheduling;
    PersonUpserted => on_person_upserted,
    PersonDeactivated => on_person_deactivated,
    ProgramPublished => on_program_published,
    ProgramUpdated => on_program_updated,
    ProgramClosed => on_program_closed,
    ParticipantReady => on_participant_ready,
    ParticipantProfileChanged => on_participant_profile_changed,
    MatchActivated => on_match_activated,
    MatchEnded => on_match_ended,
}
