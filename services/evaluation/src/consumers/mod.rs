//! What this service listens to.

mod convert;
mod on_application_decided;
mod on_application_endorsed;
mod on_application_submitted;
mod on_match_activated;
mod on_match_declined;
mod on_match_ended;
mod on_match_expired;
mod on_match_proposed;
mod on_meeting_cancelled;
mod on_meeting_held;
mod on_meeting_missed;
mod on_meeting_rescheduled;
mod on_meeting_scheduled;
mod on_participant_ready;
mod on_participant_withdrawn;
mod on_person_deactivated;
mod on_person_upserted;
mod on_program_closed;
mod on_program_published;
mod on_program_started;
mod on_program_updated;

use contracts::mentor::{enrollment::events::v1::*, matching::events::v1::*, scheduling::events::v1::*};

messaging::consumers! { crate::Evaluation;
    ApplicationDecided => on_application_decided,
    ApplicationEndorsed => on_application_endorsed,
    ApplicationSubmitted => on_application_submitted,
    MatchActivated => on_match_activated,
    MatchDeclined => on_match_declined,
    MatchEnded => on_match_ended,
    MatchExpired => on_match_expired,
    MatchProposed => on_match_proposed,
    MeetingCancelled => on_meeting_cancelled,
    MeetingHeld => on_meeting_held,
    MeetingMissed => on_meeting_missed,
    MeetingRescheduled => on_meeting_rescheduled,
    MeetingScheduled => on_meeting_scheduled,
    ParticipantReady => on_participant_ready,
    ParticipantWithdrawn => on_participant_withdrawn,
    PersonDeactivated => on_person_deactivated,
    PersonUpserted => on_person_upserted,
    ProgramClosed => on_program_closed,
    ProgramPublished => on_program_published,
    ProgramStarted => on_program_started,
    ProgramUpdated => on_program_updated,
}
