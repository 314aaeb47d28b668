//! The events this service handles.

mod on_match_run_started;
mod on_participant_profile_changed;
mod on_participant_ready;
mod on_participant_withdrawn;
mod on_person_upserted;
mod on_program_closed;
mod on_program_published;
mod on_program_started;
mod on_program_updated;
mod on_review_decided;

use contracts::mentor::enrollment::events::v1::{
    ParticipantProfileChanged, ParticipantReady, ParticipantWithdrawn, PersonUpserted, ProgramClosed,
    ProgramPublished, ProgramStarted, ProgramUpdated,
};
use contracts::mentor::evaluation::events::v1::ReviewDecided;
use contracts::mentor::matching::events::v1::MatchRunStarted;

messaging::consumers! { crate::Matching;
    PersonUpserted => on_person_upserted,
    ProgramPublished => on_program_published,
    ProgramUpdated => on_program_updated,
    ProgramStarted => on_program_started,
    ProgramClosed => on_program_closed,
    ParticipantReady => on_participant_ready,
    ParticipantProfileChanged => on_participant_profile_changed,
    ParticipantWithdrawn => on_participant_withdrawn,
    ReviewDecided => on_review_decided,
    MatchRunStarted => on_match_run_started,
}
