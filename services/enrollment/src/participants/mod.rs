//! Participants: accepted applications, from training to ready.

mod convert;
mod export_participants;
pub(crate) mod participant;
mod read;
pub(crate) mod store;
mod update_participant;
mod withdraw_participant;

use contracts::mentor::enrollment::v1::*;

grpc::service! {
    impl ParticipantService for crate::Enrollment in contracts::mentor::enrollment::v1::participant_service_server {
        read get_participant(GetParticipantRequest) -> GetParticipantResponse = read::get_participant;
        read list_participants(ListParticipantsRequest) -> ListParticipantsResponse = read::list_participants;
        write update_participant(UpdateParticipantRequest) -> UpdateParticipantResponse = update_participant::handle;
        write withdraw_participant(WithdrawParticipantRequest) -> WithdrawParticipantResponse = withdraw_participant::handle;
        stream export_participants(ExportParticipantsRequest) -> ExportParticipantsResponse = export_participants::handle;
    }
}
