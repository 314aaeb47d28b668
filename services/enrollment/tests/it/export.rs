//! The stream of all participants.

use crate::world::{World, reason};
use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    enrollment::v1::{participant_service_client::ParticipantServiceClient, *},
};
use grpc::Channel;
use kernel::Role;

async fn export(channel: Channel, program_id: &str) -> Result<Vec<Participant>, tonic::Status> {
    let request = ExportParticipantsRequest { program_id: program_id.into() };
    let mut stream = ParticipantServiceClient::new(channel).export_participants(request).await?.into_inner();
    let mut participants = Vec::new();
    while let Some(answer) = stream.message().await? {
        participants.push(answer.participant.expect("answered"));
    }
    Ok(participants)
}

#[tokio::test]
async fn all_participants_are_streamed_whole() {
    let world = World::start().await;
    let (program, other) = (world.program().await, world.program().await);
    let mut joined =
        vec![world.join("ann", &program, Mentee).await, world.join("bob", &program, Mentor).await];
    joined.sort_by(|a, b| a.participant_id.cmp(&b.participant_id));
    world.join("ann", &other, Mentor).await;
    let hr = || world.suite.acting(Role::HrClient, None);
    assert_eq!(export(hr(), &program.program_id).await.expect("allowed"), joined);
    assert_eq!(export(hr(), "").await.expect("allowed").len(), 3);
    assert_eq!(reason(export(hr(), "seven").await), "FIELD_INVALID");
    assert_eq!(reason(export(world.employee("ann").await, &program.program_id).await), "PERMISSION_DENIED");
}
